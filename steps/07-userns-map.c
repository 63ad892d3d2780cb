/*
 * 07-userns-map: who root is outside.
 *
 * In a user namespace a process can be root, with all capabilities, over what belongs to that
 * namespace; a table, the map, says which ordinary user it is outside.
 * Chapter: tutorial/07-userns-map.md. Man page: user_namespaces(7).
 */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <unistd.h>

#include "../lib/nsteps.h"

static const char usage[] =
    "Usage: 07-userns-map [-] [--map IN:OUT:COUNT]... [--gmap IN:OUT:COUNT]...\n"
    "                     [--auto] [-- COMMAND [ARG ...]]\n"
    "Makes a user namespace and maps COUNT ids from IN inside to OUT outside. After\n"
    "01-unshare --user it maps that namespace instead of making one.\n"
    "\n"
    "      --map IN:OUT:COUNT    user ids (more than one --map: more lines)\n"
    "      --gmap IN:OUT:COUNT   group ids; if not given, like the user ids\n"
    "      --auto                your ranges in /etc/subuid, /etc/subgid (newuidmap)\n"
    "\n"
    "Without --map: root maps 0 to its subordinate range (else 0:100000:65536), an\n"
    "ordinary user maps 0 to himself.\n";

static const struct option options[] = {
    {"map", required_argument, NULL, 'm'},
    {"gmap", required_argument, NULL, 'g'},
    {"auto", no_argument, NULL, 'a'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* The feature. Makes MAPS the maps of the user namespace of process PID, whose /proc/PID is PROC.
 * The caller is a process outside that namespace; each file can be written once, in one write(2). */
static void
write_maps(struct step *step, int proc, pid_t pid, const struct id_maps *maps)
{
    char uids[16384], gids[16384];

    format_id_map(&maps->uids, uids, sizeof uids);
    format_id_map(&maps->gids, gids, sizeof gids);
    if (maps->by_newuidmap) { /* set-user-ID programs: they may map what /etc/subuid grants */
        run_newidmap(step, "newuidmap", proc, pid, maps);
        run_newidmap(step, "newgidmap", proc, pid, maps);
        return;
    }
    /* Who could drop a group could open what is shut to that group (CVE-2014-8989): an ordinary
     * user gives setgroups(2) up before he may write gid_map. */
    if (!have_capability(CAP_SETGID) && write_file_at(proc, "setgroups", "deny") == -1)
        fail(step, errno, why_id_map(proc, pid, "setgroups", maps),
             "write deny to /proc/%d/setgroups", pid);
    if (write_file_at(proc, "gid_map", gids) == -1)
        fail(step, errno, why_id_map(proc, pid, "gid_map", maps),
             "write \"%s\" to /proc/%d/gid_map", one_line(gids), pid);
    if (write_file_at(proc, "uid_map", uids) == -1)
        fail(step, errno, why_id_map(proc, pid, "uid_map", maps),
             "write \"%s\" to /proc/%d/uid_map", one_line(uids), pid);
}

/* Becomes id 0 in there, where the maps have one, and leaves the groups of outside behind where that
 * is allowed. unshare(2) leaves our ids as they are; while no line covers them, getuid(2) shows
 * 65534, /proc/sys/kernel/overflowuid. */
static void
become_root(struct step *step, const struct id_maps *maps)
{
    uid_t uid = id_to_become(&maps->uids, maps->outer_uid);
    gid_t gid = id_to_become(&maps->gids, maps->outer_gid);
    struct keep keep = keep_death_signal();

    if (setgroups(0, NULL) == -1 && errno != EPERM)
        fail(step, errno, why_unknown("2 setgroups"), "setgroups(0)");
    if (setresgid(gid, gid, gid) == -1 || setresuid(uid, uid, uid) == -1)
        fail(step, errno, why_become(step, uid, gid), "become uid %u, gid %u in there", uid, gid);
    join_new_keyring(); /* the keys of who we were, keyrings(7), stay outside, too */
    restore_death_signal(keep);
}

int
main(int argc, char **argv)
{
    struct step step;
    struct id_maps maps = {.by_newuidmap = false};
    int option, go_ahead;
    pid_t helper;
    bool theirs;

    begin(&step, argc, argv, usage);
    while ((option = next_option(&step, "", options)) != -1) {
        const char *wrong = NULL;

        if (option == 'a')
            maps.by_newuidmap = true;
        else
            wrong = add_range(option == 'm' ? &maps.uids : &maps.gids, optarg);
        if (wrong != NULL)
            refuse(&step, "the map \"%s\" %s", optarg, wrong);
    }
    count_operands(&step, 0, 0, "nothing");
    start_from(&step);
    theirs = has_unmapped_user_namespace(&step);
    choose_maps(&step, &maps, theirs);

    if (theirs)
        refuse_foreign(&step, false);
    if (theirs) { /* 01-unshare --user made it: map it from out here, then go in */
        write_maps(&step, step.target.proc, step.target.pid, &maps);
        join(&step);
    } else { /* make one; a process that stays outside maps it for us */
        helper = fork_helper(&step, &go_ahead);
        if (helper == 0) {
            write_maps(&step, step.proc_self, step.pid, &maps);
            _exit(0);
        }
        if (helper == -1)
            fail(&step, errno, why_fork(&step), "fork");
        join(&step);
        if (unshare(CLONE_NEWUSER) == -1)
            fail(&step, errno, why_unshare(&step, CLONE_NEWUSER), "unshare(CLONE_NEWUSER)");
        if (run_helper(helper, go_ahead) == -1)
            return EXIT_STEP_FAILED; /* it has said why */
    }
    become_root(&step, &maps);
    note_maps(&step, &maps);
    finish(&step, "%swrite uid_map, gid_map", theirs ? "" : "unshare(CLONE_NEWUSER), ");
}
