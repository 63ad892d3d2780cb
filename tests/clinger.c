/*
 * clinger.c - ends with status 7, and leaves something dead behind that only its parent outside can wait for.
 *
 *   clinger thread     a thread that has made the parent its tracer, ptrace(2): its process has not ended before
 *                      the tracer has waited for the thread
 *   clinger sibling    a process that is a child of the parent, CLONE_PARENT in clone(2): the pid namespace has not
 *                      ended before the parent has waited for it
 */
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

static int ready[2];

/* (No errno here, and no pthread_exit(3): the two share all memory, and the thread has no libc.) */
static int
be_traced(void *argument)
{
    (void)argument;
    write(ready[1], ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? "t" : "-", 1);
    syscall(SYS_exit, 0);
    return 0;
}

static int
end_at_once(void *argument)
{
    (void)argument;
    write(ready[1], "t", 1);
    _exit(0);
}

int
main(int argc, char **argv)
{
    static char stack[65536];
    char *top = stack + sizeof stack, byte = '-';
    int pid;

    if (argc != 2 || pipe(ready) == -1)
        return 1;
    if (strcmp(argv[1], "thread") == 0)
        pid = clone(be_traced, top,
                    CLONE_VM | CLONE_FILES | CLONE_FS | CLONE_SIGHAND | CLONE_THREAD, NULL);
    else
        pid = clone(end_at_once, top, CLONE_PARENT | SIGCHLD, NULL);
    if (pid == -1 || read(ready[0], &byte, 1) != 1 || byte != 't')
        return 1;
    _exit(7);
}
