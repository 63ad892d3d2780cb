#!/usr/bin/env bats
# 02-mountproc beside mount(8), mknod(1), ln(1).
load helper
load oracle

# mounts OPTIONS ROOT THEIRS: in a pid namespace that an ordinary tool has made; and after a record, where 01 has made it.
mounts() {
    START=(unshare --mount --pid --net --fork --mount-proc)
    oracle "${1:-default}" "$3 && exec looked" chain "02-mountproc $1 $2 -- looked"
    START=()
    export INNER="$3 && exec looked"
    oracle "${1:-default}" "unshare --mount --pid --net --fork --kill-child bash -c \"\$INNER\"" \
        forks+join "01-unshare -m -p -n | 02-mountproc - $1 $2 -- looked" \
        forks+join+6 "01-unshare -m -p -n | 02-mountproc - $1 $2 | 06-nsenter - -- looked"
}
proc='mount -t proc -o nosuid,nodev,noexec proc'
sys='mount -t sysfs -o ro,nosuid,nodev,noexec sysfs'

@test "without ROOT, on /proc" { mounts '' '' "$proc /proc"; }
@test "ROOT" {
    needs_root_copy
    mounts '' "$ROOT" "$proc $ROOT/proc"
}
@test "ROOT, as a relative path" {
    needs_root_copy
    mounts '' ../root "$proc ../root/proc"
}
@test "--sys" {
    needs_root_copy
    mounts --sys "$ROOT" "$sys $ROOT/sys && $proc $ROOT/proc"
}
# The files in the new /dev are compared, too.
@test "--dev" {
    needs_root_copy
    LOOK=(-t "$ROOT/dev")
    dev=$ROOT/dev
    if [ "$EUID" = 0 ]; then
        nodes="mknod -m 666 $dev/null c 1 3 && mknod -m 666 $dev/zero c 1 5 && mknod -m 666 $dev/full c 1 7 &&
            mknod -m 666 $dev/random c 1 8 && mknod -m 666 $dev/urandom c 1 9 && mknod -m 666 $dev/tty c 5 0"
        gid=,gid=5
    else
        nodes="cd $dev && touch null zero full random urandom tty &&
            for i in null zero full random urandom tty; do mount --bind /dev/\$i $dev/\$i; done && cd - >&2"
        gid=
    fi
    mounts --dev "$ROOT" "mount -t tmpfs -o nosuid,strictatime,mode=755 tmpfs $dev && $nodes &&
        ln -s /proc/self/fd $dev/fd && ln -s /proc/self/fd/0 $dev/stdin && ln -s /proc/self/fd/1 $dev/stdout &&
        ln -s /proc/self/fd/2 $dev/stderr && ln -s pts/ptmx $dev/ptmx && mkdir $dev/pts $dev/shm &&
        mount -t devpts -o nosuid,noexec,newinstance,ptmxmode=0666,mode=620$gid devpts $dev/pts &&
        mount -t tmpfs -o nosuid,nodev,noexec,mode=1777 tmpfs $dev/shm && $proc $ROOT/proc"
    grep -q '^file .*/dev/null: character device 1:3, mode 666' "$BATS_TEST_TMPDIR/theirs"
}
@test "--rbind-dev" {
    needs_root_copy
    bind="mount --rbind /dev $ROOT/dev && mount --make-rslave $ROOT/dev && $proc $ROOT/proc"
    mounts --rbind-dev "$ROOT" "$bind"
    # and where /dev was shared: a slave of it
    START=("${shared_mounts[@]}" unshare --mount --propagation unchanged --pid --net --fork --mount-proc)
    oracle --rbind-dev "$bind && exec looked" chain "02-mountproc --rbind-dev $ROOT -- looked"
    grep -q '^mount .*/dev: .*master:' "$BATS_TEST_TMPDIR/theirs"
}
@test "on a terminal" {
    needs_root_copy
    TERMINAL=1
    mounts '' "$ROOT" "$proc $ROOT/proc"
}
@test "every option has been compared" { all_compared; }
