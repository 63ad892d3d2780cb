/*
 * dev.c - plumbing of 02-mountproc --dev: a minimal /dev, also for an ordinary user.
 *
 * The real root makes the device nodes, mknod(2). In a user namespace that is EPERM: there the host's
 * own nodes are bind-mounted, file on file. (Not for the real root: his chmod would reach the host's.)
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
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

static int
mount_pts(const char *dev)
{
    struct id_map gids;
    char path[4096 + 8];
    bool has_tty_group =
        read_id_map(AT_FDCWD, "/proc/self/gid_map", &gids) == 0 && id_outside(&gids, 5) != -1;

    snprintf(path, sizeof path, "%s/pts", dev);
    /* Group 5 is tty on Debian and most others; where it is not mapped, naming it is EINVAL. */
    return mkdir(path, 0755) == -1
               ? -1
               : mount("devpts", path, "devpts", MS_NOSUID | MS_NOEXEC,
                       has_tty_group ? "newinstance,ptmxmode=0666,mode=620,gid=5"
                                     : "newinstance,ptmxmode=0666,mode=620");
}

static int
mount_shm(const char *dev)
{
    char path[4096 + 8];

    snprintf(path, sizeof path, "%s/shm", dev);
    return mkdir(path, 01777) == -1
               ? -1
               : mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777");
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

static int
fill_dev(const char *dev, const int *originals, const char **what)
{
    int dir = open(dev, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error, result = dir == -1 ? -1 : 0;

    for (int i = 0; result == 0 && i < NODES; i++) {
        *what = "make a device file";
        result = put_node(dir, i, originals[i]);
    }
    for (int i = 0; result == 0 && i < LINKS; i++) {
        *what = "make a symbolic link";
        result = symlinkat(links[i][1], dir, links[i][0]);
    }
    error = errno;
    if (dir != -1)
        close(dir);
    errno = error;
    return result;
}

int
make_dev(const char *dev, const char **what)
{
    int originals[NODES], error, result = 0;

    *what = "find null, zero, full, random, urandom, tty in /dev (do this before 03 and 04)";
    for (int i = 0; i < NODES; i++) {
        char path[32];

        snprintf(path, sizeof path, "/dev/%s", nodes[i].name);
        originals[i] = sys_clone_mount(path);
        if (originals[i] == -1)
            result = -1;
    }
    error = errno;
    if (result == 0) {
        *what = "mount tmpfs";
        result = mount("tmpfs", dev, "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755");
        error = errno;
        if (result == 0) {
            result = fill_dev(dev, originals, what);
            if (result == 0) {
                *what = "mount devpts";
                result = mount_pts(dev);
            }
            if (result == 0) {
                *what = "mount shm";
                result = mount_shm(dev);
            }
            error = errno;
            if (result == -1)
                umount2(dev, MNT_DETACH);
        }
    }
    for (int i = 0; i < NODES; i++)
        if (originals[i] != -1)
            close(originals[i]);
    errno = error;
    return result;
}
