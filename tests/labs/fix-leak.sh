# shellcheck shell=bash disable=SC2034,SC2016
# fix-leak: mounts that appear outside. The rules look at what the tests say of the kernel's state.
hints=(
    'Look at both sides. What does /proc/self/mountinfo show in the command, and what outside? Which of the two is wrong? The word "shared:" in field 7 belongs to it.'
    'A new mount namespace gets copies of the mounts, and each copy stays in the peer group of its original. What must become of the copies, before something is mounted on them? mount_namespaces(7), "Shared subtrees".'
    'Propagation belongs to each mount, not to the namespace. There are several mounts in there: findmnt -o TARGET,PROPAGATION lists them. Does your change reach all of them?'
    'One call of mount(2), between unshare and the first tmpfs: only a target and flags, the target is /, and the flags are one for the propagation type and one for "all below, too". Function set_propagation in steps/01-unshare.c does that.'
)
when todo '' 'inside: one three two; shared: 3; outside meanwhile: one three two; afterwards: one three two\.' \
    'The three mounts appear outside, and those inside are still "shared:" with them. The copied mounts are peers of the outer ones until the program changes that.' 'What you have'
when hangs '' 'it does not end|timeout after|lab: hung' 'The program does not come to an end, even when its command has. What does it wait for?' 'What must be true'
when refused '' 'it said: fix-leak: .*: (Invalid argument|Operation not permitted)' \
    'A system call of yours has failed; the line that begins with "it said" tells which. EINVAL from a change of propagation: its target must be a mount point. EPERM: is the process in its own mount namespace yet?' 'What to read'
when no-namespace '' 'inside .the outer namespace.' \
    'The command is in the outer mount namespace itself: readlink /proc/self/ns/mnt is the same on both sides. Where is the new one made?' 'What to read'
when not-mounted '' 'inside: (one|three|two|one three|one two|three two)?;' \
    'The command does not see all three mounts. Look at /proc/self/mountinfo in there: each of the three directories must be a tmpfs, whatever the program prints.' 'What must be true'
when outer-changed '' 'outer mounts: changed' \
    'The outer mounts themselves are not as before: field 7 of the outer mountinfo has lost its "shared:", or the like. Whose mounts does your call change, and in which namespace is the process at that time?' 'What must be true'
when not-recursive '' 'outside meanwhile: three;' \
    'Two of three stay inside; the one on the submount appears outside. The submount is a mount with a propagation type of its own, and your call has changed only the mount above it.' 'What to read'
when cleans-up '' 'outside meanwhile: .*(one|two|three).*; afterwards: \.' \
    'Afterwards the mounts are gone, but while the command runs everybody outside sees them. Cleaning up is too late: they must never get there.' 'What must be true'
when too-late '' 'shared: 0; outside meanwhile: .*(one|two|three)' \
    'The inner mounts are private now, and yet there are copies outside: they went there at the moment of mount(2). Think about the order.' 'What to read'
when status-lost '' 'it ended with status' \
    'The mounts are right. But the exit status must be that of the command, and if a mount fails the command must not run.' 'What must be true'

change not-recursive not-recursive 's/MS_REC | MS_PRIVATE/MS_PRIVATE/'
mutant private-before-unshare outer-changed enter_namespace <<'C'
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
        die("make the mounts private", "");
    if (unshare(CLONE_NEWNS) == -1)
        die("unshare", "");
C
mutant private-too-late too-late main <<'C'
    if (argc < 5 || unshare(CLONE_NEWNS) == -1)
        return 125;
    mount_all(argv + 1);
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
        die("make the mounts private", "");
    execvp(argv[4], argv + 4);
    die("exec ", argv[4]);
C
mutant unmounts-at-the-end cleans-up main <<'C'
    extern int wait(int *);
    int status = 0;

    if (argc < 5 || unshare(CLONE_NEWNS) == -1)
        return 125;
    mount_all(argv + 1);
    if (vfork() == 0) {
        execvp(argv[4], argv + 4);
        _exit(127);
    }
    wait(&status);
    for (int i = 1; i < 4; i++)
        umount(argv[i]);
    return status >> 8;
C
mutant only-printed not-mounted mount_all <<'C'
    for (int i = 0; i < 3; i++)
        printf("tmpfs mounted on %s\n", dir[i]);
C
mutant no-namespace no-namespace enter_namespace <<'C'
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
        die("make the mounts private", "");
C
mutant private-but-the-wrong-mount refused mount_all <<'C'
    for (int i = 0; i < 3; i++)
        if (mount(NULL, dir[i], NULL, MS_PRIVATE, NULL) == -1 ||
            mount("fix-leak", dir[i], "tmpfs", 0, NULL) == -1)
            die("mount a tmpfs on ", dir[i]);
C
