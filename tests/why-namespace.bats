#!/usr/bin/env bats
# What lib/why-namespace.c and why-setns.c say: each cause is made for real. tests/causes lists them;
# those that take a sysctl of the whole machine are in why-namespace-sysctl.bats.
# shellcheck disable=SC2016,SC2154 # $ is for the shell inside; out, err, held: set by the helper
load helper

# An ordinary user has no capability but in a user namespace of his own, as_root; and with --user he may make
# the other types, too. Root becomes one where it must be one.
if [ "$(id -u)" = 0 ]; then
    user=()
    somebody=(setpriv --reuid 54321 --regid 54321 --clear-groups)
else
    user=(--user)
    somebody=()
fi
NOBODY=$(cat /proc/sys/kernel/overflowuid)
SECCOMP='a seccomp filter refuses'

# succeeds COMMAND ...: no step fails, and none gives a reason.
succeeds() {
    run_split "$@" </dev/null
    [ "$status" = 0 ] && [[ $err != *because:* ]] && return 0
    printf 'status %s, stderr:\n%s\n' "$status" "$err" >&2
    return 1
}
# with STEP SCRIPT [ARG ...]: a shell runs SCRIPT with the pid of the STEP, left behind, in $pid; it ends with it.
# All of it in one user namespace: as_root bash -c "$(with '01-unshare -u' 'ps $pid')"
with() { echo "exec 3< <(exec $1 2>/dev/null); read -r _ pid _ <&3; $2; exit"; }
# repeat N COMMAND: "COMMAND COMMAND ..."
repeat() { for ((i = 0; i < $1; i++)); do echo "$2"; done; }

# ---- unshare(2)

@test "[unshare-seccomp] a filter refuses unshare, or only these flags" {
    needs_deny
    because "$SECCOMP unshare to this process" deny unshare 01-unshare "${user[@]}" --uts -- true
    because "$SECCOMP unshare to this process" deny 'unshare&0x10000000' 01-unshare --user -- true
    because "$SECCOMP unshare to this process" deny 'unshare&0x10000000' 07-userns-map -- true
}
@test "[unshare-seccomp miss] a filter refuses something else" {
    needs_deny
    because "uid $NOBODY is not mapped" unshare --user deny setns,mount 01-unshare --user -- true
    succeeds deny 'unshare&0x10000000' unshare --help
}
@test "[unshare-cap] no CAP_SYS_ADMIN" {
    because 'unshare needs CAP_SYS_ADMIN, which uid 0 does not have' as_root 08-capset --drop all -- 01-unshare --uts -- true
}
@test "[unshare-cap miss] the capabilities went because the uid is unmapped" {
    because "uid $NOBODY is not mapped in this user namespace, so it lost" unshare --user 01-unshare --uts -- true
}
@test "[unshare-lost] capabilities lost at the exec of an unmapped uid" {
    because "uid $NOBODY is not mapped in this user namespace, so it lost its capabilities when this program was executed, and without --user unshare needs CAP_SYS_ADMIN" \
        unshare --user 01-unshare --uts -- true
}
@test "[unshare-lost miss] dropped, not lost" {
    because 'which uid 0 does not have' 07-userns-map -- 08-capset --drop all -- 01-unshare --net -- true
}
@test "[unshare-chroot] a chroot onto a plain directory: told by mountinfo, without any capability" {
    because 'this process is in a chroot, and there CLONE_NEWUSER is refused to everybody' \
        as_root 01-unshare -m -p -- 02-mountproc "$ROOTFS" -- 03-chroot "$ROOTFS" -- 08-capset --drop all -- 01-unshare --user -- true
}
@test "[unshare-chroot miss] after pivot_root it works" {
    succeeds as_root 01-unshare -m -- 04-pivot_root "$ROOTFS" -- 01-unshare --user -- true
}
@test "[unshare-chroot-mount] a chroot onto a mount point: it is named" {
    because "this process is in a chroot: its / is $ROOTFS, and there CLONE_NEWUSER is refused" \
        as_root 01-unshare -m -- sh -c 'mount --bind "$0" "$0" && exec 03-chroot "$0" -- 01-unshare --user -- true' "$ROOTFS"
    # The same, where the two have the same device and inode.
    because "this process is in a chroot: its / is /mnt, and" \
        as_root 01-unshare -m -- sh -c 'mount --rbind / /mnt && exec 03-chroot /mnt -- "$0" --user -- true' "$PUBLIC/01-unshare"
}
@test "[unshare-chroot-mount miss] chroot(\"/\") is none" {
    succeeds as_root 03-chroot / -- 01-unshare --user -- true
    because "uid $NOBODY is not mapped" as_root 03-chroot / -- unshare --user 01-unshare --user -- true
}
@test "[unshare-chroot-mount] to look leaves / and the working directory as they were" {
    needs_tool strace
    run_split as_root 01-unshare -m -- strace -qq -o "$BATS_TEST_TMPDIR/trace" -e trace=setns,chroot,fchdir,exit_group \
        03-chroot "$ROOTFS" -- 01-unshare --user -- true
    [ "$status" = 125 ]
    [ "$(sed -n '/setns/,$ s/(.*//p' "$BATS_TEST_TMPDIR/trace" | tr '\n' ' ')" = 'setns fchdir fchdir chroot fchdir exit_group ' ]
}
@test "[unshare-chroot-noproc] a chroot without /proc" {
    because "this process is in a chroot: its / is $ROOTFS, and" \
        as_root 01-unshare -m -- 03-chroot "$ROOTFS" -- 01-unshare --user -- true
}
@test "[unshare-chroot-noproc miss] without the capability to look either: it says what is missing" {
    because '/proc is not mounted here' as_root 03-chroot "$ROOTFS" -- 08-capset --drop all -- 01-unshare --user -- true
}
@test "[unshare-unmapped] the uid, or only the gid, has no number" {
    because "uid $NOBODY is not mapped in this user namespace, and only who is mapped" unshare --user 01-unshare --user -- true
    because "gid $NOBODY is not mapped in this user namespace" "${somebody[@]}" bash -c "$(with '01-unshare --user' \
        'echo 0 $(id -u) 1 >/proc/$pid/uid_map; 06-nsenter --target $pid --user -- 01-unshare --user -- true')"
}
@test "[unshare-unmapped miss] both have one" {
    succeeds 07-userns-map -- 01-unshare --user -- true
    because "its / is $ROOTFS" as_root 01-unshare -m -- 03-chroot "$ROOTFS" -- 01-unshare --user -- true
}
@test "[unshare-apparmor] a profile denies user namespaces: EACCES" {
    needs_apparmor
    confined 'deny userns' 01-unshare --user -- true
    [ "$status" = 125 ]
    [[ $err == *EACCES*"because: AppArmor's profile nsteps-test (enforce) confines this process and denies user namespaces"*'"userns,"'* ]]
}
@test "[unshare-apparmor miss] the same profile, another cause" {
    needs_apparmor
    confined 'deny userns' 08-capset --drop all -- 01-unshare --uts -- true
    [[ $err == *'because: without --user unshare needs CAP_SYS_ADMIN'* ]]
}
@test "[unshare-apparmor-cap] a profile takes CAP_SYS_ADMIN away, also in a new user namespace" {
    needs_apparmor
    for type in --uts '--user --uts'; do
        # shellcheck disable=SC2086
        confined 'userns, deny capability sys_admin' 01-unshare $type -- true
        echo "$err"
        [ "$status" = 125 ]
        [[ $err == *EPERM*"because: AppArmor's profile nsteps-test (enforce) confines this process and denies CAP_SYS_ADMIN, although"* ]]
    done
}
@test "[unshare-apparmor-cap miss] a profile that denies nothing; and a profile, but a chroot" {
    needs_apparmor
    confined userns 01-unshare --user --uts -- true
    [ "$status" = 0 ]
    confined userns 03-chroot "$ROOTFS" -- 01-unshare --user -- true
    [[ $err == *"because: this process is in a chroot"* ]]
}

# ---- unshare(2): limits. In a user namespace of one's own one may set one's own.

@test "[unshare-max-0] the limit is 0: it is named, the first one in the kernel's order" {
    because '/proc/sys/user/max_uts_namespaces is 0' 07-userns-map -- sh -c \
        'echo 0 >/proc/sys/user/max_uts_namespaces; echo 0 >/proc/sys/user/max_net_namespaces; exec 01-unshare -n -i -u -- true'
    because '/proc/sys/user/max_user_namespaces is 0' 07-userns-map -- sh -c \
        'echo 0 >/proc/sys/user/max_user_namespaces; exec 07-userns-map -- true'
}
@test "[unshare-max-0 miss] another type is limited" {
    succeeds 07-userns-map -- sh -c 'echo 0 >/proc/sys/user/max_net_namespaces; exec 01-unshare -i -u -- true'
}
@test "[unshare-max] the limit is reached" {
    because 'uid 0 has as many namespaces as it may have: in /proc/sys/user here max_uts_namespaces 1; or' 07-userns-map -- sh -c \
        'echo 1 >/proc/sys/user/max_uts_namespaces; exec 01-unshare -u -- 01-unshare -u -i -- true'
}
@test "[unshare-max miss] it is not" {
    succeeds 07-userns-map -- sh -c 'echo 2 >/proc/sys/user/max_uts_namespaces; exec 01-unshare -u -- 01-unshare -u -i -- true'
}
@test "[unshare-max-outer] the limit of an outer user namespace is reached" {
    because 'uid 0 has as many namespaces as it may have by the limits of an outer user namespace' 07-userns-map -- sh -c \
        'echo 1 >/proc/sys/user/max_uts_namespaces; exec 07-userns-map -- 01-unshare -u -- 01-unshare -u -- true'
}
@test "[unshare-max-outer miss] the own one is reached" {
    because 'max_uts_namespaces is 0' 07-userns-map -- 07-userns-map -- sh -c \
        'echo 0 >/proc/sys/user/max_uts_namespaces; exec 01-unshare -u -- true'
}
@test "[unshare-user-depth] user namespaces nested 33 deep" {
    # shellcheck disable=SC2046
    because 'or user namespaces are nested 33 deep already' $(repeat 34 'unshare --user --map-root-user') 07-userns-map -- true ||
        because 'or user namespaces are nested 33 deep already' $(repeat 33 'unshare --user --map-root-user') 07-userns-map -- true
}
@test "[unshare-user-depth miss] another type has no such depth" {
    because 'has as many namespaces as it may have by the limits of an outer user namespace, which cannot be seen from here' \
        07-userns-map -- sh -c 'echo 0 >/proc/sys/user/max_uts_namespaces; exec 07-userns-map -- 01-unshare -u -- true'
    [[ $err != *nested* ]]
}
@test "[unshare-pid-depth] pid namespaces nested 32 deep" {
    [ "$(ns_inode self pid)" = 4026531836 ] || skip 'this /proc is not that of the first pid namespace'
    # shellcheck disable=SC2046
    because 'pid namespaces are nested 32 deep here already' as_root $(repeat 32 'unshare --pid --fork') 01-unshare --pid -- true
}
@test "[unshare-pid-depth miss] a limit" {
    because '/proc/sys/user/max_pid_namespaces is 0' 07-userns-map -- unshare --pid --fork sh -c \
        'echo 0 >/proc/sys/user/max_pid_namespaces; exec 01-unshare --pid -- true'
}

# ---- unshare(2): EINVAL

@test "[unshare-pid-twice] a pid namespace for the children is there already" {
    because 'this process holds a new pid namespace for its children already' as_root unshare --pid 01-unshare --pid -- true
    because 'this process holds a new pid namespace for its children already' as_root bash -c '01-unshare -p | 01-unshare - -p -- true'
}
@test "[unshare-pid-twice miss] the pid namespace is one for this process, too" {
    succeeds as_root unshare --pid --fork 01-unshare --pid -- true
}
@test "[unshare-pid-owner] our pid namespace belongs to a user namespace within ours" {
    because 'this process is in a pid namespace that belongs to a user namespace within ours' as_root bash -c \
        "$(with '01-unshare --user --pid' '06-nsenter --target $pid --pid -- 01-unshare --pid -- true')"
}
@test "[unshare-pid-owner miss] it belongs to ours" {
    succeeds as_root bash -c "$(with '01-unshare --pid' '06-nsenter --target $pid --pid -- 01-unshare --pid -- true')"
}

# ---- the hostname and the clocks

@test "[hostname-long] the name is too long" {
    because 'the name has 65 bytes, and the kernel takes 64 at most' 01-unshare "${user[@]}" -u --hostname "$(printf '%065d' 0)" -- true
}
@test "[hostname-long miss] 64 bytes; and the same errno from a filter" {
    needs_deny
    succeeds 01-unshare "${user[@]}" -u --hostname "$(printf '%064d' 0)" -- true
    because 'not known' deny sethostname=EINVAL 01-unshare "${user[@]}" -u --hostname nsteps-box -- true
}
@test "[hostname-seccomp] a filter refuses sethostname" {
    needs_deny
    because "$SECCOMP sethostname" deny sethostname 01-unshare "${user[@]}" -u --hostname nsteps-box -- true
}
@test "[hostname-seccomp miss] a filter, but the name is too long" {
    needs_deny
    because 'the name has 65 bytes' deny setns 01-unshare "${user[@]}" -u --hostname "$(printf '%065d' 0)" -- true
}
@test "[clock-range] a clock before 0, or 146 years on" {
    because '-1000000000 s would take CLOCK_BOOTTIME in the new namespace below 0' as_root 01-unshare -T --boottime -1000000000 -- true
    because '5000000000 s would take CLOCK_MONOTONIC in the new namespace beyond the 146 years' as_root 01-unshare -T --monotonic 5000000000 -- true
}
@test "[clock-range miss] 140 years" {
    succeeds as_root 01-unshare -T --monotonic 4400000000 -- true
}
@test "[clock-cap] no CAP_SYS_TIME" {
    because 'setting a clock of a time namespace needs CAP_SYS_TIME' as_root 08-capset --drop cap_sys_time -- 01-unshare -T --boottime 5 -- true
}
@test "[clock-cap miss] no CAP_SYS_RESOURCE" {
    succeeds as_root 08-capset --drop cap_sys_resource -- 01-unshare -T --boottime 5 -- true
}
@test "[clock-ro] /proc is mounted read-only" {
    because '/proc is mounted read-only here' as_root 01-unshare -m -p -- 02-mountproc -- sh -c \
        'mount -o remount,bind,ro,nosuid,nodev,noexec /proc && exec 01-unshare -T --boottime 5 -- true'
}
@test "[clock-ro miss] it is not" {
    succeeds as_root 01-unshare -m -p -- 02-mountproc -- 01-unshare -T --boottime 5 -- true
}
@test "[clock-noproc] /proc is not there" {
    because 'the offsets are set through /proc/self, and /proc is not mounted here' \
        as_root 03-chroot "$ROOTFS" -- 01-unshare -T --boottime 5 -- true
}
@test "[clock-noproc miss] it is" {
    because 'below 0' as_root 01-unshare -m -p -- 02-mountproc "$ROOTFS" -- 03-chroot "$ROOTFS" -- 01-unshare -T --boottime -1000000000 -- true
}

# ---- clone(2)

pid_1() { sed -n 's/.*PID 1 in there is pid \([0-9]*\).*/\1/p' "$1"; }
is_zombie() { [[ $(status_field "$1" State) == Z* ]]; }
# hold_dead LINE: a container, left behind by a pipeline whose first step makes the pid namespace, in which PID 1
# has died. Its record is in $box.
hold_dead() {
    box=$BATS_TEST_TMPDIR/box
    hold "$box" bash -c "$1"
    HELD+=("$(record_pid "$(cat "$box")")")
    pid=$(pid_1 "$box.err")
    kill -9 "$pid"
    wait_until is_zombie "$pid"
}
PID_1='PID 1 of the pid namespace has died'

@test "[fork-dead] PID 1 has died" {
    hold_dead "exec 01-unshare ${user[*]} --pid --uts"
    because "$PID_1" bash -c 'exec 06-nsenter - -- true <"$0"' "$box"
}
@test "[fork-dead] PID 1 has died; seen in the /proc of the container" {
    hold_dead "01-unshare ${user[*]} -m -p ${user:+| 07-userns-map -} | 02-mountproc - $ROOTFS | 03-chroot - $ROOTFS"
    because "$PID_1" bash -c 'exec 06-nsenter - -- true <"$0"' "$box"
}
@test "[fork-dead] PID 1 was the first child of unshare(1), and is gone altogether" {
    because "$PID_1" as_root unshare --pid sh -c '/bin/true; exec 01-unshare -T -- true'
}
@test "[fork-dead miss] PID 1 lives, and ENOMEM has another cause" {
    needs_deny
    hold "$BATS_TEST_TMPDIR/box" 01-unshare "${user[@]}" --pid --uts
    because "$SECCOMP clone" deny clone=ENOMEM,fork=ENOMEM bash -c 'exec 06-nsenter - -- true <"$0"' "$BATS_TEST_TMPDIR/box"
}
@test "[fork-dead miss] PID 1 lives, and nothing explains ENOMEM" {
    needs_tool strace
    hold "$BATS_TEST_TMPDIR/box" 01-unshare "${user[@]}" --pid --uts
    because 'not known' strace -qq -o /dev/null -e trace=clone,fork,vfork -e inject=clone,fork,vfork:error=ENOMEM \
        06-nsenter --target "$held" "${user[@]}" --pid -- true
}
@test "[fork-dead] there is no /proc, and root looks into one that is mounted nowhere" {
    needs_root
    hold_dead "01-unshare -m -p | 03-chroot - $ROOTFS"
    because "$PID_1" bash -c 'exec 06-nsenter - -- true <"$0"' "$box"
}
@test "[fork-noproc] there is no /proc to find PID 1 in" {
    needs_user # root makes himself one: open_own_proc
    hold_dead "01-unshare ${user[*]} -m -p ${user:+| 07-userns-map -} | 03-chroot - $ROOTFS"
    because '/proc is not mounted here' bash -c 'exec 06-nsenter - -- true <"$0"' "$box"
}
@test "[fork-noproc miss] there is one" {
    hold_dead "exec 01-unshare ${user[*]} --pid"
    because "$PID_1" bash -c 'exec 06-nsenter - -- true <"$0"' "$box"
}
@test "[fork-nproc] RLIMIT_NPROC is reached" {
    because 'RLIMIT_NPROC (ulimit -u) is 1, and uid' "${somebody[@]}" prlimit --nproc=1 01-unshare --user --pid -- true
}
@test "[fork-nproc miss] EAGAIN, and the limit is far; a limit that does not bind root" {
    needs_deny
    because "$SECCOMP clone" "${somebody[@]}" prlimit --nproc=4096 deny clone=EAGAIN,fork=EAGAIN 01-unshare --user --pid -- true
    [ "$(id -u)" != 0 ] || succeeds prlimit --nproc=1 01-unshare --pid -- true
}
@test "[fork-seccomp] a filter refuses clone" {
    needs_deny
    because "$SECCOMP clone" deny clone,fork 01-unshare "${user[@]}" --pid -- true
}
@test "[fork-seccomp miss] a filter, but a limit" {
    needs_deny
    because 'RLIMIT_NPROC (ulimit -u) is 1' "${somebody[@]}" prlimit --nproc=1 deny setns 01-unshare --user --pid -- true
}
# Which number of files is too small for what the caller has open already: the first that is enough to begin with.
with_few_files() { # TEXT COMMAND ...
    local text=$1
    shift
    for ((files = 4; files < 24; files++)); do
        run_split as_root prlimit --nofile="$files" "$@" </dev/null
        [[ $err != *"$text"*EMFILE* ]] || return 0
    done
    return 1
}
@test "[fork-files] too many files are open for a pipe to the child" {
    with_few_files 'fork the first process' 01-unshare --pid -- true
    [[ $err == *"because: this process may have no more than $files files open (RLIMIT_NOFILE)"* ]]
}
@test "[fork-fsize] PID 1's program is larger than a file may be" {
    # shellcheck disable=SC2016
    because 'here no file may have more than 102400 bytes (RLIMIT_FSIZE)' bash -c 'ulimit -f 100; "$@"' bash \
        01-unshare "${user[@]}" --pid -- true
}
@test "[fork-fsize miss] it is not, and EFBIG is a filter's" {
    needs_deny
    # shellcheck disable=SC2016
    because "$SECCOMP clone" bash -c 'ulimit -f 100000; "$@"' bash deny clone=EFBIG,fork=EFBIG 01-unshare "${user[@]}" --pid -- true
}
@test "[copy-noexec] the sysctl of this pid namespace lets nothing in memory be executed" {
    needs_root
    [ -e /proc/sys/vm/memfd_noexec ] || skip 'this kernel has no sysctl vm.memfd_noexec (Linux 6.3)'
    # shellcheck disable=SC2016
    because 'the sysctl vm.memfd_noexec is 2: nothing in memory may be executed' 01-unshare --pid --mount -- 02-mountproc -- \
        sh -c 'echo 2 >/proc/sys/vm/memfd_noexec && exec "$@"' sh 01-unshare --pid -- true
    [[ $err == *'copy this program into memory, for PID 1: Permission denied (EACCES)'* ]]
}
@test "[copy-noexec miss] it is not 2, and EACCES is a filter's" {
    needs_deny
    because "$SECCOMP memfd_create" deny memfd_create=EACCES 01-unshare "${user[@]}" --pid -- true
}
@test "[copy-unreadable] a program that one may execute but not read" {
    needs_root
    needs_tool setpriv util-linux
    mkdir "$PUBLIC/unreadable-01"
    cp "$BUILD/01-unshare" "$PUBLIC/unreadable-01"
    chmod 111 "$PUBLIC/unreadable-01/01-unshare"
    because 'this program may be executed, but not read' "${somebody[@]}" "$PUBLIC/unreadable-01/01-unshare" --user --pid -- true
    [[ $err == *'copy this program into memory, for PID 1: Permission denied (EACCES)'* ]]
}
@test "[copy-unreadable miss] the same one, readable" {
    needs_root
    needs_tool setpriv util-linux
    mkdir "$PUBLIC/readable-01"
    cp "$BUILD/01-unshare" "$PUBLIC/readable-01"
    "${somebody[@]}" "$PUBLIC/readable-01/01-unshare" --user --pid -- true
}
@test "[fork-files miss] EMFILE of a filter" {
    needs_deny
    because "$SECCOMP clone" deny clone=EMFILE,fork=EMFILE 01-unshare "${user[@]}" --pid -- true
}

# ---- 06: opening the process

# sleeper PREFIX ...: a process that sleeps; its pid is $inside.
sleeper() {
    "$@" sleep 7777 >/dev/null 2>&1 3>&- &
    HELD+=($!)
    wait_until find_inside
}

@test "[open-gone] there is no such process" {
    true &
    gone=$!
    wait "$gone"
    because "there is no process $gone here" 06-nsenter --target "$gone" -- true
}
@test "[open-gone miss] a filter says ESRCH" {
    needs_deny
    because "$SECCOMP pidfd_open" deny pidfd_open=ESRCH 06-nsenter --target $$ -- true
}
@test "[open-zombie] it has ended, and nobody has waited for it" {
    sh -c 'sleep 7777 & echo $!; exec sleep 7777' >"$BATS_TEST_TMPDIR/pid" 3>&- & # it waits for nobody
    HELD+=($!)
    wait_until has_line "$BATS_TEST_TMPDIR/pid"
    zombie=$(cat "$BATS_TEST_TMPDIR/pid")
    kill "$zombie"
    wait_until is_zombie "$zombie"
    because "process $zombie (sleep) has ended, and is a zombie until its parent $! waits for it" 06-nsenter --target "$zombie" -- true
}
@test "[open-zombie miss] there is none at all" {
    because 'there is no process 2147483647 here' 06-nsenter --target 2147483647 -- true
}
start_threads() { # a process with two, as $!
    perl -Mthreads -e 1 2>/dev/null || skip 'needs perl with threads (apt-get install perl)'
    perl -Mthreads -e 'threads->create(sub { sleep 7777 }); $| = 1; print "ready\n"; sleep 7777' \
        >"$BATS_TEST_TMPDIR/ready" 3>&- &
    HELD+=($!)
    wait_until has_line "$BATS_TEST_TMPDIR/ready"
}
@test "[open-thread] it is a thread" {
    start_threads
    thread=$(printf '%s\n' /proc/$!/task/* | grep -v "/$!\$")
    because "${thread##*/} is a thread of process $!, and no process" 06-nsenter --target "${thread##*/}" -- true
    [[ $err == *"try:     --target $!"* ]]
}
@test "[open-thread miss] a process with threads" {
    start_threads
    succeeds 06-nsenter --target $! -- true
}
@test "[open-outer-proc] /proc is that of the pid namespace outside" {
    because 'this /proc is that of the pid namespace outside' as_root 01-unshare --pid -- 06-nsenter --target $$ -- true
}
@test "[open-outer-proc miss] /proc is that of this one" {
    because 'there is no process 999 here' as_root 01-unshare -m -p -- 02-mountproc -- 06-nsenter --target 999 -- true
}
@test "[open-noproc] /proc is not there" {
    because '/proc is not mounted here, and a process is looked at in there' as_root 03-chroot "$ROOTFS" -- 06-nsenter --target $$ -- true
}
@test "[open-noproc miss] it is" {
    because 'there is no process 999 here' \
        as_root 01-unshare -m -p -- 02-mountproc "$ROOTFS" -- 03-chroot "$ROOTFS" -- 06-nsenter --target 999 -- true
}
# In a pid and mount namespace of its own, with that /proc, somebody looks for a process of root.
with_hidepid() {
    01-unshare -m -p -- sh -c 'mount -t proc -o "$0" proc /proc && { sleep 7777 & }
        exec setpriv --reuid 54321 --regid 54321 --clear-groups 06-nsenter --target $! -- true' "hidepid=$1"
}
@test "[open-hidepid] /proc is mounted with hidepid" {
    needs_root
    because '/proc is mounted with hidepid=' with_hidepid 2
    [[ $err == *'does not show process '*' to uid 54321'* ]]
    because '/proc is mounted with hidepid=' with_hidepid 1
}
@test "[open-hidepid miss] it is not: another user's process" {
    needs_root
    because 'belongs to uid 0 and we are uid 54321' with_hidepid 0
}
@test "[open-uid] another user's process" {
    needs_root
    because "process $$ belongs to uid 0 and we are uid 54321, without CAP_SYS_PTRACE" \
        "${somebody[@]}" 06-nsenter --target $$ --uts -- true
}
@test "[open-uid] a set-user-ID program of the same user: the uid that is another one" {
    needs_root
    # (Not sleep: where that is a busybox, it gives the other uid up.)
    setpriv --ruid 54321 --regid 54321 --clear-groups tail -f /dev/null >/dev/null 2>&1 3>&- &
    HELD+=($!)
    wait_until grep -qsx tail "/proc/$!/comm"
    because "process $! belongs to uid 0 and we are uid 54321, without CAP_SYS_PTRACE" \
        "${somebody[@]}" 06-nsenter --target $! --uts -- true
}
@test "[open-uid] another user's process, for an ordinary user" {
    needs_user
    because "process 1 belongs to uid 0 and we are uid $(id -u), without CAP_SYS_PTRACE" 06-nsenter --target 1 --uts -- true
}
@test "[open-uid miss] the same user's, with another gid" {
    needs_root
    sleeper "${somebody[@]}"
    because "process $inside has gid 54321 and we have 54322" \
        setpriv --reuid 54321 --regid 54322 --clear-groups 06-nsenter --target "$inside" --uts -- true
}
@test "[open-gid] the same user's, with another gid" {
    needs_root
    sleeper "${somebody[@]}"
    because "process $inside has gid 54321 and we have 54322, without CAP_SYS_PTRACE" \
        setpriv --reuid 54321 --regid 54322 --clear-groups 06-nsenter --target "$inside" --uts -- true
}
@test "[open-gid miss] another uid, too" {
    needs_root
    because "process $$ belongs to uid 0" "${somebody[@]}" 06-nsenter --target $$ --uts -- true
}
@test "[open-dumpable] a process that runs a program which it may not read" {
    mkdir "$PUBLIC/shut" # a busybox must keep its name
    cp "$(command -v sleep)" "$PUBLIC/shut"
    chmod 111 "$PUBLIC/shut/sleep"
    "${somebody[@]}" sh -c 'echo; exec "$0" 7777' "$PUBLIC/shut/sleep" >"$BATS_TEST_TMPDIR/ready" 3>&- &
    HELD+=($!)
    wait_until grep -qsx sleep "/proc/$!/comm"
    because "process $! is not dumpable" "${somebody[@]}" 06-nsenter --target $! --uts -- true
}
@test "[open-dumpable miss] one that it may read" {
    sleeper "${somebody[@]}"
    succeeds "${somebody[@]}" 06-nsenter --target "$inside" --uts -- true
}
@test "[open-caps] it has capabilities that we have not" {
    because ' has capabilities that we do not have (cap_chown and ' as_root bash -c \
        '08-capset --drop all -- 06-nsenter --target $$ --uts -- true; exit'
    because ' has capabilities that we do not have (cap_net_raw and 1 more), so only CAP_SYS_PTRACE' as_root bash -c \
        '08-capset --drop cap_net_raw,cap_sys_ptrace -- 06-nsenter --target $$ --uts -- true; exit'
}
@test "[open-caps miss] it has, but we have CAP_SYS_PTRACE" {
    succeeds as_root bash -c '08-capset --drop cap_net_raw -- 06-nsenter --target $$ --uts -- true; exit'
}
@test "[open-userns] it is outside of our user namespace" {
    because "process $$ is in a user namespace that is neither ours nor within ours" 07-userns-map -- 06-nsenter --target $$ --uts -- true
}
@test "[open-userns miss] it is inside, and has more capabilities" {
    because ' has capabilities that we do not have (cap_chown' 07-userns-map -- bash -c \
        '08-capset --drop all -- 06-nsenter --target $$ --uts -- true; exit'
}
@test "[open-files] too many files are open" {
    with_few_files "(PID is $$)" 06-nsenter --target $$ -- true || with_few_files '(PID is ' bash -c '06-nsenter --target $$ -- true; exit'
    [[ $err == *"because: this process may have no more than $files files open (RLIMIT_NOFILE)"* ]]
}
@test "[open-files miss] EMFILE of a filter" {
    needs_deny
    because "$SECCOMP pidfd_open" deny pidfd_open=EMFILE 06-nsenter --target $$ -- true
}
@test "[open-seccomp] a filter refuses pidfd_open" {
    needs_deny
    because "$SECCOMP pidfd_open" deny pidfd_open 06-nsenter --target $$ -- true
}
@test "[open-seccomp miss] a filter, but it is gone" {
    needs_deny
    because 'there is no process 2147483647 here' deny setns 06-nsenter --target 2147483647 -- true
}

# ---- setns(2)

@test "[setns-seccomp] a filter refuses setns: in 06, in -, in 07" {
    needs_deny
    because "$SECCOMP setns" bash -c "$(with '01-unshare --user --uts' 'deny setns 06-nsenter --target $pid --user --uts -- true')"
    because "$SECCOMP setns" bash -c '01-unshare --user --uts | deny setns 08-capset - --drop all -- true'
    because "$SECCOMP setns" bash -c '01-unshare --user | 07-userns-map - | deny setns 07-userns-map - -- true'
}
@test "[setns-seccomp miss] a filter, but a capability is missing" {
    needs_deny
    because ' needs CAP_SYS_ADMIN' as_root bash -c \
        "$(with '01-unshare --uts' 'deny mount 08-capset --keep cap_sys_ptrace -- 06-nsenter --target $pid --uts -- true')"
}
# PID 1 of /proc is not that of the pid namespace in which 06 is.
@test "[setns-pid] a pid namespace that is not within ours" {
    because 'the pid namespace of process 1 is not within ours' as_root 01-unshare -m -p -- 02-mountproc -- \
        01-unshare --pid -- 06-nsenter --target 1 --pid -- true
}
@test "[setns-pid miss] one that is" {
    succeeds as_root bash -c "$(with '01-unshare --pid' '06-nsenter --target $pid --pid -- true')"
}
@test "[setns-cap] no CAP_SYS_ADMIN" {
    because 'entering the uts namespace of process ' as_root bash -c \
        "$(with '01-unshare --uts --net' '08-capset --keep cap_sys_ptrace -- 06-nsenter --target $pid --uts -- true')"
    [[ $err == *' needs CAP_SYS_ADMIN, which this process does not have'* ]]
    because ' needs CAP_SYS_ADMIN, which this process does not have' as_root bash -c \
        '01-unshare --uts --net | 08-capset --keep cap_sys_ptrace -- 06-nsenter - -- true'
}
@test "[setns-cap miss] CAP_SYS_CHROOT is what is missing" {
    because ' needs CAP_SYS_CHROOT' as_root bash -c \
        "$(with '01-unshare --mount' '08-capset --drop cap_sys_chroot -- 06-nsenter --target $pid --mount -- true')"
}
@test "[setns-chroot] a mount namespace needs CAP_SYS_CHROOT, too" {
    because 'entering the mnt namespace of process ' as_root bash -c \
        "$(with '01-unshare --mount' '08-capset --drop cap_sys_chroot -- 06-nsenter --target $pid --mount -- true')"
    [[ $err == *' needs CAP_SYS_CHROOT, which this process does not have'* ]]
}
@test "[setns-chroot miss] another type does not" {
    succeeds as_root bash -c \
        "$(with '01-unshare --uts' '08-capset --drop cap_sys_chroot -- 06-nsenter --target $pid --uts -- true')"
}
@test "[setns-cap-inner] it belongs to a user namespace that we have not entered" {
    because "needs CAP_SYS_ADMIN in one's own user namespace and in the one that owns it" "${somebody[@]}" bash -c \
        "$(with '01-unshare --user --uts' '06-nsenter --target $pid --uts -- true')"
    [[ $err == *'try:     enter its user namespace too (--user)'* ]]
}
@test "[setns-cap-inner miss] entered" {
    succeeds "${somebody[@]}" bash -c "$(with '01-unshare --user --uts' '06-nsenter --target $pid --user --uts -- true')"
}
@test "[setns-owner] it belongs to a user namespace outside of ours" {
    because 'belongs to a user namespace that is neither ours nor within ours' 07-userns-map -- bash -c \
        '01-unshare --uts -- 06-nsenter --target $$ --uts -- true; exit'
}
@test "[setns-owner miss] it belongs to ours" {
    because ' needs CAP_SYS_ADMIN, which this process does not have' 07-userns-map -- bash -c \
        "$(with '01-unshare --uts' '08-capset --keep cap_sys_ptrace -- 06-nsenter --target $pid --uts -- true')"
}
@test "[setns-user] the user namespace of somebody else, without CAP_SYS_ADMIN" {
    needs_root
    sleeper "${somebody[@]}" unshare --user --map-root-user
    because "the user namespace of process $inside was made by uid 54321 and we are uid 0, without CAP_SYS_ADMIN" \
        08-capset --keep cap_sys_ptrace,cap_setuid,cap_setgid -- 06-nsenter --target "$inside" -- true
}
@test "[setns-user miss] with it" {
    needs_root
    sleeper "${somebody[@]}" unshare --user --map-root-user
    succeeds 06-nsenter --target "$inside" -- true
}

# ---- root, working directory, identity

@test "[root-search] its root directory may not be searched" {
    mkdir "$BATS_TEST_TMPDIR/root"
    because "may not search the directory $BATS_TEST_TMPDIR/root of uid 0, mode 0000" as_root bash -c "$(with '03-chroot "$0"' \
        'chmod 0 "$0"; 08-capset --keep cap_sys_ptrace,cap_sys_chroot -- 06-nsenter --target $pid --root -- true')" "$BATS_TEST_TMPDIR/root"
}
@test "[root-search miss] it may, and CAP_SYS_CHROOT is missing" {
    because 'entering another root directory needs CAP_SYS_CHROOT' as_root bash -c \
        "$(with '03-chroot /usr' '08-capset --keep cap_sys_ptrace -- 06-nsenter --target $pid --root -- true')"
}
@test "[root-cap] no CAP_SYS_CHROOT for its root directory" {
    because 'entering another root directory needs CAP_SYS_CHROOT, which this process does not have' as_root bash -c \
        "$(with '03-chroot /usr' '08-capset --drop cap_sys_chroot -- 06-nsenter --target $pid --root -- true')"
}
@test "[root-cap miss] a filter" {
    needs_deny
    because "$SECCOMP chroot" as_root bash -c "$(with '03-chroot /usr' 'deny chroot 06-nsenter --target $pid --root -- true')"
}
@test "[root-seccomp] a filter refuses chroot" {
    needs_deny
    because "$SECCOMP chroot" as_root bash -c "$(with '03-chroot /usr' 'deny chroot 06-nsenter --target $pid --root -- true')"
}
@test "[root-seccomp miss] a filter, but a capability is missing" {
    needs_deny
    because 'needs CAP_SYS_CHROOT' as_root bash -c \
        "$(with '03-chroot /usr' 'deny mount 08-capset --drop cap_sys_chroot -- 06-nsenter --target $pid --root -- true')"
}
@test "[cwd-search] its working directory may not be searched" {
    mkdir "$BATS_TEST_TMPDIR/shut"
    because "may not search the directory $BATS_TEST_TMPDIR/shut of uid 0, mode 0000" as_root bash -c \
        'cd "$0" && chmod 0 . && 08-capset --keep cap_sys_ptrace -- sh -c "cd / && exec 06-nsenter --target $$ --wd -- true"; exit' \
        "$BATS_TEST_TMPDIR/shut"
}
@test "[cwd-search miss] it may" {
    mkdir "$BATS_TEST_TMPDIR/open"
    succeeds as_root bash -c \
        'cd "$0" && 08-capset --keep cap_sys_ptrace -- sh -c "cd / && exec 06-nsenter --target $$ --wd -- true"; exit' \
        "$BATS_TEST_TMPDIR/open"
}
@test "[ids-setgid] no CAP_SETGID to become who it is" {
    needs_root
    sleeper "${somebody[@]}"
    because "as process $inside has it, one needs CAP_SETGID" 08-capset --drop cap_setgid -- 06-nsenter --target "$inside" -- true
}
@test "[ids-setgid miss] CAP_SETUID is what is missing" {
    needs_root
    sleeper "${somebody[@]}"
    because "as process $inside has it, one needs CAP_SETUID" 08-capset --drop cap_setuid -- 06-nsenter --target "$inside" -- true
}
@test "[ids-setuid] no CAP_SETUID to become who it is" {
    needs_root
    sleeper "${somebody[@]}"
    because "as process $inside has it, one needs CAP_SETUID" 08-capset --drop cap_setuid -- 06-nsenter --target "$inside" -- true
}
@test "[ids-setuid miss] a filter; the bounding set" {
    needs_root
    needs_deny
    sleeper "${somebody[@]}"
    because "$SECCOMP setresuid" deny setresuid 06-nsenter --target "$inside" -- true
}
@test "[ids-seccomp] a filter refuses setresgid, setresuid, capset" {
    needs_root
    needs_deny
    sleeper "${somebody[@]}"
    for call in setresgid setresuid capset; do
        because "$SECCOMP $call" deny $call 06-nsenter --target "$inside" -- true
    done
}
@test "[ids-seccomp miss] a filter, but a capability is missing" {
    needs_root
    needs_deny
    sleeper "${somebody[@]}"
    because "as process $inside has it, one needs CAP_SETGID" deny setns 08-capset --drop cap_setgid -- 06-nsenter --target "$inside" -- true
}
@test "[ids-setpcap] no CAP_SETPCAP for its smaller bounding set" {
    needs_root
    sleeper setpriv --bounding-set=-sys_boot
    because "process $inside has no cap_sys_boot in its bounding set, and to drop it one needs CAP_SETPCAP" 08-capset --drop cap_setpcap -- 06-nsenter --target "$inside" -- true
}
@test "[ids-setpcap miss] the bounding set is the same" {
    needs_root
    sleeper 08-capset --drop cap_setpcap --
    succeeds 08-capset --drop cap_setpcap -- 06-nsenter --target "$inside" -- true
}
@test "[become-setgid] 08 before 07: no CAP_SETGID to become root in there" {
    needs_root # an ordinary user maps himself, and so becomes nobody else
    because 'to become gid 0 takes CAP_SETGID' bash -c '01-unshare --user | 08-capset - --drop all | 07-userns-map - -- true'
}
@test "[become-setgid miss] CAP_SETUID is what is missing" {
    needs_root # an ordinary user maps himself, and so becomes nobody else
    because 'to become uid 0 takes CAP_SETUID' bash -c '01-unshare --user | 08-capset - --drop cap_setuid | 07-userns-map - -- true'
}
@test "[become-setuid] 08 before 07: no CAP_SETUID to become root in there" {
    needs_root # an ordinary user maps himself, and so becomes nobody else
    because 'to become uid 0 takes CAP_SETUID' bash -c '01-unshare --user | 08-capset - --drop cap_setuid | 07-userns-map - -- true'
}
@test "[become-setuid miss] another capability" {
    needs_root # an ordinary user maps himself, and so becomes nobody else
    succeeds bash -c '01-unshare --user | 08-capset - --drop cap_sys_boot | 07-userns-map - -- true'
}
