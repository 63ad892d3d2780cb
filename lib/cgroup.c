/*
 * cgroup.c - plumbing of 05-cgroup: where is cgroup v2, and who cleans up? See cgroups(7) and
 * Documentation/admin-guide/cgroup-v2.rst in the kernel's source.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nsteps.h"

/* mountinfo writes blanks as \040, proc_pid_mountinfo(5). */
static void
undo_escapes(char *path)
{
    char *out = path;

    for (const char *in = path; *in != '\0'; out++) {
        unsigned code;

        if (sscanf(in, "\\%3o", &code) == 1) {
            *out = (char)code;
            in += 4;
        } else {
            *out = *in++;
        }
    }
    *out = '\0';
}

int
find_cgroup2(char *path, char *root, size_t size)
{
    FILE *mountinfo = fopen("/proc/self/mountinfo", "re");
    char line[8192], mount_point[4096], mount_root[4096];
    bool found = false;

    if (mountinfo == NULL)
        return -1;
    /* ID PARENT MAJOR:MINOR ROOT MOUNT-POINT OPTIONS ... - TYPE SOURCE ... */
    while (!found && fgets(line, sizeof line, mountinfo) != NULL)
        found = strstr(line, " - cgroup2 ") != NULL &&
                sscanf(line, "%*d %*d %*s %4095s %4095s", mount_root, mount_point) == 2;
    fclose(mountinfo);
    if (!found || strlen(mount_point) >= size || strlen(mount_root) >= size) {
        errno = ENOENT;
        return -1;
    }
    undo_escapes(mount_point);
    undo_escapes(mount_root);
    snprintf(path, size, "%s", mount_point);
    if (root != NULL)
        snprintf(root, size, "%s", mount_root);
    return 0;
}

int
find_cgroup_directory(const char *cgroup, char *path, size_t size)
{
    char mount_point[4096], root[4096];
    size_t length;

    if (find_cgroup2(mount_point, root, sizeof mount_point) == -1)
        return -1;
    length = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (strncmp(cgroup, root, length) != 0 || (cgroup[length] != '/' && cgroup[length] != '\0') ||
        (size_t)snprintf(path, size, "%s%s", mount_point, cgroup + length) >= size) {
        errno = ENOENT;
        return -1;
    }
    return 0;
}

/* May we make cgroups here, and move processes and controllers below it? */
static bool
is_ours(int dir)
{
    return faccessat(dir, ".", W_OK | X_OK, AT_EACCESS) == 0 &&
           faccessat(dir, "cgroup.procs", W_OK, AT_EACCESS) == 0 &&
           faccessat(dir, "cgroup.subtree_control", W_OK, AT_EACCESS) == 0;
}

int
open_cgroup_base(char *path, size_t size)
{
    char own[4096], *rest = own;
    const char *name;
    size_t length;
    int dir;

    if (find_cgroup2(path, NULL, size) == -1 ||
        read_cgroup_path(AT_FDCWD, "/proc/self/cgroup", own, sizeof own) == -1)
        return -1;
    /* From the mount point down to our own cgroup: the first directory that is ours. For root that
     * is the mount point itself; for an ordinary user what systemd has delegated to him. */
    while ((dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) != -1 && !is_ours(dir)) {
        close(dir);
        do
            name = strsep(&rest, "/");
        while (name != NULL && name[0] == '\0');
        length = strlen(path);
        if (name == NULL || length + strlen(name) + 2 > size) {
            errno = EACCES;
            return -1;
        }
        snprintf(path + length, size - length, "/%s", name);
    }
    return dir;
}

int
read_cgroup_path(int dir, const char *file, char *path, size_t size)
{
    char text[8192];
    char *line = text, *end;

    if (read_file_at(dir, file, text, sizeof text) == -1)
        return -1;
    while (strncmp(line, "0::", 3) != 0) { /* one line a hierarchy; that of v2 is number 0 */
        line = strchr(line, '\n');
        if (line == NULL) {
            errno = ENOENT;
            return -1;
        }
        line++;
    }
    line += strlen("0::");
    end = strchrnul(line, '\n');
    snprintf(path, size, "%.*s", (int)(end - line), line);
    return 0;
}

int
write_file_at(int dir, const char *file, const char *value)
{
    /* Without O_CREAT: a file that is not there must give ENOENT. */
    int fd = openat(dir, file, O_WRONLY | O_CLOEXEC);
    ssize_t written;
    int error;

    if (fd == -1)
        return -1;
    written = write(fd, value, strlen(value));
    error = errno;
    close(fd);
    errno = error;
    return written == (ssize_t)strlen(value) ? 0 : -1;
}

/* Is WORD among the blank-separated words of LIST? */
static bool
has_word(const char *list, const char *word)
{
    size_t length = strlen(word);

    if (length == 0)
        return false;
    for (const char *at = list; (at = strstr(at, word)) != NULL; at += length)
        if ((at == list || at[-1] == ' ') &&
            (at[length] == '\0' || at[length] == ' ' || at[length] == '\n'))
            return true;
    return false;
}

int
enable_controller_of(int base, const char *file)
{
    char list[512], request[64], controller[32];

    snprintf(controller, sizeof controller, "%.*s", (int)strcspn(file, "."), file);
    if (strcmp(controller, "cgroup") == 0 || strstr(file, ".pressure") != NULL)
        return 0; /* core files: they need no controller */
    if (read_file_at(base, "cgroup.subtree_control", list, sizeof list) == -1)
        return -1;
    if (has_word(list, controller))
        return 0;
    if (read_file_at(base, "cgroup.controllers", list, sizeof list) == -1)
        return -1;
    if (!has_word(list, controller)) {
        errno = ENOENT;
        return -1;
    }
    snprintf(request, sizeof request, "+%s", controller);
    return write_file_at(base, "cgroup.subtree_control", request);
}

/* ---- the janitor ---------------------------------------------------------------------------- */

static bool
is_populated(int events)
{
    char text[256] = "";

    return pread(events, text, sizeof text - 1, 0) > 0 && strstr(text, "populated 1") != NULL;
}

/* Before cgroup.kill (Linux 5.14) one has to kill what cgroup.procs lists, again and again, because
 * a process may fork in between. */
static void
kill_listed(int cgroup)
{
    char text[65536], *rest = text, *line;

    if (read_file_at(cgroup, "cgroup.procs", text, sizeof text) == -1)
        return;
    while ((line = strsep(&rest, "\n")) != NULL)
        if (atoi(line) > 0)
            kill(atoi(line), SIGKILL);
}

/* Calls WORK for each directory in DIR, until it returns false. */
static void
for_each_child(int dir, bool (*work)(int dir, const char *name, void *argument), void *argument)
{
    int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = copy == -1 ? NULL : fdopendir(copy);
    struct dirent *entry;

    if (list == NULL)
        return;
    while ((entry = readdir(list)) != NULL)
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
            !work(dir, entry->d_name, argument))
            break;
    closedir(list);
}

/* Kills what is in cgroup NAME below DIR and in its descendants: before cgroup.kill. */
static bool
kill_tree(int dir, const char *name, void *argument)
{
    int cgroup = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (cgroup != -1) {
        kill_listed(cgroup);
        for_each_child(cgroup, kill_tree, argument);
        close(cgroup);
    }
    return true;
}

/* Kills every process of the cgroup and waits until the kernel says that it is empty. */
static void
empty_cgroup(int cgroup)
{
    int events = openat(cgroup, "cgroup.events", O_RDONLY | O_CLOEXEC);
    struct pollfd change = {.fd = events, .events = POLLPRI};
    bool has_kill = faccessat(cgroup, "cgroup.kill", F_OK, 0) == 0;

    while (events != -1 && is_populated(events)) {
        if (has_kill)
            write_file_at(cgroup, "cgroup.kill", "1");
        else
            kill_tree(cgroup, ".", NULL);
        poll(&change, 1, has_kill ? 1000 : 10);
    }
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

/* The cgroups next to ours when we began, "/a/b/". A cgroup that came later may use the controllers
 * that we enabled; these do not. */
struct siblings {
    char names[65536];
    bool new_one;
};

static bool
note_sibling(int dir, const char *name, void *argument)
{
    struct siblings *siblings = argument;
    size_t used = strlen(siblings->names);

    (void)dir;
    snprintf(siblings->names + used, sizeof siblings->names - used, "/%s/", name);
    return true;
}

static bool
look_for_new(int dir, const char *name, void *argument)
{
    struct siblings *siblings = argument;
    char wanted[300];

    (void)dir;
    snprintf(wanted, sizeof wanted, "/%s/", name);
    siblings->new_one = strstr(siblings->names, wanted) == NULL;
    return !siblings->new_one;
}

/* Disables what was enabled since BEFORE was read from cgroup.subtree_control. What a cgroup below
 * has enabled in turn, the kernel keeps: EBUSY. */
static void
put_controllers_back(int base, const char *before, struct siblings *siblings)
{
    char now[512], request[64], *rest = now, *word;

    for_each_child(base, look_for_new, siblings);
    if (siblings->new_one || read_file_at(base, "cgroup.subtree_control", now, sizeof now) == -1)
        return;
    while ((word = strsep(&rest, " \n")) != NULL)
        if (word[0] != '\0' && !has_word(before, word)) {
            snprintf(request, sizeof request, "-%.32s", word);
            write_file_at(base, "cgroup.subtree_control", request);
        }
}

/* Whatever happens to 05-cgroup, also SIGKILL, this process outlives it and removes the cgroup. It is
 * told what to do by a byte on a pipe, not by a signal: after joining a user namespace 05-cgroup may
 * be another user than we are, who must not signal us. */
static noreturn void
be_janitor(int base, const char *name, const char *controls, int home, int parent, int leash)
{
    struct pollfd events[2] = {
        {.fd = leash, .events = POLLIN},
        {.fd = parent, .events = POLLIN},
    };
    struct siblings siblings = {.names = ""};
    char pid[16], order = ' ';
    int cgroup;

    for_each_child(base, note_sibling, &siblings);
    setsid();
    prctl(PR_SET_NAME, "05-janitor", 0, 0, 0);
    /* If we were forked in the cgroup of another 05-cgroup, its janitor would kill us with it. The
     * root cgroup (it alone has no cgroup.type) may hold processes beside its children. */
    if (faccessat(base, "cgroup.type", F_OK, 0) == -1)
        write_file_at(base, "cgroup.procs", "0");
    do
        poll(events, 2, -1);
    while (events[0].revents == 0 && events[1].revents == 0);
    if ((events[0].revents & POLLIN) && read(leash, &order, 1) == 1 && order == 'd')
        _exit(0);
    if (order == 'c') { /* 05-cgroup waits for us: move it out, it is not to be killed */
        snprintf(pid, sizeof pid, "%d", (int)getppid());
        if (home != -1 && write(home, pid, strlen(pid)) == -1)
            _exit(errno);
    } else { /* nobody holds the leash: 05-cgroup has ended, or is about to */
        while (poll(&events[1], 1, -1) == -1)
            ;
    }
    cgroup = openat(base, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (cgroup != -1) {
        empty_cgroup(cgroup);
        close(cgroup);
        if (!remove_tree(base, name, NULL))
            _exit(errno);
    }
    put_controllers_back(base, controls, &siblings);
    _exit(0);
}

int
start_janitor(struct step *step, int base, const char *name, const char *controls)
{
    char own[4096], path[8300];
    int parent = (int)syscall(SYS_pidfd_open, getpid(), 0);
    int home = -1, null, leash[2];
    sigset_t all, before;

    if (parent == -1 || pipe2(leash, O_CLOEXEC) == -1)
        return -1;
    if (read_cgroup_path(AT_FDCWD, "/proc/self/cgroup", own, sizeof own) == 0 &&
        find_cgroup_directory(own, path, sizeof path - 14) == 0) {
        strcat(path, "/cgroup.procs");
        home = open(path, O_WRONLY | O_CLOEXEC);
    }
    if (home == -1) /* a cgroup that has no name here */
        home = openat(base, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    /* No signal can end it but SIGKILL. */
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    step->janitor = fork();
    if (step->janitor == 0) {
        close(leash[1]);
        /* It must not hold the pipes of the pipeline open. */
        null = open("/dev/null", O_RDWR | O_CLOEXEC);
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
            dup2(null, fd);
        be_janitor(base, name, controls, home, parent, leash[0]);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(parent);
    close(leash[0]);
    if (home != -1)
        close(home);
    step->leash = leash[1];
    return step->janitor == -1 ? -1 : 0;
}

/* Writes ORDER, 'c'lean or 'd'ismissed, and waits until the janitor has ended. */
static int
give_order(struct step *step, char order)
{
    void (*before)(int) = signal(SIGPIPE, SIG_IGN); /* somebody may have killed it */
    pid_t janitor = step->janitor;
    int status;

    step->janitor = 0;
    if (write(step->leash, &order, 1) == -1 && errno != EPIPE)
        return -1;
    if (waitpid(janitor, &status, 0) == -1)
        return -1;
    close(step->leash);
    step->leash = -1;
    signal(SIGPIPE, before);
    errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
    return errno == 0 ? 0 : -1;
}

int
stop_janitor(struct step *step)
{
    return give_order(step, 'c');
}

void
dismiss_janitor(struct step *step)
{
    give_order(step, 'd');
}
