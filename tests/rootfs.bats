#!/usr/bin/env bats
# The root filesystem: from this machine's own programs, offline, repeatable, for any user.
load helper

make_rootfs() { lib/rootfs.sh "$BATS_TEST_TMPDIR/rootfs" "$BUILD" 2>/dev/null; }
in_rootfs() { as_root 01-unshare -- 02-mountproc "$ROOTFS" -- 04-pivot_root "$ROOTFS" -- "$@" 2>/dev/null; }

@test "the programs that this machine has run inside" {
    for line in 'sh -c true' 'bash -c true' 'ls /' 'id' 'ps' 'mount' 'hostname' 'cat /etc/passwd' 'sleep 0' \
        'ip link' 'capsh --print' 'findmnt'; do
        command -v "${line%% *}" >/dev/null || continue
        # shellcheck disable=SC2086
        in_rootfs $line >/dev/null || { echo "does not run: $line"; return 1; }
    done
}
@test "the steps are in its PATH, and run there" {
    run in_rootfs 01-unshare --uts -- 08-capset -- readlink /proc/self/ns/uts
    [ "$status" = 0 ]
    [[ $output == 'uts:['* ]]
}
@test "everything in it can be read by whoever root is mapped to" {
    [ -z "$(find "$ROOTFS" ! -type l ! -perm -o=r)" ]
    [ -z "$(find "$ROOTFS" -type d ! -perm -o=x)" ]
}
@test "nothing in it has a set-user-ID bit" { [ -z "$(find "$ROOTFS" -perm /6000)" ]; }
@test "made again, it is the same" {
    make_rootfs
    (cd "$BATS_TEST_TMPDIR/rootfs" && find . -type f -exec cksum {} + | sort) >"$BATS_TEST_TMPDIR/one"
    make_rootfs
    (cd "$BATS_TEST_TMPDIR/rootfs" && find . -type f -exec cksum {} + | sort) >"$BATS_TEST_TMPDIR/two"
    diff "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/one")" -gt 20 ]
}
@test "a directory that it has not made is left alone" {
    mkdir "$BATS_TEST_TMPDIR/rootfs"
    echo mine >"$BATS_TEST_TMPDIR/rootfs/file"
    refute make_rootfs
    [ "$(cat "$BATS_TEST_TMPDIR/rootfs/file")" = mine ]
}
@test "an interrupted run leaves the old one in place" {
    make_rootfs
    echo old >"$BATS_TEST_TMPDIR/rootfs/etc/old"
    timeout -s KILL 0.2 lib/rootfs.sh "$BATS_TEST_TMPDIR/rootfs" "$BUILD" >/dev/null 2>&1 || :
    [ "$(cat "$BATS_TEST_TMPDIR/rootfs/etc/old")" = old ]
    make_rootfs # and the next run succeeds
    [ ! -e "$BATS_TEST_TMPDIR/rootfs/etc/old" ]
}
@test "without the steps there is no root filesystem" {
    run lib/rootfs.sh "$BATS_TEST_TMPDIR/rootfs" "$BATS_TEST_TMPDIR"
    [ "$status" = 1 ]
    [[ $output == *'run make first'* ]]
    [ ! -e "$BATS_TEST_TMPDIR/rootfs" ]
}
@test "ROOTFS=DIR takes any other root" {
    needs_tool busybox busybox-static
    root=$BATS_TEST_TMPDIR/tiny
    mkdir -p "$root/bin" "$root/proc" "$root/dev"
    cp "$(command -v busybox)" "$root/bin/sh"
    run_split lib/demo.sh demo "$BUILD" "$root"
    [ "$status" = 0 ]
    grep -qE '^ls / +bin dev proc' <<<"$out"
}
