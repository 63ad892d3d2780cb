/*
 * janitor.c - plumbing of 05-cgroup: who removes the cgroup? A process that outlives the step,
 * whatever happens to it, also SIGKILL. See cgroups(7).
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
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "nsteps.h"

/* The exit status of a janitor that has done its work: 0, an errno (at most 133 on Linux), or this. */
enum { OOM_KILLED = 200 };

struct janitor {
    const char *name; /* of the cgroup */
    int base;         /* the directory in which it is */
    int home;         /* cgroup.procs of the cgroup that the step came from, or -1 */
    int parent;       /* the step: a pidfd */
    pid_t parent_pid;
    int leash; /* a pipe from the step */
    int ready; /* and one to it */
};

static bool
is_populated(int events)
{
    char text[256] = "";

    return pread(events, text, sizeof text - 1, 0) > 0 && strstr(text, "populated 1") != NULL;
}

static bool
may_have_processes(int cgroup)
{
    char text[256];

    /* What cannot be read may hold the step itself, who is not to be killed. */
    return read_file_at(cgroup, "cgroup.events", text, sizeof text) == -1 ||
           strstr(text, "populated 0") == NULL;
}

/* Without cgroup.kill one has to kill what cgroup.threads lists, again and again, because a process may
 * fork in between. (cgroup.procs cannot be read in a threaded cgroup.) False: we may not kill one of them. */
static bool
kill_listed(int cgroup)
{
    char text[65536];
    bool may = true;

    if (read_file_at(cgroup, "cgroup.threads", text, sizeof text) == -1 && errno != EFBIG)
        return true;
    /* A line without an end was cut (EFBIG): what is left of its number is the number of somebody else. */
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1)
        if (atoi(line) > 0 && kill(atoi(line), SIGKILL) == -1 && errno == EPERM)
            may = false;
    return may;
}

/* Kills what is in cgroup NAME below DIR and in its descendants: without cgroup.kill. ARGUMENT, a bool, becomes
 * false when it may not. */
static bool
kill_tree(int dir, const char *name, void *argument)
{
    int cgroup = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool *may = argument;

    if (cgroup != -1) {
        *may &= kill_listed(cgroup);
        for_each_child(cgroup, kill_tree, argument);
        close(cgroup);
    }
    return true;
}

/* Kills every process of the cgroup and waits until the kernel says that it is empty. False: it never will, for
 * somebody in there is another user (a COMMAND that is set-user-ID), whom we may not kill. */
static bool
empty_cgroup(int cgroup)
{
    int events = openat(cgroup, "cgroup.events", O_RDONLY | O_CLOEXEC);
    struct pollfd change = {.fd = events, .events = POLLPRI};
    bool killed, may = true;

    for (int tries = 0; events != -1 && is_populated(events) && tries < 200; tries += !may) {
        /* Linux 5.14, and nobody is asked who may kill whom; EOPNOTSUPP in a threaded cgroup (05-cgroup demo
         * cgroup.type=threaded). */
        killed = write_file_at(cgroup, "cgroup.kill", "1") == 0;
        may = true;
        if (!killed)
            kill_tree(cgroup, ".", &may);
        poll(&change, 1, killed ? 1000 : 10);
    }
    if (events != -1)
        close(events);
    return may;
}

/* When 05-cgroup was killed, the steps after it see that, too, and give the terminal back before they
 * end. They are in the cgroup: give them a moment. */
static void
wait_for_steps(int cgroup)
{
    int events = openat(cgroup, "cgroup.events", O_RDONLY | O_CLOEXEC);
    struct pollfd change = {.fd = events, .events = POLLPRI};

    if (events != -1 && is_populated(events))
        poll(&change, 1, 200);
    if (events != -1)
        close(events);
}

/* Removes cgroup NAME below DIR, and first those that COMMAND has made in it. */
static bool
remove_tree(int dir, const char *name, void *argument)
{
    int cgroup = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (cgroup != -1) {
        for_each_child(cgroup, remove_tree, argument);
        close(cgroup);
    }
    return unlinkat(dir, name, AT_REMOVEDIR) == 0;
}

/* Does the cgroup NAME need a controller that the steps have enabled? It does if it is one of theirs and
 * has set a limit, or if it was not there yet when the first of them enabled one: ARGUMENT is the mark of
 * that moment, and is emptied. */
static bool
look_for_user(int dir, const char *name, void *argument)
{
    int cgroup = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char *mark = argument, wanted[300];
    bool used;

    snprintf(wanted, sizeof wanted, "/%s/", name);
    used = cgroup != -1 &&
           (fgetxattr(cgroup, CGROUP_MARK, NULL, 0) != -1 || strstr(mark, wanted) == NULL);
    if (cgroup != -1)
        close(cgroup);
    if (used)
        mark[0] = '\0';
    return !used;
}

/* Disables the controllers that the steps have enabled below BASE, unless somebody else uses them by
 * now. What a cgroup below has enabled in turn, the kernel keeps: EBUSY. */
static void
put_controllers_back(int base)
{
    char mark[MAX_MARK], now[512], request[64], *rest = now, *word;
    ssize_t length = fgetxattr(base, CGROUP_MARK, mark, sizeof mark - 1);
    bool all = true;

    if (length <= 0)
        return;
    mark[length] = '\0';
    for_each_child(base, look_for_user, mark);
    if (mark[0] == '\0' || read_file_at(base, "cgroup.subtree_control", now, sizeof now) == -1)
        return;
    mark[strcspn(mark, "\n/")] = '\0'; /* what was enabled before */
    while ((word = strsep(&rest, " \n")) != NULL)
        if (word[0] != '\0' && !has_word(mark, word)) {
            snprintf(request, sizeof request, "-%.32s", word);
            all &= write_file_at(base, "cgroup.subtree_control", request) == 0;
        }
    if (all)
        fremovexattr(base, CGROUP_MARK);
}

static void
wait_for_end(int pidfd)
{
    struct pollfd end = {.fd = pidfd, .events = POLLIN};

    while (poll(&end, 1, -1) != 1)
        ;
}

/* Has the kernel killed somebody in the cgroup because of its memory.max? */
static bool
was_out_of_memory(int cgroup)
{
    char text[512] = "";
    const char *oom, *kills;

    read_file_at(cgroup, "memory.events", text, sizeof text);
    oom = strstr(text, "\noom ");
    kills = strstr(text, "\noom_kill ");
    return oom != NULL && kills != NULL && atoi(oom + strlen("\noom ")) > 0 &&
           atoi(kills + strlen("\noom_kill ")) > 0;
}

/* Empties and removes the cgroup. 0, OOM_KILLED, or the errno. */
static int
clean(const struct janitor *janitor)
{
    int cgroup = openat(janitor->base, janitor->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int lock, error = cgroup == -1 && errno != ENOENT ? errno : 0;
    bool out_of_memory = false, may;

    if (cgroup != -1) {
        out_of_memory = was_out_of_memory(cgroup);
        if (!is_alive(janitor->parent)) {
            wait_for_steps(cgroup);
        } else if (may_have_processes(cgroup)) {
            /* 05-cgroup waits for us: move it out, it is not to be killed. (In an empty one it is not.) */
            char pid[16];

            snprintf(pid, sizeof pid, "%d", (int)janitor->parent_pid);
            if (janitor->home == -1 ||
                write(janitor->home, pid, strlen(pid)) != (ssize_t)strlen(pid)) {
                /* Where it came from is gone by now, or takes no processes any more. Then another
                 * janitor cleans up as soon as it has ended, and it need not wait. */
                pid_t other = fork();

                if (other != 0)
                    return other == -1 ? errno : 0;
                wait_for_end(janitor->parent);
            }
        }
        may = empty_cgroup(cgroup);
        /* A step that was just joining may have moved in after that: EBUSY, so again. */
        for (int tries = 0; !remove_tree(janitor->base, janitor->name, NULL); tries++) {
            /* But when something is mounted on it, it stays so. */
            if (errno != EBUSY || tries == 200 || !may) {
                error = may ? errno : EPERM;
                break;
            }
            poll(NULL, 0, 10);
            may = empty_cgroup(cgroup);
        }
        close(cgroup);
    }
    lock = lock_cgroup_base(janitor->base);
    if (lock != -1) { /* else the next janitor does it */
        put_controllers_back(janitor->base);
        close(lock);
    }
    return error == 0 && out_of_memory ? OOM_KILLED : error;
}

/* The janitor is told what to do by a byte on a pipe, not by a signal: after joining a user namespace
 * 05-cgroup may be another user than it is, who must not signal it. */
static noreturn void
be_janitor(const struct janitor *janitor)
{
    struct pollfd events[2] = {
        {.fd = janitor->leash, .events = POLLIN},
        {.fd = janitor->parent, .events = POLLIN},
    };
    bool mine = false;
    ssize_t got;
    char order;
    struct rlimit limit;

    setsid();
    /* Two descriptors for each cgroup that COMMAND has made within another (for_each_child). */
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    prctl(PR_SET_NAME, "05-janitor", 0, 0, 0);
    /* Where it can be seen from a container, it leads to nothing of the host's. */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1 || chdir("/") == -1)
        _exit(errno);
    /* If we were forked in the cgroup of another 05-cgroup, its janitor would kill us with it. The
     * root cgroup (it alone has no cgroup.type) may hold processes beside its children. */
    if (faccessat(janitor->base, "cgroup.type", F_OK, 0) == -1)
        write_file_at(janitor->base, "cgroup.procs", "0");
    /* Only now may a cgroup be made: there is somebody to remove it. */
    if (write(janitor->ready, "r", 1) != 1)
        _exit(errno);
    close(janitor->ready);
    for (;;) {
        if (poll(events, 2, -1) == -1)
            continue;
        if (!(events[0].revents & POLLIN))
            break; /* the leash is closed, or the step is gone */
        got = read(janitor->leash, &order, 1);
        if (got == -1)
            continue; /* the order is still there, and the step waits for us */
        if (got == 0)
            break;
        if (order == 'm')
            mine = true;
        if (order == 'd')
            _exit(0);
        if (order == 'c')
            _exit(mine ? clean(janitor) : 0);
    }
    wait_for_end(janitor->parent);
    _exit(mine ? clean(janitor) : 0);
}

void
refuse_inside(struct step *step, bool keep)
{
    char status[16384], name[32] = "";
    const char *pids = NULL;

    if (step->joining || keep || step->proc_self == -1)
        return;
    /* NSpid: our pid in the pid namespace of this /proc, and in each one within it. */
    if (read_file_at(step->proc_self, "status", status, sizeof status) != -1)
        pids = strstr(status, "\nNSpid:\t");
    read_file_at(AT_FDCWD, "/proc/1/comm", name, sizeof name);
    if ((pids != NULL && strpbrk(pids + strlen("\nNSpid:\t"), "\t\n")[0] == '\t') ||
        strcmp(name, INIT_NAME "\n") == 0)
        refuse(step,
               "put 05-cgroup before 01-unshare: in the new pid namespace nobody would be left to "
               "remove the cgroup when its PID 1 dies (in a pipe, 05-cgroup - may come after)");
}

int
start_janitor(struct step *step, int base, const char *name)
{
    struct janitor janitor = {.name = name, .base = base, .home = -1, .parent_pid = getpid()};
    char own[4096], path[8300];
    int null, leash[2], ready[2], error;
    sigset_t all, before;
    bool is_ready;
    char byte;

    janitor.parent = (int)syscall(SYS_pidfd_open, janitor.parent_pid, 0);
    if (janitor.parent == -1 || pipe2(leash, O_CLOEXEC) == -1 || pipe2(ready, O_CLOEXEC) == -1)
        return -1;
    janitor.leash = leash[0];
    janitor.ready = ready[1];
    if (read_cgroup_path(AT_FDCWD, "/proc/self/cgroup", own, sizeof own) == 0 &&
        find_cgroup_file(own, "cgroup.procs", path, sizeof path) == 0)
        janitor.home = open(path, O_WRONLY | O_CLOEXEC);
    if (janitor.home == -1) /* a cgroup that has no name here */
        janitor.home = openat(base, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    /* No signal can end it but SIGKILL. */
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    step->janitor = fork();
    if (step->janitor == 0) {
        const int kept[] = {base, janitor.home, janitor.parent, janitor.leash, janitor.ready};
        int highest = 0;

        for (int i = 0; i < 5; i++)
            highest = kept[i] > highest ? kept[i] : highest;
        for (int fd = STDERR_FILENO + 1; fd < highest; fd++)
            if (fd != base && fd != janitor.home && fd != janitor.parent && fd != janitor.leash &&
                fd != janitor.ready)
                close(fd);
        close_from(highest + 1);
        /* It must not hold the pipes of the pipeline open. */
        null = open("/dev/null", O_RDWR | O_CLOEXEC);
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
            if (dup2(null, fd) == -1)
                close(fd);
        be_janitor(&janitor);
    }
    error = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(janitor.parent);
    close(leash[0]);
    close(ready[1]);
    if (janitor.home != -1)
        close(janitor.home);
    step->leash = leash[1];
    is_ready = step->janitor > 0 && read(ready[0], &byte, 1) == 1;
    close(ready[0]);
    if (!is_ready) {
        close(step->leash);
        step->leash = -1;
        if (step->janitor > 0) {
            kill(step->janitor, SIGKILL); /* it may be well, and then it would wait for our end */
            error = ECHILD;
            wait_for_exit(step->janitor, NULL);
        }
        step->janitor = 0;
    }
    errno = error;
    return is_ready ? 0 : -1;
}

int
entrust_cgroup(struct step *step)
{
    return write(step->leash, "m", 1) == 1 ? 0 : -1;
}

/* Writes ORDER, 'c'lean or 'd'ismissed, and waits until the janitor has ended. */
static int
give_order(struct step *step, char order)
{
    void (*pipe_before)(int) = signal(SIGPIPE, SIG_IGN); /* somebody may have killed it */
    pid_t janitor = step->janitor;
    sigset_t all, before;
    int status, result = -1;

    unlock_cgroup_base(step); /* or it would wait for us, who wait for it */
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before); /* half an order would be worse than none */
    step->janitor = 0;
    if (write(step->leash, &order, 1) == 1 || errno == EPIPE) {
        if (wait_for_exit(janitor, &status) == -1 || !WIFEXITED(status))
            errno = EOWNERDEAD; /* somebody has killed it */
        else
            errno = WEXITSTATUS(status);
        if (errno == OOM_KILLED) {
            errno = 0;
            fprintf(stderr,
                    "%s: note: the kernel has killed what wanted more memory than the cgroup's "
                    "memory.max (memory.events)\n",
                    step->name);
        }
        result = errno == 0 ? 0 : -1;
    }
    int error = errno;
    close(step->leash);
    step->leash = -1;
    signal(SIGPIPE, pipe_before);
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return result;
}

int
stop_janitor(struct step *step)
{
    /* The janitor moves us out of the cgroup, and nobody is to join the one that we are in then. */
    prctl(PR_SET_NAME, ENDING_NAME, 0, 0, 0);
    return give_order(step, 'c');
}

void
dismiss_janitor(struct step *step)
{
    int error = errno;

    give_order(step, 'd');
    errno = error;
}
