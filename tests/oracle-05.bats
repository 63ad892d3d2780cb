#!/usr/bin/env bats
# 05-cgroup beside mkdir(1), and echo into the files. As root: an ordinary user has a cgroup of his own only where
# one was delegated to him.
# shellcheck disable=SC2089,SC2090 # the lines are for another shell
load helper
load oracle

# limits WHAT FILE=VALUE ...
limits() {
    local setting lines='' options='' what=$1
    shift
    for setting; do
        options+=" '$setting'"
        lines+="echo '${setting#*=}' >$DIR/${setting%%=*} && "
    done
    export INNER="mkdir $DIR && $lines echo 0 >$DIR/cgroup.procs && exec looked"
    oracle "$what" "bash -c \"\$INNER\"" chain "05-cgroup --keep $NAME $options -- looked" \
        waits+chain "05-cgroup $NAME $options -- looked"
    oracle "$what" "unshare --uts bash -c \"\$INNER\"" \
        join "01-unshare --uts | 05-cgroup - $NAME $options -- looked" \
        join+6 "01-unshare --uts | 05-cgroup - $NAME $options | 06-nsenter - -- looked"
}
# What the lines leave behind is removed after each, and none is there before it.
AFTER='wait_until no_cgroup'
no_cgroup() { [ ! -e "$DIR" ] || rmdir "$DIR"; }

@test "NAME, and the limits that need no controller" {
    needs_root
    limits FILE=VALUE cgroup.max.depth=1 cgroup.max.descendants=4
    grep -qx 'cgroup file cgroup.max.descendants: 4' "$BATS_TEST_TMPDIR/theirs"
}
@test "NAME alone, and --keep" {
    needs_root
    export INNER="mkdir $DIR && echo 0 >$DIR/cgroup.procs && exec looked"
    oracle --keep "bash -c \"\$INNER\"" chain "05-cgroup --keep $NAME -- looked"
    oracle --keep "unshare --uts bash -c \"\$INNER\"" \
        join "01-unshare --uts | 05-cgroup - --keep $NAME -- looked"
}
@test "--keep: what is there afterwards" {
    needs_root
    05-cgroup --keep "$NAME" cgroup.max.depth=3 -- true 2>/dev/null
    mkdir "$DIR-by-hand"
    echo 3 >"$DIR-by-hand/cgroup.max.depth"
    for dir in "$DIR" "$DIR-by-hand"; do
        (cd "$dir" && stat -c '%n %A %U' . -- * && cat cgroup.procs cgroup.max.depth cgroup.max.descendants) \
            >"$BATS_TEST_TMPDIR/${dir##*-}"
        rmdir "$dir"
    done
    diff "$BATS_TEST_TMPDIR/${DIR##*-}" "$BATS_TEST_TMPDIR/hand"
}
controller() { # NAME SETTING ...: enabled for each of the two, and disabled again
    needs_root
    needs_controller "$1"
    local above=$CGROUP2/cgroup.subtree_control
    if ! grep -qw "$1" "$above"; then
        BEFORE_THEIRS="echo +$1 >$above"
        AFTER="wait_until no_cgroup && { ! grep -qw $1 $above || echo -$1 >$above; }"
    fi
    limits controller "${@:2}"
}
@test "pids.max" { controller pids pids.max=32; }
@test "memory.max, memory.high, memory.oom.group" {
    controller memory memory.max=64M memory.high=32M memory.oom.group=1
}
@test "cpu.max, cpu.weight" { controller cpu 'cpu.max=50000 100000' cpu.weight=50; }
@test "cpuset.cpus" { controller cpuset cpuset.cpus=0; }
@test "io.weight" {
    [ "$EUID" != 0 ] || grep -qsw io "$CGROUP2/cgroup.controllers" && [ -e "$CGROUP2/io.cost.qos" ] ||
        skip 'cgroup v2 has no io controller with weights here'
    controller io 'io.weight=default 50'
}
@test "hugetlb.2MB.max" {
    [ -d /sys/kernel/mm/hugepages/hugepages-2048kB ] || skip 'this machine has no huge pages of 2 MB'
    controller hugetlb hugetlb.2MB.max=4M
}
@test "on a terminal" {
    needs_root
    TERMINAL=1
    limits FILE=VALUE cgroup.max.depth=1
}
@test "every option has been compared" {
    needs_root
    all_compared
}
