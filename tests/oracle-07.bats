#!/usr/bin/env bats
# 07-userns-map beside unshare(1), echo into uid_map and gid_map, newuidmap(1) and newgidmap(1), and nsenter(1).
load helper
load oracle

PLAIN=1 # an ordinary user starts in no user namespace of his own

# INNER is for `bash -c "$INNER"`: a process in a new user namespace, $p; MAPS maps it; then in, as UID and GID.
mapped() { # MAPS UID GID
    export INNER="unshare --user setpriv --pdeathsig KILL sleep 7777 & p=\$!
        until [ \"\$(</proc/\$p/comm)\" = sleep ]; do :; done
        $1
        exec nsenter --target \$p --user --setuid $2 --setgid $3 looked"
}
# (echo(1), for bash's own writes line by line, and a map can be written only once.)
echoed() { # UID-MAP GID-MAP UID GID
    mapped "env echo -e '$1' >/proc/\$p/uid_map && env echo -e '$2' >/proc/\$p/gid_map" "$3" "$4"
}
maps() { # OPTIONS: compared with $INNER; also what 01-unshare --user has made; and after another record
    local word=${1%% *}
    oracle "${word:-default}" "bash -c \"\$INNER\"" chain "07-userns-map $1 -- looked" \
        join "01-unshare --user | 07-userns-map - $1 -- looked" \
        join+6 "01-unshare --user | 07-userns-map - $1 | 06-nsenter - -- looked"
}
maps_after() {
    local word=${1%% *}
    oracle "${word:-default}" "unshare --uts bash -c \"\$INNER\"" join "01-unshare --uts | 07-userns-map - $1 -- looked"
}
# The range of a user in /etc/subuid or /etc/subgid: FIRST COUNT.
range() { awk -F : -v name="$(id -un)" -v uid="$EUID" '$1 == name || $1 == uid { print $2, $3; exit }' "$1" 2>/dev/null; }

@test "no option, as root: the subordinate range" {
    needs_root
    uids=$(range /etc/subuid) gids=$(range /etc/subgid)
    echoed "0 ${uids:-100000 65536}" "0 ${gids:-100000 65536}" 0 0
    maps ''
    maps_after ''
}
@test "no option, as an ordinary user: himself" {
    needs_user
    export INNER='exec unshare --user --map-root-user looked'
    maps ''
}
@test "--map, as root" {
    needs_root
    echoed '0 100000 10' '0 100000 10' 0 0
    maps '--map 0:100000:10'
    maps_after '--map 0:100000:10'
}
@test "--map, several, and none of them with 0" {
    needs_root
    echoed '10 200000 10\n5 0 1' '10 200000 10\n5 0 1' 10 10
    export INNER=${INNER/--setuid 10 --setgid 10/--setuid 5 --setgid 5}
    maps '--map 10:200000:10 --map 5:0:1'
}
@test "--map and --gmap, as root" {
    needs_root
    echoed '0 100000 10\n10 200000 5' '0 300000 3' 0 0
    maps '--map 0:100000:10 --map 10:200000:5 --gmap 0:300000:3'
    maps_after '--map 0:100000:10 --gmap 0:300000:3 --map 10:200000:5'
    oracle --gmap "bash -c \"\$INNER\"" chain '07-userns-map --gmap 0:300000:3 --map 0:100000:10 --map 10:200000:5 -- looked'
}
@test "--map 0:0:1, the host's root" {
    needs_root
    echoed '0 0 1' '0 0 1' 0 0
    maps '--map 0:0:1'
}
@test "--map and --gmap, as an ordinary user" {
    needs_user
    export INNER='exec unshare --user --map-user=7 --map-group=9 looked'
    oracle --map "bash -c \"\$INNER\"" chain "07-userns-map --map 7:$EUID:1 --gmap 9:$(id -g):1 -- looked" \
        join "01-unshare --user | 07-userns-map - --map 7:$EUID:1 --gmap 9:$(id -g):1 -- looked"
    oracle --gmap "bash -c \"\$INNER\"" chain "07-userns-map --gmap 9:$(id -g):1 --map 7:$EUID:1 -- looked"
}
@test "--auto, as root: the range, written without help" {
    needs_root
    tries --auto
    uids=$(range /etc/subuid) gids=$(range /etc/subgid)
    [ -n "$uids" ] && [ -n "$gids" ] || skip 'root has no range in /etc/subuid and /etc/subgid'
    echoed "0 $uids" "0 $gids" 0 0
    maps --auto
}
@test "--auto, as an ordinary user: newuidmap and newgidmap" {
    needs_user
    tries --auto
    needs_tool newuidmap uidmap
    uids=$(range /etc/subuid) gids=$(range /etc/subgid)
    [ -n "$uids" ] && [ -n "$gids" ] || skip 'this user has no range in /etc/subuid and /etc/subgid'
    mapped "newuidmap \$p 0 $EUID 1 1 $uids && newgidmap \$p 0 $(id -g) 1 1 $gids" 0 0
    maps --auto
}
@test "on a terminal, as root" {
    needs_root
    TERMINAL=1
    echoed '0 100000 10' '0 100000 10' 0 0
    maps '--map 0:100000:10'
}
@test "on a terminal, as an ordinary user" {
    needs_user
    TERMINAL=1
    export INNER='exec unshare --user --map-root-user looked'
    maps ''
}
@test "every option has been compared" { all_compared; }
