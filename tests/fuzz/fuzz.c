/*
 * fuzz.c - what the fuzz targets share, see fuzz.h.
 */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int fuzz_dir = -1;
char fuzz_path[64];
void (*at_leave)(void);

static int messages; /* stderr, also while libFuzzer has it closed: -close_fd_mask */
static jmp_buf before;
static bool can_leave;
static int left_with;

void
stop_search(const char *what)
{
    dprintf(messages, "must be true, and is not: %s\n", what);
    abort();
}

void
leave(int status)
{
    must(can_leave, "only what may be refused ends the process");
    if (at_leave != NULL)
        at_leave();
    left_with = status;
    longjmp(before, 1);
}

int
leaves(void (*work)(void *), void *argument)
{
    left_with = -1;
    can_leave = true;
    if (setjmp(before) == 0)
        work(argument);
    can_leave = false;
    return left_with;
}

static void
remove_directory(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s", fuzz_path);
    if (system(command) != 0) // NOLINT(cert-env33-c): the name is ours
        perror(fuzz_path);
}

/* Before main, which is libFuzzer's. */
__attribute__((constructor)) static void
begin_fuzzing(void)
{
    snprintf(fuzz_path, sizeof fuzz_path, "%s/fuzz-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    messages = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 100);
    if (mkdtemp(fuzz_path) == NULL || atexit(remove_directory) != 0)
        perror(fuzz_path);
    fuzz_dir = open(fuzz_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    must(fuzz_dir != -1 && messages != -1, "there is a directory in memory");
}

/* Opens file NAME to be written, and the directory in its name. */
static int
open_file(const char *name)
{
    char dir[64];

    if (strchr(name, '/') != NULL) {
        snprintf(dir, sizeof dir, "%.*s", (int)strcspn(name, "/"), name);
        must(mkdirat(fuzz_dir, dir, 0700) == 0 || errno == EEXIST, "a directory can be made");
    }
    return openat(fuzz_dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
}

void
put_file(const char *name, const void *data, size_t size)
{
    static struct {
        const char *name;
        int fd;
    } open_files[16]; /* they stay open: half of the time would go into that */
    int i = 0;

    while (open_files[i].name != NULL && strcmp(open_files[i].name, name) != 0)
        i++;
    must(i < 15, "a target has few files");
    if (open_files[i].name == NULL) {
        open_files[i].name = name;
        open_files[i].fd = open_file(name);
    }
    must(pwrite(open_files[i].fd, data, size, 0) == (ssize_t)size &&
             ftruncate(open_files[i].fd, (off_t)size) == 0,
         "a file can be written");
}

char *
copy_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    must(text != NULL, "there is memory");
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

char *
next_line(char **rest)
{
    static char none[1];
    char *line = strsep(rest, "\n");

    none[0] = '\0';
    return line != NULL ? line : none;
}

size_t
mangle(char *to, size_t used, const char *text, const char *special)
{
    for (; *text != '\0'; text++)
        if (strchr(special, *text) != NULL || *text == '\\')
            used += (size_t)sprintf(to + used, "\\%03o", (unsigned char)*text);
        else
            to[used++] = *text;
    to[used] = '\0';
    return used;
}
