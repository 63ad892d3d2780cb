/*
 * 10-seccomp: which system calls may be made.
 *
 * A filter is a small program of the classic BPF machine. The kernel runs it at each system call of the
 * process, before the call itself, and does what it returns: let the call through, or let it fail.
 * Nobody can take a filter away again: fork copies it, execve keeps it.
 * Task: tutorial/labs/10-seccomp.md. Man page: seccomp(2).
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/nsteps.h"

static const char usage[] =
    "Usage: 10-seccomp [-] CALL[,CALL...] [-- COMMAND [ARG ...]]\n"
    "Makes these system calls fail with EPERM, for COMMAND and all that it starts.\n"
    "\n"
    "A record does not bring a filter along: in a pipeline this step comes last.\n";

static const struct option options[] = {
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

#ifdef __x86_64__
#define THIS_ARCH AUDIT_ARCH_X86_64
#else
#define THIS_ARCH AUDIT_ARCH_AARCH64
#endif

/* The names that CALL may be. The numbers are those of this architecture, asm/unistd.h. */
static const struct {
    const char *name;
    unsigned number;
} calls[] = {
    {"add_key", SYS_add_key},       {"bpf", SYS_bpf},         {"clone3", SYS_clone3},
    {"keyctl", SYS_keyctl},         {"linkat", SYS_linkat},
#ifdef SYS_mkdir /* arm64 has only mkdirat */
    {"mkdir", SYS_mkdir},
#endif
    {"mkdirat", SYS_mkdirat},       {"mknodat", SYS_mknodat}, {"mount", SYS_mount},
    {"pivot_root", SYS_pivot_root}, {"ptrace", SYS_ptrace},   {"setns", SYS_setns},
    {"symlinkat", SYS_symlinkat},   {"umount2", SYS_umount2}, {"unlinkat", SYS_unlinkat},
    {"unshare", SYS_unshare},
};
enum { CALLS = sizeof calls / sizeof calls[0], MAX_INSTRUCTIONS = 8 + 4 * CALLS };

/* Adds one instruction to the end of FILTER. */
static void
add(struct sock_fprog *filter, struct sock_filter instruction)
{
    filter->filter[filter->len++] = instruction;
}

/* The program begins with this. A number means another call on another architecture, and a process may
 * change over to that of the 32-bit programs at any time: whoever does is killed. */
static void
check_architecture(struct sock_fprog *filter)
{
    add(filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                             offsetof(struct seccomp_data, arch)));
    /* Equal: skip one instruction. Not equal: skip none. */
    add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCH, 1, 0));
    add(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
}

/* The feature, its first half: the program goes on. It refuses the COUNT calls in NUMBERS, and lets all
 * others through. */
static void
refuse_calls(struct sock_fprog *filter, const unsigned numbers[], int count)
{
    add(filter,
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
#ifdef __X32_SYSCALL_BIT
    /* x32 has the architecture of x86-64, and its calls have the same numbers with this bit added. */
    add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, __X32_SYSCALL_BIT, 0, 1));
    add(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
#endif
    for (int i = 0; i < count; i++) {
        add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, numbers[i], 0, 1));
        add(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
    }
    add(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
}

/* The feature, its second half. With no_new_privs a program that is set-user-ID gets no rights from its
 * file: else a user could run it in a world in which, say, setuid(2) always fails. So the kernel asks for
 * that, or for CAP_SYS_ADMIN. glibc provides no wrapper for seccomp(2). */
static int
install_filter(const struct sock_fprog *filter)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
        return -1;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter);
}

/* Takes "mkdirat,unshare" apart into NUMBERS; returns how many there are. */
static int
parse_list(struct step *step, const char *text, unsigned numbers[CALLS])
{
    char *list = strdup(text), *rest = list, *name;
    int count = 0;

    while ((name = strsep(&rest, ",")) != NULL) {
        size_t i = 0;

        while (i < CALLS && strcmp(calls[i].name, name) != 0)
            i++;
        if (i == CALLS)
            refuse(step, "there is no system call \"%s\" in my table", name);
        if (count == CALLS)
            refuse(step, "too many calls: name each one once");
        numbers[count++] = calls[i].number;
    }
    free(list);
    return count;
}

int
main(int argc, char **argv)
{
    struct sock_filter program[MAX_INSTRUCTIONS];
    struct sock_fprog filter = {.len = 0, .filter = program};
    struct step step;
    unsigned numbers[CALLS];
    int count;

    begin(&step, argc, argv, usage);
    while (next_option(&step, "", options) != -1)
        ;
    count_operands(&step, 1, 1, "CALL[,CALL...]");
    count = parse_list(&step, step.operand[0], numbers);
    start_from(&step);
    join(&step);

    check_architecture(&filter);
    refuse_calls(&filter, numbers, count);
    if (install_filter(&filter) == -1)
        fail(&step, errno, why_unknown("2 seccomp"), "install a filter of %d instructions",
             filter.len);
    add_note(&step, "refused: %s", step.operand[0]);
    finish(&step, "seccomp(SECCOMP_SET_MODE_FILTER, %d instructions)", filter.len);
}
