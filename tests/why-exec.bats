#!/usr/bin/env bats
# What lib/why-exec.c and lib/libraries.c say: each cause is made for real. tests/causes lists them.
# shellcheck disable=SC2154 # out, err, status: set by the helper
load helper

# An ordinary user may chroot in a user namespace of his own.
if [ "$(id -u)" = 0 ]; then own=(); else own=(07-userns-map --); fi

# cannot STATUS ERRNO TEXT COMMAND ...: COMMAND fails with that exit status and errno, and TEXT is in its one
# "because:" line.
cannot() {
    local line
    run_split "${@:4}" </dev/null
    line=${err##*$'\n  because: '}
    [ "$status" = "$1" ] && [[ $err == *" ($2)"$'\n  because: '* && ${line%%$'\n'*} == *"$3"* ]] && return 0
    printf 'status %s, stderr:\n%s\nwanted: %s, %s, because: %s\n' "$status" "$err" "$1" "$2" "$3" >&2
    return 1
}
# works COMMAND ...: it ends with 0, and nothing is explained.
works() {
    run_split "$@" </dev/null
    [ "$status" = 0 ] && [[ $err != *because:* ]] && [[ $err != *note:*needs* ]] && return 0
    printf 'status %s, stderr:\n%s\n' "$status" "$err" >&2
    return 1
}
# Most of it needs no new root: 08 without options changes nothing, and then becomes COMMAND.
becomes() { 08-capset -- "$@"; }
in_root() { "${own[@]}" 03-chroot "$dir" -- "$@"; }

# ---- files to be executed

make_dir() { # where root of a user namespace may search, too
    dir=$PUBLIC/$BATS_TEST_NUMBER
    mkdir "$dir"
}
# file NAME [FORMAT]: an executable file with what printf(1) makes of FORMAT.
file() {
    # shellcheck disable=SC2059
    printf "${2-}" >"$dir/$1"
    chmod 755 "$dir/$1"
}
program() { cp "$PUBLIC/08-capset" "$dir/$1"; } # one that needs nothing else, and with --help ends with 0
case $HOSTTYPE in
aarch64) this_machine=267 other_machine=076 other_name=x86_64 ;;
*) this_machine=076 other_machine=267 other_name=aarch64 ;;
esac
# elf NAME INTERPRETER [TYPE [MACHINE]]: the headers of a program with that dynamic linker, elf(5), and no
# more. Octal numbers: the type is 3 (a program) and the machine this one, if not given.
elf() {
    local zeros='\0\0\0\0\0\0\0' machine=${4-$this_machine} size
    printf -v size '\\%o' $((${#2} + 1))
    file "$1" "\177ELF\2\1\1\0\0$zeros\\${3-3}\0\\$machine\0\1\0\0\0\0$zeros\100$zeros\0\0\0\0\0$zeros$(
        )\100\0\70\0\1$zeros\3\0\0\0\4\0\0\0\170\0\0$zeros$zeros$zeros$size$zeros$size$zeros\1$zeros$2\0"
}

# ---- not found

@test "[exec-no-PATH] the environment has no PATH" {
    cannot 127 ENOENT 'the environment has no PATH to find nsteps-none in' \
        env -u PATH "$PUBLIC/08-capset" -- nsteps-none
}
@test "[exec-no-PATH miss] with a PATH, that is not said; and without one, /bin and /usr/bin are looked in" {
    cannot 127 ENOENT 'no directory of PATH' env PATH=/usr/bin "$PUBLIC/08-capset" -- nsteps-none
    works env -u PATH "$PUBLIC/08-capset" -- true
}
@test "[exec-PATH] no directory of PATH has it" {
    cannot 127 ENOENT 'no directory of PATH has a program nsteps-none' \
        env "PATH=$PUBLIC:/bin" 08-capset -- nsteps-none
}
@test "[exec-PATH miss] a name with a / is not looked up in PATH" {
    cannot 127 ENOENT 'there is no file /nsteps-none' becomes /nsteps-none
}
@test "[exec-PATH-shut] a directory of PATH may not be searched" {
    needs_user # root may search every directory
    make_dir
    mkdir -m 0 "$dir/shut"
    cannot 127 ENOENT "it may not enter $dir/shut" env "PATH=$dir/shut:/bin" "$PUBLIC/08-capset" -- nsteps-none
    chmod 700 "$dir/shut"
}
@test "[exec-PATH-shut miss] it may be, and has no such program" {
    needs_user
    make_dir
    mkdir "$dir/open"
    cannot 127 ENOENT 'no directory of PATH has' env "PATH=$dir/open:/bin" "$PUBLIC/08-capset" -- nsteps-none
}
@test "[exec-missing] there is no such file" {
    make_dir
    cannot 127 ENOENT 'there is no file /bin/none under this root' in_root /bin/none
    cannot 127 ENOENT 'there is no file ./none in the working directory, /' in_root ./none
    cannot 127 ENOENT 'the first word after -- is empty' in_root ''
}
@test "[exec-missing miss] the file is there, its interpreter is not" {
    make_dir
    file script '#!/none\n'
    cannot 127 ENOENT '/script exists, but' in_root /script
}
@test "[exec-link] a symbolic link to nothing" {
    make_dir
    ln -s /bin/busybox "$dir/sh"
    cannot 127 ENOENT '/sh is a symbolic link to /bin/busybox, which does not exist' in_root /sh
    cannot 127 ENOENT '/sh is a symbolic link' in_root /sh/ls # as a directory on the way, too
}
@test "[exec-link miss] a symbolic link to a file whose interpreter is missing" {
    make_dir
    file script '#!/none\n'
    ln -s script "$dir/sh"
    cannot 127 ENOENT 'line 1 names the interpreter /none' in_root /sh
}
@test "[exec-linker] the dynamic linker is not under this root, and is named" {
    make_dir
    elf program /lib/ld-nsteps.so
    cannot 127 ENOENT '/program exists, but needs the interpreter /lib/ld-nsteps.so (its dynamic linker, PT_INTERP), and there is no such file under this root' \
        in_root /program
    [[ $err == *'try: '*ldd*-static* ]]
}
@test "[exec-linker] a program of this machine, in an empty root" {
    make_dir
    cp "$ROOTFS/bin/true" "$dir/true"
    cannot 127 ENOENT '/true exists, but needs the interpreter /lib' in_root /true
}
@test "[exec-linker miss] it is there, as a link to nothing" {
    make_dir
    elf program /ld-nsteps.so
    ln -s ld-nsteps-2.so "$dir/ld-nsteps.so"
    cannot 127 ENOENT 'and /ld-nsteps.so is a symbolic link to ld-nsteps-2.so' in_root /program
}
@test "[exec-script] the interpreter of a script is not under this root, and is named" {
    make_dir
    file script '#! /bin/none -e\n'
    cannot 127 ENOENT '/script exists, but line 1 names the interpreter /bin/none, and there is no such file under this root' \
        in_root /script
}
@test "[exec-script] that of its interpreter, which is a script" {
    make_dir
    file one '#!/two\n'
    file two '#!/bin/none'
    cannot 127 ENOENT '/two exists, but line 1 names the interpreter /bin/none, and' in_root /one
}
@test "[exec-script] a name that would command the terminal is not printed as it is" {
    make_dir
    file script '#!/\033[31mred\n'
    cannot 127 ENOENT 'names the interpreter /?[31mred, and' in_root /script
}
@test "[exec-script miss] the interpreter is there, its dynamic linker is not" {
    make_dir
    file script '#!/program\n'
    elf program /lib/ld-nsteps.so
    cannot 127 ENOENT '/program exists, but needs the interpreter /lib/ld-nsteps.so' in_root /script
}
@test "[exec-script-name] an interpreter without a path is not looked up in PATH" {
    make_dir
    file script '#!sh\n'
    cannot 127 ENOENT 'the interpreter sh, and there is no such file in the working directory, /' in_root /script
    [[ $err == *'try: '*'#!/usr/bin/env'* ]]
}
@test "[exec-script-name miss] in the directory of that file it works" {
    make_dir
    program sh
    file script '#!sh --help\n'
    works in_root /script
}
@test "[exec-crlf] line 1 ends in CR LF" {
    make_dir
    program sh
    file script '#!/sh\r\necho hello\r\n'
    cannot 127 ENOENT '/script exists, but line 1 ends in CR LF, as on DOS, and so names the interpreter "/sh\r"' in_root /script
    [[ $err == *"try: "*"sed -i 's/\\r"* ]]
}
@test "[exec-crlf miss] it ends in LF" {
    make_dir
    program sh
    file script '#!/sh --help\necho hello\r\n'
    works in_root /script
    file script '#!/none\necho hello\r\n'
    cannot 127 ENOENT 'line 1 names the interpreter /none, and' in_root /script
}

# A binfmt_misc of one's own there is in a user namespace since Linux 6.7; before, a test would change the
# host's.
with_binfmt() { # LINE COMMAND ...: COMMAND, where that matcher is registered; 99: not possible here
    # shellcheck disable=SC2016
    07-userns-map -- 01-unshare -m -- sh -c '
        mount -t binfmt_misc none "$1" 2>/dev/null || exit 99
        echo "$2" >"$1/register" && shift 2 && exec "$@"' sh "$dir/binfmt" "$@"
}
@test "[exec-binfmt] the interpreter that binfmt_misc has for another machine is not under this root" {
    make_dir
    mkdir "$dir/binfmt"
    elf program /none 3 266 # no machine at all
    run_split with_binfmt ':nsteps:M:18:\xb6::/no/emulator:' true
    [ "$status" != 99 ] || skip 'no binfmt_misc of its own in a user namespace here (Linux 6.7 and newer)'
    cannot 127 ENOENT "$dir/program exists and is for a machine that has no name here: the interpreter that binfmt_misc has" \
        with_binfmt ':nsteps:M:18:\xb6::/no/emulator:' 08-capset -- "$dir/program"
}
@test "[exec-binfmt miss] without a matcher it is ENOEXEC, and the machine is named" {
    make_dir
    elf program /none 3 266
    cannot 126 ENOEXEC '/program is for a machine that has no name here (e_machine 182)' becomes "$dir/program"
}

# ---- not to be executed: the way to the file, and the file itself

@test "[exec-not-dir] a file on the way" {
    make_dir
    program file
    cannot 126 ENOTDIR "$dir/file is not a directory" becomes "$dir/file/program"
}
@test "[exec-not-dir miss] a directory in its place" {
    make_dir
    mkdir "$dir/file"
    program file/program
    works becomes "$dir/file/program" --help
}
@test "[exec-search] a directory on the way may not be searched" {
    needs_user
    make_dir
    mkdir "$dir/shut"
    program shut/program
    chmod 600 "$dir/shut"
    cannot 126 EACCES "uid $(id -u) may not search the directory $dir/shut" becomes "$dir/shut/program"
    chmod 700 "$dir/shut"
}
@test "[exec-search] nor by root of a user namespace, whom its owner outside has not let in" {
    needs_root
    make_dir
    mkdir -m 700 "$dir/shut"
    program shut/program
    cannot 126 EACCES "uid 0 may not search the directory $dir/shut" \
        "$PUBLIC/07-userns-map" -- "$PUBLIC/08-capset" -- "$dir/shut/program"
}
@test "[exec-search miss] the directory may be searched, the file not executed" {
    make_dir
    mkdir "$dir/open"
    file open/program
    chmod 644 "$dir/open/program"
    cannot 126 EACCES "$dir/open/program has mode 0644" becomes "$dir/open/program"
}
@test "[exec-dir] a directory" {
    make_dir
    mkdir "$dir/sub"
    cannot 126 EACCES "$dir/sub is a directory" becomes "$dir/sub"
}
@test "[exec-dir miss] a FIFO" {
    make_dir
    mkfifo -m 755 "$dir/sub"
    cannot 126 EACCES "$dir/sub is no regular file" becomes "$dir/sub"
}
@test "[exec-special] a device" {
    cannot 126 EACCES '/dev/null is no regular file' becomes /dev/null
}
@test "[exec-special miss] a directory" {
    cannot 126 EACCES '/dev is a directory' becomes /dev
}
# on_tmpfs OPTION COMMAND ...: where $dir is a tmpfs with a program in it
on_tmpfs() {
    # shellcheck disable=SC2016
    as_root 01-unshare -m -- sh -c '
        mount -t tmpfs -o "$1" none "$2" && cp "$3" "$2/program" || exit 99
        shift 3; exec "$@"' sh "$1" "$dir" "$PUBLIC/08-capset" "${@:2}"
}
@test "[exec-noexec] the mount is noexec, and its mount point named" {
    make_dir
    cannot 126 EACCES "$dir/program is on $dir, which is mounted noexec" on_tmpfs noexec 08-capset -- "$dir/program"
}
@test "[exec-noexec] that of the interpreter" {
    make_dir
    echo "#!$dir/program" >"$PUBLIC/script-$BATS_TEST_NUMBER"
    chmod 755 "$PUBLIC/script-$BATS_TEST_NUMBER"
    cannot 126 EACCES "names the interpreter $dir/program, and $dir/program is on $dir, which is mounted noexec" \
        on_tmpfs noexec 08-capset -- "$PUBLIC/script-$BATS_TEST_NUMBER"
}
@test "[exec-noexec] without /proc, too" {
    make_dir
    cannot 126 EACCES "/program is on " on_tmpfs noexec 03-chroot "$dir" -- /program
}
@test "[exec-noexec miss] a mount that is not, and a file without x" {
    make_dir
    # shellcheck disable=SC2016
    cannot 126 EACCES "$dir/program has mode 0644" \
        on_tmpfs exec sh -c 'chmod 644 "$0" && exec 08-capset -- "$0"' "$dir/program"
    works on_tmpfs exec 08-capset -- "$dir/program" --help
}
@test "[exec-mode] nobody may execute the file" {
    make_dir
    file program '#!/bin/sh\n'
    chmod 644 "$dir/program"
    cannot 126 EACCES "$dir/program has mode 0644 and belongs to uid $(id -u), and uid $(id -u) may not execute it" \
        becomes "$dir/program"
}
@test "[exec-mode] root of a user namespace: its owner outside may" {
    needs_root
    make_dir
    program program
    chmod 700 "$dir/program"
    cannot 126 EACCES "$dir/program has mode 0700 and belongs to uid 65534, and uid 0 may not execute it" \
        "$PUBLIC/07-userns-map" -- "$PUBLIC/08-capset" -- "$dir/program"
}
@test "[exec-mode miss] it may be executed, its interpreter may not" {
    make_dir
    file program "#!$dir/sh\n"
    file sh
    chmod 644 "$dir/sh"
    cannot 126 EACCES "$dir/program exists, but line 1 names the interpreter $dir/sh, and $dir/sh has mode 0644" \
        becomes "$dir/program"
}
@test "[exec-interpreter-mode] the dynamic linker may not be executed" {
    make_dir
    file ld.so
    chmod 644 "$dir/ld.so"
    elf program "$dir/ld.so"
    cannot 126 EACCES "needs the interpreter $dir/ld.so (its dynamic linker, PT_INTERP), and $dir/ld.so has mode 0644" \
        becomes "$dir/program"
}
@test "[exec-interpreter-mode miss] it is a directory" {
    make_dir
    mkdir "$dir/ld.so"
    elf program "$dir/ld.so"
    cannot 126 EACCES "PT_INTERP), and $dir/ld.so is a directory" becomes "$dir/program"
}
@test "[exec-links] symbolic links in a circle" {
    make_dir
    ln -s two "$dir/one"
    ln -s one "$dir/two"
    cannot 126 ELOOP "$dir/one is a symbolic link that leads back to itself" becomes "$dir/one"
}
scripts() { # of which each is the interpreter of the one before
    local i
    for i in $(seq "$1"); do file "$i" "#!$dir/$((i + 1))\n"; done
    program $(($1 + 1))
}
@test "[exec-links miss] scripts in a circle" {
    make_dir
    file one "#!$dir/two\n"
    file two "#!$dir/one\n"
    cannot 126 ELOOP "$dir/one is a script whose interpreter is a script" becomes "$dir/one"
}
@test "[exec-scripts] six scripts, one the interpreter of the other" {
    make_dir
    scripts 6
    cannot 126 ELOOP "$dir/1 is a script whose interpreter is a script, and so on: five is the most" becomes "$dir/1"
}
@test "[exec-scripts miss] five are allowed; and links in a circle are something else" {
    make_dir
    scripts 5
    run_split becomes "$dir/1" # the program at the end finds too many operands, and so it was executed
    [ "$status" = 125 ] && [[ $err == *"what is \"$dir/5\"?"* ]]
    ln -sf 1 "$dir/2"
    rm "$dir/1"
    ln -s 2 "$dir/1"
    cannot 126 ELOOP "$dir/1 is a symbolic link" becomes "$dir/1"
}
@test "[exec-name] a name, or a path, that is too long" {
    cannot 126 ENAMETOOLONG 'is too long: one name has 255 bytes' becomes "/$(printf %0256d 0)"
    cannot 126 ENAMETOOLONG 'a path has 4095 bytes at the most, and this one has 4100' becomes "/$(printf '%04090d/' 0 | sed 's,00,/.,g')./nsteps"
}
@test "[exec-name miss] as long as can be: not found, that is all" {
    cannot 127 ENOENT 'there is no file /0' becomes "/$(printf %0255d 0)"
}

@test "[exec-apparmor] AppArmor denies it" {
    needs_apparmor
    make_dir
    program program
    confined "deny $dir/program x" 08-capset -- "$dir/program" --help
    [[ $status:$err == 126:*EACCES*because:*"AppArmor's profile nsteps-test (enforce) confines this process and denies its execution"* ]]
}
@test "[exec-apparmor miss] AppArmor confines it, but the file has no x" {
    needs_apparmor
    make_dir
    file program
    chmod 644 "$dir/program"
    confined 'deny capability sys_time' 08-capset -- "$dir/program"
    [[ $status:$err == 126:*EACCES*because:*"$dir/program has mode 0644"* ]]
}

# ---- what is in the file

@test "[exec-empty] an empty file" {
    make_dir
    file program
    cannot 126 ENOEXEC "$dir/program is empty" becomes "$dir/program"
}
@test "[exec-empty miss] a line of text" {
    make_dir
    file program '\n'
    cannot 126 ENOEXEC "$dir/program is text" becomes "$dir/program"
}
@test "[exec-text] text without #!, and no shell reads it instead" {
    make_dir
    file program 'echo hello\n'
    cannot 126 ENOEXEC "$dir/program is text, and does not begin with #!" becomes "$dir/program"
    [ -z "$out" ]
}
@test "[exec-text miss] with #! it works; other bytes are no text" {
    make_dir
    file program '#!/bin/sh\necho hello\n'
    works becomes "$dir/program"
    [ "${out##*$'\n'}" = hello ]
    file program 'echo\001hello\n'
    cannot 126 ENOEXEC 'is neither an ELF file nor a script' becomes "$dir/program"
}
@test "[exec-bom] a byte order mark before #!" {
    make_dir
    file program '\357\273\277#!/bin/sh\n'
    cannot 126 ENOEXEC "$dir/program begins with the three bytes of a byte order mark" becomes "$dir/program"
}
@test "[exec-bom miss] a byte order mark before other text" {
    make_dir
    file program '\357\273\277echo hello\n'
    cannot 126 ENOEXEC "$dir/program is text, and does not begin with #!" becomes "$dir/program"
}
@test "[exec-no-name] #! and no name" {
    make_dir
    file program '#!  \necho hello\n'
    cannot 126 ENOEXEC "line 1 of $dir/program names no interpreter" becomes "$dir/program"
}
@test "[exec-no-name miss] a blank before #!" {
    make_dir
    file program ' #!/bin/sh\n'
    cannot 126 ENOEXEC "$dir/program is text" becomes "$dir/program"
}
@test "[exec-long-line] line 1 is too long" {
    make_dir
    file program "#!/$(printf '%0253d' 0)\n"
    cannot 126 ENOEXEC "line 1 of $dir/program is longer than the 255 bytes" becomes "$dir/program"
}
@test "[exec-long-line miss] one byte less, and the kernel looks for that file" {
    make_dir
    file program "#!/$(printf '%0252d' 0)\n"
    cannot 127 ENOENT 'line 1 names the interpreter /000' becomes "$dir/program"
}
@test "[exec-machine] a program for another machine: both are named" {
    make_dir
    elf program /none 3 $other_machine
    cannot 126 ENOEXEC "$dir/program is for $other_name (e_machine $((8#$other_machine))), and this machine is $HOSTTYPE" \
        becomes "$dir/program"
}
@test "[exec-machine miss] one for this machine that is cut" {
    make_dir
    elf whole /none
    head -c 100 "$dir/whole" >"$dir/program"
    chmod 755 "$dir/program"
    cannot 126 ENOEXEC "$dir/program is cut" becomes "$dir/program"
}
@test "[exec-object] an object file" {
    make_dir
    elf program.o /none 1
    cannot 126 ENOEXEC "$dir/program.o is an object file (.o)" becomes "$dir/program.o"
    elf core /none 4
    cannot 126 ENOEXEC "$dir/core is an ELF file, but no program (e_type is 4)" becomes "$dir/core"
}
@test "[exec-object miss] a program for another machine" {
    make_dir
    elf program /none 2 266
    cannot 126 ENOEXEC "$dir/program is for" becomes "$dir/program"
}
@test "[exec-foreign] a program for macOS, for Windows" {
    make_dir
    file program '\317\372\355\376\007\0\0\001'
    cannot 126 ENOEXEC "$dir/program is a program for macOS" becomes "$dir/program"
    file program 'MZ\220\0\003\0\0\0'
    cannot 126 ENOEXEC "$dir/program is a program for Windows" becomes "$dir/program"
}
@test "[exec-foreign miss] other bytes" {
    make_dir
    file program '\001\002\003\004'
    cannot 126 ENOEXEC "$dir/program is neither an ELF file nor a script" becomes "$dir/program"
}
@test "[exec-data] neither an ELF file nor a script" {
    make_dir
    file program '\177ELA'
    cannot 126 ENOEXEC "$dir/program is neither an ELF file nor a script that begins with #!" becomes "$dir/program"
}
@test "[exec-data miss] an ELF file" {
    make_dir
    file program '\177ELF'
    cannot 126 ENOEXEC "$dir/program is cut" becomes "$dir/program"
}
@test "[exec-cut] a program of which the end is missing" {
    make_dir
    elf whole /none
    head -c 119 "$dir/whole" >"$dir/program"
    chmod 755 "$dir/program"
    cannot 126 ENOEXEC "$dir/program is cut: it has 119 bytes" becomes "$dir/program"
}
@test "[exec-cut miss] all headers are there" {
    make_dir
    elf program /none
    cannot 127 ENOENT "$dir/program exists, but needs the interpreter /none" becomes "$dir/program"
}
@test "[exec-cut-name] the name of its dynamic linker is missing" {
    make_dir
    elf whole /none
    head -c 122 "$dir/whole" >"$dir/program"
    chmod 755 "$dir/program"
    cannot 126 EIO "$dir/program is cut: it has 122 bytes" becomes "$dir/program"
}
@test "[exec-cut-name miss] it is its dynamic linker that is cut" {
    make_dir
    file ld.so '\177ELF'
    elf program "$dir/ld.so"
    cannot 126 EIO "$dir/ld.so (its dynamic linker, PT_INTERP), and that has only 4 bytes" becomes "$dir/program"
}
@test "[exec-linker-cut] the dynamic linker is cut" {
    make_dir
    file ld.so
    elf program "$dir/ld.so"
    cannot 126 EIO "$dir/ld.so (its dynamic linker, PT_INTERP), and that has only 0 bytes" becomes "$dir/program"
}
@test "[exec-linker-cut miss] it is the program that is cut" {
    make_dir
    elf whole /none
    head -c 122 "$dir/whole" >"$dir/program"
    chmod 755 "$dir/program"
    cannot 126 EIO "$dir/program is cut" becomes "$dir/program"
}
@test "[exec-linker-elf] the dynamic linker is no ELF file" {
    make_dir
    file ld.so "$(printf %0100d 0)"
    elf program "$dir/ld.so"
    cannot 126 ELIBBAD "$dir/ld.so (its dynamic linker, PT_INTERP), and that is no ELF file" becomes "$dir/program"
}
@test "[exec-linker-elf miss] it is one, for another machine" {
    make_dir
    elf ld.so /none 3 266
    elf program "$dir/ld.so"
    cannot 126 ELIBBAD 'PT_INTERP), and that is for a machine that has no name here, not for' becomes "$dir/program"
}
@test "[exec-linker-machine] the dynamic linker is for another machine" {
    make_dir
    elf ld.so /none 3 $other_machine
    elf program "$dir/ld.so"
    cannot 126 ELIBBAD "$dir/ld.so (its dynamic linker, PT_INTERP), and that is for $other_name, not for $HOSTTYPE" \
        becomes "$dir/program"
}
@test "[exec-linker-machine miss] it is no ELF file" {
    make_dir
    file ld.so "$(printf %0100d 0)"
    elf program "$dir/ld.so"
    cannot 126 ELIBBAD 'and that is no ELF file' becomes "$dir/program"
}

# ---- the process

@test "[exec-busy] the file is open for writing" {
    make_dir
    program program
    { "$dir/program" --help >/dev/null 2>&1; } 9>>"$dir/program" && skip 'this kernel executes a file that is open for writing (Linux 6.11)'
    exec 9>>"$dir/program"
    cannot 126 ETXTBSY "a process has $dir/program, or the interpreter" becomes "$dir/program" 9>&-
    exec 9>&-
}
@test "[exec-busy miss] it is open for reading" {
    make_dir
    program program
    exec 9<"$dir/program"
    works becomes "$dir/program" --help
    exec 9<&-
}
# arguments SIZE COMMAND ...: with two more arguments of SIZE bytes each, and room for 128 KiB.
arguments() {
    # shellcheck disable=SC2016
    env -i bash -c 'ulimit -s 512; printf -v long "%0$1d" 0; shift; exec "$@" "$long" "$long"' bash "$@"
}
# script_of SIZE: a script whose line 1 is longer than what a step has before --
script_of() {
    local interpreter
    interpreter=$dir/$(printf "%0$((200 - ${#dir}))d" 0)
    cp "$(type -P true)" "$interpreter"
    echo "#!$interpreter" >"$dir/s"
    chmod 755 "$dir/s"
}
@test "[exec-arguments] what the step still had room for, its script has not" {
    make_dir
    script_of
    local low=60000 high=66000 middle
    while [ $((high - low)) -gt 1 ]; do # the most that a step can be started with
        middle=$(((low + high) / 2))
        if arguments $middle "$PUBLIC/08-capset" --help -- "$dir/s" >/dev/null 2>&1; then low=$middle; else high=$middle; fi
    done
    cannot 126 E2BIG 'that is more than the 131072 that there is room for' arguments $low "$PUBLIC/08-capset" -- "$dir/s"
    [[ $err =~ take\ 1[23][0-9]{4}\ bytes ]]
}
@test "[exec-arguments miss] a little less" {
    make_dir
    script_of
    works arguments 65000 "$PUBLIC/08-capset" -- "$dir/s"
}
with_file_caps() { # COMMAND ..., after $dir/program was given cap_net_raw
    needs_tool setcap libcap2-bin
    # shellcheck disable=SC2016
    as_root sh -c 'setcap cap_net_raw+ep "$0" 2>/dev/null || exit 99; exec "$@"' "$dir/program" "$@"
}
@test "[exec-file-caps] a file capability that is not in the bounding set" {
    make_dir
    program program
    run_split with_file_caps true
    [ "$status" != 99 ] || skip "no file capabilities on the filesystem of $dir"
    cannot 126 EPERM "$dir/program has file capabilities (getcap shows them), and of these cap_net_raw is not in the bounding set" \
        with_file_caps 08-capset --drop net_raw -- "$dir/program"
}
@test "[exec-file-caps miss] another one was dropped" {
    make_dir
    program program
    run_split with_file_caps true
    [ "$status" != 99 ] || skip "no file capabilities on the filesystem of $dir"
    works with_file_caps 08-capset --drop net_admin -- "$dir/program" --help
}
# limited NUMBER: becomes who is in a user namespace that another process is in, too; and then there are two
limited() {
    # shellcheck disable=SC2016
    bash -c 'ulimit -u "$0" && exec 06-nsenter --target "$1" -- true' "$1" "$held"
}
@test "[exec-processes] the user that the step has become has too many processes" {
    needs_root # an ordinary user becomes nobody else, and is stopped at the fork before
    hold "$BATS_TEST_TMPDIR/box" 07-userns-map
    cannot 126 EAGAIN 'uid 0 has more processes than its RLIMIT_NPROC, 0' limited 0
}
@test "[exec-processes miss] not too many" {
    needs_root
    hold "$BATS_TEST_TMPDIR/box" 07-userns-map
    works limited 100
}

# ---- an exec that succeeds, and a program that ends at once

loader_only() { # a root with a program, its dynamic linker, and no library
    local linker
    mkdir "$dir/bin"
    cp "$ROOTFS/bin/true" "$dir/bin/true"
    for linker in "$ROOTFS"/lib*/ld-linux*; do
        [ -e "$linker" ] || skip 'the programs of this machine are not linked with glibc'
        mkdir -p "$dir/$(basename "${linker%/*}")"
        cp -L "$linker" "$dir/$(basename "${linker%/*}")/"
    done
}
missing='note: /bin/true needs libc.so.6, and its dynamic linker, /lib'
@test "[exec-libraries] a library that is nowhere under this root is named before, and the status is 127" {
    make_dir
    loader_only
    run_split in_root /bin/true
    [ "$status" = 127 ] # control: it is the dynamic linker that says so
    [[ $err == *"$missing"*"finds no such file under this root"*"try: "*ldd*"cannot open shared object file"* ]]
}
@test "[exec-libraries] that of the interpreter of a script" {
    make_dir
    loader_only
    file script '#!/bin/true\n'
    run_split in_root /script
    [ "$status" = 127 ] && [[ $err == *"$missing"* ]]
}
@test "[exec-libraries miss] they are there: no note" {
    works "${own[@]}" 03-chroot "$ROOTFS" -- true
    works "${own[@]}" 03-chroot "$ROOTFS" -- sh -c true
    works 08-capset -- ls /
}
@test "[exec-libraries miss] found by LD_LIBRARY_PATH, or in a directory where it always looks: no note" {
    make_dir
    loader_only
    mkdir "$dir/elsewhere"
    libc=$(cd "$ROOTFS" && find . -name libc.so.6 | head -n 1)
    cp -L "$ROOTFS/$libc" "$dir/elsewhere/"
    run_split in_root /bin/true
    [[ $err == *"$missing"* ]] # control
    works env LD_LIBRARY_PATH=/none:/elsewhere "${own[@]}" 03-chroot "$dir" -- /bin/true
    mkdir -p "$dir/${libc%/*}"
    mv "$dir/elsewhere"/* "$dir/$libc"
    works in_root /bin/true
}
@test "[exec-libraries miss] there is one below glibc-hwcaps, for a kind of processor: no note" {
    make_dir
    loader_only
    libc=$(cd "$ROOTFS" && find . -name libc.so.6 | head -n 1)
    mkdir -p "$dir/${libc%/*}/glibc-hwcaps/x86-64-v2"
    run_split in_root /bin/true
    [[ $err == *"$missing"* ]] # control: the directory alone
    cp -L "$ROOTFS/$libc" "$dir/${libc%/*}/glibc-hwcaps/x86-64-v2/"
    run_split in_root /bin/true
    [[ $err != *"$missing"* ]]
    [ "$(uname -m)" != x86_64 ] || ! grep -qw sse4_2 /proc/cpuinfo || [ "$status" = 0 ]
}
@test "[exec-libraries miss] a static program needs none" {
    make_dir
    program program
    works in_root /program --help
}
