/*
 * finish.c - the end of each step: the report, and then COMMAND, or staying behind.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nsteps.h"

void
clean_up(struct step *step)
{
    end_init(step);
    if (step->janitor > 0) {
        if (stop_janitor(step) == -1)
            fprintf(stderr, "%s: the cgroup could not be removed: %s\n", step->name,
                    errno == EOWNERDEAD ? "somebody has killed 05-janitor" : strerror(errno));
    }
}

/* Waits until nobody reads our stdout any more, or the step before is gone. */
static void
wait_for_the_end(struct step *step)
{
    struct pollfd ends[2] = {
        {.fd = STDOUT_FILENO, .events = 0}, /* POLLERR and POLLHUP come unasked, poll(2) */
        /* Readable when that process has ended. A negative descriptor (no "-") is left out. */
        {.fd = step->previous, .events = POLLIN},
    };

    while (poll(ends, 2, -1) == -1)
        if (errno != EINTR)
            refuse(step, "cannot wait for the end of the pipeline: poll: %s", strerror(errno));
}

/* The process that stays behind holds what was made: a namespace lives as long as somebody is in
 * it or has it open, namespaces(7). */
static noreturn void
stay_behind(struct step *step)
{
    struct record record = {.pid = step->pid, .start = step->start, .holds = step->now};
    struct stat out;
    char line[1024];
    size_t length;

    if (step->no_proc != NULL)
        refuse(step,
               "cannot stay behind: the record needs /proc/self, and %s; add -- COMMAND, or run "
               "02-mountproc first",
               step->no_proc);
    snprintf(record.step, sizeof record.step, "%s", step->name);
    length = format_record(&record, line, sizeof line);

    close_all_but_kept(step);
    /* The next step may look at us only when we are dumpable, ptrace(2) "access mode checking". */
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    signal(SIGPIPE, SIG_IGN);
    /* Ctrl-C is for the command at the end of the pipe; when that ends, so do we. */
    if (fstat(STDOUT_FILENO, &out) == 0 && (S_ISFIFO(out.st_mode) || S_ISSOCK(out.st_mode)))
        signal(SIGINT, SIG_IGN);

    if (write(STDOUT_FILENO, line, length) != (ssize_t)length) {
        if (errno != EPIPE)
            refuse(step, "write the record to stdout: %s", strerror(errno));
    } else {
        wait_for_the_end(step);
    }
    clean_up(step);
    exit(EXIT_SUCCESS);
}

void
finish(struct step *step, const char *format, ...)
{
    bool runs_command = step->command != NULL || isatty(STDOUT_FILENO);
    char call[1024];
    va_list list;

    va_start(list, format);
    vsnprintf(call, sizeof call, format, list);
    va_end(list);
    if (step->proc_self != -1)
        read_namespaces(step->proc_self, &step->now);
    note_traps(step, runs_command);
    report(step, call);
    if (runs_command)
        run_command(step);
    stay_behind(step);
}
