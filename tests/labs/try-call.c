/*
 * try-call.c - makes system calls by their numbers, in a form that can only fail, and says how they end. For
 * 10-seccomp.bats.
 *
 *   try-call [i386:|x32:]NAME ...     "NAME ERRNO" for each; "NAME killed" when it was the end of the process
 *
 * i386: and x32: enter the kernel by the other two doors that x86-64 has, "NAME absent" where there is none.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
    const char *name;
    long number, i386;
    long first; /* the first argument; the others are 0 */
} calls[] = {
    /* Each of these fails at its first look at the arguments, with an errno other than EPERM. */
    {"add_key", SYS_add_key, 286, 0},
    {"keyctl", SYS_keyctl, 288, 9999},
    {"linkat", SYS_linkat, 303, -1},
    {"mkdirat", SYS_mkdirat, 296, -1},
    {"mknodat", SYS_mknodat, 297, -1},
    {"setns", SYS_setns, 346, -1},
    {"symlinkat", SYS_symlinkat, 304, 0},
    {"unlinkat", SYS_unlinkat, 301, -1},
    {"unshare", SYS_unshare, 310, 1},
    {"getppid", SYS_getppid, 64, 0}, /* no call to refuse, but one that must work */
};

static long
call_i386(long number, long first)
{
#ifdef __x86_64__
    long result;

    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "b"(first), "c"(0L), "d"(0L), "S"(0L), "D"(0L)
                     : "r8", "r9", "r10", "r11", "memory");
    return (int)result;
#else
    (void)number;
    (void)first;
    return -ENOSYS;
#endif
}

static void
try_call(const char *word)
{
    const char *colon = strchr(word, ':');
    const char *name = colon != NULL ? colon + 1 : word;
    size_t i = 0;
    long result;

    while (strcmp(calls[i].name, name) != 0)
        if (++i == sizeof calls / sizeof calls[0])
            return;
    if (strncmp(word, "i386:", 5) == 0) {
        result = call_i386(calls[i].i386, calls[i].first);
    } else {
        long bit =
            strncmp(word, "x32:", 4) == 0 ? 0x40000000 : 0; /* __X32_SYSCALL_BIT, asm/unistd.h */

        result = syscall(calls[i].number | bit, calls[i].first, 0, 0, 0, 0);
        result = result == -1 ? -errno : result;
    }
    printf("%s %ld\n", word, result < 0 ? -result : 0);
    fflush(stdout);
}

int
main(int argc, char **argv)
{
    int status;

    for (int i = 1; i < argc; i++) {
        pid_t child = fork();

        if (child == 0) {
            try_call(argv[i]);
            _exit(0);
        }
        if (child == -1 || waitpid(child, &status, 0) == -1)
            return 2;
        if (WIFSIGNALED(status)) /* int $0x80 in a kernel without the 32-bit calls: SIGSEGV */
            printf("%s %s\n", argv[i], WTERMSIG(status) == SIGSYS ? "killed" : "absent");
        fflush(stdout);
    }
    return 0;
}
