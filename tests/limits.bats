#!/usr/bin/env bats
# Every limit binds, and binds every process of the container: looked at in the kernel's own counts,
# and each time with a control without the limit. tests/05-cgroup.bats tests the step itself.
# The controllers are there where cgroup v2 holds them: see make test-vm.
# shellcheck disable=SC2016,SC2154 # $ is for the shell inside; out, err, inside: set by the helper
load helper

# contain LIMIT ... -- SCRIPT: SCRIPT by the shell in the container of the whole pipeline, which ends
# with the cgroup $NAME and these limits; as run_split does.
contain() {
    local limits=()
    while [ "$1" != -- ]; do limits+=("$1"); shift; done
    shift
    LIMITS=${limits[*]} SCRIPT=$1 run_split bash -c "$(line) sh -c \"\$SCRIPT\"" </dev/null
}
# The same in the background, for a SCRIPT that ends with sleep 7777; its pid is $inside.
contain_and_wait() {
    local limits=()
    while [ "$1" != -- ]; do limits+=("$1"); shift; done
    shift
    export SCRIPT=$1
    LIMITS=${limits[*]} build_and_wait "$(line) sh -c \"\$SCRIPT\""
    HELD=("$inside" "${HELD[@]}") # teardown ends it, and with it the whole pipeline
}
line() {
    echo "01-unshare | 02-mountproc - --dev $ROOTFS | 03-chroot - $ROOTFS | 04-pivot_root - |" \
        "05-cgroup - $NAME \$LIMITS | 06-nsenter - | 07-userns-map - | 08-capset - --drop all --"
}
# While the container runs: what its cgroup's file says, each line after the file's name.
count_in() { # FILE FIELD: the value of that field, as numbers
    awk -v field="$2" '$1 == field { print $2 }' "$DIR/$1"
}
# The stages from 05 on are in the cgroup, too: four, and the payload comes to that.
stages=4
has_tasks() { [ "$(wc -l <"$DIR/cgroup.procs")" -ge "$1" ]; }

# ---- pids

# A fork bomb with an end: 30 processes that stay, and none of them a child of the first shell.
bomb='(i=0; while [ $i -lt 30 ]; do sleep 1000 & i=$((i + 1)); done) >/dev/null 2>&1; exec sleep 7777'

@test "pids.max: a fork bomb of grandchildren gets no further, and pids.events counts what was refused" {
    needs_root
    needs_controller pids
    contain_and_wait pids.max=20 -- "$bomb"
    refused() { [ "$(count_in pids.events max)" -ge 1 ]; }
    wait_until refused
    [ "$(cat "$DIR/pids.current")" -le 20 ]
    has_tasks 15 # control: it did bomb
}
@test "pids.max, control: where there is room, all of them run, and nothing is counted" {
    needs_root
    needs_controller pids
    contain_and_wait pids.max=100 -- "$bomb"
    has_tasks $((stages + 31))
    [ "$(count_in pids.events max)" = 0 ]
}
@test "pids.max binds the container only: who is outside goes on forking" {
    needs_root
    needs_controller pids
    contain_and_wait pids.max=$((stages + 2)) -- 'sleep 1000 & exec sleep 7777'
    [ "$(cat "$DIR/pids.current")" = $((stages + 2)) ]
    [ "$(sh -c '(echo forked)')" = forked ]
}

# ---- memory

no_swap() { [ "$(wc -l </proc/swaps)" -lt 2 ] || echo memory.swap.max=0; }
# A grandchild that wants 48 MiB for its buffer. Nothing else may want memory while that one dies: until
# it has given all back the kernel finds no room for the next either, and kills that, too.
hog='sh -c "dd if=/dev/zero of=/dev/null bs=48M count=1 2>/dev/null; :";'

@test "memory.max: a grandchild that takes more is killed, and memory.events counts it" {
    needs_root
    needs_controller memory
    # shellcheck disable=SC2046
    contain_and_wait memory.max=32M $(no_swap) -- "$hog exec sleep 7777"
    [ "$(count_in memory.events oom_kill)" -ge 1 ]
}
@test "memory.max: when one was killed, the step says so at the end" {
    needs_root
    needs_controller memory
    # shellcheck disable=SC2046
    run_split 05-cgroup "$NAME" memory.max=32M $(no_swap) -- sh -c "$hog :"
    [[ $status:$err == "0:"*"05-cgroup: note: the kernel has killed what wanted more memory than"* ]]
    run_split 05-cgroup "$NAME" memory.max=160M -- sh -c "$hog :" # control
    [[ $status:$err == 0:* ]] && [[ $err != *'has killed'* ]]
}
@test "memory.max, control: with enough of it the same grandchild is not killed" {
    needs_root
    needs_controller memory
    contain_and_wait memory.max=160M -- "$hog exec sleep 7777"
    [ "$(count_in memory.events oom_kill)" = 0 ]
}
@test "memory.oom.group=1: all of the container go with the one that took too much" {
    needs_root
    needs_controller memory
    # shellcheck disable=SC2046
    contain memory.max=32M memory.oom.group=1 $(no_swap) -- "$hog echo survived"
    [ "$status" = 137 ]
    [ -z "$out" ]
    # shellcheck disable=SC2046
    contain memory.max=32M $(no_swap) -- "$hog echo survived" # control
    [ "$status:$out" = 0:survived ]
}

# ---- cpu

# used_in SECONDS: the CPU time that the cgroup takes meanwhile, in microseconds.
used_in() {
    local before
    before=$(count_in cpu.stat usage_usec)
    sleep "$1"
    echo $(($(count_in cpu.stat usage_usec) - before))
}
spin='(while :; do :; done) & (while :; do :; done) & exec sleep 7777'

@test "cpu.max: two grandchildren that compute get a part of what they get without it" {
    needs_root
    needs_controller cpu
    contain_and_wait 'cpu.max=10000' -- "$spin"
    # Both in one run, so it does not matter how fast the machine is.
    limited=$(used_in 2)
    throttled=$(count_in cpu.stat nr_throttled)
    echo max >"$DIR/cpu.max"
    free=$(used_in 2)
    echo "limited $limited us, without $free us, throttled $throttled times"
    [ "$throttled" -ge 3 ]
    [ "$free" -ge $((limited * 2)) ]
}
@test "cpu.max, control: without it nothing is throttled" {
    needs_root
    needs_controller cpu
    contain_and_wait cpu.max=max -- "$spin"
    sleep 0.5
    [ "$(count_in cpu.stat nr_throttled)" = 0 ]
}

# ---- cpuset

@test "cpuset.cpus: every process of the container, grandchildren too, has that CPU only" {
    needs_root
    needs_controller cpuset
    [ "$(nproc --all)" -ge 2 ] || skip 'this machine has one CPU'
    allowed='sh -c "sh -c \"grep Cpus_allowed_list /proc/self/status; :\"; :"; grep Cpus_allowed_list /proc/self/status'
    contain cpuset.cpus=1 -- "$allowed"
    [ "$(cut -f 2 <<<"$out")" = 1$'\n'1 ]
    contain -- "$allowed" # control
    [ "$(cut -f 2 <<<"$out" | uniq)" = "$(grep Cpus_allowed_list /proc/self/status | cut -f 2)" ]
    [ "$(cut -f 2 <<<"$out" | uniq)" != 1 ]
}

# ---- io

# A disk that can be read: the first with 4 MiB; $disk is its name, $device its numbers.
needs_disk() {
    local dir
    needs_controller io
    for dir in /sys/block/{vd,sd,nvme}*; do
        disk=/dev/${dir##*/}
        [ -b "$disk" ] && [ "$(cat "$dir/size")" -ge 8192 ] || continue
        device=$(cat "$dir/dev")
        return 0
    done
    skip 'this machine has no disk'
}
# milliseconds LIMIT ...: how long a grandchild needs in the cgroup to read 1 MiB past the page cache.
# (It is told 05's exec form: in the container's root there is no such device, and need not be.)
milliseconds() {
    local start=${EPOCHREALTIME/.}
    05-cgroup "$NAME" "$@" -- sh -c 'sh -c "dd if=$0 of=/dev/null bs=64k count=16 iflag=direct; :"; :' "$disk" \
        2>"$BATS_TEST_TMPDIR/dd"
    grep -q '^1048576 bytes' "$BATS_TEST_TMPDIR/dd"
    echo $(((${EPOCHREALTIME/.} - start) / 1000))
}
@test "io.max: a grandchild reads a disk at the rate that it says" {
    needs_root
    needs_disk
    free=$(milliseconds "io.max=$device rbps=max")
    limited=$(milliseconds "io.max=$device rbps=262144") # 1 MiB in about 4 s
    echo "without $free ms, with $limited ms"
    [ "$limited" -ge 2500 ]
    [ "$limited" -ge $((free * 2)) ]
}

# ---- the core files

# The CPU time that the processes of the cgroup have had, in clock ticks, proc(5).
ticks() {
    local pid sum=0 fields
    while read -r pid; do
        read -ra fields <"/proc/$pid/stat"
        sum=$((sum + fields[13] + fields[14]))
    done <"$DIR/cgroup.procs"
    echo "$sum"
}
@test "cgroup.freeze: nothing in the container runs, grandchildren included, until it is thawed" {
    needs_root
    contain_and_wait -- "$spin"
    before=$(ticks)
    runs_on() { [ "$(ticks)" -gt "$before" ]; }
    wait_until runs_on # control
    echo 1 >"$DIR/cgroup.freeze"
    wait_until grep -qx 'frozen 1' "$DIR/cgroup.events"
    before=$(ticks)
    sleep 0.5
    [ "$(ticks)" = "$before" ]
    echo 0 >"$DIR/cgroup.freeze"
    wait_until runs_on
}
@test "cgroup.kill: all of the container is gone, and the pipeline ends as if by signal 9" {
    needs_root
    contain_and_wait -- '(sleep 1000 &); sleep 1000 & exec sleep 7777'
    [ -e "$DIR/cgroup.kill" ] || skip 'this kernel has no cgroup.kill (Linux 5.14)'
    has_tasks $((stages + 3))
    echo 1 >"$DIR/cgroup.kill"
    status=0
    wait "$job" || status=$?
    [ "$status" = 137 ]
    wait_until test ! -e "$DIR"
}

# ---- every process, and the end

@test "pipeline: each process that the payload makes is in the cgroup, orphans and grandchildren too" {
    needs_root
    contain_and_wait -- '(sh -c "sleep 1000; :" &); sh -c "sh -c \"sleep 1000; :\"; :" & exec sleep 7777'
    has_six() { has_tasks $((stages + 6)); }
    wait_until has_six
    # All that are in the container's pid namespace, but its PID 1, which 01 has made before 05.
    inode=$(ns_inode "$inside" pid)
    for dir in /proc/[0-9]*; do
        [ "$(ns_inode "${dir#/proc/}" pid 2>/dev/null)" = "$inode" ] || continue
        [ "$(awk '/^NSpid:/ { print $NF }' "$dir/status")" != 1 ] || continue
        grep -qx "0::/$NAME" "$dir/cgroup"
    done
}
@test "exec chain: PID 1 is in the cgroup, too" {
    needs_root
    CGROUP=$NAME
    build_and_wait "$(chain 'sleep 7777')"
    HELD=("$inside" "${HELD[@]}")
    inode=$(ns_inode "$inside" pid)
    count=0
    for dir in /proc/[0-9]*; do
        [ "$(ns_inode "${dir#/proc/}" pid 2>/dev/null)" = "$inode" ] || continue
        grep -qx "0::/$NAME" "$dir/cgroup"
        count=$((count + 1))
    done
    [ "$count" -ge 2 ]
}
@test "pipeline: the cgroup is removed though the payload has left processes behind, asleep and stopped" {
    needs_root
    contain -- '(sleep 1000 >/dev/null 2>&1 &); sh -c "kill -STOP \$\$; :" >/dev/null 2>&1 &
        sleep 0.2; cat /proc/self/cgroup'
    [ "$status" = 0 ]
    grep -q "^0::" <<<"$out"
    wait_until test ! -e "$DIR"
}

# ---- an ordinary user

# What systemd's Delegate=yes does: a cgroup that belongs to uid 12345, with controllers in it, and a
# leaf in which he is. Only root can do it; the parents' subtree_control is put back.
as_delegate() { # CONTROLLER SCRIPT
    local had
    needs_root
    needs_controller "$1"
    needs_tool setpriv util-linux
    had=$(cat "$CGROUP2/cgroup.subtree_control")
    echo "+$1" >"$CGROUP2/cgroup.subtree_control"
    mkdir "$DIR" "$DIR/leaf"
    chown 12345 "$DIR" "$DIR"/cgroup.{procs,subtree_control,threads} "$DIR/leaf" "$DIR/leaf/cgroup.procs"
    cp -a "$ROOTFS" "$PUBLIC/rootfs" # the tree may be shut to him
    run_split sh -c 'echo 0 >"$1/leaf/cgroup.procs"; cd /
        exec setpriv --reuid 12345 --regid 12345 --clear-groups env HOME=/ bash -c "$2"' sh "$DIR" "$2" </dev/null
    left=$(find "$DIR" -mindepth 1 -type d ! -name leaf)
    enabled=$(cat "$DIR/cgroup.subtree_control")
    rmdir "$DIR/leaf" "$DIR"
    grep -qw "$1" <<<"$had" || echo "-$1" >"$CGROUP2/cgroup.subtree_control"
    [ -z "$left" ] && [ -z "$enabled" ]
}
rootless() { # LIMIT
    echo "01-unshare -m -u -i -n -p --user | 07-userns-map - | 02-mountproc - --dev $PUBLIC/rootfs |" \
        "03-chroot - $PUBLIC/rootfs | 04-pivot_root - | 05-cgroup - mine $1 | 06-nsenter - |" \
        "08-capset - --drop all --"
}
@test "a delegated subtree: the whole rootless pipeline with pids.max, and it binds" {
    as_delegate pids "$(rootless pids.max=12) sh -c 'cat /proc/self/cgroup /proc/self/uid_map
        (i=0; while [ \$i -lt 30 ]; do sleep 1000 & i=\$((i + 1)); done) >/dev/null 2>&1
        exec sleep 4' &
        while kill -0 \$! 2>/dev/null; do
            sed -n 's/^max /refused /p' $DIR/mine/pids.events 2>/dev/null
            sleep 0.2
        done | sort -u; wait"
    echo "$out"
    grep -q "^0::.*/mine$" <<<"$out"
    grep -qE '^refused [1-9]' <<<"$out"
    awk '$2 == 12345 && $3 == 1 { found = 1 } END { exit !found }' <<<"$out"
}
@test "a delegated subtree: the user may not take more than what was delegated" {
    as_delegate pids "echo max >$DIR/pids.max && echo raised
        05-cgroup mine pids.max=5 -- cat $DIR/mine/pids.max"
    [ "$out" = 5 ]
}
