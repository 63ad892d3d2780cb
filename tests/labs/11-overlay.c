/*
 * 11-overlay: a writable layer over a tree that stays as it is.
 *
 * overlayfs shows two directories as one. What is read comes from the upper one, or, where that has nothing,
 * from the lower one. What is written goes to the upper one. So a hundred containers share one image.
 * Task: tutorial/labs/11-overlay.md. Man page: mount(8), and Documentation/filesystems/overlayfs.rst of Linux.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "../lib/nsteps.h"

static const char usage[] =
    "Usage: 11-overlay [-] LOWER DIR        [-- COMMAND [ARG ...]]\n"
    "       11-overlay [-] LOWER UPPER WORK [-- COMMAND [ARG ...]]\n"
    "Mounts on LOWER an overlay: what is written there goes to UPPER, and LOWER itself,\n"
    "underneath, is not changed. WORK is an empty directory that the kernel needs, in\n"
    "the same filesystem as UPPER. DIR: in it are, or will be made, both of them.\n"
    "\n"
    "Do this before 02-mountproc, 03-chroot and 04-pivot_root: they then work on it.\n";

static const struct option options[] = {
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* DIR, and in it "upper" and "work". They may be there already, with what was written the last time.
 * Returns 0, or -1 with errno. */
static int
make_layer(const char *dir, const char *upper, const char *work)
{
    const char *all[] = {dir, upper, work};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (mkdir(all[i], 0755) == -1 && errno != EEXIST)
            return -1;
    return 0;
}

/* The feature. The overlay hides LOWER under itself, and goes on to use it. */
static int
mount_overlay(const char *lower, const char *upper, const char *work)
{
    static const char user[] = "userxattr,";
    char data[4096];
    int length = snprintf(data, sizeof data, "%slowerdir=%s,upperdir=%s,workdir=%s", user, lower,
                          upper, work);

    if (length >= (int)sizeof data) { /* mount(2) takes one page */
        errno = ENAMETOOLONG;
        return -1;
    }
    /* "This directory hides what is below" is noted in an extended attribute, "trusted.overlay.opaque". Only
     * root of the machine may write that; with this option it is "user.overlay.opaque". Linux 5.11. */
    if (mount("overlay", lower, "overlay", 0, data) == 0)
        return 0;
    if (errno != EINVAL)
        return -1;
    return mount("overlay", lower, "overlay", 0, data + strlen(user));
}

/* The options are one string, in which these have a meaning. */
static void
check_characters(struct step *step, const char *path)
{
    if (strpbrk(path, ",:\\\"") != NULL)
        refuse(step, "%s: this step takes no path with one of , : \\ \" in it", path);
}

int
main(int argc, char **argv)
{
    struct step step;
    const char *lower, *upper, *work;
    char in_dir[2][4096];
    int count;

    begin(&step, argc, argv, usage);
    while (next_option(&step, "", options) != -1)
        ;
    count = count_operands(&step, 2, 3, "LOWER DIR, or LOWER UPPER WORK");
    lower = step.operand[0];
    upper = step.operand[1];
    work = step.operand[count - 1];
    for (int i = 0; i < count; i++)
        check_characters(&step, step.operand[i]);
    start_from(&step);
    refuse_on_host(&step, "mounting an overlay");
    join(&step);
    for (int i = 0; i < count; i++)
        check_path(&step, step.operand[i]);

    note_leak(&step, lower);
    if (count == 2) {
        const char *dir = step.operand[1];

        snprintf(in_dir[0], sizeof in_dir[0], "%s/upper", dir);
        snprintf(in_dir[1], sizeof in_dir[1], "%s/work", dir);
        upper = in_dir[0];
        work = in_dir[1];
        if (make_layer(dir, upper, work) == -1)
            fail(&step, errno, why_unknown("2 mkdir"), "mkdir %s, upper and work in it", dir);
    }
    if (mount_overlay(lower, upper, work) == -1)
        fail(&step, errno, why_mount(&step, lower, "overlay"), "mount an overlay on %s", lower);
    add_note(&step, "what is written below %s goes to %s", lower, upper);
    finish(&step, "mount(\"overlay\", \"%s\", \"overlay\")", lower);
}
