/*
 * why.c - why did that call fail? The questions that several diagnoses ask, about what user space
 * can read. The diagnoses themselves are in why-*.c, one file for a group of calls. None of them
 * guesses: when nothing matches, "because" stays empty, which prints as "not known".
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "why.h"

struct why
say_why(const char *hint, const char *format, ...)
{
    struct why why = {.because = ""};
    va_list list;

    va_start(list, format);
    vsnprintf(why.because, sizeof why.because, format, list);
    va_end(list);
    snprintf(why.hint, sizeof why.hint, "%s", hint);
    make_printable(
        why.because); /* a mount point, or what a symbolic link leads to, may hold anything */
    make_printable(why.hint);
    return why;
}

struct why
why_unknown(const char *man_page)
{
    struct why why = {.because = ""};

    snprintf(why.hint, sizeof why.hint, "man %s%s", man_page,
             man_page[0] == '2' ? ", under ERRORS" : "");
    return why;
}

long
read_number(const char *path)
{
    char text[64];

    return read_file_at(AT_FDCWD, path, text, sizeof text) > 0 ? strtol(text, NULL, 10) : -1;
}

bool
in_chroot(const struct step *step)
{
    struct mounts mounts;
    bool known = read_mounts(step, &mounts), root_seen = false;

    for (int i = 0; i < mounts.count; i++)
        root_seen |= strcmp(mounts.mount[i].point, "/") == 0;
    free_mounts(&mounts);
    return known && !root_seen;
}

static bool
is_mapped(const char *file, uint32_t id)
{
    struct id_map map;

    return read_id_map(AT_FDCWD, file, &map) == -1 || id_outside(&map, id) != -1;
}

bool
ids_are_mapped(void)
{
    return is_mapped("/proc/self/uid_map", geteuid()) && is_mapped("/proc/self/gid_map", getegid());
}

struct why
say_missing(const char *call, const char *name)
{
    struct why why;
    char keep[128];

    if (say_if_withheld(name, &why))
        return why;
    if (!ids_are_mapped())
        return say_why(
            "map it before the next command: 07-userns-map -- 01-unshare ... -- COMMAND, or "
            "01-unshare --user ... | 07-userns-map - | ...",
            "uid %u is not mapped in this user namespace, so it lost its capabilities when "
            "this program was executed, and %s needs %s",
            geteuid(), call, name);
    snprintf(
        keep, sizeof keep,
        "keep it until then: 08-capset after this step; in a container: docker run --cap-add %s",
        name + strlen("CAP_"));
    return say_why(
        geteuid() == 0
            ? keep
            : "run it as root, or in a user namespace of your own: 07-userns-map -- 01-unshare ... "
              "-- COMMAND",
        "%s needs %s, which uid %u does not have here", call, name, geteuid());
}

struct why
say_no_proc(void)
{
    return say_why("02-mountproc mounts one",
                   "/proc is not mounted here, or belongs to another pid "
                   "namespace, and this is found in there");
}

/* Makes the harmless form of a call: 0 or its errno; *USUAL is what that is without a filter, -1 when the
 * call has no such form. The kernel's own order of checks makes them harmless: a bad flag, descriptor or
 * path is noticed before anything is done. */
static int
call_harmlessly(long number, unsigned long flags, int *usual)
{
    struct __user_cap_header_struct no_version = {0};
    long result = 0;

    *usual = -1;
    if (number == SYS_unshare) { /* kernel/fork.c, check_unshare_flags: it knows no flag 1 */
        *usual = EINVAL;
        result = syscall(number, flags | 1);
    } else if (number == SYS_setns) {
        *usual = EBADF;
        result = syscall(number, -1, flags);
    } else if (number == SYS_pidfd_open) {
        *usual = EINVAL;
        result = syscall(number, -1, flags);
    } else if (number == SYS_clone) { /* kernel/fork.c, copy_process: CLONE_THREAD alone */
        *usual = EINVAL;
        result = syscall(number, (unsigned long)CLONE_THREAD, 0L, 0L, 0L, 0L);
    } else if (number == SYS_memfd_create) { /* it does not know all flags */
        *usual = EINVAL;
        result = syscall(number, "", ~0U);
    } else if (number == SYS_mount) {
        *usual = ENOENT;
        result = syscall(number, "", "", "", flags, NULL);
    } else if (number == SYS_umount2 || number == SYS_chroot) {
        *usual = ENOENT;
        result = syscall(number, "", number == SYS_umount2 ? flags : 0);
    } else if (number == SYS_open_tree ||
               (number == SYS_move_mount && have_capability(CAP_SYS_ADMIN))) {
        *usual = EINVAL; /* no call knows all flags */
        result = number == SYS_open_tree ? syscall(number, -1, "", ~0U)
                                         : syscall(number, -1, "", -1, "", ~0U);
    } else if (number == SYS_execve) {
        *usual = ENOENT;
        result = syscall(number, "", NULL, NULL);
    } else if (number == SYS_pivot_root && have_capability(CAP_SYS_ADMIN)) { /* else EPERM anyway */
        *usual = ENOENT;
        result = syscall(number, "", "");
    } else if (number == SYS_sethostname && have_capability(CAP_SYS_ADMIN)) {
        *usual = EINVAL;
        result = syscall(number, "", -1L);
    } else if (number == SYS_setresuid || number == SYS_setresgid) { /* -1: as it is */
        *usual = 0;
        result = syscall(number, -1, -1, -1);
    } else if (number == SYS_capset) {
        *usual = EINVAL;
        result = syscall(number, &no_version, NULL);
    } else if (number == SYS_prctl && flags != PR_SET_SECUREBITS &&
               (flags != PR_CAPBSET_DROP || have_capability(CAP_SETPCAP))) {
        *usual = EINVAL; /* -1 is no value for any option that the steps use */
        result = syscall(number, flags, -1L, -1L, -1L, -1L);
    }
    return result == -1 ? errno : 0;
}

bool
seccomp_refuses(long number, unsigned long flags)
{
    int before = errno, usual, error;
    bool filtered = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_FILTER;

    if (!filtered)
        return false;
    error = call_harmlessly(number, flags, &usual);
    errno = before;
    return usual != -1 && error != usual;
}

struct why
say_seccomp(const char *call)
{
    return say_why(
        "start it outside of that; or docker run --security-opt seccomp=unconfined ..., "
        "in a systemd unit RestrictNamespaces=no",
        "a seccomp filter refuses %s to this process, whatever its capabilities; container "
        "runtimes and service managers set such filters",
        call);
}

int
open_own_proc(const struct step *step)
{
    /* AppArmor may shut what was opened in another mount namespace: there is no path to it. */
    int proc,
        test = step->proc_self == -1 ? -1 : openat(step->proc_self, "status", O_RDONLY | O_CLOEXEC);
    int self = test == -1 ? open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC)
                          : fcntl(step->proc_self, F_DUPFD_CLOEXEC, 3);

    close(test);
    if (self == -1 && (proc = open_detached_proc()) != -1) {
        self = openat(proc, "self", O_PATH | O_DIRECTORY | O_CLOEXEC);
        close(proc);
    }
    return self;
}

bool
in_first_user_namespace(const struct step *step)
{
    int proc = open_own_proc(step);
    struct stat own;
    bool first =
        proc != -1 && fstatat(proc, "ns/user", &own, 0) == 0 && own.st_ino == FIRST_USER_NS;

    if (proc != -1)
        close(proc);
    return first;
}

int
find_chroot(char *path, size_t size)
{
    int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
    int answer = -1;

    /* Entering the mount namespace in which we are anyway makes "/" and "." the root of it. From there,
     * what was "/" has a name. Unlike getcwd(3), the call itself has one for each: "(unreachable)/". */
    if (root != -1 && cwd != -1 && self != -1 && setns(self, CLONE_NEWNS) == 0) {
        if (fchdir(root) == 0 && syscall(SYS_getcwd, path, size) > 0)
            answer = strcmp(path, "/") != 0;
        if (fchdir(root) == -1 || chroot(".") == -1 || fchdir(cwd) == -1)
            answer = -1;
    }
    close(root);
    close(cwd);
    close(self);
    return answer;
}

/* The label of the process whose /proc/PID is PROC. */
static bool
read_label(int proc, char *label, size_t size)
{
    if (read_file_at(proc, "attr/apparmor/current", label, size) <= 0 && /* Linux 5.8 */
        read_file_at(proc, "attr/current", label, size) <= 0)
        return false;
    label[strcspn(label, "\n")] = '\0';
    /* AppArmor's other modes deny nothing. SELinux writes user:role:type:level. */
    return strstr(label, " (enforce)") != NULL || strstr(label, " (kill)") != NULL ||
           strstr(label, " (mixed)") != NULL ||
           (strchr(label, ':') != NULL && strchr(label, '(') == NULL);
}

bool
find_confinement(const struct step *step, char *label, size_t size)
{
    int proc = open_own_proc(step);
    bool confined = proc != -1 && read_label(proc, label, size);

    close(proc);
    return confined;
}

bool
say_if_withheld(const char *name, struct why *why)
{
    int proc = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC), number = cap_number(name);
    char status[16384], label[200], what[100], rule[64];
    struct capabilities caps;
    bool no_new_privs;
    bool withheld = proc != -1 && read_file_at(proc, "status", status, sizeof status) != -1 &&
                    parse_capabilities(status, &caps, &no_new_privs) == 0 && number >= 0 &&
                    (caps.effective >> number & 1) && !have_capability(number) &&
                    read_label(proc, label, sizeof label);

    close(proc);
    if (!withheld)
        return false;
    snprintf(what, sizeof what, "%s, although the process has it", name);
    snprintf(rule, sizeof rule, "capability %s,", cap_name(number) + strlen("cap_"));
    *why = say_apparmor(label, what, rule);
    return true;
}

struct why
say_apparmor(const char *label, const char *what, const char *rule)
{
    char hint[300];

    if (strchr(label, '(') == NULL)
        return say_why(
            "as root: ausearch -m avc -ts recent shows what was denied",
            "nothing else that was looked at forbids it, so it may be the security policy "
            "for this process (its label is %s) that denies %s",
            label, what);
    if (strncmp(label, "unprivileged_userns ", 20) == 0) /* Ubuntu since 23.10 */
        return say_why(
            "run it as root; or as root: a profile for the steps that has the rule \"userns,\" "
            "(man apparmor.d; chapter 07 has one)",
            "AppArmor has put this process under the profile %s when it made a user namespace, and "
            "denies %s in there",
            label, what);
    snprintf(hint, sizeof hint,
             "as root: dmesg shows what was denied; put the rule \"%s\" into the profile (in "
             "/etc/apparmor.d), and load it: apparmor_parser -r FILE",
             rule);
    return say_why(hint, "AppArmor's profile %s confines this process and denies %s", label, what);
}

int
caps_count_over(const struct step *step, const char *name)
{
    char file[32];
    int proc = open_own_proc(step), ns = -1, owner, answer = -1;

    snprintf(file, sizeof file, "ns/%s", name);
    if (proc != -1)
        ns = openat(proc, file, O_RDONLY | O_CLOEXEC);
    if (ns != -1) {
        owner = ioctl(ns, NS_GET_USERNS);
        answer = owner != -1 ? 1 : errno == EPERM ? 0 : -1; /* EPERM: neither ours nor below ours */
        if (owner != -1)
            close(owner);
        close(ns);
    }
    if (proc != -1)
        close(proc);
    return answer;
}

struct why
say_files(int error)
{
    struct rlimit limit = {0};

    if (error == ENFILE)
        return say_why(
            "as root: sysctl fs.file-max=N, with a larger N; or end what has so many files open",
            "the machine has as many files open as /proc/sys/fs/file-max allows");
    getrlimit(RLIMIT_NOFILE, &limit);
    return say_why(
        "a larger limit, up to that of ulimit -Hn: ulimit -n N; or open fewer files before",
        "this process may have no more than %lu files open (RLIMIT_NOFILE)",
        (unsigned long)limit.rlim_cur);
}
