#!/usr/bin/env bats
# What can be seen and reached from inside. Most of it is tried without 07 and 08 as root: a payload
# with all capabilities, who may look at every process that it can see.
load helper

pipeline_without_07() { # as root; an ordinary user cannot leave it out
    local line
    line=$(pipeline "$1")
    if [ "$EUID" = 0 ]; then echo "${line/07-userns-map - |/}"; else echo "$line"; fi
}

@test "inside are PID 1 and the command, and no stage" {
    run_split bash -c "$(pipeline "sh -c 'echo /proc/[0-9]*'")"
    [ "$(wc -w <<<"$out")" = 2 ]
    [[ $out == '/proc/1 '* ]]
}
@test "control: a command in the host's pid namespace sees the stages" {
    hold "$BATS_TEST_TMPDIR/box" 01-unshare -u --user
    run_split 06-nsenter - -- sh -c 'echo /proc/[0-9]*' <"$BATS_TEST_TMPDIR/box"
    [[ " $out " == *" /proc/$held "* ]]
}
@test "the root and cwd of PID 1 are the container's" {
    CAPS=
    run_split bash -c "$(pipeline "sh -c 'stat -L -c %d:%i / /proc/1/root /proc/1/cwd 2>&1'")"
    if [ "$EUID" = 0 ]; then
        # 07 comes last: PID 1 belongs to the host's user namespace and cannot be looked at
        [ "$(grep -c 'Permission denied' <<<"$out")" = 2 ]
    else
        [ "$(sort -u <<<"$out" | wc -l)" = 1 ]
    fi
}
@test "without 07 and 08, PID 1 shows the container's root and nothing of the host" {
    needs_root
    run_split bash -c "01-unshare | 02-mountproc - $ROOTFS | 03-chroot - $ROOTFS | 04-pivot_root - |
        06-nsenter - -- sh -c 'stat -L -c %d:%i / /proc/1/root /proc/1/cwd; ls /proc/1/fd; readlink /proc/1/root'"
    [ "$(head -n 3 <<<"$out" | sort -u | wc -l)" = 1 ]
    [ "$(wc -l <<<"$out")" = 4 ] # no descriptor at all between them
}
@test "what PID 1 runs from is no file of the host" {
    CAPS= # with 08 left out, and as root with 07 left out too
    build_and_wait "$(pipeline_without_07 'sleep 7777')"
    pid=$(sed -n 's/.*PID 1 in there is pid \([0-9]*\).*/\1/p' "$BATS_TEST_TMPDIR/messages")
    program=$(command -v 01-unshare)
    [ "$(stat -L -c %d:%i "/proc/$(pgrep -P "$job" 01-unshare)/exe")" = "$(stat -c %d:%i "$program")" ] # control
    [ "$(stat -L -c %d:%i "/proc/$pid/exe")" != "$(stat -c %d:%i "$program")" ]
    [[ $(readlink "/proc/$pid/exe") == /memfd:* ]]
    kill -9 "$inside"
}
@test "a step that waits in the pid namespace of its command shows it no directory of the host" {
    # 01 -T must fork, and here it does so inside the pid namespace of the first 01.
    run_split as_root 01-unshare -- 02-mountproc "$ROOTFS" -- 01-unshare -T -- 04-pivot_root "$ROOTFS" -- \
        sh -c 'echo /proc/[0-9]*/comm; for p in /proc/[0-9]*; do ls -d $p/cwd/../../etc/shadow $p/cwd/etc/shadow; done 2>&-'
    [ "$(wc -w <<<"$out")" -ge 3 ] # control: the step that waits can be seen
    [[ $out != *shadow* ]]
}
@test "descriptors are closed also where close_range(2) is refused, as old seccomp filters do" {
    needs_tool strace
    exec 8</etc
    run_split as_root strace -f -qq -o /dev/null -e trace=close_range -e inject=close_range:error=EPERM \
        01-unshare -p -- sh -c 'cd /proc/self/fd && echo *'
    exec 8<&-
    [ "$out" = '0 1 2 3' ] || [ "$out" = '0 1 2' ]
    # So is one that was opened before the limit was lowered.
    # shellcheck disable=SC2016
    run_split as_root bash -c 'exec 50</; ulimit -Sn 40; exec "$@"' bash strace -f -qq -o /dev/null -e trace=close_range \
        -e inject=close_range:error=EPERM 01-unshare -p -- sh -c 'cd /proc/self/fd && echo *'
    [ "$out" = '0 1 2 3' ] || [ "$out" = '0 1 2' ]
}
@test "the command has descriptors 0, 1 and 2 only" {
    exec 8</etc 9</dev/null
    run_split bash -c "$(pipeline "sh -c 'cd /proc/self/fd && echo *'")"
    [ "$out" = '0 1 2 3' ] || [ "$out" = '0 1 2' ] # 3: the directory that the shell is reading
    run_split bash -c "$(chain "sh -c 'cd /proc/self/fd && echo *'")"
    exec 8<&- 9<&-
    [ "$out" = '0 1 2 3' ] || [ "$out" = '0 1 2' ]
}
@test "no host directory is among the mounts" {
    run_split bash -c "$(EXTRA_02=--dev pipeline 'cat /proc/self/mountinfo')"
    # All that is left: the new root itself, and what 02 has mounted below it.
    [ "$(awk '$5 == "/"' <<<"$out" | wc -l)" = 1 ]
    [ -z "$(awk '$5 != "/" && $5 !~ /^\/(proc|dev)(\/|$)/' <<<"$out")" ]
}
@test "a chroot can be left by setns to the own mount namespace, a pivoted root cannot" {
    needs_root
    # With all capabilities and without 07: after 03 alone it works (the control), after 04 not.
    marker=$BATS_TEST_TMPDIR/host-file
    echo secret >"$marker"
    # setns to the own mount namespace leads to its root: that is what nsenter -m does.
    leave="nsenter --mount=/proc/self/ns/mnt cat $marker"
    run_split bash -c "01-unshare -m -p | 02-mountproc - $ROOTFS | 03-chroot - $ROOTFS -- $leave"
    [ "$out" = secret ]
    run_split bash -c "01-unshare -m -p | 02-mountproc - $ROOTFS | 03-chroot - $ROOTFS | 04-pivot_root - -- $leave"
    [ "$status" != 0 ] && [ -z "$out" ]
}

# tests/spy.c, inside, with all capabilities that there are, looks at each new process as fast as it
# can. It reports every root or cwd that is not the container's, and every open directory.
build_spy() {
    needs_tool gcc
    gcc -O2 -static -o "$BATS_TEST_TMPDIR/spy" tests/spy.c
}
@test "a spy inside catches nothing of the host in a newcomer, before its exec either" {
    build_spy
    share=$BATS_TEST_TMPDIR/share
    cp -a "$ROOTFS" "$share"
    cp "$BATS_TEST_TMPDIR/spy" "$share/usr/bin/spy"
    ROOTFS=$share CAPS= # with 08 left out, and as root with 07 left out too
    memory=memory
    if [ "$EUID" = 0 ]; then
        memory=
        line="01-unshare | 02-mountproc - $share | 03-chroot - $share | 04-pivot_root -"
    else
        line="01-unshare -m -u -i -n -p --user | 07-userns-map - | 02-mountproc - $share | 03-chroot - $share | 04-pivot_root -"
    fi
    bash -c "$line >'$BATS_TEST_TMPDIR/box'" 2>/dev/null 3>&- &
    job=$!
    wait_until has_line "$BATS_TEST_TMPDIR/box"
    06-nsenter - -- spy $memory >"$BATS_TEST_TMPDIR/seen" 2>/dev/null <"$BATS_TEST_TMPDIR/box" 3>&- &
    spy=$!
    wait_until has_line "$BATS_TEST_TMPDIR/seen" # it says "watching"
    for _ in {1..100}; do
        06-nsenter - -- true <"$BATS_TEST_TMPDIR/box" 2>/dev/null
    done
    06-nsenter - -- touch /tmp/stop <"$BATS_TEST_TMPDIR/box" 2>/dev/null
    wait "$spy"
    pkill -P "$job" 01-unshare || :
    wait "$job" || :
    cat "$BATS_TEST_TMPDIR/seen"
    grep -q '^looked at [1-9][0-9]* newcomers' "$BATS_TEST_TMPDIR/seen"
    refute grep -q '^caught' "$BATS_TEST_TMPDIR/seen"
}
@test "control: the spy catches a newcomer that nsenter(1) brings in" {
    needs_root # the stages of a util-linux chain are in the pid namespace
    build_spy
    share=$BATS_TEST_TMPDIR/share
    cp -a "$ROOTFS" "$share"
    cp "$BATS_TEST_TMPDIR/spy" "$share/usr/bin/spy"
    bash -c "01-unshare | 02-mountproc - $share | 03-chroot - $share | 04-pivot_root - >'$BATS_TEST_TMPDIR/box'" \
        2>/dev/null 3>&- &
    job=$!
    wait_until has_line "$BATS_TEST_TMPDIR/box"
    06-nsenter - -- spy >"$BATS_TEST_TMPDIR/seen" 2>/dev/null <"$BATS_TEST_TMPDIR/box" 3>&- &
    spy=$!
    wait_until has_line "$BATS_TEST_TMPDIR/seen"
    pid=$(record_pid "$(cat "$BATS_TEST_TMPDIR/box")")
    # A descriptor of a host directory, left open on purpose.
    nsenter --pid="/proc/$pid/ns/pid_for_children" sleep 0.2 8</etc
    06-nsenter - -- touch /tmp/stop <"$BATS_TEST_TMPDIR/box" 2>/dev/null
    wait "$spy"
    pkill -P "$job" 01-unshare || :
    wait "$job" || :
    grep -q '^caught' "$BATS_TEST_TMPDIR/seen"
}
