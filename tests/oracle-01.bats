#!/usr/bin/env bats
# 01-unshare beside unshare(1).
load helper
load oracle

# unshare --kill-child: as with us, COMMAND is killed when unshare is.
new() { # OPTION: of both, for a namespace that this process itself can be in
    oracle "$1" "unshare $1 looked" chain "01-unshare $1 -- looked" join "01-unshare $1 | 06-nsenter - -- looked"
}
born() { # OPTION ...: for one that only a child is born into
    oracle "$1" "unshare $* --fork --kill-child looked" \
        forks+chain "01-unshare $* -- looked" forks+join "01-unshare $* | 06-nsenter - -- looked"
}

@test "no option" {
    oracle default 'unshare --mount --uts --ipc --net --pid --fork --kill-child looked' \
        forks+chain '01-unshare -- looked' forks+join '01-unshare | 06-nsenter - -- looked'
}
@test "--mount" { new --mount; }
@test "--uts" { new --uts; }
@test "--ipc" { new --ipc; }
@test "--net" { new --net; }
@test "--cgroup" { new --cgroup; }
@test "--pid" { born --pid; }
@test "--time" { born --time; }
@test "--user" { new --user; }
@test "--user, of one who is root nowhere" {
    needs_user
    PLAIN=1
    new --user
}
@test "--all" {
    oracle --all 'unshare --mount --uts --ipc --net --pid --user --cgroup --time --fork --kill-child looked' \
        forks+chain '01-unshare --all -- looked' forks+join '01-unshare --all | 06-nsenter - -- looked'
}
@test "--hostname" {
    oracle --hostname "unshare --uts bash -c 'hostname box && exec looked'" \
        chain '01-unshare --uts --hostname box -- looked' join '01-unshare -u --hostname=box | 06-nsenter - -- looked'
}
@test "--monotonic" { born --monotonic 90000 --time; }
@test "--boottime" { born --boottime 900000 --time; }
@test "--monotonic and --boottime" { born --boottime 90000 --monotonic 7200 --time; }

propagation() { # MODE: where everything is shared to begin with, as on most machines; and where nothing is
    START=("${shared_mounts[@]}")
    new "--mount --propagation $1"
    START=()
    new "--mount --propagation $1"
}
@test "--propagation private" { propagation private; }
@test "--propagation shared" { propagation shared; }
@test "--propagation slave" { propagation slave; }
@test "--propagation unchanged" { propagation unchanged; }
@test "--propagation: private is the default" {
    START=("${shared_mounts[@]}")
    new --mount
}

@test "on a terminal" {
    TERMINAL=1
    new --uts
    born --pid
    grep -qx "terminal: the start's" "$BATS_TEST_TMPDIR/theirs" # controls
    grep -qx 'foreground: yes' "$BATS_TEST_TMPDIR/theirs"
}

@test "short and long options are the same" { same_spelling 01-unshare '-- looked'; }
@test "every option has been compared" { all_compared; }
