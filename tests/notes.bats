#!/usr/bin/env bats
# The traps that succeed: a line "note: ..." in the report (lib/notes.c). Each test springs the trap and sees
# the line; another one, without the trap, does not.
# shellcheck disable=SC2154 # out, err, held: set by the helper
load helper

if [ "$(id -u)" = 0 ]; then own=(); else own=(07-userns-map --); fi

# The report, in one line: it is folded at 76 columns.
report() {
    # shellcheck disable=SC2086
    set -f && echo $err
}
has_note() {
    [[ $(report) == *"note: $1"* ]] && return 0
    printf 'no "note: %s" in:\n%s\n' "$1" "$err" >&2
    return 1
}
has_no_note() {
    [[ $(report) != *"note: $1"* ]] && return 0
    printf 'unexpected "note: %s" in:\n%s\n' "$1" "$err" >&2
    return 1
}
make_root() {
    root=$BATS_TEST_TMPDIR/root
    mkdir -p "$root/proc"
}

# ---- /proc of another pid namespace

outer='/proc still shows the pid namespace outside'
@test "/proc: after 01 alone it shows the processes of outside" {
    run_split "${own[@]}" 01-unshare -p -- ls -d "/proc/$$" # this shell, by its number outside
    [ "$status" = 0 ] && has_note "$outer"
}
@test "/proc: after 02 it does not" {
    run_split "${own[@]}" 01-unshare -m -p -- 02-mountproc -- ls -d "/proc/$$"
    [ "$status" != 0 ] && has_no_note "$outer"
}
@test "/proc: without a new pid namespace there is none outside" {
    run_split "${own[@]}" 01-unshare -u -T -- true
    [ "$status" = 0 ] && has_no_note "$outer"
}
@test "/proc: the last step of a chain says it, with the /proc that COMMAND has" {
    run_split "${own[@]}" 01-unshare -m -p -- 08-capset -- ls -d "/proc/$$"
    [ "$status" = 0 ] && [[ $(report) == *'01-unshare '*'08-capset '*"note: $outer"* ]]
    [ "$(grep -c 'note: /proc' <<<"$err")" = 1 ]
    # 02 has mounted another one, but on another root
    make_root
    run_split "${own[@]}" 01-unshare -m -p -- 02-mountproc "$root" -- ls -d "/proc/$$"
    [ "$status" = 0 ] && has_note "$outer"
}
@test "/proc: the last step of a pipeline says it" {
    run_split "${own[@]}" bash -c '01-unshare -m -p | 06-nsenter - -- ls -d "/proc/$0"' $$
    [ "$status" = 0 ] && has_note "$outer"
    run_split "${own[@]}" bash -c '01-unshare -m -p | 02-mountproc - | 06-nsenter - -- ls -d "/proc/$0"' $$
    [ "$status" != 0 ] && has_no_note "$outer"
}
@test "/proc: a root without one does not show outside" {
    run_split "${own[@]}" 01-unshare -p -- 03-chroot "$ROOTFS" -- true
    [ "$status" = 0 ] && has_no_note "$outer"
}

# ---- capabilities

unmapped='nobody has mapped our uid in this user namespace, so the next exec takes the'
@test "capabilities: the next exec takes those of an unmapped uid away" {
    run_split 01-unshare --user -- grep CapEff /proc/self/status
    [ "$out" = $'CapEff:\t0000000000000000' ] && has_note "$unmapped"
    [[ $(report) =~ takes\ the\ [1-9][0-9]*\ capabilities\ away ]]
}
@test "capabilities: also after joining it" {
    run_split bash -c '01-unshare --user | 06-nsenter - -- grep CapEff /proc/self/status'
    [ "$out" = $'CapEff:\t0000000000000000' ] && [[ $(report) == *'06-nsenter '*"note: $unmapped"* ]]
    [ "$(grep -c 'note: nobody' <<<"$err")" = 1 ] # 01 executes nothing
}
@test "capabilities: a mapped uid 0 keeps them" {
    run_split bash -c '01-unshare --user | 07-userns-map - -- grep CapEff /proc/self/status'
    [ "$out" != $'CapEff:\t0000000000000000' ] && has_no_note "$unmapped"
}
@test "capabilities: who has none loses none" {
    needs_user
    run_split 08-capset -- true
    has_no_note "$unmapped"
    run_split bash -c '01-unshare --user | 08-capset - --drop all -- true'
    [ "$status" = 0 ] && has_no_note "$unmapped"
}

# ---- mounts. The outer namespace is one of the test's own, with every mount shared, and a shell stays in it.

# leaves OPTION ...: 01 with these makes a mount namespace in it, 02 mounts a proc on $root/proc there; $out is
# the number of mounts on it outside.
leaves() {
    make_root
    # shellcheck disable=SC2016
    run_split "${own[@]}" "${shared_mounts[@]}" bash -c '
        01-unshare -m -p "${@:2}" -- 02-mountproc "$1" -- true
        grep -c " $1/proc " /proc/self/mountinfo' sh "$root" "$@"
}
@test "mounts: with --propagation unchanged and shared they leak, and 01 and 02 say it" {
    for mode in unchanged shared; do
        leaves --propagation $mode
        [ "$out" = 1 ]
        [[ $(report) =~ 01-unshare.*note:\ [1-9][0-9]*\ mounts\ here,\ /\ the\ first,\ are\ still\ shared\ with\ the\ mount\ namespace\ of\ process\ [0-9]+ ]]
        [[ $(report) == *"note: $root/proc is on /"*", which is shared with the mount namespace of process"* ]]
    done
}
@test "mounts: in a pipeline, too" {
    make_root
    # shellcheck disable=SC2016
    run_split "${own[@]}" "${shared_mounts[@]}" bash -c '
        01-unshare -m -p --propagation unchanged | 02-mountproc - "$0" -- true
        grep -c " $0/proc " /proc/self/mountinfo' "$root"
    [ "$out" = 1 ] && [[ $(report) == *"note: $root/proc is on /"*", which is shared with the mount namespace of process"* ]]
}
@test "mounts: private and slave mounts do not leak" {
    for mode in private slave; do
        leaves --propagation $mode
        [ "$out" = 0 ] && [[ $(report) != *'note: '*shared* ]]
    done
}
@test "mounts: shared with nobody outside, they do not leak" {
    make_root
    # shellcheck disable=SC2016
    run_split "${own[@]}" 01-unshare -m -- bash -c '
        01-unshare -m -p --propagation shared -- 02-mountproc "$0" -- true
        grep -c " $0/proc " /proc/self/mountinfo' "$root"
    [ "$out" = 0 ] && [[ $(report) != *'note: '*shared* ]]
}

# ---- roots

@test "a chroot can be left again: 03 says so, 04 does not" {
    leave='who is root in here can leave it again: 04-pivot_root goes further'
    # shellcheck disable=SC2016
    run_split "${own[@]}" 01-unshare -m -p -- 02-mountproc "$ROOTFS" -- 03-chroot "$ROOTFS" -- \
        06-nsenter --target 1 --root -- ls -d "$BATS_TEST_TMPDIR"
    [ "$status" = 0 ] && has_note "$leave"
    run_split "${own[@]}" 01-unshare -m -p -- 02-mountproc "$ROOTFS" -- 04-pivot_root "$ROOTFS" -- \
        06-nsenter --target 1 --root -- ls -d "$BATS_TEST_TMPDIR"
    [ "$status" != 0 ] && has_no_note "$leave"
}
chrooted='is in a chroot, and a mount namespace does not bring that along: --root enters its /'
enter() { # OPTION ...: the root of who joins $held with them, and of $held
    run_split 06-nsenter --target "$held" "${user[@]}" "$@" -- stat -L -c %d:%i / /
    its=$(stat -L -c %d:%i "/proc/$held/root")
    root_seen=${out%%$'\n'*}
}
@test "06 --mount does not enter the chroot of a process" {
    if [ "$(id -u)" = 0 ]; then user=(); else user=(--user); fi
    hold "$BATS_TEST_TMPDIR/box" "${own[@]}" 01-unshare -m -- 03-chroot "$ROOTFS"
    enter --mount
    [ "$status" = 0 ] && [ "$root_seen" != "$its" ] && has_note "process $held $chrooted"
    enter --all
    [ "$status" = 0 ] && [ "$root_seen" != "$its" ] && has_note "process $held $chrooted"
}
@test "06 with --root does, and after 04 there is no chroot to enter" {
    if [ "$(id -u)" = 0 ]; then user=(); else user=(--user); fi
    hold "$BATS_TEST_TMPDIR/box" "${own[@]}" 01-unshare -m -- 03-chroot "$ROOTFS"
    enter --mount --root
    [ "$status" = 0 ] && [ "$root_seen" = "$its" ] && has_no_note "process $held"
    hold "$BATS_TEST_TMPDIR/box2" "${own[@]}" 01-unshare -m -- 04-pivot_root "$ROOTFS"
    enter --mount
    [ "$status" = 0 ] && [ "$root_seen" = "$its" ] && has_no_note "process $held"
}

# ---- descriptors

@test "descriptors: those that COMMAND does not get are named" {
    # shellcheck disable=SC2016
    run_split 08-capset -- sh -c '[ -e /proc/self/fd/7 ]' 7</etc
    [ "$status" != 0 ] && [[ $(report) == *'note: open file descriptors that COMMAND does not get: '*'7 (/etc)'* ]]
    # shellcheck disable=SC2016
    run_split sh -c '[ -e /proc/self/fd/7 ]' 7</etc # control
    [ "$status" = 0 ]
}
@test "descriptors: none but 0, 1 and 2, and there is nothing to say" {
    run_split 08-capset -- true 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
    [ "$status" = 0 ] && has_no_note 'open descriptors'
}
@test "descriptors: a directory as stdin is a way out of the new root" {
    echo secret >"$BATS_TEST_TMPDIR/secret"
    # shellcheck disable=SC2016
    run_split "${own[@]}" 01-unshare -m -p -- 02-mountproc "$ROOTFS" -- 04-pivot_root "$ROOTFS" -- \
        cat /proc/self/fd/0/secret <"$BATS_TEST_TMPDIR"
    [ "$out" = secret ]
    [[ $(report) == *'04-pivot_root '*'note: stdin is a directory, and a way out of any new root'* ]]
}
@test "descriptors: a file is none" {
    run_split "${own[@]}" 03-chroot "$ROOTFS" -- true </etc/passwd
    [ "$status" = 0 ] && has_no_note 'stdin'
}
