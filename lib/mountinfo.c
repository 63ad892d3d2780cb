/*
 * mountinfo.c - what is mounted: /proc/PID/mountinfo and fdinfo, proc(5).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "why.h"

/* The whole of FILE below DIR, with memory from malloc(3); NULL: none. */
static char *
read_whole_file(int dir, const char *file)
{
    int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
    size_t used = 0, size = 65536;
    char *text = NULL;
    ssize_t got = 1;

    while (fd != -1 && got > 0) {
        char *larger = realloc(text, size);

        if (larger == NULL)
            break;
        text = larger;
        got = read(fd, text + used, size - used - 1);
        used += got > 0 ? (size_t)got : 0;
        text[used] = '\0';
        if (size - used < 4096)
            size *= 2;
    }
    if (fd != -1)
        close(fd);
    return text;
}

/* In mountinfo a blank in a name is \040, and so on: undoes that in place. */
static void
unescape(char *word)
{
    char *to = word;

    for (const char *from = word; *from != '\0'; to++) {
        if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' &&
            from[2] <= '7' && from[3] >= '0' && from[3] <= '7') {
            *to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + from[3] - '0');
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

/* "27 1 254:0 / /mnt rw,relatime shared:1 master:2 - ext4 /dev/vda rw", cut into pieces in place. */
static bool
parse_mount(char *line, struct mount *mount)
{
    char *words[6], *rest = line, *dash = strstr(line, " - ");

    if (dash == NULL)
        return false;
    *dash = '\0';
    for (int i = 0; i < 6; i++)
        if ((words[i] = strsep(&rest, " ")) == NULL)
            return false;
    mount->id = (int)strtol(words[0], NULL, 10);
    mount->parent = (int)strtol(words[1], NULL, 10);
    unescape(words[3]);
    unescape(words[4]);
    mount->root = words[3];
    mount->point = words[4];
    mount->options = words[5];
    mount->tags = rest != NULL ? rest : "";
    rest = dash + strlen(" - ");
    mount->type = strsep(&rest, " ");
    strsep(&rest, " "); /* the source: "/dev/vda" */
    mount->fs_options = rest != NULL ? rest : "";
    return true;
}

bool
read_mounts_of(int proc, struct mounts *mounts)
{
    char *rest, *line;
    int lines = 0;

    *mounts = (struct mounts){.text = proc == -1 ? NULL : read_whole_file(proc, "mountinfo")};
    if (mounts->text == NULL)
        return false;
    for (line = mounts->text; *line != '\0'; line++)
        lines += *line == '\n';
    mounts->mount = calloc((size_t)lines + 1, sizeof *mounts->mount);
    rest = mounts->text;
    while (mounts->mount != NULL && mounts->count < lines && (line = strsep(&rest, "\n")) != NULL)
        if (parse_mount(line, &mounts->mount[mounts->count]))
            mounts->count++;
    return mounts->mount != NULL;
}

bool
read_shown_mounts(struct mounts *mounts)
{
    int proc = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC), error;
    bool read = read_mounts_of(proc, mounts);

    error = errno;
    if (proc != -1)
        close(proc);
    errno = error;
    return read;
}

bool
read_mounts(const struct step *step, struct mounts *mounts)
{
    int proc = open_own_proc(step);
    bool read = read_mounts_of(proc, mounts);

    if (proc != -1)
        close(proc);
    return read;
}

void
free_mounts(struct mounts *mounts)
{
    free(mounts->mount);
    free(mounts->text);
    *mounts = (struct mounts){.mount = NULL};
}

const struct mount *
find_mount(const struct mounts *mounts, int id)
{
    for (int i = 0; i < mounts->count; i++)
        if (mounts->mount[i].id == id)
            return &mounts->mount[i];
    return NULL;
}

int
mount_id(const struct step *step, int fd)
{
    char file[32], text[512];
    const char *line = NULL;
    int proc = open_own_proc(step);

    snprintf(file, sizeof file, "fdinfo/%d", fd);
    if (proc != -1 && read_file_at(proc, file, text, sizeof text) != -1)
        line = strstr(text, "\nmnt_id:");
    if (proc != -1)
        close(proc);
    return line == NULL ? -1 : (int)strtol(line + strlen("\nmnt_id:"), NULL, 10);
}

int
mount_id_of(const struct step *step, const char *path)
{
    int fd = open(path, O_PATH | O_CLOEXEC), id = -1;

    if (fd != -1) {
        id = mount_id(step, fd);
        close(fd);
    }
    return id;
}

int
peer_group(const struct mount *mount)
{
    const char *tag = strstr(mount->tags, "shared:");

    return tag == NULL ? 0 : (int)strtol(tag + strlen("shared:"), NULL, 10);
}

bool
is_shared(const struct mount *mount)
{
    return peer_group(mount) != 0;
}

bool
has_option(const char *options, const char *word)
{
    size_t length = strlen(word);

    for (; *options != '\0'; options += strcspn(options, ","), options += *options == ',')
        if (strncmp(options, word, length) == 0 &&
            (options[length] == ',' || options[length] == '\0'))
            return true;
    return false;
}
