/*
 * 08-capset: what root may do.
 *
 * The power of root comes in about 40 pieces, capabilities. A process has five sets of them. The
 * kernel checks one, the effective set; the other four decide what may get into it, now or at the
 * next execve(2). Chapter: tutorial/08-capset.md. Man pages: capset(2),
 * prctl(2), capabilities(7).
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/nsteps.h"

static const char usage[] =
    "Usage: 08-capset [-] [--drop LIST|all] [--keep LIST] [--no-new-privs]\n"
    "                 [-- COMMAND [ARG ...]]\n"
    "Drops capabilities from all five sets. LIST is cap_chown,net_raw,... with the\n"
    "names of capabilities(7).\n"
    "\n"
    "      --drop LIST|all   give these up\n"
    "      --keep LIST       but not these; without --drop: give up all others\n"
    "      --no-new-privs    no execve may ever give more (set-user-ID programs)\n"
    "\n"
    "Without options it changes nothing and reports the five sets.\n";

static const struct option options[] = {
    {"drop", required_argument, NULL, 'd'},
    {"keep", required_argument, NULL, 'k'},
    {"no-new-privs", no_argument, NULL, 'n'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* glibc provides no wrapper for capset(2); the 64 bits of a set travel in two halves. */
static int
sys_capset(struct capabilities caps)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct half[2];

    for (int i = 0; i < 2; i++) {
        half[i].effective = (uint32_t)(caps.effective >> 32 * i);
        half[i].permitted = (uint32_t)(caps.permitted >> 32 * i);
        half[i].inheritable = (uint32_t)(caps.inheritable >> 32 * i);
    }
    return (int)syscall(SYS_capset, &header, half);
}

/* The feature. WAS are the sets that we have; DROP is taken out of each. */
static void
drop_capabilities(struct step *step, const struct capabilities was, uint64_t drop)
{
    struct capabilities caps = was;

    /* The bounding set is the limit: what is still in it, execve(2) gives back to uid 0. It goes
     * first, for PR_CAPBSET_DROP needs CAP_SETPCAP, which capset below may take away. */
    for (int i = 0; i < cap_count(); i++) {
        uint64_t bit = UINT64_C(1) << i;

        if ((was.bounding & drop & bit) && prctl(PR_CAPBSET_DROP, i, 0, 0, 0) == -1)
            fail(step, errno, why_bounding_drop(&was, i), "prctl(PR_CAPBSET_DROP, %d)", i);
    }
    /* Effective: what the kernel checks. Permitted: what may be made effective again. Inheritable:
     * what a program file may pass on. The ambient set, which outlives execve(2) for any uid, can
     * only hold what is permitted and inheritable: the kernel lowers it by itself. */
    caps.effective &= ~drop;
    caps.permitted &= ~drop;
    caps.inheritable &= ~drop;
    if (sys_capset(caps) == -1)
        fail(step, errno, why_capset(&caps),
             "capset(effective %" PRIx64 ", permitted %" PRIx64 ", inheritable %" PRIx64 ")",
             caps.effective, caps.permitted, caps.inheritable);
}

/* Takes "cap_chown,NET_RAW" apart; returns a mask with bit N for capability N. */
static uint64_t
parse_list(struct step *step, char *list)
{
    uint64_t mask = 0;
    char *name;

    if (strcasecmp(list, "all") == 0)
        return ~UINT64_C(0);
    while ((name = strsep(&list, ",")) != NULL) {
        int number = cap_number(name);

        if (number == -1)
            refuse(step, "there is no capability \"%s\": capabilities(7) has the names", name);
        mask |= UINT64_C(1) << number;
    }
    return mask;
}

/* As /proc/PID/status writes them, in hexadecimal: bit N is capability N. */
static void
note_set(struct step *step, const char *name, uint64_t was, uint64_t is)
{
    add_note(step, "%s %016" PRIx64 " -> %016" PRIx64 "   %d capabilities -> %d", name, was, is,
             __builtin_popcountll(was), __builtin_popcountll(is));
}

int
main(int argc, char **argv)
{
    struct step step;
    struct capabilities was, is;
    uint64_t drop = 0, keep = 0;
    bool no_new_privs = false, keeps = false;
    int option;

    begin(&step, argc, argv, usage);
    while ((option = next_option(&step, "", options)) != -1) {
        if (option == 'd')
            drop |= parse_list(&step, optarg);
        if (option == 'k')
            keep |= parse_list(&step, optarg);
        keeps |= option == 'k';
        no_new_privs |= option == 'n';
    }
    count_operands(&step, 0, 0, "nothing");
    if (keeps && drop == 0)
        drop = ~UINT64_C(0);
    start_from(&step);
    join(&step);

    was = read_capabilities();
    if (no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
        fail(&step, errno, why_no_new_privs(), "prctl(PR_SET_NO_NEW_PRIVS)");
    drop_capabilities(&step, was, drop & ~keep);
    is = read_capabilities();
    note_set(&step, "CapInh", was.inheritable, is.inheritable);
    note_set(&step, "CapPrm", was.permitted, is.permitted);
    note_set(&step, "CapEff", was.effective, is.effective);
    note_set(&step, "CapBnd", was.bounding, is.bounding);
    note_set(&step, "CapAmb", was.ambient, is.ambient);
    note_cap_names(&step, is.effective);
    if (no_new_privs)
        add_note(&step, "no_new_privs is set: no execve can give more");
    finish(&step, "capset(%d capabilities -> %d)", __builtin_popcountll(was.effective),
           __builtin_popcountll(is.effective));
}
