/*
 * why-mount.c - why did mount(2), chroot(2) or pivot_root(2) fail? In the order in which the kernel
 * checks: fs/namespace.c, fs/open.c.
 */
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "why.h"

struct why
why_propagation(const struct step *step)
{
    int error = errno;
    struct why why = why_unknown("2 mount");

    if (error == EINVAL && in_chroot(step))
        why = say_why(
            "01-unshare before 03-chroot; or --propagation unchanged, and mind where mounts go",
            "this process is in a chroot, whose / is no mount point; so the mounts cannot be "
            "cut off from the host's from here");
    errno = error;
    return why;
}

/* There is no directory PATH. */
static struct why
say_path(const char *path)
{
    char hint[300], cwd[4096];

    if (path[0] == '/' || getcwd(cwd, sizeof cwd) == NULL)
        return say_why("`make rootfs` puts one together in build/rootfs",
                       "there is no directory %s", path);
    snprintf(hint, sizeof hint, "ls -d %.200s/*; `make rootfs` makes build/rootfs", cwd);
    return say_why(hint, "there is no directory %s in %.200s", path, cwd);
}

static struct why
find_why_mount(const char *target, const char *type, int error)
{
    struct stat where;

    if (error == ENOENT || error == ENOTDIR) {
        if (stat(target, &where) == -1)
            return say_why("make it first (mkdir), or name another ROOT",
                           "there is no directory %s", target);
        if (!S_ISDIR(where.st_mode))
            return say_why("name a directory", "%s is not a directory", target);
    }
    if (error == EPERM) {
        if (!have_capability(CAP_SYS_ADMIN))
            return say_missing("mount", "CAP_SYS_ADMIN");
        if (own_user_ns_owns("mnt") == 0)
            return say_why("make the mount namespace after the user namespace: 07 before 01 or 02",
                           "this mount namespace belongs to another user namespace than ours");
        if (strcmp(type, "proc") == 0 && own_user_ns_owns("pid") == 0)
            return say_why("01-unshare --pid too",
                           "this pid namespace belongs to another user namespace than ours");
        if (strcmp(type, "sysfs") == 0 && own_user_ns_owns("net") == 0)
            return say_why("01-unshare --net too",
                           "this net namespace belongs to another user namespace than ours");
    }
    return why_unknown("2 mount");
}

struct why
why_mount(const char *target, const char *type)
{
    int error = errno;
    struct why why = find_why_mount(target, type, error);

    errno = error;
    return why;
}

static struct why
find_why_chroot(const char *new_root, int error)
{
    struct stat where;

    if (error == ENOENT)
        return say_path(new_root);
    if (error == ENOTDIR || (stat(new_root, &where) == 0 && !S_ISDIR(where.st_mode)))
        return say_why("name a directory with a root file system in it", "%s is not a directory",
                       new_root);
    if (error == EPERM && !have_capability(CAP_SYS_CHROOT))
        return say_missing("chroot", "CAP_SYS_CHROOT");
    if (error == EACCES)
        return say_why("namei -l shows the permissions of each part",
                       "a directory on the way to %s may not be searched by uid %u", new_root,
                       geteuid());
    return why_unknown("2 chroot");
}

struct why
why_chroot(const char *new_root)
{
    int error = errno;
    struct why why = find_why_chroot(new_root, error);

    errno = error;
    return why;
}

static struct why
find_why_pivot_root(const char *new_root, const char *put_old, int error)
{
    char path[8192];
    struct stat where;

    if (error == ENOENT && put_old != NULL && stat(new_root, &where) == 0) {
        snprintf(path, sizeof path, "%s/%s", new_root, put_old);
        if (stat(path, &where) == -1)
            return say_why("mkdir it first", "there is no directory %s to put the old root on",
                           path);
    }
    if (error == EPERM && !have_capability(CAP_SYS_ADMIN))
        return say_missing("pivot_root", "CAP_SYS_ADMIN");
    if (error == EPERM && own_user_ns_owns("mnt") == 0)
        return say_why("make the mount namespace after the user namespace",
                       "this mount namespace belongs to another user namespace than ours");
    if (error == ENOENT || error == ENOTDIR || error == EACCES)
        return find_why_chroot(new_root, error);
    return why_unknown("2 pivot_root");
}

struct why
why_pivot_root(const char *new_root, const char *put_old)
{
    int error = errno;
    struct why why = find_why_pivot_root(new_root, put_old, error);

    errno = error;
    return why;
}
