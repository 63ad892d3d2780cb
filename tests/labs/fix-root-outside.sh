# shellcheck shell=bash disable=SC2034,SC2016
# fix-root-outside: who is root in there, seen from outside?
jail=root
hints=(
    'Look from outside: while it sleeps, read /proc/PID/uid_map. The second number is the id outside. Which one should root in there be?'
    'The process in the new user namespace may map one id, its own. A map of many ids must come from somebody who may set any id in the namespace around: a process that has stayed outside. When may it write, and how do the two know of each other?'
    'fork. The child: unshare, tell the parent, wait. The parent: write /proc/CHILD/gid_map and uid_map, 65536 ids each, tell the child. Two pipes do for telling.'
    'A map changes nobody. After it the child is still who it was outside, and that one has no number in there: setgroups, setresgid, setresuid, in this order, and then the exec.'
)
when hangs '' 'it does not end|lab: hung' 'The program does not come to an end. Who waits for whom? A read from a pipe ends only when everybody has closed the other end.' 'Where it goes wrong'
when todo '' 'uid_map is: 0 0 1$' 'The map says that 0 in there is 0 outside, so your container is run by the root of the host. It must be another id, and for that somebody else has to write the map.' 'Where it goes wrong'
when no-namespace '' 'in the user namespace that we are in|expected 0 0 CapEff.* got [1-9][0-9]{5,}' 'COMMAND is in no user namespace of its own. Another uid is not enough: inside it must be 0, with all capabilities over what belongs to it. What makes a new user namespace?' 'What must be true'
when from-inside '' 'it says: .*(_map|setgroups).*Operation not permitted' 'The kernel does not take this map (EPERM). Who writes it? In the new user namespace nobody has a capability in the one around it any more. And each of the two files can be written once, all of its lines in one write(2).' 'Where it goes wrong'
when swapped '' 'it says: ([^c]|c[^h]).*Invalid argument|_map is: [1-9][0-9]{4,} 0 [0-9]{4,}' 'EINVAL here: that id has no line in the map, or the map is no map. A line is: first id inside, first id outside, how many. Is it in this order?' 'What you need'
when not-become '' 'got 65534 ' 'Inside, id -u is 65534: the map is there, and the process is still who it was outside, who has no number in there (and its files belong to the outer root). A map changes nobody. What does?' 'What you need'
when gid-zero '' 'gid_map is: [0-9]+ 0 ' 'gid_map reaches the gid 0 outside: files made in there belong to the group root. Group ids need the same care as user ids.' 'What must be true'
when outside-zero '' 'uid_map is: [0-9]+ 0 ' 'uid_map has a line that reaches uid 0 outside. Whatever number it has inside: who becomes that one is the root of the host.' 'What must be true'
when lost '' 'CapEff: 0+ *(,|$)' 'The capabilities are gone: an exec gives them to uid 0 only, so the process must be uid 0 in there before it. Does it wait until the map is written?' 'Where it goes wrong'
when too-small '' 'owner of a file after chown' 'There are too few ids in there: chown to an id without a line in the map is EINVAL. A whole system has more than root, and it counts from 0 to 65535.' 'What must be true'
when groups '' 'supplementary groups' 'The process has kept groups of outside, and may open what is open to them. Before it becomes uid 0 in there it must leave them: man 2 setgroups.' 'What must be true'
when status '' 'exit status: expected' 'The work is right, and its result is lost: the parent must wait for its child and end as that one has ended. man 2 waitpid, WEXITSTATUS.' 'What must be true'

mutant second-map-zero outside-zero write_maps <<'C'
    write_map(pid, "gid_map", "0 100000 65536");
    write_map(pid, "uid_map", "0 100000 65536\n65536 0 1\n");
C
mutant gid-map-zero gid-zero write_maps <<'C'
    write_map(pid, "gid_map", "0 0 65536");
    write_map(pid, "uid_map", "0 100000 65536");
C
mutant swapped-columns swapped write_maps <<'C'
    write_map(pid, "gid_map", "100000 0 65536");
    write_map(pid, "uid_map", "100000 0 65536");
C
mutant one-id-only too-small write_maps <<'C'
    write_map(pid, "gid_map", "0 100000 1");
    write_map(pid, "uid_map", "0 100000 1");
C
mutant never-becomes-root not-become become_root <<'C'
    if (setgroups(0, NULL) == -1)
        die("setgroups");
C
mutant keeps-groups groups become_root <<'C'
    if (setresgid(0, 0, 0) == -1 || setresuid(0, 0, 0) == -1)
        die("become root in there");
C
change writes-its-own-map from-inside 's/^        if (write(made\[1\].*/        write_maps(getpid());\n&/'
change another-uid-and-no-namespace no-namespace 's/^        if (unshare(CLONE_NEWUSER) == -1)/        if (setgroups(0, NULL) == -1 || setresgid(100000, 100000, 100000) == -1 || setresuid(100000, 100000, 100000) == -1)/
    s/^        write_maps(child);//; s/^        become_root();//'
change status-lost status 's/^    return WIFEXITED.*/    return 0;/'
