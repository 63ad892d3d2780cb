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
 * directory to its root: this is also how a chroot is left. -1 with errno when that fails. */
static int
find_in_namespace(const char *new_root, char *path, size_t size)
{
    int dir, self, error;
    long length = -1;

    if (chdir(new_root) == -1)
        return -1;
    dir = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    self = (int)syscall(SYS_pidfd_open, getpid(), 0);
    if (dir != -1 && self != -1 && setns(self, CLONE_NEWNS) == 0 && fchdir(dir) == 0)
        length = syscall(SYS_getcwd, path, size);
    error = errno;
    if (length != -1 && path[0] != '/') { /* "(unreachable)/...": it has no name in here */
        error = EINVAL;                   /* as pivot_root(2) would say */
        length = -1;
    }
    close(dir);
    close(self);
    errno = error;
    return length == -1 ? -1 : 0;
}

/* new_root must be a mount point, and not the root mount: we bind the directory onto itself, and enter
 * it. */
static int
make_mount_point(const char *new_root)
{
    if (mount(new_root, new_root, NULL, MS_BIND | MS_REC, NULL) == -1)
        return -1;
    return chdir(new_root);
}

/* The feature, in new_root. With "." for both, the old root is stacked on top of the new one,
 * pivot_root(2). */
static int
pivot_to_here(const char *put_old)
{
    int error;

    if (sys_pivot_root(".", put_old != NULL ? put_old : ".") == 0)
        return 0;
    error = errno;
    umount2(".", MNT_DETACH); /* undo the bind mount */
    errno = error;
    return -1;
}

int
main(int argc, char **argv)
{
    struct step step;
    const char *new_root = "/", *put_old = NULL;
    char path[4096];
    int option;

    run_from_copy(argv); /* COMMAND's file is NEWROOT's, and this program's is not: lib/copy.c */
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

    if (find_in_namespace(new_root, path, sizeof path) == -1)
        fail(&step, errno, why_find_root(&step, new_root), "find %s in the mount namespace",
             new_root);
    if (strcmp(path, "/") == 0)
        refuse(&step,
               "%s is the root of this mount namespace already: name a NEWROOT, or run "
               "03-chroot first",
               new_root);
    if (make_mount_point(path) == -1)
        fail(&step, errno, why_bind(&step, path, path), "bind %s onto itself", path);
    if (pivot_to_here(put_old) == -1)
        fail(&step, errno, why_pivot_root(&step, path, put_old), "pivot_root(\"%s\", \"%s\")", path,
             put_old != NULL ? put_old : ".");
    if ((put_old == NULL && umount2(".", MNT_DETACH) == -1) || chdir("/") == -1)
        fail(&step, errno, why_detach(&step), "umount2 of the old root");
    if (put_old != NULL)
        add_note(&step, "the old root is still there, on /%s: umount -l it when you have seen it",
                 put_old);
    finish(&step, "pivot_root(\"%s\", \"%s\")", path, put_old != NULL ? put_old : ".");
}
