/*
 * why-cgroup.c - why could a cgroup not be made, a controller not be enabled, a process not be moved?
 * In the order in which the kernel checks, kernel/cgroup/cgroup.c; the names of its functions are
 * beside the questions. What is written to the files of a cgroup is in why-limit.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "why.h"

/* CGROUP2_SUPER_MAGIC in statfs(2). */
enum { CGROUP2_MAGIC = 0x63677270 };

static const char systemd_run[] =
    "systemd-run --user --scope -p Delegate=yes bash, and in that shell again (in a login of your own, "
    "not after su)";

/* ---- looking at cgroups ----------------------------------------------------------------------- */

struct place
look_at_cgroup(const struct step *step, int dir)
{
    struct place at = {.dir = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    char link[32];
    ssize_t length = -1;

    if (step->proc_self != -1) {
        snprintf(link, sizeof link, "fd/%d", at.dir);
        length = readlinkat(step->proc_self, link, at.path, sizeof at.path - 1);
    }
    snprintf(at.path + (length > 0 ? length : 0), 16, "%s", length > 0 ? "" : "the cgroup");
    return at;
}

/* From AT to its parent. False, and AT stays, where no more is to be seen: at the mount point. */
static bool
go_up(struct place *at)
{
    int up = openat(at->dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char *slash = strrchr(at->path, '/');
    struct stat here, above;
    bool same = up != -1 && slash != NULL && slash != at->path && fstat(at->dir, &here) == 0 &&
                fstat(up, &above) == 0 && here.st_dev == above.st_dev;

    if (same) {
        close(at->dir);
        at->dir = up;
        *slash = '\0';
    } else if (up != -1) {
        close(up);
    }
    return same;
}

/* The root of all cgroups: it alone has no cgroup.type. */
static bool
is_root(int dir)
{
    return faccessat(dir, "cgroup.type", F_OK, 0) == -1;
}

/* The number after FIELD in FILE, or the first one when FIELD is "". -1: "max", or no such file. */
static long
count_in(int dir, const char *file, const char *field)
{
    char text[4096];
    const char *at;
    char *end;
    long number;

    if (read_file_at(dir, file, text, sizeof text) == -1 || (at = strstr(text, field)) == NULL)
        return -1;
    at += strlen(field);
    number = strtol(at, &end, 10);
    return end == at ? -1 : number;
}

/* The first line of FILE into TEXT; "" when it cannot be read. */
static const char *
read_line(int dir, const char *file, char *text, size_t size)
{
    if (read_file_at(dir, file, text, size) == -1)
        text[0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return text;
}

static bool
is_listed(int dir, const char *file, const char *word)
{
    char list[1024];

    return has_word(read_line(dir, file, list, sizeof list), word);
}

/* The first controller that DIR gives to those below it and that is for domains only, or NULL. Four are
 * for threads, too: "Threads" in Documentation/admin-guide/cgroup-v2.rst. NAME has 32 bytes. */
static const char *
find_domain_controller(int dir, char *name)
{
    char list[256], *rest = list, *word;

    read_line(dir, "cgroup.subtree_control", list, sizeof list);
    while ((word = strsep(&rest, " ")) != NULL)
        if (word[0] != '\0' && !has_word("cpu cpuset perf_event pids", word)) {
            snprintf(name, 32, "%s", word);
            return name;
        }
    return NULL;
}

/* ---- find a place for the cgroup: open_cgroup_base --------------------------------------------- */

/* Does /proc/filesystems have "nodev<TAB>cgroup2"? */
static bool
kernel_has_cgroup2(void)
{
    char text[4096];

    return read_file_at(AT_FDCWD, "/proc/filesystems", text, sizeof text) == -1 ||
           strstr(text, "\tcgroup2\n") != NULL;
}

static struct why
find_why_no_cgroup(const struct step *step, int error)
{
    char path[4096], root[4096], own[4096] = "";
    struct statfs fs;
    struct id_map map;

    if (step->no_proc != NULL)
        return say_why("02-mountproc mounts one",
                       "%s, and where cgroup v2 is mounted is found in there", step->no_proc);
    if (error == EMFILE || error == ENFILE)
        return say_files(error);
    if (find_cgroup2(path, root, sizeof path) == -1)
        return kernel_has_cgroup2()
                   ? say_why("05-cgroup before 03-chroot or 04-pivot_root; or as root: "
                             "mount -t cgroup2 none DIR",
                             "no filesystem of type cgroup2 is mounted here (/proc/self/mountinfo)")
                   : say_why("another kernel: make vm",
                             "this kernel has no filesystem cgroup2 (/proc/filesystems)");
    if (statfs(path, &fs) == 0 && fs.f_type != CGROUP2_MAGIC)
        return say_why("as root: mount -t cgroup2 none DIR, in a mount namespace of your own",
                       "something else is mounted over cgroup v2, on %s or above it", path);
    if (error == EROFS)
        return say_why("do this outside of the container, or as root: mount -t cgroup2 none DIR",
                       "cgroup v2 is mounted read-only, on %s", path);
    if (error == EACCES && access(path, X_OK) == -1)
        return say_why("as root: chmod a+x, for each directory on the way to it",
                       "uid %u may not enter the directory %s", geteuid(), path);
    read_cgroup_path(AT_FDCWD, "/proc/self/cgroup", own, sizeof own);
    if (strncmp(root, "/..", 3) == 0 || strncmp(own, "/..", 3) == 0)
        return say_why(
            "05-cgroup before 01-unshare --cgroup",
            "we are in a cgroup namespace in which our own cgroup, %s, cannot be found: what is "
            "mounted on %s is %s",
            own, path, root);
    if (error == EACCES && read_id_map(AT_FDCWD, "/proc/self/uid_map", &map) == 0 &&
        map.count > 0 && map.range[0].count != UINT32_MAX)
        return say_why(
            "05-cgroup before the user namespace: 05-cgroup NAME ... -- 07-userns-map -- ...; an ordinary "
            "user in a shell of: systemd-run --user --scope -p Delegate=yes bash",
            "uid %u of this user namespace is uid %lld outside, and no cgroup from %s down to ours "
            "belongs to that one",
            geteuid(), (long long)id_outside(&map, geteuid()), path);
    if (error == EACCES)
        return say_why(
            systemd_run,
            "no cgroup from %s down to ours, %s, belongs to uid %u: nothing is delegated "
            "to it",
            path, own, geteuid());
    return why_unknown("7 cgroups");
}

struct why
why_no_cgroup(const struct step *step)
{
    int error = errno;
    struct why why = find_why_no_cgroup(step, error);

    errno = error;
    return why;
}

/* ---- mkdir ------------------------------------------------------------------------------------- */

/* cgroup_check_hierarchy_limits: from the parent of the new cgroup upwards, is there room for one more? */
static struct why
find_full_ancestor(struct place at)
{
    long limit, below, level = 0;
    char hint[300];

    do {
        limit = count_in(at.dir, "cgroup.max.descendants", "");
        below = count_in(at.dir, "cgroup.stat", "nr_descendants ");
        if (limit != -1 && below >= limit) {
            snprintf(
                hint, sizeof hint,
                "remove a cgroup below it (rmdir), or: echo max > %.200s/cgroup.max.descendants",
                at.path);
            return say_why(
                hint,
                "%s/cgroup.max.descendants is %ld, and that one has %ld cgroup%s below it "
                "already",
                at.path, limit, below, below == 1 ? "" : "s");
        }
        limit = count_in(at.dir, "cgroup.max.depth", "");
        if (limit != -1 && level >= limit) {
            snprintf(hint, sizeof hint, "echo max > %.200s/cgroup.max.depth", at.path);
            return say_why(hint,
                           "%s/cgroup.max.depth is %ld, and the new cgroup would be %ld level%s "
                           "below that one",
                           at.path, limit, level + 1, level == 0 ? "" : "s");
        }
        level++;
    } while (go_up(&at));
    if (is_root(at.dir))
        return why_unknown("7 cgroups");
    /* Nothing but these limits makes mkdir(2) say EAGAIN: cgroup_mkdir. */
    return say_why("ask whoever has made this container, or cgroup namespace",
                   "a cgroup above %s, which cannot be seen from here, allows no more below it "
                   "(cgroup.max.descendants or cgroup.max.depth)",
                   at.path);
}

struct why
why_mkdir(const struct step *step, int base)
{
    int error = errno;
    struct why why = why_unknown("7 cgroups");

    if (error == EMFILE || error == ENFILE)
        why = say_files(error);
    else if (error == EAGAIN)
        why = find_full_ancestor(look_at_cgroup(step, base));
    else if (error == ENOENT || error == ENODEV)
        why = say_why("again", "somebody has removed the cgroup above a moment ago");
    errno = error;
    return why;
}

/* ---- enable a controller: cgroup_subtree_control_write ---------------------------------------- */

struct controller {
    bool known, off; /* has the kernel one of that name? cgroup_disable=NAME */
    long hierarchy;  /* of cgroup v1 that holds it, 0: none */
};

/* From /proc/cgroups: "pids<TAB>HIERARCHY<TAB>NUMBER<TAB>ENABLED". What v1 calls blkio is v2's io. */
static struct controller
look_up_controller(const char *name)
{
    struct controller found = {.known = false};
    char text[4096], *rest = text, *line, its[64];
    int enabled;

    if (read_file_at(AT_FDCWD, "/proc/cgroups", text, sizeof text) == -1)
        return found;
    while ((line = strsep(&rest, "\n")) != NULL && !found.known) {
        found.known = sscanf(line, "%63s %ld %*d %d", its, &found.hierarchy, &enabled) == 3 &&
                      strcmp(strcmp(its, "blkio") == 0 ? "io" : its, name) == 0;
        found.off = found.known && !enabled;
    }
    if (!found.known)
        found.hierarchy = 0;
    return found;
}

/* Where is the hierarchy of cgroup v1 mounted that holds CONTROLLER? Its ROOT, too; both of 4096 bytes. */
static bool
find_v1_mount(const char *controller, char *path, char *root)
{
    struct mounts mounts;
    bool found = false;

    read_shown_mounts(&mounts);
    for (int i = 0; i < mounts.count && !found; i++) {
        const struct mount *mount = &mounts.mount[i];

        found = strcmp(mount->type, "cgroup") == 0 && has_option(mount->fs_options, controller);
        if (found) {
            snprintf(path, 4096, "%s", mount->point);
            snprintf(root, 4096, "%s", mount->root);
        }
    }
    free_mounts(&mounts);
    return found;
}

/* The cgroup AT has no such controller: which one above it does not hand it down? */
static struct why
find_ancestor_without(struct place at, const char *controller)
{
    char hint[300], where[4096];

    snprintf(where, sizeof where, "%s", at.path);
    while (go_up(&at)) {
        if (is_listed(at.dir, "cgroup.controllers", controller)) {
            snprintf(hint, sizeof hint, "as root: echo +%s > %.200s/cgroup.subtree_control",
                     controller, at.path);
            return say_why(
                hint,
                "%s has the %s controller (cgroup.controllers), but does not give it to "
                "the cgroups below it (cgroup.subtree_control), and so %s has not got it",
                at.path, controller, where);
        }
    }
    if (is_root(at.dir))
        return why_unknown("7 cgroups");
    return say_why("ask whoever has made this container, or cgroup namespace",
                   "a cgroup above %s, which cannot be seen from here, does not give the %s "
                   "controller to those below it",
                   at.path, controller);
}

static struct why
find_absent_controller(struct place at, const char *controller, int error)
{
    struct controller known = look_up_controller(controller);
    char path[4096], root[4096], list[256];

    if (known.off)
        return say_why("boot without that",
                       "this kernel was told cgroup_disable=%s when it was booted (/proc/cgroups)",
                       controller);
    if (error == EINVAL && known.known)
        return say_why("cgroups(7) tells what takes its place",
                       "the %s controller is one of cgroup v1 only", controller);
    if (error == ENOENT && known.hierarchy != 0) {
        bool mounted =
            find_v1_mount(strcmp(controller, "io") == 0 ? "blkio" : controller, path, root);

        return say_why(
            "make vm: in that machine v2 has them all; or a file that needs no controller, such as "
            "cgroup.max.descendants=4; or boot with cgroup_no_v1=all",
            "cgroup v1 holds the %s controller on this machine (hierarchy %ld in /proc/cgroups%s%s), "
            "and v2 cannot have it at the same time",
            controller, known.hierarchy, mounted ? ", mounted on " : "", mounted ? path : "");
    }
    if (error == ENOENT)
        return find_ancestor_without(at, controller);
    while (go_up(&at))
        ;
    snprintf(path, sizeof path, "%.4000s/cgroup.controllers", at.path);
    return say_why("cgroups(7) lists the controllers, and the files that begin with \"cgroup.\"",
                   "no controller of cgroup v2 is called \"%s\"; %s lists: %s", controller, path,
                   read_line(AT_FDCWD, path, list, sizeof list));
}

/* What to type so that a cgroup has no processes of its own. While it hands down the controllers in LIST,
 * the leaf would take none. */
static const char *
say_move_to_leaf(const char *where, const char *list, char *hint, size_t size)
{
    char copy[256], minus[300] = "", *rest = copy, *word;
    size_t used = 0;

    snprintf(copy, sizeof copy, "%s", list);
    while ((word = strsep(&rest, " ")) != NULL)
        if (word[0] != '\0' && used < sizeof minus)
            used += (size_t)snprintf(minus + used, sizeof minus - used, "%s-%s",
                                     used == 0 ? "" : " ", word);
    snprintf(hint, size,
             "cd %.120s; %s%.60s%smkdir leaf; for p in $(cat cgroup.procs); do echo $p "
             ">leaf/cgroup.procs; done",
             where, used == 0 ? "" : "echo ", minus, used == 0 ? "" : " >cgroup.subtree_control; ");
    return hint;
}

/* No internal processes: cgroup_vet_subtree_control_enable. */
static struct why
say_has_processes(struct place at, const char *controller)
{
    char text[65536], *rest = text, *line, name[32] = "?", path[64], hint[300];
    long pid = 0, count = 0, next;

    if (read_file_at(at.dir, "cgroup.procs", text, sizeof text) == -1 && errno != EFBIG)
        return why_unknown("7 cgroups");
    /* One to name: not this step or its janitor, if there are others. */
    while ((line = strsep(&rest, "\n")) != NULL && line[0] != '\0') {
        next = strtol(line, NULL, 10);
        if (pid == 0 || strncmp(name, "05-", 3) == 0) {
            pid = next;
            snprintf(path, sizeof path, "/proc/%ld/comm", pid);
            read_line(AT_FDCWD, path, name, sizeof name);
        }
        count++;
    }
    if (count == 0)
        return why_unknown("7 cgroups");
    return say_why(
        say_move_to_leaf(at.path, "", hint, sizeof hint),
        "%s has %ld process%s of its own (pid %ld, %s), and a cgroup with processes may not give the %s "
        "controller to those below it (the rule of no internal processes)",
        at.path, count, count == 1 ? "" : "es", pid, name, controller);
}

struct child {
    const char *type; /* wanted: how its cgroup.type begins, */
    bool populated;   /* and only one with processes */
    char name[256];   /* found */
};

static bool
look_for_child(int dir, const char *name, void *argument)
{
    struct child *wanted = argument;
    int cgroup = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char type[32];
    bool found = false;

    if (cgroup != -1) {
        read_line(cgroup, "cgroup.type", type, sizeof type);
        found = strncmp(type, wanted->type, strlen(wanted->type)) == 0 &&
                (!wanted->populated || count_in(cgroup, "cgroup.events", "populated ") == 1);
        close(cgroup);
    }
    if (found)
        snprintf(wanted->name, sizeof wanted->name, "%s", name);
    return !found;
}

/* The cgroup AT belongs to a subtree for threads. How has it come to that? WHAT can not be
 * done there. cgroup_is_thread_root, cgroup_is_threaded, cgroup_is_valid_domain. */
static struct why
say_threads(struct place at, const char *what)
{
    struct child child = {.type = "threaded"};
    char type[32], list[256], hint[300];

    read_line(at.dir, "cgroup.type", type, sizeof type);
    if (strcmp(type, "domain threaded") != 0)
        return say_why("ask whoever gave it to you for one whose cgroup.type is \"domain\"",
                       "cgroup.type of %s is \"%s\", so it is for threads, and %s", at.path, type,
                       what);
    for_each_child(at.dir, look_for_child, &child);
    if (child.name[0] != '\0') {
        snprintf(hint, sizeof hint, "rmdir %.150s/%.100s, or take another cgroup", at.path,
                 child.name);
        return say_why(
            hint, "cgroup.type of %s is \"domain threaded\", because %s in it is threaded, and %s",
            at.path, child.name, what);
    }
    read_line(at.dir, "cgroup.subtree_control", list, sizeof list);
    return say_why(
        say_move_to_leaf(at.path, list, hint, sizeof hint),
        "cgroup.type of %s is \"domain threaded\", because it has processes of its own and "
        "gives controllers (%s) to the cgroups below, and %s",
        at.path, list, what);
}

struct why
say_not_threaded(const struct step *step, int cgroup)
{
    struct place above = look_at_cgroup(step, cgroup);
    struct child child = {.type = "domain", .populated = true};
    char type[32], controller[32];

    /* cgroup_enable_threaded and, for the one above, cgroup_can_be_thread_root. */
    if (find_domain_controller(cgroup, controller) != NULL)
        return say_why(
            "leave that controller out of cgroup.subtree_control",
            "the new cgroup gives the %s controller to those below it, which cannot be shared "
            "by threads",
            controller);
    if (!go_up(&above) || is_root(above.dir))
        return why_unknown("7 cgroups");
    if (strcmp(read_line(above.dir, "cgroup.type", type, sizeof type), "domain invalid") == 0)
        return say_threads(above, "what is made in it cannot join it");
    for_each_child(above.dir, look_for_child, &child);
    if (child.name[0] != '\0')
        return say_why("take another cgroup, or leave cgroup.type=threaded out",
                       "a threaded cgroup shares what the one above it has, %s, and that one has a "
                       "cgroup %s with processes that is not threaded",
                       above.path, child.name);
    return why_unknown("7 cgroups");
}

struct why
why_enable(const struct step *step, int base, const char *file)
{
    int error = errno;
    struct why why = why_unknown("7 cgroups");
    struct place at = look_at_cgroup(step, base);
    char controller[32], type[32], what[100];

    snprintf(controller, sizeof controller, "%.*s", (int)strcspn(file, "."), file);
    snprintf(what, sizeof what, "no cgroup below it can have the %s controller", controller);
    read_line(base, "cgroup.type", type, sizeof type);
    if (error == EMFILE || error == ENFILE)
        why = say_files(error);
    else if ((error == EINVAL || error == ENOENT) && is_v1_file(file))
        why = say_v1_file(file);
    else if (error == ENOENT ||
             (error == EINVAL && !is_listed(base, "cgroup.controllers", controller)))
        why = find_absent_controller(at, controller, error);
    else if (error == EOPNOTSUPP && strcmp(type, "domain") != 0)
        why = say_threads(at, what);
    else if (error == EBUSY)
        why = say_has_processes(at, controller);
    errno = error;
    return why;
}

/* ---- moving into a cgroup: cgroup_attach_permissions ------------------------------------------ */

/* Nothing but a mount option makes the write of "0" say ENOENT: cgroup_procs_write_permission. */
static struct why
say_nsdelegate(const char *where)
{
    return say_why(
        "05-cgroup before 01-unshare --cgroup; and join from outside of the container",
        "cgroup v2 is mounted with nsdelegate, so nobody goes over the border of a cgroup "
        "namespace, and %s is on its other side",
        where);
}

struct why
why_entered(const struct step *step, int cgroup)
{
    int error = errno;
    struct why why = why_unknown("7 cgroups");
    struct place at = look_at_cgroup(step, cgroup);
    char list[256], type[32];

    read_line(cgroup, "cgroup.type", type, sizeof type);
    read_line(cgroup, "cgroup.subtree_control", list, sizeof list);
    if (error == EMFILE || error == ENFILE)
        why = say_files(error);
    else if (error == ENODEV ||
             (error == ENOENT && faccessat(cgroup, "cgroup.procs", F_OK, 0) == -1))
        why = say_why("again", "somebody has removed %s a moment ago", at.path);
    else if (error == ENOENT)
        why = say_nsdelegate(at.path);
    else if (error == EOPNOTSUPP && strcmp(type, "domain invalid") == 0 && go_up(&at))
        why = say_threads(at, "what is made below it takes no processes");
    else if (error == EBUSY && list[0] != '\0')
        why = say_why(
            "leave cgroup.subtree_control out: COMMAND can make a cgroup below, move into that, and write it then",
            "%s gives controllers (%s) to those below it, and a cgroup that does takes no "
            "processes (the rule of no internal processes)",
            at.path, list);
    errno = error;
    return why;
}

struct why
why_open_cgroup(const struct target *target, const char *path, const char *its)
{
    int error = errno;
    struct why why = why_unknown("7 cgroups");
    char mount_point[4096], root[4096];

    if (error == EMFILE || error == ENFILE)
        why = say_files(error);
    else if (error == ENOENT && find_cgroup2(mount_point, root, sizeof root) == -1)
        why = say_why("as root: mount -t cgroup2 none DIR",
                      "process %d is in the cgroup %s, and no cgroup v2 is mounted here",
                      (int)target->pid, its);
    else if (error == ENOENT)
        why = say_why(
            "do this outside of that container or cgroup namespace",
            "process %d is in the cgroup %s, which cannot be seen from here: what is mounted "
            "on %s is %s",
            (int)target->pid, its, mount_point, root);
    else if (error == EROFS)
        why =
            say_why("do this outside of the container",
                    "process %d is in another cgroup, %s, and cgroup v2 is mounted read-only here",
                    (int)target->pid, path);
    else if (error == EACCES)
        why = say_why(
            "",
            "process %d is in another cgroup, and uid %u may not write %s/cgroup.procs to move "
            "there",
            (int)target->pid, geteuid(), path);
    errno = error;
    return why;
}

struct why
why_join_cgroup(const struct step *step)
{
    const struct target *target = &step->target;
    int error = errno;
    struct why why = target->cgroup_why;

    if (target->cgroup_error == 0) {
        why = why_unknown("7 cgroups");
        if (error == EACCES)
            why = say_why("",
                          "to move there one must be allowed to write %s, in the cgroup above both",
                          target->cgroup_ancestor);
        else if (error == ENOENT)
            why = say_nsdelegate(look_at_cgroup(step, target->cgroup).path);
        else if (error == ENODEV)
            why = say_why("again", "somebody has removed the cgroup of process %d a moment ago",
                          (int)target->pid);
    }
    if (why.because[0] == '\0')
        why = why_unknown("7 cgroups");
    else if (why.hint[0] == '\0' && step->joining)
        snprintf(why.hint, sizeof why.hint,
                 "all steps in one login; or its namespaces without its cgroup: 06-nsenter - --all "
                 "--root");
    else if (why.hint[0] == '\0')
        snprintf(why.hint, sizeof why.hint,
                 "without its cgroup: 06-nsenter --target %d --all --root", (int)target->pid);
    errno = error;
    return why;
}

/* ---- fork: pids_can_fork in kernel/cgroup/pids.c ----------------------------------------------- */

/* From the cgroup AT upwards: has one as many processes as its pids.max allows? */
static bool
find_pids_max(struct place at, struct why *why)
{
    char hint[300];
    long limit, count;

    if (at.dir == -1)
        return false;
    do {
        limit = count_in(at.dir, "pids.max", "");
        count = count_in(at.dir, "pids.current", "");
        if (limit != -1 && count >= limit) {
            close(at.dir);
            snprintf(
                hint, sizeof hint,
                "a larger pids.max for 05-cgroup (each step in the cgroup counts), or: echo %ld > "
                "%.180s/pids.max",
                limit + 32, at.path);
            *why = say_why(
                hint,
                "pids.max of the cgroup %s is %ld, and pids.current is %ld already (each thread counts)",
                at.path, limit, count);
            return true;
        }
    } while (go_up(&at));
    close(at.dir);
    return false;
}

void
look_at_pids_max(struct step *step, int cgroup)
{
    if (!find_pids_max(look_at_cgroup(step, cgroup), &step->pids_max))
        step->pids_max.because[0] = '\0';
}

/* The same for the cgroup that is called PATH. */
static bool
find_pids_max_in(const char *path, struct why *why)
{
    struct place at = {.dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};

    snprintf(at.path, sizeof at.path, "%s", path);
    return find_pids_max(at, why);
}

/* The same for the cgroup of v1 that we are in: in /proc/self/cgroup its line is "8:pids:/PATH". */
static bool
find_pids_max_v1(struct why *why)
{
    char text[8192], path[4096], root[4096], name[8300], *line, *end;
    size_t length;

    if (!find_v1_mount("pids", path, root) ||
        read_file_at(AT_FDCWD, "/proc/self/cgroup", text, sizeof text) == -1 ||
        (line = strstr(text, ":pids:")) == NULL)
        return false;
    line += strlen(":pids:");
    end = strchrnul(line, '\n');
    *end = '\0';
    length = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (strncmp(line, root, length) != 0)
        return false;
    snprintf(name, sizeof name, "%s%s", path, strcmp(line + length, "/") == 0 ? "" : line + length);
    return find_pids_max_in(name, why);
}

bool
why_pids_max(const struct step *step, struct why *why)
{
    char own[4096], path[8300];

    if (step->pids_max.because[0] != '\0') {
        *why = step->pids_max;
        return true;
    }
    if (find_pids_max_v1(why))
        return true;
    if (read_cgroup_path(AT_FDCWD, "/proc/self/cgroup", own, sizeof own) == -1 ||
        find_cgroup_file(own, "", path, sizeof path) == -1)
        return false;
    *strrchr(path, '/') = '\0';
    return find_pids_max_in(path, why);
}
