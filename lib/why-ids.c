/*
 * why-ids.c - why was a uid_map not taken, or a capability not dropped? In the order in which the
 * kernel checks: kernel/user_namespace.c, security/commoncap.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <string.h>
#include <unistd.h>

#include "why.h"

static struct why
find_why_id_map(const char *file, const struct id_maps *maps, int error)
{
    char text[16384];

    if (error == EINVAL && strlen(format_id_map(&maps->uids, text, sizeof text)) >= 4096)
        return say_why("fewer ranges, or larger ones",
                       "a map of more than 4095 bytes is not taken");
    if (error != EPERM)
        return why_unknown("7 user_namespaces");
    for (int i = 0; i < maps->uids.count; i++)
        if (id_outside(&maps->parent, maps->uids.range[i].outside) == -1)
            return say_why("map only ids that exist there: cat /proc/self/uid_map",
                           "uid %" PRIu32 " does not exist in the parent user namespace",
                           maps->uids.range[i].outside);
    if (!have_capability(strcmp(file, "uid_map") == 0 ? CAP_SETUID : CAP_SETGID))
        return say_why("--auto, which asks newuidmap(1) for your ranges in /etc/subuid",
                       "an ordinary user may write one line that maps his own id (%" PRIu32
                       "), and nothing else",
                       maps->outer_uid);
    return why_unknown("7 user_namespaces");
}

struct why
why_id_map(const char *file, const struct id_maps *maps)
{
    int error = errno;
    struct why why = find_why_id_map(file, maps, error);

    errno = error;
    return why;
}

struct why
why_capset(void)
{
    int error = errno;
    struct why why = why_unknown("7 capabilities");

    if (error == EPERM && !have_capability(CAP_SETPCAP))
        why = say_why(
            "run it as root, or after 07-userns-map",
            "to drop from the bounding set one needs CAP_SETPCAP, which this process does not have");
    errno = error;
    return why;
}
