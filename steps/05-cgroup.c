/*
 * 05-cgroup: limits.
 *
 * A cgroup is a directory that processes are moved into; its files say how much they may use, all
 * of them together. No system call of its own: mkdir, write, read.
 * Chapter: tutorial/05-cgroup.md. Man page: cgroups(7).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/nsteps.h"

static const char usage[] =
    "Usage: 05-cgroup [-] [--keep] NAME [FILE=VALUE ...] [-- COMMAND [ARG ...]]\n"
    "Makes the cgroup (v2) NAME, writes each VALUE to its FILE, and moves this\n"
    "process into it.\n"
    "For example: 05-cgroup demo pids.max=32 memory.max=64M cpu.max='50000 100000'\n"
    "\n"
    "      --keep   do not remove the cgroup at the end (rmdir does it later)\n"
    "\n"
    "NAME is made under the cgroup2 mount for root, under the delegated subtree for\n"
    "an ordinary user.\n";

static const struct option options[] = {
    {"keep", no_argument, NULL, 'k'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* The feature, in three parts: mkdir, write, write. */
static int
make_cgroup(int base, const char *name)
{
    return mkdirat(base, name, 0755);
}

static int
set_limit(int cgroup, const char *file, const char *value)
{
    return write_file_at(cgroup, file, value);
}

/* "0" means the process that writes: there is no pid that could be the wrong one. Its children will
 * be born in the cgroup; what runs already, PID 1 and the steps before, stays where it is. */
static int
enter_cgroup_by(int cgroup_procs)
{
    return write(cgroup_procs, "0", 1) == 1 ? 0 : -1;
}

/* Before anything is made. The FILE "pids -cpu.max" would ask the kernel for "+pids -cpu". */
static void
check_operands(struct step *step, const char *name, char **settings, int count)
{
    if (strchr(name, '/') != NULL || name[0] == '.' || strlen(name) > 200)
        refuse(step, "NAME must be one path component, short, without a dot first: \"%s\"", name);
    if (strpbrk(name, "=\n") != NULL)
        refuse(step, "NAME comes first, then limits: \"%s\" is no name", name);
    for (int i = 0; i < count; i++) {
        const char *equals = strchr(settings[i], '=');

        if (equals == NULL || equals == settings[i])
            refuse(step, "what is \"%s\"? Limits are FILE=VALUE; a COMMAND comes after --",
                   settings[i]);
        if (strcspn(settings[i], "/ ") < strcspn(settings[i], "=") || settings[i][0] == '.')
            refuse(step, "\"%s\": FILE must be one path component, like pids.max", settings[i]);
        if (equals[1] == '\0')
            refuse(step, "\"%s\" has no value", settings[i]);
        if (strncmp(settings[i], "cgroup.freeze=", 14) == 0 && strcmp(equals, "=0") != 0)
            refuse(step, "%s would freeze this step itself: write it later", settings[i]);
        if (strncmp(settings[i], "cgroup.procs=", 13) == 0 ||
            strncmp(settings[i], "cgroup.threads=", 15) == 0)
            refuse(step, "%s: who is moved in is killed at the end; only this step goes in",
                   settings[i]);
    }
}

/* What the kernel has made of it: 64M reads back as 67108864. */
static void
note_limit(struct step *step, int cgroup, const char *file)
{
    char text[4096];

    if (read_file_at(cgroup, file, text, sizeof text) == -1)
        snprintf(text, sizeof text, "(cannot be read)");
    add_note(step, "%s = %.*s", file, (int)strcspn(text, "\n"), text);
}

int
main(int argc, char **argv)
{
    struct step step;
    char where[4096];
    const char *name;
    int option, count, base, cgroup, procs;
    bool keep = false;

    begin(&step, argc, argv, usage);
    while ((option = next_option(&step, "", options)) != -1)
        keep |= option == 'k';
    count = count_operands(&step, 1, -1, "NAME");
    name = step.operand[0];
    check_operands(&step, name, step.operand + 1, count - 1);
    start_from(&step);

    /* The cgroup is made before we join: the new root need not show any cgroup filesystem. */
    if ((base = open_cgroup_base(where, sizeof where)) == -1)
        fail(&step, errno, why_no_cgroup(&step), "find a place for the cgroup %s", name);
    refuse_inside(&step, keep);
    if (start_janitor(&step, base, name) == -1)
        fail(&step, errno, why_fork(&step), "fork the janitor");
    if ((step.lock = lock_cgroup_base(base)) == -1)
        refuse(&step, "flock %s: %s; lslocks(8) shows who holds the lock", where, strerror(errno));
    if (faccessat(base, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        refuse(&step, "%s/%s exists already and is left alone: take another NAME", where, name);
    if (entrust_cgroup(&step) == -1 || make_cgroup(base, name) == -1) {
        dismiss_janitor(&step); /* what has that name now, or soon, is not ours to remove */
        fail(&step, errno, why_mkdir(&step, base), "mkdir %s/%s", where, name);
    }
    if ((cgroup = openat(base, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
        fail(&step, errno, why_mkdir(&step, base), "open %s/%s", where, name);
    for (int i = 1; i < count; i++) {
        char *file = strtok(step.operand[i], "="), *value = strtok(NULL, "");

        if (enable_controller_of(base, cgroup, file) == -1)
            fail(&step, errno, why_enable(&step, base, file), "enable the controller of %s", file);
        if (set_limit(cgroup, file, value) == -1)
            fail(&step, errno, why_limit(&step, cgroup, file, value), "echo %s > %s", value, file);
        note_limit(&step, cgroup, file);
    }
    if ((procs = openat(cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC)) == -1)
        fail(&step, errno, why_entered(&step, cgroup), "open %s/cgroup.procs", name);
    unlock_cgroup_base(&step);
    join(&step);
    if (enter_cgroup_by(procs) == -1)
        fail(&step, errno, why_entered(&step, cgroup), "write 0 to %s/cgroup.procs", name);
    look_at_pids_max(&step, cgroup); /* is there room for COMMAND? why_fork will want to know */
    add_note(&step, "for this process and its children%s",
             step.joining ? "; not for PID 1 and the steps before" : "");
    if (keep)
        dismiss_janitor(&step);
    step.fork_command = !keep; /* somebody must remove the cgroup when COMMAND has ended */
    finish(&step, "mkdir %s/%s; echo 0 > %s/cgroup.procs", where, name, name);
}
