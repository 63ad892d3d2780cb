#!/usr/bin/env bats
# 05-cgroup: limits. A cgroup is a directory with files, and so are the tests: they read its files.
# On a hybrid host (cgroup v1 holds the controllers) cgroup v2 has only its core files; a test that
# needs a controller says which, and is skipped there.
# shellcheck disable=SC2154 # out, err, held, inside: set by the helper
load helper

# The cgroup v2 of a process.
path_of() { sed -n 's/^0:://p' "/proc/$1/cgroup"; }
is_path_of() { [ "$(path_of "$1")" = "$2" ]; }

# start COMMAND ...: one that ends with `sleep 7777` (its pid is $inside) in the background ($step).
start() {
    "$@" 2>"$BATS_TEST_TMPDIR/report" </dev/null 3>&- &
    step=$!
    HELD+=("$step")
    wait_until find_inside
}
ends_with() { # STATUS: that of $step
    local status=0
    wait "$step" || status=$?
    [ "$status" = "$1" ]
}

# ---- the process is in it

@test "COMMAND is in the cgroup that the report names, and was not before" {
    needs_root
    run_split sh -c 'cat /proc/self/cgroup; 05-cgroup "$0" -- cat /proc/self/cgroup' "$NAME"
    [ "$(grep -cx "0::/$NAME" <<<"$out")" = 1 ]
    [ "$(tail -n 1 <<<"$out")" = "0::/$NAME" ]
    [[ $err == *"mkdir $DIR"* ]]
}
@test "cgroup.procs lists COMMAND" {
    needs_root
    start 05-cgroup "$NAME" -- sleep 7777
    grep -qx "$inside" "$DIR/cgroup.procs"
}
@test "COMMAND's children are born in it" {
    needs_root
    run_split 05-cgroup "$NAME" -- sh -c 'sh -c "cat /proc/self/cgroup; :"; :'
    grep -qx "0::/$NAME" <<<"$out"
}
@test "left behind: the step is in it, and the cgroup is there" {
    needs_root
    hold "$BATS_TEST_TMPDIR/box" 05-cgroup "$NAME"
    [ "$(cat "$DIR/cgroup.procs")" = "$held" ]
    is_path_of "$(record_pid "$(cat "$BATS_TEST_TMPDIR/box")")" "/$NAME"
}
@test "pipeline: the steps after 05 and COMMAND are in it; PID 1 and the steps before are not" {
    needs_root
    start bash -c "01-unshare -p -m | 05-cgroup - $NAME | 06-nsenter - -- sleep 7777"
    is_path_of "$inside" "/$NAME"
    for pid in $(pgrep -P "$step"); do
        case $(cat "/proc/$pid/comm") in
        01-unshare) refute is_path_of "$pid" "/$NAME" ;;
        05-cgroup | 06-nsenter) is_path_of "$pid" "/$NAME" ;;
        *) false ;;
        esac
    done
    init=$(sed -n 's/.*PID 1 in there is pid \([0-9]*\).*/\1/p' "$BATS_TEST_TMPDIR/report")
    refute is_path_of "$init" "/$NAME"
    grep -q 'not for PID 1 and the steps before' "$BATS_TEST_TMPDIR/report"
    kill -9 "$inside"
    ends_with 137
}
@test "exec chain that begins with 05: PID 1 is in it, too" {
    needs_root
    start 05-cgroup "$NAME" -- 01-unshare -p -- sleep 7777
    init=$(sed -n 's/.*PID 1 in there is pid \([0-9]*\).*/\1/p' "$BATS_TEST_TMPDIR/report")
    is_path_of "$init" "/$NAME"
}
@test "pipeline: after 07, root is another user than the janitor, and all still ends well" {
    needs_root
    run_split bash -c '01-unshare --user -p | 07-userns-map - | 05-cgroup - "$0" | 06-nsenter - -- test -d "$1"
        echo "${PIPESTATUS[*]}"' "$NAME" "$DIR"
    [ "$out" = '0 0 0 0' ]
    wait_until test ! -e "$DIR"
}
@test "two cgroups in one chain: COMMAND is in the second, and both are gone at the end" {
    needs_root
    run_split 05-cgroup "$NAME-a" -- 05-cgroup "$NAME-b" -- cat /proc/self/cgroup
    grep -qx "0::/$NAME-b" <<<"$out"
    [ ! -e "$DIR-a" ] && [ ! -e "$DIR-b" ]
}
@test "05 in a pipeline within another 05, and in a cgroup namespace: joined, and both are gone" {
    needs_root
    run_split 05-cgroup "$NAME-a" -- 01-unshare -C -- bash -c "
        05-cgroup $NAME-b | 06-nsenter - -- cat /proc/self/cgroup; echo \${PIPESTATUS[*]}"
    grep -qx "0::/../$NAME-b" <<<"$out"
    [ "$(tail -n 1 <<<"$out")" = '0 0' ]
    wait_until test ! -e "$DIR-b"
    [ ! -e "$DIR-a" ]
}
@test "cgroup v2 is found where it is mounted, also with a blank in its name" {
    needs_root
    # In a root of its own, so that this mount of it is the only one that the step can see. A build
    # with sanitizers wants /proc when it starts; 05 wants it, too.
    # shellcheck disable=SC2016
    run_split unshare --mount --propagation private sh -c '
        mount -t tmpfs none "$1/mnt" && mkdir "$1/mnt/a b" && mount -t cgroup2 none "$1/mnt/a b" &&
        mount -t proc none "$1/proc" && exec chroot "$1" 05-cgroup "$2" -- ls -d "/mnt/a b/$2"
        ' sh "$ROOTFS" "$NAME"
    [ "$out" = "/mnt/a b/$NAME" ]
}
@test "one cgroup v2 over another, in a cgroup namespace: the upper one counts" {
    needs_root
    # shellcheck disable=SC2016
    run_split 05-cgroup "$NAME" -- unshare --cgroup --mount --propagation private bash -c '
        mount -t tmpfs none "$1" && mount -t cgroup2 none "$1" &&
        05-cgroup "$2" | 06-nsenter - -- grep ^0:: /proc/self/cgroup; echo "${PIPESTATUS[*]}"' bash "$CGROUP2" "$NAME-b"
    [ "$out" = "0::/$NAME-b"$'\n0 0' ]
}
@test "where no cgroup v2 is mounted, it says so" {
    needs_root
    # shellcheck disable=SC2016
    run_split unshare --mount --propagation private sh -c '
        mount -t proc none "$1/proc" && exec chroot "$1" 05-cgroup "$2" -- true' sh "$ROOTFS" "$NAME"
    [[ $status:$err == 125:*'because: no filesystem of type cgroup2 is mounted here'* ]]
}

# ---- the limits

@test "FILE=VALUE: the kernel has the values, and the report reads them back" {
    needs_root
    run_split 05-cgroup "$NAME" cgroup.max.descendants=3 cgroup.max.depth=2 -- \
        cat "$DIR/cgroup.max.descendants" "$DIR/cgroup.max.depth"
    [ "$out" = 3$'\n'2 ]
    grep -qx '  cgroup.max.descendants = 3' <<<"$err"
    grep -qx '  cgroup.max.depth = 2' <<<"$err"
}
@test "cgroup.max.descendants binds: one is made, the second is refused" {
    needs_root
    run_split 05-cgroup "$NAME" cgroup.max.descendants=1 -- sh -c '
        mkdir "$0/a" && ! mkdir "$0/b" && rmdir "$0/a" && echo bound' "$DIR"
    [ "$out" = bound ]
}
@test "a pressure file takes its trigger, and needs no controller" {
    needs_root
    [ -e "$CGROUP2/cpu.pressure" ] || skip 'this kernel has no pressure files'
    run_split 05-cgroup "$NAME" 'cpu.pressure=some 150000 2000000' -- true
    [ "$status" = 0 ]
}

# hugetlb is the controller that hybrid hosts leave to cgroup v2. $file is a limit file of it, such as
# hugetlb.2MB.max, $page its page size.
needs_hugetlb() {
    needs_controller hugetlb
    local kilobytes
    kilobytes=$(ls /sys/kernel/mm/hugepages | sed -n 's/hugepages-\([0-9]*\)kB/\1/p' | sort -n | head -n 1)
    [ -n "$kilobytes" ] || skip 'this kernel has no huge pages'
    page=$((kilobytes * 1024))
    file=hugetlb.$((kilobytes / 1024))MB.max
}
controllers() { cat "$CGROUP2/cgroup.subtree_control"; }
has_hugetlb() { grep -qw hugetlb <<<"$1"; }
# For tests about who enables it: it must be off.
needs_hugetlb_off() {
    needs_hugetlb
    ! has_hugetlb "$(controllers)" || skip 'hugetlb is enabled already'
}
# Keeps what is enabled now in $after, and disables it, whatever 05 did.
take_hugetlb_back() {
    after=$(controllers)
    echo -hugetlb >"$CGROUP2/cgroup.subtree_control" || :
}

@test "the report shows what the kernel has made of a value: it rounds to whole pages" {
    needs_root
    needs_hugetlb
    before=$(controllers)
    run_split 05-cgroup "$NAME" "$file=$((2 * page + 12345))" -- cat "$DIR/$file"
    has_hugetlb "$before" || take_hugetlb_back
    [ "$out" = $((2 * page)) ]
    grep -qx "  $file = $((2 * page))" <<<"$err"
}
@test "a controller that was not enabled is while the step runs, and is not afterwards" {
    needs_root
    needs_hugetlb_off
    before=$(controllers)
    run_split 05-cgroup "$NAME" "$file=0" -- cat "$CGROUP2/cgroup.subtree_control"
    take_hugetlb_back
    has_hugetlb "$out"
    [ "$after" = "$before" ]
}
@test "a controller that was enabled before stays enabled" {
    needs_root
    needs_hugetlb_off
    echo +hugetlb >"$CGROUP2/cgroup.subtree_control"
    05-cgroup "$NAME" "$file=0" -- true 2>/dev/null
    take_hugetlb_back
    has_hugetlb "$after"
}
@test "a controller that somebody else uses by then is left enabled" {
    needs_root
    needs_hugetlb_off
    # shellcheck disable=SC2016
    05-cgroup "$NAME" "$file=0" -- sh -c 'mkdir "$0" && echo 0 >"$0/$1"' "$DIR-other" "$file" 2>/dev/null
    take_hugetlb_back
    rmdir "$DIR-other"
    has_hugetlb "$after"
}
@test "two steps that overlap: the last one puts the controller back" {
    needs_root
    needs_hugetlb_off
    hold "$BATS_TEST_TMPDIR/a" 05-cgroup "$NAME-a" "$file=0"
    first=$held
    hold "$BATS_TEST_TMPDIR/b" 05-cgroup "$NAME-b" "$file=0"
    kill "$first"
    wait_until test ! -e "$DIR-a"
    [ "$(cat "$DIR-b/$file")" = 0 ] # control: it is still there for the other
    kill "$held"
    wait_until test ! -e "$DIR-b"
    wait_until hugetlb_is_off
}
hugetlb_is_off() { ! has_hugetlb "$(controllers)"; }
@test "after 01 in an exec chain it is refused: nobody would be left to remove the cgroup" {
    needs_root
    bad_input_after 'put 05-cgroup before 01-unshare' 01-unshare -p -- 05-cgroup "$NAME" -- true
    bad_input_after 'put 05-cgroup before 01-unshare' 01-unshare -p -m -- 02-mountproc -- 05-cgroup "$NAME" -- true
    [ ! -e "$DIR" ]
    run_split 01-unshare -p -- 05-cgroup --keep "$NAME" -- true
    rmdir "$DIR"
    [ "$status" = 0 ]
}
bad_input_after() { # MESSAGE COMMAND ...: the last step of a chain refuses
    run_split "${@:2}"
    [[ $status:$out:$err == 125::*"$1"* ]]
}
@test "a cgroup that was there before and does not use the controller is no reason to leave it on" {
    needs_root
    needs_hugetlb_off
    mkdir "$DIR-other"
    05-cgroup "$NAME" "$file=0" -- true 2>/dev/null
    take_hugetlb_back
    rmdir "$DIR-other"
    refute has_hugetlb "$after"
}

@test "pids.max stops a fork bomb" {
    needs_root
    needs_controller pids
    run_split 05-cgroup "$NAME" pids.max=8 -- sh -c '
        (n=0; while [ $n -lt 30 ]; do sleep 7777 & n=$((n + 1)); done) >/dev/null 2>&1
        cat "$0/pids.events"' "$DIR"
    grep -qE '^max [1-9]' <<<"$out"
}
@test "pids.max: as many as it says do run, and not one more" {
    needs_root
    needs_controller pids
    # A shell that cannot fork for ( ) ends there: dash does, and bash too after some tries.
    script='sleep 7777 >/dev/null 2>&1 & sleep 7777 >/dev/null 2>&1 &
        read -r current <"$0/pids.current"; echo "$current"
        (:); echo one more'
    # Two sleeps, the shell, and the step itself, which is in the cgroup too and waits for it: four.
    run_split 05-cgroup "$NAME" pids.max=4 -- sh -c "$script" "$DIR"
    [ "$out" = 4 ]
    run_split 05-cgroup "$NAME" pids.max=5 -- sh -c "$script" "$DIR" # control
    [ "$out" = 4$'\n'"one more" ]
}
@test "memory.max=64M reads back in bytes" {
    needs_root
    needs_controller memory
    run_split 05-cgroup "$NAME" memory.max=64M -- cat "$DIR/memory.max"
    [ "$out" = 67108864 ]
    grep -qx '  memory.max = 67108864' <<<"$err"
}
@test "memory.max: who takes more is killed" {
    needs_root
    needs_controller memory
    limits=(memory.max=32M)
    [ "$(wc -l </proc/swaps)" -lt 2 ] || limits+=(memory.swap.max=0)
    run_split 05-cgroup "$NAME" "${limits[@]}" -- sh -c '
        dd if=/dev/zero of=/dev/null bs=200M count=1; cat "$0/memory.events"' "$DIR"
    grep -qE '^oom_kill [1-9]' <<<"$out"
}
@test "cpu.max: a value with a blank in it goes through" {
    needs_root
    needs_controller cpu
    run_split 05-cgroup "$NAME" 'cpu.max=50000 100000' -- cat "$DIR/cpu.max"
    [ "$out" = '50000 100000' ]
    grep -qx '  cpu.max = 50000 100000' <<<"$err"
}
@test "cpu.max: who computes for longer than that is made to wait" {
    needs_root
    needs_controller cpu
    run_split 05-cgroup "$NAME" 'cpu.max=5000 100000' -- sh -c '
        n=0; while [ $n -lt 50000 ]; do n=$((n + 1)); done; cat "$0/cpu.stat"' "$DIR"
    grep -qE '^nr_throttled [1-9]' <<<"$out"
}
@test "several controllers at once" {
    needs_root
    needs_controller pids
    needs_controller memory
    before=$(controllers)
    run_split 05-cgroup "$NAME" pids.max=32 memory.max=64M -- cat "$DIR/pids.max" "$DIR/memory.max"
    [ "$out" = 32$'\n'67108864 ]
    [ "$(controllers)" = "$before" ]
}
@test "cgroup.freeze works on it from outside" {
    needs_root
    start 05-cgroup "$NAME" -- sleep 7777
    echo 1 >"$DIR/cgroup.freeze"
    wait_until grep -qx 'frozen 1' "$DIR/cgroup.events"
    echo 0 >"$DIR/cgroup.freeze"
    wait_until grep -qx 'frozen 0' "$DIR/cgroup.events"
}

# ---- the end: COMMAND's status, and nothing stays

@test "the exit status is COMMAND's" {
    needs_root
    run_split 05-cgroup "$NAME" -- sh -c 'exit 9'
    [ "$status" = 9 ]
    run_split 05-cgroup "$NAME" -- sh -c 'kill -USR1 $$'
    [ "$status" = 138 ]
}
@test "exec: the cgroup is there while COMMAND runs, and gone when it has ended" {
    needs_root
    run_split 05-cgroup "$NAME" -- test -d "$DIR"
    [ "$status" = 0 ] && [ ! -e "$DIR" ]
}
@test "pipe: it is gone when the last command has ended, and all ended well" {
    needs_root
    run_split bash -c '05-cgroup "$0" | 06-nsenter - -- test -d "$1"; echo "${PIPESTATUS[*]}"' "$NAME" "$DIR"
    [ "$out" = '0 0' ]
    wait_until test ! -e "$DIR"
}
@test "pipe: it is gone when the step before is killed" {
    needs_root
    hold "$BATS_TEST_TMPDIR/box" 01-unshare -u
    # shellcheck disable=SC2016
    hold "$BATS_TEST_TMPDIR/two" bash -c 'exec 05-cgroup - "$0" <"$1"' "$NAME" "$BATS_TEST_TMPDIR/box"
    [ -d "$DIR" ] # control
    kill -9 "${HELD[0]}"
    wait_until test ! -e "$DIR"
}
@test "what COMMAND leaves running is killed, also in another session" {
    needs_root
    05-cgroup "$NAME" -- sh -c 'sleep 7777 & setsid sleep 7777 &' >/dev/null 2>&1
    [ ! -e "$DIR" ]
    refute find_inside
}
@test "cgroups that COMMAND has made in it go with it" {
    needs_root
    05-cgroup "$NAME" -- sh -c 'mkdir -p "$0/a/b" && echo 0 >"$0/a/b/cgroup.procs"; sleep 7777 &' \
        "$DIR" >/dev/null 2>&1
    refute find_inside
    left=$(find "$DIR" -depth -type d -print -exec rmdir {} \; 2>/dev/null) || :
    [ -z "$left" ]
}
@test "a frozen cgroup is removed, too" {
    needs_root
    start 05-cgroup "$NAME" -- sleep 7777
    echo 1 >"$DIR/cgroup.freeze"
    wait_until grep -qx 'frozen 1' "$DIR/cgroup.events"
    kill -9 "$step"
    wait_until test ! -e "$DIR"
}
@test "a threaded cgroup, in which cgroup.kill is refused: what COMMAND leaves running is killed, too" {
    needs_root
    run_split timeout 60 05-cgroup "$NAME" cgroup.type=threaded -- sh -c 'sleep 7777 & cat "$0/cgroup.type"' "$DIR"
    [ "$status:$out" = 0:threaded ]
    [ ! -e "$DIR" ]
    refute find_inside
}
@test "the same, and somebody else is in it, whom the janitor may not kill: it says so, and ends" {
    needs_root
    needs_tool setpriv util-linux
    mkdir "$DIR-home"
    chown 12345 "$DIR-home" "$DIR-home"/cgroup.{procs,subtree_control,threads}
    sleep 7777 3>&- &
    other=$!
    HELD+=("$other")
    echo "$other" >"$DIR-home/cgroup.procs"
    mkfifo -m 666 "$BATS_TEST_TMPDIR/there"
    # COMMAND ends when the other one, root's, is in the cgroup.
    # shellcheck disable=SC2016
    sh -c 'echo 0 >"$0/cgroup.procs" && cd / && exec setpriv --reuid 12345 --regid 12345 --clear-groups "$@"' "$DIR-home" \
        timeout -k 1 60 05-cgroup "$NAME" cgroup.type=threaded -- sh -c 'read -r line' \
        <>"$BATS_TEST_TMPDIR/there" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
    step=$!
    HELD+=("$step")
    wait_until grep -qs '^05-cgroup' "$BATS_TEST_TMPDIR/err"
    echo "$other" >"$DIR-home/$NAME/cgroup.threads"
    echo >"$BATS_TEST_TMPDIR/there"
    ends_with 0
    grep -q 'the cgroup could not be removed: Operation not permitted' "$BATS_TEST_TMPDIR/err"
    kill "$other"
    wait_until rmdir "$DIR-home/$NAME" 2>/dev/null
    wait_until rmdir "$DIR-home" 2>/dev/null
}
@test "three hundred descriptors that are open already: the janitor keeps its own" {
    needs_root
    # shellcheck disable=SC2016
    run_split bash -c 'ulimit -Sn 1024; for i in {3..300}; do eval "exec $i</dev/null"; done; "$@"' bash 05-cgroup "$NAME" -- true
    [ "$status" = 0 ] && [ ! -e "$DIR" ]
}
@test "the cgroup that the step came from is gone, and it can go nowhere: all is removed when it has ended" {
    needs_root
    mkdir "$DIR-home"
    # Its janitor, too, was there, and leaves by itself.
    run_split sh -c 'echo 0 >"$0/cgroup.procs"; exec 05-cgroup "$1" -- \
        sh -c "until rmdir \"\$0\" 2>/dev/null; do sleep 0.01; done" "$0"' "$DIR-home" "$NAME"
    [ "$status" = 0 ]
    [ ! -e "$DIR-home" ] # control
    refute grep -q 'could not be removed' <<<"$err"
    wait_until test ! -e "$DIR"
}
@test "exec, kill -9 of the step: the cgroup and COMMAND are gone" {
    needs_root
    start 05-cgroup "$NAME" -- sleep 7777
    kill -9 "$step"
    wait_until test ! -e "$DIR"
    refute find_inside
}
@test "pipe, kill -9 of the step: the cgroup and COMMAND are gone" {
    needs_root
    start bash -c "05-cgroup $NAME | 06-nsenter - -- sleep 7777"
    kill -9 "$(pgrep -P "$step" -x 05-cgroup)"
    wait_until test ! -e "$DIR"
    refute find_inside
}
@test "exec, SIGTERM: COMMAND gets it, and the cgroup is gone" {
    needs_root
    start 05-cgroup "$NAME" -- sleep 7777
    kill -TERM "$step"
    ends_with 143
    [ ! -e "$DIR" ]
}
@test "left behind, SIGTERM: the cgroup is gone" {
    needs_root
    hold "$BATS_TEST_TMPDIR/box" 05-cgroup "$NAME"
    kill -TERM "$held"
    wait_until test ! -e "$DIR"
}
@test "pipe, just ending: it has left its cgroup, and nobody joins the one that it is in now" {
    needs_root
    needs_tool strace
    # It ends when the step before has ended; the janitor takes two seconds to remove the cgroup.
    hold "$BATS_TEST_TMPDIR/box" bash -c "01-unshare -u | strace -f -o $BATS_TEST_TMPDIR/trace -e trace=unlinkat \
        -e inject=unlinkat:delay_enter=2000000 05-cgroup - $NAME"
    run_split 06-nsenter - -- cat /proc/self/cgroup <"$BATS_TEST_TMPDIR/box"
    [[ $status == 0 && $out == *"0::/$NAME"* ]] # control: before, it can be joined
    pid=$(record_pid "$(cat "$BATS_TEST_TMPDIR/box")")
    kill "$(sed -n 's/^01-unshare *pid \([0-9]*\).*/\1/p' "$BATS_TEST_TMPDIR/box.err")"
    has_left() { ! grep -q "/$NAME\$" "/proc/$pid/cgroup"; }
    wait_until has_left
    run_split 06-nsenter - -- cat /proc/self/cgroup <"$BATS_TEST_TMPDIR/box"
    [[ $status:$out:$err == "125::06-nsenter: 05-cgroup is gone: process $pid is just ending"* ]]
    [ -e "$DIR" ] # control: it was not over yet
    wait_until test ! -e "$DIR"
}
# The janitor never waits for what does not come, and says what it leaves.
@test "cgroups that COMMAND has made: with a dot before the name, and deeper than there are descriptors" {
    needs_root
    run_split timeout -k 1 20 05-cgroup "$NAME" -- mkdir -p "$DIR/.hidden/..more"
    [ "$status" = 0 ] && [ ! -e "$DIR" ]
    # shellcheck disable=SC2016
    run_split bash -c 'ulimit -Sn 64; timeout -k 1 20 05-cgroup "$0" -- mkdir -p "$1"' "$NAME" "$DIR$(printf '/d%.0s' {1..60})"
    [ "$status" = 0 ] && [ ! -e "$DIR" ]
}
@test "a cgroup that cannot be removed, for COMMAND has mounted something on it: it says so, and ends" {
    needs_root
    run_split unshare --mount --propagation private timeout -k 1 20 05-cgroup "$NAME" -- mount --bind / "$DIR"
    [[ $status == 0 && $err == *'the cgroup could not be removed: '*[Rr]'esource busy'* ]]
    rmdir "$DIR" # the mount is gone with its namespace
}
@test "somebody has killed the janitor: 05 says so" {
    needs_root
    # shellcheck disable=SC2016
    run_split 05-cgroup "$NAME" -- sh -c 'kill -9 $(pgrep -P $PPID -x 05-janitor) && exit 7'
    [[ $status == 7 && $err == *'the cgroup could not be removed: somebody has killed 05-janitor'* ]]
    rmdir "$DIR"
}
@test "the lock on the place for cgroups is held by somebody: it says so, and makes nothing" {
    needs_root
    exec 7<"$CGROUP2"
    flock 7
    run_split timeout -k 1 20 05-cgroup "$NAME" -- true 7<&-
    exec 7<&-
    [[ $status:$err == 125:*"flock $CGROUP2: "*'lslocks'* ]]
    [ ! -e "$DIR" ]
}
@test "stdin, stdout or stderr closed, and no /dev/null: the cgroup is gone all the same" {
    needs_root
    for closed in '<&-' '>&-' '2>&-' '<&- 2>&-' '>&- 2>&-' '<&- >&- 2>&-'; do
        run_split unshare --mount --propagation private bash -c "mount -t tmpfs none /dev && 05-cgroup $NAME -- sh -c 'exit 7' $closed"
        [ "$status" = 7 ] && [ ! -e "$DIR" ] || { echo "$closed: $status"; return 1; }
    done
}
@test "as PID 1 it waits for orphans, too" {
    needs_root
    # shellcheck disable=SC2016
    run_split unshare --pid --fork --mount-proc 05-cgroup "$NAME" -- sh -c '
        (true & true & true &); until [ "$(ps -e -o comm= | grep -c "^true")" = 0 ]; do :; done; ps -e -o stat='
    [ "$status" = 0 ]
    refute grep -q '^Z' <<<"$out"
}
@test "a COMMAND that is not there: 127, and the cgroup is gone" {
    needs_root
    run_split 05-cgroup "$NAME" -- nosuchcommand
    [ "$status" = 127 ] && [ ! -e "$DIR" ]
}
@test "the janitor is outside the cgroup, in a session of its own, without our descriptors" {
    needs_root
    start 05-cgroup "$NAME" -- sleep 7777
    janitor=$(pgrep -P "$step" -x 05-janitor)
    refute is_path_of "$janitor" "/$NAME"
    [ "$(ps -o sid= -p "$janitor" | tr -d ' ')" = "$janitor" ]
    [ "$(readlink "/proc/$janitor/fd/"{0,1,2} | sort -u)" = /dev/null ]
}
@test "exec, --keep: the cgroup stays, with its limit" {
    needs_root
    05-cgroup --keep "$NAME" cgroup.max.depth=4 -- true 2>/dev/null
    [ "$(cat "$DIR/cgroup.max.depth")" = 4 ]
    rmdir "$DIR"
}
@test "pipe, --keep: the cgroup stays" {
    needs_root
    run_split bash -c '05-cgroup --keep "$0" | 06-nsenter - -- cat /proc/self/cgroup' "$NAME"
    grep -qx "0::/$NAME" <<<"$out"
    wait_until rmdir "$DIR" # as soon as the step has left it
}

# ---- refused: one line, 125, nothing made

@test "a NAME that exists is left alone" {
    needs_root
    mkdir "$DIR"
    bad_input 'exists already and is left alone' 05-cgroup "$NAME" cgroup.max.depth=4 -- true
    [ "$(cat "$DIR/cgroup.max.depth")" = max ]
    rmdir "$DIR"
}
@test "a NAME that is one of cgroup's own files is left alone" {
    needs_root
    bad_input 'exists already' 05-cgroup cgroup.procs -- true
}
@test "a NAME must be one path component" {
    for name in .. . ../x a/b / .hidden "$(printf '%0201d' 0)"; do
        bad_input 'must be one path component' 05-cgroup "$name" -- true || { echo "name $name"; return 1; }
    done
    bad_input 'is no name' 05-cgroup pids.max=3 -- true
}
@test "without NAME, or with a COMMAND without --: said so" {
    bad_input 'NAME is missing' 05-cgroup -- true
    bad_input 'an operand is empty' 05-cgroup '' -- true
    bad_input 'a COMMAND comes after --' 05-cgroup "$NAME" sh
}
@test "FILE=VALUE that is not: refused before anything is made" {
    bad_input 'what is "foo"' 05-cgroup "$NAME" foo -- true
    bad_input 'has no value' 05-cgroup "$NAME" pids.max= -- true
    bad_input 'what is "=1"' 05-cgroup "$NAME" =1 -- true
    bad_input 'one path component' 05-cgroup "$NAME" ../cgroup.max.depth=1 -- true
    bad_input 'one path component' 05-cgroup "$NAME" .foo=1 -- true # an empty controller name
    [ ! -e "$DIR" ]
}
@test "cgroup.freeze=1 would freeze the step itself: refused" {
    bad_input 'would freeze this step' 05-cgroup "$NAME" cgroup.freeze=1 -- true
}
@test "cgroup.freeze=1 is refused however the 1 is written: the kernel takes it with blanks and zeros" {
    needs_root
    for value in ' 1' 01; do
        bad_input 'would freeze this step' timeout -s KILL 5 05-cgroup "$NAME" "cgroup.freeze=$value" -- true
    done
}
@test "cgroup.procs=PID would move another process in, and kill it at the end: refused" {
    needs_root
    sleep 7777 3>&- &
    other=$!
    HELD+=("$other")
    run_split 05-cgroup "$NAME" "cgroup.procs=$other" -- true
    [ "$status" = 125 ]
    kill -0 "$other"
}
@test "a core file that does not exist: explained, and nothing is left" {
    needs_root
    run_split 05-cgroup "$NAME" cgroup.nosuch=1 -- true
    [[ $status:$err == 125:*'because: cgroup v2 has no file cgroup.nosuch'* ]] && [ ! -e "$DIR" ]
}
@test "a controller that does not exist: explained, and nothing is left" {
    needs_root
    run_split 05-cgroup "$NAME" nosuch.max=1 -- true
    [[ $status:$err == 125:*'because: no controller of cgroup v2 is called "nosuch"'* ]]
    [ ! -e "$DIR" ]
}
@test "a controller that cgroup v1 holds: said by its name" {
    needs_root
    ! grep -qw pids "$CGROUP2/cgroup.controllers" || skip 'cgroup v2 holds the pids controller here'
    run_split 05-cgroup "$NAME" pids.max=3 -- true
    [[ $status:$err == 125:*'because: cgroup v1 holds the pids controller'* ]] && [ ! -e "$DIR" ]
}
@test "a value that the kernel refuses: explained, and what came before it is taken down" {
    needs_root
    run_split 05-cgroup "$NAME" cgroup.max.descendants=3 cgroup.max.depth=many -- echo half-made
    [[ $status:$err == 125:*'because: cgroup.max.depth takes a number from 0 on, or max, not "many"'* ]]
    [ -z "$out" ] && [ ! -e "$DIR" ]
}
@test "a refused value: the controller is put back, too" {
    needs_root
    needs_hugetlb_off
    run_split 05-cgroup "$NAME" "$file=0" cgroup.max.depth=many -- true
    take_hugetlb_back
    [ "$status" = 125 ]
    refute has_hugetlb "$after"
}
@test "an unknown option is refused" {
    bad_input 'unknown or ambiguous option' 05-cgroup --remove "$NAME" -- true
    [ ! -e "$DIR" ]
}
@test "--help: on stdout, exit 0" {
    run_split 05-cgroup --help
    [ "$status" = 0 ] && [[ $out == 'Usage: 05-cgroup '* ]] && [ -z "$err" ]
}

# ---- an ordinary user

@test "a user without a delegated cgroup gets the line that gives him one" {
    needs_user
    [ ! -w "$CGROUP2$(path_of self)" ] || skip 'a cgroup is delegated to this user'
    run_split 05-cgroup "$NAME" -- true
    [[ $status:$err == 125:*'try: '*'systemd-run --user --scope -p Delegate=yes'* ]]
}

# as_delegate SHELL-SCRIPT: by a user to whom $DIR is delegated, and who is in a leaf of it. This is
# what systemd's Delegate=yes does; only root can do it.
as_delegate() {
    needs_root
    needs_tool setpriv util-linux
    mkdir "$DIR" "$DIR/leaf"
    chown 12345 "$DIR" "$DIR"/cgroup.{procs,subtree_control,threads} "$DIR/leaf" "$DIR/leaf/cgroup.procs"
    # shellcheck disable=SC2016
    run_split sh -c 'echo 0 >"$1/leaf/cgroup.procs"; cd /
        exec setpriv --reuid 12345 --regid 12345 --clear-groups bash -c "$2"' sh "$DIR" "$1"
    made=$(find "$DIR" -mindepth 1 -type d ! -name leaf)
    rmdir "$DIR/leaf" "$DIR"
    [ -z "$made" ]
}
@test "a user with a delegated cgroup makes his own in it" {
    as_delegate '05-cgroup mine cgroup.max.depth=1 -- sh -c "id -u; cat /proc/self/cgroup"'
    [ "$(head -n 1 <<<"$out")" = 12345 ]
    grep -qx "0::/$NAME/mine" <<<"$out"
    grep -qx '  cgroup.max.depth = 1' <<<"$err"
}
@test "a user with a delegated cgroup: in the pipeline, after 07" {
    as_delegate '01-unshare -u --user | 07-userns-map - | 05-cgroup - mine |
        06-nsenter - -- cat /proc/self/cgroup'
    grep -qx "0::/$NAME/mine" <<<"$out"
}
@test "a user with a delegated cgroup: a controller, enabled by him and put back" {
    needs_root
    needs_hugetlb_off
    echo +hugetlb >"$CGROUP2/cgroup.subtree_control"
    as_delegate "05-cgroup mine $file=0 -- cat $DIR/cgroup.subtree_control $DIR/mine/$file
        cat $DIR/cgroup.subtree_control" || :
    take_hugetlb_back
    [ "$out" = hugetlb$'\n'0 ]
}
@test "a delegated cgroup that one is not in does not help: moving there is not allowed" {
    needs_root
    needs_tool setpriv util-linux
    mkdir "$DIR"
    chown -R 12345 "$DIR"
    run_split setpriv --reuid 12345 --regid 12345 --clear-groups 05-cgroup "$NAME" -- true
    rmdir "$DIR"
    [[ $status:$err == 125:*'nothing is delegated to it'* ]]
}
