/*
 * fix-jail: a jail, and the way out of it.
 *
 *     fix-jail escape FILE                         part 1: get out of a chroot, and print FILE
 *     fix-jail jail NEWROOT COMMAND [ARG ...]      part 2: run COMMAND, as root, in NEWROOT
 *
 * Man pages: chroot(2), pivot_root(2), mount_namespaces(7).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void
die(const char *what)
{
    fprintf(stderr, "fix-jail: %s: %s\n", what, strerror(errno));
    exit(125);
}

/* Part 1. We are root, in a chroot, and "." is its top directory. */
static void
break_out(void)
{
    /* ".." stops at the root directory and nowhere else. With a root directory below us, we do not
     * pass by there on our way up. */
    if (mkdir("way-out", 0700) == -1 && errno != EEXIST)
        die("mkdir way-out");
    if (chroot("way-out") == -1)
        die("chroot way-out");
    for (int i = 0; i < 100; i++)
        if (chdir("..") == -1)
            die("chdir ..");
    if (chroot(".") == -1)
        die("chroot .");
}

/* Part 2. From here on / is NEW_ROOT, also for a process that is root and knows part 1. */
static void
enter_jail(const char *new_root)
{
    if (unshare(CLONE_NEWNS) == -1)
        die("unshare");
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
        die("make the mounts private");
    if (mount(new_root, new_root, NULL, MS_BIND | MS_REC, NULL) == -1)
        die("bind the new root onto itself");
    if (chdir(new_root) == -1)
        die("chdir to the new root");
    if (syscall(SYS_pivot_root, ".", ".") == -1)
        die("pivot_root");
    if (umount2(".", MNT_DETACH) == -1)
        die("umount the old root");
    if (chdir("/") == -1)
        die("chdir /");
}

/* ---- nothing to do below this line ---------------------------------------------------------- */

static int
print_file(const char *path)
{
    char text[4096];
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length;

    if (file == -1)
        die(path);
    while ((length = read(file, text, sizeof text)) > 0)
        if (write(STDOUT_FILENO, text, (size_t)length) != length)
            die("write");
    return 0;
}

int
main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "escape") == 0) {
        break_out();
        return print_file(argv[2]);
    }
    if (argc >= 4 && strcmp(argv[1], "jail") == 0) {
        enter_jail(argv[2]);
        execvp(argv[3], argv + 3);
        die(argv[3]);
    }
    fprintf(stderr, "Usage: fix-jail escape FILE\n"
                    "       fix-jail jail NEWROOT COMMAND [ARG ...]\n");
    return 125;
}
