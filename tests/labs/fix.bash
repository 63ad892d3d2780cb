# fix.bash - what the labs about whole containers share: `load fix`. It runs in the jail of tests/lab, where nobody
# else's processes are. What a test finds out it says in lines that the student reads, and by which the rules in
# tests/labs/NAME.sh know the mistake.
# shellcheck shell=bash disable=SC2034

cd "$BATS_TEST_DIRNAME/../.." || exit 1
BUILD=$(cd "${BUILD:-build}" && pwd)
PATH=$BUILD:$PATH:/usr/sbin:/sbin
NONCE=$((RANDOM % 20000 + 10000)) # what cannot be known beforehand

setup() {
    work=$(mktemp -d)
    chmod 777 "$work"
    started=()
}
teardown() {
    if [ ${#started[@]} != 0 ]; then
        kill -9 "${started[@]}" 2>/dev/null || :
        wait "${started[@]}" 2>/dev/null || : # or bash says "Killed"
    fi
    rm -rf --one-file-system "$work"
}

# run_it COMMAND ...: runs it for 3 seconds at most; sets $status, $out and $err.
run_it() {
    status=0
    timeout -k 1 3 "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
    out=$(<"$work/out")
    err=$(<"$work/err")
    [ "$status" != 124 ] || echo 'it does not end'
}
# start_it COMMAND ...: in the background; $started has its pid.
start_it() {
    "$@" >"$work/out" 2>"$work/err" </dev/null 3>&- &
    started+=($!)
}

# expect WHAT WANTED GOT: fails, and says so, when they differ.
expect() {
    [ "$2" = "$3" ] && return 0
    printf '%s: expected %s, got %s\n' "$1" "$2" "${3:-nothing}"
    [ ! -s "$work/err" ] || sed 's/^/it says: /' "$work/err"
    return 1
}

# find_command WORDS: sets $found to the pid of the process whose command line is WORDS; waits 2 seconds for it.
find_command() {
    local end=$((SECONDS + 3)) file words
    while [ "$SECONDS" -lt "$end" ]; do
        for file in /proc/[0-9]*/cmdline; do
            mapfile -d '' -t words 2>/dev/null <"$file" || continue
            [ "${words[*]}" = "$1" ] || continue
            found=${file//[!0-9]/}
            started+=("$found")
            return 0
        done
        sleep 0.05
    done
    expect "$1" 'it runs' 'no such process'
}
name_of() { cat "/proc/$1/comm" 2>/dev/null; }
