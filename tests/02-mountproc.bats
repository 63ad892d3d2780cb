#!/usr/bin/env bats
# 02-mountproc: a fresh /proc; and --sys, --dev, --rbind-dev. What is mounted is read from mountinfo,
# and what a failure leaves behind too.
# shellcheck disable=SC2154 # out, err, held: set by the helper
load helper

# An ordinary user may mount in a mount namespace of a user namespace of his own.
if [ "$EUID" = 0 ]; then own=(); else own=(07-userns-map --); fi

# A directory of the test's own to mount below: ROOTFS may belong to another user.
make_root() {
    root=$BATS_TEST_TMPDIR/root
    mkdir -p "$root/proc" "$root/sys" "$root/dev"
}
# in_box COMMAND ...: in new mount, uts, ipc, net and pid namespaces.
in_box() { run_split "${own[@]}" 01-unshare -- "$@"; }

# type_of DIRECTORY <MOUNTINFO: the filesystem that is on top there, and its options.
type_of() {
    awk -v dir="$1" '$5 == dir { for (i = 7; $i != "-"; i++); found = $(i + 1) " " $6 } END { print found }'
}
# Nothing is mounted on or below $root, says the mountinfo in $out.
nothing_mounted() { ! grep -F " $root" <<<"$out"; }

# ---- /proc

@test "mounts proc on /proc: nosuid, nodev, noexec" {
    in_box 02-mountproc -- cat /proc/self/mountinfo
    [ "$(type_of /proc <<<"$out")" = 'proc rw,nosuid,nodev,noexec,relatime' ]
}
@test "the new /proc shows the new pid namespace and no process of the host" {
    # shellcheck disable=SC2016
    in_box 02-mountproc -- sh -c 'echo $$; cd /proc; echo [0-9]*'
    me=${out%%$'\n'*}
    [ "${out#*$'\n'}" = "1 $me" ]
}
@test "control: the old /proc in a new pid namespace still shows the host's processes" {
    in_box test -d "/proc/$BASHPID"
    [ "$status" = 0 ]
    in_box 02-mountproc -- test -d "/proc/$BASHPID"
    [ "$status" = 1 ]
}
@test "ROOT: the mount is on ROOT/proc, and /proc is the old one" {
    make_root
    in_box 02-mountproc "$root" -- cat /proc/self/mountinfo
    [ "$(type_of "$root/proc" <<<"$out")" = 'proc rw,nosuid,nodev,noexec,relatime' ]
    [ "$(grep -c ' - proc ' <<<"$out")" = "$(($(grep -c ' - proc ' /proc/self/mountinfo) + 1))" ]
}
@test "left behind: the mount is in the container's mount namespace and not in ours" {
    make_root
    hold "$BATS_TEST_TMPDIR/one" "${own[@]}" 01-unshare
    first=$held
    hold "$BATS_TEST_TMPDIR/two" bash -c '02-mountproc - "$1" <"$0"' "$BATS_TEST_TMPDIR/one" "$root"
    [ "$(type_of "$root/proc" <"/proc/$first/mountinfo")" = 'proc rw,nosuid,nodev,noexec,relatime' ]
    [ -z "$(type_of "$root/proc" </proc/self/mountinfo)" ]
}
@test "with - the proc shows the pid namespace of the record" {
    make_root
    run_split "${own[@]}" bash -c '01-unshare | 02-mountproc - "$0" | 06-nsenter - -- sh -c "cd \$0/proc; echo [0-9]*" "$0"' "$root"
    [[ $out == 1\ * ]]
    [ "$(wc -w <<<"$out")" -le 3 ] # PID 1, COMMAND, and where sh forks
}
@test "a relative ROOT is the one that was typed, also with -" {
    make_root
    cd "$BATS_TEST_TMPDIR"
    in_box 02-mountproc root -- cat /proc/self/mountinfo
    [[ $(type_of "$root/proc" <<<"$out") == proc\ * ]]
    run_split "${own[@]}" bash -c '01-unshare | 02-mountproc - root | 06-nsenter - -- cat /proc/self/mountinfo'
    [[ $(type_of "$root/proc" <<<"$out") == proc\ * ]]
}
@test "02 changes no namespace, and its report marks none" {
    run_split "${own[@]}" 01-unshare -m -p -- sh -c '
        02-mountproc -- readlink /proc/self/ns/mnt /proc/self/ns/user 2>"$0"; readlink /proc/self/ns/mnt /proc/self/ns/user
        ' "$BATS_TEST_TMPDIR/report"
    [ "$(sed -n '1,2p' <<<"$out")" = "$(sed -n '3,4p' <<<"$out")" ]
    grep -q '^02-mountproc pid' "$BATS_TEST_TMPDIR/report"
    ! grep -F '*' "$BATS_TEST_TMPDIR/report"
}
@test "in a pid namespace that is not new, root sees all processes in the new /proc too" {
    needs_root
    run_split 01-unshare -m -- 02-mountproc -- test -d "/proc/$BASHPID"
    [ "$status" = 0 ]
}
@test "a user without a pid namespace of his own: EPERM, and it says which is missing" {
    needs_user
    run_split "${own[@]}" 01-unshare -m -- 02-mountproc -- echo half-made
    [[ $status:$err == 125:*'mount proc on /proc'*EPERM*because:*'pid namespace'*--pid* ]]
    [ -z "$out" ]
}
@test "a user without any namespace: EPERM, and it says CAP_SYS_ADMIN" {
    needs_user
    run_split 02-mountproc -- echo half-made
    [[ $status:$err == 125:*EPERM*CAP_SYS_ADMIN* ]]
    [ -z "$out" ]
}

# ---- --sys

@test "--sys: sysfs on ROOT/sys, read-only" {
    make_root
    in_box 02-mountproc --sys "$root" -- cat /proc/self/mountinfo
    [ "$(type_of "$root/sys" <<<"$out")" = 'sysfs ro,nosuid,nodev,noexec,relatime' ]
}
@test "--sys: it shows the net namespace's own links" {
    make_root
    in_box 02-mountproc --sys "$root" -- ls "$root/sys/class/net"
    [ "$out" = lo ]
}
@test "control: without --sys, ROOT/sys stays as it was" {
    make_root
    in_box 02-mountproc "$root" -- cat /proc/self/mountinfo
    [ -z "$(type_of "$root/sys" <<<"$out")$(type_of "$root/dev" <<<"$out")" ]
}
@test "--sys for a user without a net namespace of his own: EPERM, and it says which is missing" {
    needs_user
    make_root
    run_split "${own[@]}" 01-unshare -m -p -- 02-mountproc --sys "$root" -- true
    [[ $status:$err == 125:*sysfs*EPERM*because:*'net namespace'*--net* ]]
}

# ---- --dev

@test "--dev: these names and no others" {
    in_box 02-mountproc --dev -- ls -A /dev
    [ "$(echo $out)" = 'fd full null ptmx pts random shm stderr stdin stdout tty urandom zero' ]
}
@test "--dev: the devices are the real ones, mem(4), random(4), tty(4)" {
    make_root
    # shellcheck disable=SC2016
    in_box 02-mountproc --dev "$root" -- sh -c 'cd "$0" && stat -c "%n %F %t:%T" full null random tty urandom zero' "$root/dev"
    [ "$out" = 'full character special file 1:7
null character special file 1:3
random character special file 1:8
tty character special file 5:0
urandom character special file 1:9
zero character special file 1:5' ]
}
@test "--dev: null takes, zero gives" {
    in_box 02-mountproc --dev -- sh -c 'echo lost >/dev/null && head -c 2 /dev/zero | od -An -tx1'
    [ "$out" = ' 00 00' ]
}
@test "--dev: the links lead to the process's own descriptors" {
    in_box 02-mountproc --dev -- readlink /dev/fd /dev/stdin /dev/stdout /dev/stderr /dev/ptmx
    [ "$(echo $out)" = '/proc/self/fd /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 pts/ptmx' ]
}
@test "--dev: /dev/pts is a new instance, where terminals begin with 0" {
    needs_tool script bsdutils
    in_box 02-mountproc --dev -- sh -c 'grep " /dev/pts " /proc/self/mountinfo; ls /dev/pts; script -qefc tty /dev/null </dev/null'
    [[ $out == *' - devpts '*ptmx*/dev/pts/0* ]]
}
@test "--dev: /dev/shm is a tmpfs that everybody may write" {
    in_box 02-mountproc --dev -- sh -c 'stat -c %a /dev/shm; cat /proc/self/mountinfo'
    [ "${out%%$'\n'*}" = 1777 ]
    [ "$(type_of /dev/shm <<<"$out")" = 'tmpfs rw,nosuid,nodev,noexec,relatime' ]
}
@test "--dev: the umask does not show in it" {
    make_root
    # shellcheck disable=SC2016
    run_split "${own[@]}" 01-unshare -- sh -c 'umask 077; exec 02-mountproc --dev "$0" -- stat -c "%a" "$0/dev" "$0/dev/pts" "$0/dev/shm" "$0/dev/null"' "$root"
    [ "$(echo $out)" = '755 755 1777 666' ]
}

# ---- --rbind-dev

@test "--rbind-dev: the whole /dev with all that is mounted below it" {
    make_root
    in_box 02-mountproc --rbind-dev "$root" -- cat /proc/self/mountinfo
    below() { awk -v dir="$1" '$5 == dir || index($5, dir "/") == 1 { sub(dir, "", $5); print $3, $4, $5 }' <<<"$out" | sort; }
    [ -n "$(below /dev)" ] || skip '/dev is no mount of its own here'
    [ "$(below "$root/dev")" = "$(below /dev)" ]
}
# In a shared outer mount namespace, which every machine can have, also one whose mounts are private:
# what is mounted below $1/dev inside, and what is mounted below /dev outside.
@test "--rbind-dev: what is mounted inside does not leak out, what is mounted outside comes in" {
    needs_tool nsenter util-linux
    make_root
    # shellcheck disable=SC2016
    run_split "${own[@]}" "${shared_mounts[@]}" sh -c '
        mount -t tmpfs nsteps /dev/shm && mkdir /dev/shm/inside /dev/shm/outside
        01-unshare --propagation unchanged -- 02-mountproc --rbind-dev "$0" -- sh -c "
            mount -t tmpfs nsteps-in  \$0/dev/shm/inside
            nsenter --mount=/proc/$$/ns/mnt mount -t tmpfs nsteps-out /dev/shm/outside
            grep -c \" \$0/dev/shm/outside \" /proc/self/mountinfo" "$0"
        grep -c " nsteps-out " /proc/self/mountinfo
        grep -c " /dev/shm/inside " /proc/self/mountinfo' "$root"
    [ "$(echo $out)" = '1 2 0' ] || [ "$(echo $out)" = '1 1 0' ]
}
@test "--rbind-dev: its mounts are slaves of those that it copied" {
    make_root
    # shellcheck disable=SC2016
    run_split "${own[@]}" "${shared_mounts[@]}" sh -c '
        mount --bind /dev /dev
        01-unshare --propagation unchanged -- 02-mountproc --rbind-dev "$0" -- cat /proc/self/mountinfo; :' "$root"
    fields=$(awk -v dir="$root/dev" '$5 == dir { print $7, $8 }' <<<"$out")
    [[ $fields == master:*\ - ]]
}

# ---- when it must not, or cannot

@test "in the host's mount namespace it refuses" {
    needs_host_mounts
    bad_input '01-unshare --mount first' 02-mountproc -- true
    make_root
    bad_input '01-unshare --mount first' 02-mountproc "$root" -- true
}
@test "in the mount namespace of PID 1 it refuses too: in Docker or WSL2 that is the whole machine" {
    needs_root
    make_root
    # A machine's init leads a session of its own: setsid makes one of this PID 1.
    run_split unshare --mount --pid --fork --mount-proc setsid sh -c '02-mountproc "$0" -- true; exit $?' "$root"
    [[ $status:$err == 125:*'01-unshare --mount first'* ]]
    # Controls: in a mount namespace of its own there, and in containers made by hand, it works.
    run_split unshare --mount --pid --fork --mount-proc setsid sh -c \
        '01-unshare --mount -- 02-mountproc "$0" -- true; exit $?' "$root"
    [ "$status" = 0 ]
    run_split unshare --mount --pid --fork --mount-proc sh -c '02-mountproc "$0" -- true; exit $?' "$root"
    [ "$status" = 0 ]
    run_split 01-unshare -m -p -- 02-mountproc -- sh -c '02-mountproc "$0" -- true; exit $?' "$root"
    [ "$status" = 0 ]
}
@test "with a record that brings no mount namespace it refuses too" {
    needs_host_mounts
    make_root
    hold "$BATS_TEST_TMPDIR/box" 01-unshare -u -p
    run_split 02-mountproc - "$root" -- true <"$BATS_TEST_TMPDIR/box"
    [[ $status:$err == 125:*'01-unshare --mount first'* ]]
    # Also where the step itself is in another one, and the record leads to the host's.
    run_split unshare --mount 02-mountproc - "$root" -- true <"$BATS_TEST_TMPDIR/box"
    [[ $status:$err == 125:*'01-unshare --mount first'* ]]
}
# fails_clean OPTIONS MISSING: 02 fails as $root/MISSING is not there, and no mount of it stays.
fails_clean() {
    make_root
    rmdir "$root/$2"
    # shellcheck disable=SC2016,SC2086
    run_split "${own[@]}" 01-unshare -- sh -c '
        root=$0; 02-mountproc "$@" "$root" -- echo half-made; [ $? = 125 ] && cat /proc/self/mountinfo' "$root" $1
    [[ $err == *"because: there is no directory $root/$2"* ]]
    [ -n "$out" ]
    [[ $out != *half-made* ]]
    nothing_mounted
}
@test "no ROOT/proc: it says so" {
    fails_clean '' proc
}
@test "no ROOT/dev: what --sys has mounted is undone" {
    fails_clean '--sys --dev' dev
}
@test "no ROOT/dev: what --sys has mounted is undone, with --rbind-dev" {
    fails_clean '--sys --rbind-dev' dev
}
@test "no ROOT/proc: what --sys and --dev have mounted is undone" {
    fails_clean '--sys --dev' proc
}
@test "no ROOT/proc: what --sys and --rbind-dev have mounted is undone" {
    fails_clean '--sys --rbind-dev' proc
}
@test "no ROOT/proc with -: what --sys and --dev have mounted is undone" {
    make_root
    rmdir "$root/proc"
    hold "$BATS_TEST_TMPDIR/box" "${own[@]}" 01-unshare
    run_split 02-mountproc - --sys --dev "$root" <"$BATS_TEST_TMPDIR/box"
    [[ $status:$err == 125:*"because: there is no directory $root/proc"* ]]
    ! grep -F " $root" "/proc/$held/mountinfo"
}
@test "ROOT/proc is a file: it says so" {
    make_root
    rmdir "$root/proc" && touch "$root/proc"
    in_box 02-mountproc "$root" -- true
    [[ $status:$err == 125:*ENOTDIR*"$root/proc is not a directory"* ]]
}

@test "ROOT/proc, ROOT/sys, ROOT/dev as symbolic links: refused, and nothing is made where they lead" {
    for name in proc sys dev; do
        rm -rf "$BATS_TEST_TMPDIR/root" "$BATS_TEST_TMPDIR/victim"
        mkdir -p "$BATS_TEST_TMPDIR"/{victim,root/{proc,sys,dev}}
        rmdir "$BATS_TEST_TMPDIR/root/$name"
        ln -s "$BATS_TEST_TMPDIR/victim" "$BATS_TEST_TMPDIR/root/$name"
        in_box 02-mountproc --sys --dev "$BATS_TEST_TMPDIR/root" -- cat /proc/self/mountinfo
        [ "$status" = 125 ] && [ -z "$out" ]
        [[ $err == *"root/$name is a symbolic link to $BATS_TEST_TMPDIR/victim"*'mkdir'* ]]
        [ -z "$(ls -A "$BATS_TEST_TMPDIR/victim")" ]
    done
}
# replaced COMMAND ...: it makes something else in the place of ROOT/dev, after the mount.
replaced() {
    mkdir -p "$BATS_TEST_TMPDIR"/{victim,root/{proc,dev}}
    # 02 is stopped where it has mounted the tmpfs.
    "${own[@]}" 01-unshare -m -p -- strace -qq -o "$BATS_TEST_TMPDIR/stop" -e trace=mount -e inject=mount:signal=STOP:when=1 \
        02-mountproc --dev "$BATS_TEST_TMPDIR/root" -- true 2>"$BATS_TEST_TMPDIR/err" 3>&- &
    box=$!
    HELD+=("$box")
    wait_until grep -qs 'stopped by SIGSTOP' "$BATS_TEST_TMPDIR/stop"
    mv "$BATS_TEST_TMPDIR/root/dev" "$BATS_TEST_TMPDIR/root/old"
    "$@"
    pkill -CONT -f "^02-mountproc --dev $BATS_TEST_TMPDIR/root"
    status=0
    wait "$box" || status=$?
    [ -z "$(ls -A "$BATS_TEST_TMPDIR/victim")" ]
    [ "$status" = 125 ]
    grep -q '^02-mountproc: open .*/root/dev: ' "$BATS_TEST_TMPDIR/err"
}
@test "--dev: a link that comes in the place of ROOT/dev after the mount leads nowhere" {
    needs_tool strace
    replaced ln -s "$BATS_TEST_TMPDIR/victim" "$BATS_TEST_TMPDIR/root/dev"
}
@test "--dev: nor does a directory, and 02 knows what has happened" {
    needs_tool strace
    replaced mkdir "$BATS_TEST_TMPDIR/root/dev"
    [ -z "$(ls -A "$BATS_TEST_TMPDIR/root/dev")" ]
    grep -q 'Stale file handle (ESTALE)' "$BATS_TEST_TMPDIR/err"
    grep -q 'because: .*somebody has put another directory in its place' "$BATS_TEST_TMPDIR/err"
}
@test "the process that mounts /proc is killed: 02 says so, and what it does not know" {
    needs_tool strace
    # shellcheck disable=SC2016
    run_split as_root bash -c '01-unshare | strace -f -qq -o /dev/null -e trace=mount -e inject=mount:signal=KILL 02-mountproc - "$0"' "$ROOTFS"
    [[ $err == *"02-mountproc: fork, to mount proc on $ROOTFS/proc: "*"(ECHILD)"*'because: not known'* ]]
}
@test "left with COMMAND: an ordinary user can still look at the namespaces of the step that waits" {
    [ "$EUID" != 0 ] || skip 'root can look at any process'
    hold "$BATS_TEST_TMPDIR/one" bash -c '01-unshare -m -p --user | 07-userns-map -'
    HELD=("$(record_pid "$(cat "$BATS_TEST_TMPDIR/one")")" "${HELD[@]}")
    02-mountproc - -- sleep 7777 <"$BATS_TEST_TMPDIR/one" 2>/dev/null 3>&- &
    HELD+=($!)
    wait_until find_inside
    readlink "/proc/$!/ns/mnt"
}

@test "a ROOT of 4094 bytes is too long for ROOT/proc: it says so, and mounts nothing elsewhere" {
    make_root
    long=$root
    while [ ${#long} -lt 4092 ]; do long+=/.; done
    in_box 02-mountproc "$long" -- cat /proc/self/mountinfo
    [[ $status:$err == 125:*'ENAMETOOLONG'* && -z $out ]]
}
@test "PID 1 of the pid namespace has died: it says so, and not that the mount failed" {
    make_root
    hold "$BATS_TEST_TMPDIR/box" "${own[@]}" 01-unshare -m -p -n
    pid=$(sed -n 's/.*PID 1 in there is pid \([0-9]*\).*/\1/p' "$BATS_TEST_TMPDIR/box.err")
    kill -KILL "$pid"
    wait_until grep -q "^State:.Z" "/proc/$pid/status"
    run_split 02-mountproc - --sys "$root" -- true <"$BATS_TEST_TMPDIR/box"
    [[ $status:$err == 125:*'fork, to mount proc on'*ENOMEM*'because: PID 1 '*'has died'* ]]
    ! grep -F " $root" "/proc/$held/mountinfo"
}

# ---- the command line

@test "the exit status is COMMAND's own, 128+N for signal N, 127 and 126 where it cannot run" {
    make_root
    in_box 02-mountproc "$root" -- sh -c 'exit 3'
    [ "$status" = 3 ]
    in_box 02-mountproc "$root" -- sh -c 'kill -KILL $$'
    [ "$status" = 137 ]
    in_box 02-mountproc "$root" -- /no/such/command
    [ "$status" = 127 ]
    in_box 02-mountproc "$root" -- /etc/passwd
    [ "$status" = 126 ]
}
@test "stdin and stdout are COMMAND's, untouched" {
    make_root
    tar -c -C steps . | "${own[@]}" 01-unshare -- 02-mountproc "$root" -- cat 2>/dev/null | tar -t >"$BATS_TEST_TMPDIR/list"
    grep -qx ./02-mountproc.c "$BATS_TEST_TMPDIR/list"
}
@test "--help: the usage on stdout, exit 0, every option named" {
    run_split 02-mountproc --help
    [ "$status:$err" = 0: ]
    for option in --sys --dev --rbind-dev ROOT; do grep -q -e "$option" <<<"$out"; done
}
@test "the report is at most 80 columns wide" {
    make_root
    in_box 02-mountproc --sys --dev "$root" -- true
    grep -q '^02-mountproc' <<<"$err"
    # A path longer than a line cannot be broken: only lines without one are measured.
    [ "$(grep -vF "$root" <<<"$err" | awk '{ print length }' | sort -n | tail -n 1)" -le 80 ]
}
@test "--dev and --rbind-dev exclude each other" {
    bad_input 'exclude each other' 02-mountproc --dev --rbind-dev -- true
}
@test "bad input: one line, exit 125, nothing done" {
    bad_input 'unknown option -x' 02-mountproc -x -- true
    bad_input '--bogus' 02-mountproc --bogus -- true
    bad_input '--sys=1 takes no argument' 02-mountproc --sys=1 -- true
    bad_input 'too late' 02-mountproc / --sys -- true
    bad_input 'must be the first' 02-mountproc / - -- true
    bad_input 'empty' 02-mountproc '' -- true
    bad_input 'nothing follows --' 02-mountproc / --
}
@test "bad input: a COMMAND without --" {
    bad_input '-- sh' 02-mountproc / sh
    bad_input '-- ps' 02-mountproc / ps -ef
}
@test "- without a record: refused, nothing mounted" {
    bad_input 'left no record' 02-mountproc -
    run_split bash -c 'echo no record | 02-mountproc - /'
    [[ $status:$err == 125:*'not the record of a step'* ]]
}
