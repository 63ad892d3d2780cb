/*
 * grammar.c - one command line for all steps: NN-name [-] [OPTIONS] [OPERANDS] [-- COMMAND ...]
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "nsteps.h"

/* A descriptor that we open must never become stdin, stdout or stderr by accident. Where there is no /dev/null a
 * pipe takes their place, with nobody at its other end. */
static void
fill_standard_descriptors(void)
{
    int fd, ends[2];

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO) {
        close(fd);
        return;
    }
    do
        if (pipe2(ends, O_NONBLOCK) == -1)
            return;
    while (ends[1] <= STDERR_FILENO);
    close(ends[1]);
    if (ends[0] > STDERR_FILENO)
        close(ends[0]);
}

/* Why is there no /proc/self? A procfs of another pid namespace has none for us. */
static const char *
look_for_proc(void)
{
    struct statfs fs;

    return statfs("/proc", &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC
               ? "the /proc here belongs to another pid namespace"
               : "/proc is not mounted here";
}

/* Who are we, as /proc sees it? Done at the very start: after joining another pid, mount or time
 * namespace, /proc would give other answers, or none. */
static void
look_at_ourselves(struct step *step)
{
    char number[16] = "";

    step->pid = getpid();
    step->proc_self = -1;
    if (readlink("/proc/self", number, sizeof number - 1) > 0) {
        step->pid = (pid_t)strtol(number, NULL, 10);
        step->proc_self = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
    if (step->proc_self != -1) {
        read_namespaces(step->proc_self, &step->own);
        step->before = step->now = step->own;
        step->start = read_start_time(step->proc_self);
    } else {
        step->no_proc = look_for_proc();
    }
    step->cwd = getcwd(NULL, 0);
    if (step->cwd != NULL && step->cwd[0] != '/') { /* "(unreachable)/...", getcwd(3) */
        free(step->cwd);
        step->cwd = NULL;
    }
    step->terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    /* A root without /dev/tty: tcgetpgrp(3) succeeds on the controlling terminal and on no other. */
    for (int fd = STDIN_FILENO; step->terminal == -1 && fd <= STDERR_FILENO; fd++)
        if (tcgetpgrp(fd) != -1)
            step->terminal = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    step->has_terminal = step->terminal != -1;
    if (!step->has_terminal)
        step->terminal = open("/dev/null", O_RDWR | O_CLOEXEC);
    find_inherited(step);
}

void
begin(struct step *step, int argc, char **argv, const char *usage)
{
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    bool stdout_closed = fcntl(STDOUT_FILENO, F_GETFD) == -1;

    if (argc == 1 && strcmp(argv[0], INIT_NAME) == 0)
        be_init(STDIN_FILENO); /* start_init has run us for this */
    if (argc > 1 && strcmp(argv[1], "-") == 0)
        run_from_copy(argv); /* COMMAND is that of a container, which exists */
    memset(step, 0, sizeof *step);
    step->name = slash != NULL ? slash + 1 : argc > 0 ? argv[0] : "nsteps";
    step->usage = usage;
    step->argv = argv;
    step->argc = argc;
    step->leash = -1;
    step->lock = -1;
    step->previous = -1;
    step->target = (struct target){.pidfd = -1,
                                   .proc = -1,
                                   .root = -1,
                                   .cwd = -1,
                                   .cgroup = -1,
                                   .cgroup_procs = -1,
                                   .ns = {-1, -1, -1, -1, -1, -1, -1, -1}};
    /* A caller may have it ignored, and then wait(2) would tell us nothing of our children. */
    step->sigchld_ignored = signal(SIGCHLD, SIG_DFL) == SIG_IGN;
    fill_standard_descriptors();

    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--") == 0) {
            step->argc = i;
            step->command = argv + i + 1;
            break;
        }
    if (step->argc > 1 && strcmp(argv[1], "-") == 0) {
        step->joining = true;
        argv[1] = argv[0];
        step->argv = argv + 1;
        step->argc--;
    }
    if (step->command != NULL) {
        argv[step->argc + step->joining] = NULL; /* getopt(3) stops where we stop */
        if (step->command[0] == NULL)
            refuse(step, "nothing follows --: a COMMAND is expected there");
    }
    look_at_ourselves(step);
    if (stdout_closed && step->command == NULL)
        refuse(step, "stdout is closed: the record, or a shell, has nowhere to write to");
}

/* getopt_long(3) has returned '?' and says in optopt which option: 0 for a long one that it does not
 * know, the letter for a short one, and the value of a long one that was given an argument. */
static noreturn void
refuse_option(struct step *step, const struct option *long_options)
{
    const char *word = step->argv[optind - 1];

    if (optopt == 0)
        refuse(step, "unknown or ambiguous option %s (%s --help)", word, step->name);
    for (const struct option *known = long_options; known->name != NULL; known++)
        if (known->val == optopt && strncmp(word, "--", 2) == 0 && strchr(word, '=') != NULL)
            refuse(step, "option %s takes no argument (%s --help)", word, step->name);
    refuse(step, "unknown option -%c (%s --help)", optopt, step->name);
}

int
next_option(struct step *step, const char *letters, const struct option *long_options)
{
    char short_options[64];
    int option;

    /* "+": options end at the first operand. ":": a missing argument is told apart. */
    snprintf(short_options, sizeof short_options, "+:%s", letters);
    opterr = 0;
    option = getopt_long(step->argc, step->argv, short_options, long_options, NULL);
    step->operand = step->argv + optind;
    if (option == 'h') {
        fputs(step->usage, stdout);
        exit(fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_STEP_FAILED);
    }
    if (option == ':')
        refuse(step, "option %s needs an argument (%s --help)", step->argv[optind - 1], step->name);
    if (option == '?')
        refuse_option(step, long_options);
    return option;
}

int
count_operands(struct step *step, int min, int max, const char *wanted)
{
    int count = step->argc - optind;

    step->operand = step->argv + optind;
    for (int i = 0; i < count; i++) {
        const char *operand = step->operand[i];

        if (strcmp(operand, "-") == 0)
            refuse(step, "\"-\" (go on from the record on stdin) must be the first argument");
        if (max >= 0 && i >= max && operand[0] != '-')
            refuse(step, "what is \"%s\"? A COMMAND comes after --: %s%s ... -- %s", operand,
                   step->name, step->joining ? " -" : "", operand);
        if (operand[0] == '-')
            refuse(step,
                   "option %s comes too late: options stand before operands, a COMMAND after --",
                   operand);
        if (operand[0] == '\0')
            refuse(step, "an operand is empty");
    }
    if (count < min)
        refuse(step, "%s is missing (%s --help)", wanted, step->name);
    return count;
}

const char *
check_seconds(struct step *step, const char *text)
{
    const char *digits = text + (*text == '-');
    char *end;

    errno = 0;
    (void)strtoll(digits, &end, 10);
    if (*digits < '0' || *digits > '9' || *end != '\0' || errno != 0)
        refuse(step, "\"%s\" is not a whole number of seconds", text);
    return text;
}
