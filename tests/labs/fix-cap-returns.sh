# shellcheck shell=bash disable=SC2034,SC2016
# fix-cap-returns: capset alone
hints=(
    'The program looks at its own sets, before the exec. Look at those of COMMAND: let it be grep Cap /proc/self/status. Which set was never empty?'
    'When uid 0 executes a program, the kernel makes the new permitted set out of two others: P'"'"' = inheritable or bounding. Chapter 08, "Five sets", has the rule. So both must be empty before the exec.'
    'No capset changes the bounding set. prctl(2) does, one capability at a time: PR_CAPBSET_DROP. It takes CAP_SETPCAP, so it must be made while the process still has that; and its errors count.'
    'In give_up, before capget: a loop over i from 0, as long as prctl(PR_CAPBSET_READ, i, 0, 0, 0) is not -1, and in it prctl(PR_CAPBSET_DROP, i, 0, 0, 0), whose failure is give_up'"'"'s. Below it, one line more in the loop over the halves: inheritable.'
)
none='0{16}' some='0[0-9a-f]*[1-9a-f][0-9a-f]*' true_='What must be true'

when todo '' 'TODO:' 'Something is still open: the program says so.' "$true_"
when wrong-order '' 'it said: .*Operation not permitted' \
    'EPERM: something could not be given up. Lowering the bounding set takes CAP_SETPCAP, and in the effective set; has the process still got it at that moment?' 'What to read'
when last-capability '' 'it said: .*Invalid argument' \
    'EINVAL: there is a capability number that this kernel does not know. How many has it? PR_CAPBSET_READ tells.' 'What to read'
when not-run '' '^# COMMAND does not run' 'COMMAND was to run, and its grandchild, too, and they do not. Whatever the program says of its sets: it must become COMMAND.' "$true_"
when no-new-privs '' "^# grandchild .* CapBnd $some .* NoNewPrivs 1" \
    'no_new_privs keeps capabilities from coming back by exec, and that is good. But the bounding set is still full. This time all five are to be empty.' "$true_"
when some-bounding '' "^# grandchild .* CapPrm $some CapEff $some CapBnd 0000([1-9a-f][0-9a-f]{3}|0[1-9a-f][0-9a-f]{2})0{8}" \
    'The capabilities from number 32 on are back. There are more than 32, and more than the headers of this machine may know: ask the kernel, PR_CAPBSET_READ.' 'What to read'
when no-root '' "^# grandchild .* CapPrm $none CapEff $none CapBnd $some" \
    'Nothing came back in the two sets that count at the moment. But the bounding set still has capabilities, so the limit is where it was. All five are to be empty.' "$true_"
when todo '' "^# grandchild .* CapPrm $some CapEff $some CapBnd $some" \
    'The sets were empty before the exec, and are full after it. COMMAND is uid 0. From where does execve(2) take what it gives to uid 0?' 'What to read'
when inheritable '' "^# grandchild +CapInh $some" \
    'The caller had filled the inheritable set, and the grandchild has it still. What of it is also permitted, exec keeps.' 'What to read'
when went-on '' 'status [0-9]+, COMMAND said: ran-' \
    'Without CAP_SETPCAP the bounding set cannot be lowered. The kernel said so, and COMMAND was run all the same, with capabilities. Look at what prctl returns.' "$true_"
when hangs '' 'timeout after|lab: hung|lab: stopped' 'The program does not come to an end. Is there a loop that waits for something?' "$true_"

change no-inheritable inheritable '/half.i..inheritable = 0/d'
mutant bounding-alone inheritable give_up <<'C'
    for (int i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) != -1; i++)
        if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) == -1)
            return -1;
    return 0;
C
mutant capset-first wrong-order give_up <<'C'
    struct __user_cap_data_struct half[2] = {{0}};

    if (sys_capset(half) == -1)
        return -1;
    for (int i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) != -1; i++)
        if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) == -1)
            return -1;
    return 0;
C
change up-to-31 some-bounding 's/i = 0; prctl(PR_CAPBSET_READ.* != -1;/i = 0; i < 32;/'
change up-to-63 last-capability 's/i = 0; prctl(PR_CAPBSET_READ.* != -1;/i = 0; i < 64;/'
mutant no-new-privs no-new-privs give_up <<'C'
    struct __user_cap_data_struct half[2] = {{0}};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
        return -1;
    return sys_capset(half);
C
mutant securebits no-root give_up <<'C'
    struct __user_cap_data_struct half[2] = {{0}};

    if (prctl(PR_SET_SECUREBITS, 1 /* SECBIT_NOROOT */, 0, 0, 0) == -1)
        return -1;
    return sys_capset(half);
C
mutant in-a-child todo give_up <<'C'
    struct __user_cap_data_struct half[2] = {{0}};

    if (fork() == 0) {
        for (int i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) != -1; i++)
            prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
        _exit(0);
    }
    return sys_capset(half);
C
mutant ignores-failure went-on give_up <<'C'
    struct __user_cap_data_struct half[2] = {{0}};

    for (int i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) != -1; i++)
        prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
    return sys_capset(half);
C
change prints-only not-run 's/^    execvp(.*/    return puts("CapEff: 0000000000000000 CapBnd: 0000000000000000"), 0;/; /argv.1., strerror/d; /ENOENT/d'
