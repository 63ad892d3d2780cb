#!/usr/bin/env bats
# fix-pid1: the first process of a pid namespace. We look at it from outside, in /proc.
load helper

# begin COMMAND ...: it becomes process 1 of a new pid namespace; $init is its pid out here. ended: its end is awaited,
# three seconds at most, and its status is in $status. At the end of a test its namespace is ended, with all in it.
begin() {
    local first=(unshare)
    [ "$EUID" = 0 ] || first=(07-userns-map -- unshare)
    "${first[@]}" --pid --fork --kill-child -- fix-pid1 "$@" >"$BATS_TEST_TMPDIR/output" 2>&1 </dev/null 3>&- 4>&- &
    outer=$!
    soon find_init
}
eval "$(declare -f teardown | sed '1s/teardown/end_test/')" # unshare ignores SIGTERM, which that would send
teardown() {
    [ -z "${outer-}" ] || { kill -9 "$outer" && wait "$outer"; } 2>/dev/null || true
    end_test
}
find_init() { init=$(pgrep -P "$outer" -x fix-pid1) || is_gone "$outer"; }
soon() { # COMMAND ...: within three seconds
    local end=$((SECONDS + 3))
    while ! "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.02
    done
}
ended() {
    soon is_gone "$outer" || { echo "it does not end after: $1$(masked)"; kill -9 "$init"; return 1; }
    status=0
    wait "$outer" || status=$?
    echo "after: $1: status $status, and the command's: $2"
}
masked() { # the command inherits what its parent has blocked, and keeps it at execve(2)
    local pid
    pid=$(pgrep -P "$init" -o)
    [ -z "$pid" ] || [ $((0x$(status_field "$pid" SigBlk) >> 14 & 1)) = 0 ] || echo '; SIGTERM is blocked in the command'
}
# The children of process 1, as lines of pid, state and name; how many of them are in STATE.
children() { ps --no-headers -o pid,state,comm --ppid "$init" 2>/dev/null || true; }
in_state() { children | awk -v state="$1" '$2 == state' | wc -l; }
handles() { # SIGNAL: is it caught, or blocked (and so waited for), proc_pid_status(5)
    local field
    for field in SigCgt SigBlk; do
        [ $((0x$(status_field "$init" "$field") >> ($(kill -l "$1") - 1) & 1)) = 0 ] || return 0
    done
    return 1
}
only_the_command_sleeps() { [ "$(children | grep -c ' [SRD] .*sleep')" -le 1 ]; }
twenty_orphans() { [ "$(children | grep -c 'sleep')" -ge 21 ]; }

# Twenty processes whose parent is gone. They end all at once: signals of the same kind do not queue up.
# shellcheck disable=SC2016
orphans='for i in $(seq 20); do (sleep 7778 &); done; '

@test "twenty orphans end, and none is left as a zombie" {
    local handled='not handled' zombies
    begin sh -c "$orphans exec sleep 7777"
    soon twenty_orphans || { echo "it has not begun: $(<"$BATS_TEST_TMPDIR/output")"; false; }
    sleep 0.05
    ! handles TERM || handled=handled
    kill -STOP "$init" # so that all twenty have ended before it looks
    # shellcheck disable=SC2046
    kill -9 $(pgrep -P "$init" -f '^sleep 7778')
    soon only_the_command_sleeps
    kill -CONT "$init"
    sleep 0.3
    zombies=$(in_state Z)
    is_gone "$init" || [ "$zombies" != 0 ] || zombies=none
    echo "zombies: $zombies of 20; SIGTERM: $handled"
    ! is_gone "$init" || echo 'it ended before its command'
    [ "$zombies" = none ]
}

@test "it waits for its command, not for the first that ends" {
    number=$((RANDOM % 90 + 10))
    begin sh -c "(sleep 0.1 & ) ; (sleep 0.15; exit 3) & sleep 0.6; exit $number"
    ended 'orphans that ended before the command' "$number"
    [ "$status" = "$number" ]
}

@test "the command's exit status is its own" {
    number=$((RANDOM % 90 + 10))
    begin sh -c "sleep 0.2; exit $number"
    ended 'exit' "$number"
    [ "$status" = "$number" ]
}

@test "a signal that ends the command is 128 + N" {
    begin sh -c 'sleep 0.2; kill -9 $$'
    ended 'kill -9' '137'
    [ "$status" = 137 ]
}

@test "SIGTERM from outside reaches the command, whose own status comes out" {
    number=$((RANDOM % 90 + 10))
    begin sh -c "trap 'echo told; exit $number' TERM; : >$BATS_TEST_TMPDIR/ready; while :; do sleep 0.05; done"
    soon test -e "$BATS_TEST_TMPDIR/ready"
    sleep 0.1
    kill -TERM "$init"
    ended 'SIGTERM that the command catches' "$number"
    [ "$status" = "$number" ]
    grep -qx told "$BATS_TEST_TMPDIR/output"
}

@test "SIGTERM from outside ends both, when the command does nothing about it" {
    begin sh -c "$orphans exec sleep 7777"
    soon twenty_orphans || { echo "it has not begun: $(<"$BATS_TEST_TMPDIR/output")"; false; }
    sleep 0.1
    kill -TERM "$init"
    ended 'SIGTERM that the command does not catch' 143
    [ "$status" = 143 ]
}

@test "it sleeps while it waits" {
    local running=0
    begin sleep 7777
    sleep 0.1
    for _ in {1..20}; do
        [[ $(status_field "$init" State) != R* ]] || running=$((running + 1))
        sleep 0.02
    done
    echo "it runs, and does not sleep, at $running of 20 moments in which nothing happens"
    [ "$running" -lt 8 ]
}
