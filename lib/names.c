/*
 * names.c - what the kernel's numbers are called: namespaces, capabilities, errors.
 */
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>

#include "nsteps.h"

/* musl's headers and old glibc's do not have it; the value is from linux/sched.h. */
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/* After unshare(2) of a pid or time namespace the process itself stays where it was: only its children
 * are born into the new one. So what a step leaves behind is in the link pid_for_children or
 * time_for_children. */
const struct ns_type ns_types[NS_TYPES] = {
    {"cgroup", "ns/cgroup", CLONE_NEWCGROUP, "CLONE_NEWCGROUP", 'C'},
    {"ipc", "ns/ipc", CLONE_NEWIPC, "CLONE_NEWIPC", 'i'},
    {"mnt", "ns/mnt", CLONE_NEWNS, "CLONE_NEWNS", 'm'},
    {"net", "ns/net", CLONE_NEWNET, "CLONE_NEWNET", 'n'},
    {"pid", "ns/pid_for_children", CLONE_NEWPID, "CLONE_NEWPID", 'p'},
    {"time", "ns/time_for_children", CLONE_NEWTIME, "CLONE_NEWTIME", 'T'},
    {"user", "ns/user", CLONE_NEWUSER, "CLONE_NEWUSER", 'U'},
    {"uts", "ns/uts", CLONE_NEWUTS, "CLONE_NEWUTS", 'u'},
};

int
ns_flag(int option)
{
    for (int i = 0; i < NS_TYPES; i++)
        if (ns_types[i].option == option)
            return ns_types[i].flag;
    return 0;
}

int
ns_all_flags(void)
{
    int flags = 0;

    for (int i = 0; i < NS_TYPES; i++)
        flags |= ns_types[i].flag;
    return flags;
}

char *
ns_flag_names(int flags, char *buffer, size_t size)
{
    size_t used = 0;

    buffer[0] = '\0';
    for (int i = 0; i < NS_TYPES; i++) {
        if (!(flags & ns_types[i].flag) || used >= size)
            continue;
        used += (size_t)snprintf(buffer + used, size - used, "%s%s", used > 0 ? "|" : "",
                                 ns_types[i].flag_name);
    }
    return buffer;
}

/* The order is that of linux/capability.h; capabilities(7) tells what each one allows. */
static const char *const cap_names[] = {
    "cap_chown",
    "cap_dac_override",
    "cap_dac_read_search",
    "cap_fowner",
    "cap_fsetid",
    "cap_kill",
    "cap_setgid",
    "cap_setuid",
    "cap_setpcap",
    "cap_linux_immutable",
    "cap_net_bind_service",
    "cap_net_broadcast",
    "cap_net_admin",
    "cap_net_raw",
    "cap_ipc_lock",
    "cap_ipc_owner",
    "cap_sys_module",
    "cap_sys_rawio",
    "cap_sys_chroot",
    "cap_sys_ptrace",
    "cap_sys_pacct",
    "cap_sys_admin",
    "cap_sys_boot",
    "cap_sys_nice",
    "cap_sys_resource",
    "cap_sys_time",
    "cap_sys_tty_config",
    "cap_mknod",
    "cap_lease",
    "cap_audit_write",
    "cap_audit_control",
    "cap_setfcap",
    "cap_mac_override",
    "cap_mac_admin",
    "cap_syslog",
    "cap_wake_alarm",
    "cap_block_suspend",
    "cap_audit_read",
    "cap_perfmon",
    "cap_bpf",
    "cap_checkpoint_restore",
};

enum { CAP_NAMES = sizeof cap_names / sizeof cap_names[0] };

int
cap_number(const char *name)
{
    for (int i = 0; i < CAP_NAMES; i++)
        if (strcasecmp(name, cap_names[i]) == 0 ||
            strcasecmp(name, cap_names[i] + strlen("cap_")) == 0)
            return i;
    return -1;
}

const char *
cap_name(int number)
{
    return number >= 0 && number < CAP_NAMES ? cap_names[number] : NULL;
}

int
cap_count(void)
{
    static int count; /* asked once: it is a constant of the kernel */

    /* EINVAL: there is no such capability. Any other error (a seccomp filter's) says nothing about it, and
     * a count that is too small would leave capabilities in place that were to go. */
    while (count < 64 && (prctl(PR_CAPBSET_READ, count, 0, 0, 0) != -1 || errno != EINVAL))
        count++;
    return count;
}

const char *
errno_name(int error)
{
    static const struct {
        int number;
        const char *name;
    } names[] = {
        {EPERM, "EPERM"},
        {ENOENT, "ENOENT"},
        {ESRCH, "ESRCH"},
        {EINTR, "EINTR"},
        {EIO, "EIO"},
        {E2BIG, "E2BIG"},
        {ENOEXEC, "ENOEXEC"},
        {EBADF, "EBADF"},
        {ECHILD, "ECHILD"},
        {EAGAIN, "EAGAIN"},
        {ENOMEM, "ENOMEM"},
        {EACCES, "EACCES"},
        {EFAULT, "EFAULT"},
        {ENOTBLK, "ENOTBLK"},
        {EBUSY, "EBUSY"},
        {EEXIST, "EEXIST"},
        {EXDEV, "EXDEV"},
        {ENODEV, "ENODEV"},
        {ENOTDIR, "ENOTDIR"},
        {EISDIR, "EISDIR"},
        {EINVAL, "EINVAL"},
        {ENFILE, "ENFILE"},
        {EMFILE, "EMFILE"},
        {ENOTTY, "ENOTTY"},
        {ETXTBSY, "ETXTBSY"},
        {EFBIG, "EFBIG"},
        {ENOSPC, "ENOSPC"},
        {EROFS, "EROFS"},
        {EPIPE, "EPIPE"},
        {ERANGE, "ERANGE"},
        {ENAMETOOLONG, "ENAMETOOLONG"},
        {ENOSYS, "ENOSYS"},
        {ELOOP, "ELOOP"},
        {EOVERFLOW, "EOVERFLOW"},
        {EUSERS, "EUSERS"},
        {EOPNOTSUPP, "EOPNOTSUPP"},
        {ELIBBAD, "ELIBBAD"},
        {ESTALE, "ESTALE"},
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].number == error)
            return names[i].name;
    return "no name here, see errno(3)";
}
