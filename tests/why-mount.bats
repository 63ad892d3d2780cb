#!/usr/bin/env bats
# What lib/why-mount.c, why-root.c and why-path.c say: each cause is made for real. tests/causes lists them.
# shellcheck disable=SC2016,SC2154 # "$@" is the inner shell's; out, err, held: set by the helper
load helper

# An ordinary user may mount, chroot and pivot in a user namespace of his own.
if [ "$(id -u)" = 0 ]; then own=(); else own=(07-userns-map --); fi

make_root() {
    root=$BATS_TEST_TMPDIR/root
    mkdir -p "$root/proc" "$root/sys" "$root/dev" "$root/old"
}
# "${mounts[@]}" 'SHELL COMMANDS' COMMAND ...: COMMAND in a mount namespace that these have prepared.
mounts=("${own[@]}" unshare --mount --propagation private sh -c 'prepare=$1; shift; eval "$prepare" && exec "$@"' sh)
# "${inner[@]}" COMMAND ...: as root of a user namespace in that one, with namespaces of its own.
inner=(unshare --user --map-root-user --mount --pid --net --fork)
# joined PREPARE STEP ARGUMENT ...: after 01-unshare --user -m -p -n, which nobody maps; all of it where PREPARE
# has been run.
joined() {
    because "$1" "${mounts[@]}" "$2" bash -c '01-unshare --user -m -p -n | "$@" -- true' bash "${@:3}"
}
# beside TEXT DIRECTORY STEP ARGUMENT ...: the step fails where another process has a tmpfs on DIRECTORY, in a
# mount namespace of its own. OTHER in the arguments is the root of that process, /proc/PID/root.
beside() {
    because "$1" "${own[@]}" bash -c '
        coproc unshare --mount --propagation private sh -c "mount -t tmpfs nsteps \$0 && mkdir \$0/proc \$0/dev && echo && read end" "$0"
        read -r -u "${COPROC[0]}" && unshare --mount --pid --fork --propagation private "${@//OTHER/"/proc/$COPROC_PID/root"}" -- true
        exit $?' "${@:2}"
}

# ---- mount(2): a new filesystem

@test "[mount-seccomp] a seccomp filter refuses mount(2)" {
    needs_deny
    because ' refuses mount' "${own[@]}" 01-unshare -- deny mount 02-mountproc -- true
}
@test "[mount-seccomp miss] a seccomp filter is there, but the capability is missing" {
    needs_deny
    because 'mount needs CAP_SYS_ADMIN' "${own[@]}" 01-unshare -- deny sethostname \
        08-capset --drop sys_admin -- 02-mountproc -- true
}
@test "[mount-no-cap] without CAP_SYS_ADMIN" {
    because 'mount needs CAP_SYS_ADMIN, which uid 0 does not have here' "${own[@]}" 01-unshare -- \
        08-capset --drop sys_admin -- 02-mountproc -- true
}
@test "[mount-no-cap miss] with CAP_SYS_ADMIN, over another user namespace" {
    because 'this mount namespace belongs to another user namespace' "${own[@]}" unshare --mount \
        unshare --user --map-root-user 02-mountproc -- true
}
@test "[mount-unmapped] who is not mapped has lost it by exec" {
    because 'is not mapped in this user namespace, so it lost its capabilities' \
        01-unshare --user -m -p -- 02-mountproc -- true
}
@test "[mount-unmapped miss] who is mapped may have dropped it" {
    because 'mount needs CAP_SYS_ADMIN, which uid 0 does not have here' unshare --user --map-root-user --mount \
        08-capset --drop sys_admin -- 02-mountproc -- true
}
@test "[mount-owner] the mount namespace is that of another user namespace" {
    because 'this mount namespace belongs to another user namespace' "${own[@]}" unshare --mount --pid --fork \
        unshare --user --map-root-user 02-mountproc -- true
}
@test "[mount-owner miss] the pid namespace is, the mount namespace is not" {
    because 'this pid namespace belongs to another user namespace' "${own[@]}" unshare --mount --pid --fork \
        unshare --user --map-root-user --mount 02-mountproc -- true
}
@test "[mount-owner miss] the mount namespace is that of a user namespace below ours: it works" {
    run_split "${own[@]}" bash -c '01-unshare --user -m -p | 06-nsenter - -m -p -- 02-mountproc -- echo made'
    echo "$err"
    [ "$status:$out" = 0:made ]
}
@test "[proc-pid-owner] proc: the pid namespace is that of another user namespace" {
    because 'this pid namespace belongs to another user namespace' "${own[@]}" \
        unshare --user --map-root-user --mount 02-mountproc -- true
}
@test "[proc-pid-owner] with -: it is the pid namespace that the children get" {
    because 'this pid namespace belongs to another user namespace' "${own[@]}" \
        bash -c '01-unshare --user -m | 02-mountproc - -- true'
}
@test "[proc-pid-owner miss] the pid namespace is ours, and a part of the old proc is hidden" {
    because 'on /proc/tty hides a part of /proc' "${mounts[@]}" 'mount -t tmpfs nsteps /proc/tty' \
        "${inner[@]}" 02-mountproc -- true
}
@test "[proc-masked] proc: the old one is covered in part, so that a new one would show more" {
    because 'the mount on /proc/tty hides a part of /proc, ' "${mounts[@]}" 'mount -t tmpfs nsteps /proc/tty' \
        "${inner[@]}" 02-mountproc -- true
    [[ $err == *'try: '*'umount /proc/tty'* ]]
}
@test "[proc-masked] a single file is enough" {
    because 'the mount on /proc/uptime hides a part of /proc, ' "${mounts[@]}" \
        'mount --bind /dev/null /proc/uptime' "${inner[@]}" 02-mountproc -- true
}
@test "[proc-masked] with -" {
    joined 'the mount on /proc/tty hides a part of /proc, ' 'mount -t tmpfs nsteps /proc/tty' 02-mountproc -
}
@test "[proc-masked miss] a part of it is hidden, but the pid namespace is not ours" {
    because 'this pid namespace belongs to another user namespace' "${mounts[@]}" \
        'mount -t tmpfs nsteps /proc/tty' unshare --user --map-root-user --mount 02-mountproc -- true
}
@test "[proc-masked miss] what is mounted on a directory that is always empty hides nothing: it works" {
    [ -d /proc/sys/fs/binfmt_misc ] || skip 'this kernel has no binfmt_misc'
    run_split "${mounts[@]}" 'mount -t tmpfs nsteps /proc/sys/fs/binfmt_misc' "${inner[@]}" \
        02-mountproc -- echo made
    [ "$status:$out" = 0:made ]
}
@test "[proc-masked miss] who is root may cover it and mount another: it works" {
    run_split "${mounts[@]}" 'mount -t tmpfs nsteps /proc/tty' 01-unshare -m -p -- 02-mountproc -- echo made
    [ "$status:$out" = 0:made ]
}
@test "[proc-read-only] proc: the old one is read-only" {
    joined '/proc is mounted read-only here' 'mount -o remount,bind,ro /proc' 02-mountproc -
}
@test "[proc-read-only miss] it is read-only, but another is not: it works" {
    make_root
    run_split "${mounts[@]}" "mount --rbind /proc $root/old && mount -o remount,bind,ro /proc" \
        bash -c '01-unshare --user -m -p -n | 02-mountproc - -- echo made'
    [ "$status:$out" = 0:made ]
}
@test "[proc-read-only miss] sysfs, which is mounted read-only, may be" {
    make_root
    run_split "${mounts[@]}" 'mount -o remount,bind,ro /sys' "${inner[@]}" 02-mountproc --sys "$root" -- echo made
    [ "$status:$out" = 0:made ]
}
@test "[proc-atime] proc: the old one is mounted with noatime" {
    needs_root # in a user namespace this option may not be changed either
    because '/proc is mounted without relatime (rw,noatime)' "${mounts[@]}" 'mount -o remount,bind,noatime /proc' \
        "${inner[@]}" 02-mountproc -- true
}
@test "[proc-atime miss] it is mounted with noatime, but the pid namespace is not ours" {
    needs_root
    because 'this pid namespace belongs to another user namespace' "${mounts[@]}" \
        'mount -o remount,bind,noatime /proc' unshare --user --map-root-user --mount 02-mountproc -- true
}
@test "[proc-absent] proc: 04 came before 02, and there is no old one any more" {
    because 'no whole proc is mounted in this mount namespace' 07-userns-map -- 01-unshare -m -p -- \
        04-pivot_root "$ROOTFS" -- 02-mountproc -- true
    [[ $err == *'try: '*'02-mountproc before 04-pivot_root'* ]]
}
@test "[proc-absent] with -" {
    [ -d "$ROOTFS/proc" ] || skip 'needs a root filesystem with proc'
    run_split bash -c '01-unshare --user -m -p | 07-userns-map - | 04-pivot_root - "$ROOTFS" | 02-mountproc - -- true'
    [[ $status:$err == 125:*'because: no whole proc is mounted in this mount namespace'* ]]
}
@test "[proc-absent miss] 02 before 04: it works" {
    run_split 07-userns-map -- 01-unshare -m -p -- 02-mountproc "$ROOTFS" -- 04-pivot_root "$ROOTFS" -- echo made
    [ "$status:$out" = 0:made ]
}
@test "[sysfs-net-owner] sysfs: the net namespace is that of another user namespace" {
    because 'this net namespace belongs to another user namespace' "${own[@]}" \
        unshare --user --map-root-user --mount --pid --fork 02-mountproc --sys -- true
}
@test "[sysfs-net-owner miss] the net namespace is ours, and a part of the old sysfs is hidden" {
    because 'hides a part of /sys, ' "${mounts[@]}" 'mount -t tmpfs nsteps /sys/kernel' "${inner[@]}" \
        02-mountproc --sys -- true
}
@test "[sysfs-masked] sysfs: the old one is covered in part" {
    because 'the mount on /sys/kernel hides a part of /sys, ' "${mounts[@]}" 'mount -t tmpfs nsteps /sys/kernel' \
        "${inner[@]}" 02-mountproc --sys -- true
}
@test "[sysfs-masked miss] what is mounted on /sys/fs/cgroup hides nothing: it works" {
    run_split "${mounts[@]}" 'mount -t tmpfs nsteps /sys/fs/cgroup' "${inner[@]}" 02-mountproc --sys -- echo made
    [ "$status:$out" = 0:made ]
}
@test "[sysfs-twice] sysfs: the same one is mounted there already" {
    make_root
    because "the same sysfs is mounted on $root/sys already" "${own[@]}" 01-unshare -- \
        02-mountproc --sys "$root" -- 02-mountproc --sys "$root" -- true
}
@test "[sysfs-twice miss] another one, of a new net namespace, may be mounted on it" {
    make_root
    run_split "${own[@]}" 01-unshare -- 02-mountproc --sys "$root" -- 01-unshare --net -- \
        02-mountproc --sys "$root" -- echo made
    [ "$status:$out" = 0:made ]
}
@test "[mount-enoent] there is no ROOT/proc" {
    make_root
    because "there is no directory $root/old/proc" "${own[@]}" 01-unshare -- 02-mountproc "$root/old" -- true
    [[ $err == *"try:     mkdir $root/old/proc"* ]]
}
@test "[mount-enoent] there is no ROOT" {
    because "there is no directory $BATS_TEST_TMPDIR/none" "${own[@]}" 01-unshare -- \
        02-mountproc "$BATS_TEST_TMPDIR/none" -- true
}
@test "[mount-enoent] ROOT/proc is not there, and cannot be made: ROOT is mounted read-only" {
    make_root
    because "there is no directory $root/old/proc" "${mounts[@]}" \
        "mount -t tmpfs -o ro nsteps $root/old" 01-unshare -- 02-mountproc "$root/old" -- true
    [[ $err == *"try:     name another ROOT: $root/old is mounted read-only"* ]]
}
@test "[mount-enoent miss] it is a link to nowhere" {
    make_root
    ln -s nowhere "$root/old/link"
    because "$root/old/link is a symbolic link to nowhere, which is not there" "${own[@]}" 01-unshare -- \
        02-mountproc "$root/old/link" -- true
}
@test "[mount-cwd-removed] ROOT is relative to a directory that has been removed" {
    because 'the directory in which this was typed has been removed' "${own[@]}" 01-unshare -- \
        sh -c 'mkdir "$0" && cd "$0" && rmdir "$0" && exec 02-mountproc . -- true' "$BATS_TEST_TMPDIR/gone"
}
@test "[mount-cwd-removed miss] ROOT is relative, and not there" {
    because "there is no directory none in $BATS_TEST_TMPDIR" "${own[@]}" 01-unshare -- \
        sh -c 'cd "$0" && exec 02-mountproc none -- true' "$BATS_TEST_TMPDIR"
}
@test "[mount-enotdir] ROOT/proc is a file" {
    make_root
    touch "$root/old/proc"
    because "$root/old/proc is not a directory" "${own[@]}" 01-unshare -- 02-mountproc "$root/old" -- true
}
@test "[mount-enotdir miss] ROOT is a file" {
    because '/etc/passwd is not a directory' "${own[@]}" 01-unshare -- 02-mountproc /etc/passwd -- true
}
@test "[mount-other-ns] ROOT is in another mount namespace" {
    make_root
    beside "/root$root/old/proc lies in another mount namespace" "$root/old" 02-mountproc "OTHER$root/old"
}
@test "[mount-other-ns miss] the same ROOT/proc by a name in this one is not there" {
    make_root
    because "there is no directory $root/old/proc" "${own[@]}" 01-unshare -- 02-mountproc "$root/old" -- true
}

# ---- mount(2): bind mounts, propagation

@test "[bind-unbindable] 04: the mount in which NEWROOT lies is unbindable" {
    make_root
    because "the mount on $root, in which $root/old lies, is unbindable" "${mounts[@]}" \
        "mount -t tmpfs nsteps $root && mkdir $root/old && mount --make-unbindable $root" \
        04-pivot_root "$root/old" -- true
    [[ $err == *"04-pivot_root: bind $root/old onto itself: "*"try:     mount --make-private $root"* ]]
}
@test "[bind-unbindable] 02 --rbind-dev: /dev is" {
    make_root
    because 'the mount on /dev is unbindable' "${mounts[@]}" \
        'mount --rbind /dev /dev && mount --make-unbindable /dev' 02-mountproc --rbind-dev "$root" -- true
}
@test "[bind-unbindable miss] 02 --rbind-dev on a directory of another mount namespace" {
    make_root
    beside "/root$root/old/dev lies in another mount namespace" "$root/old" 02-mountproc --rbind-dev "OTHER$root/old"
}

@test "[bind-unbindable-below] 04: a mount below NEWROOT is unbindable and came from outside" {
    make_root
    because "the mount on $root/old is unbindable, and who is root only in a user namespace may not bind $root without it" \
        "${mounts[@]}" "mount -t tmpfs nsteps $root/old" "${inner[@]}" \
        sh -c 'mount --make-unbindable "$0/old" && exec 04-pivot_root "$0" -- true' "$root"
    [[ $err == *"try:     mount --make-private $root/old"* ]]
}
@test "[bind-unbindable-below miss] it is unbindable and did not come from outside: it works" {
    make_root
    run_split "${mounts[@]}" "mount -t tmpfs nsteps $root/old" \
        sh -c 'mount --make-unbindable "$0/old" && exec 04-pivot_root "$0" -- true' "$root"
    [[ $err == *'04-pivot_root pid'* ]]
}
# In a chroot with nothing in it but a place for 02: in_empty_root STEP ARGUMENT ...
in_empty_root() {
    make_root
    mkdir -p "$root/in/proc" "$root/in/dev"
    rmdir "$root/dev"
    run_split "${own[@]}" bash -c '01-unshare -m -p | 03-chroot - "$0" | "$@" -- true' "$root" "$@"
}
@test "[bind-no-dev] 02 --rbind-dev: there is no /dev after 03" {
    in_empty_root 02-mountproc - --rbind-dev /in
    [[ $status:$err == 125:*'because: there is no directory /dev'$'\n'*'before 03 and 04'* ]]
}
@test "[bind-no-dev miss] there is no ROOT/dev" {
    in_empty_root 02-mountproc - --rbind-dev /old
    [[ $status:$err == 125:*'because: there is no directory /old/dev'$'\n'* ]]
}
@test "[propagation-chroot] 01 in a chroot: its / is no mount point" {
    in_empty_root 01-unshare - -m
    [[ $status:$err == 125:*EINVAL*'because: this process is in a chroot, whose / is no mount point'* ]]
}
@test "[propagation-chroot] 01 in a chroot without /proc" {
    because 'this process is in a chroot, whose / is no mount point' "${own[@]}" 03-chroot "$ROOTFS" -- 01-unshare -m -- true
}
@test "[propagation-chroot miss] 01 in a chroot that is a mount point: it works" {
    make_root
    run_split "${mounts[@]}" "mount -t tmpfs nsteps $root" bash -c '03-chroot "$0" | 01-unshare - -m -- true' "$root"
    [[ $err == *'01-unshare pid'* || $err == *'01-unshare   pid'* ]]
}
@test "[propagation-seccomp] 01: a seccomp filter refuses mount(2)" {
    needs_deny
    because ' refuses mount' "${own[@]}" deny mount 01-unshare -m -- true
}
@test "[propagation-seccomp miss] it refuses another call: it works" {
    needs_deny
    run_split "${own[@]}" deny chroot 01-unshare -m -- echo made
    [ "$status:$out" = 0:made ]
}

# ---- 02 --dev

@test "[dev-missing] there is no /dev/null after 03" {
    in_empty_root 02-mountproc - --dev /in
    [[ $status:$err == 125:*'open_tree("/dev/null")'*'because: there is no /dev/null here to take over'* ]]
}
@test "[dev-missing miss] there is no ROOT/dev" {
    make_root
    because "there is no directory $root/old/dev" "${own[@]}" 01-unshare -- 02-mountproc --dev "$root/old" -- true
}
@test "[dev-unbindable] the mount on /dev is unbindable" {
    make_root
    because 'the mount on /dev, in which /dev/null lies, is unbindable' "${mounts[@]}" \
        'mount --rbind /dev /dev && mount --make-unbindable /dev' 02-mountproc --dev "$root" -- true
}
@test "[dev-unbindable miss] ROOT is in another mount namespace" {
    make_root
    beside "/root$root/old/dev lies in another mount namespace" "$root/old" 02-mountproc --dev "OTHER$root/old"
}
@test "[dev-unmapped] who has no number in the user namespace can own no file" {
    make_root
    joined 'is not mapped in this user namespace, so no file in this tmpfs can belong to it' : 02-mountproc - --dev "$root"
    [[ $err == *"02-mountproc: make $root/dev/null: "*EOVERFLOW*'try:     07-userns-map before this'* ]]
}
@test "[dev-unmapped miss] in a user namespace that maps us: it works" {
    make_root
    run_split "${mounts[@]}" : "${inner[@]}" 02-mountproc --dev "$root" -- echo made
    [ "$status:$out" = 0:made ]
}
@test "[dev-open-tree-seccomp] a seccomp filter refuses open_tree(2)" {
    make_root
    needs_deny
    because ' refuses open_tree' "${own[@]}" 01-unshare -- deny open_tree 02-mountproc --dev "$root" -- true
}
@test "[dev-open-tree-seccomp miss] it refuses mount(2)" {
    make_root
    needs_deny
    because ' refuses mount ' "${own[@]}" 01-unshare -- deny mount 02-mountproc --dev "$root" -- true
}
@test "[dev-move-mount-seccomp] a seccomp filter refuses move_mount(2)" {
    make_root
    needs_deny
    because ' refuses move_mount' "${mounts[@]}" : "${inner[@]}" deny move_mount 02-mountproc --dev "$root" -- true
}
@test "[dev-move-mount-seccomp miss] who is root needs none: it works" {
    needs_root
    make_root
    needs_deny
    run_split 01-unshare -- deny move_mount 02-mountproc --dev "$root" -- echo made
    [ "$status:$out" = 0:made ]
}

@test "[dev-files] too many files are open" {
    make_root
    for files in 5 6 7 8 9 10 11; do # however many the step has open before
        run_split "${own[@]}" 01-unshare -- bash -c 'ulimit -n "$0" && exec 02-mountproc --dev "$1" -- true' "$files" "$root"
        [[ $err != *'open_tree('* ]] || break
    done
    [[ $status:$err == 125:*'open_tree('*EMFILE*"because: this process may have no more than $files files open"* ]]
}
@test "[dev-files miss] a seccomp filter with the same errno" {
    make_root
    needs_deny
    because ' refuses open_tree' "${own[@]}" 01-unshare -- deny open_tree=EMFILE 02-mountproc --dev "$root" -- true
}

# ---- fs.mount-max is one number for the whole machine: only in the virtual machine

needs_vm() { [ -d /run/vm ] || skip 'changes a sysctl of the whole machine: make test-vm'; }
# full MARGIN STEP ...: where a mount namespace has hundreds of mounts, and may have MARGIN more.
full() {
    needs_root
    needs_vm
    make_root
    local before
    before=$(cat /proc/sys/fs/mount-max)
    run_split "${mounts[@]}" '
        mount -t tmpfs nsteps '"$root/old"' && mkdir '"$root/old/in"' || exit
        for i in 1 2 3 4 5 6 7 8 9; do mount --rbind '"$root/old $root/old/in"' || exit; done
        echo $(($(wc -l </proc/self/mountinfo) + 1 + '"$1"')) >/proc/sys/fs/mount-max' "${@:2}"
    echo "$before" >/proc/sys/fs/mount-max
}
@test "[mount-max] 02: the mount namespace is full" {
    full 0 02-mountproc "$BATS_TEST_TMPDIR/root" -- true
    [[ $status:$err == 125:*ENOSPC*'because: a mount namespace may hold '*' mounts (fs.mount-max)'*'and 1 more are needed'* ]]
}
@test "[mount-max] 02 --dev" {
    full 0 02-mountproc --dev "$BATS_TEST_TMPDIR/root" -- true
    [[ $status:$err == 125:*'mount tmpfs on'*ENOSPC*'because: a mount namespace may hold '*'and 1 more are needed'* ]]
}
@test "[mount-max] 04: what is below NEWROOT is copied, too" {
    full 100 04-pivot_root "$BATS_TEST_TMPDIR/root" -- true
    [[ $status:$err == 125:*'onto itself'*ENOSPC*'because: a mount namespace may hold '*'and 51'*' more are needed'* ]]
}
@test "[mount-max miss] some more are allowed: it works" {
    full 10 02-mountproc "$BATS_TEST_TMPDIR/root" -- echo made
    [ "$status:$out" = 0:made ]
}
@test "[mount-max-hidden] it is full, and not all of it can be seen in a chroot" {
    full 0 bash -c '01-unshare -u | 03-chroot - "$0" | 02-mountproc - / -- true' "$BATS_TEST_TMPDIR/root"
    [[ $status:$err == 125:*ENOSPC*'because: a mount namespace may hold no more mounts than fs.mount-max, and this one, of which only '* ]]
}
@test "[mount-max-hidden miss] all of it can be seen" {
    full 0 02-mountproc "$BATS_TEST_TMPDIR/root" -- true
    [[ $status:$err == 125:*ENOSPC*'because: a mount namespace may hold '*' mounts (fs.mount-max)'* ]]
}
@test "[mount-max miss] the same errno from a seccomp filter" {
    needs_deny
    because ' refuses mount ' "${own[@]}" 01-unshare -- deny mount=ENOSPC 02-mountproc -- true
}

# ---- AppArmor

# confined_inside RULE COMMAND ...: under a profile with that rule, in a mount namespace that is made before.
confined_inside() {
    needs_apparmor
    profile "$1" >"$BATS_TEST_TMPDIR/profile"
    parser --replace --skip-cache "$BATS_TEST_TMPDIR/profile"
    run_split "${mounts[@]}" 'echo "exec nsteps-test" >/proc/self/attr/exec' "${@:2}"
    parser --remove "$BATS_TEST_TMPDIR/profile"
}
@test "[mount-apparmor] AppArmor denies mount(2)" {
    make_root
    confined_inside 'deny mount' 02-mountproc "$root" -- true
    [[ $status:$err == 125:*EACCES*"because: AppArmor's profile nsteps-test (enforce)"*'denies mount'* ]]
}
@test "[mount-apparmor miss] AppArmor confines it, but there is no ROOT" {
    confined_inside 'deny mount' 02-mountproc "$BATS_TEST_TMPDIR/none" -- true
    [[ $status:$err == 125:*"because: there is no directory $BATS_TEST_TMPDIR/none"* ]]
}
@test "[mount-apparmor-capability] AppArmor denies CAP_SYS_ADMIN, which the process has" {
    make_root
    confined_inside 'deny capability sys_admin' 02-mountproc "$root" -- true
    [[ $status:$err == 125:*EPERM*'denies CAP_SYS_ADMIN, although the process has it'* ]]
}
@test "[mount-apparmor-capability miss] AppArmor confines it, but it has no CAP_SYS_ADMIN" {
    make_root
    confined_inside 'deny capability sys_time' 08-capset --drop sys_admin -- 02-mountproc "$root" -- true
    [[ $status:$err == 125:*'because: mount needs CAP_SYS_ADMIN'* ]]
}
@test "[propagation-apparmor] 01: AppArmor denies mount(2)" {
    needs_apparmor
    confined 'deny mount' 01-unshare -m -- true
    [[ $status:$err == 125:*EACCES*'denies mount'* ]]
}
@test "[propagation-apparmor miss] AppArmor denies CAP_SYS_ADMIN" {
    needs_apparmor
    confined 'deny capability sys_admin' 01-unshare -m -- true
    [[ $status:$err == 125:*'unshare(CLONE_NEWNS)'*'CAP_SYS_ADMIN'* ]]
}
@test "[chroot-apparmor] AppArmor denies CAP_SYS_CHROOT, which the process has" {
    needs_apparmor
    confined 'deny capability sys_chroot' 03-chroot "$ROOTFS" -- true
    [[ $status:$err == 125:*EPERM*'denies CAP_SYS_CHROOT, although the process has it'* ]]
}
@test "[chroot-apparmor miss] AppArmor confines it, but it has no CAP_SYS_CHROOT" {
    needs_apparmor
    confined 'deny capability sys_time' 08-capset --drop sys_chroot -- 03-chroot "$ROOTFS" -- true
    [[ $status:$err == 125:*'because: chroot needs CAP_SYS_CHROOT'* ]]
}
@test "[pivot-apparmor] AppArmor denies pivot_root(2)" {
    make_root
    confined_inside 'deny pivot_root' 04-pivot_root "$root" -- true
    [[ $status:$err == 125:*'pivot_root('*EACCES*'denies pivot_root'* ]]
}
@test "[pivot-apparmor miss] AppArmor denies mount(2), by which NEWROOT becomes a mount point" {
    make_root
    confined_inside 'deny mount' 04-pivot_root "$root" -- true
    [[ $status:$err == 125:*'onto itself'*EACCES*'denies mount'* ]]
}
@test "[detach-apparmor] AppArmor denies umount2(2)" {
    make_root
    confined_inside 'deny umount' 04-pivot_root "$root" -- true
    [[ $status:$err == 125:*'umount2 of the old root'*EACCES*'denies umount'* ]]
}
@test "[detach-apparmor miss] with --put-old nothing is unmounted: it works" {
    make_root
    confined_inside 'deny umount' 04-pivot_root --put-old old "$root" -- true
    [[ $err == *'04-pivot_root pid'* ]]
}

# ---- chroot(2)

@test "[chroot-seccomp] a seccomp filter refuses chroot(2)" {
    needs_deny
    because ' refuses chroot' "${own[@]}" deny chroot 03-chroot "$ROOTFS" -- true
}
@test "[chroot-seccomp miss] a seccomp filter is there, but the capability is missing" {
    needs_deny
    because 'chroot needs CAP_SYS_CHROOT' "${own[@]}" deny sethostname 08-capset --drop sys_chroot -- 03-chroot "$ROOTFS" -- true
}
@test "[chroot-no-cap] without CAP_SYS_CHROOT" {
    because 'chroot needs CAP_SYS_CHROOT, which uid 0 does not have here' "${own[@]}" 08-capset --drop sys_chroot -- \
        03-chroot "$ROOTFS" -- true
}
@test "[chroot-no-cap miss] who is not mapped has lost it by exec" {
    because 'is not mapped in this user namespace' 01-unshare --user -- 03-chroot / -- true
}
@test "[chroot-unmapped] who is not mapped has lost it by exec" {
    because 'is not mapped in this user namespace, so it lost its capabilities' 01-unshare --user -- 03-chroot / -- true
}
@test "[chroot-unmapped miss] who is mapped has dropped it" {
    because 'chroot needs CAP_SYS_CHROOT, which uid 0' 07-userns-map -- 08-capset --drop sys_chroot -- 03-chroot / -- true
}
@test "[chroot-enoent] there is no NEWROOT" {
    because "there is no directory $BATS_TEST_TMPDIR/none" "${own[@]}" 03-chroot "$BATS_TEST_TMPDIR/none/in" -- true
}
@test "[chroot-enoent] before the capability is asked for" {
    because "there is no directory none in " "${own[@]}" 08-capset --drop all -- 03-chroot none -- true
}
@test "[chroot-enoent miss] NEWROOT is a link to nowhere" {
    ln -s nowhere "$BATS_TEST_TMPDIR/link"
    because "$BATS_TEST_TMPDIR/link is a symbolic link to nowhere" "${own[@]}" 03-chroot "$BATS_TEST_TMPDIR/link" -- true
}
@test "[chroot-dangling] NEWROOT is a link to nowhere" {
    ln -s nowhere "$BATS_TEST_TMPDIR/link"
    because "$BATS_TEST_TMPDIR/link is a symbolic link to nowhere, which is not there" "${own[@]}" 03-chroot "$BATS_TEST_TMPDIR/link" -- true
}
@test "[chroot-dangling miss] the link leads to a directory in which something is not there" {
    ln -s . "$BATS_TEST_TMPDIR/link"
    because "there is no directory $BATS_TEST_TMPDIR/link/none" "${own[@]}" 03-chroot "$BATS_TEST_TMPDIR/link/none" -- true
}
@test "what a symbolic link leads to does not command the terminal" {
    ln -s $'a\e[31m\nb' "$BATS_TEST_TMPDIR/link"
    because 'a symbolic link to a?[31m?b, which is not there' "${own[@]}" 03-chroot "$BATS_TEST_TMPDIR/link" -- true
}
@test "the name of a mount point does not command the terminal" {
    export ODD=$BATS_TEST_TMPDIR/$'a\e[31mb'
    mkdir "$ODD"
    because 'a?[31mb is shared' "${mounts[@]}" 'mount -t tmpfs nsteps "$ODD" && mount --make-shared "$ODD"' 04-pivot_root "$ODD" -- true
}
@test "[chroot-enotdir] NEWROOT is a file" {
    because '/etc/passwd is not a directory' "${own[@]}" 03-chroot /etc/passwd -- true
}
@test "[chroot-enotdir miss] a part before it is" {
    touch "$BATS_TEST_TMPDIR/file"
    because "$BATS_TEST_TMPDIR/file is not a directory" "${own[@]}" 03-chroot "$BATS_TEST_TMPDIR/file/in" -- true
}
@test "[chroot-eloop] links that go round in a circle" {
    ln -s two "$BATS_TEST_TMPDIR/one" && ln -s one "$BATS_TEST_TMPDIR/two"
    because "$BATS_TEST_TMPDIR/one is a symbolic link that leads back to itself" "${own[@]}" 03-chroot "$BATS_TEST_TMPDIR/one" -- true
}
@test "[chroot-eloop miss] two links that do not: it works" {
    ln -s two "$BATS_TEST_TMPDIR/one" && ln -s / "$BATS_TEST_TMPDIR/two"
    run_split "${own[@]}" 03-chroot "$BATS_TEST_TMPDIR/one" -- echo made
    [ "$status:$out" = 0:made ]
}
@test "[chroot-name-too-long] a name of 300 bytes" {
    because 'a part of the path is longer than 255 bytes' "${own[@]}" 03-chroot "/$(printf '%0300d' 0)" -- true
}
@test "[chroot-name-too-long] a path of 5000 bytes" {
    because 'a path has 4095 bytes at the most, and this one has 5051' "${own[@]}" 03-chroot "/$(printf '%0100d/' {1..50})" -- true
}
@test "[chroot-name-too-long miss] a name of 250 bytes" {
    because "there is no directory /$(printf '%0250d' 0)" "${own[@]}" 03-chroot "/$(printf '%0250d' 0)" -- true
}
# Who may not: an ordinary user, or root's 07, who is uid 100000 outside. (In the directory that is open to
# everybody, that is; BATS_TEST_TMPDIR is not.)
not_allowed=()
[ "$(id -u)" != 0 ] || not_allowed=(07-userns-map --)
make_public_root() {
    root=$PUBLIC/$BATS_TEST_NUMBER
    mkdir -p "$root/old"
}
@test "[chroot-eacces] a directory on the way may not be searched" {
    make_public_root
    chmod 0 "$root"
    because "$root may not be searched by uid " "${not_allowed[@]}" 03-chroot "$root/old" -- true
    chmod 755 "$root"
    [[ $err == *'its mode is 0000, its owner uid '* ]]
}
@test "[chroot-eacces] the directory itself may not" {
    make_public_root
    chmod 0 "$root/old"
    because "$root/old may not be searched by uid " "${not_allowed[@]}" 03-chroot "$root/old" -- true
    chmod 755 "$root/old"
}
@test "[chroot-eacces miss] a link leads to where one may not go" {
    make_public_root
    chmod 0 "$root"
    ln -s "$root/old" "$PUBLIC/link"
    because "$PUBLIC/link is a symbolic link to $root/old, and uid " "${not_allowed[@]}" 03-chroot "$PUBLIC/link" -- true
    chmod 755 "$root"
}

# ---- pivot_root(2)

# pivot STEP ARGUMENT ...: where the mounts are ours.
pivot() { "${own[@]}" 01-unshare -m -- "$@"; }

@test "[pivot-seccomp] a seccomp filter refuses pivot_root(2), and the bind mount is undone" {
    needs_deny
    make_root
    because ' refuses pivot_root' pivot deny pivot_root 04-pivot_root "$root" -- true
}
@test "[pivot-seccomp miss] it refuses mount(2), by which NEWROOT becomes a mount point" {
    needs_deny
    make_root
    because ' refuses mount ' pivot deny mount 04-pivot_root "$root" -- true
}
@test "[pivot-setns-seccomp] a seccomp filter refuses setns(2), by which 04 leaves a chroot" {
    needs_deny
    make_root
    because ' refuses setns' pivot deny setns 04-pivot_root "$root" -- true
}
@test "[pivot-setns-seccomp] a seccomp filter refuses pidfd_open(2)" {
    needs_deny
    make_root
    because ' refuses pidfd_open' pivot deny pidfd_open 04-pivot_root "$root" -- true
}
@test "[pivot-setns-seccomp miss] a seccomp filter is there, but the capability is missing" {
    needs_deny
    make_root
    because 'pivot_root needs CAP_SYS_ADMIN' pivot deny sethostname 08-capset --drop sys_admin -- 04-pivot_root "$root" -- true
}
@test "[detach-seccomp] a seccomp filter refuses umount2(2)" {
    needs_deny
    make_root
    because ' refuses umount2' pivot deny umount2 04-pivot_root "$root" -- true
}
@test "[detach-seccomp miss] with --put-old nothing is unmounted: it works" {
    needs_deny
    make_root
    run_split pivot deny umount2 04-pivot_root --put-old old "$root" -- true
    [[ $err == *'04-pivot_root pid'* ]]
}
@test "[pivot-no-cap] without CAP_SYS_ADMIN" {
    make_root
    because 'pivot_root needs CAP_SYS_ADMIN, which uid 0 does not have here' pivot 08-capset --drop sys_admin -- 04-pivot_root "$root" -- true
}
@test "[pivot-no-cap miss] with CAP_SYS_ADMIN, without CAP_SYS_CHROOT" {
    make_root
    because 'setns to a mount namespace needs CAP_SYS_CHROOT' pivot 08-capset --drop sys_chroot -- 04-pivot_root "$root" -- true
}
@test "[pivot-no-chroot-cap] without CAP_SYS_CHROOT, which setns(2) asks for" {
    make_root
    because 'setns to a mount namespace needs CAP_SYS_CHROOT, which uid 0' pivot 08-capset --drop sys_chroot -- 04-pivot_root "$root" -- true
}
@test "[pivot-no-chroot-cap miss] with it, in a mount namespace that is not ours" {
    make_root
    because 'this mount namespace belongs to another user namespace' "${own[@]}" unshare --mount \
        unshare --user --map-root-user 04-pivot_root "$root" -- true
}
@test "[pivot-owner] the mount namespace is that of another user namespace" {
    make_root
    because 'this mount namespace belongs to another user namespace' "${own[@]}" unshare --mount \
        unshare --user --map-root-user 04-pivot_root "$root" -- true
}
@test "[pivot-owner miss] who is not mapped has lost the capability by exec" {
    because 'is not mapped in this user namespace' 01-unshare --user -m -- 04-pivot_root / -- true
}
@test "[pivot-enoent] there is no NEWROOT" {
    because "there is no directory $BATS_TEST_TMPDIR/none" pivot 04-pivot_root "$BATS_TEST_TMPDIR/none" -- true
}
@test "[pivot-enoent] a relative one, after 03: it is looked up in the new root" {
    make_root
    run_split "${own[@]}" bash -c '01-unshare -m | 03-chroot - "$0" | 04-pivot_root - none -- true' "$root"
    [[ $status:$err == 125:*'because: there is no directory none in /'$'\n'* ]]
}
@test "[pivot-enoent miss] NEWROOT is there, and --put-old is not" {
    make_root
    because "there is no directory $root/none" pivot 04-pivot_root --put-old none "$root" -- true
}
@test "[pivot-put-old-enoent] there is no such directory in NEWROOT" {
    make_root
    because "there is no directory $root/none" pivot 04-pivot_root --put-old none/in "$root" -- true
    [[ $err == *"try:     mkdir -p $root/none/in: --put-old puts the old root there"* ]]
}
@test "[pivot-put-old-enoent miss] it is there, and a file" {
    make_root
    touch "$root/file"
    because "$root/file is not a directory" pivot 04-pivot_root --put-old file "$root" -- true
}
@test "[pivot-removed] NEWROOT is the working directory, which has been removed" {
    because 'the directory in which this was typed has been removed' pivot \
        sh -c 'mkdir "$0" && cd "$0" && rmdir "$0" && exec 04-pivot_root . -- true' "$BATS_TEST_TMPDIR/gone"
}
@test "[pivot-removed] NEWROOT is that of another process" {
    because "/proc/self/cwd/. has been removed" pivot \
        sh -c 'mkdir "$0" && cd "$0" && rmdir "$0" && exec 04-pivot_root /proc/self/cwd/. -- true' "$BATS_TEST_TMPDIR/gone"
}
@test "[pivot-removed miss] it has been made again, under the same name: another directory" {
    because "there is no directory none in $BATS_TEST_TMPDIR" pivot \
        sh -c 'cd "$0" && mkdir gone && rmdir gone && exec 04-pivot_root none -- true' "$BATS_TEST_TMPDIR"
}
@test "[pivot-other-ns] NEWROOT is in another mount namespace" {
    make_root
    beside "/root$root/old lies in the mount namespace of process " "$root/old" 04-pivot_root "OTHER$root/old"
    [[ $err == *'find /proc/'*EINVAL*'try:     '*'06-nsenter --target '[1-9]*' --mount -- 04-pivot_root'* ]]
}
@test "[pivot-other-ns] a directory that has the same name in both is not taken for it" {
    make_root
    beside "/root$root lies in the mount namespace of process " "$root/old" 04-pivot_root "OTHER$root"
}
@test "[pivot-other-ns miss] NEWROOT has been unmounted" {
    make_root
    because "no path leads from the root of this mount namespace to ." "${mounts[@]}" \
        "mount -t tmpfs nsteps $root && cd $root && umount -l $root" 04-pivot_root . -- true
}
@test "[pivot-unreachable] NEWROOT has been unmounted" {
    make_root
    because "no path leads from the root of this mount namespace to ." "${mounts[@]}" \
        "mount -t tmpfs nsteps $root && cd $root && umount -l $root" 04-pivot_root . -- true
}
@test "[pivot-unreachable] something is mounted on /, and we are below it" {
    make_root
    because "no path leads from the root of this mount namespace to $root" "${mounts[@]}" 'mount --rbind / /' 04-pivot_root "$root" -- true
}
@test "[pivot-unreachable miss] the mount is shared" {
    make_root
    because "is shared" "${mounts[@]}" 'mount --make-rshared /' 04-pivot_root "$root" -- true
}
@test "[pivot-shared] the mount in which NEWROOT lies is shared" {
    make_root
    because "the mount on $root, in which $root/old lies, is shared" "${mounts[@]}" \
        "mount -t tmpfs nsteps $root && mkdir $root/old && mount --make-shared $root" 04-pivot_root "$root/old" -- true
    [[ $err == *'try:     01-unshare --mount before'* ]]
}
@test "[pivot-shared] NEWROOT is a mount point, and shared" {
    make_root
    because "the mount on $root/old is shared" "${mounts[@]}" \
        "mount -t tmpfs nsteps $root/old && mount --make-shared $root/old" 04-pivot_root "$root/old" -- true
}
@test "[pivot-shared miss] NEWROOT is a private mount on a shared one: it works" {
    make_root
    run_split "${mounts[@]}" "mount -t tmpfs nsteps $root && mkdir $root/old && mount --make-shared $root &&
        mount -t tmpfs nsteps $root/old && mount --make-private $root/old" 04-pivot_root "$root/old" -- true
    [[ $err == *'04-pivot_root pid'* ]]
}
@test "[pivot-shared miss] the mount is private, and --put-old leads out of NEWROOT" {
    make_root
    because "--put-old in/../.. leads to $root, which is not below $root/old" "${mounts[@]}" \
        "mount -t tmpfs nsteps $root && mkdir -p $root/old/in" 04-pivot_root --put-old in/../.. "$root/old" -- true
}
@test "[pivot-shared-put-old] the mount in which --put-old lies is shared" {
    make_root
    because "the mount on $root/old, in which $root/old/in lies, is shared" "${mounts[@]}" \
        "mount -t tmpfs nsteps $root/old && mkdir $root/old/in && mount --make-shared $root/old" \
        04-pivot_root --put-old old/in "$root" -- true
}
@test "[pivot-shared-put-old] it leads out of NEWROOT, too: the kernel looks at what is shared first" {
    make_root
    because "the mount on $root/dev, in which $root/old/../dev lies, is shared" "${mounts[@]}" \
        "mount -t tmpfs nsteps $root/dev && mount --make-shared $root/dev" \
        04-pivot_root --put-old ../dev "$root/old" -- true
}
@test "[pivot-shared-put-old miss] it leads out of NEWROOT, and what is there is private" {
    make_root
    because "--put-old ../dev leads to $root/dev, which is not below $root/old" "${mounts[@]}" \
        "mount -t tmpfs nsteps $root/dev && mount --make-private $root/dev" \
        04-pivot_root --put-old ../dev "$root/old" -- true
}
# Something is mounted on /, and the step runs in it.
covered=(nsenter --mount=/proc/self/ns/mnt sh -c 'mount --make-rprivate / && exec "$@"' sh)
@test "[pivot-shared-covered] a mount that is shared is below that on /" {
    make_root
    because 'something is mounted on /, over a mount that is shared' "${mounts[@]}" \
        'mount --make-shared / && mount --rbind / /' "${covered[@]}" 04-pivot_root "$root" -- true
}
@test "[pivot-shared-covered miss] it is private: it works" {
    make_root
    run_split "${mounts[@]}" 'mount --rbind / /' "${covered[@]}" 04-pivot_root "$root" -- true
    [[ $err == *'04-pivot_root pid'* ]]
}
@test "[pivot-shared-covered miss] NEWROOT is shared as well: that comes first" {
    make_root
    because "the mount on $root/old is shared" "${mounts[@]}" \
        'mount --make-shared / && mount --rbind / /' "${covered[@]}" \
        sh -c 'mount -t tmpfs nsteps "$0" && mount --make-shared "$0" && exec 04-pivot_root "$0" -- true' "$root/old"
}
@test "[pivot-outside-busy] --put-old leads out of NEWROOT, to the root mount: EBUSY" {
    ! grep -q ' /usr \| /etc ' /proc/self/mountinfo || skip '/usr or /etc is not on the root mount here'
    because '--put-old ../usr leads to /usr, which is not below /etc' pivot 04-pivot_root --put-old ../usr /etc -- true
    [[ $err == *EBUSY* ]]
}
@test "[pivot-outside-busy miss] it leads to a mount that is another one: EINVAL" {
    make_root
    because "--put-old in/../.. leads to $root" "${mounts[@]}" \
        "mount -t tmpfs nsteps $root && mkdir -p $root/old/in" 04-pivot_root --put-old in/../.. "$root/old" -- true
    [[ $err == *EINVAL* ]]
}
@test "[pivot-outside] --put-old leads out of NEWROOT, to another mount: EINVAL" {
    make_root
    because "--put-old in/../.. leads to $root, which is not below $root/old" "${mounts[@]}" \
        "mount -t tmpfs nsteps $root && mkdir -p $root/old/in" 04-pivot_root --put-old in/../.. "$root/old" -- true
    [[ $err == *EINVAL* ]]
}
@test "[pivot-outside] through a symbolic link" {
    make_root
    because "--put-old link leads to $root/dev, which is not below $root/old" "${mounts[@]}" \
        "mount -t tmpfs nsteps $root && mkdir $root/old $root/dev && ln -s ../dev $root/old/link" \
        04-pivot_root --put-old link "$root/old" -- true
}
@test "[pivot-outside miss] there is a .. in it that does not lead out: it works" {
    make_root
    mkdir "$root/old/in"
    run_split pivot 04-pivot_root --put-old in/../in "$root/old" -- true
    [[ $err == *'04-pivot_root pid'* ]]
}
@test "[pivot-outside miss] a directory whose name begins like NEWROOT's is outside" {
    make_root
    because "leads to $root/old2, which is not below $root/old" "${mounts[@]}" \
        "mount -t tmpfs nsteps $root && mkdir $root/old $root/old2" 04-pivot_root --put-old ../old2 "$root/old" -- true
}

@test "[pivot-initramfs] the root of the mount namespace is the initramfs" {
    needs_root
    [ -d /run/vm ] || skip 'this is no initramfs: make test-vm'
    seen=$(cat /run/vm/initramfs)
    [[ $seen == *01-unshare* ]] || skip 'this build of the steps does not run in an initramfs'
    echo "$seen"
    [[ $seen == *'pivot_root("/try", ".")'*EINVAL*'because: / is the initramfs ('* ]]
}
@test "[pivot-initramfs miss] the same errno, in a mount namespace whose root is none" {
    make_root
    because "--put-old in/../.. leads to $root" "${mounts[@]}" \
        "mount -t tmpfs nsteps $root && mkdir -p $root/old/in" 04-pivot_root --put-old in/../.. "$root/old" -- true
}
