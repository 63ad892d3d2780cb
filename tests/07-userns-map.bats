#!/usr/bin/env bats
# 07-userns-map: who root is outside. The maps are read from /proc, and files made inside are looked at
# from outside.
# shellcheck disable=SC2154 # out, err, held: set by the helper
load helper

me=$(id -u)

# maps COMMAND-PREFIX ...: the maps of a COMMAND behind it, as "uid 0 1000 1", "gid 0 1000 1" and "deny"
# in $out, a line each.
maps() {
    run_split "$@" awk '
        FILENAME ~ /setgroups/ { print; next }
        { print substr(FILENAME, 12, 3), $1, $2, $3 }' /proc/self/{uid_map,gid_map,setgroups}
}
lines() { printf '%s\n' "$@"; }
# The default map of root where /etc/subuid grants him nothing.
needs_no_subids() { ! grep -qsE '^(root|0):' /etc/subuid /etc/subgid || skip 'root has subordinate ids here'; }

# ---- the defaults

@test "an ordinary user: 0 is himself, and setgroups is given up" {
    needs_user
    maps 07-userns-map --
    [ "$out" = "$(lines "uid 0 $me 1" "gid 0 $(id -g) 1" deny)" ]
}
@test "root: 0 is 100000, never the host's uid 0, and setgroups stays allowed" {
    needs_root
    needs_no_subids
    maps 07-userns-map --
    [ "$out" = "$(lines 'uid 0 100000 65536' 'gid 0 100000 65536' allow)" ]
}
# with_subids COMMAND ...: where /etc/subuid and /etc/subgid grant root these, in a mount namespace.
with_subids() {
    [ -e /etc/subuid ] && [ -e /etc/subgid ] || skip 'there is no /etc/subuid or /etc/subgid to bind over'
    echo 'root:300000:1000' >"$BATS_TEST_TMPDIR/subuid"
    echo '0:400000:2000' >"$BATS_TEST_TMPDIR/subgid"
    # shellcheck disable=SC2016
    maps unshare --mount --propagation private sh -c '
        mount --bind "$0/subuid" /etc/subuid && mount --bind "$0/subgid" /etc/subgid && exec "$@"' \
        "$BATS_TEST_TMPDIR" "$@"
}
@test "root with subordinate ids: 0 is the first of them" {
    needs_root
    with_subids 07-userns-map --
    [ "$out" = "$(lines 'uid 0 300000 1000' 'gid 0 400000 2000' allow)" ]
}
@test "root with subordinate ids: --auto is the same" {
    needs_root
    with_subids 07-userns-map --auto --
    [ "$out" = "$(lines 'uid 0 300000 1000' 'gid 0 400000 2000' allow)" ]
}
@test "root without CAP_SETUID could only map the host's uid 0: refused unless it is typed" {
    needs_root
    run_split 08-capset --drop setuid -- 07-userns-map -- echo half-made
    [[ $status:$out:$err == 125::*'unless you type it: --map 0:0:1'* ]]
    maps 08-capset --drop setuid,setgid -- 07-userns-map --map 0:0:1 --
    [ "$(head -n 1 <<<"$out")" = 'uid 0 0 1' ]
}
@test "COMMAND is uid 0 and gid 0 inside" {
    run_split 07-userns-map -- sh -c 'id -u; id -g'
    [ "$out" = "$(lines 0 0)" ]
}
@test "COMMAND has all capabilities, in that namespace" {
    run_split 07-userns-map -- sh -c 'sed -n "s/CapEff:[[:space:]]//p" /proc/self/status'
    [ $((16#$out)) = $(((1 << $(cat /proc/sys/kernel/cap_last_cap) + 1) - 1)) ]
}
@test "the report tells who one is outside" {
    run_split 07-userns-map --map "0:$me:1" -- true
    grep -qx "  uid 0 in here is uid $me outside" <<<"$err"
    grep -qx "  uid_map 0 $me 1" <<<"$err"
}

# ---- outside

@test "files that a user's uid 0 makes are his own outside" {
    needs_user
    run_split 07-userns-map -- sh -c 'touch "$0" && stat -c %u:%g "$0"' "$BATS_TEST_TMPDIR/file"
    [ "$out" = 0:0 ]
    [ "$(stat -c %u:%g "$BATS_TEST_TMPDIR/file")" = "$me:$(id -g)" ]
}
@test "files that root's uid 0 makes belong to 100000 outside" {
    needs_root
    07-userns-map --map 0:100000:10 --gmap 0:200000:10 -- touch "$PUBLIC/file" 2>/dev/null
    [ "$(stat -c %u:%g "$PUBLIC/file")" = 100000:200000 ]
}
@test "inside, who has no number there shows as 65534" {
    needs_root
    run_split 07-userns-map --map 0:100000:10 -- stat -c %u /
    [ "$out" = 65534 ]
}
@test "with all capabilities inside, root's COMMAND may not signal a root process; mapped to 0 it may" {
    needs_root
    needs_no_subids
    run_split 07-userns-map -- kill -0 $$
    [ "$status" != 0 ]
    run_split 07-userns-map --map 0:0:1 -- kill -0 $$ # control: why that map must be typed
    [ "$status" = 0 ]
}
@test "who made a namespace rules it: root in a user namespace made after uts may not set the name" {
    needs_root
    run_split bash -c '01-unshare --uts | 07-userns-map - -- hostname nsteps-box'
    [ "$status" != 0 ]
    run_split 07-userns-map -- 01-unshare --uts -- sh -c 'hostname nsteps-box; uname -n' # the other order
    [ "$out" = nsteps-box ]
}

# ---- groups

@test "the supplementary groups are emptied where that is allowed" {
    needs_root
    needs_tool setpriv util-linux
    run_split setpriv --groups 4,24,30 07-userns-map -- sed -n 's/Groups:[[:space:]]*//p' /proc/self/status
    [ -z "$out" ]
}
@test "a user keeps his groups, and cannot drop them: they show as 65534" {
    needs_root
    needs_tool setpriv util-linux
    run_split setpriv --reuid 12345 --regid 12345 --groups 4,24 07-userns-map -- id -G
    [ "$out" = '0 65534' ]
    # What he must not be able to do, CVE-2014-8989:
    run_split setpriv --reuid 12345 --regid 12345 --groups 4,24 07-userns-map -- \
        setpriv --clear-groups true
    [ "$status" != 0 ]
}

# What the step writes into setgroups: a file is mounted over that of the process to be mapped, and catches it. (It
# can be asked for only so where it has been denied further out already: then the kernel lacks nothing.)
setgroups_by() { # COMMAND-PREFIX
    # shellcheck disable=SC2016
    run_split unshare --user --map-root-user --mount bash -c '
        01-unshare --user >"$0/box" 2>/dev/null &
        for i in {1..500}; do [ ! -s "$0/box" ] || break; sleep 0.01; done
        : >"$0/setgroups"
        mount --bind "$0/setgroups" "/proc/$!/setgroups" &&
            "$@" 07-userns-map - --map 0:0:1 -- echo mapped <"$0/box"
        kill "$!"
        cat "$0/setgroups"' "$BATS_TEST_TMPDIR" "$@"
}
@test "without CAP_SETGID the step itself gives setgroups up" {
    setgroups_by 08-capset --drop setgid --
    [ "$out" = $'mapped\ndeny' ]
}
@test "with CAP_SETGID it need not, and does not" {
    setgroups_by
    [ "$out" = mapped ]
}

# ---- --map and --gmap

@test "--map: one id; the group follows" {
    needs_user
    maps 07-userns-map --map "7:$me:1" --
    [ "$(sed 2q <<<"$out")" = "$(lines "uid 7 $me 1" "gid 7 $(id -g) 1")" ]
}
@test "--map without a uid 0: one is the first id, and the capabilities go at execve" {
    needs_user
    run_split 07-userns-map --map "7:$me:1" -- sh -c 'id -u; grep CapEff /proc/self/status'
    [ "$out" = "$(lines 7 $'CapEff:\t0000000000000000')" ]
    [[ $err == *'capabilities go at the next execve'* ]]
}
@test "--map more than once: several lines, and root's groups follow" {
    needs_root
    maps 07-userns-map --map 0:100000:10 --map 10:200000:5 --
    [ "$out" = "$(lines 'uid 0 100000 10' 'uid 10 200000 5' 'gid 0 100000 10' 'gid 10 200000 5' allow)" ]
}
@test "--map and --gmap: each its own" {
    needs_root
    maps 07-userns-map --map 0:100000:10 --gmap 0:300000:7 --gmap 7:400000:1 --
    [ "$out" = "$(lines 'uid 0 100000 10' 'gid 0 300000 7' 'gid 7 400000 1' allow)" ]
}
@test "--gmap alone: the users as by default" {
    if [ "$me" = 0 ]; then
        needs_no_subids
        maps 07-userns-map --gmap 0:300000:7 --
        [ "$(sed 2q <<<"$out")" = "$(lines 'uid 0 100000 65536' 'gid 0 300000 7')" ]
    else
        maps 07-userns-map --gmap "3:$(id -g):1" --
        [ "$(sed 2q <<<"$out")" = "$(lines "uid 0 $me 1" "gid 3 $(id -g) 1")" ]
    fi
}
@test "340 ranges are taken, and 341 are refused" {
    needs_root
    ranges=()
    for ((i = 0; i < 340; i++)); do ranges+=(--map "$i:$((1000 + 2 * i)):1"); done
    run_split 07-userns-map "${ranges[@]}" -- sh -c 'wc -l </proc/self/uid_map'
    [ "$out" = 340 ]
    bad_input 'one range too many' 07-userns-map "${ranges[@]}" --map 1000:200000:1 -- true
}
@test "a map of more than a page is refused by the kernel, and it says why" {
    needs_root
    [ "$(getconf PAGESIZE)" = 4096 ] || skip 'the pages of this kernel are larger than 4096 bytes'
    ranges=()
    for ((i = 0; i < 340; i++)); do ranges+=(--map "$i:$((400000000 + 2 * i)):1"); done
    run_split 07-userns-map "${ranges[@]}" -- echo half-made
    [[ $status:$out:$err == 125::*'because: a map of more than 4095 bytes is not taken'* ]]
}
@test "a user may map nobody but himself, and is told so" {
    needs_user
    for map in 0:100000:1 "1:$((me + 1)):1" "0:$me:2"; do
        run_split 07-userns-map --map "$map" -- echo half-made
        [[ $status:$out:$err == 125::*"because: without CAP_SETUID one may write one line that maps one's own uid ($me)"* ]]
    done
}
@test "a user may write one line, not two" {
    needs_user
    run_split 07-userns-map --map "0:$me:1" --map "1:$((me + 1)):1" -- echo half-made
    [[ $status:$out:$err == 125::*'because: without CAP_SETUID one may write one line'*'these are 2 lines'* ]]
}
@test "a user may map no group but his own" {
    needs_user
    run_split 07-userns-map --gmap 0:0:1 -- echo half-made
    [[ $status:$out:$err == 125::*gid_map*EPERM* ]]
}

# ---- --auto

# The user's first line in /etc/subuid, as $first and $count.
needs_subids() {
    needs_tool newuidmap uidmap
    IFS=: read -r _ first count < <(grep -sE "^($(id -un)|$me):" /etc/subuid) ||
        skip 'this user has no line in /etc/subuid'
}
@test "--auto: 0 is the user, and his range in /etc/subuid follows from 1" {
    needs_user
    needs_subids
    maps 07-userns-map --auto --
    [ "$(sed 2q <<<"$out")" = "$(lines "uid 0 $me 1" "uid 1 $first $count")" ]
}
@test "--auto: a file of uid 5 inside belongs to the user's fifth subordinate id" {
    needs_user
    needs_subids
    07-userns-map --auto -- sh -c 'touch "$0" && chown 5:5 "$0"' "$PUBLIC/sub" 2>/dev/null
    [ "$(stat -c %u "$PUBLIC/sub")" = $((first + 4)) ]
    07-userns-map --auto -- rm "$PUBLIC/sub" 2>/dev/null
}
@test "--auto in the pipeline: newuidmap maps the namespace of the record" {
    needs_user
    needs_subids
    hold "$BATS_TEST_TMPDIR/box" 01-unshare --user --uts
    run_split 07-userns-map - --auto -- readlink /proc/self/ns/user <"$BATS_TEST_TMPDIR/box"
    [ "$out" = "$(readlink "/proc/$held/ns/user")" ]
    [ "$(wc -l <"/proc/$held/uid_map")" = 2 ]
}
@test "--auto without newuidmap: says what to install" {
    needs_user
    needs_subids
    bad_input 'apt-get install uidmap' env PATH=/nonexistent "$BUILD/07-userns-map" --auto -- /bin/true
}
@test "--auto without a line in /etc/subuid: says how to get one" {
    needs_root
    needs_tool setpriv util-linux
    bad_input '/etc/subuid grants uid 12345 no ids' \
        setpriv --reuid 12345 --regid 12345 --clear-groups 07-userns-map --auto -- true
}
@test "--auto and --map exclude each other" {
    bad_input '--auto chooses the maps itself' 07-userns-map --auto --map 0:1:1 -- true
}

# ---- one in the other

@test "from inside a namespace of one's own: the next one maps 0 to its 0" {
    maps 07-userns-map -- 07-userns-map --
    [ "$(sed 2q <<<"$out")" = "$(lines 'uid 0 0 1' 'gid 0 0 1')" ]
}
@test "from inside a range: a part of it, and outside the two maps add up" {
    needs_root
    07-userns-map --map 0:100000:65536 -- 07-userns-map --map 0:10:5 -- touch "$PUBLIC/nested" 2>/dev/null
    [ "$(stat -c %u "$PUBLIC/nested")" = 100010 ]
}
@test "an id that the namespace outside has not cannot be mapped, and it says so" {
    needs_root
    run_split 07-userns-map --map 0:100000:10 -- 07-userns-map --map 0:10:1 -- echo half-made
    [[ $status:$out:$err == 125::*'because: uid 10 does not exist in the parent user namespace'* ]]
}
@test "where no user namespace may be made, it says which limit" {
    # This limit is the new namespace's own: the host's does not change.
    run_split 07-userns-map -- sh -c 'echo 0 >/proc/sys/user/max_user_namespaces
        07-userns-map -- echo half-made'
    [[ $status:$out:$err == 125::*ENOSPC*'because: '*max_user_namespaces* ]]
}

# ---- the record

# What the default is for whoever runs this test.
default_map() { if [ "$me" = 0 ]; then echo 0 100000 65536; else echo 0 "$me" 1; fi; }
map_of() { awk '{ print $1, $2, $3 }' "/proc/$1/uid_map"; }

@test "after 01-unshare --user: that namespace is mapped, from outside" {
    [ "$me" != 0 ] || needs_no_subids
    hold "$BATS_TEST_TMPDIR/box" 01-unshare --user --uts
    [ -z "$(map_of "$held")" ] # control: nobody has mapped it
    run_split 07-userns-map - -- readlink /proc/self/ns/user <"$BATS_TEST_TMPDIR/box"
    [ "$out" = "$(readlink "/proc/$held/ns/user")" ]
    [ "$(map_of "$held")" = "$(default_map)" ]
}
@test "after 01-unshare --user, --map and --gmap are taken too" {
    hold "$BATS_TEST_TMPDIR/box" 01-unshare --user --uts
    maps 07-userns-map - --map "3:$me:1" --gmap "4:$(id -g):1" -- <"$BATS_TEST_TMPDIR/box"
    [ "$(sed 2q <<<"$out")" = "$(lines "uid 3 $me 1" "gid 4 $(id -g) 1")" ]
}
@test "left behind: it is in the namespace that it has mapped, as uid 0" {
    hold "$BATS_TEST_TMPDIR/box" 01-unshare --user --uts
    # shellcheck disable=SC2016
    hold "$BATS_TEST_TMPDIR/two" bash -c 'exec 07-userns-map - <"$0"' "$BATS_TEST_TMPDIR/box"
    [ "$(ns_inode "$held" user)" = "$(ns_inode "${HELD[0]}" user)" ]
    [ "$(status_field "$held" Uid | cut -d ' ' -f 1)" = "$(awk '{ print $2 }' "/proc/$held/uid_map")" ]
}
@test "after other steps: a new user namespace, and all others as the record has them" {
    [ "$me" = 0 ] && own=() || own=(07-userns-map --)
    run_split "${own[@]}" bash -c '01-unshare --uts --hostname nsteps-box |
        07-userns-map - -- sh -c "uname -n; readlink /proc/self/ns/user"; readlink /proc/self/ns/user'
    [ "$(head -n 1 <<<"$out")" = nsteps-box ]
    [ "$(sort -u <<<"$out" | wc -l)" = 3 ]
}
@test "mapped once, the next 07 makes a nested one" {
    run_split bash -c '01-unshare --user | 07-userns-map - |
        07-userns-map - -- sh -c "id -u; cat /proc/self/uid_map"'
    [ "$(tr -s ' ' <<<"$out")" = "$(lines 0 ' 0 0 1')" ]
}
@test "what was mapped cannot be mapped again, not even by root: the kernel takes it once" {
    hold "$BATS_TEST_TMPDIR/box" 01-unshare --user
    run_split 07-userns-map - -- true <"$BATS_TEST_TMPDIR/box"
    before=$(map_of "$held")
    run_split sh -c 'printf "0 %s 1" "$0" >"/proc/$1/uid_map"' "$me" "$held"
    [ "$status" != 0 ] && [ "$(map_of "$held")" = "$before" ]
}
@test "a map that is refused leaves nothing half-made: a second try succeeds" {
    needs_user
    hold "$BATS_TEST_TMPDIR/box" 01-unshare --user
    run_split 07-userns-map - --map 0:0:1 -- true <"$BATS_TEST_TMPDIR/box"
    [ "$status" = 125 ]
    [ ! -s "/proc/$held/gid_map" ]
    run_split 07-userns-map - -- id -u <"$BATS_TEST_TMPDIR/box"
    [ "$status:$out" = 0:0 ]
}
@test "01-unshare --user -- 07-userns-map cannot work, and says why" {
    run_split 01-unshare --user -- 07-userns-map -- echo half-made
    [[ $status:$out:$err == 125::*'because: uid 65534 is not mapped in this user namespace'* ]]
}

# ---- in a chroot

@test "in a chroot the kernel refuses it, and the chroot is named: exec chain" {
    run_split as_root 01-unshare -m -p -- 02-mountproc "$ROOTFS" -- 03-chroot "$ROOTFS" -- \
        07-userns-map -- echo half-made
    [[ $status:$out:$err == 125::*EPERM*'because: this process is in a chroot'* ]]
}
@test "in a chroot the kernel refuses it, and the chroot is named: pipe" {
    run_split as_root bash -c '01-unshare -m -p | 02-mountproc - "$0" | 03-chroot - "$0" |
        07-userns-map - -- echo half-made' "$ROOTFS"
    [[ $status:$out:$err == 125::*EPERM*'because: this process is in a chroot'* ]]
}
@test "after 04-pivot_root it is allowed" {
    run_split as_root bash -c '01-unshare -m -p | 02-mountproc - "$0" | 04-pivot_root - "$0" |
        07-userns-map - -- id -u' "$ROOTFS"
    [ "$status:$out" = 0:0 ]
}

# ---- refused: one line, 125, nothing made

@test "what is not IN:OUT:COUNT is refused" {
    for map in 0:0 0 '' a:b:c 0:-1:1 +0:1:1 0:1:1: 0:1:1:1 '0:1: 1' 0:0x10:1 0:4294967296:1 \
        0:18446744073709551616:1; do
        bad_input 'is not IN:OUT:COUNT' 07-userns-map --map "$map" -- true || { echo "map $map"; return 1; }
    done
}
@test "COUNT 0, and ranges that wrap, are refused" {
    bad_input 'COUNT is 0' 07-userns-map --map 0:1000:0 -- true
    bad_input 'beyond the last id' 07-userns-map --map 0:4294967295:1 -- true
    bad_input 'beyond the last id' 07-userns-map --map 4294967290:0:10 -- true
    bad_input 'beyond the last id' 07-userns-map --gmap 1:1:4294967295 -- true
}
@test "ranges that overlap, inside or outside, are refused" {
    bad_input 'an id inside would have two' 07-userns-map --map 0:1000:10 --map 9:2000:1 -- true
    bad_input 'two ids inside would be one' 07-userns-map --map 0:1000:10 --map 20:1009:1 -- true
    bad_input 'overlaps' 07-userns-map --gmap 0:1000:10 --gmap 20:999:2 -- true
}
@test "ranges that only touch are taken" {
    needs_root
    maps 07-userns-map --map 0:1000:10 --map 10:1010:1 --
    [ "$(sed 2q <<<"$out")" = "$(lines 'uid 0 1000 10' 'uid 10 1010 1')" ]
}
@test "a missing argument, a COMMAND without -- and an unknown option are refused" {
    bad_input 'needs an argument' 07-userns-map --map
    bad_input 'COMMAND comes after --' 07-userns-map sh
    bad_input 'unknown or ambiguous option' 07-userns-map --umap 0:1:1 -- true
}
@test "--help: on stdout, exit 0" {
    run_split 07-userns-map --help
    [ "$status" = 0 ] && [[ $out == 'Usage: 07-userns-map '* ]] && [ -z "$err" ]
}
