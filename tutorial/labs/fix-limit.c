/*
 * fix-limit: a container with a limit.
 *
 * Usage: fix-limit DIR FILE=VALUE COMMAND [ARG ...]
 * Makes the cgroup DIR, writes VALUE to its FILE, and runs COMMAND in a container that is in it. All of this happens
 * without an error, but it is broken: the limit does not bind COMMAND.
 * The task: tutorial/labs/fix-limit.md. Man page: cgroups(7).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The message for a failed call, and the end. */
static _Noreturn void
die(const char *what)
{
    fprintf(stderr, "fix-limit: %s: %s\n", what, strerror(errno));
    exit(125);
}

/* Writes TEXT to FILE in DIR. Without O_CREAT: a file that is not there must give ENOENT. */
static void
write_file(const char *dir, const char *file, const char *text)
{
    char path[4096];
    int fd;

    snprintf(path, sizeof path, "%s/%s", dir, file);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd == -1 || write(fd, text, strlen(text)) == -1)
        die(path);
    close(fd);
}

/* Waits for CHILD; returns the exit status that says how it has ended. */
static int
wait_for(pid_t child)
{
    int status;

    if (waitpid(child, &status, 0) == -1)
        die("wait");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Makes a pid namespace, starts COMMAND as PID 1 in it, and ends as that one ends. When COMMAND has begun, the last
 * descriptor of the pipe BEGUN is closed. */
static void
run_container(char **command, int begun)
{
    pid_t init;

    if (unshare(CLONE_NEWPID | CLONE_NEWUTS) == -1 || (init = fork()) == -1)
        die("unshare, fork");
    if (init == 0) {
        execvp(command[0], command);
        die(command[0]);
    }
    close(begun);
    exit(wait_for(init));
}

int
main(int argc, char **argv)
{
    int begun[2], status;
    char *value, byte, number[16];
    pid_t container;

    if (argc < 4 || (value = strchr(argv[2], '=')) == NULL) {
        fprintf(stderr, "Usage: fix-limit DIR FILE=VALUE COMMAND [ARG ...]\n");
        return 125;
    }
    *value++ = '\0';
    if (mkdir(argv[1], 0755) == -1)
        die(argv[1]);
    write_file(argv[1], argv[2], value);

    if (pipe2(begun, O_CLOEXEC) == -1 || (container = fork()) == -1)
        die("pipe, fork");
    if (container == 0)
        run_container(argv + 3, begun[1]);
    close(begun[1]);
    if (read(begun[0], &byte, 1) == -1) /* the container has begun: limit it */
        die("read");
    snprintf(number, sizeof number, "%d", (int)container);
    write_file(argv[1], "cgroup.procs", number);
    fprintf(stderr, "fix-limit: process %s is in %s\n", number, argv[1]);

    status = wait_for(container);
    if (rmdir(argv[1]) == -1)
        die(argv[1]);
    return status;
}
