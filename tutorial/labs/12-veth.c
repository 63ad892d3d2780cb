/*
 * 12-veth: a cable between two containers.
 *
 * A new net namespace has no way out: only its own lo, and that is down. A veth device is always one of two, and what
 * goes into the one comes out of the other, in whichever net namespace that is.
 * Task: tutorial/labs/12-veth.md. Man pages: veth(4), ip-link(8), setns(2), network_namespaces(7).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/nsteps.h"

static const char usage[] =
    "Usage: 12-veth [-] --peer PID ADDRESS PEER_ADDRESS [-- COMMAND [ARG ...]]\n"
    "Joins this net namespace and that of process PID by a pair of devices, both\n"
    "called eth0, with the IPv4 addresses ADDRESS here and PEER_ADDRESS there.\n"
    "\n"
    "      --peer PID   a process in the other container, as /proc numbers it here\n";

static const struct option options[] = {
    {"peer", required_argument, NULL, 'p'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* TODO 1: runs "ip WORDS" in the net namespace NET (a descriptor; -1: ours) and waits for it. 0 when it succeeded, else
 * -1. A child does it: setns(2) changes one process, and we want to stay where we are. What ip prints must not go to
 * stdout, where the record will stand alone. */
static int
run_ip(int net, const char *format, ...)
{
    char line[256] = "ip ", *word[32];
    int count = 0;
    va_list list;

    va_start(list, format);
    vsnprintf(line + 3, sizeof line - 3, format, list);
    va_end(list);
    for (char *w = strtok(line, " "); w != NULL && count < 31; w = strtok(NULL, " "))
        word[count++] = w;
    word[count] = NULL; /* word is an argv now, as execvp(3) wants it */

    (void)net;
    fprintf(stderr, "12-veth: TODO: \"%s ...\" is not run yet\n", word[0]);
    return -1;
}

/* TODO 2: the feature. NET is ours, PEER_NET that of process PEER. An example of a call:
 *     run_ip(net, "link set %s up", "lo") */
static int
connect_by_veth(int net, int peer_net, pid_t peer, const char *address, const char *peer_address)
{
    (void)peer_net, (void)peer, (void)address, (void)peer_address;
    fprintf(stderr, "12-veth: TODO: connect_by_veth is not written yet\n");
    return run_ip(net, "link");
}

static const struct why said_by_ip = {
    .because = "what ip has said, above this",
    .hint = "the same ip by hand, in that net namespace",
};

static pid_t
parse_pid(struct step *step, const char *text)
{
    char *end;
    long pid = strtol(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end != '\0' || pid < 1 || pid > INT_MAX)
        refuse(step, "--peer \"%s\" is not a pid", text);
    return (pid_t)pid;
}

static const char *
check_address(struct step *step, const char *text)
{
    struct in_addr address;

    if (inet_pton(AF_INET, text, &address) != 1)
        refuse(step, "\"%s\" is not an IPv4 address", text);
    return text;
}

int
main(int argc, char **argv)
{
    struct step step;
    const char *address, *peer_address;
    pid_t peer = 0;

    begin(&step, argc, argv, usage);
    while (next_option(&step, "", options) != -1)
        peer = parse_pid(&step, optarg);
    count_operands(&step, 2, 2, "ADDRESS PEER_ADDRESS");
    if (peer == 0)
        refuse(&step, "whom to join? --peer PID");
    address = check_address(&step, step.operand[0]);
    peer_address = check_address(&step, step.operand[1]);
    start_from(&step);

    /* TODO 3: the net namespaces, and connect_by_veth, before or after join? The task page asks what is different for a
     * process that has joined. With "-" the step before is in step.target: its net namespace is open already,
     * step.target.ns[NS_NET]. The other one is /proc/PID/ns/net. What fails: fail(&step, errno, ...), as in the steps. */
    join(&step);
    if (connect_by_veth(-1, -1, peer, address, peer_address) == -1)
        fail(&step, 0, said_by_ip, "TODO: connect to process %d", (int)peer);

    add_note(&step, "eth0 is %s here, and %s there", address, peer_address);
    finish(&step, "ip link add eth0 type veth peer name eth0 netns %d", (int)peer);
}
