#!/usr/bin/env bats
# 04-pivot_root: another / for the whole mount namespace. The old root is gone from mountinfo and for
# every process in there; what 03-chroot leaves open is shut.
# shellcheck disable=SC2154 # out, err, held: set by the helper
load helper

# An ordinary user may pivot in a mount namespace of a user namespace of his own.
if [ "$EUID" = 0 ]; then own=(); else own=(07-userns-map --); fi

# A small root of the test's own; ROOTFS where a COMMAND must run inside.
make_root() {
    root=$BATS_TEST_TMPDIR/root
    mkdir -p "$root/old" "$root/proc"
}
root_of() { stat -L -c %d:%i "/proc/$1/root"; }
pid_1() { sed -n 's/.*PID 1 in there is pid \([0-9]*\).*/\1/p' "$1"; }
mount_points() { awk '{ print $5 }' "$@" | sort | tr '\n' ' '; }

# box: mount and pid namespaces, held by 01. $first is its pid, $pid its PID 1.
box() {
    hold "$BATS_TEST_TMPDIR/one" "${own[@]}" 01-unshare -m -p
    first=$held
    pid=$(pid_1 "$BATS_TEST_TMPDIR/one.err")
}
# after RECORD STEP ...: leaves `STEP - ...` behind, which goes on from RECORD. $held is its pid.
after() {
    # shellcheck disable=SC2016
    hold "$BATS_TEST_TMPDIR/$2" bash -c 'step=$1; shift; exec "$step" - "$@" <"$0"' "$BATS_TEST_TMPDIR/$1" "${@:2}"
}
# pivoted COMMAND ...: at the end of an exec chain.
pivoted() {
    run_split "${own[@]}" 01-unshare -m -p -- 02-mountproc "$ROOTFS" -- 04-pivot_root "$ROOTFS" -- "$@"
}

# ---- what it changes

@test "COMMAND sees NEWROOT as /, and is in it" {
    pivoted sh -c 'pwd -P; echo /*'
    [ "$out" = "/"$'\n'"$(cd "$ROOTFS" && printf '/%s ' * | sed 's/ $//')" ]
}
@test "mountinfo shows the new root and what is below it, and nothing of the old one" {
    pivoted cat /proc/self/mountinfo
    [ "$(mount_points <<<"$out")" = '/ /proc ' ]
}
@test "after 03, without NEWROOT: the directory of the chroot, and the same mounts" {
    run_split "${own[@]}" bash -c '01-unshare -m -p | 02-mountproc - "$ROOTFS" | 03-chroot - "$ROOTFS" |
        04-pivot_root - | 06-nsenter - -- sh -c "cat /proc/self/mountinfo; echo; echo /*"'
    [ "$(sed '/^$/,$d' <<<"$out" | mount_points)" = '/ /proc ' ]
    [ "${out##*$'\n'}" = "$(cd "$ROOTFS" && printf '/%s ' * | sed 's/ $//')" ]
}
@test "the root of every process in the mount namespace moves: PID 1's, and that of 01" {
    make_root
    box
    after one 04-pivot_root "$root"
    for process in "$held" "$pid" "$first"; do
        [ "$(root_of "$process")" = "$(stat -c %d:%i "$root")" ]
    done
}
@test "after 03 PID 1 still sees the old mounts, after 04 only the new root" {
    make_root
    box
    before=$(mount_points "/proc/$pid/mountinfo")
    after one 03-chroot "$root"
    [ "$(mount_points "/proc/$pid/mountinfo")" = "$before" ]
    [ "$before" != '/ ' ]
    after 03-chroot 04-pivot_root
    [ "$(mount_points "/proc/$pid/mountinfo")" = '/ ' ]
}
@test "our own root and mounts stay" {
    before=$(cat /proc/self/mountinfo)
    mine=$(root_of self)
    make_root
    box
    after one 04-pivot_root "$root"
    [ "$(cat /proc/self/mountinfo)" = "$before" ]
    [ "$(root_of self)" = "$mine" ]
}
@test "it does not leak into a mount namespace whose mounts are shared" {
    make_root
    # shellcheck disable=SC2016
    run_split "${own[@]}" "${shared_mounts[@]}" sh -c '
        cat /proc/self/mountinfo >"$1"; 01-unshare -m -- 04-pivot_root "$0" -- /none
        cat /proc/self/mountinfo' "$root" "$BATS_TEST_TMPDIR/before"
    [ "$out" = "$(cat "$BATS_TEST_TMPDIR/before")" ]
    [[ $err == *'04-pivot_root pid'* ]] # control: it did pivot
}
@test "what is mounted below NEWROOT comes along" {
    run_split "${own[@]}" 01-unshare -- 02-mountproc --sys --dev "$ROOTFS" -- 04-pivot_root "$ROOTFS" -- cat /proc/self/mountinfo
    [[ $(mount_points <<<"$out") == '/ /dev /dev/'*' /dev/shm '*'/proc /sys ' ]]
}
@test "no namespace changes, and the report marks none" {
    make_root
    box
    mnt=$(ns_inode "$first" mnt)
    after one 04-pivot_root "$root"
    [ "$(ns_inode "$held" mnt)" = "$mnt" ]
    grep -q '^04-pivot_root' "$BATS_TEST_TMPDIR/04-pivot_root.err"
    ! grep -F '*' "$BATS_TEST_TMPDIR/04-pivot_root.err"
}
@test "a relative NEWROOT is the one that was typed, also with -" {
    make_root
    cd "$BATS_TEST_TMPDIR"
    box
    after one 04-pivot_root root
    [ "$(root_of "$pid")" = "$(stat -c %d:%i "$root")" ]
    cd "$ROOTFS/.."
    run_split "${own[@]}" 01-unshare -m -- 04-pivot_root "${ROOTFS##*/}" -- sh -c 'echo inside'
    [ "$out" = inside ]
}
@test "after 03, NEWROOT is looked up in the new root" {
    make_root
    box
    after one 03-chroot "$root"
    after 03-chroot 04-pivot_root old
    [ "$(root_of "$pid")" = "$(stat -c %d:%i "$root/old")" ]
}

# ---- the ways out that 03 leaves open

@test "the old root cannot be reached through PID 1" {
    pivoted ls -d "/proc/1/root$BATS_TEST_TMPDIR"
    [ "$status" != 0 ]
    pivoted ls -d /proc/1/root/proc # control: the new one can
    [ "$status" = 0 ]
}
@test "joining the root of PID 1 leads to the new root" {
    pivoted 06-nsenter --target 1 --root -- ls -d "$BATS_TEST_TMPDIR" /proc/1
    [ "$out" = /proc/1 ]
}
@test "setns(2) to the mount namespace that one is in leads to the new root" {
    [ -x "$ROOTFS/bin/nsenter" ] || skip 'needs nsenter in the root filesystem'
    pivoted nsenter --mount=/proc/self/ns/mnt ls -d "$BATS_TEST_TMPDIR" /proc/1
    [ "$out" = /proc/1 ]
}
@test "CLONE_NEWUSER works after 04" {
    pivoted 01-unshare --user -- cat /proc/self/uid_map
    [ "$status:$out" = 0: ]
    run_split "${own[@]}" bash -c '01-unshare -m -p | 02-mountproc - "$ROOTFS" | 03-chroot - "$ROOTFS" |
        04-pivot_root - | 01-unshare - --user -- readlink /proc/self/ns/user'
    [ "$status" = 0 ]
    [ "$out" != "$(readlink /proc/self/ns/user)" ]
}
@test "control: after 03 it does not" {
    make_root
    box
    after one 03-chroot "$root"
    run_split bash -c '01-unshare - --user <"$0"' "$BATS_TEST_TMPDIR/03-chroot"
    [[ $status:$err == 125:*EPERM* ]]
}
@test "COMMAND starts with no descriptor but 0, 1 and 2: an open directory would be a way out" {
    # shellcheck disable=SC2016
    run_split "${own[@]}" bash -c '01-unshare -m -p -- 02-mountproc "$ROOTFS" -- 04-pivot_root "$ROOTFS" -- sh -c "echo /proc/self/fd/7/*" 7</'
    [ "$out" = '/proc/self/fd/7/*' ] # the pattern itself: nothing matches
}

# ---- --put-old

@test "--put-old: the old root is mounted there, with all that is below it" {
    make_root
    box
    before=$(mount_points "/proc/$pid/mountinfo")
    after one 04-pivot_root --put-old old "$root"
    [[ $(mount_points "/proc/$pid/mountinfo") == '/ /old '* ]]
    [ "$(wc -l <"/proc/$pid/mountinfo")" = "$(($(wc -w <<<"$before") + 1))" ]
    [ -d "/proc/$pid/root/old$BATS_TEST_TMPDIR" ]
}
@test "--put-old: the report says where, and how to get rid of it" {
    make_root
    box
    after one 04-pivot_root --put-old old "$root"
    grep -q 'the old root is still there, on /old: umount -l' "$BATS_TEST_TMPDIR/04-pivot_root.err"
}
@test "--put-old: umount -l does get rid of it" {
    # The tmpfs is for DIR: ROOTFS may belong to somebody else.
    # shellcheck disable=SC2016
    run_split "${own[@]}" 01-unshare -m -p -- 02-mountproc "$ROOTFS" -- sh -c '
        mount -t tmpfs nsteps "$ROOTFS/tmp" && mkdir "$ROOTFS/tmp/old" || exit
        exec 04-pivot_root --put-old tmp/old "$ROOTFS" -- sh -c "umount -l /tmp/old && cat /proc/self/mountinfo"'
    [ "$(mount_points <<<"$out")" = '/ /proc /tmp ' ]
}
@test "--put-old: DIR is below NEWROOT, however it is written" {
    make_root
    box
    after one 04-pivot_root --put-old /old "$root"
    [ -d "/proc/$pid/root/old$BATS_TEST_TMPDIR" ]
}
@test "without --put-old, and with the same directory, nothing is mounted there" {
    make_root
    box
    after one 04-pivot_root "$root"
    [ "$(mount_points "/proc/$pid/mountinfo")" = '/ ' ]
    [ -z "$(ls "/proc/$pid/root/old")" ]
}

# ---- when it must not, or cannot

# fails_clean ARGUMENT ...: 04 fails in a mount namespace, and the mounts there are as before.
fails_clean() {
    # shellcheck disable=SC2016
    run_split "${own[@]}" "${outer[@]}" sh -c '
        cat /proc/self/mountinfo >"$0"; 04-pivot_root "$@" -- echo half-made
        [ $? = 125 ] && cat /proc/self/mountinfo' "$BATS_TEST_TMPDIR/before" "$@"
    [ "$out" = "$(cat "$BATS_TEST_TMPDIR/before")" ]
}
outer=(01-unshare -m --)

@test "--put-old names no directory: ENOENT, and no mount stays behind" {
    make_root
    fails_clean --put-old none "$root"
    [[ $err == *'pivot_root('*ENOENT*because:*"no directory $root/none"*--put-old* ]]
}
@test "--put-old leads out of NEWROOT: the kernel refuses, and no mount stays behind" {
    make_root
    mkdir "$root/in"
    fails_clean --put-old in/../.. "$root"
    [[ $err == *'pivot_root('*\(E*\)* ]]
}
@test "no such NEWROOT: ENOENT, and no mount stays behind" {
    fails_clean "$BATS_TEST_TMPDIR/none"
    [[ $err == *ENOENT*because:*"there is no directory $BATS_TEST_TMPDIR/none"* ]]
}
@test "NEWROOT is a file: ENOTDIR, and no mount stays behind" {
    fails_clean /etc/passwd
    [[ $err == *ENOTDIR*because:*'/etc/passwd is not a directory'* ]]
}
@test "the parent mount is shared: EINVAL, and no mount stays behind" {
    make_root
    outer=("${shared_mounts[@]}")
    fails_clean "$root"
    [[ $err == *'pivot_root('*EINVAL* ]]
}
@test "with - too no mount stays behind, and no record is written" {
    make_root
    box
    before=$(cat "/proc/$pid/mountinfo")
    run_split bash -c '04-pivot_root - --put-old none "$1" <"$0"' "$BATS_TEST_TMPDIR/one" "$root"
    [[ $status:$out:$err == 125::*ENOENT* ]]
    [ "$(cat "/proc/$pid/mountinfo")" = "$before" ]
    [ "$(root_of "$pid")" = "$(root_of self)" ]
}
@test "without NEWROOT and without a chroot: one line that says what to do" {
    run_split "${own[@]}" 01-unshare -m -- sh -c '04-pivot_root -- true 2>"$0"' "$BATS_TEST_TMPDIR/err4"
    [ "$status" = 125 ]
    [ "$(wc -l <"$BATS_TEST_TMPDIR/err4")" = 1 ]
    grep -q 'is the root of this mount namespace already.*03-chroot' "$BATS_TEST_TMPDIR/err4"
}
@test "in the host's mount namespace it refuses" {
    needs_host_mounts
    make_root
    bad_input '01-unshare --mount first' 04-pivot_root "$root" -- true
    hold "$BATS_TEST_TMPDIR/box" 01-unshare -u
    run_split 04-pivot_root - "$root" <"$BATS_TEST_TMPDIR/box"
    [[ $status:$out:$err == 125::*'01-unshare --mount first'* ]]
}
@test "in the mount namespace of PID 1 it refuses too: in Docker or WSL2 that is the whole machine" {
    needs_root
    make_root
    run_split unshare --mount --pid --fork --mount-proc setsid sh -c '04-pivot_root "$0" -- true; exit $?' "$root"
    [[ $status:$err == 125:*'01-unshare --mount first'* ]]
}
@test "a user without a mount namespace of his own: EPERM" {
    needs_user
    make_root
    run_split 04-pivot_root "$root" -- true
    [[ $status:$err == 125:*EPERM*CAP_SYS_ADMIN* ]]
    # With the capability, but over his own user namespace only. In the host's mount namespace the step
    # says so itself; in another one (root's test run makes one for him) the kernel refuses.
    run_split 07-userns-map -- 04-pivot_root "$root" -- true
    [[ $status:$err == 125:*'01-unshare --mount first'* ]] ||
        [[ $status:$err == 125:*EPERM*because:*'belongs to another user namespace'* ]]
}

# ---- the command line

@test "the exit status is COMMAND's own, 128+N for signal N, 127 and 126 where it cannot run" {
    run_split "${own[@]}" 01-unshare -m -- 04-pivot_root "$ROOTFS" -- sh -c 'exit 3'
    [ "$status" = 3 ]
    run_split "${own[@]}" 01-unshare -m -- 04-pivot_root "$ROOTFS" -- sh -c 'kill -KILL $$'
    [ "$status" = 137 ]
    run_split "${own[@]}" 01-unshare -m -- 04-pivot_root "$ROOTFS" -- /none
    [ "$status" = 127 ]
    run_split "${own[@]}" 01-unshare -m -- 04-pivot_root "$ROOTFS" -- /proc
    [ "$status" = 126 ]
}
@test "stdin and stdout are COMMAND's, untouched" {
    tar -c -C steps . | "${own[@]}" 01-unshare -m -- 04-pivot_root "$ROOTFS" -- cat 2>/dev/null | tar -t >"$BATS_TEST_TMPDIR/list"
    grep -qx ./04-pivot_root.c "$BATS_TEST_TMPDIR/list"
}
@test "--help: the usage on stdout, exit 0, the option named" {
    run_split 04-pivot_root --help
    [ "$status:$err" = 0: ]
    [[ $out == 'Usage: 04-pivot_root '*'--put-old DIR'* ]]
}
@test "bad input: one line, exit 125, nothing done" {
    bad_input 'unknown option -x' 04-pivot_root -x -- true
    bad_input '--bogus' 04-pivot_root --bogus -- true
    bad_input '--put-old needs an argument' 04-pivot_root --put-old -- true
    bad_input 'names no directory below NEWROOT' 04-pivot_root --put-old / "$ROOTFS" -- true
    bad_input 'names no directory below NEWROOT' 04-pivot_root --put-old '' "$ROOTFS" -- true
    bad_input 'too late' 04-pivot_root "$ROOTFS" --put-old old -- true
    bad_input 'must be the first' 04-pivot_root "$ROOTFS" - -- true
    bad_input 'empty' 04-pivot_root '' -- true
    bad_input 'nothing follows --' 04-pivot_root "$ROOTFS" --
}
@test "bad input: a COMMAND without --" {
    bad_input '-- sh' 04-pivot_root "$ROOTFS" sh
    bad_input '-- ls' 04-pivot_root "$ROOTFS" ls -l
}
