/*
 * record.c - the record: the one line that a step left behind prints, and the next one reads.
 *
 *   04-pivot_root 4711 start:[8123456] cgroup:[4026531835] ipc:[4026532179] mnt:[...] ...
 *
 * The notation is the kernel's own: `readlink /proc/4711/ns/mnt` prints mnt:[4026532177] too.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nsteps.h"

ssize_t
read_file_at(int dir, const char *path, char *buffer, size_t size)
{
    int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
    size_t used = 0;
    ssize_t got;

    buffer[0] = '\0';
    if (fd == -1)
        return -1;
    while ((got = read(fd, buffer + used, size - 1 - used)) > 0)
        used += (size_t)got;
    if (got == 0 && used == size - 1) {
        errno = EFBIG;
        got = -1;
    }
    buffer[used] = '\0';
    int error = errno;
    close(fd);
    errno = error;
    return got == -1 ? -1 : (ssize_t)used;
}

int
read_namespaces(int proc_pid, struct namespaces *out)
{
    struct stat link;
    int seen = 0;

    for (int i = 0; i < NS_TYPES; i++) {
        out->inode[i] = 0;
        if (fstatat(proc_pid, ns_types[i].link, &link, 0) == 0) {
            out->inode[i] = link.st_ino;
            seen++;
        }
    }
    return seen > 0 ? 0 : -1;
}

unsigned long long
read_start_time(int proc_pid)
{
    char stat[1024];
    char *rest;

    if (read_file_at(proc_pid, "stat", stat, sizeof stat) == -1)
        return 0;
    /* Field 2 is the name in parentheses and may hold blanks and parentheses itself, so fields are
     * counted from the last ")". See proc_pid_stat(5). */
    rest = strrchr(stat, ')');
    for (int field = 2; rest != NULL && field < 22; field++)
        rest = strchr(rest + 1, ' ');
    return rest == NULL ? 0 : strtoull(rest, NULL, 10);
}

size_t
format_record(const struct record *record, char *buffer, size_t size)
{
    size_t used = (size_t)snprintf(buffer, size, "%s %d start:[%llu]", record->step,
                                   (int)record->pid, record->start);

    for (int i = 0; i < NS_TYPES; i++)
        if (record->holds.inode[i] != 0)
            used += (size_t)snprintf(buffer + used, size - used, " %s:[%" PRIu64 "]",
                                     ns_types[i].name, record->holds.inode[i]);
    used += (size_t)snprintf(buffer + used, size - used, "\n");
    return used;
}

/* Digits up to END and nothing else: no sign, no blank, no overflow. Returns what follows END. */
static const char *
parse_number(const char *text, const char *end, unsigned long long max, unsigned long long *number)
{
    char *rest;

    if (*text < '0' || *text > '9')
        return NULL;
    errno = 0;
    *number = strtoull(text, &rest, 10);
    if (errno != 0 || *number > max || strncmp(rest, end, strlen(end)) != 0)
        return NULL;
    return rest + strlen(end);
}

/* The type of "mnt:[", or -1; *REST is what follows. */
static int
parse_type(const char *text, const char **rest)
{
    for (int i = 0; i < NS_TYPES; i++) {
        size_t length = strlen(ns_types[i].name);

        if (strncmp(text, ns_types[i].name, length) == 0 && strncmp(text + length, ":[", 2) == 0) {
            *rest = text + length + 2;
            return i;
        }
    }
    return -1;
}

const char *
parse_record(const char *line, struct record *record)
{
    size_t length = strcspn(line, " ");
    const char *rest = line + length;
    unsigned long long number;

    memset(record, 0, sizeof *record);
    if (length == 0 || length >= sizeof record->step || *rest != ' ')
        return "it does not begin with a step's name";
    for (size_t i = 0; i < length; i++)
        if (line[i] <= ' ' || line[i] > '~')
            return "it does not begin with a step's name";
    memcpy(record->step, line, length);

    rest = parse_number(rest + 1, " start:[", INT_MAX, &number);
    if (rest == NULL || number == 0)
        return "its second word is not a pid followed by start:[";
    record->pid = (pid_t)number;
    rest = parse_number(rest, "]", ULLONG_MAX, &record->start);
    if (rest == NULL)
        return "its start time is not a number in brackets";

    while (*rest != '\0') {
        const char *value = NULL;
        int type = *rest == ' ' ? parse_type(rest + 1, &value) : -1;

        if (type == -1)
            return "what follows the start time is not a list of TYPE:[INODE]";
        if (record->holds.inode[type] != 0)
            return "it names a type of namespace twice";
        rest = parse_number(value, "]", ULLONG_MAX, &number);
        if (rest == NULL || number == 0)
            return "an inode is not a number in brackets";
        record->holds.inode[type] = number;
    }
    if (record->holds.inode[NS_MNT] == 0)
        return "it names no mount namespace";
    return NULL;
}
