#!/usr/bin/env bats
# 06-nsenter beside nsenter(1), in what unshare(1) has made.
load helper
load oracle

# target DIR WORDS ...: the process $target, started by WORDS, with DIR as working directory.
target() {
    local dir=$1
    shift
    : >"$BATS_TEST_TMPDIR/ready"
    # shellcheck disable=SC2016
    "$@" bash -c 'cd "$1" && echo ready && exec sleep 7777' bash "$dir" >"$BATS_TEST_TMPDIR/ready" 3>&- &
    target=$!
    HELD+=("$target")
    wait_until has_line "$BATS_TEST_TMPDIR/ready"
    wait_until is_sleep
    LOOK=(-r "target=$target")
}
# unshare --fork waits without heeding SIGTERM, and a PID 1 does not heed it either: the sleep itself is killed.
eval "helper_$(declare -f teardown)"
teardown() {
    [ -z "${target-}" ] || kill -9 "$target" || :
    [ ! -e "$DIR" ] || wait_until rmdir "$DIR"
    helper_teardown
}
# Past unshare --fork, down to the one that sleeps.
is_sleep() {
    local child
    while child=$(pgrep -P "$target"); do target=$child; done
    [ "$(<"/proc/$target/comm")" = sleep ]
}
# Who is root makes namespaces that belong to the first user namespace; an ordinary user also a user namespace, and
# has to enter that, too. He starts outside it.
PLAIN=1
made=(unshare) ours='' theirs=''
if [ "$EUID" != 0 ]; then
    made=(unshare --user --map-root-user)
    ours=--user theirs='--user --preserve-credentials'
fi
kinds=(--mount --uts --ipc --net --cgroup)
enters() { # OPTION ...: the same for both
    oracle "$*" "nsenter --target $target $theirs $* looked" chain "06-nsenter --target $target $ours $* -- looked"
}
enters_forking() {
    oracle "$*" "nsenter --target $target $theirs $* looked" forks+chain "06-nsenter --target $target $ours $* -- looked"
}

@test "--mount, --uts, --ipc, --net, --cgroup, one by one and together" {
    target /usr "${made[@]}" "${kinds[@]}"
    for kind in "${kinds[@]}"; do enters "$kind"; done
    enters "${kinds[*]}"
    grep -qx "ns net: target's" "$BATS_TEST_TMPDIR/theirs"
}
@test "--pid" {
    target / "${made[@]}" --pid --fork --kill-child
    enters_forking --pid
    grep -qx "ns pid: target's" "$BATS_TEST_TMPDIR/theirs"
}
@test "--time" {
    target / "${made[@]}" --time --monotonic 7200 --fork --kill-child
    oracle --time "nsenter --target $target $theirs --time looked" time+chain "06-nsenter --target $target $ours --time -- looked"
    grep -qx 'clock monotonic: +2 hours' "$BATS_TEST_TMPDIR/theirs"
}
@test "--user" {
    target / unshare --user --map-root-user
    oracle --user "nsenter --target $target --user --preserve-credentials looked" chain "06-nsenter --target $target --user -- looked"
    grep -qx "ns user: target's" "$BATS_TEST_TMPDIR/theirs"
}
@test "--all" {
    target /usr "${made[@]}" "${kinds[@]}" --pid --time --fork --kill-child
    [ "$EUID" = 0 ] || theirs=--preserve-credentials ours=
    enters_forking --all
}
@test "--root, --wd" {
    needs_root_copy
    target /usr "${made[@]}" --mount chroot "$ROOT"
    enters --mount --root
    enters --mount --wd
    enters --mount --root --wd
}
@test "--root, --wd in the same mount namespace" {
    needs_root
    needs_root_copy
    target /usr chroot "$ROOT"
    enters --root
    enters --wd
    enters --root --wd
}
in_cgroup() {
    needs_root
    mkdir "$DIR"
    echo "$target" >"$DIR/cgroup.procs"
}
@test "--join-cgroup" {
    needs_root
    target / env
    in_cgroup
    oracle --join-cgroup "bash -c 'echo 0 >$DIR/cgroup.procs && exec looked'" \
        chain "06-nsenter --target $target --join-cgroup -- looked"
    grep -q '^cgroup file cgroup.procs: 2' "$BATS_TEST_TMPDIR/theirs" # control
}
@test "no choice: everything, in the same user namespace" {
    needs_root
    needs_root_copy
    target /usr unshare "${kinds[@]}" chroot "$ROOT"
    in_cgroup
    oracle --target "bash -c 'echo 0 >$DIR/cgroup.procs && exec nsenter --target $target ${kinds[*]} --root --wd setpriv --inh-caps -all --ambient-caps -all looked'" \
        chain "06-nsenter --target $target -- looked"
}
@test "no choice: everything, in another user namespace" {
    needs_root_copy
    target /usr unshare --user --map-root-user "${kinds[@]}" --pid --fork --kill-child chroot "$ROOT"
    if [ "$EUID" = 0 ]; then keep=; else keep=--preserve-credentials; fi # setgroups(2) is denied
    oracle --target "nsenter --target $target --user ${kinds[*]} --pid --root --wd $keep looked" \
        forks+chain "06-nsenter --target $target -- looked"
}
@test "no choice: uid, groups, capabilities and no_new_privs of the target" {
    needs_root
    drop='setpriv --reuid 1234 --regid 2345 --groups 3456,4567 --no-new-privs --inh-caps -all,+kill,+setgid --ambient-caps -all,+kill --bounding-set -chown'
    # shellcheck disable=SC2086
    target / unshare --uts $drop
    oracle --target "nsenter --target $target --uts $drop bash -c 'cd / && exec looked'" chain "06-nsenter --target $target -- looked"
    grep -qx 'Groups: 3456 4567' "$BATS_TEST_TMPDIR/theirs"
}
@test "after a record: everything, and one namespace of several" {
    PLAIN=
    oracle - 'unshare --mount --uts --net looked' join '01-unshare -m -u -n | 06-nsenter - -- looked'
    oracle --uts 'unshare --uts looked' join+named '01-unshare -m -u -n | 06-nsenter - --uts -- looked'
    oracle --all "unshare --mount --uts --net bash -c 'cd / && exec looked'" join+named '01-unshare -m -u -n | 06-nsenter - --all -- looked'
}
@test "on a terminal" {
    target /usr "${made[@]}" "${kinds[@]}" --pid --fork --kill-child
    TERMINAL=1
    enters --uts
    enters_forking --pid
    PLAIN=''
    oracle - 'unshare --mount --uts --net looked' join '01-unshare -m -u -n | 06-nsenter - -- looked'
}
@test "short and long options are the same" {
    needs_root_copy
    target /usr unshare --user --map-root-user "${kinds[@]}" --pid --time --fork --kill-child chroot "$ROOT"
    needs_look
    base=$(basename "$BUILD/$STEP-"*)
    help_text | options | grep '^-[^-]' >"$BATS_TEST_TMPDIR/spellings"
    while read -r short long; do
        with=--uts
        case $long in
        --target) with="" short+=" $target" long+=" $target" ;;
        --root | --wd | --mount) with=--mount ;;
        esac
        [ "$EUID" = 0 ] || [[ $long == --target* ]] || with+=' --user'
        [[ $long == --target* ]] || with+=" --target $target"
        for spelling in short long; do
            state "$base $with ${!spelling} -- looked" >"$BATS_TEST_TMPDIR/$spelling"
        done
        diff "$BATS_TEST_TMPDIR/short" "$BATS_TEST_TMPDIR/long"
        grep -q "target's" "$BATS_TEST_TMPDIR/long"
    done <"$BATS_TEST_TMPDIR/spellings"
}
@test "every option has been compared" { tries_as_root --join-cgroup; all_compared; }
