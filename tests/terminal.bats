#!/usr/bin/env bats
# In a real terminal: an interactive shell inside has job control; Ctrl-C and Ctrl-Z reach the
# foreground job and not the container; the caller's terminal is given back.
load helper

setup() {
    BATS_TEST_TMPDIR=${BATS_TEST_TMPDIR:-$(mktemp -d)}
    BEFORE=$(host_state)
    needs_tool tmux
    export TMUX_TMPDIR=$BATS_TEST_TMPDIR
    unset TMUX
    tmux -f /dev/null new-session -d -s t -x 100 -y 50 "PS1='host# ' bash --norc" 3>&-
    wait_until screen_has 'host#'
}
teardown() {
    tmux kill-server 2>/dev/null || :
    assert_host_unchanged "$BEFORE"
}
screen() { tmux capture-pane -p -t t; }
screen_has() { screen | grep -qE -- "$1"; }
press() { tmux send-keys -t t "$@"; }
# type_line TEXT PATTERN: types it, and waits until the screen has PATTERN.
type_line() {
    press -l "$1"
    press Enter
    wait_until screen_has "$2" || { screen; return 1; }
}
enter_shell() {
    type_line "export PATH=$BUILD:\$PATH SHELL=/bin/bash; clear" '^host#'
    type_line "$(pipeline "sh -c 'echo in-\$\$; PS1=box# exec bash --norc -i'") 2>&1" 'in-[0-9]'
    type_line '' 'box#'
}

@test "Ctrl-C ends the foreground job and not the container" {
    enter_shell
    press -l 'echo sleep''ing; sleep 7777'
    press Enter
    wait_until screen_has '^sleeping'
    wait_until find_inside
    press C-c
    type_line 'echo status-$?' 'status-130'
    type_line 'exit 5' 'host#'
    type_line 'echo host-$?' 'host-5'
}
@test "Ctrl-Z stops the foreground job, and fg continues it" {
    enter_shell
    press -l 'sleep 7777'
    press Enter
    wait_until find_inside
    press C-z
    wait_until screen_has 'Stopped'
    type_line 'jobs -r; echo running-$?' 'running-0'
    press -l fg
    press Enter
    wait_until screen_has '^sleep 7777$' # what fg prints
    press C-c
    type_line 'echo status-$?; jobs; echo end' 'status-130'
    type_line 'exit 6' 'host#'
    type_line 'echo host-$?' 'host-6'
}
@test "a root without /dev/tty: COMMAND reads from the terminal all the same" {
    type_line "export PATH=$BUILD:\$PATH; clear" '^host#'
    # An ordinary user has mounted nothing there either: the root's /dev is empty.
    chain="03-chroot $ROOTFS -- 01-unshare -n -p -- sh -c 'test ! -e /dev/tty && read x && echo got \$x'"
    [ "$EUID" = 0 ] || chain="07-userns-map -- $chain"
    press -l "$chain 2>/dev/null; echo rc=\$?"
    press Enter
    press hello Enter
    wait_until screen_has '^got hello'
    wait_until screen_has '^rc=0'
}
@test "COMMAND that ignores SIGHUP and wants a terminal that it cannot have is killed, and does not spin" {
    type_line "export PATH=$BUILD:\$PATH; clear" '^host#'
    # No shell looks after a job whose parent has ended, so nobody will ever give it the terminal.
    type_line "(trap '' HUP; (01-unshare --user -p -- cat /dev/tty; echo rc=\$? >$BATS_TEST_TMPDIR/rc) 2>/dev/null &)" 'host#'
    wait_until has_line "$BATS_TEST_TMPDIR/rc"
    [ "$(<"$BATS_TEST_TMPDIR/rc")" = rc=137 ]
}
@test "the caller can read from the terminal afterwards" {
    type_line "export PATH=$BUILD:\$PATH; clear" '^host#'
    # What is typed before the shell has handed the terminal over would be read in its raw mode.
    type_line "$(pipeline "sh -c 'echo in-\$\$; exec sed -u s/^/got-/'") 2>/dev/null" '^in-[0-9]'
    type_line 'one' '^got-one' # not only the echo of the terminal
    press C-d
    wait_until screen_has '^host# $|^host#$'
    press -l 'read -r x; echo got-$x'
    press Enter
    type_line 'two' 'got-two'
}
@test "Ctrl-C ends a command that is no shell, with 130" {
    type_line "export PATH=$BUILD:\$PATH; clear" '^host#'
    press -l "$(pipeline 'sleep 7777') 2>/dev/null"
    press Enter
    wait_until find_inside
    press C-c
    type_line 'echo "status ${PIPESTATUS[*]}"' 'status (0 )+130'
}
@test "a nested exec chain has job control, too" {
    type_line "export PATH=$BUILD:\$PATH; clear" '^host#'
    type_line "$(chain "sh -c 'echo in-\$\$; PS1=box# exec bash --norc -i'")" 'in-[0-9]'
    press -l 'sleep 7777'
    press Enter
    wait_until find_inside
    press C-z
    wait_until screen_has 'Stopped'
    type_line 'exit; exit 3' 'host#'
    type_line 'echo host-$?' 'host-3'
}
@test "without COMMAND, on a terminal, the step runs the user's shell" {
    type_line "export PATH=$BUILD:\$PATH SHELL=/bin/sh; clear" '^host#'
    type_line '01-unshare --user --uts' 'unshare\(CLONE_NEWUSER'
    type_line 'test /proc/$$/exe -ef /bin/sh; echo is-$?' 'is-0'
    type_line 'exit 4' 'host#'
    type_line 'echo host-$?' 'host-4'
}
@test "reports are coloured on a terminal only, and not with NO_COLOR" {
    run pty '01-unshare --user -- true'
    [[ $output == *$'\033[1;33muts'* ]] || [[ $output == *$'\033[1;33muser'* ]]
    run pty 'NO_COLOR=1 01-unshare --user -- true'
    [[ $output != *$'\033['* ]]
    run 01-unshare --user -- true
    [[ $output != *$'\033['* ]]
}
