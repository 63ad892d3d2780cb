/*
 * fix-root-outside: who is root in there, seen from outside?
 *
 * Usage: fix-root-outside COMMAND [ARG ...]
 * Runs COMMAND as root of a user namespace, who is uid 100000 outside.
 * The task: tutorial/labs/fix-root-outside.md. Man page: user_namespaces(7).
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The message for a failed call, and the end. */
static _Noreturn void
die(const char *what)
{
    fprintf(stderr, "fix-root-outside: %s: %s\n", what, strerror(errno));
    exit(125);
}

/* Writes TEXT to FILE of process PID in one write(2). */
static void
write_map(pid_t pid, const char *file, const char *text)
{
    char path[64];
    int fd;

    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd == -1 || write(fd, text, strlen(text)) == -1)
        die(path);
    close(fd);
}

/* Maps a whole system of ids. PID is in its new user namespace, and we are not: a map of many ids may be
 * written only by one who may set any id *outside*. */
static void
write_maps(pid_t pid)
{
    write_map(pid, "gid_map", "0 100000 65536");
    write_map(pid, "uid_map", "0 100000 65536");
}

/* The map says what the numbers mean, and changes nobody: this does. The groups go first, while it is
 * still allowed; the uid goes last. */
static void
become_root(void)
{
    if (setgroups(0, NULL) == -1)
        die("setgroups");
    if (setresgid(0, 0, 0) == -1 || setresuid(0, 0, 0) == -1)
        die("become root in there");
}

int
main(int argc, char **argv)
{
    int made[2], mapped[2], status;
    char byte = 0;
    pid_t child;

    if (argc < 2) {
        fprintf(stderr, "Usage: fix-root-outside COMMAND [ARG ...]\n");
        return 125;
    }
    if (pipe2(made, O_CLOEXEC) == -1 || pipe2(mapped, O_CLOEXEC) == -1 || (child = fork()) == -1)
        die("pipe, fork");
    if (child == 0) {
        close(mapped[1]); /* or its end would never come */
        if (unshare(CLONE_NEWUSER) == -1)
            die("unshare");
        if (write(made[1], "", 1) != 1 || read(mapped[0], &byte, 1) != 1)
            _exit(125); /* the parent has said why */
        become_root();
        execvp(argv[1], argv + 1);
        die(argv[1]);
    }
    close(made[1]);
    if (read(made[0], &byte, 1) == 1) {
        write_maps(child);
        if (write(mapped[1], "", 1) != 1)
            die("pipe");
    }
    if (waitpid(child, &status, 0) == -1)
        die("wait");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
