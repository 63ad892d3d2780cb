/*
 * cgroup: what 05-cgroup makes of NAME and FILE=VALUE, steps/05-cgroup.c; what it then asks of
 * cgroup.subtree_control, and how it finds a cgroup, lib/cgroup.c. The lines are: NAME, FILE=VALUE,
 * cgroup.subtree_control, the root of the cgroup2 mount, and the rest is a /proc/PID/cgroup.
 */
#include "fuzz.h"

#include "../../lib/nsteps.h"

/* To lib/cgroup.c, /proc/self/mountinfo is the one in our directory. */
static bool
read_mounts_here(struct mounts *mounts)
{
    return read_mounts_of(fuzz_dir, mounts);
}
#define read_shown_mounts read_mounts_here
#include "../../lib/cgroup.c" // NOLINT(bugprone-suspicious-include)
#include "../../lib/join.c"   // NOLINT(bugprone-suspicious-include)
#define main main_05
#include "../../steps/05-cgroup.c" // NOLINT(bugprone-suspicious-include)

struct operands {
    const char *name;
    char *setting;
};

static void
try_operands(void *argument)
{
    static struct step step = {.name = "05-cgroup"};
    struct operands *operands = argument;

    check_operands(&step, operands->name, &operands->setting, 1);
}

/* The directory on which the whole host depends: one word may be added there, and no more. */
static void
check_request(const char *file, char *control)
{
    char before[512], after[512];
    size_t length = strcspn(file, ".");
    int written;

    put_file("cgroup.subtree_control", control, strlen(control));
    fremovexattr(fuzz_dir, CGROUP_MARK);
    written = enable_controller_of(fuzz_dir, fuzz_dir, file);
    if (read_file_at(AT_FDCWD, "/dev/null", before, sizeof before) == -1 ||
        read_file_at(fuzz_dir, "cgroup.subtree_control", after, sizeof after) == -1)
        return; /* too long for any kernel */
    if (strcmp(after, control) == 0)
        return;
    must(written == 0 && after[0] == '+', "a controller is enabled, and none disabled");
    must(strncmp(after + 1, file, length) == 0, "the one that FILE belongs to");
    must(memchr(file, ' ', length) == NULL, "and no second one: the kernel takes the words apart");
    snprintf(before, sizeof before, "%.*s", (int)length, file);
    must(!has_word(control, before), "if it was not enabled already");
}

static void
check_names(char *name, char *setting, char *control)
{
    struct operands operands = {.name = name, .setting = setting};
    char *file, *value;

    if (name[0] == '\0' || setting[0] == '\0' || leaves(try_operands, &operands) != -1)
        return; /* count_operands refuses what is empty */
    must(strchr(name, '/') == NULL && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
             strlen(name) <= 255,
         "NAME is one path component");
    file = strtok(setting, "="); /* as main does */
    value = strtok(NULL, "");
    must(file != NULL && value != NULL && value[0] != '\0', "there are a FILE and a VALUE");
    must(strchr(file, '/') == NULL && file[0] != '.', "FILE is one path component");
    must(strcmp(file, "cgroup.procs") != 0 && strcmp(file, "cgroup.threads") != 0,
         "nobody else is moved in");
    check_request(file, control);
}

/* The line of the hierarchy 0, by the letter of cgroups(7). */
static const char *
find_by_the_letter(char *text)
{
    char *line;

    while ((line = strsep(&text, "\n")) != NULL)
        if (strncmp(line, "0::", 3) == 0)
            return line + 3;
    return NULL;
}

/* Is the directory ABOVE the directory PATH, or one above it? "/" begins everything. */
static bool
is_above(const char *above, const char *path)
{
    size_t length = strcmp(above, "/") == 0 ? 0 : strlen(above);

    return strncmp(above, path, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static void
check_paths(const char *root, char *text)
{
    char path[4096], file[8300], own[4096], wanted[8300], line[4 * 4096 + 128];
    const char *its;
    size_t used = (size_t)sprintf(line, "30 1 0:26 ");

    put_file("cgroup", text, strlen(text));
    if (read_cgroup_path(fuzz_dir, "cgroup", path, sizeof path) == -1) {
        must(strlen(text) >= 8191 || (its = find_by_the_letter(text)) == NULL ||
                 strlen(its) >= 4096,
             "a cgroup that is named is found");
        return;
    }
    its = find_by_the_letter(text);
    must(its != NULL && strcmp(its, path) == 0,
         "the cgroup is the one in the line of v2, all of it");
    if (path[0] != '/' || root[0] != '/' || strlen(root) >= 4096)
        return; /* no kernel says so */

    snprintf(own, sizeof own, "%s", root);
    cut_to_common_part(own, path);
    must(own[0] == '\0' || (is_above(own, root) && is_above(own, path)),
         "the common part is above both");

    used = mangle(line, used, root, " \t\n\\");
    snprintf(line + used, sizeof line - used, " /mnt rw - cgroup2 cgroup2 rw\n");
    put_file("mountinfo", line, strlen(line));
    snprintf(wanted, sizeof wanted, "/mnt%s/cgroup.procs",
             strcmp(root, "/") == 0 ? (strcmp(path, "/") == 0 ? "" : path) : path + strlen(root));
    if (find_cgroup_file(path, "cgroup.procs", file, sizeof file) == 0)
        must(is_above(root, path) && strcmp(file, wanted) == 0,
             "a cgroup is found below what is mounted, and there");
    else
        must(!is_above(root, path), "a cgroup that is below what is mounted is found");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = copy_text(data, size), *rest = text;
    char *name = next_line(&rest), *setting = next_line(&rest), *control = next_line(&rest);
    char *root = next_line(&rest);

    check_names(name, setting, control);
    if (rest != NULL)
        check_paths(root, rest);
    free(text);
    return 0;
}
