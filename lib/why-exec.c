/*
 * why-exec.c - why can COMMAND not be executed? In the order in which the kernel checks: fs/exec.c,
 * fs/binfmt_elf.c, fs/binfmt_script.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "why.h"

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

void
explain_exec(const struct step *step, int error, const char *program)
{
    struct why why = why_unknown("2 execve");
    struct stat file;
    char shut[200];

    if (error == ENOENT && getenv("PATH") == NULL && strchr(program, '/') == NULL)
        why = say_why("type its whole path, or set PATH",
                      "the environment has no PATH to find %s in", program);
    else if (error == ENOENT && strchr(program, '/') == NULL &&
             shut_directories(shut, sizeof shut)[0] != '\0')
        why =
            say_why("copy the steps to a directory that everybody may enter, and put that in PATH",
                    "%s is in no directory of PATH that uid %u may enter (it may not enter %s)",
                    program, geteuid(), shut);
    else if (error == ENOENT && strchr(program, '/') == NULL)
        why = say_why(
            "type its whole path, or put its directory in PATH (for a step: PATH=$PWD/build:$PATH)",
            "below this / no directory of PATH has a program %s", program);
    else if (error == ENOENT && stat(program, &file) == 0)
        why = say_why("copy the interpreter in (ldd, or line 1 of a script, names it)",
                      "%s exists, but the interpreter that it needs does not exist under this root",
                      program);
    else if (error == ENOENT)
        why =
            say_why("03-chroot and 04-pivot_root change what / is: ls NEWROOT shows what is there",
                    "there is no file %s under this root", program);
    else if (error == EACCES)
        why = say_why("ls -l shows its mode, findmnt -o TARGET,OPTIONS whether its mount is noexec",
                      "%s is not an executable file", program);
    else if (error == ENOEXEC)
        why = say_why("file(1) tells what it is",
                      "%s is no program for this machine and no script with #!", program);
    explain(step, error, why, "exec %s", program);
}
