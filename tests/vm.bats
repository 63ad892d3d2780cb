#!/usr/bin/env bats
# The virtual machine's runner, with a QEMU that only pretends: whatever is not a whole run of all
# tests must be a failure.
load helper

# vm SCRIPT ARG ...: tests/vm with ARGs; SCRIPT plays QEMU. Its stdout is the terminal of the guest,
# $console and $status are the files of the other serial lines.
vm() {
    local script=$1 dir=$BATS_TEST_TMPDIR/vm
    shift
    command -v busybox >/dev/null && ! ldd "$(command -v busybox)" 2>/dev/null | grep -q '=>' ||
        skip 'needs a static busybox (apt-get install busybox-static)'
    mkdir -p "$dir/bin" "$dir/boot" "$dir/lib/modules/9.9.9-x" "$dir/build/rootfs" "$dir/build/lib" # small: to be quick
    touch "$dir/boot/vmlinuz-9.9.9-x" "$dir/build/01-none"
    cat >"$dir/bin/qemu-system-x86_64" <<-END
		#!/bin/bash
		for word; do
		    case \$word in
		    file,id=console,path=*) console=\${word##*=} ;;
		    file,id=status,path=*) status=\${word##*=} ;;
		    esac
		done
		echo 'the last words of the kernel' >"\$console"
		$script
	END
    chmod +x "$dir/bin/qemu-system-x86_64"
    kernel=$dir/boot/vmlinuz-9.9.9-x
    PATH=$dir/bin:$PATH BUILD=$dir/build NSTEPS_CACHE=$dir/cache run_split tests/vm "$@" </dev/null
}
last_line() { tail -n 1 <<<"$out"; }
is_failure() { # REASON
    [ "$status" = 1 ]
    [ "$(last_line)" = '0 passed, 1 failed, 0 skipped' ]
    [[ $err == *"FAILED: "*"$1"*'the last words of the kernel'* ]]
}

@test "a guest whose tests all pass: its summary, and status 0" {
    vm 'echo "5 passed, 0 failed, 2 skipped"; echo 0 >"$status"' test "$BATS_TEST_TMPDIR/vm/boot/vmlinuz-9.9.9-x"
    [ "$status" = 0 ]
    [ "$(last_line)" = '5 passed, 0 failed, 2 skipped' ]
    grep -qx '9.9.9-x: 5 passed, 0 failed, 2 skipped' <<<"$out"
}
@test "two guests: the sum, and one failure is enough" {
    kernel=$BATS_TEST_TMPDIR/vm/boot/vmlinuz-9.9.9-x
    vm 'if mkdir "$0.first"; then echo "5 passed, 0 failed, 2 skipped"; echo 0 >"$status"
        else echo "4 passed, 1 failed, 0 skipped"; echo 1 >"$status"; fi' test "$kernel" "$kernel"
    [ "$status" = 1 ]
    [ "$(last_line)" = '9 passed, 1 failed, 2 skipped' ]
}
@test "a guest that says nothing more: a failure, with the last lines of its console" {
    vm 'echo "5 passed, 0 failed, 2 skipped"' test "$BATS_TEST_TMPDIR/vm/boot/vmlinuz-9.9.9-x"
    is_failure 'the guest has died'
}
@test "a status without a summary is a failure" {
    vm 'echo "ok 1"; echo 0 >"$status"' test "$BATS_TEST_TMPDIR/vm/boot/vmlinuz-9.9.9-x"
    is_failure 'no summary'
}
@test "a summary without failures, but another status: a failure" {
    vm 'echo "5 passed, 0 failed, 0 skipped"; echo 2 >"$status"' test "$BATS_TEST_TMPDIR/vm/boot/vmlinuz-9.9.9-x"
    is_failure 'exit status is 2'
}
@test "no test at all is a failure" {
    vm 'echo "0 passed, 0 failed, 9 skipped"; echo 0 >"$status"' test "$BATS_TEST_TMPDIR/vm/boot/vmlinuz-9.9.9-x"
    [ "$status" = 1 ]
}
@test "a guest that hangs is stopped, and is a failure" {
    export VM_TIMEOUT=1
    vm 'exec sleep 7777' test "$BATS_TEST_TMPDIR/vm/boot/vmlinuz-9.9.9-x"
    is_failure 'no end after 1 seconds'
}
@test "a QEMU that is killed is a failure, whatever it has said before" {
    vm 'echo "5 passed, 0 failed, 0 skipped"; echo 0 >"$status"; kill -9 $$' \
        test "$BATS_TEST_TMPDIR/vm/boot/vmlinuz-9.9.9-x"
    is_failure 'killed'
}
@test "a QEMU that fails is a failure" {
    vm 'echo "no such accelerator" >&2; exit 1' test "$BATS_TEST_TMPDIR/vm/boot/vmlinuz-9.9.9-x"
    is_failure 'QEMU has ended with status 1'
    grep -q 'no such accelerator' <<<"$out"
}

@test "a kernel that is not there, or has no modules: said so, 125" {
    vm true test "$BATS_TEST_TMPDIR/vmlinuz-1"
    [[ $status:$err == 125:*"there is no kernel $BATS_TEST_TMPDIR/vmlinuz-1"* ]]
    : >"$BATS_TEST_TMPDIR/vmlinuz-1"
    vm true test "$BATS_TEST_TMPDIR/vmlinuz-1"
    [[ $status:$err == 125:*'no modules of '* ]]
}
@test "a kernel by a name that is none: said so, 125" {
    vm true test 4.19
    [[ $status:$err == 125:*'KERNEL is 5.10, 6.1, 6.12 or a path'* ]]
}
@test "without QEMU: what to install, 125" {
    mkdir "$BATS_TEST_TMPDIR/bin"
    for name in bash sh dirname mktemp rm uname cat sed id; do
        ln -s "$(command -v $name)" "$BATS_TEST_TMPDIR/bin/"
    done
    run_split env PATH="$BATS_TEST_TMPDIR/bin" VM_PATH= bash tests/vm run 6.1 true
    [[ $status:$err == 125:*'apt-get install qemu-system-x86'* ]]
}
@test "without a network: said so, 125, and nothing half-done is taken for a kernel" {
    for name in apt-get dpkg-deb flock; do needs_tool $name; done
    [ -r /usr/share/keyrings/debian-archive-keyring.gpg ] || skip 'needs debian-archive-keyring'
    MIRROR=file:///nowhere/debian vm true test 6.1
    [[ $status:$err == 125:*'is the network there?'* ]]
    [ ! -e "$BATS_TEST_TMPDIR/vm/cache/bookworm-amd64" ]
}
@test "a shell needs a terminal: said so, 125" {
    vm true shell
    [[ $status:$err == 125:*'needs a terminal'* ]]
}
