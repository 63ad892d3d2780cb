/*
 * grammar: the command line of all eight steps, NN-name [-] [OPTIONS] [OPERANDS] [-- COMMAND ...], lib/grammar.c.
 * The first byte names the step; each line after it is a word. The step's own main runs, up to the point at
 * which it has understood its line and is about to look at the record: compiled with -Dstart_from=stop_here.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/nsteps.h"

/* A step that runs COMMAND in a container executes a copy of itself first. Here it stays what it is. */
#define run_from_copy copy_for_real
#include "../../lib/copy.c" // NOLINT(bugprone-suspicious-include)
#undef run_from_copy

void
run_from_copy(char **argv)
{
    (void)argv;
}

enum { MAX_WORDS = 64, UNDERSTOOD = 1000 };

int main_01(int argc, char **argv), main_02(int argc, char **argv), main_03(int argc, char **argv);
int main_04(int argc, char **argv), main_05(int argc, char **argv), main_06(int argc, char **argv);
int main_07(int argc, char **argv), main_08(int argc, char **argv);
void begin_here(struct step *step, int argc, char **argv, const char *usage);
noreturn void stop_here(struct step *step);

static int (*const mains[])(int, char **) = {main_01, main_02, main_03, main_04,
                                             main_05, main_06, main_07, main_08};
static const char *const names[] = {"01-unshare", "02-mountproc", "03-chroot",     "04-pivot_root",
                                    "05-cgroup",  "06-nsenter",   "07-userns-map", "08-capset"};

struct line { /* a command line, and what the step has made of it */
    int step, argc, status;
    char *argv[MAX_WORDS + 2];
    bool joining;
    int command; /* the index of COMMAND, or 0 */
    int operand; /* the index of the first operand */
};

static struct step *current; /* main's */

void
begin_here(struct step *step, int argc, char **argv, const char *usage)
{
    current = step;
    begin(step, argc, argv, usage);
}

void
stop_here(struct step *step)
{
    must(step == current, "it is the same step");
    leave(UNDERSTOOD);
}

/* main's variables are gone a moment later. */
static struct step last;

static void
look_at_step(void)
{
    last = *current;
    free(last.cwd);
    if (last.proc_self > 0)
        close(last.proc_self);
    if (last.terminal > 0)
        close(last.terminal);
}

static void
call_main(void *argument)
{
    struct line *line = argument;

    mains[line->step](line->argc, line->argv);
    must(false, "main ends by exit or by becoming COMMAND");
}

static int
index_of(char **word, char **argv)
{
    return word == NULL ? 0 : (int)(word - argv);
}

/* WORDS has one word a line. */
static void
run(struct line *line, int step, char *words)
{
    char *word;

    *line = (struct line){.step = step, .argc = 1, .argv = {(char *)names[step]}};
    while (line->argc <= MAX_WORDS && (word = strsep(&words, "\n")) != NULL)
        line->argv[line->argc++] = word;
    optind = 0; /* getopt(3) of glibc begins anew */
    at_leave = look_at_step;
    line->status = leaves(call_main, line);
    line->joining = last.joining;
    line->command = index_of(last.command, line->argv);
    line->operand = index_of(last.operand, line->argv);
}

static void
check_understood(const struct line *line, char **typed, int argc)
{
    int dashes = 1;

    while (dashes < argc && strcmp(typed[dashes], "--") != 0)
        dashes++;
    must(line->joining == (argc > 1 && dashes > 1 && strcmp(typed[1], "-") == 0),
         "a record is read when - is the first word");
    must(line->command == (dashes < argc ? dashes + 1 : 0), "COMMAND follows the first --");
    must(line->command < argc, "a COMMAND has a name");
    for (int i = line->command; i > 0 && i < argc; i++)
        must(strcmp(line->argv[i], typed[i]) == 0, "COMMAND is as it was typed");
    must(line->operand >= 1 && line->operand <= dashes, "operands come before --");
    for (int i = line->operand; i < dashes; i++)
        must(typed[i][0] != '-' && typed[i][0] != '\0', "what looks like an option is no operand");
}

/* Everything behind the first line that is "--" becomes another letter. Returns false where there is none. */
static bool
change_command(char *words)
{
    char *line = words;

    while (line != NULL && strncmp(line, "--\n", 3) != 0)
        line = (line = strchr(line, '\n')) == NULL ? NULL : line + 1;
    if (line == NULL)
        return false;
    for (line += 3; *line != '\0'; line++)
        if (*line != '\n')
            *line = 'h';
    return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct line line, other;
    int step = size > 0 ? (data[0] + 7) % 8 : 0; /* '1' is 01 */
    size_t begin = size < 2 || data[1] != '\n' ? size : 2;
    char *given = copy_text(data + begin, size - begin); /* main may write over its words, */
    char *kept = strdup(given), *changed = strdup(given),
         *rest = kept; /* so there are more of them */
    char *typed[MAX_WORDS + 2], *word;
    int argc = 1;
    bool help = false;

    while (argc <= MAX_WORDS && (word = strsep(&rest, "\n")) != NULL)
        typed[argc++] = word;
    for (int i = 1; i < argc && strcmp(typed[i], "--") != 0; i++)
        help |= typed[i][0] == '-' && strchr(typed[i], 'h') != NULL;

    run(&line, step, given);
    must(line.status == 0 || line.status == EXIT_STEP_FAILED || line.status == UNDERSTOOD,
         "a line is understood, or refused with 125, or asks for help");
    must(line.status != 0 || help, "nothing but help ends well by itself");
    if (line.status == UNDERSTOOD)
        check_understood(&line, typed, argc);
    if (change_command(changed)) {
        run(&other, step, changed);
        must(other.status == line.status && other.joining == line.joining &&
                 other.command == line.command && other.operand == line.operand,
             "the words of COMMAND mean nothing to the step");
    }
    free(given);
    free(kept);
    free(changed);
    return 0;
}
