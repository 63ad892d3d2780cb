/*
 * why-path.c - why can a directory not be looked up, or entered? As the kernel goes through a path, part
 * by part: path_resolution(7), link_path_walk in fs/namei.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "why.h"

const struct why not_this = {.because = ""};

/* We may not search the directory NAME, of which WHERE tells more. */
static struct why
say_unsearchable(const char *name, const struct stat *where)
{
    char hint[300];
    struct id_map map;
    bool inner = read_id_map(AT_FDCWD, "/proc/self/uid_map", &map) == 0 &&
                 (map.count != 1 || map.range[0].count != UINT32_MAX);

    snprintf(hint, sizeof hint,
             "ls -ld %.150s; keep a new root where everybody may go, such as /tmp or /srv", name);
    return say_why(hint,
                   "%.150s may not be searched by uid %u: its mode is %04o, its owner uid %u%s",
                   name, geteuid(), where->st_mode & 07777, where->st_uid,
                   inner && where->st_uid == 65534
                       ? " (so is shown whoever has no number in this user namespace)"
                       : "");
}

/* The path as far as PREFIX could not be looked up, with ERROR; PARENT, before it, could. */
static struct why
say_part(const char *prefix, const char *parent, int error, const char *hint)
{
    char link[4096], cwd[4096], to_see[300];
    ssize_t length = readlink(prefix, link, sizeof link - 1);
    struct stat where;

    if (error == ENAMETOOLONG)
        return say_why("getconf NAME_MAX / tells how long it may be",
                       "a part of the path is longer than 255 bytes");
    if (length > 0) {
        link[length] = '\0';
        if (error == ELOOP)
            return say_why(
                "ls -l shows where each link leads",
                "%.150s is a symbolic link that leads back to itself, or through more than 40 others",
                prefix);
        if (error == ENOENT)
            return say_why(hint, "%.150s is a symbolic link to %.150s, which is not there", prefix,
                           link);
        snprintf(to_see, sizeof to_see, "namei -l %.200s shows the permissions of each part",
                 prefix);
        return say_why(to_see, "%.150s is a symbolic link to %.150s, and uid %u may not go there",
                       prefix, link, geteuid());
    }
    if (error == EACCES && stat(parent, &where) == 0)
        return say_unsearchable(parent, &where);
    if (error == ENOENT && (prefix[0] == '/' || getcwd(cwd, sizeof cwd) == NULL))
        return say_why(hint, "there is no directory %.300s", prefix);
    if (error == ENOENT)
        return say_why(hint, "there is no directory %.150s in %.200s", prefix, cwd);
    return not_this;
}

bool
is_known(const struct why *why)
{
    return why->because[0] != '\0';
}

struct why
say_path(const char *path, bool enter, const char *hint)
{
    char prefix[8192], parent[8192];
    struct stat where = {.st_nlink = 1}, inside;

    if (path[0] != '/' && stat(".", &where) == 0 && where.st_nlink == 0)
        return say_why("cd to a directory that is there",
                       "the directory in which this was typed has been removed");
    if (strlen(path) > 4095)
        return say_why("cd to a directory on the way there, and type the rest",
                       "a path has 4095 bytes at the most, and this one has %zu", strlen(path));
    snprintf(parent, sizeof parent, "%s", path[0] == '/' ? "/" : ".");
    for (const char *end = path; *end != '\0';) {
        end += strspn(end, "/");
        end += strcspn(end, "/");
        snprintf(prefix, sizeof prefix, "%.*s", (int)(end - path), path);
        if (stat(prefix, &where) == -1)
            return say_part(prefix, parent, errno, hint);
        if (!S_ISDIR(where.st_mode))
            return say_why("name a directory", "%.300s is not a directory", prefix);
        snprintf(parent, sizeof parent, "%s", prefix);
    }
    if (where.st_nlink == 0)
        return say_why("cd to a directory that is there, or name another",
                       "the directory %.300s has been removed", path);
    snprintf(prefix, sizeof prefix, "%s/.", path);
    if (enter && lstat(prefix, &inside) == -1 && errno == EACCES)
        return say_unsearchable(path, &where);
    return not_this;
}

bool
is_path_error(int error)
{
    return error == ENOENT || error == ENOTDIR || error == EACCES || error == ELOOP ||
           error == ENAMETOOLONG;
}
