/*
 * hunter.c - a hostile process inside a container that waits for newcomers, for tests/ways-out.bats.
 *
 *   hunter STEP       STEP: what a newcomer is called until its execve(2), "06-nsenter"
 *   hunter --join PID COMMAND ...    a joiner that does it wrong: the control
 *
 * Pids come one after the other, so it knows the next one and sends SIGSTOP there without a pause. A newcomer
 * is so stopped as soon as it exists, as a fork of a process outside. Then it tries all that could lead out,
 * and counts a hit only when the newcomer has not become COMMAND meanwhile. It ends when /tmp/stop appears.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const files[] = {"root", "cwd",  "exe",  "mem",  "environ", "fd/0",
                                    "fd/1", "fd/2", "fd/3", "fd/8", "maps",    "ns/mnt"};
enum { FILES = sizeof files / sizeof files[0] };

/* Is the process still called STEP? */
static bool
is_fork(int process, const char *step)
{
    char name[32] = "";
    int comm = openat(process, "comm", O_RDONLY | O_CLOEXEC);
    bool same = comm != -1 && read(comm, name, sizeof name - 1) > 0;

    if (comm != -1)
        close(comm);
    name[strcspn(name, "\n")] = '\0';
    return same && strcmp(name, step) == 0;
}

/* One look at a newcomer: what could be opened is counted in HITS, ptrace(2) behind the files. False: it
 * is no fork any more. */
static bool
hunt(pid_t pid, int process, const char *step, long *hits)
{
    bool hit[FILES + 1] = {false};

    for (int i = 0; i < FILES; i++) {
        int file = openat(process, files[i], O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

        hit[i] = file != -1;
        if (file != -1)
            close(file);
    }
    if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0) {
        hit[FILES] = true;
        ptrace(PTRACE_INTERRUPT, pid, NULL, NULL); /* it can be let go only when it has stopped */
        waitpid(pid, NULL, __WALL);
        ptrace(PTRACE_DETACH, pid, NULL, NULL);
    }
    if (!is_fork(process, step))
        return false;
    for (int i = 0; i <= FILES; i++)
        hits[i] += hit[i];
    return true;
}

/* The last pid that was given in our pid namespace: the last field of /proc/loadavg. */
static pid_t
last_pid(int proc)
{
    char text[128] = "";
    int file = openat(proc, "loadavg", O_RDONLY | O_CLOEXEC);
    const char *field;

    if (file != -1 && read(file, text, sizeof text - 1) == -1)
        text[0] = '\0';
    if (file != -1)
        close(file);
    field = strrchr(text, ' ');
    return field == NULL ? 0 : (pid_t)strtol(field, NULL, 10);
}

static int
wait_for_newcomers(const char *step)
{
    long newcomers = 0, tries = 0, hits[FILES + 1] = {0};
    pid_t next = getpid() + 1;
    int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    printf("watching\n");
    fflush(stdout);
    for (long round = 0; round % 1000 != 0 || access("/tmp/stop", F_OK) == -1; round++) {
        char name[16];
        int process;

        if (kill(next, SIGSTOP) == -1 && errno == ESRCH) {
            pid_t last = round % 100 == 0 ? last_pid(proc) : 0;

            if (last > next) /* this one has come and gone while we did not run */
                next = last;
            else if (last == next && kill(next, 0) == -1)
                next++;
            sched_yield(); /* the joiner needs a processor, too */
            continue;
        }
        snprintf(name, sizeof name, "%d", (int)next);
        process = openat(proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (process != -1 && is_fork(process, step)) {
            newcomers++;
            printf("newcomers %ld\n", newcomers);
            fflush(stdout); /* who starts them wants to know when it is enough */
            for (int i = 0; i < 20 && hunt(next, process, step, hits); i++)
                tries++;
        }
        kill(next, SIGCONT);
        if (process != -1)
            close(process);
        next++;
    }
    printf("tries %ld\n", tries);
    for (int i = 0; i <= FILES; i++)
        if (hits[i] > 0)
            printf("hit %s %ld\n", i < FILES ? files[i] : "ptrace", hits[i]);
    return 0;
}

/* Enters all namespaces of PID and its children's pid namespace, forks, and becomes COMMAND: nothing closed,
 * and dumpable. */
static int
join_badly(const char *pid, char **command)
{
    static const char *const types[] = {"user", "mnt", "pid_for_children"};
    int fds[3], status = 0;
    pid_t child;

    for (int i = 0; i < 3; i++) {
        char path[64];

        snprintf(path, sizeof path, "/proc/%s/ns/%s", pid, types[i]);
        fds[i] = open(path, O_RDONLY);
    }
    for (int i = 0; i < 3; i++) /* EINVAL: it is our own user namespace */
        if (setns(fds[i], 0) == -1 && (i > 0 || errno != EINVAL))
            return 2;
    child = fork();
    if (child == 0) {
        usleep(20000);
        execvp(command[0], command);
        _exit(127);
    }
    return waitpid(child, &status, 0) == child && status == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
    if (argc > 3 && strcmp(argv[1], "--join") == 0)
        return join_badly(argv[2], argv + 3);
    return argc == 2 ? wait_for_newcomers(argv[1]) : 2;
}
