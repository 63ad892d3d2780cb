/*
 * look.c - prints all that the kernel tells about a process, for tests/oracle.bash.
 *
 *   look [-r NAME=PID] [-t DIR] LINE    runs LINE with bash(1); in it stands
 *   looked [WORD]                       the process that is looked at: it says what nobody else can know of
 *                                       it, and waits
 *
 * One line a field, "field: value", in a form that is the same for two processes in the same state: ids and
 * inodes become relations ("the start's", which are those of look itself; NAME's; "new"). With -t also all files
 * below DIR, as looked sees them. WORD is a change of looked's own state that no ordinary tool makes.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/nsfs.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

enum { SESSION_KEYRING = -3, KEYCTL_GET_ID = 0, KEYCTL_JOIN = 1 }; /* keyctl(2) */

static int proc; /* our /proc: LINE may mount another one over it */

/* The whole file NAME below DIR; NULL, with errno, when it cannot be read. */
static char *
read_file(int dir, const char *name, size_t *length)
{
    static char text[1 << 18];
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    size_t used = 0;
    ssize_t got = -1;
    int error;

    while (fd != -1 && used < sizeof text - 1 &&
           (got = read(fd, text + used, sizeof text - 1 - used)) > 0)
        used += (size_t)got;
    error = errno;
    if (fd != -1)
        close(fd);
    errno = error;
    text[used] = '\0';
    if (length != NULL)
        *length = used;
    return got == -1 ? NULL : text;
}

/* TEXT with each run of blanks as one, and of newlines as one comma. */
static const char *
squeeze(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; from++) {
        bool blank = isspace((unsigned char)*from);

        if (blank && (to == text || to[-1] == ' '))
            continue;
        if (*from == '\n' && from[1] != '\0')
            *to++ = ',';
        *to++ = blank ? ' ' : *from;
    }
    while (to > text && to[-1] == ' ')
        to--;
    *to = '\0';
    return text;
}

static void
print_file(int dir, const char *field, const char *name)
{
    char *text = read_file(dir, name, NULL);

    if (text == NULL) /* EINVAL: no security module has a name for the process */
        printf("%s: %s%s\n", field, errno == ENOENT || errno == EINVAL ? "none " : "?",
               strerror(errno));
    else
        printf("%s: %s\n", field, squeeze(text));
}

/* ---- looked: what a process alone knows of itself ------------------------------------------- */

static long
session_keyring(void)
{
    return syscall(SYS_keyctl, (long)KEYCTL_GET_ID, (long)SESSION_KEYRING, 0L);
}

static void
ignore(int signal)
{
    (void)signal;
}

static int
wait_for_ever(void *argument)
{
    (void)argument;
    return pause();
}

static void
change(const char *word)
{
    static char stack[16384];
    struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog filter = {.len = 1, .filter = &all};

    if (strcmp(word, "undumpable") == 0)
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (strcmp(word, "subreaper") == 0)
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    if (strcmp(word, "keyring") == 0)
        syscall(SYS_keyctl, (long)KEYCTL_JOIN, NULL);
    if (strcmp(word, "catches") == 0)
        signal(SIGHUP, ignore);
    if (strcmp(word, "pending") == 0)
        raise(SIGUSR2); /* the start has it blocked */
    if (strcmp(word, "filtered") == 0)
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0);
    if (strcmp(word, "no-thp") == 0)
        prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    if (strcmp(word, "two-threads") == 0)
        clone(wait_for_ever, stack + sizeof stack,
              CLONE_THREAD | CLONE_SIGHAND | CLONE_VM | CLONE_FS | CLONE_FILES, NULL);
}

static int
be_looked_at(const char *word)
{
    struct utsname names;
    struct timespec monotonic, boottime;
    uid_t uid[3];
    gid_t gid[3], groups[1024];
    int death_signal = 0, subreaper = 0, count;
    char text[16384], byte;
    int n;

    if (word != NULL)
        change(word);

    uname(&names);
    clock_gettime(CLOCK_MONOTONIC, &monotonic);
    clock_gettime(CLOCK_BOOTTIME, &boottime);
    prctl(PR_GET_PDEATHSIG, &death_signal, 0, 0, 0);
    prctl(PR_GET_CHILD_SUBREAPER, &subreaper, 0, 0, 0);
    if (getresuid(&uid[0], &uid[1], &uid[2]) == -1 || getresgid(&gid[0], &gid[1], &gid[2]) == -1)
        return 1;
    count = getgroups(1024, groups);
    n = snprintf(
        text, sizeof text,
        "pid inside: %d\nparent inside: %s\ndeath signal: %d\ndumpable: %d\n"
        "securebits: 0x%x\nsubreaper: %d\ntimer slack: %d\npersonality: 0x%x\n"
        "hostname: %s\ndomain name: %s\nuids inside: %u %u %u\ngids inside: %u %u %u\n"
        "clock monotonic: %lld\nclock boottime: %lld\nsession keyring: %ld\ngroups inside:",
        (int)getpid(), getppid() == 0 ? "none" : "one", death_signal,
        prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), (unsigned)prctl(PR_GET_SECUREBITS, 0, 0, 0, 0),
        subreaper, prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), (unsigned)personality(0xffffffff),
        names.nodename, names.domainname, uid[0], uid[1], uid[2], gid[0], gid[1], gid[2],
        (long long)monotonic.tv_sec, (long long)boottime.tv_sec, session_keyring());
    for (int i = 0; i < count && n < (int)sizeof text - 16; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, " %u", groups[i]);
    n += snprintf(text + n, sizeof text - (size_t)n, "\n");
    if (write(STDOUT_FILENO, text, (size_t)n) != n)
        return 1;
    /* Until look has seen enough. */
    return read(STDOUT_FILENO, &byte, 1) == 1 ? 0 : 1;
}

/* ---- namespaces ----------------------------------------------------------------------------- */

static const char *const types[] = {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"};
enum { TYPES = sizeof types / sizeof types[0], PID = 4, USER = 6, MAX_KNOWN = 4 };

static struct { /* whose namespaces we know: our own, and those of -r */
    char name[32];
    ino_t inode[TYPES];
} known[MAX_KNOWN];
static int known_count;
static ino_t its_user; /* looked's */

static ino_t
inode_of(int fd)
{
    struct stat stat;

    return fd != -1 && fstat(fd, &stat) == 0 ? stat.st_ino : 0;
}

static int
open_ns(int process, const char *type)
{
    char path[64];

    snprintf(path, sizeof path, "ns/%s", type);
    return openat(process, path, O_RDONLY | O_CLOEXEC);
}

static void
remember(const char *name, const char *pid)
{
    int process = openat(proc, pid, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    snprintf(known[known_count].name, sizeof known[0].name, "%s's", name);
    for (int i = 0; i < TYPES; i++) {
        int fd = open_ns(process, types[i]);

        known[known_count].inode[i] = inode_of(fd);
        if (fd != -1)
            close(fd);
    }
    known_count++;
    close(process);
}

static const char *
whose(int type, ino_t inode)
{
    for (int i = 0; i < known_count; i++)
        if (known[i].inode[type] == inode)
            return known[i].name;
    return "new";
}

/* The user namespace that the ioctl_ns(2) REQUEST tells about FD. */
static const char *
related_user(int fd, unsigned long request)
{
    int user = ioctl(fd, request);
    const char *name;

    if (user == -1)
        return errno == EPERM ? "out of sight" : strerror(errno);
    name = whose(USER, inode_of(user));
    if (strcmp(name, "new") == 0 && inode_of(user) == its_user)
        name = "its own";
    close(user);
    return name;
}

/* Is A the same as B, another one, or not there? */
static const char *
compare(ino_t a, ino_t b)
{
    return a == 0 ? "none" : a == b ? "the same" : "another";
}

static void
print_namespaces(int process)
{
    int user = open_ns(process, "user");

    its_user = inode_of(user);
    for (int i = 0; i < TYPES; i++) {
        int fd = open_ns(process, types[i]);

        if (fd == -1) {
            printf("ns %s: ?%s\n", types[i], errno == ENOENT ? "none" : strerror(errno));
            continue;
        }
        printf("ns %s: %s\n", types[i], whose(i, inode_of(fd)));
        if (i != USER)
            printf("ns %s owner: %s\n", types[i], related_user(fd, NS_GET_USERNS));
        if (strcmp(types[i], "pid") == 0 || strcmp(types[i], "time") == 0) {
            char children[32];
            int born;

            snprintf(children, sizeof children, "%s_for_children", types[i]);
            born = open_ns(process, children);
            printf("ns %s: %s\n", children, compare(inode_of(born), inode_of(fd)));
            if (born != -1)
                close(born);
        }
        if (strcmp(types[i], "pid") == 0) {
            int parent = ioctl(fd, NS_GET_PARENT);

            printf("ns pid parent: %s\n",
                   parent == -1 ? "out of sight" : whose(i, inode_of(parent)));
            if (parent != -1)
                close(parent);
        }
        close(fd);
    }
    if (user != -1) {
        uid_t owner;

        printf("ns user parent: %s\n", related_user(user, NS_GET_PARENT));
        if (ioctl(user, NS_GET_OWNER_UID, &owner) == 0)
            printf("ns user owner: %u\n", owner);
        close(user);
    }
}

/* ---- mounts --------------------------------------------------------------------------------- */

enum { MAX_MOUNTS = 1024, MAX_DEVICES = 1024 };

struct mount { /* a line of mountinfo, proc_pid_mountinfo(5) */
    long id, parent;
    char device[32], *root, *point, *options, *type, *source, *fs_options;
    char tags[128];
    int place; /* in the kernel's order */
};

static struct mount mounts[MAX_MOUNTS];
static int mount_count;
static char our_mountinfo[1 << 18];

/* Devices and peer groups that are not the start's get letters in the order in which they appear. */
static struct {
    char word[64];
} seen[MAX_DEVICES];
static int seen_count;

static int
place_of(const char *word)
{
    int i = 0;

    while (i < seen_count && strcmp(seen[i].word, word) != 0)
        i++;
    if (i == seen_count && i < MAX_DEVICES - 1)
        snprintf(seen[seen_count++].word, sizeof seen[0].word, "%s", word);
    return i;
}

static const char *
name_device(const char *device)
{
    static char name[64];
    char column[40];
    const char *found;
    int line = 0;

    snprintf(column, sizeof column, " %s ", device);
    found = strstr(our_mountinfo, column);
    if (found != NULL && strncmp(device, "0:", 2) != 0)
        return device;
    if (found != NULL) { /* a filesystem without a disk gets a number when it is mounted */
        for (const char *text = our_mountinfo; text < found; text++)
            line += *text == '\n';
        snprintf(name, sizeof name, "start's-%d", line);
        return name;
    }
    snprintf(name, sizeof name, "new-%d", place_of(device));
    return name;
}

/* The tags "shared:5 master:2" as relations. */
static void
print_tags(const char *tags)
{
    char copy[128], *rest = NULL;

    snprintf(copy, sizeof copy, "%s", tags);
    if (copy[0] == '\0')
        printf("private");
    for (char *tag = strtok_r(copy, " ", &rest); tag != NULL; tag = strtok_r(NULL, " ", &rest)) {
        char *colon = strchr(tag, ':'), shared[64], master[64];

        if (colon == NULL) {
            printf("%s", tag);
            continue;
        }
        snprintf(shared, sizeof shared, " shared:%s ", colon + 1);
        snprintf(master, sizeof master, " master:%s ", colon + 1);
        if (strstr(our_mountinfo, shared) != NULL || strstr(our_mountinfo, master) != NULL)
            printf("%.*s:start's,", (int)(colon - tag), tag);
        else
            printf("%.*s:new-%d,", (int)(colon - tag), tag, place_of(shared));
    }
}

/* Takes the text of a mountinfo apart, in place, into mounts. */
static void
parse_mounts(char *text)
{
    char *rest = NULL;

    mount_count = 0;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL && mount_count < MAX_MOUNTS;
         line = strtok_r(NULL, "\n", &rest)) {
        struct mount *m = &mounts[mount_count];
        char *words = NULL, *word;

        m->tags[0] = '\0';
        m->place = mount_count++;
        m->id = strtol(strtok_r(line, " ", &words), NULL, 10);
        m->parent = strtol(strtok_r(NULL, " ", &words), NULL, 10);
        snprintf(m->device, sizeof m->device, "%s", strtok_r(NULL, " ", &words));
        m->root = strtok_r(NULL, " ", &words);
        m->point = strtok_r(NULL, " ", &words);
        m->options = strtok_r(NULL, " ", &words);
        while ((word = strtok_r(NULL, " ", &words)) != NULL && strcmp(word, "-") != 0) {
            size_t used = strlen(m->tags);

            snprintf(m->tags + used, sizeof m->tags - used, "%s ", word);
        }
        m->type = strtok_r(NULL, " ", &words);
        m->source = strtok_r(NULL, " ", &words);
        m->fs_options = strtok_r(NULL, " ", &words);
        if (m->fs_options == NULL) { /* an empty source */
            m->fs_options = m->source;
            m->source = (char *)"";
        }
    }
}

static int
by_point(const void *a, const void *b)
{
    const struct mount *one = a, *other = b;
    int order = strcmp(one->point, other->point);

    return order != 0 ? order : one->place - other->place;
}

static const char *
point_of(long id)
{
    for (int i = 0; i < mount_count; i++)
        if (mounts[i].id == id)
            return mounts[i].point;
    return "nowhere in sight";
}

/* Each mount is a field, named by its place; of those on one place, the lowest is the first. */
static void
print_mounts(const char *view)
{
    int same = 0;

    qsort(mounts, (size_t)mount_count, sizeof mounts[0], by_point);
    for (int i = 0; i < mount_count; i++) {
        const struct mount *m = &mounts[i];

        same = i > 0 && strcmp(m->point, mounts[i - 1].point) == 0 ? same + 1 : 0;
        printf("%s %s", view, m->point);
        if (same > 0)
            printf(" over it %d", same);
        printf(": %s of %s %s %s %s, options %s, on %s, ", m->root, m->type, m->source,
               name_device(m->device), m->fs_options, m->options, point_of(m->parent));
        print_tags(m->tags);
        printf("\n");
    }
}

/* The mounts that looked can reach from its root; and all of its mount namespace: a process enters it,
 * which leads to the root of the namespace, setns(2), and looks. */
static void
print_all_mounts(int process)
{
    char *text = read_file(process, "mountinfo", NULL);
    int mnt = open_ns(process, "mnt"), user = open_ns(process, "user"), status;
    pid_t child;

    parse_mounts(text == NULL ? (char *)"" : text);
    print_mounts("mount");
    fflush(stdout);
    child = fork();
    if (child == 0) {
        if (inode_of(mnt) != known[0].inode[2] && setns(mnt, CLONE_NEWNS) == -1 &&
            (setns(user, CLONE_NEWUSER) == -1 || setns(mnt, CLONE_NEWNS) == -1)) {
            printf("all mounts: ?%s\n", strerror(errno));
        } else {
            text = read_file(proc, "self/mountinfo", NULL);
            parse_mounts(text == NULL ? (char *)"" : text);
            print_mounts("all mounts");
        }
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, &status, 0);
    close(mnt);
    close(user);
}

/* The id of the mount that the file is in which FD has open, proc_pid_fdinfo(5). */
static long
mount_id(int fd)
{
    char name[64], *text, *line;

    snprintf(name, sizeof name, "self/fdinfo/%d", fd);
    text = read_file(proc, name, NULL);
    line = text == NULL ? NULL : strstr(text, "mnt_id:");
    return line == NULL ? -1 : strtol(line + 7, NULL, 10);
}

/* Is the directory WHAT /proc/PID/NAME? */
static bool
is_same(const struct stat *what, int process, const char *name)
{
    struct stat other;

    return fstatat(process, name, &other, 0) == 0 && other.st_dev == what->st_dev &&
           other.st_ino == what->st_ino;
}

/* Which directory is /proc/PID/NAME: which inode, in which of the mounts that looked can reach? */
static void
print_place(int process, const char *field, const char *name)
{
    int fd = openat(process, name, O_PATH | O_CLOEXEC);
    char device[32], *text;
    struct stat stat;

    if (fd == -1 || fstat(fd, &stat) == -1) {
        printf("%s: ?%s\n", field, strerror(errno));
        return;
    }
    snprintf(device, sizeof device, "%u:%u", major(stat.st_dev), minor(stat.st_dev));
    long id = mount_id(fd);

    text = read_file(process, "mountinfo", NULL);
    parse_mounts(text == NULL ? (char *)"" : text);
    printf("%s: ", field);
    if (strcmp(name, "cwd") == 0 && is_same(&stat, process, "root"))
        printf("its root");
    else if (is_same(&stat, proc, "self/cwd"))
        printf("the start's cwd");
    else if (is_same(&stat, proc, "self/root"))
        printf("the start's root");
    else
        printf("inode %lu on %s", (unsigned long)stat.st_ino, name_device(device));
    printf(", in the mount on %s\n", point_of(id));
    close(fd);
}

/* ---- the process ---------------------------------------------------------------------------- */

static void
print_status(int process)
{
    static const char *const lines[] = {"Umask:",
                                        "Uid:",
                                        "Gid:",
                                        "Groups:",
                                        "Threads:",
                                        "SigPnd:",
                                        "ShdPnd:",
                                        "SigBlk:",
                                        "SigIgn:",
                                        "SigCgt:",
                                        "CapInh:",
                                        "CapPrm:",
                                        "CapEff:",
                                        "CapBnd:",
                                        "CapAmb:",
                                        "NoNewPrivs:",
                                        "Seccomp:",
                                        "Seccomp_filters:",
                                        "Speculation_Store_Bypass:",
                                        "SpeculationIndirectBranch:",
                                        "Cpus_allowed_list:",
                                        "Mems_allowed_list:",
                                        "THP_enabled:"};
    char *text = read_file(process, "status", NULL), *rest = NULL;

    for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
        for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
            if (strncmp(line, lines[i], strlen(lines[i])) == 0)
                printf("%s %s\n", lines[i], squeeze(line + strlen(lines[i])));
}

/* Fields 4 and up of /proc/PID/stat, proc_pid_stat(5): number[4] is the parent, ... */
static bool
read_stat(int process, long number[42])
{
    const char *text = read_file(process, "stat", NULL), *next;
    char *end;

    memset(number, 0, 42 * sizeof number[0]);
    next = text == NULL ? NULL : strrchr(text, ')');
    if (next == NULL)
        return false;
    next += 3; /* ") S" */
    for (int i = 4; i < 42; i++, next = end)
        number[i] = (long)strtoull(next, &end, 10);
    return true;
}

static void
print_stat(int process, pid_t pid)
{
    enum { PARENT = 4, GROUP, SESSION, TERMINAL, FOREGROUND, NICE = 19, RT_PRIORITY = 40, POLICY };
    long its[42], ours[42], ancestor[42];
    int self = openat(proc, "self", O_RDONLY | O_DIRECTORY | O_CLOEXEC), above = 0;
    const char *text;
    long parent;

    read_stat(process, its);
    read_stat(self, ours);
    close(self);
    /* How many processes stand between look and looked? The shells of LINE do not count. */
    for (parent = its[PARENT]; parent > 1 && parent != getpid();) {
        char name[32];
        int dir;

        snprintf(name, sizeof name, "%ld", parent);
        dir = openat(proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir == -1 || !read_stat(dir, ancestor))
            break;
        parent = ancestor[PARENT];
        text = read_file(dir, "comm", NULL);
        above += text == NULL || strcmp(text, "bash\n") != 0;
        close(dir);
    }
    printf("ancestors: %d\n", above);
    printf("process group: %s\n", its[GROUP] == ours[GROUP] ? "the start's"
                                  : its[GROUP] == pid       ? "its own"
                                                            : "another");
    printf("session: %s\n", its[SESSION] == ours[SESSION] ? "the start's"
                            : its[SESSION] == pid         ? "its own"
                                                          : "another");
    printf("terminal: %s\n", its[TERMINAL] == 0                ? "none"
                             : its[TERMINAL] == ours[TERMINAL] ? "the start's"
                                                               : "another");
    printf("foreground: %s\n", its[TERMINAL] != 0 && its[FOREGROUND] == its[GROUP] ? "yes" : "no");
    printf("nice: %ld\nscheduling: policy %ld, priority %ld\n", its[NICE], its[POLICY],
           its[RT_PRIORITY]);
    printf("io priority: %ld\n", syscall(SYS_ioprio_get, 1L /* a process */, (long)pid));
}

static void
print_limits(int process)
{
    char *text = read_file(process, "limits", NULL), *rest = NULL;

    for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
        if (strncmp(line, "Max ", 4) == 0) {
            line[25] = '\0';
            printf("limit %s: ", squeeze(line + 4));
            printf("%s\n", squeeze(line + 26));
        }
}

/* What bash(1) sets while it runs LINE is left out. */
static void
print_environment(int process)
{
    static const char *const of_the_shell[] = {"_=", "PWD=", "OLDPWD=", "SHLVL="};
    size_t length = 0, i;
    char *text = read_file(process, "environ", &length);

    for (char *word = text; text != NULL && word < text + length; word += strlen(word) + 1) {
        char *equals = strchr(word, '=');

        for (i = 0; i < 4 && strncmp(word, of_the_shell[i], strlen(of_the_shell[i])) != 0; i++)
            ;
        if (i < 4 || equals == NULL)
            continue;
        printf("environment %.*s: %s\n", (int)(equals - word), word, squeeze(equals + 1));
    }
}

static const char *
kind_of(const struct stat *stat)
{
    static char name[64];

    if (S_ISCHR(stat->st_mode))
        snprintf(name, sizeof name, "character device %u:%u", major(stat->st_rdev),
                 minor(stat->st_rdev));
    else if (S_ISBLK(stat->st_mode))
        snprintf(name, sizeof name, "block device %u:%u", major(stat->st_rdev),
                 minor(stat->st_rdev));
    else
        snprintf(name, sizeof name, "%s",
                 S_ISDIR(stat->st_mode)    ? "directory"
                 : S_ISREG(stat->st_mode)  ? "file"
                 : S_ISFIFO(stat->st_mode) ? "pipe"
                 : S_ISSOCK(stat->st_mode) ? "socket"
                 : S_ISLNK(stat->st_mode)  ? "link"
                                           : "something");
    return name;
}

/* OURS: what we know of our own descriptors; 1 there is the socket. */
static void
print_descriptors(int process, const struct stat ours[64])
{
    for (int fd = 0; fd < 64; fd++) {
        char name[32], *text, *flags;
        const char *which = NULL;
        struct stat stat;

        snprintf(name, sizeof name, "fd/%d", fd);
        if (fstatat(process, name, &stat, 0) == -1) {
            if (errno != ENOENT)
                printf("descriptor %d: ?%s\n", fd, strerror(errno));
            continue;
        }
        if (stat.st_ino == ours[fd].st_ino && stat.st_dev == ours[fd].st_dev)
            which = "the start's";
        snprintf(name, sizeof name, "fdinfo/%d", fd);
        text = read_file(process, name, NULL);
        flags = text == NULL ? NULL : strstr(text, "flags:");
        printf("descriptor %d: %s, flags %lo\n", fd, which != NULL ? which : kind_of(&stat),
               flags == NULL ? 0 : strtoul(flags + 6, NULL, 8));
    }
}

/* ---- the cgroup ----------------------------------------------------------------------------- */

/* Files that count what happens; and those that can only be written. */
static bool
is_statistic(const char *name)
{
    static const char *const ends[] = {".current",      ".stat",         ".events",
                                       ".events.local", ".pressure",     ".peak",
                                       ".numa_stat",    ".kill",         ".stat.local",
                                       ".swap.peak",    "memory.reclaim"};

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (strlen(name) >= strlen(ends[i]) &&
            strcmp(name + strlen(name) - strlen(ends[i]), ends[i]) == 0)
            return true;
    return false;
}

static int
compare_words(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int
count_lines(const char *text)
{
    int lines = 0;

    for (; text != NULL && *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

/* The names in DIR in alphabetical order; how many. */
static int
list_directory(int dir, char *names[512])
{
    int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), count = 0;
    DIR *list = copy == -1 ? NULL : fdopendir(copy);
    const struct dirent *entry;

    while (list != NULL && count < 512 && (entry = readdir(list)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            names[count++] = strdup(entry->d_name);
    if (list != NULL)
        closedir(list);
    qsort(names, (size_t)count, sizeof names[0], compare_words);
    return count;
}

static void
print_cgroup_files(const char *path)
{
    static char copy[sizeof our_mountinfo];
    char *names[512], where[PATH_MAX], attributes[1024];
    struct stat stat;
    ssize_t length;
    int dir = -1, count;

    snprintf(copy, sizeof copy, "%s", our_mountinfo);
    parse_mounts(copy);
    for (int i = 0; i < mount_count && dir == -1; i++)
        if (strcmp(mounts[i].type, "cgroup2") == 0) {
            snprintf(where, sizeof where, "%s%s", mounts[i].point, path);
            dir = open(where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        }
    if (dir == -1 || fstat(dir, &stat) == -1)
        return;
    printf("cgroup directory: mode %o, owner %u:%u\n", stat.st_mode & 07777, stat.st_uid,
           stat.st_gid);
    length = flistxattr(dir, attributes, sizeof attributes);
    for (ssize_t i = 0; i < length; i += (ssize_t)strlen(attributes + i) + 1)
        printf("cgroup attribute: %s\n", attributes + i);
    count = list_directory(dir, names);
    for (int i = 0; i < count; i++) {
        char field[NAME_MAX + 32];

        snprintf(field, sizeof field, "cgroup file %s", names[i]);
        if (fstatat(dir, names[i], &stat, 0) == -1 || !S_ISREG(stat.st_mode) ||
            is_statistic(names[i]))
            continue;
        if (strcmp(names[i], "cgroup.procs") == 0 || strcmp(names[i], "cgroup.threads") == 0)
            printf("%s: %d\n", field, count_lines(read_file(dir, names[i], NULL)));
        else
            print_file(dir, field, names[i]);
    }
    if (strcmp(path, "/") != 0)
        print_file(dir, "cgroup above: subtree_control", "../cgroup.subtree_control");
    close(dir);
}

static void
print_cgroups(int process)
{
    char ours[8192], *text = read_file(proc, "self/cgroup", NULL), *rest = NULL, path[4096] = "";

    snprintf(ours, sizeof ours, "\n%s", text != NULL ? text : "");
    text = read_file(process, "cgroup", NULL);
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        char *name = strchr(line, ':'), *its = name == NULL ? NULL : strchr(name + 1, ':');
        char whole[4096];

        if (its == NULL)
            continue;
        snprintf(whole, sizeof whole, "\n%s\n", line);
        printf("cgroup %.*s: %s\n", (int)(its - name - 1), name + 1,
               strstr(ours, whole) != NULL ? "the start's" : its + 1);
        if (strncmp(line, "0::", 3) == 0 && strstr(ours, whole) == NULL)
            snprintf(path, sizeof path, "%s", its + 1);
    }
    if (path[0] != '\0')
        print_cgroup_files(path);
}

/* ---- files ---------------------------------------------------------------------------------- */

/* What is in the directory PATH below ROOT; and then in those that are in it, which wait in line. */
static void
print_tree(int root, const char *path)
{
    static char line[64][PATH_MAX];
    char *names[512];
    int waiting = 1;

    snprintf(line[0], sizeof line[0], "%s", path);
    for (int next = 0; next < waiting; next++) {
        int dir =
            openat(root, line[next] + strspn(line[next], "/"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int count = dir == -1 ? 0 : list_directory(dir, names);

        if (dir == -1)
            printf("file %s: ?%s\n", line[next], strerror(errno));
        for (int i = 0; i < count; i++) {
            char link[PATH_MAX] = "";
            struct stat stat;

            if (fstatat(dir, names[i], &stat, AT_SYMLINK_NOFOLLOW) == -1)
                continue;
            if (S_ISLNK(stat.st_mode) && readlinkat(dir, names[i], link, sizeof link - 1) == -1)
                link[0] = '\0';
            printf("file %s/%s: %s, mode %o, owner %u:%u%s%s\n", line[next], names[i],
                   kind_of(&stat), stat.st_mode & 07777, stat.st_uid, stat.st_gid,
                   link[0] != '\0' ? " to " : "", link);
            if (S_ISDIR(stat.st_mode) && waiting < 64 &&
                strlen(line[next]) + strlen(names[i]) < PATH_MAX - 2)
                sprintf(line[waiting++], "%s/%s", line[next], names[i]);
        }
        if (dir != -1)
            close(dir);
    }
}

/* ---- look ----------------------------------------------------------------------------------- */

/* Waits for what looked says; returns its pid, or -1. The kernel tells it, as we number it, unix(7). */
static pid_t
hear(int from, char *text, size_t size)
{
    union {
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
        struct cmsghdr align;
    } control;
    struct iovec part = {text, size - 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    ssize_t length = recvmsg(from, &message, 0);
    const struct cmsghdr *header = length <= 0 ? NULL : CMSG_FIRSTHDR(&message);
    struct ucred sender;

    if (header == NULL || header->cmsg_type != SCM_CREDENTIALS)
        return -1;
    text[length] = '\0';
    memcpy(&sender, CMSG_DATA(header), sizeof sender);
    return sender.pid;
}

/* Prints what looked, process PID in a pid namespace that is IN's, has said. Clocks are compared with ours, to the nearest hour; the keyring, too. */
static void
print_said(char *text, pid_t pid, const char *in)
{
    char *rest = NULL;

    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        bool is_clock = strncmp(line, "clock ", 6) == 0;
        const char *colon = strchr(line, ':');
        struct timespec now;

        if (colon == NULL) {
            printf("?%s\n", line);
        } else if (strncmp(line, "pid inside", 10) == 0 && strtol(colon + 1, NULL, 10) == pid) {
            printf("pid inside: the same as outside\n");
        } else if (strncmp(line, "pid inside", 10) == 0 && strcmp(in, "new") != 0) {
            printf("pid inside: one more in %s\n", in); /* which had others before it */
        } else if (is_clock) {
            clock_gettime(line[6] == 'm' ? CLOCK_MONOTONIC : CLOCK_BOOTTIME, &now);
            long long ahead = strtoll(colon + 1, NULL, 10) - (long long)now.tv_sec;

            printf("%.*s: %+lld hours\n", (int)(colon - line), line,
                   (ahead + (ahead < 0 ? -1800 : 1800)) / 3600);
        } else if (strncmp(line, "session keyring", 15) == 0) {
            printf("session keyring: %s\n",
                   strtol(colon + 1, NULL, 10) == session_keyring() ? "the start's" : "another");
        } else {
            printf("%s\n", line);
        }
    }
}

static void
print_process(pid_t pid, char *said, const char *tree, const struct stat ours[64])
{
    static const char *const files[] = {"uid_map",       "gid_map",        "setgroups",
                                        "oom_score_adj", "timens_offsets", "coredump_filter",
                                        "attr/current"};
    char name[32];
    int process, pid_ns;

    snprintf(name, sizeof name, "%d", (int)pid);
    process = openat(proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    pid_ns = open_ns(process, "pid");
    print_said(said, pid, whose(PID, inode_of(pid_ns)));
    if (pid_ns != -1)
        close(pid_ns);
    print_namespaces(process);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        print_file(process, files[i], files[i]);
    print_file(process, "program", "comm");
    print_status(process);
    print_stat(process, pid);
    print_limits(process);
    print_environment(process);
    print_descriptors(process, ours);
    print_cgroups(process);
    print_place(process, "root", "root");
    print_place(process, "cwd", "cwd");
    print_all_mounts(process);
    if (tree != NULL) {
        int root = openat(process, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);

        print_tree(root, tree);
        close(root);
    }
    close(process);
}

int
main(int argc, char **argv)
{
    const char *name = strrchr(argv[0], '/'), *tree = NULL, *text;
    int ends[2], option, status = 0, on = 1;
    static char said[32768];
    static struct stat ours[64];
    pid_t child, pid;

    name = name != NULL ? name + 1 : argv[0];
    if (strcmp(name, "looked") == 0)
        return be_looked_at(argv[1]);

    /* A session keyring of the start's own. Where a login has made none, the kernel shows another one for
     * each user. */
    syscall(SYS_keyctl, (long)KEYCTL_JOIN, NULL);
    proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    remember("the start", "self");
    while ((option = getopt(argc, argv, "r:t:")) != -1) {
        char *equals = optarg != NULL ? strchr(optarg, '=') : NULL;

        if (option == 't')
            tree = optarg;
        else if (option == 'r' && equals != NULL && known_count < MAX_KNOWN) {
            *equals = '\0';
            remember(optarg, equals + 1);
        }
    }
    if (optind != argc - 1 || (text = read_file(proc, "self/mountinfo", NULL)) == NULL)
        return 1;
    snprintf(our_mountinfo, sizeof our_mountinfo, "%s", text);
    for (int fd = 0; fd < 64; fd++)
        fstat(fd, &ours[fd]);

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == -1 ||
        setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == -1)
        return 1;
    fstat(ends[1], &ours[STDOUT_FILENO]);
    child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        execlp("bash", "bash", "-c", argv[optind], (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    pid = hear(ends[0], said, sizeof said);
    if (pid > 0) {
        print_process(pid, said, tree, ours);
        fflush(stdout);
        if (write(ends[0], "d", 1) != 1) /* done */
            status = 1;
    } else {
        fprintf(stderr, "look: nobody was there to be looked at: %s\n", argv[optind]);
        status = 1;
    }
    if (waitpid(child, &on, 0) == -1 || on != 0)
        fprintf(stderr, "look: wait status %#x: %s\n", (unsigned)on, argv[optind]);
    return status == 0 && on == 0 ? 0 : 1;
}
