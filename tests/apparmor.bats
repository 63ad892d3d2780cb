#!/usr/bin/env bats
# AppArmor can deny user namespaces to one program, or (Ubuntu since 23.10) to all that have no
# profile. Here one such denial is real: by a profile that allows everything else. Linux 6.7 has it.
# shellcheck disable=SC2154 # out, err: set by the helper
load helper

# The parser: this machine's, or the one that tests/vm has brought, which has a libc of its own.
parser() {
    local dir=/run/vm/apparmor loader
    if [ -d "$dir" ]; then
        loader=$(echo "$dir"/libc6/usr/lib*/ld-linux-*)
        "$loader" --library-path "$(echo "$dir"/libc6/usr/lib/*-linux-gnu)" \
            "$dir/apparmor/usr/sbin/apparmor_parser" --base "$dir/apparmor/etc/apparmor.d" "$@" 2>"$BATS_TEST_TMPDIR/parser"
    else
        apparmor_parser "$@"
    fi
}
profile() { # RULE
    printf '%s\n' 'abi <abi/4.0>,' 'profile nsteps-test {' \
        '  file, capability, network, mount, umount, pivot_root, signal, ptrace, unix,' "  $1," '}'
}
needs_apparmor() {
    needs_root
    [ -e /sys/kernel/security/apparmor/.load ] || skip 'this kernel has no AppArmor, or not enabled'
    grep -qsw userns_create /sys/kernel/security/apparmor/features/namespaces/mask ||
        skip 'this AppArmor knows no user namespaces (Linux 6.7)'
    [ -d /run/vm/apparmor ] || needs_tool apparmor_parser apparmor
}
# confined RULE COMMAND ...: under a profile with that rule.
confined() {
    local rule=$1
    shift
    profile "$rule" >"$BATS_TEST_TMPDIR/profile"
    parser --replace --skip-cache "$BATS_TEST_TMPDIR/profile"
    # shellcheck disable=SC2016
    run_split sh -c 'echo "exec nsteps-test" >/proc/self/attr/exec && exec "$@"' sh "$@"
    parser --remove "$BATS_TEST_TMPDIR/profile"
}

@test "a profile that denies userns: 01-unshare --user fails with EACCES, 125" {
    needs_apparmor
    confined 'deny userns' 01-unshare --user -- echo made
    echo "$err"
    [ "$status" = 125 ] && [ -z "$out" ]
    [[ $err == *'unshare(CLONE_NEWUSER): '*'(EACCES)'* ]]
}
@test "a profile that denies userns: the other namespaces are root's as before" {
    needs_apparmor
    confined 'deny userns' 01-unshare --uts --net -- cat /proc/self/attr/current
    [ "$status" = 0 ]
    [[ $out == 'nsteps-test (enforce)' ]]
}
@test "a profile that denies userns: 07-userns-map, 125" {
    needs_apparmor
    confined 'deny userns' 07-userns-map -- echo made
    echo "$err"
    [ "$status" = 125 ] && [ -z "$out" ]
}
@test "control: a profile that allows userns" {
    needs_apparmor
    confined 'userns' 01-unshare --user -- echo made
    [ "$status:$out" = 0:made ]
}
