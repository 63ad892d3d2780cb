#!/usr/bin/env bats
# labs: the tool that puts the exercises in front of students, and checks them: tests/lab. (Whether the labs' own
# checks are right is for `make test-labs`.) All of it is done in a copy of the tree, whose tests of 03 are few.
# shellcheck disable=SC2154,SC2016 # out, err: set by the helper
load helper

setup_file() {
    export RUN=nsteps-test-labs-$$
    make_public
    tree=$PUBLIC/tree
    mkdir -p "$tree/build"
    cp -a README.md Makefile lib steps tests tutorial "$tree/"
    cp -a "$BUILD"/0[1-8]-* "$BUILD/rootfs" "$BUILD/lib" "$tree/build/"
    rm -rf "$tree/build/labs"
    awk '/^@test / { off = !/working directory are NEWROOT|COMMAND sees NEWROOT|no such directory: ENOENT|--help: the usage/ } !off' \
        tests/03-chroot.bats >"$tree/tests/03-chroot.bats"
    find "$tree/tests/labs" -name '*.sh' ! -name 03.sh -delete
}
cd_tree() {
    cd "$PUBLIC/tree" || return
    unset BUILD TEST_USER
    mkdir -p "$PUBLIC/tmp-$BATS_TEST_NUMBER"
    export TMPDIR=$PUBLIC/tmp-$BATS_TEST_NUMBER
    PATH=$(tr : '\n' <<<"$PATH" | grep -v libexec | paste -sd :) # bats' own parts
    rm -rf lab
}
needs_jail() {
    unshare --user --map-root-user --mount true 2>/dev/null || skip 'user namespaces are forbidden here'
    cd_tree
    mkdir lab
}
body() { # BODY: the step with another change_root
    body=$1 awk '/^change_root\(/ { on = 1 } on && /^\{/ { print; print ENVIRON["body"]; off = 1 }
        off && /^\}/ { off = on = 0 } !off' steps/03-chroot.c
}
# Of the jails: these have the mark of this test in their environment, as everything that it starts.
nobody_left() { [ -z "$(grep -lszx "NSTEPS_TEST=$NSTEPS_TEST" /proc/[0-9]*/environ | grep -vx "/proc/$$/environ" | xargs -r grep -lsz '^work=')" ]; }
jailed() { refute nobody_left; }
is_empty() { [ -z "$(ls -A "$1")" ]; }
one_line() { # STATUS TEXT COMMAND ...: one message on stderr, nothing on stdout
    local wanted=$1 text=$2
    shift 2
    run_split "$@"
    [ "$status:$out" = "$wanted:" ] && [[ $err != *$'\n'* ]] && [[ $err == *"$text"* ]]
}

# ---- the files

@test "make lab-03: the step without its call, which says so when it is run; and what to do next" {
    cd_tree
    run_split make -s lab-03
    [ "$status" = 0 ]
    [[ $out == *'write change_root in lab/03-chroot.c'*'make check-lab-03'*'make hint-lab-03'* ]]
    refute grep "chroot(new_root) ==" lab/03-chroot.c
    needs_tool gcc
    gcc -D_GNU_SOURCE -std=c11 -Wall -Wextra -Werror -Wno-unused-function -o "$BATS_TEST_TMPDIR/03-chroot" lab/03-chroot.c build/lib/*.o
    run_split "$BATS_TEST_TMPDIR/03-chroot" / -- true
    [ "$status:$err" = '125:03-chroot: TODO: change_root is not written yet' ]
}
@test "make lab-03 never overwrites work" {
    cd_tree
    mkdir lab
    echo mine >lab/03-chroot.c
    run_split make -s lab-03
    [[ $status:$out == 0:*'stays as it is'* ]]
    [ "$(cat lab/03-chroot.c)" = mine ]
}
@test "make reset-lab-03 begins again, and keeps each copy under a new name" {
    cd_tree
    mkdir lab
    echo one >lab/03-chroot.c
    make -s reset-lab-03 | grep 'What you had is in lab/03-chroot.c.1'
    echo two >lab/03-chroot.c
    make -s reset-lab-03 | grep 'What you had is in lab/03-chroot.c.2'
    [ "$(cat lab/03-chroot.c.[12] | paste -sd ' ')" = 'one two' ]
    grep -q TODO lab/03-chroot.c
}
@test "make clean leaves lab/ alone" {
    cd "$BATS_TEST_TMPDIR" || return
    mkdir build lab
    echo mine >lab/03-chroot.c
    cp "$PUBLIC/tree/Makefile" .
    unset BUILD
    make -s clean
    [ ! -e build ] && [ "$(cat lab/03-chroot.c)" = mine ]
}
@test "hints: one at a time, and the last says that there are no more" {
    cd_tree
    run_split make -s hint-lab-03 N=1
    [[ $status:$out == 0:'Hint 1 of 3: '*'N=2'* ]]
    run_split make -s hint-lab-03 N=3
    [[ $status:$out == 0:'Hint 3 of 3: '* ]] && [[ $out != *N=* ]]
    run_split tests/lab hint 03
    [[ $out == 'Hint 1 of 3: '* ]]
}
@test "wrong usage: one message, and 125" {
    cd_tree
    one_line 125 'N is 1 to 3' tests/lab hint 03 4
    one_line 125 'N is 1 to 3' tests/lab hint 03 0
    one_line 125 'N is 1 to 3' tests/lab hint 03 x
    one_line 125 'There is no lab 99. There are: 03' tests/lab start 99
    one_line 125 'There is no lab ../03' tests/lab start ../03
    one_line 125 'There is no lab/03-chroot.c yet: make lab-03' tests/lab check 03
    one_line 125 'make grade DIR=' tests/lab grade
    one_line 125 'there is no directory' tests/lab grade none "$BATS_TEST_TMPDIR/out.csv"
    one_line 125 'no folder of a student' tests/lab grade steps "$BATS_TEST_TMPDIR/out.csv"
    run_split tests/lab bogus
    [ "$status" = 125 ]
    [ -z "$(find "$BATS_TEST_TMPDIR" -name 'out.csv*')" ]
}

# ---- the check

@test "the starter: not right, says what is to be done, and 1; labs shows how far you are, until the file changes" {
    needs_jail
    run_split tests/lab list
    [[ $out == 03-chroot*'not begun: make lab-03' ]] # (lab/ is there)
    tests/lab start 03
    run_split tests/lab list
    [[ $out == 03-chroot*'begun: make check-lab-03' ]]
    run_split tests/lab check 03
    [ "$status" = 1 ]
    [[ $out == *'The first that does not:'*'The function is still empty'*'Read:    tutorial/03-chroot.md'*'Score:   '[0-3]' of 4'* ]]
    run_split tests/lab list
    [[ $out == 03-chroot*' of 4' ]]
    echo >>lab/03-chroot.c
    run_split tests/lab list
    [[ $out == 03-chroot*'begun: make check-lab-03' ]]
}
@test "the right one: all tests, 0; labs says done" {
    needs_jail
    cp steps/03-chroot.c lab/
    run_split tests/lab check 03
    [[ $status:$out == '0:All right: 4 of 4'* ]]
    run_split tests/lab list
    [[ $out == 03-chroot*'4 of 4, done' ]]
}
@test "one that does not compile: the compiler's error, a score of 0" {
    needs_jail
    body 'return chroot(new_root)' >lab/03-chroot.c
    run_split tests/lab check 03
    [ "$status" = 1 ]
    [[ $out == *'error: expected'*'does not compile. Score: 0 of 4' ]]
}
@test "one that hangs, deaf to all signals: soon over, with a hint, and nobody is left" {
    needs_jail
    body 'for (int i = 1; i < 65; i++) signal(i, SIG_IGN); if (fork() == 0) setsid(); for (;;) pause(); (void)new_root; return 0;' |
        sed '1i #include <signal.h>' >lab/03-chroot.c
    [ -d /run/vm ] || export EACH=3 # seconds for each of its tests
    begin=$SECONDS
    run_split tests/lab check 03
    [ "$status" = 1 ]
    [[ $out == *'does not come to an end'*'Score:   '* ]]
    [ -d /run/vm ] || [ $((SECONDS - begin)) -lt 60 ]
    wait_until nobody_left
}
@test "a check that is interrupted leaves nobody, and no file" {
    needs_jail
    body 'for (;;) ; (void)new_root; return 0;' >lab/03-chroot.c
    tests/lab check 03 >/dev/null 2>&1 3>&- &
    check=$!
    wait_until jailed
    kill "$check"
    status=0
    wait "$check" || status=$?
    [ "$status" = 143 ]
    wait_until nobody_left
    [ -z "$(find /sys/fs/cgroup -maxdepth 5 -name "nsteps-lab*-$check" 2>/dev/null)" ]
    [ -z "$(ls -A "$TMPDIR")" ]
}

# ---- many students

@test "grade: right, wrong, hostile, none at all, each what it is; and neither the tree nor another is changed" {
    needs_jail
    tests/labs/submissions "$BATS_TEST_TMPDIR/all" quote no-chdir kill writer shadow flat >"$BATS_TEST_TMPDIR/expected"
    (find "$BATS_TEST_TMPDIR/all" steps -type f -exec cksum {} +) >"$BATS_TEST_TMPDIR/before"
    echo old >"$BATS_TEST_TMPDIR/grades.csv"
    # What it says, and TAP's reasons, in case it is not 0.
    make -s grade DIR="$BATS_TEST_TMPDIR/all" OUT="$BATS_TEST_TMPDIR/grades.csv" 2>"$BATS_TEST_TMPDIR/progress" ||
        { cat "$BATS_TEST_TMPDIR/progress"; grep -rh SKIP "$BATS_TEST_TMPDIR/grades-tap"; false; }
    # Points are not in what is expected, and a hint of - is any.
    tail -n +2 "$BATS_TEST_TMPDIR/grades.csv" | sed -E 's/,03,[0-9]*,[0-9]*,/,03,/; /^"kill"/s/[^,]*$/-/' | sort >"$BATS_TEST_TMPDIR/got"
    diff "$BATS_TEST_TMPDIR/got" <(sort "$BATS_TEST_TMPDIR/expected")
    grep -qx '"O.Brien, ""Pat""",03,4,4,right,' "$BATS_TEST_TMPDIR/grades.csv"
    grep -qx 'shadow.,03,0,4,missing,not-a-plain-file' <(tr -d '"' <"$BATS_TEST_TMPDIR/grades.csv" | sed 's/^shadow/shadow./')
    grep -q '^6 of 6: ' "$BATS_TEST_TMPDIR/progress"
    [ "$(find "$BATS_TEST_TMPDIR"/grades-tap -name '*.tap' | wc -l)" = 6 ]
    grep -q '^not ok [0-9]* - lab-03: ' "$BATS_TEST_TMPDIR"/grades-tap/*-no-chdir.tap
    grep -q '^# hint chdir-before: ' "$BATS_TEST_TMPDIR"/grades-tap/*-no-chdir.tap
    (find "$BATS_TEST_TMPDIR/all" steps -type f -exec cksum {} +) | diff - "$BATS_TEST_TMPDIR/before"
    wait_until nobody_left
}
@test "grade: a fault of the checker is shown as one, without points, and 2; of a lab that is skipped there are none either" {
    needs_jail
    tests/labs/submissions "$BATS_TEST_TMPDIR/all" right >/dev/null
    sed 's/^functions=/jail=root\n&/' tests/labs/03.sh >"$BATS_TEST_TMPDIR/root.sh"
    mv build/lib build/lib.away
    echo >>tests/lab # what has been found out before counts no more
    run_split tests/lab grade "$BATS_TEST_TMPDIR/all" "$BATS_TEST_TMPDIR/grades.csv"
    mv build/lib.away build/lib
    [ "$status" = 2 ]
    [ "$(tail -n +2 "$BATS_TEST_TMPDIR/grades.csv")" = '"right",03,,,fault,' ]
    [ "$EUID" != 0 ] || return 0
    cp tests/labs/03.sh "$BATS_TEST_TMPDIR/03.sh"
    cp "$BATS_TEST_TMPDIR/root.sh" tests/labs/03.sh
    run_split tests/lab grade "$BATS_TEST_TMPDIR/all" "$BATS_TEST_TMPDIR/grades.csv"
    mv "$BATS_TEST_TMPDIR/03.sh" tests/labs/03.sh
    [ "$status" = 0 ]
    [ "$(tail -n +2 "$BATS_TEST_TMPDIR/grades.csv")" = '"right",03,,,skipped,' ]
}
@test "grade that is interrupted leaves the old table as it was, and nobody" {
    needs_jail
    tests/labs/submissions "$BATS_TEST_TMPDIR/all" sleep deaf >/dev/null
    echo old >"$BATS_TEST_TMPDIR/grades.csv"
    tests/lab grade "$BATS_TEST_TMPDIR/all" "$BATS_TEST_TMPDIR/grades.csv" >/dev/null 2>"$BATS_TEST_TMPDIR/progress" 3>&- &
    check=$!
    wait_until grep -q '^0 of 2' "$BATS_TEST_TMPDIR/progress"
    wait_until jailed
    kill "$check"
    wait "$check" || true
    [ "$(cat "$BATS_TEST_TMPDIR/grades.csv")" = old ]
    wait_until nobody_left
    [ -z "$(find "$BATS_TEST_TMPDIR" -maxdepth 1 -name 'grades.csv.*')" ]
    wait_until is_empty "$TMPDIR" # the checkers end a little later than who has started them
}
@test "a check that is interrupted while it makes its directory leaves nothing" {
    export TMPDIR=$BATS_TEST_TMPDIR/tmp
    mkdir "$TMPDIR" "$BATS_TEST_TMPDIR/bin"
    for tool in mktemp mkdir; do # makes it, and has not said so yet
        printf '#!/bin/sh\n%s "$@" >/dev/null; touch %s; exec sleep 7777\n' "$(command -v $tool)" "$BATS_TEST_TMPDIR/made" \
            >"$BATS_TEST_TMPDIR/bin/$tool"
        chmod +x "$BATS_TEST_TMPDIR/bin/$tool"
    done
    PATH=$BATS_TEST_TMPDIR/bin:$PATH setsid tests/lab list >/dev/null 2>&1 3>&- &
    check=$!
    wait_until test -e "$BATS_TEST_TMPDIR/made"
    refute is_empty "$TMPDIR" # control
    kill -- "-$check" # as timeout(1) does it
    wait "$check" || true
    wait_until is_empty "$TMPDIR"
}
