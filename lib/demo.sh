#!/bin/sh
# demo.sh - what `make demo` and `make shell` run: the eight steps as one pipeline.
#
#   lib/demo.sh demo|shell|try BUILD ROOTFS
#
# BUILD has the steps, ROOTFS is the new root. V=1 in the environment shows the steps' own reports;
# MAP=FILE.svg draws them (lib/map.sh), as a map of the namespaces of the very run that is shown.
# "try" only runs the pipeline, for lib/doctor.sh: its status is that of the demo.
# POSIX sh and awk; the payload, too, uses only what the shell has built in, for the root
# filesystem may be any.
set -u
export LC_ALL=C

mode=$1 build=$2 rootfs=$3
map=$(dirname "$0")/map.sh
# As root we would make it as an ordinary file, by writing to it.
[ -c /dev/null ] || { echo 'demo: /dev/null is not there (02-mountproc --dev makes one)' >&2; exit 1; }
PATH=$(cd "$build" && pwd):$PATH:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
work=$(mktemp -d) || exit 1
NSTEPS_DEMO=$$ # a mark in the environment: which processes are ours?
export NSTEPS_DEMO
trap 'rm -rf "$work"' EXIT
trap 'exit 141' PIPE
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- which limit, and is there a place for a cgroup? Tried for real, with a cgroup that goes again.

name=demo
limit=
no_cgroup=
no_limit=
try_cgroup() {
    05-cgroup "$name-try-$$" "$1" -- true 2>"$work/try" && limit=$1
}
choose_limit() {
    if ! try_cgroup pids.max=32; then
        no_limit=$(sed -n 's/^  because: //p' "$work/try")
        try_cgroup cgroup.max.descendants=4 || no_cgroup=$(sed -n 's/^  because: //p' "$work/try")
    fi
    05-cgroup "$name" -- true 2>/dev/null || name=demo-$$ # somebody else's demo may be running
}

# ---- the pipeline. Root takes the steps in their order; an ordinary user has to make his user
# namespace first, for only there may he do the rest.

cgroup_step() { # what stands for 05: the step, or nothing
    if [ -n "$limit" ]; then echo "05-cgroup - $name $limit | "; fi
}
choose_pipeline() {
    dir=$(quote "$rootfs")
    if [ "$(id -u)" = 0 ]; then
        user=root
        steps="01-unshare --hostname box | 02-mountproc - --dev $dir | 03-chroot - $dir | "
        steps="$steps""04-pivot_root - | $(cgroup_step)06-nsenter - | 07-userns-map - | "
    else
        user=ordinary
        steps="01-unshare -m -u -i -n -p --user --hostname box | 07-userns-map - | "
        steps="$steps""02-mountproc - --dev $dir | 03-chroot - $dir | 04-pivot_root - | "
        steps="$steps$(cgroup_step)06-nsenter - | "
    fi
    steps="$steps""08-capset - --drop all"
}
quote() { # a path as the shell reads it back
    case $1 in
    *[!A-Za-z0-9_./+-]*) printf "'%s'\n" "$(printf %s "$1" | sed "s/'/'\\\\''/g")" ;;
    *) printf '%s\n' "$1" ;;
    esac
}

# ---- what is asked inside, and (the same questions) on the host

# Runs inside (by eval, below), in whatever sh the new root has. Prints "KEY VALUE" lines, END, and then waits until
# nobody reads any more: echo blocks when the pipe is full, and fails when it is closed.
# shellcheck disable=SC2016,SC2034
payload='
read -r host </proc/sys/kernel/hostname; echo "hostname $host"
echo "ls" /*
while read -r key value rest; do
    case $key in Uid:) echo "id uid $value";; CapEff:) echo "caps $value";; esac
done </proc/self/status
while read -r word rest; do case $word in *:*) echo "net ${word%%:*}";; esac; done </proc/net/dev
while read -r line; do case $line in 0::*) echo "cgroup ${line#0::}";; esac; done </proc/self/cgroup
for dir in /proc/[0-9]*; do
    read -r comm <$dir/comm && echo "process ${dir#/proc/} $comm"
done 2>/dev/null
if command -v hostname >/dev/null; then echo "sethostname $(hostname foo 2>&1)"; fi
if [ "$1" = pids.max=32 ]; then
    echo "forks $( (n=0; while [ $n -lt 64 ]; do sleep 2 >/dev/null 2>&1 & n=$((n+1)); echo $n; done
        ) 2>/dev/null | while read -r n; do echo -n "$n "; done )"
fi
echo END
trap "" PIPE
while echo .; do :; done 2>/dev/null
exit 0'

count_caps() { # the number of bits in a mask such as 000001ffffffffff
    awk -v mask="$1" 'BEGIN {
        for (i = 1; i <= length(mask); i++) {
            digit = index("0123456789abcdef", substr(mask, i, 1)) - 1
            for (; digit > 0; digit = int(digit / 2)) count += digit % 2
        }
        print count + 0 }'
}

# The processes of the container as the host numbers them: "INSIDE OUTSIDE".
container_processes() {
    namespace=$(sed -n '/^01-/,/^[0-9][1-8]-[^u]/s/.*\(pid:\[[0-9]*\]\)\*.*/\1/p' "$work/reports" |
        head -n 1)
    for dir in /proc/[0-9]*; do
        [ "$(readlink "$dir/ns/pid" 2>/dev/null)" = "$namespace" ] || continue
        awk -v pid="${dir#/proc/}" '/^NSpid:/ { print $NF, pid }' "$dir/status" 2>/dev/null
    done
}

# Reads the payload's lines and, when it is done, looks from outside while it still runs.
look() {
    while read -r line; do
        [ "$line" != END ] || break
        printf '%s\n' "$line"
    done >"$work/inside"
    container_processes >"$work/processes"
    payload_pid=$(sort -n "$work/processes" | awk '$1 > 1 { print $2; exit }')
    {
        echo "hostname $(cat /proc/sys/kernel/hostname)"
        echo ls /*
        awk '/^Uid:/ { print "id uid", $2 }' "/proc/${payload_pid:-none}/status"
        awk -F: '/:/ { gsub(/ /, "", $1); print "net", $1 }' /proc/net/dev
        sed -n 's/^0::/cgroup /p' "/proc/$$/cgroup"
        awk '/^CapEff:/ { print "caps", $2 }' "/proc/$$/status"
    } >"$work/host" 2>/dev/null
}

answers() { # all values of KEY in FILE on one line, cut to WIDTH
    awk -v key="$1" -v width="$3" '$1 == key { sub(/^[^ ]+ /, ""); line = line sep $0; sep = " " }
        END { gsub(/ \//, " ", line); sub(/^\//, "", line)
              if (length(line) > width) line = substr(line, 1, width - 3) "..."
              print line }' "$work/$2"
}
row() { printf '%-13s %-33s %s\n' "$1" "$2" "${3-}" | sed 's/ *$//'; }

show_answers() {
    row '' 'FROM INSIDE' 'ON THE HOST'
    row hostname "$(answers hostname inside 32)" "$(answers hostname host 32)"
    row 'ls /' "$(answers ls inside 32)" "$(answers ls host 32)"
    row id "$(answers id inside 32)" "$(answers id host 32) (the same process)"
    row network "$(answers net inside 32)" "$(answers net host 32)"
    if [ -n "$limit" ]; then
        limits=$(awk '/^05-/ { on = 1; next } /^[0-9]/ { on = 0 } on && / = / { print $1, $3 }' \
            "$work/reports")
        row cgroup "/$(answers cgroup inside 16): $limits" "/$(answers cgroup host 30)"
    fi
    row capabilities "$(count_caps "$(answers caps inside 32)")" \
        "$(count_caps "$(answers caps host 32)") (of this shell)"
    label=processes
    while read -r _ pid comm; do
        row "$label" "$pid $comm" "pid $(awk -v p="$pid" '$1 == p { print $2 }' "$work/processes")"
        label=
    done <<EOF
$(grep '^process' "$work/inside")
EOF
    if grep -q '^sethostname' "$work/inside"; then
        row 'hostname foo' "$(sed -n 's/^sethostname *//p' "$work/inside" | cut -c 1-65)"
        if [ $user = root ]; then
            row '' '(a namespace obeys the user namespace it was made in; see 07)'
        else
            row '' '(uid 0 here, but 08 has dropped CAP_SYS_ADMIN)'
        fi
    fi
    if grep -q '^forks' "$work/inside"; then
        row 'fork 64 times' "stopped after $(awk '/^forks/ { print $NF }' "$work/inside")" '(pids.max)'
    fi
}

# ---- what each step changed: from the reports and nothing else

show_changes() {
    if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then colour=1; else colour=0; fi
    echo 'What each step changed. A namespace is known by its number, its inode (as in'
    echo 'ls -l /proc/self/ns): here are the last four digits, * is new.'
    echo
    awk -v colour=$colour '
    function cell(inode, new) {
        text = substr(inode, length(inode) - 3) (new ? "*" : " ")
        return new && colour ? "\033[1;33m" text "\033[0m" : text
    }
    function flush_row(   i, line) {
        if (step == "") return
        if (!host_shown) {
            line = sprintf("%-14s", "the host")
            for (i = 1; i <= types; i++) line = line cell(type[i] in was ? was[type[i]] : now[type[i]], 0)
            sub(/ +$/, "", line)
            print line
            host_shown = 1
        }
        line = sprintf("%-14s", step)
        for (i = 1; i <= types; i++) line = line cell(now[type[i]], new[type[i]])
        line = line " " extra
        sub(/ +$/, "", line)
        print line
    }
    BEGIN {
        types = split("cgroup ipc mnt net pid time user uts", type, " ")
        header = sprintf("%-14s", "")
        for (i = 1; i <= types; i++) header = header sprintf("%-5s", type[i] == "cgroup" ? "cgrp" : type[i])
        print header " and what no inode shows"
    }
    /^[0-9][0-9]-/ {
        flush_row()
        step = $1; extra = ""; in_was = 0
        split("", was); split("", now); split("", new)
        if (step ~ /^02/) extra = "own /proc"
        if (step ~ /^03/) extra = "/ of one process"
        if (step ~ /^04/) extra = "/ of the mount namespace"
        if (step ~ /^06/) extra = "nothing, joined"
        next
    }
    /^  was/ { in_was = 1 }
    /^  [a-z]+:\[/ { in_was = 0 }
    /[a-z]+:\[[0-9]+\]/ {
        for (i = 1; i <= NF; i++) if ($i ~ /^[a-z]+:\[[0-9]+\]\*?$/) {
            split($i, part, /[]:[]+/)
            if (in_was) was[part[1]] = part[2]
            else { now[part[1]] = part[2]; new[part[1]] = $i ~ /\*$/ }
        }
        next
    }
    { in_was = 0 }
    step ~ /^01/ && /PID 1 in there is pid/ { extra = "PID 1 is pid " $7 " here" }
    step ~ /^05/ && / = / { extra = $1 " -> " $3; sub(/^cgroup\./, "", extra) }
    step ~ /^07/ && /in here is uid/ { extra = $2 " is uid " $7 }
    step ~ /^08/ && /CapEff/ { extra = $5 " capabilities -> " $8 }
    END { flush_row() }' "$work/reports"
}

# ---- before = after

state() { # of the host, as far as a container could have changed it
    sort /proc/self/mountinfo >"$work/mounts.$1"
    mount_point=$(awk '/ - cgroup2 / { print $5; exit }' /proc/self/mountinfo)
    find "${mount_point:-/nonexistent}" -type d -user "$(id -u)" 2>/dev/null | sort >"$work/cgroups.$1"
    grep -lszx "NSTEPS_DEMO=$NSTEPS_DEMO" /proc/[0-9]*/environ >"$work/processes.$1"
}
show_state() {
    line='Afterwards:' left=0
    for what in mounts cgroups processes; do
        before=$(wc -l <"$work/$what.before") after=$(wc -l <"$work/$what.after")
        line="$line $what $((before)) = $((after)),"
        cmp -s "$work/$what.before" "$work/$what.after" || left=1
    done
    if [ $left = 0 ]; then
        echo "${line%,}. Nothing stays."
    else
        echo "Afterwards something on this machine is different (another program may have done it):"
        for what in mounts cgroups processes; do
            diff "$work/$what.before" "$work/$what.after" | sed -n 's/^[<>]/  &/p'
        done
    fi
}

show_pipeline() { # within 80 columns, to be pasted
    case $build in
    /*) echo "  PATH=$build:\$PATH" ;;
    *) echo "  PATH=\$PWD/$build:\$PATH" ;;
    esac
    echo "$steps -- sh" | awk '{
        words = split($0, part, / \| /)
        line = "  "
        for (i = 1; i <= words; i++) {
            text = part[i] (i < words ? " |" : "")
            if (length(line) + length(text) > 78) { print line; line = "    " }
            line = line (line ~ /[^ ]/ ? " " : "") text
        }
        print line }'
}

show_left_out() {
    if [ $user = ordinary ]; then
        echo 'As an ordinary user: 07 comes second, for only in a user namespace of his own'
        echo 'may he do the rest; uid 0 inside is himself outside.'
    fi
    if [ -n "$no_cgroup" ]; then
        echo "Left out: 05-cgroup, because $no_cgroup." | fold -s -w 79 | sed 's/ *$//'
    elif [ -n "$no_limit" ]; then
        echo "Another file than pids.max: $no_limit." | fold -s -w 79 | sed 's/ *$//'
    fi
}

demo() {
    [ -z "${MAP-}" ] || "$map" --try "$MAP" || exit 1
    state before
    echo 'A container is an ordinary process to which the kernel gives different answers.'
    echo 'Eight small programs, joined by pipes, make one out of this machine:'
    echo
    show_pipeline
    echo
    : >"$work/reports"
    { eval "$steps -- sh -c \"\$payload\" sh '$limit'" 2>"$work/reports"; echo $? >"$work/status"; } |
        look
    if [ "$(cat "$work/status")" != 0 ] || ! [ -s "$work/inside" ]; then
        cat "$work/reports" >&2
        echo 'demo: the pipeline has failed; its messages are above' >&2
        [ $user = root ] || echo 'demo: as root it may work: sudo make demo' >&2
        exit 1
    fi
    [ -z "${V-}" ] || { cat "$work/reports"; echo; }
    show_answers
    echo
    show_changes
    echo
    show_left_out
    state after
    show_state
    if [ -n "${MAP-}" ]; then
        "$map" "$MAP" <"$work/reports" || exit 1
        echo "The map of this run: $MAP"
    fi
    echo 'Next: "make shell" for a shell in there; README.md; V=1 shows the raw reports.'
}

shell() {
    if [ -t 1 ]; then
        echo 'A shell in the container of "make demo". Try: id; ps -ef; hostname; ls /; ip link.'
        echo 'Ctrl-C ends the job in the foreground, "exit" the shell and with it the container.'
    fi
    # The reports go to a file, and are shown only when something fails; the shell's stderr is the
    # terminal again. Its $SHELL may not exist in there.
    # shellcheck disable=SC2016,SC2034
    start='[ -x "$SHELL" ] || SHELL=/bin/sh; exec "$SHELL" 2>&1'
    # shellcheck disable=SC2016
    eval "$(echo "$steps" | sed 's/ | / 2>>"$work\/reports" | /g') "'2>>"$work/reports" -- sh -c "$start"'
    status=$?
    # What the shell itself ended with, the last command typed in it, is no failure of ours.
    [ $status = 125 ] || [ $status = 127 ] || exit 0
    cat "$work/reports" >&2
    exit $status
}

try() {
    [ "$(eval "$steps -- sh -c 'echo END'")" = END ]
}

choose_limit
choose_pipeline
$mode
