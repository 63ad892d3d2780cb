/*
 * program.c - what an executable file says of itself: in line 1 of a script, or in the headers of
 * elf(5). Only reads, and believes no number before it has looked: the file may be anything.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "why.h"

/* The fields of the ELF header that matter here. They have the same meaning and other places in 32-bit
 * and 64-bit files, elf(5). */
static void
read_elf_header(struct program *program)
{
    Elf64_Ehdr wide;
    Elf32_Ehdr narrow;

    program->is_64 = program->head[EI_CLASS] == ELFCLASS64;
    memcpy(&wide, program->head, sizeof wide);
    memcpy(&narrow, program->head, sizeof narrow);
    program->type = program->is_64 ? wide.e_type : narrow.e_type;
    program->machine = program->is_64 ? wide.e_machine : narrow.e_machine;
    program->table = program->is_64 ? wide.e_phoff : narrow.e_phoff;
    program->segments = program->is_64 ? wide.e_phnum : narrow.e_phnum;
    if (program->head[EI_DATA] == ELFDATA2MSB) { /* the machines of the steps are little-endian */
        program->type = (uint16_t)(program->type << 8 | program->type >> 8);
        program->machine = (uint16_t)(program->machine << 8 | program->machine >> 8);
        program->segments = 0;
    }
}

int
open_program(const char *path, struct program *program)
{
    struct stat file;

    memset(program, 0, sizeof *program);
    /* Only to open some devices does something already: a tape is wound back, a watchdog is started. */
    if (stat(path, &file) == -1)
        return -1;
    if (!S_ISREG(file.st_mode)) {
        errno = EACCES;
        return -1;
    }
    /* O_NONBLOCK: what has become a FIFO meanwhile must not keep us waiting. */
    program->fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (program->fd == -1)
        return -1;
    if (fstat(program->fd, &file) == -1 || !S_ISREG(file.st_mode) ||
        pread(program->fd, program->head, HEAD_SIZE, 0) == -1) {
        close(program->fd);
        errno = EACCES;
        return -1;
    }
    program->size = file.st_size;
    program->is_script = memcmp(program->head, "#!", 2) == 0;
    program->is_elf = memcmp(program->head, ELFMAG, SELFMAG) == 0;
    if (program->is_elf)
        read_elf_header(program);
    return 0;
}

const char *
machine_name(int machine)
{
    static const struct {
        int number; /* of linux/elf-em.h */
        const char *name;
    } names[] = {
        {3, "i386"},      {8, "mips"},    {20, "ppc"},        {21, "ppc64"},
        {22, "s390x"},    {40, "arm"},    {62, "x86_64"},     {43, "sparc"},
        {183, "aarch64"}, {243, "riscv"}, {258, "loongarch"},
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].number == machine)
            return names[i].name;
    return "a machine that has no name here";
}

const char *
read_script_interpreter(const struct program *script, char *interpreter)
{
    char line[HEAD_SIZE + 1];
    size_t start, end;

    memcpy(line, script->head, HEAD_SIZE);
    line[HEAD_SIZE] = '\0';
    line[strcspn(line, "\n")] = '\0';
    start = 2 + strspn(line + 2, " \t");
    end = start + strcspn(line + start, " \t");
    if (end == start)
        return "names no interpreter";
    if (end == HEAD_SIZE)
        return "is longer than the 255 bytes that the kernel reads";
    snprintf(interpreter, HEAD_SIZE, "%.*s", (int)(end - start), line + start);
    return NULL;
}

bool
read_at(const struct program *program, uint64_t offset, void *buffer, uint64_t size)
{
    return offset < INT32_MAX && size < INT32_MAX &&
           pread(program->fd, buffer, (size_t)size, (off_t)offset) == (ssize_t)size;
}

bool
next_segment(const struct program *program, unsigned *index, struct segment *segment)
{
    uint64_t size = program->is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    unsigned char bytes[sizeof(Elf64_Phdr)] = {0};
    Elf64_Phdr wide;
    Elf32_Phdr narrow;

    if (*index >= program->segments || program->table > INT32_MAX ||
        !read_at(program, program->table + *index * size, bytes, size))
        return false;
    memcpy(&wide, bytes, sizeof wide);
    memcpy(&narrow, bytes, sizeof narrow);
    segment->type = program->is_64 ? wide.p_type : narrow.p_type;
    segment->offset = program->is_64 ? wide.p_offset : narrow.p_offset;
    segment->address = program->is_64 ? wide.p_vaddr : narrow.p_vaddr;
    segment->size = program->is_64 ? wide.p_filesz : narrow.p_filesz;
    (*index)++;
    return true;
}

bool
find_segment(const struct program *program, uint32_t type, struct segment *segment)
{
    unsigned index = 0;

    while (next_segment(program, &index, segment))
        if (segment->type == type)
            return true;
    return false;
}

bool
read_elf_interpreter(const struct program *program, char *interpreter, size_t size)
{
    struct segment segment;

    if (!find_segment(program, PT_INTERP, &segment) || segment.size < 2 || segment.size > size ||
        !read_at(program, segment.offset, interpreter, segment.size))
        return false;
    interpreter[segment.size - 1] = '\0'; /* it is one already, or the kernel says ENOEXEC */
    return true;
}

void
make_printable(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == '\177')
            *text = '?';
}
