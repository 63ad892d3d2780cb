#!/usr/bin/env bats
# 08-capset beside setpriv(1) and capsh(1).
# shellcheck disable=SC2054 # +chown,+kill is one word
load helper
load oracle

# The start has chown and kill in its inheritable and ambient sets.
caps() { # OPTIONS THEIRS: and after a record
    local word=${1%% *}
    oracle "${word:-default}" "$2 looked" chain "08-capset $1 -- looked"
    oracle "${word:-default}" "unshare --uts $2 looked" join "01-unshare --uts | 08-capset - $1 -- looked" \
        join+6 "01-unshare --uts | 08-capset - $1 | 06-nsenter - -- looked"
}

@test "no option: nothing changes" { caps '' env; }
@test "--drop LIST" {
    caps '--drop cap_chown,NET_RAW' 'setpriv --ambient-caps -chown --inh-caps -chown --bounding-set -chown,-net_raw'
}
@test "--drop all" { caps '--drop all' 'setpriv --ambient-caps -all --inh-caps -all --bounding-set -all'; }
@test "--drop all, beside capsh" {
    needs_tool capsh libcap2-bin
    caps '--drop all' "capsh --noamb --inh= --drop=all --caps= --shell=$PUBLIC/looked --"
}
@test "--keep LIST" {
    caps '--keep kill,cap_net_bind_service' 'setpriv --ambient-caps -chown --inh-caps -chown --bounding-set -all,+kill,+net_bind_service'
}
@test "--drop and --keep" {
    caps '--drop all --keep chown' 'setpriv --ambient-caps -kill --inh-caps -kill --bounding-set -all,+chown'
    oracle --keep 'setpriv --ambient-caps -kill --inh-caps -kill --bounding-set -kill,-setfcap looked' \
        chain '08-capset --keep chown --drop kill,chown,setfcap -- looked'
}
@test "--no-new-privs" {
    caps --no-new-privs 'setpriv --no-new-privs'
    oracle --no-new-privs 'setpriv --no-new-privs --bounding-set -sys_time looked' \
        chain '08-capset --no-new-privs --drop sys_time -- looked'
}
@test "of one who is not uid 0, and has inheritable and ambient capabilities" {
    needs_root # to be another one
    START=(setpriv --reuid 1234 --regid 1234 --clear-groups --inh-caps +chown,+kill,+setpcap,+net_raw,+sys_admin
        --ambient-caps +chown,+kill,+setpcap,+net_raw,+sys_admin)
    caps '--drop chown' 'setpriv --ambient-caps -chown --inh-caps -chown --bounding-set -chown'
    grep -qx 'CapAmb: 0000000000202120' "$BATS_TEST_TMPDIR/theirs"
    caps '--keep net_raw' 'setpriv --ambient-caps -chown,-kill,-setpcap,-sys_admin --inh-caps -chown,-kill,-setpcap,-sys_admin --bounding-set -all,+net_raw'
}
@test "securebits are left alone" {
    START=(setpriv --securebits +noroot,+noroot_locked --inh-caps +setpcap --ambient-caps +setpcap)
    oracle --drop 'setpriv --ambient-caps -chown --inh-caps -chown --bounding-set -chown looked' chain '08-capset --drop chown -- looked'
    grep -q '^securebits: 0x3' "$BATS_TEST_TMPDIR/theirs"
}
@test "on a terminal" {
    TERMINAL=1
    caps '--drop all' 'setpriv --ambient-caps -all --inh-caps -all --bounding-set -all'
}
@test "every option has been compared" { all_compared; }
