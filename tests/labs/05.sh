# shellcheck shell=bash disable=SC2034,SC2016
# 05: write make_cgroup, set_limit and enter_cgroup_by. In the jail, $cgroups is where cgroup v2 is mounted.
functions='make_cgroup set_limit enter_cgroup_by'
jail=root
without='the cgroup that the step came from' # in the jail it waits for ever
hints=(
    'There is no system call of its own. To make a cgroup is to make a directory, and to set a limit is to write a text to a file in it. man 7 cgroups; man 2 mkdirat, openat, write.'
    'make_cgroup takes two calls, and both begin at the descriptor "base". The result is a descriptor, too: that of the new directory. set_limit opens FILE in "cgroup", only for writing, and writes the text VALUE; lib/nsteps.h has a function that does so. When a call fails, the function returns -1.'
    'enter_cgroup_by: "cgroup_procs" is open already, so one write is enough. It writes a pid, as a text in decimal digits. Which process is to move? man 7 cgroups tells of one number that always means "the process that writes".'
    'make_cgroup: mkdirat(base, name, 0755), and then openat of the same name with O_RDONLY | O_DIRECTORY | O_CLOEXEC. set_limit: write_file_at. enter_cgroup_by: write the one character 0, and compare what write(2) returns with 1.'
)

when todo '' 'TODO:' 'A function is still empty. Take them in their order: without a cgroup there is nothing to limit, and nothing to enter.'

# The cgroup: is it made, where, and what is returned?
when wrong-place 'umask 0; 05-cgroup in-the-tree -- true 2>/dev/null; ls -d in-the-tree 2>/dev/null' in-the-tree \
    'A plain directory has been made, where the step was typed. A cgroup is made in "base", the descriptor of a directory in the filesystem of the cgroups. Which calls take such a descriptor? man 2 mkdirat'
seen='cd $cgroups; echo max | tee cgroup.max.depth >cgroup.max.descendants; 05-cgroup seen cgroup.max.depth=7 -- sh -c "echo depth \$(cat seen/cgroup.max.depth), above \$(cat cgroup.max.depth), in \$(grep -c seen /proc/self/cgroup), all \$(wc -l <seen/cgroup.procs)"'
when no-descriptor "$seen" ': (Not a directory|Bad file descriptor) ' \
    'What make_cgroup returns is no descriptor of the new cgroup. mkdirat(2) returns 0 or -1, and 0 is the descriptor of stdin. Which call gives one of a directory?'
when above "$seen" '^depth max, above 7|^05-cgroup: echo 7 > cgroup.max.depth: Permission denied' \
    'The limit stands in the cgroup above the new one: it binds others, too. What make_cgroup returns must be the descriptor of the new directory, and not "base".'
when not-made "$seen" 'mkdir [^ ]*: ' \
    'make_cgroup returns -1, and errno is what the step prints. Is the directory made first, and opened then? Are the flags of openat(2) right for a directory?'
when mode 'umask 022; 05-cgroup mode -- stat -c "mode %a" $cgroups/mode' 'mode ([^7]|7[^5]|75[^5]|755.)' \
    'The permissions of the new directory are not 0755, so that an ordinary user may not even open what he has made. In C, an octal number begins with 0.'

# The limit
when limit-not-set "$seen" '^depth max' \
    'The report says so, but the limit is not set: the file still says "max". VALUE must be written to FILE, which is in the directory that "cgroup" stands for.'
when limit-other "$seen" '^depth [^7]' \
    'The file holds another value than VALUE. Is the text written as it came, to the file that was named?'
when limit-cut '05-cgroup cut cgroup.max.descendants=1000000012 -- cat $cgroups/cut/cgroup.max.descendants 2>/dev/null' '^10*$' \
    'A short VALUE arrives, a long one is cut off. How many characters are written? sizeof of a pointer is 8, whatever it points to.'
when creates '05-cgroup creates cgroup.nosuch=1 -- true' 'cgroup.nosuch: Permission denied' \
    'A FILE that is not there gives "Permission denied", where "No such file" would be the truth. In this filesystem nobody can make a file. So do not ask for that: think of O_CREAT.'
when limit-error-lost '05-cgroup lost cgroup.max.depth=many -- echo went on' 'went on' \
    'The kernel has refused a VALUE, and the step went on. When open(2) or write(2) fails, set_limit returns -1, with errno as the call has left it.'

# The process
when no-text "$seen" 'write 0 to [^ ]*: Invalid argument' \
    'The kernel does not understand what was written to cgroup.procs. It reads a text, and the number 0 is not the character 0.'
when wrong-pid "$seen" 'in 0, all [1-9]' \
    'There is a process in the cgroup, but it is not this one, and COMMAND is outside. Whose pid was written? Break it, "The wrong pid", is about this mistake.' \
    'Break it'
when not-entered "$seen" 'in 0, all 0' \
    'COMMAND is outside of the cgroup, and nobody is in it. Is something written to cgroup_procs, and is it written at once? (What fprintf(3) writes waits in a buffer.)'
when hangs '' 'timeout after|lab: hung' 'The program does not come to an end. Is there a loop that waits for something?'

mutant result-of-mkdir no-descriptor make_cgroup <<'C'
    return mkdirat(base, name, 0755);
C
mutant mkdir-by-name wrong-place make_cgroup <<'C'
    (void)base;
    if (mkdir(name, 0755) == -1)
        return -1;
    return open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
C
mutant base-returned above make_cgroup <<'C'
    if (mkdirat(base, name, 0755) == -1)
        return -1;
    return base;
C
mutant decimal-mode mode make_cgroup <<'C'
    if (mkdirat(base, name, 755) == -1)
        return -1;
    return openat(base, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
C
mutant no-mkdir not-made make_cgroup <<'C'
    return openat(base, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
C
mutant no-limit limit-not-set set_limit <<'C'
    return faccessat(cgroup, file, W_OK, 0) == 0 && value[0] != '\0' ? 0 : -1;
C
mutant always-the-same limit-other set_limit <<'C'
    (void)value;
    return write_file_at(cgroup, file, "3");
C
mutant sizeof-pointer limit-cut set_limit <<'C'
    int fd = openat(cgroup, file, O_WRONLY | O_CLOEXEC);

    if (fd == -1 || write(fd, value, sizeof value) == -1)
        return -1;
    return close(fd);
C
mutant as-the-shell-does creates set_limit <<'C'
    int fd = openat(cgroup, file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    if (fd == -1 || write(fd, value, strlen(value)) == -1)
        return -1;
    return close(fd);
C
mutant ignores-refusal limit-error-lost set_limit <<'C'
    int fd = openat(cgroup, file, O_WRONLY | O_CLOEXEC);

    if (fd == -1)
        return -1;
    write(fd, value, strlen(value));
    return close(fd);
C
mutant binary-zero no-text enter_cgroup_by <<'C'
    int zero = 0;

    return write(cgroup_procs, &zero, sizeof zero) == sizeof zero ? 0 : -1;
C
mutant parent wrong-pid enter_cgroup_by <<'C'
    return dprintf(cgroup_procs, "%d", (int)getppid()) > 0 ? 0 : -1;
C
mutant nothing-written not-entered enter_cgroup_by <<'C'
    return cgroup_procs == -1 ? -1 : 0;
C
mutant in-the-buffer not-entered enter_cgroup_by <<'C'
    FILE *procs = fdopen(cgroup_procs, "w");

    return procs != NULL && fprintf(procs, "0") == 1 ? 0 : -1;
C
