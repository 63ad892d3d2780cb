/*
 * term.c - a terminal of 80 columns with a shell in it, and somebody who types: for tests/tutorial.
 *
 *   term MARK LIMIT PATIENCE COMMAND [ARG ...]     both in seconds
 *
 * COMMAND runs on a pseudo-terminal, pty(7). The shell's prompts are known by their frame, which the
 * variable PS1 puts around them: \036 MARK blank PROMPT \037. MARK is drawn by lot, so nothing else that
 * is written looks like a prompt. Each line on stdin asks for one thing:
 *
 *   t TEXT   type TEXT and Enter; what had been shown before is forgotten
 *   k C      type Control-C, or another letter
 *   l N      wait until N lines have been shown, and then nothing for 0.2 s
 *   w N MS   wait for the next prompt; then, PATIENCE seconds at most, until N lines have been shown (a
 *            command in the background writes when the prompt is there already), and then nothing for MS
 *
 *   s        look at the namespaces of all processes that can be seen
 *
 * l and w are answered by what has been shown, each line with a blank before it, and one last line: "="
 * and the prompt, or "!hang" after LIMIT seconds, or "!end" when the terminal has been closed. s is answered
 * by one line with the inodes; "=" after one means that a process has been in that namespace all the time
 * since the last s: it is the same one, and not another to which the kernel has given the number of a dead
 * one. At the end of stdin the terminal is hung up: the shell gets SIGHUP and passes it on to its jobs.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static int terminal;        /* the master's end */
static bool closed;         /* there is nobody at the other end */
static char shown[1 << 20]; /* since the last `t`, without prompts; what comes after that is lost */
static size_t length;
static char prompt[32]; /* the last one; empty: none since the last `t` or `k` */
static long prompt_time, shown_time;
static char frame[128]; /* how a prompt begins */

static long
now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Starts COMMAND on a terminal of its own; -1 on failure. Nothing is echoed: who types knows what. */
static pid_t
start(char **command)
{
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    struct termios mode;
    pid_t child;
    int slave;

    terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal == -1 || grantpt(terminal) == -1 || unlockpt(terminal) == -1)
        return -1;
    slave = open(ptsname(terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave == -1 || ioctl(slave, TIOCSWINSZ, &size) == -1 || tcgetattr(slave, &mode) == -1)
        return -1;
    mode.c_lflag &= ~(tcflag_t)ECHO;
    if (tcsetattr(slave, TCSANOW, &mode) == -1)
        return -1;
    child = fork();
    if (child == 0) {
        setsid();
        ioctl(slave, TIOCSCTTY, 0);
        for (int fd = 0; fd < 3; fd++)
            dup2(slave, fd);
        for (int fd = 3; fd < 256; fd++)
            close(fd);
        signal(SIGINT,
               SIG_DFL); /* a background job has them ignored, and what is typed here must not */
        signal(SIGQUIT, SIG_DFL);
        execvp(command[0], command);
        perror(command[0]);
        _exit(127);
    }
    close(slave);
    return child;
}

/* Takes the prompts out of what is shown, and keeps the last. */
static void
take_prompts(void)
{
    char *begin, *end;

    while ((begin = memmem(shown, length, frame, strlen(frame))) != NULL) {
        char *text = begin + strlen(frame);

        end = memchr(text, '\037', length - (size_t)(text - shown));
        if (end == NULL)
            return; /* the rest is still to come */
        snprintf(prompt, sizeof prompt, "%.*s", (int)(end - text), text);
        prompt_time = now();
        memmove(begin, end + 1, length - (size_t)(end + 1 - shown));
        length -= (size_t)(end + 1 - begin);
    }
}

/* Reads what the terminal shows within MS milliseconds. */
static void
look(int ms)
{
    struct pollfd event = {.fd = terminal, .events = POLLIN};
    ssize_t got;

    if (closed || poll(&event, 1, ms) != 1)
        return;
    if (length == sizeof shown)
        length = 0;
    got = read(terminal, shown + length, sizeof shown - length);
    if (got <= 0) { /* EIO: the last process has closed it, pty(7) */
        closed = got == 0 || errno != EINTR;
        return;
    }
    length += (size_t)got;
    shown_time = now();
    take_prompts();
}

static int
lines_shown(void)
{
    int lines = 0;

    for (size_t i = 0; i < length; i++)
        lines += shown[i] == '\n';
    return lines + (length > 0 && shown[length - 1] != '\n');
}

/* Waits as `l` and `w` say, LIMIT milliseconds at most. */
static void
wait_for(bool wants_prompt, int lines, long quiet, long limit, long patience)
{
    long begin = now();

    while (!closed && now() - begin < limit) {
        look(10);
        if (wants_prompt && prompt[0] == '\0')
            continue;
        if (lines_shown() < lines && now() - (wants_prompt ? prompt_time : begin) < patience)
            continue;
        if (now() - shown_time >= quiet)
            return;
    }
    if (!closed && (!wants_prompt || prompt[0] == '\0'))
        snprintf(prompt, sizeof prompt, "!");
}

static void
answer(void)
{
    bool line_begins = true;

    for (size_t i = 0; i < length; i++) {
        if (shown[i] == '\r' || shown[i] == '\0')
            continue;
        if (line_begins)
            putchar(' ');
        putchar(shown[i]);
        line_begins = shown[i] == '\n';
    }
    if (!line_begins)
        putchar('\n');
    if (closed || prompt[0] == '!')
        printf("!%s\n", closed ? "end" : "hang");
    else
        printf("=%s\n", prompt);
    fflush(stdout);
}

/* Types LENGTH bytes; reads on meanwhile, or a full terminal would stop both sides. */
static void
type(const char *text, size_t size)
{
    while (size > 0 && !closed) {
        ssize_t done = write(terminal, text, size < 256 ? size : 256);

        if (done == -1)
            return;
        text += done;
        size -= (size_t)done;
        look(0);
    }
}

/* Process PID is in, or keeps for its children, the namespace INODE. */
struct member {
    long pid;
    unsigned long inode;
};

static int
by_inode(const void *a, const void *b)
{
    const struct member *one = a, *other = b;

    if (one->inode != other->inode)
        return one->inode < other->inode ? -1 : 1;
    return one->pid < other->pid ? -1 : one->pid > other->pid;
}

/* Fills MEMBERS, room for MAX, sorted by inode; returns how many there are. */
static size_t
find_members(struct member *members, size_t max)
{
    static const char *const links[] = {"cgroup", "ipc",
                                        "mnt",    "net",
                                        "pid",    "pid_for_children",
                                        "time",   "time_for_children",
                                        "user",   "uts"};
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    size_t count = 0;

    while (proc != NULL && (entry = readdir(proc)) != NULL) {
        long pid = strtol(entry->d_name, NULL, 10);

        for (size_t i = 0; pid > 0 && i < sizeof links / sizeof links[0]; i++) {
            char path[64];
            struct stat namespace;

            snprintf(path, sizeof path, "%ld/ns/%s", pid, links[i]);
            if (fstatat(dirfd(proc), path, &namespace, 0) == 0 && count < max)
                members[count++] = (struct member){pid, namespace.st_ino};
            else if (errno == EACCES)
                break; /* somebody else's, and so are the other links */
        }
    }
    if (proc != NULL)
        closedir(proc);
    qsort(members, count, sizeof *members, by_inode);
    return count;
}

static void
show_namespaces(void)
{
    static struct member before[1 << 16], after[1 << 16];
    static size_t before_count;
    size_t count = find_members(after, sizeof after / sizeof after[0]);

    for (size_t i = 0; i < count;) {
        unsigned long inode = after[i].inode;
        bool same = false;

        for (; i < count && after[i].inode == inode; i++)
            same =
                same || bsearch(&after[i], before, before_count, sizeof *before, by_inode) != NULL;
        printf("%lu%s ", inode, same ? "=" : "");
    }
    putchar('\n');
    fflush(stdout);
    memcpy(before, after, count * sizeof *after);
    before_count = count;
}

/* Hangs up, and ends the shell if that was not enough. */
static void
hang_up(pid_t child)
{
    struct timespec pause = {.tv_nsec = 10000000L};

    close(terminal);
    for (int i = 0; i < 300; i++) {
        if (waitpid(child, NULL, WNOHANG) == child)
            return;
        nanosleep(&pause, NULL);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

int
main(int argc, char **argv)
{
    char line[8192];
    long limit, patience;
    pid_t child;

    if (argc < 5)
        return 2;
    snprintf(frame, sizeof frame, "\036%s ", argv[1]);
    limit = strtol(argv[2], NULL, 10) * 1000;
    patience = strtol(argv[3], NULL, 10) * 1000;
    child = start(argv + 4);
    if (child == -1) {
        perror("term: no terminal");
        return 1;
    }
    while (fgets(line, sizeof line, stdin) != NULL) {
        size_t size = strlen(line);
        char *rest = line + 2;
        long lines;

        if (line[0] == 't') {
            look(0);
            length = 0;
            prompt[0] = '\0';
            type(rest, size - 2);
        } else if (line[0] == 'k') {
            prompt[0] = '\0';
            if (length + 2 <= sizeof shown) { /* as a terminal that echoes would */
                shown[length++] = '^';
                shown[length++] = *rest;
            }
            type((char[]){(char)(*rest & 0x1f)}, 1);
        } else if (line[0] == 's') {
            show_namespaces();
        } else {
            lines = strtol(rest, &rest, 10);
            if (line[0] == 'w')
                wait_for(true, (int)lines, strtol(rest, NULL, 10), limit, patience);
            else
                wait_for(false, (int)lines, 200, limit, patience);
            answer();
        }
    }
    hang_up(child);
    return 0;
}
