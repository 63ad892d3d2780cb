/*
 * run.c - running processes inside: COMMAND, PID 1, and small pieces of work.
 *
 * A process that enters the container must not bring anything in with it. It is a fork of a
 * process outside, and until its execve(2) a hostile process inside could look at it. Hence:
 * nothing is open but 0, 1, 2 (and a pipe or the terminal), its root and cwd are inside already,
 * and it is not dumpable, so that /proc/PID/{fd,root,mem} of it stay shut (CVE-2016-9962 in runc).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nsteps.h"

/* No descriptor is higher than this. The limit may have been lowered when one was open already; then FDSize, in
 * proc_pid_status(5), is higher. */
static int
highest_descriptor(void)
{
    const char field[] = "\nFDSize:\t";
    char status[16384];
    const char *line = NULL;
    struct rlimit limit;
    int highest = 1 << 20;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 1 << 20)
        highest = (int)limit.rlim_cur;
    if (read_file_at(AT_FDCWD, "/proc/self/status", status, sizeof status) != -1)
        line = strstr(status, field);
    if (line != NULL && atoi(line + strlen(field)) > highest)
        highest = atoi(line + strlen(field));
    return highest;
}

void
close_from(int first)
{
    int highest;

    if (syscall(SYS_close_range, (unsigned)first, ~0U, 0) == 0)
        return;
    /* A seccomp filter that is older than the call refuses it. One by one, then: a descriptor of a host
     * directory that stayed open would be a way out. */
    highest = highest_descriptor();
    for (int fd = first; fd <= highest; fd++)
        close(fd);
}

void
close_all_but_kept(struct step *step)
{
    int *kept[] = {&step->terminal, &step->leash, &step->previous}; /* to be 3, 4, 5 */
    int copy[3];

    for (int i = 0; i < 3; i++)
        if (*kept[i] == -1)
            copy[i] = -1;
        else if ((copy[i] = fcntl(*kept[i], F_DUPFD_CLOEXEC, 6)) == -1)
            fail(step, errno, why_unknown("2 fcntl"), "fcntl(F_DUPFD_CLOEXEC)");
    for (int i = 0; i < 3; i++) {
        if (copy[i] == -1)
            close(3 + i);
        else if (dup3(copy[i], 3 + i, O_CLOEXEC) == -1)
            fail(step, errno, why_unknown("2 dup3"), "dup3");
        *kept[i] = copy[i] == -1 ? -1 : 3 + i;
    }
    close_from(6);
    step->proc_self = -1;
    step->target.pidfd = -1;
}

int
wait_for_exit(pid_t child, int *status)
{
    pid_t ended;

    do
        ended = waitpid(child, status, 0);
    while (ended == -1 && errno == EINTR);
    return ended == -1 ? -1 : 0;
}

void
set_death_signal(int signal)
{
    if (prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0) == 0)
        return;
    fprintf(stderr, "%s: prctl(PR_SET_PDEATHSIG): %s\n", program_invocation_short_name,
            strerror(errno));
    _exit(EXIT_STEP_FAILED);
}

void
die_with_parent(int pipe_end)
{
    struct pollfd reader = {.fd = pipe_end, .events = 0};

    set_death_signal(SIGKILL);
    /* If the parent had died before that, its end of the pipe is closed: POLLERR. */
    if (poll(&reader, 1, 0) == 1)
        _exit(EXIT_STEP_FAILED);
}

/* ---- PID 1 ---------------------------------------------------------------------------------- */

/* The kernel gives every orphan of a pid namespace to its PID 1, who must wait(2) for it, or it
 * stays in the process table as a zombie. That is all that this one does, for ever. READY, the lowest
 * descriptor, is the write end of a pipe that only the step outside reads. */
noreturn void
be_init(int ready)
{
    sigset_t child_ended;

    die_with_parent(ready);
    prctl(PR_SET_NAME, INIT_NAME, 0, 0, 0);
    sigemptyset(&child_ended);
    sigaddset(&child_ended, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child_ended, NULL);
    close_from(ready + 1);
    /* Only now, when it cannot outlive its parent and holds nothing of the caller's that COMMAND could reach in
     * /proc/1/fd, may anybody be told that it is there. */
    if (write(ready, "r", 1) != 1)
        _exit(EXIT_STEP_FAILED);
    close(ready);
    for (;;) {
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
        sigwaitinfo(&child_ended, NULL);
    }
}

pid_t
start_init(struct step *step)
{
    /* Without /proc there is nothing to copy from. But where a copy can be made it must be one: PID 1 that ran
     * from the host's file without a word would be less than was asked for. */
    int file = step->proc_self == -1 ? -1 : openat(step->proc_self, "exe", O_RDONLY | O_CLOEXEC);
    int ready[2], program = file == -1 ? -1 : copy_program(file, INIT_NAME);
    int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
    char byte;
    pid_t pid;
    bool is_ready;

    if (step->proc_self != -1 && program == -1)
        fail(step, errno, why_copy(file), "copy this program into memory, for PID 1");
    if (file != -1)
        close(file);
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1 || pipe2(ready, O_CLOEXEC) == -1)
        return -1;
    pid = fork();
    if (pid == 0) {
        char *argv[] = {(char *)INIT_NAME, NULL};

        setsid(); /* no terminal: Ctrl-C at the caller's must not reach PID 1 */
        if (chdir("/") == -1 || dup2(ready[1], 0) == -1)
            _exit(EXIT_STEP_FAILED);
        if (program != -1) {
            /* After "-" somebody may be there who looks at it, and with the exec it becomes dumpable. */
            if (dup3(program, 1, O_CLOEXEC) == -1)
                _exit(EXIT_STEP_FAILED);
            close_from(2);
            fexecve(1, argv, environ); /* begin sees the name, and calls be_init */
            _exit(EXIT_STEP_FAILED);
        }
        be_init(0);
    }
    int error = errno;
    prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0);
    close(ready[1]);
    if (program != -1)
        close(program);
    is_ready = pid > 0 && read(ready[0], &byte, 1) == 1;
    close(ready[0]);
    if (pid > 0 && !is_ready) {
        kill(pid, SIGKILL); /* it may be well, and then it would never end */
        wait_for_exit(pid, NULL);
        error = ECHILD;
        pid = -1;
    }
    errno = error;
    return pid;
}

/* ---- a piece of work inside ----------------------------------------------------------------- */

static bool
children_get_our_pid_namespace(const struct step *step)
{
    struct stat own, children;

    if (step->proc_self == -1) /* there is none, or run_inside has closed it */
        return step->now.inode[NS_PID] == step->own.inode[NS_PID];
    return fstatat(step->proc_self, "ns/pid", &own, 0) == -1 ||
           (fstatat(step->proc_self, "ns/pid_for_children", &children, 0) == 0 &&
            own.st_ino == children.st_ino);
}

struct result { /* what the child tells */
    int error;  /* 0: done */
    struct why why;
};

int
run_inside(struct step *step, int (*work)(const void *), const void *argument,
           struct why (*ask)(const struct step *, const void *), struct why *why)
{
    struct result result = {.error = 0};
    int ends[2], dumpable;
    bool heard;
    pid_t pid;

    if (children_get_our_pid_namespace(step)) {
        if (work(argument) == 0)
            return 0;
        *why = ask(step, argument);
        return -1;
    }
    read_namespaces(step->proc_self, &step->now);
    close_all_but_kept(step);
    dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1 || pipe2(ends, O_CLOEXEC) == -1) {
        *why = why_fork(step);
        return -2;
    }
    pid = fork();
    if (pid == 0) {
        close(ends[0]);
        close(step->leash);
        close(step->previous);
        die_with_parent(ends[1]);
        if (work(argument) == -1) {
            result.error = errno;
            result.why = ask(step, argument);
        }
        _exit(write(ends[1], &result, sizeof result) == sizeof result ? 0 : EXIT_STEP_FAILED);
    }
    if (pid == -1) {
        result.error = errno;
        *why = why_fork(step);
    }
    close(ends[1]);
    /* What is less than PIPE_BUF bytes comes in one piece, pipe(7). */
    heard = pid > 0 && read(ends[0], &result, sizeof result) == sizeof result;
    if (pid > 0) {
        *why = result.why; /* when it has died: not known */
        if (!heard)
            result.error = ECHILD;
        wait_for_exit(pid, NULL);
    }
    close(ends[0]);
    prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0);
    errno = result.error;
    return result.error == 0 ? 0 : heard ? -1 : -2;
}

/* ---- COMMAND -------------------------------------------------------------------------------- */

/* Becomes ARGV[0], looked up in PATH as execvp(3) does it. Only, execvp gives a file that the kernel does
 * not take (ENOEXEC) to /bin/sh, to be read as a script, and that then finds a syntax error in a program
 * for another machine. Returns errno; FILE is the file of that name that was there, or "". */
static int
exec_in_path(const struct step *step, char **argv, char *file, size_t size)
{
    const char *path = getenv("PATH"), *next = path != NULL ? path : "/bin:/usr/bin";
    bool typed_path = strchr(argv[0], '/') != NULL || argv[0][0] == '\0';
    int error = ENOENT;

    file[0] = '\0';
    if (typed_path)
        next = "";
    while (next != NULL) {
        int length = (int)strcspn(next, ":"), failed;
        struct stat there;
        char candidate[4096];
        bool fits = (size_t)snprintf(candidate, sizeof candidate, "%.*s%s%s", length, next,
                                     length > 0 ? "/" : "", argv[0]) < sizeof candidate;

        next = next[length] == ':' ? next + length + 1 : NULL;
        if (!typed_path && !fits)
            continue;
        note_missing_libraries(step, candidate);
        execve(typed_path ? argv[0] : candidate, argv, environ);
        failed = errno;
        /* Where no such file is, or the directory of PATH may not be searched, the next one may do; and
         * after a file that may not be executed, too. */
        if (!typed_path && lstat(candidate, &there) == -1)
            continue;
        if (failed != ENOENT && failed != EACCES && failed != ENOTDIR)
            next = NULL;
        else if (file[0] != '\0')
            continue;
        error = failed;
        snprintf(file, size, "%s", candidate);
    }
    return error;
}

/* Becomes COMMAND, or a shell when there is none. Only returns by exiting: 127 or 126. */
static noreturn void
exec_command(const struct step *step)
{
    const char *shell = getenv("SHELL"), *program = "/bin/sh";
    char file[4096] = "/bin/sh";
    int error;

    if (step->sigchld_ignored)
        signal(SIGCHLD, SIG_IGN);
    if (step->command != NULL) {
        program = step->command[0];
        error = exec_in_path(step, step->command, file, sizeof file);
    } else {
        /* The caller's shell may not exist under the new root. */
        if (shell != NULL && shell[0] == '/')
            execl(shell, shell, (char *)NULL);
        note_missing_libraries(step, "/bin/sh");
        execl("/bin/sh", "sh", (char *)NULL);
        error = errno;
    }
    explain_exec(step, error, program, file);
    _exit(error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
}

/* What the parent of COMMAND keeps in mind while it waits. */
struct job {
    pid_t child;       /* also the number of its process group */
    int terminal;      /* -1: none */
    int started;       /* a pipe that ends when the child has become COMMAND, or has failed */
    int signals;       /* what is sent to us, signalfd(2) */
    int dumpable;      /* what PR_SET_DUMPABLE was, to be set again then */
    bool joined;       /* stopping the container must not stop the caller's pipeline */
    bool has_terminal; /* the child's process group is in the foreground */
    bool hung_up;      /* it has been told that there is no terminal for it */
    sigset_t mask;     /* the signal mask that we were started with */
};

/* Stops us (and our process group) as the terminal would have, until SIGCONT. */
static void
stop_ourselves(const struct job *job, int signal)
{
    sigset_t blocked;

    sigprocmask(SIG_SETMASK, &job->mask, &blocked);
    kill(0, signal);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
}

/* The child wants to read from, or set, the terminal, and is in a background process group:
 * hand the terminal over. See credentials(7), tcsetpgrp(3). If it is not ours to give, stop as the
 * child did: our own parent (a shell, or a step that waits like us) then gives it to us. */
static void
hand_over_terminal(struct job *job, int signal)
{
    if (job->terminal != -1 && !job->has_terminal && tcgetpgrp(job->terminal) != getpgrp())
        stop_ourselves(job, signal);
    if (job->terminal != -1 && (job->has_terminal || tcgetpgrp(job->terminal) == getpgrp()) &&
        tcsetpgrp(job->terminal, job->child) == 0)
        job->has_terminal = true;
    else { /* there is no terminal for it, and never will be; one that ignores that would ask for ever */
        kill(-job->child, job->hung_up ? SIGKILL : SIGHUP);
        job->hung_up = true;
    }
    kill(-job->child, SIGCONT);
}

static void
take_terminal_back(struct job *job)
{
    if (job->has_terminal)
        tcsetpgrp(job->terminal, getpgrp()); /* allowed: SIGTTOU is blocked */
    job->has_terminal = false;
}

static void
child_stopped(struct job *job, int signal)
{
    if (signal == SIGTTIN || signal == SIGTTOU) {
        hand_over_terminal(job, signal);
        return;
    }
    if (!job->joined && signal != SIGTSTP) {
        kill(getpid(), SIGSTOP); /* COMMAND waits for SIGCONT, and so does who waits for it */
    } else if (!job->joined) { /* Ctrl-Z: to the caller's shell, the step and COMMAND are one job */
        bool had_terminal = job->has_terminal;

        take_terminal_back(job);
        stop_ourselves(job, SIGTSTP);
        if (had_terminal && tcgetpgrp(job->terminal) == getpgrp())
            job->has_terminal = tcsetpgrp(job->terminal, job->child) == 0;
    }
    kill(-job->child, SIGCONT);
}

/* Passes on what was sent to us. The terminal's signals go to a whole process group, kill(1)'s to
 * one process. */
static void
pass_on(const struct job *job, const struct signalfd_siginfo *info)
{
    int signal = (int)info->ssi_signo;

    if (signal == SIGTTIN || signal == SIGTTOU)
        return;
    kill(info->ssi_code == SI_KERNEL || signal == SIGCONT ? -job->child : job->child, signal);
    if (signal == SIGTSTP) {
        raise(SIGSTOP);
        kill(-job->child, SIGCONT);
    }
}

static void
say_previous_is_gone(const struct step *step)
{
    fprintf(stderr, "%s: %s (pid %d) is gone, and the container with it\n", step->name,
            step->from.step, (int)step->from.pid);
}

/* When PID 1 of a pid namespace ends, the kernel kills all others in it and lets nobody in any more: fork(2)
 * fails with ENOMEM (its man page; kernel/pid.c, alloc_pid). */
static bool
pid_namespace_has_ended(void)
{
    pid_t pid;

    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* when it has not ended, the child is seen inside */
    pid = fork();
    if (pid == 0)
        _exit(0);
    if (pid == -1)
        return errno == ENOMEM;
    kill(pid, SIGKILL); /* somebody inside may have stopped it */
    wait_for_exit(pid, NULL);
    return false;
}

/* COMMAND was killed. By the end of the container? PID 1 may have ended, and the step that made it not yet. */
static void
say_if_container_is_gone(const struct step *step)
{
    if (!is_alive(step->previous))
        say_previous_is_gone(step);
    else if (pid_namespace_has_ended())
        fprintf(stderr, "%s: PID 1 of the pid namespace is gone, and the container with it\n",
                step->name);
}

/* waitpid(2) with OPTIONS for all children, not only for COMMAND. It can make its own children ours (CLONE_PARENT)
 * and us the tracer of a thread of its (PTRACE_TRACEME). As long as nobody waits for such a one after its death,
 * COMMAND, or the pid namespace, has not ended either. */
static pid_t
wait_for_any(struct step *step, int *status, int options)
{
    pid_t changed;

    do
        changed = waitpid(-1, status, options | __WALL);
    while (changed == -1 && errno == EINTR);
    if (changed > 0 && changed == step->init && !WIFSTOPPED(*status))
        step->init = 0; /* the number is free: nobody may be killed by it any more */
    return changed;
}

void
end_init(struct step *step)
{
    int status;

    /* When PID 1 dies, the kernel kills all others in its pid namespace and waits for them. Where we may not kill
     * it, it dies when we do: PR_SET_PDEATHSIG. */
    if (step->init > 0 && kill(step->init, SIGKILL) == 0)
        while (step->init > 0 && wait_for_any(step, &status, 0) != -1)
            ;
    step->init = 0;
}

/* Waits for the child and returns its status as wait(2) gives it. */
static int
wait_for_child(struct step *step, struct job *job)
{
    struct signalfd_siginfo info;
    struct pollfd events[3] = {
        {.fd = job->signals, .events = POLLIN},
        {.fd = step->previous, .events = POLLIN}, /* readable when the step before has ended */
        {.fd = job->started, .events = POLLIN},
    };
    pid_t changed;
    int status;

    for (;;) {
        while ((changed = wait_for_any(step, &status, WNOHANG | WUNTRACED)) > 0) {
            if (changed != job->child)
                continue;
            if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && step->joining &&
                events[1].fd != -1)
                say_if_container_is_gone(step);
            if (!WIFSTOPPED(status))
                return status;
            child_stopped(job, WSTOPSIG(status));
        }
        if (poll(events, 3, -1) == -1)
            continue;
        if (events[2].revents != 0) {
            if (job->dumpable != 0)
                prctl(PR_SET_DUMPABLE, job->dumpable, 0, 0, 0);
            close(job->started);
            events[2].fd = -1;
        }
        if (events[1].revents != 0) {
            say_previous_is_gone(step);
            kill(-job->child, SIGKILL);
            events[1].fd = -1;
        }
        if ((events[0].revents & POLLIN) && read(events[0].fd, &info, sizeof info) == sizeof info &&
            info.ssi_signo != SIGCHLD)
            pass_on(job, &info);
    }
}

/* Ends as COMMAND ended: its exit status, or 128 + N when signal N killed it (as sh(1) says it). */
static noreturn void
end_like(const struct job *job, int status)
{
    if (!WIFSIGNALED(status))
        exit(WEXITSTATUS(status));
    if (WTERMSIG(status) == SIGINT) {
        /* A shell that runs a loop stops it only if it sees that Ctrl-C killed the command. */
        signal(SIGINT, SIG_DFL);
        sigprocmask(SIG_SETMASK, &job->mask, NULL);
        raise(SIGINT);
    }
    exit(128 + WTERMSIG(status));
}

/* After a record, stdin is the terminal or /dev/null. Where there is no such file (a root without
 * /dev) it is a pipe that nobody writes to, for the record's own must not be COMMAND's. */
static void
replace_stdin(const struct step *step)
{
    int nobody[2];

    if (dup2(step->terminal, STDIN_FILENO) != -1)
        return;
    if (pipe2(nobody, O_CLOEXEC) == -1 || dup2(nobody[0], STDIN_FILENO) == -1)
        close(STDIN_FILENO);
}

static noreturn void
be_child(const struct step *step, const struct job *job, const int started[2])
{
    close(started[0]);
    close(job->signals);
    close(step->leash);
    close(step->previous);
    if (setpgid(0, 0) == -1) { /* so that "kill 0" inside reaches nobody outside */
        explain(step, errno, why_unknown("2 setpgid"), "setpgid(0, 0)");
        _exit(EXIT_STEP_FAILED);
    }
    die_with_parent(started[1]);
    if (step->joining)
        replace_stdin(step);
    sigprocmask(SIG_SETMASK, &job->mask, NULL);
    exec_command(step);
}

void
run_command(struct step *step)
{
    struct job job = {.terminal = -1, .joined = step->joining};
    bool outside = !children_get_our_pid_namespace(step);
    int started[2], status;
    sigset_t all;

    if (!step->joining && !step->fork_command) {
        close_from(STDERR_FILENO + 1);
        step->proc_self = -1;
        exec_command(step);
    }
    fflush(stdout);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &job.mask);
    close_all_but_kept(step);
    if (step->has_terminal)
        job.terminal = step->terminal;
    job.signals = signalfd(-1, &all, SFD_CLOEXEC);
    if (job.signals == -1 || pipe2(started, O_CLOEXEC) == -1)
        fail(step, errno, why_fork(step), "make a pipe and a signalfd");
    job.started = started[0];
    /* A parent in the pid namespace of COMMAND (05 after 01 in a chain) can be seen by it, and so stays
     * shut. One outside may be looked at again, once COMMAND is no more a copy of it. */
    job.dumpable = outside ? prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) : 0;
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
        fail(step, errno, why_unknown("2 prctl"), "prctl(PR_SET_DUMPABLE, 0)");
    job.child = fork();
    if (job.child == -1)
        fail(step, errno, why_fork(step), "fork");
    if (job.child == 0)
        be_child(step, &job, started);
    setpgid(job.child, job.child);
    close(started[1]);
    if (chdir("/") == -1) /* hold no directory of the host longer than we must */
        explain(step, errno, why_chdir(step, -1), "chdir(\"/\")");
    status = wait_for_child(step, &job);
    take_terminal_back(&job);
    clean_up(step);
    end_like(&job, status);
}
