#!/usr/bin/env bats
# What lib/why-ids.c says: each cause is made for real. tests/causes lists them.
load helper

if [ "$(id -u)" = 0 ]; then own=(); else own=(07-userns-map --); fi

# "${as_user[@]}" COMMAND: as an ordinary user, $me, whoever runs the test. (setpriv keeps capabilities
# until it executes something: hence env.)
if [ "$(id -u)" = 0 ]; then
    me=12345
    as_user=(setpriv --reuid 12345 --regid 12345 --clear-groups env)
else
    me=$(id -u)
    as_user=(env)
fi
my_gid() { if [ "$(id -u)" = 0 ]; then echo 12345; else id -g; fi; }

# Two steps as a student may have written them, who has not read the chapter to its end: 07 forgets
# setgroups, and 08 adds capabilities (masks in the environment) or calls capset(2) too EARLY. They need
# the objects in build/lib, which the copies of the tree, for the ordinary user and for tests/vm, lack.
needs_students_steps() {
    [ -e "$BUILD/lib/caps.o" ] || { needs_root; skip 'build/lib is not in this copy of the tree'; }
    [ ! -x "$PUBLIC/student/08-capset" ] || return 0
    mkdir -p "$PUBLIC/student"
    sed 's/if (!have_capability(CAP_SETGID) && /if (0 \&\& /' steps/07-userns-map.c >"$PUBLIC/student/07-userns-map.c"
    sed -e 's/^    caps.inheritable &= ~drop;/&\n    student(\&caps);/' \
        -e 's/^    \/\* The bounding set is the limit/    if (getenv("EARLY") != NULL)\n        sys_capset((struct capabilities){0});\n&/' \
        -e '/^\/\* The feature/i\
#include <stdlib.h>\
static uint64_t mask(const char *set) { return getenv(set) == NULL ? 0 : strtoull(getenv(set), NULL, 0); }\
static void student(struct capabilities *caps)\
{\
    caps->inheritable |= mask("INHERITABLE");\
    caps->permitted |= mask("PERMITTED");\
    caps->effective |= mask("EFFECTIVE");\
}' steps/08-capset.c >"$PUBLIC/student/08-capset.c"
    for name in 07-userns-map 08-capset; do
        refute cmp -s "steps/$name.c" "$PUBLIC/student/$name.c"
        ${CC:-cc} -D_GNU_SOURCE -std=c11 -static -I steps -o "$PUBLIC/student/$name" \
            "$PUBLIC/student/$name.c" "$BUILD"/lib/*.o || skip "build/lib was made with another compiler: CC=... tests/run"
    done
}

# succeeds COMMAND ...: and says no because.
succeeds() {
    run_split "$@" </dev/null
    [ "$status" = 0 ] && [[ $err != *because:* ]] && return 0
    printf 'status %s, stderr:\n%s\n' "$status" "$err" >&2
    return 1
}
# from FILE COMMAND ...: with the record in FILE as its stdin.
from() {
    local file=$1
    shift
    "$@" <"$file"
}
# What the last failure advised.
advised() { sed -n 's/^  try:     //p' <<<"$err"; }

# after_01 SCRIPT: a line of shell in which 01-unshare --user is left behind as process $pid, and $record
# is what it wrote.
after_01() {
    echo "01-unshare --user | { read -r record; pid=\$(cut -d ' ' -f 2 <<<\"\$record\"); $1; }"
}
JOIN='07-userns-map - -- true <<<"$record"'
JOIN_AUTO='07-userns-map - --auto -- true <<<"$record"'

# ---- uid_map, gid_map: who may map what

@test "[map-own-uid] an ordinary user maps another uid, two, or in two lines" {
    rule="without CAP_SETUID one may write one line that maps one's own uid ($me), and nothing else; "
    because "${rule}this line maps uid 100000" "${as_user[@]}" 07-userns-map --map 0:100000:1 -- true
    because "${rule}this line maps 2 ids" "${as_user[@]}" 07-userns-map --map "0:$me:2" -- true
    because "${rule}these are 2 lines" "${as_user[@]}" 07-userns-map --map "0:$me:1" --map 1:100000:1 -- true
    [[ $(advised) == "--map 0:$me:1, or --auto"* ]]
}
@test "[map-own-uid] root without CAP_SETUID is no better" {
    needs_root
    because "one's own uid (0), and nothing else; this line maps 10 ids" \
        08-capset --drop setuid -- 07-userns-map --map 0:100000:10 -- true
    [ "$(advised)" = '07-userns-map before 08-capset, which drops CAP_SETUID' ]
}
@test "[map-own-uid miss] with CAP_SETUID, and an id that does not exist" {
    because 'uid 100000 does not exist in the parent' 07-userns-map -- 07-userns-map --map 0:100000:1 -- true
}
@test "[map-own-gid] an ordinary user maps another gid" {
    because "without CAP_SETGID one may write one line that maps one's own gid ($(my_gid)), and nothing else; this line maps gid 100000" \
        "${as_user[@]}" 07-userns-map --gmap 0:100000:1 -- true
    [[ $(advised) == "--gmap 0:$(my_gid):1, or --auto"*/etc/subgid ]]
}
@test "[map-own-gid miss] with CAP_SETGID, and an id that does not exist" {
    because 'gid 100000 does not exist in the parent' 07-userns-map -- 07-userns-map --gmap 0:100000:1 -- true
}
@test "what is refused with \"-\" is not even half written" {
    hold "$BATS_TEST_TMPDIR/box" "${as_user[@]}" 01-unshare --user
    because "this line maps uid 100000" from "$BATS_TEST_TMPDIR/box" \
        "${as_user[@]}" 07-userns-map - --map 0:100000:1 -- true
    [ ! -s "/proc/$held/uid_map" ] && [ ! -s "/proc/$held/gid_map" ]
}
@test "[map-setfcap] uid 0 of the parent, without CAP_SETFCAP" {
    run_split as_root 08-capset --drop setfcap -- 07-userns-map --map 0:0:1 -- true
    [ "$status" != 0 ] || skip 'this kernel does not ask for CAP_SETFCAP yet (Linux 5.12, and fixes of older ones)'
    because 'this maps uid 0 of the parent user namespace; that takes CAP_SETFCAP (since Linux 5.12), which uid 0 does not' \
        as_root 08-capset --drop setfcap -- 07-userns-map --map 0:0:1 -- true
}
@test "[map-setfcap] uid 0 of the parent, as an ordinary user" {
    because "$(case $(uname -r) in # before 5.12, CAP_SETFCAP may not matter, and CAP_SETUID does
        5.10.* | 5.11.*) echo "this line maps uid 0" ;;
        *) echo "that takes CAP_SETFCAP (since Linux 5.12) and CAP_SETUID, and uid $me has neither here" ;;
        esac)" "${as_user[@]}" 07-userns-map --map 0:0:1 -- true
}
@test "[map-setfcap miss] uid 0 of the parent, without CAP_SETUID" {
    because "one's own uid (0), and nothing else; this line maps 2 ids" \
        as_root 08-capset --drop setuid -- 07-userns-map --map 0:0:2 -- true
}
@test "[map-parent] an id outside that the parent does not have" {
    uids=$(07-userns-map -- awk '{ print $1, $2, $3 }' /proc/self/uid_map 2>/dev/null)
    count=${uids##* }
    because "uid 100000 does not exist in the parent user namespace, whose uid_map is \"$uids\"" \
        07-userns-map -- 07-userns-map --map 0:100000:1 -- true
    # The first of a range is there, the last is not:
    because "uid $count does not exist in the parent" \
        07-userns-map -- 07-userns-map --map "0:0:$((count + 1))" --gmap 0:0:1 -- true
    [ "$(advised)" = "--map 0:0:$count" ]
}
@test "[map-parent miss] the ids are there, but in two lines" {
    needs_root
    because 'a range must lie in one line' \
        07-userns-map --map 0:100000:10 --map 10:200000:10 -- 07-userns-map --map 0:5:10 -- true
}
@test "[map-span] a range over two lines of the parent's map; what is advised works" {
    needs_root
    two=(07-userns-map --map 0:100000:10 --map 10:200000:10 --)
    because "a range must lie in one line of the parent's uid_map, and uid 10 begins another one there" \
        "${two[@]}" 07-userns-map --map 0:5:10 --gmap 0:0:1 -- true
    [ "$(advised)" = '--map 0:5:5 --map 5:10:5' ]
    # shellcheck disable=SC2046
    succeeds "${two[@]}" 07-userns-map $(advised) --gmap 0:0:1 -- true
}
@test "[map-span miss] the range ends where nothing follows" {
    needs_root
    because 'uid 20 does not exist in the parent' 07-userns-map --map 0:100000:10 --map 10:200000:10 -- \
        07-userns-map --map 0:15:10 --gmap 0:0:1 -- true
}

# ---- uid_map, gid_map, setgroups: what has been written before

@test "[map-twice] gid_map is written already" {
    because 'is "0 0 1" already, and the kernel takes a map only once' \
        as_root bash -c "$(after_01 "echo 0 0 1 >/proc/\$pid/gid_map; $JOIN")"
}
@test "[map-twice miss] it is not, but the gid does not exist" {
    because 'gid 100000 does not exist in the parent' \
        07-userns-map -- bash -c "$(after_01 "${JOIN/-- true/--gmap 0:100000:1 -- true}")"
}
@test "[map-deny-late] setgroups cannot be denied after gid_map" {
    because "is \"0 $(my_gid) 1\" already, and setgroups can be denied only before that" \
        "${as_user[@]}" bash -c "$(after_01 "echo deny >/proc/\$pid/setgroups
            echo 0 $(my_gid) 1 >/proc/\$pid/gid_map; $JOIN")"
}
@test "[map-deny-late miss] it can be denied twice before" {
    succeeds "${as_user[@]}" bash -c "$(after_01 "echo deny >/proc/\$pid/setgroups; $JOIN")"
}
@test "[map-setgroups] gid_map while setgroups is \"allow\": a 07 that has forgotten it" {
    needs_students_steps
    because 'setgroups is "allow", and who lacks CAP_SETGID must deny setgroups(2) before writing gid_map' \
        "${as_user[@]}" "$PUBLIC/student/07-userns-map" -- true
    [[ $(advised) =~ ^'before gid_map: echo deny >/proc/'[0-9]+/setgroups$ ]]
}
@test "[map-setgroups miss] the same 07 with another gid" {
    needs_students_steps
    because "this line maps gid 100000" "${as_user[@]}" "$PUBLIC/student/07-userns-map" --gmap 0:100000:1 -- true
    succeeds "${own[@]}" "$PUBLIC/student/07-userns-map" --map 0:0:1 -- true # with CAP_SETGID
}

# ---- whose user namespace

@test "[map-owner] a user namespace of another user: refused before" {
    needs_root
    hold "$BATS_TEST_TMPDIR/box" "${as_user[@]}" 01-unshare --user
    run_split from "$BATS_TEST_TMPDIR/box" 07-userns-map - -- true
    [[ $status:$err == "125:07-userns-map: "*"belongs to uid 12345, who would rule over uid 0"* ]]
    [ ! -s "/proc/$held/gid_map" ]
}
@test "[map-owner miss] one's own" {
    hold "$BATS_TEST_TMPDIR/box" "${as_user[@]}" 01-unshare --user
    succeeds from "$BATS_TEST_TMPDIR/box" "${as_user[@]}" 07-userns-map - -- true
}
@test "[map-far] a user namespace in one that is not ours: refused before" {
    hold "$BATS_TEST_TMPDIR/box" "${as_user[@]}" 07-userns-map -- 01-unshare --user
    run_split from "$BATS_TEST_TMPDIR/box" "${as_user[@]}" 07-userns-map - -- true
    [[ $status:$err == "125:07-userns-map: "*"lies in another one that is not ours"* ]]
    [ ! -s "/proc/$held/gid_map" ]
}
@test "[map-far miss] from within that one it can be mapped" {
    succeeds "${as_user[@]}" 07-userns-map -- bash -c "$(after_01 "$JOIN")"
}

# ---- what the kernel would call EINVAL, and 07 before it

@test "[map-overlap] ranges that overlap: refused before" {
    bad_input 'overlaps an earlier range: an id inside' 07-userns-map --map 0:1000:10 --map 9:2000:1 -- true
    bad_input 'overlaps an earlier range: two ids' 07-userns-map --map 0:1000:10 --map 20:1009:1 -- true
}
@test "[map-overlap miss] ranges that touch" {
    if [ "$(id -u)" = 0 ]; then
        succeeds 07-userns-map --map 0:1000:10 --map 10:1010:1 -- true
    else
        because 'these are 2 lines' 07-userns-map --map 0:1000:10 --map 10:1010:1 -- true
    fi
}
@test "[map-zero] COUNT 0: refused before" {
    bad_input 'maps nothing: COUNT is 0' 07-userns-map --map "0:$me:0" -- true
}
@test "[map-zero miss] COUNT 1" {
    succeeds "${as_user[@]}" 07-userns-map --map "0:$me:1" -- true
}
@test "[map-wrap] beyond the last id, and the id -1: refused before" {
    bad_input 'beyond the last id, 4294967294' 07-userns-map --map 0:4294967295:1 -- true
    bad_input 'beyond the last id, 4294967294' 07-userns-map --map 4294967290:1000:6 -- true
}
@test "[map-wrap miss] up to the last id" {
    if [ "$(id -u)" = 0 ]; then
        succeeds 07-userns-map --map 0:4294967294:1 --gmap 4294967290:1000:5 -- true
    else
        because 'this line maps uid 4294967294' 07-userns-map --map 0:4294967294:1 -- true
    fi
}
ranges() { # COUNT WIDTH-OF-OUT: that many --map of one id
    local i
    ranges=()
    for ((i = 0; i < $1; i++)); do ranges+=(--map "$i:$(($2 + 2 * i)):1"); done
}
@test "[map-lines] 341 lines: refused before" {
    ranges 341 1000
    bad_input 'one range too many: the kernel takes 340' 07-userns-map "${ranges[@]}" -- true
}
@test "[map-lines miss] 340 lines" {
    ranges 340 1000
    if [ "$(id -u)" = 0 ]; then
        succeeds 07-userns-map "${ranges[@]}" -- true
    else
        because 'these are 340 lines' 07-userns-map "${ranges[@]}" -- true
    fi
}
@test "[map-page] a map of a page or more" {
    [ "$(getconf PAGESIZE)" = 4096 ] || skip 'the pages of this kernel are larger than 4096 bytes'
    ranges 250 1000000000
    because 'a map of more than 4095 bytes is not taken, and this has 4140' 07-userns-map "${ranges[@]}" --gmap "0:$(id -g):1" -- true
}
@test "[map-page miss] a map just below" {
    ranges 240 1000000000
    if [ "$(id -u)" = 0 ]; then
        succeeds 07-userns-map "${ranges[@]}" -- true
    else
        because 'these are 240 lines' 07-userns-map "${ranges[@]}" -- true
    fi
}

# ---- opening the files

@test "[map-dumpable] a program that one may execute but not read" {
    mkdir "$PUBLIC/unreadable"
    cp "$BUILD/07-userns-map" "$PUBLIC/unreadable"
    chmod 111 "$PUBLIC/unreadable/07-userns-map"
    because "uid $me may execute $PUBLIC/unreadable/07-userns-map but not read it" \
        "${as_user[@]}" "$PUBLIC/unreadable/07-userns-map" -- true
    [[ $err == *'/setgroups: Permission denied (EACCES)'* ]]
}
@test "[map-dumpable miss] the same one, readable" {
    mkdir "$PUBLIC/readable"
    cp "$BUILD/07-userns-map" "$PUBLIC/readable"
    succeeds "${as_user[@]}" "$PUBLIC/readable/07-userns-map" -- true
}
# privileged: a 07 that gets CAP_SETUID from its file.
privileged() {
    needs_root
    needs_tool setcap libcap2-bin
    mkdir "$PUBLIC/$1"
    cp "$BUILD/07-userns-map" "$BUILD/08-capset" "$PUBLIC/$1"
    setcap cap_setuid+ep "$PUBLIC/$1/07-userns-map" && setcap cap_setuid+ep "$PUBLIC/$1/08-capset" ||
        skip 'this filesystem takes no file capabilities'
    "${as_user[@]}" "$PUBLIC/$1/08-capset" -- true 2>&1 | grep -q '^  CapPrm 0000000000000080' || # control
        skip 'file capabilities have no effect on this filesystem (nosuid)'
}
@test "[map-filecaps] a program with file capabilities" {
    privileged caps
    because "$PUBLIC/caps/07-userns-map is set-user-ID or has file capabilities" \
        "${as_user[@]}" "$PUBLIC/caps/07-userns-map" -- true
}
@test "[map-filecaps miss] one with file capabilities that cannot be read, either" {
    privileged both
    chmod 111 "$PUBLIC/both/07-userns-map"
    because 'but not read it' "${as_user[@]}" "$PUBLIC/both/07-userns-map" -- true
}
# with_proc rw|ro COMMAND ...: where /proc is mounted so.
with_proc() {
    local mode=$1
    shift
    # shellcheck disable=SC2016
    as_root 01-unshare -m -- sh -c 'mount -o "remount,bind,$0,nosuid,nodev,noexec" /proc && exec "$@"' \
        "$mode" "$@"
}
@test "[map-ro] /proc is mounted read-only" {
    because 'the maps are files in /proc, and /proc is mounted read-only here' \
        with_proc ro 07-userns-map --map 0:0:1 --gmap 0:0:1 -- true
    [[ $err == *'/gid_map: Read-only file system (EROFS)'* ]]
}
@test "[map-ro miss] /proc is mounted again, but not read-only" {
    succeeds with_proc rw 07-userns-map --map 0:0:1 --gmap 0:0:1 -- true
}
# meanwhile EVENT: 07 joins a 01-unshare --user, and EVENT happens after it has checked the record and
# before it writes the maps: it waits in between, because /etc/subuid is a pipe here.
meanwhile() {
    mkfifo "$BATS_TEST_TMPDIR/subuid"
    # shellcheck disable=SC2016
    unshare --mount --propagation private bash -c 'mount --bind "$0" /etc/subuid || exit
        '"$(after_01 "$JOIN & exec 3>/etc/subuid; $1; exec 3>&-; wait \$!")" "$BATS_TEST_TMPDIR/subuid"
}
needs_subuid_file() {
    [ -e /etc/subuid ] && [ -e /etc/subgid ] || skip 'there is no /etc/subuid or /etc/subgid to bind over'
}
@test "[map-gone] the process ends before its maps are written" {
    needs_root
    needs_subuid_file
    # shellcheck disable=SC2016
    because 'has ended' meanwhile 'kill -9 $pid; while [ -e /proc/$pid ]; do sleep 0.01; done'
    [[ $err == *'/gid_map: '*'because: process '[0-9]* ]]
}
@test "[map-gone miss] it does not" {
    needs_root
    needs_subuid_file
    succeeds meanwhile :
}

# ---- newuidmap(1), newgidmap(1)

# as_sub COMMAND ...: as a user who has subordinate ids. Root's pass makes one, in a mount namespace:
# SUBUID, SUBGID and PASSWD are his lines in /etc, PREPARE what is done before, GID his group.
needs_sub() {
    needs_tool newuidmap uidmap
    if [ "$(id -u)" = 0 ]; then
        needs_subuid_file
    else
        grep -qsE "^($(id -un)|$me):" /etc/subuid || skip 'this user has no line in /etc/subuid'
    fi
}
as_sub() {
    if [ "$(id -u)" != 0 ]; then
        "$@"
        return
    fi
    local dir=$PUBLIC/etc.$BATS_TEST_NUMBER
    mkdir -p "$dir"
    { echo "${PASSWD-sub:x:23456:23456::/:/bin/sh}"; grep -v :23456: /etc/passwd; } >"$dir/passwd"
    echo "${SUBUID-sub:300000:1000}" >"$dir/subuid"
    echo "${SUBGID-sub:400000:1000}" >"$dir/subgid"
    # shellcheck disable=SC2016
    unshare --mount --propagation private sh -c '
        for file in passwd subuid subgid; do mount --bind "$0/$file" "/etc/$file" || exit; done
        prepare=$1 gid=$2; shift 2; eval "$prepare" || exit
        exec setpriv --reuid 23456 --regid "$gid" --clear-groups env "$@"' \
        "$dir" "${PREPARE-}" "${GID-23456}" "$@"
}
# own_newuidmap DIR MODE: a copy of it, in DIR, that belongs to the user of as_sub.
own_newuidmap() {
    mkdir "$PUBLIC/$1"
    cp "$(command -v newuidmap)" "$PUBLIC/$1"
    [ "$(id -u)" != 0 ] || chown 23456 "$PUBLIC/$1/newuidmap"
    chmod "$2" "$PUBLIC/$1/newuidmap"
    [[ ,$(findmnt -no OPTIONS -T "$PUBLIC"), != *,nosuid,* ]] || skip "$PUBLIC is on a nosuid mount"
}

@test "control: as that user --auto works" {
    needs_sub
    succeeds as_sub 07-userns-map --auto -- true
}
@test "[auto-none] no line in /etc/subuid or /etc/subgid: refused before" {
    needs_root
    needs_sub
    SUBUID=other:300000:1000 bad_input '/etc/subuid grants uid 23456 no ids; as root: usermod --add-subuids' \
        as_sub 07-userns-map --auto -- true
    SUBGID=other:300000:1000 bad_input '/etc/subgid grants uid 23456 no ids; as root: usermod --add-subuids' \
        as_sub 07-userns-map --auto -- true
}
@test "[auto-none miss] a line by number instead of name" {
    needs_root
    needs_sub
    SUBUID=23456:300000:1000 succeeds as_sub 07-userns-map --auto -- true
}
@test "[auto-malformed] a line that is no range: refused before" {
    needs_root
    needs_sub
    for line in sub:300000 sub:300000-301000:1 sub:0:1000 sub:300000:0; do
        SUBUID=$line bad_input 'the line of uid 23456 in /etc/subuid is not USER:FIRST:COUNT' \
            as_sub 07-userns-map --auto -- true
    done
}
@test "[auto-malformed miss] such a line, and a good one; such a line of somebody else" {
    needs_root
    needs_sub
    SUBUID=$'sub:300000\nsub:300000:1000' succeeds as_sub 07-userns-map --auto -- true
    SUBUID=other:300000 bad_input 'grants uid 23456 no ids' as_sub 07-userns-map --auto -- true
}
@test "[auto-unreadable] /etc/subuid cannot be read: refused before" {
    needs_root
    needs_sub
    # shellcheck disable=SC2016
    PREPARE='chmod 600 "$0/subuid"' bad_input '/etc/subuid cannot be read: Permission denied' \
        as_sub 07-userns-map --auto -- true
}
@test "[auto-unreadable miss] it can be read, and is empty" {
    needs_root
    needs_sub
    SUBUID="" bad_input 'grants uid 23456 no ids' as_sub 07-userns-map --auto -- true
}
@test "[auto-own] a range with one's own id in it: refused before" {
    needs_root
    needs_sub
    SUBUID=sub:23000:1000 bad_input '/etc/subuid grants the range 23000:1000, and in it is our own id, 23456' \
        as_sub 07-userns-map --auto -- true
    SUBGID=sub:23456:1000 bad_input '/etc/subgid grants the range 23456:1000' as_sub 07-userns-map --auto -- true
}
@test "[auto-own miss] a range that ends just before it" {
    needs_root
    needs_sub
    SUBUID=sub:23000:456 succeeds as_sub 07-userns-map --auto -- true
}
@test "[auto-missing] newuidmap is not installed" {
    needs_sub
    bad_input 'newuidmap, which is not installed: apt-get install uidmap' \
        as_sub env PATH=/nonexistent "$PUBLIC/07-userns-map" --auto -- /bin/true
}
@test "[auto-missing miss] it is, and cannot be executed" {
    needs_sub
    own_newuidmap found 644
    bad_input 'newuidmap, which cannot be executed' \
        as_sub env PATH="$PUBLIC/found" "$PUBLIC/07-userns-map" --auto -- /bin/true
}
@test "[auto-noexec] newuidmap cannot be executed" {
    needs_sub
    own_newuidmap noexec 644
    bad_input 'chmod a+x' as_sub env PATH="$PUBLIC/noexec" "$PUBLIC/07-userns-map" --auto -- /bin/true
}
@test "[auto-noexec miss] newuidmap cannot be executed, but there is another" {
    needs_sub
    own_newuidmap another 644
    succeeds as_sub env PATH="$PUBLIC/another:$PATH" 07-userns-map --auto -- true
}
@test "[auto-name] no line in /etc/passwd" {
    needs_root
    needs_sub
    export PASSWD="" SUBUID=23456:300000:1000 SUBGID=23456:300000:1000
    because 'newuidmap wants to know the name of uid 23456, and /etc/passwd has none' \
        as_sub 07-userns-map --auto -- true
}
@test "[auto-name miss] a line, with another group" {
    needs_root
    needs_sub
    export PASSWD='sub:x:23456:777::/:/bin/sh'
    because 'our gid is 23456, and newuidmap wants' as_sub 07-userns-map --auto -- true
}
@test "[auto-group] a gid that is not that of the account" {
    needs_root
    needs_sub
    GID=777 because 'our gid is 777, and newuidmap wants it to be that of uid 23456 in /etc/passwd, 23456' \
        as_sub 07-userns-map --auto -- true
}
@test "[auto-group miss] no account at all" {
    needs_root
    needs_sub
    export PASSWD="" SUBUID=23456:300000:1000 SUBGID=23456:300000:1000
    GID=777 because '/etc/passwd has none' as_sub 07-userns-map --auto -- true
}
newuidmap_and() { # EVENT: a newuidmap that does its work, and then EVENT happens
    mkdir -p "$PUBLIC/event"
    printf '#!/bin/sh\n%s "$@" || exit\n%s\n' "$(command -v newuidmap)" "$1" >"$PUBLIC/event/newuidmap"
    chmod 755 "$PUBLIC/event/newuidmap"
}
@test "[auto-granted] the range is taken from /etc/subgid meanwhile" {
    needs_root
    needs_sub
    newuidmap_and 'echo other:1000:1 >/etc/subgid'
    # shellcheck disable=SC2016
    PREPARE='chown 23456 "$0/subgid"' because '/etc/subgid does not grant uid 23456 the range 400000:1000' \
        as_sub env PATH="$PUBLIC/event:$PATH" 07-userns-map --auto -- true
    [[ $err == *'newgidmap '*' not allowed'* ]]
}
@test "[auto-granted miss] nothing is taken" {
    needs_root
    needs_sub
    newuidmap_and :
    succeeds as_sub env PATH="$PUBLIC/event:$PATH" 07-userns-map --auto -- true
}
@test "[auto-nnp] no_new_privs" {
    needs_sub
    because 'no_new_privs is set, so newuidmap cannot get more than we have, and we have no CAP_SETUID' \
        as_sub 08-capset --no-new-privs -- 07-userns-map --auto -- true
}
@test "[auto-nnp miss] 08-capset without it" {
    needs_sub
    succeeds as_sub 08-capset -- 07-userns-map --auto -- true
}
@test "[auto-nosuid] newuidmap on a nosuid mount" {
    needs_root
    needs_sub
    mkdir "$PUBLIC/nosuid"
    PREPARE="mount -t tmpfs -o nosuid,mode=755 tmpfs $PUBLIC/nosuid && cp -p $(command -v newuidmap) $PUBLIC/nosuid" \
        because "$PUBLIC/nosuid/newuidmap is on a nosuid mount" \
        as_sub env PATH="$PUBLIC/nosuid:$PATH" 07-userns-map --auto -- true
    [ "$(advised)" = "as root: mount -o remount,suid \$(findmnt -no TARGET -T $PUBLIC/nosuid/newuidmap)" ]
}
@test "[auto-nosuid miss] newuidmap on another mount, without the bit" {
    needs_sub
    own_newuidmap suid 755
    because "$PUBLIC/suid/newuidmap is not set-user-ID" \
        as_sub env PATH="$PUBLIC/suid:$PATH" 07-userns-map --auto -- true
}
@test "[auto-suid] newuidmap without the set-user-ID bit" {
    needs_sub
    own_newuidmap nobit 755
    because "$PUBLIC/nobit/newuidmap is not set-user-ID, so it runs without CAP_SETUID" \
        as_sub env PATH="$PUBLIC/nobit:$PATH" 07-userns-map --auto -- true
}
@test "[auto-suid miss] newuidmap without the bit, but with file capabilities" {
    needs_root
    needs_sub
    needs_tool setcap libcap2-bin
    own_newuidmap filecaps 755
    setcap cap_setuid+ep "$PUBLIC/filecaps/newuidmap" || skip 'this filesystem takes no file capabilities'
    succeeds as_sub env PATH="$PUBLIC/filecaps:$PATH" 07-userns-map --auto -- true
}
@test "[auto-owner] newuidmap is set-user-ID, but not root's" {
    needs_sub
    own_newuidmap theirs 4755
    because "$PUBLIC/theirs/newuidmap is set-user-ID, but of uid " \
        as_sub env PATH="$PUBLIC/theirs:$PATH" 07-userns-map --auto -- true
}
@test "[auto-owner miss] newuidmap is not root's, and has not the bit" {
    needs_sub
    own_newuidmap mine 755
    because "$PUBLIC/mine/newuidmap is not set-user-ID" \
        as_sub env PATH="$PUBLIC/mine:$PATH" 07-userns-map --auto -- true
}
as_subroot() { # COMMAND ...: as root, who has subordinate ids
    echo root:300000:1000 >"$BATS_TEST_TMPDIR/sub"
    # shellcheck disable=SC2016
    unshare --mount --propagation private sh -c '
        mount --bind "$0" /etc/subuid && mount --bind "$0" /etc/subgid && exec "$@"' "$BATS_TEST_TMPDIR/sub" "$@"
}
@test "[auto-bounding] the bounding set has no CAP_SETUID" {
    needs_root
    needs_sub
    because 'the bounding set (CapBnd) has no CAP_SETUID, so newuidmap cannot get it' \
        as_subroot 08-capset --drop setuid -- 07-userns-map --auto -- true
}
@test "[auto-bounding miss] the bounding set has no other capability" {
    needs_root
    needs_sub
    succeeds as_subroot 08-capset --keep setuid,setgid,setpcap,setfcap -- 07-userns-map --auto -- true
}
@test "[auto-gone] the process has ended" {
    needs_sub
    mkdir "$PUBLIC/kill"
    # shellcheck disable=SC2016
    printf '#!/bin/sh\nkill -9 $1\nwhile [ -e /proc/$1 ]; do sleep 0.01; done\nexec %s "$@"\n' \
        "$(command -v newuidmap)" >"$PUBLIC/kill/newuidmap"
    chmod 755 "$PUBLIC/kill/newuidmap"
    because 'has ended' as_sub env PATH="$PUBLIC/kill:$PATH" bash -c "$(after_01 "$JOIN_AUTO")"
    [[ $err == *newuidmap*'because: process '[0-9]* ]]
}
@test "[auto-gone miss] it has not" {
    needs_sub
    succeeds as_sub bash -c "$(after_01 "$JOIN_AUTO")"
}
@test "[auto-twice] gid_map is written already" {
    needs_sub
    # shellcheck disable=SC2016
    because 'already, and the kernel takes a map only once' as_sub bash -c "$(after_01 '
        echo deny >/proc/$pid/setgroups; echo 0 $(id -g) 1 >/proc/$pid/gid_map; '"$JOIN_AUTO")"
    [[ $err == *'newgidmap '*': write to gid_map failed: Operation not permitted'* ]]
}
@test "[auto-twice miss] gid_map is not, setgroups is" {
    needs_sub
    # shellcheck disable=SC2016
    succeeds as_sub bash -c "$(after_01 'echo deny >/proc/$pid/setgroups; '"$JOIN_AUTO")"
}
@test "[auto-parent] /etc/subuid grants ids that the parent user namespace does not have" {
    needs_root
    needs_sub
    export SUBUID=$'sub:300000:1000\n0:500000:10' SUBGID=$'sub:300000:1000\n0:500000:10'
    because 'uid 500000 does not exist in the parent user namespace, whose uid_map is "0 23456 1,1 300000 1000"' \
        as_sub 07-userns-map --auto -- 07-userns-map --auto -- true
}
@test "[auto-parent miss] ids that it has" {
    needs_root
    needs_sub
    export SUBUID=$'sub:300000:1000\n0:5:10' SUBGID=$'sub:300000:1000\n0:5:10'
    succeeds as_sub 07-userns-map --auto -- 07-userns-map --auto -- true
}

# ---- becoming somebody (more of it in why-namespace.bats)

joins() { from "$BATS_TEST_TMPDIR/box" "$@" 06-nsenter - -- true; } # COMMAND-PREFIX ...
@test "[join-keepcaps] the securebit keep_caps_locked" {
    needs_root
    hold "$BATS_TEST_TMPDIR/box" 08-capset --drop chown
    because 'the securebit keep_caps_locked is set' joins setpriv --securebits=+keep_caps_locked
}
@test "[join-keepcaps miss] other securebits" {
    needs_root
    hold "$BATS_TEST_TMPDIR/box" 08-capset --drop chown
    because "process $held has no cap_chown in its bounding set, and to drop it one needs CAP_SETPCAP" \
        joins setpriv --securebits=+no_setuid_fixup,+no_setuid_fixup_locked 08-capset --drop setpcap --
}
ambient=(setpriv --inh-caps=+net_raw --ambient-caps=+net_raw)
no_raise() { capsh --secbits="$1" -- -c '06-nsenter - -- true'; } # 64: no_cap_ambient_raise
@test "[join-ambient] the securebit no_cap_ambient_raise" {
    needs_root
    needs_tool capsh libcap2-bin
    hold "$BATS_TEST_TMPDIR/box" "${ambient[@]}" 08-capset
    because "process $held has cap_net_raw in its ambient set, and our securebit no_cap_ambient_raise" \
        from "$BATS_TEST_TMPDIR/box" no_raise 64
}
@test "[join-ambient miss] with the securebit but without an ambient set; and the other way round" {
    needs_root
    needs_tool capsh libcap2-bin
    hold "$BATS_TEST_TMPDIR/box" 08-capset
    succeeds from "$BATS_TEST_TMPDIR/box" no_raise 64
    hold "$BATS_TEST_TMPDIR/box" "${ambient[@]}" 08-capset
    succeeds from "$BATS_TEST_TMPDIR/box" no_raise 0
}

# ---- 08-capset

@test "[cap-bounding] PR_CAPBSET_DROP without CAP_SETPCAP; what is advised works" {
    because 'to drop cap_chown from the bounding set (CapBnd) one needs CAP_SETPCAP, which uid 0 does not have' \
        "${own[@]}" 08-capset --drop setpcap -- 08-capset --drop chown,kill -- true
    [ "$(advised)" = 'both at once, in the step that has dropped cap_setpcap: 08-capset --drop cap_chown,cap_setpcap' ]
    succeeds "${own[@]}" 08-capset --drop cap_chown,cap_setpcap -- true
    because "to drop cap_chown from the bounding set (CapBnd) one needs CAP_SETPCAP, which uid $me does not have" \
        "${as_user[@]}" 08-capset --drop all -- true
}
@test "[cap-bounding miss] what is not in the bounding set any more can be dropped again" {
    succeeds "${own[@]}" 08-capset --drop setpcap,chown -- 08-capset --drop chown -- true
}
@test "[cap-unmapped] the capabilities went with execve, because the uid is not mapped" {
    because 'uid 65534 is not mapped in this user namespace, so it lost its capabilities' \
        "${as_user[@]}" 01-unshare --user -- 08-capset --drop chown -- true
}
@test "[cap-unmapped miss] it is mapped, and they went otherwise" {
    because 'one needs CAP_SETPCAP, which uid 0 does not have' \
        "${as_user[@]}" 07-userns-map -- 08-capset --drop setpcap -- 08-capset --drop chown -- true
}

# The rules of capset(2): our own 08 only takes away and breaks none; that of a student may.
@test "[cap-order] capset(2) before the bounding set" {
    needs_students_steps
    because 'to drop cap_chown from the bounding set (CapBnd) one needs CAP_SETPCAP, and the capset(2) before has given that up' \
        "${own[@]}" env EARLY=1 "$PUBLIC/student/08-capset" --drop all -- true
}
@test "[cap-order miss] CAP_SETPCAP was not there from the beginning" {
    needs_students_steps
    because 'CAP_SETPCAP, which uid 0 does not have' \
        "${own[@]}" 08-capset --drop setpcap -- env EARLY=1 "$PUBLIC/student/08-capset" --drop all -- true
}
@test "[cap-inheritable] to become inheritable without being permitted, without CAP_SETPCAP" {
    needs_students_steps
    because 'cap_kill is not in the permitted set (CapPrm): without CAP_SETPCAP it cannot become inheritable' \
        "${own[@]}" 08-capset --drop kill,setpcap -- env INHERITABLE=0x20 "$PUBLIC/student/08-capset" -- true
}
@test "[cap-inheritable miss] the same with CAP_SETPCAP" {
    needs_students_steps
    because 'cap_kill is not in the bounding set' \
        "${own[@]}" 08-capset --drop kill -- env INHERITABLE=0x20 "$PUBLIC/student/08-capset" -- true
}
@test "[cap-inh-bounding] to become inheritable without being in the bounding set" {
    needs_students_steps
    because 'cap_kill is not in the bounding set (CapBnd), so it cannot become inheritable' \
        "${own[@]}" env INHERITABLE=0x20 "$PUBLIC/student/08-capset" --drop kill -- true
}
@test "[cap-inh-bounding miss] in the bounding set: no error" {
    needs_students_steps
    succeeds "${own[@]}" env INHERITABLE=0x1 "$PUBLIC/student/08-capset" --drop kill -- true
}
@test "[cap-permitted] to become permitted again" {
    needs_students_steps
    because 'cap_kill is not in the permitted set (CapPrm): what is gone from there does not come back' \
        "${own[@]}" 08-capset --drop kill -- env PERMITTED=0x20 EFFECTIVE=0x20 "$PUBLIC/student/08-capset" -- true
}
@test "[cap-permitted miss] it would only be effective" {
    needs_students_steps
    because 'cap_kill would be effective without being permitted' \
        "${own[@]}" 08-capset --drop kill -- env EFFECTIVE=0x20 "$PUBLIC/student/08-capset" -- true
}
@test "[cap-effective] to be effective without being permitted" {
    needs_students_steps
    because 'cap_kill would be effective without being permitted' \
        "${own[@]}" env EFFECTIVE=0x20 "$PUBLIC/student/08-capset" --drop kill -- true
}
@test "[cap-effective miss] effective and permitted: no error" {
    needs_students_steps
    succeeds "${own[@]}" env EFFECTIVE=0x20 PERMITTED=0x20 "$PUBLIC/student/08-capset" --drop kill -- true
}

# ---- seccomp(2)

@test "[cap-seccomp] a filter refuses the call, and not the kernel" {
    needs_deny
    because 'a seccomp filter' "${own[@]}" "$PUBLIC/deny" capset 08-capset --drop chown -- true
    [[ $err == *'refuses capset(2)'* ]]
    # Of the options of prctl(2) that 08 uses, these bits are in PR_CAPBSET_DROP and PR_SET_NO_NEW_PRIVS:
    because 'a seccomp filter' "${own[@]}" "$PUBLIC/deny" 'prctl&8' 08-capset --drop chown -- true
    [[ $err == *'refuses prctl(PR_CAPBSET_DROP)'* ]]
    because 'a seccomp filter' "$PUBLIC/deny" 'prctl&32' 08-capset --no-new-privs -- true
    [[ $err == *'refuses prctl(PR_SET_NO_NEW_PRIVS)'* ]]
    because 'a seccomp filter' "$PUBLIC/deny" setresuid 07-userns-map -- true
    [[ $err == *'refuses setresuid(2)'* ]]
    because 'a seccomp filter' "$PUBLIC/deny" setresgid 07-userns-map -- true
    [[ $err == *'refuses setresgid(2)'* ]]
}
@test "[cap-seccomp] a filter refuses what joining needs of prctl(2)" {
    needs_deny
    hold "$BATS_TEST_TMPDIR/box" "${own[@]}" 08-capset --drop chown
    because 'a seccomp filter' from "$BATS_TEST_TMPDIR/box" "$PUBLIC/deny" 'prctl&8' 06-nsenter - -- true
    [[ $err == *'refuses prctl(PR_SET_KEEPCAPS)'* ]]
}
@test "[cap-seccomp miss] a filter for another call, and the kernel refuses" {
    needs_deny
    because 'to drop cap_chown from the bounding set (CapBnd) one needs CAP_SETPCAP, which uid' \
        "${as_user[@]}" "$PUBLIC/deny" capset 08-capset --drop chown -- true
}
