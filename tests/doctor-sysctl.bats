#!/usr/bin/env bats
# make doctor, where a sysctl is in the way that is the whole machine's: in a virtual machine.
# alone: what runs at the same time would meet it, too
# shellcheck disable=SC2154,SC2016
load helper
load doctor

# with VALUE FILE: an ordinary user examines while the sysctl has that value.
with() {
    needs_root
    [ -d /run/vm ] || skip 'changes a sysctl of the whole machine: make test-vm'
    [ -e "$2" ] || skip "this kernel has no $2"
    local before
    before=$(cat "$2")
    echo "$1" >"$2"
    export DEMO=1 STEP='07-userns-map -- true'
    let_somebody_examine : || :
    echo "$before" >"$2"
    read_result
}

@test "max_user_namespaces is 0 for an ordinary user: what root needs none for works as root only" {
    with 0 /proc/sys/user/max_user_namespaces
    [ "$status" = 1 ]
    [ "$(verdict_of 01-unshare):$(verdict_of 07-userns-map):$(verdict_of 09)" = 'works as root only:not here:not here' ]
    [ -n "$step" ] && [[ $(text_of 'user namespace') == "refused, because $step"* ]]
}
@test "kernel.unprivileged_userns_clone is 0: works as root only" {
    with 0 /proc/sys/kernel/unprivileged_userns_clone
    [ "$status" = 1 ]
    [[ $(text_of 'user namespace') == "refused, because $step"*'may be in the way: kernel.unprivileged_userns_clone is 0 (root may)' ]]
    [ "$(verdict_of 01-unshare):$(verdict_of 07-userns-map):$(verdict_of 09)" = \
        'works as root only:works as root only:works as root only' ]
}
@test "near: both as they should be" {
    with 1 /proc/sys/kernel/unprivileged_userns_clone
    [ "$status:$(verdict_of 01-unshare):$(verdict_of 07-userns-map)" = 0:works:works ]
}
@test "dev.tty.legacy_tiocsti is 0, is 1" {
    with 0 /proc/sys/dev/tty/legacy_tiocsti
    [[ $(text_of terminal) == *'takes CAP_SYS_ADMIN: dev.tty.legacy_tiocsti is 0' ]]
    with 1 /proc/sys/dev/tty/legacy_tiocsti
    [[ $(text_of terminal) == 'what runs inside can type into it (TIOCSTI): dev.tty.legacy_tiocsti is 1' ]]
}
