# doctor.bash - what doctor.bats and doctor-sysctl.bats share: obstacles, and reading what doctor says.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016

SOMEBODY=20077 # an ordinary user for root's tests

# examine: what runs under an obstacle, in $HERE: doctor, its output and status go to $HERE/result; if DEMO
# is set the demo's status too, and if STEP is, the because: line of that.
setup_file() {
    make_public
    # Where every user can read it. (The tree may be in a home that is shut to others.)
    cp -r lib Makefile "$PUBLIC"
    chmod -R a+rX "$PUBLIC/lib" "$PUBLIC/Makefile"
    mkdir "$PUBLIC/rootfs"
    cat >"$PUBLIC/examine" <<'END'
build=$1 rootfs=$2 HERE=$3
"$HERE/lib/doctor.sh" "$build" "$rootfs" >"$HERE/result/page" 2>"$HERE/result/err"
echo $? >"$HERE/result/status"
[ -z "$DEMO" ] || { "$HERE/lib/demo.sh" demo "$build" "$rootfs" >"$HERE/result/demo.out" 2>&1; echo $? >"$HERE/result/demo"; }
[ -z "$STEP" ] || (PATH=$build:$PATH; eval "$STEP") >"$HERE/result/step" 2>&1 || :
END
    lib/doctor.sh "$BUILD" "$ROOTFS" >"$PUBLIC/page" || : # what there is to see without an obstacle
}

# obstacle SETUP: runs SETUP and examines, as root of a mount namespace of its own; for an ordinary user
# it is his in a user namespace.
obstacle() {
    local user=()
    [ "$(id -u)" = 0 ] || user=(--user --map-root-user)
    needs_tool unshare util-linux
    new_result
    unshare "${user[@]}" --mount --propagation private sh -c "$1"'
        . "$0"' "$PUBLIC/examine" "$BUILD" "$ROOTFS" "$PUBLIC"
    read_result
}
# somebody SETUP: root runs SETUP in a mount namespace of its own, then an ordinary user examines.
somebody() {
    let_somebody_examine "$1"
    read_result
}
let_somebody_examine() {
    needs_root
    needs_tool setpriv util-linux
    new_result
    unshare --mount --propagation private sh -c '
        mount --bind "$1" "$3/rootfs" || exit 1
        eval "$4"
        cd / && exec setpriv --reuid "$5" --regid "$5" --clear-groups --inh-caps=-all \
            ${set_priv-} sh "$3/examine" "$3" "$3/rootfs" "$3"' sh "$ROOTFS" '' "$PUBLIC" "$1" "$SOMEBODY"
}
new_result() {
    export DEMO=${DEMO-} STEP=${STEP-}
    rm -rf "$PUBLIC/result"
    mkdir -m 777 "$PUBLIC/result"
}
# What was found: $page, $status, and in $step the reason that the step itself gives. Whatever doctor is
# asked, it fits a terminal, says nothing on stderr, and agrees with the demo.
read_result() {
    local file=$PUBLIC/result
    page=$(cat "$file/page") status=$(cat "$file/status") step=
    [ -z "$STEP" ] || step=$(sed -n 's/^  because: //p' "$file/step" | head -n 1)
    echo "$page"
    cat "$file/err"
    [ ! -s "$file/err" ]
    [ "$(awk 'length > 80' <<<"$page" | wc -l)" = 0 ]
    [ -z "$DEMO" ] || [ "$(cat "$file/demo")" = "$status" ]
    if [ "$status" = 0 ]; then
        [[ $(text_of 'make demo') = 'will work' ]]
    else
        [ "$status" = 1 ] && [[ $(text_of 'make demo') = 'will not work, because '* ]]
    fi
}
# text_of LABEL: what a row says, its lines joined.
text_of() {
    awk -v label="$1" '{ head = substr($0, 1, 16); sub(/ +$/, "", head); tail = substr($0, 17) }
        head != "" || tail == "" { on = head == label && head != "" }
        on { text = text (text == "" ? "" : " ") tail }
        END { print text }' <<<"$page"
}
# The verdicts alone: "01-unshare works", or "01-unshare not here".
verdict_of() {
    local text
    text=$(text_of "$1")
    case $text in
    'works as root only'*) echo 'works as root only' ;;
    'works'*) echo works ;;
    'not here'*) echo 'not here' ;;
    esac
}
