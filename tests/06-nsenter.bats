#!/usr/bin/env bats
# 06-nsenter: join what exists. COMMAND tells in which namespaces it is (its own links in /proc); what
# the target holds is read from outside.
# shellcheck disable=SC2154 # out, err, held, inside: set by the helper
load helper

TYPES='cgroup ipc mnt net pid user uts' # time: Linux 5.6
[ ! -e /proc/self/ns/time ] || TYPES+=' time'

# An ordinary user may enter nothing but through a user namespace of his own: his boxes have one, and
# to each choice he adds -U.
if [ "$EUID" = 0 ]; then user=(); else user=(-U); fi

# make_box: a step left behind that holds a namespace of each type. Its record is in the file $box,
# its pid is $pid, and uname -n in there says nsteps-box.
make_box() {
    local options='-m -u -i -n -p -C'
    [ ! -e /proc/self/ns/time ] || options+=' -T'
    hold_line "01-unshare $options ${user[*]} --hostname nsteps-box ${user:+| 07-userns-map -}"
}
# A box with a user namespace, in both passes; for root, uid 0 in there is uid 100000 outside.
make_user_box() {
    hold_line "01-unshare -u --user --hostname nsteps-box | 07-userns-map -"
}
# A box with another root directory (03, not 04: the mount namespace keeps its own), and a /proc there.
make_rooted_box() {
    hold_line "01-unshare -m -u -p ${user[*]} --hostname nsteps-box ${user:+| 07-userns-map -} |
        02-mountproc - $ROOTFS | 03-chroot - $ROOTFS"
}
hold_line() {
    box=$BATS_TEST_TMPDIR/box
    hold "$box" bash -c "$1"
    pid=$(record_pid "$(cat "$box")")
    HELD+=("$pid") # the last step: with the file as its stdout it stays until a signal
}

# links COMMAND-PREFIX ...: COMMAND's namespaces, "mnt:[4026531841]" a line each.
links() {
    local type paths=()
    for type in $TYPES; do paths+=("/proc/self/ns/$type"); done
    "$@" readlink "${paths[@]}"
}
# joined TYPE ...: what links must print: of these types the record's, of all others our own.
joined() {
    local type record
    record=$(cat "$box")
    for type in $TYPES; do
        if [[ " $* " == *" $type "* ]]; then
            echo "$type:[$(record_field "$record" "$type")]"
        else
            readlink "/proc/$$/ns/$type"
        fi
    done
}
# joins TYPE OPTION ...: each option enters that namespace and no other (but a user's -U).
joins() {
    local type=$1 option
    shift
    make_box
    [ "$(record_field "$(cat "$box")" "$type")" != "$(ns_inode $$ "$type")" ] # there is one to enter
    for option; do
        diff <(joined "$type" ${user:+user}) <(links 06-nsenter --target "$pid" "${user[@]}" "$option" -- 2>/dev/null)
    done
}

# ---- a choice

@test "-m, --mount: that namespace and no other" { joins mnt -m --mount; }
@test "-u, --uts: that namespace and no other" { joins uts -u --uts; }
@test "-i, --ipc: that namespace and no other" { joins ipc -i --ipc; }
@test "-n, --net: that namespace and no other" { joins net -n --net; }
@test "-p, --pid: that namespace and no other" { joins pid -p --pid; }
@test "-C, --cgroup: that namespace and no other" { joins cgroup -C --cgroup; }
@test "-T, --time: that namespace and no other" {
    [ -e /proc/self/ns/time ] || skip 'this kernel has no time namespaces'
    joins time -T --time
}
@test "-U, --user: that namespace and no other" {
    make_user_box
    for option in -U --user; do
        diff <(joined user) <(links 06-nsenter --target "$pid" $option -- 2>/dev/null)
    done
}
@test "several at once" {
    make_box
    diff <(joined uts ipc net ${user:+user}) <(links 06-nsenter --target "$pid" "${user[@]}" -uin -- 2>/dev/null)
}
@test "- with a choice: the record's, and no other" {
    make_box
    diff <(joined uts ${user:+user}) <(links 06-nsenter - "${user[@]}" --uts -- <"$box" 2>/dev/null)
}
@test "--all: every namespace" {
    make_box
    # shellcheck disable=SC2086
    diff <(joined $TYPES) <(links 06-nsenter --target "$pid" --all -- 2>/dev/null)
}
@test "nsenter(1) enters the same: the namespaces of PID 1 of the box" {
    needs_tool nsenter util-linux
    make_box
    init=$(sed -n 's/.*PID 1 in there is pid \([0-9]*\).*/\1/p' "$box.err")
    # shellcheck disable=SC2086
    diff <(joined $TYPES) <(links nsenter --target "$init" --all ${user:+--preserve-credentials})
    # shellcheck disable=SC2086
    diff <(joined $TYPES) <(links 06-nsenter --target "$init" --all -- 2>/dev/null)
}
@test "without --user a user is not permitted, and it says what to add" {
    needs_user
    make_box
    run_split 06-nsenter --target "$pid" --uts -- echo half-made
    [[ $status:$out:$err == 125::*EPERM*'try: '*--user* ]]
}
@test "--pid: COMMAND is born in there, for the step itself stays outside" {
    make_box
    run_split 06-nsenter --target "$pid" "${user[@]}" --pid -- grep NSpid /proc/self/status
    [[ $out =~ ^NSpid:$'\t'[0-9]+$'\t'[0-9]+$ ]]
}
@test "without --pid no process is added: the step becomes COMMAND" {
    make_box
    06-nsenter --target "$pid" "${user[@]}" --uts -- sleep 7777 2>/dev/null 3>&- &
    HELD+=($!)
    wait_until find_inside
    [ "$inside" = $! ]
}

# ---- everything

@test "- and nothing else: every namespace" {
    make_box
    # shellcheck disable=SC2086
    diff <(joined $TYPES) <(links 06-nsenter - -- <"$box" 2>/dev/null)
}
@test "--target PID and nothing else: every namespace" {
    make_box
    # shellcheck disable=SC2086
    diff <(joined $TYPES) <(links 06-nsenter --target "$pid" -- 2>/dev/null)
}
@test "everything: the root directory, by record and by pid" {
    make_rooted_box
    wanted=$(stat -c %d:%i "$ROOTFS")
    run_split 06-nsenter - -- stat -c %d:%i / <"$box"
    [ "$out" = "$wanted" ]
    run_split 06-nsenter --target "$pid" -- stat -c %d:%i /
    [ "$out" = "$wanted" ] && [ "$wanted" != "$(stat -c %d:%i /)" ]
}
@test "everything by record: the working directory is where it was typed, by its name" {
    make_box
    cd "$BATS_TEST_TMPDIR"
    run_split 06-nsenter - -- pwd -P <"$box"
    [ "$out" = "$(pwd -P)" ]
}
@test "everything by pid: the working directory is the target's" {
    cd "$BATS_TEST_TMPDIR"
    make_box
    cd /
    run_split 06-nsenter --target "$pid" -- pwd -P
    [ "$out" = "$(cd "$BATS_TEST_TMPDIR" && pwd -P)" ]
}
@test "everything: ids, groups, capability sets and no_new_privs are the target's" {
    needs_root
    needs_tool setpriv util-linux
    setpriv --reuid 1234 --regid 2345 --groups 3456,3457 --no-new-privs --bounding-set=-sys_boot \
        --inh-caps=-all,+net_raw,+kill --ambient-caps=-all,+net_raw sleep 7777 3>&- &
    HELD+=($!)
    wait_until find_inside
    fields='^(Uid|Gid|Groups|Cap...|NoNewPrivs):'
    wanted=$(grep -E "$fields" "/proc/$inside/status")
    [ "$(wc -l <<<"$wanted")" = 9 ]
    run_split 06-nsenter --target "$inside" -- grep -E "$fields" /proc/self/status
    diff <(echo "$wanted") <(echo "$out")
}
# Who owns a user namespace rules over everybody in it. In that of another user's, root must not stay
# root of the host, nor keep his groups.
@test "the user namespace of another user: root becomes who is in there, groups too, or is refused" {
    needs_root
    needs_tool setpriv util-linux
    setpriv --reuid 1234 --regid 2345 --clear-groups unshare --user --map-root-user sleep 7777 3>&- &
    HELD+=($!)
    wait_until find_inside
    run_split setpriv --groups 4,24 06-nsenter --target "$inside" -- grep -E '^(Uid|Groups)' /proc/self/status
    [ "$(tr -d ' ' <<<"$out")" = $'Uid:\t0\t0\t0\t0\nGroups:\t' ]
    for choice in --all --user; do
        run_split 06-nsenter --target "$inside" $choice -- echo half-made
        [[ $status:$out:$err == 125::*'belongs to uid 1234, who would rule over uid 0'* ]]
    done
}
@test "the unmapped user namespace of another user: root does not go in, nor map it" {
    needs_root
    needs_tool setpriv util-linux
    setpriv --reuid 1234 --regid 2345 --clear-groups 01-unshare --user >"$PUBLIC/foreign" 2>/dev/null 3>&- &
    HELD+=($!)
    wait_until has_line "$PUBLIC/foreign"
    for step in 06-nsenter 08-capset 07-userns-map; do
        run_split $step - -- echo half-made <"$PUBLIC/foreign"
        [[ $status:$out:$err == 125::*'belongs to uid 1234'* ]]
    done
}
@test "--all carries namespaces and nothing else: who we are does not change" {
    needs_root
    07-userns-map --map 0:1234:1 -- 08-capset --no-new-privs -- sleep 7777 2>/dev/null 3>&- &
    HELD+=($!)
    wait_until find_inside
    run_split 06-nsenter --target "$inside" --all -- sh -c 'id -u; grep NoNewPrivs /proc/self/status'
    [ "$out" = $'65534\nNoNewPrivs:\t0' ] # root of the host has no number in there
    run_split 06-nsenter --target "$inside" -- sh -c 'id -u; grep NoNewPrivs /proc/self/status'
    [ "$out" = $'0\nNoNewPrivs:\t1' ]
}
@test "everything: uid 0 in a user namespace, with all capabilities there" {
    make_user_box
    all=$(printf '%016x' $(((1 << $(cat /proc/sys/kernel/cap_last_cap) + 1) - 1)))
    run_split 06-nsenter - -- sh -c 'id -u; id -g; grep CapEff /proc/self/status' <"$box"
    [ "$out" = $'0\n0\nCapEff:\t'"$all" ]
}
@test "everything: the cgroup; a choice leaves it out" {
    needs_root
    05-cgroup "nsteps-test-06-$$" -- sleep 7777 2>/dev/null 3>&- &
    HELD+=($!)
    wait_until find_inside
    run_split 06-nsenter --target "$inside" -- cat /proc/self/cgroup
    grep -qx "0::/nsteps-test-06-$$" <<<"$out"
    run_split 06-nsenter --target "$inside" --join-cgroup -- cat /proc/self/cgroup
    grep -qx "0::/nsteps-test-06-$$" <<<"$out"
    run_split 06-nsenter --target "$inside" --wd -- cat /proc/self/cgroup
    refute grep -q "nsteps-test-06-$$" <<<"$out"
}

# ---- half a container

@test "half a container: the name is right, the files are wrong" {
    make_rooted_box
    run_split 06-nsenter --target "$pid" --all -- sh -c 'uname -n; stat -c %d:%i /'
    [ "$out" = "nsteps-box"$'\n'"$(stat -c %d:%i /)" ]
}
@test "half a container: the files are right, the name is wrong" {
    make_rooted_box
    run_split 06-nsenter --target "$pid" "${user[@]}" --mount --root -- sh -c 'uname -n; stat -c %d:%i /'
    [ "$out" = "$(uname -n)"$'\n'"$(stat -c %d:%i "$ROOTFS")" ]
}
@test "half a container: without --pid, the /proc in there does not know COMMAND" {
    make_rooted_box
    run_split 06-nsenter --target "$pid" "${user[@]}" --mount --root -- ls /proc/self/
    [ "$status" != 0 ]
    run_split 06-nsenter --target "$pid" "${user[@]}" --mount --root --pid -- ls /proc/self/
    [ "$status" = 0 ]
}
@test "--all --root --wd together are the whole" {
    make_rooted_box
    run_split 06-nsenter --target "$pid" --all --root --wd -- \
        sh -c 'uname -n; stat -c %d:%i /; pwd -P; ls -d /proc/self'
    [ "$out" = "nsteps-box"$'\n'"$(stat -c %d:%i "$ROOTFS")"$'\n/\n/proc/self' ]
}
@test "--root, -r alone: its root directory, and no namespace" {
    needs_root
    chroot "$ROOTFS" sleep 7777 3>&- &
    HELD+=($!)
    wait_until find_inside
    for option in -r --root; do
        run_split 06-nsenter --target "$inside" $option -- stat -c %d:%i / .
        [ "$out" = "$(stat -c $'%d:%i\n%d:%i' "$ROOTFS")" ]
    done
    [[ $err == *'setns(nothing new)'* ]]
}
@test "--wd, -w alone: its working directory" {
    (cd "$BATS_TEST_TMPDIR" && exec sleep 7777) 3>&- &
    HELD+=($!)
    wait_until find_inside
    for option in -w --wd; do
        run_split 06-nsenter --target "$inside" $option -- pwd -P
        [ "$out" = "$(cd "$BATS_TEST_TMPDIR" && pwd -P)" ]
    done
}

# ---- one's own namespaces

@test "our own process: nothing new, and that is no error" {
    run_split 06-nsenter --target $$ -- true
    [[ $status:$err == '0:'*'setns(nothing new)'* ]]
}
@test "one's own user namespace is not entered again, which would be EINVAL" {
    # shellcheck disable=SC2016
    run_split 07-userns-map -- bash -c '06-nsenter --target $$ --all -- readlink /proc/self/ns/user
        readlink /proc/self/ns/user'
    [ "$status" = 0 ] && [ "$(sort -u <<<"$out" | wc -l)" = 1 ]
}
@test "within one user namespace: the other namespaces of a process there" {
    # shellcheck disable=SC2016
    run_split 07-userns-map -- bash -c '01-unshare -u --hostname nsteps-box | 06-nsenter - --uts -- uname -n'
    [ "$out" = nsteps-box ]
}

# Who owns what: the capabilities for it are there before one goes inwards, or only afterwards.
@test "a namespace that our own user namespace owns, and a user namespace within: both" {
    run_split 07-userns-map -- bash -c '
        01-unshare -u --hostname nsteps-box | 07-userns-map - --map 0:0:1 | 06-nsenter - -Uu -- uname -n'
    [ "$out" = nsteps-box ]
}
@test "a user namespace within another one, and a namespace that the outer one owns: all three" {
    run_split bash -c '01-unshare -u --user --hostname nsteps-box | 07-userns-map - | 07-userns-map - --map 0:0:1 |
        06-nsenter - -- sh -c "uname -n; cat /proc/self/uid_map"'
    [ "$(tr -d " " <<<"$out")" = nsteps-box$'\n'001 ]
}

# ---- left behind

@test "left behind it holds what it has joined, and the next step goes on from there" {
    make_box
    # shellcheck disable=SC2016
    run_split bash -c '06-nsenter --target "$0" | 06-nsenter - -- uname -n' "$pid"
    [ "$out" = nsteps-box ]
}
@test "its record names the target's namespaces, in which it is" {
    make_box
    hold "$BATS_TEST_TMPDIR/two" 06-nsenter --target "$pid"
    diff <(grep -o '[a-z]*:\[[0-9]*\]' "$box" | grep -v start) \
        <(grep -o '[a-z]*:\[[0-9]*\]' "$BATS_TEST_TMPDIR/two" | grep -v start)
    [ "$(ns_inode "$held" uts)" = "$(ns_inode "$pid" uts)" ]
}
@test "the report marks what this process has entered, and nothing else" {
    make_box
    run_split 06-nsenter --target "$pid" "${user[@]}" -u -- true
    [[ $err == *"uts:[$(record_field "$(cat "$box")" uts)]*"* ]]
    [[ $err != *"net:[$(ns_inode $$ net)]*"* ]]
}

# ---- status and signals

@test "the exit status is COMMAND's, also through a pid namespace" {
    make_box
    run_split 06-nsenter --target "$pid" "${user[@]}" -u -- sh -c 'exit 7'
    [ "$status" = 7 ]
    run_split 06-nsenter - -- sh -c 'exit 7' <"$box"
    [ "$status" = 7 ]
    run_split 06-nsenter - -- sh -c 'kill -KILL $$' <"$box"
    [ "$status" = 137 ]
    run_split 06-nsenter - -- nosuchcommand <"$box"
    [ "$status" = 127 ]
}
@test "a signal sent to the step reaches COMMAND" {
    make_box
    06-nsenter - -- sh -c 'trap "exit 42" USR1; echo ready; sleep 7777 & wait' \
        <"$box" >"$BATS_TEST_TMPDIR/ready" 2>/dev/null 3>&- &
    step=$!
    wait_until has_line "$BATS_TEST_TMPDIR/ready"
    kill -USR1 "$step"
    status=0
    wait "$step" || status=$?
    [ "$status" = 42 ]
}
@test "when the box ends, the COMMAND that was brought in ends with it" {
    make_box
    06-nsenter - -- sleep 7777 <"$box" 2>/dev/null 3>&- &
    step=$!
    wait_until find_inside
    kill "$pid"
    status=0
    wait "$step" || status=$?
    [ "$status" = 137 ]
}
@test "after a record, COMMAND's stdin is not what the record came from" {
    make_box
    run_split setsid -w 06-nsenter - -- sh -c 'read -r line; echo "$?:$line"' <"$box"
    [ "$out" = 1: ]
}
@test "with --target, COMMAND's stdin is the caller's" {
    make_box
    run_split 06-nsenter --target "$pid" -- cat <<<hello
    [ "$out" = hello ]
}

# ---- refused

@test "another user's process: refused to an ordinary user, with the reason" {
    needs_user
    run_split 06-nsenter --target 1 -- echo half-made
    [[ $status:$out:$err == 125::*'because: process 1 belongs to uid'* ]]
}
@test "a process whose children are to have a pid namespace that has no PID 1 yet: refused, with the reason" {
    needs_root
    unshare --pid sleep 7777 3>&- &
    HELD+=("$!")
    is_sleeping() { [ "$(<"/proc/$1/comm")" = sleep ]; }
    wait_until is_sleeping "$!"
    for option in '' --pid; do
        # shellcheck disable=SC2086
        run_split 06-nsenter --target "$!" $option -- touch "$BATS_TEST_TMPDIR/joined"
        [[ $status:$err == 125:*'no PID 1 yet'* && ! -e $BATS_TEST_TMPDIR/joined ]]
    done
    06-nsenter --target "$!" --uts -- true # control
}
@test "a process that has ended: refused, with the reason" {
    true &
    gone=$!
    wait "$gone"
    run_split 06-nsenter --target "$gone" -- echo half-made
    [[ $status:$out:$err == 125::*"because: there is no process $gone"* ]]
}
@test "a step left behind that has ended: refused" {
    make_box
    kill "$pid"
    wait_until is_gone "$pid"
    run_split 06-nsenter - -- echo half-made <"$box"
    [[ $status:$out:$err == 125::*' is gone'* ]]
}
@test "whom to join: - or --target, not both, not neither" {
    bad_input 'whom to join' 06-nsenter -- true
    bad_input 'whom to join' 06-nsenter - --target 1 -- true
    bad_input 'option --target needs an argument' 06-nsenter --target
}
@test "what is no pid is refused" {
    for no in 0 -1 +1 1x ' 1' 99999999999999999999 ''; do
        bad_input 'is not a pid' 06-nsenter --target "$no" -- true || { echo "pid $no"; return 1; }
    done
}
@test "a COMMAND without -- and an unknown option are refused" {
    bad_input 'COMMAND comes after --' 06-nsenter --target 1 sh
    bad_input 'unknown or ambiguous option' 06-nsenter --target 1 --everything
}
@test "--help: on stdout, exit 0" {
    run_split 06-nsenter --help
    [ "$status" = 0 ] && [[ $out == 'Usage: 06-nsenter '* ]] && [ -z "$err" ]
}
