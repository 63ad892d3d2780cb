#!/bin/sh
# rootfs.sh - puts a root filesystem together, offline, out of this machine's own programs.
#
#   lib/rootfs.sh DIR STEPS            programs, the libraries that they load, and the steps
#   lib/rootfs.sh --debian DIR STEPS   a small Debian by debootstrap instead (root, network)
#
# It never touches a DIR that it has not made itself: the file DIR.made beside it is its mark (beside,
# because a student inside may remove everything that is in it).
set -eu
export LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin:/usr/bin:/bin

wanted='sh bash ls cat echo printf id ps mount umount hostname ip capsh sleep env true false head
tail grep sed awk wc sort cut tr mkdir rmdir rm ln touch stat readlink find kill date uname chmod
chown chroot dd test expr seq tty stty clear free nproc nice unshare nsenter findmnt lsns mountpoint
setpriv pivot_root getpcaps strace ping less vi'

say() { echo "rootfs.sh: $*" >&2; }
die() { say "$*"; exit 1; }
usage() { say 'usage: lib/rootfs.sh [--debian] DIR STEPS'; exit 2; }

debian=
if [ "${1-}" = --debian ]; then debian=1; shift; fi
[ $# -eq 2 ] || usage
dir=$1 steps=$2 new=$1.new

# ---- may we?

may_replace() { # DIR is absent, or ours and nothing is mounted in it
    [ -e "$1" ] || return 0
    [ -e "$dir.made" ] || [ -e "$1/etc/nsteps-rootfs" ] ||
        die "$1 exists and was not made by this script: left alone"
    real=$(cd "$1" && pwd -P)
    if awk -v dir="$real" '$5 == dir || index($5, dir "/") == 1 { found = 1 } END { exit !found }' \
        /proc/self/mountinfo; then
        die "something is mounted in $1 (findmnt -R shows it): left alone"
    fi
}
remove() {
    [ -e "$1" ] || return 0
    chmod -R u+rwX "$1" 2>/dev/null || :
    rm -rf --one-file-system "$1"
}
may_replace "$dir"
may_replace "$new"
remove "$new"
mkdir -p "${dir%/*}"
[ -e "$dir" ] || echo 'lib/rootfs.sh has made the directory beside this file, and may replace it' >"$dir.made"
[ -x "$steps/01-unshare" ] || die "no steps in $steps: run make first"

# ---- a skeleton

# bin, sbin and lib are links into usr, as on today's distributions; sbin is bin, so that one
# directory in PATH is enough.
make_skeleton() {
    mkdir -p "$new/etc"
    for sub in dev proc sys tmp run mnt old root home var/tmp usr/bin usr/lib; do
        mkdir -p "$new/$sub"
    done
    chmod 1777 "$new/tmp" "$new/var/tmp"
    ln -s usr/bin "$new/bin"
    ln -s usr/bin "$new/sbin"
    ln -s bin "$new/usr/sbin"
    for lib in lib lib32 lib64 libx32; do
        [ -e "/$lib" ] || continue
        mkdir -p "$new/usr/$lib"
        ln -s "usr/$lib" "$new/$lib"
    done
    printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$new/etc/passwd"
    printf 'root:x:0:\ntty:x:5:\nnogroup:x:65534:\n' >"$new/etc/group"
    printf 'passwd: files\ngroup: files\nhosts: files\n' >"$new/etc/nsswitch.conf"
    printf '127.0.0.1 localhost\n' >"$new/etc/hosts"
}

# ---- programs and libraries

is_elf() { [ "$(dd if="$1" bs=1 skip=1 count=3 2>/dev/null)" = ELF ]; }

find_program() { # the file that NAME is in PATH, not what the shell has built in
    (
        IFS=:
        for place in $PATH; do
            if [ -f "$place/$1" ] && [ -x "$place/$1" ]; then
                readlink -f "$place/$1"
                break
            fi
        done
    )
}

# The libraries that the programs in the list FILE load, and the loader itself, as ldd(1) tells.
# Lines are "NAME => PATH (ADDRESS)" or "PATH (ADDRESS)", with glibc and with musl.
libraries_of() {
    tr '\n' '\0' <"$1" | xargs -0 ldd 2>/dev/null | sed -n \
        -e 's/.*=> *\(\/.*\) (0x[0-9a-f]*)$/\1/p' \
        -e 's/^[[:space:]]*\(\/[^=]*\) (0x[0-9a-f]*)$/\1/p' | sort -u
}

copy_file() { # SOURCE to the same name below NEW, readable by whoever root is mapped to
    target=$new$1
    mkdir -p "${target%/*}"
    [ -e "$target" ] || { cp -L "$1" "$target" && chmod 755 "$target"; }
}

copy_programs() {
    missing=
    for name in $wanted; do
        file=$(find_program "$name")
        if [ -n "$file" ] && is_elf "$file"; then
            cp -L "$file" "$new/usr/bin/$name"
            chmod 755 "$new/usr/bin/$name" # without set-user-ID bits
            echo "$file"
        else
            missing="$missing $name"
        fi
    done >"$new/programs"
    [ -x "$new/usr/bin/sh" ] || die 'this machine has no sh to copy'
    [ -z "$missing" ] || say "not on this machine, so not in $dir:$missing"
}

copy_steps() {
    for step in "$steps"/[0-9][0-9]-*; do
        cp "$step" "$new/usr/bin/"
        chmod 755 "$new/usr/bin/${step##*/}"
        echo "$step"
    done >>"$new/programs" # a sanitizer build of the steps is dynamic, too
}

copy_libraries() {
    libraries_of "$new/programs" | while read -r library; do copy_file "$library"; done
    # Where glibc keeps "files" of nsswitch.conf in a library of its own, id and ls need it.
    for library in "$new"/usr/lib/*/libc.so.6 "$new"/usr/lib64/libc.so.6; do
        place=${library#"$new"}
        if [ -e "${place%/*}/libnss_files.so.2" ]; then copy_file "${place%/*}/libnss_files.so.2"; fi
    done
}

copy_terminals() { # what clear, less and an interactive shell look up for $TERM
    for term in x/xterm x/xterm-256color s/screen s/screen-256color t/tmux t/tmux-256color l/linux \
        d/dumb v/vt100; do
        for place in /etc/terminfo /lib/terminfo /usr/share/terminfo; do
            [ -e "$place/$term" ] || continue
            mkdir -p "$new/usr/share/terminfo/${term%/*}"
            cp -L "$place/$term" "$new/usr/share/terminfo/$term"
            break
        done
    done
}

# ---- the other way: Debian

debootstrap_debian() {
    [ "$(id -u)" = 0 ] || die 'debootstrap needs root: sudo make rootfs-debian'
    command -v debootstrap >/dev/null || die 'debootstrap is not installed: apt-get install debootstrap'
    # The mirror is the one that this machine's own apt uses, if it says one.
    mirror=${MIRROR-$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
        sed -n -e 's/^deb \(\[[^]]*\] \)\{0,1\}\([a-z]*:[^ ]*debian\/*\) .*/\2/p' \
            -e 's/^URIs: \([^ ]*debian\/*\)$/\1/p' | head -n 1)}
    mkdir -p "$new"
    # shellcheck disable=SC2086
    if ! debootstrap --variant=minbase --include=procps,iproute2,libcap2-bin "${SUITE-stable}" "$new" \
        $mirror >"$new.log" 2>&1; then
        tail -n 5 "$new.log" >&2
        die "debootstrap has failed, see $new.log"
    fi
    rm -f "$new.log"
    mkdir -p "$new/old"
}

if [ -n "$debian" ]; then
    debootstrap_debian
    copy_steps
    if ! grep -q . "$new/programs"; then die 'no steps copied'; fi
else
    make_skeleton
    copy_programs
    copy_steps
    copy_libraries
    copy_terminals
fi
rm -f "$new/programs"
chmod 755 "$new"
: >"$new/etc/nsteps-rootfs" # its time tells make how old it is
remove "$dir"
mv "$new" "$dir"
echo "$dir: $(find "$dir/usr/bin" -type f | wc -l) programs, $(du -sh "$dir" | cut -f 1)"
