# shellcheck shell=bash disable=SC2034,SC2016
# fix-half: enter a container that is running. Root's has a cgroup, too.
[ "$(id -u)" != 0 ] || jail=root
hints=(
    'Send a newcomer that sleeps, and compare, from outside: readlink /proc/PID/ns/* of it and of the target, then /proc/PID/root, cwd and cgroup.'
    'Chapter 06 has a table, "This is the whole order, and why it is this one". Which of its rows does the program lack?'
    'Open everything first, all links in ns, root and cwd. Then write to cgroup.procs, then setns, then the two directories. A name in /proc means something else once the mount namespace is another one.'
    'fchdir(root), chroot("."), fchdir(cwd). And setns into a pid namespace moves only the children: fork, let the child exec, wait for it.'
)
when hangs '' 'it does not end|lab: hung' 'The program does not come to an end. Who waits for whom?' 'Where it goes wrong'
when todo '' 'differs: cgroup mnt pid( time)? root cwd' 'COMMAND is in four kinds of namespaces of the target, and no more: hostname right, files wrong. What else has a container? Compare all links in /proc/PID/ns, and /proc/PID/root and cwd.' 'What must be true'
when too-late '' 'it says: .*No such file or directory' 'A file is not found. Is a name in /proc used after the mount namespace is another one? There /proc is that of the container, or none, and the PID means somebody else. Open first, enter afterwards.' 'Where it goes wrong'
when user-order '' 'it says: .*Operation not permitted' 'The kernel does not permit a step (EPERM). To enter a namespace one needs CAP_SYS_ADMIN in the user namespace that owns it: which kind must an ordinary user enter first? And what may nobody write any more after that?' 'Where it goes wrong'
when wrong-link '' 'it says: .*Invalid argument' 'EINVAL from setns(2): the descriptor is of another kind than the flag says, or you are in that user namespace already.' 'What you need'
when mnt-left '' 'differs: (.* )?mnt' 'COMMAND is not in the mount namespace of the target. The same / is not enough: what is mounted in there later it will not see.' 'What must be true'
when no-fork '' 'differs: (.* )?pid' 'COMMAND is not in the pid namespace. Was setns(2) called for it? Then think of who is moved by it: a process keeps its pid as long as it lives, so not the caller.' 'Where it goes wrong'
when cgroup-left '' 'differs: (.* )?limits' 'COMMAND is not in the cgroup of the target, so the limits of the container do not bind it. A cgroup is no namespace: setns cannot enter it. What can?' 'What must be true'
when types-left '' 'differs: (.* )?(cgroup|ipc|net|time|user|uts)' 'A kind of namespace is left out. There are eight; which link in /proc/PID/ns differs?' 'What must be true'
when root-left '' 'differs: (.* )?root' 'COMMAND is in the mount namespace, and / is another one than the target'"'"'s. setns sets / to the root of that mount namespace, and the target may be in a chroot there. /proc/PID/root leads to the right one.' 'Where it goes wrong'
when cwd-left '' 'differs: (.* )?cwd' 'All is right but the working directory: setns and chroot have set it, or left it. /proc/PID/cwd leads to the target'"'"'s. When must that be opened?' 'What must be true'
when status '' 'exit status: expected' 'COMMAND is in the right place, and its exit status is lost: wait for the child, and end as it has ended. man 2 waitpid, WEXITSTATUS.' 'What must be true'
when not-begun '' 'expected it runs' 'COMMAND does not run. Look at what the program says, and at what each call returns.' 'Where it goes wrong'

change no-mount-namespace mnt-left 's/"mnt", //'
change seven-types types-left 's/"pid", "time", /"pid", /'
mutant no-chroot root-left enter_directories <<'C'
    if (fchdir(it->cwd) == -1)
        die("its working directory");
C
mutant no-cwd cwd-left enter_directories <<'C'
    if (fchdir(it->root) == -1 || chroot(".") == -1)
        die("its root");
C
change never-forks no-fork 's/^    child = fork();.*/    child = 0;/'
change opens-after-entering too-late 's/^    it.root = .*//; s/^    it.cwd = .*//
    s/^    enter_directories(&it);/    it.root = open_in(argv[1], "root"); it.cwd = open_in(argv[1], "cwd"); if (it.root == -1) die("its root");\n&/'
change wrong-flag wrong-link 's/setns(it->ns\[i\], 0)/setns(it->ns[i], i < 3 ? 0 : CLONE_NEWNS)/'
change status-lost status 's/^    return WIFEXITED.*/    return 0;/'
if [ "$jail" = root ]; then
    mutant no-cgroup cgroup-left enter_its_cgroup <<'C'
    (void)pid;
C
else
    change user-last user-order 's/{"user", \(.*\)};/{\1, "user"};/'
fi
