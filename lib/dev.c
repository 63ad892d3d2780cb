/*
 * dev.c - plumbing of 02-mountproc --dev: a minimal /dev, also for an ordinary user.
 *
 * The real root makes the device nodes, mknod(2). In a user namespace that is EPERM: there the host's
 * own nodes are bind-mounted, file on file. (Not for the real root: his chmod would reach the host's.)
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "nsteps.h"

static const struct {
    const char *name;
    unsigned major, minor; /* Documentation/admin-guide/devices.txt in the kernel's source */
} nodes[] = {
    {"null", 1, 3},   {"zero", 1, 5},    {"full", 1, 7},
    {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
};
enum { NODES = sizeof nodes / sizeof nodes[0] };

static const char *const links[][2] = {
    {"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
    {"stderr", "/proc/self/fd/2"}, {"ptmx", "pts/ptmx"},
};
enum { LINKS = sizeof links / sizeof links[0] };

/* open_tree(2) with OPEN_TREE_CLONE: a bind mount that is not attached anywhere yet. glibc has a
 * wrapper since 2.36. We need it because the target may be /dev itself and hide the originals. */
static int
sys_clone_mount(const char *path)
{
    return (int)syscall(SYS_open_tree, AT_FDCWD, path, 1 /* OPEN_TREE_CLONE */ | O_CLOEXEC);
}

/* move_mount(2) with MOVE_MOUNT_F_EMPTY_PATH: attaches such a mount. */
static int
sys_attach_mount(int mount_fd, int dir, const char *name)
{
    return (int)syscall(SYS_move_mount, mount_fd, "", dir, name, 4 /* F_EMPTY_PATH */);
}

/* A failure: notes CALL and why, and returns -1 with errno as it was. */
static int failed(struct failure *failure, struct why why, const char *call, ...)
    __attribute__((format(printf, 3, 4)));

static int
failed(struct failure *failure, struct why why, const char *call, ...)
{
    int error = errno;
    va_list list;

    failure->why = why;
    va_start(list, call);
    vsnprintf(failure->call, sizeof failure->call, call, list);
    va_end(list);
    errno = error;
    return -1;
}

/* mount(2) of the filesystem TYPE on NAME in DIR, which is DEV: a directory that it makes. */
static int
mount_below(const struct step *step, int dir, const char *dev, const char *name, const char *type,
            unsigned long flags, const char *options, struct failure *failure)
{
    char path[4096 + 8];

    snprintf(path, sizeof path, "%s/%s", dev, name);
    if (mkdirat(dir, name, 0755) == -1)
        return failed(failure, why_make_file(step), "mkdir %s", path);
    if (mount(type, path, type, flags, options) == -1)
        return failed(failure, why_mount(step, path, type), "mount %s on %s", type, path);
    return 0;
}

/* Group 5 is tty on Debian and most others; where it is not mapped, naming it is EINVAL. */
static bool
has_tty_group(void)
{
    struct id_map gids;

    return read_id_map(AT_FDCWD, "/proc/self/gid_map", &gids) == 0 && id_outside(&gids, 5) != -1;
}

/* Puts node I into DIR: makes it, or else binds ORIGINAL, the host's, on an empty file. */
static int
put_node(int dir, int i, int original)
{
    int fd;

    if (mknodat(dir, nodes[i].name, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)) == 0)
        return fchmodat(dir, nodes[i].name, 0666, 0); /* whatever the umask has taken away */
    fd = openat(dir, nodes[i].name, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd == -1)
        return -1;
    close(fd);
    return sys_attach_mount(original, dir, nodes[i].name);
}

/* Puts all of it into DIR, which is DEV. */
static int
fill_dev(const struct step *step, int dir, const char *dev, const int *originals,
         struct failure *failure)
{
    int result = 0;

    for (int i = 0; result == 0 && i < NODES; i++)
        if (put_node(dir, i, originals[i]) == -1)
            result = failed(failure, why_make_file(step), "make %s/%s", dev, nodes[i].name);
    for (int i = 0; result == 0 && i < LINKS; i++)
        if (symlinkat(links[i][1], dir, links[i][0]) == -1)
            result = failed(failure, why_make_file(step), "make %s/%s", dev, links[i][0]);
    if (result == -1)
        return -1;
    if (mount_below(step, dir, dev, "pts", "devpts", MS_NOSUID | MS_NOEXEC,
                    has_tty_group() ? "newinstance,ptmxmode=0666,mode=620,gid=5"
                                    : "newinstance,ptmxmode=0666,mode=620",
                    failure) == -1)
        return -1;
    return mount_below(step, dir, dev, "shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                       "mode=1777", failure);
}

/* The root of the tmpfs that was just mounted on DEV, and nothing else: whoever may write to ROOT could meanwhile
 * have put another directory there, or a link that leads out, and what root makes would be made there. -1: errno. */
static int
open_new_mount(const char *dev, dev_t below)
{
    int dir = open(dev, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat now;

    if (dir == -1 || (fstat(dir, &now) == 0 && now.st_dev != below))
        return dir;
    close(dir);
    errno = ESTALE;
    return -1;
}

/* The directory DEV, with all that is in it, when the host's nodes are found. */
static int
mount_dev(const struct step *step, const char *dev, const int *originals, struct failure *failure)
{
    struct stat before;
    int error, dir, result = -1;

    if (stat(dev, &before) == -1 ||
        mount("tmpfs", dev, "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755") == -1)
        return failed(failure, why_mount(step, dev, "tmpfs"), "mount tmpfs on %s", dev);
    dir = open_new_mount(dev, before.st_dev);
    if (dir == -1)
        failed(failure, why_make_file(step), "open %s", dev);
    else
        result = fill_dev(step, dir, dev, originals, failure);
    error = errno;
    if (dir != -1)
        close(dir);
    if (result == -1)
        umount2(dev, MNT_DETACH);
    errno = error;
    return result;
}

int
make_dev(const struct step *step, const char *dev, struct failure *failure)
{
    int originals[NODES], error, result = 0;

    for (int i = 0; i < NODES; i++) {
        char path[32];

        originals[i] = -1;
        snprintf(path, sizeof path, "/dev/%s", nodes[i].name);
        if (result == 0 && (originals[i] = sys_clone_mount(path)) == -1)
            result =
                failed(failure, why_clone_mount(step, path), "open_tree(\"%s\") for %s", path, dev);
    }
    if (result == 0)
        result = mount_dev(step, dev, originals, failure);
    error = errno;
    for (int i = 0; i < NODES; i++)
        if (originals[i] != -1)
            close(originals[i]);
    errno = error;
    return result;
}
