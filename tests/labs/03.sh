# shellcheck shell=bash disable=SC2034,SC2016
# 03: write change_root
functions=change_root
hints=(
    'One system call changes the field "root" of a process. Its name is in the title of the chapter. man 2 chroot'
    'The call changes /, and nothing else. Where is the process afterwards: what is "." for it? Look at readlink /proc/self/cwd.'
    'So a second call belongs to it: chdir, to the new /. Both can fail, and then the function returns -1 and leaves errno alone.'
)
when todo '' 'TODO: change_root' 'The function is still empty: it must call chroot(2) with NEWROOT. man 2 chroot'
when not-called '07-userns-map -- 03-chroot "$PWD/build/rootfs" -- ls -d /bin/03-chroot 2>/dev/null || echo not there' 'not there' \
    'The step says that / has changed, and it has not. Is chroot(2) really called, and with the argument new_root?'
when chdir-before '07-userns-map -- 03-chroot "$PWD/build/rootfs" -- ls -d ../../sys/kernel 2>/dev/null' kernel \
    'After your function the working directory is still outside the new /, where ".." leads out. chdir("/") comes after chroot(2): before it, / is the old one.'
when error-lost '07-userns-map -- 03-chroot README.md -- true 2>/dev/null; echo $?' '^0' \
    'When chroot(2) fails the step must hear of it: return -1 then, with errno as the call has left it.'
when hangs '' 'timeout after|lab: hung' 'The program does not come to an end. Is there a loop that waits for something?'

mutant no-chdir chdir-before change_root <<'C'
    return chroot(new_root);
C
mutant chdir-before-chroot chdir-before change_root <<'C'
    if (chdir("/") == -1)
        return -1;
    return chroot(new_root);
C
mutant nothing-done not-called change_root <<'C'
    (void)new_root;
    return 0;
C
mutant only-chdir not-called change_root <<'C'
    return chdir(new_root);
C
mutant ignores-failure error-lost change_root <<'C'
    chroot(new_root);
    return chdir("/");
C
