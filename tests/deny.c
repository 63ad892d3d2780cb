/*
 * deny.c - runs a command under a seccomp(2) filter that refuses some system calls, as those of Docker and
 * systemd do, for the tests of lib/why-*.c.
 *
 *   deny CALL[&FLAGS][=ERRNO][,CALL...] COMMAND [ARG ...]
 *
 *   deny unshare ...               unshare(2) is refused with EPERM
 *   deny 'unshare&0x04000000' ...  only when these flags are among those of the call (RestrictNamespaces=)
 *   deny clone=EAGAIN,fork=EAGAIN  with another errno
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

#ifdef __x86_64__
#define THIS_ARCH AUDIT_ARCH_X86_64
#else
#define THIS_ARCH AUDIT_ARCH_AARCH64
#endif

static const struct {
    const char *name;
    long number;
    unsigned flags; /* which argument holds the flags, from 0 */
} calls[] = {
    {"capset", SYS_capset, 0},
    {"chroot", SYS_chroot, 0},
    {"clone", SYS_clone, 0},
    {"execve", SYS_execve, 0},
#ifdef SYS_fork /* arm64 has none */
    {"fork", SYS_fork, 0},
#else
    {"fork", SYS_clone, 0},
#endif
    {"linkat", SYS_linkat, 0},
    {"memfd_create", SYS_memfd_create, 0},
    {"mkdirat", SYS_mkdirat, 0},
    {"mount", SYS_mount, 3},
    {"move_mount", SYS_move_mount, 4},
    {"open_tree", SYS_open_tree, 2},
    {"pidfd_open", SYS_pidfd_open, 1},
    {"pivot_root", SYS_pivot_root, 0},
    {"prctl", SYS_prctl, 0},
    {"setgroups", SYS_setgroups, 0},
    {"sethostname", SYS_sethostname, 0},
    {"setns", SYS_setns, 1},
    {"setresgid", SYS_setresgid, 0},
    {"setresuid", SYS_setresuid, 0},
    {"umount2", SYS_umount2, 1},
    {"unshare", SYS_unshare, 0},
};

static const struct {
    const char *name;
    unsigned number;
} errors[] = {
    {"EACCES", EACCES}, {"EAGAIN", EAGAIN}, {"EBUSY", EBUSY},   {"EINVAL", EINVAL},
    {"EMFILE", EMFILE}, {"ENOENT", ENOENT}, {"ENOMEM", ENOMEM}, {"ENOSPC", ENOSPC},
    {"ENOSYS", ENOSYS}, {"EPERM", EPERM},   {"EROFS", EROFS},   {"ESRCH", ESRCH},
};

enum { MAX_RULES = 64 };
static struct sock_filter program[8 * MAX_RULES];
static unsigned short length;

static void
add(unsigned code, unsigned value, unsigned skip_if_true, unsigned skip_if_false)
{
    program[length++] = (struct sock_filter){(unsigned short)code, (unsigned char)skip_if_true,
                                             (unsigned char)skip_if_false, value};
}

/* "CALL[&FLAGS][=ERRNO]": four more instructions. */
static void
add_rule(char *rule)
{
    char *equals = strchr(rule, '='), *ampersand = strchr(rule, '&');
    unsigned long flags = ampersand == NULL ? 0 : strtoul(ampersand + 1, NULL, 0);
    unsigned error = EPERM;
    size_t call = 0;

    if (equals != NULL)
        for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
            if (strcmp(equals + 1, errors[i].name) == 0)
                error = errors[i].number;
    rule[strcspn(rule, "&=")] = '\0';
    while (call < sizeof calls / sizeof calls[0] && strcmp(rule, calls[call].name) != 0)
        call++;
    if (call == sizeof calls / sizeof calls[0] || length + 8 > 8 * MAX_RULES) {
        fprintf(stderr, "deny: no call %s in my table\n", rule);
        exit(2);
    }
    add(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
    add(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[call].number, 0, flags == 0 ? 1 : 3);
    if (flags != 0) { /* the low half of that argument, on a little-endian machine */
        add(BPF_LD | BPF_W | BPF_ABS,
            (unsigned)offsetof(struct seccomp_data, args) + 8 * calls[call].flags, 0, 0);
        add(BPF_JMP | BPF_JSET | BPF_K, (unsigned)flags, 0, 1);
    }
    add(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error, 0, 0);
}

int
main(int argc, char **argv)
{
    struct sock_fprog filter = {.filter = program};

    if (argc < 3) {
        fprintf(stderr, "usage: deny CALL[&FLAGS][=ERRNO][,CALL...] COMMAND [ARG ...]\n");
        return 2;
    }
    add(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
    add(BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCH, 1, 0);
    add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    for (char *rule = strtok(argv[1], ","); rule != NULL; rule = strtok(NULL, ","))
        add_rule(rule);
    add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    filter.len = length;
    /* Without CAP_SYS_ADMIN a filter is taken only together with no_new_privs, seccomp(2). */
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == -1 &&
        (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
         syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == -1)) {
        perror("deny: seccomp");
        return 2;
    }
    execvp(argv[2], argv + 2);
    perror(argv[2]);
    return 2;
}
