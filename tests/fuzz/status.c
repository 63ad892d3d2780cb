/*
 * status: what /proc says of a process: stat, status and fdinfo, lib/record.c, lib/join.c, lib/host.c and
 * lib/why-namespace.c. The first line is the name of the process, which it chooses itself, prctl(2)
 * PR_SET_NAME, with any bytes in it (0x01 stands for a newline here). Then numbers come; the files are made of
 * both as the kernel makes them. None of the numbers may be misread because of the name.
 */
#include "fuzz.h"

#include "../../lib/host.c"          // NOLINT(bugprone-suspicious-include)
#include "../../lib/join.c"          // NOLINT(bugprone-suspicious-include)
#include "../../lib/why-namespace.c" // NOLINT(bugprone-suspicious-include)

struct bytes {
    const uint8_t *at;
    size_t left;
};

static uint64_t
take(struct bytes *bytes, size_t count)
{
    uint64_t number = 0;

    for (; count > 0 && bytes->left > 0; count--, bytes->left--)
        number = number << 8 | *bytes->at++;
    return number;
}

/* do_task_stat in fs/proc/array.c: the name is as it is. */
static void
check_stat(const char *name, struct bytes *bytes)
{
    unsigned long long start = take(bytes, 8);
    unsigned flags = (unsigned)take(bytes, 4), session = (unsigned)take(bytes, 2);
    char text[1024];
    int proc = fuzz_dir;

    snprintf(
        text, sizeof text,
        "2 (%s) S 0 0 %u 0 -1 %u 0 0 0 0 0 0 0 0 20 0 1 0 %llu 0 0 18446744073709551615 0 0 0 0 "
        "0 0 0 2147483647 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
        name, session, flags, start);
    put_file("stat", text, strlen(text));
    put_file("2/stat", text, strlen(text));
    must(read_start_time(proc) == start, "the start time is field 22, whatever the name");
    must(is_host_proc(proc) == ((flags & 0x00200000) != 0), "the flags are field 9");
}

enum { MANY = 1200 };

struct person { /* as in /proc/PID/status */
    unsigned uid[4], gid[4], group[MANY], groups;
    unsigned nspid[4], levels;
};

static struct person
take_person(struct bytes *bytes)
{
    struct person person = {.groups = (unsigned)take(bytes, 1), .levels = 1};

    if (person.groups > 200)
        person.groups += 800; /* MAX_GROUPS is 1024 */
    for (int i = 0; i < 4; i++) {
        person.uid[i] = (unsigned)take(bytes, 4);
        person.gid[i] = (unsigned)take(bytes, 4);
    }
    person.levels += (unsigned)take(bytes, 1) & 3;
    for (unsigned i = 0; i < person.levels; i++)
        person.nspid[i] = (unsigned)take(bytes, 3);
    for (unsigned i = 0; i < person.groups; i++)
        person.group[i] = bytes->left > 0 ? (unsigned)take(bytes, 4) : 100000 + i;
    return person;
}

/* proc_pid_status in fs/proc/array.c: in the name, newlines and backslashes are escaped. */
static void
put_status(const char *name, const struct person *person)
{
    static char text[MANY * 12 + 1024];
    size_t used = (size_t)sprintf(text, "Name:\t");

    used = mangle(text, used, name, "\n");
    used += (size_t)sprintf(text + used,
                            "\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t7\nNgid:\t0\nPid:\t7\n"
                            "PPid:\t1\nTracerPid:\t0\nUid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n"
                            "FDSize:\t64\nGroups:\t",
                            person->uid[0], person->uid[1], person->uid[2], person->uid[3],
                            person->gid[0], person->gid[1], person->gid[2], person->gid[3]);
    for (unsigned i = 0; i < person->groups; i++)
        used += (size_t)sprintf(text + used, "%s%u", i > 0 ? " " : "", person->group[i]);
    used += (size_t)sprintf(text + used, " \nNStgid:\t7\nNSpid:");
    for (unsigned i = 0; i < person->levels; i++)
        used += (size_t)sprintf(text + used, "\t%u", person->nspid[i]);
    sprintf(text + used, "\nNSpgid:\t7\nThreads:\t1\nCapInh:\t0000000000000000\n"
                         "CapPrm:\t000001ffffffffff\nCapEff:\t0000000000000400\n"
                         "CapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000000\n"
                         "NoNewPrivs:\t1\nSeccomp:\t0\n");
    put_file("status", text, strlen(text));
}

/* NUMBERS of /proc/PID/status, as they are inside by MAP: are they IDS? All those without one left out. */
static bool
are_translated(const unsigned *numbers, unsigned count, const struct id_map *map,
               const uint32_t *ids, int id_count)
{
    int same = 0;

    for (unsigned i = 0; i < count; i++) {
        int64_t inside = map == NULL ? (int64_t)numbers[i] : id_inside(map, numbers[i]);

        if (inside != -1 && (same >= id_count || ids[same++] != (uint32_t)inside))
            return false;
    }
    return same == id_count;
}

static void
check_status(const char *name, struct bytes *bytes)
{
    static struct target target;
    struct id_map map = {.range = {{0, 100000, 65536}}, .count = 1};
    struct person person = take_person(bytes);
    char text[128];

    put_status(name, &person);
    format_id_map(&map, text, sizeof text);
    put_file("uid_map", text, strlen(text));
    put_file("gid_map", text, strlen(text));
    must(count_pid_levels(&(struct step){.proc_self = fuzz_dir}) == (int)person.levels,
         "there is one pid for each level");
    for (int same = 0; same < 2; same++) { /* the same user namespace, or one with that map */
        bool all = true;

        target = (struct target){.proc = fuzz_dir};
        if (read_identity(&target, same == 1) == -1) {
            must(person.groups >= MAX_GROUPS, "a process that may be joined is read");
            continue;
        }
        must(person.groups < MAX_GROUPS, "not all of its groups: not the same identity");
        for (int i = 0; i < 3 && same == 0; i++)
            all &= id_inside(&map, person.uid[i]) != -1 && id_inside(&map, person.gid[i]) != -1;
        must(target.ids_mapped == all, "it is seen when an id has no number in there");
        if (all)
            must(are_translated(person.uid, 3, same ? NULL : &map, target.uid, 3) &&
                     are_translated(person.gid, 3, same ? NULL : &map, target.gid, 3),
                 "real, effective and saved ids are the process's");
        must(are_translated(person.group, person.groups, same ? NULL : &map, target.groups,
                            target.group_count) &&
                 are_translated(person.group, person.groups, NULL, target.outside_groups,
                                target.outside_count),
             "so are the groups");
        must(target.caps.effective == 0x400 && target.no_new_privs, "and what it may do");
    }
}

/* seq_show in fs/proc/fd.c, and pidfd_show_fdinfo. */
static void
check_fdinfo(struct bytes *bytes)
{
    unsigned mnt_id = (unsigned)take(bytes, 3), pid = (unsigned)take(bytes, 3);
    struct step step = {.proc_self = fuzz_dir};
    char text[256];

    snprintf(text, sizeof text,
             "pos:\t0\nflags:\t02000002\nmnt_id:\t%u\nino:\t7\nPid:\t%u\nNSpid:\t%u\n", mnt_id, pid,
             pid);
    put_file("fdinfo/3", text, strlen(text));
    must(read_fdinfo(&step, 3, "Pid") == (long)pid, "a pidfd names its process");
    must(mount_id(&step, 3) == (int)mnt_id, "a descriptor names its mount");
}

/* Any bytes at all in these files: that the numbers are right is not asked. */
static void
try_anything(const uint8_t *data, size_t size)
{
    struct step step = {.proc_self = fuzz_dir};
    static struct target target;

    put_file("stat", data, size);
    put_file("2/stat", data, size);
    put_file("status", data, size);
    put_file("fdinfo/3", data, size);
    target = (struct target){.proc = fuzz_dir};
    read_start_time(fuzz_dir);
    is_host_proc(fuzz_dir);
    must(read_identity(&target, true) == -1 ||
             (target.group_count <= MAX_GROUPS && target.outside_count < MAX_GROUPS),
         "there is room for the groups");
    must(count_pid_levels(&step) >= 0 && mount_id(&step, 3) >= INT32_MIN, "a number is a number");
    read_fdinfo(&step, 3, "Pid");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = copy_text(data, size), *rest = text, *name = next_line(&rest);
    struct bytes bytes = {.at = data + strlen(name), .left = size - strlen(name)};
    char comm[16] = ""; /* TASK_COMM_LEN */

    try_anything(data, size);
    memccpy(comm, name, '\0', sizeof comm - 1);
    for (char *at = comm; *at != '\0'; at++)
        if (*at == '\001')
            *at = '\n';
    take(&bytes, 1);
    check_stat(comm, &bytes);
    check_fdinfo(&bytes);
    check_status(comm, &bytes);
    free(text);
    return 0;
}
