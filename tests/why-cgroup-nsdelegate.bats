#!/usr/bin/env bats
# What lib/why-cgroup.c says, where the cause is the mount option nsdelegate of cgroup v2, which is the whole
# machine's (mount namespaces or not): in a virtual machine. The near misses are in why-cgroup.bats.
# alone: what runs at the same time would meet it, and see a mount that has changed
# shellcheck disable=SC2154 # held: set by the helper
load helper

# nsdelegate TEXT COMMAND ...: as because, while cgroup v2 has that mount option.
nsdelegate() {
    local result=0
    mount -o remount,nsdelegate "$CGROUP2"
    because "$@" || result=$?
    mount -n -t cgroup2 -o remount,rw cgroup2 "$CGROUP2"
    ! grep -q nsdelegate /proc/self/mountinfo && return "$result"
}
needs_guest() {
    needs_root
    [ -d /run/vm ] || skip 'changes the machine: make test-vm runs it'
}

@test "[enter-nsdelegate] over the border of a cgroup namespace" {
    needs_guest
    nsdelegate "mounted with nsdelegate, so nobody goes over the border of a cgroup namespace, and $DIR-b" \
        05-cgroup "$NAME-a" -- 01-unshare -C -- 05-cgroup "$NAME-b" -- true
    [ ! -e "$DIR-b" ] # its janitor could not move the step back either, and need not
}
@test "[join-nsdelegate] over the border of a cgroup namespace" {
    needs_guest
    mkdir "$DIR"
    # shellcheck disable=SC2016 # $0, $@: of that shell
    hold "$BATS_TEST_TMPDIR/box" sh -c 'echo 0 >"$0/cgroup.procs" && cd / && exec "$@"' "$DIR" 01-unshare -u
    local result=0
    nsdelegate "nobody goes over the border of a cgroup namespace, and $DIR is on its other side" \
        05-cgroup "$NAME-a" -- 01-unshare -C -- 06-nsenter --target "$held" -- true || result=$?
    kill "$held"
    wait "$held" || :
    wait_until rmdir "$DIR" 2>/dev/null
    return "$result"
}
