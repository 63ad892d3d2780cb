/*
 * fix-half: enter a container that is running.
 *
 * Usage: fix-half PID COMMAND [ARG ...]
 * Runs COMMAND in the container of process PID: its eight namespaces, its root and working directory, its cgroup.
 * The task: tutorial/labs/fix-half.md. Man page: setns(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/nsteps.h"

/* The message for a failed call, and the end. */
static _Noreturn void
die(const char *what)
{
    fprintf(stderr, "fix-half: %s: %s\n", what, strerror(errno));
    exit(125);
}

/* The user namespace comes first: in it we may do the rest, whoever we are outside. */
static const char *const types[] = {"user", "cgroup", "ipc", "mnt", "net", "pid", "time", "uts"};
enum { TYPES = sizeof types / sizeof types[0] };

/* All that has a name in /proc/PID must be opened before /proc is another one. */
struct opened {
    int ns[TYPES];
    int root, cwd;
};

/* Opens NAME in /proc/PID; -1 where this kernel has no such thing. */
static int
open_in(const char *pid, const char *name)
{
    char path[64];
    int fd;

    snprintf(path, sizeof path, "/proc/%s/%s", pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1 && errno != ENOENT)
        die(path);
    return fd;
}

static struct opened
open_all(const char *pid)
{
    struct opened it;
    char name[16];

    for (int i = 0; i < TYPES; i++) {
        snprintf(name, sizeof name, "ns/%s", types[i]);
        it.ns[i] = open_in(pid, name);
    }
    it.root = open_in(pid, "root");
    it.cwd = open_in(pid, "cwd");
    return it;
}

/* Goes where the target is limited. "0" is whoever writes it. Where we are in that cgroup already there is nothing to
 * do, and an ordinary user might not be allowed to. */
static void
enter_its_cgroup(const char *pid)
{
    char proc[32], its[4096], ours[4096], path[4200];

    snprintf(proc, sizeof proc, "/proc/%s/cgroup", pid);
    if (read_cgroup_path(AT_FDCWD, proc, its, sizeof its) == -1 ||
        read_cgroup_path(AT_FDCWD, "/proc/self/cgroup", ours, sizeof ours) == -1 ||
        strcmp(its, ours) == 0)
        return;
    if (find_cgroup_file(its, "cgroup.procs", path, sizeof path) == -1 ||
        write_file_at(AT_FDCWD, path, "0") == -1)
        die("enter its cgroup");
}

static void
enter_namespaces(const struct opened *it)
{
    for (int i = 0; i < TYPES; i++)
        if (it->ns[i] != -1 && setns(it->ns[i], 0) == -1)
            die(types[i]);
}

/* setns has set / and the working directory to the root of the mount namespace; the target's may be others. */
static void
enter_directories(const struct opened *it)
{
    if (fchdir(it->root) == -1 || chroot(".") == -1)
        die("its root");
    if (fchdir(it->cwd) == -1)
        die("its working directory");
}

int
main(int argc, char **argv)
{
    struct opened it;
    int status;
    pid_t child;

    if (argc < 3) {
        fprintf(stderr, "Usage: fix-half PID COMMAND [ARG ...]\n");
        return 125;
    }
    it = open_all(argv[1]);
    enter_its_cgroup(argv[1]);
    enter_namespaces(&it);
    enter_directories(&it);
    child = fork(); /* a process keeps its pid: only children are born in the pid namespace */
    if (child == 0) {
        execvp(argv[2], argv + 2);
        die(argv[2]);
    }
    if (child == -1 || waitpid(child, &status, 0) == -1)
        die("fork, wait");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
