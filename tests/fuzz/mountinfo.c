/*
 * mountinfo: what is mounted, lib/mountinfo.c. The bytes are a /proc/PID/mountinfo; whoever mounts chooses the
 * names in it.
 */
#include "fuzz.h"

#include "../../lib/mountinfo.c" // NOLINT(bugprone-suspicious-include)

/* Is STRING, with its NUL, within the text that was read? */
static bool
is_in(const struct mounts *mounts, const char *string, size_t size)
{
    return string[0] == '\0' ||
           (string >= mounts->text && string + strlen(string) < mounts->text + size);
}

/* has_option, by the letter. */
static bool
is_element(const char *options, const char *word)
{
    char *copy = strdup(options), *rest = copy, *element;
    bool found = false;

    while ((element = strsep(&rest, ",")) != NULL)
        found |= element[0] != '\0' && strcmp(element, word) == 0;
    free(copy);
    return found;
}

/* The same mounts as show_mountinfo in fs/proc_namespace.c writes them. */
static char *
format_mounts(const struct mounts *mounts, size_t size)
{
    char *text = malloc(8 * size + (size_t)mounts->count * 128 + 1);
    size_t used = 0;

    must(text != NULL, "there is memory");
    text[0] = '\0';
    for (int i = 0; i < mounts->count; i++) {
        const struct mount *mount = &mounts->mount[i];

        used += (size_t)sprintf(text + used, "%d %d 0:26 ", mount->id, mount->parent);
        used = mangle(text, used, mount->root, " \t\n\\");
        text[used++] = ' ';
        used = mangle(text, used, mount->point, " \t\n\\");
        used += (size_t)sprintf(text + used, " %s%s%s - %s none %s\n", mount->options,
                                mount->tags[0] == '\0' ? "" : " ", mount->tags, mount->type,
                                mount->fs_options);
    }
    return text;
}

/* Could a kernel have written this? A mount point is a path, and the root of a mount is one, too, or says
 * mnt:[4026531840]. */
static bool
is_possible(const struct mounts *mounts)
{
    for (int i = 0; i < mounts->count; i++)
        if (mounts->mount[i].point[0] != '/' || strchr("/mnpuit", mounts->mount[i].root[0]) == NULL)
            return false;
    return true;
}

static void
check_same(const struct mounts *mounts, const struct mounts *again)
{
    must(again->count == mounts->count, "as many mounts are read as were written");
    for (int i = 0; i < mounts->count; i++) {
        const struct mount *one = &mounts->mount[i], *two = &again->mount[i];

        must(one->id == two->id && one->parent == two->parent, "the same mounts");
        must(strcmp(one->root, two->root) == 0 && strcmp(one->point, two->point) == 0,
             "in the same places, whatever the bytes of their names");
        must(strcmp(one->options, two->options) == 0 && strcmp(one->tags, two->tags) == 0 &&
                 strcmp(one->type, two->type) == 0 && strcmp(one->fs_options, two->fs_options) == 0,
             "of the same kind");
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mounts mounts, again;
    char *text;

    put_file("mountinfo", data, size);
    must(read_mounts_of(fuzz_dir, &mounts), "a file that can be read is read");
    for (int i = 0; i < mounts.count; i++) {
        const struct mount *mount = &mounts.mount[i];

        must(is_in(&mounts, mount->root, size + 1) && is_in(&mounts, mount->point, size + 1) &&
                 is_in(&mounts, mount->options, size + 1) &&
                 is_in(&mounts, mount->tags, size + 1) && is_in(&mounts, mount->type, size + 1) &&
                 is_in(&mounts, mount->fs_options, size + 1),
             "each word is a string in the text");
        must(find_mount(&mounts, mount->id)->id == mount->id, "a mount is found by its id");
        must(is_shared(mount) == (peer_group(mount) != 0), "who is shared has a peer group");
        must(has_option(mount->options, "rw") == is_element(mount->options, "rw"),
             "an option is a whole word");
        if (mount->type[0] != '\0' && strchr(mount->type, ',') == NULL)
            must(has_option(mount->options, mount->type) == is_element(mount->options, mount->type),
                 "whichever word it is");
    }
    if (is_possible(&mounts)) {
        text = format_mounts(&mounts, size);
        put_file("mountinfo", text, strlen(text));
        must(read_mounts_of(fuzz_dir, &again), "a file that can be read is read");
        check_same(&mounts, &again);
        free_mounts(&again);
        free(text);
    }
    free_mounts(&mounts);
    return 0;
}
