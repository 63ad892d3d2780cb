/*
 * 03-chroot: another / for one process.
 *
 * Every process has a field "root" in the kernel, where its paths that begin with / start. chroot
 * changes that one field and nothing else: who holds something from outside, or is root, gets out
 * again. Chapter: tutorial/03-chroot.md. Man page: chroot(2).
 */
#include <errno.h>
#include <unistd.h>

#include "../lib/nsteps.h"

static const char usage[] =
    "Usage: 03-chroot [-] NEWROOT [-- COMMAND [ARG ...]]\n"
    "Makes the directory NEWROOT the / of this process and of those that it starts.\n"
    "\n"
    "A process that is root can leave a chroot again: 04-pivot_root goes further.\n";

static const struct option options[] = {
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* The feature. chroot(2) leaves the working directory where it was, outside, and from there ".."
 * leads to the old /. So chdir("/") belongs to it. */
static int
change_root(const char *new_root)
{
    if (chroot(new_root) == -1)
        return -1;
    return chdir("/");
}

int
main(int argc, char **argv)
{
    struct step step;
    const char *new_root;

    run_from_copy(argv); /* COMMAND's file is NEWROOT's, and this program's is not: lib/copy.c */
    begin(&step, argc, argv, usage);
    while (next_option(&step, "", options) != -1)
        ;
    count_operands(&step, 1, 1, "NEWROOT");
    new_root = step.operand[0];
    start_from(&step);
    join(&step);
    check_path(&step, new_root);

    if (change_root(new_root) == -1)
        fail(&step, errno, why_chroot(new_root), "chroot(\"%s\")", new_root);
    add_note(&step, "note: who is root in here can leave it again: 04-pivot_root goes further");
    finish(&step, "chroot(\"%s\")", new_root);
}
