# oracle.bash - the ordinary tool beside the step: for tests/oracle-*.bats, one a step.
#
# Both are run on the same start, and all that the kernel tells about the process that they end in (tests/look.c) is
# compared field by field. Differences that are meant stand in tests/oracle-differences, with their reason,
# and must be just so.
# shellcheck shell=bash disable=SC2154,SC2034

# The step that the file is about: 01.
STEP=${BATS_TEST_FILENAME##*oracle-}
STEP=${STEP%.bats}

# look and looked are built once a file. ROOT is a copy of build/rootfs, for steps that change the root: with
# looked in it, and nobody else mounts anything there.
needs_look() {
    [ ! -x "$PUBLIC/look" ] || return 0
    needs_tool gcc
    gcc -D_GNU_SOURCE -O1 -static -o "$PUBLIC/look" tests/look.c
    ln "$PUBLIC/look" "$PUBLIC/looked"
    mkdir "$PUBLIC/start"
    echo data >"$PUBLIC/start/input"
}
needs_root_copy() {
    needs_look
    ROOT=$PUBLIC/root
    export ROOT
    [ ! -e "$ROOT/usr/bin/looked" ] || return 0
    cp -a "$ROOTFS" "$ROOT"
    cp "$PUBLIC/look" "$ROOT/usr/bin/looked"
}

# The start: something other than the usual in all that a process inherits, so that a step which resets, loses or
# leaks any of it is found out. As an ordinary user in a user namespace in which he is root, unless
# PLAIN is set. START adds words.
# shellcheck disable=SC2016,SC2054
make_start() {
    start=(sh -c 'cd "$1" && shift && umask 027 && ulimit -Sn 200 &&
        echo 7 >/proc/self/oom_score_adj && exec 8<. && exec "$@" <"${INPUT-input}"' sh "$PUBLIC/start"
        env --default-signal --ignore-signal=USR1 --block-signal=USR2 COLOUR=blue nice -n 3 ionice -c 3 chrt --batch 0 setarch -R)
    if [ "$EUID" = 0 ] || [ -z "${PLAIN-}" ]; then
        [ "$EUID" = 0 ] || start+=(unshare --user --map-root-user)
        start+=(setpriv --inh-caps +chown,+kill --ambient-caps +chown,+kill)
    fi
    start+=("${START[@]}")
}
START=()

# state LINE: runs LINE, in which `looked` stands, with bash, and prints the state of that. LOOK adds options of look.
# (A dash in LINE would clear the signal mask for what it starts.)
state() {
    local start fd
    make_start
    start+=(look "${LOOK[@]}" "$1")
    ( # with those descriptors only that the start is to have, and not those of bats
        for fd in "/proc/$BASHPID/fd"/*; do
            fd=${fd##*/}
            [ "$fd" -le 2 ] || eval "exec $fd>&-"
        done
        [ -z "$TERMINAL" ] || {
            # script(1) starts a session on a new terminal; what it shows is for stderr, what looked says is not.
            export INPUT=/dev/fd/0 SHELL=/bin/bash
            exec script -qefc "exec$(printf ' %q' "${start[@]}") >&9 9>&-" /dev/null 9>&1 >&2 </dev/null
        }
        exec "${start[@]}"
    )
}
LOOK=() TERMINAL=

# differences OURS THEIRS: the fields in which two such files differ, as "field | ours | theirs".
differences() {
    awk '
        { at = index($0, ": "); field = substr($0, 1, at - 1); value = substr($0, at + 2) }
        !at { field = $0; value = "" }
        FNR == NR { ours[field] = value; all[field]; next }
        { theirs[field] = value; all[field] }
        END {
            for (field in all) {
                a = field in ours ? ours[field] : "-"
                b = field in theirs ? theirs[field] : "-"
                if (a != b) print field " | " a " | " b
            }
        }' "$1" "$2" | sort
}

# meant CASE: those that are meant in it, in the same form; and the table's rows that it used are noted.
# CASE is "STEP OPTION FORM", with "terminal+" before FORM where there is one; in the table a pattern stands for it.
meant() {
    local where field ours theirs why
    while IFS='|' read -r where field ours theirs why; do
        [[ $where != '#'* && -n $why ]] || continue
        # shellcheck disable=SC2053
        [[ $1 == ${where% } ]] || continue
        field=${field# } ours=${ours# } theirs=${theirs# }
        echo "${field% } | ${ours% } | ${theirs% }"
    done <tests/oracle-differences | sort
}

# What is to be done before THEIRS, which a step does itself, and after each line.
BEFORE_THEIRS='' AFTER=''

# oracle OPTION THEIRS FORM OURS [FORM OURS ...]: the line THEIRS, of ordinary tools, and OURS, of steps, end in the same state.
# OPTION is what is tried, as --help spells it; FORM says how OURS goes about it, for the table.
oracle() {
    local option=$1 theirs=$2 dir=$BATS_TEST_TMPDIR failed=
    shift 2
    needs_look
    [ -z "$TERMINAL" ] || needs_tool script bsdutils
    eval "$BEFORE_THEIRS"
    state "$theirs" >"$dir/theirs" 2>"$dir/theirs.err" || { cat "$dir/theirs.err"; eval "$AFTER"; return 1; }
    eval "$AFTER"
    while [ $# -gt 0 ]; do
        state "$2" >"$dir/ours" 2>"$dir/ours.err" || { cat "$dir/ours.err"; eval "$AFTER"; return 1; }
        eval "$AFTER"
        differences "$dir/ours" "$dir/theirs" >"$dir/differences"
        meant "$STEP $option ${TERMINAL:+terminal+}$1" >"$dir/meant"
        if ! diff "$dir/meant" "$dir/differences"; then
            failed=1
            printf '%s %s %s: differs (>), or is meant to differ and does not (<):\n  ours   %s\n  theirs %s\n' \
                "$STEP" "$option" "$1" "$2" "$theirs"
        fi
        # A field that cannot be read would be the same in both.
        ! grep ': ?' "$dir/ours" || { echo "$STEP $option $1: not seen"; failed=1; }
        echo "$STEP $option $1" >>"$PUBLIC/compared"
        shift 2
    done
    [ -z "$failed" ]
}

# ---- has every option been compared?

# options <HELP: what the text of --help offers, a line for each option, all its spellings in it: "-m --mount".
options() {
    sed '1,/^$/d' | # not the synopsis, which names them all again
        grep -oE '(^ *|, *)(-[A-Za-z0-9], )?--[a-z][a-z-]*|  +-[A-Za-z0-9], --[a-z][a-z-]*|^ +-[A-Za-z0-9]( |$)' |
        tr -d ',' | sed 's/^ *//; s/ *$//'
}
help_text() { "$(echo "$BUILD/$STEP-"*)" --help; }

# same_spelling BEFORE AFTER: where an option has a short and a long spelling, both lead to the same state.
# They stand between BEFORE and AFTER; WITH adds what options need: [--target]=$pid.
declare -gA WITH=()
same_spelling() {
    local short long
    needs_look
    help_text | options | grep '^-[^-]' >"$BATS_TEST_TMPDIR/spellings"
    [ -s "$BATS_TEST_TMPDIR/spellings" ]
    while read -r short long; do
        state "$1 $short ${WITH[$long]-} $2" >"$BATS_TEST_TMPDIR/short"
        state "$1 $long ${WITH[$long]-} $2" >"$BATS_TEST_TMPDIR/long"
        diff "$BATS_TEST_TMPDIR/short" "$BATS_TEST_TMPDIR/long"
        grep -q '^mount /' "$BATS_TEST_TMPDIR/long"
    done <"$BATS_TEST_TMPDIR/spellings"
}

# not_compared COMPARED <HELP: the options, none of whose spellings is among the words of the file COMPARED.
not_compared() {
    local spellings word found
    options | while read -r spellings; do
        found=
        for word in $spellings; do
            grep -qwF -- "$word" "$1" && found=1
        done
        [ -n "$found" ] || echo "$spellings"
    done
}
# tries OPTION: for a test that may be skipped because something is not installed, or this kernel lacks it.
tries_as_root() { [ "$EUID" = 0 ] || tries "$1"; }
tries() { echo "$STEP $1 tried" >>"$PUBLIC/compared"; }

# The last test of a file: an option of --help without an oracle is an error.
all_compared() {
    [ "$BATS_TEST_NUMBER" = "$(grep -c '^@test' "$BATS_TEST_FILENAME")" ] || skip 'only when the whole file runs'
    run_split not_compared "$PUBLIC/compared" < <(help_text)
    [ -z "$out" ] || { echo "no oracle for: $out"; return 1; }
}
