#!/usr/bin/env bats
# fix-leaked-fd: COMMAND has 0, 1 and 2, and no other descriptor.
# shellcheck disable=SC2154 # status, out, err, held: set by the helper
load helper

# An ordinary user may mount in a user namespace of his own.
if [ "$EUID" = 0 ]; then own=(); else own=(07-userns-map --); fi

# look [SHELL]: runs the program with `sleep NUMBER` as COMMAND, in a bash that has first done SHELL. What that opens
# is $theirs, a directory outside. The descriptors are read in /proc, from out here.
look() {
    local nonce=$((10000 + RANDOM)) dir=$BATS_TEST_TMPDIR end=$((SECONDS + 8)) link number own_count=0 their_count=0 list=''
    theirs=$dir/outside-$nonce
    mkdir "$theirs"
    export theirs
    "${own[@]}" bash -c "${1-:}"'; exec "$@"' bash fix-leaked-fd "$ROOTFS" sleep "$nonce" >"$dir/out" 2>"$dir/err" \
        </dev/null 3>&- 4>&- &
    held=$!
    HELD+=("$held")
    payload=''
    until find_payload "$nonce" || [ "$SECONDS" -ge "$end" ] || ! kill -0 "$held" 2>/dev/null; do sleep 0.05; done
    grep '^fix-leaked-fd:' "$dir/err" | sed 's/^/it said: /' || true
    [ -n "$payload" ] || { echo 'COMMAND does not run'; return 1; }
    above=0 below=''
    for link in $(cd "/proc/$payload/fd" && printf '%s\n' * | sort -n); do
        number=$link link=$(readlink "/proc/$payload/fd/$link") || continue
        list+="; $number -> $link"
        if [ "$number" -lt 3 ]; then
            [ "$link" = /dev/null ] || [[ $link == "$dir"/* ]] || below+="$number is $link; "
        else
            above=$((above + 1))
            if [ "$link" = "$theirs" ]; then their_count=$((their_count + 1)); else own_count=$((own_count + 1)); fi
        fi
    done
    echo "COMMAND has ${list#; }"
    echo "above 2: the program's own $own_count, the caller's $their_count; below 3 and not the caller's: ${below:-none}"
}
# It sleeps when its libraries are loaded: these are open for a moment, too.
find_payload() { # NUMBER
    local file
    for file in $(grep -lzx "NSTEPS_TEST=$NSTEPS_TEST" /proc/[0-9]*/environ 2>/dev/null); do
        [ "$(tr '\0' ' ' 2>/dev/null <"${file%environ}cmdline")" = "sleep $1 " ] || continue
        [[ "$(status_field "$(basename "${file%/environ}")" State)" == S* ]] || continue
        payload=${file//[!0-9]/}
        sleep 0.05
        return 0
    done
    return 1
}
teardown() {
    for pid in "${HELD[@]}" ${payload:+"$payload"}; do kill "$pid" 2>/dev/null; done
    true
}

@test "1. nothing that the program has opened is open in COMMAND" {
    look
    [ "$above" = 0 ]
}
@test "2. nor a directory that the caller had open" {
    look "exec $((3 + RANDOM % 6))<\"\$theirs\""
    [ "$above" = 0 ]
}
@test "3. nor three of them, whatever their numbers" {
    look "exec $((5 + RANDOM % 4))<\"\$theirs\" $((20 + RANDOM % 200))<\"\$theirs\" $((300 + RANDOM % 600))<\"\$theirs\""
    [ "$above" = 0 ]
}
@test "4. nor one above the limit on numbers, which was lowered when it was open" {
    look "exec $((300 + RANDOM % 600))<\"\$theirs\"; ulimit -n $((30 + RANDOM % 100))"
    [ "$above" = 0 ]
}
@test "5. where the caller has closed 0, 1 and 2, these are closed in COMMAND, or /dev/null" {
    look 'exec 0<&-'
    [ -z "$below" ] && [ "$above" = 0 ]
    kill "$payload"
    look 'exec 0<&- 1>&- 2>&-'
    [ -z "$below" ] && [ "$above" = 0 ]
}
@test "6. input, output, errors and the exit status are COMMAND's; if it is not found, a message on 2, and 127" {
    word=$RANDOM number=$((3 + RANDOM % 90))
    run_split "${own[@]}" fix-leaked-fd "$ROOTFS" sh -c 'cat; echo "$1" >&2; exit "$2"' sh "err-$word" "$number" <<<"in $word"
    echo "status $status, wanted $number; stdout: $out; stderr: $(grep -c "err-$word" <<<"$err" || true)"
    [ "$status" = "$number" ] && [ "$out" = "in $word" ] && grep -qx "err-$word" <<<"$err"
    run_split "${own[@]}" fix-leaked-fd "$ROOTFS" "missing-$word"
    echo "not found: status $status, $(grep -c "missing-$word: No such file" <<<"$err" || true) messages"
    [ "$status" = 127 ] && grep -q "missing-$word: No such file" <<<"$err"
}
@test "7. COMMAND's root and working directory are NEWROOT, in a mount namespace of its own" {
    look
    wanted=$(stat -c %d:%i "$ROOTFS")
    found="$(stat -L -c %d:%i "/proc/$payload/root/.") $(stat -L -c %d:%i "/proc/$payload/cwd/.")"
    echo "NEWROOT is $wanted, root and working directory are $found"
    [ "$found" = "$wanted $wanted" ] && [ "$(ns_inode "$payload" mnt)" != "$(ns_inode self mnt)" ]
}
