/*
 * why-setns.c - why could a process not be joined? In the order of join.c, and within a call in that of
 * the kernel: kernel/ptrace.c, kernel/nsproxy.c, kernel/sys.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "why.h"

/* ---- opening the process -------------------------------------------------------------------- */

/* The number after FIELD ("\nTgid:") in the text of a status file, or -1. */
static long
parse_number_after(const char *status, const char *field)
{
    const char *line = strstr(status, field);

    return line == NULL ? -1 : strtol(line + strlen(field), NULL, 10);
}

/* Of the real, effective and saved ids after FIELD ("\nUid:") the first that is not ID, or -1. */
static long
find_other_id(const char *status, const char *field, unsigned id)
{
    const char *line = strstr(status, field);
    unsigned ids[3];

    if (line == NULL || sscanf(line + strlen(field), "%u %u %u", &ids[0], &ids[1], &ids[2]) != 3)
        return -1;
    for (int i = 0; i < 3; i++)
        if (ids[i] != id)
            return ids[i];
    return -1;
}

/* The option hidepid=... with which /proc is mounted, proc(5): "hidepid=invisible", or NULL. */
static const char *
find_hidepid(char *option, size_t size)
{
    struct mounts mounts;

    option[0] = '\0';
    read_shown_mounts(&mounts);
    for (int i = 0; i < mounts.count; i++) {
        const struct mount *mount = &mounts.mount[i];
        const char *found = strstr(mount->fs_options, "hidepid=");

        if (strcmp(mount->type, "proc") == 0 && strcmp(mount->point, "/proc") == 0)
            snprintf(option, size, "%.*s", found == NULL ? 0 : (int)strcspn(found, ","),
                     found == NULL ? "" : found);
    }
    free_mounts(&mounts);
    return option[0] != '\0' ? option : NULL;
}

/* There is no PID for pidfd_open(2), or no /proc/PID, or the links in there are gone. */
static struct why
find_why_gone(const struct step *step, pid_t pid, const char *status)
{
    long leader = parse_number_after(status, "\nTgid:");
    bool exists = kill(pid, 0) == 0 || errno == EPERM;
    char name[32] = "", option[32];

    if (step->pid != getpid())
        return say_why(
            "a /proc of this pid namespace: 01-unshare -m -p -- 02-mountproc -- ...",
            "this /proc is that of the pid namespace outside, where this process is %d and "
            "not %d: a pid in there is another one here",
            (int)step->pid, (int)getpid());
    if (leader > 0 && leader != pid) {
        char hint[64];

        snprintf(hint, sizeof hint, "--target %ld", leader);
        return say_why(hint, "%d is a thread of process %ld, and no process", (int)pid, leader);
    }
    if (strstr(status, "\nState:\tZ") != NULL) {
        sscanf(status, "Name:\t%31[^\n]", name);
        return say_why(
            "ps -e -o pid,stat,comm lists the processes: one without Z in STAT",
            "process %d (%s) has ended, and is a zombie until its parent %ld waits for it",
            (int)pid, name, parse_number_after(status, "\nPPid:"));
    }
    if (exists && status[0] == '\0' && find_hidepid(option, sizeof option) != NULL)
        return say_why("run it as root",
                       "/proc is mounted with %s and does not show process %d to uid %u", option,
                       (int)pid, geteuid());
    if (!exists)
        return say_why("ps -e lists the processes of this pid namespace",
                       "there is no process %d here", (int)pid);
    return why_unknown("2 pidfd_open");
}

/* We may not look at the links in /proc/PID: kernel/ptrace.c, __ptrace_may_access, with
 * PTRACE_MODE_READ_FSCREDS, and then security/commoncap.c, cap_ptrace_access_check. */
static struct why
find_why_shut(const struct step *step, pid_t pid, const char *status)
{
    struct capabilities caps = {0};
    uint64_t more;
    char path[32], text[200];
    struct stat ns;
    bool no_new_privs;
    long other;

    snprintf(path, sizeof path, "/proc/%d/ns", (int)pid);
    if (status[0] == '\0' && find_hidepid(text, sizeof text) != NULL)
        return say_why("run it as root",
                       "/proc is mounted with %s and shows nothing of process %d to uid %u", text,
                       (int)pid, geteuid());
    if (status[0] == '\0')
        return why_unknown("2 ptrace");
    parse_capabilities(status, &caps, &no_new_privs);
    more = caps.permitted & ~read_capabilities().effective;
    if (!have_capability(CAP_SYS_PTRACE)) {
        other = find_other_id(status, "\nUid:", geteuid());
        if (other != -1)
            return say_why(
                "run it as root, or as that user",
                "process %d belongs to uid %ld and we are uid %u, without CAP_SYS_PTRACE", (int)pid,
                other, geteuid());
        other = find_other_id(status, "\nGid:", getegid());
        if (other != -1)
            return say_why("run it as root, or with that group: sg GROUP",
                           "process %d has gid %ld and we have %u, without CAP_SYS_PTRACE",
                           (int)pid, other, getegid());
        /* What is not dumpable belongs to root in /proc, proc(5). */
        if (stat(path, &ns) == 0 && ns.st_uid != geteuid())
            return say_why(
                "run it as root",
                "process %d is not dumpable (prctl(2), PR_SET_DUMPABLE), so only CAP_SYS_PTRACE may look at it",
                (int)pid);
        if (more != 0) {
            snprintf(text, sizeof text, " and %d more", __builtin_popcountll(more) - 1);
            return say_why("run it as root; with 08-capset --drop: join first, drop afterwards",
                           "process %d has capabilities that we do not have (%s%s), so only "
                           "CAP_SYS_PTRACE may look at it",
                           (int)pid, cap_name(__builtin_ctzll(more)),
                           (more & (more - 1)) != 0 ? text : "");
        }
    }
    if (find_confinement(step, text, sizeof text))
        return say_apparmor(text, "looking at other processes", "ptrace (read),");
    if (!in_first_user_namespace(step))
        return say_why(
            "do it outside of this user namespace",
            "process %d is in a user namespace that is neither ours nor within ours, and "
            "from here nobody may look at it",
            (int)pid);
    return why_unknown("2 ptrace");
}

static struct why
find_why_open_target(const struct step *step, pid_t pid, int error)
{
    char path[32], status[16384];

    if (seccomp_refuses(SYS_pidfd_open, 0))
        return say_seccomp("pidfd_open");
    if (error == EMFILE || error == ENFILE)
        return say_files(error);
    if (step->no_proc != NULL)
        return say_why("02-mountproc mounts one", "%s, and a process is looked at in there",
                       step->no_proc);
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    if (read_file_at(AT_FDCWD, path, status, sizeof status) == -1)
        status[0] = '\0';
    if (error == EACCES || error == EPERM)
        return find_why_shut(step, pid, status);
    return find_why_gone(step, pid, status);
}

struct why
why_open_target(const struct step *step, pid_t pid)
{
    int error = errno;
    struct why why = find_why_open_target(step, pid, error);

    errno = error;
    return why;
}

/* ---- setns(2) ------------------------------------------------------------------------------- */

/* CALL needs the capability called NAME, and we, who have an id here, do not have it. */
static struct why
say_capability(const char *call, const char *name)
{
    struct why why;

    if (say_if_withheld(name, &why))
        return why;
    return say_why(geteuid() != 0 ? "run it as root"
                                  : "drop capabilities last: 08-capset after this step",
                   "%s needs %s, which this process does not have", call, name);
}

/* The same, where it may be the exec of an unmapped uid that has taken it. */
static struct why
say_capability_or_unmapped(const char *call, const char *name)
{
    return ids_are_mapped() ? say_capability(call, name) : say_missing(call, name);
}

/* May we enter namespace TYPE of the target? Its install function (kernel/utsname.c, utsns_install, and
 * the like) asks for CAP_SYS_ADMIN in the owner of the namespace and in ours. */
static struct why
find_why_not_permitted(const struct step *step, int type)
{
    const struct target *target = &step->target;
    int owner = ioctl(target->ns[type], NS_GET_USERNS); /* EPERM: neither ours nor within */
    const char *name = ns_types[type].name;
    bool outside = owner == -1 && errno == EPERM;
    char call[64];

    close(owner);
    if (outside)
        return say_why("enter that one before the user namespace, from outside",
                       "the %s namespace of process %d belongs to a user namespace that is neither "
                       "ours nor within ours, and our capabilities count for nothing there",
                       name, (int)target->pid);
    if (!have_capability(CAP_SYS_ADMIN) && target->holds.inode[NS_USER] != step->own.inode[NS_USER])
        return say_why(
            "enter its user namespace too (--user), or run it as root",
            "to enter the %s namespace of process %d one needs CAP_SYS_ADMIN in one's own user "
            "namespace and in the one that owns it",
            name, (int)target->pid);
    snprintf(call, sizeof call, "entering the %s namespace of process %d", name, (int)target->pid);
    if (!have_capability(CAP_SYS_ADMIN))
        return say_capability_or_unmapped(call, "CAP_SYS_ADMIN");
    if (type == NS_MNT && !have_capability(CAP_SYS_CHROOT))
        return say_capability_or_unmapped(call, "CAP_SYS_CHROOT");
    return why_unknown("2 setns");
}

/* The user namespace: kernel/user_namespace.c, userns_install. */
static struct why
find_why_not_permitted_user(const struct target *target)
{
    int ns = target->user_count > 0 ? target->user[0] : target->ns[NS_USER];
    int parent = ioctl(ns, NS_GET_PARENT); /* EPERM: neither ours nor within */
    bool outside = parent == -1 && errno == EPERM;
    uid_t owner = 0;

    close(parent);
    if (outside)
        return say_why("do it outside of this user namespace",
                       "the user namespace of process %d is not within ours, and setns leads only "
                       "inwards",
                       (int)target->pid);
    if (!have_capability(CAP_SYS_ADMIN) && ioctl(ns, NS_GET_OWNER_UID, &owner) == 0 &&
        owner != geteuid())
        return say_why("run it as root, or as that user",
                       "the user namespace of process %d was made by uid %u and we are uid %u, "
                       "without CAP_SYS_ADMIN",
                       (int)target->pid, owner, geteuid());
    return why_unknown("2 setns");
}

static struct why
find_why_setns(const struct step *step, int types, int error)
{
    /* kernel/nsproxy.c, validate_nsset. */
    static const int order[] = {NS_MNT, NS_UTS, NS_IPC, NS_PID, NS_CGROUP, NS_NET, NS_TIME};
    const struct target *target = &step->target;
    struct namespaces now = {{0}};
    struct why why = why_unknown("2 setns");
    char label[200];

    if (seccomp_refuses(SYS_setns, (unsigned)types))
        return say_seccomp("setns");
    if (error == ESRCH && !is_alive(target->pidfd))
        return say_why("start again from 01-unshare", "process %d has ended meanwhile",
                       (int)target->pid);
    read_namespaces(step->proc_self, &now);
    /* kernel/pid_namespace.c, pidns_install. The kernel tells the parent only of what is within ours. */
    if (error == EINVAL && (types & CLONE_NEWPID) &&
        now.inode[NS_PID] != target->holds.inode[NS_PID] &&
        ioctl(target->ns[NS_PID], NS_GET_PARENT) == -1 && errno == EPERM)
        return say_why("do it outside of this pid namespace",
                       "the pid namespace of process %d is not within ours, and setns leads only "
                       "inwards",
                       (int)target->pid);
    if (error != EPERM)
        return why;
    if ((types & CLONE_NEWUSER) && now.inode[NS_USER] != target->holds.inode[NS_USER])
        why = find_why_not_permitted_user(target);
    for (size_t i = 0; i < sizeof order / sizeof order[0] && why.because[0] == '\0'; i++)
        if ((types & ns_types[order[i]].flag) &&
            now.inode[order[i]] != target->holds.inode[order[i]])
            why = find_why_not_permitted(step, order[i]);
    if (why.because[0] == '\0' && find_confinement(step, label, sizeof label))
        return say_apparmor(label, "CAP_SYS_ADMIN, although the process has it",
                            "capability sys_admin,");
    return why;
}

struct why
why_setns(const struct step *step, int types)
{
    int error = errno;
    struct why why = find_why_setns(step, types, error);

    errno = error;
    return why;
}

/* ---- root, working directory (identity: why-ids.c) ------------------------------------------ */

/* Which directory a descriptor is open on, proc_pid_fd(5); "(deleted)" and the like included. */
static const char *
find_name(const struct step *step, int dir, char *name, size_t size)
{
    int own = open_own_proc(step);
    char path[32];
    ssize_t length = -1;

    snprintf(path, sizeof path, "fd/%d", dir);
    if (own != -1 && dir != -1)
        length = readlinkat(own, path, name, size - 1);
    close(own);
    if (length == -1)
        return "/";
    name[length] = '\0';
    return name;
}

struct why
why_chdir(const struct step *step, int dir)
{
    int error = errno;
    struct why why = why_unknown("2 chdir");
    struct stat where;
    char name[300];

    if (error == EACCES && (dir == -1 ? stat("/", &where) : fstat(dir, &where)) == 0)
        why = say_why("as its owner: chmod a+x",
                      "uid %u may not search the directory %s of uid %u, mode %04o", geteuid(),
                      find_name(step, dir, name, sizeof name), where.st_uid, where.st_mode & 07777);
    errno = error;
    return why;
}

struct why
why_enter_root(const struct step *step)
{
    int error = errno;
    struct why why = why_unknown("2 chroot");

    if (error == EACCES) /* of fchdir(2) */
        why = why_chdir(step, step->target.root);
    else if (seccomp_refuses(SYS_chroot, 0))
        why = say_seccomp("chroot");
    else if (error == EPERM && !have_capability(CAP_SYS_CHROOT))
        why = say_capability_or_unmapped("entering another root directory", "CAP_SYS_CHROOT");
    errno = error;
    return why;
}
