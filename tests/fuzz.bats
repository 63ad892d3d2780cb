#!/usr/bin/env bats
# The parsers: what the fuzz targets have found stays mended, and each target can fail. (The search for more is
# make fuzz.) Nothing in here depends on the kernel: the virtual machines leave it out.
load helper

needs_compiler() { # CC [PACKAGE]
    [ ! -d /run/vm ] || skip 'parsers do not depend on the kernel, and a compiler is slow here'
    needs_tool "$1"
    needs_tool make
}
targets() { grep -l '^LLVMFuzzerTestOneInput' tests/fuzz/*.c | sed 's,.*/,,; s,\.c$,,'; }

# build TREE BUILD NAME ...: the targets of TREE with the main of replay.c.
build() {
    local tree=$1 build=$2 names
    shift 2
    mapfile -t names < <(printf "$build/%s\n" "$@")
    env -u MAKEFLAGS -u MAKELEVEL make -s -j2 -C "$tree" -f tests/fuzz/Makefile MAIN=replay BUILD="$build" SANITIZE=1 \
        CFLAGS='-O1 -g -std=c11 -fsanitize=address,undefined -fno-sanitize-recover=all' "${names[@]}"
}

@test "every input that is kept: nothing is found; and each target notices a bug that is planted" {
    needs_compiler gcc
    local tree=$BATS_TEST_TMPDIR/tree name file old new names
    mapfile -t names < <(targets)
    mkdir "$tree"
    cp -r Makefile lib steps tests "$tree/"
    build "$tree" fuzz "${names[@]}"
    for name in "${names[@]}"; do
        run_split "$tree/fuzz/$name" tests/fuzz/corpus/"$name"/*
        [ "$status" = 0 ] || { echo "$name"; return 1; }
        [[ $out == *' inputs' ]]
    done
    # The negative control: a copy of the tree with one check less, and the same inputs.
    while IFS='|' read -r name file old new; do
        cp "$file" "$BATS_TEST_TMPDIR/good"
        sed "s/$old/$new/" "$file" >"$tree/$file"
        refute cmp -s "$file" "$tree/$file"
        build "$tree" fuzz "$name"
        run_split "$tree/fuzz/$name" tests/fuzz/corpus/"$name"/*
        cp "$BATS_TEST_TMPDIR/good" "$tree/$file"
        [ "$status" != 0 ] || { echo "$name: not found: s/$old/$new/"; return 1; }
        [[ $err == *'must be true, and is not'* || $err == *Sanitizer* || $err == *'runtime error'* ]]
    done <<'END'
record|lib/record.c|\*number > max|false
grammar|lib/grammar.c|operand\[0\] == '-')|operand[0] == '-' \&\& operand[1] == '-')
idmap|lib/idmap.c|getline(&line, &size, stream) != -1|getline(\&line, \&size, stream) > 0 \&\& strlen(line) < 1024
caps|lib/names.c|cap_names\[i\] + strlen("cap_")|cap_names[i] + strlen("cap")
cgroup|steps/05-cgroup.c|"\/ "|"\/"
mountinfo|lib/mountinfo.c|(from\[1\] - '0') \* 64|(from[1] - '0') * 32
status|lib/record.c|strrchr(stat, ')')|strchr(stat, ')')
program|lib/program.c|strcspn(line + start, " \\t")|strcspn(line + start, " ")
END
}

@test "libFuzzer finds a bug that is planted: a step's name of any length" {
    needs_compiler clang
    clang -fsanitize=fuzzer -x c -o /dev/null - <<<'int LLVMFuzzerTestOneInput(void); int LLVMFuzzerTestOneInput(void) { return 0; }' 2>/dev/null ||
        skip 'needs libFuzzer (apt-get install libclang-rt-dev)'
    local tree=$BATS_TEST_TMPDIR/tree
    mkdir "$tree"
    cp -r Makefile lib steps tests "$tree/"
    sed -i 's/length >= sizeof record->step/false/' "$tree/lib/record.c"
    refute cmp -s lib/record.c "$tree/lib/record.c"
    cd "$tree"
    run_split env -u MAKEFLAGS -u MAKELEVEL FUZZ=60 BUILD=build tests/fuzz/run record
    [ "$status" = 1 ]
    [[ $out == *'FOUND: '*'again: build/fuzz/record build/fuzz/found/record-crash-'*'0 passed, 1 failed, 0 skipped' ]]
    # The line says how to see it again.
    again=$(sed -n 's/^    again: \([^ ]* [^ ]*\) .*/\1/p' <<<"$out")
    run_split $again
    [ "$status" != 0 ] && [[ $err == *'AddressSanitizer: stack-buffer-overflow'* || $err == *AddressSanitizer* || $err == *'must be true'* ]]
}

@test "05-cgroup: a FILE with a blank would be two requests, one of them to disable a controller" {
    bad_input 'one path component' 05-cgroup "$NAME" 'pids -cpu.max=1' -- true
    bad_input 'one path component' 05-cgroup "$NAME" 'pids +memory.max=1' -- true
}

@test "a line of /etc/subuid of any length is one line" {
    needs_root
    [ -e /etc/subuid ] && [ -e /etc/subgid ] || skip 'there is no /etc/subuid or /etc/subgid to bind over'
    # The end of the first line would be a range, if one could see it alone.
    printf '%01023d0:300000:9\n0:200000:7\n' 1 >"$BATS_TEST_TMPDIR/subids"
    unshare --mount sh -c 'mount --bind "$0" /etc/subuid && mount --bind "$0" /etc/subgid && exec "$@"' \
        "$BATS_TEST_TMPDIR/subids" 07-userns-map -- cat /proc/self/uid_map >"$BATS_TEST_TMPDIR/map" 2>/dev/null
    [ "$(tr -s ' ' <"$BATS_TEST_TMPDIR/map")" = ' 0 200000 7' ]
}
