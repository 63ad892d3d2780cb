#!/usr/bin/env bats
# fix-half: enter a container that is running. What differs between COMMAND and the target is read from /proc, outside.
# Each test is a criterion and one point.
# shellcheck disable=SC2154 # set by the helper
load fix

# The target has a namespace of each type, a cgroup (root only), a root that is not that of its mount namespace, and a
# working directory of its own.
setup_file() {
    export NAME=half-$NONCE
    local types='-m -u -i -n -p -C' outer=()
    [ ! -e /proc/self/ns/time ] || types+=' -T'
    [ "$EUID" != 0 ] || outer=(05-cgroup "$NAME" --)
    # The root of its mount namespace is a whole system, too: a newcomer who forgets chroot gets that one.
    cp -al build/rootfs build/inner && mv build/inner "build/rootfs/$NAME" && mkdir "build/rootfs/$NAME/$NONCE"
    # shellcheck disable=SC2086
    setsid "${outer[@]}" 07-userns-map --map "0:$EUID:1" --gmap "0:$(id -g):1" -- \
        01-unshare $types --hostname "$NAME" -- 02-mountproc "build/rootfs/$NAME" -- \
        04-pivot_root build/rootfs -- 03-chroot "$NAME" -- /bin/sh -c "cd /$NONCE && exec sleep $NONCE" >/dev/null 2>"$BATS_FILE_TMPDIR/target" 3>&- &
    echo $! >"$BATS_FILE_TMPDIR/chain"
    started=()
    find_command "sleep $NONCE" || { cat "$BATS_FILE_TMPDIR/target"; return 1; }
    export TARGET=$found
}
teardown_file() {
    kill "$(<"$BATS_FILE_TMPDIR/chain")" 2>/dev/null || :
}

# What of process $1 is called $2, in a form that can be compared.
look() {
    case $2 in
    root | cwd) stat -Lc %d:%i "/proc/$1/$2" ;;
    limits) sed -n 's/^0:://p' "/proc/$1/cgroup" ;;
    *) readlink "/proc/$1/ns/$2" ;;
    esac 2>/dev/null
}
# enter: sends a newcomer who stays. $found is its pid, $differs what is not as in the target.
enter() {
    local what
    start_it fix-half "$TARGET" sleep "8$NONCE"
    find_command "sleep 8$NONCE"
    differs=
    for what in cgroup ipc mnt net pid time user uts root cwd limits; do
        [ "$(look "$found" $what)" = "$(look "$TARGET" $what)" ] || differs+=" $what"
    done
    [ -z "$differs" ] || echo "differs:$differs"
}
# same WHAT ...: in all of these the newcomer is where the target is.
same() {
    local what
    enter
    for what; do
        [ -n "$(look "$TARGET" "$what")" ]
        expect "${name-/proc/PID/ns/$what}" "$(look "$TARGET" "$what")" "$(look "$found" "$what")"
    done
}

@test "user namespace" { same user; }
@test "uts, ipc and net namespace" { same uts ipc net; }
@test "mount namespace" { same mnt; }
@test "pid namespace" { same pid; }
@test "cgroup namespace" { same cgroup; }
@test "time namespace" {
    [ -e /proc/self/ns/time ] || skip 'this kernel has no time namespaces'
    same time
}
@test "root directory" { name='device and inode of /' same root; }
@test "working directory" { name='device and inode of the working directory' same cwd; }
@test "cgroup: its limits bind COMMAND, too" {
    [ "$EUID" = 0 ] || skip 'an ordinary user has no cgroup here'
    [ "$(look "$TARGET" limits)" = "/$NAME" ] || [ "$(look "$TARGET" limits)" = "/../$NAME" ]
    name='line 0:: of /proc/PID/cgroup' same limits
}
@test "COMMAND's exit status comes back" {
    run_it fix-half "$TARGET" sh -c "exit $((NONCE % 90 + 10))"
    expect 'exit status' $((NONCE % 90 + 10)) "$status"
}
