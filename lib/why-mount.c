/*
 * why-mount.c - why did mount(2), or what --dev makes, fail? In the order in which the kernel checks:
 * path_mount, do_new_mount, do_loopback, do_change_type in fs/namespace.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "why.h"

/* ---- what several calls have in common ------------------------------------------------------ */

struct why
say_confined(const struct step *step, const char *what, const char *rule)
{
    char label[200];

    return find_confinement(step, label, sizeof label) ? say_apparmor(label, what, rule) : not_this;
}

struct why
say_lacking(const char *call, const char *name)
{
    return have_capability(cap_number(name)) ? not_this : say_missing(call, name);
}

struct why
say_may_mount(const struct step *step, const char *call)
{
    struct why why = say_lacking(call, "CAP_SYS_ADMIN");

    if (is_known(&why) || caps_count_over(step, "mnt") != 0)
        return why;
    return say_why("07-userns-map -- 01-unshare --mount ...: first the user namespace, then what "
                   "shall belong to it",
                   "this mount namespace belongs to another user namespace than ours, and "
                   "CAP_SYS_ADMIN counts only in ours");
}

static const char mount_max_hint[] =
    "umount some (findmnt lists them); or as root: sysctl fs.mount-max=100000";

/* count_mounts: a mount namespace may not hold more than fs.mount-max mounts. WANTED more are needed. */
static struct why
say_mount_max(const struct mounts *mounts, int wanted)
{
    long max = read_number("/proc/sys/fs/mount-max");

    /* One more is never listed: that which / is mounted on. */
    if (max == -1 || mounts->count + 1 + wanted <= max)
        return not_this;
    return say_why(
        mount_max_hint,
        "a mount namespace may hold %ld mounts (fs.mount-max), this one has %d, and %d more "
        "are needed",
        max, mounts->count, wanted);
}

/* ENOSPC from mount(2). Nothing else that it does here ends so. */
static struct why
say_full(const struct mounts *mounts, int wanted)
{
    struct why why = say_mount_max(mounts, wanted);

    if (is_known(&why))
        return why;
    return say_why(
        mount_max_hint,
        "a mount namespace may hold no more mounts than fs.mount-max, and this one, of which "
        "only %d can be seen from here, or one that a mount here is shared with, has as many",
        mounts->count);
}

/* Is TARGET on a mount that is none of our mount namespace? (In a chroot not all are listed.) */
static struct why
say_foreign(const struct step *step, const struct mounts *mounts, const char *target)
{
    int id = mount_id_of(step, target), pid = 0;
    char hint[300];

    if (id == -1 || mounts->count == 0 || in_chroot(step) || find_mount(mounts, id) != NULL)
        return not_this;
    if (sscanf(target, "/proc/%d/", &pid) == 1)
        snprintf(hint, sizeof hint,
                 "name it by its path here; or go there: 06-nsenter --target %d --mount -- ...",
                 pid);
    else
        snprintf(hint, sizeof hint, "name it by a path that begins with /");
    return say_why(
        hint, "%.250s lies in another mount namespace than ours, or on what has been unmounted",
        target);
}

/* What to do when TARGET, ROOT/proc and the like, is not there. */
static const char *
hint_for_target(const char *target, char *hint, size_t size)
{
    char parent[4096];
    struct statvfs fs;
    char *slash;

    snprintf(parent, sizeof parent, "%s", target);
    slash = strrchr(parent, '/');
    if (slash != NULL)
        slash[slash == parent] = '\0';
    if (slash != NULL && statvfs(parent, &fs) == 0 && (fs.f_flag & ST_RDONLY) != 0)
        snprintf(hint, size,
                 "name another ROOT: %.150s is mounted read-only, so that none can be made there",
                 parent);
    else
        snprintf(hint, size, "mkdir %.200s; or name another ROOT", target);
    return hint;
}

/* The WHY that was found, or else that nothing is known; and what it was found in is given back. */
static struct why
conclude(struct why why, struct mounts *mounts, const char *man_page)
{
    if (!is_known(&why))
        why = mounts->count > 0 ? why_unknown(man_page) : say_no_proc();
    free_mounts(mounts);
    return why;
}

struct why
why_propagation(const struct step *step)
{
    int error = errno;
    struct why why = not_this;

    if (seccomp_refuses(SYS_mount, MS_REC | MS_PRIVATE))
        why = say_seccomp("mount");
    else if (error == EACCES)
        why = say_confined(step, "mount", "mount,");
    else if (error == EPERM)
        why = say_may_mount(step, "mount");
    /* do_change_type: "/" must be a mount point. There is no other reason, so no /proc is needed. */
    else if (error == EINVAL && (in_chroot(step) || step->no_proc != NULL))
        why = say_why(
            "01-unshare before 03-chroot; or --propagation unchanged, and mind where mounts go",
            "this process is in a chroot, whose / is no mount point; so the mounts cannot be "
            "cut off from the host's from here");
    if (!is_known(&why))
        why = why_unknown("2 mount");
    errno = error;
    return why;
}

/* ---- a new proc, sysfs, tmpfs or devpts ------------------------------------------------------ */

/* The checks that can say EPERM to a new filesystem, in their order. */
enum check { MAY_MOUNT, OWNS_NAMESPACE, MAY_SEE, NO_CHECK };

/* Which of them does it, for a mount of TYPE that is attached nowhere and vanishes at once? fsopen(2), Linux
 * 5.2, makes them one by one. */
static enum check
find_check(const char *type, bool read_only)
{
    int context = (int)syscall(SYS_fsopen, type, 1 /* FSOPEN_CLOEXEC */), mount;
    enum check check = NO_CHECK;

    if (context == -1)
        return errno == EPERM ? MAY_MOUNT : NO_CHECK;
    if (syscall(SYS_fsconfig, context, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0) == -1) {
        check = errno == EPERM ? OWNS_NAMESPACE : NO_CHECK;
    } else { /* MOUNT_ATTR_NOSUID 2, _NODEV 4, _NOEXEC 8, _RDONLY 1 */
        mount = (int)syscall(SYS_fsmount, context, 1 /* FSMOUNT_CLOEXEC */, read_only ? 15 : 14);
        if (mount == -1)
            check = errno == EPERM ? MAY_SEE : NO_CHECK;
        else
            close(mount);
    }
    close(context);
    return check;
}

static struct why
say_owner(const char *name)
{
    char hint[300];

    snprintf(
        hint, sizeof hint,
        "make both in one user namespace: 07-userns-map -- 01-unshare --mount --%s -- 02-mountproc "
        "...",
        name);
    return say_why(hint, "this %s namespace belongs to another user namespace than ours", name);
}

/* Directories of proc and sysfs that are always empty, so that a mount there hides nothing: the users of
 * proc_create_mount_point, register_sysctl_mount_point and sysfs_create_mount_point in the kernel. */
static const char *const empty_dirs[] = {
    "/sys/fs/binfmt_misc",   "/fs/nfsd",      "/openprom",       "/fs/cgroup",
    "/fs/fuse/connections",  "/kernel/debug", "/kernel/tracing", "/kernel/security",
    "/kernel/config",        "/fs/pstore",    "/fs/bpf",         "/fs/selinux",
    "/firmware/efi/efivars", "/fs/smackfs",   "/fs/resctrl",     "/hypervisor/s390",
};

/* The first mount on WHOLE that hides a part of it; NULL: none. */
static const struct mount *
find_mask(const struct mounts *mounts, const struct mount *whole)
{
    size_t length = strcmp(whole->point, "/") == 0 ? 0 : strlen(whole->point);

    for (int i = 0; i < mounts->count; i++) {
        const struct mount *child = &mounts->mount[i];
        bool hides = child->parent == whole->id && child != whole;

        for (size_t j = 0; hides && j < sizeof empty_dirs / sizeof empty_dirs[0]; j++)
            hides = strcmp(child->point + length, empty_dirs[j]) != 0;
        if (hides)
            return child;
    }
    return NULL;
}

/* mnt_already_visible: why does OLD, a mount of proc or sysfs, not show as much as a new one would? */
static struct why
say_not_visible(const struct mounts *mounts, const struct mount *old, bool read_only)
{
    static const char who[] = "who is root only in a user namespace may not";
    const struct mount *mask = find_mask(mounts, old);
    char hint[300];

    if (!read_only && (has_option(old->options, "ro") || has_option(old->fs_options, "ro"))) {
        snprintf(hint, sizeof hint,
                 "as root, before the user namespace is made: mount -o remount,bind,rw %.100s",
                 old->point);
        return say_why(hint,
                       "%.100s is mounted read-only here, and %s mount a %s that can be written",
                       old->point, who, old->type);
    }
    if (!has_option(old->options, "relatime") || has_option(old->options, "nodiratime")) {
        snprintf(
            hint, sizeof hint,
            "as root, before the user namespace is made: mount -o remount,bind,relatime %.100s",
            old->point);
        return say_why(hint,
                       "%.100s is mounted without relatime (%.60s), and %s mount a %s with it",
                       old->point, old->options, who, old->type);
    }
    if (mask == NULL)
        return not_this;
    snprintf(
        hint, sizeof hint,
        "as root, before the user namespace is made: umount %.100s (Docker: run --security-opt "
        "systempaths=unconfined)",
        mask->point);
    return say_why(hint,
                   "the mount on %.100s hides a part of %.60s, and %s mount a %s that shows it",
                   mask->point, old->point, who, old->type);
}

/* mount_too_revealing: in a mount namespace that does not belong to the first user namespace, a new proc or
 * sysfs may show no more than one that is there already. */
static struct why
say_too_revealing(const struct mounts *mounts, const char *type, bool read_only)
{
    struct why why = not_this;

    for (int i = 0; i < mounts->count; i++) {
        const struct mount *old = &mounts->mount[i];
        struct why reason;

        if (strcmp(old->type, type) != 0 || strcmp(old->root, "/") != 0)
            continue;
        reason = say_not_visible(mounts, old, read_only);
        if (!is_known(&reason))
            return not_this; /* one such is enough: then it is something else */
        if (!is_known(&why))
            why = reason;
    }
    if (is_known(&why))
        return why;
    return say_why("02-mountproc before 04-pivot_root, while the old one is there",
                   "no whole %s is mounted in this mount namespace, and who is root only in a user "
                   "namespace may mount one only beside another that shows as much",
                   type);
}

static bool
is_proc_mounted(void)
{
    struct statfs fs;

    return statfs("/proc", &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

/* EPERM. The lists are empty when /proc cannot be read; nothing is said about what it may hold then. */
static struct why
say_not_permitted(const struct step *step, const struct mounts *mounts, const char *type)
{
    bool is_proc = strcmp(type, "proc") == 0, is_sysfs = strcmp(type, "sysfs") == 0;
    struct why why = say_may_mount(step, "mount");
    enum check check = is_proc || is_sysfs ? find_check(type, is_sysfs) : NO_CHECK;

    if (is_known(&why))
        return why;
    if (is_sysfs && caps_count_over(step, "net") == 0)
        return say_owner("net");
    if (is_proc && check == OWNS_NAMESPACE)
        return say_owner("pid");
    if (check == MAY_SEE && (mounts->count > 0 || !is_proc_mounted()))
        return say_too_revealing(mounts, type, is_sysfs);
    return not_this;
}

/* EBUSY: the same filesystem may not be mounted on itself. (A new proc, tmpfs or devpts is never the
 * same, a sysfs is for the same net namespace.) */
static struct why
say_same(const struct step *step, const struct mounts *mounts, const char *target, const char *type)
{
    const struct mount *top = find_mount(mounts, mount_id_of(step, target));

    if (top == NULL || strcmp(top->type, type) != 0)
        return not_this;
    return say_why(
        "leave --sys out; or 01-unshare --net before: a new net namespace has a sysfs of its "
        "own",
        "the same %s is mounted on %.200s already", type, target);
}

static struct why
find_why_mount(const struct step *step, const struct mounts *mounts, const char *target,
               const char *type, int error)
{
    char hint[300];
    struct why why = not_this;

    if (seccomp_refuses(SYS_mount, 0))
        return say_seccomp("mount");
    if (is_path_error(error))
        why = say_path(target, false, hint_for_target(target, hint, sizeof hint));
    if (is_known(&why))
        return why;
    if (error == EACCES)
        return say_confined(step, "mount", "mount,");
    if (error == EPERM)
        return say_not_permitted(step, mounts, type);
    if (error == EINVAL)
        return say_foreign(step, mounts, target);
    if (error == EBUSY)
        return say_same(step, mounts, target, type);
    if (error == ENOSPC)
        return say_full(mounts, 1);
    return not_this;
}

struct why
why_mount(const struct step *step, const char *target, const char *type)
{
    int error = errno;
    struct mounts mounts;
    struct why why;

    read_mounts(step, &mounts);
    why = conclude(find_why_mount(step, &mounts, target, type, error), &mounts, "2 mount");
    errno = error;
    return why;
}

/* ---- bind mounts ----------------------------------------------------------------------------- */

static bool
is_below(const char *path, const char *directory)
{
    size_t length = strlen(directory);

    return strncmp(path, directory, length) == 0 && path[length] == '/';
}

/* EINVAL: an unbindable mount is not copied, mount_namespaces(7). */
static struct why
say_unbindable(const struct step *step, const struct mounts *mounts, const char *source)
{
    const struct mount *mount = find_mount(mounts, mount_id_of(step, source));
    char hint[300];

    if (mount == NULL || strstr(mount->tags, "unbindable") == NULL)
        return not_this;
    snprintf(hint, sizeof hint, "mount --make-private %.200s", mount->point);
    if (strcmp(mount->point, source) == 0)
        return say_why(hint, "the mount on %.300s is unbindable", source);
    return say_why(hint, "the mount on %.150s, in which %.150s lies, is unbindable", mount->point,
                   source);
}

/* EPERM, copy_tree: unbindable mounts below SOURCE are left out, but not where they come from a mount
 * namespace of another user namespace: what they hide must not be seen. */
static struct why
say_unbindable_below(const struct mounts *mounts, const char *source)
{
    for (int i = 0; i < mounts->count; i++) {
        const struct mount *mount = &mounts->mount[i];
        char hint[300];

        if (!is_below(mount->point, source) || strstr(mount->tags, "unbindable") == NULL)
            continue;
        snprintf(hint, sizeof hint, "mount --make-private %.200s", mount->point);
        return say_why(
            hint,
            "the mount on %.150s is unbindable, and who is root only in a user namespace may "
            "not bind %.100s without it",
            mount->point, source);
    }
    return not_this;
}

/* How many mounts a recursive bind mount of SOURCE makes. */
static int
count_copies(const struct mounts *mounts, const char *source)
{
    int count = 1;

    for (int i = 0; i < mounts->count; i++)
        count += is_below(mounts->mount[i].point, source);
    return count;
}

static struct why
find_why_bind(const struct step *step, const struct mounts *mounts, const char *source,
              const char *target, int error)
{
    char hint[300];
    struct why why = not_this;

    if (seccomp_refuses(SYS_mount, MS_BIND | MS_REC))
        return say_seccomp("mount");
    if (is_path_error(error))
        why = say_path(target, false, hint_for_target(target, hint, sizeof hint));
    if (!is_known(&why) && error == EACCES)
        why = say_confined(step, "mount", "mount,");
    if (error == EPERM)
        why = say_may_mount(step, "mount");
    if (!is_known(&why) && is_path_error(error))
        why = say_path(source, false, "do this before 03 and 04, while the old / is in reach");
    if (!is_known(&why) && error == EINVAL)
        why = say_foreign(step, mounts, target);
    if (!is_known(&why) && error == EINVAL)
        why = say_unbindable(step, mounts, source);
    if (!is_known(&why) && error == EPERM)
        why = say_unbindable_below(mounts, source);
    if (error == ENOSPC)
        why = say_full(mounts, count_copies(mounts, source));
    return why;
}

struct why
why_bind(const struct step *step, const char *source, const char *target)
{
    int error = errno;
    struct mounts mounts;
    struct why why;

    read_mounts(step, &mounts);
    why = conclude(find_why_bind(step, &mounts, source, target, error), &mounts, "2 mount");
    errno = error;
    return why;
}

/* ---- --dev ----------------------------------------------------------------------------------- */

struct why
why_clone_mount(const struct step *step, const char *path)
{
    int error = errno;
    struct mounts mounts;
    struct why why = not_this;

    read_mounts(step, &mounts);
    if (seccomp_refuses(SYS_open_tree, 0))
        why = say_seccomp("open_tree");
    else if (error == EMFILE || error == ENFILE)
        why = say_files(error);
    else if (error == EPERM)
        why = say_may_mount(step, "open_tree");
    else if (error == ENOENT)
        why = say_why(
            "02-mountproc --dev before 03-chroot and 04-pivot_root, while the old /dev is in "
            "reach",
            "there is no %.200s here to take over", path);
    else if (error == EINVAL)
        why = say_unbindable(step, &mounts, path);
    why = conclude(why, &mounts, "2 open_tree");
    errno = error;
    return why;
}

struct why
why_make_file(const struct step *step)
{
    int error = errno;
    struct mounts mounts;
    struct why why = not_this;

    read_mounts(step, &mounts);
    if (seccomp_refuses(SYS_move_mount,
                        0)) /* where mknod(2) is not permitted, the host's are bound */
        why = say_seccomp("move_mount");
    else if (error == EOVERFLOW && !ids_are_mapped()) /* may_create in fs/namei.c */
        why = say_why(
            "07-userns-map before this: 01-unshare --user ... | 07-userns-map - | "
            "02-mountproc - ...",
            "uid %u or gid %u is not mapped in this user namespace, so no file in this tmpfs "
            "can belong to it",
            geteuid(), getegid());
    else if (error == ENOSPC)
        why = say_mount_max(&mounts, 1);
    else if (error == ESTALE) /* of open_new_mount in dev.c */
        why = say_why(
            "look who else writes to that ROOT",
            "the tmpfs was mounted there, and somebody has put another directory in its place");
    why = conclude(why, &mounts, "2 mknod");
    errno = error;
    return why;
}
