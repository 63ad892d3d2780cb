#!/usr/bin/env bats
# make doctor. Each obstacle is made for real, in namespaces of its own; then doctor must name it, in the
# words of the step that has failed, and its verdict on the demo must be what the demo then does.
# shellcheck disable=SC2154,SC2016 # out, err, page: set by the helpers; ' ': for another shell
load helper
load doctor

# ---- this machine, as it is

@test "no obstacle: the demo will work, and it does" {
    DEMO=1 obstacle :
    [ "$status" = 0 ]
}
@test "every chapter and target has a row with a verdict" {
    page=$(cat "$PUBLIC/page")
    for label in 00 01-unshare 02-mountproc 03-chroot 04-pivot_root 05-cgroup 06-nsenter 07-userns-map \
        08-capset 09 'demo, shell' test 'vm, test-vm' rootfs-debian lint; do
        [ -n "$(verdict_of "$label")" ]
    done
}
@test "the targets with a row are in the Makefile, and a target that is not has none" {
    sed '/^lint:/,/^$/d' Makefile >"$PUBLIC/Makefile"
    obstacle :
    cp Makefile "$PUBLIC/"
    [ "$(verdict_of rootfs-debian)" != '' ] && [ "$(verdict_of lint)" = '' ]
}
@test "about 45 lines" {
    [ "$(wc -l <"$PUBLIC/page")" -le 50 ]
}
@test "the kernel, the limits and the namespaces are the machine's" {
    page=$(cat "$PUBLIC/page")
    [[ $(text_of kernel) == "Linux $(uname -r) $(uname -m)"* ]]
    [[ $(text_of namespaces) == *"at most $(cat /proc/sys/user/max_net_namespaces) of each type"* ]]
}
@test "no cgroup, no temporary file, no process stays" {
    mkdir "$BATS_TEST_TMPDIR/tmp"
    enabled=$(cat "$CGROUP2/cgroup.subtree_control")
    TMPDIR=$BATS_TEST_TMPDIR/tmp run_split sh -c 'echo $$ >"$0"; exec lib/doctor.sh "$@"' \
        "$BATS_TEST_TMPDIR/pid" "$BUILD" "$ROOTFS"
    [ -z "$(ls -A "$BATS_TEST_TMPDIR/tmp")" ]
    [ -z "$(find "$CGROUP2" -name "nsteps-doctor-$(cat "$BATS_TEST_TMPDIR/pid")" 2>/dev/null)" ]
    # (While an ordinary user looks, root's tests may be changing it.)
    [ "$(id -u)" != 0 ] || [ "$(cat "$CGROUP2/cgroup.subtree_control")" = "$enabled" ]
    [ -z "$(our_processes)" ]
}
@test "a path with blanks and quotes" {
    mkdir "$BATS_TEST_TMPDIR/it's here"
    cp -r "$PUBLIC"/0* lib "$BATS_TEST_TMPDIR/it's here"
    ln -s "$ROOTFS" "$BATS_TEST_TMPDIR/it's here/the root"
    run_split "$BATS_TEST_TMPDIR/it's here/lib/doctor.sh" "$BATS_TEST_TMPDIR/it's here" "$BATS_TEST_TMPDIR/it's here/the root"
    [ "$status" = 0 ]
}
@test "colour on a terminal only, and not with NO_COLOR" {
    refute grep -q $'\033' "$PUBLIC/page"
    TERM=xterm run_split pty "lib/doctor.sh $BUILD $ROOTFS"
    [[ $out == *$'\033[1;32mworks\033[0m'* ]]
    NO_COLOR=1 TERM=xterm run_split pty "lib/doctor.sh $BUILD $ROOTFS"
    [[ $out != *$'\033'* && $out == *works* ]]
}
@test "make doctor: the steps are built first, and its status is doctor's" {
    run_split env -u MAKEFLAGS -u MAKELEVEL make doctor
    [ "$status" = 0 ]
    [[ $out == *'make demo       will work' ]]
    run_split env -u MAKEFLAGS -u MAKELEVEL make ROOTFS="$BATS_TEST_TMPDIR/nosuch" doctor
    [ "$status" != 0 ]
    [[ $out == *'will not work'*"nosuch"* ]]
}

# ---- what may be missing

@test "a root filesystem that is not there" {
    run_split lib/doctor.sh "$BUILD" "$BATS_TEST_TMPDIR/nosuch"
    page=$out
    [ "$status" = 1 ]
    [[ $(text_of 03-chroot) == 'not here, because there is no directory '*nosuch*'try: '* ]]
    [ "$(verdict_of 01-unshare):$(verdict_of 02-mountproc)" = works:works ]
}
@test "the steps are not built" {
    mkdir "$BATS_TEST_TMPDIR/empty"
    run_split lib/doctor.sh "$BATS_TEST_TMPDIR/empty" "$ROOTFS"
    page=$out
    [ "$status" = 1 ] && [ -z "$err" ]
    [[ $(text_of steps) == "not here, because the steps are not in"* ]]
    [ "$(verdict_of 01-unshare):$(verdict_of 09)" = 'not here:not here' ]
    [[ $(text_of kernel) == "Linux $(uname -r)"* ]]
}
hide() { # NAME: a line that makes it a program no more, wherever it is in PATH
    type -ap "$1" | sort -u | sed 's/.*/mount --bind \/dev\/null &/'
}
@test "a tool that the tests need is not there: bats" {
    obstacle "$(hide bats)"
    [[ $(text_of tools) == *'missing for tests bats (apt-get install bats)'* ]]
    [[ $(text_of test) == 'not here, because bats: not installed try: apt-get install bats' ]]
    [ "$status" = 0 ]
}
@test "near: a tool that only some tests need is not there" {
    needs_tool script bsdutils
    obstacle "$(hide script)"
    [[ $(text_of tools) == *'script'*'(apt-get install '*'bsdutils'* ]]
    [[ $(text_of test) == 'works, without what needs '*'script'* ]]
}
@test "QEMU is not there: no vm" {
    needs_tool qemu-system-x86_64 qemu-system-x86
    obstacle "$(hide qemu-system-x86_64)"
    [[ $(text_of 'vm, test-vm') == 'not here, because qemu-system-x86_64: not installed'*qemu-system-x86 ]]
}
# $granted, $ranges: for newuidmap the user must exist.
granted='cp /etc/passwd $3/passwd && echo "somebody:x:$5:$5::/:/bin/sh" >>$3/passwd && mount --bind $3/passwd /etc/passwd
    echo "somebody:300000:65536" >$3/ranges; mount --bind $3/ranges /etc/subuid; mount --bind $3/ranges /etc/subgid'
@test "newuidmap is not there: --auto is not here" {
    needs_root
    needs_tool newuidmap uidmap
    somebody "$granted
        $(hide newuidmap)"
    [[ $(text_of 'id ranges') == '07-userns-map --auto: not here, because'*newuidmap* ]]
    [ "$status" = 0 ]
}
@test "near: newuidmap and a line in /etc/subuid" {
    needs_root
    needs_tool newuidmap uidmap
    somebody "$granted"
    [ "$(text_of 'id ranges')" = "07-userns-map --auto works: uid_map 0 $SOMEBODY 1,1 300000 65536" ]
}
@test "newuidmap fails: why" {
    needs_root
    needs_tool newuidmap uidmap
    somebody "$granted; set_priv='--no-new-privs'"
    [[ $(text_of 'id ranges') == '07-userns-map --auto: not here, because'*'no_new_privs is set, so newuidmap cannot get'* ]]
    [[ $(text_of 'user namespace') == 'works: '*'may be in the way: no_new_privs (sudo and newuidmap gain nothing)' ]]
}
@test "no line in /etc/subuid" {
    somebody 'mount --bind /dev/null /etc/subuid'
    [[ $(text_of 'id ranges') == *"because /etc/subuid grants uid $SOMEBODY no ids"* ]]
    [ "$status" = 0 ]
}

# ---- user namespaces, limits

# in_user_ns SETUP: as root of a user namespace, in which limits can be set.
in_user_ns() {
    needs_tool unshare util-linux
    new_result
    unshare --user --map-root-user sh -c "$1"'
        . "$0"' "$PUBLIC/examine" "$BUILD" "$ROOTFS" "$PUBLIC"
    read_result
}
@test "max_user_namespaces is 0: 07's own words, and no demo" {
    DEMO=1 STEP='07-userns-map -- true' in_user_ns 'echo 0 >/proc/sys/user/max_user_namespaces'
    [ "$status" = 1 ]
    [ -n "$step" ] && [[ $(text_of 'user namespace') == "refused, because $step"* ]]
    [[ $(text_of namespaces) == 'can be made: cgroup ipc mnt net pid time uts; not: user'*'but 0 of user'* ]]
    [[ $(text_of 07-userns-map) == 'not here: see user namespace' ]]
    [ "$(verdict_of 01-unshare)" = works ] # root needs none for it
}
@test "near: max_user_namespaces is not 0, but small" {
    DEMO=1 in_user_ns 'echo 100 >/proc/sys/user/max_user_namespaces'
    [ "$status" = 0 ]
    [[ $(text_of namespaces) == *'but 100 of user'* ]]
    [ "$(verdict_of 07-userns-map)" = works ]
}
@test "max_net_namespaces is 0: 01's own words, and no demo" {
    DEMO=1 STEP='01-unshare --hostname box -- true' in_user_ns 'echo 0 >/proc/sys/user/max_net_namespaces'
    [ "$status" = 1 ]
    [ -n "$step" ] && [[ $(text_of 01-unshare) == *"$step"* || $(text_of namespaces) == *"$step"* ]]
    [[ $(text_of namespaces) == *'; not: net'* ]]
    [ "$(verdict_of 01-unshare):$(verdict_of 02-mountproc)" = 'not here:works' ]
}
@test "in a user namespace: said so, and no debootstrap there" {
    in_user_ns :
    [[ $(text_of kernel) == *"in a container or the like: these namespaces are not the machine's first:"*user* ]]
    [ "$(verdict_of rootfs-debian)" = 'not here' ]
}
@test "root without capabilities" {
    needs_root
    needs_tool setpriv util-linux
    DEMO=1 STEP='01-unshare -- true' new_result
    DEMO=1 STEP='01-unshare -- true' setpriv --bounding-set -all sh "$PUBLIC/examine" "$BUILD" "$ROOTFS" "$PUBLIC"
    DEMO=1 STEP='01-unshare -- true' read_result
    [ "$status" = 1 ]
    [[ $(text_of 'user namespace') == *'may be in the way: a bounding set without CAP_SYS_ADMIN' ]]
    [ -n "$step" ] && [[ $(text_of 01-unshare) == "not here, because $step"* ]]
}

@test "a seccomp filter that refuses unshare: 01's own words, and no demo" {
    needs_deny
    export DEMO=1 STEP='01-unshare --user -- true'
    new_result
    deny unshare sh "$PUBLIC/examine" "$BUILD" "$ROOTFS" "$PUBLIC"
    read_result
    [ "$status" = 1 ]
    [[ $(text_of 'user namespace') == 'refused'*'may be in the way: a seccomp filter (Seccomp: 2)'* ]]
    # For root no type can be made at all, and that is said first.
    [ -n "$step" ] && [[ $(text_of namespaces)$(text_of 'user namespace') == *", because $step try: "* ]]
    [ "$(verdict_of 01-unshare):$(verdict_of 09)" = 'not here:not here' ] # root would be under it, too
}
@test "near: a seccomp filter that refuses something else" {
    needs_deny
    export DEMO=1 STEP=''
    new_result
    deny linkat=EROFS sh "$PUBLIC/examine" "$BUILD" "$ROOTFS" "$PUBLIC"
    read_result
    [ "$status:$(verdict_of 01-unshare)" = 0:works ]
    [[ $(text_of 'user namespace') == 'works: '*'may be in the way: a seccomp filter (Seccomp: 2)'* ]]
}

# ---- /proc

@test "a covered file in /proc: an ordinary user gets no new /proc, root does" {
    DEMO=1 STEP='07-userns-map -- 01-unshare -m -p -- 02-mountproc -- true' somebody 'mount -t tmpfs none /proc/tty'
    [ "$status" = 1 ]
    [ "$(text_of /proc)" = 'mounted, partly covered: /proc/tty' ]
    [ "$(verdict_of 01-unshare):$(verdict_of 02-mountproc):$(verdict_of 09)" = 'works:works as root only:works as root only' ]
    [[ $step == 'not known' || $(text_of 02-mountproc) == *"because $step"* ]]
}
@test "near: something else is covered, and /proc is whole" {
    somebody 'mount -t tmpfs none /mnt'
    [ "$status" = 0 ]
    [ "$(text_of /proc)" = 'mounted, nothing in it is covered' ]
    [ "$(verdict_of 02-mountproc)" = works ]
}
@test "near: root may have a new /proc although it is covered" {
    needs_root
    DEMO=1 obstacle 'mount -t tmpfs none /proc/tty'
    [ "$(text_of /proc)" = 'mounted, partly covered: /proc/tty' ]
    [ "$status:$(verdict_of 02-mountproc)" = 0:works ]
}
# The /proc of a pid namespace that we are not in, and that has died since.
@test "/proc belongs to another pid namespace" {
    DEMO=1 obstacle 'unshare --pid --fork mount -t proc proc /proc'
    [ "$status" = 1 ]
    [ "$(text_of /proc)" = 'the /proc here belongs to another pid namespace' ]
    [[ $(text_of 00) == 'not here, because the /proc here belongs to another pid namespace'* ]]
}
# A new pid namespace, and the /proc of the one outside is still there.
@test "/proc still shows the outer pid namespace" {
    needs_tool unshare util-linux
    user=()
    [ "$(id -u)" = 0 ] || user=(--user --map-root-user)
    export DEMO=1
    new_result
    unshare "${user[@]}" --pid --fork sh -c '. "$0"' "$PUBLIC/examine" "$BUILD" "$ROOTFS" "$PUBLIC"
    read_result
    [ "$(text_of /proc)" = 'mounted, but of an outer pid namespace: its pids are not those that we see' ]
    [[ $(text_of kernel) == *'not the machine'*pid* ]]
}

# ---- cgroups

@test "no cgroup v2 is mounted" {
    needs_root
    DEMO=1 STEP='05-cgroup nsteps-test-doctor -- true' obstacle 'while mount=$(awk "/ - cgroup2 / { print \$5; exit }" \
        /proc/self/mountinfo); [ -n "$mount" ]; do umount -l "$mount"; done'
    [ "$status" = 0 ]
    [[ $(text_of cgroups) == 'v2 is not mounted'* ]]
    [ -n "$step" ] && [[ $(text_of 05-cgroup) == "not here, because $step"* ]]
    [ "$(text_of 09)" = 'works, without 05-cgroup' ]
}
@test "cgroup v2 is mounted read-only" {
    needs_root
    DEMO=1 STEP='05-cgroup nsteps-test-doctor -- true' obstacle "mount -o remount,bind,ro $CGROUP2"
    [ "$status" = 0 ]
    [[ $(text_of cgroups) == *"v2 at $CGROUP2, read-only controllers"* ]]
    [ -n "$step" ] && [[ $(text_of 05-cgroup) == "not here, because $step"* ]]
}
@test "cgroup v2 is mounted read-only, for an ordinary user: not even as root" {
    somebody "mount -o remount,bind,ro $CGROUP2"
    [ "$(verdict_of 05-cgroup)" = 'not here' ]
}
@test "near: cgroup v2 is writable, but nothing is delegated: works as root only" {
    DEMO=1 STEP='05-cgroup nsteps-test-doctor -- true' somebody :
    [[ $(text_of cgroups) != *read-only* ]]
    [ -n "$step" ] && [[ $(text_of 05-cgroup) == "works as root only, because $step"* ]]
    [ "$(text_of 09)" = 'works, without 05-cgroup' ]
}
@test "a delegated cgroup, with its controllers" {
    needs_root
    dir=$CGROUP2/nsteps-test-doctor-$$
    mkdir "$dir" "$dir/leaf"
    chown "$SOMEBODY" "$dir" "$dir"/cgroup.{procs,subtree_control,threads} "$dir/leaf" "$dir/leaf/cgroup.procs"
    controllers=$(cat "$dir/cgroup.controllers")
    export DEMO=1
    let_somebody_examine "echo 0 >$dir/leaf/cgroup.procs" || :
    rmdir "$dir/leaf" "$dir"
    read_result
    [[ $(text_of cgroups) == *"delegated to you: $dir, with controllers: ${controllers:-none}" ]]
    [ "$(verdict_of 05-cgroup):$(text_of 09)" = works:works ]
}
@test "limits: what v2 has can be set, what it lacks is told" {
    needs_root
    page=$(cat "$PUBLIC/page")
    for controller in pids memory cpu; do
        if grep -qw $controller "$CGROUP2/cgroup.controllers"; then
            [[ $(text_of 05-cgroup) == *", with "*"$controller.max"* ]]
        else
            [[ $(text_of 05-cgroup) == *", without "*"$controller.max"*', because '* ]]
        fi
    done
}

# ---- the terminal, a chroot, hardly anything

# The machine's own is left alone; doctor-sysctl.bats changes it in a virtual machine.
@test "TIOCSTI: the sysctl is 0, 1, or not there" {
    sysctl=/proc/sys/dev/tty/legacy_tiocsti
    if [ ! -e $sysctl ]; then
        page=$(cat "$PUBLIC/page")
        [[ $(text_of terminal) == 'what runs inside can type into it (TIOCSTI): this kernel has no sysctl'* ]]
        return
    fi
    echo 0 >"$PUBLIC/0"
    echo 1 >"$PUBLIC/1"
    obstacle "mount --bind $PUBLIC/0 $sysctl"
    [[ $(text_of terminal) == *'takes CAP_SYS_ADMIN: dev.tty.legacy_tiocsti is 0' ]]
    obstacle "mount --bind $PUBLIC/1 $sysctl"
    [[ $(text_of terminal) == 'what runs inside can type into it (TIOCSTI): dev.tty.legacy_tiocsti is 1' ]]
}
# in_chroot SETUP: in a chroot to the root filesystem; $root is the directory.
in_chroot() {
    local user=()
    [ "$(id -u)" = 0 ] || user=(--user --map-root-user)
    needs_tool unshare util-linux
    new_result
    unshare "${user[@]}" --mount --propagation private sh -c 'root=$1 public=$2 
        mount --bind "$public" "$root/mnt" || exit 1
        eval "$3"
        exec chroot "$root" sh /mnt/examine /usr/bin / /mnt' sh "$ROOTFS" "$PUBLIC" "$1"
    read_result
}
@test "in a chroot without /proc and /dev" {
    DEMO=1 in_chroot :
    [ "$status" = 1 ]
    [ "$(text_of /proc)" = 'not mounted here' ]
    [[ $(text_of terminal) == *'cannot be told'* ]]
    [ "$(verdict_of 03-chroot):$(verdict_of 07-userns-map)" = 'works:not here' ]
    [ ! -e "$ROOTFS/dev/null" ] # and no file has been made there
}
@test "in a chroot with /proc and /dev: 07's own words, and no demo" {
    DEMO=1 STEP='07-userns-map -- true' in_chroot 'mount --rbind /proc $root/proc; mount --rbind /dev $root/dev'
    [ "$status" = 1 ]
    [[ $(text_of 'user namespace') == "refused, because $step may be in the way: a chroot" || \
        $(text_of 'user namespace') == "refused, because $step try: "*' may be in the way: a chroot' ]]
    [ "$(verdict_of 00)" = works ]
}
@test "with nothing but sh, awk and the steps" {
    tiny=$BATS_TEST_TMPDIR/tiny
    mkdir -p "$tiny/bin" "$tiny/usr" "$tiny/mnt" "$tiny/result"
    cp "$ROOTFS"/usr/bin/sh "$ROOTFS"/usr/bin/awk "$PUBLIC"/0* "$tiny/bin/"
    mkdir "$tiny/lib"
    cp lib/doctor.sh lib/demo.sh "$tiny/lib/"
    user=()
    [ "$(id -u)" = 0 ] || user=(--user --map-root-user)
    # The libraries of those two; lib64 and the like are links into usr.
    run_split unshare "${user[@]}" --mount --propagation private sh -c 'cd "$1"
        for dir in "$2"/usr/lib*; do
            name=${dir##*/}
            mkdir -p "usr/$name"
            mount --bind "$dir" "usr/$name"
            [ -e "$name" ] || ln -s "usr/$name" "$name"
        done
        for dir in usr/lib/*; do [ ! -d "$dir" ] || [ -e "lib/${dir##*/}" ] || ln -s "/$dir" lib/; done
        exec env -i PATH=/bin "$(command -v chroot)" . /bin/sh /lib/doctor.sh /bin /' sh "$tiny" "$ROOTFS"
    page=$out
    echo "$out$err"
    [ "$status" = 1 ] && [ -z "$err" ]
    [[ $page == 'What works on this machine, for somebody whose uid cannot be read:'* ]]
    [[ $(text_of kernel) == 'Linux (its release cannot be read)'* ]]
    [ -n "$(verdict_of 01-unshare)" ] && [ "$(verdict_of 09)" = 'not here' ]
}
