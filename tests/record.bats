#!/usr/bin/env bats
# The record is an identity: whatever is not the one process that wrote it is refused, and nothing is
# joined.
load helper

# refused MESSAGE STEP-LINE: the record in $BATS_TEST_TMPDIR/record must be refused by 06, and
# COMMAND must not have run.
refused() {
    run_split 06-nsenter - -- touch "$BATS_TEST_TMPDIR/joined" <"$BATS_TEST_TMPDIR/record"
    [ ! -e "$BATS_TEST_TMPDIR/joined" ]
    [ "$status" = 125 ]
    [ -z "$out" ]
    [ "$(wc -l <<<"$err")" = 1 ]
    [[ $err == *"$1"* ]] || { echo "$err"; return 1; }
}
# A step that anybody may run and that is left behind; its record is in $record.
leave_something() {
    hold "$BATS_TEST_TMPDIR/record" 01-unshare --user --uts
    record=$(cat "$BATS_TEST_TMPDIR/record")
}
give() { printf "$@" >"$BATS_TEST_TMPDIR/record"; }

@test "the record of a living step is taken (control for all below)" {
    leave_something
    run_split 06-nsenter - -- readlink /proc/self/ns/uts <"$BATS_TEST_TMPDIR/record"
    [ "$out" = "uts:[$(record_field "$record" uts)]" ]
}
@test "a record can be used many times" {
    leave_something
    for _ in 1 2 3; do
        06-nsenter - -- true <"$BATS_TEST_TMPDIR/record" 2>/dev/null
    done
}
@test "the record says what the kernel says of that process" {
    leave_something
    pid=$(record_pid "$record")
    [ "$pid" = "$held" ]
    [ "$(record_field "$record" uts)" = "$(ns_inode "$pid" uts)" ]
    [ "$(record_field "$record" user)" = "$(ns_inode "$pid" user)" ]
    [ "$(record_field "$record" start)" = "$(sed 's/.*) //' "/proc/$pid/stat" | cut -d ' ' -f 20)" ]
}
@test "garbage is refused" {
    give 'hello world\n'
    refused 'not the record of a step'
}
@test "an empty stdin is refused in one short line" {
    give ''
    refused 'the step before left no record'
}
@test "half a line is refused" {
    leave_something
    give '%s' "$record"
    refused 'it is cut'
    give '%.40s\n' "$record"
    refused 'not the record'
}
@test "a line of 1 MB is refused" {
    head -c 1000000 /dev/zero | tr '\0' x >"$BATS_TEST_TMPDIR/record"
    refused 'far too long'
}
@test "a second line is refused" {
    leave_something
    give '%s\n%s\n' "$record" "$record"
    refused 'more than one line'
}
@test "a NUL byte is refused" {
    leave_something
    give '%s\0\n' "$record"
    refused 'NUL'
}
@test "a pid with a sign, a blank or an overflow is refused" {
    leave_something
    for pid in +$held -$held " $held" 0 4294967296 99999999999999999999 0x10 ''; do
        give '%s\n' "${record/ $held / $pid }"
        refused 'not the record of a step' || { echo "pid $pid"; return 1; }
    done
}
@test "a pid that is gone is refused" {
    leave_something
    kill "$held"
    wait "$held" || :
    refused 'is gone'
}
@test "another start time is refused" {
    leave_something
    start=$(record_field "$record" start)
    give '%s\n' "${record/"start:[$start]"/"start:[$((start - 1))]"}"
    refused 'another time'
}
@test "an inode that does not match is refused" {
    leave_something
    uts=$(record_field "$record" uts)
    give '%s\n' "${record/"uts:[$uts]"/"uts:[$((uts + 1))]"}"
    refused 'does not hold what the record says: uts'
}
@test "a type that is left out is refused" {
    leave_something
    give '%s\n' "${record% uts:*}"
    refused 'does not hold what the record says'
}
@test "a type that is named twice is refused" {
    leave_something
    give '%s uts:[1]\n' "$record"
    refused 'twice'
}
@test "another process's pid in the record is refused" {
    leave_something
    give '%s\n' "${record/ $held / $$ }"
    refused "$$"
}
@test "a step that ends while its record is checked is gone, and not another process" {
    needs_tool strace
    leave_something
    # 06 is stopped where it asks which pid the process has; then the process ends.
    strace -qq -o "$BATS_TEST_TMPDIR/trace" -e trace=openat 06-nsenter - -- true <"$BATS_TEST_TMPDIR/record" 2>/dev/null 3>&-
    asks=$(grep -o 'fdinfo/[0-9]*' "$BATS_TEST_TMPDIR/trace" | tail -n 1)
    strace -qq -o "$BATS_TEST_TMPDIR/stop" -P "$asks" -e trace=openat -e inject=openat:signal=STOP \
        06-nsenter - -- touch "$BATS_TEST_TMPDIR/joined" <"$BATS_TEST_TMPDIR/record" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
    tracer=$!
    wait_until grep -qs 'stopped by SIGSTOP' "$BATS_TEST_TMPDIR/stop"
    asking=$(pgrep -P "$tracer")
    HELD+=("$asking")
    kill "$held"
    wait "$held" || :
    kill -CONT "$asking"
    status=0
    wait "$tracer" || status=$?
    [ "$status" = 125 ] && [ ! -e "$BATS_TEST_TMPDIR/joined" ]
    [ "$(<"$BATS_TEST_TMPDIR/err")" = "06-nsenter: 01-unshare is gone: process $held has ended" ]
}
@test "a record that comes late on a stdin that is O_NONBLOCK is waited for" {
    leave_something
    mkfifo "$BATS_TEST_TMPDIR/late"
    exec 7<>"$BATS_TEST_TMPDIR/late"
    dd iflag=nonblock count=0 status=none <&7 # it stays so: the flag is of the open file, fcntl(2)
    06-nsenter - -- readlink /proc/self/ns/uts <&7 >"$BATS_TEST_TMPDIR/uts" 2>/dev/null 3>&- 7>&- &
    joiner=$!
    is_asleep() { grep -q '^State:.S' "/proc/$joiner/status"; }
    wait_until is_asleep
    echo "$record" >&7
    exec 7>&-
    wait "$joiner"
    [ "$(<"$BATS_TEST_TMPDIR/uts")" = "uts:[$(record_field "$record" uts)]" ]
}
@test "a record from another pid namespace is refused" {
    # Written inside, by a process with a pid of its own in there; read outside.
    as_root 01-unshare -m -p -- 02-mountproc -- sh -c '
        01-unshare --uts >"$1" & while ! [ -s "$1" ]; do :; done; echo ready; read x; kill $!
        ' sh "$BATS_TEST_TMPDIR/record" <"$(mkfifo "$BATS_TEST_TMPDIR/go"; echo "$BATS_TEST_TMPDIR/go")" \
        >"$BATS_TEST_TMPDIR/ready" 2>/dev/null 3>&- &
    inner=$!
    HELD+=("$inner")
    exec 7>"$BATS_TEST_TMPDIR/go"
    wait_until has_line "$BATS_TEST_TMPDIR/ready"
    run_split 06-nsenter - -- touch "$BATS_TEST_TMPDIR/joined" <"$BATS_TEST_TMPDIR/record"
    exec 7>&-
    wait "$inner" || :
    [ "$status" = 125 ] && [ ! -e "$BATS_TEST_TMPDIR/joined" ]
}
@test "a /proc of another pid namespace is refused" {
    # 06 runs in a new pid namespace, /proc is still the old one: the numbers do not mean the same.
    leave_something
    run_split as_root 01-unshare -p -- 06-nsenter - -- touch "$BATS_TEST_TMPDIR/joined" \
        <"$BATS_TEST_TMPDIR/record"
    [ "$status" = 125 ] && [ ! -e "$BATS_TEST_TMPDIR/joined" ]
    [[ $err == *'06-nsenter: '* ]]
    # The whole pipeline in there: the step before is not gone, and nobody may say so.
    run_split as_root 01-unshare -p -- sh -c '01-unshare --uts | 06-nsenter - -- touch "$1"' sh "$BATS_TEST_TMPDIR/joined"
    [ "$status" = 125 ] && [ ! -e "$BATS_TEST_TMPDIR/joined" ]
    [[ $err == *'06-nsenter: pidfd_open (PID is '*'because: this /proc is that of the pid namespace outside'*'02-mountproc'* ]]
    refute grep -q 'is gone' <<<"$err"
}

# A pid is used again: in a pid namespace of our own one can say which pid comes next. 03, 05 and 08
# make no namespace, so every inode of the impostor is right; only the start time tells.
recycle() { # STEP-LINE that leaves a step behind
    needs_root
    run_split unshare --mount --pid --fork --mount-proc bash -c '
        set -e
        mkfifo "$1/fifo"
        $2 >"$1/fifo" 2>/dev/null &
        step=$!
        exec 8<"$1/fifo"
        read -r record <&8
        echo "$record" >"$1/record"
        pid=$(echo "$record" | cut -d " " -f 2)
        06-nsenter - -- true <"$1/record" 2>/dev/null || { echo "control failed"; exit 1; }
        kill -9 $step; wait $step || :
        sleep 0.02 # the start time counts in ticks of 10 ms: not within the same one
        echo $((pid - 1)) >/proc/sys/kernel/ns_last_pid
        sleep 100 & impostor=$!
        [ $impostor = $pid ] || { echo "pid $pid was not used again"; exit 1; }
        06-nsenter - -- touch "$1/joined" <"$1/record" 2>&1 && echo taken
        kill $impostor
        # The janitor of 05 is in here, too: it must be done before this PID 1 ends.
        while [ -e "$3" ]; do sleep 0.01; done
        ' bash "$BATS_TEST_TMPDIR" "$1" "$CGROUP2/nsteps-test-recycled"
    [ ! -e "$BATS_TEST_TMPDIR/joined" ]
    [[ $out == *'the pid was used again'* ]] || { echo "$out$err"; return 1; }
}
@test "a recycled pid is refused after 03-chroot" { recycle '03-chroot /'; }
@test "a recycled pid is refused after 05-cgroup" { recycle '05-cgroup nsteps-test-recycled'; }
@test "a recycled pid is refused after 08-capset" { recycle '08-capset'; }

@test "another user's process is refused" {
    needs_user
    give '01-unshare 1 start:[1] mnt:[1]\n'
    run_split 06-nsenter - -- touch "$BATS_TEST_TMPDIR/joined" <"$BATS_TEST_TMPDIR/record"
    [ "$status" = 125 ] && [ ! -e "$BATS_TEST_TMPDIR/joined" ]
}
@test "- with a terminal as stdin is explained" {
    run pty '06-nsenter - -- true'
    [ "$status" = 125 ]
    [[ $output == *'stdin is a terminal'* ]]
}
@test "a pipe on stdin without - is asked about when the step fails" {
    run_split bash -c 'echo x | 03-chroot /nonexistent -- true'
    [ "$status" = 125 ]
    [[ $err == *'03-chroot - ...'* ]]
    run_split 03-chroot /nonexistent -- true </dev/null
    [[ $err != *'03-chroot - ...'* ]]
}
@test "when a step fails, the next one says so in one short line" {
    run_split bash -c '01-unshare --nosuch | 06-nsenter - -- true'
    [ "$status" = 125 ]
    [ "$(grep -c '^06-nsenter: the step before left no record$' <<<"$err")" = 1 ]
    [ "$(wc -l <<<"$err")" = 2 ]
}
@test "a pipe on stdin without - is asked about when the step is about to change the host" {
    needs_host_mounts
    run_split bash -c ': | 02-mountproc -- true'
    [ "$status" = 125 ]
    [[ $err == *'was "-" forgotten'* ]]
}
