# shellcheck shell=bash disable=SC2034,SC2016
# 12-veth: a step of one's own, with ip(8)
hints=(
    'First by hand, without C: two shells in two net namespaces (01-unshare -n), and a third one outside that runs ip. Which five kinds of `ip ...` did you need until a connection worked? Which of them twice?'
    'run_ip: fork; the child calls setns(net, CLONE_NEWNET) if net is not -1, lets descriptor 1 be what 2 is (dup2), and execvp("ip", word); the parent waits with waitpid and looks at the exit status: WIFEXITED and WEXITSTATUS.'
    'connect_by_veth: `link add ... type veth peer name ... netns PID` makes both ends, each where it belongs. Then for each end: an address, up, and a route to the address of the other one through eth0. After each call: has it failed?'
    'main: all of that before join. A child of a process that has joined is born in the pid namespace of the container, where PID is another process or none; and `ip` would be the one below the new /. net is step.target.ns[NS_NET] with "-", else -1; open(2) gives the other, with O_RDONLY | O_CLOEXEC.'
    'In connect_by_veth: run_ip(net, "link add eth0 type veth peer name eth0 netns %d", (int)peer), then run_ip(net, "addr add %s/32 dev eth0", address), run_ip(net, "link set eth0 up"), run_ip(net, "route add %s dev eth0", peer_address), and the same three in peer_net, with the addresses exchanged.'
)
facts='tests/labs/two-containers facts'
alone='ALONE=yes tests/labs/two-containers'
when todo '' 'TODO: ' 'Something is not written yet: it says TODO. Three places in the file wait for you.' 'What you have'
when hangs "$facts" '12-veth: hangs' \
    '12-veth neither ends nor stays behind with a record. What does it wait for? A child that was not told what to run, a pipe that nobody closes?' 'Three questions before you write'
when pid-inside "$facts" 'it says: .*No such process' \
    'ip says that there is no such process as PID. Who has joined a container has its pid namespace for his children: there the number means another process, or none. Is it done after join?' 'Three questions before you write'
when one-namespace "$facts" 'it says: .*File exists' \
    'ip says that there is an eth0 already: both ends were to be in one net namespace. A pair can be made with each end where it belongs; see netns in ip-link(8).' 'Three questions before you write'
when not-permitted "$facts" 'it says: .*(Operation not permitted|Bad file descriptor)' \
    'The kernel has refused: is NET the descriptor of a net namespace that is still open (join closes those in step.target), and do you do it while you still may?' 'Three questions before you write'
when not-found "$facts" 'it says: .*(Cannot find device|does not exist)' \
    'ip does not find the device. Is it looking in the net namespace where you have put it, and has the `ip` before it ended already? (waitpid)' 'What you have'
when no-record "$facts" 'left no record' \
    '12-veth ends and leaves no record, so the pipeline cannot go on. What does it say on stderr? Does main reach finish?' 'What must be true'
when stdout "$facts" 'lines on stdout: [02-9]' \
    'On stdout the record must stand alone: what ip, or you, want to say goes to stderr.' 'What you have'
when outside "$facts" 'outside [1-9]' \
    'A new device is outside, in the net namespace of whoever typed the pipeline. ip works in the net namespace of the process that runs it: has the child entered one before execvp?' 'Three questions before you write'
when not-joined "$facts" 'net namespace: another' \
    'The process that stays behind is not in the net namespace of the step before, so the next step will not be there either. Is join called, and in the parent?' 'What must be true'
when nothing-made "$facts" 'new devices: a 0, b 0' \
    'No new device is in either container, although the step says that all is well. What is called, and does the call do it?' 'What you have'
when not-moved "$facts" 'new devices: (a [1-9], b 0|a 0, b [1-9])' \
    'Both ends are in the same container: that is a cable from a machine to itself. One end must be in the net namespace of PID.' 'Three questions before you write'
when name "$facts" 'eth0:  ' \
    'A pair is there, but not under the name eth0 in each container. They may be called the same: names are per net namespace.' 'What must be true'
when down "$facts" 'eth0: veth (DOWN|LOWERLAYERDOWN)' \
    'One end is down. A new device always is, and both ends must be up before either has a carrier.' 'By hand first'
when swapped "$facts" 'a eth0: veth UP B' 'The addresses are exchanged: ADDRESS is for this side, PEER_ADDRESS for that of PID.' 'What must be true'
when wrong-address "$facts" 'eth0: veth UP .*[0-9]' \
    'eth0 has an address that nobody has typed. They come from the command line, and are others in each check.' 'What must be true'
when no-address "$facts" 'eth0: veth UP $' 'An eth0 is up and has no address.' 'By hand first'
when no-route "$facts" 'way: .*none' \
    'The addresses are there, but one side knows no way to the other: a single address (/32) brings no network with it. What does `ip route` show in there? (ENETUNREACH is what connect(2) says.)' 'By hand first'
when ignores-failure "$alone failure" 'status 0|records 1' \
    'There is no process of that PID, ip fails, and the step goes on as if all were well. Each call can fail; then the step ends with 125 and leaves no record.' 'What must be true'
when leftover 'tests/labs/two-containers leftover' 'left:' \
    'The container has ended and something of it stays. A net namespace lives as long as a process is in it or has it open: is there a child that has not ended?' 'What must be true'

mutant nothing-done nothing-made connect_by_veth <<'C'
    (void)net, (void)peer_net, (void)peer, (void)address, (void)peer_address;
    return 0;
C
change no-route no-route 's/route add %s dev eth0", [a-z_]*)/link show")/'
change route-on-one-side no-route 's/run_ip(peer_net, "route add %s dev eth0", [a-z_]*)/run_ip(net, "link show")/'
change one-end-down down '/run_ip(peer_net, "link set eth0 up")/d; /run_ip(.*route add/s/run_ip(/0 * run_ip(/'
mutant both-in-one not-moved connect_by_veth <<'C'
    (void)peer_net, (void)peer;
    if (run_ip(net, "link add eth0 type veth peer name eth1") == -1 ||
        run_ip(net, "addr add %s/32 dev eth0", address) == -1 ||
        run_ip(net, "addr add %s/32 dev eth1", peer_address) == -1 ||
        run_ip(net, "link set eth0 up") == -1 || run_ip(net, "link set eth1 up") == -1)
        return -1;
    return 0;
C
mutant same-name-no-netns one-namespace connect_by_veth <<'C'
    (void)peer_net, (void)peer, (void)address, (void)peer_address;
    return run_ip(net, "link add eth0 type veth peer name eth0");
C
change after-join pid-inside 's/^    net = step.joining ? .*/    join(\&step);\n    step.joining = false;\n    net = -1;/'
change hard-coded wrong-address 's/%s\/32 dev eth0", address/10.0.0.1\/24 dev eth0"/; s/%s\/32 dev eth0", peer_address/10.0.0.2\/24 dev eth0"/; s/route add %s dev eth0", [a-z_]*)/link show")/'
change addresses-exchanged swapped 's/run_ip(\(net\|peer_net\), "addr add \(.*\)", address)/run_ip(\1, "addr add \2", PEER)/; s/addr add %s\/32 dev eth0", peer_address/addr add %s\/32 dev eth0", address/; s/PEER)/peer_address)/; s/route add %s dev eth0", [a-z_]*)/link show")/'
change failure-ignored ignores-failure 's/^        return -1;\r*$/        return 0;/; /peer_net == -1)/,+1d'
change child-not-in-namespace outside 's/net != -1 && setns(net, CLONE_NEWNET) == -1/net < -1/'
change without-join not-joined '/^    join(&step);/d'
change child-stays leftover 's/^    if (run_ip(net, "link add/    if (fork() == 0) {\n        setns(net, CLONE_NEWNET);\n        pause();\n    }\n&/'
change prints-on-stdout stdout 's/^    close(peer_net);/    printf("eth0 is up\\n");\n    fflush(stdout);\n&/'
