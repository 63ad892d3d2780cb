/*
 * idmap: which id inside is which id outside, lib/idmap.c. The bytes are taken for the words after --map, for
 * a uid_map, and for /etc/subuid.
 */
#include "fuzz.h"

#include <pwd.h>
#include <stdio.h>

/* Nobody has a name here. Otherwise each line that begins with one would read the whole of /etc/passwd, and
 * nearly all of the time went into that. */
static struct passwd *
no_entry(FILE *passwd)
{
    (void)passwd;
    return NULL;
}
#define fgetpwent no_entry

#include "../../lib/idmap.c" // NOLINT(bugprone-suspicious-include)

/* Two ids inside must never be one outside, and the other way round; and what the map says in one direction
 * it says in the other. */
static void
check_map_is_sound(const struct id_map *map)
{
    must(map->count >= 0 && map->count <= MAX_RANGES, "a map has at most 340 ranges");
    for (int i = 0; i < map->count; i++) {
        struct id_range range = map->range[i];
        uint64_t last = (uint64_t)range.count - 1;

        must(range.count > 0 && range.inside + last < UINT32_MAX &&
                 range.outside + last < UINT32_MAX,
             "a range is not empty, and ends before (uid_t)-1");
        for (uint64_t step = 0; step <= last; step += last > 0 ? last : 1) {
            uint32_t inside = (uint32_t)(range.inside + step);
            uint32_t outside = (uint32_t)(range.outside + step);

            must(id_outside(map, inside) == outside && id_inside(map, outside) == inside,
                 "the ends of each range are mapped, in both directions");
        }
        for (int k = 0; k < i; k++)
            must((range.inside + last < map->range[k].inside ||
                  (uint64_t)map->range[k].inside + map->range[k].count <= range.inside) &&
                     (range.outside + last < map->range[k].outside ||
                      (uint64_t)map->range[k].outside + map->range[k].count <= range.outside),
                 "no two ranges overlap");
    }
    must(map->count == 0 || id_outside(map, id_to_become(map, 0)) != -1,
         "the id to become is one that exists");
}

/* What is written into uid_map, and what the kernel then shows there, are read back as the same map. */
static void
check_read_back(const struct id_map *map)
{
    char text[16384];
    struct id_map copy;
    size_t used = 0;

    format_id_map(map, text, sizeof text);
    put_file("uid_map", text, strlen(text));
    must(read_id_map(fuzz_dir, "uid_map", &copy) == 0 && copy.count == map->count &&
             memcmp(copy.range, map->range, (size_t)map->count * sizeof copy.range[0]) == 0,
         "a map that is written is read back as it was");
    for (int i = 0; i < map->count; i++) /* uid_m_show in kernel/user_namespace.c */
        used += (size_t)snprintf(text + used, sizeof text - used, "%10u %10u %10u\n",
                                 map->range[i].inside, map->range[i].outside, map->range[i].count);
    put_file("uid_map", text, used);
    must(read_id_map(fuzz_dir, "uid_map", &copy) == 0 && copy.count == map->count &&
             memcmp(copy.range, map->range, (size_t)map->count * sizeof copy.range[0]) == 0,
         "so is the map that the kernel shows");
}

/* --map WORD --map WORD ... */
static void
try_options(char *text)
{
    static struct id_map map, before, alone;
    char *word, canonical[64];

    map.count = 0;
    while ((word = strsep(&text, " \n")) != NULL) {
        struct id_range range;
        int length = 0;

        before = map;
        if (add_range(&map, word) != NULL) {
            must(memcmp(&map, &before, sizeof map) == 0, "what is refused changes nothing");
            continue;
        }
        must(map.count == before.count + 1, "what is taken is one range more");
        range = map.range[map.count - 1];
        length = snprintf(canonical, sizeof canonical, "%u:%u:%u", range.inside, range.outside,
                          range.count);
        alone.count = 0;
        must(length <= (int)strlen(word) && add_range(&alone, canonical) == NULL &&
                 memcmp(&alone.range[0], &range, sizeof range) == 0,
             "a range is the three numbers that were typed");
    }
    check_map_is_sound(&map);
    check_read_back(&map);
}

/* The first line of the user in the file, by the letter of subuid(5). */
static const uid_t nobody = 4000000000;

static bool
find_by_the_letter(char *text, struct id_range *range)
{
    char *line;
    unsigned long long first, count;
    int end = 0;

    while ((line = strsep(&text, "\n")) != NULL)
        if (strspn(line, "0123456789:") == strlen(line) &&
            sscanf(line, "4000000000:%llu:%llu%n", &first, &count, &end) == 2 &&
            line[end] == '\0' && first > 0 && count > 0 && first < UINT32_MAX &&
            count <= UINT32_MAX - first) {
            *range = (struct id_range){0, (uint32_t)first, (uint32_t)count};
            return true;
        }
    return false;
}

static void
try_subordinate(char *text)
{
    char path[128];
    struct id_range range = {7, 7, 7}, wanted;
    int found, error;

    put_file("subuid", text, strlen(text));
    snprintf(path, sizeof path, "%s/subuid", fuzz_path);
    found = find_subordinate(path, nobody, &range);
    error = errno;
    if (!find_by_the_letter(text, &wanted)) {
        must(found == -1 && range.inside == 7 && range.outside == 7 && range.count == 7,
             "no range is found where none is granted");
        must(error == ENODATA || error == EINVAL, "and it is said why");
        return;
    }
    must(found == 0 && range.outside == wanted.outside && range.count == wanted.count,
         "the first range that is granted is found");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct id_map map;
    char *text = copy_text(data, size);

    put_file("uid_map", data, size);
    if (read_id_map(fuzz_dir, "uid_map", &map) == 0) /* the kernel's, so it is believed */
        must(map.count >= 0 && map.count <= MAX_RANGES, "a map has at most 340 ranges");
    try_options(text);
    free(text);
    text = copy_text(data, size);
    try_subordinate(text);
    free(text);
    return 0;
}
