/*
 * notes.c - what succeeds, and yet is a trap: a line that begins with "note:" in the report. Each is said
 * only when it is so, by what the kernel shows, and not because it might be.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nsteps.h"

/* Is COMMAND the next step of an exec chain? It speaks for itself then. */
static bool
is_step(const struct step *step)
{
    const char *command = step->command != NULL ? step->command[0] : "";
    const char *slash = strrchr(command, '/');
    const char *name = slash != NULL ? slash + 1 : command;

    return name[0] == '0' && name[1] >= '1' && name[1] <= '8' && name[2] == '-';
}

/* ---- /proc of another pid namespace ----------------------------------------------------------- */

/* Does /proc show a pid namespace around the one in which COMMAND will be? NSpid in proc_pid_status(5) has a
 * number for each level from that of the procfs down. */
static bool
proc_is_outer(const struct step *step)
{
    char text[16384], other[32];
    const char *line;
    int first, second;

    if (step->now.inode[NS_PID] !=
        step->own.inode[NS_PID]) /* we are outside, and COMMAND will not be */
        return readlink("/proc/self", other, sizeof other) > 0;
    if (read_file_at(AT_FDCWD, "/proc/self/status", text, sizeof text) == -1)
        return false;
    line = strstr(text, "\nNSpid:");
    return line != NULL && sscanf(line, "\nNSpid: %d %d", &first, &second) == 2;
}

static void
note_proc(struct step *step)
{
    if (step->no_proc == NULL && proc_is_outer(step))
        add_note(step, "note: /proc still shows the pid namespace outside, and so do ps and top: "
                       "02-mountproc on this / mounts another one");
}

/* ---- capabilities that the next execve(2) takes away ------------------------------------------- */

static void
note_lost_capabilities(struct step *step)
{
    struct capabilities own = read_capabilities();
    int lost = __builtin_popcountll(own.permitted & ~own.ambient);
    struct id_map map;

    /* Only uid 0 gets them back at execve(2), capabilities(7). (07 tells when the uid is another one.) */
    if (lost != 0 && step->proc_self != -1 && read_id_map(step->proc_self, "uid_map", &map) == 0 &&
        id_outside(&map, geteuid()) == -1)
        add_note(step,
                 "note: nobody has mapped our uid in this user namespace, so the next exec takes "
                 "the %d capabilities away: first 01-unshare --user ... | 07-userns-map - | ...",
                 lost);
}

/* ---- mounts that leak -------------------------------------------------------------------------- */

/* Is OURS, a mount of OUR, in a peer group with a mount of THEIRS that we do not have, and which is so in
 * another mount namespace? */
static bool
is_shared_with(const struct mount *ours, const struct mounts *our, const struct mounts *theirs)
{
    for (int i = 0; is_shared(ours) && i < theirs->count; i++)
        if (peer_group(&theirs->mount[i]) == peer_group(ours) &&
            find_mount(our, theirs->mount[i].id) == NULL)
            return true;
    return false;
}

/* The parent of the process whose name from PROC_SELF is NAME, or 0. */
static int
read_parent(int proc_self, const char *name)
{
    char path[64], text[16384];
    const char *line;

    snprintf(path, sizeof path, "%s/status", name);
    if (read_file_at(proc_self, path, text, sizeof text) == -1)
        return 0;
    line = strstr(text, "\nPPid:");
    return line == NULL ? 0 : (int)strtol(line + strlen("\nPPid:"), NULL, 10);
}

/* Is any mount of OUR, or the one with that ID, in a peer group at all? Mostly not: then nobody else's
 * mounts need be read. */
static bool
is_any_shared(const struct mounts *our, int id)
{
    for (int i = 0; i < our->count; i++)
        if ((id == 0 || id == our->mount[i].id) && is_shared(&our->mount[i]))
            return true;
    return false;
}

/* Finds the process, among those that have started us, with which mounts of OUR are shared: ID is that of
 * the mount to look for, 0: any. Returns its pid, or 0, and counts those mounts in *COUNT and gives the
 * first. The nearest parents are in our own mount namespace, maybe. */
static int
find_sharer(const struct step *step, const struct mounts *our, int id, int *count,
            const struct mount **first)
{
    char name[32] = ".";

    for (int level = 0; level < 8 && is_any_shared(our, id); level++) {
        int parent = read_parent(step->proc_self, name), theirs_proc;
        struct mounts theirs;

        if (parent <= 0)
            return 0;
        snprintf(name, sizeof name, "../%d", parent);
        theirs_proc = openat(step->proc_self, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
        read_mounts_of(theirs_proc, &theirs);
        *count = 0;
        for (int i = our->count - 1; i >= 0; i--)
            if ((id == 0 || id == our->mount[i].id) &&
                is_shared_with(&our->mount[i], our, &theirs)) {
                *first = &our->mount[i];
                ++*count;
            }
        free_mounts(&theirs);
        if (theirs_proc != -1)
            close(theirs_proc);
        if (*count > 0)
            return parent;
    }
    return 0;
}

static void
note_shared_mounts(struct step *step)
{
    const struct mount *first;
    struct mounts our;
    int count, sharer = 0;

    if (read_mounts_of(step->proc_self, &our))
        sharer = find_sharer(step, &our, 0, &count, &first);
    if (sharer != 0)
        add_note(step,
                 "note: %d mounts here, %s the first, are still shared with the mount namespace of "
                 "process %d: what is mounted below them appears there, too",
                 count, first->point, sharer);
    free_mounts(&our);
}

void
note_leak(struct step *step, const char *target)
{
    int id = mount_id_of(step, target), count, sharer = 0;
    const struct mount *first;
    struct mounts our;

    if (read_mounts_of(step->proc_self, &our) && id != -1)
        sharer = find_sharer(step, &our, id, &count, &first);
    if (sharer != 0)
        add_note(step,
                 "note: %s is on %s, which is shared with the mount namespace of process %d: what "
                 "is mounted here appears there, too (01-unshare makes mounts private)",
                 target, first->point, sharer);
    free_mounts(&our);
}

/* ---- roots ------------------------------------------------------------------------------------- */

void
note_other_root(struct step *step)
{
    struct stat its, own;

    if (fstat(step->target.root, &its) == 0 && stat("/", &own) == 0 &&
        (its.st_dev != own.st_dev || its.st_ino != own.st_ino))
        add_note(
            step,
            "note: process %d is in a chroot, and a mount namespace does not bring that along: "
            "--root enters its /",
            (int)step->target.pid);
}

/* ---- descriptors ------------------------------------------------------------------------------- */

void
find_inherited(struct step *step)
{
    size_t used = 0;

    /* 3 to 9: those that a redirection (7>FILE) opens in any shell. Higher ones are mostly left open by
     * programs that had no use for them any more. */
    for (int fd = 3; fd <= 9; fd++) {
        char path[32], name[41] = "";
        int flags = fcntl(fd, F_GETFD);

        if (flags == -1 || (flags & FD_CLOEXEC) != 0) /* what we open ourselves is closed by exec */
            continue;
        snprintf(path, sizeof path, "fd/%d", fd);
        if (step->proc_self == -1 || readlinkat(step->proc_self, path, name, sizeof name - 1) == -1)
            snprintf(name, sizeof name, "?");
        used += (size_t)snprintf(step->inherited + used, sizeof step->inherited - used, "%s%d (%s)",
                                 used > 0 ? ", " : "", fd, name);
    }
}

static void
note_descriptors(struct step *step)
{
    static const char *const names[] = {"stdin", "stdout", "stderr"};
    struct stat file;

    if (step->inherited[0] != '\0')
        add_note(step, "note: open file descriptors that COMMAND does not get: %s",
                 step->inherited);
    for (int fd = step->joining ? 1 : 0; fd <= STDERR_FILENO; fd++)
        if (fstat(fd, &file) == 0 && S_ISDIR(file.st_mode))
            add_note(step,
                     "note: %s is a directory, and a way out of any new root: /proc/self/fd/%d/..",
                     names[fd], fd);
}

void
note_traps(struct step *step, bool runs_command)
{
    if (step->now.inode[NS_MNT] != step->before.inode[NS_MNT])
        note_shared_mounts(step);
    if (!runs_command)
        return;
    if (!is_step(step))
        note_proc(step);
    note_lost_capabilities(step);
    note_descriptors(step);
}
