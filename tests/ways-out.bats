#!/usr/bin/env bats
# The known ways out. tests/escapes.c knows them, a function each; tests/ways-out.table says which chain each
# is open in, and where it is closed. Here all of them are tried in each chain, both as a pipeline and as an
# exec chain (setup_file), and each line of the table is a test: every cell must be as it says. So each
# "closed" of the whole chain has its control, an "open" of a weaker one.
load helper

setup_file() {
    local name=${BATS_TEST_FILENAME##*/} chain join
    export RUN=nsteps-test-${name%.bats}-$$
    make_public
    command -v gcc >/dev/null && command -v script >/dev/null || return 0
    prepare
    for chain in $chains; do
        for join in pipe exec; do
            try_all "$chain" "$join" || return 1
        done
    done
    plain >"$PUBLIC/plain" 2>"$PUBLIC/plain.err" 8</ || :
    seen >"$PUBLIC/seen" 2>"$PUBLIC/seen.err" || :
}
needs_escapes() { needs_tool gcc; needs_tool script bsdutils; }

# A root to be the container's, with the program in it; and beside it what is to be found.
prepare() {
    local file
    PATH=$PUBLIC:$PATH
    R=$PUBLIC/root
    cp -a "$ROOTFS" "$R"
    gcc -D_GNU_SOURCE -O2 -static -o "$R/usr/bin/escapes" tests/escapes.c || return 1
    cp "$R/usr/bin/escapes" "$PUBLIC/escapes"
    ESCAPE_WORD=word-$RANDOM$RANDOM$RANDOM
    ESCAPE_FILE=$PUBLIC/outside
    echo "$ESCAPE_WORD" >"$ESCAPE_FILE"
    chmod 644 "$ESCAPE_FILE"
    ESCAPE_HANDLE=$("$PUBLIC/escapes" --handle "$ESCAPE_FILE") || :
    ESCAPE_PROGRAM=$(stat -L -c %d:%i "$PUBLIC"/0[1-8]-* | tr '\n' ' ')
    ESCAPE_V1=$(sed -n 's/^[0-9]*:\([a-z,]*\):.*/\1/p' /proc/self/cgroup | head -n 1)
    # Where there is none, a virtual machine may get one for a moment: it would be in everybody's /proc/PID/cgroup.
    [ -n "$ESCAPE_V1" ] || [ ! -d /run/vm ] || ESCAPE_V1=none,name=nsteps-test
    export R ESCAPE_WORD ESCAPE_FILE ESCAPE_HANDLE ESCAPE_PROGRAM ESCAPE_V1
    if [ "$EUID" = 0 ]; then # of the image: a set-user-ID program and one with file capabilities
        for file in suid caps; do cp "$R/usr/bin/escapes" "$R/usr/bin/escapes-$file"; done
        chmod u+s "$R/usr/bin/escapes-suid"
        setcap cap_sys_admin,cap_dac_override=ep "$R/usr/bin/escapes-caps" || :
    fi
    chmod -R a+rX "$R"
}

# The chains, weakest first: what 03 leaves; without 07 and 08; without one of them; 03 in place of 04; all.
# An ordinary user cannot leave out 07.
if [ "$EUID" = 0 ]; then chains='chroot no-07-08 no-08 no-07 no-04 whole'; else chains='chroot no-08 no-04 whole'; fi

# line CHAIN JOIN: as a line of shell.
line() {
    local try='escapes all' end
    end="08-capset - --drop all -- $try"
    if [ "$EUID" = 0 ]; then
        case $1-$2 in
        chroot-pipe) echo "01-unshare | 02-mountproc - --sys $R | 03-chroot - $R -- $try" ;;
        chroot-exec) echo "01-unshare -- 02-mountproc --sys $R -- 03-chroot $R -- $try" ;;
        no-04-pipe) echo "01-unshare | 02-mountproc - --sys $R | 03-chroot - $R | 05-cgroup - $RUN-c | 06-nsenter - | $end" ;;
        no-04-exec) echo "05-cgroup $RUN-c -- 01-unshare -- 02-mountproc --sys $R -- 03-chroot $R -- ${end/ -/}" ;;
        *-pipe)
            echo -n "01-unshare | 02-mountproc - --sys $R | 03-chroot - $R | 04-pivot_root - | 05-cgroup - $RUN-c | "
            case $1 in
            no-07-08) echo "06-nsenter - -- $try" ;;
            no-08) echo "06-nsenter - | 07-userns-map - -- $try" ;;
            no-07) echo "06-nsenter - | $end" ;;
            whole) echo "06-nsenter - | 07-userns-map - | $end" ;;
            esac
            ;;
        *-exec)
            echo -n "05-cgroup $RUN-c -- 01-unshare -- 02-mountproc --sys $R -- 04-pivot_root $R -- "
            case $1 in
            no-07-08) echo "$try" ;;
            no-08) echo "07-userns-map -- $try" ;;
            no-07) echo "${end/ -/}" ;;
            whole) echo "07-userns-map -- ${end/ -/}" ;;
            esac
            ;;
        esac
    else
        case $2 in
        pipe) echo -n "01-unshare -m -u -i -n -p --user | 07-userns-map - | 02-mountproc - --sys $R | " ;;
        exec) echo -n "07-userns-map -- 01-unshare -- 02-mountproc --sys $R -- " ;;
        esac
        case $1-$2 in
        chroot-pipe) echo "03-chroot - $R -- $try" ;;
        chroot-exec) echo "03-chroot $R -- $try" ;;
        no-08-pipe) echo "03-chroot - $R | 04-pivot_root - | 06-nsenter - -- $try" ;;
        no-08-exec) echo "04-pivot_root $R -- $try" ;;
        no-04-pipe) echo "03-chroot - $R | 06-nsenter - | $end" ;;
        no-04-exec) echo "03-chroot $R -- ${end/ -/}" ;;
        whole-pipe) echo "03-chroot - $R | 04-pivot_root - | 06-nsenter - | $end" ;;
        whole-exec) echo "04-pivot_root $R -- ${end/ -/}" ;;
        esac
    fi
}

# Tries all in one chain, on a terminal, with a key in the session keyring, and / open as descriptor 8.
try_all() { # CHAIN JOIN
    local out=$PUBLIC/$1-$2
    "$PUBLIC/escapes" --with-key script -qefc "$(line "$1" "$2") >$out 2>$out.err" /dev/null \
        </dev/null >/dev/null 3>&- 8</ || :
    grep -q '^tiocsti ' "$out" || { echo "$1-$2:"; cat "$out" "$out.err"; return 1; } >&2 # it is the last one
}

# Two controls with what is no chain of the steps: descriptors and keys stay with ordinary tools;
plain() {
    local new=()
    [ "$EUID" = 0 ] || new=(unshare --user --map-root-user)
    "$PUBLIC/escapes" --with-key "${new[@]}" chroot "$R" /usr/bin/escapes descriptor keyring
}
# and where 01 makes no pid namespace, stages are in reach. (In an outer one, so that none of the host is.)
seen() {
    # shellcheck disable=SC2016
    as_root 01-unshare -m -p -- 02-mountproc -- sh -c '01-unshare -m -u | 02-mountproc - "$R" | 03-chroot - "$R" |
        06-nsenter - -- escapes proc-root proc-cwd pipes programs ptrace signal'
}

# row NAME: what the table says of NAME, against what was found.
row() {
    local name=$1 wanted chain join cell found answer wrong=0 absent=
    needs_escapes
    wanted=$(awk -v name="$name" '$1 == name { print; exit }' tests/ways-out.table)
    [ -n "$wanted" ]
    for chain in $chains; do
        for join in pipe exec; do
            cell=$(cell "$name" "$chain")
            case $join in pipe) cell=${cell%/*} ;; exec) cell=${cell#*/} ;; esac
            found=$(grep "^$name " "$PUBLIC/$chain-$join" | tail -n 1)
            answer=$(cut -d ' ' -f 2 <<<"$found")
            [ "$answer" != absent ] || absent=$found
            [ "$answer" = "$cell" ] || [ "$answer" = absent ] && continue
            echo "$chain, $join: should be $cell, but: $found"
            wrong=1
        done
    done
    [ "$wrong" = 0 ]
    [ -z "$absent" ] || skip "${absent#*absent }"
}
# cell NAME CHAIN: "open" or "closed". For an ordinary user the columns are the last four.
cell() {
    local who=root
    [ "$EUID" = 0 ] || who=user
    awk -v name="$1" -v column="$who:$2" '
        $1 == "escape" { for (i = 1; i <= NF; i++) if ($i == column) wanted = i }
        $1 == name { print $wanted; exit }' tests/ways-out.table
}

# Of a table that is asserted cell by cell, no line may be forgotten.
@test "each escape has a line in the table, and a test; each chain of the table is tried" {
    names=$(sed -n 's/^    {"\([a-z-]*\)", try_.*/\1/p' tests/escapes.c)
    [ "$(wc -w <<<"$names")" -gt 20 ]
    for name in $names; do
        [ "$(grep -c "^$name " tests/ways-out.table)" = 1 ]
        [ "$name" = tiocsti ] || grep -q "{ row $name; }" tests/ways-out.bats
    done
    for chain in $chains; do grep -q "^escape .*:$chain\b" tests/ways-out.table; done
}
@test "the table in chapter 09 is this one" {
    rows=$(grep '^| `.* | .* | .* | .* | .* | .* | .* |$' tutorial/09-the-whole-container.md | tr -d '*`')
    [ "$(wc -l <<<"$rows")" -ge 10 ]
    while IFS='|' read -r _ name _ chroot without_both without_08 without_07 whole _; do
        name=${name// /}
        wanted=$(awk -v name="$name" '$1 == name { print $2, $3, $4, $5, $7 }' tests/ways-out.table)
        [ -n "$wanted" ]
        # shellcheck disable=SC2086
        [ "$(echo $chroot $without_both $without_08 $without_07 $whole)" = "$wanted" ]
    done <<<"$rows"
}
@test "root directory: a second chroot" { row chroot; }
@test "root directory: an inherited directory descriptor" { row descriptor; }
@test "root directory: setns to the own mount namespace" { row setns; }
@test "root directory: a file handle, open_by_handle_at" { row handle; }
@test "processes: /proc/PID/root" { row proc-root; }
@test "processes: /proc/PID/cwd" { row proc-cwd; }
@test "processes: the pipes of the stages" { row pipes; }
@test "processes: the program files of the stages" { row programs; }
@test "processes: ptrace of a stage" { row ptrace; }
@test "processes: ptrace of PID 1, which has all capabilities" { row ptrace-init; }
@test "processes: signals to a stage" { row signal; }
@test "kernel: a node for the host's disk" { row mknod; }
@test "kernel: /sys mounted writable" { row remount; }
@test "kernel: /proc/sys" { row sysctl; }
@test "kernel: sysrq" { row sysrq; }
@test "kernel: core_pattern" { row core-pattern; }
@test "kernel: a cgroup's release agent" { row release-agent; }
@test "kernel: the cgroups mounted writable" { row cgroup; }
@test "kernel: the keys of who has built the container" { row keyring; }
@test "kernel: the keys of the uid that one is outside" { row keys-of-uid; }
@test "capabilities: over the container's own namespaces" { row hostname; }
@test "capabilities: regained by exec" { row exec; }

# controls for what no chain of the steps leaves open
control() { # FILE NAME
    needs_escapes
    cat "$PUBLIC/$1" "$PUBLIC/$1.err"
    grep -q "^$2 open " "$PUBLIC/$1"
}
@test "control: with ordinary tools a descriptor of a directory stays open" { control plain descriptor; }
@test "control: with ordinary tools the session keyring stays" { control plain keyring; }
@test "control: without a pid namespace, /proc/PID/root of a stage" { control seen proc-root; }
@test "control: without a pid namespace, /proc/PID/cwd of a stage" { control seen proc-cwd; }
@test "control: without a pid namespace, the stages' pipes" { control seen pipes; }
@test "control: without a pid namespace, the stages' programs" { control seen programs; }
@test "control: without a pid namespace, ptrace of a stage" { control seen ptrace; }
@test "control: without a pid namespace, signals to a stage" { control seen signal; }
@test "control: capset alone, without the bounding set: exec gives all back" {
    needs_escapes
    run_split as_root "$PUBLIC/escapes" --capset-only exec
    [ "$status" = 0 ]
    run_split as_root 08-capset --drop all -- "$PUBLIC/escapes" exec
    [ "$status" = 1 ]
}

# TIOCSTI is no matter of the chain: the kernel decides, and doctor says how (README, "Not a sandbox").
@test "terminal: TIOCSTI is open where the kernel allows it to all, else to CAP_SYS_ADMIN of the host" {
    needs_escapes
    for chain in $chains; do
        for join in pipe exec; do
            wanted=closed
            [ "$(cat /proc/sys/dev/tty/legacy_tiocsti 2>/dev/null || echo 1)" = 0 ] || wanted=open
            [ "$EUID-$chain" != 0-chroot ] && [ "$EUID-$chain" != 0-no-07-08 ] || wanted=open
            grep "^tiocsti " "$PUBLIC/$chain-$join" | tail -n 1 | grep -q "^tiocsti $wanted "
        done
    done
}

# box LINE: a pipeline whose last stage stays, with its record in box; teardown ends it by its last stage.
box() {
    hold "$BATS_TEST_TMPDIR/box" bash -c "$1"
    HELD=("$(record_pid "$(cat "$BATS_TEST_TMPDIR/box")")" "${HELD[@]}")
}

# ---- a COMMAND that begins with #!/proc/self/exe: the first half of CVE-2019-5736

# self_exe JOINER ...: what such a script, run by that joiner, is executed from. It prints a help text into a pipe that
# is full, and waits. Its DEVICE:INODE goes to $program.
self_exe() {
    mkfifo "$BATS_TEST_TMPDIR/full"
    exec 7<>"$BATS_TEST_TMPDIR/full"
    dd if=/dev/zero of=/dev/fd/7 bs=4096 oflag=nonblock 2>/dev/null || : # to the brim
    "$@" /usr/bin/self-exe >&7 2>/dev/null </dev/null 3>&- &
    joiner=$!
    HELD+=("$joiner")
    wait_until find_script
    program=$(stat -L -c %d:%i "/proc/$script/exe")
    link=$(readlink "/proc/$script/exe")
    kill -9 "$script"
    wait "$joiner" || :
    exec 7<&-
}
find_script() {
    local file
    for file in $(grep -lzx "NSTEPS_TEST=$NSTEPS_TEST" /proc/[0-9]*/environ 2>/dev/null); do
        [[ $(tr '\0' ' ' 2>/dev/null <"${file%environ}cmdline") == /proc/self/exe\ * ]] || continue
        script=${file//[!0-9]/}
        return 0
    done
    return 1
}
box_for_script() {
    needs_escapes
    printf '#!/proc/self/exe --help\n' >"$PUBLIC/root/usr/bin/self-exe"
    chmod 755 "$PUBLIC/root/usr/bin/self-exe"
    if [ "$EUID" = 0 ]; then user=; else user=--user; fi
    box "01-unshare -m -u -i -n -p $user | ${user:+07-userns-map - |} \
        02-mountproc - $PUBLIC/root | 03-chroot - $PUBLIC/root | 04-pivot_root -"
}
@test "a script with #!/proc/self/exe does not get the file of the step: pipeline" {
    box_for_script
    joiner_of_box() { exec 06-nsenter - -- "$@" <"$BATS_TEST_TMPDIR/box"; }
    self_exe joiner_of_box
    [[ $link == /memfd:* ]]
    [[ " $(stat -L -c %d:%i "$PUBLIC"/0[1-8]-* "$BUILD"/0[1-8]-* | tr '\n' ' ')" != *" $program "* ]]
}
@test "a script with #!/proc/self/exe does not get the file of the step: exec chain" {
    box_for_script
    self_exe as_root 01-unshare -m -p -- 02-mountproc "$PUBLIC/root" -- 04-pivot_root "$PUBLIC/root" --
    [[ $link == /memfd:* ]]
}
@test "control: a script with #!/proc/self/exe gets the file of nsenter(1)" {
    needs_root
    needs_tool nsenter util-linux
    box_for_script
    pid=$(record_pid "$(cat "$BATS_TEST_TMPDIR/box")")
    self_exe nsenter --mount="/proc/$pid/ns/mnt" --pid="/proc/$pid/ns/pid_for_children"
    [ "$program" = "$(stat -L -c %d:%i "$(command -v nsenter)")" ]
}
@test "the copy that PID 1 runs from is sealed" {
    hold "$BATS_TEST_TMPDIR/box" 01-unshare -p --user
    init=$(sed -n 's/.*PID 1 in there is pid \([0-9]*\).*/\1/p' "$BATS_TEST_TMPDIR/box.err")
    # F_GET_SEALS is 1034, fcntl(2): SEAL, SHRINK, GROW and WRITE are 1, 2, 4, 8
    [ "$(perl -e 'open(my $f, "<", $ARGV[0]) or die "$!"; print fcntl($f, 1034, 0)' "/proc/$init/exe")" = 15 ]
}

# ---- a race: who is inside waits for newcomers (tests/hunter.c)

# hunt CHAIN JOINER ...: runs the hunter in such a container, and the joiner again and again. What it has found is in
# $BATS_TEST_TMPDIR/seen.
hunt() {
    local weak=$1 end='' stages wanted i
    shift
    needs_tool gcc
    gcc -D_GNU_SOURCE -O2 -static -o "$BATS_TEST_TMPDIR/hunter" tests/hunter.c
    share=$BATS_TEST_TMPDIR/share
    cp -a "$ROOTFS" "$share"
    cp "$BATS_TEST_TMPDIR/hunter" "$share/usr/bin/hunter"
    if [ "$EUID" = 0 ]; then stages=01-unshare; else stages='01-unshare -m -u -i -n -p --user | 07-userns-map -'; fi
    stages="$stages | 02-mountproc - $share | 03-chroot - $share | 04-pivot_root -"
    [ "$EUID" != 0 ] || [ "$weak" = no-07 ] || [ "$weak" = no-07-08 ] || end=' | 07-userns-map -'
    [ "$weak" = no-08 ] || [ "$weak" = no-07-08 ] || end="$end | 08-capset - --drop all"
    box "$stages$end"
    06-nsenter - -- hunter "${STEP-06-nsenter}" >"$BATS_TEST_TMPDIR/seen" 2>/dev/null <"$BATS_TEST_TMPDIR/box" 3>&- &
    hunter=$!
    HELD+=("$hunter")
    wait_until has_line "$BATS_TEST_TMPDIR/seen"
    # It misses those that come while it does not run: so until it has seen enough, however many that takes.
    wanted=67
    [ ! -d /run/vm ] || wanted=20
    for ((i = 0; i < 50 * wanted && $(newcomers) < wanted; i++)); do
        "$@" >/dev/null 2>&1 <"$BATS_TEST_TMPDIR/box" 3>&- || :
    done
    06-nsenter - -- touch /tmp/stop <"$BATS_TEST_TMPDIR/box" 2>/dev/null
    wait "$hunter"
    cat "$BATS_TEST_TMPDIR/seen"
    [ "$(newcomers)" -ge "$wanted" ] && grep -q '^tries [1-9]' "$BATS_TEST_TMPDIR/seen"
}
newcomers() { sed -n 's/^newcomers \([0-9]*\)$/\1/p' "$BATS_TEST_TMPDIR/seen" | tail -n 1 | grep . || echo 0; }
no_hit() { refute grep '^hit' "$BATS_TEST_TMPDIR/seen"; }
@test "race: a newcomer that is stopped before its exec gives nothing: whole chain" {
    hunt whole 06-nsenter - -- true
    no_hit
}
@test "race: a newcomer that is stopped before its exec gives nothing: without 08" {
    hunt no-08 06-nsenter - -- true
    no_hit
}
@test "race: a newcomer that is stopped before its exec gives nothing: without 07" {
    needs_root
    hunt no-07 06-nsenter - -- true
    no_hit
}
@test "race: so does the first process of a new time namespace, which is born in the container" {
    [ -e /proc/self/ns/time ] || skip 'this kernel has no time namespaces'
    STEP=01-unshare hunt no-08 01-unshare - --time -- true
    no_hit
}
@test "control: a joiner that stays dumpable is caught" {
    pid=
    bad() { "$BATS_TEST_TMPDIR/hunter" --join "$(record_pid "$(cat "$BATS_TEST_TMPDIR/box")")" true; }
    if [ "$EUID" = 0 ]; then weak=no-07-08; else weak=no-08; fi
    STEP=hunter hunt "$weak" bad
    grep -q '^hit root ' "$BATS_TEST_TMPDIR/seen"
    grep -q '^hit ptrace ' "$BATS_TEST_TMPDIR/seen"
}
