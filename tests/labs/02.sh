# shellcheck shell=bash disable=SC2034,SC2016
# 02: write mount_proc
functions=mount_proc
hints=(
    'One system call attaches a filesystem to a directory. It takes five arguments; find out what each of them means. man 2 mount'
    'A proc has no disk, so the first argument is only a name that tools show. The second is the directory: here it is not always /proc. The third says which kind of filesystem; /proc/filesystems lists those that this kernel has.'
    'The fourth argument is flags. A proc needs no programs with the rights of their owner, no device files, and nothing to execute: three flags, whose names begin with MS_NO. The fifth is not needed here.'
    'Nothing has to be unmounted before: a mount lies on top of what was there. And nothing has to fork: main calls your function in a process that is in the new pid namespace already. What the call returns, the function returns.'
)
when todo '07-userns-map -- 01-unshare -m -p -- 02-mountproc build/rootfs -- true 2>&1' 'TODO: mount_proc' \
    'The function is still empty: it must call mount(2) for TARGET. man 2 mount'
# What the kernel says of the call, where all is as it should be.
call='07-userns-map -- 01-unshare -m -p -- 02-mountproc build/rootfs -- true 2>&1'
when type "$call" '^02-mountproc: mount proc .*ENODEV' \
    'ENODEV: the kernel has no filesystem of the type that the call names. /proc/filesystems lists those that it has.'
when arguments "$call" '^02-mountproc: mount proc .*(ENOENT|ENOTDIR|ENOTBLK)' \
    'The call fails over a path, though the directory is there. Are its arguments in the right order? The mount point is the second, and comes from the argument TARGET.'
when invalid "$call" '^02-mountproc: mount proc .*EINVAL' \
    'EINVAL: the call itself is wrong. The type of the filesystem must be there, as the third argument, the first one being only a name. (umount(2) says EINVAL too, and nothing has to be unmounted before.)'
when fails "$call" '^02-mountproc: mount proc ' \
    'Your function tells of a failure, though this process may mount a proc there. What did the call get, and what does the function return when all went well?'
# Whose processes are in /proc, and whose in ROOT/proc? A shell that finds itself in there under its own $$ is in the new one.
whose='07-userns-map -- 01-unshare -m -p -- 02-mountproc build/rootfs -- sh -c "for proc in /proc build/rootfs/proc; do if read -r pid _ <\$proc/self/stat; then [ \$pid = \$\$ ] && echo new || echo old; else echo none; fi; done" 2>/dev/null | paste -sd " "'
when elsewhere "$whose" '^new' \
    'ROOT was build/rootfs, and your proc is on /proc. The directory to mount on is in the argument TARGET.'
when old "$whose" '^old old' \
    'What your function has mounted is the old proc once more, with the processes outside. A proc shows the pid namespace of the process that mounts it, when it is mounted; a copy (MS_BIND) shows what the first one showed.'
when not-called "$whose" '^old none' \
    'The step says that there is a proc on ROOT/proc, and there is none. Is mount(2) really called, with the type of filesystem that proc is?'
when flags '07-userns-map -- 01-unshare -m -p -- 02-mountproc "$PWD/build/rootfs" -- grep " $PWD/build/rootfs/proc " /proc/self/mountinfo 2>/dev/null | grep -v " rw,nosuid,nodev,noexec,"' proc \
    'There is a new proc in the right place, but not with the right options: field 6 of its line in /proc/PID/mountinfo. Three flags make the mount harmless, and no other is needed.'
status='mkdir -p /tmp/empty; 07-userns-map -- 01-unshare -m -p -- 02-mountproc /tmp/empty -- true >/dev/null 2>&1; echo status $? | sed s/125/right/'
when error-lost "$status" 'status 0$' \
    'There was no directory to mount on, and yet COMMAND has run. When the call fails the step must hear of it: return -1 then, with errno as the call has left it.'
when own-exit "$status" 'status [0-9]' \
    'Your function itself ends the program when the call has failed. It need only return -1 and leave errno alone: main says what is wrong and why, and ends with 125.'
when hangs '' 'timeout after|lab: hung' 'The program does not come to an end. Is there a loop that waits for something?'

mutant says-so not-called mount_proc <<'C'
    fprintf(stderr, "proc mounted on %s\n", (const char *)target);
    return 0;
C
mutant tmpfs not-called mount_proc <<'C'
    return mount("proc", target, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
C
mutant always-proc elsewhere mount_proc <<'C'
    (void)target;
    return mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
C
mutant bind old mount_proc <<'C'
    return mount("/proc", target, NULL, MS_BIND | MS_REC, NULL);
C
mutant no-flags flags mount_proc <<'C'
    return mount("proc", target, "proc", 0, NULL);
C
mutant procfs type mount_proc <<'C'
    return mount("proc", target, "procfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
C
mutant wrong-order arguments mount_proc <<'C'
    return mount(target, "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
C
mutant no-type invalid mount_proc <<'C'
    return mount("proc", target, NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
C
mutant umount-first invalid mount_proc <<'C'
    if (umount2(target, 0) == -1)
        return -1;
    return mount("proc", target, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
C
mutant ignores-failure error-lost mount_proc <<'C'
    mount("proc", target, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    return 0;
C
mutant exits own-exit mount_proc <<'C'
    if (mount("proc", target, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == -1) {
        perror("mount");
        _Exit(1);
    }
    return 0;
C
