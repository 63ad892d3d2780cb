# shellcheck shell=bash disable=SC2034,SC2016
# fix-jail: out of a chroot, and then a jail that holds. The rules look at what the tests say of the kernel's state.
hints=(
    'Part 1: chapter 03 has three ways out, "Leave it" in "Break it", and the first needs nothing but chroot and chdir. Draw root and cwd after each call, as the table there does.'
    'Part 1: ".." stops only at the directory in root. Bring root somewhere below cwd (chroot does not change cwd), climb with chdir(".."), and make the place where you arrive your root: until then paths that begin with / start at the old one.'
    'Part 2: no chroot can hold root, whatever you put around it. The old tree must leave the mount namespace of the jail. So it needs a mount namespace of its own first, and then the call of chapter 04.'
    'Part 2, in order: unshare(CLONE_NEWNS); mounts private, recursively; NEWROOT bound onto itself; chdir there; pivot_root(".", "."), by syscall(2); umount2(".", MNT_DETACH); chdir("/"). Each can fail.'
)
when todo '' 'TODO: break_out' 'Part 1 is still empty: break_out must bring this process out of its chroot. Chapter 03, "Break it", shows the way.' 'What you have'
when hangs '' 'it does not end|timeout after|lab: hung' 'The program does not come to an end. If you climb with "..": at the top it leads to the top, for ever, and is no error.' 'What must be true'
when still-inside '' 'your escape, in a chroot, has read: the file inside' \
    'break_out comes back, and the process is still in the chroot: the path leads to another file there. Chapter 03 has a table of root and cwd: at which directory does ".." stop? Where is that directory, seen from cwd?' 'What to read'
when root-stays '' 'your escape, in a chroot, has read: nothing' \
    'The process has read nothing. Print readlink of /proc/self/cwd, or getcwd(3), at the end of break_out. Perhaps cwd is out already: but a path that begins with / does not start at cwd.' 'What to read'
when rights '' 'it has lost some' \
    'The command has lost capabilities. So the escape fails, but this is no wall: the task is a jail that holds root with all its rights. Leave them, and take the old root away.' 'What must be true'
when refused '' 'it said: fix-jail: .*: (Invalid argument|Device or resource busy|Operation not permitted)' \
    'A system call of the jail fails; "it said" tells which. For pivot_root EINVAL has several causes: a shared mount is one (where do the mounts become private?), a new root that is no mount point another. man 2 pivot_root, ERRORS.' 'What to read'
when outer-changed '' 'outside: the mounts are not as before' \
    'The mounts outside have changed: you swap the root of a mount namespace in which others live. Whose is it?' 'What must be true'
when old-root '' 'in the jail: the old root is mounted on' \
    'The root is the right one, and the old one is still mounted in the jail: whoever is root there just walks in. What has to follow after the swap?' 'What must be true'
when cwd '' 'its working directory is not' 'The command begins in a directory that is not the / of the jail. What does chroot or pivot_root do to the working directory?' 'What must be true'
when same-way '' 'in your jail, has read: the secret|in the jail: / is no mount|the jail is in the outer mount namespace' \
    'Part 1 is done, and the same way leads out of your own jail: its / is a field of the process, and the old tree is still above it in the mount namespace. More chroot does not help.' 'What to read'
when status '' 'the exit status is|does not run in your jail|its / is not NEWROOT' 'The jail must run its command, in NEWROOT, and end with the status of the command.' 'What must be true'

mutant only-climbs still-inside break_out <<'C'
    for (int i = 0; i < 100; i++)
        if (chdir("..") == -1)
            die("chdir ..");
    if (chroot(".") == -1)
        die("chroot .");
C
change root-is-left-below root-stays 's/if (chroot("\.") == -1)/if (0)/'
mutant chroot-twice same-way enter_jail <<'C'
    if (chroot(new_root) == -1 || chdir("/") == -1 || chroot("/") == -1 || chdir("/") == -1)
        die("chroot");
C
mutant drops-the-capability rights enter_jail <<'C'
    if (chroot(new_root) == -1 || chdir("/") == -1)
        die("chroot");
    if (syscall(SYS_prctl, 24 /* PR_CAPBSET_DROP */, 18 /* CAP_SYS_CHROOT */, 0, 0, 0) == -1)
        die("prctl");
C
change shared-mounts refused 's/MS_REC | MS_PRIVATE/MS_REC | MS_SHARED/'
change no-namespace outer-changed 's/if (unshare(CLONE_NEWNS) == -1)/if (0)/'
change old-root-stays old-root 's/if (umount2(".", MNT_DETACH) == -1)/if (0)/; s/pivot_root, ".", "."/pivot_root, ".", "mnt"/'
