/*
 * fix-cap-returns: runs COMMAND without capabilities.
 *
 * None in any of the five sets, nor in those of any process that COMMAND starts.
 * Task: tutorial/labs/fix-cap-returns.md. Man pages: capabilities(7), capset(2), prctl(2).
 */
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* glibc provides no wrapper for capget(2) and capset(2). The 64 bits of a set travel in two halves. */
static int
sys_capget(struct __user_cap_data_struct half[2])
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};

    return (int)syscall(SYS_capget, &header, half);
}

static int
sys_capset(const struct __user_cap_data_struct half[2])
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};

    return (int)syscall(SYS_capset, &header, half);
}

/* Gives all capabilities up, in all five sets: 0, or -1 with errno. */
static int
give_up(void)
{
    struct __user_cap_data_struct half[2];

    /* First the bounding set, from which execve(2) fills the others again for uid 0: dropping from it takes
     * CAP_SETPCAP. How many there are the kernel knows: PR_CAPBSET_READ fails at the first number that is none. */
    for (int i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) != -1; i++)
        if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) == -1)
            return -1;
    if (sys_capget(half) == -1)
        return -1;
    /* The ambient set is emptied by the kernel with these: it holds only what is permitted and inheritable. */
    for (int i = 0; i < 2; i++) {
        half[i].effective = 0;
        half[i].permitted = 0;
        half[i].inheritable = 0;
    }
    return sys_capset(half);
}

int
main(int argc, char **argv)
{
    struct __user_cap_data_struct left[2];
    int error;

    if (argc < 2) {
        fprintf(stderr, "Usage: fix-cap-returns COMMAND [ARG ...]\n");
        return 125;
    }
    if (give_up() == -1) {
        fprintf(stderr, "fix-cap-returns: cannot give the capabilities up: %s\n", strerror(errno));
        return 125;
    }
    if (sys_capget(left) == 0)
        fprintf(stderr, "fix-cap-returns: effective %08x%08x, permitted %08x%08x: all gone\n",
                left[1].effective, left[0].effective, left[1].permitted, left[0].permitted);
    execvp(argv[1], argv + 1);
    error = errno;
    fprintf(stderr, "fix-cap-returns: %s: %s\n", argv[1], strerror(error));
    return error == ENOENT ? 127 : 126;
}
