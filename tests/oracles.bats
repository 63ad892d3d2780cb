#!/usr/bin/env bats
# What the oracles themselves must be able to do: look sees each field, and the table of differences is not stale.
load helper
load oracle

# changed FIELD LINE: LINE changes something on purpose, and that is seen, in this field.
changed() {
    state "$2" >"$BATS_TEST_TMPDIR/changed" || { echo "did not work: $2"; return 1; }
    differences "$BATS_TEST_TMPDIR/changed" "$BATS_TEST_TMPDIR/base" >"$BATS_TEST_TMPDIR/differences"
    grep -q "^$1 | " "$BATS_TEST_TMPDIR/differences" || { echo "$2: not seen: $1"; return 1; }
    cut -d '|' -f 1 "$BATS_TEST_TMPDIR/differences" >>"$PUBLIC/seen"
}
# and in no other.
only() {
    changed "$@"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/differences")" = 1 ] || { cat "$BATS_TEST_TMPDIR/differences"; return 1; }
}
base() {
    needs_look
    state looked >"$BATS_TEST_TMPDIR/base"
    cp "$BATS_TEST_TMPDIR/base" "$PUBLIC/base"
}

@test "control: the same line twice is the same state, and all that the start changes is seen" {
    base
    state looked >"$BATS_TEST_TMPDIR/again"
    [ -z "$(differences "$BATS_TEST_TMPDIR/base" "$BATS_TEST_TMPDIR/again")" ]
    # (Under make(1) 32 and 33, glibc's own, are ignored as well: its posix_spawn(3) leaves them so.)
    for line in 'Umask: 0027' 'SigIgn: 0000000(00|18)0000200' 'SigBlk: 0000000000000800' 'environment COLOUR: blue' \
        'nice: 3' 'oom_score_adj: 7' 'personality: 0x40000' 'scheduling: policy 3, priority 0' 'CapAmb: 0000000000000021'; do
        grep -qxE "$line" "$BATS_TEST_TMPDIR/base" || { echo "$line"; false; }
    done
    grep -q '^descriptor 8: ' "$BATS_TEST_TMPDIR/base"
    refute grep ': ?' "$BATS_TEST_TMPDIR/base"
}
@test "each field: attributes of the process" {
    base
    only Umask 'umask 077; exec looked'
    changed cwd 'cd /; exec looked'
    only SigIgn 'env --ignore-signal=HUP looked'
    only SigBlk 'env --block-signal=HUP looked'
    only ShdPnd 'kill -USR2 $$; exec looked'
    only 'descriptor 9' 'exec 9</dev/null; exec looked'
    only 'descriptor 8' 'exec 8<&-; exec looked'
    only 'descriptor 0' 'exec looked </dev/null'
    only 'descriptor 2' 'exec looked 2>/dev/null'
    only 'environment COLOUR' 'env -u COLOUR looked'
    only 'environment LEAK' 'LEAK=1 exec looked'
    only 'limit open files' 'ulimit -Sn 100; exec looked'
    only 'limit core file size' 'ulimit -Hc 0; ulimit -Sc 0; prlimit --core=0:0 looked' ||
        changed 'limit file size' 'prlimit --fsize=1000000:1000000 looked'
    only nice 'nice -n 2 looked'
    only scheduling 'chrt --idle 0 looked'
    only 'io priority' 'ionice -c 2 -n 7 looked'
    only personality 'setarch --fdpic-funcptrs -R looked'
    only oom_score_adj 'echo 8 >/proc/self/oom_score_adj; exec looked'
    only coredump_filter 'echo 1 >/proc/self/coredump_filter; exec looked'
    only 'timer slack' 'echo 70000 >/proc/$$/timerslack_ns; exec looked'
    only 'death signal' 'setpriv --pdeathsig HUP looked'
    changed dumpable 'looked undumpable'
    only subreaper 'looked subreaper'
    only 'session keyring' 'looked keyring'
    only SigCgt 'looked catches'
    only SigPnd 'looked pending'
    ! grep -qx 'THP_enabled: 1' "$BATS_TEST_TMPDIR/base" || only THP_enabled 'looked no-thp' # 0: a kernel without
    only Threads 'looked two-threads'
    changed Seccomp 'looked filtered' # the start has CAP_SYS_ADMIN, so without no_new_privs
    grep -q '^Seccomp_filters | 1 | 0' "$BATS_TEST_TMPDIR/differences"
    changed session 'setsid --wait looked'
    changed 'process group' 'setsid --wait looked'
    changed ancestors 'env sh -c "looked; :"'
    [ "$(nproc)" = 1 ] || only Cpus_allowed_list 'taskset -c 0 looked' || only Cpus_allowed_list 'taskset -c 1 looked'
}
@test "each field: ids and capabilities" {
    base
    only CapBnd 'setpriv --bounding-set -sys_boot looked' || changed CapEff 'setpriv --bounding-set -sys_boot looked'
    grep -q '^CapBnd | ' "$BATS_TEST_TMPDIR/differences"
    grep -q '^CapEff | ' "$BATS_TEST_TMPDIR/differences"
    grep -q '^CapPrm | ' "$BATS_TEST_TMPDIR/differences"
    only CapInh 'setpriv --inh-caps +sys_boot looked'
    changed CapAmb 'setpriv --ambient-caps -kill looked'
    only securebits 'setpriv --securebits +keep_caps_locked looked'
    changed NoNewPrivs 'setpriv --no-new-privs looked'
    if [ "$EUID" = 0 ]; then
        changed Uid 'setpriv --reuid 1234 looked'
        changed 'uids inside' 'setpriv --reuid 1234 looked'
        changed Gid 'setpriv --regid 1234 --keep-groups looked'
        changed 'gids inside' 'setpriv --regid 1234 --keep-groups looked'
        changed Groups 'setpriv --groups 5,6 looked'
        changed 'groups inside' 'setpriv --groups 5,6 looked'
    fi
}
@test "each field: namespaces, and who owns them" {
    base
    for kind in mnt=mount uts=uts ipc=ipc net=net cgroup=cgroup; do
        changed "ns ${kind%=*}" "unshare --${kind#*=} looked"
        grep -q "^ns ${kind%=*} | new | " "$BATS_TEST_TMPDIR/differences"
    done
    changed 'ns pid' 'unshare --pid --fork looked'
    changed 'ns pid parent' 'unshare --pid --fork looked'
    changed 'ns pid_for_children' 'unshare --pid looked'
    changed 'ns time' 'unshare --time --fork looked'
    changed 'pid inside' 'unshare --pid --fork looked'
    changed 'parent inside' 'unshare --pid --fork looked'
    changed timens_offsets 'unshare --time --monotonic 7200 --fork looked'
    changed 'clock monotonic' 'unshare --time --monotonic 7200 --fork looked'
    changed 'clock boottime' 'unshare --time --boottime 7200 --fork looked'
    changed 'hostname' 'unshare --uts sh -c "hostname other && exec looked"'
    changed 'domain name' 'unshare --uts sh -c "domainname other && exec looked"'
    changed 'ns user' 'unshare --user looked'
    changed 'uid_map' 'unshare --user looked'
    [ "$EUID" != 0 ] || changed setgroups 'unshare --user --map-root-user looked' # a user starts with "deny"
    changed 'gid_map' 'unshare --user --map-root-user looked'
    changed 'ns uts owner' 'unshare --user --uts looked'
    # the owner: the same new namespace, made before or after the user namespace
    state 'unshare --uts unshare --user looked' >"$BATS_TEST_TMPDIR/base"
    only 'ns uts owner' 'unshare --user --uts looked'
    # the parent of the user namespace
    state 'unshare --user --map-root-user looked' >"$BATS_TEST_TMPDIR/base"
    changed 'ns user parent' 'unshare --user --map-root-user unshare --user --map-root-user looked'
}
@test "each field: mounts" {
    needs_root_copy
    m=$ROOT/mnt t=$PUBLIC/start
    new="unshare --mount --propagation unchanged bash -c"
    START=("${shared_mounts[@]}")
    state "$new 'mount --make-rprivate / && mount -t tmpfs none $m && exec looked'" >"$BATS_TEST_TMPDIR/base"
    for change in "mount -t tmpfs -o ro none $m" "mount -t tmpfs -o nosuid none $m" "mount -t tmpfs -o size=1m none $m" \
        "mount -t tmpfs other $m" "mount -t ramfs none $m" "mount -t tmpfs none $m && mount --make-shared $m" \
        "mount -t tmpfs none $m && mount --make-unbindable $m" "mount --rbind /usr $m"; do
        changed "all mounts $m" "$new 'mount --make-rprivate / && $change && exec looked'"
        grep -q "^mount $m | " "$BATS_TEST_TMPDIR/differences"
    done
    changed "mount $m over it 1" "$new 'mount --make-rprivate / && mount -t tmpfs none $m && mount -t tmpfs none $m && exec looked'"
    changed 'mount /' "$new 'mount --make-rslave / && mount -t tmpfs none $m && exec looked'"
    START=()
    base
    changed root "chroot $ROOT looked"
    changed cwd "chroot $ROOT looked"
    LOOK=(-t "$t")
    base
    only "file $t/new" "touch $t/new; exec looked"
}
@test "each field: the cgroup" {
    needs_root
    base
    mkdir "$DIR"
    changed 'cgroup ' "echo 0 >$DIR/cgroup.procs && exec looked"
    cp "$BATS_TEST_TMPDIR/changed" "$BATS_TEST_TMPDIR/base"
    only 'cgroup file cgroup.max.depth' "echo 3 >$DIR/cgroup.max.depth && echo 0 >$DIR/cgroup.procs && exec looked"
    chmod 700 "$DIR"
    changed 'cgroup directory' "echo 0 >$DIR/cgroup.procs && exec looked"
    wait_until rmdir "$DIR"
}
@test "each field: the terminal" {
    base
    changed terminal 'script -qefc "looked >&9" /dev/null 9>&1 >/dev/null' || skip 'no terminal'
}
# Fields for which there is no ordinary way to change them, or which are of the same kind as one that has been.
untried='Spec.*|Mems_allowed_list|Cpus_allowed_list|THP_enabled|program|attr/current'
untried+='|limit .*|mount .*|all mounts .*|descriptor .*|environment .*|ns user owner|ns .* owner|ns time_for_children|cgroup .+'
# Only root changes them:
[ "$EUID" = 0 ] || untried+='|cgroup.*|setgroups|Uid|Gid|Groups|[gu]ids inside|groups inside'
@test "every field has been changed once" {
    [ "$BATS_TEST_NUMBER" -gt 7 ] || skip 'only when the whole file runs'
    run_split grep -vxE "$untried" <(cut -d : -f 1 "$PUBLIC/base" | grep -vxFf <(sed 's/ $//' "$PUBLIC/seen"))
    [ -z "$out" ] || { echo "never changed: $out"; return 1; }
}
@test "each row of the table is about a comparison that there is, and has a reason" {
    # The cases of all files, as they are written there: STEP and FORM.
    while IFS='|' read -r where field ours theirs why; do
        [[ $where != '#'* && -n $where ]] || continue
        [ -n "${why// /}" ] && [ "${ours// /}" != "${theirs// /}" ]
        form=${where% } form=${form##* } form=${form#terminal+} form=${form#*\*} form=${form%\*}
        step=${where%% *}
        [[ $step == 0* ]] || step=0
        grep -q -- "${form:-chain}" tests/oracle-"$step"*.bats || { echo "no such case: $where"; false; }
    done <tests/oracle-differences
}
@test "control: an option without an oracle is found" {
    printf 'Usage: x\n\n  -a, --all   -b, --bad\n      --new LIST   something\n' >"$BATS_TEST_TMPDIR/help"
    printf '01 --all chain\n01 --new x chain\n' >"$BATS_TEST_TMPDIR/compared"
    [ "$(not_compared "$BATS_TEST_TMPDIR/compared" <"$BATS_TEST_TMPDIR/help")" = '-b --bad' ]
    [ "$(options <"$BATS_TEST_TMPDIR/help" | wc -l)" = 3 ]
}
