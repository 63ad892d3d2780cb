#!/usr/bin/env bats
# The runner itself: a failure, a hang, a skip and what is left behind must be seen, or all other
# tests prove nothing.
load helper

# Runs the bats file in stdin with tests/run; its output is in $out.
runner() {
    needs_root # one pass is enough to see this
    { echo "load $PWD/tests/helper"; cat; } >"$BATS_TEST_TMPDIR/inner.bats"
    sed -i 's,^load .*helper$,load helper,' "$BATS_TEST_TMPDIR/inner.bats"
    cp tests/helper.bash "$BATS_TEST_TMPDIR/"
    mkdir -p "$BATS_TEST_TMPDIR/x"
    sed "s,\"\$BATS_TEST_DIRNAME/..\",$PWD," tests/helper.bash >"$BATS_TEST_TMPDIR/helper.bash"
    run_split env -u BATS_TEST_TMPDIR "$@" tests/run --root-only "$BATS_TEST_TMPDIR/inner.bats"
}
last_line() { tail -n 1 <<<"$out"; }

@test "what passes is counted, and the status is 0" {
    runner <<<'@test "a" { true; }'
    [ "$status" = 0 ]
    [ "$(last_line)" = '2 passed, 0 failed, 0 skipped' ] # and the comparison before = after
}
@test "a failure is counted, named, and the status is 1" {
    runner <<<'@test "broken one" { false; }'
    [ "$status" = 1 ]
    [ "$(last_line)" = '1 passed, 1 failed, 0 skipped' ]
    grep -q 'root inner.bats: broken one' <<<"$out"
}
@test "a skip is counted, with its reason" {
    runner <<<'@test "a" { skip "no moon tonight"; }'
    [ "$(last_line)" = '1 passed, 0 failed, 1 skipped' ]
    grep -q 'no moon tonight (1)' <<<"$out"
}
@test "a hang is a failure" {
    runner TIMEOUT=2 <<<'@test "a" { sleep 100; }'
    [ "$status" = 1 ]
    grep -q 'hung: time limit' <<<"$out"
}
@test "a file that cannot be read as tests is a failure" {
    runner <<<'@test "a" { true; '
    [ "$status" = 1 ]
}
@test "a process left behind is a failure" {
    runner <<<'@test "a" { sleep 100 >/dev/null 2>&1 3>&- & }'
    [ "$status" = 1 ]
    grep -q 'something was left behind' <<<"$out"
}
@test "a cgroup left behind is a failure" {
    needs_root
    runner <<<$'teardown() { :; }\n@test "a" { mkdir "$CGROUP2/nsteps-test-forgotten"; }'
    rmdir "$CGROUP2/nsteps-test-forgotten"
    [ "$status" = 1 ]
}
# Each line of tests/causes has its tests, and each such test its line.
@test "causes: the table and the tests match" {
    awk -F ' *[|] *' '/^#/ || NF == 0 { next } NF != 4 || $4 !~ /^(test$|not: .)/ { print FNR ": " $0; bad = 1 }
        END { exit bad }' tests/causes
    awk -F ' *[|] *' '!/^#/ && NF && $4 == "test" { print $1; print $1 " miss" }' tests/causes |
        sort >"$BATS_TEST_TMPDIR/wanted"
    sed -n 's/^@test "\[\([^]]*\)\].*/\1/p' tests/why-*.bats | sort -u >"$BATS_TEST_TMPDIR/there"
    diff "$BATS_TEST_TMPDIR/wanted" "$BATS_TEST_TMPDIR/there"
}
