/*
 * fix-leaked-fd: runs COMMAND in another root directory.
 *
 * COMMAND has the descriptors 0, 1 and 2, as the caller gave them, and no others.
 * Task: tutorial/labs/fix-leaked-fd.md. Man pages: open(2), close_range(2), proc_pid_fd(5).
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
    int old_root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int inside = open(new_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

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

/* Closes what the caller had open besides 0, 1 and 2: 0, or -1 with errno. */
static int
close_descriptors(void)
{
    return (int)syscall(SYS_close_range, 3, ~0U, 0); /* Linux 5.9 */
}

int
main(int argc, char **argv)
{
    int log, error;

    if (argc < 3) {
        fprintf(stderr, "Usage: fix-leaked-fd NEWROOT COMMAND [ARG ...]\n");
        return 125;
    }
    /* All that is opened here closes by itself at exec. Closing from 3 on would not be enough: where the caller
     * has closed 0, 1 or 2, open(2) returns one of these. */
    log =
        open("/etc/hostname", O_RDONLY | O_CLOEXEC); /* stands for a log, a lock, a configuration */
    if (unshare(CLONE_NEWNS) == -1 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
        return complain("a mount namespace of its own");
    if (change_root(argv[1]) == -1)
        return complain(argv[1]);
    if (close_descriptors() == -1)
        return complain("close descriptors");
    (void)log;
    execvp(argv[2], argv + 2);
    error = errno;
    fprintf(stderr, "fix-leaked-fd: %s: %s\n", argv[2], strerror(error));
    return error == ENOENT ? 127 : 126;
}
