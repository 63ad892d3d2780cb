/*
 * fix-leaked-fd: runs COMMAND in another root directory.
 *
 * Nothing outside of NEWROOT can be reached by a path from there. And yet COMMAND holds a way out in
 * its hands. Task: tutorial/labs/fix-leaked-fd.md. Man pages: open(2), close_range(2), proc_pid_fd(5).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Prints what failed, and why; returns 125. */
static int
complain(const char *what)
{
    fprintf(stderr, "fix-leaked-fd: %s: %s\n", what, strerror(errno));
    return 125;
}

/* Makes NEW_ROOT the root of this mount namespace, in which it must not be the root already. Does not
 * leave the old root mounted: it is found below the new one for a moment, and is detached. */
static int
change_root(const char *new_root)
{
    int old_root = open("/", O_RDONLY | O_DIRECTORY);
    int inside = open(new_root, O_RDONLY | O_DIRECTORY);

    if (old_root == -1 || inside == -1)
        return -1;
    if (mount(new_root, new_root, NULL, MS_BIND | MS_REC, NULL) == -1 || chdir(new_root) == -1 ||
        syscall(SYS_pivot_root, ".", ".") == -1)
        return -1;
    /* The old root lies on top of the new one now. */
    if (fchdir(old_root) == -1 || umount2(".", MNT_DETACH) == -1)
        return -1;
    return chdir("/");
}

/* Closes what COMMAND is not to have: 0, or -1 with errno. */
static int
close_descriptors(void)
{
    return 0;
}

int
main(int argc, char **argv)
{
    int log, original, error;

    if (argc < 3) {
        fprintf(stderr, "Usage: fix-leaked-fd NEWROOT COMMAND [ARG ...]\n");
        return 125;
    }
    log = open("/etc/hostname", O_RDONLY); /* stands for a log, a lock, a configuration */
    original = dup(STDERR_FILENO);         /* where messages go, whatever happens to 2 */
    if (unshare(CLONE_NEWNS) == -1 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
        return complain("a mount namespace of its own");
    if (change_root(argv[1]) == -1)
        return complain(argv[1]);
    if (close_descriptors() == -1)
        return complain("close descriptors");
    (void)log;
    execvp(argv[2], argv + 2);
    error = errno;
    dprintf(original, "fix-leaked-fd: %s: %s\n", argv[2], strerror(error));
    return error == ENOENT ? 127 : 126;
}
