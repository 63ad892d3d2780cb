#!/usr/bin/env bats
# 10-seccomp, a student's: each test is a criterion of tutorial/labs/10-seccomp.md. The calls are made by their
# numbers (try-call.c), and which ones is drawn anew.
# shellcheck disable=SC2154 # out, err: set by the helper
load helper

# needs_calls NUMBER: sets calls, so many that work here, at random, and try-call is in PATH.
needs_calls() {
    needs_tool gcc
    [ -x "$PUBLIC/try-call" ] || gcc -O2 -static -D_GNU_SOURCE -o "$PUBLIC/try-call" tests/labs/try-call.c
    mapfile -t calls < <(try-call add_key keyctl linkat mkdirat mknodat setns symlinkat unlinkat unshare |
        awk '$2 != 1 { print $1 }' | shuf -n "$1")
    [ "${#calls[@]}" = "$1" ] || skip 'here some of these calls are refused already'
    list=$(IFS=, && echo "${calls[*]}")
}
# messages: what went wrong, out of $err, without the reports of the steps.
messages() { grep -A 2 '^[^ ]*: ' <<<"$err" | tail -n 6; }
# are ERRNO: each call that was tried must have ended so: "mkdirat 1" is EPERM.
are() {
    local call wanted=''
    for call in "${calls[@]}"; do wanted+="${wanted:+$'\n'}$call $1"; done
    [ "$out" = "$wanted" ] && return
    printf '%s\n' "named: $list" "wanted (1 is EPERM):" "$wanted" "came (exit status $status):" "$out" "$(messages)"
    return 1
}

@test "a call that is named fails with EPERM in COMMAND" {
    needs_calls 1
    run_split 10-seccomp "$list" -- try-call "$list"
    are 1
}
@test "each call of a list does" {
    needs_calls 4
    run_split 10-seccomp "$list" -- try-call "${calls[@]}"
    are 1
}
@test "in a process that COMMAND starts, too" {
    needs_calls 2
    run_split 10-seccomp "$list" -- sh -c 'sh -c "try-call $*; true"; true' sh "${calls[@]}"
    are 1
}
@test "all other calls work as before" {
    needs_calls 9
    others=("${calls[@]:2}")
    before=$(try-call "${others[@]}" getppid)
    list=${calls[0]},${calls[1]}
    run_split 10-seccomp "$list" -- try-call "${others[@]}" getppid
    [ "$out" = "$before" ] || { diff <(echo "$before") <(echo "$out"); return 1; }
    run_split 10-seccomp "$list" -- sh -c 'exit 42'
    [ "$status" = 42 ] || { echo "the exit status of COMMAND is $status"; return 1; }
}
@test "the kernel shows a filter and no_new_privs, also to root of a user namespace" {
    for who in '' '07-userns-map --'; do
        before=$(awk '$1 == "Seccomp_filters:" { print $2 }' /proc/self/status)
        # shellcheck disable=SC2086
        run_split $who 10-seccomp keyctl -- awk '$1 == "NoNewPrivs:" || $1 ~ /^Seccomp/' /proc/self/status
        printf '%sthere is in /proc/PID/status:\n%s\n' "${who:+with $who }" "$out"
        grep -qx 'NoNewPrivs:	1' <<<"$out"
        grep -qx 'Seccomp:	2' <<<"$out"
        [ -z "$before" ] || grep -qx "Seccomp_filters:	$((before + 1))" <<<"$out" # Linux 5.9
    done
}
@test "the numbers of x32 are no way round" {
    [ "$(uname -m)" = x86_64 ] || skip 'x86-64 only'
    needs_calls 2
    run_split 10-seccomp "$list" -- try-call "${calls[@]/#/x32:}"
    grep -q x32: <<<"$out" || { echo "nothing came: $(messages)"; return 1; }
    # Without x32 in the kernel it is ENOSYS (38), but the filter is asked before that.
    ! grep -vE ' (1|killed)$' <<<"$out" || { echo "way round: x32"; return 1; }
}
@test "the calls of 32-bit programs are no way round" {
    [ "$(uname -m)" = x86_64 ] || skip 'x86-64 only'
    needs_calls 2
    ! try-call i386:mkdirat | grep -q absent || skip 'this kernel has no calls of 32-bit programs'
    run_split 10-seccomp "$list" -- try-call "${calls[@]/#/i386:}"
    grep -q i386: <<<"$out" || { echo "nothing came: $(messages)"; return 1; }
    ! grep -vE ' (1|killed)$' <<<"$out" || { echo "way round: i386"; return 1; }
}
@test "with - it goes on from a record, also when calls of joining are named" {
    needs_calls 1
    calls=(setns unshare) list=setns,unshare
    nonce=box$RANDOM
    run_split timeout 8 sh -c "01-unshare -u -m -p --user --hostname $nonce | 07-userns-map - | 10-seccomp - $list -- sh -c 'hostname; try-call setns unshare'"
    [ "$(head -n 1 <<<"$out")" = "$nonce" ] || { echo "not in the container: hostname is $(head -n 1 <<<"$out") and not $nonce"; messages; return 1; }
    out=$(tail -n +2 <<<"$out")
    are 1
}
# Inside there is another root: try-call is put into it (the check works on a copy of the tree).
inside() { # PIPELINE-OR-CHAIN
    cp "$PUBLIC/try-call" "$ROOTFS/usr/bin/"
    run_split timeout 9 bash -c "$("$1" "sh -c 'ls /etc/nsteps-rootfs; grep ^CapEff /proc/self/status; try-call ${calls[*]}'")"
    [ "$(head -n 2 <<<"$out")" = "/etc/nsteps-rootfs"$'\n'"CapEff:	0000000000000000" ] ||
        { printf '%s\n' "not in the container: $out" "$(messages)"; return 1; }
    out=$(tail -n +3 <<<"$out")
    are 1
}
@test "the whole pipeline ends with it" {
    needs_calls 2
    CAPS="--drop all | 10-seccomp - $list"
    inside pipeline
}
@test "the whole chain ends with it" {
    needs_calls 2
    CAPS="--drop all -- 10-seccomp $list"
    inside chain
}
