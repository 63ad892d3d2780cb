/*
 * why.c - why did that call fail? Each function looks at the state that user space can read and
 * names the cause that it finds, in the order in which the kernel checks. It never guesses: when
 * nothing matches, "because" stays empty, which prints as "not known".
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "nsteps.h"

/* include/linux/proc_ns.h: the initial user namespace has a fixed inode. */
static const uint64_t initial_user_ns = UINT64_C(0xEFFFFFFD);

static struct why say(const char *hint, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static struct why
say(const char *hint, const char *format, ...)
{
    struct why why = {.because = ""};
    va_list list;

    va_start(list, format);
    vsnprintf(why.because, sizeof why.because, format, list);
    va_end(list);
    snprintf(why.hint, sizeof why.hint, "%s", hint);
    return why;
}

struct why
why_unknown(const char *man_page)
{
    struct why why = {.because = ""};

    snprintf(why.hint, sizeof why.hint, "man %s, under ERRORS", man_page);
    return why;
}

bool
have_capability(int capability)
{
    return (read_capabilities().effective >> capability) & 1;
}

/* The number in a file such as /proc/sys/user/max_user_namespaces, or -1. */
static long
read_number(const char *path)
{
    char text[64];

    return read_file_at(AT_FDCWD, path, text, sizeof text) > 0 ? strtol(text, NULL, 10) : -1;
}

/* Is "/" a plain directory below the root of the mount namespace? Then no line of mountinfo has
 * the mount point "/". (A chroot onto a mount point is not seen this way.) */
static bool
in_chroot(const struct step *step)
{
    /* By our own /proc/PID, if it is open: the /proc of a container does not show a step outside. */
    int fd = step->proc_self == -1 ? open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)
                                   : openat(step->proc_self, "mountinfo", O_RDONLY | O_CLOEXEC);
    FILE *mountinfo = fd == -1 ? NULL : fdopen(fd, "r");
    char line[8192], mount_point[4096];
    bool root_seen = false, line_seen = false;

    if (mountinfo == NULL)
        return false;
    while (fgets(line, sizeof line, mountinfo) != NULL) {
        line_seen = true;
        if (sscanf(line, "%*d %*d %*s %*s %4095s", mount_point) == 1 &&
            strcmp(mount_point, "/") == 0)
            root_seen = true;
    }
    fclose(mountinfo);
    return line_seen && !root_seen;
}

static bool
is_mapped(const char *file, uint32_t id)
{
    struct id_map map;

    return read_id_map(AT_FDCWD, file, &map) == -1 || id_outside(&map, id) != -1;
}

static bool
ids_are_mapped(void)
{
    return is_mapped("/proc/self/uid_map", geteuid()) && is_mapped("/proc/self/gid_map", getegid());
}

/* Is the namespace /proc/self/ns/NAME owned by our own user namespace? 1, 0, -1 cannot tell. */
static int
own_user_ns_owns(const char *name)
{
    char path[64];
    struct stat owner, own;
    int fd, owner_fd, answer = -1;

    snprintf(path, sizeof path, "/proc/self/ns/%s", name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1)
        return -1;
    owner_fd = ioctl(fd, NS_GET_USERNS);
    if (owner_fd == -1)
        answer = errno == EPERM ? 0 : -1; /* EPERM: an ancestor of ours, ioctl_ns(2) */
    else if (fstat(owner_fd, &owner) == 0 && stat("/proc/self/ns/user", &own) == 0)
        answer = owner.st_ino == own.st_ino;
    close(fd);
    if (owner_fd != -1)
        close(owner_fd);
    return answer;
}

static struct why
find_why_unshare(const struct step *step, int flags, int error)
{
    if ((flags & CLONE_NEWUSER) && error == EPERM) {
        if (in_chroot(step))
            return say(
                "04-pivot_root instead of 03-chroot, before the user namespace",
                "this process is in a chroot, and there CLONE_NEWUSER is refused to everybody");
        if (!ids_are_mapped())
            return say("write uid_map and gid_map of this user namespace first (07-userns-map)",
                       "uid %u or gid %u is not mapped in this user namespace", geteuid(),
                       getegid());
        if (read_number("/proc/sys/kernel/unprivileged_userns_clone") == 0 &&
            !have_capability(CAP_SYS_ADMIN))
            return say("as root: sysctl kernel.unprivileged_userns_clone=1",
                       "kernel.unprivileged_userns_clone is 0: only root may make user namespaces");
    }
    if (error == EPERM && !(flags & CLONE_NEWUSER) && !have_capability(CAP_SYS_ADMIN))
        return say("add --user (as an ordinary user may), or run it as root",
                   "without CLONE_NEWUSER this needs CAP_SYS_ADMIN, which uid %u has not here",
                   geteuid());
    for (int i = 0; error == ENOSPC && i < NS_TYPES; i++) {
        char path[64];

        snprintf(path, sizeof path, "/proc/sys/user/max_%s_namespaces", ns_types[i].name);
        if ((flags & ns_types[i].flag) && read_number(path) == 0)
            return say("as root: raise it with sysctl", "%s is 0: no such namespace may be made",
                       path);
    }
    if (error == EINVAL && (flags & CLONE_NEWPID) && step->has_proc) {
        struct stat own, children;

        if (stat("/proc/self/ns/pid", &own) == 0 &&
            (stat("/proc/self/ns/pid_for_children", &children) == -1 ||
             own.st_ino != children.st_ino))
            return say("leave --pid out here: the step before has made one",
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

static struct why
find_why_mount(const char *target, const char *type, int error)
{
    struct stat where;

    if (error == ENOENT || error == ENOTDIR) {
        if (stat(target, &where) == -1)
            return say("make it first (mkdir), or name another ROOT", "there is no directory %s",
                       target);
        if (!S_ISDIR(where.st_mode))
            return say("name a directory", "%s is not a directory", target);
    }
    if (error == EPERM) {
        if (!have_capability(CAP_SYS_ADMIN))
            return say("01-unshare --user --mount first, or run it as root",
                       "to mount one needs CAP_SYS_ADMIN, which this process has not");
        if (own_user_ns_owns("mnt") == 0)
            return say("make the mount namespace after the user namespace: 07 before 01 or 02",
                       "this mount namespace belongs to another user namespace than ours");
        if (strcmp(type, "proc") == 0 && own_user_ns_owns("pid") == 0)
            return say("01-unshare --pid too",
                       "this pid namespace belongs to another user namespace than ours");
        if (strcmp(type, "sysfs") == 0 && own_user_ns_owns("net") == 0)
            return say("01-unshare --net too",
                       "this net namespace belongs to another user namespace than ours");
    }
    return why_unknown("2 mount");
}

struct why
why_mount(const char *target, const char *type)
{
    int error = errno;
    struct why why = find_why_mount(target, type, error);

    errno = error;
    return why;
}

static struct why
find_why_chroot(const char *new_root, int error)
{
    struct stat where;

    if (error == ENOENT)
        return say("ls -ld it; `make rootfs` makes build/rootfs", "there is no directory %s",
                   new_root);
    if (error == ENOTDIR || (stat(new_root, &where) == 0 && !S_ISDIR(where.st_mode)))
        return say("name a directory with a root file system in it", "%s is not a directory",
                   new_root);
    if (error == EPERM && !have_capability(CAP_SYS_CHROOT))
        return say("run it as root, or in a user namespace (01-unshare --user, 07-userns-map)",
                   "chroot needs CAP_SYS_CHROOT, which uid %u has not here", geteuid());
    if (error == EACCES)
        return say("namei -l shows the permissions of each part",
                   "a directory on the way to %s may not be searched by uid %u", new_root,
                   geteuid());
    return why_unknown("2 chroot");
}

struct why
why_chroot(const char *new_root)
{
    int error = errno;
    struct why why = find_why_chroot(new_root, error);

    errno = error;
    return why;
}

static struct why
find_why_pivot_root(const char *new_root, const char *put_old, int error)
{
    char path[8192];
    struct stat where;

    if (error == ENOENT && put_old != NULL && stat(new_root, &where) == 0) {
        snprintf(path, sizeof path, "%s/%s", new_root, put_old);
        if (stat(path, &where) == -1)
            return say("mkdir it first", "there is no directory %s to put the old root on", path);
    }
    if (error == EPERM && !have_capability(CAP_SYS_ADMIN))
        return say("01-unshare --mount as root, or with --user",
                   "pivot_root needs CAP_SYS_ADMIN, which this process has not");
    if (error == EPERM && own_user_ns_owns("mnt") == 0)
        return say("make the mount namespace after the user namespace",
                   "this mount namespace belongs to another user namespace than ours");
    if (error == ENOENT || error == ENOTDIR || error == EACCES)
        return find_why_chroot(new_root, error);
    return why_unknown("2 pivot_root");
}

struct why
why_pivot_root(const char *new_root, const char *put_old)
{
    int error = errno;
    struct why why = find_why_pivot_root(new_root, put_old, error);

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
    if (error == ESRCH || error == ENOENT)
        why = say("ps -e lists the processes of this pid namespace", "there is no process %d here",
                  (int)pid);
    else if ((error == EACCES || error == EPERM) && stat(path, &where) == 0 &&
             where.st_uid != geteuid() && !have_capability(CAP_SYS_PTRACE))
        why = say("run it as root, or as that user",
                  "process %d belongs to uid %u and we are uid %u, without CAP_SYS_PTRACE",
                  (int)pid, where.st_uid, geteuid());
    else if (error == EPERM && !have_capability(CAP_SYS_ADMIN))
        why = say("enter its user namespace too (--user), or run it as root",
                  "to enter it one needs CAP_SYS_ADMIN in the user namespace that owns it");
    errno = error;
    return why;
}

static struct why
find_why_cgroup(const char *file, const char *value, int error)
{
    char controller[32];

    snprintf(controller, sizeof controller, "%.*s", (int)strcspn(file, "."), file);
    if (error == ENOENT && strcmp(controller, "cgroup") != 0) {
        char text[4096], wanted[40];
        const char *line = NULL;

        if (read_file_at(AT_FDCWD, "/proc/cgroups", text, sizeof text) > 0) {
            snprintf(wanted, sizeof wanted, "\n%s\t", controller);
            line = strstr(text, wanted);
        }
        if (line != NULL && strtol(line + strlen(wanted), NULL, 10) != 0)
            return say("boot with systemd.unified_cgroup_hierarchy=1 to give it to cgroup v2; the "
                       "core files (cgroup.freeze, cgroup.max.descendants) work here",
                       "cgroup v1 holds the %s controller on this machine (/proc/cgroups)",
                       controller);
        return say("cat cgroup.controllers there; ls shows the files that exist",
                   "no controller of cgroup v2 here has a file %s", file);
    }
    if (error == ENOENT)
        return say("ls the directory to see the core files", "cgroup v2 has no file %s here", file);
    if (error == EINVAL || error == ERANGE)
        return say("Documentation/admin-guide/cgroup-v2.rst tells what it takes",
                   "the kernel does not take \"%s\" for %s", value, file);
    if (strcmp(file, "mkdir") == 0 && error == EAGAIN)
        return say("raise cgroup.max.descendants or cgroup.max.depth above it",
                   "a limit on the number of cgroups is reached here or in an ancestor");
    if (error == EACCES && strcmp(file, "cgroup.procs") == 0)
        return say(
            "systemd-run --user --scope -p Delegate=yes bash, and there again",
            "to move a process one must be able to write cgroup.procs of the common ancestor "
            "of its old and its new cgroup");
    if (error == EACCES)
        return say("take a file that is writable", "%s is read-only, or not ours to write", file);
    if (error == EBUSY)
        return say("move the processes into a leaf of it first",
                   "a cgroup that has processes of its own gives no controllers to its children "
                   "(the no internal processes rule)");
    return why_unknown("7 cgroups");
}

struct why
why_cgroup(const char *file, const char *value)
{
    int error = errno;
    struct why why = find_why_cgroup(file, value, error);

    errno = error;
    return why;
}

struct why
why_no_cgroup(void)
{
    int error = errno;
    struct why why = why_unknown("7 cgroups");

    if (error == ENOENT)
        why = say("as root: mount -t cgroup2 none DIR",
                  "no file system of type cgroup2 is mounted here (/proc/self/mountinfo)");
    else if (error == EACCES)
        why = say("systemd-run --user --scope -p Delegate=yes bash, and there again",
                  "no cgroup from the mount point down to ours belongs to uid %u: nothing is "
                  "delegated to it",
                  geteuid());
    errno = error;
    return why;
}

static struct why
find_why_id_map(const char *file, const struct id_maps *maps, int error)
{
    char text[16384];

    if (error == EINVAL && strlen(format_id_map(&maps->uids, text, sizeof text)) >= 4096)
        return say("fewer ranges, or larger ones", "a map of more than 4095 bytes is not taken");
    if (error != EPERM)
        return why_unknown("7 user_namespaces");
    for (int i = 0; i < maps->uids.count; i++)
        if (id_outside(&maps->parent, maps->uids.range[i].outside) == -1)
            return say("map only ids that exist there: cat /proc/self/uid_map",
                       "uid %" PRIu32 " does not exist in the parent user namespace",
                       maps->uids.range[i].outside);
    if (!have_capability(strcmp(file, "uid_map") == 0 ? CAP_SETUID : CAP_SETGID))
        return say("--auto, which asks newuidmap(1) for your ranges in /etc/subuid",
                   "an ordinary user may write one line that maps his own id (%" PRIu32
                   "), and nothing else",
                   maps->outer_uid);
    return why_unknown("7 user_namespaces");
}

struct why
why_id_map(const char *file, const struct id_maps *maps)
{
    int error = errno;
    struct why why = find_why_id_map(file, maps, error);

    errno = error;
    return why;
}

struct why
why_capset(void)
{
    int error = errno;
    struct why why = why_unknown("7 capabilities");

    if (error == EPERM && !have_capability(CAP_SETPCAP))
        why =
            say("run it as root, or after 07-userns-map",
                "to drop from the bounding set one needs CAP_SETPCAP, which this process has not");
    errno = error;
    return why;
}

struct why
why_fork(void)
{
    int error = errno;
    struct why why = why_unknown("2 fork");

    if (error == ENOMEM)
        why = say(
            "start again from 01-unshare",
            "PID 1 of the pid namespace has died, and the kernel starts nothing there any more");
    else if (error == EAGAIN)
        why = say(
            "raise pids.max (05-cgroup) or ulimit -u",
            "a limit on the number of processes is reached: pids.max of a cgroup, or RLIMIT_NPROC");
    errno = error;
    return why;
}

void
explain_exec(const struct step *step, int error, const char *program)
{
    struct why why = {.because = ""};
    struct stat file;

    if (error == ENOENT && strchr(program, '/') == NULL)
        why = say("type its whole path; what exists under this root decides",
                  "no directory in PATH=%s has %s", getenv("PATH"), program);
    else if (error == ENOENT && stat(program, &file) == 0)
        why = say("copy the interpreter in (ldd, or line 1 of a script, names it)",
                  "%s exists, but the interpreter that it needs does not exist under this root",
                  program);
    else if (error == ENOENT)
        why = say("ls the new root", "there is no file %s under this root", program);
    else if (error == EACCES)
        why = say("ls -l it; findmnt -o OPTIONS", "%s is not an executable file", program);
    else if (error == ENOEXEC)
        why = say("file(1) tells what it is",
                  "%s is no program for this machine and no script with #!", program);
    explain(step, error, why, "exec %s", program);
}

/* ---- is this the host? ---------------------------------------------------------------------- */

/* A directory of procfs to look into: the one that begin opened, or, where /proc is not mounted, a
 * procfs that is attached nowhere and vanishes when it is closed (fsopen(2), Linux 5.2). */
static int
open_detached_proc(void)
{
    int context = (int)syscall(SYS_fsopen, "proc", 1 /* FSOPEN_CLOEXEC */);
    int proc = -1;

    if (context == -1)
        return -1;
    if (syscall(SYS_fsconfig, context, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0) == 0)
        proc = (int)syscall(SYS_fsmount, context, 1 /* FSMOUNT_CLOEXEC */, 0);
    close(context);
    return proc;
}

/* Kernel threads are visible only in the first pid namespace: is process 2 one (PF_KTHREAD)? */
static bool
is_host_proc(int proc)
{
    char text[1024];
    char *rest;
    unsigned long flags = 0;

    if (read_file_at(proc, "2/stat", text, sizeof text) == -1)
        return false;
    rest = strrchr(text, ')'); /* state ppid pgrp session tty tpgid flags, proc_pid_stat(5) */
    return rest != NULL && sscanf(rest, ") %*c %*d %*d %*d %*d %*d %lu", &flags) == 1 &&
           (flags & 0x00200000) != 0;
}

/* Is PID 1 in the mount namespace with inode OWN? Inside Docker or WSL2 that is the machine, as far
 * as anybody can see, though kernel threads and the first namespaces are elsewhere. Only where PID 1
 * is the one that 01-unshare has started is it a container of our own. */
static bool
is_shared_with_pid_1(int proc, ino_t own)
{
    struct stat theirs;
    char name[32] = "";

    return fstatat(proc, "1/ns/mnt", &theirs, 0) == 0 && theirs.st_ino == own &&
           read_file_at(proc, "1/comm", name, sizeof name) > 0 &&
           strncmp(name, "01-unshare", strlen("01-unshare")) != 0;
}

static int
look_for_host(int proc)
{
    struct stat own, theirs;
    int ns = openat(proc, "self/ns/mnt", O_RDONLY | O_CLOEXEC);
    int owner, known = -1;

    if (ns == -1)
        return -1;
    owner = ioctl(ns, NS_GET_USERNS);
    if (fstat(ns, &own) == -1)
        own.st_ino = 0;
    close(ns);
    if (owner != -1) {
        if (fstat(owner, &theirs) == 0 && theirs.st_ino != initial_user_ns)
            known = 0; /* the first mount namespace belongs to the first user namespace */
        close(owner);
    }
    if (is_shared_with_pid_1(proc, own.st_ino))
        return 1;
    if (known == 0)
        return 0;
    if (is_host_proc(proc)) {
        if (fstatat(proc, "1/ns/mnt", &theirs, 0) == 0)
            return 0; /* the host's PID 1 can be looked at, and is elsewhere */
        if (fstatat(proc, "2/ns/mnt", &theirs, 0) == 0)
            return theirs.st_ino == own.st_ino;
    }
    /* The very first mount namespace: [4026531832] on 6.18, ...840 and ...841 on older kernels. */
    return own.st_ino != 0 && own.st_ino <= 4026531841 ? 1 : -1;
}

int
in_host_mount_namespace(void)
{
    int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct stat self;
    int answer;

    if (proc == -1 || fstatat(proc, "self/ns/mnt", &self, 0) == -1) {
        if (proc != -1)
            close(proc);
        proc = open_detached_proc();
    }
    if (proc == -1)
        return -1;
    answer = look_for_host(proc);
    close(proc);
    return answer;
}

void
refuse_on_host(struct step *step, const char *what)
{
    if (step->joining && step->from.holds.inode[NS_MNT] != step->own.inode[NS_MNT])
        return; /* the record brings a mount namespace of its own */
    if (in_host_mount_namespace() == 1)
        refuse(step,
               "this is the host's own mount namespace, and %s here would change it for "
               "everybody: 01-unshare --mount first%s",
               what,
               step->joining       ? " (the steps before made none)"
               : forgot_dash(step) ? ", or was \"-\" forgotten, to go on from the step before?"
                                   : "");
}
