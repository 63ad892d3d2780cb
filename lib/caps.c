/*
 * caps.c - the five capability sets of a process: reading them, and giving some up.
 * See capabilities(7). Step 08 shows the calls at leisure; joining repeats them here.
 */
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "nsteps.h"

/* Three of the sets. glibc provides no wrapper for capget(2) and capset(2); version 3 has two 32-bit halves
 * a set. It cannot fail but by a seccomp filter. Then we believe that we have all: what is to be dropped is
 * dropped, or the kernel refuses that aloud; to believe that there is nothing to drop would be silent. */
static struct capabilities
sys_capget(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct half[2] = {{0}};
    struct capabilities caps = {.effective = ~UINT64_C(0), .permitted = ~UINT64_C(0)};

    if (syscall(SYS_capget, &header, half) == 0) {
        caps.effective = half[0].effective | (uint64_t)half[1].effective << 32;
        caps.permitted = half[0].permitted | (uint64_t)half[1].permitted << 32;
        caps.inheritable = half[0].inheritable | (uint64_t)half[1].inheritable << 32;
    }
    return caps;
}

bool
have_capability(int capability)
{
    return (sys_capget().effective >> capability) & 1;
}

void
note_cap_names(struct step *step, uint64_t set)
{
    char line[200] = "";
    size_t used = 0;

    if (set == 0 || __builtin_popcountll(set) > 5)
        return;
    for (int i = 0; i < 64; i++)
        if ((set >> i & 1) && cap_name(i) != NULL)
            used += (size_t)snprintf(line + used, sizeof line - used, " %s", cap_name(i));
    add_note(step, "left:%s", line);
}

struct capabilities
read_capabilities(void)
{
    struct capabilities caps = sys_capget();

    for (int i = 0, count = cap_count(); i < count; i++) {
        uint64_t bit = UINT64_C(1) << i;

        if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) != 0) /* 1, or -1: as above */
            caps.bounding |= bit;
        if ((caps.permitted & caps.inheritable & bit) && /* else it cannot be ambient either */
            prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1)
            caps.ambient |= bit;
    }
    return caps;
}

static int
parse_mask(const char *status, const char *field, uint64_t *mask)
{
    const char *line = strstr(status, field);

    if (line == NULL)
        return -1;
    *mask = strtoull(line + strlen(field), NULL, 16);
    return 0;
}

int
parse_capabilities(const char *status, struct capabilities *caps, bool *no_new_privs)
{
    uint64_t flag = 0;

    if (parse_mask(status, "\nCapInh:", &caps->inheritable) == -1 ||
        parse_mask(status, "\nCapPrm:", &caps->permitted) == -1 ||
        parse_mask(status, "\nCapEff:", &caps->effective) == -1 ||
        parse_mask(status, "\nCapBnd:", &caps->bounding) == -1 ||
        parse_mask(status, "\nCapAmb:", &caps->ambient) == -1 ||
        parse_mask(status, "\nNoNewPrivs:", &flag) == -1) {
        errno = EINVAL;
        return -1;
    }
    *no_new_privs = flag != 0;
    return 0;
}

/* capset(2) for this process. */
static int
sys_capset(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct half[2] = {
        {(uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable},
        {(uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32)},
    };

    return (int)syscall(SYS_capset, &header, half);
}

int
set_capabilities(const struct capabilities *caps)
{
    struct capabilities own = read_capabilities();
    /* We can give capabilities up, never take more than we have: hence "& own". */
    uint64_t permitted = caps->permitted & own.permitted;
    uint64_t inheritable = caps->inheritable & (own.inheritable | own.permitted);

    /* A process that changed its uid has an empty effective set, and the next calls need
     * CAP_SETPCAP: raise what we are permitted first. And what is to be inheritable must become so
     * while it is still in the bounding set. */
    if ((own.effective != own.permitted || (inheritable & ~own.inheritable) != 0) &&
        sys_capset(own.permitted, own.permitted, own.inheritable | inheritable) == -1)
        return -1;
    /* The bounding set goes first, because dropping from it needs CAP_SETPCAP. */
    for (int i = 0; i < cap_count(); i++) {
        uint64_t bit = UINT64_C(1) << i;

        if ((own.bounding & bit) && !(caps->bounding & bit) &&
            prctl(PR_CAPBSET_DROP, i, 0, 0, 0) == -1)
            return -1;
    }
    if (sys_capset(caps->effective & permitted, permitted, inheritable) == -1)
        return -1;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == -1)
        return -1;
    for (int i = 0; i < cap_count(); i++)
        if ((caps->ambient & permitted & inheritable) & (UINT64_C(1) << i))
            if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) == -1)
                return -1;
    return 0;
}
