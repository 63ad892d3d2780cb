/*
 * fix-leak: three filesystems in memory, for one command only.
 *
 *     fix-leak DIR DIR DIR COMMAND [ARG ...]
 *
 * In a mount namespace of its own, COMMAND finds a new tmpfs on each DIR. Nobody else sees them, and
 * when COMMAND has ended they are gone.
 * Man pages: mount_namespaces(7), mount(2).
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static void
die(const char *what, const char *operand)
{
    fprintf(stderr, "fix-leak: %s%s: %s\n", what, operand, strerror(errno));
    exit(125);
}

static void
enter_namespace(void)
{
    if (unshare(CLONE_NEWNS) == -1)
        die("unshare", "");
}

static void
mount_all(char **dir)
{
    for (int i = 0; i < 3; i++)
        if (mount("fix-leak", dir[i], "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") == -1)
            die("mount a tmpfs on ", dir[i]);
}

int
main(int argc, char **argv)
{
    if (argc < 5) {
        fprintf(stderr, "Usage: fix-leak DIR DIR DIR COMMAND [ARG ...]\n");
        return 125;
    }
    enter_namespace();
    mount_all(argv + 1);
    execvp(argv[4], argv + 4);
    die("exec ", argv[4]);
}
