#!/bin/sh
# doctor.sh - what `make doctor` runs: what will work on this machine, for whoever runs it?
#
#   lib/doctor.sh BUILD ROOTFS
#
# It finds out by trying: the steps themselves, as their chapters call them. Where one fails, its own
# words are shown. What they make is in namespaces of their own, and the cgroup goes again. The exit
# status is 0 when `make demo` will work, else 1.
# POSIX sh and awk. No other program need be there, nor /proc, nor /dev/null, nor the steps.
set -u
export LC_ALL=C
[ ! -c /dev/null ] || exec </dev/null

# shellcheck disable=SC2034 # rootfs is used in lines that `try` evaluates
here=${0%/*} build=$1 rootfs=$2
[ ! -d "$build" ] || build=$(cd "$build" && pwd)
PATH=$build:$PATH:/usr/sbin:/sbin
export PATH
built=
[ ! -x "$build/01-unshare" ] || built=yes

# ---- the page: "LABEL<tab>TEXT" a line, printed when it is complete

tab='	'
page=
row() { # LABEL TEXT
    page="$page$1$tab$2
"
}

# For awk: print a variable so that `eval` sets it here.
awk_set='function set(name, value) {
    gsub(/\047/, "\047\\\047\047", value)
    print name "=\047" value "\047"
}'

# ---- trying

nothing='03-chroot --help' # a COMMAND that is there wherever the steps are, and needs no library

# try LINE: runs a line of shell. Sets $status and $said (all that it has written), and when it has
# failed also $because and $hint, from the first step that has failed, and $failed, that step's message.
failed='' because='' hint=''
try() {
    if [ -z "$built" ]; then
        status=127 said='' failed='' because="the steps are not in $build" hint='make, which says why not'
        return
    fi
    said=$(eval "$1" 2>&1)
    status=$?
    [ $status != 0 ] || return 0
    eval "$(printf '%s\n' "$said" | awk -v status=$status "$awk_set"'
        /^0[1-8]-[a-z_-]+: / && !/: note: / && failed == "" { failed = $0 }
        /^  because: / && because == "" { because = substr($0, 12) }
        /^  try: / && hint == "" { hint = $0; sub(/^  try: */, "", hint) }
        NF { last = $0 }
        END {
            what = failed
            sub(/^[^ ]*: /, "", what)
            if (last == "") because = "it ended with status " status " and said nothing"
            else if (failed == "") { because = last; sub(/^.*: [0-9]+: (eval: )?/, "", because) }
            else if (because == "") because = what
            else if (because == "not known") because = what ", and it is not known why"
            set("failed", failed)
            set("because", because)
            set("hint", hint)
        }')"
}

# verdict LABEL [REMARK]: the row for what has just been tried. A reason is told once.
told=
verdict() {
    if [ $status = 0 ]; then
        row "$1" "works${2-}"
        return
    fi
    word='not here'
    ! root_only "$1" || word='works as root only'
    tell "$1" "$word"
}
tell() { # LABEL WORD
    case $told in
    *"|$because="*)
        first=${told##*"|$because="}
        row "$1" "$2: see ${first%%|*}"
        ;;
    *)
        row "$1" "$2, because $because"
        [ -z "$hint" ] || row '' "try: $hint"
        told="$told|$because=$1|"
        ;;
    esac
}

# For an ordinary user: would root be spared what has stopped us? That cannot be tried. So it is said
# only where the kernel makes an exception for root, and nothing here restricts root, too.
root_only() { # LABEL
    [ "$uid" != 0 ] && [ -n "$root_is_root" ] || return 1
    case $failed in 05-*) [ -n "$cgroup2_writable" ] && return ;; esac
    [ "$apparmor_userns" != 1 ] || return 0
    case $failed in
    07-* | *CLONE_NEWUSER*) # root needs no user namespace of his own but for 07
        case $1 in 07* | 09* | demo* | test) [ "$userns_clone" = 0 ] ;; *) true ;; esac
        ;;
    02-*) [ -n "$covered" ] ;; # not a rule for mount namespaces of the first user namespace
    *) false ;;
    esac
}

# ---- what can be read. Empty: it is not there

release='' own_uid='' seccomp='' no_new_privs='' bounded='' userns_clone='' apparmor_userns='' apparmor=''
tiocsti='' limits='' chroot='' proc_options='' outer_proc='' covered=''
cgroup2='' cgroup2_writable='' controllers='' v1='' v1_controllers=''
read_facts() {
    eval "$(awk "$awk_set"'
    function first_line(file,   line) {
        if ((getline line <file) <= 0) line = ""
        close(file)
        return line
    }
    function list(text, word) { return text == "" ? word : text " " word }
    BEGIN {
        sys = "/proc/sys/"
        set("release", first_line(sys "kernel/osrelease"))
        set("userns_clone", first_line(sys "kernel/unprivileged_userns_clone"))
        set("apparmor_userns", first_line(sys "kernel/apparmor_restrict_unprivileged_userns"))
        set("tiocsti", first_line(sys "dev/tty/legacy_tiocsti"))
        set("apparmor", first_line("/proc/self/attr/apparmor/current"))

        count = split("cgroup ipc mnt net pid time user uts", type, " ")
        for (i = 1; i <= count; i++) {
            limit = first_line(sys "user/max_" type[i] "_namespaces")
            if (limit == "") continue
            if (++types_with[limit] > types_with[most]) most = limit
            limit_of[type[i]] = limit
        }
        limits = most == "" ? "" : "at most " most " of each type"
        for (i = 1; i <= count; i++)
            if (type[i] in limit_of && limit_of[type[i]] != most)
                limits = limits ", but " limit_of[type[i]] " of " type[i]
        set("limits", limits)

        while ((getline line <"/proc/self/status") > 0) {
            split(line, field)
            if (field[1] == "Uid:") set("own_uid", field[3])
            if (field[1] == "NSpid:" && field[3] != "") set("outer_proc", "yes")
            if (field[1] == "Seccomp:") set("seccomp", field[2])
            if (field[1] == "NoNewPrivs:") set("no_new_privs", field[2])
            # CAP_SYS_ADMIN is number 21: in the sixth digit from the right
            if (field[1] == "CapBnd:" && substr(field[2], length(field[2]) - 5, 1) !~ /[2367abef]/)
                set("bounded", "yes")
        }
        # ID PARENT MAJOR:MINOR ROOT MOUNT-POINT OPTIONS ... - TYPE SOURCE SUPER-OPTIONS
        while ((getline line <"/proc/self/mountinfo") > 0) {
            split(line, field)
            for (dash = 7; field[dash] != "-" && dash < 20; dash++);
            mounts++
            if (field[5] == "/") root = "yes"
            if (field[5] == "/proc" && field[dash + 1] == "proc") set("proc_options", field[6])
            if (field[5] ~ /^\/proc\/./ && field[5] != "/proc/sys/fs/binfmt_misc")
                covered = list(covered, field[5])
            if (field[dash + 1] == "cgroup") v1 = "yes"
            if (field[dash + 1] == "cgroup2" && cgroup2 == "") {
                cgroup2 = field[5]
                set("cgroup2", cgroup2)
                if (("," field[6] "," field[dash + 3] ",") !~ /,ro,/) set("cgroup2_writable", "yes")
                set("controllers", first_line(cgroup2 "/cgroup.controllers"))
            }
        }
        set("chroot", mounts && !root ? "yes" : "")
        set("covered", covered)
        while ((getline line <"/proc/cgroups") > 0) {
            split(line, field)
            if (line !~ /^#/ && field[2] != 0) held = list(held, field[1])
        }
        set("v1", v1)
        set("v1_controllers", held)
    }')"
}

# What a program says, or nothing when it is not there.
ask() { if [ -n "$(command -v "$1")" ]; then "$@"; fi; }

# ---- the machine

machine_row() {
    uid=$(ask id -u)
    uid=${uid:-$own_uid}
    name=$(ask uname -r) arch=$(ask uname -m)
    name=${name:-$release}
    kernel="Linux ${name:-(its release cannot be read)}${arch:+ $arch}"
    case $name in *[Mm]icrosoft*) kernel="$kernel, in Windows (WSL)" ;; esac
    # The first namespaces have fixed numbers, include/linux/proc_ns.h in the kernel's source.
    try "08-capset --no-new-privs -- $nothing"
    inodes=$said inner=
    no_proc=$(printf '%s\n' "$inodes" | awk '/^  .*\/proc .*,$/ { sub(/^ +/, ""); sub(/,$/, ""); print; exit }')
    case $inodes in
    *' pid:['*)
        for first in 'cgroup:[4026531835]' 'pid:[4026531836]' 'user:[4026531837]'; do
            case $inodes in *"$first"*) ;; *) inner="$inner ${first%%:*}" ;; esac
        done
        if [ -n "$inner" ]; then
            kernel="$kernel, in a container or the like: these namespaces are not the machine's first:$inner"
        fi
        ;;
    *) inner='?' ;;
    esac
    root_is_root=
    [ -n "$inner$bounded" ] || [ "$seccomp" != 0 ] || root_is_root=yes
    row kernel "$kernel"
    [ -n "$built" ] || tell steps 'not here'
}

namespace_rows() {
    made='' refused='' reason='' reason_hint=''
    try "01-unshare --all --propagation unchanged -- $nothing"
    if [ $status = 0 ]; then
        made=' cgroup ipc mnt net pid time user uts'
    else
        user=--user
        [ "$uid" != 0 ] || user=
        for type in cgroup ipc mnt net pid time user uts; do
            option=$type
            [ $type != mnt ] || option='mount --propagation unchanged'
            try "01-unshare $user --$option -- $nothing"
            if [ $status = 0 ]; then
                made="$made $type"
            else
                [ -n "$refused" ] || reason=$because reason_hint=$hint
                refused="$refused $type"
            fi
        done
    fi
    because=$reason hint=$reason_hint
    if [ -z "$refused" ]; then row namespaces "can be made:$made"
    elif [ -z "$made" ] && [ "$uid" != 0 ]; then row namespaces 'none can be made: see user namespace'
    elif [ -z "$made" ]; then tell namespaces 'none can be made'
    elif [ "$refused" = ' user' ]; then row namespaces "can be made:$made; not: user (see below)"
    else row namespaces "can be made:$made; not:$refused, because $reason"; fi
    row '' "${limits:-how many cannot be read} (/proc/sys/user/max_*)"
}

user_namespace_rows() {
    try "07-userns-map -- $nothing"
    user_namespace=$status
    if [ $status = 0 ]; then
        row 'user namespace' "works: $(printf '%s\n' "$said" | awk '/ in here is / {
            sub(/ in here /, " inside "); sub(/^ +/, ""); print; exit }')"
    else
        tell 'user namespace' refused
    fi
    list=
    [ -z "$chroot" ] || list="$list, a chroot"
    [ "$userns_clone" != 0 ] || list="$list, kernel.unprivileged_userns_clone is 0 (root may)"
    [ "$apparmor_userns" != 1 ] ||
        list="$list, kernel.apparmor_restrict_unprivileged_userns is 1 (root may)"
    case $apparmor in '' | unconfined*) ;; *) list="$list, AppArmor profile $apparmor" ;; esac
    case $seccomp in '' | 0) ;; *) list="$list, a seccomp filter (Seccomp: $seccomp)" ;; esac
    [ "$no_new_privs" != 1 ] || list="$list, no_new_privs (sudo and newuidmap gain nothing)"
    [ -z "$bounded" ] || list="$list, a bounding set without CAP_SYS_ADMIN"
    if [ -n "$list" ]; then row '' "may be in the way: ${list#, }"
    elif [ -n "$seccomp" ] && [ "$user_namespace" = 0 ]; then row '' 'no sysctl, AppArmor profile or seccomp filter is in the way'; fi
}

proc_row() {
    proc=mounted
    [ -e /proc/self ] || proc='not mounted'
    [ -z "$no_proc" ] || proc=${no_proc#/proc is }
    [ -z "$outer_proc" ] || proc='mounted, but of an outer pid namespace: its pids are not those that we see'
    case ,$proc_options, in *,ro,*) proc="$proc read-only" ;; esac
    if [ -n "$covered" ]; then proc="$proc, partly covered: $covered"
    elif [ "$proc" = mounted ]; then proc="$proc, nothing in it is covered"; fi
    row /proc "$proc"
}

cgroup_rows() {
    if [ -n "$cgroup2" ]; then
        kind="v2 at $cgroup2"
        [ -z "$v1" ] || kind="v1 and v2 (hybrid), $kind"
        [ -n "$cgroup2_writable" ] || kind="$kind, read-only"
        row cgroups "$kind"
        row '' "controllers of v2: ${controllers:-none}${v1:+; of v1: ${v1_controllers:-none}}"
    else
        row cgroups "v2 is not mounted${v1:+; controllers of v1: ${v1_controllers:-none}}"
    fi
    try "05-cgroup nsteps-doctor-$$ cgroup.max.depth=1 -- $nothing"
    cgroup_status=$status
    [ $status = 0 ] || return 0
    place=$(printf '%s\n' "$said" | awk '/mkdir .*\/nsteps-doctor-/ {
        sub(/.*mkdir /, ""); sub(/\/nsteps-doctor-.*/, ""); print; exit }')
    delegated=
    [ ! -r "$place/cgroup.controllers" ] || read -r delegated <"$place/cgroup.controllers" || :
    if [ "$uid" = 0 ]; then row '' "cgroups can be made in $place"
    else row '' "delegated to you: $place, with controllers: ${delegated:-none}"; fi
}

id_rows() {
    try "07-userns-map --auto -- $nothing"
    if [ $status = 0 ]; then
        row 'id ranges' "07-userns-map --auto works: $(printf '%s\n' "$said" | awk '/^  uid_map / {
            sub(/^ +/, ""); print; exit }')"
    else
        tell 'id ranges' '07-userns-map --auto: not here'
    fi
    [ -n "$(command -v newuidmap)" ] ||
        row '' 'newuidmap is not there; an ordinary user needs it for --auto (apt-get install uidmap)'
}

terminal_row() {
    open='what runs inside can type into it (TIOCSTI)'
    case $tiocsti in
    0) row terminal 'to type into it from inside (TIOCSTI) takes CAP_SYS_ADMIN: dev.tty.legacy_tiocsti is 0' ;;
    1) row terminal "$open: dev.tty.legacy_tiocsti is 1" ;;
    *)
        if [ -n "$release" ]; then row terminal "$open: this kernel has no sysctl dev.tty.legacy_tiocsti"
        else row terminal 'whether TIOCSTI is open cannot be told: /proc/sys is not there'; fi
        ;;
    esac
}

# missing PROGRAM[:PACKAGE] ...: sets $missing, and $packages to what apt-get would install.
missing() {
    missing='' packages=''
    for tool; do
        [ -z "$(command -v "${tool%%:*}")" ] || continue
        missing="$missing ${tool%%:*}"
        case "$packages " in *" ${tool#*:} "*) ;; *) packages="$packages ${tool#*:}" ;; esac
    done
    missing=${missing# } packages=${packages# }
}
look_for_tools() { # PURPOSE PROGRAM[:PACKAGE] ...
    purpose=$1
    shift
    missing "$@"
    if [ -z "$missing" ]; then complete="$complete, $purpose"
    else lacking="$lacking; for $purpose $missing (apt-get install $packages)"; fi
}
tool_rows() {
    complete='' lacking=''
    look_for_tools building cc:build-essential make
    look_for_tools tests bats bash ip:iproute2 capsh:libcap2-bin ps:procps hostname \
        unshare:util-linux nsenter:util-linux setpriv:util-linux lsns:util-linux script:bsdutils strace tmux
    missing_for_tests=$missing
    look_for_tools vm qemu-system-x86_64:qemu-system-x86 busybox:busybox-static
    look_for_tools bench hyperfine crun bwrap:bubblewrap
    [ -z "$complete" ] || complete="all there for ${complete#, }"
    [ -z "$lacking" ] || lacking="missing ${lacking#; }"
    row tools "$complete${complete:+${lacking:+; }}$lacking"
}

# ---- chapters, their labs, targets

# The steps as root and, after 07, as an ordinary user calls them.
chapter_rows() {
    own=
    [ "$uid" = 0 ] || own='07-userns-map -- '
    row '' ''
    row 'chapter and lab' ''
    try "08-capset --no-new-privs -- $nothing"
    [ -z "$no_proc" ] || status=1 because=$no_proc hint='02-mountproc mounts one'
    verdict 00
    try "${own}01-unshare --hostname box -- $nothing"
    verdict 01-unshare
    try "${own}01-unshare -m -p -- 02-mountproc -- $nothing"
    verdict 02-mountproc
    try "${own}03-chroot \"\$rootfs\" -- sh -c :"
    chroot_status=$status
    verdict 03-chroot
    try "${own}01-unshare -m -- 04-pivot_root \"\$rootfs\" -- sh -c :"
    verdict 04-pivot_root
    try "05-cgroup nsteps-doctor-$$ cgroup.max.depth=1 -- $nothing"
    if [ $status = 0 ]; then try_limits; fi
    verdict 05-cgroup "${with:-}"
    try "${own}01-unshare --hostname box | 06-nsenter - -- $nothing"
    verdict 06-nsenter
    try "07-userns-map -- $nothing"
    verdict 07-userns-map
    try "${own}08-capset --drop all -- $nothing"
    verdict 08-capset
}
try_limits() {
    good='' bad='' reason=''
    for limit in pids.max=32 memory.max=64M 'cpu.max="50000 100000"'; do
        try "05-cgroup nsteps-doctor-$$ $limit -- $nothing"
        if [ $status = 0 ]; then good="$good ${limit%%=*}"
        else bad="$bad ${limit%%=*}" reason=${reason:-$because}; fi
    done
    status=0 with="${good:+, with$good}${bad:+, without$bad, because $reason}"
}

has_target() { # of the Makefile
    [ -r "$here/../Makefile" ] &&
        awk -v target="$1:" 'index($0, target) == 1 { found = 1 } END { exit !found }' "$here/../Makefile"
}
needs() { # PROGRAM[:PACKAGE] ...: the target cannot work without
    missing "$@"
    [ -z "$missing" ] ||
        { status=1 because="$missing: not installed" hint="apt-get install $packages" failed=''; }
}

demo_rows() {
    remark=
    [ "$cgroup_status" = 0 ] || remark=', without 05-cgroup'
    if [ -c /dev/null ]; then try "\"\$here/demo.sh\" try \"\$build\" \"\$rootfs\""
    else status=1 because='/dev/null is not there' hint='02-mountproc --dev makes one' failed=''; fi
    demo_status=$status demo_because=$because demo_hint=$hint
    verdict 09 "$remark"
    row '' ''
    row 'make target' ''
    verdict 'demo, shell' "$remark"
    has_target test || return 0
    needs bats bash
    [ "$uid" != 0 ] || [ -n "$missing" ] || needs setpriv:util-linux unshare:util-linux
    verdict test "${missing_for_tests:+, without what needs $missing_for_tests}"
}
other_rows() { # LABEL of those that do not need the demo
    if has_target vm; then
        status=0 remark=', as far as can be told without starting it'
        set -- "${NSTEPS_CACHE:-${XDG_CACHE_HOME:-${HOME-}/.cache}/nsteps}"/*/linux-image
        needs qemu-system-x86_64:qemu-system-x86
        if [ ! -d "$1" ]; then
            remark=', as far as can be told, and fetches a kernel first'
            [ $status != 0 ] || needs apt-get:apt dpkg-deb:dpkg
        fi
        verdict 'vm, test-vm' "$remark"
    fi
    if has_target rootfs-debian; then
        status=0
        needs debootstrap
        case "$uid:$chroot_status:$inner " in
        0:0:*user\ *) row rootfs-debian 'not here, because debootstrap makes devices, and in a user namespace nobody may' ;;
        0:0:*) verdict rootfs-debian ', with a network' ;;
        0:*) row rootfs-debian 'not here: see 03-chroot' ;;
        *) row rootfs-debian 'works as root only, because debootstrap makes devices' ;;
        esac
    fi
    if has_target lint; then
        status=0
        needs gcc clang clang-tidy clang-format cppcheck shellcheck
        verdict lint
    fi
    if has_target bench; then
        status=0
        needs hyperfine crun bwrap:bubblewrap
        verdict bench
    fi
}

# ---- printing: 80 columns, what is too long goes on below

show_page() {
    colour=0
    case ${TERM-dumb} in dumb) ;; *) [ ! -t 1 ] || [ -n "${NO_COLOR-}" ] || colour=1 ;; esac
    printf '%s' "$page" | awk -F "$tab" -v colour=$colour '
    BEGIN {
        indent = 16
        paint["works as root only"] = "1;33"
        paint["works"] = "1;32"
        paint["not here"] = paint["refused"] = "1;31"
    }
    function show(   words) {
        if (colour && match(line, /^(works as root only|works|not here|refused)/)) {
            words = substr(line, 1, RLENGTH)
            line = "\033[" paint[words] "m" words "\033[0m" substr(line, RLENGTH + 1)
        }
        line = sprintf("%-" indent "s", label) line
        sub(/ +$/, "", line)
        print line
        label = line = ""
    }
    {
        label = $1
        count = split($2, word, " ")
        for (i = 1; i <= count; i++) {
            for (; length(word[i]) > 80 - indent; word[i] = substr(word[i], 80 - indent + 1)) {
                if (line != "") show() # a long path, in pieces
                line = substr(word[i], 1, 80 - indent)
                show()
            }
            if (line != "" && length(line) + 1 + length(word[i]) > 80 - indent) show()
            line = line (line == "" ? "" : " ") word[i]
        }
        if (line != "" || label != "" || count == 0) show()
    }'
}

read_facts
machine_row
namespace_rows
user_namespace_rows
proc_row
cgroup_rows
id_rows
terminal_row
tool_rows
chapter_rows
demo_rows
other_rows
case $uid in 0) who=root ;; '') who='somebody whose uid cannot be read' ;; *) who="uid $uid, an ordinary user" ;; esac
row '' ''
if [ $demo_status = 0 ]; then
    row 'make demo' 'will work'
else
    row 'make demo' "will not work, because $demo_because"
    [ -z "$demo_hint" ] || row '' "try: $demo_hint"
fi
echo "What works on this machine, for $who:"
echo
show_page
[ $demo_status = 0 ]
