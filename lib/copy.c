/*
 * copy.c - a program that runs from a copy of itself in memory.
 *
 * /proc/PID/exe leads to the file that a process was executed from, and so does the first line
 * "#!/proc/self/exe" of a script: the kernel then starts the file of whoever is about to become that
 * script. A container could get hold of a file of the host in this way, and change it when that is not
 * running (in runc that was CVE-2019-5736). So what goes inside runs from a copy, memfd_create(2), which is
 * sealed: nobody can write to it any more.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "nsteps.h"

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

int
copy_program(int program, const char *name)
{
    unsigned flags = 1 | 2; /* MFD_CLOEXEC, MFD_ALLOW_SEALING */
    int copy = (int)syscall(SYS_memfd_create, name, flags | 0x10 /* MFD_EXEC, Linux 6.3 */);
    /* ulimit -f is to be an error, EFBIG, and not our death. */
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    ssize_t sent = -1;

    if (copy == -1 && errno == EINVAL)
        copy = (int)syscall(SYS_memfd_create, name, flags);
    while (copy != -1 && (sent = sendfile(copy, program, NULL, 1 << 24)) > 0)
        ;
    signal(SIGXFSZ, before);
    if (copy != -1 && (sent == -1 || fcntl(copy, F_ADD_SEALS, SEALS) == -1)) {
        int error = errno;

        close(copy);
        errno = error;
        return -1;
    }
    return copy;
}

/* The part of a path behind the last slash. */
static const char *
last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

void
run_from_copy(char **argv)
{
    bool runs_command = isatty(STDOUT_FILENO);
    int program, copy;

    for (char **word = argv; *word != NULL; word++)
        runs_command |= strcmp(*word, "--") == 0;
    if (!runs_command || argv[0] == NULL)
        return;
    program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (program == -1 && (errno == ENOENT || errno == ENOTDIR))
        return; /* there is no /proc, and so no such link either */
    if (program != -1 && fcntl(program, F_GET_SEALS) == SEALS) {
        prctl(PR_SET_NAME, last_part(argv[0]), 0, 0, 0); /* the kernel has called it by a number */
        close(program);
        return;
    }
    copy = program == -1 ? -1 : copy_program(program, last_part(argv[0]));
    if (copy != -1)
        fexecve(copy, argv, environ);
    fprintf(stderr,
            "%s: note: no copy of this program in memory (%s%s): COMMAND can get at its file, by "
            "/proc/self/exe\n",
            last_part(argv[0]), strerror(errno),
            program == -1    ? ", to read it"
            : errno == EFBIG ? "; is there a limit, ulimit -f?"
                             : "; is the sysctl vm.memfd_noexec 2?");
    close(copy);
    close(program);
}
