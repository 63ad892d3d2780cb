/*
 * escapes.c - the known ways out of a container, one function each, for tests/ways-out.bats.
 *
 *   escapes NAME ...         tries these, "all" all of them. Prints a line for each:
 *                              NAME open HOW      it got out
 *                              NAME closed WHY    it did not
 *                              NAME absent WHY    this machine lacks what it needs
 *                            and exits with 0 when one is open, 1 when none is.
 *   escapes --handle FILE    prints the handle of FILE, name_to_handle_at(2), for "handle"
 *   escapes --with-key CMD   runs CMD in a session keyring with the key that "keyring" looks for
 *   escapes --capset-only NAME ...    gives all capabilities up with capset(2) alone, then tries
 *
 * Each is tried in a process of its own, and again in a new user namespace, in which that process has all
 * capabilities. Nothing here harms the machine: what would is opened for writing and never written, a disk is
 * opened for reading, and a process outside gets signal 0. The environment says what there is to be found:
 *
 *   ESCAPE_FILE     a file outside of the root, which begins with ESCAPE_WORD
 *   ESCAPE_HANDLE   its handle
 *   ESCAPE_PROGRAM  "DEVICE:INODE ..." of program files of the host
 *   ESCAPE_V1       options with which a hierarchy of cgroup v1 can be mounted, such as "pids"
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum answer { OPEN, CLOSED, ABSENT };

static const char *
setting(const char *name)
{
    const char *value = getenv(name);

    return value != NULL ? value : "";
}

/* What is found is told on stdout, as the rest of the line. */
static enum answer say(enum answer answer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static enum answer
say(enum answer answer, const char *format, ...)
{
    static const char *const names[] = {"open", "closed", "absent"};
    va_list list;

    printf("%s ", names[answer]);
    va_start(list, format);
    vprintf(format, list);
    va_end(list);
    return answer;
}

static enum answer
closed_by(const char *call)
{
    return say(CLOSED, "%s: %s", call, strerror(errno));
}

/* ---- tools --------------------------------------------------------------------------------------- */

/* Does the file PATH, below the directory DIR if it is relative, begin with our word? */
static bool
holds_word(int dir, const char *path)
{
    const char *word = setting("ESCAPE_WORD");
    char text[64] = "";
    int file = openat(dir, path, O_RDONLY | O_CLOEXEC);
    bool found = file != -1 && word[0] != '\0' && read(file, text, sizeof text - 1) > 0 &&
                 strncmp(text, word, strlen(word)) == 0;

    if (file != -1)
        close(file);
    return found;
}

/* Is the file to be found from DIR, a directory: by going up until it goes no further? */
static bool
leads_out(int dir)
{
    static const char up[] = "../../../../../../../../../../../../../../../../../../../..";
    char path[4200];

    snprintf(path, sizeof path, "%s%s", up, setting("ESCAPE_FILE"));
    return holds_word(dir, path);
}

/* A mount namespace of our own, where that is allowed: what an escape mounts disturbs no other. */
static void
take_own_mounts(void)
{
    if (unshare(CLONE_NEWNS) == 0)
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

/* Opens PATH for writing, and writes nothing. */
static enum answer
open_for_writing(const char *path)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);

    if (file == -1)
        return errno == ENOENT ? say(ABSENT, "no %s", path) : closed_by(path);
    close(file);
    return say(OPEN, "%s can be written", path);
}

/* Calls LOOK for each process that can be seen and is not one of ours, until it says OPEN. PID is the name
 * of its directory, and DIR that directory. Process 1 is one of 01-unshare's. */
static enum answer for_each_process(enum answer (*look)(const char *pid, int dir))
{
    DIR *proc = opendir("/proc");
    enum answer answer = CLOSED;
    struct dirent *entry;
    int seen = 0;

    if (proc == NULL)
        return closed_by("/proc");
    while (answer != OPEN && (entry = readdir(proc)) != NULL) {
        int pid = atoi(entry->d_name), dir; /* NOLINT(cert-err34-c): 0 is what is no number */

        if (pid == 0 || pid == getpid() || pid == getppid())
            continue;
        dir = openat(dirfd(proc), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir == -1)
            continue;
        seen++;
        answer = look(entry->d_name, dir);
        close(dir);
    }
    closedir(proc);
    return answer == OPEN ? OPEN : say(CLOSED, "%d processes can be seen, none gives it", seen);
}

/* ---- the root directory -------------------------------------------------------------------------- */

/* chroot(2) into a directory below leaves our working directory above the new root, and ".." does not
 * stop at a root that is not on the way. */
static enum answer
try_chroot(void)
{
    mkdir("/tmp/again", 0755);
    if (chroot("/tmp/again") == -1)
        return closed_by("chroot");
    for (int i = 0; i < 40; i++)
        if (chdir("..") == -1)
            return closed_by("chdir");
    if (chroot(".") == -1)
        return closed_by("chroot");
    return holds_word(AT_FDCWD, setting("ESCAPE_FILE")) ? say(OPEN, "a second chroot, and up")
                                                        : say(CLOSED, "up there is the same /");
}

/* A directory that was open, or the working one, before / was changed. */
static enum answer
try_descriptor(void)
{
    struct stat file;

    for (int fd = 0; fd < 1024; fd++)
        if (fstat(fd, &file) == 0 && S_ISDIR(file.st_mode) && leads_out(fd))
            return say(OPEN, "descriptor %d", fd);
    return leads_out(AT_FDCWD) ? say(OPEN, "the working directory") : say(CLOSED, "none is open");
}

/* setns(2) to a mount namespace, even one's own, goes to the root of that namespace. */
static enum answer
try_setns(void)
{
    int own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);

    if (own == -1 || setns(own, CLONE_NEWNS) == -1)
        return closed_by("setns");
    return holds_word(AT_FDCWD, setting("ESCAPE_FILE"))
               ? say(OPEN, "/ of the mount namespace")
               : say(CLOSED, "the mount namespace has the same /");
}

/* A file handle names a file by its number in the filesystem, without any path: open_by_handle_at(2). */
static enum answer
try_handle(void)
{
    union {
        struct file_handle handle;
        unsigned char bytes[sizeof(struct file_handle) + 128];
    } target = {.handle = {.handle_bytes = 0}};
    const char *text = setting("ESCAPE_HANDLE");
    int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), used = 0, file;
    char word[64] = "";

    if (sscanf(text, "%d:%n", &target.handle.handle_type, &used) != 1) /* NOLINT(cert-err34-c) */
        return say(ABSENT, "the filesystem has no handles");
    for (text += used; target.handle.handle_bytes < 128; text += 2) {
        unsigned byte;

        if (sscanf(text, "%2x", &byte) != 1) /* NOLINT(cert-err34-c) */
            break;
        target.handle.f_handle[target.handle.handle_bytes++] = (unsigned char)byte;
    }
    file = open_by_handle_at(root, &target.handle, O_RDONLY | O_CLOEXEC);
    close(root);
    if (file == -1)
        return closed_by("open_by_handle_at");
    if (read(file, word, sizeof word - 1) <= 0 || word[0] != setting("ESCAPE_WORD")[0])
        return say(CLOSED, "another file");
    return say(OPEN, "the file itself");
}

/* ---- other processes ----------------------------------------------------------------------------- */

static enum answer
look_at_root(const char *pid, int dir)
{
    char path[4200];

    snprintf(path, sizeof path, "root%s", setting("ESCAPE_FILE"));
    return holds_word(dir, path) ? say(OPEN, "/proc/%s/root", pid) : CLOSED;
}

static enum answer
try_proc_root(void)
{
    return for_each_process(look_at_root);
}

static enum answer
look_at_cwd(const char *pid, int dir)
{
    int cwd = openat(dir, "cwd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool out = cwd != -1 && leads_out(cwd);

    close(cwd);
    return out ? say(OPEN, "/proc/%s/cwd", pid) : CLOSED;
}

static enum answer
try_proc_cwd(void)
{
    return for_each_process(look_at_cwd);
}

/* The pipes in which the steps pass their records: who holds one can keep a container alive. */
static enum answer
look_for_pipe(const char *pid, int dir)
{
    int fds = openat(dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fds == -1 ? NULL : fdopendir(fds);
    enum answer answer = CLOSED;
    struct dirent *entry;
    char what[64];

    if (list == NULL) {
        close(fds);
        return CLOSED;
    }
    while (answer != OPEN && (entry = readdir(list)) != NULL) {
        ssize_t length = readlinkat(dirfd(list), entry->d_name, what, sizeof what - 1);

        if (length > 0 && strncmp(what, "pipe:", 5) == 0) {
            int pipe_end =
                openat(dirfd(list), entry->d_name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

            if (pipe_end != -1)
                answer = say(OPEN, "/proc/%s/fd/%s", pid, entry->d_name);
            close(pipe_end);
        }
    }
    closedir(list);
    return answer;
}

static enum answer
try_pipes(void)
{
    int self = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum answer answer = self == -1 ? CLOSED : look_for_pipe("self", self);

    close(self);
    return answer == OPEN ? OPEN : for_each_process(look_for_pipe);
}

/* The program file of a process outside: CVE-2019-5736 of runc. */
static enum answer
look_at_program(const char *pid, int dir)
{
    struct stat file;
    char id[64], wanted[4096];
    int program;

    if (fstatat(dir, "exe", &file, 0) == -1)
        return CLOSED;
    snprintf(id, sizeof id, " %ju:%ju ", (uintmax_t)file.st_dev, (uintmax_t)file.st_ino);
    snprintf(wanted, sizeof wanted, " %s ", setting("ESCAPE_PROGRAM"));
    if (strstr(wanted, id) == NULL)
        return CLOSED;
    program = openat(dir, "exe", O_WRONLY | O_CLOEXEC);
    if (program == -1)
        return say(OPEN, "/proc/%s/exe, to write: %s", pid, strerror(errno));
    close(program);
    return say(OPEN, "/proc/%s/exe, to write too", pid);
}

static enum answer
try_programs(void)
{
    return for_each_process(look_at_program);
}

static enum answer
trace(const char *pid)
{
    pid_t number = atoi(pid); /* NOLINT(cert-err34-c) */

    if (ptrace(PTRACE_SEIZE, number, NULL, NULL) == -1)
        return CLOSED;
    ptrace(PTRACE_DETACH, number, NULL, NULL);
    return say(OPEN, "process %s can be traced", pid);
}

static enum answer
look_to_trace(const char *pid, int dir)
{
    (void)dir;
    return strcmp(pid, "1") == 0 ? CLOSED : trace(pid);
}

static enum answer
try_ptrace(void)
{
    return for_each_process(look_to_trace);
}

/* Process 1 has the capabilities of 01-unshare, which the payload may have given up. (None in a rootless
 * pipeline: it was executed before its uid was mapped.) Who traces it has them. */
static enum answer
try_ptrace_init(void)
{
    FILE *status = fopen("/proc/1/status", "re");
    unsigned long long permitted = 0;
    char line[256];

    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (sscanf(line, "CapPrm: %llx", &permitted) == 1) /* NOLINT(cert-err34-c) */
            break;
    if (status != NULL)
        fclose(status);
    if (ptrace(PTRACE_SEIZE, 1, NULL, NULL) == -1)
        return closed_by("ptrace");
    ptrace(PTRACE_DETACH, 1, NULL, NULL);
    return permitted != 0 ? say(OPEN, "process 1 with its capabilities")
                          : say(CLOSED, "it can be traced, and has no capabilities");
}

static enum answer
look_to_signal(const char *pid, int dir)
{
    (void)dir;
    if (strcmp(pid, "1") == 0 || kill(atoi(pid), 0) == -1) /* NOLINT(cert-err34-c) */
        return CLOSED;
    return say(OPEN, "signals to process %s", pid);
}

static enum answer
try_signal(void)
{
    /* 0: the process group is led from outside, and "kill 0" would reach it. */
    if (getpgrp() == 0)
        return say(OPEN, "signals to the process group, which is one of outside");
    return for_each_process(look_to_signal);
}

/* ---- the kernel's own ---------------------------------------------------------------------------- */

/* Makes a node for a device of the host and opens it for reading. 0, or -1 with errno. */
static int
open_device(mode_t type, unsigned major_number, unsigned minor_number)
{
    int file, error;

    if (mknod("/mnt/device", type | 0600, makedev(major_number, minor_number)) == -1)
        return -1;
    file = open("/mnt/device", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    error = errno;
    unlink("/mnt/device");
    if (file != -1)
        close(file);
    errno = error;
    return file != -1 ? 0 : -1;
}

/* The first disk of the host; where a devices cgroup forbids that to everybody, the kernel's log. (In a tmpfs
 * of our own where we may: the root may be mounted nodev.) */
static enum answer
try_mknod(void)
{
    FILE *list = fopen("/proc/partitions", "re");
    unsigned major_number = 0, minor_number = 0;
    char line[256];

    while (list != NULL && fgets(line, sizeof line, list) != NULL)
        if (sscanf(line, "%u %u", &major_number, &minor_number) == 2) /* NOLINT(cert-err34-c) */
            break;
    if (list != NULL)
        fclose(list);
    take_own_mounts();
    mount("tmpfs", "/mnt", "tmpfs", 0, NULL);
    if (major_number != 0 && open_device(S_IFBLK, major_number, minor_number) == 0)
        return say(OPEN, "block device %u:%u", major_number, minor_number);
    if (open_device(S_IFCHR, 1, 11) == 0)
        return say(OPEN, "character device 1:11, the kernel's log");
    return closed_by("mknod");
}

/* /sys is mounted read-only: mount it anew, or another time. */
static enum answer
try_remount(void)
{
    static const char *const knobs[] = {"kernel/profiling", "kernel/rcu_expedited",
                                        "kernel/mm/transparent_hugepage/enabled"};
    char path[64];

    take_own_mounts();
    mount(NULL, "/sys", NULL, MS_REMOUNT, NULL);
    mount(NULL, "/sys", NULL, MS_REMOUNT | MS_BIND, NULL);
    mount("sysfs", "/mnt", "sysfs", 0, NULL);
    for (int place = 0; place < 2; place++)
        for (size_t i = 0; i < sizeof knobs / sizeof knobs[0]; i++) {
            int knob;

            snprintf(path, sizeof path, "%s/%s", place == 0 ? "/sys" : "/mnt", knobs[i]);
            knob = open(path, O_WRONLY | O_CLOEXEC);
            if (knob != -1) {
                close(knob);
                return say(OPEN, "%s can be written", path);
            }
        }
    return closed_by(path);
}

static enum answer
try_sysctl(void)
{
    return open_for_writing("/proc/sys/vm/overcommit_memory"); /* there is one for all */
}

static enum answer
try_sysrq(void)
{
    return open_for_writing("/proc/sysrq-trigger");
}

/* Names a program that the kernel starts, as the host's root, when a process crashes: core(5). */
static enum answer
try_core_pattern(void)
{
    return open_for_writing("/proc/sys/kernel/core_pattern");
}

/* In a hierarchy of cgroup v1, a program that the kernel starts when a cgroup has become empty. What is there is
 * written again: to open the file is not enough (kernel/cgroup/cgroup-v1.c, cgroup_release_agent_write). */
static enum answer
try_release_agent(void)
{
    char agent[PATH_MAX + 2] = "";
    ssize_t length;
    int file;

    if (setting("ESCAPE_V1")[0] == '\0')
        return say(ABSENT, "no hierarchy of cgroup v1");
    take_own_mounts();
    if (mount("cgroup", "/mnt", "cgroup", 0, setting("ESCAPE_V1")) == -1)
        return closed_by("mount");
    file = open("/mnt/release_agent", O_RDWR | O_CLOEXEC);
    if (file == -1)
        return closed_by("release_agent");
    length = read(file, agent, sizeof agent - 1);
    if (length <= 0)
        length = (ssize_t)strlen(strcpy(agent, "\n"));
    if (write(file, agent, (size_t)length) != length) {
        close(file);
        return closed_by("write to release_agent");
    }
    close(file);
    return say(OPEN, "release_agent can be written");
}

/* Mounts the cgroups, and leaves ours for the first one. In a new cgroup namespace that is ours: then it is about
 * the limits that 05-cgroup has set there. */
static enum answer
try_cgroup(void)
{
    int procs, limit;

    take_own_mounts();
    if (mount("cgroup2", "/mnt", "cgroup2", 0, NULL) == -1)
        return closed_by("mount");
    procs = open("/mnt/cgroup.procs", O_WRONLY | O_CLOEXEC);
    if (procs == -1)
        return closed_by("cgroup.procs");
    if (write(procs, "0", 1) != 1) {
        close(procs);
        return closed_by("write to cgroup.procs");
    }
    close(procs);
    limit = open("/mnt/cgroup.max.depth", O_WRONLY | O_CLOEXEC);
    if (limit == -1)
        return closed_by("cgroup.max.depth");
    close(limit);
    return say(OPEN, "the limits can be left, or lifted");
}

/* Is KEY, or the errno of the search for it, the key from outside? */
static enum answer
answer_of_key(long key)
{
    char word[64] = "";

    if (key == -1)
        return closed_by("the search for the key");
    if (syscall(SYS_keyctl, (long)KEYCTL_READ, key, word, (long)sizeof word - 1) == -1)
        return closed_by("keyctl read");
    return strcmp(word, setting("ESCAPE_WORD")) == 0 ? say(OPEN, "a key from outside")
                                                     : say(CLOSED, "another key");
}

/* The keys of who has built the container: keyrings(7). */
static enum answer
try_keyring(void)
{
    long key = syscall(SYS_keyctl, (long)KEYCTL_SEARCH, (long)KEY_SPEC_SESSION_KEYRING, "user",
                       "nsteps-test", 0L);

    if (key == -1 && errno == ENOSYS)
        return say(ABSENT, "no keyrings");
    if (key == -1)
        key = syscall(SYS_request_key, "user", "nsteps-test", NULL, 0L);
    return answer_of_key(key);
}

/* The same for who is the same uid outside: each keyring in /proc/keys that its uid may link, like _uid.1000, into one
 * of his own. Permissions of keys know uids, not containers. */
static enum answer
try_keys_of_uid(void)
{
    FILE *keys = fopen("/proc/keys", "re");
    char line[1024];
    int linked = 0;

    if (keys == NULL)
        return say(ABSENT, "no keyrings");
    while (fgets(line, sizeof line, keys) != NULL)
        if (strstr(line, " keyring ") != NULL &&
            syscall(SYS_keyctl, (long)KEYCTL_LINK, (long)(int)strtoul(line, NULL, 16),
                    (long)KEY_SPEC_PROCESS_KEYRING) == 0)
            linked++;
    fclose(keys);
    if (linked == 0)
        return say(CLOSED, "no keyring that may be linked");
    return answer_of_key(syscall(SYS_keyctl, (long)KEYCTL_SEARCH, (long)KEY_SPEC_PROCESS_KEYRING,
                                 "user", "nsteps-test", 0L));
}

/* Types into the terminal; tty_ioctl(4). What we have typed we take away again. */
static enum answer
try_tiocsti(void)
{
    char letter = '#';

    for (int fd = 0; fd < 3; fd++)
        if (isatty(fd)) {
            if (ioctl(fd, TIOCSTI, &letter) == -1)
                return closed_by("TIOCSTI");
            tcflush(fd, TCIFLUSH);
            return say(OPEN, "a letter typed into the terminal");
        }
    return say(ABSENT, "no terminal");
}

/* ---- capabilities -------------------------------------------------------------------------------- */

/* Over what belongs to the container, its hostname: the same one, set once more. */
static enum answer
try_hostname(void)
{
    char name[65];

    if (gethostname(name, sizeof name) == -1 || sethostname(name, strlen(name)) == -1)
        return closed_by("sethostname");
    return say(OPEN, "the hostname can be set");
}

/* What do we have after an execve(2): of this program, and of what the image holds, a set-user-ID program
 * and one with file capabilities? */
static enum answer
try_exec(void)
{
    static const char *const programs[] = {"/proc/self/exe", "/usr/bin/escapes-suid",
                                           "/usr/bin/escapes-caps"};

    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        int status = 0;
        pid_t pid;

        fflush(stdout);
        pid = fork();
        if (pid == 0) {
            execl(programs[i], "escapes", "--have-any", (char *)NULL);
            _exit(1);
        }
        if (pid != -1 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
            WEXITSTATUS(status) == 0)
            return say(OPEN, "capabilities after exec of %s", programs[i]);
    }
    return say(CLOSED, "no capabilities after exec");
}

/* ---- all of them --------------------------------------------------------------------------------- */

static const struct escape {
    const char *name;
    enum answer (*try)(void);
    bool nested; /* a new user namespace may help */
} escapes[] = {
    {"chroot", try_chroot, true},
    {"descriptor", try_descriptor, false},
    {"setns", try_setns, true},
    {"proc-root", try_proc_root, true},
    {"proc-cwd", try_proc_cwd, true},
    {"pipes", try_pipes, true},
    {"programs", try_programs, true},
    {"ptrace", try_ptrace, true},
    {"ptrace-init", try_ptrace_init, true},
    {"signal", try_signal, true},
    {"mknod", try_mknod, true},
    {"remount", try_remount, true},
    {"sysctl", try_sysctl, true},
    {"sysrq", try_sysrq, true},
    {"core-pattern", try_core_pattern, true},
    {"release-agent", try_release_agent, true},
    {"cgroup", try_cgroup, true},
    {"keyring", try_keyring, true},
    {"keys-of-uid", try_keys_of_uid, true},
    {"hostname", try_hostname, true},
    {"exec", try_exec, false}, /* in a new user namespace one has them all, over what that owns */
    {"handle", try_handle, true},
    {"tiocsti", try_tiocsti, true},
};

/* Becomes root of a new user namespace. 0, or -1 with errno. */
static int
enter_user_namespace(void)
{
    static const char *const files[] = {"uid_map", "gid_map"};
    const unsigned ids[] = {geteuid(), getegid()};
    int file;

    if (unshare(CLONE_NEWUSER) == -1)
        return -1;
    file = open("/proc/self/setgroups", O_WRONLY | O_CLOEXEC);
    if (file == -1 || write(file, "deny", 4) != 4)
        return -1;
    close(file);
    for (int i = 0; i < 2; i++) {
        char path[32], line[32];
        int length = snprintf(line, sizeof line, "0 %u 1", ids[i]);

        snprintf(path, sizeof path, "/proc/self/%s", files[i]);
        file = open(path, O_WRONLY | O_CLOEXEC);
        if (file == -1)
            return -1;
        /* (Who is 0 outside and has no CAP_SETFCAP there may not be mapped; he has all capabilities all the same.) */
        if (write(file, line, (size_t)length) != length && (errno != EPERM || ids[0] != 0))
            return -1;
        close(file);
    }
    /* mount(2) of cgroup2 asks who owns the cgroup namespace, and of sysfs who owns the network's. */
    return unshare(CLONE_NEWCGROUP | CLONE_NEWNET);
}

/* Tries one escape in a process of its own. */
static enum answer
try_in_child(const struct escape *escape, bool nested)
{
    int status = 0;
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        enum answer answer;

        if (nested && enter_user_namespace() == -1)
            answer = closed_by("a new user namespace");
        else
            answer = escape->try();
        fflush(stdout);
        _exit((int)answer);
    }
    if (pid == -1 || waitpid(pid, &status, 0) == -1 || !WIFEXITED(status))
        return say(OPEN, "the attempt has died"); /* who knows what it did: the test must fail */
    return (enum answer)WEXITSTATUS(status);
}

static enum answer
try_escape(const struct escape *escape)
{
    enum answer answer;

    printf("%s ", escape->name);
    answer = try_in_child(escape, false);
    if (answer == CLOSED && escape->nested) {
        printf("\n%s ", escape->name);
        answer = try_in_child(escape, true);
        printf(", in a new user namespace");
    }
    printf("\n");
    return answer;
}

/* ---- helpers of the test ------------------------------------------------------------------------- */

static int
print_handle(const char *path)
{
    union {
        struct file_handle handle;
        unsigned char bytes[sizeof(struct file_handle) + 128];
    } target = {.handle = {.handle_bytes = 128}};
    int mount_id;

    if (name_to_handle_at(AT_FDCWD, path, &target.handle, &mount_id, 0) == -1)
        return 1;
    printf("%d:", target.handle.handle_type);
    for (unsigned i = 0; i < target.handle.handle_bytes; i++)
        printf("%02x", target.handle.f_handle[i]);
    printf("\n");
    return 0;
}

static int
run_with_key(char **command)
{
    const char *word = setting("ESCAPE_WORD");

    /* One with a name may be linked by its uid, as the user's own may, which does not end with us. */
    if (syscall(SYS_keyctl, (long)KEYCTL_JOIN_SESSION_KEYRING, "nsteps-test") == -1 ||
        syscall(SYS_add_key, "user", "nsteps-test", word, strlen(word),
                (long)KEY_SPEC_SESSION_KEYRING) == -1)
        fprintf(stderr, "escapes: no key: %s\n", strerror(errno));
    execvp(command[0], command);
    perror(command[0]);
    return 127;
}

/* Effective, permitted and inheritable become empty; the bounding set stays. */
static int
drop_by_capset(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};

    return (int)syscall(SYS_capset, &header, none);
}

static int
have_any(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct half[2] = {{0, 0, 0}, {0, 0, 0}};

    return syscall(SYS_capget, &header, half) == 0 &&
                   (half[0].permitted | half[1].permitted | half[0].effective) != 0
               ? 0
               : 1;
}

int
main(int argc, char **argv)
{
    bool any = false, all;

    if (argc == 2 && strcmp(argv[1], "--have-any") == 0)
        return have_any();
    if (argc == 3 && strcmp(argv[1], "--handle") == 0)
        return print_handle(argv[2]);
    if (argc >= 3 && strcmp(argv[1], "--with-key") == 0)
        return run_with_key(argv + 2);
    if (argc >= 3 && strcmp(argv[1], "--capset-only") == 0) {
        if (drop_by_capset() == -1)
            return 2;
        argv++;
    }
    all = argc == 2 && strcmp(argv[1], "all") == 0;
    for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++)
        for (char **name = argv + 1; *name != NULL; name++)
            if (all || strcmp(*name, escapes[i].name) == 0)
                any |= try_escape(&escapes[i]) == OPEN;
    return any ? 0 : 1;
}
