/*
 * why.h - what the diagnoses (why-*.c) share. Nothing here changes anything, and nothing needs a
 * privilege: a question that cannot be answered has an answer for that.
 */
#ifndef WHY_H
#define WHY_H

#include "nsteps.h"

/* A cause: BECAUSE, printf-style, names the object (this path, this sysctl and its value); HINT is what
 * to type. */
struct why say_why(const char *hint, const char *because, ...)
    __attribute__((format(printf, 2, 3)));

/* The number in a file such as /proc/sys/user/max_user_namespaces, or -1. */
long read_number(const char *path);

/* Is "/" a plain directory below the root of the mount namespace? Then no line of mountinfo has
 * the mount point "/". (A chroot onto a mount point is not seen this way.) */
bool in_chroot(const struct step *step);

/* Have our effective uid and gid a number in our user namespace? (True when it cannot be read.) */
bool ids_are_mapped(void);

/* CALL needs the capability called NAME, and we do not have it: why, and where to get it? */
struct why say_missing(const char *call, const char *name);

/* /proc, in which the answer would be, is not there. */
struct why say_no_proc(void);

/* Does a seccomp(2) filter refuse the system call NUMBER (SYS_mount)? Makes it once more, in a form that
 * can only fail, or changes nothing, and with the FLAGS of the call (for prctl(2) its option), because a
 * filter may go by them. False also for a call that has no such form. A filter comes before anything else
 * that the kernel checks, so this is the first question. */
bool seccomp_refuses(long number, unsigned long flags);

/* A seccomp filter refuses CALL ("unshare"). */
struct why say_seccomp(const char *call);

/* Our own /proc/PID directory, for the caller to close: the one that begin has opened; else /proc/self; else,
 * as the /proc here does not show us (after joining it may be the container's), that in a procfs which is
 * attached nowhere and vanishes with the descriptor. -1: there is none. */
int open_own_proc(const struct step *step);

/* Are we in the first user namespace of the machine, which has no other around it? (False when it cannot
 * be read.) */
bool in_first_user_namespace(const struct step *step);

/* Is "/" another directory than the root of the mount namespace, be it a plain one (in_chroot) or a mount
 * point? 1 and that directory's name in PATH of SIZE bytes, 0, or -1: cannot tell, it takes CAP_SYS_ADMIN
 * and CAP_SYS_CHROOT. Root and working directory change for a moment; to be asked after all else. */
int find_chroot(char *path, size_t size);

/* The profile of AppArmor that confines this process ("NAME (enforce)"), or the label of SELinux, into
 * LABEL of SIZE bytes: true, or false when nothing confines it. apparmor(7). */
bool find_confinement(const struct step *step, char *label, size_t size);

/* Does AppArmor withhold the capability NAME ("CAP_SYS_ADMIN") from this process? It changes what capget(2)
 * says (security/apparmor/lsm.c, apparmor_capget), and leaves CapEff in /proc/self/status. Then *WHY says so. */
bool say_if_withheld(const char *name, struct why *why);

/* AppArmor's profile LABEL, which confines this process, denies WHAT; RULE would allow it. */
struct why say_apparmor(const char *label, const char *what, const char *rule);

/* Do our capabilities count over our own namespace NAME ("mnt"; ns/NAME)? Yes when our user namespace owns
 * it, or one below ours does: 1, 0, or -1 cannot tell. ioctl_ns(2). */
int caps_count_over(const struct step *step, const char *name);

/* Too many descriptors are open (EMFILE, ENFILE) for what the step opens. */
struct why say_files(int error);

/* ---- program.c: what an executable file says of itself --------------------------------------- */

enum { HEAD_SIZE = 256 }; /* the kernel looks at so much first: BINPRM_BUF_SIZE, linux/binfmts.h */

struct program {
    int fd;
    off_t size;
    unsigned char head[HEAD_SIZE]; /* its beginning, filled up with NUL bytes */
    bool is_script;                /* it begins with #! */
    bool is_elf; /* it begins as elf(5) says; only then the rest means something */
    bool is_64;
    uint16_t type, machine; /* e_type, e_machine */
    uint64_t table;         /* where the program headers are, and how many */
    unsigned segments;
};

struct segment {   /* a part of an ELF file: where it is in the file, and in memory */
    uint32_t type; /* PT_LOAD */
    uint64_t offset, address, size;
};

/* Opens the regular file PATH to be looked at; close PROGRAM->fd. 0, or -1 with errno. */
int open_program(const char *path, struct program *program);

/* The name of an e_machine ("aarch64"), as uname(1) says it. */
const char *machine_name(int machine);

/* The interpreter in line 1 of SCRIPT, found as the kernel finds it (fs/binfmt_script.c), into
 * INTERPRETER of HEAD_SIZE bytes. Returns NULL, or what is wrong with the line. */
const char *read_script_interpreter(const struct program *script, char *interpreter);

/* The interpreter of an ELF file (its dynamic linker, PT_INTERP) into INTERPRETER; false: none. */
bool read_elf_interpreter(const struct program *program, char *interpreter, size_t size);

/* The segments one after the other, from *INDEX 0 on: false after the last, or when the file is cut. And
 * the first one of TYPE. */
bool next_segment(const struct program *program, unsigned *index, struct segment *segment);
bool find_segment(const struct program *program, uint32_t type, struct segment *segment);

/* Reads SIZE bytes at OFFSET of the file, or returns false. */
bool read_at(const struct program *program, uint64_t offset, void *buffer, uint64_t size);

/* A name that comes out of a file may hold anything; what could command a terminal becomes "?". */
void make_printable(char *text);

/* ---- why-cgroup.c, why-limit.c ---------------------------------------------------------------- */

/* Is it for a cgroup that fork(2) has said EAGAIN: has the one that we are in, or one above it, as many
 * processes as its pids.max allows? Then says so in *WHY. Looks at cgroup v2, and at v1 where v1 holds the
 * pids controller. */
bool why_pids_max(const struct step *step, struct why *why);

/* The cgroup DIR, opened once more, and its name. That is found in our /proc/PID/fd, also when the directory
 * is out of reach by now: then the link tells what it is called outside. */
struct place {
    int dir; /* closes with the step, which is about to end */
    char path[4096];
};
struct place look_at_cgroup(const struct step *step, int dir);

/* CGROUP cannot be made threaded: why_limit for cgroup.type. */
struct why say_not_threaded(const struct step *step, int cgroup);

/* Is FILE one of cgroup v1, such as memory.limit_in_bytes? If so: what is its name in v2? */
bool is_v1_file(const char *file);
struct why say_v1_file(const char *file);

/* ---- why-path.c, why-mount.c: what several diagnoses of mounts and roots ask --------------------- */
/* They answer with a cause, or with not_this. */

extern const struct why not_this;
bool is_known(const struct why *why);

/* Does PATH name no directory, or, if it is to be ENTERed, none that we may search? HINT: what to do when it
 * is not there. */
struct why say_path(const char *path, bool enter, const char *hint);

/* Is ERROR one that the lookup of a path can end with? */
bool is_path_error(int error);

/* May CALL, which needs CAP_SYS_ADMIN in the user namespace that owns our mount namespace, not be made? */
struct why say_may_mount(const struct step *step, const char *call);

/* CALL needs the capability called NAME: do we not have it? */
struct why say_lacking(const char *call, const char *name);

/* Is this process confined by AppArmor or SELinux? Then that denies WHAT; RULE would allow it. */
struct why say_confined(const struct step *step, const char *what, const char *rule);

#endif
