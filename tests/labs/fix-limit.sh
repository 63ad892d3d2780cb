# shellcheck shell=bash disable=SC2034,SC2016
# fix-limit: the limit is written for the wrong pid.
jail=root
hints=(
    'While a container runs, compare two lists: cat DIR/cgroup.procs, and the pids of its processes (ps -e -o pid,ppid,pidns,comm). Who is in, and who should be?'
    'There are three processes: the program, the one that makes the pid namespace and waits, and COMMAND. Children are born in the cgroup of their parent, and those that are there already stay where they are. So when must the move be made, and by whom?'
    'Writing 0 to cgroup.procs moves the process that writes. Which process is the parent of all of the container, and not the one that must remove the cgroup at the end?'
    'The child, as its first action, before unshare and fork: write "0". Then the pipe and the number are not needed any more.'
)
when hangs '' 'it does not end|lab: hung' 'The program does not come to an end. Who waits for whom? A read from a pipe ends only when all who could write have closed their end.' 'Where it goes wrong'
when no-container '' 'in the pid namespace that we are in' 'COMMAND is in no pid namespace of its own any more. The limit must bind a container: leave unshare(2) in, and think about who enters the cgroup, and when.' 'What must be true'
when stranger '' 'and not of the container' 'A process is in the cgroup that has nothing to do with the container. A pid is a number in one pid namespace: 1, or what getpid(2) says inside, means another process when it is written outside.' 'Where it goes wrong'
when todo '' 'in the cgroup: 0 of [1-9][0-9]* processes of the container, [1-9]' 'In cgroup.procs is a process of your program, which only waits, and none of the container: the wrong pid. COMMAND was there before it, and who is there already is not moved with his parent. Enter first, then start.' 'Where it goes wrong'
when nobody '' 'in the cgroup: 0 of [1-9][0-9]* processes of the container, 0' 'Nobody is in cgroup.procs, whatever the program prints. Is the file written at all, and is the result of write(2) looked at?' 'What you need'
when no-limit '' '(pids.max|cgroup.max.descendants) of the cgroup: expected [0-9]+, got max' 'The processes may be right, and the limit is not there: the file still says max. Is VALUE written to FILE, in this DIR?' 'What must be true'
when wrong-value '' '(pids.max|cgroup.max.descendants) of the cgroup: expected' 'The limit is another one than was asked for. It comes from the command line, FILE=VALUE.' 'What must be true'
when late '' 'of the container, and not in the cgroup|what COMMAND reads in /proc/self/cgroup: expected' 'The right process is moved, and too late: COMMAND has begun, and what it has started by then is outside for ever. It must be in the cgroup before its exec.' 'Where it goes wrong'
when busy '' 'it says: .*(busy|Busy)' 'The cgroup cannot be removed (EBUSY), for somebody is in it: the very process that calls rmdir. Who enters must be another one, a child.' 'Where it goes wrong'
when left '' 'the cgroup, afterwards: expected gone' 'The cgroup is still there when all has ended. Who makes one must remove it: rmdir(2), when the last process in it has ended.' 'What must be true'
when status '' 'exit status: expected' 'COMMAND'"'"'s exit status is lost on the way: each process that waits must end as its child has ended.' 'What must be true'
when not-begun '' 'expected it runs' 'COMMAND does not run. Look at what the program says, and at what each call returns.' 'Where it goes wrong'

mutant moves-it-late late run_container <<'C'
    char number[16];
    pid_t init;

    if (unshare(CLONE_NEWPID | CLONE_NEWUTS) == -1 || (init = fork()) == -1)
        die("unshare, fork");
    if (init == 0) {
        execvp(command[0], command);
        die(command[0]);
    }
    usleep(100000);
    snprintf(number, sizeof number, "%d", (int)init);
    write_file(dir, "cgroup.procs", number);
    exit(wait_for(init));
C
mutant number-of-inside stranger run_container <<'C'
    pid_t init;
    int number[2];
    char text[16] = "";

    if (pipe2(number, O_CLOEXEC) == -1 || unshare(CLONE_NEWPID | CLONE_NEWUTS) == -1 || (init = fork()) == -1)
        die("unshare, fork");
    if (init == 0) {
        dprintf(number[1], "%d", (int)getpid());
        execvp(command[0], command);
        die(command[0]);
    }
    if (read(number[0], text, sizeof text - 1) < 1)
        die("read");
    write_file(dir, "cgroup.procs", text);
    exit(wait_for(init));
C
mutant enters-after-fork todo run_container <<'C'
    pid_t init;

    if (unshare(CLONE_NEWPID | CLONE_NEWUTS) == -1 || (init = fork()) == -1)
        die("unshare, fork");
    if (init == 0) {
        execvp(command[0], command);
        die(command[0]);
    }
    usleep(20000);
    write_file(dir, "cgroup.procs", "0");
    exit(wait_for(init));
C
change only-says-so nobody 's/^    write_file(dir, "cgroup.procs", "0");/    (void)dir; fprintf(stderr, "fix-limit: process %d is in %s\\n", (int)getpid(), dir);/'
change enters-itself busy '/^    write_file(dir, "cgroup.procs", "0");/d
    s/^    if ((container = fork()) == -1)/    write_file(argv[1], "cgroup.procs", "0");\n&/; s/run_container(const char \*dir,/run_container(__attribute__((unused)) const char *dir,/'
change no-limit no-limit 's/^    write_file(argv\[1\], argv\[2\], value);//'
change always-32 wrong-value 's/^    write_file(argv\[1\], argv\[2\], value);/    write_file(argv[1], argv[2], "32");/'
change no-pid-namespace no-container 's/CLONE_NEWPID | CLONE_NEWUTS/CLONE_NEWUTS/'
change no-rmdir left 's/^    if (rmdir(argv\[1\]) == -1)/    if (argv[1][0] == 0)/'
