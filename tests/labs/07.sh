# shellcheck shell=bash disable=SC2034,SC2016
# 07: write write_maps
functions=write_maps
hints=(
    'No system call makes a map: you write a line of text into a file in /proc/PID, and there are two such files. Their names are in "The call". man 7 user_namespaces'
    'proc is the open directory /proc/PID of the process to be mapped, and write_file_at(proc, FILE, TEXT) writes into a file below it. The text comes from format_id_map (lib/nsteps.h): once for maps->uids, once for maps->gids.'
    'An ordinary user may write gid_map only after he has given something up, which is a third file: see "With ordinary tools" for its name, and have_capability(CAP_SETGID) for who must do so. With --auto (maps->by_newuidmap) others write both maps: run_newidmap.'
    'So the order is: --auto? then run_newidmap for "newuidmap" and for "newgidmap", and that is all. Else "deny" into setgroups where CAP_SETGID is missing, then gid_map, then uid_map. Each write may fail: fail(step, errno, why_id_map(proc, pid, FILE, maps), "write ...").'
)

# 01 leaves a user namespace behind that nobody has mapped, and yours is to map it: what has arrived in its files? The
# two maps are such that each can be told from the other, and from the default.
state='rm -f /tmp/box; 01-unshare --user >/tmp/box 2>/dev/null & i=0;
    until [ -s /tmp/box ] || [ $((i += 1)) -gt 40 ]; do sleep 0.05; done; pid=$(cut -d " " -f 2 /tmp/box);
    07-userns-map - --map "3:$(id -u):1" --gmap "4:$(id -g):1" -- true </tmp/box >/dev/null 2>&1;
    cd /proc/$pid && echo uid_map $(cat uid_map) gid_map $(cat gid_map) $(cat setgroups); kill $!'
state=${state//$'\n'/ }
said='07-userns-map -- true 2>&1 | grep -v "^  "'
me='07-userns-map --map 0:0:1 -- true 2>&1; echo ended: $?'

when todo '' 'TODO: write_maps' 'The function is still empty: it must write MAPS into uid_map and gid_map below PROC. man 7 user_namespaces'
when swapped "$state" 'uid_map 4 .* gid_map 3 ' \
    'The user ids stand in gid_map, and the group ids in uid_map. Which text goes into which file?'
when uids-twice "$state" 'uid_map 3 .* gid_map 3 ' \
    'gid_map has the line that belongs into uid_map. There are two maps, maps->uids and maps->gids.'
when fixed-map "$state" 'uid_map ([0-24-9]|3 [0-9]+ 1 gid_map [0-35-9])' \
    'The maps in /proc/PID are not the ones that were asked for with --map and --gmap. Do the texts come from MAPS, or are they written into the program?'
when no-gid-map "$state" 'uid_map 3 [0-9]+ 1 gid_map (allow|deny)' \
    'uid_map has its line, and gid_map is empty. Then no group has a number in there, and setresgid(2) is EINVAL.' 'Translation at the border'
when no-uid-map "$state" 'uid_map gid_map 4 ' \
    'gid_map has its line, and uid_map is empty. Then nobody has a number in there, and setresuid(2) is EINVAL.' 'Translation at the border'
when other-process "$state" 'uid_map gid_map (allow|deny)' \
    'Nothing has arrived in the files of the process that was to be mapped. Whose files do you write? PROC is its directory; /proc/self is the process that writes.'
when setgroups-too-late "$said" 'deny.*: Operation not permitted|gid_map: Operation not permitted' \
    'The kernel has refused it with EPERM: setgroups and gid_map go in a certain order. What must an ordinary user give up before he may write gid_map?' 'With ordinary tools'
when error-lost "$me" 'become uid|ended: 0' \
    'The kernel has refused the map, and the step went on. When a write fails, it must end there, with fail, and tell which one.' 'Break it'
when setgroups-forgotten '' '^not ok [0-9]+ without CAP_SETGID the step itself' \
    'An ordinary user must give something up before he may write gid_map, and nothing was written into that third file. (In the check the kernel does not ask for it, for it has been given up further out. Elsewhere it says EPERM.)' 'With ordinary tools'
when setgroups-always '' '^not ok [0-9]+ with CAP_SETGID it need not' \
    'Who has CAP_SETGID need not give setgroups up, and then in there groups can be set as usual. Ask have_capability first.' 'With ordinary tools'
when auto '' '^not ok [0-9]+ --auto' \
    'With --auto (maps->by_newuidmap) the step must not write the maps itself: run_newidmap has newuidmap(1) and newgidmap(1) do it.' 'With ordinary tools'
when no-cause '' '^# wanted because: ' \
    'The map is refused, and the message lacks its cause. fail takes it from why_id_map(proc, pid, FILE, maps), with FILE the one that was written.' 'Break it'
when hangs '' 'timeout after|waited in vain|lab: hung|lab: stopped' 'The program does not come to an end. Is there a loop that waits for something?'

mutant nothing-done other-process write_maps <<'C'
    (void)step;
    (void)proc;
    (void)pid;
    (void)maps;
C
mutant no-setgroups setgroups-forgotten write_maps <<'C'
    char uids[16384], gids[16384];

    format_id_map(&maps->uids, uids, sizeof uids);
    format_id_map(&maps->gids, gids, sizeof gids);
    if (write_file_at(proc, "gid_map", gids) == -1)
        fail(step, errno, why_id_map(proc, pid, "gid_map", maps),
             "write \"%s\" to /proc/%d/gid_map", one_line(gids), pid);
    if (write_file_at(proc, "uid_map", uids) == -1)
        fail(step, errno, why_id_map(proc, pid, "uid_map", maps),
             "write \"%s\" to /proc/%d/uid_map", one_line(uids), pid);
C
mutant setgroups-late setgroups-too-late write_maps <<'C'
    char uids[16384], gids[16384];

    format_id_map(&maps->uids, uids, sizeof uids);
    format_id_map(&maps->gids, gids, sizeof gids);
    if (write_file_at(proc, "uid_map", uids) == -1)
        fail(step, errno, why_id_map(proc, pid, "uid_map", maps),
             "write \"%s\" to /proc/%d/uid_map", one_line(uids), pid);
    if (write_file_at(proc, "gid_map", gids) == -1)
        fail(step, errno, why_id_map(proc, pid, "gid_map", maps),
             "write \"%s\" to /proc/%d/gid_map", one_line(gids), pid);
    if (!have_capability(CAP_SETGID) && write_file_at(proc, "setgroups", "deny") == -1)
        fail(step, errno, why_id_map(proc, pid, "setgroups", maps), "write deny");
C
mutant only-uid-map no-gid-map write_maps <<'C'
    char uids[16384];

    format_id_map(&maps->uids, uids, sizeof uids);
    if (write_file_at(proc, "uid_map", uids) == -1)
        fail(step, errno, why_id_map(proc, pid, "uid_map", maps),
             "write \"%s\" to /proc/%d/uid_map", one_line(uids), pid);
C
change only-gid-map no-uid-map 's/write_file_at(proc, "uid_map", uids) == -1/0/'
change maps-swapped swapped 's/"gid_map", gids)/"gid_map", uids)/; s/"uid_map", uids)/"uid_map", gids)/'
change uids-for-both uids-twice 's/format_id_map(&maps->gids/format_id_map(\&maps->uids/'
mutant written-in-the-program fixed-map write_maps <<'C'
    char uids[64], gids[64];

    (void)pid;
    (void)step;
    (void)maps;
    snprintf(uids, sizeof uids, "0 %u 1", geteuid());
    snprintf(gids, sizeof gids, "0 %u 1", getegid());
    write_file_at(proc, "setgroups", "deny");
    write_file_at(proc, "gid_map", gids);
    write_file_at(proc, "uid_map", uids);
C
mutant own-proc other-process write_maps <<'C'
    char uids[16384], gids[16384];
    int self = step->proc_self;

    (void)proc;
    format_id_map(&maps->uids, uids, sizeof uids);
    format_id_map(&maps->gids, gids, sizeof gids);
    if (write_file_at(self, "setgroups", "deny") == -1)
        fail(step, errno, why_unknown("7 user_namespaces"), "write deny to /proc/%d/setgroups", pid);
    if (write_file_at(self, "gid_map", gids) == -1)
        fail(step, errno, why_unknown("7 user_namespaces"), "write to /proc/%d/gid_map", pid);
    if (write_file_at(self, "uid_map", uids) == -1)
        fail(step, errno, why_unknown("7 user_namespaces"), "write to /proc/%d/uid_map", pid);
C
change gives-up-always setgroups-always 's/!have_capability(CAP_SETGID) && //'
change forgets-auto auto 's/(maps->by_newuidmap)/(false)/'
mutant ignores-failure error-lost write_maps <<'C'
    char uids[16384], gids[16384];

    (void)step;
    (void)pid;
    format_id_map(&maps->uids, uids, sizeof uids);
    format_id_map(&maps->gids, gids, sizeof gids);
    if (!have_capability(CAP_SETGID))
        write_file_at(proc, "setgroups", "deny");
    write_file_at(proc, "gid_map", gids);
    write_file_at(proc, "uid_map", uids);
C
