#!/usr/bin/env bats
# tests/bench runs, with small numbers, and each line is a ratio; nothing is said here about how large it is. And
# README.md has its table.
load helper

@test "bench: each line is a ratio with its goal, or says why it was not tried" {
    needs_tool gcc
    run_split env RUNS=2 ATONCE=2 COUNTS='1 2' RESULTS="$BATS_TEST_TMPDIR/table" BUILD="$BUILD" tests/bench pipeline chain steps many
    cat "$BATS_TEST_TMPDIR/table"
    [ "$status" = 0 ]
    grep -qE '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' <<<"$(tail -n 1 <<<"$out")"
    number='[0-9]+\.[0-9]+'
    wrong=$(grep -vE -e "^.* \| $number( \($number to $number\))? \| $number (met|missed|base) \| .* (ms|ms each|kB each|kB each, [0-9]+ with their share of files)(, $number ms)?$" \
        -e '^.* \| not tried: .* \| - \| -$' -e '^the host is as before \| yes \| ' "$BATS_TEST_TMPDIR/table" || :)
    [ -z "$wrong" ]
    # All lines are there, and most could be tried.
    [ "$(grep -c . "$BATS_TEST_TMPDIR/table")" -ge 17 ]
    [ "$(grep -cE ' (met|missed|base) ' "$BATS_TEST_TMPDIR/table")" -ge 12 ]
}
@test "bench: a command that fails is no ratio, and the status is 1" {
    needs_tool gcc
    mkdir "$BATS_TEST_TMPDIR/build"
    cp -a "$BUILD"/0[1-8]-* "$BATS_TEST_TMPDIR/build/"
    ln -s "$ROOTFS" "$BATS_TEST_TMPDIR/build/rootfs"
    cp -L "$(type -P false)" "$BATS_TEST_TMPDIR/build/03-chroot"
    run_split env RUNS=1 BUILD="$BATS_TEST_TMPDIR/build" tests/bench steps
    [ "$status" = 1 ]
    grep -q '03-chroot / chroot  *FAILED' <<<"$out"
    refute grep -q '04-pivot_root / pivot_root  *FAILED' <<<"$out"
}
@test "README: the table has a row for each proof, and names a date and a kernel" {
    sed -n '/^<!-- proof: /,/^<!-- \/proof -->$/p' README.md >"$BATS_TEST_TMPDIR/table"
    grep -qE 'on 20[0-9]{2}-[0-9]{2}-[0-9]{2}, Linux [0-9]+\.[0-9]+' "$BATS_TEST_TMPDIR/table"
    for row in $(tests/proof rows); do
        command=$(sed -n "s/^row_$row() .*\(make [^\"']*\).*/\1/p" tests/proof)
        [ "$row" != faults ] || command='make test'
        grep -qF "$command" "$BATS_TEST_TMPDIR/table" || { echo "no row for $row: $command"; false; }
    done
    [ "$(grep -c '^| ' "$BATS_TEST_TMPDIR/table")" -gt 9 ]
}
@test "proof: what was not run says so, what was run has its result, and the rest of the file is left alone" {
    printf 'before\n<!-- proof: x -->\nold\n<!-- /proof -->\nafter\n' >"$BATS_TEST_TMPDIR/README.md"
    mkdir -p "$BATS_TEST_TMPDIR/build/proof"
    printf '2026-01-02 | Linux 9.9\n7 passed, 1 failed, 2 skipped\n' >"$BATS_TEST_TMPDIR/build/proof/labs"
    README=$BATS_TEST_TMPDIR/README.md BUILD=$BATS_TEST_TMPDIR/build tests/proof table
    grep -qF '| `make test-labs` | 7 passed, 1 failed, 2 skipped |' "$BATS_TEST_TMPDIR/README.md"
    grep -qF '| `make fuzz` | not run |' "$BATS_TEST_TMPDIR/README.md"
    grep -qF 'on 2026-01-02, Linux 9.9.' "$BATS_TEST_TMPDIR/README.md"
    refute grep -q old "$BATS_TEST_TMPDIR/README.md"
    [ "$(sed -n '1p;$p' "$BATS_TEST_TMPDIR/README.md")" = $'before\nafter' ]
}
