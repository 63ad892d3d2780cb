/*
 * payload.c - a COMMAND that tells what the kernel says about it, for tests/faults.
 *
 * One fact a line: namespaces, root, ids, capabilities, mounts, descriptors, and the files that it is given. It
 * looks until two looks agree, for a system call that strace(1) lets fail may be one of its own.
 *
 *   payload [FILE ...]
 *   payload --spend NUMBER COUNT COMMAND ...: becomes COMMAND, but makes COUNT system calls of that NUMBER
 *   before, with arguments that the kernel refuses. strace counts the calls of each process by itself: so when
 *   its Nth one is to fail, that will be one of a child.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

struct text {
    char bytes[65536];
    size_t length;
};

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
add(struct text *text, const char *format, ...)
{
    size_t room = sizeof text->bytes - text->length;
    va_list list;
    int length;

    va_start(list, format);
    length = vsnprintf(text->bytes + text->length, room, format, list);
    va_end(list);
    if (length > 0 && (size_t)length < room)
        text->length += (size_t)length;
}

/* The lines of FILE that begin with one of WANTED (NULL: all). */
static void
add_file(struct text *text, const char *file, const char *const *wanted)
{
    static char bytes[65536];
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    size_t used = 0;
    ssize_t got = 0;
    char *line, *rest = bytes;

    while (fd != -1 && (got = read(fd, bytes + used, sizeof bytes - 1 - used)) > 0)
        used += (size_t)got;
    bytes[used] = '\0';
    if (fd != -1)
        close(fd);
    if (fd == -1 || got == -1) {
        add(text, "%s: cannot be read\n", file);
        return;
    }
    while ((line = strsep(&rest, "\n")) != NULL && line[0] != '\0') {
        bool shown = wanted == NULL;

        for (int i = 0; !shown && wanted[i] != NULL; i++)
            shown = strncmp(line, wanted[i], strlen(wanted[i])) == 0;
        if (shown)
            add(text, "%s: %s\n", file, line);
    }
}

/* Where the mounts are, of which type, and whether they are shared. */
static void
add_mounts(struct text *text)
{
    FILE *mounts = fopen("/proc/self/mountinfo", "re");
    char line[4096], root[1024], point[1024], options[256];

    if (mounts == NULL)
        add(text, "mountinfo: cannot be read\n");
    while (mounts != NULL && fgets(line, sizeof line, mounts) != NULL) {
        const char *dash = strstr(line, " - ");

        if (dash != NULL &&
            sscanf(line, "%*d %*d %*s %1023s %1023s %255s", root, point, options) == 3)
            add(text, "mount: %s on %s %s %s%.*s\n", root, point, options,
                strstr(line, " shared:") != NULL ? "shared " : "", (int)strcspn(dash + 3, " "),
                dash + 3);
    }
    if (mounts != NULL)
        fclose(mounts);
}

static void
add_place(struct text *text, const char *path)
{
    struct stat place;

    if (stat(path, &place) == 0)
        add(text, "%s: device %u inode %lu\n", path, minor(place.st_dev), place.st_ino);
}

static void
look(struct text *text, char *const *files)
{
    static const char *const types[] = {"cgroup", "ipc",  "mnt",  "net", "pid_for_children",
                                        "pid",    "time", "user", "uts"};
    static const char *const status[] = {"Umask:",  "Uid:",   "Gid:",    "Groups:", "NSpid:",
                                         "SigBlk:", "SigIgn", "CapInh:", "CapPrm:", "CapEff:",
                                         "CapBnd:", "CapAmb", "NoNew",   "Seccomp", NULL};
    static const char *const unified[] = {"0::", NULL};
    struct utsname name;
    struct stat in;
    char path[64];
    int signal = 0;

    text->length = 0;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        char link[64] = "?";

        snprintf(path, sizeof path, "/proc/self/ns/%s", types[i]);
        (void)!readlink(path, link, sizeof link - 1);
        add(text, "%s: %s\n", types[i], link);
    }
    add_place(text, "/");
    add_place(text, ".");
    if (uname(&name) == 0)
        add(text, "hostname: %s\n", name.nodename);
    add_file(text, "/proc/self/status", status);
    add_file(text, "/proc/self/uid_map", NULL);
    add_file(text, "/proc/self/gid_map", NULL);
    add_file(text, "/proc/self/setgroups", NULL);
    add_file(text, "/proc/self/cgroup", unified);
    add_file(text, "/proc/self/timens_offsets", NULL);
    for (; *files != NULL; files++)
        add_file(text, *files, NULL);
    add_mounts(text);
    prctl(PR_GET_PDEATHSIG, &signal, 0, 0, 0);
    add(text, "death signal: %d\n", signal);
    add(text, "leads its process group: %d\n", getpgrp() == getpid());
    if (fstat(STDIN_FILENO, &in) == 0)
        add(text, "stdin: type %o device %u,%u\n", in.st_mode & S_IFMT, major(in.st_rdev),
            minor(in.st_rdev));
    add(text, "descriptors:");
    for (int fd = 0; fd < 256; fd++)
        if (fcntl(fd, F_GETFD) != -1)
            add(text, " %d", fd);
    add(text, "\n");
}

int
main(int argc, char **argv)
{
    static struct text one, other;

    if (argc > 4 && strcmp(argv[1], "--spend") == 0) {
        for (long i = 0; i < atol(argv[3]); i++)
            syscall(atol(argv[2]), -1L, -1L, -1L, -1L, -1L, -1L);
        for (int i = 0; i < 3; i++)
            execvp(argv[4], argv + 4);
        return 1;
    }
    look(&one, argv + 1);
    for (int i = 0; i < 5; i++) {
        look(&other, argv + 1);
        if (one.length == other.length && memcmp(one.bytes, other.bytes, one.length) == 0)
            break;
        memcpy(&one, &other, sizeof one);
    }
    for (int i = 0; i < 3; i++)
        if (write(STDOUT_FILENO, one.bytes, one.length) == (ssize_t)one.length)
            return 0;
    return 1;
}
