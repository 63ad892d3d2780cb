/*
 * why-exec.c - why can COMMAND not be executed? In the order in which the kernel checks: fs/exec.c opens
 * the file, fs/binfmt_script.c follows "#!" to the next one, fs/binfmt_elf.c reads the headers and opens
 * the dynamic linker. execve(2) has one errno for many of these, and never says which file it means.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "why.h"

/* What the steps are compiled for, and so what this kernel runs, and the 32-bit relative that it may run. */
#if defined(__x86_64__)
enum { NATIVE = EM_X86_64, NARROW = EM_386 };
#else
enum { NATIVE = EM_AARCH64, NARROW = EM_ARM };
#endif

/* A file that the kernel opens on the way. */
struct image {
    char path[4096];
    char wanted[500]; /* who wants it, as the first half of a sentence; "" for COMMAND itself */
    bool by_script;   /* line 1 of a script does */
};

/* ---- the file itself: do_open_execat() in fs/exec.c, may_open() in fs/namei.c ----------------- */

/* PART: the beginning of PATH up to the first component that stat(2) does not reach. Returns its errno, or
 * 0 when all can be reached. */
static int
find_obstacle(const char *path, char *part, size_t size)
{
    struct stat where;
    size_t end = 0;

    while (path[end] != '\0') {
        end += strspn(path + end, "/");
        end += strcspn(path + end, "/");
        snprintf(part, size, "%.*s", (int)end, path);
        if (stat(part, &where) == -1)
            return errno;
    }
    return 0;
}

/* The directory that PATH is in, in place. */
static const char *
cut_to_parent(char *path)
{
    char *slash = strrchr(path, '/');

    if (slash == NULL)
        return ".";
    slash[slash == path ? 1 : 0] = '\0';
    return path;
}

/* PART of IMAGE's path is not there. */
static struct why
say_absent(const struct image *image, const char *part)
{
    const char *hint = "ls NEWROOT on the host: 03-chroot and 04-pivot_root change what / is";
    char text[4096], where[4200] = "under this root";
    ssize_t size = readlink(part, text, sizeof text - 1);

    if (size > 0)
        return say_why("copy that file in, too, or make the link lead to one that is there",
                       "%s%s is a symbolic link to %.*s, which does not exist under this root",
                       image->wanted, part, (int)size, text);
    if (image->path[0] != '/' && getcwd(text, sizeof text) != NULL) {
        snprintf(where, sizeof where, "in the working directory, %s", text);
        hint = "begin it with /: after 03 and 04 the working directory is the new /";
    }
    if (image->wanted[0] == '\0')
        return say_why(hint, "there is no file %s %s", image->path, where);
    if (!image->by_script)
        hint = "ldd FILE, on the host, lists it and the libraries to copy in; or link the program "
               "with -static";
    else if (strchr(image->path, '\r') != NULL)
        hint = "sed -i 's/\\r$//' FILE takes the CR away";
    else if (image->path[0] != '/')
        hint = "#!/usr/bin/env NAME, which looks NAME up in PATH: the kernel does not";
    else
        hint = "copy it in, with what ldd lists for it; or another interpreter in line 1";
    return say_why(hint, "%sthere is no such file %s", image->wanted, where);
}

/* The file is on a mount that is noexec: which one? */
static struct why
say_noexec(const struct step *step, const struct image *image)
{
    struct mounts mounts;
    const struct mount *mount = NULL;
    struct why why;

    if (read_mounts(step, &mounts))
        mount = find_mount(&mounts, mount_id_of(step, image->path));
    why = say_why(
        "as root: mount -o remount,bind,exec MOUNTPOINT; or copy the program to another filesystem",
        "%s%s is on %s, which is mounted noexec", image->wanted, image->path,
        mount != NULL ? mount->point : "a mount (/proc, which is not here, would tell which)");
    free_mounts(&mounts);
    return why;
}

static struct why
find_why_denied(const struct step *step, const struct image *image)
{
    const char *path = image->path;
    struct stat file;
    struct statvfs fs;

    if (stat(path, &file) == -1)
        return not_this;
    if (S_ISDIR(file.st_mode))
        return say_why("name a program in it", "%s%s is a directory", image->wanted, path);
    if (!S_ISREG(file.st_mode))
        return say_why("ls -l shows what it is", "%s%s is no regular file", image->wanted, path);
    if (statvfs(path, &fs) == 0 && (fs.f_flag & ST_NOEXEC) != 0)
        return say_noexec(step, image);
    if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == -1)
        return say_why("chmod a+x FILE, as the user who owns it",
                       "%s%s has mode %04o and belongs to uid %u, and uid %u may not execute it",
                       image->wanted, path, file.st_mode & 07777, file.st_uid, geteuid());
    return not_this;
}

static struct why
find_why_open(const struct step *step, const struct image *image, int error)
{
    char part[4096] = "";
    int obstacle = find_obstacle(image->path, part, sizeof part);

    if (obstacle != 0 && obstacle != error)
        return not_this;
    if (obstacle == ENOENT)
        return say_absent(image, part);
    if (obstacle == EACCES)
        return say_why(
            "chmod a+x DIRECTORY, as the user who owns it; or copy the program elsewhere",
            "%suid %u may not search the directory %s", image->wanted, geteuid(),
            cut_to_parent(part));
    if (obstacle == ENOTDIR)
        return say_why("name a file in a directory", "%s%s is not a directory", image->wanted,
                       cut_to_parent(part));
    if (obstacle == ELOOP)
        return say_why("ls -l shows where each link leads",
                       "%s%s is a symbolic link that leads back to itself, or through more than 40 "
                       "others",
                       image->wanted, part);
    if (obstacle == ENAMETOOLONG)
        return say_why("a shorter name, or cd nearer to it",
                       "%s%s is too long: one name has 255 bytes at the most", image->wanted,
                       strrchr(part, '/') != NULL ? strrchr(part, '/') + 1 : part);
    return error == EACCES ? find_why_denied(step, image) : not_this;
}

/* ---- what is in it: fs/binfmt_elf.c, and formats that the kernel does not know ----------------- */

static struct why
say_cut(const char *path, off_t size)
{
    return say_why("copy it again",
                   "%s is cut: it has %jd bytes, and its ELF headers say that it is longer", path,
                   (intmax_t)size);
}

/* ENOEXEC, in the order of load_elf_binary(). */
static struct why
find_why_format(const struct program *program, const char *path)
{
    uint64_t header = program->is_64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
    uint64_t entry = program->is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);

    if ((uint64_t)program->size < header)
        return say_cut(path, program->size);
    if (program->type == ET_REL)
        return say_why("link it: cc -o PROGRAM FILE.o",
                       "%s is an object file (.o), not linked into a program yet", path);
    if (program->type != ET_EXEC && program->type != ET_DYN)
        return say_why("file(1) tells more", "%s is an ELF file, but no program (e_type is %u)",
                       path, program->type);
    if (program->machine != NATIVE)
        return say_why("take a program, or a whole root filesystem, that is made for this machine",
                       "%s is for %s (e_machine %u), and this machine is %s", path,
                       machine_name(program->machine), program->machine, machine_name(NATIVE));
    if (program->table + program->segments * entry > (uint64_t)program->size)
        return say_cut(path, program->size);
    return not_this;
}

/* The list of what was compiled or written elsewhere and is not for Linux. */
static const char *
foreign_format(const unsigned char *head)
{
    static const struct {
        const char *begins, *what;
    } formats[] = {
        {"\xcf\xfa\xed\xfe", "a program for macOS (Mach-O)"},
        {"\xca\xfe\xba\xbe", "a program for macOS (Mach-O) or a class of Java"},
        {"MZ", "a program for Windows (PE)"},
        {"!<arch>", "a library for the linker (.a)"},
        {"\x1f\x8b", "compressed (gzip)"},
    };

    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (memcmp(head, formats[i].begins, strlen(formats[i].begins)) == 0)
            return formats[i].what;
    return NULL;
}

static struct why
find_why_no_elf(const struct program *program, const char *path)
{
    const char *what = foreign_format(program->head);
    size_t length = 0;

    if (program->size == 0)
        return say_why("copy it again: did the command that made it fail?", "%s is empty", path);
    if (what != NULL)
        return say_why("a program for Linux: compile it on this machine", "%s is %s", path, what);
    if (memcmp(program->head, "\xef\xbb\xbf#!", 5) == 0)
        return say_why("take them away: sed -i '1s/^...//' FILE, in a C locale",
                       "%s begins with the three bytes of a byte order mark (UTF-8), not with #!",
                       path);
    while (length < HEAD_SIZE && program->head[length] != '\0' && program->head[length] != '\177' &&
           (program->head[length] >= ' ' || strchr("\t\n\r\f\033", program->head[length]) != NULL))
        length++;
    if (length == HEAD_SIZE || (off_t)length == program->size)
        return say_why("write #!/bin/sh (or what it is for) as its line 1; or: sh FILE",
                       "%s is text, and does not begin with #! and the name of an interpreter",
                       path);
    return say_why("file(1) tells what it is",
                   "%s is neither an ELF file nor a script that begins with #!", path);
}

/* EPERM of cap_bprm_creds_from_file(), security/commoncap.c: a program that wants capabilities of its own
 * (setcap(8)) is not to run without them. */
static struct why
find_why_file_caps(const char *path)
{
    struct vfs_ns_cap_data data;
    struct capabilities own = read_capabilities();
    uint64_t permitted, inheritable;
    ssize_t size = getxattr(path, "security.capability", &data, sizeof data);
    char names[200] = "";
    size_t used = 0;

    if (size < (ssize_t)sizeof(struct vfs_cap_data) ||
        (data.magic_etc & VFS_CAP_FLAGS_EFFECTIVE) == 0)
        return not_this;
    permitted = data.data[0].permitted | (uint64_t)data.data[1].permitted << 32;
    inheritable = data.data[0].inheritable | (uint64_t)data.data[1].inheritable << 32;
    permitted &= ~(own.bounding | (inheritable & own.inheritable));
    for (int i = 0; i < 64 && used < sizeof names - 40; i++)
        if ((permitted >> i & 1) && cap_name(i) != NULL)
            used += (size_t)snprintf(names + used, sizeof names - used, " %s", cap_name(i));
    return names[0] == '\0'
               ? not_this
               : say_why("08-capset --keep it, or take it from the file: setcap -r FILE",
                         "%s has file capabilities (getcap shows them), and of these%s is not in "
                         "the bounding set here",
                         path, names);
}

/* A matcher of binfmt_misc has taken the file, before the others could look: then the interpreter that
 * was registered is what is missing. */
static struct why
find_why_binfmt(const char *path, int error, const char *what)
{
    if (error != ENOENT)
        return not_this;
    return say_why("copy it in (grep interpreter /proc/sys/fs/binfmt_misc/* names it), or register "
                   "it with the flag F",
                   "%s exists and is %s: the interpreter that binfmt_misc has for such files does "
                   "not exist under this root",
                   path, what);
}

static struct why
find_why_linker(const struct step *step, const struct program *program, const char *path, int error)
{
    struct image linker = {.path = ""};
    struct program interpreter;
    struct segment segment;
    struct why why = not_this;

    if (!find_segment(program, PT_INTERP, &segment))
        return not_this;
    if (segment.offset + segment.size > (uint64_t)program->size)
        return error == EIO ? say_cut(path, program->size) : not_this;
    if (!read_elf_interpreter(program, linker.path, sizeof linker.path))
        return not_this;
    snprintf(
        linker.wanted, sizeof linker.wanted,
        "%.100s exists, but needs the interpreter %.100s (its dynamic linker, PT_INTERP), and ",
        path, linker.path);
    why = find_why_open(step, &linker, error);
    if (is_known(&why) || open_program(linker.path, &interpreter) == -1)
        return why;
    if (error == EIO && (size_t)interpreter.size < sizeof(Elf64_Ehdr))
        why = say_why("copy it again", "%sthat has only %jd bytes", linker.wanted,
                      (intmax_t)interpreter.size);
    else if (error == ELIBBAD && !interpreter.is_elf)
        why = say_why("copy it again", "%sthat is no ELF file", linker.wanted);
    else if (error == ELIBBAD && interpreter.machine != program->machine)
        why = say_why("copy the one of the same architecture", "%sthat is for %s, not for %s",
                      linker.wanted, machine_name(interpreter.machine),
                      machine_name(program->machine));
    close(interpreter.fd);
    return why;
}

static struct why
find_why_elf(const struct step *step, const struct program *program, const char *path, int error)
{
    char what[64];
    struct why why = not_this;

    if (error == ENOEXEC)
        return find_why_format(program, path);
    if (program->machine != NATIVE && program->machine != NARROW) {
        snprintf(what, sizeof what, "for %s", machine_name(program->machine));
        return find_why_binfmt(path, error, what);
    }
    why = find_why_linker(step, program, path, error);
    return !is_known(&why) && error == EPERM ? find_why_file_caps(path) : why;
}

/* ---- from file to file: search_binary_handler() in fs/exec.c ----------------------------------- */

/* Looks into the file IMAGE, which could be opened. If it is a script, makes IMAGE the interpreter that it
 * names, and returns true: look again. */
static bool
follow(const struct step *step, struct image *image, int error, struct why *why)
{
    char name[HEAD_SIZE], path[4096];
    const char *wrong = NULL;
    struct program program;
    bool is_script;

    snprintf(path, sizeof path, "%s", image->path);
    if (open_program(path, &program) == -1) {
        if (error == ENOENT && errno == EACCES)
            *why = say_why("copy its interpreter in, or look as root which one it is",
                           "%s exists, and may not be read; the interpreter that it needs does not "
                           "exist under this root",
                           path);
        return false;
    }
    is_script = program.is_script;
    if (is_script)
        wrong = read_script_interpreter(&program, name);
    else if (program.is_elf)
        *why = find_why_elf(step, &program, path, error);
    else
        *why = error == ENOEXEC ? find_why_no_elf(&program, path)
                                : find_why_binfmt(path, error, "neither ELF file nor script");
    close(program.fd);
    if (wrong != NULL && error == ENOEXEC)
        *why = say_why("#!/bin/sh, or the whole path of another interpreter", "line 1 of %s %s",
                       path, wrong);
    if (!is_script || wrong != NULL)
        return false;
    snprintf(image->path, sizeof image->path, "%s", name);
    if (name[strlen(name) - 1] == '\r')
        snprintf(image->wanted, sizeof image->wanted,
                 "%.100s exists, but line 1 ends in CR LF, as on DOS, and so names the interpreter "
                 "\"%.*s\\r\", and ",
                 path, (int)strlen(name) - 1, name);
    else
        snprintf(image->wanted, sizeof image->wanted,
                 "%.100s exists, but line 1 names the interpreter %s, and ", path, name);
    image->by_script = true;
    return true;
}

static struct why
find_why_file(const struct step *step, const char *file, int error)
{
    struct image image = {.wanted = ""};
    struct why why = not_this;

    snprintf(image.path, sizeof image.path, "%s", file);
    for (int depth = 0;; depth++) {
        why = find_why_open(step, &image, error);
        if (is_known(&why))
            return why;
        if (depth > 5) /* exec_binprm() has the same number */
            return error == ELOOP
                       ? say_why("a program in line 1 of one of them, not a script",
                                 "%s is a script whose interpreter is a script, and so on: five is "
                                 "the most that the kernel follows",
                                 file)
                       : not_this;
        if (!follow(step, &image, error, &why))
            return why;
    }
}

/* ---- COMMAND ----------------------------------------------------------------------------------- */

/* The directories of PATH that we may not search. */
static const char *
shut_directories(char *buffer, size_t size)
{
    const char *path = getenv("PATH");
    size_t used = 0;

    buffer[0] = '\0';
    for (size_t length; path != NULL && *path != '\0'; path += length + (path[length] == ':')) {
        char dir[4096];

        length = strcspn(path, ":");
        snprintf(dir, sizeof dir, "%.*s/.", (int)length, path);
        if (access(dir, F_OK) == -1 && errno == EACCES && used < size)
            used += (size_t)snprintf(buffer + used, size - used, "%s%.*s", used > 0 ? ", " : "",
                                     (int)length, path);
    }
    return buffer;
}

static struct why
say_not_in_path(const char *program)
{
    char shut[200];

    if (getenv("PATH") == NULL)
        return say_why("type its whole path, or set PATH",
                       "the environment has no PATH to find %s in, and it is not in /bin or "
                       "/usr/bin",
                       program);
    if (shut_directories(shut, sizeof shut)[0] != '\0')
        return say_why(
            "type its whole path, or put its directory in PATH (for a step: a copy where everybody may enter)",
            "%s is in no directory of PATH that uid %u may enter (it may not enter %s)", program,
            geteuid(), shut);
    return say_why(
        "type its whole path, or put its directory in PATH (for a step: PATH=$PWD/build:$PATH)",
        "no directory of PATH has a program %s under this root", program);
}

/* The bytes of LIST as exec counts them: each string with its NUL, and a pointer to it. */
static size_t
count_bytes(char *const *list)
{
    size_t bytes = 0;

    for (; list != NULL && *list != NULL; list++)
        bytes += strlen(*list) + 1 + sizeof *list;
    return bytes;
}

/* How many bytes they may take: bprm_stack_limits() in fs/exec.c. */
static size_t
argument_room(void)
{
    const size_t least = 128 << 10, most = 6 << 20;
    struct rlimit limit;

    if (getrlimit(RLIMIT_STACK, &limit) == -1 || limit.rlim_cur / 4 > most)
        return most;
    return limit.rlim_cur / 4 < least ? least : (size_t)limit.rlim_cur / 4;
}

static struct why
find_why_exec(const struct step *step, int error, const char *program, const char *file)
{
    struct why why;
    struct rlimit limit;

    if (program[0] == '\0')
        return say_why("a name after --", "the first word after -- is empty");
    if (error == ENOENT && file[0] == '\0')
        return say_not_in_path(program);
    if (error == ENAMETOOLONG && strlen(program) > 4095)
        return say_why("cd nearer to it, and type a shorter path",
                       "a path has 4095 bytes at the most, and this one has %zu", strlen(program));
    if (error == EAGAIN && getrlimit(RLIMIT_NPROC, &limit) == 0)
        return say_why("raise it before (ulimit -u), or end processes of that user",
                       "uid %u has more processes than its RLIMIT_NPROC, %ju, and has become that "
                       "user only now",
                       geteuid(), (uintmax_t)limit.rlim_cur);
    if (error == E2BIG)
        return say_why(
            "fewer or shorter arguments (xargs), a smaller environment (env -i), or a "
            "larger ulimit -s",
            "arguments and environment take %zu bytes; with what line 1 of a script adds "
            "that is more than the %zu that there is room for (a quarter of ulimit -s, "
            "but 128 KiB to 6 MiB)",
            count_bytes(step->command) + count_bytes(environ), argument_room());
    if (error == ETXTBSY)
        return say_why("fuser -v FILE tells who; wait until it is written",
                       "a process has %s, or the interpreter that it names, open for writing",
                       file);
    why = find_why_file(step, file, error);
    return is_known(&why) || error != EACCES ? why
                                             : say_confined(step, "its execution", "FILE ix,");
}

void
explain_exec(const struct step *step, int error, const char *program, const char *file)
{
    struct why why = find_why_exec(step, error, program, file);

    if (!is_known(&why))
        why = why_unknown("2 execve");
    make_printable(why.because);
    explain(step, error, why, "exec %s", program);
}
