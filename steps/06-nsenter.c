/*
 * 06-nsenter: join what exists.
 *
 * This is what `docker exec` does: a process outside goes, one by one, into the namespaces of a
 * process inside. Who forgets one ends up in half a container.
 * Chapter: tutorial/06-nsenter.md. Man pages: setns(2), nsenter(1).
 */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "../lib/nsteps.h"

static const char usage[] =
    "Usage: 06-nsenter (- | --target PID) [--all | -m -u -i -n -p -U -C -T]\n"
    "                  [--root] [--wd] [--join-cgroup] [-- COMMAND [ARG ...]]\n"
    "Joins the namespaces of the step before (-) or of process PID. With no choice:\n"
    "everything, also root, working directory, cgroup, ids and capabilities.\n"
    "\n"
    "  -t, --target PID\n"
    "  -a, --all            all namespaces, and nothing else\n"
    "  -m, --mount   -u, --uts    -i, --ipc      -n, --net\n"
    "  -p, --pid     -U, --user   -C, --cgroup   -T, --time\n"
    "  -r, --root           also its root directory\n"
    "  -w, --wd             also its working directory\n"
    "  -c, --join-cgroup    also its cgroup\n";

static const struct option options[] = {
    {"target", required_argument, NULL, 't'},
    {"all", no_argument, NULL, 'a'},
    {"mount", no_argument, NULL, 'm'},
    {"uts", no_argument, NULL, 'u'},
    {"ipc", no_argument, NULL, 'i'},
    {"net", no_argument, NULL, 'n'},
    {"pid", no_argument, NULL, 'p'},
    {"user", no_argument, NULL, 'U'},
    {"cgroup", no_argument, NULL, 'C'},
    {"time", no_argument, NULL, 'T'},
    {"root", no_argument, NULL, 'r'},
    {"wd", no_argument, NULL, 'w'},
    {"join-cgroup", no_argument, NULL, 'c'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* The feature. setns needs CAP_SYS_ADMIN in one's own user namespace and in the one that owns what is
 * to be entered. Root has that outside, and may lose it by entering a user namespace; an ordinary user
 * gets it only by entering his. So we try before each user namespace on the way in, and after the last. */
static int
enter_namespaces(const struct target *target, int types)
{
    int levels = types & CLONE_NEWUSER ? target->user_count : 0;

    for (int level = 0; level <= levels; level++) {
        if (level > 0 && setns(target->user[level - 1], CLONE_NEWUSER) == -1)
            return -1;
        for (int i = 0; i < NS_TYPES; i++) {
            if (!(types & ns_types[i].flag) || i == NS_USER)
                continue;
            if (setns(target->ns[i], ns_types[i].flag) == 0)
                types &= ~ns_types[i].flag;
            else if (errno != EPERM || level == levels)
                return -1;
        }
    }
    return 0;
}

static pid_t
parse_pid(struct step *step, const char *text)
{
    char *end;
    long pid = strtol(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end != '\0' || pid < 1 || pid > INT_MAX)
        refuse(step, "--target \"%s\" is not a pid", text);
    return (pid_t)pid;
}

int
main(int argc, char **argv)
{
    struct step step;
    struct target *target = &step.target;
    bool root = false, wd = false, cgroup = false, everything, only_mounts;
    int option, types = 0;
    struct keep keep = keep_death_signal();
    const char *what;
    char names[256];
    pid_t pid = 0;

    run_from_copy(argv); /* COMMAND's file is the target's, and this program's is not: lib/copy.c */
    begin(&step, argc, argv, usage);
    while ((option = next_option(&step, "t:amuinpUCTrwc", options)) != -1) {
        if (option == 't')
            pid = parse_pid(&step, optarg);
        root |= option == 'r';
        wd |= option == 'w';
        cgroup |= option == 'c';
        types |= option == 'a' ? ns_all_flags() : ns_flag(option);
    }
    count_operands(&step, 0, 0, "nothing");
    if (step.joining == (pid != 0))
        refuse(&step, "whom to join? Either - (the step before) or --target PID");
    everything = types == 0 && !root && !wd && !cgroup;
    only_mounts = (types & CLONE_NEWNS) && !root;

    start_from(&step);
    if (pid != 0 && open_target(pid, &step, target, &what) == -1)
        fail(&step, errno, why_open_target(&step, pid), "%s (PID is %d)", what, (int)pid);
    if (!everything || pid != 0)
        step.before = step.own; /* the report marks what this process has entered */
    if (everything)
        types = ns_all_flags();
    for (int i = 0; i < NS_TYPES; i++)
        if (target->holds.inode[i] == step.own.inode[i])
            types &= ~ns_types[i].flag; /* we are in that one; for user, setns would be EINVAL */

    if ((types & CLONE_NEWPID) && target->holds.inode[NS_PID] == 0)
        refuse(&step, "the pid namespace that %d has for its children has no PID 1 yet", (int)pid);
    if (types & CLONE_NEWUSER)
        refuse_foreign(&step, everything);
    if (everything)
        leave_groups(&step);
    if (enter_namespaces(target, types) == -1)
        fail(&step, errno, why_setns(&step, types), "setns(pid %d)", (int)target->pid);
    if ((root || everything) && enter_root(&step) == -1)
        fail(&step, errno, why_enter_root(&step), "chroot(\"/proc/%d/root\")", (int)target->pid);
    if (everything && step.joining ? enter_typed_cwd(&step) == -1
                                   : (wd || everything) && fchdir(target->cwd) == -1)
        fail(&step, errno, why_chdir(&step, everything && step.joining ? -1 : target->cwd),
             "chdir to the working directory");
    if ((cgroup || everything) && enter_cgroup(&step) == -1)
        fail(&step, errno, why_join_cgroup(&step), "write 0 to its cgroup.procs");
    if (everything && take_identity(target) == -1)
        fail(&step, errno, why_identity(&step), "become what process %d is", (int)target->pid);
    if (only_mounts)
        note_other_root(&step);
    restore_death_signal(keep);
    check_joined(&step, types);
    close_target(target);
    step.fork_command = (types & (ns_flag('p') | ns_flag('T'))) != 0;
    finish(&step, "setns(%s)",
           types != 0 ? ns_flag_names(types, names, sizeof names) : "nothing new");
}
