#!/usr/bin/env bats
# One feature each: the system calls of a step that change something are those of its chapter, and no more.
#
# tests/changes says which calls count (all but those in its list) and writes them so that they can be compared:
# FD, PID, DIR (the new root) and CWD stand for what is different each time. In the tables below `*` marks the
# feature, what the chapter is about; the rest is plumbing, which is the same for all steps and has a name here.
load helper

# SIGCHLD is needed to wait for a child, whatever the caller has done with it.
BEGIN_='step: rt_sigaction(SIGCHLD, SIG_DFL)'
# COMMAND's file may be the container's, and must not lead back to the step's own: lib/copy.c.
COPY='step: execveat: goes on from a copy of itself'
# ulimit -f is not to kill the step while it copies.
COPIES='step: rt_sigaction(SIGXFSZ, SIG_IGN)
  step: rt_sigaction(SIGXFSZ, SIG_DFL)'
# `-`: become who the step before is. (Before that, setns, chroot and chdir: these stand in each table.)
IDENTITY='step: prctl(PR_SET_KEEPCAPS, 1)
step: setresgid(0, 0, 0)
step: setresuid(0, 0, 0)
step: prctl(PR_SET_KEEPCAPS, 0)
step: capset(what the step before has)
step: prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
step: prctl(PR_SET_DUMPABLE, SUID_DUMP_USER)'
# Left behind: the next step may look at it, and Ctrl-C and a reader that has gone do not end it.
STAY='step: prctl(PR_SET_DUMPABLE, SUID_DUMP_USER)
step: rt_sigaction(SIGPIPE, SIG_IGN)
step: rt_sigaction(SIGINT, SIG_IGN)'
# COMMAND as a child: while it is still a copy of the step nobody may look at it.
FORK='step: prctl(PR_SET_DUMPABLE, SUID_DUMP_DISABLE)
step: fork()
step: setpgid(PID, PID)
step: chdir("/")'
child_command() { # NUMBER
    echo "child $1: setpgid(0, 0)
child $1: prctl(PR_SET_PDEATHSIG, SIGKILL)
child $1: execve: becomes COMMAND"
}
COMMAND='step: execve: becomes COMMAND'

# changes LINE: what the step behind $T in that line of shell changes. Compared with the table on stdin.
changes() {
    needs_tool strace
    export T="strace -f -y -o $BATS_TEST_TMPDIR/trace"
    export DIR_=$BATS_TEST_TMPDIR/root
    mkdir -p "$DIR_"/{proc,sys,dev,bin}
    cp "$(command -v busybox || echo "$ROOTFS/bin/true")" "$DIR_/bin/true"
    bash -c "$1" >/dev/null 2>"$BATS_TEST_TMPDIR/err" </dev/null || :
    tests/changes "$DIR_" "$PWD" <"$BATS_TEST_TMPDIR/trace" >"$BATS_TEST_TMPDIR/changes"
}
are() { # the table on stdin
    sed 's/^[* ] //' >"$BATS_TEST_TMPDIR/table"
    diff "$BATS_TEST_TMPDIR/table" "$BATS_TEST_TMPDIR/changes"
}

@test "01-unshare -- COMMAND changes: unshare, the propagation, the hostname; and it starts PID 1" {
    needs_root
    changes '$T 01-unshare --hostname box -- true'
    are <<EOF
  $BEGIN_
* step: unshare(CLONE_NEWNS|CLONE_NEWUTS|CLONE_NEWIPC|CLONE_NEWPID|CLONE_NEWNET)
* step: mount(NULL, "/", NULL, MS_REC|MS_PRIVATE, NULL)
* step: sethostname("box", 3)
  $COPIES
  step: prctl(PR_SET_DUMPABLE, SUID_DUMP_DISABLE)
* step: fork()
  step: prctl(PR_SET_DUMPABLE, SUID_DUMP_USER)
  $FORK
  step: prctl(PR_SET_DUMPABLE, SUID_DUMP_USER)
  step: kill(PID, SIGKILL)
* child 1: setsid()
* child 1: chdir("/")
* child 1: execveat: becomes PID 1
* child 1: prctl(PR_SET_PDEATHSIG, SIGKILL)
* child 1: prctl(PR_SET_NAME, "01-init")
  $(child_command 2)
EOF
}
@test "01-unshare left behind changes: unshare" {
    needs_root
    changes '$T 01-unshare -u | head -n 1'
    are <<EOF
  $BEGIN_
* step: unshare(CLONE_NEWUTS)
  $STAY
EOF
}
@test "02-mountproc -- COMMAND changes: mount" {
    needs_root
    changes '01-unshare -m -- $T 02-mountproc $DIR_ -- true'
    are <<EOF
  $BEGIN_
* step: mount("proc", "DIR/proc", "proc", MS_NOSUID|MS_NODEV|MS_NOEXEC, NULL)
  $COMMAND
EOF
}
@test "02-mountproc --sys --dev changes: mount, and the nodes and links of /dev" {
    needs_root
    changes '01-unshare -m -- $T 02-mountproc --sys --dev $DIR_ -- true'
    are <<EOF
  $BEGIN_
* step: mount("sysfs", "DIR/sys", "sysfs", MS_RDONLY|MS_NOSUID|MS_NODEV|MS_NOEXEC, NULL)
$(for node in null zero full random urandom tty; do
        echo "* step: open_tree(AT_FDCWD, \"/dev/$node\", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC)"
    done)
* step: mount("tmpfs", "DIR/dev", "tmpfs", MS_NOSUID|MS_STRICTATIME, "mode=755")
$(for node in null zero full random urandom tty; do
        minor=ADDRESS
        [ $node != tty ] || minor=0
        echo "* step: mknodat(FD, \"$node\", S_IFCHR|0666, makedev(ADDRESS, $minor))"
        echo "* step: fchmodat(FD, \"$node\", 0666)"
    done)
* step: symlinkat("/proc/self/fd", FD, "fd")
* step: symlinkat("/proc/self/fd/0", FD, "stdin")
* step: symlinkat("/proc/self/fd/1", FD, "stdout")
* step: symlinkat("/proc/self/fd/2", FD, "stderr")
* step: symlinkat("pts/ptmx", FD, "ptmx")
* step: mkdirat(FD, "pts", 0755)
* step: mount("devpts", "DIR/dev/pts", "devpts", MS_NOSUID|MS_NOEXEC, "newinstance,ptmxmode=0666,mode=6"...)
* step: mkdirat(FD, "shm", 0755)
* step: mount("tmpfs", "DIR/dev/shm", "tmpfs", MS_NOSUID|MS_NODEV|MS_NOEXEC, "mode=1777")
* step: mount("proc", "DIR/proc", "proc", MS_NOSUID|MS_NODEV|MS_NOEXEC, NULL)
  $COMMAND
EOF
}
@test "02-mountproc - changes: mount, in a child that is born in the pid namespace" {
    needs_root
    changes '01-unshare -m -p | $T 02-mountproc - $DIR_ | head -n 1'
    are <<EOF
  $BEGIN_
  step: setns(FD, CLONE_NEWPID)
  step: setns(FD, CLONE_NEWNS)
  step: fchdir(FD)
  step: chroot(".")
  step: chdir("CWD")
  $IDENTITY
  step: prctl(PR_SET_DUMPABLE, SUID_DUMP_DISABLE)
  step: fork()
  step: prctl(PR_SET_DUMPABLE, SUID_DUMP_USER)
  $STAY
  child 1: prctl(PR_SET_PDEATHSIG, SIGKILL)
* child 1: mount("proc", "DIR/proc", "proc", MS_NOSUID|MS_NODEV|MS_NOEXEC, NULL)
EOF
}
@test "03-chroot -- COMMAND changes: chroot, chdir" {
    needs_root
    changes '$T 03-chroot $DIR_ -- /bin/true'
    are <<EOF
  $COPY
  $BEGIN_
* step: chroot("DIR")
* step: chdir("/")
  $COMMAND
EOF
}
@test "03-chroot - changes: chroot, chdir" {
    needs_root
    changes '01-unshare -m | $T 03-chroot - $DIR_ | head -n 1'
    are <<EOF
  $BEGIN_
  step: setns(FD, CLONE_NEWNS)
  step: fchdir(FD)
  step: chroot(".")
  step: chdir("CWD")
  $IDENTITY
* step: chroot("DIR")
* step: chdir("/")
  $STAY
EOF
}
PIVOT='step: setns(FD, CLONE_NEWNS)
* step: fchdir(FD)
* step: mount("DIR", "DIR", NULL, MS_BIND|MS_REC, NULL)
* step: chdir("DIR")
* step: pivot_root(".", ".")
* step: umount2(".", MNT_DETACH)
* step: chdir("/")'
@test "04-pivot_root -- COMMAND changes: pivot_root; the bind mount before it and the umount after" {
    needs_root
    changes '01-unshare -m -- $T 04-pivot_root $DIR_ -- /bin/true'
    are <<EOF
  $COPY
  $BEGIN_
* step: chdir("DIR")
* $PIVOT
  $COMMAND
EOF
}
@test "04-pivot_root - changes: the same, from the root that 03 has set" {
    needs_root
    changes '01-unshare -m -p | 03-chroot - $DIR_ | $T 04-pivot_root - | head -n 1'
    are <<EOF
  $BEGIN_
  step: setns(FD, CLONE_NEWPID)
  step: setns(FD, CLONE_NEWNS)
  step: fchdir(FD)
  step: chroot(".")
  step: chdir("/")
  $IDENTITY
* step: chdir("/")
* $PIVOT
  $STAY
EOF
}
# 05's janitor, who is outside of everything, and removes the cgroup at the end.
JANITOR="child 1: setsid()
child 1: prctl(PR_SET_NAME, \"05-janitor\")
child 1: prctl(PR_SET_DUMPABLE, SUID_DUMP_DISABLE)
child 1: chdir(\"/\")
child 1: write \"0\" to cgroup.procs
child 1: write PID to cgroup.procs
child 1: unlinkat(FD, \"$NAME\", AT_REMOVEDIR)
child 1: flock(FD, LOCK_EX|LOCK_NB)"
@test "05-cgroup -- COMMAND changes: mkdir, write, write; and a janitor undoes it" {
    needs_root
    [ -n "$CGROUP2" ] || skip 'cgroup v2 is mounted nowhere'
    changes "\$T 05-cgroup $NAME cgroup.max.depth=2 -- true"
    are <<EOF
  $BEGIN_
  step: fork()
  step: flock(FD, LOCK_EX|LOCK_NB)
* step: mkdirat(FD, "$NAME", 0755)
* step: write "2" to cgroup.max.depth
* step: write "0" to cgroup.procs
  $FORK
  step: prctl(PR_SET_NAME, "05-ending")
  step: rt_sigaction(SIGPIPE, SIG_IGN)
  step: rt_sigaction(SIGPIPE, SIG_DFL)
  $JANITOR
  $(child_command 2)
EOF
}
@test "05-cgroup - changes: the same" {
    needs_root
    [ -n "$CGROUP2" ] || skip 'cgroup v2 is mounted nowhere'
    changes "01-unshare -u | \$T 05-cgroup - $NAME cgroup.max.depth=2 | head -n 1"
    are <<EOF
  $BEGIN_
  step: fork()
  step: flock(FD, LOCK_EX|LOCK_NB)
* step: mkdirat(FD, "$NAME", 0755)
* step: write "2" to cgroup.max.depth
  step: setns(FD, CLONE_NEWUTS)
  step: chdir("CWD")
  $IDENTITY
* step: write "0" to cgroup.procs
  $STAY
  step: prctl(PR_SET_NAME, "05-ending")
  step: rt_sigaction(SIGPIPE, SIG_IGN)
  step: rt_sigaction(SIGPIPE, SIG_IGN)
  $JANITOR
EOF
}
@test "06-nsenter --target changes: setns" {
    needs_root
    hold "$BATS_TEST_TMPDIR/box" 01-unshare -u -n
    changes "\$T 06-nsenter --target $held -u -n -- true"
    are <<EOF
  $COPY
  $BEGIN_
* step: setns(FD, CLONE_NEWNET)
* step: setns(FD, CLONE_NEWUTS)
  step: prctl(PR_SET_DUMPABLE, SUID_DUMP_USER)
  $COMMAND
EOF
}
@test "06-nsenter - changes: setns, root, working directory, ids: all that joining is" {
    needs_root
    changes '01-unshare -m -u | $T 06-nsenter - -- true'
    are <<EOF
  $COPY
  step: prctl(PR_SET_NAME, "06-nsenter")
  $BEGIN_
* step: setns(FD, CLONE_NEWNS)
* step: setns(FD, CLONE_NEWUTS)
* step: fchdir(FD)
* step: chroot(".")
* step: chdir("CWD")
  $IDENTITY
  $FORK
  $(child_command 1)
EOF
}
@test "07-userns-map -- COMMAND changes: unshare, the two maps, the ids; and the keyring" {
    needs_root
    changes '$T 07-userns-map --map 0:100000:65536 -- true'
    are <<EOF
  $BEGIN_
  step: fork()
* step: unshare(CLONE_NEWUSER)
  step: rt_sigaction(SIGPIPE, SIG_IGN)
  step: rt_sigaction(SIGPIPE, SIG_DFL)
* step: setgroups(0, NULL)
* step: setresgid(0, 0, 0)
* step: setresuid(0, 0, 0)
* step: keyctl(KEYCTL_JOIN_SESSION_KEYRING)
  step: prctl(PR_SET_DUMPABLE, SUID_DUMP_USER)
  $COMMAND
* child 1: write "0 100000 65536\n" to gid_map
* child 1: write "0 100000 65536\n" to uid_map
EOF
}
@test "07-userns-map of an ordinary user changes: setgroups, too, and may not drop groups" {
    needs_user
    changes '$T 07-userns-map -- true'
    are <<EOF
  $BEGIN_
  step: fork()
* step: unshare(CLONE_NEWUSER)
  step: rt_sigaction(SIGPIPE, SIG_IGN)
  step: rt_sigaction(SIGPIPE, SIG_DFL)
* step: setgroups(0, NULL) fails: EPERM
* step: setresgid(0, 0, 0)
* step: setresuid(0, 0, 0)
* step: keyctl(KEYCTL_JOIN_SESSION_KEYRING)
  step: prctl(PR_SET_DUMPABLE, SUID_DUMP_USER)
  $COMMAND
* child 1: write "deny" to setgroups
* child 1: write "0 $(id -g) 1\n" to gid_map
* child 1: write "0 $(id -u) 1\n" to uid_map
EOF
}
@test "07-userns-map - changes: the maps of the namespace that 01 has made" {
    needs_root
    changes '01-unshare -u --user | $T 07-userns-map - --map 0:100000:65536 | head -n 1'
    are <<EOF
  $BEGIN_
* step: write "0 100000 65536\n" to gid_map
* step: write "0 100000 65536\n" to uid_map
  step: setgroups(those of the step before)
  step: setns(FD, CLONE_NEWUTS|CLONE_NEWUSER)
  step: chdir("CWD")
  step: keyctl(KEYCTL_JOIN_SESSION_KEYRING)
  step: capset(what the step before has)
  step: prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
  step: prctl(PR_SET_DUMPABLE, SUID_DUMP_USER)
* step: setgroups(0, NULL)
* step: setresgid(0, 0, 0)
* step: setresuid(0, 0, 0)
* step: keyctl(KEYCTL_JOIN_SESSION_KEYRING)
  step: prctl(PR_SET_DUMPABLE, SUID_DUMP_USER)
  $STAY
EOF
}
@test "08-capset -- COMMAND changes: the bounding set, the other sets, no_new_privs" {
    needs_root
    changes '$T 08-capset --drop all --no-new-privs -- true'
    are <<EOF
  $BEGIN_
* step: prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
* step: prctl(PR_CAPBSET_DROP, each one)
* step: capset({effective=0, permitted=0, inheritable=0})
  $COMMAND
EOF
}
@test "08-capset - changes: the same" {
    needs_root
    changes '01-unshare -u | $T 08-capset - --keep chown -- true'
    are <<EOF
  $COPIES
  $COPY
  step: prctl(PR_SET_NAME, "08-capset")
  $BEGIN_
  step: setns(FD, CLONE_NEWUTS)
  step: chdir("CWD")
  $IDENTITY
* step: prctl(PR_CAPBSET_DROP, each one)
* step: capset({effective=1<<CAP_CHOWN, permitted=1<<CAP_CHOWN, inheritable=0})
  $FORK
  $(child_command 1)
EOF
}
@test "control: one call more is seen, also one that nobody has thought of" {
    needs_tool strace
    needs_tool gcc
    printf '%s\n' '#include <fcntl.h>' '#include <sys/stat.h>' '#include <unistd.h>' \
        'int main(int argc, char **argv) { fcntl(1, F_GETFD); umask(7); return execvp(argv[argc - 1], argv + argc - 1); }' \
        >"$BATS_TEST_TMPDIR/more.c"
    gcc -static -w -o "$BATS_TEST_TMPDIR/more" "$BATS_TEST_TMPDIR/more.c"
    changes "\$T $BATS_TEST_TMPDIR/more true"
    are <<EOF
  step: umask(007)
  $COMMAND
EOF
}
