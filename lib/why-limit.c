/*
 * why-limit.c - why does a file of a cgroup not take what 05-cgroup writes to it? Mostly because of what
 * was typed: so here is what each of them takes. cgroups(7), Documentation/admin-guide/cgroup-v2.rst.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "why.h"

/* ---- the names of cgroup v1, which many texts still use ----------------------------------------- */

static const struct {
    const char *v1, *v2;
} old_names[] = {
    {"memory.limit_in_bytes", "memory.max"},
    {"memory.soft_limit_in_bytes", "memory.low"},
    {"memory.memsw.limit_in_bytes", "memory.swap.max"},
    {"cpu.shares", "cpu.weight"},
    {"cpu.cfs_quota_us", "cpu.max"},
    {"cpu.cfs_period_us", "cpu.max"},
    {"blkio.weight", "io.weight"},
    {"blkio.throttle.*", "io.max"},
    {"freezer.state", "cgroup.freeze"},
    {"hugetlb.*.limit_in_bytes", "hugetlb.SIZE.max"},
};

bool
is_v1_file(const char *file)
{
    for (size_t i = 0; i < sizeof old_names / sizeof old_names[0]; i++)
        if (fnmatch(old_names[i].v1, file, 0) == 0)
            return true;
    return false;
}

struct why
say_v1_file(const char *file)
{
    const char *v2 = "";
    char hint[100];

    for (size_t i = 0; i < sizeof old_names / sizeof old_names[0]; i++)
        if (fnmatch(old_names[i].v1, file, 0) == 0)
            v2 = old_names[i].v2;
    snprintf(hint, sizeof hint,
             "%s=..., which has its place in cgroup v2 (its values may mean something else)", v2);
    return say_why(hint, "%s is a file of cgroup v1, and the steps use v2", file);
}

/* ---- what each file takes ----------------------------------------------------------------------- */

#define BYTES "a number of bytes, also with K, M or G after it, or max"
#define DISK  "begins with the MAJOR:MINOR numbers of a whole disk (lsblk -d -o NAME,MAJ:MIN)"

/* The first FILE, a pattern as in glob(7), that fits. What is said here was tried on Linux 5.10 to 6.18. */
static const struct {
    const char *file, *takes, *example;
} grammar[] = {
    {"cgroup.max.depth", "a number from 0 on, or max", "4"},
    {"cgroup.max.descendants", "a number from 0 on, or max", "4"},
    {"cgroup.freeze", "0 or 1", "0"},
    {"cgroup.pressure", "0 or 1", "1"},
    {"cgroup.kill", "1 and nothing else", "1"},
    {"cgroup.type", "the word threaded and nothing else", "threaded"},
    {"cgroup.subtree_control",
     "names of controllers, each with + or - in front, and blanks between", "+pids -memory"},
    {"*.pressure",
     "some or full, then two times in microseconds, the second of 500000 to 10000000 (without "
     "CAP_SYS_RESOURCE a multiple of 2000000) and not the smaller one",
     "some 150000 2000000"},
    {"pids.max", "a number from 0 to 4194304, or max", "32"},
    {"memory.oom.group", "0 or 1", "1"},
    {"memory.zswap.writeback", "0 or 1", "1"},
    {"memory.reclaim", "a number of bytes, also with K, M or G after it", "1M"},
    {"memory.*", BYTES, "64M"},
    {"hugetlb.*", BYTES, "4M"},
    {"cpu.max",
     "a quota in microseconds (1000 or more) or max, and maybe a period (1000 to 1000000)",
     "50000 100000"},
    {"cpu.max.burst", "a number of microseconds that is not more than the quota in cpu.max", "0"},
    {"cpu.weight", "a number from 1 to 10000", "100"},
    {"cpu.weight.nice", "a number from -20 to 19", "0"},
    {"cpu.idle", "0 or 1", "1"},
    {"cpuset.cpus.partition", "member, root or isolated", "member"},
    {"cpuset.cpus*",
     "numbers of CPUs that this machine can have (/sys/devices/system/cpu/possible)", "0-1"},
    {"cpuset.mems*", "numbers of memory nodes that are there (/sys/devices/system/node/online)",
     "0"},
    {"io.max", DISK ", then rbps= wbps= riops= or wiops= with a number over 0, or max",
     "254:0 rbps=1048576"},
    {"io.weight", "a number from 1 to 10000, maybe after default or a disk's MAJOR:MINOR", "100"},
};

/* cgroup.stat and the like: does it take anything at all? Mode 0444 says that it does not, and
 * root, who may open it all the same, gets EINVAL: cgroup_file_write. */
static bool
is_read_only(int cgroup, const char *file)
{
    struct stat stat;

    return fstatat(cgroup, file, &stat, 0) == 0 && (stat.st_mode & 0222) == 0;
}

static struct why
say_grammar(const char *file, const char *value)
{
    char hint[300];

    for (size_t i = 0; i < sizeof grammar / sizeof grammar[0]; i++) {
        const char *quote = strchr(grammar[i].example, ' ') != NULL ? "'" : "";

        if (fnmatch(grammar[i].file, file, 0) != 0)
            continue;
        snprintf(hint, sizeof hint, "%s=%s%s%s", file, quote, grammar[i].example, quote);
        return say_why(hint, "%s takes %s, not \"%.60s\"", file, grammar[i].takes, value);
    }
    return say_why("Documentation/admin-guide/cgroup-v2.rst in the kernel's source has its format",
                   "the kernel does not take \"%.60s\" for %s", value, file);
}

/* ---- the files that are there -------------------------------------------------------------------- */

/* The files in CGROUP that begin with PREFIX ("pids.") and can be written, with blanks between. */
static const char *
list_files(int cgroup, const char *prefix, char *text, size_t size)
{
    int copy = openat(cgroup, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = copy == -1 ? NULL : fdopendir(copy);
    struct dirent *entry;
    size_t used = 0;

    text[0] = '\0';
    if (list == NULL)
        return text;
    while ((entry = readdir(list)) != NULL)
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 &&
            !is_read_only(cgroup, entry->d_name) && strcmp(entry->d_name, "cgroup.procs") != 0 &&
            strcmp(entry->d_name, "cgroup.threads") != 0 && used + strlen(entry->d_name) + 2 < size)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used == 0 ? "" : " ",
                                     entry->d_name);
    closedir(list);
    return text;
}

static struct why
say_no_file(int cgroup, const char *file)
{
    int length = (int)strcspn(file, ".");
    char prefix[64], text[250], hint[300], enabled[16] = "";

    if (is_v1_file(file))
        return say_v1_file(file);
    if (fnmatch("*.pressure", file, 0) == 0) {
        read_file_at(cgroup, "cgroup.pressure", enabled, sizeof enabled);
        if (enabled[0] == '0')
            return say_why("leave cgroup.pressure=0 out",
                           "cgroup.pressure is 0 there, which takes %s away", file);
        if (access("/proc/pressure", F_OK) == -1)
            return say_why(
                "boot with psi=1",
                "this kernel does not measure pressure: there is no /proc/pressure, and no %s",
                file);
    }
    snprintf(prefix, sizeof prefix, "%.*s.", length < 60 ? length : 60, file);
    snprintf(hint, sizeof hint, "one of these: %s", list_files(cgroup, prefix, text, sizeof text));
    if (strcmp(prefix, "cgroup.") == 0)
        return say_why(hint, "cgroup v2 has no file %s on this kernel", file);
    return say_why(text[0] != '\0' ? hint : "cgroups(7) lists the files",
                   "the %.*s controller has no file %s on this kernel", length, file, file);
}

/* ---- the devices in io.max and the like: blkg_conf_open_bdev in block/blk-cgroup.c ---------------- */

static struct why
say_no_device(const char *file, const char *value)
{
    char path[100];
    unsigned major, minor;

    if (strncmp(file, "io.", 3) != 0 || sscanf(value, "%u:%u", &major, &minor) != 2)
        return why_unknown("7 cgroups");
    snprintf(path, sizeof path, "/sys/dev/block/%u:%u/partition", major, minor);
    if (access(path, F_OK) == 0)
        return say_why("the whole disk: lsblk -d -o NAME,MAJ:MIN",
                       "%u:%u is a partition, and a limit is set on a whole disk only", major,
                       minor);
    return say_why("lsblk -d -o NAME,MAJ:MIN lists the disks",
                   "there is no disk with the numbers %u:%u", major, minor);
}

/* ---- all of them ---------------------------------------------------------------------------------- */

static struct why
find_why_limit(const struct step *step, int cgroup, const char *file, const char *value, int error)
{
    char type[32] = "", idle[16] = "", list[256] = "", hint[300];

    read_file_at(cgroup, "cgroup.type", type, sizeof type);
    if (error == EMFILE || error == ENFILE)
        return say_files(error);
    if (error == ENOENT && faccessat(cgroup, file, F_OK, 0) == -1)
        return say_no_file(cgroup, file);
    if ((error == EINVAL || error == EACCES) && is_read_only(cgroup, file)) {
        snprintf(hint, sizeof hint, "read it: 05-cgroup ... -- cat %.200s/%.50s",
                 look_at_cgroup(step, cgroup).path, file);
        return say_why(hint, "%s only tells something, it takes no value (its mode has no w)",
                       file);
    }
    if (error == E2BIG)
        return say_why("a shorter value",
                       "the value has %zu bytes, and a file of a cgroup takes %ld", strlen(value),
                       sysconf(_SC_PAGESIZE));
    if (error == ENODEV)
        return say_no_device(file, value);
    if (error == ENOENT && strcmp(file, "cgroup.subtree_control") == 0) {
        read_file_at(cgroup, "cgroup.controllers", list, sizeof list);
        list[strcspn(list, "\n")] = '\0';
        return say_why(
            "a limit of that controller before it: FILE=VALUE enables it for the new cgroup",
            "the new cgroup has only these controllers to give to those below it: %s "
            "(cgroup.controllers)",
            list[0] != '\0' ? list : "none");
    }
    if (error == EOPNOTSUPP && strcmp(file, "cgroup.type") == 0)
        return say_not_threaded(step, cgroup);
    if (error == EOPNOTSUPP && strncmp(type, "threaded", 8) == 0)
        return say_why(
            "leave cgroup.type=threaded out",
            "the new cgroup is threaded (cgroup.type), where %s, which is for whole processes, is refused",
            file);
    if (error == EAGAIN && strcmp(file, "memory.reclaim") == 0)
        return say_why(
            "write it later, when a command in it has used memory",
            "the new cgroup uses no memory yet, or less than %s, so the kernel cannot take it back",
            value);
    read_file_at(cgroup, "cpu.idle", idle, sizeof idle);
    if (error == EINVAL && strncmp(file, "cpu.weight", 10) == 0 && idle[0] == '1')
        return say_why("leave cpu.idle=1 out", "cpu.idle is 1 there, and then it has no weight");
    if (error == EINVAL || error == ERANGE)
        return say_grammar(file, value);
    return why_unknown("7 cgroups");
}

struct why
why_limit(const struct step *step, int cgroup, const char *file, const char *value)
{
    int error = errno;
    struct why why = find_why_limit(step, cgroup, file, value, error);

    errno = error;
    return why;
}
