# shellcheck shell=bash disable=SC2034,SC2016
# 10-seccomp: a step that refuses system calls
hints=(
    'Draw the program: load nr; for each number a comparison and, right after it, the return that refuses; at the end the return that allows. Which comparison skips what?'
    'BPF_JUMP(..., VALUE, YES, NO) skips YES instructions if A is VALUE, else NO. "Equal: go on with the next one; not equal: pass over that one" is YES 0, NO 1.'
    'SECCOMP_RET_ERRNO is an action without an errno: EPERM is or-ed into its low 16 bits. And before the comparisons: whatever is not smaller than __X32_SYSCALL_BIT belongs to x32, and is refused as a whole (BPF_JGE).'
    'Before the filter: prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0). Then syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter). For a record: start_from(&step); join(&step); before the filter, for join makes system calls, too.'
)
when todo '' 'TODO:' 'Something is not written yet: the line above says which function. Begin with refuse_calls.' 'What you have'
when no-new-privs '10-seccomp bpf -- true 2>&1' 'EACCES' \
    'An ordinary user may not install this filter. What must a process give up before, so that a filter cannot fool a set-user-ID program? See SECCOMP_SET_MODE_FILTER in man 2 seccomp.'
when not-taken '10-seccomp bpf -- true 2>&1' 'EINVAL' \
    'The kernel has looked at your program and does not take it. Each way must end with a return, no jump may lead beyond the end, and len counts the instructions.'
when refuses-all '10-seccomp bpf -- true >/dev/null 2>&1; echo "came to its end: $?"' 'end: (125|126|13[0-9])$' \
    'COMMAND does not even start, though only bpf(2) was named: your filter refuses what it should let through. Follow a call that is not in the list: which instruction comes after a comparison that says no? What is in the accumulator then? And what is the last instruction?'
when not-installed '10-seccomp bpf -- grep -w Seccomp: /proc/self/status 2>/dev/null' 'Seccomp:.0' \
    'The step reports a filter, and the kernel has none for this process (Seccomp: 0 in /proc/PID/status). Is seccomp(2) called, and does anybody look at what it returns?'
when join-late '' 'setns\(pid.*: Operation not permitted' \
    'Joining fails: it makes system calls such as setns(2), and your filter is there already. What must come first?' 'What you have'
when no-join '' 'not in the container: hostname' \
    'With - COMMAND runs outside of what the steps before have made. Who reads the record, and who enters what it describes? TODO 3.' 'What you have'
when kills '10-seccomp linkat -- ln README.md build/lib/hard-link 2>&1; echo "came to its end: $?"' 'end: 159|Bad system call' \
    'The process is killed (SIGSYS) by a call that is named. It should get an error and go on: which action does that? man 2 seccomp lists the return values of a filter.'
when no-errno '' '^# [a-z_]+ 0$' \
    'A call that is named seems to succeed, and nothing was done. SECCOMP_RET_ERRNO needs to know which errno: it is in the low 16 bits of the return value. 0 is no error.'
when other-errno '' '^# [a-z_]+ (2|5|13|38)$' 'The call fails, but not with EPERM. The errno is in the low 16 bits of what the filter returns.'
when only-one '10-seccomp linkat,unshare -- sh -c "ln README.md build/lib/hard-link 2>&1; unshare --user true 2>&1" 2>/dev/null | grep -c "not permitted"' '^1$' \
    'Of two calls that are named, one is refused and one is not. Follow the call that comes later in the list through your program: what happens to it at the first comparison?'
when not-refused '10-seccomp unshare -- unshare --user echo has made one 2>/dev/null' 'has made one' \
    'The filter is there, and unshare(2) still works. What is in the accumulator when the comparison comes? check_architecture has left something else in it.'
when x32 '' 'way round: x32' \
    'Who adds __X32_SYSCALL_BIT to the number of a call gets round your filter: for the machine it is the same architecture, for your comparison another number. (ENOSYS came from the kernel, after your filter had let it through; other kernels have x32.)'
when i386 '' 'way round: i386' \
    'A call by int $0x80 is not looked at as it should be: there the numbers mean other calls. Is check_architecture the first part of your program, and as it was?'
when other-arguments '' '^# with .*|not ok.*also to root of a user' \
    'To root of a user namespace the kernel gives a filter without no_new_privs. The task asks for both, for all users: set it always, and not only when the first try fails.'
when hangs '' 'timeout after|lab: hung' 'The program does not come to an end. Is a call refused that it needs itself? Is there a loop that waits for something?'

mutant nothing-called not-installed install_filter <<'C'
    (void)filter;
    return 0;
C
change no-new-privs-forgotten no-new-privs '/PR_SET_NO_NEW_PRIVS/,+1d'
mutant only-if-it-must other-arguments install_filter <<'C'
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter) == 0)
        return 0;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
        return -1;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter);
C
change jump-the-wrong-way refuses-all 's/numbers\[i\], 0, 1)/numbers[i], 1, 0)/'
change no-allow-at-the-end not-taken '/SECCOMP_RET_ALLOW/d'
change killed-instead kills 's/SECCOMP_RET_ERRNO | EPERM/SECCOMP_RET_KILL_PROCESS/'
change errno-left-out no-errno 's/SECCOMP_RET_ERRNO | EPERM/SECCOMP_RET_ERRNO/'
change only-the-first-call only-one 's/i < count; i++) {/i < count \&\& i < 1; i++) {/'
change number-not-loaded not-refused '/^    add(filter,$/{N;/seccomp_data, nr/d}; /^#ifdef __X32/,/^#endif/d'
change number-not-loaded-with-x32 refuses-all '/^    add(filter,$/{N;/seccomp_data, nr/d}'
change x32-forgotten x32 '/^#ifdef __X32/,/^#endif/d'
change architecture-not-checked i386 '/^    check_architecture(/d'
change record-not-used no-join '/^    start_from(/d; /^    join(/d'
change filter-before-joining join-late '/^    join(/d; /^    add_note(/i\    join(\&step);'
