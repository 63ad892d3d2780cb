/*
 * why-namespace.c - why did unshare(2), clone(2), or what 01-unshare does after them, fail? In the order
 * in which the kernel checks: kernel/fork.c, kernel/user_namespace.c, kernel/nsproxy.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <linux/utsname.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "why.h"

/* No detector has matched. Where it could not look into /proc, it says so. */
static struct why
say_unknown(const struct step *step, const char *man_page)
{
    return step->no_proc != NULL ? say_no_proc() : why_unknown(man_page);
}

/* ---- unshare(2) ----------------------------------------------------------------------------- */

/* Which of our effective ids has no number in our user namespace: "uid 65534", or NULL. */
static const char *
find_unmapped_id(const struct step *step, char *text, size_t size)
{
    int proc = open_own_proc(step);
    struct id_map map;

    text[0] = '\0';
    if (proc == -1)
        return NULL;
    if (read_id_map(proc, "uid_map", &map) == 0 && id_outside(&map, geteuid()) == -1)
        snprintf(text, size, "uid %u", geteuid());
    else if (read_id_map(proc, "gid_map", &map) == 0 && id_outside(&map, getegid()) == -1)
        snprintf(text, size, "gid %u", getegid());
    close(proc);
    return text[0] != '\0' ? text : NULL;
}

/* Debian's own check, which comes before those of create_user_ns. */
static bool
only_root_may_clone(const struct step *step)
{
    return read_number("/proc/sys/kernel/unprivileged_userns_clone") == 0 &&
           !(in_first_user_namespace(step) && have_capability(CAP_SYS_ADMIN));
}

/* EPERM of CLONE_NEWUSER itself: kernel/user_namespace.c, create_user_ns. */
static struct why
find_why_no_user(const struct step *step)
{
    char path[200], id[32];
    bool found;

    if (only_root_may_clone(step))
        return say_why("as root: sysctl kernel.unprivileged_userns_clone=1",
                       "kernel.unprivileged_userns_clone is 0, so only root outside of all user "
                       "namespaces may make one");
    found = find_chroot(path, sizeof path) == 1;
    if (found || in_chroot(step))
        return say_why("04-pivot_root instead of 03-chroot, before the user namespace",
                       "this process is in a chroot%s%s, and there CLONE_NEWUSER is refused to "
                       "everybody",
                       found ? ": its / is " : "", found ? path : "");
    if (find_unmapped_id(step, id, sizeof id) != NULL)
        return say_why(
            "map it while 01-unshare stays behind: 01-unshare --user | 07-userns-map - | "
            "...; or let 07 make the namespace: 07-userns-map -- ...",
            "%s is not mapped in this user namespace, and only who is mapped may make another", id);
    return say_unknown(step, "2 unshare");
}

/* A security module has the last word: security_create_user_ns says EACCES, and EPERM is what comes of a
 * capability that the process has and may not use, security/apparmor/capability.c. */
static struct why
find_why_confined(const struct step *step, int flags, int error)
{
    char label[200];
    bool confined = find_confinement(step, label, sizeof label);

    if (confined && error == EACCES)
        return say_apparmor(label, "user namespaces", "userns,");
    if (confined && (flags & ~CLONE_NEWUSER) != 0)
        return say_apparmor(label, "CAP_SYS_ADMIN, although the process has it",
                            "capability sys_admin,");
    if ((flags & CLONE_NEWUSER) &&
        read_number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1 &&
        !(in_first_user_namespace(step) && have_capability(CAP_SYS_ADMIN)))
        return say_why("run it as root; or as root: a profile for the steps that has the rule "
                       "\"userns,\" (man apparmor.d)",
                       "kernel.apparmor_restrict_unprivileged_userns is 1, and AppArmor has no "
                       "profile for this program that allows user namespaces");
    return say_unknown(step, "2 unshare");
}

/* The line NSpid of a status file has a number of the process for each pid namespace, from that of /proc to
 * its own: how many are they, and which is the last? proc_pid_status(5). */
static int
parse_nspid(const char *status, long *last)
{
    const char *rest = strstr(status, "\nNSpid:");
    int levels = 0;
    char *next;

    if (rest == NULL)
        return 0;
    for (rest += strlen("\nNSpid:"); *rest == '\t'; rest = next, levels++)
        *last = strtol(rest + 1, &next, 10);
    return levels;
}

/* How deep is our pid namespace, counted from that of /proc? 1: the same; 0: cannot tell. */
static int
count_pid_levels(const struct step *step)
{
    int proc = open_own_proc(step), levels = 0;
    char status[16384];
    long last;

    if (proc != -1 && read_file_at(proc, "status", status, sizeof status) != -1)
        levels = parse_nspid(status, &last);
    close(proc);
    return levels;
}

/* ENOSPC: a type of namespace is limited by number for each user, in each user namespace on the way to
 * the first, kernel/ucount.c. How many there are can be read nowhere, nor the limits of outer ones. */
static struct why
find_why_no_space(const struct step *step, int flags)
{
    /* The order of create_user_ns and create_new_namespaces. */
    static const int order[NS_TYPES] = {NS_USER, NS_MNT,    NS_UTS, NS_IPC,
                                        NS_PID,  NS_CGROUP, NS_NET, NS_TIME};
    bool outer = !in_first_user_namespace(step);
    char limits[300] = "", path[64];
    size_t used = 0;

    for (int i = 0; i < NS_TYPES; i++) {
        const struct ns_type *type = &ns_types[order[i]];
        long limit;

        if (!(flags & type->flag))
            continue;
        snprintf(path, sizeof path, "/proc/sys/user/max_%s_namespaces", type->name);
        limit = read_number(path);
        if (limit == 0)
            return say_why("as root: write a larger number to it",
                           "%s is 0: no such namespace may be made", path);
        if (type->flag == CLONE_NEWPID && count_pid_levels(step) > 32) /* MAX_PID_NS_LEVEL */
            return say_why(
                "leave --pid out: name the types that are wanted, as in 01-unshare -m -u",
                "pid namespaces are nested 32 deep here already, and there is no more");
        if (limit > 0 && limit < INT_MAX && used < sizeof limits)
            used += (size_t)snprintf(limits + used, sizeof limits - used, "%smax_%s_namespaces %ld",
                                     used > 0 ? ", " : "", type->name, limit);
    }
    if (used == 0 && !outer)
        return say_unknown(step, "2 unshare");
    return say_why(
        "lsns shows the namespaces and their processes: end some; or as root outside: sysctl "
        "user.max_TYPE_namespaces=N, with a larger N",
        "uid %u has as many namespaces as it may have%s%s%s%s", geteuid(),
        used > 0 ? ": in /proc/sys/user here " : "", limits,
        outer ? (used > 0 ? "; or fewer by" : " by") : "",
        !outer ? ""
        : (flags & CLONE_NEWUSER)
            ? " the limits of an outer user namespace, which cannot be seen "
              "from here; or user namespaces are nested 33 deep already, and there is no more"
            : " the limits of an outer user namespace, which cannot be seen "
              "from here");
}

/* Does our pid namespace belong to a user namespace within ours? (06-nsenter --pid without --user.) */
static bool
is_pid_namespace_of_inner(int proc)
{
    int ns = openat(proc, "ns/pid", O_RDONLY | O_CLOEXEC);
    int owner = ns == -1 ? -1 : ioctl(ns, NS_GET_USERNS); /* EPERM: of ours or an outer one */
    struct stat theirs, own;
    bool inner = owner != -1 && fstat(owner, &theirs) == 0 &&
                 fstatat(proc, "ns/user", &own, 0) == 0 && theirs.st_ino != own.st_ino;

    close(owner);
    close(ns);
    return inner;
}

/* EINVAL: kernel/pid_namespace.c, copy_pid_ns and create_pid_namespace; or a type that this kernel was
 * built without. */
static struct why
find_why_invalid(const struct step *step, int flags)
{
    int proc = open_own_proc(step);
    struct stat own, children;
    struct why why = say_unknown(step, "2 unshare");

    if (proc == -1)
        return why;
    if ((flags & CLONE_NEWPID) && fstatat(proc, "ns/pid", &own, 0) == 0 &&
        (fstatat(proc, "ns/pid_for_children", &children, 0) == -1 || own.st_ino != children.st_ino))
        why = say_why("leave --pid out here: the step before has made one",
                      "this process holds a new pid namespace for its children already, and can "
                      "hold only one");
    else if ((flags & CLONE_NEWPID) && is_pid_namespace_of_inner(proc))
        why = say_why("enter the user namespace, too: 06-nsenter --user --pid ...",
                      "this process is in a pid namespace that belongs to a user namespace within "
                      "ours, and a further one would have to, too");
    else
        for (int i = 0; i < NS_TYPES; i++) {
            char link[32];

            snprintf(link, sizeof link, "ns/%s", ns_types[i].name);
            if ((flags & ns_types[i].flag) && fstatat(proc, link, &own, 0) == -1)
                why = say_why("`make vm` starts a kernel that has them all",
                              "this kernel has no %s namespaces: /proc/self/%s is not there",
                              ns_types[i].name, link);
        }
    close(proc);
    return why;
}

static struct why
find_why_unshare(const struct step *step, int flags, int error)
{
    /* The probe must not meet Debian's check, which says EPERM, too. */
    if (seccomp_refuses(SYS_unshare,
                        (unsigned)(only_root_may_clone(step) ? flags & ~CLONE_NEWUSER : flags)))
        return say_seccomp("unshare");
    if (error == ENOSPC)
        return find_why_no_space(step, flags);
    if (error == EINVAL)
        return find_why_invalid(step, flags);
    if (error == EPERM && (flags & CLONE_NEWUSER)) {
        struct why why = find_why_no_user(step);

        if (why.because[0] != '\0')
            return why;
    } else if (error == EPERM && !have_capability(CAP_SYS_ADMIN)) {
        return say_missing("without --user unshare", "CAP_SYS_ADMIN");
    }
    if (error == EPERM || error == EACCES)
        return find_why_confined(step, flags, error);
    return say_unknown(step, "2 unshare");
}

struct why
why_unshare(const struct step *step, int flags)
{
    int error = errno;
    struct why why = find_why_unshare(step, flags, error);

    errno = error;
    return why;
}

/* ---- what 01 sets in its new namespaces ----------------------------------------------------- */

struct why
why_hostname(const struct step *step, const char *name)
{
    int error = errno;
    struct why why = why_unknown("2 sethostname");
    char label[200];

    if (seccomp_refuses(SYS_sethostname, 0))
        why = say_seccomp("sethostname");
    else if (error == EPERM && !have_capability(CAP_SYS_ADMIN))
        why = say_missing("sethostname", "CAP_SYS_ADMIN");
    else if (error == EPERM && find_confinement(step, label, sizeof label))
        why = say_apparmor(label, "CAP_SYS_ADMIN, although the process has it",
                           "capability sys_admin,");
    else if (error == EINVAL && strlen(name) > __NEW_UTS_LEN) /* musl's HOST_NAME_MAX is 255 */
        why = say_why("a shorter name", "the name has %zu bytes, and the kernel takes %d at most",
                      strlen(name), __NEW_UTS_LEN);
    errno = error;
    return why;
}

/* kernel/time/namespace.c, proc_timens_set_offset. */
static struct why
find_why_clock(const struct step *step, int clock, const char *seconds, int error)
{
    struct statvfs fs;
    char label[200];

    if (step->no_proc != NULL)
        return say_why("02-mountproc mounts one", "the offsets are set through /proc/self, and %s",
                       step->no_proc);
    if (error == EROFS && fstatvfs(step->proc_self, &fs) == 0 && (fs.f_flag & ST_RDONLY))
        return say_why(
            "before it: 01-unshare -m -p -- 02-mountproc -- 01-unshare --time ...",
            "the offsets are set through /proc/self, and /proc is mounted read-only here");
    if (error == EPERM && !have_capability(CAP_SYS_TIME))
        return say_missing("setting a clock of a time namespace", "CAP_SYS_TIME");
    if (error == EPERM && find_confinement(step, label, sizeof label))
        return say_apparmor(label, "CAP_SYS_TIME, although the process has it",
                            "capability sys_time,");
    if (error == ERANGE)
        return say_why(
            seconds[0] != '-' ? "a smaller number"
            : clock == 1
                ? "a smaller number: CLOCK_MONOTONIC is what /proc/uptime shows, outside of "
                  "time namespaces, without the time in which the machine was suspended"
                : "a smaller number: `cut -d . -f 1 /proc/uptime`, outside of time "
                  "namespaces, shows how many seconds there are to take away",
            "%s s would take %s in the new namespace %s", seconds,
            clock == 1 ? "CLOCK_MONOTONIC" : "CLOCK_BOOTTIME",
            seconds[0] == '-' ? "below 0" : "beyond the 146 years that the kernel allows");
    return why_unknown("7 time_namespaces");
}

struct why
why_clock(const struct step *step, int clock, const char *seconds)
{
    int error = errno;
    struct why why = find_why_clock(step, clock, seconds, error);

    errno = error;
    return why;
}

/* ---- clone(2) ------------------------------------------------------------------------------- */

/* What is looked for in a /proc, process by process. */
struct census {
    ino_t pid_namespace; /* has this one... */
    bool has_init;       /* ...a PID 1 that lives, */
    bool may_be_hidden;  /* also if it is one that we may not look at? */
    ino_t user_namespace;
    unsigned uid;
    long tasks; /* of that real uid in that user namespace */
};

static bool
look_at_process(int proc, const char *pid, void *argument)
{
    struct census *census = argument;
    char path[32], status[16384];
    const char *line;
    struct stat ns;
    long number = 0;

    snprintf(path, sizeof path, "%.16s/status", pid);
    if (pid[0] < '0' || pid[0] > '9' || read_file_at(proc, path, status, sizeof status) == -1)
        return true;
    if (strstr(status, "\nState:\tZ") == NULL && parse_nspid(status, &number) > 1 && number == 1) {
        snprintf(path, sizeof path, "%.16s/ns/pid", pid);
        census->has_init |= fstatat(proc, path, &ns, 0) == -1 ? census->may_be_hidden
                                                              : ns.st_ino == census->pid_namespace;
    }
    snprintf(path, sizeof path, "%.16s/ns/user", pid);
    line = strstr(status, "\nUid:");
    if (line != NULL && strtoul(line + strlen("\nUid:"), NULL, 10) == census->uid &&
        fstatat(proc, path, &ns, 0) == 0 && ns.st_ino == census->user_namespace &&
        (line = strstr(status, "\nThreads:")) != NULL)
        census->tasks += strtol(line + strlen("\nThreads:"), NULL, 10);
    return true;
}

/* Looks at all processes in the /proc to which OWN, our own /proc/PID, belongs. False when not all of
 * them are shown: proc(5), hidepid. */
static bool
take_census(int own, struct census *census)
{
    int proc = openat(own, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
    char first[32];
    bool all = proc != -1 && read_file_at(proc, "1/comm", first, sizeof first) != -1;

    if (all)
        for_each_child(proc, look_at_process, census);
    close(proc);
    return all;
}

/* Is the /proc here one of a pid namespace inside, whose PID 1 is no more, or a zombie? */
static bool
is_proc_without_init(void)
{
    int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    char stat[1024], *rest = NULL;
    struct statfs fs;
    bool without = false;

    if (proc != -1 && fstatfs(proc, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC) {
        if (read_file_at(proc, "1/stat", stat, sizeof stat) == -1)
            without = errno == ENOENT || errno == ESRCH;
        else if ((rest = strrchr(stat, ')')) != NULL) /* its state follows, proc_pid_stat(5) */
            without = strncmp(rest, ") Z", 3) == 0;
    }
    close(proc);
    return without;
}

/* May PID 1 of the pid namespace of our children, OWN is our /proc/PID, be one that we may not look at? Not
 * with CAP_SYS_PTRACE in the user namespace that it belongs to, or in one around that. */
static bool
may_be_hidden(int own)
{
    int ns = openat(own, "ns/pid_for_children", O_RDONLY | O_CLOEXEC);
    int owner = ns == -1 ? -1 : ioctl(ns, NS_GET_USERNS); /* EPERM: neither ours nor within */

    close(ns);
    close(owner);
    return owner == -1 || !have_capability(CAP_SYS_PTRACE);
}

/* Has PID 1 of the pid namespace that our children get died? kernel/pid.c, alloc_pid, says ENOMEM then. */
static bool
is_pid_namespace_dead(const struct step *step)
{
    struct census census = {.pid_namespace = step->now.inode[NS_PID]};
    int own = open_own_proc(step);
    struct stat active;
    bool dead = false;

    if (own == -1) /* after joining: the /proc here is the container's, and does not show us */
        return is_proc_without_init();
    if (census.pid_namespace != 0 && fstatat(own, "ns/pid", &active, 0) == 0 &&
        active.st_ino != census.pid_namespace) {
        census.may_be_hidden = may_be_hidden(own);
        dead = take_census(own, &census) && !census.has_init;
    }
    close(own);
    return dead;
}

/* RLIMIT_NPROC: kernel/fork.c, copy_process. It does not bind the machine's own root. */
static bool
has_all_tasks(const struct step *step, long *tasks, unsigned long *limit)
{
    struct census census = {.uid = getuid()};
    int own = open_own_proc(step);
    struct rlimit nproc;
    struct stat user;
    bool counted = own != -1 && fstatat(own, "ns/user", &user, 0) == 0;

    census.user_namespace = counted ? user.st_ino : 0;
    counted =
        counted && getrlimit(RLIMIT_NPROC, &nproc) == 0 && nproc.rlim_cur != RLIM_INFINITY &&
        !(in_first_user_namespace(step) &&
          (getuid() == 0 || have_capability(CAP_SYS_RESOURCE) || have_capability(CAP_SYS_ADMIN)));
    if (counted)
        take_census(own, &census);
    close(own);
    *tasks = census.tasks;
    *limit = counted ? nproc.rlim_cur : 0;
    return counted && (unsigned long)census.tasks >= nproc.rlim_cur;
}

/* EAGAIN: which limit on the number of processes? In the order of kernel/fork.c, copy_process. */
static struct why
find_why_no_more(const struct step *step)
{
    long tasks, max = read_number("/proc/sys/kernel/threads-max");
    unsigned long limit;
    struct why why;
    char text[128] = "";
    int all = 0;

    if (has_all_tasks(step, &tasks, &limit))
        return say_why(
            "end some: ps -u $(id -u); or a larger limit, up to that of ulimit -Hu, in bash: ulimit -u N",
            "RLIMIT_NPROC (ulimit -u) is %lu, and uid %u runs %ld processes and threads here",
            limit, getuid(), tasks);
    if (read_file_at(AT_FDCWD, "/proc/loadavg", text, sizeof text) > 0 &&
        sscanf(text, "%*s %*s %*s %*d/%d", &all) == 1 && max > 0 && all >= max)
        return say_why("as root: write a larger number to it",
                       "this machine runs %d threads, and /proc/sys/kernel/threads-max allows %ld",
                       all, max);
    if (why_pids_max(step, &why))
        return why;
    return why_unknown("2 fork");
}

static struct why
find_why_fork(const struct step *step, int error)
{
    if (seccomp_refuses(SYS_clone, 0))
        return say_seccomp("clone");
    if (error == EMFILE || error == ENFILE) /* of a pipe(2) to the child */
        return say_files(error);
    if (error == EAGAIN)
        return find_why_no_more(step);
    if (error == ENOMEM && is_pid_namespace_dead(step))
        return say_why(
            "start again from 01-unshare",
            "PID 1 of the pid namespace has died, and the kernel starts nothing there any more");
    if (error == ENOMEM && access("/proc/1", F_OK) == -1)
        return say_no_proc();
    return why_unknown("2 fork");
}

static struct why
find_why_copy(int program, int error)
{
    struct rlimit size;

    if (seccomp_refuses(SYS_memfd_create, 0))
        return say_seccomp("memfd_create");
    if (error == EMFILE || error == ENFILE)
        return say_files(error);
    if (program == -1 && error == EACCES)
        return say_why("its owner types: chmod +r PROGRAM",
                       "this program may be executed, but not read");
    if (error == EFBIG && getrlimit(RLIMIT_FSIZE, &size) == 0 && size.rlim_cur != RLIM_INFINITY)
        return say_why(
            "ulimit -f unlimited",
            "PID 1 runs from a copy of this program, and here no file may have more than "
            "%llu bytes (RLIMIT_FSIZE)",
            (unsigned long long)size.rlim_cur);
    /* Linux 6.3, one for each pid namespace; an outer one counts as well. */
    if (error == EACCES && read_number("/proc/sys/vm/memfd_noexec") == 2)
        return say_why("as root, where this pid namespace was made: sysctl vm.memfd_noexec=0",
                       "PID 1 runs from a copy of this program in memory, and the sysctl "
                       "vm.memfd_noexec is 2: nothing in memory may be executed");
    return why_unknown("2 memfd_create");
}

struct why
why_copy(int program)
{
    int error = errno;
    struct why why = find_why_copy(program, error);

    errno = error;
    return why;
}

struct why
why_fork(const struct step *step)
{
    int error = errno;
    struct why why = find_why_fork(step, error);

    errno = error;
    return why;
}
