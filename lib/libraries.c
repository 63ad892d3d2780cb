/*
 * libraries.c - which libraries of COMMAND are missing? To the kernel it is a program like any other: it
 * starts the dynamic linker (PT_INTERP), and that one looks for the libraries, ld.so(8). When it does not
 * find one, execve(2) has succeeded long ago. So we look before it does, in the same places; and where it
 * might know a place that we do not, nothing is said.
 */
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "why.h"

enum { MAX_NEEDED = 64, MAX_ENTRIES = 1024, MAX_CACHE = 8 << 20 };

struct needs {                  /* from the dynamic section of a program */
    char name[MAX_NEEDED][256]; /* DT_NEEDED: libc.so.6 */
    int count;
    char run_path[4096]; /* DT_RPATH or DT_RUNPATH: directories */
    bool uncertain;      /* not all could be read, or the linker is told to look elsewhere */
};

/* The string at ADDRESS in memory, which is at another place in the file. */
static bool
read_string(const struct program *program, uint64_t address, char *string, size_t size)
{
    struct segment segment;
    unsigned index = 0;

    while (next_segment(program, &index, &segment)) {
        uint64_t into = address - segment.address;

        if (segment.type != PT_LOAD || address < segment.address || into >= segment.size)
            continue;
        if (size > segment.size - into)
            size = (size_t)(segment.size - into);
        return read_at(program, segment.offset + into, string, size) &&
               memchr(string, '\0', size) != NULL;
    }
    return false;
}

static void
read_needs(const struct program *program, struct needs *needs)
{
    Elf64_Dyn entry[MAX_ENTRIES];
    struct segment dynamic;
    uint64_t strings = 0;
    size_t entries;

    needs->count = 0;
    needs->run_path[0] = '\0';
    needs->uncertain = !find_segment(program, PT_DYNAMIC, &dynamic) ||
                       dynamic.size > sizeof entry ||
                       !read_at(program, dynamic.offset, entry, dynamic.size);
    entries = needs->uncertain ? 0 : (size_t)dynamic.size / sizeof entry[0];
    for (size_t i = 0; i < entries; i++)
        if (entry[i].d_tag == DT_STRTAB)
            strings = entry[i].d_un.d_ptr;
    for (size_t i = 0; i < entries && entry[i].d_tag != DT_NULL; i++) {
        uint64_t address = strings + entry[i].d_un.d_val;

        if (entry[i].d_tag == DT_NEEDED)
            needs->uncertain |= needs->count == MAX_NEEDED ||
                                !read_string(program, address, needs->name[needs->count++], 256);
        else if (entry[i].d_tag == DT_RPATH || entry[i].d_tag == DT_RUNPATH)
            needs->uncertain |=
                needs->run_path[0] != '\0' || !read_string(program, address, needs->run_path, 4096);
        else if (entry[i].d_tag == DT_AUDIT || entry[i].d_tag == DT_DEPAUDIT)
            needs->uncertain = true; /* rtld-audit(7): a library of its own tells where to look */
    }
}

/* May a file be at PATH? Only "there is none" is a no. */
static bool
may_exist(const char *path)
{
    return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

/* Is NAME below DIR/glibc-hwcaps, in a directory for one kind of processor? (Not by glob(3): in a static
 * program it brings ~USER along, and with that all by which users and hosts are looked up, 400 kB.) */
static bool
may_be_in_hwcaps(const char *dir, const char *name)
{
    char path[8192];
    struct dirent *entry;
    bool found = false;
    DIR *list;

    snprintf(path, sizeof path, "%s/glibc-hwcaps", dir);
    list = opendir(path);
    if (list == NULL)
        return may_exist(path);
    while (!found && (entry = readdir(list)) != NULL) {
        snprintf(path, sizeof path, "%s/glibc-hwcaps/%s/%s", dir, entry->d_name, name);
        found = may_exist(path);
    }
    closedir(list);
    return found;
}

/* May the linker find NAME in DIR, or below it where there is one for this very processor? */
static bool
may_be_in(const char *dir, const char *name)
{
    /* Up to glibc 2.36 it also looked in these, in any combination. */
    static const char *const old[] = {"tls",      "haswell", "xeon_phi",
                                      "avx512_1", "x86_64",  "atomics"};
    char path[8192];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (may_exist(path))
        return true;
    for (size_t i = 0; i < sizeof old / sizeof old[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, old[i]);
        if (may_exist(path))
            return true;
    }
    return may_be_in_hwcaps(dir, name);
}

/* The same for a LIST of directories, in which $ORIGIN is the directory of the program FILE. */
static bool
may_be_in_list(const char *list, const char *file, const char *name)
{
    while (list != NULL && *list != '\0') {
        size_t length = strcspn(list, ":;");
        char dir[4096], origin[4096] = "";
        const char *rest = list;

        if (strncmp(list, "$ORIGIN", 7) == 0 || strncmp(list, "${ORIGIN}", 9) == 0) {
            rest += list[1] == '{' ? 9 : 7;
            if (realpath(file, origin) == NULL)
                return true;
            *strrchr(origin, '/') = '\0';
        }
        if (memchr(rest, '$', length - (size_t)(rest - list)) != NULL)
            return true; /* $LIB, $PLATFORM: the linker knows what that is */
        snprintf(dir, sizeof dir, "%s%.*s", origin, (int)(length - (size_t)(rest - list)), rest);
        if (may_be_in(length == 0 ? "." : dir, name))
            return true;
        list += length + (list[length] != '\0');
    }
    return false;
}

/* Is NAME, as a whole string, in the list that ldconfig(8) has made of all other directories? */
static bool
may_be_in_cache(const char *name)
{
    ssize_t size = -1;
    char *cache;
    bool is_there = true;

    if (!may_exist("/etc/ld.so.cache"))
        return false;
    cache = malloc(MAX_CACHE);
    if (cache != NULL)
        size = read_file_at(AT_FDCWD, "/etc/ld.so.cache", cache, MAX_CACHE);
    if (size > 0)
        is_there = memmem(cache, (size_t)size, name, strlen(name) + 1) != NULL;
    free(cache);
    return is_there;
}

static bool
may_be_found(const struct needs *needs, const struct program *program, const char *file,
             const char *linker, const char *name)
{
    char list[8192], real[4096];
    const char *machine = machine_name(program->machine);

    if (strchr(name, '/') != NULL)
        return strchr(name, '$') != NULL || may_exist(name);
    if (strpbrk(name, "*?[\\") != NULL || realpath(linker, real) == NULL)
        return true;
    if (strcmp(name, strrchr(linker, '/') + 1) == 0)
        return true; /* it is there already */
    /* Where a linker looks last is compiled into it; these are the places of all distributions. */
    *strrchr(real, '/') = '\0';
    snprintf(list, sizeof list,
             "/lib:/usr/lib:/lib64:/usr/lib64:/lib/%s-linux-gnu:/usr/lib/%s-linux-gnu:%s", machine,
             machine, real);
    return may_be_in_list(needs->run_path, file, name) ||
           may_be_in_list(getenv("LD_LIBRARY_PATH"), file, name) ||
           may_be_in_list(list, file, name) || may_be_in_cache(name);
}

/* Is the linker told, by the environment or a file, to load something else first, or look elsewhere? */
static bool
has_orders(void)
{
    for (char **variable = environ; *variable != NULL; variable++)
        if (strncmp(*variable, "LD_", 3) == 0 && strncmp(*variable, "LD_LIBRARY_PATH=", 16) != 0)
            return true;
    return may_exist("/etc/ld.so.preload");
}

/* Is LINKER the dynamic linker of glibc, for the machine of PROGRAM? Where another one looks, is unknown. */
static bool
is_known_linker(const char *linker, const struct program *program)
{
    const char *slash = strrchr(linker, '/');
    struct program file;

    if (slash == NULL || strncmp(slash, "/ld-linux", 9) != 0 || access(linker, X_OK) == -1 ||
        open_program(linker, &file) == -1)
        return false;
    close(file.fd);
    return file.is_elf && file.is_64 && file.machine == program->machine;
}

/* Opens FILE or, if that is a script, its interpreter, and so on. */
static bool
open_last(const char *file, char *path, struct program *program)
{
    snprintf(path, 4096, "%s", file);
    for (int depth = 0; depth <= 5; depth++) {
        if (access(path, X_OK) == -1 || open_program(path, program) == -1)
            return false;
        if (!program->is_script)
            return true;
        close(program->fd);
        if (read_script_interpreter(program, path) != NULL)
            return false;
    }
    return false;
}

void
note_missing_libraries(const struct step *step, const char *file)
{
    char path[4096], linker[4096], missing[300] = "";
    struct program program;
    struct needs needs;
    bool is_known;

    if (!open_last(file, path, &program))
        return;
    is_known = program.is_elf && program.is_64 &&
               read_elf_interpreter(&program, linker, sizeof linker) &&
               is_known_linker(linker, &program);
    if (is_known)
        read_needs(&program, &needs);
    close(program.fd);
    if (!is_known || needs.uncertain || has_orders())
        return;
    for (int i = 0; i < needs.count; i++)
        if (strlen(missing) < sizeof missing - 3 &&
            !may_be_found(&needs, &program, path, linker, needs.name[i]))
            snprintf(missing + strlen(missing), sizeof missing - strlen(missing), "%s%s",
                     missing[0] != '\0' ? ", " : "", needs.name[i]);
    if (missing[0] == '\0')
        return;
    make_printable(missing);
    make_printable(linker);
    fprintf(stderr,
            "%s: note: %s needs %s, and its dynamic linker, %s, finds no such file under this "
            "root\n"
            "  try:     on the host, ldd lists what to copy in; or link the program with -static\n",
            step->name, path, missing, linker);
}
