/*
 * join.c - "-": start from what the step before left behind.
 *
 * First look, then touch: the record is checked against the process that it names, everything is
 * opened from outside, and only then is anything entered. Chapter 06 walks through this file.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "nsteps.h"

/* glibc has a wrapper for pidfd_open(2) only since 2.36. */
static int
sys_pidfd_open(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* Reads one line of at most SIZE - 1 bytes. Returns NULL, or what is wrong with it. */
static const char *
read_line(char *line, size_t size)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    size_t used = 0;
    char *newline = NULL;

    do {
        ssize_t got = read(STDIN_FILENO, line + used, size - 1 - used);

        if (got == -1 && errno == EAGAIN) /* somebody has made it O_NONBLOCK */
            poll(&input, 1, -1);
        if (got == -1 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got == -1)
            return strerror(errno);
        if (got == 0)
            return used == 0 ? "" : "it is cut: no newline at its end";
        used += (size_t)got;
        line[used] = '\0';
        newline = memchr(line, '\n', used);
        if (newline == NULL && used == size - 1)
            return "its line is far too long";
    } while (newline == NULL);
    if (newline + 1 != line + used)
        return "there is more than one line";
    if (strlen(line) != used)
        return "it holds a NUL byte";
    *newline = '\0';
    return NULL;
}

/* The number in the line "FIELD:" of /proc/PID/fdinfo/FD, proc_pid_fdinfo(5); -1: none. */
static long
read_fdinfo(const struct step *step, int fd, const char *field)
{
    char path[32], text[512], wanted[32];
    const char *line;

    snprintf(path, sizeof path, "fdinfo/%d", fd);
    snprintf(wanted, sizeof wanted, "\n%s:", field);
    if (step->proc_self == -1 || read_file_at(step->proc_self, path, text, sizeof text) == -1)
        return -1;
    line = strstr(text, wanted);
    return line == NULL ? -1 : strtol(line + strlen(wanted), NULL, 10);
}

bool
is_alive(int pidfd)
{
    struct pollfd end = {.fd = pidfd, .events = POLLIN}; /* readable: the process has ended */

    return poll(&end, 1, 0) != 1;
}

/* Before 05-cgroup is moved out of its cgroup, at its end, it says so in its name. What open_target has read as its
 * cgroup may then be the one that it was moved to. */
static bool
is_ending(int proc)
{
    char name[32] = "";

    read_file_at(proc, "comm", name, sizeof name);
    return strcmp(name, ENDING_NAME "\n") == 0;
}

/* The numbers after FIELD ("\nUid:") of a status file, translated into the target's user
 * namespace; numbers that it does not map are left out. */
static int
parse_ids(const char *status, const char *field, const struct id_map *map, uint32_t *ids, int max)
{
    const char *rest = strstr(status, field);
    char *next;
    int count = 0;

    if (rest == NULL)
        return 0;
    rest += strlen(field);
    /* MAX are read, not found: after the saved uid comes that for filesystems, and is none of three. */
    for (int read = 0; read < max && *rest != '\n'; read++, rest = next) {
        unsigned long id = strtoul(rest, &next, 10);
        int64_t inside = map == NULL ? (int64_t)id : id_inside(map, (uint32_t)id);

        if (next == rest)
            break;
        if (inside >= 0)
            ids[count++] = (uint32_t)inside;
        while (*next == ' ' || *next == '\t')
            next++;
    }
    return count;
}

/* Who is the target, and what may it do? */
static int
read_identity(struct target *target, bool same_user_namespace)
{
    struct id_map uids, gids;
    char status[16384];

    if (read_file_at(target->proc, "status", status, sizeof status) == -1 ||
        read_id_map(target->proc, "uid_map", &uids) == -1 ||
        read_id_map(target->proc, "gid_map", &gids) == -1)
        return -1;
    /* Uid: real, effective, saved, filesystem. */
    target->ids_mapped =
        parse_ids(status, "\nUid:", same_user_namespace ? NULL : &uids, target->uid, 3) == 3 &&
        parse_ids(status, "\nGid:", same_user_namespace ? NULL : &gids, target->gid, 3) == 3;
    target->group_count = parse_ids(status, "\nGroups:", same_user_namespace ? NULL : &gids,
                                    target->groups, MAX_GROUPS);
    target->outside_count =
        parse_ids(status, "\nGroups:", NULL, target->outside_groups, MAX_GROUPS);
    if (target->outside_count == MAX_GROUPS) { /* fewer groups would be another identity */
        errno = EOVERFLOW;
        return -1;
    }
    return parse_capabilities(status, &target->caps, &target->no_new_privs);
}

/* Cuts the path OWN of a cgroup down to the part that ITS begins with, too. */
static void
cut_to_common_part(char *own, const char *its)
{
    size_t same = 0, common = 0;

    for (;; same++) {
        if ((own[same] == '/' || own[same] == '\0') && (its[same] == '/' || its[same] == '\0'))
            common = same;
        if (own[same] != its[same] || own[same] == '\0')
            break;
    }
    own[common] = '\0';
}

/* Opens the target's cgroup and its cgroup.procs, unless we are in that cgroup already. */
static void
open_cgroup(struct target *target, const struct step *step)
{
    char own[4096], its[4096], path[4096] = "";

    if (read_cgroup_path(step->proc_self, "cgroup", own, sizeof own) == -1 ||
        read_cgroup_path(target->proc, "cgroup", its, sizeof its) == -1) {
        target->cgroup_error = errno == ENOENT ? 0 : errno; /* ENOENT: a kernel without cgroup v2 */
        return;
    }
    if (strcmp(own, its) == 0)
        return;
    cut_to_common_part(own, its);
    find_cgroup_file(own, "cgroup.procs", target->cgroup_ancestor, sizeof target->cgroup_ancestor);
    if (find_cgroup_file(its, "", path, sizeof path) == 0) {
        path[strlen(path) - 1] = '\0'; /* the "/" before FILE */
        target->cgroup = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (target->cgroup != -1)
            target->cgroup_procs = openat(target->cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    }
    if (target->cgroup_procs == -1) {
        target->cgroup_error = errno;
        target->cgroup_why = why_open_cgroup(target, path, its);
    }
}

/* Opens the user namespaces between ours and the target's: the kernel tells the parent of each,
 * ioctl_ns(2). Where the way does not lead to ours, only the target's own is left, for setns(2) to
 * say what it thinks of it. */
static void
open_user_namespaces(struct target *target, const struct step *step)
{
    int ns = fcntl(target->ns[NS_USER], F_DUPFD_CLOEXEC, 0);
    struct stat stat;

    while (ns != -1 && fstat(ns, &stat) == 0 && stat.st_ino != step->own.inode[NS_USER] &&
           target->user_count < MAX_NESTING) {
        memmove(target->user + 1, target->user, (size_t)target->user_count * sizeof ns);
        target->user[0] = ns;
        target->user_count++;
        ns = ioctl(ns, NS_GET_PARENT);
    }
    if (ns != -1) {
        close(ns);
        return;
    }
    while (target->user_count > 1) {
        close(target->user[0]);
        target->user_count--;
        memmove(target->user, target->user + 1, (size_t)target->user_count * sizeof ns);
    }
}

/* Is the directory ROOT, the root of a process whose mount namespace is MNT, the / that we have? In
 * another mount namespace it is a copy of ours, which has the same device and inode. In our own one
 * the mount must be the same, too: `mount --bind / /mnt` makes a second / in /mnt. */
static bool
is_our_root(const struct step *step, int root, uint64_t mnt)
{
    struct stat its, own;
    int ours = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    bool same = ours != -1 && fstat(root, &its) == 0 && fstat(ours, &own) == 0 &&
                its.st_dev == own.st_dev && its.st_ino == own.st_ino;

    if (same && mnt == step->own.inode[NS_MNT])
        same = read_fdinfo(step, root, "mnt_id") == read_fdinfo(step, ours, "mnt_id");
    if (ours != -1)
        close(ours);
    return same;
}

int
open_target(pid_t pid, const struct step *step, struct target *target, const char **what)
{
    char path[32];

    snprintf(path, sizeof path, "/proc/%d", (int)pid);
    target->pid = pid;
    *what = "pidfd_open";
    target->pidfd = sys_pidfd_open(pid);
    if (target->pidfd == -1)
        return -1;
    *what = "open /proc/PID";
    target->proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (target->proc == -1)
        return -1;
    *what = "read the links in /proc/PID/ns";
    if (read_namespaces(target->proc, &target->holds) == -1)
        return -1;
    for (int i = 0; i < NS_TYPES; i++) {
        if (target->holds.inode[i] == 0)
            continue;
        target->ns[i] = openat(target->proc, ns_types[i].link, O_RDONLY | O_CLOEXEC);
        if (target->ns[i] == -1)
            return -1;
    }
    *what = "open /proc/PID/root";
    target->root = openat(target->proc, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (target->root == -1)
        return -1;
    target->own_root = is_our_root(step, target->root, target->holds.inode[NS_MNT]);
    *what = "open /proc/PID/cwd";
    target->cwd = openat(target->proc, "cwd", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (target->cwd == -1)
        return -1;
    *what = "read /proc/PID/status";
    if (read_identity(target, target->holds.inode[NS_USER] == step->before.inode[NS_USER]) == -1)
        return -1;
    open_user_namespaces(target, step);
    open_cgroup(target, step);
    return 0;
}

void
close_target(struct target *target)
{
    int *all[] = {&target->pidfd, &target->proc,   &target->root,
                  &target->cwd,   &target->cgroup, &target->cgroup_procs};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (*all[i] != -1) {
            close(*all[i]);
            *all[i] = -1;
        }
    for (int i = 0; i < NS_TYPES; i++)
        if (target->ns[i] != -1) {
            close(target->ns[i]);
            target->ns[i] = -1;
        }
    while (target->user_count > 0)
        close(target->user[--target->user_count]);
}

void
start_from(struct step *step)
{
    const char *what;
    char line[4096];
    long pid;
    unsigned long long start;

    if (!step->joining)
        return;
    if (isatty(STDIN_FILENO))
        refuse(step,
               "\"-\" goes on from a record on stdin, but stdin is a terminal: "
               "01-unshare | %s - ...",
               step->name);
    what = read_line(line, sizeof line);
    if (what != NULL && what[0] == '\0')
        refuse(step, "the step before left no record");
    if (what == NULL)
        what = parse_record(line, &step->from);
    if (what != NULL)
        refuse(step, "what came on stdin is not the record of a step: %s", what);
    if (step->no_proc != NULL)
        refuse(step, "%s, so the record cannot be checked", step->no_proc);

    if (open_target(step->from.pid, step, &step->target, &what) == -1) {
        if ((errno == ESRCH || errno == ENOENT) && step->pid == getpid()) /* else: why tells */
            refuse(step, "%s is gone: no process %d is left to go on from", step->from.step,
                   (int)step->from.pid);
        fail(step, errno, why_open_target(step, step->from.pid), "%s (PID is %d)", what,
             (int)step->from.pid);
    }
    pid = read_fdinfo(step, step->target.pidfd, "Pid");
    start = read_start_time(step->target.proc);
    /* What has been read of a process that is alive now was true then. */
    if (!is_alive(step->target.pidfd))
        refuse(step, "%s is gone: process %d has ended", step->from.step, (int)step->from.pid);
    if (is_ending(step->target.proc))
        refuse(step, "%s is gone: process %d is just ending", step->from.step, (int)step->from.pid);
    /* A pidfd names one process for ever, a pid does not: do the two say the same? */
    if (pid != step->from.pid)
        refuse(step,
               "the record's pid %d is another process in this /proc: was it written in "
               "another pid namespace?",
               (int)step->from.pid);
    if (start != step->from.start)
        refuse(step,
               "process %d is not the one that wrote the record: it started at another "
               "time (the pid was used again%s)",
               (int)step->from.pid,
               step->own.inode[NS_TIME] == step->from.holds.inode[NS_TIME]
                   ? ""
                   : ", or this is another time namespace");
    for (int i = 0; i < NS_TYPES; i++)
        if (step->target.holds.inode[i] != step->from.holds.inode[i])
            refuse(step,
                   "process %d does not hold what the record says: %s is [%" PRIu64 "], "
                   "not [%" PRIu64 "]",
                   (int)step->from.pid, ns_types[i].name, step->target.holds.inode[i],
                   step->from.holds.inode[i]);
    step->before = step->from.holds;
    step->previous = fcntl(step->target.pidfd, F_DUPFD_CLOEXEC, 3);
    if (step->previous == -1) /* we would not notice when it ends */
        fail(step, errno, why_unknown("2 fcntl"), "fcntl(F_DUPFD_CLOEXEC)");
}

/* Those of pid and time that are not ours already. */
static int
types_for_children(const struct target *target, const struct namespaces *own)
{
    int types = 0;

    if (target->holds.inode[NS_PID] != own->inode[NS_PID])
        types |= ns_types[NS_PID].flag;
    if (target->holds.inode[NS_TIME] != own->inode[NS_TIME])
        types |= ns_types[NS_TIME].flag;
    return types;
}

/* setns(2) for a pid or time namespace. Into a pid namespace the caller itself does not move: its next
 * child will be born there. */
static int
enter_for_children(const struct target *target, const struct namespaces *own)
{
    int types = types_for_children(target, own);

    if ((types & ns_types[NS_PID].flag) && setns(target->ns[NS_PID], CLONE_NEWPID) == -1)
        return -1;
    return types & ns_types[NS_TIME].flag ? setns(target->ns[NS_TIME], ns_types[NS_TIME].flag) : 0;
}

/* The same for the TYPES one by one, from one user namespace to the next within it: each type can be
 * entered from the user namespace that owns it. */
static int
enter_level_by_level(const struct target *target, int types)
{
    for (int level = 0; level <= target->user_count; level++) {
        if (level > 0 && setns(target->user[level - 1], CLONE_NEWUSER) == -1)
            return -1;
        for (int i = 0; i < NS_TYPES; i++)
            if (i != NS_USER && (types & ns_types[i].flag) &&
                setns(target->ns[i], ns_types[i].flag) == 0)
                types &= ~ns_types[i].flag;
    }
    errno = EPERM;
    return (types & ~CLONE_NEWUSER) == 0 ? 0 : -1;
}

/* setns(2) to all namespaces of the target that are not ours already. */
static int
enter_namespaces(const struct target *target, const struct namespaces *own)
{
    bool entered_pid;
    int flags = 0;

    for (int i = 0; i < NS_TYPES; i++)
        if (i != NS_PID && i != NS_TIME && target->holds.inode[i] != own->inode[i])
            flags |= ns_types[i].flag;

    /* To enter a pid namespace one needs CAP_SYS_ADMIN in one's own user namespace and in the one that
     * owns it. Root has that now and may lose it by entering a user namespace; an ordinary user has it
     * only after entering. So: try before, and if that was not permitted, after. */
    entered_pid = enter_for_children(target, own) == 0;
    if (!entered_pid && errno != EPERM)
        return -1;
    /* One call, all or nothing; the kernel takes the user namespace first. It is not permitted when
     * the types belong to several user namespaces, one within the other. */
    if (flags != 0 && setns(target->pidfd, flags) == -1) {
        if (errno != EPERM || target->user_count < 2)
            return -1;
        if (!entered_pid)
            flags |= types_for_children(target, own);
        return enter_level_by_level(target, flags);
    }
    return entered_pid ? 0 : enter_for_children(target, own);
}

int
enter_root(const struct step *step)
{
    const struct target *target = &step->target;

    /* The very root that we have: chroot(2) to it would ask for CAP_SYS_CHROOT in vain. */
    if (target->own_root && target->holds.inode[NS_MNT] == step->own.inode[NS_MNT])
        return 0;
    return fchdir(target->root) == -1 ? -1 : chroot(".");
}

int
enter_typed_cwd(struct step *step)
{
    /* Operands are relative to where they were typed, as long as "/" is still the same one. By its
     * name, not by a descriptor: that would lead out to the old mount namespace. */
    if (step->target.own_root && step->cwd != NULL && chdir(step->cwd) == 0)
        return 0;
    step->lost_cwd = step->target.own_root;
    return chdir("/");
}

void
check_path(struct step *step, const char *path)
{
    if (step->lost_cwd && path[0] != '/')
        refuse(
            step,
            "%s is relative to the directory in which you are, and that is not there, or may not "
            "be entered, after the step before: type the whole path, beginning with /",
            path);
}

void
refuse_link(struct step *step, const char *path)
{
    struct stat there;
    char to[256] = "";

    if (lstat(path, &there) == -1 || !S_ISLNK(there.st_mode))
        return;
    if (readlink(path, to, sizeof to - 1) == -1)
        to[0] = '\0';
    refuse(
        step,
        "%s is a symbolic link to %s, and may lead out of the new root: put a directory in its place, "
        "rm %s && mkdir %s",
        path, to, path, path);
}

int
enter_cgroup(struct step *step)
{
    const struct target *target = &step->target;

    if (target->cgroup_error != 0) {
        errno = target->cgroup_error;
        return -1;
    }
    if (target->cgroup_procs == -1)
        return 0;
    /* "0" is whoever writes it: no pid that could be the wrong one, cgroups(7). */
    if (write(target->cgroup_procs, "0", 1) == -1)
        return -1;
    look_at_pids_max(step, target->cgroup);
    return 0;
}

void
refuse_foreign(struct step *step, bool becomes)
{
    const struct target *target = &step->target;
    uid_t owner;

    if (target->holds.inode[NS_USER] == step->own.inode[NS_USER] ||
        ioctl(target->ns[NS_USER], NS_GET_OWNER_UID, &owner) == -1 || owner == geteuid() ||
        (becomes && target->ids_mapped))
        return;
    refuse(
        step,
        "the user namespace of process %d belongs to uid %u, who would rule over uid %u in there: "
        "%s",
        (int)target->pid, owner, geteuid(),
        target->ids_mapped ? "join everything (no choice of namespaces), and become who it is"
                           : "nobody has mapped it, so do this as that user");
}

void
leave_groups(const struct step *step)
{
    /* While we are still outside, all of them have a number, and "deny" in there is no obstacle. An
     * ordinary user may not, and has the groups of his own process anyway. */
    if (step->target.holds.inode[NS_USER] != step->own.inode[NS_USER] &&
        have_capability(CAP_SETGID))
        setgroups((size_t)step->target.outside_count, step->target.outside_groups);
}

/* Takes over the groups where that is allowed: user_namespaces(7), /proc/PID/setgroups. */
static void
take_groups(const struct target *target)
{
    gid_t own[MAX_GROUPS];
    int count = getgroups(MAX_GROUPS, own);

    if (count == target->group_count &&
        memcmp(own, target->groups, (size_t)count * sizeof own[0]) == 0)
        return;
    if (setgroups((size_t)target->group_count, target->groups) == -1)
        return; /* "deny", or no CAP_SETGID: we keep ours, as every process in there did */
}

int
take_identity(const struct target *target)
{
    if (target->ids_mapped) {
        /* Without this flag, leaving uid 0 would clear the capabilities that we are about to set
         * ourselves, capabilities(7). */
        if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == -1)
            return -1;
        take_groups(target);
        if (setresgid(target->gid[0], target->gid[1], target->gid[2]) == -1 ||
            setresuid(target->uid[0], target->uid[1], target->uid[2]) == -1 ||
            prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) == -1)
            return -1;
    }
    if (target->user_count > 0)
        join_new_keyring();
    if (target->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
        return -1;
    return set_capabilities(&target->caps);
}

void
join_new_keyring(void)
{
    /* Where the kernel has no keyrings, or may make no more, there is nothing to leave either. */
    syscall(SYS_keyctl, 1L /* KEYCTL_JOIN_SESSION_KEYRING */, NULL);
}

struct keep
keep_death_signal(void)
{
    struct keep keep = {.death_signal = 0};

    if (prctl(PR_GET_PDEATHSIG, &keep.death_signal, 0, 0, 0) == -1) {
        fprintf(stderr, "%s: prctl(PR_GET_PDEATHSIG): %s\n", program_invocation_short_name,
                strerror(errno));
        exit(EXIT_STEP_FAILED);
    }
    keep.dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
    keep.parent = getppid();
    return keep;
}

void
restore_death_signal(struct keep keep)
{
    if (keep.dumpable == 1)
        prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    if (keep.death_signal == 0)
        return;
    set_death_signal(keep.death_signal);
    /* Did the parent die while the signal was cleared? A parent outside our pid namespace is 0
     * before and after: then PID 1 has died with it, and we with PID 1. */
    if (getppid() != keep.parent)
        _exit(EXIT_STEP_FAILED);
}

void
check_joined(struct step *step, int types)
{
    const struct namespaces *wanted = &step->target.holds;
    struct namespaces now;

    read_namespaces(step->proc_self, &now);
    for (int i = 0; i < NS_TYPES; i++)
        if ((types & ns_types[i].flag) && now.inode[i] != wanted->inode[i])
            refuse(step, "joined, but %s is [%" PRIu64 "] and not [%" PRIu64 "]", ns_types[i].name,
                   now.inode[i], wanted->inode[i]);
}

void
join(struct step *step)
{
    struct target *target = &step->target;
    struct keep keep = keep_death_signal();

    if (!step->joining)
        return;
    refuse_foreign(step, true);
    leave_groups(step);
    if (enter_namespaces(target, &step->own) == -1)
        fail(step, errno, why_setns(step, ns_all_flags()), "setns(pid %d)", (int)target->pid);
    if (enter_root(step) == -1)
        fail(step, errno, why_enter_root(step), "chroot(\"/proc/%d/root\")", (int)target->pid);
    if (enter_typed_cwd(step) == -1)
        fail(step, errno, why_chdir(step, -1), "chdir(\"/\")");
    if (enter_cgroup(step) == -1)
        fail(step, errno, why_join_cgroup(step), "write 0 to cgroup.procs of %s", step->from.step);
    if (take_identity(target) == -1)
        fail(step, errno, why_identity(step), "become what process %d is", (int)target->pid);
    restore_death_signal(keep);

    check_joined(step, ns_all_flags());
    close_target(target);
}
