# user.bash - the ordinary user of a test run that root has begun: for tests/run and tests/tutorial.
#
# It is $TEST_USER or $SUDO_USER, or else a user who exists only in a mount namespace of the test run:
# the machine's own /etc/passwd is not touched.
# shellcheck shell=bash

# find_user WORK NAME UID: sets name, uid, gid, and as_user, the words that stand before a command which
# that user is to run. A user who must be invented is called NAME, has the first free uid from UID on, and
# the home directory WORK/home.
find_user() {
    local work=$1
    name=${TEST_USER-${SUDO_USER-}}
    if [ -n "$name" ] && [ "$name" != root ]; then
        uid=$(id -u "$name") gid=$(id -g "$name")
        : >"$work/binds"
    else
        name=$2
        for ((uid = $3; ; uid++)); do getent passwd "$uid" >/dev/null || break; done
        gid=$uid
        invent_user >"$work/binds"
    fi
    # shellcheck disable=SC2016,SC2034
    as_user=(unshare --mount --propagation private sh -c '
        . "$1" || exit 1
        uid=$2 gid=$3; shift 3
        exec setpriv --reuid "$uid" --regid "$gid" --init-groups --inh-caps=-all -- "$@"
        ' sh "$work/binds" "$uid" "$gid")
}

# Prints the commands that make this user, with subordinate ids, for a private mount namespace: copies of
# the files, with a line more, are bound over the originals.
invent_user() {
    local file
    for file in passwd group subuid subgid; do
        cp "/etc/$file" "$work/$file" 2>/dev/null || : >"$work/$file"
        [ -e "/etc/$file" ] && echo "mount --bind $work/$file /etc/$file"
    done
    echo "$name:x:$uid:$uid::$work/home:/bin/sh" >>"$work/passwd"
    echo "$name:x:$uid:" >>"$work/group"
    echo "$name:$((uid * 65536 % 2000000000 + 1000000)):65536" | tee -a "$work/subuid" >>"$work/subgid"
    mkdir -p "$work/home"
    chown "$uid:$uid" "$work/home"
}
