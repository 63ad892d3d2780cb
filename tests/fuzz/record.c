/*
 * record: the line that one step writes and the next one reads, lib/record.c, as it comes in through a pipe,
 * lib/join.c. Whoever can write to the pipe chooses it.
 */
#include "fuzz.h"

#include <sys/mman.h>
#include <sys/socket.h>

#include "../../lib/join.c" // NOLINT(bugprone-suspicious-include)

/* The bytes on stdin, at once: as a pipe gives what was written by one write(2). */
static const char *
read_whole(const uint8_t *data, size_t size, char *line, size_t room)
{
    static int memory = -1;

    if (memory == -1)
        memory = memfd_create("stdin", MFD_CLOEXEC);
    must(ftruncate(memory, 0) == 0 && pwrite(memory, data, size, 0) == (ssize_t)size &&
             lseek(memory, 0, SEEK_SET) == 0 && dup2(memory, STDIN_FILENO) == STDIN_FILENO,
         "stdin can be put in place");
    return read_line(line, room);
}

/* The same in pieces, each of which is a read(2) of its own. */
static const char *
read_pieces(const uint8_t *data, size_t size, char *line, size_t room)
{
    size_t piece = size / 16 + 1, at = 0;
    int ends[2];

    must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0, "there is a socket");
    for (; at < size; at += piece)
        must(send(ends[1], data + at, piece < size - at ? piece : size - at, 0) > 0, "it is sent");
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    return read_line(line, room);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *newline = memchr(data, '\n', size);
    char line[4096], again[4096], text[512];
    const char *wrong = read_whole(data, size, line, sizeof line);
    const char *wrong_again = read_pieces(data, size, again, sizeof again);
    struct record record, copy;
    size_t length;

    if (wrong == NULL) {
        must(newline == data + size - 1 && memchr(data, '\0', size) == NULL &&
                 memcmp(line, data, size - 1) == 0 && strlen(line) == size - 1,
             "a line is taken when it is one, and as it is");
        must(wrong_again == NULL, "a line is taken also when it comes in pieces");
    }
    if (wrong_again == NULL)
        must(newline != NULL && strlen(again) == (size_t)(newline - data) &&
                 memcmp(again, data, strlen(again)) == 0,
             "from pieces the first line is put together");
    if (wrong_again != NULL || parse_record(again, &record) != NULL)
        return 0;

    must(record.step[0] > ' ' && memchr(record.step, '\0', sizeof record.step) != NULL,
         "a record names its step");
    must(record.pid > 0,
         "a record has the pid of one process: kill(2) has other uses for 0 and -1");
    must(record.holds.inode[NS_MNT] != 0, "a record names a mount namespace");
    length = format_record(&record, text, sizeof text);
    must(length < sizeof text && length == strlen(text) && text[length - 1] == '\n',
         "each record fits into 512 bytes");
    text[length - 1] = '\0';
    must(parse_record(text, &copy) == NULL && strcmp(copy.step, record.step) == 0 &&
             copy.pid == record.pid && copy.start == record.start &&
             memcmp(&copy.holds, &record.holds, sizeof copy.holds) == 0,
         "a record that is written and read again is the same");
    return 0;
}
