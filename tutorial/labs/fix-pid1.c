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

static int
wait_for_command(void)
{
    waitpid(command, NULL, 0);
    return 0;
}

int
main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "Usage: fix-pid1 COMMAND [ARG ...]\n");
        return 125;
    }
    command = fork();
    if (command == -1) {
        fprintf(stderr, "fix-pid1: fork: %s\n", strerror(errno));
        return 125;
    }
    if (command == 0) {
        execvp(argv[1], argv + 1);
        fprintf(stderr, "fix-pid1: exec %s: %s\n", argv[1], strerror(errno));
        _exit(127);
    }
    return wait_for_command();
}
