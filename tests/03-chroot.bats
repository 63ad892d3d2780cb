#!/usr/bin/env bats
# 03-chroot: another / for one process, and only for that one: the mount namespace is as before, and
# the way out is open. (04-pivot_root.bats shows the same ways shut.)
# shellcheck disable=SC2154 # out, err, held: set by the helper
load helper

# An ordinary user may chroot in a user namespace of his own.
if [ "$EUID" = 0 ]; then own=(); else own=(07-userns-map --); fi

# A small root of the test's own; ROOTFS where a COMMAND must run inside.
make_root() {
    root=$BATS_TEST_TMPDIR/root
    mkdir -p "$root/below" "$root/proc"
}
root_of() { stat -L -c %d:%i "/proc/$1/root"; }
pid_1() { sed -n 's/.*PID 1 in there is pid \([0-9]*\).*/\1/p' "$1"; }

# A build with sanitizers reads /proc when it starts; there is none in a bare chroot.
needs_steps_without_proc() {
    "${own[@]}" 03-chroot "$ROOTFS" -- 03-chroot --help >/dev/null 2>&1 ||
        skip 'this build of the steps does not start without /proc'
}

# ---- what it changes

@test "the process's root and working directory are NEWROOT" {
    make_root
    hold "$BATS_TEST_TMPDIR/box" "${own[@]}" 03-chroot "$root"
    [ "$(readlink "/proc/$held/root")" = "$root" ]
    [ "$(readlink "/proc/$held/cwd")" = "$root" ]
}
@test "COMMAND sees NEWROOT as /, and is in it" {
    run_split "${own[@]}" 03-chroot "$ROOTFS" -- sh -c 'pwd -P; echo /*'
    [ "$out" = "/"$'\n'"$(cd "$ROOTFS" && printf '/%s ' * | sed 's/ $//')" ]
}
@test "no namespace changes, and the report marks none" {
    make_root
    hold "$BATS_TEST_TMPDIR/box" "${own[@]}" sh -c 'readlink /proc/$$/ns/mnt /proc/$$/ns/user >"$1.before"; exec 03-chroot "$0" 2>"$1.report"' "$root" "$BATS_TEST_TMPDIR/box"
    [ "$(readlink "/proc/$held/ns/mnt" "/proc/$held/ns/user")" = "$(cat "$BATS_TEST_TMPDIR/box.before")" ]
    grep -q '^03-chroot' "$BATS_TEST_TMPDIR/box.report"
    ! grep -F '*' "$BATS_TEST_TMPDIR/box.report"
}
@test "nobody else's root changes: not PID 1's in the same mount namespace, not that of 01" {
    make_root
    hold "$BATS_TEST_TMPDIR/one" "${own[@]}" 01-unshare -m -p
    first=$held
    before=$(root_of "$first")
    hold "$BATS_TEST_TMPDIR/two" bash -c '03-chroot - "$1" <"$0"' "$BATS_TEST_TMPDIR/one" "$root"
    [ "$(root_of "$(record_pid "$(cat "$BATS_TEST_TMPDIR/two")")")" = "$(stat -c %d:%i "$root")" ]
    [ "$(root_of "$first")" = "$before" ]
    [ "$(root_of "$(pid_1 "$BATS_TEST_TMPDIR/one.err")")" = "$before" ]
}
@test "no mount changes: PID 1 sees the same mounts before and after" {
    make_root
    hold "$BATS_TEST_TMPDIR/one" "${own[@]}" 01-unshare -m -p
    pid=$(pid_1 "$BATS_TEST_TMPDIR/one.err")
    cp "/proc/$pid/mountinfo" "$BATS_TEST_TMPDIR/before"
    hold "$BATS_TEST_TMPDIR/two" bash -c '03-chroot - "$1" <"$0"' "$BATS_TEST_TMPDIR/one" "$root"
    cmp "/proc/$pid/mountinfo" "$BATS_TEST_TMPDIR/before"
}
@test "the next step goes on in the new root" {
    run_split "${own[@]}" bash -c '01-unshare -u | 03-chroot - "$ROOTFS" | 06-nsenter - -- sh -c "pwd -P; echo /*"'
    [ "$out" = "/"$'\n'"$(cd "$ROOTFS" && printf '/%s ' * | sed 's/ $//')" ]
}
@test "a relative NEWROOT is the one that was typed, also with -" {
    make_root
    cd "$BATS_TEST_TMPDIR"
    hold "$BATS_TEST_TMPDIR/one" "${own[@]}" 03-chroot root
    [ "$(readlink "/proc/$held/root")" = "$root" ]
    hold "$BATS_TEST_TMPDIR/two" "${own[@]}" 01-unshare -u
    hold "$BATS_TEST_TMPDIR/three" bash -c 'exec 03-chroot - root <"$0"' "$BATS_TEST_TMPDIR/two"
    [ "$(readlink "/proc/$held/root")" = "$root" ]
}
@test "03 after 03: NEWROOT is looked up in the new root" {
    make_root
    hold "$BATS_TEST_TMPDIR/one" "${own[@]}" 03-chroot "$root"
    hold "$BATS_TEST_TMPDIR/two" bash -c 'exec 03-chroot - below <"$0"' "$BATS_TEST_TMPDIR/one"
    [ "$(readlink "/proc/$held/root")" = "$root/below" ]
}

# ---- what it does not do

# 03 after 01 and 02, in an exec chain: a chroot that has a /proc.
in_chroot() {
    run_split "${own[@]}" 01-unshare -m -p -- 02-mountproc "$ROOTFS" -- 03-chroot "$ROOTFS" -- "$@"
}
@test "the old root is in reach of who is root: through PID 1, which is not in the chroot" {
    in_chroot ls -d "/proc/1/root$BATS_TEST_TMPDIR"
    [ "$status" = 0 ]
    in_chroot ls -d "$BATS_TEST_TMPDIR" # control: not by its own name
    [ "$status" != 0 ]
}
@test "the chroot can be left: by joining the root of PID 1" {
    in_chroot 06-nsenter --target 1 --root -- ls -d "$BATS_TEST_TMPDIR"
    [ "$status:$out" = "0:$BATS_TEST_TMPDIR" ]
}
@test "the chroot can be left: by setns(2) to the mount namespace that one is in" {
    [ -x "$ROOTFS/bin/nsenter" ] || skip 'needs nsenter in the root filesystem'
    in_chroot nsenter --mount=/proc/self/ns/mnt ls -d "$BATS_TEST_TMPDIR"
    [ "$status:$out" = "0:$BATS_TEST_TMPDIR" ]
}
@test "in a chroot CLONE_NEWUSER is EPERM, and the error says why and names 04" {
    in_chroot 01-unshare --user -- true
    [[ $status:$err == 125:*CLONE_NEWUSER*EPERM*because:*chroot*04-pivot_root* ]]
}
@test "in a chroot CLONE_NEWUSER is EPERM, with - too; without 03 it is not" {
    make_root
    run_split "${own[@]}" bash -c '01-unshare -u | 03-chroot - "$0" | 01-unshare - --user' "$root"
    [[ $status:$err == 125:*CLONE_NEWUSER*EPERM* ]]
    run_split "${own[@]}" bash -c '01-unshare -u | 01-unshare - --user -- true'
    [ "$status" = 0 ]
}

# ---- where /proc is not mounted

@test "without /proc in there the step works, and its report says that it cannot read the inodes" {
    needs_steps_without_proc
    run_split "${own[@]}" 03-chroot "$ROOTFS" -- 03-chroot / -- sh -c 'echo done'
    [ "$status:$out" = 0:done ]
    [[ $err == *'/proc is not mounted here'* ]]
}
@test "without /proc in there a step cannot stay behind, and says so" {
    needs_steps_without_proc
    run_split "${own[@]}" 03-chroot "$ROOTFS" -- 03-chroot /
    [[ $status:$err == 125:*'cannot stay behind'* ]]
    [ -z "$out" ]
}

# ---- when it cannot

@test "no such directory: ENOENT, and its name" {
    run_split "${own[@]}" 03-chroot "$BATS_TEST_TMPDIR/none" -- echo half-made
    [[ $status:$err == 125:*"chroot(\"$BATS_TEST_TMPDIR/none\")"*ENOENT*because:*"there is no directory $BATS_TEST_TMPDIR/none"* ]]
    [ -z "$out" ]
}
@test "a file: ENOTDIR" {
    run_split "${own[@]}" 03-chroot /etc/passwd -- echo half-made
    [[ $status:$err == 125:*ENOTDIR*because:*'/etc/passwd is not a directory'* ]]
    [ -z "$out" ]
}
@test "a directory that may not be searched: EACCES" {
    needs_user
    make_root
    chmod 0 "$root"
    run_split 03-chroot "$root/below" -- echo half-made
    chmod 755 "$root"
    [[ $status:$err == 125:*EACCES*because:*'may not be searched'* ]]
}
@test "without CAP_SYS_CHROOT: EPERM, and it says where to get it" {
    needs_user
    run_split 03-chroot "$ROOTFS" -- echo half-made
    [[ $status:$err == 125:*EPERM*because:*CAP_SYS_CHROOT*try:*07-userns-map* ]]
    [ -z "$out" ]
}
@test "no record is written when it fails" {
    run_split "${own[@]}" bash -c '01-unshare -u | 03-chroot - /no/such/directory'
    [ "$status:$out" = 125: ]
}
@test "a root with no shell in it: 127, and it says which program is missing where" {
    make_root
    run_split "${own[@]}" 03-chroot "$root" -- sh -c 'echo half-made'
    [[ $status:$err == 127:*'exec sh'*ENOENT*because:*PATH* ]]
    run_split "${own[@]}" 03-chroot "$root" -- /bin/sh
    [[ $status:$err == 127:*'exec /bin/sh'*because:*'no file /bin/sh under this root'* ]]
}
@test "a root with no shell in it, on a terminal and without COMMAND: 127" {
    make_root
    needs_tool script bsdutils
    run_split pty "${own[*]} 03-chroot $root"
    [[ $status:$out == 127:*'exec /bin/sh'* ]]
}
@test "a program whose interpreter is not in there: 127, and it says so" {
    make_root
    printf '#!/bin/sh\n' >"$root/script"
    chmod 755 "$root/script"
    run_split "${own[@]}" 03-chroot "$root" -- /script
    [[ $status:$err == 127:*because:*'/script exists'*interpreter* ]]
}
@test "a file that is not executable: 126" {
    make_root
    touch "$root/data"
    run_split "${own[@]}" 03-chroot "$root" -- /data
    [[ $status:$err == 126:*EACCES*because:*'/data has mode 0644'* ]]
}

# ---- the command line

@test "the exit status is COMMAND's own, and 128+N for signal N" {
    run_split "${own[@]}" 03-chroot "$ROOTFS" -- sh -c 'exit 3'
    [ "$status" = 3 ]
    run_split "${own[@]}" 03-chroot "$ROOTFS" -- sh -c 'kill -KILL $$'
    [ "$status" = 137 ]
}
@test "stdin and stdout are COMMAND's, untouched" {
    tar -c -C steps . | "${own[@]}" 03-chroot "$ROOTFS" -- cat 2>/dev/null | tar -t >"$BATS_TEST_TMPDIR/list"
    grep -qx ./03-chroot.c "$BATS_TEST_TMPDIR/list"
}
@test "COMMAND starts with no descriptor but 0, 1 and 2: an open directory would be a way out" {
    # shellcheck disable=SC2016
    run_split "${own[@]}" bash -c '01-unshare -m -p -- 02-mountproc "$ROOTFS" -- 03-chroot "$ROOTFS" -- sh -c "echo /proc/self/fd/7/*" 7</'
    [ "$out" = '/proc/self/fd/7/*' ] # the pattern itself: nothing matches
    run_split "${own[@]}" 01-unshare -m -p -- 02-mountproc "$ROOTFS" -- 03-chroot "$ROOTFS" -- ls -d "/proc/self/fd/0$BATS_TEST_TMPDIR" </
    [ "$status" = 0 ] # control: stdin is the caller's, and when it is a directory outside, it leads there
}
@test "--help: the usage on stdout, exit 0" {
    run_split 03-chroot --help
    [ "$status:$err" = 0: ]
    [[ $out == 'Usage: 03-chroot '*NEWROOT* ]]
}
@test "bad input: one line, exit 125, nothing done" {
    bad_input 'NEWROOT is missing' 03-chroot
    bad_input 'NEWROOT is missing' 03-chroot -- true
    bad_input 'unknown option -x' 03-chroot -x / -- true
    bad_input '--bogus' 03-chroot --bogus / -- true
    bad_input 'too late' 03-chroot / --bogus -- true
    bad_input 'must be the first' 03-chroot / - -- true
    bad_input 'empty' 03-chroot '' -- true
    bad_input 'nothing follows --' 03-chroot / --
}
@test "bad input: a COMMAND without --" {
    bad_input '-- sh' 03-chroot "$ROOTFS" sh
    bad_input '-- ls' 03-chroot "$ROOTFS" ls -l
}
