/*
 * 04-pivot_root: another / for the whole mount namespace.
 *
 * chroot changes one process; pivot_root changes the root of the mount namespace itself, and with it /
 * of every process there whose / it was. Then the old root can be unmounted, and nothing is left to get
 * out to.
 * Chapter: tutorial/04-pivot_root.md. Man pages: pivot_root(2), mount_namespaces(7).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/nsteps.h"

static const char usage[] =
    "Usage: 04-pivot_root [-] [--put-old DIR] [NEWROOT] [-- COMMAND [ARG ...]]\n"
    "Makes NEWROOT the / of the mount namespace and detaches the old one.\n"
    "NEWROOT is the current root if not given: the one that 03-chroot has set.\n"
    "\n"
    "      --put-old DIR   keep the old root, to look at, on DIR below NEWROOT\n";

static const struct option options[] = {
    {"put-old", required_argument, NULL, 'o'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* glibc provides no wrapper for pivot_root(2). */
static int
sys_pivot_root(const char *new_root, const char *put_old)
{
    return (int)syscall(SYS_pivot_root, new_root, put_old);
}

/* Steps back to the root of the mount namespace, if this process is in a chroot, and finds the name
 * that NEW_ROOT has there. setns(2) to a mount namespace, even one's own, sets / and the working
 * directory to its root: this is also how a chroot is left. NULL with errno when that fails. */
static char *
find_in_namespace(const char *new_root)
{
    int dir = open(new_root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
    char *path = NULL;

    if (dir != -1 && self != -1 && setns(self, CLONE_NEWNS) == 0 && fchdir(dir) == 0)
        path = getcwd(NULL, 0);
    int error = errno;
    if (dir != -1)
        close(dir);
    if (self != -1)
        close(self);
    errno = error;
    return path;
}

/* The feature. PUT_OLD is relative to NEW_ROOT; NULL: detach the old root at once. */
static int
pivot_to(const char *new_root, const char *put_old)
{
    /* new_root must be a mount point, and not the root mount: bind it onto itself. */
    if (mount(new_root, new_root, NULL, MS_BIND | MS_REC, NULL) == -1)
        return -1;
    if (chdir(new_root) == -1)
        return -1;
    /* With "." for both, the old root is stacked on top of the new one, pivot_root(2). */
    if (sys_pivot_root(".", put_old != NULL ? put_old : ".") == -1) {
        int error = errno;

        umount2(".", MNT_DETACH); /* undo the bind mount */
        errno = error;
        return -1;
    }
    if (put_old == NULL && umount2(".", MNT_DETACH) == -1)
        return -1;
    return chdir("/");
}

int
main(int argc, char **argv)
{
    struct step step;
    const char *new_root = "/", *put_old = NULL;
    char *path;
    int option;

    begin(&step, argc, argv, usage);
    while ((option = next_option(&step, "", options)) != -1)
        if (option == 'o')
            put_old = optarg;
    if (count_operands(&step, 0, 1, "NEWROOT") == 1)
        new_root = step.operand[0];
    while (put_old != NULL && *put_old == '/')
        put_old++; /* it is below NEWROOT, however it is written */
    if (put_old != NULL && put_old[strspn(put_old, "./")] == '\0')
        refuse(&step, "--put-old names no directory below NEWROOT");
    start_from(&step);
    refuse_on_host(&step, "pivot_root");
    join(&step);
    check_path(&step, new_root);

    path = find_in_namespace(new_root);
    if (path == NULL)
        fail(&step, errno, why_pivot_root(new_root, NULL), "find %s in the mount namespace",
             new_root);
    if (strcmp(path, "/") == 0)
        refuse(&step,
               "%s is the root of this mount namespace already: name a NEWROOT, or run "
               "03-chroot first",
               new_root);
    if (pivot_to(path, put_old) == -1)
        fail(&step, errno, why_pivot_root(path, put_old), "pivot_root(\"%s\", \"%s\")", path,
             put_old != NULL ? put_old : ".");
    if (put_old != NULL)
        add_note(&step, "the old root is still there, on /%s: umount -l it when you have seen it",
                 put_old);
    finish(&step, "pivot_root(\"%s\", \"%s\")", path, put_old != NULL ? put_old : ".");
}
