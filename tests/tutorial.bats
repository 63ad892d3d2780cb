#!/usr/bin/env bats
# The tutorial is true: every command of every chapter, typed into a terminal, does what the chapter shows.
# tests/tutorial does the work and knows the rules; its own tests come first.
load helper

setup_file() {
    make_public
    export KEEP=$PUBLIC/seen TERM_PROGRAM=$PUBLIC/term
    mkdir "$KEEP"
    ${CC:-cc} -D_GNU_SOURCE -O1 -o "$TERM_PROGRAM" tests/term.c
}

limit='' patience='' # those of tests/tutorial
[ -d /run/vm ] || patience=2

# toy COMMAND <MARKDOWN: runs tests/tutorial COMMAND on such a chapter; its output is in $out.
toy() {
    mkdir -p "$BATS_TEST_TMPDIR/keep"
    cat >"$BATS_TEST_TMPDIR/toy.md"
    run_split env KEEP="$BATS_TEST_TMPDIR/keep" LIMIT="$limit" PATIENCE="$patience" tests/tutorial "$1" "$BATS_TEST_TMPDIR/toy.md"
    out=${out//"$BATS_TEST_TMPDIR/"/}
}
says() { grep -qF -- "$1" <<<"$out" || { echo "$out"; return 1; }; }

@test "harness: what is true passes: keys, jobs, going on, names, dates, pids and inodes that vary" {
    toy run <<'END'
# A toy
```console
$ PATH=$PWD/build:$PATH
$ id -un; id -u; pwd; uname -n
student
1000
/home/student/nsteps
laptop
$ echo one |
> cat
one
$ cat
^C
$ sleep 7777 &
[1] 4711
$ tr '\0' ' ' </proc/4711/cmdline; echo
sleep 7777
$ kill 4711; wait %1
[1]+  Terminated              sleep 7777
$ ls -l /proc/self/ns/uts /proc/self/ns/net
lrwxrwxrwx 1 student student 0 Jan  1 00:00 /proc/self/ns/net -> 'net:[4026530001]'
lrwxrwxrwx 1 student student 0 Jan  1 00:00 /proc/self/ns/uts -> 'uts:[4026530002]'
```
## Another scene
```console
$ 07-userns-map -- 01-unshare -u --hostname box -- sh
...
01-unshare   pid 501   unshare(CLONE_NEWUTS)
...
box# readlink /proc/self/ns/uts /proc/self/ns/net
uts:[4026530001]
net:[4026530003]
box# hostname
box
box# exit
$ readlink /proc/self/ns/uts /proc/self/ns/net
uts:[4026530002]
net:[4026530003]
$ ps -o pid,ppid,args --sort=args
    PID    PPID COMMAND
   4711     500 bash ...
   4712    4711 ps -o pid,ppid,args --sort=args
```
END
    [ "$status" = 0 ] || { echo "$out"; false; }
    says '14 of 14 commands typed, 0 differ; 3 of 22 output lines'
}
@test "harness: what is not true is told, with its line" {
    toy run <<'END'
```console
$ echo a
b
$ echo 1
2
$ echo c; echo d
c
$ echo e
e
f
$ readlink /proc/self/ns/uts /proc/self/ns/net /proc/self/ns/uts
uts:[4026530001]
net:[4026530001]
uts:[4026530001]
$ readlink /proc/self/ns/uts /proc/self/ns/uts
uts:[4026530002]
uts:[4026530003]
$ printf 'pid %s\n' 500 501
pid 500
pid 500
$ sleep 7777 &
[1] 4711
$ kill %1; wait %1
```
END
    [ "$status" = 1 ]
    for line in 3 5 8 10 13 16 20 24; do says "toy.md:$line: "; done
    says '  expected: b' && says '  got:      a' && says '4026530001 stands for' && says 'are the same here'
}
@test "harness: a namespace that is made anew has a number of its own" {
    toy run <<'END'
```console
$ PATH=$PWD/build:$PATH
$ 07-userns-map -- 01-unshare -u -- true
...
  pid:[4026530001]  time:[4026530002]  user:[4026530003]  uts:[4026530004]*
...
$ 07-userns-map -- 01-unshare -u -- true
...
  pid:[4026530001]  time:[4026530002]  user:[4026530005]  uts:[4026530006]*
...
$ 07-userns-map -- 01-unshare -u -- true
...
  pid:[4026530001]  time:[4026530002]  user:[4026530007]  uts:[4026530006]*
...
```
END
    [ "$status" = 1 ] && says '4 of 4 commands typed, 1 differ'
    says 'toy.md:13: '
}
@test "harness: a hang has an end and names the command, and nothing of it stays" {
    limit=3
    [ ! -d /run/vm ] || limit=40
    toy run <<'END'
```console
$ echo a
a
$ sleep 7777 & sleep 7778
$ echo never
```
END
    [ "$status" = 1 ] && says 'toy.md:4: $ sleep 7777 & sleep 7778' && says "none in $limit seconds"
    says '1 of 3 commands'
    for file in $(grep -lzx "NSTEPS_TEST=$NSTEPS_TEST" /proc/[0-9]*/environ 2>/dev/null); do
        refute grep -qz '^sleep$' "${file%environ}cmdline"
    done
}
@test "harness: what is meant for the container is never typed outside, nor an unknown pid" {
    toy run <<'END'
```console
$ false sh
box# echo "typed out""side"
```
END
    [ "$status" = 1 ] && says 'toy.md:3: box#' && says "the prompt '$ '" && refute says 'typed outside'
    toy run <<'END'
```console
$ kill -0 4711
```
END
    [ "$status" = 1 ] && says 'a pid that has been shown before'
    toy run <<'END'
```console
$ : echo 4711 >cgroup.procs
```
END
    [ "$status" = 1 ] && says 'a pid that has been shown before'
}
@test "harness: what is left behind at the end is told, and ended" {
    toy run <<'END'
```console
$ setsid sleep 7777 >/dev/null & sleep 0.5
[1] 4711
...
```
END
    [ "$status" = 1 ] && says 'nothing is left behind' && says 'sleep 7777'
    refute grep -q 'NSTEPS_TUTORIAL' <(cat "/proc/$(sed -n 's/.*process \([0-9]*\):.*/\1/p' <<<"$out")/environ" 2>/dev/null)
}
@test "harness: refresh writes the real output, keeps what was true, and then it is true" {
    toy refresh <<'END'
# A toy
```console
$ readlink /proc/self/ns/uts
uts:[4026530001]
$ echo a; readlink /proc/self/ns/uts; id -un
b
$ echo c
c
```
The end.
END
    [ "$(tail -n 8 "$BATS_TEST_TMPDIR/toy.md")" = '$ echo a; readlink /proc/self/ns/uts; id -un
a
uts:[4026530001]
student
$ echo c
c
```
The end.' ] && says '+student'
    run_split tests/tutorial run "$BATS_TEST_TMPDIR/toy.md"
    [ "$status" = 0 ]
}
@test "harness: a report's call may be on the first line or the second; cgroup v2 is on /sys/fs/cgroup" {
    needs_root
    toy run <<'END'
```console
# PATH=$PWD/build:$PATH
# 05-cgroup nsteps-test-toy cgroup.max.depth=4 -- cat /sys/fs/cgroup/nsteps-test-toy/cgroup.max.depth
05-cgroup    pid 4711   mkdir /sys/fs/cgroup/nsteps-test-toy; echo 0 > nsteps-test-toy/cgroup.procs
...
4
```
```console
# 01-unshare -u -- true
01-unshare   pid 4712
  unshare(CLONE_NEWUTS)
...
```
END
    [ "$status" = 0 ] || { echo "$out"; false; }
}
@test "harness: a note may be folded elsewhere, as a longer pid would make it; its words count" {
    toy run <<'END'
```console
$ PATH=$PWD/build:$PATH
$ 07-userns-map -- 01-unshare --pid -- true
...
  note: /proc still
  shows the pid namespace outside, and so do ps and top: 02-mountproc on this
  / mounts another one
$ 07-userns-map -- 01-unshare --pid -- true
...
  note: /proc still shows the pid namespace outside, and so do ps and top:
  02-mountproc on this / mounts no other one
```
END
    [ "$status" = 1 ]
    says 'toy.md:10: ' && says '3 of 3 commands typed, 1 differ'
}
@test "harness: form: excerpts, links, files, hidden prompts, unknown needs, too many dots or not run" {
    toy check <<'END'
<!-- needs: moon -->
```console
$ echo a
...
```
*Not run by the tests: it waits.*
```console
$ one
```
*Not run by the tests: it waits.*

```console
$ two
```
*Not run by the tests: it waits.*
```console
$ three
```
```text
# rm
```
```c steps/01-unshare.c
    return unshare(flag);
```
```c steps/no.c
```
[a](no.md) [b](#no-heading) [c](02-mountproc.md) `lib/no.c` `lib/join.c`
END
    [ "$status" = 1 ]
    says 'toy.md:1: needs: moon' && says 'toy.md:1: 3 blocks are not run' && says 'toy.md:1: 1 of 1 output lines'
    says 'toy.md:20: a prompt in a block' && says 'toy.md:22: this is not in steps/01-unshare.c'
    says 'toy.md:25: there is no file' && says 'the link no.md' && says 'the link #no-heading' && says 'no file lib/no.c'
    [ "$(wc -l <<<"$out")" = 9 ]
}
@test "harness: a block for which something is missing is skipped, with the reason" {
    toy run <<'END'
<!-- needs: tool:no-such-tool -->
```console
$ sh
box# no-such-tool
box# exit
```
```console
$ echo a
a
```
END
    if [ -d /run/vm ] && [ "$(id -u)" = 0 ]; then says 'this block is run nowhere' && return; fi
    [ "$status" = 0 ] && says 'skipped: line 3: needs no-such-tool' && says '1 of 4 commands typed'
}

# ---- the chapters

file_of() {
    file=$(echo tutorial/"$1"-*.md)
    [ ! -d /run/vm ] || needs_root # who types both users' commands; a virtual machine is slow
}
# Each command, typed.
chapter() {
    file_of "$1"
    tests/tutorial run "$file"
}
# The form; and an output line, an inode and an excerpt altered: noticed? The record is of the run before.
control() {
    file_of "$1"
    tests/tutorial check "$file"
    tests/tutorial control "$file"
}
# What could not be run here, and why.
whole() {
    local reasons
    file_of "$1"
    reasons=$(cut -d ' ' -f 2- "$KEEP/${file##*/}.skipped" | sort -u)
    [ -z "$reasons" ] || skip "$(sed '2,$!b; /^root only$/d' <<<"$reasons" | paste -sd ';')"
}

@test "00: what it shows is what happens" { chapter 00; }
@test "00: its form; what is altered is noticed" { control 00; }
@test "00: every block" { whole 00; }
@test "01: what it shows is what happens" { chapter 01; }
@test "01: its form; what is altered is noticed" { control 01; }
@test "01: every block" { whole 01; }
@test "02: what it shows is what happens" { chapter 02; }
@test "02: its form; what is altered is noticed" { control 02; }
@test "02: every block" { whole 02; }
@test "03: what it shows is what happens" { chapter 03; }
@test "03: its form; what is altered is noticed" { control 03; }
@test "03: every block" { whole 03; }
@test "04: what it shows is what happens" { chapter 04; }
@test "04: its form; what is altered is noticed" { control 04; }
@test "04: every block" { whole 04; }
@test "05: what it shows is what happens" { chapter 05; }
@test "05: its form; what is altered is noticed" { control 05; }
@test "05: every block" { whole 05; }
@test "06: what it shows is what happens" { chapter 06; }
@test "06: its form; what is altered is noticed" { control 06; }
@test "06: every block" { whole 06; }
@test "07: what it shows is what happens" { chapter 07; }
@test "07: its form; what is altered is noticed" { control 07; }
@test "07: every block" { whole 07; }
@test "08: what it shows is what happens" { chapter 08; }
@test "08: its form; what is altered is noticed" { control 08; }
@test "08: every block" { whole 08; }
@test "09: what it shows is what happens" { chapter 09; }
@test "09: its form; what is altered is noticed" { control 09; }
@test "09: every block" { whole 09; }

@test "the index: its links, and every chapter that is there" {
    tests/tutorial check tutorial/README.md tutorial/TEACHING.md
    for file in tutorial/[0-9]*.md; do [ ! -e "$file" ] || grep -q "](${file##*/})" tutorial/README.md; done
}
