/*
 * fix-root-outside: who is root in there, seen from outside?
 *
 * Usage: fix-root-outside COMMAND [ARG ...]
 * Runs COMMAND as root of a user namespace. It works, but it is broken: this root is the root outside.
 * The task: tutorial/labs/fix-root-outside.md. Man page: user_namespaces(7).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The message for a failed call, and the end. */
static _Noreturn void
die(const char *what)
{
    fprintf(stderr, "fix-root-outside: %s: %s\n", what, strerror(errno));
    exit(125);
}

/* Writes TEXT to the file PATH in one write(2). */
static void
write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd == -1 || write(fd, text, strlen(text)) == -1)
        die(path);
    close(fd);
}

int
main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "Usage: fix-root-outside COMMAND [ARG ...]\n");
        return 125;
    }
    if (unshare(CLONE_NEWUSER) == -1)
        die("unshare");
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/gid_map", "0 0 1");
    write_file("/proc/self/uid_map", "0 0 1");
    execvp(argv[1], argv + 1);
    die(argv[1]);
}
