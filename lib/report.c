/*
 * report.c - what the steps say to people: reports and errors. All of it goes to stderr.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nsteps.h"

enum { WIDTH = 80 };

/* A text that is put together first and written at once, so that texts of several processes on
 * one terminal do not mix. What does not fit is cut. */
struct text {
    char bytes[8192];
    size_t length;
};

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
add_list(struct text *text, const char *format, va_list list)
{
    size_t room = sizeof text->bytes - text->length;
    int length = vsnprintf(text->bytes + text->length, room, format, list);

    if (length > 0)
        text->length += (size_t)length < room ? (size_t)length : room - 1;
}

static void
add(struct text *text, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    add_list(text, format, list);
    va_end(list);
}

static void
write_text(const struct text *text)
{
    ssize_t ignored = write(STDERR_FILENO, text->bytes, text->length);

    (void)ignored; /* nobody is left to tell */
}

static bool
use_colour(void)
{
    const char *no_color = getenv("NO_COLOR"); /* https://no-color.org */
    const char *term = getenv("TERM");

    return isatty(STDERR_FILENO) && (no_color == NULL || no_color[0] == '\0') && term != NULL &&
           strcmp(term, "dumb") != 0;
}

void
add_note(struct step *step, const char *format, ...)
{
    size_t room = sizeof step->note - step->note_length;
    va_list list;
    int length;

    va_start(list, format);
    length = vsnprintf(step->note + step->note_length, room, format, list);
    va_end(list);
    if (length > 0 && (size_t)length + 1 < room) {
        step->note_length += (size_t)length;
        step->note[step->note_length++] = '\n';
    }
}

/* LINE, of LENGTH bytes, indented; broken after "|", "," or a blank where it is wider than the terminal. */
static void
add_broken(struct text *text, const char *line, size_t length)
{
    while (length > WIDTH - 4) {
        size_t cut = WIDTH - 4;

        while (cut > 0 && strchr("|, ", line[cut - 1]) == NULL)
            cut--;
        if (cut == 0)
            cut = WIDTH - 4;
        add(text, "  %.*s\n", (int)(line[cut - 1] == ' ' ? cut - 1 : cut), line);
        line += cut;
        length -= cut;
    }
    add(text, "  %.*s\n", (int)length, line);
}

/* "NAME   pid N   CALL"; a call that is too long gets lines of its own. */
static void
add_head(struct text *text, const struct step *step, const char *call)
{
    size_t start = text->length;

    add(text, "%-12s pid %d", step->name, (int)step->pid);
    if (text->length - start + 3 + strlen(call) <= WIDTH) {
        add(text, "   %s\n", call);
        return;
    }
    add(text, "\n");
    add_broken(text, call, strlen(call));
}

/* The inodes, changed ones marked with "*"; a line is broken where the next would not fit. */
static void
add_namespaces(struct text *text, const struct namespaces *before, const struct namespaces *now)
{
    const char *bold = use_colour() ? "\033[1;33m" : "";
    const char *plain = use_colour() ? "\033[0m" : "";
    size_t column = 0;

    for (int i = 0; i < NS_TYPES; i++) {
        char word[48];
        bool changed = now->inode[i] != before->inode[i];
        size_t length;

        if (now->inode[i] == 0)
            continue;
        length = (size_t)snprintf(word, sizeof word, "%s:[%" PRIu64 "]", ns_types[i].name,
                                  now->inode[i]);
        if (column == 0 || column + 2 + length + 1 > WIDTH) {
            add(text, column == 0 ? "  " : "\n  ");
            column = 2;
        } else {
            add(text, "%s", text->bytes[text->length - 1] == '*' ? " " : "  ");
            column += 2;
        }
        if (changed)
            add(text, "%s%s%s*", bold, word, plain);
        else
            add(text, "%s", word);
        column += length;
    }
    add(text, "\n");
}

/* What the marked ones were before: this is how a reader of the reports alone knows the host's. */
static void
add_was(struct text *text, const struct namespaces *before, const struct namespaces *now)
{
    size_t column = 0;

    for (int i = 0; i < NS_TYPES; i++) {
        char word[48];
        size_t length;

        if (now->inode[i] == before->inode[i] || before->inode[i] == 0)
            continue;
        length = (size_t)snprintf(word, sizeof word, "  %s:[%" PRIu64 "]", ns_types[i].name,
                                  before->inode[i]);
        if (column == 0 || column + length > WIDTH) {
            add(text, column == 0 ? "  was" : "\n     ");
            column = 5;
        }
        add(text, "%s", word);
        column += length;
    }
    if (column > 0)
        add(text, "\n");
}

void
report(const struct step *step, const char *call)
{
    struct text text = {.length = 0};

    add_head(&text, step, call);
    if (step->no_proc != NULL) {
        add(&text, "  %s,\n  so the namespace inodes cannot be read (02-mountproc mounts one)\n",
            step->no_proc);
    } else {
        add_namespaces(&text, &step->before, &step->now);
        add_was(&text, &step->before, &step->now);
    }
    for (const char *line = step->note; line < step->note + step->note_length;) {
        const char *end = strchr(line, '\n');

        add_broken(&text, line, (size_t)(end - line));
        line = end + 1;
    }
    write_text(&text);
}

bool
forgot_dash(const struct step *step)
{
    struct stat in;

    return !step->joining && fstat(STDIN_FILENO, &in) == 0 && S_ISFIFO(in.st_mode);
}

static void
add_dash_question(struct text *text, const struct step *step)
{
    if (forgot_dash(step))
        add(text, "  (stdin is a pipe: if a step writes to it, \"%s - ...\" goes on from there)\n",
            step->name);
}

void
refuse(struct step *step, const char *format, ...)
{
    struct text text = {.length = 0};
    va_list list;

    add(&text, "%s: ", step->name);
    va_start(list, format);
    add_list(&text, format, list);
    va_end(list);
    add(&text, "\n");
    write_text(&text);
    clean_up(step);
    exit(EXIT_STEP_FAILED);
}

static void
explain_list(const struct step *step, int error, const struct why *why, const char *format,
             va_list list)
{
    struct text text = {.length = 0};

    add(&text, "%s: ", step->name);
    add_list(&text, format, list);
    if (text.length > 6000) /* an operand can be long, and the rest is to be read, too */
        text.length = 6000;
    if (error != 0)
        add(&text, ": %s (%s)", strerror(error), errno_name(error));
    add(&text, "\n");
    add(&text, "  because: %s\n", why->because[0] != '\0' ? why->because : "not known");
    if (why->hint[0] != '\0')
        add(&text, "  try:     %s\n", why->hint);
    add_dash_question(&text, step);
    write_text(&text);
}

void
explain(const struct step *step, int error, struct why why, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    explain_list(step, error, &why, format, list);
    va_end(list);
}

void
fail(struct step *step, int error, struct why why, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    explain_list(step, error, &why, format, list);
    va_end(list);
    clean_up(step);
    exit(EXIT_STEP_FAILED);
}
