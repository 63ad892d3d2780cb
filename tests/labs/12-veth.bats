# The criteria of 12-veth: each test is one point. They look at the kernel, and at no output of 12-veth but its record.
# tests/labs/two-containers makes the two containers; the addresses are drawn anew each time.

cd "$BATS_TEST_DIRNAME/../.." || exit 1
BUILD=$(cd "${BUILD:-build}" && pwd)
export LC_ALL=C PATH=$BUILD:$PATH:/usr/sbin:/sbin

two() { tests/labs/two-containers "$1"; }

setup_file() {
    NO_VETH=
    command -v ip >/dev/null || NO_VETH='needs ip (apt-get install iproute2)'
    ALONE=yes two 'ip link add v0 type veth peer name v1' || NO_VETH=${NO_VETH:-this kernel has no veth}
    export NO_VETH
}
setup() { [ -z "$NO_VETH" ] || skip "$NO_VETH"; }

@test "12 veth: the step stays behind, and its record holds the net namespace of the step before" {
    two '
        expect "net namespace of the process that stays" "$(inode $a_pid)" "$(inode $veth_pid)"
        expect "net namespace in the record" "$(inode $a_pid)" "$(sed "s/.* net:\[//; s/\].*//" "$own/a")"
        expect "lines on stdout" 1 "$(wc -l <"$own/a")"
        expect "net namespace of the step after" "net:[$(inode $a_pid)]" \
            "$(06-nsenter - -- readlink /proc/self/ns/net <"$own/a" 2>/dev/null)"'
}

@test "12 veth: eth0 is in each of the two, and they are the two ends of one veth pair" {
    two '
        expect "what eth0 is in a" veth "$(kind a)"
        expect "what eth0 is in b" veth "$(kind b)"
        expect "the other end of eth0 in a" "$(number b)" "$(other_number a)"
        expect "the other end of eth0 in b" "$(number a)" "$(other_number b)"
        expect "devices in a" "lo eth0" "$(a ip -o link | awk -F "[ @:]+" "{ print \$2 }" | paste -sd " ")"'
}

@test "12 veth: outside, no device has been added" {
    two '
        is_there b || exit 1
        expect "devices outside" lo "$(devices)"'
}

@test "12 veth: both ends are up" {
    two '
        expect "eth0 in a" UP "$(state a)"
        expect "eth0 in b" UP "$(state b)"'
}

@test "12 veth: each end has its own address, and no other" {
    two '
        expect "addresses of eth0 in a" "$A" "$(addresses a)"
        expect "addresses of eth0 in b" "$B" "$(addresses b)"'
}

@test "12 veth: each knows the way to the other's address" {
    two '
        expect "from a to the address of b: through" eth0 "$(device_to a "$B")"
        expect "from b to the address of a: through" eth0 "$(device_to b "$A")"'
}

@test "12 veth: a TCP connection from each to the other brings what is served there" {
    two '
        one=$RANDOM$RANDOM two=$RANDOM$RANDOM
        serve b "$one" && serve a "$two" || exit 1
        expect "what a reads from port 7000 of b" "$one" "$(connect a "$B")"
        expect "what b reads from port 7000 of a" "$two" "$(connect b "$A")"'
}

@test "12 veth: when the container ends, nothing is left of it: no device in the other one, no process" {
    two '
        is_there b || { echo "eth0 was not in b before"; exit 1; }
        was=$(inode $a_pid)
        kill "$a_pid"
        soon ended "$veth"
        soon not is_there b || { echo "eth0 is still in b"; exit 1; }
        expect "processes in the net namespace that was a" "" "$(holders "$was")"'
}

@test "12 veth: a PID that is not there: exit status 125, no record, and no device" {
    two '
        01-unshare -n 2>/dev/null </dev/null | 12-veth - --peer 4000000 "$A" "$B" 2>/dev/null | head -n 1 >"$own/again"
        expect "exit status of 12-veth" 125 "${PIPESTATUS[1]}"
        expect "record" "" "$(cat "$own/again")"
        expect "devices outside" lo "$(devices)"'
}

@test "12 veth: what ip refuses (eth0 is there already): exit status 125, and no record" {
    two '
        is_there b || { echo "eth0 was not in b before"; exit 1; }
        01-unshare -n 2>/dev/null </dev/null | 12-veth - --peer "$b_pid" "$A" "$B" 2>/dev/null | head -n 1 >"$own/again"
        expect "exit status of 12-veth" 125 "${PIPESTATUS[1]}"
        expect "record" "" "$(cat "$own/again")"'
}

@test "12 veth: with -- COMMAND, in a chain: COMMAND has eth0, and its exit status comes back" {
    ALONE=yes two '
        seen=$(01-unshare -n -- 12-veth --peer "$b_pid" "$A" "$B" -- \
            sh -c "ip -o -4 addr show dev eth0 | grep -ow $A; exit 7" 2>/dev/null </dev/null)
        status=$?
        expect "address of eth0 for COMMAND" "$A" "$seen"
        expect "exit status" 7 "$status"'
}
