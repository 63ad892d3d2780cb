#!/usr/bin/env bats
# The steps of the capstones (the reference solutions in tests/labs) among the eight others: the whole container, with
# a layer of its own and a filter.
# shellcheck disable=SC2154 # out: set by the helper
load helper

# needs_capstones: builds them, once a file. (From the sources: the objects of a build with sanitizers cannot be
# linked statically.)
needs_capstones() {
    local lab file
    needs_tool gcc
    [ "$EUID" = 0 ] || [ "$(printf '%s\n' 5.11 "$(uname -r)" | sort -V | head -n 1)" = 5.11 ] ||
        skip 'an overlay in a user namespace needs Linux 5.11'
    ! as_root unshare --mount mount -t overlay none "$BATS_TEST_TMPDIR" 2>&1 | grep -q 'unknown filesystem' ||
        skip 'this kernel has no overlayfs'
    [ ! -x "$PUBLIC/11-overlay" ] || return 0
    mkdir "$PUBLIC/lib"
    for file in lib/*.c; do
        gcc -D_GNU_SOURCE -c -o "$PUBLIC/$file.o" "$file"
    done
    for lab in 10-seccomp 11-overlay; do
        gcc -D_GNU_SOURCE -static -I steps -o "$PUBLIC/$lab" "tests/labs/$lab.c" "$PUBLIC"/lib/*.o
    done
}
# with_capstones pipeline|chain SED: such a line; SED puts 11 where it belongs. COMMAND may write to /tmp.
with_capstones() {
    nonce=n$RANDOM$RANDOM layer=$BATS_TEST_TMPDIR/layer
    # In the chain 10-seccomp is looked up in the new root: the layer brings it along.
    mkdir -p "$layer/upper/usr/bin"
    cp "$PUBLIC/10-seccomp" "$layer/upper/usr/bin/"
    before=$(find "$ROOTFS" -xdev -printf '%p %m %s %T@\n' | sort)
    # shellcheck disable=SC2016
    script='echo $0 >/tmp/$0; cat /tmp/$0; grep -E "^(CapEff|Seccomp|NoNewPrivs):" /proc/self/status; unshare --user echo made'
    run_split timeout 60 bash -c "$("$1" "sh -c '$script' $nonce" | sed "$2")"
    chmod -R u+rwX "$layer" # what the kernel has in "work" nobody else may enter
    [ "$out" = "$(printf '%s\n' "$nonce" 'CapEff:	0000000000000000' 'NoNewPrivs:	1' 'Seccomp:	2')" ]
    grep -q 'unshare failed: Operation not permitted' <<<"$err"
    [ "$(cat "$layer/upper/tmp/$nonce")" = "$nonce" ]
    [ ! -e "$ROOTFS/tmp/$nonce" ]
    [ "$before" = "$(find "$ROOTFS" -xdev -printf '%p %m %s %T@\n' | sort)" ]
}

@test "the pipeline with 10-seccomp and 11-overlay" {
    needs_capstones
    CGROUP=$NAME CAPS='--drop all | 10-seccomp - unshare'
    with_capstones pipeline "s,| 02-,| 11-overlay - $ROOTFS $BATS_TEST_TMPDIR/layer | 02-,"
}
@test "the chain with 10-seccomp and 11-overlay" {
    needs_capstones
    CGROUP=$NAME CAPS='--drop all -- 10-seccomp unshare'
    with_capstones chain "s,-- 02-,-- 11-overlay $ROOTFS $BATS_TEST_TMPDIR/layer -- 02-,"
}
