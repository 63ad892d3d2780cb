#!/usr/bin/env bats
# Each step, when a system call fails that it makes: an error and nothing left behind, or the container that was
# asked for; never less. tests/faults does it; these are the calls that change something, with one error each, for
# one form of each step. `make test-faults` is the whole.
load helper

# faults FORM: each call of that form in turn.
faults() {
    needs_tool strace
    needs_tool gcc
    run tests/faults --quick --jobs 1 "$@"
    echo "$output"
    [ "$status" = 0 ]
    [[ ${lines[-1]} =~ ^([1-9][0-9]*)\ passed,\ 0\ failed ]]
}
@test "01-unshare: each call that fails is an error, or does no harm" { faults 01; }
@test "02-mountproc: each call that fails is an error, or does no harm" { faults 02-pipe; }
@test "03-chroot: each call that fails is an error, or does no harm" { faults 03-pipe; }
@test "04-pivot_root: each call that fails is an error, or does no harm" { faults 04; }
@test "05-cgroup: each call that fails is an error, or does no harm" { needs_root; faults 05; }
@test "06-nsenter: each call that fails is an error, or does no harm" { faults 06-some; }
@test "07-userns-map: each call that fails is an error, or does no harm" { faults 07; }
@test "08-capset: each call that fails is an error, or does no harm" { faults 08; }

@test "control: a step that overlooks an error is caught" {
    needs_tool strace
    needs_tool gcc
    # It does what 08-capset does, and never looks at what the kernel has answered.
    cat >"$BATS_TEST_TMPDIR/careless.c" <<'EOF'
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>
int
main(int argc, char **argv)
{
    fcntl(1, F_GETFD); /* where tests/faults takes main to begin */
    for (int i = 0; i < 8; i++)
        prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    execv(argv[argc - 1], argv + argc - 1);
    write(2, "08-capset: no COMMAND\n", 22);
    return 125;
}
EOF
    mkdir "$BATS_TEST_TMPDIR/build"
    cp "$BUILD"/0[1-7]-* "$BATS_TEST_TMPDIR/build"
    gcc -static -w -o "$BATS_TEST_TMPDIR/build/08-capset" "$BATS_TEST_TMPDIR/careless.c"
    BUILD=$BATS_TEST_TMPDIR/build run tests/faults --quick 08
    echo "$output"
    [ "$status" = 1 ]
    [ "$(grep -c 'another container than was asked for' <<<"$output")" = 9 ]
}
