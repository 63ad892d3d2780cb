# helper.bash - what several test files need. Every .bats file begins with `load helper`.
#
# Tests look at the kernel (links in /proc/PID/ns, mountinfo, status, cgroup files), not only at what
# a step prints. tests/run sets BUILD and runs every file twice: as root and as an ordinary user.
# shellcheck shell=bash disable=SC2034,SC2154

export LC_ALL=C
cd "$BATS_TEST_DIRNAME/.." || exit 1
BUILD=$(cd "${BUILD:-build}" && pwd)
ROOTFS=$BUILD/rootfs
PATH=${PUBLIC:+$PUBLIC:}$BUILD:$PATH:/usr/sbin:/sbin
export BUILD ROOTFS PATH
unset NO_COLOR
export ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1

# ---- who may run this test. The words "root only" and "user only" are known to tests/run: such a
# test belongs to its other pass, and is no skip there.

needs_root() { [ "$EUID" = 0 ] || skip 'root only'; }
needs_user() { [ "$EUID" != 0 ] || skip 'user only'; }

# A step that is to refuse the host's own mount namespace would change it if it failed to. So such a
# test runs only where the kernel says that this is the host's: kernel threads live nowhere else.
needs_host_mounts() {
    local own
    needs_root
    own=$(ns_inode self mnt)
    if [ "$(cat /proc/2/comm 2>/dev/null)" != kthreadd ] ||
        { [ "$own" != "$(ns_inode 1 mnt 2>/dev/null)" ] && [ "$own" != "$(ns_inode 2 mnt 2>/dev/null)" ]; }; then
        skip 'this shell is not in the mount namespace of the host'
    fi
}

# needs_tool NAME [PACKAGE]
needs_tool() { command -v "$1" >/dev/null || skip "needs $1 (apt-get install ${2:-$1})"; }

# Where cgroup v2 is mounted, from mountinfo; empty if nowhere.
cgroup2() { awk '/ - cgroup2 / { print $5; exit }' /proc/self/mountinfo; }

CGROUP2=$(cgroup2)

# needs_controller pids: cgroup v2 must have it (on a hybrid host v1 may hold it).
needs_controller() {
    grep -qw "$1" "$CGROUP2/cgroup.controllers" 2>/dev/null ||
        skip "cgroup v2 has no $1 controller here (see make test-vm)"
}

# "${shared_mounts[@]}" COMMAND: in a mount namespace in which every mount is shared, as on most
# machines, but with nobody outside. First private, then shared: `unshare --propagation shared` alone
# would keep the host's mounts as peers, and what a test mounts would appear on the host.
shared_mounts=(unshare --mount --propagation private sh -c 'mount --make-rshared / && exec "$@"' sh)

# ---- looking at the kernel

# ns_inode PID TYPE: 4026531840. TYPE is mnt, pid, pid_for_children, ...
ns_inode() {
    local link
    link=$(readlink "/proc/$1/ns/$2") && echo "${link//[!0-9]/}"
}

# status_field PID FIELD: the rest of that line of /proc/PID/status, blanks squeezed.
status_field() { awk -v f="$2:" '$1 == f { $1 = ""; sub(/^ /, ""); print }' "/proc/$1/status"; }

# record_field RECORD TYPE: the inode (or start time) in a record; record_pid RECORD: its pid.
record_field() { [[ $1 =~ " $2:["([0-9]*)"]" ]] && echo "${BASH_REMATCH[1]}"; }
record_pid() {
    local words
    read -ra words <<<"$1"
    echo "${words[1]}"
}

# wait_until COMMAND ...: until it succeeds, a minute at most (five in a virtual machine: it is slow). For conditions
# that another process brings about; it names the condition when it gives up.
wait_until() {
    local end=$((SECONDS + 60))
    [ ! -d /run/vm ] || end=$((SECONDS + 300))
    while [ "$SECONDS" -lt "$end" ]; do
        "$@" && return 0
        sleep 0.01
    done
    echo "waited in vain for: $*" >&2
    return 1
}
has_line() { [ -s "$1" ]; } # a record is written at once
has_line_or_gone() { has_line "$1" || is_gone "$2"; }
is_gone() { ! kill -0 "$1" 2>/dev/null; }

# ---- running

# refute COMMAND ...: succeeds when it fails. (A plain `! COMMAND` does not make a bats test fail.)
refute() { ! "$@"; }

# run_split COMMAND ...: like bats' run, with stdout in $out and stderr in $err.
run_split() {
    status=0
    "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
    out=$(<"$BATS_TEST_TMPDIR/out")
    err=$(<"$BATS_TEST_TMPDIR/err")
}

# hold FILE COMMAND ...: leaves a step behind whose record is in FILE; fails when it ends without one. Its pid is
# $held; teardown ends it.
hold() {
    local file=$1
    shift
    : >"$file" # now, not when the job begins: what an earlier one has left there is not its record
    "$@" >"$file" 2>"$file.err" </dev/null 3>&- &
    held=$!
    HELD+=("$held")
    wait_until has_line_or_gone "$file" "$held"
    has_line "$file"
}
HELD=()

# as_root COMMAND ...: for things that need capabilities, as root or as a user.
as_root() {
    if [ "$EUID" = 0 ]; then "$@"; else 07-userns-map -- "$@"; fi
}

# pty COMMAND: runs it (one string) on a terminal of its own, output on stdout.
pty() {
    needs_tool script bsdutils
    script -qefc "$1" /dev/null </dev/null
}

# bad_input MESSAGE COMMAND ...: one line on stderr with MESSAGE in it, nothing on stdout, 125.
bad_input() {
    local message=$1
    shift
    run_split "$@" </dev/null
    [ "$status" = 125 ] && [ -z "$out" ] && [[ $err != *$'\n'* ]] &&
        [[ $err == *"$message"* ]] && return 0
    printf 'status %s, stdout "%s", stderr:\n%s\nwanted: %s\n' "$status" "$out" "$err" "$message" >&2
    return 1
}

# because TEXT COMMAND ...: a step fails (125), and its one "because:" line has TEXT in it. What it says is
# in $err then. `refute because TEXT COMMAND ...` is no near miss, it would pass for many reasons: see the
# other cause's text instead.
because() {
    local text=$1
    shift
    run_split "$@" </dev/null
    [ "$status" = 125 ] && [[ $(grep '^  because: ' <<<"$err") == *"$text"* ]] && return 0
    printf 'status %s, stderr:\n%s\nwanted because: %s\n' "$status" "$err" "$text" >&2
    return 1
}

# needs_deny: from here on, `deny CALL[&FLAGS][=ERRNO],... COMMAND ...` runs COMMAND under a seccomp filter that
# refuses these calls (tests/deny.c). Built once a file.
needs_deny() {
    [ ! -x "$PUBLIC/deny" ] || return 0
    needs_tool gcc
    gcc -O2 -static -o "$PUBLIC/deny" tests/deny.c
}

# ---- the host, before and after

# host_state: the mounts that we see, the cgroups that tests make, and the processes of the steps that
# this test began. It runs after each test, so it is made of what bash has built in. (The ordinary user's
# tests make no cgroups outside a delegated one, and may run beside root's, who do.)
host_state() {
    host_before
    our_processes
}
host_before() { # before a test, it has no processes
    echo "$(</proc/self/mountinfo)"
    [ "$EUID" != 0 ] || echo "$CGROUP2"/nsteps-test-*
}
# The processes of this test run: those that have its mark in their environment, and are not this
# shell or its ancestors.
our_processes() {
    local file comm
    for file in $(grep -lzx "NSTEPS_TEST=$NSTEPS_TEST" /proc/[0-9]*/environ 2>/dev/null); do
        read -r comm 2>/dev/null <"${file%environ}comm" || continue
        case $comm in
        0[1-8]-*) echo "process ${file//[!0-9]/} $comm" ;;
        esac
    done
}
export NSTEPS_TEST="$$-$BATS_TEST_NUMBER-${BATS_TEST_FILENAME##*/}"

is_host_state() { [ "$(host_state)" = "$1" ]; }
assert_host_unchanged() { # BEFORE
    wait_until is_host_state "$1" || { diff <(echo "$1") <(host_state) >&2; return 1; }
}

# A directory that every user can reach and write, with the steps in it: the tree itself may be shut to
# whoever root or a user becomes (as /root/nsteps is to uid 100000).
setup_file() {
    local name=${BATS_TEST_FILENAME##*/}
    export RUN=nsteps-test-${name%.bats}-$$
    make_public
}
# A test that failed half-way may have left cgroups: emptied and removed, from the leaves up.
teardown_file() {
    local dir
    rm -rf "$PUBLIC"
    [ "$EUID" = 0 ] || return 0
    find "$CGROUP2" -depth -type d -path "$CGROUP2/$RUN-*" 2>/dev/null | while read -r dir; do
        xargs -r kill -9 <"$dir/cgroup.procs"
        wait_until rmdir "$dir"
    done
}
# Every test has a cgroup name of its own, below a word that only its file uses.
NAME=${RUN-}-${BATS_TEST_NUMBER-}
DIR=$CGROUP2/$NAME
make_public() {
    PUBLIC=$(mktemp -d)
    export PUBLIC
    chmod 1777 "$PUBLIC"
    cp "$BUILD"/0[1-8]-* "$PUBLIC"
}

# bats has a trap that runs before *each* command and notes where that is (set -T), for old versions of
# bash. It costs more than most of the tests; from 4.4 on the trap on errors knows it too.
setup() {
    set +T
    trap note_error ERR
    if [ -z "${BATS_TEST_TMPDIR-}" ]; then # bats before 1.4
        BATS_TEST_TMPDIR=$(mktemp -d)
        OWN_TMPDIR=$BATS_TEST_TMPDIR
    fi
    BEFORE=$(host_before)
}
note_error() {
    [[ $BASH_COMMAND != '[['* ]] || echo "failed: $BASH_COMMAND" # of these bash does not know the line
    [ -z "${err-}" ] || echo "stderr was: $err"
    bats_capture_stack_trace
    BATS_DEBUG_LAST_STACK_TRACE_IS_VALID=1
    bats_error_trap
}

# After each test: what it held is ended, and nothing may be left.
teardown() {
    local pid mount leaked=
    for pid in "${HELD[@]}"; do
        kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
    done
    # bats removes this directory with rm -rf: whatever has leaked into it must be unmounted before,
    # or it would remove what is in there (the host's /dev, say).
    while read -r _ _ _ _ mount _; do
        [[ $mount/ != "$BATS_TEST_TMPDIR"/* ]] || leaked=$mount$'\n'$leaked
    done </proc/self/mountinfo
    if [ -n "$leaked" ]; then
        xargs -n 1 umount -l <<<"${leaked%$'\n'}"
        echo "mounted in our own mount namespace: $leaked" >&2
        return 1
    fi
    [ -z "${OWN_TMPDIR-}" ] || rm -rf --one-file-system "$OWN_TMPDIR"
    assert_host_unchanged "$BEFORE"
}

# ---- containers

# The whole chain for whoever runs the test, as a line of shell: `pipeline COMMAND` ends with it.
# EXTRA_02 adds options to 02; CGROUP is the cgroup's name.
pipeline() {
    if [ "$EUID" = 0 ]; then
        echo "01-unshare | 02-mountproc - ${EXTRA_02-} $ROOTFS | 03-chroot - $ROOTFS | 04-pivot_root - |" \
            "05-cgroup - ${CGROUP-nsteps-test-c} | 06-nsenter - | 07-userns-map - |" \
            "08-capset - ${CAPS---drop all} -- $1"
    else
        echo "01-unshare -m -u -i -n -p --user | 07-userns-map - | 02-mountproc - ${EXTRA_02-} $ROOTFS |" \
            "03-chroot - $ROOTFS | 04-pivot_root - | 06-nsenter - |" \
            "08-capset - ${CAPS---drop all} -- $1"
    fi
}
# The same as an exec chain.
chain() {
    if [ "$EUID" = 0 ]; then
        echo "05-cgroup ${CGROUP-nsteps-test-c} -- 01-unshare -- 02-mountproc ${EXTRA_02-} $ROOTFS --" \
            "04-pivot_root $ROOTFS -- 07-userns-map -- 08-capset ${CAPS---drop all} -- $1"
    else
        echo "07-userns-map -- 01-unshare -- 02-mountproc ${EXTRA_02-} $ROOTFS --" \
            "04-pivot_root $ROOTFS -- 08-capset ${CAPS---drop all} -- $1"
    fi
}

# build_and_wait LINE: runs such a line, whose COMMAND is a `sleep 7777`, in the background, its
# stages' pids are the children of $job; returns when the sleep runs. Its host pid is $inside.
build_and_wait() {
    bash -c "$1" 2>"$BATS_TEST_TMPDIR/messages" </dev/null 3>&- &
    job=$!
    HELD+=("$job")
    wait_until find_inside
}
find_inside() {
    local file
    for file in $(grep -lzx "NSTEPS_TEST=$NSTEPS_TEST" /proc/[0-9]*/environ 2>/dev/null); do
        [ "$(tr '\0' ' ' 2>/dev/null <"${file%environ}cmdline")" = 'sleep 7777 ' ] || continue
        inside=${file//[!0-9]/}
        return 0
    done
    return 1
}

# ---- AppArmor: needs_apparmor, and confined RULE COMMAND ... runs COMMAND under a profile with that rule and
# all others that it needs. It is loaded for that long and binds nobody else.

# The parser: this machine's, or the one that tests/vm has brought, which has a libc of its own.
parser() {
    local dir=/run/vm/apparmor loader
    if [ -d "$dir" ]; then
        loader=$(echo "$dir"/libc6/usr/lib*/ld-linux-*)
        "$loader" --library-path "$(echo "$dir"/libc6/usr/lib/*-linux-gnu)" \
            "$dir/apparmor/usr/sbin/apparmor_parser" --base "$dir/apparmor/etc/apparmor.d" "$@" 2>"$BATS_TEST_TMPDIR/parser"
    else
        apparmor_parser "$@"
    fi
}
profile() { # RULE
    printf '%s\n' 'abi <abi/4.0>,' 'profile nsteps-test {' \
        '  file, capability, network, mount, umount, pivot_root, signal, ptrace, unix,' "  $1," '}'
}
needs_apparmor() {
    needs_root
    [ -e /sys/kernel/security/apparmor/.load ] || skip 'this kernel has no AppArmor, or not enabled'
    grep -qsw userns_create /sys/kernel/security/apparmor/features/namespaces/mask ||
        skip 'this AppArmor knows no user namespaces (Linux 6.7)'
    [ -d /run/vm/apparmor ] || needs_tool apparmor_parser apparmor
}
# confined RULE COMMAND ...: under a profile with that rule.
confined() {
    local rule=$1
    shift
    profile "$rule" >"$BATS_TEST_TMPDIR/profile"
    parser --replace --skip-cache "$BATS_TEST_TMPDIR/profile"
    # shellcheck disable=SC2016
    run_split sh -c 'echo "exec nsteps-test" >/proc/self/attr/exec && exec "$@"' sh "$@"
    parser --remove "$BATS_TEST_TMPDIR/profile"
}
