/*
 * spy.c - a hostile process inside a container, for tests/inside.bats.
 *
 * A process that enters is a fork of a step outside, until its execve(2). This program looks at every
 * new process as fast as it can and reports what of the host it could get hold of: a root or working
 * directory that is not the container's, an open directory, the memory of the fork. It ends when /tmp/stop appears.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct stat root; /* the container's / */

/* Is the directory that the link leads to another one than the container's root? */
static bool
leads_out(int process, const char *link)
{
    struct stat where;

    return fstatat(process, link, &where, 0) == 0 && S_ISDIR(where.st_mode) &&
           (where.st_dev != root.st_dev || where.st_ino != root.st_ino);
}

/* Can its memory be opened? Only when it can be traced, ptrace(2). */
static bool
has_open_memory(int process)
{
    int memory = openat(process, "mem", O_RDONLY | O_CLOEXEC);

    if (memory != -1)
        close(memory);
    return memory != -1;
}

/* Is it still a fork of a step outside? Its program is not in the container then. */
static bool
is_fork(int process)
{
    char name[32] = "";
    int comm = openat(process, "comm", O_RDONLY | O_CLOEXEC);

    if (comm == -1)
        return false;
    if (read(comm, name, sizeof name - 1) == -1)
        name[0] = '\0';
    close(comm);
    return name[0] == '0' && name[2] == '-';
}

/* Does the process have a directory open? */
static bool
has_open_directory(int process)
{
    int dir = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = dir == -1 ? NULL : fdopendir(dir);
    struct dirent *entry;
    struct stat what;
    bool found = false;

    if (list == NULL) {
        if (dir != -1)
            close(dir);
        return false;
    }
    while (!found && (entry = readdir(list)) != NULL)
        found = isdigit((unsigned char)entry->d_name[0]) &&
                fstatat(dir, entry->d_name, &what, 0) == 0 && S_ISDIR(what.st_mode);
    closedir(list);
    return found;
}

/* Looks at one process again and again until it is gone, or has been looked at often enough. */
static void
watch(int proc, const char *pid, bool memory)
{
    int process = openat(proc, pid, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat alive;

    for (int i = 0; process != -1 && i < 2000 && fstatat(process, "status", &alive, 0) == 0; i++) {
        if (leads_out(process, "root"))
            printf("caught the root of %s\n", pid);
        else if (leads_out(process, "cwd"))
            printf("caught the cwd of %s\n", pid);
        else if (has_open_directory(process))
            printf("caught a descriptor of %s\n", pid);
        else if (memory && is_fork(process) && has_open_memory(process) && is_fork(process))
            printf("caught the memory of %s\n", pid);
        else
            continue;
        fflush(stdout);
        break;
    }
    if (process != -1)
        close(process);
}

/* With an argument: the memory, too. (The real root with all capabilities may trace whom he can see, and
 * that is so whatever a step does.) */
int
main(int argc, char **argv)
{
    int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = proc == -1 ? NULL : fdopendir(proc);
    long newcomers = 0, last = 0;
    struct dirent *entry;

    (void)argv;

    if (list == NULL || stat("/", &root) == -1)
        return 1;
    printf("watching\n");
    fflush(stdout);
    while (access("/tmp/stop", F_OK) == -1) {
        rewinddir(list);
        while ((entry = readdir(list)) != NULL) {
            long pid = strtol(entry->d_name, NULL, 10);

            if (pid <= 1 || pid == getpid() || pid <= last)
                continue;
            last = pid;
            newcomers++;
            watch(proc, entry->d_name, argc > 1);
        }
    }
    printf("looked at %ld newcomers\n", newcomers);
    return 0;
}
