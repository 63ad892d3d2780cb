#!/usr/bin/env bats
# 03-chroot beside chroot(8).
load helper
load oracle

@test "NEWROOT" {
    needs_root_copy
    oracle NEWROOT "chroot $ROOT looked" chain "03-chroot $ROOT -- looked"
    oracle NEWROOT "unshare --mount chroot $ROOT looked" \
        join "01-unshare --mount | 03-chroot - $ROOT -- looked" \
        join+6 "01-unshare --mount | 03-chroot - $ROOT | 06-nsenter - -- looked"
}
@test "NEWROOT, a relative path" {
    needs_root_copy
    oracle NEWROOT "chroot ../root looked" chain "03-chroot ../root -- looked"
    oracle NEWROOT "unshare --mount chroot ../root looked" join "01-unshare --mount | 03-chroot - ../root -- looked"
}
@test "NEWROOT within NEWROOT" {
    needs_root_copy
    mkdir -p "$ROOT/mnt/usr"
    START=(unshare --mount bash -c 'mount --rbind "$1/usr" "$1/mnt/usr" && mount --rbind / "$1/old" && shift && exec "$@"' bash "$ROOT")
    oracle NEWROOT "chroot $ROOT chroot /old looked" chain "03-chroot $ROOT -- 03-chroot /old -- looked"
}
@test "NEWROOT is /" {
    oracle NEWROOT 'chroot / looked' chain '03-chroot / -- looked'
}
@test "on a terminal" {
    needs_root_copy
    START=(unshare --mount bash -c 'mount --rbind /dev "$1/dev" && shift && exec "$@"' bash "$ROOT") # or there is no /dev/tty
    TERMINAL=1
    oracle NEWROOT "unshare --mount chroot $ROOT looked" \
        join "01-unshare --mount | 03-chroot - $ROOT -- looked" \
        join+6 "01-unshare --mount | 03-chroot - $ROOT | 06-nsenter - -- looked"
}
@test "every option has been compared" { all_compared; }
