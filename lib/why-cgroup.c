/*
 * why-cgroup.c - why could a cgroup not be made, a limit not be written, a process not be moved? In the
 * order in which the kernel checks: kernel/cgroup/cgroup.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "why.h"

static struct why
find_why_cgroup(const char *file, const char *value, int error)
{
    char controller[32];

    snprintf(controller, sizeof controller, "%.*s", (int)strcspn(file, "."), file);
    if (error == ENOENT && strcmp(controller, "cgroup") != 0) {
        char text[4096], wanted[40];
        const char *line = NULL;

        if (read_file_at(AT_FDCWD, "/proc/cgroups", text, sizeof text) > 0) {
            snprintf(wanted, sizeof wanted, "\n%s\t", controller);
            line = strstr(text, wanted);
        }
        if (line != NULL && strtol(line + strlen(wanted), NULL, 10) != 0)
            return say_why(
                "a file that needs no controller, such as cgroup.max.descendants=4; or boot "
                "with systemd.unified_cgroup_hierarchy=1, which gives it to cgroup v2",
                "cgroup v1 holds the %s controller on this machine (/proc/cgroups)", controller);
        return say_why(
            "cat cgroup.controllers at the cgroup2 mount point: these are its controllers",
            "no controller of cgroup v2 here has a file %s", file);
    }
    if (error == ENOENT)
        return say_why("ls the directory to see the core files", "cgroup v2 has no file %s here",
                       file);
    if (error == EINVAL || error == ERANGE)
        return say_why("Documentation/admin-guide/cgroup-v2.rst tells what it takes",
                       "the kernel does not take \"%s\" for %s", value, file);
    if (strcmp(file, "mkdir") == 0 && error == EAGAIN)
        return say_why("raise cgroup.max.descendants or cgroup.max.depth above it",
                       "a limit on the number of cgroups is reached here or in an ancestor");
    if (error == EACCES && strcmp(file, "cgroup.procs") == 0)
        return say_why(
            "systemd-run --user --scope -p Delegate=yes bash, and in that shell again",
            "to move a process one must be able to write cgroup.procs of the common ancestor "
            "of its old and its new cgroup");
    if (error == EACCES)
        return say_why("take a file that is writable", "%s is read-only, or not ours to write",
                       file);
    if (error == EBUSY)
        return say_why(
            "move the processes into a leaf of it first",
            "a cgroup that has processes of its own gives no controllers to its children "
            "(the no internal processes rule)");
    return why_unknown("7 cgroups");
}

struct why
why_cgroup(const char *file, const char *value)
{
    int error = errno;
    struct why why = find_why_cgroup(file, value, error);

    errno = error;
    return why;
}

struct why
why_no_cgroup(void)
{
    int error = errno;
    struct why why = why_unknown("7 cgroups");

    if (access("/proc/self", F_OK) == -1)
        why = say_no_proc();
    else if (error == ENOENT)
        why = say_why("as root: mount -t cgroup2 none DIR",
                      "no file system of type cgroup2 is mounted here (/proc/self/mountinfo)");
    else if (error == EACCES)
        why = say_why(
            "systemd-run --user --scope -p Delegate=yes bash, and in that shell again (in a login "
            "of your own, not after su)",
            "no cgroup from the mount point down to ours belongs to uid %u: nothing is "
            "delegated to it",
            geteuid());
    errno = error;
    return why;
}
