# shellcheck shell=bash disable=SC2034,SC2016
# fix-leaked-fd: descriptors that COMMAND inherits
hints=(
    'Let COMMAND be sleep 1000, and look at ls -l /proc/PID/fd from another terminal. Where do 3, 4 ... lead, and who has opened them?'
    'There are two kinds: those that the program has opened itself, and those that it was started with. For the first kind open(2) has a flag. The second kind you do not know: all numbers from 3 on.'
    'A loop over the numbers needs an end. RLIMIT_NOFILE is none: who opens a file first and lowers the limit then has one above it. man 2 close_range is a call without that problem.'
    'And below 3? When the caller has closed 0, the next open(2) returns 0, and no loop from 3 on will close it. The flag of the first kind, O_CLOEXEC, does. Last: can the message "not found" still be printed, when COMMAND cannot be executed?'
)
true_='What must be true' read_='What to read'

when todo '' 'TODO:' 'Something is still open: the program says so.' "$true_"
when no-proc '' 'it said: .*(close descriptors|/proc|fd): No such file' \
    'ENOENT: at that moment / is the new root, and no proc is mounted there. Look before, or find a way that needs no /proc.' "$read_"
when not-run '' '^# COMMAND does not run' 'COMMAND was to run, and it does not. Does the program still find its own way when it has closed things?' "$true_"
when todo '' "own [1-9][0-9]*, the caller's [1-9]" \
    'COMMAND has descriptors that it should not have: some that the program has opened, and some that the caller had open. Closing them is nobody'"'"'s job so far.' "$true_"
when own '' "own [1-9][0-9]*, the caller's 0" \
    'What the caller had open is closed. But COMMAND still has a descriptor that the program itself has opened. When is it opened, and when is everything closed?' "$true_"
when callers '' '^not ok [0-9]+ 2\.' \
    'What the program has opened itself is closed. But the caller had a directory open, too, and COMMAND has inherited it. The program cannot know its number; what can it do then?' "$true_"
when high-number '' '^not ok [0-9]+ 3\.' \
    'Low numbers are closed, and high ones are not. Where does your loop end, and why there?' "$read_"
when above-limit '' '^not ok [0-9]+ 4\.' \
    'RLIMIT_NOFILE (sysconf, getrlimit) is only the limit for the next one. A file that was open before the limit was lowered may have a higher number.' "$read_"
when too-many '' 'status [0-9]+, wanted .*; stdout: ;|stderr: 0$' \
    '0, 1 and 2 are the caller'"'"'s gift to COMMAND, and one of them does not arrive. From which number on do you close?' "$true_"
when message-lost '' 'not found: status [0-9]+, 0 messages' \
    'When COMMAND cannot be executed, the caller hears nothing. Through which descriptor does the message go, and is that one still open?' "$true_"
when below-three '' 'below 3 and not the caller.s: [0-9]' \
    'The caller had closed 0, 1 or 2, and COMMAND has something of the outside there. open(2) returns the lowest number that is free. What must be said when a file is opened, so that it is closed at exec?' "$read_"
when other-root '' 'NEWROOT is' 'COMMAND is to be in NEWROOT, as in the beginning.' "$true_"
when hangs '' 'timeout after|lab: hung|lab: stopped' 'The program does not come to an end. Is there a loop with a very large number in it?' "$true_"

mutant only-its-own callers close_descriptors <<'C'
    return 0;
C
change closes-its-own-by-name callers 's/ | O_CLOEXEC//; s/return (int)syscall(SYS_close_range.*/return 0;/; s/^    int old_root/    int error, old_root/; s/^    return chdir("\/");/    error = chdir("\/");\n    close(old_root);\n    close(inside);\n    return error;/; s/(void)log;/close(log);/'
mutant three-to-nine high-number close_descriptors <<'C'
    for (int i = 3; i < 10; i++)
        close(i);
    return 0;
C
mutant up-to-the-limit above-limit close_descriptors <<'C'
    for (int i = 3; i < sysconf(_SC_OPEN_MAX); i++)
        close(i);
    return 0;
C
change range-only below-three 's/ | O_CLOEXEC//'
change too-early own 's/ | O_CLOEXEC//; s/^    if (close_descriptors() == -1)/    if (0)/; s/^    int log,/    int log = close_descriptors(),/'
mutant from-2 too-many close_descriptors <<'C'
    return (int)syscall(SYS_close_range, 2, ~0U, 0);
C
mutant in-proc no-proc close_descriptors <<'C'
    int proc = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return proc == -1 ? -1 : close(proc);
C
change message-through-a-copy message-lost 's/^    int log,/    int log, original = dup(STDERR_FILENO),/; /argv.2., strerror/s/fprintf(stderr/dprintf(original/'
change says-so todo 's/ | O_CLOEXEC//; s/return (int)syscall(SYS_close_range.*/return fprintf(stderr, "all closed\\n") * 0;/'
