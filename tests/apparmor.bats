#!/usr/bin/env bats
# AppArmor can deny user namespaces to one program, or (Ubuntu since 23.10) to all that have no
# profile. Here one such denial is real: by a profile that allows everything else. Linux 6.7 has it.
# shellcheck disable=SC2154 # out, err: set by the helper
load helper

@test "a profile that denies userns: 01-unshare --user fails with EACCES, 125" {
    needs_apparmor
    confined 'deny userns' 01-unshare --user -- echo made
    echo "$err"
    [ "$status" = 125 ] && [ -z "$out" ]
    [[ $err == *'unshare(CLONE_NEWUSER): '*'(EACCES)'*because:*"AppArmor's profile nsteps-test (enforce)"* ]]
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
    [[ $err == *"because: AppArmor's profile nsteps-test (enforce) confines this process and denies user namespaces"* ]]
}
@test "control: a profile that allows userns" {
    needs_apparmor
    confined 'userns' 01-unshare --user -- echo made
    [ "$status:$out" = 0:made ]
}
