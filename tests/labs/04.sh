# shellcheck shell=bash disable=SC2034,SC2016
# 04: write make_mount_point and pivot_to_here
functions='make_mount_point pivot_to_here'
hints=(
    'pivot_root(2) swaps mounts, and a new root is most often a plain directory. How does a mount begin there, with the same files in it? man 2 mount, "Creating a bind mount". There may also be mounts below it, the proc of chapter 02 for one: a flag takes them along.'
    'Whoever was in the directory before it became a mount point is still below the new mount. So where is "."? make_mount_point must enter the new mount: a second call belongs to it.'
    'In pivot_to_here the new root is the working directory, and its name is ".". The old root goes on the directory put_old. That is NULL when the user wants none; NOTES in man 2 pivot_root shows where the old root can go then. main unmounts it, you need not.'
    'When pivot_root(2) fails, a mount is left that make_mount_point has made, and nobody wants it any more. Take it away with umount2 and MNT_DETACH, and see to it that main gets the errno of pivot_root.'
    'make_mount_point: mount(2) of new_root on new_root with MS_BIND and MS_REC, then chdir. pivot_to_here: sys_pivot_root of "." and put_old, or "." where that is NULL. If it fails: keep errno in a variable, umount2 of ".", put errno back, return -1.'
)
# What the step says, and where / is afterwards for others in that mount namespace: for the shell.
call='07-userns-map -- 01-unshare -m -- sh -c "04-pivot_root $PWD/build/rootfs -- true; [ -e /etc/nsteps-rootfs ] && echo moved || echo stays" 2>&1'
when todo "$call" 'TODO: make_mount_point' \
    'The function make_mount_point is still empty: a mount must begin at NEW_ROOT, and this process must be in it. man 2 mount, "Creating a bind mount"'
when todo-pivot "$call" 'TODO: pivot_to_here' \
    'make_mount_point is there. Now pivot_to_here: it must call sys_pivot_root for ".", and take the bind mount away if that fails. man 2 pivot_root'
when umount-twice "$call" '^04-pivot_root: umount2 of the old root' \
    'main cannot unmount the old root any more. Has your function done it already? A second umount2 meets the new root, which must stay.' 'Questions'
when no-place "$call" '^04-pivot_root: pivot_root.*EFAULT' \
    'EFAULT: the kernel got a pointer that leads nowhere. put_old is NULL unless the user has typed --put-old, and pivot_root(2) wants a directory. Which one can be named instead?'
# The same where NEWROOT is a mount point already: how many mounts are on / then?
when not-entered '07-userns-map -- 01-unshare -m -p -- sh -c "mount --bind build/rootfs build/rootfs && 02-mountproc build/rootfs -- 04-pivot_root build/rootfs -- cut -d \" \" -f 5 /proc/self/mountinfo" 2>/dev/null | grep -cx /' '^[2-9]' \
    'The mount is made, but the process is not in it: "." is still the directory below the mount, where it was before. It must enter the directory once more.'
when not-mounted "$call" '^04-pivot_root: pivot_root.*EINVAL' \
    'EINVAL: pivot_root(2) swaps mounts, and "." is not the top of one. Does make_mount_point make a mount that begins at NEW_ROOT, and goes into it after that?' 'Break it'
when fails "$call" '^04-pivot_root: ' \
    'One of your functions tells of a failure, though all that the call needs is there. Which operation does the message name? What did it get, and what does the function return when all went well?'
# What does COMMAND see: the new root, its proc, the old root where --put-old wants it?
sees='07-userns-map -- 01-unshare -m -p -- 02-mountproc build/rootfs -- 04-pivot_root build/rootfs -- sh -c "[ -e /etc/nsteps-rootfs ] && echo new || echo old; [ -e /proc/self ] && echo proc" 2>/dev/null | paste -sd " "'
when not-called "$sees" '^old' \
    'The step says that / is another one, and COMMAND sees the old one. Is pivot_root(2) really called?' 'Prove it'
when only-me "$call" '^stays' \
    'COMMAND sees the new root, but / of the other processes in this mount namespace is the old one still. Only one call swaps the mounts themselves, for all of them; chroot(2) changes one process.' 'Prove it'
when not-recursive "$sees" '^new$' \
    'The new root is there, and the proc that was mounted below it is not. A bind mount shows one mount alone, unless a flag says that those below it come along.'
when put-old '07-userns-map -- 01-unshare -m -- 04-pivot_root --put-old tmp build/rootfs -- ls -d "/tmp$PWD/README.md" 2>/dev/null || echo not there' '^not there' \
    'With --put-old tmp the old root is not on /tmp. The second argument of pivot_root(2) says where it goes: put_old, when that is not NULL.'
# A --put-old that does not exist: the call must fail.
status='07-userns-map -- 01-unshare -m -- 04-pivot_root --put-old none build/rootfs -- true >/dev/null 2>&1; echo status $? | sed s/125/right/'
when error-lost "$status" 'status 0$' \
    'There is no directory for the old root, and yet COMMAND has run. When pivot_root(2) fails the step must hear of it: return -1 then.'
when own-exit "$status" 'status [0-9]' \
    'Your function itself ends the program when the call has failed. Let it clean up and return -1: main says what is wrong and why, and ends with 125.'
when not-undone '07-userns-map -- 01-unshare -m -- sh -c "04-pivot_root --put-old none build/rootfs -- true; cut -d \" \" -f 5 /proc/self/mountinfo" 2>/dev/null' '/build/rootfs$' \
    'pivot_root(2) has failed, and the bind mount on NEW_ROOT is still there. A step that fails leaves everything as it was: pivot_to_here must take that mount away.'
when errno '07-userns-map -- 01-unshare -m -- 04-pivot_root --put-old none build/rootfs -- true 2>&1 | grep "^04-pivot_root: pivot_root" | grep -v ENOENT' 'pivot_root' \
    'pivot_root(2) has failed with ENOENT, and the message says something else. A call that came after it has changed errno: keep its value in a variable, and put it back.'
when hangs '' 'timeout after|lab: hung' 'The program does not come to an end. Is there a loop that waits for something?'

# make_mount_point
mutant nothing not-mounted make_mount_point <<'C'
    return chdir(new_root);
C
mutant no-chdir not-entered make_mount_point <<'C'
    return mount(new_root, new_root, NULL, MS_BIND | MS_REC, NULL);
C
mutant chdir-before not-entered make_mount_point <<'C'
    if (chdir(new_root) == -1)
        return -1;
    return mount(new_root, new_root, NULL, MS_BIND | MS_REC, NULL);
C
mutant not-recursive not-recursive make_mount_point <<'C'
    if (mount(new_root, new_root, NULL, MS_BIND, NULL) == -1)
        return -1;
    return chdir(new_root);
C
# pivot_to_here
mutant half todo-pivot pivot_to_here <<'C'
    (void)put_old;
    fprintf(stderr, "04-pivot_root: TODO: pivot_to_here is not written yet\n");
    _exit(125);
C
mutant says-so not-called pivot_to_here <<'C'
    fprintf(stderr, "pivot_root(\".\", \"%s\") = 0\n", put_old != NULL ? put_old : ".");
    return 0;
C
mutant chroot only-me pivot_to_here <<'C'
    (void)put_old;
    return chroot(".");
C
mutant null no-place pivot_to_here <<'C'
    int error;

    if (sys_pivot_root(".", put_old) == 0)
        return 0;
    error = errno;
    umount2(".", MNT_DETACH);
    errno = error;
    return -1;
C
mutant always-here put-old pivot_to_here <<'C'
    (void)put_old;
    return sys_pivot_root(".", ".");
C
mutant unmounts umount-twice pivot_to_here <<'C'
    if (sys_pivot_root(".", put_old != NULL ? put_old : ".") == -1)
        return -1;
    return umount2(".", MNT_DETACH);
C
mutant not-undone not-undone pivot_to_here <<'C'
    return sys_pivot_root(".", put_old != NULL ? put_old : ".");
C
mutant ignores-failure error-lost pivot_to_here <<'C'
    sys_pivot_root(".", put_old != NULL ? put_old : ".");
    return 0;
C
mutant exits own-exit pivot_to_here <<'C'
    if (sys_pivot_root(".", put_old != NULL ? put_old : ".") == -1) {
        perror("pivot_root");
        umount2(".", MNT_DETACH);
        _exit(1);
    }
    return 0;
C
mutant errno-changed errno pivot_to_here <<'C'
    if (sys_pivot_root(".", put_old != NULL ? put_old : ".") == 0)
        return 0;
    umount2(".", MNT_DETACH);
    umount2(".", 0);
    return -1;
C
