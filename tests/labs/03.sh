# shellcheck shell=bash disable=SC2034,SC2016
# 03: write change_root
functions=change_root
hints=(
    'One system call changes the field "root" of a process. Its name is in the title of the chapter. man 2 chroot'
    'The call changes /, and nothing else. Where is the process afterwards: what is "." for it? Look at readlink /proc/self/cwd.'
    'So a second call belongs to it: chdir, to the new /. Both can fail, and then the function returns -1 and leaves errno alone.'
)
# Where the step has the right to it, and the directory is there.
call='07-userns-map -- 03-chroot "$PWD/build/rootfs" -- true 2>&1'
when todo "$call" 'TODO: change_root' 'The function is still empty: it must call chroot(2) with NEWROOT. man 2 chroot'
when chdir-new-root "$call" '^03-chroot: chroot.*ENOENT' \
    'ENOENT: the directory is there, so which path is it that does not exist? After chroot(2) a path that begins with / is looked up in the new root, and new_root is such a path here. The new / has a shorter name.'
when fails "$call" '^03-chroot: chroot' \
    'Your function tells of a failure, though this process may go there. What did the call get, and what does the function return when all went well?'
when not-called '07-userns-map -- 03-chroot "$PWD/build/rootfs" -- ls -d /bin/03-chroot 2>/dev/null || echo not there' 'not there' \
    'The step says that / has changed, and it has not. Is chroot(2) really called, and with the argument new_root?'
when chdir-before '07-userns-map -- 03-chroot "$PWD/build/rootfs" -- ls -d ../../sys/kernel 2>/dev/null' kernel \
    'After your function the working directory is still outside the new /, where ".." leads out. chdir("/") comes after chroot(2): before it, / is the old one.'
when relative 'cd build && 07-userns-map -- 03-chroot rootfs -- true 2>&1' '^03-chroot: chroot' \
    'With NEWROOT as an absolute path all is well, and with a relative one it is not: after a chdir(2) the same word means another directory. So the chdir comes last.'
status='07-userns-map -- 03-chroot README.md -- true >/dev/null 2>&1; echo status $? | sed s/125/right/'
when error-lost "$status" 'status 0$' \
    'NEWROOT was a file, and yet COMMAND has run. When chroot(2) fails the step must hear of it: return -1 then, with errno as the call has left it.'
when own-exit "$status" 'status [0-9]' \
    'Your function itself ends the program when the call has failed. It need only return -1 and leave errno alone: main says what is wrong and why, and ends with 125.'
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
mutant chdir-to-new-root chdir-new-root change_root <<'C'
    if (chroot(new_root) == -1)
        return -1;
    return chdir(new_root);
C
mutant chdir-to-new-root-before relative change_root <<'C'
    if (chdir(new_root) == -1)
        return -1;
    return chroot(new_root);
C
mutant exits own-exit change_root <<'C'
    if (chroot(new_root) == -1) {
        perror("chroot");
        _exit(1);
    }
    return chdir("/");
C
mutant waits hangs change_root <<'C'
    if (chroot(new_root) == -1)
        return -1;
    return chdir("/") == 0 ? pause() : -1;
C
