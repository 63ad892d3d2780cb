#!/usr/bin/env bats
# make demo and make shell, as a newcomer runs them.
load helper

demo() { lib/demo.sh demo "${BUILD#"$PWD/"}" "$ROOTFS"; }

@test "the demo succeeds, in 80 columns and about 45 lines" {
    run_split demo
    [ "$status" = 0 ]
    [ "$(wc -l <<<"$out")" -le 48 ]
    [ "$(awk 'length > 80' <<<"$out" | wc -l)" = 0 ]
    [ -z "$err" ]
}
@test "inside are PID 1 and the payload, outside they have other numbers" {
    run_split demo
    [ "$(grep -cE '^(processes)? +[0-9]+ [a-z0-9-]+ +pid [0-9]+$' <<<"$out")" = 2 ]
    grep -qE '^processes +1 01-init +pid [0-9]+$' <<<"$out"
}
@test "uid 0 inside is another uid outside" {
    run_split demo
    if [ "$EUID" = 0 ]; then uid=100000; else uid=$(id -u); fi
    grep -qE "^id +uid 0 +uid $uid " <<<"$out"
}
@test "the table shows one row a step, and marks what is new" {
    run_split demo
    for step in 01-unshare 02-mountproc 03-chroot 04-pivot_root 06-nsenter 07-userns-map 08-capset; do
        [ "$(grep -c "^$step " <<<"$out")" = 1 ]
    done
    [ "$(grep '^01-unshare' <<<"$out" | tail -n 1 | tr -dc '*' | wc -c)" -ge 5 ]
    [[ $(grep '^03-chroot' <<<"$out") != *'*'* ]]
}
@test "the host row is this process's namespaces" {
    run_split demo
    row=$(grep '^the host' <<<"$out")
    for type in mnt uts net user; do
        [[ $row == *"$(ns_inode $$ $type | tail -c 4)"* ]]
    done
}
@test "afterwards everything is as before, and the demo says so" {
    run_split demo
    grep -q '^Afterwards: .* Nothing stays.$' <<<"$out"
}
@test "V=1 shows the raw reports" {
    V=1 run_split demo
    grep -q '^03-chroot    pid [0-9]*   chroot(' <<<"$out"
    grep -qE '^  cgroup:\[[0-9]+\]' <<<"$out"
}
@test "the pipeline that the demo prints can be pasted" {
    run_split demo
    awk '/^  PATH=/ { on = 1 } /^$/ && on { exit } on' <<<"$out" | sed 's/-- sh$/-- id -u/' \
        >"$BATS_TEST_TMPDIR/pasted"
    run_split bash "$BATS_TEST_TMPDIR/pasted"
    [ "$out" = 0 ]
}
@test "the demo leaves no temporary files" {
    mkdir "$BATS_TEST_TMPDIR/tmp"
    TMPDIR=$BATS_TEST_TMPDIR/tmp run_split demo
    [ -z "$(ls "$BATS_TEST_TMPDIR/tmp")" ]
}
@test "the demo killed with -9 leaves nothing running" {
    # In a root in which hostname takes its time, so that the demo is not over before we look.
    cp -a "$ROOTFS" "$BATS_TEST_TMPDIR/slow"
    rm "$BATS_TEST_TMPDIR/slow/usr/bin/hostname"
    printf '#!/bin/sh\nexec sleep 2\n' >"$BATS_TEST_TMPDIR/slow/usr/bin/hostname"
    chmod 755 "$BATS_TEST_TMPDIR/slow/usr/bin/hostname"
    (TMPDIR=$BATS_TEST_TMPDIR exec lib/demo.sh demo "$BUILD" "$BATS_TEST_TMPDIR/slow") >/dev/null 2>&1 3>&- &
    pid=$!
    wait_until stage_is_there
    kill -9 "$pid"
    wait "$pid" || :
    assert_host_unchanged "$BEFORE"
}
stage_is_there() { our_processes | grep -q 07-userns-map; }
@test "a root filesystem that is missing is explained" {
    run_split lib/demo.sh demo "$BUILD" "$BATS_TEST_TMPDIR/nosuch"
    [ "$status" != 0 ]
    [[ $err == *'there is no directory'* ]]
}
