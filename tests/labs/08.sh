# shellcheck shell=bash disable=SC2034,SC2016
# 08: write sys_capset and drop_capabilities
functions='sys_capset drop_capabilities'
hints=(
    'Of the five sets one call changes three, another call changes the fourth, and the fifth follows by itself. Which is which? See "The call", and man 2 capset.'
    'The bounding set goes one capability at a time: prctl(PR_CAPBSET_DROP, number, 0, 0, 0). cap_count() tells how many there are. It needs a capability itself; what does that say about the order?'
    'sys_capset: a header (_LINUX_CAPABILITY_VERSION_3, pid 0 is this process) and two structures, one for the bits 0 to 31 of the three sets, one for the bits 32 to 63. syscall(SYS_capset, &header, half).'
    'drop_capabilities: first for each number that is in was.bounding and in drop, PR_CAPBSET_DROP. Then take drop out of effective, permitted and inheritable, and call sys_capset. Each may fail, and then the step ends: fail(step, errno, why_bounding_drop(&was, i), ...), fail(step, errno, why_capset(&caps), ...).'
)

# The five sets of the step itself, when it stays behind, and of COMMAND, after its execve: Inh Prm Eff Bnd Amb.
behind() { # OPTIONS
    echo 'rm -f /tmp/box; 07-userns-map -- 08-capset '"$1"' >/tmp/box 2>/tmp/err & i=0;
        until [ -s /tmp/box ] || [ $((i += 1)) -gt 40 ] || ! kill -0 $!; do sleep 0.05; done 2>/dev/null; cat /tmp/err | grep "^08"; if [ -s /tmp/box ]; then
        echo left behind: $(sed -n "s/^Cap...:.//p" /proc/$(cut -d " " -f 2 /tmp/box)/status); fi; kill $!' | paste -sd ' '
}
after() { # OPTIONS [COMMAND in front]
    echo '07-userns-map -- '"${2-}"' 08-capset '"$1"' -- sed -n "s/^Cap...:.//p" /proc/self/status 2>/tmp/err |
        paste -sd " " | sed "s/^/COMMAND: /"; grep "^08" /tmp/err' | paste -sd ' '
}
all=$(behind '--drop all') chown=$(behind '--drop chown') all_after=$(after '--drop all') chown_after=$(after '--drop chown')
kill_after=$(after '--drop kill' 'setpriv --inh-caps=+kill') none='0{16}' some='0[0-9a-f]*[1-9a-f][0-9a-f]*' upper='0000([1-9a-f][0-9a-f]|0[1-9a-f])[0-9a-f]{10}'

when todo '' 'TODO: drop_capabilities' 'The function is still empty: it must take the capabilities in DROP out of all five sets.'
when todo-capset '' 'TODO: sys_capset' 'sys_capset is still empty: the system call has no function in the C library, so you make it by its number, SYS_capset. man 2 capset'
when last-capability "$all" 'PR_CAPBSET_DROP, [0-9]+\): Invalid argument' \
    'EINVAL: the kernel does not know that number. How many capabilities has this kernel? cap_count() tells.'
when wrong-order "$all" 'PR_CAPBSET_DROP, [0-9]+\): Operation not permitted' \
    'EPERM: to change the bounding set takes CAP_SETPCAP, and at that moment the process has it no longer. What has taken it away?' 'Break it'
when two-halves "$all" 'capset\(.*\): Invalid argument' \
    'EINVAL from capset(2): the kernel does not know the version in the header, or the pid is not 0.'
when too-much "$all" 'capset\(.*\): Operation not permitted' \
    'EPERM from capset(2): you ask for more than there is. The effective set must be within permitted, and permitted may only become smaller. Is each half in its place?'
when two-halves "$chown" "left behind: [0-9a-f]+ ($none|00000000[0-9a-f]{8}|0000[0-9a-f]{3}[02468ace][0-9a-f]{8}) [0-9a-f]+ $upper" \
    'With --drop chown the step has lost capabilities of the upper half, too: those from number 32 on. A set travels in two halves of 32 bits; what is in the second one?'
when inverted "$chown" "left behind: [0-9a-f]+ 0{15}1 " \
    'After --drop chown only chown is left. What is in DROP must go, and the rest must stay: ~ turns each bit over.'
when all-of-bounding "$chown" "left behind: [0-9a-f]+ [0-9a-f]+ [0-9a-f]+ $none" \
    'After --drop chown the bounding set is empty. Only what is in DROP must go.'
when not-called "$all" "left behind: [0-9a-f]+ $some $some $some" \
    'The step says that it has dropped the capabilities, and /proc/PID/status has them all. Are prctl(2) and capset(2) really called, with sets from which DROP has been taken?'
when bounding-kept "$all_after" 'COMMAND: [0-9a-f]+ [0-9a-f]+ [0-9a-f]+ 0000[0-9a-f]*[1-9a-f]' \
    'They were gone, and after the execve(2) of COMMAND they are there again, for COMMAND is uid 0. From which set does execve take them? That one must lose them, too.' 'Break it'
when permitted-kept "$all" "left behind: [0-9a-f]+ 0000[0-9a-f]*[1-9a-f]" \
    'The step itself has lost them from the bounding set only, or keeps them in permitted: from there a process may make them effective again.' 'Five sets'
when effective-kept "$all" "left behind: [0-9a-f]+ $none 0000[0-9a-f]*[1-9a-f]" 'The effective set still has them: that is the one that the kernel checks.' 'Five sets'
when inheritable-kept "$kill_after" 'COMMAND: 0{14}20 ' \
    'The caller had cap_kill in the inheritable set, and after --drop kill it is still there. Three sets go through capset(2).' 'Five sets'
when error-lost '08-capset --drop all -- echo went on 2>/dev/null' 'went on' \
    'A user without CAP_SETPCAP cannot lower the bounding set. The kernel has said EPERM, and the step went on and ran COMMAND. When a call fails, the step must end, with fail.' 'Break it'
when hangs '' 'timeout after|waited in vain|lab: hung|lab: stopped' 'The program does not come to an end. Is there a loop that waits for something?'

mutant capset-only bounding-kept drop_capabilities <<'C'
    struct capabilities caps = was;

    caps.effective &= ~drop;
    caps.permitted &= ~drop;
    caps.inheritable &= ~drop;
    if (sys_capset(caps) == -1)
        fail(step, errno, why_capset(&caps), "capset");
C
mutant capset-first wrong-order drop_capabilities <<'C'
    struct capabilities caps = was;

    caps.effective &= ~drop;
    caps.permitted &= ~drop;
    caps.inheritable &= ~drop;
    if (sys_capset(caps) == -1)
        fail(step, errno, why_capset(&caps), "capset");
    for (int i = 0; i < cap_count(); i++)
        if ((was.bounding & drop & (UINT64_C(1) << i)) && prctl(PR_CAPBSET_DROP, i, 0, 0, 0) == -1)
            fail(step, errno, why_bounding_drop(&was, i), "prctl(PR_CAPBSET_DROP, %d)", i);
C
mutant bounding-only permitted-kept drop_capabilities <<'C'
    for (int i = 0; i < cap_count(); i++)
        if ((was.bounding & drop & (UINT64_C(1) << i)) && prctl(PR_CAPBSET_DROP, i, 0, 0, 0) == -1)
            fail(step, errno, why_bounding_drop(&was, i), "prctl(PR_CAPBSET_DROP, %d)", i);
C
mutant nothing-done not-called drop_capabilities <<'C'
    (void)step;
    (void)was;
    (void)drop;
C
change loop-to-63 last-capability 's/i < cap_count(); i++/i < 64; i++/; s/was.bounding & drop & bit/drop \& bit/'
change lower-half-only two-halves 's/i < 2; i++/i < 1; i++/; s/half\[2\];/half[2] = {{0}};/'
change version-1 two-halves 's/_LINUX_CAPABILITY_VERSION_3/_LINUX_CAPABILITY_VERSION_1/'
change one-half-twice two-halves 's/ >> 32 \* i)/)/'
change mask-turned inverted 's/&= ~drop/\&= drop/; /PR_CAPBSET_DROP, i/s/.*/        if ((was.bounding \& ~drop \& bit) \&\& prctl(PR_CAPBSET_DROP, i, 0, 0, 0) == -1)/; /was.bounding & drop & bit/d'
change no-inheritable inheritable-kept '/caps.inheritable &= ~drop/d'
change effective-alone permitted-kept '/caps.permitted &= ~drop/d'
change whole-bounding all-of-bounding 's/was.bounding & drop & bit/drop \&\& (was.bounding \& bit)/'
change ignores-failure error-lost '/why_bounding_drop/d; s/(was.bounding & drop & bit) && prctl(\(.*\)) == -1)/was.bounding \& drop \& bit)\n            prctl(\1);/'
mutant half-of-it-written todo-capset sys_capset <<'C'
    (void)caps;
    fprintf(stderr, "08-capset: TODO: sys_capset is not written yet\n");
    _exit(125);
C
