/*
 * fuzz.h - what the fuzz targets share.
 *
 * A target is one file, NAME.c. Its LLVMFuzzerTestOneInput gives bytes that libFuzzer has invented to a
 * parser, and says with must() what has to be true of the answer, whatever the bytes were. What no must()
 * can see, a byte read behind a buffer, a shift by 64, is seen by AddressSanitizer and UBSan. libFuzzer
 * keeps each input that reaches a new branch, and invents the next ones by changing those:
 * https://llvm.org/docs/LibFuzzer.html. tests/fuzz/run builds and starts the targets.
 *
 * A target includes the .c file that it tests where it wants a function that is static there.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

/* The target. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process by SIGABRT, and with it the search, unless CONDITION is true. */
noreturn void stop_search(const char *what);
static inline void
must(bool condition, const char *what)
{
    if (!condition)
        stop_search(what);
}

/* In a fuzz target the steps and lib/ are compiled with -Dexit=leave. So refuse(), which ends a step, ends
 * only the work that was called by leaves(). leaves: calls WORK(ARGUMENT); -1 when that has returned, else
 * the status with which it wanted to exit. AT_LEAVE is called before, while its frames still exist. */
noreturn void leave(int status);
int leaves(void (*work)(void *), void *argument);
extern void (*at_leave)(void);

/* A directory in memory, for parsers that read files: a descriptor, and the name. put_file makes a file in
 * it, or changes it; NAME, a string that stays, may be in one more directory. */
extern int fuzz_dir;
extern char fuzz_path[];
void put_file(const char *name, const void *data, size_t size);

/* The bytes as a string that free(3) takes, and with nothing behind its end. */
char *copy_text(const uint8_t *data, size_t size);

/* The next line of *REST without its newline; "" after the last one. */
char *next_line(char **rest);

/* A line as the kernel writes it: the bytes in SPECIAL, and the backslash, as \040 and so on (mangle_path in
 * fs/seq_file.c). Appends it to TO, of which USED bytes are in use, and returns how many are then; TO has 4
 * bytes for each of TEXT. */
size_t mangle(char *to, size_t used, const char *text, const char *special);

#endif
