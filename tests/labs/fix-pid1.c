/*
 * fix-pid1: the first process of a container.
 *
 *     unshare --pid --fork fix-pid1 COMMAND [ARG ...]
 *
 * As process 1 of a pid namespace it starts COMMAND and waits until COMMAND has ended. Its exit
 * status is that of COMMAND, or 128 + N when signal N has ended COMMAND.
 * Man pages: pid_namespaces(7), waitpid(2), sigaction(2).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t command;

static void
pass_on(int signal_number)
{
    int error = errno;

    kill(command, signal_number);
    errno = error;
}

/* The kernel gives process 1 no signal for which it has no handler, not from outside either (but for
 * SIGKILL and SIGSTOP). What COMMAND should do about SIGTERM is its own affair: it gets it. */
static void
catch_signals(void)
{
    struct sigaction action = {.sa_handler = pass_on};

    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

/* Every orphan of the namespace becomes a child of process 1, who must wait for it, or it stays as a
 * zombie. So wait for any child, until it is the one. */
static int
wait_for_command(void)
{
    pid_t pid;
    int status;

    while ((pid = waitpid(-1, &status, 0)) != command)
        if (pid == -1 && errno != EINTR)
            return 125;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int
main(int argc, char **argv)
{
    sigset_t terminating, before;

    if (argc < 2) {
        fprintf(stderr, "Usage: fix-pid1 COMMAND [ARG ...]\n");
        return 125;
    }
    /* A signal that comes before the handlers know the pid of COMMAND must wait. */
    sigemptyset(&terminating);
    sigaddset(&terminating, SIGTERM);
    sigaddset(&terminating, SIGINT);
    sigprocmask(SIG_BLOCK, &terminating, &before);
    command = fork();
    if (command == -1) {
        fprintf(stderr, "fix-pid1: fork: %s\n", strerror(errno));
        return 125;
    }
    if (command == 0) {
        sigprocmask(SIG_SETMASK, &before, NULL);
        execvp(argv[1], argv + 1);
        fprintf(stderr, "fix-pid1: exec %s: %s\n", argv[1], strerror(errno));
        _exit(127);
    }
    catch_signals();
    sigprocmask(SIG_SETMASK, &before, NULL);
    return wait_for_command();
}
