# shellcheck shell=bash disable=SC2034,SC2016
# fix-pid1: process 1 of a container. The rules look at what the tests say of the kernel's state.
hints=(
    'Three things are wrong, one after the other: whom does it wait for? what does it return? which signals does it hear? Begin with the second, it is the shortest: man 2 waitpid, WIFEXITED and WIFSIGNALED.'
    'Who is the parent of a process whose parent has ended? In a pid namespace it is process 1. ps -o pid,ppid,stat,comm shows these children; Z is a zombie, which nobody has waited for. waitpid(2) can wait for *any* child.'
    'For process 1 the kernel drops each signal for which there is no handler, and SIGTERM with it: man 7 pid_namespaces, "The namespace init process". With a handler it comes. What should the handler do, if the command is to end in its own way?'
    'So: a loop of waitpid(-1, &status, 0) until the pid is that of the command (an orphan is no reason to end, EINTR neither); a handler that calls kill(command, SIGTERM); status or 128 + signal at the end. Nothing that you block may stay blocked in the command.'
)
when todo '' 'zombies: 20 of 20; SIGTERM: not handled' \
    'All twenty orphans are zombies, and SIGTERM is neither caught nor waited for: the program is still as you got it in both. Begin with waitpid: for whom does it wait?' 'What you have'
when busy '' 'does not sleep, at ([89]|1[0-9]|20) of 20' \
    'It does its work, and it needs a whole processor for it: it asks again and again whether somebody has ended. Let the kernel put it to sleep until then.' 'What must be true'
when status-lost '' 'after: exit: status' \
    'The exit status of the command does not come out. What has waitpid returned, and what is in its status? (With SIGCHLD ignored the kernel takes the children away by itself, and the status with them.)' 'What to read'
when no-reap '' 'zombies: 20 of 20' \
    'Not one of the twenty orphans was waited for. They are children of process 1 now, but not the child that it waits for.' 'What to read'
when one-per-signal '' 'zombies: ([1-9]|1[0-9]) of 20' \
    'Some orphans were waited for, and some are left. Signals of one kind do not queue up: twenty children may end and SIGCHLD comes once. How many must be waited for then?' 'What to read'
when orphan-ends-it '' 'it ended before its command|after: orphans that ended' \
    'It ends, or takes the status, when an orphan ends. waitpid returns a pid: is it that of the command? When process 1 ends, the kernel kills all others in the namespace.' 'What must be true'
when signal-status '' 'after: kill -9: status' \
    'A command that was ended by a signal has no exit status: WEXITSTATUS means nothing then. Shells make 128 + N of it.' 'What must be true'
when blocked '' 'it does not end after: SIGTERM.*; SIGTERM is blocked in the command' \
    'SIGTERM is blocked in the command: it has inherited that from you, and execve keeps it. man 2 sigprocmask. What must the child do before it becomes the command?' 'What to read'
when deaf '' 'it does not end after: SIGTERM' \
    'Three seconds after SIGTERM it still runs, and its command too. Look at SigCgt in /proc/PID/status: without a handler process 1 does not get this signal, and with one it must do something about it.' 'What to read'
when not-told '' 'after: SIGTERM that the command catches: status|`grep -qx told' \
    'It ends at SIGTERM, but the command could not do so in its own way: it was not told, and the kernel killed it with its process 1. Who must get the signal, and who ends first?' 'What must be true'
when term-status '' 'after: SIGTERM that the command does not catch: status' \
    'The command was ended by SIGTERM, signal 15: then 128 + 15 is the status.' 'What must be true'
when hangs '' 'it does not end|timeout after|lab: hung' 'It does not come to an end when its command has. What does it wait for?' 'What must be true'

mutant waits-for-one no-reap wait_for_command <<'C'
    int status;

    while (waitpid(command, &status, 0) == -1)
        if (errno != EINTR)
            return 125;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
C
mutant ignores-SIGCHLD status-lost wait_for_command <<'C'
    int status = 0;

    signal(SIGCHLD, SIG_IGN);
    while (waitpid(-1, &status, 0) != -1 || errno == EINTR)
        ;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
C
mutant first-that-ends orphan-ends-it wait_for_command <<'C'
    int status;

    while (waitpid(-1, &status, 0) == -1)
        if (errno != EINTR)
            return 125;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
C
mutant one-for-each-SIGCHLD one-per-signal wait_for_command <<'C'
    sigset_t child;
    int status;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    for (;;)
        if (sigwaitinfo(&child, NULL) != -1 && waitpid(-1, &status, WNOHANG) == command)
            return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
C
mutant asks-again-and-again busy wait_for_command <<'C'
    int status;

    while (waitpid(-1, &status, WNOHANG) != command)
        ;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
C
mutant exits-in-the-handler not-told pass_on <<'C'
    _exit(128 + signal_number);
C
mutant sets-the-default deaf catch_signals <<'C'
    signal(SIGTERM, SIG_DFL);
    (void)pass_on;
C
change no-128 signal-status 's/WIFSIGNALED(status) ? 128 + WTERMSIG(status) : //'
change mask-inherited blocked '/command == 0/,/^    }/ { /sigprocmask/d }'
