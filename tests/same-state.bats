#!/usr/bin/env bats
# The pipeline and the exec chain are two ways to the same container: they leave the same kernel state.
load helper

# Prints what the kernel says about the container of process $inside, in a form that does not depend
# on which container it is. Inodes and ids of mounts become letters in the order of appearance.
kernel_state() {
    local type
    for type in cgroup ipc mnt net pid time user uts; do
        # Is it the host's own, and who owns it: the host's user namespace or the container's?
        if [ "$(ns_inode "$inside" $type)" = "$(ns_inode $$ $type)" ]; then
            echo "$type: the host's"
        else
            echo "$type: its own, owner $(ns_owner $type)"
        fi
    done
    for field in Uid Gid Groups CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs Seccomp Umask SigBlk \
        SigIgn; do
        echo "$field: $(status_field "$inside" $field)"
    done
    for file in uid_map gid_map setgroups oom_score_adj; do
        echo "$file: $(tr -s ' ' <"/proc/$inside/$file")"
    done
    echo "cgroup: $(sed -n 's/^0:://p' "/proc/$inside/cgroup")"
    echo "root: $(stat -L -c '%d %i' "/proc/$inside/root")"
    echo "cwd: $(stat -L -c '%d %i' "/proc/$inside/cwd")"
    echo "fds: $(cd "/proc/$inside/fd" && echo *)"
    echo "processes inside: $(pids_inside)"
    # mount id, parent and device numbers are new each time; the rest is not.
    awk '{ $1 = $2 = ""; sub(/^0:[0-9]+$/, "0:N", $3); print "mount:" $0 }' "/proc/$inside/mountinfo" |
        sort
    tr '\0' '\n' <"/proc/$inside/environ" | grep -v -e '^_=' -e '^SHLVL=' | sort | cksum
}
# Who owns a namespace: the inode of the user namespace that NS_GET_USERNS (0xb701) answers with,
# ioctl_ns(2), as "the host" or "the container". It must be one of them.
ns_owner() {
    local owner
    owner=$(perl -e 'open(my $ns, "<", $ARGV[0]) or die; my $fd = ioctl($ns, 0xb701, 0) or die "$!";
        print readlink("/proc/self/fd/" . int($fd))' "/proc/$inside/ns/$1" | tr -dc 0-9)
    case $owner in
    "$(ns_inode $$ user)") echo 'the host' ;;
    "$(ns_inode "$inside" user)") echo 'the container' ;;
    *) echo "unknown: $owner" ;;
    esac
}
pids_inside() {
    readlink /proc/[0-9]*/ns/pid 2>/dev/null | grep -cxF "$(readlink "/proc/$inside/ns/pid")"
}
finish() {
    kill -9 "$inside"
    wait "$job" || :
    assert_host_unchanged "$BEFORE"
}
both_states() {
    build_and_wait "$(pipeline 'sleep 7777')"
    kernel_state >"$BATS_TEST_TMPDIR/pipeline"
    finish
    build_and_wait "$(chain 'sleep 7777')"
    kernel_state >"$BATS_TEST_TMPDIR/chain"
    finish
    # What must differ (DESIGN, section 2): PID 1, parents, PID 1's cgroup. And stdin: after a record
    # it is the terminal or /dev/null, in the exec chain it is the caller's.
    diff "$BATS_TEST_TMPDIR/pipeline" "$BATS_TEST_TMPDIR/chain"
}

@test "the full container: pipeline and exec chain leave the same kernel state" {
    both_states
    # ... and it is a state worth comparing:
    cat "$BATS_TEST_TMPDIR/chain"
    grep -q '^mnt: its own' "$BATS_TEST_TMPDIR/chain"
    grep -q '^user: its own' "$BATS_TEST_TMPDIR/chain"
    refute grep -q 'owner unknown' "$BATS_TEST_TMPDIR/chain"
    grep -q '^CapBnd: 0*$' "$BATS_TEST_TMPDIR/chain"
    grep -q '^fds: 0 1 2$' "$BATS_TEST_TMPDIR/chain"
    grep -q '^processes inside: 2$' "$BATS_TEST_TMPDIR/chain"
    grep -q '^mount:.* /proc ' "$BATS_TEST_TMPDIR/chain"
}
@test "the same with --dev, and some capabilities kept" {
    EXTRA_02=--dev CAPS='--keep net_bind_service,kill --no-new-privs'
    both_states
    grep -q '^NoNewPrivs: 1$' "$BATS_TEST_TMPDIR/chain"
    grep -q '^mount:.* /dev/pts ' "$BATS_TEST_TMPDIR/chain"
}
@test "control: another container is seen as another state" {
    build_and_wait "$(pipeline 'sleep 7777')"
    kernel_state >"$BATS_TEST_TMPDIR/one"
    finish
    CAPS='--drop chown'
    build_and_wait "$(chain 'sleep 7777')"
    kernel_state >"$BATS_TEST_TMPDIR/other"
    finish
    refute diff "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/other"
}
