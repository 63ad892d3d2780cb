/*
 * host.c - would this change the mounts of the host itself? A step that would refuses.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "nsteps.h"

int
open_detached_proc(void)
{
    int context = (int)syscall(SYS_fsopen, "proc", 1 /* FSOPEN_CLOEXEC */);
    int proc = -1;

    if (context == -1)
        return -1;
    if (syscall(SYS_fsconfig, context, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0) == 0)
        proc = (int)syscall(SYS_fsmount, context, 1 /* FSMOUNT_CLOEXEC */, 0);
    close(context);
    return proc;
}

/* Kernel threads are visible only in the first pid namespace: is process 2 one (PF_KTHREAD)? */
static bool
is_host_proc(int proc)
{
    char text[1024];
    char *rest;
    unsigned long flags = 0;

    if (read_file_at(proc, "2/stat", text, sizeof text) == -1)
        return false;
    rest = strrchr(text, ')'); /* state ppid pgrp session tty tpgid flags, proc_pid_stat(5) */
    return rest != NULL && sscanf(rest, ") %*c %*d %*d %*d %*d %*d %lu", &flags) == 1 &&
           (flags & 0x00200000) != 0;
}

/* Is PID 1, an init that leads a session of its own, in the mount namespace with inode OWN? Inside
 * Docker or WSL2 that is the machine, as far as anybody can see, though kernel threads and the first
 * namespaces are elsewhere. The PID 1 of 01-unshare is none, nor one that unshare(1) has forked: its
 * session is that of a shell outside, field 6 of proc_pid_stat(5). */
static bool
is_shared_with_pid_1(int proc, ino_t own)
{
    struct stat theirs;
    char text[1024], *rest;
    int session = 0;

    if (fstatat(proc, "1/ns/mnt", &theirs, 0) == -1 || theirs.st_ino != own ||
        read_file_at(proc, "1/stat", text, sizeof text) == -1)
        return false;
    rest = strrchr(text, ')');
    return rest != NULL && sscanf(rest, ") %*c %*d %*d %d", &session) == 1 && session == 1 &&
           strstr(text, "(" INIT_NAME ")") == NULL;
}

static int
look_for_host(int proc, int ns)
{
    struct stat own, theirs;
    int owner = ioctl(ns, NS_GET_USERNS), known = -1;

    if (fstat(ns, &own) == -1)
        own.st_ino = 0;
    if (owner != -1) {
        if (fstat(owner, &theirs) == 0 && theirs.st_ino != FIRST_USER_NS)
            known = 0; /* the first mount namespace belongs to the first user namespace */
        close(owner);
    }
    if (known == 0)
        return 0;
    if (is_shared_with_pid_1(proc, own.st_ino))
        return 1;
    if (is_host_proc(proc)) {
        /* The host's PID 1 can be looked at. (It leads no session when it has not called setsid,
         * as with init=/bin/sh or in an initramfs: then the question above has said no.) */
        if (fstatat(proc, "1/ns/mnt", &theirs, 0) == 0)
            return theirs.st_ino == own.st_ino;
        if (fstatat(proc, "2/ns/mnt", &theirs, 0) == 0)
            return theirs.st_ino == own.st_ino;
    }
    /* The very first mount namespace: [4026531832] on 6.18, ...840 and ...841 on older kernels. */
    return own.st_ino != 0 && own.st_ino <= 4026531841 ? 1 : -1;
}

int
in_host_mount_namespace(int ns)
{
    int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct stat self;
    int own = -1, answer = -1;

    if (proc == -1 || fstatat(proc, "self/ns/mnt", &self, 0) == -1) {
        if (proc != -1)
            close(proc);
        proc = open_detached_proc();
    }
    if (proc == -1)
        return -1;
    if (ns == -1)
        ns = own = openat(proc, "self/ns/mnt", O_RDONLY | O_CLOEXEC);
    if (ns != -1)
        answer = look_for_host(proc, ns);
    if (own != -1)
        close(own);
    close(proc);
    return answer;
}

void
refuse_on_host(struct step *step, const char *what)
{
    if (!have_capability(CAP_SYS_ADMIN))
        return; /* the kernel will refuse it, and why_mount tells more */
    if (in_host_mount_namespace(step->joining ? step->target.ns[NS_MNT] : -1) == 1)
        refuse(step,
               "this is the host's own mount namespace, and %s here would change it for "
               "everybody: 01-unshare --mount first%s",
               what,
               step->joining       ? " (the steps before made none)"
               : forgot_dash(step) ? ", or was \"-\" forgotten, to go on from the step before?"
                                   : "");
}
