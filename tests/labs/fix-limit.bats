#!/usr/bin/env bats
# fix-limit: a container with a limit. We are root of the jail, whose cgroup is the top of what we see. Who is in
# cgroup.procs, and in which pid namespace, is asked of the kernel. Each test is a criterion and one point.
# shellcheck disable=SC2154 # set by the helper
load fix

TOP=$(awk '/ - cgroup2 / { top = $5 } END { print top }' /proc/self/mountinfo)
room=$TOP/room-$NONCE
# With the pids controller we see a limit bind; on a hybrid host, where cgroup v1 holds it, the freezer.
if grep -qw pids "$TOP/cgroup.controllers"; then file=pids.max; else file=cgroup.max.descendants; fi

setup_file() {
    [ "$file" != pids.max ] || echo +pids >"$TOP/cgroup.subtree_control"
}
teardown() {
    local tries
    if [ ${#started[@]} != 0 ]; then
        # shellcheck disable=SC2046
        kill -9 "${started[@]}" $(container) 2>/dev/null || :
        wait "${started[@]}" 2>/dev/null || :
    fi
    for ((tries = 0; tries < 20; tries++)); do
        [ -d "$room" ] && ! rmdir "$room" 2>/dev/null || break
        sleep 0.05
    done
    rm -rf --one-file-system "$work"
}

# The processes of the container: nobody else in the jail is in another pid namespace than we.
container() {
    find /proc/[0-9]*/ns/pid -maxdepth 0 -printf '%p %l\n' 2>/dev/null |
        awk -v own="$(readlink /proc/self/ns/pid)" '$2 != "" && $2 != own { gsub(/[^0-9]/, "", $1); print $1 }'
}
# hold_it COMMAND ...: a container that stays; its COMMAND becomes `sleep NONCE` at last.
hold_it() {
    start_it fix-limit "$room" "$file=${value-$NONCE}" "$@"
    find_command "sleep $NONCE"
    sleep 0.3 # who moves somebody later than this is late
}
# count: who is in the cgroup? Sets $members, $inside (those of the container), $strangers; says what it has found.
count() {
    local pid ns own listed program=0
    own=$(readlink /proc/self/ns/pid)
    members=$(container) inside=0 strangers=0
    listed=$(<"$room/cgroup.procs")
    for pid in $members; do
        grep -qx "$pid" <<<"$listed" || [ ! -d "/proc/$pid" ] || echo "of the container, and not in the cgroup: pid $pid ($(name_of "$pid"))"
    done
    for pid in $listed; do
        ns=$(readlink "/proc/$pid/ns/pid") || continue # it has ended
        if [ "$ns" != "$own" ]; then inside=$((inside + 1))
        elif [ "$(name_of "$pid")" = fix-limit ]; then program=$((program + 1))
        else
            strangers=$((strangers + 1))
            echo "in the cgroup, and not of the container: pid $pid ($(name_of "$pid"))"
        fi
    done
    members=$(grep -c . <<<"$members")
    echo "in the cgroup: $inside of $members processes of the container, $program of fix-limit itself"
    sed 's/^/it says: /' "$work/err"
}

@test "COMMAND runs in a pid namespace of its own" {
    hold_it sleep "$NONCE"
    [ "$(readlink "/proc/$found/ns/pid")" != "$(readlink /proc/self/ns/pid)" ] ||
        { echo 'COMMAND is in the pid namespace that we are in'; return 1; }
}
@test "the cgroup has the limit that was asked for" {
    hold_it sleep "$NONCE"
    expect "$file of the cgroup" "$NONCE" "$(cat "$room/$file" 2>&1)"
}
@test "PID 1 of the container is in the cgroup" {
    hold_it sleep "$NONCE"
    count
    [ "$inside" = 1 ]
}
@test "so is every process that it has started, also at once" {
    hold_it sh -c "sleep 7$NONCE & sleep 7$NONCE & exec sleep $NONCE"
    count
    [ "$inside" = 3 ] && [ "$members" = 3 ]
}
@test "COMMAND is in it from its first moment on: it finds itself there, three times" {
    for i in 1 2 3; do
        run_it fix-limit "$room-$i" "$file=$NONCE" grep ^0:: /proc/self/cgroup
        [ ! -d "$room-$i" ] || rmdir "$room-$i" || :
        expect 'what COMMAND reads in /proc/self/cgroup' "0::/${room##*/}-$i" "$out"
    done
}
@test "nobody else is in it" {
    hold_it sleep "$NONCE"
    count
    [ "$strangers" = 0 ] && [ "$inside" != 0 ]
}
@test "the limit binds: pids.events has counted (on a hybrid host: cgroup.freeze stops all of it)" {
    if [ "$file" = pids.max ]; then
        value=8 hold_it sh -c "(for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 7$NONCE & done); exec sleep $NONCE"
        count
        [ "$(sed -n 's/^max //p' "$room/pids.events")" != 0 ] ||
            expect 'forks that were refused, by pids.events' '1 or more' "$(sed -n 's/^max //p' "$room/pids.events")"
        return
    fi
    hold_it sh -c "(while sleep 0.05; do echo tick >>$work/ticks; done) & exec sleep $NONCE"
    count
    [ "$strangers" = 0 ]
    echo 1 >"$room/cgroup.freeze"
    sleep 0.3
    before=$(wc -l <"$work/ticks")
    sleep 0.5
    after=$(wc -l <"$work/ticks")
    echo 0 >"$room/cgroup.freeze"
    expect 'lines that the container has written while the cgroup was frozen' 0 $((after - before))
}
@test "COMMAND's exit status comes back" {
    run_it fix-limit "$room" "$file=$NONCE" sh -c "exit $((NONCE % 90 + 10))"
    expect 'exit status' $((NONCE % 90 + 10)) "$status"
}
@test "afterwards the cgroup is gone" {
    run_it fix-limit "$room" "$file=$NONCE" sh -c "ls -d $room"
    expect 'the cgroup, while COMMAND ran' "$room" "$out"
    [ ! -e "$room" ] || expect 'the cgroup, afterwards' gone 'still there'
}
