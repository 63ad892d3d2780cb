#!/usr/bin/env bats
# fix-root-outside: who is root in there, seen from outside? We are root here, of the jail's user namespace, and look at
# files, maps and status from outside. Each test is a criterion and one point.
# shellcheck disable=SC2154 # set by the helper
load fix

# hold_it: a container that sleeps; $found is its pid out here.
hold_it() {
    start_it setpriv --groups 4,24 fix-root-outside sleep "$NONCE"
    find_command "sleep $NONCE"
}
# outer_id_zero FILE: does a line of that map reach the outside id 0? It is said as the kernel shows it.
outer_id_zero() {
    local inside outside count bad=1
    while read -r inside outside count; do
        echo "$1 is: $inside $outside $count"
        [ "$outside" != 0 ] || bad=0
    done <"/proc/$found/$1"
    return $bad
}
# has_map: a user namespace of its own, with a map.
has_map() {
    [ "$(readlink "/proc/$found/ns/user")" != "$(readlink /proc/self/ns/user)" ] ||
        { echo 'COMMAND is in the user namespace that we are in'; return 1; }
    [ -n "$(<"/proc/$found/uid_map")" ] && [ -n "$(<"/proc/$found/gid_map")" ] || { echo 'a map is empty'; return 1; }
}

@test "a file that is made inside belongs to a uid of 100000 or more outside" {
    run_it fix-root-outside sh -c "echo >$work/$NONCE"
    owner=$(stat -c %u "$work/$NONCE") || { expect 'the new file' 'it is there' "status $status"; return 1; }
    [ "$owner" -ge 100000 ] || expect 'owner of the new file outside' '100000 or more' "$owner"
}
@test "and to a gid of 100000 or more" {
    run_it fix-root-outside sh -c "echo >$work/$NONCE"
    group=$(stat -c %g "$work/$NONCE") || { expect 'the new file' 'it is there' "status $status"; return 1; }
    [ "$group" -ge 100000 ] || expect 'group of the new file outside' '100000 or more' "$group"
}
@test "the outside uid 0 is not in uid_map" {
    hold_it
    has_map
    ! outer_id_zero uid_map || return 1
}
@test "the outside gid 0 is not in gid_map" {
    hold_it
    has_map
    ! outer_id_zero gid_map || return 1
}
@test "inside it is uid 0 and gid 0, and all capabilities have outlived the exec" {
    run_it fix-root-outside sh -c 'id -u; id -g; grep CapEff /proc/self/status'
    all=$(printf '%016x' $(((1 << $(cat /proc/sys/kernel/cap_last_cap) + 1) - 1)))
    expect 'uid, gid and effective set inside' "0 0 CapEff: $all" "$(tr -s '\n\t' ' ' <<<"$out" | sed 's/ $//')"
}
@test "inside there are the ids 0 to 65535: chown can give a file to any of them" {
    for id in $((NONCE % 999 + 1)) 65534; do
        run_it fix-root-outside sh -c "echo >$work/$id && chown $id:$id $work/$id && stat -c %u:%g $work/$id"
        expect "owner of a file after chown $id:$id" "$id:$id" "$out"
        [ "$(stat -c %u "$work/$id")" -ge 100000 ] ||
            expect 'owner of that file outside' '100000 or more' "$(stat -c %u "$work/$id")"
    done
}
@test "what only root outside may read stays shut" {
    echo "$NONCE" >"$work/secret"
    chmod 600 "$work/secret"
    run_it fix-root-outside sh -c "id -u; cat $work/secret"
    [ "$out" = 0 ] || expect "what it could read of the file of the outer root" "0 (its uid) and no more" "${out/$'\n'/ and }"
}
@test "no group of outside comes along" {
    hold_it
    has_map
    expect 'supplementary groups, seen from outside' none "$(sed -n 's/^Groups:[[:space:]]*//p' "/proc/$found/status" | grep . || echo none)"
}
@test "COMMAND's exit status comes back" {
    run_it fix-root-outside sh -c "exit $((NONCE % 90 + 10))"
    expect 'exit status' $((NONCE % 90 + 10)) "$status"
}
