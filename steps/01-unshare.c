/*
 * 01-unshare: new namespaces.
 *
 * A process shares its hostname, its mounts, its network, ... with all others, until it asks the
 * kernel for some of its own.
 * Chapter: tutorial/01-unshare.md. Man pages: unshare(2), namespaces(7).
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "../lib/nsteps.h"

static const char usage[] =
    "Usage: 01-unshare [-] [-m -u -i -n -p -U -C -T | --all] [--hostname NAME]\n"
    "                  [--propagation MODE] [--monotonic SEC] [--boottime SEC]\n"
    "                  [-- COMMAND [ARG ...]]\n"
    "Makes new namespaces: mount, uts, ipc, net and pid, if none is named.\n"
    "\n"
    "  -m, --mount   -u, --uts    -i, --ipc      -n, --net\n"
    "  -p, --pid     -U, --user   -C, --cgroup   -T, --time\n"
    "      --all                all eight\n"
    "      --hostname NAME      set the hostname in the new uts namespace\n"
    "      --propagation MODE   of the mounts: private (the default), shared, slave,\n"
    "                           unchanged\n"
    "      --monotonic SEC      offset of CLOCK_MONOTONIC in the new time namespace\n"
    "      --boottime SEC       offset of CLOCK_BOOTTIME in the new time namespace\n"
    "\n"
    "Without COMMAND: in a pipe, stays behind and writes a record; on a terminal,\n"
    "runs a shell.\n";

static const struct option options[] = {
    {"mount", no_argument, NULL, 'm'},
    {"uts", no_argument, NULL, 'u'},
    {"ipc", no_argument, NULL, 'i'},
    {"net", no_argument, NULL, 'n'},
    {"pid", no_argument, NULL, 'p'},
    {"user", no_argument, NULL, 'U'},
    {"cgroup", no_argument, NULL, 'C'},
    {"time", no_argument, NULL, 'T'},
    {"all", no_argument, NULL, 'a'},
    {"hostname", required_argument, NULL, 'H'},
    {"propagation", required_argument, NULL, 'P'},
    {"monotonic", required_argument, NULL, '1'},
    {"boottime", required_argument, NULL, '7'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* The feature. From here on, this process has namespaces of its own. But of two types, pid and time,
 * it stays in the old one, and its children are born into the new one. */
static int
unshare_namespaces(int flags)
{
    return unshare(flags);
}

/* The mounts were copied, with their peer groups: what we mount under a shared mount would appear
 * on the host too. Making all of them private cuts the tie, mount_namespaces(7). */
static int
set_propagation(unsigned long propagation)
{
    return propagation == 0 ? 0 : mount(NULL, "/", NULL, MS_REC | propagation, NULL);
}

/* The clocks of a new time namespace are set before its first process is born; time_namespaces(7).
 * A clock is known by its name or number: "1 86400 0" adds a day to CLOCK_MONOTONIC. */
static int
set_clock(int proc_self, int clock, const char *seconds)
{
    char line[64];

    snprintf(line, sizeof line, "%d %s 0\n", clock, seconds);
    return write_file_at(proc_self, "timens_offsets", line);
}

static unsigned long
propagation_flag(struct step *step, const char *mode)
{
    if (strcmp(mode, "private") == 0)
        return MS_PRIVATE;
    if (strcmp(mode, "shared") == 0)
        return MS_SHARED;
    if (strcmp(mode, "slave") == 0)
        return MS_SLAVE;
    if (strcmp(mode, "unchanged") == 0)
        return 0;
    refuse(step, "--propagation \"%s\" is none of private, shared, slave, unchanged", mode);
}

int
main(int argc, char **argv)
{
    struct step step;
    const char *hostname = NULL, *mode = NULL;
    const char *offset[8] = {NULL}; /* by clock: CLOCK_MONOTONIC is 1, CLOCK_BOOTTIME is 7 */
    int option, flags = 0;
    unsigned long propagation;
    char names[256];

    begin(&step, argc, argv, usage);
    while ((option = next_option(&step, "muinpUCT", options)) != -1) {
        if (option == 'H')
            hostname = optarg;
        else if (option == 'P')
            mode = optarg;
        else if (option == '1' || option == '7')
            offset[option - '0'] = check_seconds(&step, optarg);
        else if (option == 'a')
            flags = ns_all_flags();
        else
            flags |= ns_flag(option);
    }
    count_operands(&step, 0, 0, "nothing");
    if (flags == 0)
        flags = ns_flag('m') | ns_flag('u') | ns_flag('i') | ns_flag('n') | ns_flag('p');
    if (mode != NULL && !(flags & CLONE_NEWNS))
        refuse(&step, "--propagation needs --mount: without it these are the host's mounts");
    propagation = propagation_flag(&step, mode != NULL ? mode : "private");
    if (hostname != NULL && !(flags & CLONE_NEWUTS))
        refuse(&step, "--hostname needs --uts: without it this is the host's name");
    if ((offset[1] != NULL || offset[7] != NULL) && !(flags & ns_flag('T')))
        refuse(&step, "--monotonic and --boottime need --time: the host's clocks cannot be set");
    start_from(&step);
    join(&step);

    ns_flag_names(flags, names, sizeof names);
    if (unshare_namespaces(flags) == -1)
        fail(&step, errno, why_unshare(&step, flags), "unshare(%s)", names);
    if ((flags & CLONE_NEWNS) && set_propagation(propagation) == -1)
        fail(&step, errno, why_propagation(&step), "change the propagation of the mounts");
    if (hostname != NULL && sethostname(hostname, strlen(hostname)) == -1)
        fail(&step, errno, why_hostname(&step, hostname), "sethostname(\"%s\")", hostname);
    for (int clock = 0; clock < 8; clock++)
        if (offset[clock] != NULL && set_clock(step.proc_self, clock, offset[clock]) == -1)
            fail(&step, errno, why_clock(&step, clock, offset[clock]),
                 "write \"%d %s 0\" to timens_offsets", clock, offset[clock]);
    if (flags & (ns_flag('p') | ns_flag('T'))) {
        step.fork_command = true;
        step.init = start_init(&step);
        if (step.init == -1)
            fail(&step, errno, why_fork(&step), "fork the first process of the new namespace");
        if (flags & ns_flag('p'))
            add_note(&step, "PID 1 in there is pid %d here", (int)step.init);
    }
    finish(&step, "unshare(%s)", names);
}
