/*
 * fix-limit: a container with a limit.
 *
 * Usage: fix-limit DIR FILE=VALUE COMMAND [ARG ...]
 * Makes the cgroup DIR, writes VALUE to its FILE, and runs COMMAND in a container that is in it.
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

/* Goes into the cgroup DIR, makes a pid namespace, starts COMMAND as PID 1 in it, and ends as that one ends. First
 * into the cgroup: "0" is whoever writes it, and all that begins later is born where its parent is. */
static void
run_container(const char *dir, char **command)
{
    pid_t init;

    write_file(dir, "cgroup.procs", "0");
    if (unshare(CLONE_NEWPID | CLONE_NEWUTS) == -1 || (init = fork()) == -1)
        die("unshare, fork");
    if (init == 0) {
        execvp(command[0], command);
        die(command[0]);
    }
    exit(wait_for(init));
}

int
main(int argc, char **argv)
{
    int status;
    char *value;
    pid_t container;

    if (argc < 4 || (value = strchr(argv[2], '=')) == NULL) {
        fprintf(stderr, "Usage: fix-limit DIR FILE=VALUE COMMAND [ARG ...]\n");
        return 125;
    }
    *value++ = '\0';
    if (mkdir(argv[1], 0755) == -1)
        die(argv[1]);
    write_file(argv[1], argv[2], value);

    /* A child, because a cgroup can only be removed by somebody who is not in it. */
    if ((container = fork()) == -1)
        die("fork");
    if (container == 0)
        run_container(argv[1], argv + 3);
    status = wait_for(container);
    if (rmdir(argv[1]) == -1)
        die(argv[1]);
    return status;
}
