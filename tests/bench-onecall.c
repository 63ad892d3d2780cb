/*
 * bench-onecall.c - the exec chain of steps 05, 01, 02, 04, 07 and 08 as one program: the same calls in the
 * same order, without records, reports or questions, and with nobody to clean up if it is killed. What the
 * chain takes longer than this is the price of its being eight programs. For tests/bench.
 *
 *   bench-onecall CGROUP LIMIT MAP NEWROOT COMMAND [ARG ...]     CGROUP "-": none. LIMIT is FILE=VALUE
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

static void
write_file(int dir, const char *file, const char *value)
{
    int fd = openat(dir, file, O_WRONLY | O_CLOEXEC);

    if (fd == -1 || write(fd, value, strlen(value)) == -1 || close(fd) == -1)
        err(125, "write %s to %s", value, file);
}

static void
check(long result, const char *call)
{
    if (result == -1)
        err(125, "%s", call);
}

/* Returns the directory in which the cgroup is made: by its name it is out of reach at the end. */
static int
enter_cgroup(const char *cgroup, char *limit)
{
    char *value = strchr(limit, '=');
    int dir;

    check(mkdir(cgroup, 0755), "mkdir of the cgroup");
    dir = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *value = '\0';
    write_file(dir, limit, value + 1);
    write_file(dir, "cgroup.procs", "0");
    return openat(dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* PID 1 of the new pid namespace: it waits for orphans. */
static pid_t
start_init(void)
{
    pid_t pid = fork();
    sigset_t child_ended;

    check(pid, "fork");
    if (pid > 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    setsid();
    sigemptyset(&child_ended);
    sigaddset(&child_ended, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child_ended, NULL);
    for (;;) {
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
        sigwaitinfo(&child_ended, NULL);
    }
}

/* What 02-mountproc --dev makes: in a tmpfs the devices (who may not make them binds the host's), pts, shm,
 * and the links. */
static void
make_dev(void)
{
    static const struct {
        const char *name;
        unsigned major, minor;
    } devices[] = {{"null", 1, 3},   {"zero", 1, 5},    {"full", 1, 7},
                   {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};
    static const char *const links[][2] = {{"/proc/self/fd", "dev/fd"},
                                           {"/proc/self/fd/0", "dev/stdin"},
                                           {"/proc/self/fd/1", "dev/stdout"},
                                           {"/proc/self/fd/2", "dev/stderr"},
                                           {"pts/ptmx", "dev/ptmx"}};
    char from[64], to[64];

    check(mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755"), "mount /dev");
    for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++) {
        snprintf(from, sizeof from, "/dev/%s", devices[i].name);
        snprintf(to, sizeof to, "dev/%s", devices[i].name);
        if (mknod(to, S_IFCHR | 0666, makedev(devices[i].major, devices[i].minor)) == 0)
            continue;
        check(mknod(to, S_IFREG | 0666, 0), "mknod");
        check(mount(from, to, NULL, MS_BIND, NULL), "bind a device");
    }
    check(mkdir("dev/pts", 0755), "mkdir");
    check(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
                "newinstance,ptmxmode=0666,mode=620"),
          "mount /dev/pts");
    check(mkdir("dev/shm", 0755), "mkdir");
    check(mount("tmpfs", "dev/shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777"),
          "mount /dev/shm");
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
        check(symlink(links[i][0], links[i][1]), "symlink");
}

/* The maps of a user namespace are written by a process outside of it. */
static void
enter_user_namespace(const char *map)
{
    int ready[2], proc, status;
    char self[32], byte;
    pid_t helper;

    snprintf(self, sizeof self, "/proc/%d", (int)getpid());
    check(pipe2(ready, O_CLOEXEC), "pipe");
    helper = fork();
    check(helper, "fork");
    if (helper == 0) {
        close(ready[1]);
        check(read(ready[0], &byte, 1), "read");
        proc = open(self, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        write_file(proc, "gid_map", map);
        write_file(proc, "uid_map", map);
        _exit(0);
    }
    check(unshare(CLONE_NEWUSER), "unshare(CLONE_NEWUSER)");
    close(ready[1]);
    if (waitpid(helper, &status, 0) == -1 || status != 0)
        errx(125, "the maps could not be written");
    close(ready[0]);
    if (setgroups(0, NULL) == -1 && errno != EPERM) /* EPERM: given up by who made the one around */
        err(125, "setgroups");
    check(setresgid(0, 0, 0), "setresgid");
    check(setresuid(0, 0, 0), "setresuid");
}

static void
drop_all(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct none[2] = {{0}};

    for (int i = 0; i < 64 && prctl(PR_CAPBSET_DROP, i, 0, 0, 0) == 0; i++)
        ;
    check(syscall(SYS_capset, &header, none), "capset");
}

/* COMMAND; a child of the process outside, in the new pid namespace. Its maps are written from here, too:
 * for the /proc that is in reach, this is process PID of the new namespace. */
static void
run_in(const char *map, const char *root, char **command)
{
    check(chdir(root), "chdir to the new root");
    make_dev();
    check(mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL), "mount /proc");
    check(mount(root, root, NULL, MS_BIND | MS_REC, NULL), "bind the new root");
    check(chdir(root), "chdir to the new root");
    check(syscall(SYS_pivot_root, ".", "."), "pivot_root");
    check(umount2(".", MNT_DETACH), "umount2");
    check(chdir("/"), "chdir to /");
    enter_user_namespace(map);
    drop_all();
    execvp(command[0], command);
    err(127, "%s", command[0]);
}

int
main(int argc, char **argv)
{
    bool has_cgroup = argc > 5 && strcmp(argv[1], "-") != 0;
    int base = -1, status;
    pid_t init, child;

    if (argc < 6)
        errx(125, "usage: bench-onecall CGROUP LIMIT MAP NEWROOT COMMAND [ARG ...]");
    if (has_cgroup)
        base = enter_cgroup(argv[1], argv[2]);
    check(unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET),
          "unshare");
    check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make the mounts private");
    init = start_init();
    child = fork();
    check(child, "fork");
    if (child == 0)
        run_in(argv[3], argv[4], argv + 5);
    check(waitpid(child, &status, 0), "wait");
    kill(init, SIGKILL);
    check(waitpid(init, NULL, 0), "wait");
    if (has_cgroup) {
        write_file(base, "cgroup.procs", "0");
        check(unlinkat(base, strrchr(argv[1], '/') + 1, AT_REMOVEDIR), "rmdir of the cgroup");
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
