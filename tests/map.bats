#!/usr/bin/env bats
# The map that make demo MAP=FILE draws: it shows the run, the whole run, and nothing but the run.
load helper
load svg

demo() { lib/demo.sh demo "${BUILD#"$PWD/"}" "$ROOTFS"; }
MAP_FILE=${BATS_TEST_TMPDIR-}/map.svg

# drawn FILE: "STEP TYPE INODE X Y" for each dot of each line, as they are drawn.
drawn() {
    sed -n 's/^<circle .* cx="\([0-9]*\)" cy="\([0-9]*\)".*<title>\(.*\) \([a-z]*\):\[\([0-9]*\)\]<.*/\3 \4 \5 \1 \2/p' "$1"
}
# said <REPORTS: "STEP TYPE INODE" for each line of the reports; the host is what 01 found.
said() {
    tr -s ' ' '\n' | awk '
        /^0[1-8]-/ { step = $0; was = 0 }
        $0 == "was" { was = 1 }
        /^[a-z_]+$/ && $0 != "was" { was = 0 }
        /^[a-z]+:\[[0-9]+\]\*?$/ {
            split($0, part, /[]:[]+/)
            if (!was) { print step, part[1], part[2]; if (step ~ /^01-/) host[part[1]] = host[part[1]] ? host[part[1]] : part[2] }
            else host[part[1]] = part[2]
        }
        END { for (type in host) print "the-host", type, host[type] }' | sort
}
shows() { # FILE REPORTS: the same dots as the reports have inodes
    diff <(drawn "$1" | sed 's/^the host/the-host/' | cut -d ' ' -f 1-3 | sort) <(said <"$2")
}
# branches FILE: "STEP TYPE" where a line changes its height; changes FILE: where its inode changes.
branches() { drawn "$1" | sed 's/^the host/the-host/' | awk '$2 == type && $5 != y { print $1, $2 } { type = $2; y = $5 }'; }
changes() { drawn "$1" | sed 's/^the host/the-host/' | awk '$2 == type && $3 != inode { print $1, $2 } { type = $2; inode = $3 }'; }
numbers() { sed -n 's/^<text [^>]*>\([0-9]\{10\}\)<.*/\1/p' "$1" | sort; }

draw() { # the demo with its map, and the reports of that run
    V=1 MAP=$MAP_FILE run_split demo
    [ "$status" = 0 ]
    awk '/^01-unshare +pid / { on = 1 } on && /^$/ { exit } on' <<<"$out" >"$BATS_TEST_TMPDIR/reports"
}

@test "the map is well-formed, and each text has room" {
    draw
    well_formed "$MAP_FILE"
    faults=$(crowded "$MAP_FILE")
    [ -z "$faults" ]
}
@test "it has each step of the run, and each inode that the step reports, and no other" {
    draw
    [ "$(said <"$BATS_TEST_TMPDIR/reports" | wc -l)" -ge 56 ]
    shows "$MAP_FILE" "$BATS_TEST_TMPDIR/reports"
    # The control: a report with another inode is not what the map shows.
    sed '/^04-/,/^0[5-8]-/s/uts:\[4026/uts:[4027/' "$BATS_TEST_TMPDIR/reports" >"$BATS_TEST_TMPDIR/altered"
    refute shows "$MAP_FILE" "$BATS_TEST_TMPDIR/altered"
}
@test "the stations stand in the order of the run" {
    draw
    [ "$(drawn "$MAP_FILE" | sed 's/^the host/the-host/' | sort -n -k 4 | cut -d ' ' -f 1 | uniq)" = \
        "$(echo the-host; sed -n 's/^\(0[1-8]-[^ ]*\) .*/\1/p' "$BATS_TEST_TMPDIR/reports")" ]
}
@test "the host's station has the namespaces that the kernel shows for this shell" {
    draw
    for type in cgroup ipc mnt net pid time user uts; do
        [ "$(drawn "$MAP_FILE" | sed -n "s/^the host $type \([0-9]*\) .*/\1/p")" = "$(ns_inode $$ $type)" ]
    done
}
@test "a line branches where its inode changes, and nowhere else" {
    draw
    [ "$(branches "$MAP_FILE")" = "$(changes "$MAP_FILE")" ]
    if [ "$EUID" = 0 ]; then user=07-userns-map; else user=01-unshare; fi
    [ "$(branches "$MAP_FILE" | sort)" = "$(printf '%s\n' '01-unshare ipc' '01-unshare mnt' '01-unshare net' \
        '01-unshare pid' "$user user" '01-unshare uts' | sort)" ]
}
@test "an inode stands there in words once, where it comes up" {
    draw
    [ "$(numbers "$MAP_FILE")" = "$(drawn "$MAP_FILE" | grep -o ' [0-9]\{10\} ' | tr -d ' ' | sort -u)" ]
}
@test "control: one inode altered in the reports is one branch more, there" {
    draw
    # From 04 on, another uts namespace.
    awk '/^04-/ { on = 1 } on { sub(/uts:\[4026/, "uts:[4027") } 1' "$BATS_TEST_TMPDIR/reports" |
        lib/map.sh "$BATS_TEST_TMPDIR/altered.svg"
    [ "$(diff <(branches "$MAP_FILE") <(branches "$BATS_TEST_TMPDIR/altered.svg") | grep '^[<>]')" = '> 04-pivot_root uts' ]
    [ "$(branches "$BATS_TEST_TMPDIR/altered.svg")" = "$(changes "$BATS_TEST_TMPDIR/altered.svg")" ]
    faults=$(crowded "$BATS_TEST_TMPDIR/altered.svg")
    [ -z "$faults" ]
}
@test "a chain that goes back into an older namespace is drawn back onto its line" {
    {
        echo '01-unshare 500 start:[1] mnt:[4026531832] uts:[4026532001]'
        echo '06-nsenter 501 start:[1] mnt:[4026531832] uts:[4026532002]'
        echo '06-nsenter 502 start:[1] mnt:[4026531832] uts:[4026532001]'
    } | lib/map.sh "$MAP_FILE"
    mapfile -t y < <(drawn "$MAP_FILE" | awk '$2 == "uts" { print $5 }')
    [ "${y[0]}" = "${y[2]}" ] && [ "${y[0]}" != "${y[1]}" ]
    [ "$(numbers "$MAP_FILE" | wc -l)" = 3 ]
}
@test "a record of a step that stays behind is drawn as the kernel shows that process" {
    chain=(01-unshare)
    [ "$EUID" = 0 ] || chain=(07-userns-map -- 01-unshare)
    hold "$BATS_TEST_TMPDIR/record" "${chain[@]}"
    lib/map.sh "$MAP_FILE" <"$BATS_TEST_TMPDIR/record"
    pid=$(record_pid "$(<"$BATS_TEST_TMPDIR/record")")
    for type in cgroup ipc mnt net pid_for_children time_for_children user uts; do
        grep -qF "<title>01-unshare ${type%_for_children}:[$(ns_inode "$pid" "$type")]</title>" "$MAP_FILE"
    done
    [ "$(drawn "$MAP_FILE" | wc -l)" = 8 ]
    grep -qF ">pid $pid<" "$MAP_FILE"
    well_formed "$MAP_FILE"
}
@test "the reports of an exec chain are drawn, too" {
    CGROUP=$NAME bash -c "$(chain true)" 2>"$BATS_TEST_TMPDIR/reports"
    lib/map.sh "$MAP_FILE" <"$BATS_TEST_TMPDIR/reports"
    [ "$(drawn "$MAP_FILE" | awk '$2 == "uts" { print $1 }' | tail -n 1)" = 08-capset ]
    [ "$(branches "$MAP_FILE")" = "$(changes "$MAP_FILE")" ]
    [ "$(changes "$MAP_FILE" | grep -c 01-unshare)" -ge 5 ]
}
@test "what the demo prints is the same, but for the line that names the map" {
    run_split demo
    echo "$out" | sed 's/[0-9][0-9]*/N/g; s/  */ /g' >"$BATS_TEST_TMPDIR/without"
    MAP=$MAP_FILE run_split demo
    [ -z "$err" ]
    echo "$out" | sed 's/[0-9][0-9]*/N/g; s/  */ /g' >"$BATS_TEST_TMPDIR/with"
    [ "$(diff "$BATS_TEST_TMPDIR/without" "$BATS_TEST_TMPDIR/with" | grep -c '^[<>]')" = 1 ]
    grep -qxF "The map of this run: $MAP_FILE" <<<"$out"
}
@test "another awk draws the same map, and prints the same table" {
    needs_tool busybox busybox-static
    draw
    mkdir "$BATS_TEST_TMPDIR/bin"
    ln -s "$(command -v busybox)" "$BATS_TEST_TMPDIR/bin/awk"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH lib/map.sh "$BATS_TEST_TMPDIR/other.svg" <"$BATS_TEST_TMPDIR/reports"
    cmp "$MAP_FILE" "$BATS_TEST_TMPDIR/other.svg"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH run_split demo
    [ "$(grep '^01-unshare' <<<"$out" | tail -n 1 | tr -dc '*' | wc -c)" -ge 5 ]
}
@test "make passes MAP on, also a name with a blank" {
    needs_tool make
    make -s demo BUILD="$BUILD" MAP="$BATS_TEST_TMPDIR/the map.svg" >/dev/null
    well_formed "$BATS_TEST_TMPDIR/the map.svg"
}
cannot() { # FILE REASON: the demo does not begin, and says why in one line
    MAP=$1 run_split demo
    [ "$status" = 1 ]
    [ -z "$out" ]
    [ "$err" = "map: cannot write $1: $2" ]
}
@test "a map that cannot be written is refused before the run, in one line" {
    cannot "$BATS_TEST_TMPDIR/nosuch/map.svg" 'its directory is not there'
    cannot "$BATS_TEST_TMPDIR" 'it is a directory'
    cannot /dev/null 'it is not an ordinary file'
    [ -c /dev/null ]
}
@test "where an ordinary user may not write, it is refused, too" {
    needs_user
    cannot /map.svg 'its directory cannot be written'
    : >"$MAP_FILE"
    chmod 444 "$MAP_FILE"
    cannot "$MAP_FILE" 'it is write-protected'
}
@test "when the disk is full, the old map stays as it was, and nothing else" {
    draw
    mkdir "$BATS_TEST_TMPDIR/dir"
    echo old >"$BATS_TEST_TMPDIR/dir/map.svg"
    # No file may grow beyond a block.
    run_split bash -c 'ulimit -f 1 && exec lib/map.sh "$1" <"$2"' bash "$BATS_TEST_TMPDIR/dir/map.svg" "$BATS_TEST_TMPDIR/reports"
    [ "$status" = 1 ]
    [[ $err == *"map: cannot write $BATS_TEST_TMPDIR/dir/map.svg: "* ]]
    [ "$(cat "$BATS_TEST_TMPDIR/dir/"*)" = old ]
    [ "$(ls -A "$BATS_TEST_TMPDIR/dir")" = map.svg ]
}
@test "a run that fails draws nothing" {
    mkdir "$BATS_TEST_TMPDIR/empty"
    MAP=$MAP_FILE run_split lib/demo.sh demo "$BUILD" "$BATS_TEST_TMPDIR/empty"
    [ "$status" != 0 ]
    [ ! -e "$MAP_FILE" ]
    run_split lib/map.sh "$MAP_FILE" <<<'no report'
    [ "$status" = 1 ]
    [ "$err" = 'map: no step has said anything on stdin, neither a report nor a record' ]
    [ ! -e "$MAP_FILE" ]
}
