# shellcheck shell=bash disable=SC2034,SC2016
# 01: write unshare_namespaces and set_propagation
functions='unshare_namespaces set_propagation'
hints=(
    'Each of the two functions is one system call. The first gives the process that calls it new namespaces, in place of those that it had. Its name is in the title of the chapter. man 2 unshare'
    'flags says which namespaces: main has put it together from the options. Hand it on as it is. What does the call return when it fails, and what does main expect then?'
    'The second is about mounts. A new mount namespace begins with a copy of every mount, and each copy is still tied to its original: "shared" in mountinfo. Which system call cuts the tie? man 7 mount_namespaces'
    'It is mount(2), "Changing the propagation type of an existing mount" in its man page. Begin with / and look for the flag that takes along every mount below it.'
    'propagation is MS_PRIVATE, MS_SHARED or MS_SLAVE, or 0 for --propagation unchanged: then there is nothing to do. Else the target is "/" and the flags are two, one of them propagation; the other arguments are NULL.'
)
when todo '01-unshare --user --uts -- true 2>&1' 'TODO: unshare_namespaces' \
    'The function unshare_namespaces is still empty: it must call unshare(2) with FLAGS. man 2 unshare'
when todo-propagation '01-unshare --user --mount -- true 2>&1' 'TODO: set_propagation' \
    'unshare_namespaces is there. Now set_propagation: each copied mount is still tied to its original. man 7 mount_namespaces'
# How often does COMMAND run? Nobody waits for a second one but paste, which reads to the end.
when forks '01-unshare --user --uts -- echo once 2>/dev/null | paste -sd " "' 'once.*once' \
    'COMMAND has run twice: there is one process too many. unshare(2) changes the process that calls it, so no fork belongs here. For the pid namespace main forks later.'
# The step has the right to these two.
when fails '07-userns-map -- 01-unshare --uts -- true 2>&1' '^01-unshare: unshare\(' \
    'Your function tells of a failure, though this process may make such a namespace. What did the call get, and what does the function return when all went well?'
# Which links differ with --uts, and which with --net?
new='07-userns-map -- sh -c "for type in uts net; do echo \$type:; { readlink /proc/self/ns/*; 01-unshare --\$type -- readlink /proc/self/ns/*; } | sort | uniq -u | cut -d : -f 1 | uniq; done" 2>/dev/null | paste -sd " " | sed "s/^uts: uts net: net$/right/"'
when not-called "$new" '^uts: net:$' \
    'The step says that the namespaces are new, but the links in /proc/PID/ns are the same as before. Is unshare(2) really called, and in this process?' 'Prove it'
when flags "$new" '^uts:' \
    'The new namespaces are not those that were asked for. FLAGS has one bit for each that was: the call gets this, no more and no less.'
when error-lost '01-unshare --net -- true >/dev/null 2>&1; echo status $?' 'status 0$' \
    'An ordinary user may not make a net namespace, and yet COMMAND has run. When the call fails the step must hear of it: return -1 then, with errno as the call has left it.'
when own-exit '01-unshare --net -- true >/dev/null 2>&1; echo status $? | sed s/125/right/' 'status [0-9]' \
    'Your function itself ends the program when the call has failed. It need only return -1 and leave errno alone: main says what is wrong and why, and ends with 125.'
# What COMMAND sees of the mounts, where all of them are shared outside.
mounts='07-userns-map -- unshare --mount sh -c "mount --make-rshared / && 01-unshare --mount -- cat /proc/self/mountinfo; :" 2>/dev/null'
when shared "$mounts" '^([^ ]+ ){4}/ [^ ]+ shared:' \
    'The mounts in the new namespace are still shared with those outside: what is mounted below them appears outside, too. set_propagation must change that, for / and for all below it.' 'Break it'
when only-root "$mounts" '^([^ ]+ ){6}shared:' \
    '/ is private now, but mounts below it are still shared with those outside. A flag of mount(2) makes the change for all of them at once.' 'Break it'
when mode "$mounts" '^([^ ]+ ){6}master:' \
    'The mounts are slaves, and private is what is asked for without --propagation. Which flag it is to be stands in the argument propagation.'
when mode "${mounts/--mount -- cat/--mount --propagation slave -- cat} | grep -c master:" '^0$' \
    'With --propagation slave the mounts do not become slaves. Which flag it is to be stands in the argument propagation.'
when unchanged '07-userns-map -- 01-unshare --mount --propagation unchanged -- true 2>&1' '^01-unshare: change the propagation' \
    'With --propagation unchanged the step fails. propagation is 0 then: no type is asked for, and there is nothing to do.'
when hangs '' 'timeout after|lab: hung' 'The program does not come to an end. Is there a loop that waits for something?'

# unshare_namespaces
mutant says-so not-called unshare_namespaces <<'C'
    fprintf(stderr, "unshare(%d): done\n", flags);
    return 0;
C
mutant one-flag flags unshare_namespaces <<'C'
    (void)flags;
    return unshare(CLONE_NEWUTS);
C
mutant user-too flags unshare_namespaces <<'C'
    return unshare(flags | CLONE_NEWUSER); /* "then it works without sudo" */
C
mutant in-a-child forks unshare_namespaces <<'C'
    pid_t pid = fork();

    return pid == 0 ? unshare(flags) : pid == -1 ? -1 : 0;
C
mutant ignores-failure error-lost unshare_namespaces <<'C'
    unshare(flags);
    return 0;
C
mutant exits own-exit unshare_namespaces <<'C'
    if (unshare(flags) == -1) {
        perror("unshare");
        _exit(1);
    }
    return 0;
C
# set_propagation
mutant half todo-propagation set_propagation <<'C'
    (void)propagation;
    fprintf(stderr, "01-unshare: TODO: set_propagation is not written yet\n");
    _exit(125);
C
mutant nothing-done shared set_propagation <<'C'
    (void)propagation;
    return 0;
C
mutant not-recursive only-root set_propagation <<'C'
    return propagation == 0 ? 0 : mount(NULL, "/", NULL, propagation, NULL);
C
mutant always-private mode set_propagation <<'C'
    return propagation == 0 ? 0 : mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
C
mutant zero unchanged set_propagation <<'C'
    return mount(NULL, "/", NULL, MS_REC | propagation, NULL);
C
