/*
 * nsteps.h - the plumbing that the eight steps share, grouped by the .c file that each part
 * comes from. Read a step first; come here when you want to know what one of its calls does.
 *
 * A step's main always reads the same:
 *
 *     begin         split the command line             (grammar.c)
 *     start_from    read and check the record          (record.c, join.c; only with `-`)
 *     join          enter what the record describes    (join.c; only with `-`)
 *     THE FEATURE   the one call that the step is about
 *     finish        report, then COMMAND or stay       (report.c, finish.c, run.c)
 */
#ifndef NSTEPS_H
#define NSTEPS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>
#include <sys/types.h>

/* The exit statuses that env(1) and chroot(1) use too. */
enum { EXIT_STEP_FAILED = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

/* ---- names.c: tables of names --------------------------------------------------------------- */

/* The eight types of namespace in alphabetical order, as reports and records list them. */
enum { NS_CGROUP, NS_IPC, NS_MNT, NS_NET, NS_PID, NS_TIME, NS_USER, NS_UTS, NS_TYPES };

struct ns_type {
    const char *name;      /* "pid": as in pid:[4026531836], see namespaces(7) */
    const char *link;      /* "ns/pid_for_children": the link in /proc/PID that we go by */
    int flag;              /* CLONE_NEWPID */
    const char *flag_name; /* "CLONE_NEWPID" */
    char option;           /* 'p', the option letter of unshare(1) and nsenter(1) */
};

extern const struct ns_type ns_types[NS_TYPES];

/* The CLONE_NEW* flag for an option letter (muinpUCT), or 0 for any other letter. */
int ns_flag(int option);

/* All CLONE_NEW* flags. */
int ns_all_flags(void);

/* Writes FLAGS as "CLONE_NEWNS|CLONE_NEWPID" into BUFFER of SIZE bytes (256 hold all eight); returns
 * BUFFER. */
char *ns_flag_names(int flags, char *buffer, size_t size);

/* The number of a capability by its name in capabilities(7), with or without "cap_", in any case;
 * -1 if there is none. */
int cap_number(const char *name);

/* The name ("cap_sys_admin") of a capability, or NULL for a number that has no name here. */
const char *cap_name(int number);

/* How many capabilities the running kernel has: the kernel refuses larger numbers, PR_CAPBSET_READ
 * in prctl(2). Changes nothing. */
int cap_count(void);

/* The name of an errno ("EPERM"); "no name here, see errno(3)" for a rare one. glibc has strerrorname_np(3), musl has not. */
const char *errno_name(int error);

/* ---- record.c: the one-line ticket that a step left behind prints --------------------------- */

struct namespaces {
    uint64_t inode[NS_TYPES]; /* 0: this kernel has no such type, or it cannot be read */
};

struct record {
    char step[32];            /* who wrote it: "04-pivot_root" */
    pid_t pid;                /* as the writer's /proc numbers it */
    unsigned long long start; /* field 22 of /proc/PID/stat, in clock ticks since boot */
    struct namespaces holds;  /* pid and time: what its children get */
};

/* Reads the inodes of the namespaces that PROC_PID, a descriptor of a /proc/PID directory, holds.
 * Types that cannot be read get 0. Returns 0, or -1 with errno when none could be read. */
int read_namespaces(int proc_pid, struct namespaces *out);

/* The start time of a process in clock ticks since boot, field 22 of proc_pid_stat(5), from its
 * /proc/PID directory PROC_PID; 0 when it cannot be read. */
unsigned long long read_start_time(int proc_pid);

/* Reads one whole small file below directory DIR (or AT_FDCWD) into BUFFER of SIZE bytes, always
 * NUL-terminated (empty when it cannot be opened). Returns the number of bytes, or -1 with errno (EFBIG when
 * it does not fit: then its first SIZE - 1 bytes are in BUFFER). */
ssize_t read_file_at(int dir, const char *path, char *buffer, size_t size);

/* Takes LINE (without newline) apart into RECORD. Returns NULL, or what is wrong with it. */
const char *parse_record(const char *line, struct record *record);

/* Formats RECORD, newline included, into BUFFER of SIZE bytes (512 are enough for any); returns its
 * length. */
size_t format_record(const struct record *record, char *buffer, size_t size);

/* ---- the step: everything that main knows and the library needs ----------------------------- */

struct capabilities { /* capabilities(7); bit N is capability N */
    uint64_t inheritable, permitted, effective, bounding, ambient;
};

struct id_range { /* one line of uid_map or gid_map, user_namespaces(7) */
    uint32_t inside, outside, count;
};

/* 340 lines in a map and 32 nested user namespaces are the kernel's limits, user_namespaces(7). */
enum { MAX_RANGES = 340, MAX_NESTING = 33, MAX_GROUPS = 1024 };

struct id_map {
    struct id_range range[MAX_RANGES];
    int count;
};

struct why { /* why a call failed, and what to type; empty strings: not known */
    char because[400];
    char hint[300];
};

struct target { /* a process that we join; -1 where a descriptor is not open */
    pid_t pid;
    int pidfd;
    int proc;              /* its /proc/PID directory */
    int root;              /* its root directory (O_PATH) */
    int cwd;               /* its working directory (O_PATH) */
    int cgroup;            /* the directory of its cgroup; -1 when we are in that one already, */
    int cgroup_error;      /* or when this errno is why it cannot be opened, or its cgroup.procs */
    int cgroup_procs;      /* which is open for writing */
    struct why cgroup_why; /* explains cgroup_error: from inside it could not be found out */
    char cgroup_ancestor[4096]; /* cgroup.procs of the one above both that cgroup and ours */
    int ns[NS_TYPES];           /* its namespaces, as setns(2) wants them */
    int user[MAX_NESTING];      /* the user namespaces on the way to its own, outermost first */
    int user_count;
    bool own_root; /* its root directory is the one that we have now */
    struct namespaces holds;
    struct capabilities caps;
    bool no_new_privs;
    uid_t uid[3]; /* real, effective, saved; as numbered in its own user namespace */
    gid_t gid[3];
    gid_t groups[MAX_GROUPS]; /* so are these, those without a number there left out */
    int group_count;
    gid_t
        outside_groups[MAX_GROUPS]; /* the same, all of them, as our user namespace numbers them */
    int outside_count;
    bool ids_mapped; /* all of uid and gid have a number in its user namespace */
};

struct id_maps;

struct step {
    const char *name;  /* "03-chroot", for messages and the record */
    const char *usage; /* the text of --help */
    char **argv;       /* our own part of the command line, up to "--" */
    int argc;
    char **operand;    /* what is left after the options */
    char **command;    /* what follows "--", or NULL */
    bool joining;      /* the first argument was "-" */
    bool fork_command; /* COMMAND must be a child: namespaces or a cgroup to look after */

    int proc_self; /* our /proc/PID directory; -1: not open (any more) */
    pid_t pid;     /* our pid as /proc numbers it */
    unsigned long long start;
    char *cwd;     /* our working directory by its name, NULL when it has none */
    bool lost_cwd; /* joined, and that directory cannot be entered from there */
    int terminal;  /* /dev/tty, else /dev/null: COMMAND's stdin after a record */
    bool has_terminal;
    const char *no_proc;      /* why there was no /proc/self when we began, or NULL: there was */
    bool sigchld_ignored;     /* by the caller; COMMAND is to have it so again */
    struct namespaces own;    /* the namespaces that we were started in */
    struct namespaces before; /* what we start from: the record's, or our own */
    struct namespaces now;    /* what we leave behind, as the report shows it */
    struct record from;       /* the record of the step before (joining) */
    struct target target;     /* the step before, opened (joining) */

    pid_t init;    /* PID 1 of the pid namespace that we made, or 0 (01 only) */
    pid_t janitor; /* removes our cgroup when we end, or 0 (05 only) */
    int leash;     /* a pipe on which we tell the janitor what to do, or -1 */
    int previous;  /* the step before, a pidfd that start_from has checked, or -1 (without "-") */
    int lock;      /* lock_cgroup_base's, or -1 (05 only) */
    char inherited[400]; /* the descriptors 3 to 9 that were open when we began, for a note */
    struct why pids_max; /* look_at_pids_max's */
    char note[4096];     /* further lines of the report, see add_note */
    size_t note_length;
};

/* ---- grammar.c: NN-name [-] [OPTIONS] [OPERANDS] [-- COMMAND [ARG ...]] --------------------- */

/* Fills in STEP from the command line: splits it at the first "--", takes a leading "-" away and
 * opens what is needed for the report. Ends the process (125) when the line is no such line. */
void begin(struct step *step, int argc, char **argv, const char *usage);

/* getopt_long(3) over the step's own arguments: returns the option's letter with optarg set, or -1
 * after the last one. Prints the usage for --help (exit 0); a bad option ends the process (125). */
int next_option(struct step *step, const char *letters, const struct option *long_options);

/* Checks that between MIN and MAX operands are there (MAX -1: any number) and returns how many;
 * WANTED names them in the message. STEP->operand[0] is the first. */
int count_operands(struct step *step, int min, int max, const char *wanted);

/* Returns TEXT, which must be a whole number of seconds, maybe negative, of 64 bits; else ends the
 * process (125). time_namespaces(7). */
const char *check_seconds(struct step *step, const char *text);

/* ---- report.c: messages for people, all on stderr ------------------------------------------- */

/* Bad input or misuse: one line, exit status 125. */
noreturn void refuse(struct step *step, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A call failed: prints "NAME: <the call>: <errno>", because and try; cleans up; exit status 125.
 * ERROR is the errno to show (0: none, it was a program that failed): fail(&step, errno, why_chroot(dir), "chroot(\"%s\")", dir). */
noreturn void fail(struct step *step, int error, struct why why, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Prints what fail prints, and returns. */
void explain(const struct step *step, int error, struct why why, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* May the "-" have been forgotten? It was not typed, and the shell has connected our stdin to a pipe. */
bool forgot_dash(const struct step *step);

/* Adds one line to the report that finish prints (folded there). What does not fit into 4096 bytes is
 * left out. */
void add_note(struct step *step, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints the report in one write(2): who, the call, the inodes in STEP->now with those that differ
 * from STEP->before marked, and the notes. CALL is "chroot(\"rootfs\")". */
void report(const struct step *step, const char *call);

/* ---- notes.c: what succeeds, and yet is a trap ---------------------------------------------- */
/* Each adds a line "note: ..." to the report, if it is so; none changes anything. */

/* Called by finish. RUNS_COMMAND: an exec comes next. Do mounts in a new mount namespace leak? Does /proc show
 * another pid namespace than COMMAND's? Will it lose its capabilities? Which descriptors does it get? */
void note_traps(struct step *step, bool runs_command);

/* Before something is mounted on TARGET: will it appear in another mount namespace, too? */
void note_leak(struct step *step, const char *target);

/* After entering the mount namespace of STEP->target, and not its root: is that another one than ours? */
void note_other_root(struct step *step);

/* Fills in STEP->inherited; to be called when nothing is open that is not to be closed by an exec. */
void find_inherited(struct step *step);

/* ---- why.c, why-*.c: why did this call fail? ------------------------------------------------- */
/* Each looks at what user space can read, in the order in which the kernel checks, and never changes
 * anything. errno must still be the failed call's, and is left as it was. The arguments are those of the
 * call: FLAGS of unshare(2), the TARGET and filesystem TYPE of mount(2), the PID to be joined, the TYPES of
 * namespaces of step->target that were to be entered, the directory DIR (a descriptor; -1: /). */

struct why why_unshare(const struct step *step, int flags);
struct why why_propagation(const struct step *step);
struct why why_hostname(const struct step *step, const char *name);
struct why why_clock(const struct step *step, int clock, const char *seconds);
struct why why_mount(const struct step *step, const char *target, const char *type);
struct why why_bind(const struct step *step, const char *source, const char *target);
struct why why_clone_mount(const struct step *step, const char *path); /* open_tree(2) */
struct why why_make_file(const struct step *step);                     /* in --dev's tmpfs */
struct why why_chroot(const char *new_root);
/* Of 04: back to the root of the mount namespace, and how new_root is called there; pivot_root, with the bind
 * mount undone (PUT_OLD may be NULL); and umount2 of the old root. */
struct why why_find_root(const struct step *step, const char *new_root);
struct why why_pivot_root(const struct step *step, const char *new_root, const char *put_old);
struct why why_detach(const struct step *step);
struct why why_open_target(const struct step *step, pid_t pid);
struct why why_setns(const struct step *step, int types);
struct why why_enter_root(const struct step *step);
struct why why_chdir(const struct step *step, int dir);
struct why why_identity(const struct step *step);                     /* after take_identity */
struct why why_become(const struct step *step, uid_t uid, gid_t gid); /* setresgid, setresuid(2) */
/* FILE (setgroups, uid_map, gid_map) below PROC, the /proc/PID directory. */
struct why why_id_map(int proc, pid_t pid, const char *file, const struct id_maps *maps);
/* Would the kernel refuse the map in FILE (uid_map, gid_map), whoever writes it from here? Then why;
 * empty: it would not. Nothing has failed yet. */
struct why why_map_refused(const char *file, const struct id_maps *maps);
/* After newuidmap(1) or newgidmap(1) (PROGRAM) has failed and SAID why, in English. */
struct why why_newidmap(const char *program, int proc, pid_t pid, const struct id_maps *maps,
                        const char *said);
/* WAS: our capabilities before the step gave any up; CAPABILITY: PR_CAPBSET_DROP's. */
struct why why_bounding_drop(const struct capabilities *was, int capability);
struct why why_capset(const struct capabilities *wanted);
struct why why_no_new_privs(void);
struct why why_fork(const struct step *step);
struct why why_copy(int program); /* copy_program; -1: the file cannot be opened */
/* Of 05-cgroup: BASE is the directory in which its CGROUP, another one, is made; FILE and VALUE are those of
 * FILE=VALUE. */
struct why why_no_cgroup(const struct step *step);       /* after open_cgroup_base */
struct why why_mkdir(const struct step *step, int base); /* mkdir(2) in it */
struct why why_enable(const struct step *step, int base,
                      const char *file); /* enable_controller_of */
struct why why_limit(const struct step *step, int cgroup, const char *file, const char *value);
struct why why_entered(const struct step *step, int cgroup); /* write 0 to its cgroup.procs */
/* Of joining. The first one: the directory PATH of the target's cgroup ("" when it is nowhere; it is ITS in
 * /proc/PID/cgroup), or cgroup.procs in it, cannot be opened. To be asked before anything is joined. */
struct why why_open_cgroup(const struct target *target, const char *path, const char *its);
struct why why_join_cgroup(const struct step *step); /* after enter_cgroup */
/* Looks for a pids.max that is reached, from CGROUP upwards, and notes it in STEP for why_fork, which may be
 * asked when these directories are out of reach. */
void look_at_pids_max(struct step *step, int cgroup);
/* "not known", with the man page to read: why_unknown("2 mount"). */
struct why why_unknown(const char *man_page);

/* Says on stderr why execve(2) of PROGRAM, as it was typed, failed with ERROR. FILE is what was found in
 * PATH, "" when nothing was. */
void explain_exec(const struct step *step, int error, const char *program, const char *file);

/* ---- libraries.c ---------------------------------------------------------------------------- */

/* Says on stderr, before the execve(2) of FILE, which libraries its dynamic linker will not find, if any
 * and if that is certain: the exec succeeds then, and the program ends at once with 127. ld.so(8). */
void note_missing_libraries(const struct step *step, const char *file);

/* ---- host.c: is this the host? -------------------------------------------------------------- */

/* The initial user namespace has a fixed inode: PROC_USER_INIT_INO, include/linux/proc_ns.h. */
#define FIRST_USER_NS UINT64_C(0xEFFFFFFD)

/* Would a mount or pivot_root in the mount namespace NS (a descriptor; -1: ours) change the mounts of the
 * host itself, or of the container (Docker, WSL2) that is the whole machine here? 1 yes, 0 no, -1 cannot
 * tell. Needs no privilege to ask and attaches no mount. See mount_namespaces(7), ioctl_ns(2). */
int in_host_mount_namespace(int ns);

/* A directory of procfs to look into where /proc is not mounted: it is attached nowhere and vanishes when
 * it is closed (fsopen(2), Linux 5.2). -1 with errno. */
int open_detached_proc(void);

/* Ends the process (125) when STEP would change the host's mounts; WHAT is what it would do. */
void refuse_on_host(struct step *step, const char *what);

/* ---- join.c: start from what the step before left behind ------------------------------------ */

/* With "-": reads the record from stdin, checks that it names the very process that wrote it, and
 * opens (but does not enter) what that process holds. Ends the process (125) when anything does
 * not match. Without "-": does nothing. */
void start_from(struct step *step);

/* With "-": enters what start_from opened: all namespaces, root, cwd, cgroup, ids, capabilities.
 * Ends the process (125) when the kernel refuses. Without "-": does nothing. */
void join(struct step *step);

/* Ends the process (125) when it is about to enter a user namespace that belongs to another user and to
 * stay who it is in there: its owner would then rule over us, user_namespaces(7). BECOMES: take_identity
 * comes after it. */
void refuse_foreign(struct step *step, bool becomes);

/* The parts of join, for 06-nsenter which lets one choose. Each returns 0, or -1 with errno. open_target
 * names in *WHAT what failed; it checks no identity, and what it has opened by then stays open
 * (close_target). take_identity leaves ids that have no number in there alone, see credentials(7). */
int open_target(pid_t pid, const struct step *step, struct target *target, const char **what);
void leave_groups(const struct step *step);     /* before entering: setgroups(2) to the target's */
int enter_root(const struct step *step);        /* fchdir + chroot(2) */
int enter_typed_cwd(struct step *step);         /* where it was typed, see join.c */
int enter_cgroup(struct step *step);            /* writes "0" to its cgroup.procs */
int take_identity(const struct target *target); /* groups, gids, uids, no_new_privs, caps */
void close_target(struct target *target);
/* Leaves the session keyring, which a new user namespace inherits, for an empty one: keyctl(2),
 * keyrings(7). */
void join_new_keyring(void);
bool is_alive(int pidfd); /* has that process not ended yet? pidfd_open(2) */

/* Ends the process (125) when PATH is relative and join could not enter the directory in which it was
 * typed: it would name something else. */
void check_path(struct step *step, const char *path);

/* Ends the process (125) when PATH is a symbolic link: what is mounted on it would be on what it leads to, which
 * may be outside of the ROOT in which it lies. symlink(7). */
void refuse_link(struct step *step, const char *path);

/* After joining TYPES: are our namespaces of these types those of the target? Ends the process (125)
 * when they are not. */
void check_joined(struct step *step, int types);

/* A change of credentials clears the parent-death signal and the dumpable flag, prctl(2). These two put
 * them back: save before, restore after. When the parent has died meanwhile, restore ends the process. */
struct keep {
    int death_signal, dumpable;
    pid_t parent;
};
struct keep keep_death_signal(void);
void restore_death_signal(struct keep keep);

/* ---- finish.c: the end of each step --------------------------------------------------------- */

/* Prints the report, then runs COMMAND, or stays behind and writes the record. The printf-style
 * arguments are the call that the step made, for the report. Never returns. */
noreturn void finish(struct step *step, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Takes down what this step has made that does not go by itself: PID 1, the cgroup. */
void clean_up(struct step *step);

/* ---- run.c: processes ----------------------------------------------------------------------- */

/* Becomes COMMAND (or the shell), or forks it, waits, and ends with its status. */
noreturn void run_command(struct step *step);

/* Runs WORK(ARGUMENT) in the pid namespace that our children get: in a child, where that is not
 * our own. WORK returns 0, or -1 with errno: then ASK(STEP, ARGUMENT), in the same process, says why, and
 * run_inside returns -1 with that errno and *WHY. When no process can be started in there: -2 with errno and
 * *WHY. Before the fork it reads STEP->now and closes all that close_all_but_kept closes. */
int run_inside(struct step *step, int (*work)(const void *), const void *argument,
               struct why (*ask)(const struct step *, const void *), struct why *why);

/* What PID 1 is called in ps(1), and 05-cgroup while its cgroup is being removed. */
#define INIT_NAME   "01-init"
#define ENDING_NAME "05-ending"

/* Forks the first process of our new pid namespace: a tiny init that reaps and does nothing else,
 * and dies with us. Returns its pid as we see it, or -1 with errno; ends the step with a message when its
 * program cannot be copied. pid_namespaces(7). */
pid_t start_init(struct step *step);

/* Kills that one, and all others of its pid namespace with it, and waits until they have ended. */
void end_init(struct step *step);

/* What that process does, for ever; READY: a pipe on which it says that it has begun. */
noreturn void be_init(int ready);

/* waitpid(2) until CHILD has ended, whatever interrupts it: 0, or -1 with errno. STATUS may be NULL. */
int wait_for_exit(pid_t child, int *status);

/* PR_SET_PDEATHSIG; ends the process (125) with a message when that fails, for it must not outlive its parent. */
void set_death_signal(int signal);

/* Asks the kernel to kill this process when its parent dies (PR_SET_PDEATHSIG), and makes sure that
 * the parent is not dead already: PIPE_END is the write end of a pipe that only the parent reads. */
void die_with_parent(int pipe_end);

/* Closes descriptor FIRST and all above: close_range(2), or one by one where that is refused. (glibc has
 * a wrapper since 2.34, musl has none.) */
void close_from(int first);

/* Closes every descriptor but 0, 1, 2, the terminal (it becomes 3), the janitor's leash (4) and the pidfd
 * of the step before (5). STEP->proc_self and target are gone then. */
void close_all_but_kept(struct step *step);

/* ---- copy.c: a program that runs from a copy of itself ----------------------------------------- */

/* Copies the file PROGRAM, a descriptor, into memory, where NAME is its name, and seals it, memfd_create(2).
 * Returns a descriptor for fexecve(3), or -1 with errno. */
int copy_program(int program, const char *name);

/* For a step whose COMMAND comes out of a container: when ARGV runs one, this process begins anew, from such
 * a copy. Returns when it has, when there is no COMMAND or no /proc, and, with a note on stderr, when that is
 * refused. To be called first of all; with "-" begin does it. */
void run_from_copy(char **argv);

/* ---- mountinfo.c: what is mounted -------------------------------------------------------------- */

struct mount {              /* a line of mountinfo, proc_pid_mountinfo(5) */
    int id, parent;         /* the parent of "/" is not listed */
    const char *root;       /* which directory of the filesystem */
    const char *point;      /* where it is mounted, as seen from our / */
    const char *options;    /* "rw,nosuid,relatime" */
    const char *tags;       /* "shared:5 master:2", "unbindable", or "" */
    const char *type;       /* "proc" */
    const char *fs_options; /* those of the whole filesystem */
};

struct mounts {
    struct mount *mount; /* in the kernel's order: what covers another mount comes after it */
    int count;
    char *text;
};

/* All mounts that can be reached from the / of the process whose /proc/PID directory is PROC: in a chroot not
 * the one that / lies in, and none of another mount namespace. False, with none, when they cannot be read.
 * free_mounts gives back what it takes. read_shown_mounts: by /proc/self, with errno; read_mounts: our own,
 * also where /proc does not show us. */
bool read_mounts_of(int proc, struct mounts *mounts);
bool read_shown_mounts(struct mounts *mounts);
bool read_mounts(const struct step *step, struct mounts *mounts);
void free_mounts(struct mounts *mounts);

/* The mount with that id; NULL: not among them. */
const struct mount *find_mount(const struct mounts *mounts, int id);

/* The id of the mount in which the file is that FD has open, or that is at PATH (at a mount point: the mount
 * there); -1: cannot tell. */
int mount_id(const struct step *step, int fd);
int mount_id_of(const struct step *step, const char *path);

/* Is it shared, so that a mount on it appears in other mount namespaces, too? mount_namespaces(7). */
bool is_shared(const struct mount *mount);

/* The number of its peer group, or 0: it is not shared. */
int peer_group(const struct mount *mount);

/* Is WORD an element of the comma-separated OPTIONS? */
bool has_option(const char *options, const char *word);

/* ---- cgroup.c: finding cgroup v2, and cleaning up ------------------------------------------- */

/* Where the cgroup2 filesystem is mounted, from /proc/self/mountinfo, and in ROOT, if that is not
 * NULL, which cgroup is seen there: "/", or "/.." and the like in a cgroup namespace. Both of SIZE
 * bytes. 0, or -1 with errno (ENOENT: it is mounted nowhere). */
int find_cgroup2(char *path, char *root, size_t size);

/* The name of FILE in the cgroup that /proc/PID/cgroup calls CGROUP ("/demo") into PATH of SIZE bytes:
 * 0, or -1 with errno (ENOENT: no cgroup2, or that cgroup is not below what is mounted, see
 * cgroup_namespaces(7)). */
int find_cgroup_file(const char *cgroup, const char *file, char *path, size_t size);

/* The directory in which 05-cgroup makes its cgroup: the cgroup2 mount for root, the topmost
 * directory that is ours to write for an ordinary user. Returns an O_DIRECTORY descriptor and its
 * name in PATH, or -1 with errno (ENOENT no cgroup2, EACCES nothing delegated). */
int open_cgroup_base(char *path, size_t size);

/* Takes the lock under which all 05-cgroup make cgroups, enable controllers, and put them back, flock(2)
 * on BASE. Waits for it, five seconds at most (EWOULDBLOCK); returns a descriptor that holds it until it is closed,
 * or -1 with errno. */
int lock_cgroup_base(int base);

/* Gives the lock in STEP->lock back, if there is one. */
void unlock_cgroup_base(struct step *step);

/* The extended attribute, xattr(7), by which the steps remember what they changed; its size in bytes. */
#define CGROUP_MARK "user.nsteps"
enum { MAX_MARK = 32768 };

/* Enables the controller that FILE belongs to (pids.max: pids) in the cgroup.subtree_control of
 * BASE, unless it is enabled already or FILE is a core file that needs none. CGROUP, below BASE, is
 * marked as one that needs it. To be called under the lock. 0, or -1 with errno (ENOENT: not among
 * cgroup.controllers, EINVAL: the kernel has none of that name). */
int enable_controller_of(int base, int cgroup, const char *file);

/* Is WORD among the blank-separated words of LIST? */
bool has_word(const char *list, const char *word);

/* Calls WORK(DIR, name, ARGUMENT) for each directory in DIR, until it returns false. */
void for_each_child(int dir, bool (*work)(int dir, const char *name, void *argument),
                    void *argument);

/* Writes VALUE to FILE below DIR in one write(2), without creating it. 0, or -1 with errno. */
int write_file_at(int dir, const char *file, const char *value);

/* Reads the path of a process in the cgroup v2 hierarchy from its cgroup FILE ("cgroup") below
 * DIR, a /proc/PID directory. 0, or -1 with errno (ENOENT: the kernel has no cgroup v2). */
int read_cgroup_path(int dir, const char *file, char *path, size_t size);

/* ---- janitor.c: who removes the cgroup ------------------------------------------------------- */

/* Forks a process, outside the cgroup and in a session of its own, that waits until we end or ask it
 * to, then kills what is in BASE/NAME, removes it, and puts the controllers of BASE back, but only
 * after entrust_cgroup. To be called before join. Fills in STEP->janitor and leash: 0, or -1 with
 * errno. */
int start_janitor(struct step *step, int base, const char *name);

/* Ends the process (125) when we are inside a pid namespace that 01-unshare has made (in an exec chain):
 * a janitor would die with it. Not when the cgroup is to stay anyway, KEEP. */
void refuse_inside(struct step *step, bool keep);

/* Tells the janitor that BASE/NAME is ours: to be called under the lock, when it does not exist and is
 * about to be made. 0, or -1 with errno. */
int entrust_cgroup(struct step *step);

/* Asks the janitor to clean up now and waits for that: 0, or -1 with errno when it could not. From then on we are
 * in another cgroup, and called ENDING_NAME, so that nobody joins that one. */
int stop_janitor(struct step *step);

/* Sends the janitor away without cleaning up: the cgroup is to stay, or is not ours. errno is left as it
 * was. */
void dismiss_janitor(struct step *step);

/* ---- dev.c ---------------------------------------------------------------------------------- */

/* What failed in such a function, for its caller to explain: the CALL with its operands, and why. */
struct failure {
    char call[512];
    struct why why;
};

/* Makes a minimal /dev on the directory DEV: a tmpfs with null zero full random urandom tty, pts,
 * shm and the usual symbolic links. 0, or -1 with errno and FAILURE, and nothing left mounted. */
int make_dev(const struct step *step, const char *dev, struct failure *failure);

/* ---- idmap.c: uid_map and gid_map ----------------------------------------------------------- */

/* Parses "IN:OUT:COUNT" and appends it to MAP. Returns NULL, or what is wrong with TEXT. */
const char *add_range(struct id_map *map, const char *text);

/* Reads a uid_map or gid_map file below DIR. 0, or -1 with errno. */
int read_id_map(int dir, const char *file, struct id_map *map);

/* The id inside for the id OUTSIDE, or -1 when MAP has none; id_outside is the reverse. */
int64_t id_inside(const struct id_map *map, uint32_t outside);
int64_t id_outside(const struct id_map *map, uint32_t inside);

/* Formats MAP as the kernel reads it, one "IN OUT COUNT" a line; returns BUFFER. */
char *format_id_map(const struct id_map *map, char *buffer, size_t size);

/* Turns the newlines of such a text into commas, in place; returns it. */
char *one_line(char *map);

/* Which id to become in a namespace with MAP, which is not empty, for who is OUTER outside: 0 if it exists, else one's
 * own, else the first. */
uint32_t id_to_become(const struct id_map *map, uint32_t outer);

/* The first range of the user UID in /etc/subuid or /etc/subgid (FILE), subuid(5), into *RANGE: 0, or -1
 * when there is none, and *RANGE is as it was; errno is fopen(3)'s, ENODATA (no line for UID), or EINVAL:
 * a line that is no such range, or grants id 0, does not count. */
int find_subordinate(const char *file, uid_t uid, struct id_range *range);

struct id_maps { /* what 07-userns-map writes */
    struct id_map uids, gids;
    struct id_map parent;          /* uid_map of the namespace that it is written from */
    uint32_t outer_uid, outer_gid; /* who we are there */
    bool by_newuidmap;             /* --auto */
};

/* Has the step before made a user namespace (01-unshare --user) that nobody has mapped yet? Ends the
 * process (125) when it has, but within another one that is not ours: it cannot be mapped from here. */
bool has_unmapped_user_namespace(struct step *step);

/* Fills in the maps that the command line leaves open; THEIRS: for such a namespace. To be called
 * before join. Ends the process (125) when there is nothing to choose. */
void choose_maps(struct step *step, struct id_maps *maps, bool theirs);

/* Runs newuidmap(1) or newgidmap(1) (PROGRAM) for PID, whose /proc directory is PROC; ends the process
 * (125) when that fails. */
void run_newidmap(struct step *step, const char *program, int proc, pid_t pid,
                  const struct id_maps *maps);

/* Forks a process that stays outside and returns 0 in it only when run_helper asks for it. In the
 * caller: its pid, or -1 with errno, and in *GO_AHEAD a descriptor for run_helper. */
pid_t fork_helper(struct step *step, int *go_ahead);

/* Lets the helper go ahead and waits: 0, or -1 when it ended with another status than 0. */
int run_helper(pid_t helper, int go_ahead);

/* Adds the maps, and who we are now, to the report. */
void note_maps(struct step *step, const struct id_maps *maps);

/* ---- caps.c --------------------------------------------------------------------------------- */

/* Adds the names of the capabilities in SET to the report, if they are five at the most. */
void note_cap_names(struct step *step, uint64_t set);

/* Is CAPABILITY (a number) in our effective set? Where capget(2) fails: yes. */
bool have_capability(int capability);

/* The five sets of this process, from capget(2) and prctl(2). Where these fail, effective, permitted and
 * bounding are taken for full, the others for empty. */
struct capabilities read_capabilities(void);

/* The five sets and no_new_privs from the text of a /proc/PID/status. 0, or -1 with EINVAL. */
int parse_capabilities(const char *status, struct capabilities *caps, bool *no_new_privs);

/* Brings this process down to CAPS: the bounding set first, then capset(2), then ambient.
 * 0, or -1 with errno. */
int set_capabilities(const struct capabilities *caps);

#endif
