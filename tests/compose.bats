#!/usr/bin/env bats
# Steps mix with what exists: with util-linux tools in one chain, and these tools see what the steps say.
load helper

@test "01-unshare, unshare and 08-capset in one chain" {
    needs_tool capsh libcap2-bin
    run_split as_root 01-unshare -- unshare --uts -- 08-capset --drop all -- capsh --print
    [ "$status" = 0 ]
    grep -qx 'Current: =' <<<"$out"
    grep -qx 'Bounding set =' <<<"$out"
}
@test "unshare(1) first, the steps after it" {
    run_split as_root unshare --mount --uts --pid --fork -- 02-mountproc -- ps -e -o pid=,comm=
    [ "$(wc -l <<<"$out")" = 1 ]
    grep -q '^ *1 ps$' <<<"$out"
}
@test "env, nice and setpriv fit between steps" {
    needs_tool setpriv util-linux
    run_split as_root env A=b 01-unshare -u -- nice setpriv --no-new-privs -- 08-capset -- \
        sh -c 'echo $A; grep NoNewPrivs /proc/self/status'
    [ "$out" = "b"$'\n'"NoNewPrivs:	1" ]
}
@test "data goes through a step untouched" {
    head -c 300000 /dev/urandom >"$BATS_TEST_TMPDIR/data"
    as_root 01-unshare -n -p -- cat <"$BATS_TEST_TMPDIR/data" 2>/dev/null | cmp - "$BATS_TEST_TMPDIR/data"
}
@test "lsns sees the namespaces of the record" {
    needs_tool lsns util-linux
    # In a pid namespace of their own: lsns gives up when a process, anybody's, ends while it looks (ESRCH).
    run_split as_root unshare --mount --pid --fork --mount-proc sh -c '
        mkfifo "$1" && { 01-unshare -m -u -i -n --user >"$1" & } && exec 3<"$1" && head -n 1 <&3 &&
            lsns -n -p $! -o TYPE,NS' sh "$BATS_TEST_TMPDIR/fifo"
    [ "$status" = 0 ]
    record=$(head -n 1 <<<"$out")
    for type in mnt uts ipc net user; do
        seen=$(awk -v type=$type '$1 == type { print $2 }' <<<"$out")
        [ -n "$seen" ] && [ "$seen" = "$(record_field "$record" $type)" ]
    done
}
@test "nsenter(1) enters what a step left behind" {
    hold "$BATS_TEST_TMPDIR/box" 01-unshare -u --user --hostname fromstep
    run_split nsenter -t "$held" -U -u --preserve-credentials hostname
    [ "$out" = fromstep ]
}
@test "06-nsenter enters what unshare(1) made" {
    unshare --user --map-root-user --uts sh -c 'hostname fromtool; echo ready; exec sleep 7777' \
        >"$BATS_TEST_TMPDIR/ready" 3>&- &
    pid=$!
    HELD+=("$pid")
    wait_until has_line "$BATS_TEST_TMPDIR/ready"
    run_split 06-nsenter --target "$pid" -- hostname
    [ "$out" = fromtool ]
}
@test "findmnt sees the mounts of 02" {
    needs_tool findmnt util-linux
    run_split as_root 01-unshare -- 02-mountproc --sys "$ROOTFS" -- \
        findmnt -n -o FSTYPE,OPTIONS --target "$ROOTFS/proc"
    [[ $out == 'proc '*nosuid*nodev*noexec* ]]
}
@test "capsh sees the sets of 08" {
    needs_tool capsh libcap2-bin
    run_split as_root 08-capset --keep CAP_NET_RAW,chown -- capsh --print
    grep -qx 'Current: cap_chown,cap_net_raw=ep' <<<"$out"
    grep -qx 'Bounding set =cap_chown,cap_net_raw' <<<"$out"
}
