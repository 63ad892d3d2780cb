#!/usr/bin/env bats
# fix-jail: out of a chroot, and then a jail from which the same way does not lead out.
load helper

# The place for each test: a mount namespace in which all mounts are shared, as on most machines. A process in it,
# $outer, waits; what is to be tried is run there by `there COMMAND ...`. $secret is a file outside of the jail; in the
# jail is another one with the same path, with "inside" in it.
make_place() {
    local first=(unshare)
    [ "$EUID" = 0 ] || first=(07-userns-map -- unshare)
    nonce=outside-$RANDOM$RANDOM
    secret=$PUBLIC/secret-$RANDOM
    echo "$nonce" >"$secret"
    mkdir -p "$ROOTFS$PUBLIC"
    echo inside >"$ROOTFS$secret"
    # shellcheck disable=SC2016
    "${first[@]}" --mount --propagation private sh -c 'mount --make-rshared / && : >"$1" && exec sleep 7779' sh \
        "$BATS_TEST_TMPDIR/place" >/dev/null 2>&1 </dev/null 3>&- 4>&- &
    outer=$!
    HELD+=("$outer")
    wait_until test -e "$BATS_TEST_TMPDIR/place"
    cat "/proc/$outer/mountinfo" >"$BATS_TEST_TMPDIR/before"
}
there() {
    status=0
    timeout -k 1 5 06-nsenter --target "$outer" -- "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" </dev/null || status=$?
    sed -n 's/^fix-jail: /it said: &/p' "$BATS_TEST_TMPDIR/err" | tail -n 2
    [ "$status" != 124 ] || echo 'it does not end'
}
# What has it read? the_read WHO
the_read() {
    local what=nothing
    ! grep -q inside "$BATS_TEST_TMPDIR/out" || what='the file inside'
    ! grep -q "$nonce" "$BATS_TEST_TMPDIR/out" || what='the secret'
    echo "$1, has read: $what" | tee "$BATS_TEST_TMPDIR/read"
}
is_read() { grep -q "read: $1\$" "$BATS_TEST_TMPDIR/read"; }
# jailed: a command sleeps in the student's jail; its pid is $pid.
jailed() {
    number=77$RANDOM
    06-nsenter --target "$outer" -- fix-jail jail "$ROOTFS" sleep "$number" >/dev/null 2>"$BATS_TEST_TMPDIR/err" </dev/null 3>&- 4>&- &
    jail=$!
    HELD+=("$jail")
    wait_until sleeps_or_gone
    sed -n 's/^fix-jail: /it said: &/p' "$BATS_TEST_TMPDIR/err" | tail -n 2
    [ -n "$pid" ] || { echo 'the command does not run in your jail'; return 1; }
}
sleeps_or_gone() { pid=$(pgrep -f "^sleep $number\$") || is_gone "$jail"; }
same_directory() { [ "$(stat -L -c %d:%i "$1")" = "$(stat -L -c %d:%i "$2")" ]; }
outer_is_as_before() {
    cmp "$BATS_TEST_TMPDIR/before" "/proc/$outer/mountinfo" && same_directory "/proc/$outer/root/." / && return
    echo 'outside: the mounts are not as before'
    return 1
}

@test "part 1: the escape reads a file outside of a chroot" {
    make_place
    there 03-chroot "$ROOTFS" -- fix-jail escape "$secret"
    the_read 'your escape, in a chroot'
    is_read 'the secret'
}

@test "part 2: the same escape fails in the jail" {
    make_place
    there 03-chroot "$ROOTFS" -- fix-jail escape "$secret"
    the_read 'your escape, in a chroot'
    is_read 'the secret'
    there fix-jail jail "$ROOTFS" fix-jail escape "$secret"
    the_read 'your escape, in your jail'
    refute is_read 'the secret'
}

@test "part 2: so does the one of chapter 03" {
    local up=../../../../../../../../../../../..
    make_place
    there 03-chroot "$ROOTFS" -- nsenter --root=/bin --wd=/ /03-chroot $up -- cat "$secret"
    the_read 'the way of chapter 03, in a chroot'
    is_read 'the secret'
    there fix-jail jail "$ROOTFS" cat "$secret"
    the_read 'cat, in your jail'
    is_read 'the file inside'
    there fix-jail jail "$ROOTFS" nsenter --root=/bin --wd=/ /03-chroot $up -- cat "$secret"
    the_read 'the way of chapter 03, in your jail'
    refute is_read 'the secret'
}

@test "part 2: the jail is the root of a mount namespace, and the old root is nowhere in it" {
    make_place
    jailed
    same_directory "/proc/$pid/root/." "$ROOTFS" || { echo 'its / is not NEWROOT'; false; }
    same_directory "/proc/$pid/cwd/." "$ROOTFS" || { echo 'its working directory is not /'; false; }
    [ "$(ns_inode "$pid" mnt)" != "$(ns_inode "$outer" mnt)" ] || { echo 'the jail is in the outer mount namespace'; false; }
    awk '$5 == "/"' "/proc/$pid/mountinfo" | grep -q . || { echo 'in the jail: / is no mount'; false; }
    old=$(awk 'NR == FNR { if ($5 == "/") key = $3 " " $4; next } $3 " " $4 == key { print $5 }' \
        "$BATS_TEST_TMPDIR/before" "/proc/$pid/mountinfo")
    [ -z "$old" ] || { echo "in the jail: the old root is mounted on $old"; false; }
}

@test "part 2: the command is still root, with all capabilities" {
    make_place
    jailed
    echo "capabilities in the jail: $(status_field "$pid" CapEff) of $(status_field "$outer" CapEff)"
    [ "$(status_field "$pid" CapEff)" = "$(status_field "$outer" CapEff)" ] || { echo 'it has lost some'; false; }
    [ "$(status_field "$pid" Uid)" = "$(status_field "$outer" Uid)" ]
}

@test "part 2: outside the mounts are as before, and the exit status comes out" {
    make_place
    jailed
    outer_is_as_before
    kill "$pid"
    wait_until is_gone "$jail"
    outer_is_as_before
    wanted=$((RANDOM % 90 + 10))
    there fix-jail jail "$ROOTFS" sh -c "exit $wanted"
    echo "the exit status is $status, the command's was $wanted"
    [ "$status" = "$wanted" ]
    outer_is_as_before
}
