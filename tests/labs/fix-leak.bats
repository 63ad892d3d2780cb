#!/usr/bin/env bats
# fix-leak: three mounts that nobody outside sees.
load helper

# The outer mount namespace is made for each test, and in it every mount is shared, as on most machines: the host's
# own may be private, and there nothing could leak. Its root is build/rootfs, with a mount at /mnt/NONCE/sub, so that
# of the three directories one is on a submount. look STATUS [THIRD-DIR]: runs it there with a command that ends
# with STATUS, and leaves the mountinfo of both in the files BEFORE, INNER, DURING and AFTER.
look() {
    local dir=$BATS_TEST_TMPDIR
    nonce=$RANDOM$RANDOM
    # shellcheck disable=SC2016
    as_root 01-unshare --mount --pid -- 02-mountproc "$ROOTFS" -- 04-pivot_root "$ROOTFS" -- bash -c '
        base=/mnt/$1 status=$2 third=$3
        mkdir -p $base/one $base/two $base/sub
        mount --make-rshared /
        mount -t tmpfs sub $base/sub && mkdir $base/sub/three
        echo "BEFORE $(readlink /proc/self/ns/mnt)"
        cat /proc/self/mountinfo
        fix-leak $base/one $base/two $base/$third bash -c "
            echo \"INNER \$(readlink /proc/self/ns/mnt)\" >$base/inner
            cat /proc/self/mountinfo >>$base/inner
            : >$base/ready
            for i in {1..100}; do [ ! -e $base/go ] || break; sleep 0.02; done
            exit $status" &
        for i in {1..100}; do [ ! -e $base/ready ] && kill -0 $! 2>/dev/null || break; sleep 0.02; done
        echo DURING
        cat /proc/self/mountinfo
        : >$base/go
        for i in {1..100}; do kill -0 $! 2>/dev/null || break; sleep 0.02; done
        kill -9 $! 2>/dev/null && echo HANGS
        wait $!
        echo "STATUS $?"
        echo AFTER
        cat /proc/self/mountinfo
        cat $base/inner 2>/dev/null' bash "$nonce" "$1" "${2-sub/three}" >"$dir/all" 2>"$dir/messages" ||
        true
    local part
    for part in BEFORE INNER DURING AFTER; do
        awk -v part="$part" '/^[A-Z]+/ { on = $1 == part; next } on' "$dir/all" >"$dir/$part"
    done
    describe | tee "$dir/facts"
    sed -n 's/^fix-leak: /it said: &/p' "$dir/messages" | tail -n 3
}
# The mounts of the program in such a file: one two three
seen() { sed -nE "s,^[^ ]+ [^ ]+ [^ ]+ [^ ]+ /mnt/$nonce/(sub/)?(one|two|three) .* - tmpfs .*,\2,p" "$BATS_TEST_TMPDIR/$1" | sort | paste -sd ' '; }
shared_inside() { grep -cE " /mnt/$nonce/(sub/)?(one|two|three) .*shared:" "$BATS_TEST_TMPDIR/INNER"; }
namespace() { sed -n "s/^$1 //p" "$BATS_TEST_TMPDIR/all"; }
describe() {
    local is=
    [ "$(namespace INNER)" != "$(namespace BEFORE)" ] || is=' (the outer namespace)'
    echo "inside$is: $(seen INNER); shared: $(shared_inside); outside meanwhile: $(seen DURING); afterwards: $(seen AFTER)."
    if diff -q <(propagation BEFORE) <(propagation AFTER) >/dev/null; then
        echo 'propagation of the outer mounts: as before'
    else
        echo 'propagation of the outer mounts: changed'
    fi
    sed -n 's/^STATUS /it ended with status /p; s/^HANGS/it does not end/p' "$BATS_TEST_TMPDIR/all"
}
# mount point and propagation of the mounts that were there before
propagation() { awk 'NR == FNR { was[$1]; next } $1 in was { sub(/ - .*/, ""); $6 = ""; print }' "$BATS_TEST_TMPDIR/BEFORE" "$BATS_TEST_TMPDIR/$1"; }

@test "the command finds three tmpfs, in a mount namespace of its own" {
    look 0
    [ "$(seen INNER)" = 'one three two' ]
    [ "$(namespace INNER)" != "$(namespace BEFORE)" ]
}

@test "the two mounts below / are not seen outside" {
    look 0
    [ "$(seen INNER)" = 'one three two' ]
    refute grep -qE 'one|two' <<<"$(seen DURING)"
}

@test "the mount on a submount is not seen outside" {
    look 0
    [ "$(seen INNER)" = 'one three two' ]
    refute grep -q three <<<"$(seen DURING)"
}

@test "the outer mountinfo is as before, while it runs and afterwards" {
    look 0
    [ "$(seen INNER)" = 'one three two' ]
    cmp "$BATS_TEST_TMPDIR/BEFORE" "$BATS_TEST_TMPDIR/DURING"
    cmp "$BATS_TEST_TMPDIR/BEFORE" "$BATS_TEST_TMPDIR/AFTER"
}

@test "the exit status comes out, and without a directory there is no command" {
    status=$((RANDOM % 90 + 10))
    look "$status"
    grep -qx "it ended with status $status" "$BATS_TEST_TMPDIR/facts"
    [ "$(seen INNER)" = 'one three two' ]
    look 0 sub/nowhere
    refute grep -qx "it ended with status 0" "$BATS_TEST_TMPDIR/facts"
    [ -z "$(namespace INNER)" ]
}
