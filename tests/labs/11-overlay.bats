#!/usr/bin/env bats
# 11-overlay, a student's: each test is a criterion of tutorial/labs/11-overlay.md. All names and contents are
# drawn anew.
# shellcheck disable=SC2154 # out, err: set by the helper
load helper

needs_overlay() {
    [ "$(printf '%s\n' 5.11 "$(uname -r)" | sort -V | head -n 1)" = 5.11 ] ||
        skip 'an overlay in a user namespace needs Linux 5.11'
    # mount(8) says it in its own words; the kernel loads the module when it can.
    ! 07-userns-map -- unshare --mount mount -t overlay none "$BATS_TEST_TMPDIR" 2>&1 | grep -q 'unknown filesystem' ||
        skip 'this kernel has no overlayfs'
}
# messages: what went wrong, out of $err, without the reports of the steps.
messages() { grep -A 2 '^[^ ]*: ' <<<"$err" | tail -n 6; }
# make_trees: a lower tree with some files in it, and names for a layer. In inside= is a shell that sees the overlay.
make_trees() {
    needs_overlay
    nonce=n$RANDOM$RANDOM
    lower=$BATS_TEST_TMPDIR/low-$nonce layer=$BATS_TEST_TMPDIR/layer-$nonce
    mkdir -p "$lower/dir/below" "$lower/other"
    for file in read write append rename delete dir/one dir/below/two; do echo "$nonce $file" >"$lower/$file"; done
    before=$(tree_of "$lower")
}
tree_of() { (cd "$1" && find . -printf '%p %y %m %s %T@ %l\n' | sort && find . -type f -exec cksum {} + | sort); }
# inside WORDS: in a mount namespace of its own, with an overlay, by sh, whose $0 is LOWER; WORDS are the operands
# of the step after LOWER, $script what is to be done.
inside() {
    run_split timeout 8 07-userns-map -- 01-unshare --mount -- 11-overlay "$lower" "$@" -- sh -c "cd \"\$0\" && $script" "$lower"
    open_work
    [ "$status" = 0 ] || { printf '%s\n' "inside: exit status $status" "$(messages)" "$out"; return 1; }
}
# The kernel makes a directory in WORK that nobody may enter: bats could not remove it.
open_work() { [ ! -e "$BATS_TEST_TMPDIR/layer-$nonce" ] || chmod -R u+rwX "$BATS_TEST_TMPDIR/layer-$nonce"; }
is_unchanged() {
    after=$(tree_of "$lower")
    [ "$before" = "$after" ] || { echo 'LOWER has changed, outside:'; diff <(echo "$before") <(echo "$after"); return 1; }
}

@test "on LOWER is an overlay, made of LOWER, UPPER and WORK" {
    make_trees
    # shellcheck disable=SC2016
    script='awk -v point="$0" '\''$5 == point { for (i = 6; $i != "-"; i++) ; print $(i + 1), $(i + 3) }'\'' /proc/self/mountinfo'
    inside "$layer"
    printf 'mounted on LOWER:\n%s\n' "${out:-nothing at all}"
    [ "$(wc -l <<<"$out")" = 1 ]
    [[ $out == 'overlay rw'* ]]
    [[ ,${out/lowerdir+=/lowerdir=}, == *",lowerdir=$lower,"* ]] # "+": by fsconfig(2)
    [[ ,$out, == *",upperdir=$layer/upper,"* ]]
    [[ ,$out, == *",workdir=$layer/work,"* ]]
}
@test "inside are the files of LOWER, and what is written" {
    make_trees
    script="echo $nonce new >new && echo more >>append && cat read new append dir/below/two"
    inside "$layer"
    printf 'came:\n%s\n' "$out"
    [ "$out" = "$nonce read"$'\n'"$nonce new"$'\n'"$nonce append"$'\nmore\n'"$nonce dir/below/two" ]
}
@test "outside, LOWER is as before" {
    make_trees
    script="echo $nonce >new && echo more >>append && echo other >write && mv rename renamed && rm delete dir/one &&
        chmod 700 other && touch dir/below/two && ln -s new link && rm new"
    inside "$layer"
    is_unchanged
}
@test "a file that is deleted is gone inside, and only there" {
    make_trees
    script='rm delete dir/below/two && ls . dir/below && ! cat delete && ! cat dir/below/two'
    inside "$layer"
    grep -qx read <<<"$out"
    refute grep -xE 'delete|two' <<<"$out"
    [ "$(cat "$lower/delete")" = "$nonce delete" ]
    is_unchanged
}
@test "a directory that is removed and made again is empty" {
    make_trees
    script='rm -r dir && mkdir dir && echo "in the new directory: $(ls dir)"'
    inside "$layer"
    [ "$out" = 'in the new directory: ' ] || { echo "$out"; return 1; }
    is_unchanged
}
@test "what was written is in UPPER, and comes again the next time" {
    make_trees
    script="echo $nonce >new && rm delete"
    inside "$layer"
    [ "$(cat "$layer/upper/new")" = "$nonce" ]
    script='ls && cat new'
    inside "$layer" || { echo 'this was the second time, with the same layer'; return 1; }
    [ "$(tail -n 1 <<<"$out")" = "$nonce" ]
    refute grep -x delete <<<"$out"
}
@test "UPPER and WORK can have any name" {
    make_trees
    mkdir -p "$layer/some/$nonce-u" "$layer/$nonce-w"
    script="echo $nonce >new"
    inside "$layer/some/$nonce-u" "$layer/$nonce-w"
    ls "$layer" "$layer/$nonce-w"
    [ "$(cat "$layer/some/$nonce-u/new")" = "$nonce" ]
    [ -d "$layer/$nonce-w/work" ]
    [ "$(find "$layer" -mindepth 1 -maxdepth 1 | wc -l)" = 2 ]
    is_unchanged
}
@test "when the mount fails, COMMAND does not run" {
    make_trees
    mkdir "$layer"
    run_split 07-userns-map -- 01-unshare --mount -- 11-overlay "$lower" "$layer/not-there" "$layer" -- echo has run
    printf '%s\n' "without UPPER: exit status $status, ${out:-and COMMAND has not run}" "$(messages)"
    [ "$status" = 125 ]
    [ -z "$out" ]
    grep -q '^11-overlay: .*ENOENT' <<<"$err"
}

# whole pipeline|chain SED: such a line in which SED has put the step; its COMMAND writes to the new root.
whole() {
    # shellcheck disable=SC2016
    script='[ -e /etc/nsteps-rootfs ] && echo "$0" >/new && rm /etc/hosts && ls -d /proc/self /etc/* && grep ^CapEff /proc/self/status'
    before=$(tree_of "$ROOTFS/etc")
    run_split timeout 9 bash -c "$("$1" "sh -c '$script' $nonce" | sed "$2")"
    open_work
    printf '%s\n' "the whole: exit status $status" "$(messages)" "$out"
    [ "$status" = 0 ]
    grep -qx /proc/self <<<"$out"
    grep -qx 'CapEff:	0000000000000000' <<<"$out"
    refute grep -qx /etc/hosts <<<"$out"
    [ "$(cat "$layer/upper/new")" = "$nonce" ]
    [ ! -e "$ROOTFS/new" ]
    [ "$before" = "$(tree_of "$ROOTFS/etc")" ]
}
@test "the whole pipeline goes with it" {
    make_trees
    whole pipeline "s,| 02-,| 11-overlay - $ROOTFS $layer | 02-,"
}
@test "the whole chain goes with it" {
    make_trees
    whole chain "s,-- 02-,-- 11-overlay $ROOTFS $layer -- 02-,"
}
