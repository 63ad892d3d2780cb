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
    /* TODO: this is yours to write. */
    fprintf(stderr, "fix-jail: TODO: break_out is not written yet\n");
    exit(125);
}

/* Part 2. From here on / is NEW_ROOT. But root, who knows part 1, gets out: repair it. */
static void
enter_jail(const char *new_root)
{
    if (chroot(new_root) == -1)
        die("chroot");
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
