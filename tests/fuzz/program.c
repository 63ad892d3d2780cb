/*
 * program: what an executable file says of itself, lib/program.c, and which libraries it needs,
 * lib/libraries.c. The bytes are the file. It is the student's, and may be anything.
 */
#include "fuzz.h"

#include "../../lib/libraries.c" // NOLINT(bugprone-suspicious-include)

static bool
is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* load_script in fs/binfmt_script.c, of Linux 5.10 and newer: the interpreter, or NULL. */
static char *
find_as_the_kernel(char buf[HEAD_SIZE])
{
    char *last = &buf[HEAD_SIZE - 1], *end = memchr(buf, '\n', strnlen(buf, HEAD_SIZE)),
         *name = buf + 2;

    if (end == NULL) { /* is there an end of the interpreter's name at all? */
        char *at = name;

        while (at <= last && is_blank(*at))
            at++;
        if (at > last)
            return NULL;
        while (at <= last && !is_blank(*at) && *at != '\0')
            at++;
        if (at > last)
            return NULL;
        end = last;
    }
    while (end > buf + 2 && is_blank(end[-1]))
        end--;
    while (name < end && is_blank(*name))
        name++;
    if (name == end || *name == '\0')
        return NULL;
    for (char *at = name; at <= end; at++)
        if (at == end || is_blank(*at) || *at == '\0') {
            *at = '\0';
            break;
        }
    return name;
}

static void
check_script(const struct program *program)
{
    char interpreter[HEAD_SIZE], buf[HEAD_SIZE], *wanted;
    const char *wrong = read_script_interpreter(program, interpreter);

    memcpy(buf, program->head, sizeof buf);
    wanted = find_as_the_kernel(buf);
    must((wrong == NULL) == (wanted != NULL),
         "a script has an interpreter when the kernel finds one");
    must(wanted == NULL || strcmp(interpreter, wanted) == 0, "and it is that one");
}

static void
check_elf(const struct program *program, const char *path)
{
    static struct needs needs;
    char interpreter[64];
    struct segment segment;
    unsigned index = 0, seen = 0;

    for (; next_segment(program, &index, &segment); seen++)
        must(index == seen + 1 && index <= program->segments &&
                 program->table +
                         index * (program->is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)) <=
                     (uint64_t)program->size,
             "a segment is one of those in the file");
    memset(interpreter, 'x', sizeof interpreter);
    if (read_elf_interpreter(program, interpreter, sizeof interpreter))
        must(memchr(interpreter, '\0', sizeof interpreter) != NULL, "the interpreter has an end");
    if (!program->is_64)
        return;
    memset(&needs, 'x', sizeof needs);
    read_needs(program, &needs);
    must(needs.count >= 0 && needs.count <= MAX_NEEDED, "there is room for the libraries");
    if (needs.uncertain)
        return;
    for (int i = 0; i < needs.count; i++) {
        must(memchr(needs.name[i], '\0', sizeof needs.name[i]) != NULL,
             "a library's name has an end");
        make_printable(needs.name[i]);
        for (const char *at = needs.name[i]; *at != '\0'; at++)
            must((unsigned char)*at >= ' ' && *at != '\177',
                 "what is printed commands no terminal");
    }
    must(memchr(needs.run_path, '\0', sizeof needs.run_path) != NULL, "so has the path");
    may_be_in_list(needs.run_path, path, "libc.so.6");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct program program;
    char path[128];

    put_file("program", data, size);
    snprintf(path, sizeof path, "%s/program", fuzz_path);
    must(open_program(path, &program) == 0, "a file that can be read is read");
    must(program.size == (off_t)size &&
             memcmp(program.head, data, size < HEAD_SIZE ? size : HEAD_SIZE) == 0,
         "its head is its beginning");
    must(!(program.is_script && program.is_elf), "it is one or the other, or neither");
    if (program.is_script)
        check_script(&program);
    if (program.is_elf)
        check_elf(&program, path);
    close(program.fd);
    return 0;
}
