#!/usr/bin/env bats
# The pipe is the container: when any part of it ends, all of it goes, and the host is as before.
# (teardown compares mounts, cgroups and processes after every test.)
load helper

# The pid of the stage NAME of the pipeline $job.
stage() {
    local pid
    for pid in $(pgrep -P "$job"); do
        read -r comm <"/proc/$pid/comm"
        [ "$comm" != "$1" ] || echo "$pid"
    done
}
all_gone() { wait "$job" || :; assert_host_unchanged "$BEFORE"; wait_until is_gone "$inside"; }

kill_stage() { # SIGNAL NAME: in the pipeline
    build_and_wait "$(pipeline 'sleep 7777')"
    local pid
    pid=$(stage "$2")
    [ -n "$pid" ]
    [ "$(host_state)" != "$BEFORE" ] # control: there was something to clean up
    kill "-$1" "$pid"
    all_gone
}
@test "kill -9 of 01 in the pipeline leaves nothing" { kill_stage KILL 01-unshare; }
@test "kill -9 of 02 in the pipeline leaves nothing" { kill_stage KILL 02-mountproc; }
@test "kill -9 of 03 in the pipeline leaves nothing" { kill_stage KILL 03-chroot; }
@test "kill -9 of 04 in the pipeline leaves nothing" { kill_stage KILL 04-pivot_root; }
@test "kill -9 of 05 in the pipeline leaves nothing" { needs_root; kill_stage KILL 05-cgroup; }
@test "kill -9 of 06 in the pipeline leaves nothing" { kill_stage KILL 06-nsenter; }
@test "kill -9 of 07 in the pipeline leaves nothing" { kill_stage KILL 07-userns-map; }
@test "kill -9 of 08 in the pipeline leaves nothing" { kill_stage KILL 08-capset; }
@test "SIGTERM of a stage in the middle leaves nothing" { kill_stage TERM 04-pivot_root; }
@test "kill -9 of the payload leaves nothing" {
    build_and_wait "$(pipeline 'sleep 7777')"
    kill -9 "$inside"
    all_gone
}
@test "kill -9 of all stages at once leaves nothing" {
    build_and_wait "$(pipeline 'sleep 7777')"
    # shellcheck disable=SC2046
    kill -9 $(pgrep -P "$job")
    all_gone
}

chain_process() { # DEPTH: the Nth process of the exec chain, from outside: 05, 01, COMMAND
    local pid=$job i
    for ((i = 0; i < $1; i++)); do
        pid=$(for p in $(pgrep -P "$pid"); do
            # not 01's PID 1 and not 05's janitor: they have a session of their own
            [ "$(ps -o sid= -p "$p" | tr -d ' ')" = "$p" ] || echo "$p"
        done)
    done
    echo "$pid"
}
kill_in_chain() {
    build_and_wait "exec $(chain 'sleep 7777')"
    local pid
    pid=$(chain_process "$1")
    [ -n "$pid" ]
    [ "$(host_state)" != "$BEFORE" ]
    kill -9 "$pid"
    all_gone
}
@test "kill -9 of the first process of the exec chain leaves nothing" { kill_in_chain 0; }
@test "kill -9 of the second process of the exec chain leaves nothing" { kill_in_chain 1; }
@test "kill -9 of the command of the exec chain leaves nothing" { needs_root; kill_in_chain 2; }

@test "PIPESTATUS is all 0 after success" {
    run_split bash -c "$(pipeline true); echo \${PIPESTATUS[*]}"
    [[ $out =~ ^(0 )*0$ ]]
}
@test "the last command's status is the pipeline's, and the others end with 0" {
    run_split bash -c "$(pipeline "sh -c 'exit 7'"); echo \${PIPESTATUS[*]}"
    [[ $out =~ ^(0 )*7$ ]]
}
@test "200 times 01-unshare | : leave nothing" {
    for _ in {1..200}; do
        01-unshare -p --user 2>/dev/null 3>&- | :
    done
    assert_host_unchanged "$BEFORE"
}
@test "300 times 01-unshare killed at any moment leave nothing" {
    # Later each time: from before the execve of the step to after its report. (In a bash of its own:
    # that of bats runs a trap for each command.)
    bash -c 'for i in {1..300}; do
        01-unshare -p --user >/dev/null 2>"$0/report.$i" 3>&- &
        for ((j = 0; j < i * 10; j++)); do :; done
        kill -9 $!
    done; wait' "$BATS_TEST_TMPDIR" 2>/dev/null
    made=$(find "$BATS_TEST_TMPDIR" -name 'report.*' -size +0 | wc -l)
    [ "$made" -gt 0 ] && [ "$made" -lt 300 ] # control: some were killed before, some after
    assert_host_unchanged "$BEFORE"
}
@test "what the payload leaves running in the background goes too" {
    run_split bash -c "$(pipeline "sh -c 'sleep 7777 >/dev/null 2>&1 &'")"
    [ "$status" = 0 ]
    refute find_inside
}
@test "with stdout a file a step stays until a signal" {
    hold "$BATS_TEST_TMPDIR/box" 01-unshare -u --user
    [ "$(wc -l <"$BATS_TEST_TMPDIR/box")" = 1 ]
    kill -0 "$held"
    kill "$held"
    wait "$held" || [ $? = 143 ]
}
ignores_sigint() { (($((16#$(status_field "$1" SigIgn))) & 2)); }
@test "a stage ignores SIGINT while its stdout is a pipe" {
    build_and_wait "$(pipeline 'sleep 7777')"
    ignores_sigint "$(stage 03-chroot)"
    kill -9 "$inside"
    all_gone
}
@test "a stage does not ignore SIGINT while its stdout is a file" {
    trap - INT # bats may have set it
    hold "$BATS_TEST_TMPDIR/box" env --default-signal=INT 01-unshare -u --user
    refute ignores_sigint "$held"
}
@test "stdout closed is refused, and nothing is made" {
    run_split bash -c '01-unshare --user >&-'
    [ "$status" = 125 ]
    [[ $err == *'stdout is closed'* ]]
}
@test "a full disk under the record is an error" {
    run_split bash -c '01-unshare --user >/dev/full'
    [ "$status" = 125 ]
    [[ $err == *'No space left'* ]]
}
@test "ulimit -f does not kill a step that copies itself: it is an error, or a note" {
    # shellcheck disable=SC2016
    run_split bash -c 'ulimit -f 100; 01-unshare --user -p -- true'
    [[ $status:$err == 125:*EFBIG* ]]
    run_split bash -c 'ulimit -f 100; 07-userns-map -- 03-chroot / -- true'
    [[ $status:$err == 0:*'no copy of this program in memory (File too large'* ]]
}
@test "PID 1 closes every descriptor, however slow it is, before anybody hears of it, and sits in /" {
    needs_tool strace
    # A third of a second before each close_range(2), and before each close(2): its last one is that of the pipe on
    # which it says that it is there.
    hold "$BATS_TEST_TMPDIR/box" strace -f -o "$BATS_TEST_TMPDIR/trace" -e trace=close_range,close \
        -e inject=close_range,close:delay_enter=300000 01-unshare -p -m --user 7</
    HELD=("$(record_pid "$(cat "$BATS_TEST_TMPDIR/box")")") # strace is deaf, and ends when the step has ended
    init=$(sed -n 's/.*PID 1 in there is pid \([0-9]*\).*/\1/p' "$BATS_TEST_TMPDIR/box.err")
    [[ $(status_field "$init" NSpid) == *' 1' ]]
    open=$(ls "/proc/$init/fd")
    [ "$open" = 0 ] || [ "$open" = '' ]
    [ "$(readlink "/proc/$init/cwd")" = / ]
    has_closed_all() { [ -z "$(ls "/proc/$init/fd")" ]; }
    wait_until has_closed_all
    grep -q "^$init .*close_range(1, " "$BATS_TEST_TMPDIR/trace" # control: that it was slow
    grep -q "^$init .*(DELAYED)" "$BATS_TEST_TMPDIR/trace"
}
# COMMAND leaves something that only its parent outside can wait for (tests/clinger.c).
clings() { # HOW LINE ...
    needs_tool gcc
    [ -x "$PUBLIC/clinger" ] || gcc -D_GNU_SOURCE -O1 -static -w -o "$PUBLIC/clinger" tests/clinger.c
    local how=$1 line
    shift
    for line; do
        run_split timeout -k 1 20 bash -c "$line -- $PUBLIC/clinger $how"
        [ "$status" = 7 ] || { echo "$line: $status"; return 1; }
    done
}
@test "a thread of COMMAND that has made the step its tracer does not keep it" {
    clings thread '01-unshare --user -p' '01-unshare --user -p | 06-nsenter -'
}
@test "a child of COMMAND that it has made the step's own does not keep the pid namespace" {
    clings sibling '01-unshare --user -p' '01-unshare --user -p | 06-nsenter -' '01-unshare --user -p -- 08-capset'
}
@test "the exit status of a command that a signal ended is 128 + N" {
    run_split 01-unshare -p --user -- sh -c 'kill -TERM $$'
    [ "$status" = 143 ]
    run_split bash -c "01-unshare --user | 06-nsenter - -- sh -c 'kill -KILL \$\$'"
    [ "$status" = 137 ]
}
# What the joining step says of the container when `kill -SIGNAL PID` takes one process of it, in $said.
kill_in_box() { # SIGNAL 'the stage that makes it' sed-expression: PID in the messages; without it: of COMMAND
    build_and_wait "$2 | 06-nsenter - -- sleep 7777"
    local pid=$inside
    [ $# = 2 ] || pid=$(sed -n "$3" "$BATS_TEST_TMPDIR/messages")
    kill "-$1" "$pid"
    status=0
    wait "$job" || status=$?
    [ "$status" = 137 ]
    said=$(sed -n 's/^06-nsenter: \(.*\) is gone, and the container with it$/\1/p' "$BATS_TEST_TMPDIR/messages")
    said=${said// (pid $pid)/}
}
@test "COMMAND that the kernel kills when PID 1 has ended: the joining step says why" {
    kill_in_box KILL '01-unshare -p --user' 's/.*PID 1 in there is pid \([0-9]*\).*/\1/p'
    [ "$said" = 'PID 1 of the pid namespace' ]
}
@test "COMMAND that is killed with the step before: the joining step says so" {
    kill_in_box KILL '01-unshare -p --user' 's/^01-unshare *pid \([0-9]*\).*/\1/p'
    [ "$said" = 01-unshare ]
}
@test "COMMAND that is killed when 05-cgroup in the middle is told to end: the joining step says so" {
    needs_root
    kill_in_box TERM "01-unshare -u | 05-cgroup - $NAME cgroup.max.depth=4" 's/^05-cgroup *pid \([0-9]*\).*/\1/p'
    [ "$said" = 05-cgroup ]
}
@test "COMMAND that is killed alone: nothing is said of a container that is gone" {
    kill_in_box KILL '01-unshare -p --user'
    [ "$said" = '' ]
}
@test "a signal to the step reaches the command" {
    01-unshare -p --user -- sh -c 'trap "kill $! ; exit 9" USR1; sleep 7777 & echo ready; wait' \
        >"$BATS_TEST_TMPDIR/ready" 2>/dev/null 3>&- &
    pid=$!
    HELD+=("$pid")
    wait_until has_line "$BATS_TEST_TMPDIR/ready"
    kill -USR1 "$pid"
    wait "$pid" || status=$?
    [ "$status" = 9 ]
}
