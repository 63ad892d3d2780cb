/*
 * idmap.c - the tables that say which id inside a user namespace is which id outside.
 * See user_namespaces(7), "User and group ID mappings", and subuid(5).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nsteps.h"

/* One decimal number of 32 bits, nothing before or after it but END. Returns what follows END. */
static const char *
parse_id(const char *text, char end, uint32_t *id)
{
    uint64_t value = 0;
    int digits = 0;

    for (; *text >= '0' && *text <= '9'; text++, digits++) {
        value = value * 10 + (uint64_t)(*text - '0');
        if (value > UINT32_MAX)
            return NULL;
    }
    if (digits == 0 || *text != end)
        return NULL;
    *id = (uint32_t)value;
    return text + (end != '\0');
}

static bool
overlap(uint32_t a, uint32_t b, uint32_t count_a, uint32_t count_b)
{
    return (uint64_t)a < (uint64_t)b + count_b && (uint64_t)b < (uint64_t)a + count_a;
}

const char *
add_range(struct id_map *map, const char *text)
{
    struct id_range new;
    const char *rest = parse_id(text, ':', &new.inside);

    rest = rest == NULL ? NULL : parse_id(rest, ':', &new.outside);
    rest = rest == NULL ? NULL : parse_id(rest, '\0', &new.count);
    if (rest == NULL)
        return "is not IN:OUT:COUNT, three decimal numbers below 4294967296";
    if (new.count == 0)
        return "maps nothing: COUNT is 0";
    /* The last id, 4294967295, is (uid_t)-1, which system calls use for "no change". */
    if ((uint64_t) new.inside + new.count > UINT32_MAX ||
        (uint64_t) new.outside + new.count > UINT32_MAX)
        return "goes beyond the last id, 4294967294";
    if (map->count == MAX_RANGES)
        return "is one range too many: the kernel takes 340, user_namespaces(7)";
    for (int i = 0; i < map->count; i++) {
        const struct id_range *old = &map->range[i];

        if (overlap(old->inside, new.inside, old->count, new.count))
            return "overlaps an earlier range: an id inside would have two ids outside";
        if (overlap(old->outside, new.outside, old->count, new.count))
            return "overlaps an earlier range: two ids inside would be one id outside";
    }
    map->range[map->count++] = new;
    return NULL;
}

int
read_id_map(int dir, const char *file, struct id_map *map)
{
    char text[16384];
    char *line, *rest = text;

    map->count = 0;
    if (read_file_at(dir, file, text, sizeof text) == -1)
        return -1;
    while ((line = strsep(&rest, "\n")) != NULL && map->count < MAX_RANGES) {
        struct id_range *range = &map->range[map->count];

        if (sscanf(line, "%" SCNu32 " %" SCNu32 " %" SCNu32, &range->inside, &range->outside,
                   &range->count) == 3)
            map->count++;
    }
    return 0;
}

int64_t
id_inside(const struct id_map *map, uint32_t outside)
{
    for (int i = 0; i < map->count; i++) {
        const struct id_range *range = &map->range[i];

        if (outside >= range->outside && outside - range->outside < range->count)
            return (int64_t)range->inside + (outside - range->outside);
    }
    return -1;
}

int64_t
id_outside(const struct id_map *map, uint32_t inside)
{
    for (int i = 0; i < map->count; i++) {
        const struct id_range *range = &map->range[i];

        if (inside >= range->inside && inside - range->inside < range->count)
            return (int64_t)range->outside + (inside - range->inside);
    }
    return -1;
}

char *
format_id_map(const struct id_map *map, char *buffer, size_t size)
{
    size_t used = 0;

    buffer[0] = '\0';
    for (int i = 0; i < map->count && used < size; i++)
        used +=
            (size_t)snprintf(buffer + used, size - used, "%" PRIu32 " %" PRIu32 " %" PRIu32 "\n",
                             map->range[i].inside, map->range[i].outside, map->range[i].count);
    return buffer;
}

/* A line of /etc/subuid is NAME:FIRST:COUNT or UID:FIRST:COUNT, subuid(5). The name is looked up in
 * /etc/passwd by hand: getpwuid(3) in a static program would load the machine's own libraries. */
static bool
is_user(const char *who, uid_t uid)
{
    bool found = false;
    struct passwd *entry;
    FILE *passwd;
    char number[16];

    snprintf(number, sizeof number, "%u", (unsigned)uid);
    if (strcmp(who, number) == 0)
        return true;
    passwd = fopen("/etc/passwd", "re");
    if (passwd == NULL)
        return false;
    while (!found && (entry = fgetpwent(passwd)) != NULL)
        found = entry->pw_uid == uid && strcmp(entry->pw_name, who) == 0;
    fclose(passwd);
    return found;
}

int
find_subordinate(const char *file, uid_t uid, struct id_range *range)
{
    char *line = NULL;
    size_t size = 0;
    int found = -1, error = ENODATA;
    FILE *stream = fopen(file, "re");

    if (stream == NULL)
        return -1;
    while (found == -1 && getline(&line, &size, stream) != -1) {
        char *rest = line;
        const char *who = strsep(&rest, ":");
        struct id_range read = {.inside = 0};

        if (rest != NULL)
            rest[strcspn(rest, "\n")] = '\0';
        if (rest != NULL && is_user(who, uid)) {
            const char *text = parse_id(rest, ':', &read.outside);

            error = EINVAL;
            /* A line that grants the host's uid 0 is a mistake, and not to be followed unasked. */
            if (text != NULL && parse_id(text, '\0', &read.count) != NULL && read.outside != 0 &&
                read.count > 0 && (uint64_t)read.outside + read.count <= UINT32_MAX) {
                *range = read;
                found = 0;
            }
        }
    }
    free(line);
    fclose(stream);
    errno = error;
    return found;
}

char *
one_line(char *map)
{
    for (char *at = map; *at != '\0'; at++)
        if (*at == '\n')
            *at = at[1] == '\0' ? '\0' : ',';
    return map;
}

uint32_t
id_to_become(const struct id_map *map, uint32_t outer)
{
    int64_t own = id_inside(map, outer);

    if (id_outside(map, 0) != -1)
        return 0;
    return own != -1 ? (uint32_t)own : map->range[0].inside;
}

/* ---- plumbing of 07-userns-map -------------------------------------------------------------- */

bool
has_unmapped_user_namespace(struct step *step)
{
    struct id_map map;

    if (!step->joining || step->from.holds.inode[NS_USER] == step->own.inode[NS_USER] ||
        read_id_map(step->target.proc, "uid_map", &map) == -1 || map.count != 0)
        return false;
    if (step->target.user_count >
        1) /* the writer must be in it or in its parent, and is in neither */
        refuse(step,
               "the user namespace of the step before lies in another one that is not ours, and "
               "can only be mapped from there: leave 01-unshare --user out, 07 makes one");
    return true;
}

static void
add_one(struct id_map *map, uint32_t inside, uint32_t outside, uint32_t count)
{
    map->range[map->count++] = (struct id_range){inside, outside, count};
}

/* Will the process that writes the maps have CAPABILITY? Without "-" that is a fork of us; after "-",
 * who the step before was: what 08 has dropped there is not to come back here. */
static bool
writer_has(const struct step *step, bool theirs, int capability)
{
    return step->joining && !theirs ? (step->target.caps.effective >> capability) & 1
                                    : have_capability(capability);
}

static bool
is_identity(const struct id_map *map)
{
    return map->count == 1 && map->range[0].inside == 0 && map->range[0].outside == 0 &&
           map->range[0].count == UINT32_MAX;
}

/* Does PARENT have all the outside ids of MAP? */
static bool
covers(const struct id_map *parent, const struct id_map *map)
{
    for (int i = 0; i < map->count; i++)
        if (id_outside(parent, map->range[i].outside) == -1 ||
            id_outside(parent, map->range[i].outside + map->range[i].count - 1) == -1)
            return false;
    return true;
}

/* find_subordinate has found nothing in FILE for UID: says which of the reasons in errno it was. */
static noreturn void
refuse_no_range(struct step *step, const char *file, uint32_t uid)
{
    if (errno == EINVAL)
        refuse(step,
               "the line of uid %" PRIu32 " in %s is not USER:FIRST:COUNT, subuid(5), with a FIRST "
               "above 0",
               uid, file);
    if (errno != ENODATA)
        refuse(step, "%s cannot be read: %s; as root: touch /etc/subuid /etc/subgid; chmod 644 %s",
               file, strerror(errno), file);
    refuse(step,
           "%s grants uid %" PRIu32 " no ids; as root: usermod --add-subuids FIRST-LAST "
           "--add-subgids FIRST-LAST USER, with 65536 ids that no line there has yet",
           file, uid);
}

/* A range that has our own id in it would give this two numbers inside, for 0 is our own, too. */
static void
refuse_own(struct step *step, const char *file, const struct id_range *range, uint32_t own)
{
    if (overlap(range->outside, own, range->count, 1))
        refuse(step,
               "%s grants the range %" PRIu32 ":%" PRIu32 ", and in it is our own id, %" PRIu32
               ", which --auto maps to 0 already",
               file, range->outside, range->count, own);
}

/* --auto: the user himself is 0 inside, and his subordinate ids follow from 1. Root, who needs no
 * help to write them, has his range from 0 on. */
static void
choose_automatically(struct step *step, struct id_maps *maps, bool privileged)
{
    struct id_range uids, gids;

    if (maps->uids.count > 0 || maps->gids.count > 0)
        refuse(step, "--auto chooses the maps itself: leave --map and --gmap out");
    if (find_subordinate("/etc/subuid", maps->outer_uid, &uids) == -1)
        refuse_no_range(step, "/etc/subuid", maps->outer_uid);
    if (find_subordinate("/etc/subgid", maps->outer_uid, &gids) == -1)
        refuse_no_range(step, "/etc/subgid", maps->outer_uid);
    if (!privileged) {
        refuse_own(step, "/etc/subuid", &uids, maps->outer_uid);
        refuse_own(step, "/etc/subgid", &gids, maps->outer_gid);
    }
    if (!privileged) {
        add_one(&maps->uids, 0, maps->outer_uid, 1);
        add_one(&maps->gids, 0, maps->outer_gid, 1);
    }
    add_one(&maps->uids, privileged ? 0 : 1, uids.outside, uids.count);
    add_one(&maps->gids, privileged ? 0 : 1, gids.outside, gids.count);
    maps->by_newuidmap = !privileged;
}

/* In a namespace that stays when we fail, nothing may be left half mapped, for a map can be written
 * only once. So what the kernel would refuse is not even tried. */
static void
check_map(struct step *step, const char *file, const struct id_maps *maps)
{
    struct why why = why_map_refused(file, maps);

    if (why.because[0] != '\0')
        fail(step, EPERM, why, "to write this %s would fail, so it is not tried", file);
}

void
choose_maps(struct step *step, struct id_maps *maps, bool theirs)
{
    bool in_target = !theirs && step->joining && step->target.ids_mapped;
    bool new_parent =
        !theirs && step->joining && step->from.holds.inode[NS_USER] != step->own.inode[NS_USER];
    struct id_range range = {0, 100000, 65536};
    bool privileged;

    if (step->no_proc != NULL)
        refuse(step, "the maps are files in /proc/PID, and %s: 02-mountproc first", step->no_proc);
    /* The user namespace that we write from is the parent: ours, or the one that we will join. */
    if ((new_parent ? read_id_map(step->target.proc, "uid_map", &maps->parent)
                    : read_id_map(AT_FDCWD, "/proc/self/uid_map", &maps->parent)) == -1)
        add_one(&maps->parent, 0, 0, UINT32_MAX);
    maps->outer_uid = in_target ? step->target.uid[1] : geteuid();
    maps->outer_gid = in_target ? step->target.gid[1] : getegid();
    privileged = is_identity(&maps->parent) && writer_has(step, theirs, CAP_SETUID);

    if (maps->by_newuidmap) {
        choose_automatically(step, maps, privileged);
        return;
    }
    if (maps->uids.count == 0 && privileged) {
        find_subordinate("/etc/subuid", maps->outer_uid, &range);
        add_one(&maps->uids, 0, range.outside, range.count);
        if (maps->gids.count == 0) {
            range = (struct id_range){0, 100000, 65536};
            find_subordinate("/etc/subgid", maps->outer_uid, &range);
            add_one(&maps->gids, 0, range.outside, range.count);
        }
    } else if (maps->uids.count == 0) {
        if (maps->outer_uid == 0 && is_identity(&maps->parent))
            refuse(step, "uid 0 without CAP_SETUID can map only the host's uid 0, and that is not "
                         "done unless you type it: --map 0:0:1");
        add_one(&maps->uids, 0, maps->outer_uid, 1);
    }
    if (maps->gids.count == 0 && writer_has(step, theirs, CAP_SETGID) &&
        covers(&maps->parent, &maps->uids))
        maps->gids = maps->uids;
    else if (maps->gids.count == 0)
        add_one(&maps->gids, maps->uids.range[0].inside, maps->outer_gid, 1);
    if (theirs) {
        check_map(step, "gid_map", maps);
        check_map(step, "uid_map", maps);
    }
}

/* Runs a program, and what it says on stderr goes into SAID, of SIZE bytes. Returns its wait status, or
 * -1 with errno. */
static int
run_and_listen(char **argv, char *said, size_t size)
{
    int ends[2], status;
    size_t used = 0;
    ssize_t got;
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) == -1)
        return -1;
    child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        setenv("LC_ALL", "C", 1); /* in English, for why_newidmap */
        execvp(argv[0], argv);
        _exit(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
    }
    close(ends[1]);
    while (child != -1 && used < size - 1 &&
           (got = read(ends[0], said + used, size - 1 - used)) > 0)
        used += (size_t)got;
    said[used] = '\0';
    close(ends[0]);
    return child == -1 || wait_for_exit(child, &status) == -1 ? -1 : status;
}

void
run_newidmap(struct step *step, const char *program, int proc, pid_t pid,
             const struct id_maps *maps)
{
    const struct id_map *map = strcmp(program, "newgidmap") == 0 ? &maps->gids : &maps->uids;
    char numbers[7][12], line[128] = "", said[1024];
    char *argv[9] = {(char *)program};
    const char *text = said;
    int count = 0, used = 0, status;

    /* --auto gives one line, or two: 7 numbers with the pid. */
    snprintf(numbers[count++], sizeof numbers[0], "%d", (int)pid);
    for (int i = 0; i < map->count && count < 7; i++) {
        snprintf(numbers[count++], sizeof numbers[0], "%" PRIu32, map->range[i].inside);
        snprintf(numbers[count++], sizeof numbers[0], "%" PRIu32, map->range[i].outside);
        snprintf(numbers[count++], sizeof numbers[0], "%" PRIu32, map->range[i].count);
    }
    for (int i = 0; i < count; i++) {
        argv[i + 1] = numbers[i];
        used += snprintf(line + used, sizeof line - (size_t)used, " %s", numbers[i]);
    }
    status = run_and_listen(argv, said, sizeof said);
    if (status == -1)
        fail(step, errno, why_fork(step), "start %s", program);
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NOT_FOUND)
        refuse(step, "--auto needs %s, which is not installed: apt-get install uidmap", program);
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NOT_EXECUTABLE)
        refuse(step, "--auto needs %s, which cannot be executed; as root: chmod a+x /usr/bin/%s",
               program, program);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        fputs(said, stderr); /* a warning, maybe */
        return;
    }
    if (WIFSIGNALED(status))
        snprintf(said, sizeof said, "ended by signal %d", WTERMSIG(status));
    said[strcspn(said, "\n")] = '\0';
    if (strncmp(text, program, strlen(program)) == 0 && text[strlen(program)] == ':')
        text += strlen(program) + 1; /* it begins with its name, and so do we */
    fail(step, 0, why_newidmap(program, proc, pid, maps, text), "%s%s:%s%s", program, line,
         text == said ? " " : "", text);
}

pid_t
fork_helper(struct step *step, int *go_ahead)
{
    int ends[2];
    char byte;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) == -1)
        return -1;
    pid = fork();
    if (pid != 0) {
        close(ends[0]);
        *go_ahead = ends[1];
        return pid;
    }
    close(ends[1]);
    /* It must be in the parent of the new user namespace: the one that the step will join. */
    if (step->joining && step->from.holds.inode[NS_USER] != step->own.inode[NS_USER] &&
        setns(step->target.ns[NS_USER], CLONE_NEWUSER) == -1)
        fail(step, errno, why_setns(step, CLONE_NEWUSER), "setns(user of pid %d)",
             step->target.pid);
    if (step->joining && take_identity(&step->target) == -1)
        fail(step, errno, why_identity(step), "become what process %d is", (int)step->target.pid);
    /* Nothing to read means that the step has ended without needing us. */
    if (read(ends[0], &byte, 1) != 1)
        _exit(0);
    return 0;
}

int
run_helper(pid_t helper, int go_ahead)
{
    void (*before)(int) = signal(SIGPIPE, SIG_IGN); /* it may have failed already, and said why */
    bool asked = write(go_ahead, "g", 1) == 1 || errno == EPIPE;
    int status = 0, error = errno;

    close(go_ahead); /* so that it ends, asked or not */
    if (wait_for_exit(helper, &status) == -1)
        error = errno;
    signal(SIGPIPE, before);
    if (asked && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (!asked || !WIFEXITED(status)) /* it could not say so itself */
        fprintf(stderr, "%s: the process that was to write the maps has not done it: %s\n",
                program_invocation_short_name, asked ? "a signal ended it" : strerror(error));
    return -1;
}

/* The first lines of a map; all 340 would be no report. */
static void
note_map(struct step *step, const char *file, const struct id_map *map)
{
    struct id_map first = *map;
    char text[16384], more[32] = "";

    if (first.count > 8) {
        first.count = 8;
        snprintf(more, sizeof more, ", and %d more", map->count - first.count);
    }
    add_note(step, "%s %s%s", file, one_line(format_id_map(&first, text, sizeof text)), more);
}

void
note_maps(struct step *step, const struct id_maps *maps)
{
    uid_t uid = geteuid();

    note_map(step, "uid_map", &maps->uids);
    note_map(step, "gid_map", &maps->gids);
    add_note(step, "uid %u in here is uid %" PRId64 " %s", (unsigned)uid,
             id_outside(&maps->uids, uid),
             is_identity(&maps->parent) ? "outside" : "in the user namespace around it");
    if (uid != 0)
        add_note(step,
                 "note: without a uid 0 the capabilities go at the next execve, capabilities(7)");
}
