#!/usr/bin/env bats
# 08-capset: what root may do. The five sets are read from /proc/self/status of COMMAND, after its
# execve, which is where root gets back what was not dropped from all of them.
# shellcheck disable=SC2154 # out, err, held, inside: set by the helper
load helper

# An ordinary user has capabilities in a user namespace of his own.
if [ "$EUID" = 0 ]; then own=(); else own=(07-userns-map --); fi
NONE=0000000000000000

# caps COMMAND-PREFIX ...: the sets of a COMMAND behind it, in $inh $prm $eff $bnd $amb.
caps() {
    run_split "${own[@]}" "$@" sed -n 's/^Cap...:[[:space:]]//p' /proc/self/status
    { read -r inh && read -r prm && read -r eff && read -r bnd && read -r amb; } <<<"$out" ||
        { printf '%s\n' "$err" >&2; return 1; }
}
has() { ((16#$1 >> $2 & 1)); } # has "$eff" 21: is capability 21 in that set?
without() { # without "$eff" 0 5: that mask without these capabilities
    local mask=$((16#$1)) bit
    for bit in "${@:2}"; do mask=$((mask & ~(1 << bit))); done
    printf '%016x' $mask
}

# ---- what goes

@test "control: without 08 all of root's capabilities are there" {
    caps
    [ "$eff" = "$prm" ] && [ "$eff" = "$bnd" ] && [ "$eff" != $NONE ]
}
@test "--drop all: all five sets are empty, after execve and for uid 0" {
    caps 08-capset --drop all --
    [ "$inh $prm $eff $bnd $amb" = "$NONE $NONE $NONE $NONE $NONE" ]
    run_split "${own[@]}" 08-capset --drop all -- id -u
    [ "$out" = 0 ]
}
@test "they do not come back at later execve either" {
    caps 08-capset --drop all -- env env env
    [ "$prm $eff $bnd" = "$NONE $NONE $NONE" ]
}
@test "control: with capset(2) alone, without the bounding set, they do come back" {
    needs_tool capsh libcap2-bin
    run_split "${own[@]}" capsh --caps= --print
    grep -q '^Current: =$' <<<"$out" # gone, in capsh itself
    run_split "${own[@]}" capsh --caps= -- -c 'grep CapEff /proc/self/status'
    [[ $out == CapEff:* && $out != *$NONE ]] # and back after its execve of the shell
}
@test "--drop LIST: these, from every set that had them, and no others" {
    caps
    before="$inh $(without "$prm" 21 13) $(without "$eff" 21 13) $(without "$bnd" 21 13) $amb"
    caps 08-capset --drop cap_sys_admin,cap_net_raw --
    [ "$inh $prm $eff $bnd $amb" = "$before" ]
}
@test "--drop more than once adds up" {
    caps
    wanted=$(without "$bnd" 0 5)
    caps 08-capset --drop chown --drop kill --
    [ "$eff $bnd" = "$wanted $wanted" ]
}
@test "--drop with setpcap in it drops the others, too" {
    caps
    wanted=$(without "$bnd" 0 8 40)
    caps 08-capset --drop setpcap,chown,checkpoint_restore --
    [ "$eff $bnd" = "$wanted $wanted" ]
}
@test "--keep LIST alone: all others go" {
    caps 08-capset --keep chown,net_raw --
    [ "$prm $eff $bnd" = '0000000000002001 0000000000002001 0000000000002001' ]
}
@test "--keep more than once adds up" {
    caps 08-capset --keep chown --keep net_raw --
    [ "$prm $eff $bnd" = '0000000000002001 0000000000002001 0000000000002001' ]
}
@test "--drop all --keep LIST: all others go, in either order" {
    caps 08-capset --drop all --keep chown,net_raw --
    [ "$eff $bnd" = '0000000000002001 0000000000002001' ]
    caps 08-capset --keep chown,net_raw --drop all --
    [ "$eff $bnd" = '0000000000002001 0000000000002001' ]
}
@test "--drop LIST --keep LIST: what is in both is kept" {
    caps
    wanted=$(without "$bnd" 0)
    caps 08-capset --drop chown,kill --keep kill --
    [ "$eff $bnd" = "$wanted $wanted" ]
}
@test "--keep does not give what is gone already" {
    caps 08-capset --drop chown -- 08-capset --keep chown,kill --
    [ "$eff $bnd" = '0000000000000020 0000000000000020' ]
}
@test "without options nothing changes" {
    caps
    before="$inh $prm $eff $bnd $amb"
    caps 08-capset --
    [ "$inh $prm $eff $bnd $amb" = "$before" ]
}
@test "the report has the five sets, before and after" {
    caps
    was=("$inh" "$prm" "$eff" "$bnd" "$amb")
    caps 08-capset --drop chown --
    is=("$inh" "$prm" "$eff" "$bnd" "$amb")
    i=0
    for set in CapInh CapPrm CapEff CapBnd CapAmb; do
        grep -q "^  $set ${was[i]} -> ${is[i]}" <<<"$err"
        i=$((i + 1))
    done
}

# ---- inheritable and ambient: how a uid other than 0 keeps capabilities across execve

ambient=(setpriv "--inh-caps=+net_raw,+chown" "--ambient-caps=+net_raw,+chown")

@test "ambient and inheritable are dropped with the rest" {
    needs_tool setpriv util-linux
    caps "${ambient[@]}"
    has "$amb" 13 && has "$amb" 0 && has "$inh" 13 && has "$inh" 0 # control: they were there
    caps "${ambient[@]}" 08-capset --drop net_raw --
    refute has "$amb" 13
    refute has "$inh" 13
    has "$amb" 0 && has "$inh" 0
}
@test "a uid other than 0 keeps only what is left in the ambient set" {
    needs_root
    needs_tool setpriv util-linux
    user=(setpriv --reuid 12345 --regid 12345 --clear-groups 
        '--inh-caps=-all,+net_raw,+setpcap' '--ambient-caps=-all,+net_raw,+setpcap')
    caps "${user[@]}"
    [ "$eff $amb" = '0000000000002100 0000000000002100' ] # control
    caps "${user[@]}" 08-capset --drop setpcap --
    [ "$inh $prm $eff $amb" = '0000000000002000 0000000000002000 0000000000002000 0000000000002000' ]
}
@test "inheritable alone is dropped, too" {
    needs_tool setpriv util-linux
    caps setpriv --inh-caps=+kill
    has "$inh" 5 # control
    caps setpriv --inh-caps=+kill 08-capset --drop kill --
    refute has "$inh" 5
}

# ---- names

@test "names: with and without cap_, in any case" {
    caps 08-capset --keep cap_chown,DAC_OVERRIDE,CAP_DAC_READ_SEARCH,Fowner,cAp_FsEtId,kill --
    [ "$bnd" = 000000000000003f ]
}
@test "all, in any case" {
    caps 08-capset --drop ALL --
    [ "$bnd" = $NONE ]
}
@test "every name is the one that capsh knows" {
    needs_tool capsh libcap2-bin
    names=$(capsh --decode="$(printf '%016x' $(((1 << 41) - 1)))" | sed 's/.*=//')
    [[ $names == cap_chown,*,cap_checkpoint_restore ]] || skip 'this capsh has not all 41 names'
    IFS=, read -ra list <<<"$names"
    caps
    all=$bnd # on an older kernel, or under a bounding set, not all of them
    # Each number has its own combination of six bits: a table that is wrong in one place cannot pass.
    for bit in 0 1 2 3 4 5; do
        wanted=0 keep=chown
        for i in "${!list[@]}"; do
            ((i + 1 >> bit & 1)) || continue
            keep+=,${list[i]}
            wanted=$((wanted | 1 << i))
        done
        caps 08-capset --keep "$keep" --
        [ "$bnd" = "$(printf '%016x' $(((wanted | 1) & 16#$all)))" ]
    done
}
@test "capsh(1) and setpriv(1) see the same" {
    needs_tool capsh libcap2-bin
    needs_tool setpriv util-linux
    run_split "${own[@]}" 08-capset --keep chown,net_raw -- capsh --print
    grep -qx 'Bounding set =cap_chown,cap_net_raw' <<<"$out"
    run_split "${own[@]}" 08-capset --keep chown,net_raw -- setpriv --dump
    grep -qx 'Capability bounding set: chown,net_raw' <<<"$out"
}

# ---- the kernel obeys

@test "what is dropped is refused: hostname" {
    run_split "${own[@]}" 01-unshare -u -- hostname nsteps-box
    [ "$status" = 0 ] # control
    run_split "${own[@]}" 01-unshare -u -- 08-capset --drop sys_admin -- hostname nsteps-box
    [ "$status" != 0 ]
}
@test "what is kept is allowed: hostname" {
    run_split "${own[@]}" 01-unshare -u -- 08-capset --keep sys_admin -- sh -c 'hostname nsteps-box; uname -n'
    [ "$out" = nsteps-box ]
}
@test "uid 0 without capabilities is bound by the permissions of files" {
    needs_root
    needs_tool setpriv util-linux
    touch "$PUBLIC/theirs"
    chown 12345:12345 "$PUBLIC/theirs"
    chmod 600 "$PUBLIC/theirs"
    run_split 08-capset --drop all -- cat "$PUBLIC/theirs"
    [ "$status" != 0 ]
    run_split 08-capset --keep dac_override -- cat "$PUBLIC/theirs" # control
    [ "$status" = 0 ]
}
@test "uid 0 without capabilities still owns what belongs to uid 0: /proc/sys is root's" {
    needs_root
    run_split 08-capset --drop all -- test -w /proc/sys/kernel/core_pattern # 07 is what closes it
    [ "$status" = 0 ]
}

# ---- no_new_privs

@test "--no-new-privs: the flag is set, and the capabilities are as before" {
    caps
    before="$inh $prm $eff $bnd $amb"
    caps 08-capset --no-new-privs --
    [ "$inh $prm $eff $bnd $amb" = "$before" ]
    run_split "${own[@]}" 08-capset --no-new-privs -- grep NoNewPrivs: /proc/self/status
    [ "$out" = $'NoNewPrivs:\t1' ]
}
@test "without it the flag is not set" {
    run_split "${own[@]}" 08-capset --drop all -- grep NoNewPrivs: /proc/self/status
    [ "$out" = $'NoNewPrivs:\t0' ]
}
@test "--no-new-privs needs no capability" {
    needs_user
    run_split 08-capset --no-new-privs -- grep NoNewPrivs: /proc/self/status
    [ "$status:$out" = $'0:NoNewPrivs:\t1' ]
}
@test "--no-new-privs: a set-user-ID program gives nothing" {
    needs_root
    needs_tool setpriv util-linux
    cp "$(command -v id)" "$PUBLIC/suid-id"
    chmod 4755 "$PUBLIC/suid-id"
    user=(setpriv --reuid 12345 --regid 12345 --clear-groups)
    [ "$("${user[@]}" "$PUBLIC/suid-id" -u)" = 0 ] || # control
        skip 'set-user-ID programs have no effect on this filesystem (nosuid)'
    run_split "${user[@]}" 08-capset --no-new-privs -- "$PUBLIC/suid-id" -u
    [ "$out" = 12345 ]
}
@test "a set-user-ID program gives only what the bounding set has" {
    needs_root
    needs_tool setpriv util-linux
    cp "$(command -v sed)" "$PUBLIC/suid-sed"
    chmod 4755 "$PUBLIC/suid-sed"
    user=(setpriv --reuid 12345 --regid 12345 --clear-groups)
    run_split "${user[@]}" "$PUBLIC/suid-sed" -n 's/^CapEff:.//p' /proc/self/status
    [ "$out" != $NONE ] || skip 'set-user-ID programs have no effect on this filesystem (nosuid)' # control
    run_split 08-capset --keep setuid,setgid,setpcap -- \
        "${user[@]}" "$PUBLIC/suid-sed" -n 's/^CapEff:.//p' /proc/self/status
    [ "$out" = 00000000000001c0 ]
}

# ---- left behind, and after a record

@test "left behind: the step itself has only what is left" {
    hold "$BATS_TEST_TMPDIR/box" "${own[@]}" 08-capset --drop all --no-new-privs
    for set in CapInh CapPrm CapEff CapBnd CapAmb; do [ "$(status_field "$held" $set)" = $NONE ]; done
    [ "$(status_field "$held" NoNewPrivs)" = 1 ]
}
@test "pipe: the steps after it have only what is left" {
    run_split "${own[@]}" bash -c '08-capset --keep chown,kill --no-new-privs |
        06-nsenter - -- grep -E "^(CapPrm|CapEff|CapBnd|NoNewPrivs)" /proc/self/status'
    left=0000000000000021
    [ "$out" = $'CapPrm:\t'$left$'\nCapEff:\t'$left$'\nCapBnd:\t'$left$'\nNoNewPrivs:\t1' ]
}
@test "after a record: COMMAND is in the namespaces, without the capabilities" {
    run_split "${own[@]}" bash -c '01-unshare -u --hostname nsteps-box |
        08-capset - --drop all -- sh -c "uname -n; grep CapBnd /proc/self/status"'
    [ "$out" = "nsteps-box"$'\nCapBnd:\t'$NONE ]
}

# ---- an ordinary user, who has no capabilities

@test "a user without capabilities: without options it reports, and nothing changes" {
    needs_user
    before=$(grep ^Cap /proc/self/status)
    run_split 08-capset -- grep ^Cap /proc/self/status
    [ "$status:$out" = "0:$before" ]
}
@test "a user without capabilities cannot lower the bounding set, and is told so" {
    needs_user
    run_split 08-capset --drop all -- echo half-made
    [[ $status:$out:$err == 125::*'because: to drop cap_chown from the bounding set (CapBnd) one needs CAP_SETPCAP'* ]]
}
@test "root without setpcap cannot lower the bounding set either" {
    run_split "${own[@]}" 08-capset --drop setpcap -- 08-capset --drop chown -- echo half-made
    [[ $status:$out:$err == 125::*'one needs CAP_SETPCAP'* ]]
}

# ---- refused: one line, 125

@test "names that do not exist are refused" {
    for list in foo cap_ cap_foo 'chown,' 'chown,,kill' ',chown' 'chown kill' 21 cap_cap_chown all,chown ''; do
        bad_input 'there is no capability' 08-capset --drop "$list" -- true || { echo "list $list"; return 1; }
    done
    bad_input 'there is no capability "foo"' 08-capset --keep foo -- true
}
@test "nothing is dropped when one of the names does not exist" {
    needs_user # he would be told EPERM instead
    bad_input 'there is no capability "foo"' 08-capset --drop chown,foo -- true
}
@test "a missing argument, a COMMAND without -- and an unknown option are refused" {
    bad_input 'needs an argument' 08-capset --drop
    bad_input 'COMMAND comes after --' 08-capset sh
    bad_input 'unknown or ambiguous option --foo' 08-capset --foo
}
@test "the exit status is COMMAND's" {
    run_split "${own[@]}" 08-capset --drop all -- sh -c 'exit 5'
    [ "$status" = 5 ]
}
@test "--help: on stdout, exit 0" {
    run_split 08-capset --help
    [ "$status" = 0 ] && [[ $out == 'Usage: 08-capset '* ]] && [ -z "$err" ]
}
