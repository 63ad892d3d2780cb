/*
 * 02-mountproc: a fresh /proc.
 *
 * ps(1) has no system call that lists processes: it reads the directory /proc. So as long as the
 * old /proc is mounted, a new pid namespace looks like the old one.
 * Chapter: tutorial/02-mountproc.md. Man pages: mount(2), proc(5), pid_namespaces(7).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "../lib/nsteps.h"

static const char usage[] =
    "Usage: 02-mountproc [-] [--sys] [--dev | --rbind-dev] [ROOT]\n"
    "                    [-- COMMAND [ARG ...]]\n"
    "Mounts a new proc on ROOT/proc (ROOT is / if not given).\n"
    "\n"
    "      --sys         also mount sysfs on ROOT/sys, read-only\n"
    "      --dev         also make a minimal ROOT/dev: null zero full random urandom\n"
    "                    tty, pts, shm and the usual links\n"
    "      --rbind-dev   also bind the whole /dev of the host on ROOT/dev, as a slave\n"
    "\n"
    "Do this before 03-chroot and 04-pivot_root: --dev needs the old /dev in reach.\n";

static const struct option options[] = {
    {"sys", no_argument, NULL, 's'},
    {"dev", no_argument, NULL, 'd'},
    {"rbind-dev", no_argument, NULL, 'r'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* The feature. A procfs shows the pid namespace of the process that mounts it; so this runs in a
 * process that is in the new one (run_inside, below). */
static int
mount_proc(const void *target)
{
    return mount("proc", target, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

static struct why
why_mount_proc(const struct step *step, const void *target)
{
    return why_mount(step, target, "proc");
}

/* sysfs shows the network devices of the mounter's net namespace, sysfs(5). Everything else in it
 * is the host's own hardware: hence read-only. */
static int
mount_sys(const char *target)
{
    return mount("sysfs", target, "sysfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

/* The whole /dev of the host with all that is mounted below it. As a slave: what the host mounts
 * there later appears here too, but nothing that is mounted here appears there. It does not stop
 * writes to the devices. */
static int
bind_dev(const char *target)
{
    if (mount("/dev", target, NULL, MS_BIND | MS_REC, NULL) == -1)
        return -1;
    if (mount(NULL, target, NULL, MS_REC | MS_SLAVE, NULL) == 0)
        return 0;
    umount2(target, MNT_DETACH);
    return -1;
}

/* Whatever fails, what was mounted before it must not stay. errno stays, too. */
static void
take_back(bool mounted, const char *target)
{
    int error = errno;

    if (mounted)
        umount2(target, MNT_DETACH);
    errno = error;
}

/* ROOT/NAME without a double slash. */
static char *
below(const char *root, const char *name, char *path, size_t size)
{
    snprintf(path, size, "%s/%s", strcmp(root, "/") == 0 ? "" : root, name);
    return path;
}

int
main(int argc, char **argv)
{
    struct step step;
    const char *root = "/";
    bool want_sys = false, want_dev = false, want_rbind = false;
    /* A ROOT that is longer than PATH_MAX allows does not become another one: the kernel says so. */
    char proc[4096 + 8], sys[4096 + 8], dev[4096 + 8];
    int option, result;
    struct failure failure;
    struct why why;

    begin(&step, argc, argv, usage);
    while ((option = next_option(&step, "", options)) != -1) {
        want_sys |= option == 's';
        want_dev |= option == 'd';
        want_rbind |= option == 'r';
    }
    if (count_operands(&step, 0, 1, "ROOT") == 1)
        root = step.operand[0];
    if (want_dev && want_rbind)
        refuse(&step, "--dev and --rbind-dev exclude each other: both are mounted on ROOT/dev");
    start_from(&step);
    refuse_on_host(&step, "mounting a proc");
    join(&step);
    check_path(&step, root);

    below(root, "proc", proc, sizeof proc);
    below(root, "sys", sys, sizeof sys);
    below(root, "dev", dev, sizeof dev);
    refuse_link(&step, proc);
    if (want_sys)
        refuse_link(&step, sys);
    if (want_dev || want_rbind)
        refuse_link(&step, dev);
    note_leak(&step, proc);
    /* /proc comes last: in the old one we look for the cause of a failure. */
    if (want_sys && mount_sys(sys) == -1)
        fail(&step, errno, why_mount(&step, sys, "sysfs"), "mount sysfs on %s", sys);
    if (want_rbind && bind_dev(dev) == -1) {
        why = why_bind(&step, "/dev", dev);
        take_back(want_sys, sys);
        fail(&step, errno, why, "bind /dev on %s", dev);
    }
    if (want_dev && make_dev(&step, dev, &failure) == -1) {
        take_back(want_sys, sys);
        fail(&step, errno, failure.why, "%s", failure.call);
    }
    result = run_inside(&step, mount_proc, proc, why_mount_proc, &why);
    if (result != 0) {
        take_back(want_dev || want_rbind, dev);
        take_back(want_sys, sys);
        fail(&step, errno, why, result == -1 ? "mount proc on %s" : "fork, to mount proc on %s",
             proc);
    }
    if (want_sys)
        add_note(&step, "sysfs, read-only, on %s", sys);
    if (want_dev || want_rbind)
        add_note(&step, "%s on %s", want_dev ? "a minimal /dev" : "all of the host's /dev", dev);
    finish(&step, "mount(\"proc\", \"%s\", \"proc\", MS_NOSUID|MS_NODEV|MS_NOEXEC)", proc);
}
