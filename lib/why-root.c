/*
 * why-root.c - why did chroot(2) or pivot_root(2) fail? In the order in which the kernel checks: chroot in
 * fs/open.c, pivot_root in fs/namespace.c.
 */
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "why.h"

/* What to do when NEW_ROOT is not there. */
static const char *
hint_for_root(const char *new_root, char *hint, size_t size)
{
    char cwd[4096];

    if (new_root[0] == '/' || getcwd(cwd, sizeof cwd) == NULL)
        snprintf(hint, size, "`make rootfs` puts one together in build/rootfs");
    else
        snprintf(hint, size, "ls -d %.200s/*; `make rootfs` makes build/rootfs",
                 strcmp(cwd, "/") == 0 ? "" : cwd);
    return hint;
}

/* ---- chroot(2) ------------------------------------------------------------------------------ */

struct why
why_chroot(const char *new_root)
{
    int error = errno;
    struct why why = not_this;
    char hint[300];

    if (seccomp_refuses(SYS_chroot, 0))
        why = say_seccomp("chroot");
    else if (is_path_error(error)) /* the path before the capability */
        why = say_path(new_root, true, hint_for_root(new_root, hint, sizeof hint));
    else if (error == EPERM)
        why = say_lacking("chroot", "CAP_SYS_CHROOT");
    if (!is_known(&why))
        why = why_unknown("2 chroot");
    errno = error;
    return why;
}

/* ---- pivot_root(2) -------------------------------------------------------------------------- */

/* No path leads from / to NEW_ROOT: getcwd(2) calls that "(unreachable)". */
static struct why
say_unreachable(const struct step *step, const char *new_root)
{
    int pid = 0, proc = open_own_proc(step);
    struct stat its = {.st_ino = 0}, own = {.st_ino = 0};
    char link[64], hint[300];

    if (sscanf(new_root, "/proc/%d/", &pid) == 1) {
        snprintf(link, sizeof link, "/proc/%d/ns/mnt", pid);
        stat(link, &its);
    }
    if (proc != -1) {
        fstatat(proc, "ns/mnt", &own, 0);
        close(proc);
    }
    if (its.st_ino == 0 || own.st_ino == 0 || its.st_ino == own.st_ino)
        return say_why("name NEWROOT by a path that begins with /",
                       "no path leads from the root of this mount namespace to %.150s: it lies in "
                       "another one, has been unmounted, or is covered",
                       new_root);
    snprintf(hint, sizeof hint,
             "name NEWROOT by its path here; or go there: 06-nsenter --target %d --mount -- "
             "04-pivot_root ...",
             pid);
    return say_why(hint,
                   "%.150s lies in the mount namespace of process %d, mnt:[%lu], and not in ours, "
                   "mnt:[%lu]",
                   new_root, pid, (unsigned long)its.st_ino, (unsigned long)own.st_ino);
}

/* setns(2) to a mount namespace: mntns_install in fs/namespace.c. */
static struct why
say_not_entered(const struct step *step)
{
    struct why why = say_may_mount(step, "pivot_root");

    return is_known(&why) ? why : say_lacking("setns to a mount namespace", "CAP_SYS_CHROOT");
}

struct why
why_find_root(const struct step *step, const char *new_root)
{
    int error = errno;
    struct why why = not_this;
    char hint[300];

    if (seccomp_refuses(SYS_pidfd_open, 0))
        why = say_seccomp("pidfd_open");
    else if (seccomp_refuses(SYS_setns, CLONE_NEWNS))
        why = say_seccomp("setns");
    else if (is_path_error(error))
        why = say_path(new_root, true, hint_for_root(new_root, hint, sizeof hint));
    else if (error == EMFILE || error == ENFILE)
        why = say_files(error);
    else if (error == EPERM)
        why = say_not_entered(step);
    else if (error == EINVAL)
        why = say_unreachable(step, new_root);
    if (!is_known(&why))
        why = why_unknown("2 setns");
    errno = error;
    return why;
}

/* PLACE, the mount in which WHAT lies, is shared. */
static struct why
say_shared(const struct mount *place, const char *what)
{
    bool same = place != NULL && strcmp(place->point, what) == 0;

    if (place == NULL || !is_shared(place))
        return not_this;
    return say_why(
        "01-unshare --mount before (it makes mounts private); or mount --make-rprivate /",
        "the mount on %.100s%s%.150s%s is shared, and the kernel would have to move the root "
        "of other mount namespaces, too",
        place->point, same ? "" : ", in which ", same ? "" : what, same ? "" : " lies,");
}

/* NEW_ROOT/PUT_OLD is not below NEW_ROOT. */
static struct why
say_outside(const char *new_root, const char *put_old, const char *path)
{
    char *real = realpath(path, NULL);
    size_t length = strlen(new_root);
    struct why why = not_this;

    if (real != NULL &&
        (strncmp(real, new_root, length) != 0 || (real[length] != '/' && real[length] != '\0')))
        why = say_why("name a directory below NEWROOT, without .. and without links that lead out",
                      "--put-old %.100s leads to %.100s, which is not below %.100s", put_old, real,
                      new_root);
    free(real);
    return why;
}

/* EINVAL and EBUSY. PATH is NEW_ROOT/PUT_OLD. The bind mount of NEW_ROOT onto itself is gone again: it was
 * shared if the mount is that it was made from. */
static struct why
say_bad_mounts(const struct step *step, const struct mounts *mounts, const char *new_root,
               const char *put_old, const char *path, int error)
{
    const struct mount *parent = find_mount(mounts, mount_id_of(step, new_root));
    const struct mount *old = find_mount(mounts, mount_id_of(step, path));
    const struct mount *root = find_mount(mounts, mount_id_of(step, "/"));
    struct why why = not_this;

    if (parent == NULL || old == NULL || root == NULL)
        return not_this;
    if (error == EINVAL)
        why = say_shared(old, path);
    if (error == EINVAL && !is_known(&why))
        why = say_shared(parent, new_root);
    /* Third would be the parent of the root mount. It is not listed: see below. */
    if (!is_known(&why) && put_old != NULL)
        why = say_outside(new_root, put_old, path);
    if (is_known(&why) || error != EINVAL)
        return why;
    if (root->parent == root->id)
        return say_why(
            "do as switch_root(8): mount --bind NEWROOT NEWROOT, cd NEWROOT, mount --move . "
            "/, chroot .",
            "/ is the initramfs (%.20s): the first of all mounts, which cannot be moved",
            root->type);
    /* Everything else that the kernel asks for is as it must be. */
    return say_why(
        "leave this mount namespace, mount nothing on /, and: 01-unshare --mount -- "
        "04-pivot_root NEWROOT",
        "something is mounted on /, over a mount that is shared, and the kernel would have "
        "to move the root of other mount namespaces, too");
}

static struct why
find_why_pivot_root(const struct step *step, const struct mounts *mounts, const char *new_root,
                    const char *put_old, int error)
{
    char path[8192], hint[300];
    struct why why = not_this;

    snprintf(hint, sizeof hint, "mkdir -p %.100s/%.100s: --put-old puts the old root there",
             new_root, put_old != NULL ? put_old : "");
    snprintf(path, sizeof path, "%s%s%s", new_root, put_old != NULL ? "/" : "",
             put_old != NULL ? put_old : "");
    if (seccomp_refuses(SYS_pivot_root, 0))
        return say_seccomp("pivot_root");
    if (error == EPERM)
        why = say_may_mount(step, "pivot_root");
    if (is_path_error(error))
        why = say_path(path, false, hint);
    if (!is_known(&why) && error == EACCES)
        why = say_confined(step, "pivot_root", "pivot_root,");
    if (error == EINVAL || error == EBUSY)
        why = say_bad_mounts(step, mounts, new_root, put_old, path, error);
    return why;
}

struct why
why_pivot_root(const struct step *step, const char *new_root, const char *put_old)
{
    int error = errno;
    struct mounts mounts;
    bool seen = read_mounts(step, &mounts);
    struct why why = find_why_pivot_root(step, &mounts, new_root, put_old, error);

    if (!is_known(&why))
        why = seen ? why_unknown("2 pivot_root") : say_no_proc();
    free_mounts(&mounts);
    errno = error;
    return why;
}

struct why
why_detach(const struct step *step)
{
    int error = errno;
    struct why why = not_this;

    if (seccomp_refuses(SYS_umount2, MNT_DETACH))
        why = say_seccomp("umount2");
    else if (error == EACCES)
        why = say_confined(step, "umount", "umount,");
    if (!is_known(&why))
        why = why_unknown("2 umount2");
    errno = error;
    return why;
}
