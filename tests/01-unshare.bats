#!/usr/bin/env bats
# 01-unshare: new namespaces. Every option, the clocks, the propagation of mounts, PID 1; and what
# all steps have in common and 01 shows first: the report, bad input, exit status, data.
# shellcheck disable=SC2154 # out, err, held: set by the helper
load helper

# An ordinary user may make namespaces of any type in a user namespace of his own: either he makes
# and maps one first (own), or 01 makes it along with the others (user).
if [ "$EUID" = 0 ]; then own=() user=(); else own=(07-userns-map --) user=(--user); fi

LINKS=$(printf '/proc/self/ns/%s ' cgroup ipc mnt net pid time user uts)

# changed OPTION ...: the types of namespace in which COMMAND differs from 01-unshare's caller.
changed() {
    "${own[@]}" sh -c "readlink $LINKS; echo; exec 01-unshare \"\$@\" -- readlink $LINKS" sh "$@" 2>/dev/null |
        awk -F: '/^$/ { after = 1; next }
                 !after { was[$0]; next }
                 !($0 in was) { printf "%s%s", blank, $1; blank = " " }'
}

# The host's number of PID 1, from a report.
pid_1() { sed -n 's/.*PID 1 in there is pid \([0-9]*\).*/\1/p' "$1"; }
is_zombie() { [[ $(status_field "$1" State) == Z* ]]; }

# ---- the eight types

@test "no option that names a type: mount, uts, ipc, net and pid are new" {
    [ "$(changed)" = 'ipc mnt net pid uts' ]
}
@test "-m and --mount: only the mount namespace is new" {
    [ "$(changed -m)" = mnt ] && [ "$(changed --mount)" = mnt ]
}
@test "-u and --uts: only the uts namespace is new" {
    [ "$(changed -u)" = uts ] && [ "$(changed --uts)" = uts ]
}
@test "-i and --ipc: only the ipc namespace is new" {
    [ "$(changed -i)" = ipc ] && [ "$(changed --ipc)" = ipc ]
}
@test "-n and --net: only the net namespace is new" {
    [ "$(changed -n)" = net ] && [ "$(changed --net)" = net ]
}
@test "-p and --pid: only the pid namespace is new" {
    [ "$(changed -p)" = pid ] && [ "$(changed --pid)" = pid ]
}
@test "-U and --user: only the user namespace is new" {
    [ "$(changed -U)" = user ] && [ "$(changed --user)" = user ]
}
@test "-C and --cgroup: only the cgroup namespace is new" {
    [ "$(changed -C)" = cgroup ] && [ "$(changed --cgroup)" = cgroup ]
}
@test "-T and --time: only the time namespace is new" {
    [ -e /proc/self/ns/time ] || skip 'this kernel has no time namespaces'
    [ "$(changed -T)" = time ] && [ "$(changed --time)" = time ]
}
@test "--all: all eight are new" {
    [ "$(changed --all)" = 'cgroup ipc mnt net pid time user uts' ]
}
@test "short options combine: -un is -u -n" {
    [ "$(changed -un)" = 'net uts' ]
}
@test "as an ordinary user, --user gives the right to the other types too" {
    needs_user
    run_split 01-unshare --user --net -- readlink /proc/self/ns/net
    [ "$status" = 0 ] && [ "$out" != "$(readlink /proc/self/ns/net)" ]
}
@test "as an ordinary user without --user: EPERM, and it says what to add" {
    needs_user
    run_split 01-unshare --net -- true
    [ "$status" = 125 ] && [[ $err == *EPERM*CAP_SYS_ADMIN*try:*07-userns-map* ]]
}
@test "a user namespace that nobody has mapped: COMMAND is the overflow uid" {
    run_split 01-unshare --user -- id -u
    [ "$out" = "$(cat /proc/sys/kernel/overflowuid)" ]
}
@test "a new net namespace has a loopback link and no other" {
    [ "$("${own[@]}" 01-unshare -n -- awk -F: 'NR > 2 { print $1 }' /proc/net/dev | tr -d ' ')" = lo ]
}

# ---- who is in there

@test "left behind, the step holds the new pid namespace but is not in it" {
    hold "$BATS_TEST_TMPDIR/box" "${own[@]}" 01-unshare -p
    [ "$(ns_inode "$held" pid)" = "$(ns_inode self pid)" ]
    [ "$(ns_inode "$held" pid_for_children)" != "$(ns_inode self pid)" ]
}
@test "the record names the process left behind, its start time and what it holds" {
    hold "$BATS_TEST_TMPDIR/box" 01-unshare "${user[@]}" -m -p
    record=$(cat "$BATS_TEST_TMPDIR/box")
    [ "$(record_pid "$record")" = "$held" ]
    [ "$(record_field "$record" start)" = "$(cut -d ' ' -f 22 "/proc/$held/stat")" ]
    for type in cgroup ipc mnt net user uts; do
        [ "$(record_field "$record" $type)" = "$(ns_inode "$held" $type)" ]
    done
    [ "$(record_field "$record" pid)" = "$(ns_inode "$held" pid_for_children)" ]
}
@test "the report tells the host's number of PID 1" {
    hold "$BATS_TEST_TMPDIR/box" "${own[@]}" 01-unshare -p
    [[ $(status_field "$(pid_1 "$BATS_TEST_TMPDIR/box.err")" NSpid) == *' 1' ]]
}
@test "a time namespace alone has no PID 1, and the report does not claim one" {
    hold "$BATS_TEST_TMPDIR/box" "${own[@]}" 01-unshare -T
    ! grep 'PID 1' "$BATS_TEST_TMPDIR/box.err"
}
@test "PID 1 has no open descriptor, and sits in /" {
    hold "$BATS_TEST_TMPDIR/box" "${own[@]}" 01-unshare -p
    pid=$(pid_1 "$BATS_TEST_TMPDIR/box.err")
    [ -n "$(ls "/proc/$held/fd")" ] # control: those of the step can be listed
    has_closed_all() { [ -z "$(ls "/proc/$pid/fd")" ]; }
    wait_until has_closed_all # the last one is that on which it says that it is there
    [ "$(readlink "/proc/$pid/cwd")" = / ]
}
@test "inside are PID 1 and COMMAND, nobody else" {
    run_split "${own[@]}" 01-unshare -m -p -- 02-mountproc -- sh -c 'echo /proc/[0-9]* $$'
    [ "$out" = '/proc/1 /proc/2 2' ] || [ "$out" = '/proc/1 /proc/3 3' ] # 2: mounted proc, is gone
}
@test "PID 1 reaps orphans" {
    # The inner shell ends at once, so its child becomes PID 1's. Unreaped, it would stay as a zombie.
    run_split "${own[@]}" 01-unshare -m -p -- 02-mountproc -- sh -c '
        orphan=$(sh -c "sleep 100 >/dev/null & echo \$!")
        grep PPid: /proc/$orphan/status
        kill -9 $orphan
        i=0; while [ -e /proc/$orphan ] && [ $i -lt 1000000 ]; do i=$((i + 1)); done
        [ ! -e /proc/$orphan ] && echo reaped'
    [ "$out" = $'PPid:\t1\nreaped' ]
}
@test "when PID 1 dies, COMMAND dies with it" {
    "${own[@]}" 01-unshare -p -- sh -c 'echo ready; exec sleep 100' \
        >"$BATS_TEST_TMPDIR/ready" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
    step=$!
    wait_until has_line "$BATS_TEST_TMPDIR/ready"
    kill -9 "$(pid_1 "$BATS_TEST_TMPDIR/err")"
    status=0
    wait $step || status=$?
    [ "$status" = 137 ]
}
@test "when PID 1 has died, nothing can be started in there, and the error says so" {
    hold "$BATS_TEST_TMPDIR/box" "${own[@]}" 01-unshare -p -u
    run_split 06-nsenter - -- true <"$BATS_TEST_TMPDIR/box"
    [ "$status" = 0 ] # control
    pid=$(pid_1 "$BATS_TEST_TMPDIR/box.err")
    kill -9 "$pid"
    wait_until is_zombie "$pid"
    run_split 06-nsenter - -- true <"$BATS_TEST_TMPDIR/box"
    [ "$status" = 125 ] && [[ $err == *ENOMEM*because:*'PID 1 of the pid namespace has died'* ]]
}
@test "when the step left behind is killed, PID 1 dies with it" {
    hold "$BATS_TEST_TMPDIR/box" "${own[@]}" 01-unshare -p
    pid=$(pid_1 "$BATS_TEST_TMPDIR/box.err")
    kill -9 "$held"
    wait_until is_gone "$pid"
}
@test "when nobody reads the pipe any more, the step and its PID 1 end, with status 0" {
    "${own[@]}" 01-unshare -p 2>"$BATS_TEST_TMPDIR/err" | head -n 1 >"$BATS_TEST_TMPDIR/box"
    [ "${PIPESTATUS[0]}" = 0 ]
    is_gone "$(pid_1 "$BATS_TEST_TMPDIR/err")" && is_gone "$(record_pid "$(cat "$BATS_TEST_TMPDIR/box")")"
}
@test "COMMAND starts with no descriptor but 0, 1 and 2, whatever the caller has open" {
    for type in -n -p; do # -n becomes COMMAND, -p forks it
        run_split "${own[@]}" 01-unshare $type -- sh -c '[ -e /proc/self/fd/2 ] && ! [ -e /proc/self/fd/7 ]' 7</dev/null
        [ "$status" = 0 ]
    done
}

# ---- one after the other

@test "01 twice in an exec chain: a pid namespace within a pid namespace" {
    run_split "${own[@]}" 01-unshare -p -- 01-unshare -p -- grep NSpid /proc/self/status
    [[ $out =~ ^NSpid:$'\t'[0-9]+$'\t'[0-9]+$'\t'2$ ]]
}
@test "01 after 01 in a pipe: both namespaces, the first unchanged" {
    run_split "${own[@]}" bash -c '01-unshare -u --hostname nsteps-one | 01-unshare - -n -- sh -c "uname -n; readlink /proc/self/ns/net"'
    [ "${out%$'\n'*}" = nsteps-one ] && [ "${out#*$'\n'}" != "$(readlink /proc/self/ns/net)" ]
}
@test "a second pid namespace in a pipe: EINVAL, and it says why" {
    run_split "${own[@]}" bash -c '01-unshare -p | 01-unshare - -p -- true'
    [ "$status" = 125 ] && [[ $err == *EINVAL*because:*'can hold only one'* ]]
}

# ---- --hostname

@test "--hostname: the new name inside, the old one outside" {
    before=$(uname -n)
    run_split "${own[@]}" 01-unshare --hostname nsteps-box -- uname -n
    [ "$out" = nsteps-box ] && [ "$(uname -n)" = "$before" ] && [ "$before" != nsteps-box ]
}
@test "--hostname: a step left behind holds the name" {
    needs_tool nsenter util-linux
    hold "$BATS_TEST_TMPDIR/box" 01-unshare "${user[@]}" -u --hostname nsteps-box
    enter=(--uts)
    [ "$EUID" = 0 ] || enter+=(--user --preserve-credentials)
    [ "$(nsenter --target "$held" "${enter[@]}" uname -n)" = nsteps-box ]
}
@test "--hostname: a name that is too long for the kernel is refused with its errno" {
    run_split "${own[@]}" 01-unshare --hostname "$(printf '%065d' 0)" -- echo half-made
    [ "$status" = 125 ] && [ -z "$out" ] && [[ $err == *sethostname*EINVAL* ]]
}
@test "--hostname needs --uts: else it would be the host's name" {
    bad_input '--hostname needs --uts' 01-unshare -m --hostname nsteps-box -- true
}

# ---- --propagation. Some machines have all mounts shared, some private; so each test makes an outer
# mount namespace of its own, and 01 runs in that.

# optional_fields MOUNTINFO-TEXT: "shared:1 master:2" of the mount on /.
optional_fields() {
    awk '$5 == "/" { text = ""; for (i = 7; $i != "-"; i++) text = text (i > 7 ? " " : "") $i } END { print text }'
}
# fields_in OUTER-MODE OPTION ...: these fields outside, and in COMMAND's namespace. (The shell does
# not exec 01: a peer group lives as long as the namespaces with mounts in it.)
fields_in() {
    local mode=$1
    shift
    "${own[@]}" unshare --mount --propagation "$mode" sh -c '
        cat /proc/self/mountinfo >"$0"; 01-unshare -m "$@" -- cat /proc/self/mountinfo; :
        ' "$BATS_TEST_TMPDIR/outer" "$@" 2>/dev/null >"$BATS_TEST_TMPDIR/inner"
    outer=$(optional_fields <"$BATS_TEST_TMPDIR/outer")
    inner=$(optional_fields <"$BATS_TEST_TMPDIR/inner")
}
# leaks OPTION ...: is a mount made inside seen in the outer, shared, mount namespace? yes or no.
leaks() {
    mkdir -p "$BATS_TEST_TMPDIR/leak"
    # shellcheck disable=SC2016
    "${own[@]}" "${shared_mounts[@]}" sh -c '
        01-unshare -m "$@" -- sh -c "mount -t tmpfs nsteps \"\$0\" && grep -q \" \$0 \" /proc/self/mountinfo" "$0" || exit
        if grep -q " $0 " /proc/self/mountinfo; then echo yes; else echo no; fi
        ' "$BATS_TEST_TMPDIR/leak" "$@" 2>/dev/null
}

@test "--propagation private, the default: no peer, no master" {
    fields_in shared
    [[ $outer == *shared:* ]]
    [ -z "$inner" ]
    fields_in shared --propagation private
    [[ $outer == *shared:* ]]
    [ -z "$inner" ]
}
@test "--propagation slave: the outer peer group is the master" {
    fields_in shared --propagation slave
    [[ $outer == *shared:* ]]
    group=${outer#*shared:}
    [ "$inner" = "master:${group%% *}" ]
}
@test "--propagation shared: private mounts become shared" {
    fields_in private --propagation shared
    [ -z "$outer" ] && [[ $inner == shared:* ]]
}
@test "--propagation unchanged: the same peer group as outside" {
    fields_in shared --propagation unchanged
    [[ $outer == *shared:* ]]
    [ "$inner" = "$outer" ]
    fields_in private --propagation unchanged
    [ -z "$outer$inner" ]
}
@test "a mount made inside does not leak out: by default, private and slave" {
    [ "$(leaks)" = no ]
    [ "$(leaks --propagation private)" = no ]
    [ "$(leaks --propagation slave)" = no ]
}
@test "a mount made inside on another mount than / does not leak out either" {
    mkdir -p "$BATS_TEST_TMPDIR/other"
    # shellcheck disable=SC2016
    for mode in private:no unchanged:yes; do # the second is the control
        run_split "${own[@]}" "${shared_mounts[@]}" sh -c '
            mount -t tmpfs other "$0" && mount --make-shared "$0" && mkdir "$0/leak" || exit
            01-unshare -m --propagation "$1" -- mount -t tmpfs nsteps "$0/leak" || exit
            if grep -q " $0/leak " /proc/self/mountinfo; then echo yes; else echo no; fi
            ' "$BATS_TEST_TMPDIR/other" "${mode%:*}"
        [ "$out" = "${mode#*:}" ]
    done
}
@test "a mount made inside does leak out: shared and unchanged below shared mounts" {
    [ "$(leaks --propagation shared)" = yes ]
    [ "$(leaks --propagation unchanged)" = yes ]
}
@test "a mount made outside comes in: slave yes, private no" {
    needs_tool nsenter util-linux
    mkdir "$BATS_TEST_TMPDIR/later"
    for mode in slave private; do
        # shellcheck disable=SC2016
        run_split "${own[@]}" "${shared_mounts[@]}" sh -c '
            01-unshare -m --propagation "$1" -- sh -c "
                nsenter --mount --target $$ mount -t tmpfs nsteps \"\$0\" && grep -c \" \$0 \" /proc/self/mountinfo" "$0"
            :' "$BATS_TEST_TMPDIR/later" $mode
        [ "$mode:$out" = slave:1 ] || [ "$mode:$out" = private:0 ]
    done
}
@test "--propagation takes four words, and needs --mount: else it would be the host's mounts" {
    bad_input 'none of private, shared, slave, unchanged' 01-unshare --propagation public -- true
    bad_input '--propagation needs --mount' 01-unshare -u --propagation shared -- true
}

# ---- the clocks of a time namespace

offset() { awk -v clock="$1" '$1 == clock { print $2, $3 }' <<<"$out"; }

@test "--monotonic and --boottime: each sets its own offset" {
    run_split "${own[@]}" 01-unshare -T --monotonic 86400 -- cat /proc/self/timens_offsets
    [ "$(offset monotonic), $(offset boottime)" = '86400 0, 0 0' ]
    run_split "${own[@]}" 01-unshare -T --boottime 3600 -- cat /proc/self/timens_offsets
    [ "$(offset monotonic), $(offset boottime)" = '0 0, 3600 0' ]
}
@test "--boottime: the uptime inside is that much later" {
    outside=$(cut -d . -f 1 /proc/uptime)
    run_split "${own[@]}" 01-unshare -T --boottime 1000000 -- cut -d . -f 1 /proc/uptime
    [ $((out - outside)) -ge 1000000 ] && [ $((out - outside)) -lt 1000100 ]
}
@test "--monotonic: CLOCK_MONOTONIC inside is that much later" {
    needs_tool perl
    clock='use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC); print int clock_gettime(CLOCK_MONOTONIC)'
    perl -e "$clock" >/dev/null 2>&1 || skip 'needs the perl module Time::HiRes (apt-get install perl)'
    outside=$(perl -e "$clock")
    run_split "${own[@]}" 01-unshare -T --monotonic 1000000 -- perl -e "$clock"
    [ $((out - outside)) -ge 1000000 ] && [ $((out - outside)) -lt 1000100 ]
}
@test "a step left behind holds the offsets for those that join" {
    hold "$BATS_TEST_TMPDIR/box" "${own[@]}" 01-unshare -T --boottime 3600
    run_split 06-nsenter - -- cat /proc/self/timens_offsets <"$BATS_TEST_TMPDIR/box"
    [ "$(offset boottime)" = '3600 0' ]
}
@test "a clock cannot be set before 0: the kernel's errno, and nothing is run" {
    run_split "${own[@]}" 01-unshare -T --boottime -1000000000 -- echo half-made
    [ "$status" = 125 ] && [ -z "$out" ] && [[ $err == *timens_offsets*ERANGE* ]]
}
@test "--monotonic and --boottime need --time, and whole seconds" {
    bad_input 'need --time' 01-unshare -u --monotonic 1 -- true
    bad_input 'need --time' 01-unshare -u --boottime 1 -- true
    bad_input 'not a whole number of seconds' 01-unshare -T --monotonic 1h -- true
    bad_input 'not a whole number of seconds' 01-unshare -T --boottime 1.5 -- true
    bad_input 'not a whole number of seconds' 01-unshare -T --boottime '' -- true
    bad_input 'not a whole number of seconds' 01-unshare -T --boottime 99999999999999999999 -- true
}

# ---- the report

@test "the report tells the inodes that the kernel shows, and marks the new ones" {
    hold "$BATS_TEST_TMPDIR/box" 01-unshare "${user[@]}" -m -p -u
    marked=
    for type in cgroup ipc mnt net pid_for_children time_for_children user uts; do
        [ -e "/proc/$held/ns/$type" ] || continue
        inode=$(ns_inode "$held" $type) word=${type%_for_children}
        if [ "$inode" = "$(ns_inode self $type)" ]; then mark=; else mark='*' marked+=" $word"; fi
        grep -v '^  was' "$BATS_TEST_TMPDIR/box.err" | tr ' ' '\n' | grep -Fx "$word:[$inode]$mark"
    done
    [ "$marked" = ' mnt pid uts' ] || [ "$marked" = ' mnt pid user uts' ]
}
@test "the report tells what the new ones were before, and only those" {
    run_split 01-unshare "${user[@]}" -m -u -- true
    was=$(grep '^  was ' <<<"$err")
    [[ $was == *"  $(readlink /proc/self/ns/mnt)"* ]]
    [[ $was == *"  $(readlink /proc/self/ns/uts)"* ]]
    [[ $was != *net:* && $was != *pid:* ]]
}
@test "the report begins with the step, its pid and the call" {
    hold "$BATS_TEST_TMPDIR/box" 01-unshare "${user[@]}" -u
    grep -Eq "^01-unshare +pid $held   unshare\((CLONE_NEWUSER\|)?CLONE_NEWUTS\)$" "$BATS_TEST_TMPDIR/box.err"
}
@test "the report is at most 80 columns wide, all eight marked included" {
    run_split 01-unshare --all -- true
    [ "$(grep -o '\]\*' <<<"$err" | wc -l)" = 8 ]
    [ "$(awk '{ print length }' <<<"$err" | sort -n | tail -n 1)" -le 80 ]
}
@test "the report is one write, and comes before the record" {
    needs_tool strace
    strace -f -e trace=write -o "$BATS_TEST_TMPDIR/trace" 01-unshare "${user[@]}" -u -p 2>/dev/null | head -n 1 >/dev/null
    writes=$(grep -Eo 'write\([12],' "$BATS_TEST_TMPDIR/trace")
    [ "$writes" = $'write(2,\nwrite(1,' ]
}
@test "colour on a terminal" {
    needs_tool script bsdutils
    [[ $(TERM=xterm pty "01-unshare ${user[*]} -u -- true") == *$'\e['* ]]
}
@test "no colour with NO_COLOR, on a dumb terminal, and off a terminal" {
    needs_tool script bsdutils
    [[ $(TERM=xterm NO_COLOR=1 pty "01-unshare ${user[*]} -u -- true") != *$'\e['* ]]
    [[ $(TERM=dumb pty "01-unshare ${user[*]} -u -- true") != *$'\e['* ]]
    TERM=xterm run_split 01-unshare "${user[@]}" -u -- true
    [ -n "$err" ] && [[ $err != *$'\e['* ]]
}
@test "messages go to stderr only: COMMAND's stdout is all that is on stdout" {
    run_split "${own[@]}" 01-unshare -p -- echo data
    [ "$out" = data ]
}

# ---- COMMAND: its data, its exit status

@test "data passes through untouched, binary and large" {
    head -c 300000 /dev/urandom >"$BATS_TEST_TMPDIR/in"
    for type in -n -p; do # -n becomes COMMAND, -p forks it
        "${own[@]}" 01-unshare $type -- cat <"$BATS_TEST_TMPDIR/in" 2>/dev/null | cmp - "$BATS_TEST_TMPDIR/in"
    done
}
@test "tar c | 01-unshare -n -- tar x works" {
    mkdir "$BATS_TEST_TMPDIR/copy"
    tar -c -C steps . | "${own[@]}" 01-unshare -n -- tar -x --no-same-owner -C "$BATS_TEST_TMPDIR/copy" 2>/dev/null
    diff -r steps "$BATS_TEST_TMPDIR/copy"
}
@test "the exit status is COMMAND's own" {
    for type in -n -p; do
        for wanted in 0 3 255; do
            run_split "${own[@]}" 01-unshare $type -- sh -c "exit $wanted"
            [ "$status" = "$wanted" ]
        done
    done
}
@test "128+N when a signal ended COMMAND" {
    for type in -n -p; do
        for signal in KILL:137 TERM:143 INT:130; do
            run_split "${own[@]}" 01-unshare $type -- sh -c "kill -${signal%:*} \$\$"
            [ "$status" = "${signal#*:}" ]
        done
    done
}
@test "127 when COMMAND does not exist, 126 when it cannot be executed, and it says so" {
    for type in -n -p; do
        run_split "${own[@]}" 01-unshare $type -- /no/such/command
        [[ $status:$err == 127:*'exec /no/such/command'*ENOENT*because:* ]]
        run_split "${own[@]}" 01-unshare $type -- /etc/passwd
        [[ $status:$err == 126:*'exec /etc/passwd'*EACCES*because:* ]]
    done
}
@test "a signal to the step is passed on to COMMAND" {
    # shellcheck disable=SC2016
    "${own[@]}" 01-unshare -p -- sh -c 'trap "exit 7" TERM; sleep 100 & echo ready; wait' \
        >"$BATS_TEST_TMPDIR/ready" 2>/dev/null 3>&- &
    step=$!
    wait_until has_line "$BATS_TEST_TMPDIR/ready"
    kill -TERM $step
    status=0
    wait $step || status=$?
    [ "$status" = 7 ]
}
@test "on a terminal, without COMMAND: \$SHELL, else /bin/sh" {
    needs_tool script bsdutils
    printf '#!/bin/sh\necho the shell of this user\n' >"$BATS_TEST_TMPDIR/shell"
    chmod 755 "$BATS_TEST_TMPDIR/shell"
    [[ $(pty "SHELL=$BATS_TEST_TMPDIR/shell 01-unshare ${user[*]} -u") == *'the shell of this user'* ]]
    [[ $(pty "PS1='sh of \$0 ' SHELL=/no/such/shell 01-unshare ${user[*]} -u") == *'sh of sh'* ]]
}

# ---- --help and bad input

@test "--help: the usage on stdout, exit 0, every option named" {
    run_split 01-unshare --help
    [ "$status:$err" = 0: ]
    [[ $out == 'Usage: 01-unshare '* ]]
    for option in --mount --uts --ipc --net --pid --user --cgroup --time --all --hostname \
        --propagation --monotonic --boottime -m -u -i -n -p -U -C -T; do
        grep -q -e "$option\b" <<<"$out"
    done
}
@test "an unknown option is refused by its name" {
    bad_input 'unknown option -Z' 01-unshare -Z -- true
    bad_input 'unknown option -Z' 01-unshare -uZ -- true
    bad_input 'unknown option -Z' 01-unshare --mount -Zu -- true
    bad_input '--bogus' 01-unshare --bogus -- true
    bad_input '--mo' 01-unshare --mo -- true # --mount or --monotonic?
}
@test "an option without its argument, or with one that it does not take" {
    bad_input '--hostname needs an argument' 01-unshare --hostname -- true
    bad_input '--propagation needs an argument' 01-unshare -m --propagation
    bad_input '--mount=x takes no argument' 01-unshare --mount=x -- true
}
@test "a COMMAND without -- is refused, and shown where -- belongs" {
    bad_input '-- sh' 01-unshare sh
    bad_input 'COMMAND comes after --' 01-unshare -u sh -c true
}
@test "an option after an operand, - in another place than the first, nothing after --" {
    bad_input 'nothing follows --' 01-unshare -u --
    bad_input 'too late' 03-chroot / -u
    bad_input 'must be the first' 01-unshare -u -
}
@test "- on a terminal is refused: there is no record to go on from" {
    needs_tool script bsdutils
    run_split pty 'exec 01-unshare - -u -- true </dev/tty'
    [[ $status:$out == 125:*'stdin is a terminal'* ]]
}
@test "stdout closed and no COMMAND: refused, for the record has nowhere to go" {
    # shellcheck disable=SC2016
    run_split sh -c '01-unshare "$@" >&-' sh "${user[@]}" -u
    [ "$status" = 125 ] && [ "$(wc -l <<<"$err")" = 1 ]
}
