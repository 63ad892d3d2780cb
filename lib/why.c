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
    bool root_seen = false;

    if (mountinfo == NULL)
        return false;
    while (!root_seen && fgets(line, sizeof line, mountinfo) != NULL)
        root_seen = sscanf(line, "%*d %*d %*s %*s %4095s", mount_point) == 1 &&
                    strcmp(mount_point, "/") == 0;
    fclose(mountinfo);
    return !root_seen;
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

/* CAPABILITY is missing: why, and where to get it? NAME is its name. */
static struct why
say_missing(const char *call, const char *name)
{
    if (!ids_are_mapped())
        return say("map it before the next command: 07-userns-map -- 01-unshare ... -- COMMAND, or "
                   "01-unshare --user ... | 07-userns-map - | ...",
                   "uid %u is not mapped in this user namespace, so it lost its capabilities when "
                   "this program was executed, and %s needs %s",
                   geteuid(), call, name);
    return say(
        "run it as root, or in a user namespace of your own: 07-userns-map -- 01-unshare ... "
        "-- COMMAND",
        "%s needs %s, which uid %u does not have here", call, name, geteuid());
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
            return say(
                "map it while 01-unshare stays behind: 01-unshare --user | 07-userns-map - | "
                "...; or let 07 make the namespace: 07-userns-map -- ...",
                "uid %u or gid %u is not mapped in this user namespace", geteuid(), getegid());
        if (read_number("/proc/sys/kernel/unprivileged_userns_clone") == 0 &&
            !have_capability(CAP_SYS_ADMIN))
            return say("as root: sysctl kernel.unprivileged_userns_clone=1",
                       "kernel.unprivileged_userns_clone is 0: only root may make user namespaces");
    }
    if (error == EPERM && !(flags & CLONE_NEWUSER) && !have_capability(CAP_SYS_ADMIN))
        return say_missing("without --user unshare", "CAP_SYS_ADMIN");
    for (int i = 0; error == ENOSPC && i < NS_TYPES; i++) {
        char path[64];

        snprintf(path, sizeof path, "/proc/sys/user/max_%s_namespaces", ns_types[i].name);
        if ((flags & ns_types[i].flag) && read_number(path) == 0)
            return say("as root: raise it with sysctl", "%s is 0: no such namespace may be made",
                       path);
    }
    if (error == EINVAL && (flags & CLONE_NEWPID) && step->no_proc == NULL) {
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

struct why
why_clock(const struct step *step)
{
    int error = errno;
    struct why why = why_unknown("7 time_namespaces");

    if (step->no_proc != NULL)
        why = say("02-mountproc mounts one", "the offsets are set through /proc/self, and %s",
                  step->no_proc);
    else if (error == ERANGE)
        why = say("a larger number of seconds",
                  "a clock of the new namespace would begin before 0, or "
                  "run out of range");
    errno = error;
    return why;
}

struct why
why_propagation(const struct step *step)
{
    int error = errno;
    struct why why = why_unknown("2 mount");

    if (error == EINVAL && in_chroot(step))
        why =
            say("01-unshare before 03-chroot; or --propagation unchanged, and mind where mounts go",
                "this process is in a chroot, whose / is no mount point; so the mounts cannot be "
                "cut off from the host's from here");
    errno = error;
    return why;
}

/* There is no directory PATH. */
static struct why
say_path(const char *path)
{
    char hint[300], cwd[4096];

    if (path[0] == '/' || getcwd(cwd, sizeof cwd) == NULL)
        return say("`make rootfs` puts one together in build/rootfs", "there is no directory %s",
                   path);
    snprintf(hint, sizeof hint, "ls -d %.200s/*; `make rootfs` makes build/rootfs", cwd);
    return say(hint, "there is no directory %s in %.200s", path, cwd);
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
            return say_missing("mount", "CAP_SYS_ADMIN");
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
        return say_path(new_root);
    if (error == ENOTDIR || (stat(new_root, &where) == 0 && !S_ISDIR(where.st_mode)))
        return say("name a directory with a root file system in it", "%s is not a directory",
                   new_root);
    if (error == EPERM && !have_capability(CAP_SYS_CHROOT))
        return say_missing("chroot", "CAP_SYS_CHROOT");
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
        return say_missing("pivot_root", "CAP_SYS_ADMIN");
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

static struct why
say_no_proc(void)
{
    return say("02-mountproc mounts one", "/proc is not mounted here, or belongs to another pid "
                                          "namespace, and this is found in there");
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
            return say("a file that needs no controller, such as cgroup.max.descendants=4; or boot "
                       "with systemd.unified_cgroup_hierarchy=1, which gives it to cgroup v2",
                       "cgroup v1 holds the %s controller on this machine (/proc/cgroups)",
                       controller);
        return say("cat cgroup.controllers at the cgroup2 mount point: these are its controllers",
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
            "systemd-run --user --scope -p Delegate=yes bash, and in that shell again",
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

    if (access("/proc/self", F_OK) == -1)
        why = say_no_proc();
    else if (error == ENOENT)
        why = say("as root: mount -t cgroup2 none DIR",
                  "no file system of type cgroup2 is mounted here (/proc/self/mountinfo)");
    else if (error == EACCES)
        why = say(
            "systemd-run --user --scope -p Delegate=yes bash, and in that shell again (in a login "
            "of your own, not after su)",
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
        why = say(
            "run it as root, or after 07-userns-map",
            "to drop from the bounding set one needs CAP_SETPCAP, which this process does not have");
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

/* The directories of PATH that we may not search. */
static const char *
shut_directories(char *buffer, size_t size)
{
    const char *path = getenv("PATH");
    size_t used = 0;

    buffer[0] = '\0';
    for (size_t length; path != NULL && *path != '\0'; path += length + (path[length] == ':')) {
        char dir[4096];

        length = strcspn(path, ":");
        snprintf(dir, sizeof dir, "%.*s/.", (int)length, path);
        if (access(dir, F_OK) == -1 && errno == EACCES && used < size)
            used += (size_t)snprintf(buffer + used, size - used, "%s%.*s", used > 0 ? ", " : "",
                                     (int)length, path);
    }
    return buffer;
}

void
explain_exec(const struct step *step, int error, const char *program)
{
    struct why why = why_unknown("2 execve");
    struct stat file;
    char shut[200];

    if (error == ENOENT && getenv("PATH") == NULL && strchr(program, '/') == NULL)
        why = say("type its whole path, or set PATH", "the environment has no PATH to find %s in",
                  program);
    else if (error == ENOENT && strchr(program, '/') == NULL &&
             shut_directories(shut, sizeof shut)[0] != '\0')
        why = say("copy the steps to a directory that everybody may enter, and put that in PATH",
                  "%s is in no directory of PATH that uid %u may enter (it may not enter %s)",
                  program, geteuid(), shut);
    else if (error == ENOENT && strchr(program, '/') == NULL)
        why = say(
            "type its whole path, or put its directory in PATH (for a step: PATH=$PWD/build:$PATH)",
            "below this / no directory of PATH has a program %s", program);
    else if (error == ENOENT && stat(program, &file) == 0)
        why = say("copy the interpreter in (ldd, or line 1 of a script, names it)",
                  "%s exists, but the interpreter that it needs does not exist under this root",
                  program);
    else if (error == ENOENT)
        why = say("03-chroot and 04-pivot_root change what / is: ls NEWROOT shows what is there",
                  "there is no file %s under this root", program);
    else if (error == EACCES)
        why = say("ls -l shows its mode, findmnt -o TARGET,OPTIONS whether its mount is noexec",
                  "%s is not an executable file", program);
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

/* Is PID 1, an init that leads a session of its own, in the mount namespace with inode OWN? Inside
 * Docker or WSL2 that is the machine, as far as anybody can see, though kernel threads and the first
 * namespaces are elsewhere. The PID 1 of 01-unshare is none, nor one that unshare(1) has forked: its
 * session is that of a shell outside, field 6 of proc_pid_stat(5). */
static bool
is_shared_with_pid_1(int proc, ino_t own)
{
    struct stat theirs;
    char text[1024], *rest;
    int session = 0;

    if (fstatat(proc, "1/ns/mnt", &theirs, 0) == -1 || theirs.st_ino != own ||
        read_file_at(proc, "1/stat", text, sizeof text) == -1)
        return false;
    rest = strrchr(text, ')');
    return rest != NULL && sscanf(rest, ") %*c %*d %*d %d", &session) == 1 && session == 1 &&
           strstr(text, "(" INIT_NAME ")") == NULL;
}

static int
look_for_host(int proc, int ns)
{
    struct stat own, theirs;
    int owner = ioctl(ns, NS_GET_USERNS), known = -1;

    if (fstat(ns, &own) == -1)
        own.st_ino = 0;
    if (owner != -1) {
        if (fstat(owner, &theirs) == 0 && theirs.st_ino != initial_user_ns)
            known = 0; /* the first mount namespace belongs to the first user namespace */
        close(owner);
    }
    if (known == 0)
        return 0;
    if (is_shared_with_pid_1(proc, own.st_ino))
        return 1;
    if (is_host_proc(proc)) {
        /* The host's PID 1 can be looked at. (It leads no session when it has not called setsid,
         * as with init=/bin/sh or in an initramfs: then the question above has said no.) */
        if (fstatat(proc, "1/ns/mnt", &theirs, 0) == 0)
            return theirs.st_ino == own.st_ino;
        if (fstatat(proc, "2/ns/mnt", &theirs, 0) == 0)
            return theirs.st_ino == own.st_ino;
    }
    /* The very first mount namespace: [4026531832] on 6.18, ...840 and ...841 on older kernels. */
    return own.st_ino != 0 && own.st_ino <= 4026531841 ? 1 : -1;
}

int
in_host_mount_namespace(int ns)
{
    int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct stat self;
    int own = -1, answer = -1;

    if (proc == -1 || fstatat(proc, "self/ns/mnt", &self, 0) == -1) {
        if (proc != -1)
            close(proc);
        proc = open_detached_proc();
    }
    if (proc == -1)
        return -1;
    if (ns == -1)
        ns = own = openat(proc, "self/ns/mnt", O_RDONLY | O_CLOEXEC);
    if (ns != -1)
        answer = look_for_host(proc, ns);
    if (own != -1)
        close(own);
    close(proc);
    return answer;
}

void
refuse_on_host(struct step *step, const char *what)
{
    if (!have_capability(CAP_SYS_ADMIN))
        return; /* the kernel will refuse it, and why_mount tells more */
    if (in_host_mount_namespace(step->joining ? step->target.ns[NS_MNT] : -1) == 1)
        refuse(step,
               "this is the host's own mount namespace, and %s here would change it for "
               "everybody: 01-unshare --mount first%s",
               what,
               step->joining       ? " (the steps before made none)"
               : forgot_dash(step) ? ", or was \"-\" forgotten, to go on from the step before?"
                                   : "");
}
