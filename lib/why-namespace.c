/*
 * why-namespace.c - why did unshare(2), setns(2) or fork(2) fail? In the order in which the kernel
 * checks: kernel/nsproxy.c, kernel/fork.c.
 */
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "why.h"

static struct why
find_why_unshare(const struct step *step, int flags, int error)
{
    if ((flags & CLONE_NEWUSER) && error == EPERM) {
        if (in_chroot(step))
            return say_why(
                "04-pivot_root instead of 03-chroot, before the user namespace",
                "this process is in a chroot, and there CLONE_NEWUSER is refused to everybody");
        if (!ids_are_mapped())
            return say_why(
                "map it while 01-unshare stays behind: 01-unshare --user | 07-userns-map - | "
                "...; or let 07 make the namespace: 07-userns-map -- ...",
                "uid %u or gid %u is not mapped in this user namespace", geteuid(), getegid());
        if (read_number("/proc/sys/kernel/unprivileged_userns_clone") == 0 &&
            !have_capability(CAP_SYS_ADMIN))
            return say_why(
                "as root: sysctl kernel.unprivileged_userns_clone=1",
                "kernel.unprivileged_userns_clone is 0: only root may make user namespaces");
    }
    if (error == EPERM && !(flags & CLONE_NEWUSER) && !have_capability(CAP_SYS_ADMIN))
        return say_missing("without --user unshare", "CAP_SYS_ADMIN");
    for (int i = 0; error == ENOSPC && i < NS_TYPES; i++) {
        char path[64];

        snprintf(path, sizeof path, "/proc/sys/user/max_%s_namespaces", ns_types[i].name);
        if ((flags & ns_types[i].flag) && read_number(path) == 0)
            return say_why("as root: raise it with sysctl",
                           "%s is 0: no such namespace may be made", path);
    }
    if (error == EINVAL && (flags & CLONE_NEWPID) && step->no_proc == NULL) {
        struct stat own, children;

        if (stat("/proc/self/ns/pid", &own) == 0 &&
            (stat("/proc/self/ns/pid_for_children", &children) == -1 ||
             own.st_ino != children.st_ino))
            return say_why(
                "leave --pid out here: the step before has made one",
                "this process holds a new pid namespace for its children already, and can "
                "hold only one");
    }
    return why_unknown("2 unshare");
}

struct why
why_unshare(const struct step *step, int flags)
{
    int error = errno;
    struct why why = find_why_unshare(step, flags, error);

    errno = error;
    return why;
}

struct why
why_clock(const struct step *step)
{
    int error = errno;
    struct why why = why_unknown("7 time_namespaces");

    if (step->no_proc != NULL)
        why = say_why("02-mountproc mounts one", "the offsets are set through /proc/self, and %s",
                      step->no_proc);
    else if (error == ERANGE)
        why = say_why("a larger number of seconds",
                      "a clock of the new namespace would begin before 0, or "
                      "run out of range");
    errno = error;
    return why;
}

struct why
why_setns(pid_t pid)
{
    int error = errno;
    struct why why = why_unknown("2 setns");
    char path[32];
    struct stat where;

    snprintf(path, sizeof path, "/proc/%d", (int)pid);
    if (access("/proc/self", F_OK) == -1)
        why = say_no_proc();
    else if (error == ESRCH || error == ENOENT)
        why = say_why("ps -e lists the processes of this pid namespace",
                      "there is no process %d here", (int)pid);
    else if ((error == EACCES || error == EPERM) && stat(path, &where) == 0 &&
             where.st_uid != geteuid() && !have_capability(CAP_SYS_PTRACE))
        why = say_why("run it as root, or as that user",
                      "process %d belongs to uid %u and we are uid %u, without CAP_SYS_PTRACE",
                      (int)pid, where.st_uid, geteuid());
    else if (error == EPERM && !have_capability(CAP_SYS_ADMIN))
        why = say_why("enter its user namespace too (--user), or run it as root",
                      "to enter it one needs CAP_SYS_ADMIN in the user namespace that owns it");
    errno = error;
    return why;
}

struct why
why_fork(void)
{
    int error = errno;
    struct why why = why_unknown("2 fork");

    if (error == ENOMEM)
        why = say_why(
            "start again from 01-unshare",
            "PID 1 of the pid namespace has died, and the kernel starts nothing there any more");
    else if (error == EAGAIN)
        why = say_why(
            "raise pids.max (05-cgroup) or ulimit -u",
            "a limit on the number of processes is reached: pids.max of a cgroup, or RLIMIT_NPROC");
    errno = error;
    return why;
}
