/*
 * cgroup.c - plumbing of 05-cgroup: where is cgroup v2, and which controllers? See cgroups(7) and
 * Documentation/admin-guide/cgroup-v2.rst in the kernel's source.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "nsteps.h"

int
find_cgroup2(char *path, char *root, size_t size)
{
    const struct mount *found = NULL;
    struct mounts mounts;

    if (!read_shown_mounts(&mounts))
        return -1;
    /* The first one; and if another one covers it, in the same place, that. */
    for (int i = 0; i < mounts.count; i++)
        if (strcmp(mounts.mount[i].type, "cgroup2") == 0 &&
            (found == NULL || strcmp(mounts.mount[i].point, found->point) == 0))
            found = &mounts.mount[i];
    if (found != NULL && (strlen(found->point) >= size || strlen(found->root) >= size))
        found = NULL;
    if (found != NULL)
        snprintf(path, size, "%s", found->point);
    if (found != NULL && root != NULL)
        snprintf(root, size, "%s", found->root);
    free_mounts(&mounts);
    if (found == NULL)
        errno = ENOENT;
    return found == NULL ? -1 : 0;
}

int
find_cgroup_file(const char *cgroup, const char *file, char *path, size_t size)
{
    char mount_point[4096], root[4096];
    size_t length;

    if (find_cgroup2(mount_point, root, sizeof mount_point) == -1)
        return -1;
    if (strcmp(cgroup, "/") == 0)
        cgroup = "";
    length = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (strncmp(cgroup, root, length) != 0 || (cgroup[length] != '/' && cgroup[length] != '\0') ||
        (size_t)snprintf(path, size, "%s%s/%s", mount_point, cgroup + length, file) >= size) {
        errno = ENOENT;
        return -1;
    }
    return 0;
}

/* May we make cgroups here, and move processes and controllers below it? */
static bool
is_ours(int dir)
{
    return faccessat(dir, ".", W_OK | X_OK, AT_EACCESS) == 0 &&
           faccessat(dir, "cgroup.procs", W_OK, AT_EACCESS) == 0 &&
           faccessat(dir, "cgroup.subtree_control", W_OK, AT_EACCESS) == 0;
}

int
open_cgroup_base(char *path, size_t size)
{
    char own[4096], *rest = own;
    const char *name;
    size_t length;
    int dir;

    if (find_cgroup2(path, NULL, size) == -1 ||
        read_cgroup_path(AT_FDCWD, "/proc/self/cgroup", own, sizeof own) == -1)
        return -1;
    /* From the mount point down to our own cgroup: the first directory that is ours. For root that
     * is the mount point itself; for an ordinary user what systemd has delegated to him. */
    while ((dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) != -1 && !is_ours(dir)) {
        int error = errno == EROFS ? EROFS : EACCES;

        close(dir);
        do
            name = strsep(&rest, "/");
        while (name != NULL && name[0] == '\0');
        length = strlen(path);
        if (error == EROFS || name == NULL || length + strlen(name) + 2 > size) {
            errno = error;
            return -1;
        }
        snprintf(path + length, size - length, "/%s", name);
    }
    return dir;
}

int
read_cgroup_path(int dir, const char *file, char *path, size_t size)
{
    char text[8192];
    char *line = text, *end;

    if (read_file_at(dir, file, text, sizeof text) == -1)
        return -1;
    while (strncmp(line, "0::", 3) != 0) { /* one line a hierarchy; that of v2 is number 0 */
        line = strchr(line, '\n');
        if (line == NULL) {
            errno = ENOENT;
            return -1;
        }
        line++;
    }
    line += strlen("0::");
    end = strchrnul(line, '\n');
    if ((size_t)snprintf(path, size, "%.*s", (int)(end - line), line) >= size) {
        errno = ENAMETOOLONG; /* a part of it would be another cgroup */
        return -1;
    }
    return 0;
}

int
write_file_at(int dir, const char *file, const char *value)
{
    /* Without O_CREAT: a file that is not there must give ENOENT. */
    int fd = openat(dir, file, O_WRONLY | O_CLOEXEC);
    ssize_t written;
    int error;

    if (fd == -1)
        return -1;
    written = write(fd, value, strlen(value));
    error = errno;
    close(fd);
    errno = error;
    return written == (ssize_t)strlen(value) ? 0 : -1;
}

bool
has_word(const char *list, const char *word)
{
    size_t length = strlen(word);

    if (length == 0)
        return false;
    for (const char *at = list; (at = strstr(at, word)) != NULL; at += length)
        if ((at == list || at[-1] == ' ') &&
            (at[length] == '\0' || at[length] == ' ' || at[length] == '\n'))
            return true;
    return false;
}

void
for_each_child(int dir, bool (*work)(int dir, const char *name, void *argument), void *argument)
{
    int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = copy == -1 ? NULL : fdopendir(copy);
    struct dirent *entry;

    if (list == NULL)
        return;
    while ((entry = readdir(list)) != NULL)
        if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
            strcmp(entry->d_name, "..") != 0 && !work(dir, entry->d_name, argument))
            break;
    closedir(list);
}

/* Appends "/NAME/" to the text that ARGUMENT is, for each directory. */
static bool
note_name(int dir, const char *name, void *argument)
{
    char *text = argument;
    size_t used = strlen(text);

    (void)dir;
    if (used + strlen(name) + 3 < MAX_MARK)
        snprintf(text + used, MAX_MARK - used, "/%s/", name);
    return true;
}

/* Is every word of LIST in BEFORE, too? */
static bool
all_in(const char *list, const char *before)
{
    char copy[512], *rest = copy, *word;
    bool all = true;

    snprintf(copy, sizeof copy, "%s", list);
    while ((word = strsep(&rest, " \n")) != NULL)
        all &= word[0] == '\0' || has_word(before, word);
    return all;
}

/* Remembers in an attribute of BASE, for the last janitor, what was enabled (LIST) and which cgroups
 * were there before the first step changed it. If that is not possible, a controller stays enabled,
 * which does no harm. */
static void
mark_base(int base, const char *list)
{
    char mark[MAX_MARK];
    ssize_t length = fgetxattr(base, CGROUP_MARK, mark, sizeof mark - 1);

    if (length > 0) {
        mark[length] = '\0';
        mark[strcspn(mark, "/")] = '\0';
        if (!all_in(list, mark))
            return; /* another step was first, and what it has enabled still is */
    }
    snprintf(mark, sizeof mark, "%s", list);
    for_each_child(base, note_name, mark);
    fsetxattr(base, CGROUP_MARK, mark, strlen(mark), 0);
}

/* Milliseconds. Whoever may read a directory may lock it, for as long as he likes: nobody waits for that for ever. */
enum { LOCK_WAIT = 5000 };

int
lock_cgroup_base(int base)
{
    int lock = openat(base, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), error;

    for (int waited = 0; lock != -1 && flock(lock, LOCK_EX | LOCK_NB) == -1; waited++) {
        if (errno == EINTR || (errno == EWOULDBLOCK && waited < LOCK_WAIT)) {
            poll(NULL, 0, 1);
            continue;
        }
        error = errno;
        close(lock);
        errno = error;
        return -1;
    }
    return lock;
}

void
unlock_cgroup_base(struct step *step)
{
    if (step->lock != -1)
        close(step->lock);
    step->lock = -1;
}

int
enable_controller_of(int base, int cgroup, const char *file)
{
    char list[512], request[64], controller[32];

    if (strcspn(file, ".") >= sizeof controller) {
        errno = EINVAL; /* a part of that name might be another controller's */
        return -1;
    }
    snprintf(controller, sizeof controller, "%.*s", (int)strcspn(file, "."), file);
    if (strcmp(controller, "cgroup") == 0 || strstr(file, ".pressure") != NULL)
        return 0;                             /* core files: they need no controller */
    fsetxattr(cgroup, CGROUP_MARK, "", 0, 0); /* for other janitors: a controller is used here */
    if (read_file_at(base, "cgroup.subtree_control", list, sizeof list) == -1)
        return -1;
    if (has_word(list, controller))
        return 0;
    mark_base(base, list);
    snprintf(request, sizeof request, "+%s", controller);
    return write_file_at(base, "cgroup.subtree_control", request);
}
