#!/usr/bin/env bats
# 04-pivot_root beside pivot_root(8), mount(8) and umount(8).
load helper
load oracle

# pivots OPTIONS NEWROOT THEIRS: in a mount namespace that an ordinary tool has made; and after a record. umount(8)
# needs a /proc: so one is in NEWROOT from the start.
pivots() {
    export INNER=$3
    START=(unshare --mount bash -c 'mount --rbind /proc "$1/proc" && shift && exec "$@"' bash "$ROOT" "${START[@]}")
    oracle "$1" "unshare --mount bash -c \"\$INNER\"" \
        chain "unshare --mount 04-pivot_root $1 $2 -- looked" \
        join "01-unshare --mount | 04-pivot_root - $1 $2 -- looked" \
        join+3 "01-unshare --mount | 03-chroot - $2 | 04-pivot_root - $1 -- looked" \
        join+6 "01-unshare --mount | 03-chroot - $2 | 04-pivot_root - $1 | 06-nsenter - -- looked"
}
@test "NEWROOT, and after 03-chroot" {
    needs_root_copy
    pivots '' "$ROOT" "mount --rbind $ROOT $ROOT && cd $ROOT && pivot_root . . && umount -l . && cd / && exec looked"
}
@test "NEWROOT, a relative path" {
    needs_root_copy
    pivots '' ../root "mount --rbind $ROOT $ROOT && cd $ROOT && pivot_root . . && umount -l . && cd / && exec looked"
}
@test "NEWROOT with mounts below it" {
    needs_root_copy
    START=(bash -c 'mount --rbind /usr "$1/mnt" && mount -t tmpfs none "$1/tmp" && shift && exec "$@"' bash "$ROOT")
    pivots '' "$ROOT" "mount --rbind $ROOT $ROOT && cd $ROOT && pivot_root . . && umount -l . && cd / && exec looked"
    grep -q '^all mounts /mnt: ' "$BATS_TEST_TMPDIR/theirs"
}
@test "--put-old" {
    needs_root_copy
    pivots '--put-old old' "$ROOT" "mount --rbind $ROOT $ROOT && cd $ROOT && pivot_root . old && cd / && exec looked"
    grep -q '^all mounts /old: ' "$BATS_TEST_TMPDIR/theirs"
}
@test "on a terminal" {
    needs_root_copy
    TERMINAL=1
    pivots '' "$ROOT" "mount --rbind $ROOT $ROOT && cd $ROOT && pivot_root . . && umount -l . && cd / && exec looked"
}
@test "every option has been compared" { all_compared; }
