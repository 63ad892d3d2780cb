/*
 * caps: the list after --drop and --keep, steps/08-capset.c, and the five sets in /proc/PID/status, lib/caps.c.
 * The first line is the list; the bytes after it are numbers, which are formatted as the kernel does.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#define main main_08
#include "../../steps/08-capset.c" // NOLINT(bugprone-suspicious-include)

struct attempt {
    char *list;
    uint64_t mask;
};

static void
try_list(void *argument)
{
    static struct step step = {.name = "08-capset"};
    struct attempt *attempt = argument;

    attempt->mask = parse_list(&step, attempt->list);
    step.note_length = 0;
    note_cap_names(&step, attempt->mask);
}

/* The same list from the mask: the names that cap_name gives, or these in capitals and without "cap_". */
static char *
format_list(uint64_t mask, bool loud)
{
    enum { SIZE = 64 * 32 };
    char *list = calloc(1, SIZE);
    size_t used = 0;

    must(list != NULL, "there is memory");
    for (int i = 0; i < 64; i++) {
        const char *name = cap_name(i);

        if (!(mask >> i & 1))
            continue;
        must(name != NULL, "only capabilities that have a name get into the list");
        used += (size_t)snprintf(list + used, SIZE - used, "%s%s", used > 0 ? "," : "",
                                 loud ? name + strlen("cap_") : name);
    }
    for (char *at = list; loud && *at != '\0'; at++)
        if (*at >= 'a' && *at <= 'z')
            *at = (char)(*at - 'a' + 'A');
    return list;
}

static void
check_list(char *text)
{
    char *words = strdup(text);
    struct attempt attempt = {.list = text}, again;
    size_t count = 1;

    for (const char *at = text; *at != '\0'; at++)
        count += *at == ',';
    if (leaves(try_list, &attempt) != -1) {
        free(words);
        return;
    }
    if (strcasecmp(words, "all") == 0) {
        must(attempt.mask == UINT64_MAX, "all are all");
    } else {
        must(attempt.mask != 0 && (size_t)__builtin_popcountll(attempt.mask) <= count,
             "a word is one capability, not none and not two");
        for (int loud = 0; loud < 2; loud++) {
            char *list = format_list(attempt.mask, loud == 1);

            again.list = list;
            must(leaves(try_list, &again) == -1 && again.mask == attempt.mask,
                 "a list that is written and read again is the same");
            free(list);
        }
    }
    free(words);
}

/* task_cap and task_seccomp in fs/proc/array.c. */
static void
check_status(const uint8_t *data, size_t size)
{
    uint64_t set[5] = {0};
    char text[512];
    struct capabilities caps = {0};
    bool no_new_privs, wanted = size > 0 && (data[size - 1] & 1);

    memcpy(set, data, size < sizeof set ? size : sizeof set);
    snprintf(text, sizeof text,
             "Name:\tsh\nSigCgt:\t0000000000000000\nCapInh:\t%016" PRIx64 "\nCapPrm:\t%016" PRIx64
             "\nCapEff:\t%016" PRIx64 "\nCapBnd:\t%016" PRIx64 "\nCapAmb:\t%016" PRIx64
             "\nNoNewPrivs:\t%d\nSeccomp:\t0\n",
             set[0], set[1], set[2], set[3], set[4], wanted);
    must(parse_capabilities(text, &caps, &no_new_privs) == 0 && caps.inheritable == set[0] &&
             caps.permitted == set[1] && caps.effective == set[2] && caps.bounding == set[3] &&
             caps.ambient == set[4] && no_new_privs == wanted,
         "the sets that the kernel shows are read as they are");
    for (char *at = strstr(text, "\nCap"); at != NULL; at = strstr(at + 1, "\nCap")) {
        at[1] = 'c';
        must(parse_capabilities(text, &caps, &no_new_privs) == -1,
             "where one set is not shown, none is believed");
        at[1] = 'C';
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *newline = size == 0 ? NULL : memchr(data, '\n', size);
    size_t length = newline == NULL ? size : (size_t)(newline - data);
    struct capabilities caps;
    bool no_new_privs;
    char *text = copy_text(data, length);

    check_list(text);
    free(text);
    if (newline != NULL) {
        check_status(newline + 1, size - length - 1);
        text = copy_text(newline, size - length);
        parse_capabilities(text, &caps, &no_new_privs);
        free(text);
    }
    return 0;
}
