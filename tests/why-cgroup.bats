#!/usr/bin/env bats
# What lib/why-cgroup.c and lib/why-limit.c say: each cause is made for real. tests/causes lists them.
# On a hybrid host (cgroup v1 holds the controllers) v2 has its core files and hugetlb; what needs more
# is skipped there, see make test-vm. What takes a mount option of the whole machine is in
# why-cgroup-nsdelegate.bats.
# shellcheck disable=SC2016,SC2154 # $ is for the shell inside; err, held: set by the helper
load helper

# ---- the ground: cgroups of our own below $DIR, and an ordinary user in them

# "${in_cgroup[@]}" CGROUP COMMAND ..., and the same as that user: each becomes COMMAND.
in_cgroup=(sh -c 'echo 0 >"$0/cgroup.procs" && cd / && exec "$@"')
user_in=(sh -c 'echo 0 >"$0/cgroup.procs" && cd / &&
    exec setpriv --reuid 12345 --regid 12345 --clear-groups "$@"')
as_user() { # COMMAND ...: without our directory, which may be shut to him
    (cd / && exec setpriv --reuid 12345 --regid 12345 --clear-groups "$@")
}
delegate() { # CGROUP ...: makes each, and gives it to that user, as systemd's Delegate=yes does
    needs_root
    needs_tool setpriv util-linux
    local cgroup
    for cgroup in "$@"; do
        mkdir -p "$cgroup"
        chown 12345 "$cgroup" "$cgroup"/cgroup.{procs,subtree_control,threads}
    done
}
remove_cgroups() { # from the leaves up
    find "$DIR" -depth -type d 2>/dev/null | while read -r dir; do
        wait_until rmdir "$dir" 2>/dev/null
    done
    [ ! -e "$DIR" ]
}
# told TEXT COMMAND ...: as because; and the cgroups are removed.
told() {
    local result=0
    because "$@" || result=$?
    remove_cgroups && return "$result"
}
# likewise TEXT COMMAND ...: of a near miss: it fails with errno ERRNO too, and says TEXT.
likewise() { # ERRNO TEXT COMMAND ...
    told "${@:2}" && grep -q "($1)\$" <<<"$err"
}

# in_root SETUP COMMAND ...: in the root filesystem, in a mount namespace of its own in which the shell
# SETUP has mounted something ($root). /proc is mounted there.
in_root() {
    unshare --mount --propagation private sh -c '
        root=$1 CGROUP2=$2 DIR=$3; mount -t proc none "$root/proc" && eval "$4" && shift 4 &&
        exec chroot "$root" "$@"' sh "$ROOTFS" "$CGROUP2" "$DIR" "$@"
}

# hugetlb is the controller that hybrid hosts leave to v2. It is enabled at the top for a test, and put back.
needs_hugetlb_off() {
    needs_v2 hugetlb
    ! grep -qw hugetlb "$CGROUP2/cgroup.subtree_control" || skip 'hugetlb is enabled already'
    size=$(ls /sys/kernel/mm/hugepages | sed -n 's/hugepages-\([0-9]*\)kB/\1/p' | sort -n | head -n 1)
    [ -n "$size" ] || skip 'this kernel has no huge pages'
    file=hugetlb.$((size / 1024))MB.max
}
with() { # CONTROLLER COMMAND ...: while the top gives it to those below
    local result=0
    echo "+$1" >"$CGROUP2/cgroup.subtree_control"
    "${@:2}" || result=$?
    echo "-$1" >"$CGROUP2/cgroup.subtree_control"
    return "$result"
}
needs_v2() { # CONTROLLER, for root only: his pass and not the other one lists what is skipped
    needs_root
    needs_controller "$1"
}
# For what is changed for the whole machine.
needs_vm() { [ -d /run/vm ] || skip 'changes the machine: make test-vm runs it'; }

# ---- find a place for the cgroup

@test "[cgroup-no-proc] cgroup v2 is found in /proc, which is not mounted" {
    needs_root
    because '/proc is not mounted here' 03-chroot "$ROOTFS" -- 05-cgroup "$NAME" -- true
}
@test "[cgroup-no-proc miss] /proc is there, and cgroup v2 is not" {
    needs_root
    likewise ENOENT 'no filesystem of type cgroup2 is mounted' in_root true 05-cgroup "$NAME" -- true
}
@test "[cgroup-files] too many files are open: wherever that is" {
    needs_root
    needs_hugetlb_off
    needs_tool prlimit util-linux
    for ((n = 6; n < 40; n++)); do # until there are enough
        run_split prlimit --nofile=$n:$n 05-cgroup "$NAME-$n" "$file=0" -- true
        [ "$status" != 0 ] || break
        grep -q "^  because: this process may have no more than $n files open" <<<"$err" || return 1
    done
    [ "$n" -ge 9 ] && [ "$n" -lt 40 ]
}
@test "[cgroup-files miss] few, but enough" {
    needs_root
    needs_tool prlimit util-linux
    run_split prlimit --nofile=24:24 05-cgroup "$NAME" -- true
    [ "$status" = 0 ] && [[ $err != *because* ]]
}
@test "[cgroup-no-mount] no cgroup v2 is mounted" {
    needs_root
    because 'no filesystem of type cgroup2 is mounted here' in_root true 05-cgroup "$NAME" -- true
}
cover='mount -t tmpfs none "$root/mnt" && mkdir "$root/mnt/a" && mount --bind "$CGROUP2" "$root/mnt/a" &&
    mount -t tmpfs none "$root/mnt" && mkdir "$root/mnt/a"'
@test "[cgroup-no-mount miss] one is mounted, and something else over it" {
    needs_root
    likewise EACCES 'something else is mounted over' in_root "$cover" 05-cgroup "$NAME" -- true
}
@test "[cgroup-covered] something else is mounted over cgroup v2" {
    needs_root
    because 'something else is mounted over cgroup v2, on /mnt/a or above it' \
        in_root "$cover" 05-cgroup "$NAME" -- true
}
@test "[cgroup-covered miss] two mounts one over the other, both cgroup v2: it works" {
    needs_root
    run_split in_root 'mount --bind "$CGROUP2" "$root/mnt" && mount --bind "$CGROUP2" "$root/mnt"' \
        05-cgroup "$NAME" -- true
    [ "$status" = 0 ] && [[ $err != *because* ]]
}
readonly='mount --bind "$CGROUP2" "$root/mnt" && mount -o remount,bind,ro "$root/mnt"'
@test "[cgroup-read-only] cgroup v2 is mounted read-only" {
    needs_root
    because 'cgroup v2 is mounted read-only, on /mnt' in_root "$readonly" 05-cgroup "$NAME" -- true
}
@test "[cgroup-read-only miss] for somebody who may not write there anyway, that is the cause" {
    needs_root
    likewise EACCES 'belongs to uid 12345' in_root "$readonly" \
        setpriv --reuid 12345 --regid 12345 --clear-groups 05-cgroup "$NAME" -- true
}
shut='mount -t tmpfs -o mode=700 none "$root/mnt" && mkdir "$root/mnt/a" && mount --bind "$CGROUP2" "$root/mnt/a"'
@test "[cgroup-shut] a directory on the way to the mount may not be entered" {
    needs_root
    because 'uid 12345 may not enter the directory /mnt/a' in_root "$shut" \
        setpriv --reuid 12345 --regid 12345 --clear-groups 05-cgroup "$NAME" -- true
}
@test "[cgroup-shut miss] it may be entered, and nothing is delegated" {
    needs_root
    likewise EACCES 'nothing is delegated' in_root "${shut/700/755}" \
        setpriv --reuid 12345 --regid 12345 --clear-groups 05-cgroup "$NAME" -- true
}
@test "[cgroup-not-delegated] no cgroup from the mount down to ours belongs to the user" {
    needs_root
    needs_tool setpriv util-linux
    mkdir "$DIR"
    told "from $CGROUP2 down to ours, /$NAME, belongs to uid 12345" "${user_in[@]}" "$DIR" 05-cgroup mine -- true
    grep -q '^  try:     systemd-run --user --scope -p Delegate=yes bash' <<<"$err"
}
@test "[cgroup-not-delegated miss] one belongs to him: he makes his own in it" {
    delegate "$DIR" "$DIR/leaf"
    run_split "${user_in[@]}" "$DIR/leaf" 05-cgroup mine -- cat /proc/self/cgroup
    remove_cgroups
    [ "$status" = 0 ] && [[ $err != *because* ]]
    grep -qx "0::/$NAME/mine" <<<"$out"
}
not_delegated() { [ ! -w "$CGROUP2$(sed -n 's/^0:://p' /proc/self/cgroup)" ] || [ "$(id -u)" = 0 ]; }
@test "[cgroup-user-namespace] uid 0 of a user namespace is not root outside, and nothing is his" {
    not_delegated || skip 'a cgroup is delegated to this user'
    [ "$(id -u)" = 0 ] && outside=100000 || outside=$(id -u)
    because "uid 0 of this user namespace is uid $outside outside" \
        07-userns-map --map "0:$outside:1" -- 05-cgroup "$NAME" -- true
}
@test "[cgroup-user-namespace miss] outside he has a cgroup: in the user namespace, too" {
    delegate "$DIR" "$DIR/leaf"
    run_split "${user_in[@]}" "$DIR/leaf" 07-userns-map -- 05-cgroup mine -- true
    remove_cgroups
    [ "$status" = 0 ] && [[ $err != *because* ]]
}
@test "[cgroup-namespace] in a cgroup namespace, with a mount from outside of it" {
    delegate "$DIR" "$DIR/leaf"
    told 'we are in a cgroup namespace in which our own cgroup, /, cannot be found' \
        "${user_in[@]}" "$DIR/leaf" 07-userns-map -- 01-unshare -C -- 05-cgroup mine -- true
    grep -qF "mounted on $CGROUP2 is /../.." <<<"$err"
}
@test "[cgroup-namespace miss] without one, nothing is delegated" {
    needs_root
    needs_tool setpriv util-linux
    likewise EACCES 'of this user namespace is uid 12345 outside' \
        as_user 07-userns-map -- 05-cgroup "$NAME" -- true
}

# ---- mkdir

@test "[mkdir-descendants] cgroup.max.descendants, of the cgroup above" {
    delegate "$DIR" "$DIR/leaf"
    echo 1 >"$DIR/cgroup.max.descendants"
    told "$DIR/cgroup.max.descendants is 1, and that one has 1 cgroup below it already" \
        "${user_in[@]}" "$DIR/leaf" 05-cgroup mine -- true
}
@test "[mkdir-descendants] of one further up" {
    delegate "$DIR/a" "$DIR/a/leaf"
    echo 2 >"$DIR/cgroup.max.descendants"
    told "$DIR/cgroup.max.descendants is 2, and" "${user_in[@]}" "$DIR/a/leaf" 05-cgroup mine -- true
}
@test "[mkdir-descendants miss] there is room in it, and cgroup.max.depth is reached" {
    delegate "$DIR" "$DIR/leaf"
    echo 2 >"$DIR/cgroup.max.descendants"
    echo 0 >"$DIR/cgroup.max.depth"
    likewise EAGAIN "$DIR/cgroup.max.depth is 0, and the new cgroup would be 1 level below" \
        "${user_in[@]}" "$DIR/leaf" 05-cgroup mine -- true
}
@test "[mkdir-depth] cgroup.max.depth, of one further up" {
    delegate "$DIR/a" "$DIR/a/leaf"
    echo 1 >"$DIR/cgroup.max.depth"
    told "$DIR/cgroup.max.depth is 1, and the new cgroup would be 2 levels below" \
        "${user_in[@]}" "$DIR/a/leaf" 05-cgroup mine -- true
}
@test "[mkdir-depth miss] it is as deep as that, and no deeper: it works" {
    delegate "$DIR/a" "$DIR/a/leaf"
    echo 2 >"$DIR/cgroup.max.depth"
    run_split "${user_in[@]}" "$DIR/a/leaf" 05-cgroup mine -- true
    remove_cgroups
    [ "$status" = 0 ] && [[ $err != *because* ]]
}
part='mount --bind "$DIR/part" "$root/mnt"' # a container that has been given a part of the tree
@test "[mkdir-above] the limit is of a cgroup that cannot be seen from here" {
    needs_root
    mkdir "$DIR" "$DIR/part"
    echo 1 >"$DIR/cgroup.max.descendants"
    told 'a cgroup above /mnt, which cannot be seen from here, allows no more' in_root "$part" 05-cgroup x -- true
}
@test "[mkdir-above miss] the limit is of one that can be seen" {
    needs_root
    mkdir "$DIR" "$DIR/part"
    echo 0 >"$DIR/part/cgroup.max.descendants"
    likewise EAGAIN '/mnt/cgroup.max.descendants is 0' in_root "$part" 05-cgroup x -- true
}

# ---- enable a controller

needs_v1() { # CONTROLLER
    needs_root
    [ "$(awk -v name="$1" '$1 == name { print $2 }' /proc/cgroups)" -gt 0 ] 2>/dev/null ||
        skip "cgroup v1 does not hold the $1 controller here"
}
@test "[enable-v1] cgroup v1 holds the controller" {
    needs_v1 pids
    because "cgroup v1 holds the pids controller on this machine (hierarchy $(awk '$1 == "pids" { print $2 }' \
        /proc/cgroups) in /proc/cgroups, mounted on " 05-cgroup "$NAME" pids.max=3 -- true
}
@test "[enable-v1] io is what v1 calls blkio" {
    needs_v1 blkio
    because 'cgroup v1 holds the io controller' 05-cgroup "$NAME" io.max=3 -- true
}
@test "[enable-v1 miss] v2 has it, but a cgroup above does not hand it down" {
    needs_hugetlb_off
    delegate "$DIR" "$DIR/leaf"
    likewise ENOENT "$CGROUP2 has the hugetlb controller" "${user_in[@]}" "$DIR/leaf" 05-cgroup mine "$file=0" -- true
}
@test "[enable-ancestor] a cgroup above does not hand the controller down: which" {
    needs_hugetlb_off
    delegate "$DIR/a" "$DIR/a/leaf"
    told "$CGROUP2 has the hugetlb controller (cgroup.controllers), but does not give it" \
        "${user_in[@]}" "$DIR/a/leaf" 05-cgroup mine "$file=0" -- true
    grep -qF "echo +hugetlb > $CGROUP2/cgroup.subtree_control" <<<"$err"
}
@test "[enable-ancestor] not the topmost, but the one below it" {
    needs_hugetlb_off
    delegate "$DIR/a" "$DIR/a/leaf"
    with hugetlb told "$DIR has the hugetlb controller" "${user_in[@]}" "$DIR/a/leaf" 05-cgroup mine "$file=0" -- true
}
@test "[enable-ancestor miss] what is asked for has another name in v2" {
    needs_hugetlb_off
    delegate "$DIR" "$DIR/leaf"
    likewise ENOENT 'hugetlb.2MB.limit_in_bytes is a file of cgroup v1' \
        "${user_in[@]}" "$DIR/leaf" 05-cgroup mine hugetlb.2MB.limit_in_bytes=0 -- true
}
@test "[enable-above] the cgroup that does not hand it down cannot be seen from here" {
    needs_hugetlb_off
    mkdir "$DIR" "$DIR/part"
    told 'a cgroup above /mnt, which cannot be seen from here, does not give the hugetlb controller' \
        in_root "$part" 05-cgroup x "$file=0" -- true
}
@test "[enable-above miss] all above do, and so it works" {
    needs_hugetlb_off
    mkdir "$DIR" "$DIR/part"
    both() {
        echo +hugetlb >"$DIR/cgroup.subtree_control"
        run_split in_root "$part" 05-cgroup x "$file=0" -- true
        remove_cgroups
    }
    with hugetlb both
    [ "$status" = 0 ] && [[ $err != *because* ]]
}
@test "[enable-unknown] there is no such controller" {
    needs_root
    because 'no controller of cgroup v2 is called "nosuch"' 05-cgroup "$NAME" nosuch.max=1 -- true
    grep -qF "lists: $(cat "$CGROUP2/cgroup.controllers")" <<<"$err"
}
@test "[enable-unknown miss] there is one, but in cgroup v1 only" {
    needs_root
    grep -q ^net_prio /proc/cgroups || skip 'this kernel has no net_prio'
    likewise EINVAL 'net_prio controller is one of cgroup v1 only' 05-cgroup "$NAME" net_prio.ifpriomap=1 -- true
}
@test "[enable-v1-only] the controller is one of cgroup v1 only" {
    needs_root
    grep -q ^devices /proc/cgroups || skip 'this kernel has no devices controller'
    because 'the devices controller is one of cgroup v1 only' 05-cgroup "$NAME" devices.allow=a -- true
}
@test "[enable-v1-only miss] there is none of that name at all" {
    needs_root
    likewise EINVAL 'no controller of cgroup v2 is called "device"' 05-cgroup "$NAME" device.allow=a -- true
}
@test "[enable-v1-file] a file of cgroup v1, and what it is called in v2" {
    needs_root
    because 'memory.limit_in_bytes is a file of cgroup v1' 05-cgroup "$NAME" memory.limit_in_bytes=64M -- true
    grep -qx '  try:     memory.max=..., which has its place in cgroup v2 (its values may mean something else)' <<<"$err"
    because 'blkio.throttle.read_bps_device is a file of cgroup v1' \
        05-cgroup "$NAME" blkio.throttle.read_bps_device=1 -- true
    because 'freezer.state is a file of cgroup v1' 05-cgroup "$NAME" freezer.state=FROZEN -- true
}
@test "[enable-v1-file miss] a file that v1 has not either" {
    needs_root
    likewise EINVAL 'no controller of cgroup v2 is called "freeze"' 05-cgroup "$NAME" freeze.state=1 -- true
}
@test "[enable-processes] the cgroup above has processes of its own: one of them is named" {
    needs_hugetlb_off
    delegate "$DIR"
    script='05-cgroup mine "$0=0" -- true; echo "my pid is $$" >&2; exit 125'
    with hugetlb told "$DIR has 3 processes of its own (pid " "${user_in[@]}" "$DIR" sh -c "$script" "$file"
    pid=$(sed -n 's/^my pid is //p' <<<"$err")
    [[ $err == *"(pid $pid, sh), and a cgroup with processes may not give the hugetlb controller to those"* ]]
}
@test "[enable-processes] what it says to try works" {
    needs_hugetlb_off
    delegate "$DIR"
    try() {
        run_split "${user_in[@]}" "$DIR" sh -c '
            hint=$(05-cgroup mine "$0=0" -- true 2>&1 | sed -n "s/^  try:     //p")
            eval "$hint"; exec 05-cgroup mine "$0=0" -- echo done' "$file"
        remove_cgroups
    }
    with hugetlb try
    [ "$status:$out" = 0:done ]
}
@test "[enable-processes miss] the cgroup itself gives controllers to those below" {
    needs_hugetlb_off
    likewise EBUSY "$DIR gives controllers (hugetlb) to those below it" \
        05-cgroup "$NAME" "$file=0" cgroup.subtree_control=+hugetlb -- true
}
# user_beside_thread COMMAND ...: the user is in $DIR, and a cgroup in it is threaded.
user_beside_thread() {
    "${user_in[@]}" "$DIR" sh -c 'mkdir "$0/t" && echo threaded >"$0/t/cgroup.type" && exec "$@"' "$DIR" "$@"
}
@test "[enable-threads] the cgroup above is for threads, because one in it is" {
    needs_hugetlb_off
    delegate "$DIR"
    with hugetlb told "cgroup.type of $DIR is \"domain threaded\", because t in it is threaded" \
        user_beside_thread 05-cgroup mine "$file=0" -- true
}
@test "[enable-threads miss] it has processes, and is not for threads" {
    needs_hugetlb_off
    delegate "$DIR"
    with hugetlb told "$DIR has 2 processes of its own" "${user_in[@]}" "$DIR" 05-cgroup mine "$file=0" -- true
}

# ---- FILE=VALUE

@test "[limit-no-file] no such file: those that are there" {
    needs_root
    because 'cgroup v2 has no file cgroup.nosuch on this kernel' 05-cgroup "$NAME" cgroup.nosuch=1 -- true
    [[ $(grep '^  try: ' <<<"$err") == *' one of these: '*cgroup.max.depth* ]]
    [[ $err != *cgroup.stat* ]] # nothing can be written to that one
}
@test "[limit-no-file] of a controller" {
    needs_v2 hugetlb
    because 'the hugetlb controller has no file hugetlb.nosuch' 05-cgroup "$NAME" hugetlb.nosuch=1 -- true
}
@test "[limit-no-file miss] it is there in other cgroups, but taken away in this one" {
    needs_root
    [ -e "$CGROUP2/cgroup.pressure" ] || skip 'this kernel has no cgroup.pressure (Linux 6.1)'
    likewise ENOENT 'cgroup.pressure is 0 there' \
        05-cgroup "$NAME" cgroup.pressure=0 'cpu.pressure=some 150000 2000000' -- true
}
@test "[limit-no-pressure] cgroup.pressure=0 has taken it away" {
    needs_root
    [ -e "$CGROUP2/cgroup.pressure" ] || skip 'this kernel has no cgroup.pressure (Linux 6.1)'
    because 'cgroup.pressure is 0 there, which takes cpu.pressure away' \
        05-cgroup "$NAME" cgroup.pressure=0 'cpu.pressure=some 150000 2000000' -- true
}
@test "[limit-no-pressure miss] a name that no cgroup has" {
    needs_root
    [ -e "$CGROUP2/cgroup.pressure" ] || skip 'this kernel has no cgroup.pressure (Linux 6.1)'
    likewise ENOENT 'has no file cgroup.pressur ' 05-cgroup "$NAME" cgroup.pressur=0 -- true
}
@test "[limit-read-only] a file that takes nothing" {
    needs_root
    because 'cgroup.stat only tells something' 05-cgroup "$NAME" cgroup.stat=1 -- true
    grep -qF "cat $DIR/cgroup.stat" <<<"$err"
}
@test "[limit-read-only] for an ordinary user" {
    delegate "$DIR" "$DIR/leaf"
    told 'cgroup.events only tells something' "${user_in[@]}" "$DIR/leaf" 05-cgroup mine cgroup.events=1 -- true
    grep -q '(EACCES)$' <<<"$err"
}
@test "[limit-read-only miss] a file that takes something else" {
    needs_root
    likewise EINVAL 'cgroup.type takes the word threaded' 05-cgroup "$NAME" cgroup.type=domain -- true
}
@test "[limit-long] a value longer than a page" {
    needs_root
    page=$(getconf PAGESIZE)
    because "the value has $((page + 1)) bytes, and a file of a cgroup takes $page" \
        05-cgroup "$NAME" "cgroup.max.depth=$(printf "%0$((page + 1))d" 1)" -- true
}
@test "[limit-long miss] as long as a page: it is taken" {
    needs_root
    run_split 05-cgroup "$NAME" "cgroup.max.depth=$(printf "%0$(getconf PAGESIZE)d" 1)" -- cat "$DIR/cgroup.max.depth"
    [ "$out" = 1 ] && [[ $err != *because* ]]
}
@test "[limit-subtree] a controller that the new cgroup has not got" {
    needs_hugetlb_off
    because 'the new cgroup has only these controllers to give to those below it: none' \
        05-cgroup "$NAME" cgroup.subtree_control=+hugetlb -- true
}
@test "[limit-subtree miss] a controller that nobody has" {
    needs_root
    run_split 05-cgroup "$NAME" cgroup.subtree_control=+nosuch -- true
    [[ $err == *'(EINVAL)'*'because: cgroup.subtree_control takes names of controllers, each with +'* ]]
}
@test "[limit-type-own] threaded, and controllers that are not for threads" {
    needs_hugetlb_off
    because 'the new cgroup gives the hugetlb controller to those below it' \
        05-cgroup "$NAME" "$file=0" cgroup.subtree_control=+hugetlb cgroup.type=threaded -- true
}
@test "[limit-type-own miss] threaded, and a file that is for processes" {
    needs_root
    [ -e "$CGROUP2/cgroup.pressure" ] || skip 'this kernel may have no cgroup.kill (Linux 5.14)'
    likewise EOPNOTSUPP 'the new cgroup is threaded' 05-cgroup "$NAME" cgroup.type=threaded cgroup.kill=1 -- true
}
@test "[limit-type-sibling] threaded, beside a cgroup with processes" {
    delegate "$DIR" "$DIR/leaf"
    told "$DIR, and that one has a cgroup leaf with processes" \
        "${user_in[@]}" "$DIR/leaf" 05-cgroup mine cgroup.type=threaded -- true
}
@test "[limit-type-sibling miss] nothing beside it: it is threaded" {
    needs_root
    run_split 05-cgroup "$NAME" cgroup.type=threaded -- cat "$DIR/cgroup.type"
    [ "$out" = threaded ] && [[ $err != *because* ]]
}
@test "[limit-type-above] threaded, in one that is invalid because of threads" {
    needs_root
    mkdir "$DIR" "$DIR/t" "$DIR/part"
    echo threaded >"$DIR/t/cgroup.type"
    told 'cgroup.type of /mnt is "domain invalid"' in_root "$part" 05-cgroup x cgroup.type=threaded -- true
}
@test "[limit-type-above miss] the same in one that is not" {
    needs_root
    mkdir "$DIR" "$DIR/part"
    run_split in_root "$part" 05-cgroup x cgroup.type=threaded -- cat /mnt/x/cgroup.type
    remove_cgroups
    [ "$out" = threaded ] && [[ $err != *because* ]]
}
@test "[limit-threaded] cgroup.kill in a threaded cgroup" {
    needs_root
    [ -e "$CGROUP2/cgroup.pressure" ] || skip 'this kernel may have no cgroup.kill (Linux 5.14)'
    because 'the new cgroup is threaded (cgroup.type), where cgroup.kill, which is for whole processes' \
        05-cgroup "$NAME" cgroup.type=threaded cgroup.kill=1 -- true
}
@test "[limit-threaded miss] in one that is not it is taken" {
    needs_root
    [ -e "$CGROUP2/cgroup.pressure" ] || skip 'this kernel may have no cgroup.kill (Linux 5.14)'
    run_split 05-cgroup "$NAME" cgroup.kill=1 -- true
    [ "$status" = 0 ] && [[ $err != *because* ]]
}

# takes TEXT FILE=VALUE ...: none of these is taken, and it says what the FILE takes.
takes() {
    local setting
    needs_root
    for setting in "${@:2}"; do
        because "${setting%%=*} takes $1" 05-cgroup "$NAME" "$setting" -- true || return 1
        [[ $err == *", not \"${setting#*=}\""* ]] || return 1
    done
}
# taken FILE=VALUE ...: all are
taken() {
    needs_root
    run_split 05-cgroup "$NAME" "$@" -- true
    [ "$status" = 0 ] && [[ $err != *because* ]]
}
@test "[value-number] cgroup.max.depth and cgroup.max.descendants" {
    takes 'a number from 0 on, or max' cgroup.max.depth=-1 cgroup.max.descendants=99999999999 cgroup.max.depth=1M
}
@test "[value-number miss] what they take" { taken cgroup.max.depth=0x10 cgroup.max.descendants=max; }
@test "[value-switch] 0 or 1" {
    needs_root
    [ -e "$CGROUP2/cgroup.pressure" ] || skip 'this kernel has no cgroup.pressure (Linux 6.1)'
    takes '0 or 1' cgroup.pressure=2 cgroup.pressure=no
}
@test "[value-switch] 0 or 1 of memory and cpu" {
    needs_v2 memory
    needs_v2 cpu
    takes '0 or 1' memory.oom.group=2
    [ "$(uname -r | cut -d . -f 1)" -lt 6 ] || takes '0 or 1' cpu.idle=2 # Linux 5.15
}
@test "[value-switch miss] what they take" { taken cgroup.freeze=0; }
@test "[value-kill] cgroup.kill" {
    needs_root
    [ -e "$CGROUP2/cgroup.pressure" ] || skip 'this kernel may have no cgroup.kill (Linux 5.14)'
    takes '1 and nothing else' cgroup.kill=0 cgroup.kill=yes
}
@test "[value-kill miss] what it takes" {
    needs_root
    [ -e "$CGROUP2/cgroup.pressure" ] || skip 'this kernel may have no cgroup.kill (Linux 5.14)'
    taken cgroup.kill=1
}
@test "[value-type] cgroup.type" { takes 'the word threaded' cgroup.type=domain; }
@test "[value-type miss] what it takes" { taken cgroup.type=threaded; }
@test "[value-signs] cgroup.subtree_control" {
    takes 'names of controllers, each with + or - in front' cgroup.subtree_control=hugetlb \
        cgroup.subtree_control=+hugetlb,+pids cgroup.subtree_control=+nosuch
}
@test "[value-signs miss] what it takes" {
    needs_hugetlb_off
    run_split 05-cgroup "$NAME" "$file=0" cgroup.subtree_control='+hugetlb -hugetlb' -- true
    [ "$status" = 0 ] && [[ $err != *because* ]]
}
@test "[value-pressure] a trigger" {
    needs_root
    [ -e "$CGROUP2/cpu.pressure" ] || skip 'this kernel has no pressure files'
    takes 'some or full, then two times' cpu.pressure=50% 'cpu.pressure=some 150000' \
        'cpu.pressure=some 150000 20000000' 'cpu.pressure=some 3000000 2000000'
}
@test "[value-pressure miss] a trigger that is taken" {
    needs_root
    [ -e "$CGROUP2/cpu.pressure" ] || skip 'this kernel has no pressure files'
    taken 'cpu.pressure=some 150000 2000000'
}
@test "[value-bytes] bytes, of hugetlb" {
    needs_hugetlb_off
    takes 'a number of bytes' "$file=5x" "$file=-1"
}
@test "[value-bytes] bytes, of memory" {
    needs_v2 memory
    takes 'a number of bytes' memory.max=50% memory.max=1.5G memory.high=-1 memory.swap.max=lots
}
@test "[value-bytes miss] what it takes" {
    needs_hugetlb_off
    taken "$file=4M" "$file=max"
}
@test "[value-pids] pids.max" {
    needs_v2 pids
    takes 'a number from 0 to 4194304, or max' pids.max=-1 pids.max=many pids.max=99999999999999999999 pids.max=4194305
}
@test "[value-pids miss] what it takes" { needs_v2 pids; taken pids.max=4194304 pids.max=max; }
@test "[value-cpu-max] cpu.max" {
    needs_v2 cpu
    takes 'a quota in microseconds (1000 or more) or max' cpu.max=999 'cpu.max=max 1000001' cpu.max=50% cpu.max=-1
}
@test "[value-cpu-max miss] what it takes" { needs_v2 cpu; taken cpu.max=1000 'cpu.max=max 1000000'; }
@test "[value-cpu-burst] cpu.max.burst" {
    needs_v2 cpu
    [ "$(uname -r | cut -d . -f 1)" -ge 6 ] || skip 'this kernel may have no cpu.max.burst (Linux 5.14)'
    needs_root
    because 'cpu.max.burst takes a number of microseconds that is not more than the quota' \
        05-cgroup "$NAME" cpu.max=2000 cpu.max.burst=3000 -- true
}
@test "[value-cpu-burst miss] what it takes" {
    needs_v2 cpu
    [ "$(uname -r | cut -d . -f 1)" -ge 6 ] || skip 'this kernel may have no cpu.max.burst (Linux 5.14)'
    taken cpu.max=2000 cpu.max.burst=2000
}
@test "[value-weight] cpu.weight, cpu.weight.nice, io.weight" {
    needs_v2 cpu
    takes 'a number from 1 to 10000' cpu.weight=0 cpu.weight=10001 cpu.weight=high
    takes 'a number from -20 to 19' cpu.weight.nice=20 cpu.weight.nice=-21
}
@test "[value-weight miss] what they take" { needs_v2 cpu; taken cpu.weight=10000 cpu.weight.nice=19; }
@test "[value-idle] cpu.weight, where cpu.idle is 1" {
    needs_v2 cpu
    [ "$(uname -r | cut -d . -f 1)" -ge 6 ] || skip 'this kernel may have no cpu.idle (Linux 5.15)'
    because 'cpu.idle is 1 there, and then it has no weight' 05-cgroup "$NAME" cpu.idle=1 cpu.weight=100 -- true
}
@test "[value-idle miss] where it is 0, and the value is none" {
    needs_v2 cpu
    [ "$(uname -r | cut -d . -f 1)" -ge 6 ] || skip 'this kernel may have no cpu.idle (Linux 5.15)'
    needs_root
    because 'cpu.weight takes a number from 1' 05-cgroup "$NAME" cpu.idle=0 cpu.weight=high -- true
}
@test "[value-cpuset] cpuset.cpus, cpuset.mems, cpuset.cpus.partition" {
    needs_v2 cpuset
    takes 'numbers of CPUs that this machine can have' cpuset.cpus=9999 cpuset.cpus=1-0 cpuset.cpus=some
    takes 'numbers of memory nodes that are there' cpuset.mems=99 cpuset.mems=x
    takes 'member, root or isolated' cpuset.cpus.partition=mine
}
@test "[value-cpuset miss] what they take" {
    needs_v2 cpuset
    taken cpuset.cpus=0 cpuset.mems=0 cpuset.cpus.partition=member
}
needs_disk() {
    needs_v2 io
    local dir
    for dir in /sys/block/{vd,sd,nvme}*; do
        [ -e "$dir/dev" ] && device=$(cat "$dir/dev") disk=/dev/${dir##*/} && return 0
    done
    skip 'this machine has no disk'
}
@test "[value-io] io.max, io.weight" {
    needs_disk
    takes "begins with the MAJOR:MINOR numbers of a whole disk" io.max=50% "io.max=$device" "io.max=$device rbps=0" \
        "io.max=$device rbps=1M" "io.max=$device speed=1" "io.max=$disk rbps=1"
    [ ! -e "$CGROUP2/io.weight" ] || takes 'a number from 1 to 10000' io.weight=0 io.weight=10001
}
@test "[value-io miss] what it takes" { needs_disk; taken "io.max=$device rbps=max wiops=100000"; }
@test "[io-no-disk] io.max, a disk that is not there" {
    needs_v2 io
    because 'there is no disk with the numbers 99:99' 05-cgroup "$NAME" 'io.max=99:99 rbps=1' -- true
}
partition() { # COMMAND ...: while the disk has a partition
    local result=0
    addpart "$disk" 1 2048 4096
    "$@" || result=$?
    delpart "$disk" 1
    return "$result"
}
of_partition() { # TEXT
    local numbers
    numbers=$(cat "/sys/class/block/${disk##*/}1/dev")
    because "$1" 05-cgroup "$NAME" "io.max=$numbers rbps=1" -- true
}
@test "[io-no-disk miss] a disk that is there, but a part of one" {
    needs_disk
    needs_vm
    partition of_partition 'is a partition'
    grep -q '(ENODEV)$' <<<"$err"
}
@test "[io-partition] io.max, a partition" {
    needs_disk
    needs_vm
    partition of_partition 'is a partition, and a limit is set on a whole disk only'
}
@test "[io-partition miss] no disk and no partition" {
    needs_v2 io
    likewise ENODEV 'there is no disk' 05-cgroup "$NAME" 'io.max=99:1 rbps=1' -- true
}
needs_reclaim() {
    needs_v2 memory
    [ "$(uname -r | cut -d . -f 1)" -ge 6 ] || skip 'this kernel may have no memory.reclaim (Linux 5.19)'
}
@test "[limit-reclaim] memory.reclaim in a cgroup that has no memory yet" {
    needs_reclaim
    because 'the new cgroup uses no memory yet, or less than 1G' \
        05-cgroup "$NAME" memory.reclaim=1G -- true
}
@test "[limit-reclaim miss] another EAGAIN" {
    needs_reclaim
    delegate "$DIR" "$DIR/leaf"
    echo 1 >"$DIR/cgroup.max.descendants"
    likewise EAGAIN 'cgroup.max.descendants is 1' "${user_in[@]}" "$DIR/leaf" 05-cgroup mine memory.reclaim=1G -- true
}

# ---- move into it

@test "[enter-threads] the cgroup above is for threads" {
    delegate "$DIR"
    told "cgroup.type of $DIR is \"domain threaded\", because t in it is threaded" \
        user_beside_thread 05-cgroup mine -- true
    grep -q '(EOPNOTSUPP)$' <<<"$err"
}
@test "[enter-threads miss] it is for threads for another reason" {
    needs_root
    mkdir "$DIR"
    delegate "$DIR/t"
    echo threaded >"$DIR/t/cgroup.type"
    likewise EOPNOTSUPP "cgroup.type of $DIR/t is \"threaded\"" "${user_in[@]}" "$DIR/t" 05-cgroup mine -- true
}
@test "[enter-processes] the cgroup above has processes and gives controllers for threads" {
    needs_v2 pids
    delegate "$DIR"
    script='05-cgroup mine pids.max=9 -- true 2>"$0"; cat "$0" >&2
        eval "$(sed -n "s/^  try:     //p" "$0")"; 05-cgroup mine pids.max=9 -- echo it works; exit 125'
    : >"$PUBLIC/hint"
    chmod 666 "$PUBLIC/hint"
    with pids told 'because it has processes of its own and gives controllers (pids) to the cgroups below' \
        "${user_in[@]}" "$DIR" sh -c "$script" "$PUBLIC/hint"
    [ "$out" = 'it works' ]
}
@test "[enter-processes miss] it has none of its own" {
    needs_v2 pids
    delegate "$DIR" "$DIR/leaf"
    works() {
        run_split "${user_in[@]}" "$DIR/leaf" 05-cgroup mine pids.max=9 -- true
        remove_cgroups
    }
    with pids works
    [ "$status" = 0 ] && [[ $err != *because* ]]
}
@test "[enter-inner] the new cgroup gives controllers to those below it" {
    needs_hugetlb_off
    because "$DIR gives controllers (hugetlb) to those below it" \
        05-cgroup "$NAME" "$file=0" cgroup.subtree_control=+hugetlb -- true
}
@test "[enter-inner] the same after joining, when its name leads nowhere" {
    needs_hugetlb_off
    because "$DIR gives controllers (hugetlb) to those below it" bash -c "
        set -o pipefail; 01-unshare -m | 04-pivot_root - $ROOTFS |
        05-cgroup - $NAME $file=0 cgroup.subtree_control=+hugetlb -- true"
}
@test "[enter-inner miss] the cgroup above has processes" {
    needs_hugetlb_off
    delegate "$DIR"
    with hugetlb likewise EBUSY "$DIR has 2 processes of its own" "${user_in[@]}" "$DIR" 05-cgroup mine "$file=0" -- true
}
@test "[enter-nsdelegate miss] without that mount option there is no border" {
    needs_root
    ! grep -q nsdelegate /proc/self/mountinfo || skip 'cgroup v2 is mounted with nsdelegate'
    run_split 05-cgroup "$NAME-a" -- 01-unshare -C -- 05-cgroup "$NAME-b" -- true
    [ "$status" = 0 ] && [[ $err != *because* ]]
}

# ---- joining

# join_from CGROUP COMMAND ...: the user is in it, and the record of $held on stdin.
join_from() {
    local cgroup=$1
    shift
    "${user_in[@]}" "$cgroup" sh -c 'exec "$@" <"$0"' "$BATS_TEST_TMPDIR/box" "$@"
}
hold_in() { # CGROUP: the user leaves a step behind there
    chmod 755 "$BATS_TEST_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "${BATS_TEST_TMPDIR%/*/*}"
    hold "$BATS_TEST_TMPDIR/box" "${user_in[@]}" "$1" 07-userns-map
    chmod 644 "$BATS_TEST_TMPDIR/box"
}
# ended_and TEXT COMMAND ...: as told; what is held has ended before the cgroups are removed.
ended_and() {
    local result=0
    because "$@" || result=$?
    kill "$held"
    wait "$held" || :
    remove_cgroups && return "$result"
}
@test "[join-ancestor] both cgroups are ours, but not the one above them" {
    delegate "$DIR/a" "$DIR/b"
    hold_in "$DIR/b"
    ended_and "allowed to write $DIR/cgroup.procs, in the cgroup above both" \
        join_from "$DIR/a" 06-nsenter - -- true
    grep -q '^  try:     .*06-nsenter - --all --root' <<<"$err"
}
@test "[join-ancestor] each step says so" {
    delegate "$DIR/a" "$DIR/b"
    hold_in "$DIR/b"
    ended_and "allowed to write $DIR/cgroup.procs, in the cgroup above both" \
        join_from "$DIR/a" 08-capset - -- true
}
@test "[join-ancestor miss] its cgroup is not ours" {
    delegate "$DIR/a" "$DIR/b"
    hold_in "$DIR/b"
    chown 0 "$DIR/b/cgroup.procs"
    ended_and "uid 12345 may not write $DIR/b/cgroup.procs" join_from "$DIR/a" 06-nsenter - -- true
    grep -q '(EACCES)$' <<<"$err"
}
@test "[join-not-ours] its cgroup is not ours; without it, all is well" {
    needs_root
    mkdir "$DIR"
    delegate "$DIR/a" "$DIR/b"
    hold_in "$DIR/b"
    chown 0 "$DIR/b/cgroup.procs"
    without=$(join_from "$DIR/a" 06-nsenter - --all --root -- echo works 2>/dev/null)
    ended_and "process $held is in another cgroup, and uid 12345 may not write $DIR/b/cgroup.procs" \
        join_from "$DIR/a" 06-nsenter - -- true
    [ "$without" = works ]
}
@test "[join-not-ours miss] the one above both is not" {
    delegate "$DIR/a" "$DIR/b"
    hold_in "$DIR/b"
    ended_and 'in the cgroup above both' join_from "$DIR/a" 06-nsenter - -- true
    grep -q '(EACCES)$' <<<"$err"
}
# join_in_root SETUP TEXT: root joins a step in the cgroup $DIR from that root filesystem.
join_in_root() {
    needs_root
    mkdir -p "$DIR/part"
    hold "$BATS_TEST_TMPDIR/box" "${in_cgroup[@]}" "$DIR" 01-unshare -u
    ended_and "$2" in_root "$1" 06-nsenter --target "$held" -- true
}
@test "[join-no-mount] no cgroup v2 is mounted here" {
    join_in_root true "is in the cgroup /$NAME, and no cgroup v2 is mounted here"
    grep -qF "06-nsenter --target $held --all" <<<"$err" || grep -q 'mount -t cgroup2' <<<"$err"
}
@test "[join-no-mount miss] one is, but another part of it" {
    join_in_root "$part" "what is mounted on /mnt is /$NAME/part"
    grep -q '(ENOENT)$' <<<"$err"
}
@test "[join-hidden] its cgroup is not in the part that is mounted here" {
    join_in_root "$part" "is in the cgroup /$NAME, which cannot be seen from here"
}
@test "[join-hidden miss] nothing is mounted here" {
    join_in_root true 'no cgroup v2 is mounted here'
    grep -q '(ENOENT)$' <<<"$err"
}
@test "[join-read-only] cgroup v2 is mounted read-only here" {
    join_in_root "$readonly" "is in another cgroup, /mnt/$NAME, and cgroup v2 is mounted read-only here"
    grep -q '(EROFS)$' <<<"$err"
}
@test "[join-read-only miss] it is, but we are in that cgroup already" {
    needs_root
    hold "$BATS_TEST_TMPDIR/box" 01-unshare -u
    run_split in_root "$readonly" 06-nsenter --target "$held" -- true
    [ "$status" = 0 ] && [[ $err != *because* ]]
}
@test "[join-nsdelegate miss] its cgroup cannot be seen from here" {
    join_in_root "$part" 'which cannot be seen from here'
    grep -q '(ENOENT)$' <<<"$err"
}

# ---- fork

@test "[fork-pids] pids.max of our cgroup" {
    needs_v2 pids
    because "pids.max of the cgroup $DIR is 1, and pids.current is 1 already" 05-cgroup "$NAME" pids.max=1 -- true
    grep -q '(EAGAIN)$' <<<"$err"
    because "pids.max of the cgroup $DIR is 2, and pids.current is 2 already" \
        05-cgroup "$NAME" pids.max=2 -- 01-unshare -p -- true
}
@test "[fork-pids] after joining, when the cgroup cannot be reached any more" {
    needs_v2 pids
    because "pids.max of the cgroup $DIR is 1, and pids.current is 2 already" \
        bash -c "set -o pipefail; 01-unshare -p -m | 04-pivot_root - $ROOTFS | 05-cgroup - $NAME pids.max=1 |
            06-nsenter - -- true"
}
@test "[fork-pids] of one further up" {
    needs_v2 pids
    above() {
        delegate "$DIR" "$DIR/leaf"
        echo 2 >"$DIR/pids.max"
        told "pids.max of the cgroup $DIR is 2, and pids.current is 2" "${user_in[@]}" "$DIR/leaf" 05-cgroup mine -- true
    }
    with pids above
}
@test "[fork-pids miss] RLIMIT_NPROC" {
    needs_root
    needs_tool prlimit util-linux
    run_split as_user prlimit --nproc=1:1 07-userns-map -- 01-unshare -p -- true
    [[ $status:$err == 125:*'(EAGAIN)'* ]]
    [[ $(grep '^  because: ' <<<"$err") != *pids.max* ]]
}
@test "[fork-pids-v1] pids.max of cgroup v1" {
    needs_v1 pids
    v1=$(awk '/ - cgroup / && /[ ,]pids(,|$)/ { print $5; exit }' /proc/self/mountinfo)
    [ -n "$v1" ] || skip 'the pids hierarchy of cgroup v1 is not mounted'
    mkdir "$v1/$NAME"
    echo 1 >"$v1/$NAME/pids.max"
    result=0
    because "pids.max of the cgroup $v1/$NAME is 1, and pids.current is 1" \
        "${in_cgroup[@]}" "$v1/$NAME" 01-unshare -p -- true || result=$?
    rmdir "$v1/$NAME"
    [ "$result" = 0 ]
}
@test "[fork-pids-v1 miss] RLIMIT_NPROC" {
    needs_v1 pids
    run_split as_user prlimit --nproc=1:1 07-userns-map -- 01-unshare -p -- true
    [[ $status:$err == 125:*'(EAGAIN)'* ]]
    [[ $(grep '^  because: ' <<<"$err") != *pids.max* ]]
}
