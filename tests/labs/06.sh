# shellcheck shell=bash disable=SC2034,SC2016
# 06: write enter_namespaces
functions=enter_namespaces
hints=(
    'One system call puts the caller into one namespace: setns(2). It takes a descriptor, and all descriptors that you need are open already: target->ns[i] for each kind (see struct target in lib/nsteps.h), and ns_types[i].flag is its flag. Begin with a loop over NS_TYPES that enters those which "types" asks for.'
    'For an ordinary user this loop fails: EPERM. To enter a namespace one needs CAP_SYS_ADMIN in the user namespace that owns it, and an ordinary user has that only after he has entered his user namespace. So where must that stand? The descriptors are target->user[0] to target->user[target->user_count - 1], from outside to inside.'
    'And for root it may be the other way round: what he may enter now, he may not enter any more after he has gone into a user namespace. So try each kind before, and those that were EPERM once more after each user namespace. How do you remember which are done?'
    'A loop over "level" from 0 to user_count (0 to 0, when "types" has no CLONE_NEWUSER): from level 1 on it begins with setns(target->user[level - 1], CLONE_NEWUSER). Then comes the loop over the kinds. It takes away the flag of each that succeeded from "types". It goes on after EPERM, unless this was the last level. After any other error it returns -1.'
)

when todo '06-nsenter --target $$ -- true' 'TODO: enter' 'The function is still empty: it must call setns(2) for each kind of namespace in "types". man 2 setns'
# Within one user namespace of one's own, where all is permitted.
when not-called "07-userns-map -- sh -c '01-unshare -u | 06-nsenter - -u -- true'" '06-nsenter: joined, but' \
    'setns(2) has succeeded, or was not called: the process is where it was. Is the call made for the kind that was asked for, with its descriptor?'
when wrong-flag "07-userns-map -- sh -c '01-unshare -u | 06-nsenter - -u -- true'" '06-nsenter: setns.*Invalid argument' \
    'setns(2) says EINVAL: the flag is of another kind than the file. Each kind has its own flag, in ns_types, and it is no index.'
when wrong-descriptor "07-userns-map -- sh -c '01-unshare -u | 06-nsenter - -u -- true'" '06-nsenter: setns.*Bad file' \
    'setns(2) says EBADF: its first argument is no open file. It takes one of the descriptors in struct target. A pid is none.'
when too-many "07-userns-map -- sh -c '01-unshare -u | 06-nsenter - -u -- true'" '06-nsenter: setns.*not permitted' \
    'Only a uts namespace was asked for, and you may enter it, but setns(2) says EPERM. Is another kind tried, too? "types" says which ones are to be entered.'
when only-one "07-userns-map -- sh -c '01-unshare -u -n -i | 06-nsenter - -u -n -i -- true'" '06-nsenter: joined, but' \
    'One kind can be entered, several at once cannot: some are missing afterwards. When one call has succeeded, the function is not finished.'
when pid-for-children "07-userns-map -- sh -c '01-unshare -p | 06-nsenter - -p -- true'" '06-nsenter: (joined, but|setns)' \
    'The wrong pid namespace. A step that is left behind stays outside of the one that it holds for its children. With a pidfd, setns(2) takes the one in which the process itself is; target->ns has the other. What a pidfd stands for is in "One call for all".'
when too-many "07-userns-map -- sh -c '01-unshare -u -n --hostname lab-box | 06-nsenter - -n -- uname -n'" '^lab-box$' \
    'Only the network was asked for, and the hostname has changed, too. "types" says which kinds are to be entered, and no others.'

# A user namespace is on the way.
when no-user '01-unshare --user | 07-userns-map - | 06-nsenter - -U -- true' '06-nsenter: joined, but user' \
    'The user namespace is not entered. It needs a call of its own: the descriptors are in target->user, target->user_count of them.'
when not-asked '01-unshare -u --user --hostname lab-box | 07-userns-map - | 06-nsenter - -u -- uname -n' '^lab-box$' \
    'Only the uts namespace was asked for, and the user namespace has been entered, too. Look at "types" before you do that.'
when error-lost '01-unshare -u --user --hostname lab-box | 07-userns-map - | 06-nsenter - -u -- uname -n' '06-nsenter: joined, but' \
    'setns(2) has said EPERM, and your function has returned 0. When a kind cannot be entered at the last try either, it returns -1, with errno as the call has left it.'
when before-user '01-unshare -n --user | 07-userns-map - | 06-nsenter - -U -n -- true' '06-nsenter: (setns|joined, but)' \
    'An ordinary user may enter nothing before he is in his user namespace, for only there he has CAP_SYS_ADMIN. Does your function go on after EPERM, into the user namespace, and then try again?'
when after-user "07-userns-map -- sh -c '01-unshare -u | 07-userns-map - --map 0:0:1 | 06-nsenter - -U -u -- true'" '06-nsenter: (setns|joined, but)' \
    'This uts namespace belongs to the user namespace in which we are. Inside of the other one we have no capability for it any more. So it must be entered before that, and not once more after that.'
when levels '01-unshare -u --user | 07-userns-map - | 07-userns-map - --map 0:0:1 | 06-nsenter - -U -u -- true' '06-nsenter: (setns|joined, but)' \
    'Here one user namespace is within another, and the uts namespace belongs to the outer one. Only between the two we have the capability for it: go in step by step, and try at each level.'
when hangs '' 'timeout after|lab: hung' 'The program does not come to an end. Is there a loop that waits for something?'

mutant nothing-called not-called enter_namespaces <<'C'
    return target->pid > 0 && types >= 0 ? 0 : -1;
C
mutant index-as-flag wrong-flag enter_namespaces <<'C'
    for (int i = 0; i < NS_TYPES; i++)
        if ((types & ns_types[i].flag) && setns(target->ns[i], i) == -1)
            return -1;
    return 0;
C
mutant pid-as-descriptor wrong-descriptor enter_namespaces <<'C'
    return setns(target->pid, types);
C
mutant returns-in-the-loop only-one enter_namespaces <<'C'
    for (int i = 0; i < NS_TYPES; i++)
        if (types & ns_types[i].flag)
            return setns(target->ns[i], ns_types[i].flag);
    return 0;
C
mutant one-call pid-for-children enter_namespaces <<'C'
    return types == 0 ? 0 : setns(target->pidfd, types);
C
change types-not-looked-at too-many 's/if (!(types & ns_types\[i\].flag) || i == NS_USER)/if (i == NS_USER || i == NS_TIME)/'
change no-user-namespace no-user '/if (level > 0 && setns/,+1d'
change always-inwards not-asked 's/types & CLONE_NEWUSER ? target->user_count : 0/target->user_count/'
mutant simple-loop before-user enter_namespaces <<'C'
    for (int i = 0; i < NS_TYPES; i++)
        if ((types & ns_types[i].flag) && setns(target->ns[i], ns_types[i].flag) == -1)
            return -1;
    return 0;
C
change gives-up before-user 's/else if (errno != EPERM || level == levels)/else/'
change never-fails error-lost 's/else if (errno != EPERM || level == levels)/else if (errno != EPERM)/'
mutant user-first after-user enter_namespaces <<'C'
    for (int i = 0; (types & CLONE_NEWUSER) && i < target->user_count; i++)
        if (setns(target->user[i], CLONE_NEWUSER) == -1)
            return -1;
    for (int i = 0; i < NS_TYPES; i++)
        if (i != NS_USER && (types & ns_types[i].flag) &&
            setns(target->ns[i], ns_types[i].flag) == -1)
            return -1;
    return 0;
C
change forgets-what-is-done after-user 's/types &= ~ns_types\[i\].flag;/continue;/'
change straight-to-the-last levels 's/target->user\[level - 1\]/target->user[target->user_count - 1]/; s/types & CLONE_NEWUSER ? target->user_count : 0/(types \& CLONE_NEWUSER) \&\& target->user_count > 0/'
