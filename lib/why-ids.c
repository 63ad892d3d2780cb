/*
 * why-ids.c - why was a uid_map not taken, or a capability not dropped? In the order in which the
 * kernel checks: map_write() and new_idmap_permitted() in kernel/user_namespace.c, cap_capset() and
 * cap_task_prctl() in security/commoncap.c; and newuidmap(1), in the order in which it checks.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "why.h"

static const struct why no_cause;

static bool
is_found(struct why why)
{
    return why.because[0] != '\0';
}

/* ---- a map: may this writer map these ids? -------------------------------------------------- */

struct rules {                /* uid_map and gid_map have the same, for other ids */
    const char *kind;         /* "uid" */
    const char *option;       /* "--map" */
    const struct id_map *map; /* what is written */
    uint32_t own;             /* the writer's own id */
    int capability;           /* who has it in the parent user namespace may map any id there */
    const char *capability_name;
};

static struct rules
rules_of(const char *file, const struct id_maps *maps)
{
    return strcmp(file, "gid_map") == 0 ? (struct rules){"gid",           "--gmap",   &maps->gids,
                                                         maps->outer_gid, CAP_SETGID, "CAP_SETGID"}
                                        : (struct rules){"uid",           "--map",    &maps->uids,
                                                         maps->outer_uid, CAP_SETUID, "CAP_SETUID"};
}

static bool
kernel_is_older(int major, int minor)
{
    struct utsname name;
    int is_major, is_minor;

    return uname(&name) == 0 && sscanf(name.release, "%d.%d", &is_major, &is_minor) == 2 &&
           (is_major < major || (is_major == major && is_minor < minor));
}

/* new_idmap_permitted(): one line for one's own id, or the capability. */
static struct why
say_not_own(const struct rules *rules)
{
    const struct id_range *first = &rules->map->range[0];
    char wrong[64], hint[200];

    if (have_capability(rules->capability) ||
        (rules->map->count == 1 && first->count == 1 && first->outside == rules->own))
        return no_cause;
    if (rules->map->count > 1)
        snprintf(wrong, sizeof wrong, "these are %d lines", rules->map->count);
    else if (first->count > 1)
        snprintf(wrong, sizeof wrong, "this line maps %" PRIu32 " ids", first->count);
    else
        snprintf(wrong, sizeof wrong, "this line maps %s %" PRIu32, rules->kind, first->outside);
    if (rules->own == 0) /* root had it */
        snprintf(hint, sizeof hint, "07-userns-map before 08-capset, which drops %s",
                 rules->capability_name);
    else
        snprintf(hint, sizeof hint,
                 "%s 0:%" PRIu32 ":1, or --auto, which asks new%smap(1) for your ranges in "
                 "/etc/sub%s",
                 rules->option, rules->own, rules->kind, rules->kind);
    return say_why(hint,
                   "without %s one may write one line that maps one's own %s (%" PRIu32
                   "), and nothing else; %s",
                   rules->capability_name, rules->kind, rules->own, wrong);
}

/* verify_root_map(), the first question of new_idmap_permitted(): who is the parent's uid 0 could give
 * files capabilities, setcap(8), that hold in the parent, too. */
static struct why
say_no_setfcap(const struct rules *rules)
{
    struct why own = say_not_own(rules);
    bool maps_zero = false;

    for (int i = 0; i < rules->map->count; i++)
        maps_zero = maps_zero || rules->map->range[i].outside == 0;
    if (!maps_zero || rules->capability != CAP_SETUID || have_capability(CAP_SETFCAP))
        return no_cause;
    if (is_found(own)) /* an ordinary user: it would not be enough */
        return say_why(own.hint,
                       "this maps uid 0 of the parent user namespace; that takes CAP_SETFCAP "
                       "(since Linux 5.12) and CAP_SETUID, and uid %u has neither here",
                       geteuid());
    return say_why("07-userns-map before 08-capset, which drops it (or --keep setfcap there)",
                   "this maps uid 0 of the parent user namespace; that takes CAP_SETFCAP (since "
                   "Linux 5.12), which uid %u does not have here",
                   geteuid());
}

static const struct id_range *
find_line(const struct id_map *map, uint64_t inside)
{
    for (int i = 0; i < map->count; i++)
        if (inside >= map->range[i].inside &&
            inside < (uint64_t)map->range[i].inside + map->range[i].count)
            return &map->range[i];
    return NULL;
}

static struct why
say_missing_id(const struct rules *rules, const struct id_map *parent, uint64_t id)
{
    struct id_map first = *parent;
    char hint[64], text[256];

    first.count = first.count > 3 ? 3 : first.count;
    snprintf(hint, sizeof hint, "%s 0:%" PRIu32 ":%" PRIu32, rules->option, first.range[0].inside,
             first.range[0].count);
    return say_why(hint,
                   "%s %" PRIu64 " does not exist in the parent user namespace, whose %s_map is "
                   "\"%s\"%s",
                   rules->kind, id, rules->kind, one_line(format_id_map(&first, text, sizeof text)),
                   parent->count > 3 ? " and more" : "");
}

/* map_id_range_down(): each range must lie in one line of the parent's map. The parent is the
 * namespace that we are in. */
static struct why
say_not_in_parent(const struct rules *rules)
{
    struct id_map parent;
    char path[32], hint[128];

    snprintf(path, sizeof path, "/proc/self/%s_map", rules->kind);
    if (read_id_map(AT_FDCWD, path, &parent) == -1 || parent.count == 0)
        return no_cause;
    for (int i = 0; i < rules->map->count; i++) {
        const struct id_range *range = &rules->map->range[i];
        const struct id_range *line = find_line(&parent, range->outside);
        uint32_t fits;

        if (line == NULL)
            return say_missing_id(rules, &parent, range->outside);
        fits = line->inside + line->count - range->outside; /* so many ids from there on */
        if (range->count <= fits)
            continue;
        if (find_line(&parent, (uint64_t)range->outside + fits) == NULL)
            return say_missing_id(rules, &parent, (uint64_t)range->outside + fits);
        snprintf(hint, sizeof hint,
                 "%s %" PRIu32 ":%" PRIu32 ":%" PRIu32 " %s %" PRIu32 ":%" PRIu32 ":%" PRIu32,
                 rules->option, range->inside, range->outside, fits, rules->option,
                 range->inside + fits, range->outside + fits, range->count - fits);
        return say_why(hint,
                       "a range must lie in one line of the parent's %s_map, and %s %" PRIu32
                       " begins another one there",
                       rules->kind, rules->kind, range->outside + fits);
    }
    return no_cause;
}

struct why
why_map_refused(const char *file, const struct id_maps *maps)
{
    struct rules rules = rules_of(file, maps);
    struct why why = kernel_is_older(5, 12) ? no_cause : say_no_setfcap(&rules);

    if (!is_found(why))
        why = say_not_own(&rules);
    return is_found(why) ? why : say_not_in_parent(&rules);
}

/* ---- a map: can its file be written? -------------------------------------------------------- */

/* Nobody but root may write to the /proc files of a process that is not dumpable, prctl(2): NAME is
 * root's then, and the directory PROC is not. The process runs the program that we run. */
static struct why
say_not_dumpable(int proc, const char *name)
{
    char program[256] = "", hint[300];
    struct stat dir, entry, file;

    if (fstat(proc, &dir) == -1 || fstatat(proc, name, &entry, 0) == -1 ||
        dir.st_uid == entry.st_uid ||
        readlink("/proc/self/exe", program, sizeof program - 1) == -1 || stat(program, &file) == -1)
        return no_cause;
    if (access(program, R_OK) == -1) {
        snprintf(hint, sizeof hint, "chmod a+r %.200s", program);
        return say_why(hint,
                       "uid %u may execute %s but not read it; the /proc files of such a process "
                       "(not dumpable, prctl(2)) belong to root",
                       getuid(), program);
    }
    if ((file.st_mode & (S_ISUID | S_ISGID)) ||
        getxattr(program, "security.capability", NULL, 0) > 0) {
        snprintf(hint, sizeof hint, "as root: chmod ug-s %.120s; setcap -r %.120s", program,
                 program);
        return say_why(hint,
                       "%s is set-user-ID or has file capabilities; the /proc files of such a "
                       "process (not dumpable, prctl(2)) belong to root",
                       program);
    }
    return no_cause;
}

/* Has the map in FILE been written, by whomever? Its text then is in TEXT. */
static bool
is_written(int proc, const char *file, char *text, size_t size)
{
    struct id_map map;

    if (read_id_map(proc, file, &map) == -1 || map.count == 0)
        return false;
    map.count = map.count > 3 ? 3 : map.count;
    one_line(format_id_map(&map, text, size));
    return true;
}

#define ONCE "the kernel takes a map only once"

static struct why
say_written(pid_t pid, const char *file, const char *text, const char *rule)
{
    return say_why("07-userns-map without \"-\", which makes a new user namespace",
                   "%s of process %d is \"%s\" already, and %s", file, (int)pid, text, rule);
}

static struct why
find_why_id_map(int proc, pid_t pid, const char *file, const struct id_maps *maps, int error)
{
    char text[16384];
    struct statvfs fs;
    struct rules rules = rules_of(file, maps);
    struct why why = no_cause;

    if (error == ENOENT || error == ESRCH)
        return faccessat(proc, file, F_OK, 0) == -1 ? say_why("all the steps again, from the first",
                                                              "process %d has ended", (int)pid)
                                                    : no_cause;
    if (error == EACCES)
        return say_not_dumpable(proc, file);
    if (error == EROFS && fstatvfs(proc, &fs) == 0 && (fs.f_flag & ST_RDONLY))
        return say_why(geteuid() == 0 ? "01-unshare --mount --pid -- 02-mountproc -- 07-userns-map"
                                      : "as root: mount -o remount,bind,rw /proc",
                       "the maps are files in /proc, and /proc is mounted read-only here");
    if (error == EINVAL && strcmp(file, "setgroups") != 0 &&
        strlen(format_id_map(rules.map, text, sizeof text)) >= (size_t)sysconf(_SC_PAGESIZE))
        return say_why("fewer ranges, or larger ones",
                       "a map of more than %ld bytes is not taken, and this has %zu",
                       sysconf(_SC_PAGESIZE) - 1, strlen(text));
    if (error != EPERM)
        return no_cause;
    if (strcmp(file, "setgroups") == 0)
        return is_written(proc, "gid_map", text, sizeof text)
                   ? say_written(pid, "gid_map", text, "setgroups can be denied only before that")
                   : no_cause;
    if (is_written(proc, file, text, sizeof text))
        return say_written(pid, file, text, ONCE);
    why = why_map_refused(file, maps);
    if (!is_found(why) && strcmp(file, "gid_map") == 0 && !have_capability(CAP_SETGID) &&
        read_file_at(proc, "setgroups", text, sizeof text) > 0 && strcmp(text, "allow\n") == 0) {
        snprintf(text, sizeof text, "before gid_map: echo deny >/proc/%d/setgroups", (int)pid);
        return say_why(text,
                       "/proc/%d/setgroups is \"allow\", and who lacks CAP_SETGID must deny "
                       "setgroups(2) before writing gid_map",
                       (int)pid);
    }
    /* An older kernel may have got this rule by a fix (Debian's 5.10 has): when no other is broken. */
    return is_found(why) ? why : say_no_setfcap(&rules);
}

struct why
why_id_map(int proc, pid_t pid, const char *file, const struct id_maps *maps)
{
    int error = errno;
    struct why why = find_why_id_map(proc, pid, file, maps, error);

    errno = error;
    return is_found(why) ? why : why_unknown("7 user_namespaces");
}

/* ---- newuidmap(1), newgidmap(1) ------------------------------------------------------------- */

/* Where execvp(3) finds PROGRAM. */
static bool
find_program(const char *program, char *path, size_t size)
{
    const char *list = getenv("PATH");

    while (list != NULL && *list != '\0') {
        size_t length = strcspn(list, ":");

        snprintf(path, size, "%.*s/%s", (int)length, list, program);
        if (access(path, X_OK) == 0)
            return true;
        list += length + (list[length] == ':');
    }
    return false;
}

/* newuidmap is to write what we may not: its file gives it CAP_SETUID. Why did it not? execve(2),
 * capabilities(7). */
static struct why
say_no_privilege(const char *program, const struct rules *rules)
{
    char path[256], hint[400];
    struct statvfs fs;
    struct stat file;

    if (have_capability(rules->capability))
        return no_cause;
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
        return say_why("07-userns-map before 08-capset --no-new-privs",
                       "no_new_privs is set, so %s cannot get more than we have, and we have no %s",
                       program, rules->capability_name);
    if (!find_program(program, path, sizeof path) || stat(path, &file) == -1)
        return no_cause;
    if (statvfs(path, &fs) == 0 && (fs.f_flag & ST_NOSUID)) {
        snprintf(hint, sizeof hint,
                 "as root: mount -o remount,suid $(findmnt -no TARGET -T %.200s)", path);
        return say_why(hint, "%s is on a nosuid mount, so its set-user-ID bit has no effect", path);
    }
    snprintf(hint, sizeof hint, "as root: chown root %.120s; chmod u+s %.120s", path, path);
    if (getxattr(path, "security.capability", NULL, 0) <= 0) {
        if (!(file.st_mode & S_ISUID))
            return say_why(hint, "%s is not set-user-ID, so it runs without %s", path,
                           rules->capability_name);
        if (file.st_uid != 0)
            return say_why(hint, "%s is set-user-ID, but of uid %u and not of root", path,
                           file.st_uid);
    }
    if (((read_capabilities().bounding >> rules->capability) & 1) == 0)
        return say_why("07-userns-map before 08-capset, which drops it",
                       "the bounding set (CapBnd) has no %s, so %s cannot get it",
                       rules->capability_name, program);
    return no_cause;
}

/* It wants to be called by the user and the group that /etc/passwd says. */
static struct why
say_other_user(const char *program)
{
    FILE *passwd = fopen("/etc/passwd", "re");
    struct passwd *entry = NULL;
    gid_t gid = 0;
    char hint[64];

    while (passwd != NULL && (entry = fgetpwent(passwd)) != NULL && entry->pw_uid != getuid())
        continue;
    if (entry != NULL)
        gid = entry->pw_gid;
    if (passwd != NULL)
        fclose(passwd);
    if (passwd == NULL || (entry != NULL && gid == getgid()))
        return no_cause;
    if (entry == NULL) {
        snprintf(hint, sizeof hint, "as root: useradd --uid %u NAME", getuid());
        return say_why(hint, "%s wants to know the name of uid %u, and /etc/passwd has none",
                       program, getuid());
    }
    return say_why("newgrp (alone it starts a shell with the gid of your account), and again",
                   "our gid is %u, and %s wants it to be that of uid %u in /etc/passwd, %u",
                   getgid(), program, getuid(), gid);
}

/* It reads /etc/subuid, as we did. */
static struct why
say_not_granted(const struct rules *rules)
{
    char file[16];
    struct id_range range = {.count = 0};
    const struct id_range *wanted = &rules->map->range[rules->map->count - 1];

    snprintf(file, sizeof file, "/etc/sub%s", rules->kind);
    if (find_subordinate(file, getuid(), &range) == 0 && range.outside == wanted->outside &&
        range.count == wanted->count)
        return no_cause;
    return say_why("again, with what the file says now",
                   "%s does not grant uid %u the range %" PRIu32 ":%" PRIu32, file, getuid(),
                   wanted->outside, wanted->count);
}

static struct why
find_why_newidmap(const char *program, int proc, pid_t pid, const struct id_maps *maps,
                  const char *said)
{
    const char *file = strcmp(program, "newgidmap") == 0 ? "gid_map" : "uid_map";
    const int errors[] = {EACCES, EROFS, EINVAL};
    struct rules rules = rules_of(file, maps);
    struct why why;
    char text[256];

    if (faccessat(proc, file, F_OK, 0) == -1)
        return find_why_id_map(proc, pid, file, maps, ENOENT);
    if (strstr(said, "your user name") != NULL || strstr(said, "different user") != NULL)
        return say_other_user(program);
    if (strstr(said, "not allowed") != NULL)
        return say_not_granted(&rules);
    if (strstr(said, strerror(EPERM)) != NULL || strstr(said, "set caps") != NULL) {
        why = say_no_privilege(program, &rules);
        if (is_found(why))
            return why;
        /* It had CAP_SETUID, so this is the kernel's answer to the map itself. */
        return is_written(proc, file, text, sizeof text) ? say_written(pid, file, text, ONCE)
                                                         : say_not_in_parent(&rules);
    }
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (strstr(said, strerror(errors[i])) != NULL)
            return find_why_id_map(proc, pid, file, maps, errors[i]);
    return no_cause;
}

struct why
why_newidmap(const char *program, int proc, pid_t pid, const struct id_maps *maps, const char *said)
{
    struct why why = find_why_newidmap(program, proc, pid, maps, said);

    return is_found(why)
               ? why
               : why_unknown(strcmp(program, "newgidmap") == 0 ? "1 newgidmap" : "1 newuidmap");
}

/* ---- capabilities --------------------------------------------------------------------------- */

/* "cap_chown" for the first capability in SET. */
static const char *
first_name(uint64_t set)
{
    const char *name = set == 0 ? NULL : cap_name(__builtin_ctzll(set));

    return name == NULL ? "a capability that has no name here" : name;
}

/* What we do (CALL) takes a capability (NAME) that we do not have: where to get it depends on who we
 * are. */
static struct why
say_given_up(const char *call, const char *name)
{
    struct why why = say_missing(call, name);

    if (ids_are_mapped() && geteuid() == 0)
        snprintf(why.hint, sizeof why.hint, "do it before 08-capset, which drops that capability");
    return why;
}

struct why
why_bounding_drop(const struct capabilities *was, int capability)
{
    int error = errno;
    struct why why = why_unknown("2 prctl");
    const char *name = first_name(UINT64_C(1) << capability);
    char call[128];

    snprintf(call, sizeof call, "to drop %s from the bounding set (CapBnd) one", name);
    if (seccomp_refuses(SYS_prctl, PR_CAPBSET_DROP))
        why = say_seccomp("prctl(PR_CAPBSET_DROP)");
    else if (error == EPERM && !have_capability(CAP_SETPCAP)) {
        why = say_missing(call, "CAP_SETPCAP");
        if (ids_are_mapped() && geteuid() == 0)
            snprintf(
                why.hint, sizeof why.hint,
                "both at once, in the step that has dropped cap_setpcap: 08-capset --drop %s,cap_setpcap",
                name);
        else if (ids_are_mapped())
            snprintf(why.hint, sizeof why.hint,
                     "as root, or in a user namespace of your own: 07-userns-map -- 08-capset ...");
        if ((was->effective >> CAP_SETPCAP) & 1)
            why = say_why("prctl(PR_CAPBSET_DROP) first, then capset(2)",
                          "%s needs CAP_SETPCAP, and the capset(2) before has given that up", call);
    }
    errno = error;
    return why;
}

/* The rules of cap_capset(), in its order. WANTED is what was to be, HAVE is what still is. */
static struct why
find_why_capset(const struct capabilities *wanted, const struct capabilities *have)
{
    int count = cap_count();
    uint64_t known = count == 0 ? 0 : UINT64_MAX >> (64 - count); /* the kernel ignores others */
    uint64_t inheritable = wanted->inheritable & ~have->inheritable & known;
    uint64_t permitted = wanted->permitted & ~have->permitted & known;
    uint64_t effective = wanted->effective & ~wanted->permitted & known;

    if ((inheritable & ~have->permitted) && !have_capability(CAP_SETPCAP))
        return say_why("only what CapPrm has, in inheritable",
                       "%s is not in the permitted set (CapPrm): without CAP_SETPCAP it cannot "
                       "become inheritable",
                       first_name(inheritable & ~have->permitted));
    if (inheritable & ~have->bounding)
        return say_why("only what CapBnd has, in inheritable",
                       "%s is not in the bounding set (CapBnd), so it cannot become inheritable",
                       first_name(inheritable & ~have->bounding));
    if (permitted)
        return say_why("only what CapPrm has, in permitted",
                       "%s is not in the permitted set (CapPrm): what is gone from there does not "
                       "come back",
                       first_name(permitted));
    if (effective)
        return say_why("take it out of effective as well, or leave it in permitted",
                       "%s would be effective without being permitted", first_name(effective));
    return no_cause;
}

struct why
why_capset(const struct capabilities *wanted)
{
    int error = errno;
    struct capabilities have = read_capabilities();
    struct why why = error == EPERM ? find_why_capset(wanted, &have) : no_cause;

    if (seccomp_refuses(SYS_capset, 0))
        why = say_seccomp("capset(2)");
    errno = error;
    return is_found(why) ? why : why_unknown("2 capset");
}

struct why
why_no_new_privs(void)
{
    int error = errno;
    struct why why = seccomp_refuses(SYS_prctl, PR_SET_NO_NEW_PRIVS)
                         ? say_seccomp("prctl(PR_SET_NO_NEW_PRIVS)")
                         : why_unknown("2 prctl");

    errno = error;
    return why;
}

/* ---- becoming somebody else ----------------------------------------------------------------- */

/* To take ID, a KIND of id ("uid") that TARGET has, one needs a capability. */
static struct why
say_other_id(const struct target *target, const char *kind, uint32_t id)
{
    bool is_gid = strcmp(kind, "gid") == 0;
    char call[128];

    if (have_capability(is_gid ? CAP_SETGID : CAP_SETUID))
        return no_cause;
    snprintf(call, sizeof call, "to take %s %" PRIu32 ", as process %d has it, one", kind, id,
             (int)target->pid);
    return say_given_up(call, is_gid ? "CAP_SETGID" : "CAP_SETUID");
}

/* Which of the calls of take_identity (join.c) and set_capabilities (caps.c) was it? The first whose
 * effect is not there. */
static struct why
find_why_identity(const struct target *target)
{
    struct capabilities own = read_capabilities();
    uint64_t more = own.bounding & ~target->caps.bounding;
    uint64_t ambient = target->caps.ambient & own.permitted & own.inheritable & ~own.ambient;
    int securebits = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
    uid_t uid[3];
    gid_t gid[3];
    char call[128];

    getresuid(&uid[0], &uid[1], &uid[2]);
    getresgid(&gid[0], &gid[1], &gid[2]);
    if (target->ids_mapped && seccomp_refuses(SYS_prctl, PR_SET_KEEPCAPS))
        return say_seccomp("prctl(PR_SET_KEEPCAPS)");
    if (target->ids_mapped && (securebits & SECBIT_KEEP_CAPS_LOCKED))
        return say_why("from a process without it: capsh --print shows the securebits",
                       "the securebit keep_caps_locked is set, so a change of uid would take our "
                       "capabilities away: prctl(PR_SET_KEEPCAPS) is refused");
    if (target->ids_mapped && seccomp_refuses(SYS_setresgid, 0))
        return say_seccomp("setresgid(2)");
    if (target->ids_mapped && memcmp(gid, target->gid, sizeof gid) != 0)
        return say_other_id(target, "gid", target->gid[1]);
    if (target->ids_mapped && seccomp_refuses(SYS_setresuid, 0))
        return say_seccomp("setresuid(2)");
    if (target->ids_mapped && memcmp(uid, target->uid, sizeof uid) != 0)
        return say_other_id(target, "uid", target->uid[1]);
    if (target->no_new_privs && seccomp_refuses(SYS_prctl, PR_SET_NO_NEW_PRIVS))
        return say_seccomp("prctl(PR_SET_NO_NEW_PRIVS)");
    if (seccomp_refuses(SYS_capset, 0))
        return say_seccomp("capset(2)");
    if (more != 0 && seccomp_refuses(SYS_prctl, PR_CAPBSET_DROP))
        return say_seccomp("prctl(PR_CAPBSET_DROP)");
    if (more != 0 && !have_capability(CAP_SETPCAP)) {
        snprintf(call, sizeof call, "process %d has no %s in its bounding set, and to drop it one",
                 (int)target->pid, first_name(more));
        return say_given_up(call, "CAP_SETPCAP");
    }
    if (ambient != 0 && (securebits & SECBIT_NO_CAP_AMBIENT_RAISE))
        return say_why("from a process without it: capsh --print shows the securebits",
                       "process %d has %s in its ambient set, and our securebit "
                       "no_cap_ambient_raise forbids us to raise it",
                       (int)target->pid, first_name(ambient));
    return no_cause;
}

struct why
why_identity(const struct step *step)
{
    int error = errno;
    struct why why = find_why_identity(&step->target);

    errno = error;
    return is_found(why) ? why : why_unknown("7 capabilities");
}

struct why
why_become(const struct step *step, uid_t uid, gid_t gid)
{
    int error = errno;
    bool is_gid = getegid() != gid; /* setresgid(2) comes first */
    struct why why = why_unknown("2 setresuid");

    if (seccomp_refuses(SYS_setresgid, 0) || seccomp_refuses(SYS_setresuid, 0))
        why = say_seccomp(seccomp_refuses(SYS_setresgid, 0) ? "setresgid(2)" : "setresuid(2)");
    else if (error == EPERM && step->joining && !have_capability(is_gid ? CAP_SETGID : CAP_SETUID))
        why = say_why("07-userns-map before 08-capset, which drops it",
                      "to become %s %u takes %s, and process %d (%s), which we join, has given it "
                      "up in this user namespace",
                      is_gid ? "gid" : "uid", is_gid ? gid : uid,
                      is_gid ? "CAP_SETGID" : "CAP_SETUID", (int)step->from.pid, step->from.step);
    errno = error;
    return why;
}
