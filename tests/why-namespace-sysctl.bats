#!/usr/bin/env bats
# What lib/why-namespace.c says, where the cause is a sysctl that is the whole machine's: in a virtual machine.
# alone: what runs at the same time would meet it, too
# shellcheck disable=SC2016,SC2154 # $ is for the shell inside; out, err: set by the helper
load helper

# with VALUE FILE COMMAND ...: while the sysctl has that value. $status, $out and $err are COMMAND's.
with() {
    local before file=$2 value=$1
    needs_root
    [ -d /run/vm ] || skip 'changes a sysctl of the whole machine: make test-vm'
    [ -e "$file" ] || skip "this kernel has no $file"
    shift 2
    before=$(cat "$file")
    # While no process may be started this shell cannot fork either: one child sets it and becomes COMMAND,
    # and then it is set back at once.
    status=0
    sh -c 'echo "$0" >"$1"; shift; exec "$@"' "$value" "$file" "$@" </dev/null >"$BATS_TEST_TMPDIR/out" \
        2>"$BATS_TEST_TMPDIR/err" || status=$?
    echo "$before" >"$file"
    out=$(<"$BATS_TEST_TMPDIR/out") err=$(<"$BATS_TEST_TMPDIR/err")
}
somebody=(setpriv --reuid 54321 --regid 54321 --clear-groups)
DEBIAN=/proc/sys/kernel/unprivileged_userns_clone

@test "[unshare-debian] unprivileged_userns_clone is 0: an ordinary user, and root in a user namespace" {
    with 0 $DEBIAN "${somebody[@]}" 01-unshare --user -- true
    [ "$status" = 125 ]
    [[ $err == *EPERM*'because: kernel.unprivileged_userns_clone is 0'*'try:     as root: sysctl kernel.unprivileged_userns_clone=1'* ]]
    with 0 $DEBIAN 07-userns-map -- 07-userns-map -- true
    [[ $err == *EPERM*'because: kernel.unprivileged_userns_clone is 0'* ]]
}
@test "[unshare-debian miss] 0, and the machine's own root; 1, and another cause" {
    with 0 $DEBIAN 01-unshare --user -- true
    [ "$status" = 0 ]
    with 0 $DEBIAN 03-chroot "$ROOTFS" -- 01-unshare --user -- true
    [[ $err == *'because: this process is in a chroot'* ]]
    with 1 $DEBIAN 07-userns-map -- 01-unshare -m -- 03-chroot "$ROOTFS" -- 01-unshare --user -- true
    [[ $err == *'because: this process is in a chroot'* ]]
}
@test "[fork-threads] kernel.threads-max is reached" {
    with 20 /proc/sys/kernel/threads-max 01-unshare --pid -- true
    [[ $err == *EAGAIN*'because: this machine runs '*' threads, and /proc/sys/kernel/threads-max allows 20'* ]]
}
@test "[fork-threads miss] it is not" {
    needs_root
    needs_deny
    with 10000 /proc/sys/kernel/threads-max deny clone=EAGAIN,fork=EAGAIN 01-unshare --pid -- true
    [[ $err == *EAGAIN*'because: a seccomp filter refuses clone'* ]]
}
