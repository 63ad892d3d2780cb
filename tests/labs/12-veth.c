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

/* Runs "ip WORDS" in the net namespace NET (a descriptor; -1: ours) and waits for it. 0 when it succeeded, else -1. */
static int
run_ip(int net, const char *format, ...)
{
    char line[256] = "ip ", *word[32];
    int count = 0, status;
    va_list list;
    pid_t child;

    va_start(list, format);
    vsnprintf(line + 3, sizeof line - 3, format, list);
    va_end(list);
    for (char *w = strtok(line, " "); w != NULL && count < 31; w = strtok(NULL, " "))
        word[count++] = w;
    word[count] = NULL;
    child = fork();
    if (child == -1)
        return -1;
    if (child == 0) {
        /* Data never goes to stderr, and the record alone to stdout. */
        dup2(STDERR_FILENO, STDOUT_FILENO);
        if (net != -1 && setns(net, CLONE_NEWNET) == -1)
            _exit(EXIT_STEP_FAILED);
        execvp("ip", word);
        _exit(EXIT_NOT_FOUND);
    }
    if (waitpid(child, &status, 0) == -1)
        return -1;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

/* The feature. Both ends are made at once, each where it belongs: NET is ours, PEER_NET that of process PEER. An
 * address alone, without a network, brings no route: each end is told that the other one is on its wire. */
static int
connect_by_veth(int net, int peer_net, pid_t peer, const char *address, const char *peer_address)
{
    if (run_ip(net, "link add eth0 type veth peer name eth0 netns %d", (int)peer) == -1 ||
        run_ip(net, "addr add %s/32 dev eth0", address) == -1 ||
        run_ip(peer_net, "addr add %s/32 dev eth0", peer_address) == -1 ||
        run_ip(net, "link set eth0 up") == -1 || run_ip(peer_net, "link set eth0 up") == -1 ||
        run_ip(net, "route add %s dev eth0", peer_address) == -1 ||
        run_ip(peer_net, "route add %s dev eth0", address) == -1)
        return -1;
    return 0;
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
    char path[64];
    int net, peer_net;
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

    /* All before join: outside, PID means what was typed, `ip` is the host's, and we may do it whatever the container
     * has given up. */
    net = step.joining ? step.target.ns[NS_NET] : -1;
    snprintf(path, sizeof path, "/proc/%d/ns/net", (int)peer);
    peer_net = open(path, O_RDONLY | O_CLOEXEC);
    if (peer_net == -1)
        fail(&step, errno, why_open_target(&step, peer), "open %s", path);
    if (connect_by_veth(net, peer_net, peer, address, peer_address) == -1)
        fail(&step, 0, said_by_ip, "make a veth pair to process %d", (int)peer);
    close(peer_net);
    join(&step);

    add_note(&step, "eth0 is %s here, and %s there", address, peer_address);
    finish(&step, "ip link add eth0 type veth peer name eth0 netns %d", (int)peer);
}
