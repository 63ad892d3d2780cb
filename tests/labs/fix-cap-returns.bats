#!/usr/bin/env bats
# fix-cap-returns: no capability in any set, of COMMAND and of what COMMAND starts.
# shellcheck disable=SC2154 # status, out, err, held: set by the helper
load helper

# An ordinary user has capabilities in a user namespace of his own, in which he is uid 0.
if [ "$EUID" = 0 ]; then own=(); else own=(07-userns-map --); fi
NONE=0000000000000000

# look PREFIX ...: runs the program behind PREFIX, with a COMMAND that sleeps and has a child, which is a shell, and a
# grandchild, which the child has made by fork and exec. The sets are read in /proc from out here. Their pids and
# names are from this run.
look() {
    local nonce=$((10000 + RANDOM)) dir=$BATS_TEST_TMPDIR end=$((SECONDS + 8))
    # shellcheck disable=SC2016
    "${own[@]}" "$@" fix-cap-returns sh -c '
        sh -c "sleep $1 & sleep $(($1 + 1)); :" & sleep "$(($1 + 2))"; :' sh "$nonce" \
        >"$dir/out" 2>"$dir/err" </dev/null 3>&- &
    held=$!
    HELD+=("$held")
    child='' grandchild=''
    while [ "$SECONDS" -lt "$end" ]; do
        find_pids "$nonce"
        if [ -n "$child" ] && [ -n "$grandchild" ]; then break; fi
        kill -0 "$held" 2>/dev/null || break
        sleep 0.02
    done
    grep '^fix-cap-returns:' "$dir/err" | sed 's/^/it said: /' || true
    [ -n "$child" ] && [ -n "$grandchild" ] || { echo 'COMMAND does not run'; return 1; }
    echo "COMMAND     $(sets "$child")"
    echo "grandchild  $(sets "$grandchild")"
}
find_pids() { # NONCE: $child is COMMAND
    local file words
    for file in $(grep -lzx "NSTEPS_TEST=$NSTEPS_TEST" /proc/[0-9]*/environ 2>/dev/null); do
        { mapfile -d "" -t words <"${file%environ}cmdline"; } 2>/dev/null || continue
        case "${words[*]-}" in
        "sleep $1") grandchild=${file//[!0-9]/} ;;
        "sleep $(($1 + 2))") child=$(awk '{ print $4 }' "${file%environ}stat") ;; # its parent
        esac
    done
}
sets() { # PID: its sets in the order of status, and who it is
    local set
    for set in CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs Uid; do
        echo "$set $(status_field "$1" "$set" | cut -d ' ' -f 1)"
    done | paste -sd ' '
}
teardown() { # what it has started ends (bats has a sleep of its own, which is shorter)
    local file
    for file in $(grep -lzx "NSTEPS_TEST=$NSTEPS_TEST" /proc/[0-9]*/environ 2>/dev/null); do
        [[ "$(tr '\0' ' ' 2>/dev/null <"${file%environ}cmdline")" != 'sleep '[1-9][0-9][0-9][0-9][0-9]* ]] || kill "${file//[!0-9]/}" 2>/dev/null
    done
    for pid in "${HELD[@]}"; do kill "$pid" 2>/dev/null; done
    true
}
empty() { # PID SET ...
    local set
    for set in "${@:2}"; do [ "$(status_field "$1" "$set")" = $NONE ] || return 1; done
}

@test "1. COMMAND, after its exec: the effective and the permitted set are empty" {
    look
    empty "$child" CapEff CapPrm
}
@test "2. the grandchild, by fork and exec: these two are empty, and the bounding set, too" {
    look
    empty "$grandchild" CapEff CapPrm CapBnd
}
@test "3. the inheritable and the ambient set are empty, too, whatever the caller had in them" {
    needs_tool setpriv util-linux
    names=(chown fowner kill net_raw sys_chroot mknod sys_ptrace)
    some=${names[RANDOM % 7]},${names[RANDOM % 7]}
    some=+${some/,/,+}
    # control: the grandchild of setpriv would have them
    "${own[@]}" setpriv "--inh-caps=$some" "--ambient-caps=$some" sed -n 's/^CapAmb:.//p' /proc/self/status \
        >"$BATS_TEST_TMPDIR/control" 2>/dev/null
    [ "$(<"$BATS_TEST_TMPDIR/control")" != $NONE ]
    look setpriv "--inh-caps=$some" "--ambient-caps=$some"
    empty "$grandchild" CapInh CapAmb
}
@test "4. COMMAND is still uid 0, and the kernel refuses it what only capabilities allow" {
    name=box$RANDOM
    run_split "${own[@]}" 01-unshare --uts -- sh -c '
        hostname "$0-first" && fix-cap-returns sh -c "id -u; hostname $0-second 2>/dev/null; :"; uname -n' "$name"
    echo "uid and hostname: $out"
    [ "$out" = "0"$'\n'"$name-first" ]
}
@test "5. when something cannot be given up, COMMAND does not run, and the status is not 0" {
    # Who has no CAP_SETPCAP cannot lower the bounding set.
    run_split "${own[@]}" 08-capset --drop setpcap -- fix-cap-returns echo "ran-$RANDOM"
    echo "status $status, COMMAND said: $out"
    [ "$status" != 0 ] && [ -z "$out" ]
}
@test "6. arguments, input, output and the exit status are COMMAND's" {
    word=$RANDOM number=$((3 + RANDOM % 90))
    run_split "${own[@]}" fix-cap-returns sh -c 'cat; echo "$1"; exit "$2"' sh "a  $word" "$number" <<<"in $word"
    echo "status $status, COMMAND said: $out"
    [ "$status" = "$number" ] && [ "$out" = "in $word"$'\n'"a  $word" ]
}
