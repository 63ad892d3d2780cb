# tutorial-text.bash - what tests/tutorial knows about text: reading a chapter, comparing its lines with what
# the terminal has shown, and checking what needs no terminal. The rules stand in tests/tutorial.
# shellcheck shell=bash disable=SC2206,SC2086,SC2154,SC2034

# ---- reading a chapter

# Sets line[] (from 1), and for each command, numbered from 0: cmd[] its line, more[] how many lines that
# go on, last[] the last line of its output, scene[], block[]. For each console block: needs[], unrun[].
# For each excerpt, excerpt[]: "LINE LAST FILE". form[]: what is wrong with the chapter.
read_chapter() { # FILE
    local i text fence='' scene_now=0 comment='' visible='' open=-1
    chapter=$1
    line=() cmd=() more=() last=() scene=() block=() needs=() unrun=() excerpt=() form=() info=()
    mapfile -t -O 1 line <"$1"
    for ((i = 1; i <= ${#line[@]}; i++)); do
        text=${line[i]}
        if [[ $text == '```'* ]]; then
            if [ -n "$fence" ]; then
                [ "$fence" != c ] || excerpt+=("$open $((i - 1)) ${info[*]:1:1}")
                fence='' comment='' visible=''
                continue
            fi
            read -ra info <<<"${text#'```'}"
            fence=${info[0]-} open=$i
            case $fence in
            console) needs+=("$comment") unrun+=("$visible") && read_block $((i + 1)) ;;
            c) [ "${#info[@]}" = 2 ] || form+=("$i: an excerpt names its file: \`\`\`c steps/...") ;;
            text) ;;
            *) form+=("$i: a block is console, text, or c FILE") && fence=other ;;
            esac
        elif [ -n "$fence" ]; then
            [ "$fence" = console ] || ! is_prompt "$text" || form+=("$i: a prompt in a block that is not typed")
        elif [[ $text =~ ^'#'+' ' ]]; then scene_now=$((scene_now + 1)) visible=''
        elif [[ $text =~ ^'<!-- needs: '(.*)' -->'$ ]]; then comment=${BASH_REMATCH[1]}
        elif [[ $text =~ ^'*Not run by the tests: '.+'*'$ ]]; then visible=$text
        elif [[ $text =~ ^(' '{4}|$'\t')' '*('$ '|'# '|'box# ') ]]; then form+=("$i: what is typed belongs into a console block")
        elif [ -n "$text" ]; then comment='' visible=''
        fi
    done
    [ -z "$fence" ] || form+=("$open: this block has no end")
}
is_prompt() { [[ $1 == '# '* || $1 == '$ '* || $1 == 'box# '* ]]; }

# Splits a console block that begins in line I into commands.
read_block() { # I
    local i=$1 text k=${#cmd[@]} typed
    is_prompt "${line[i]}" || form+=("$i: a console block begins with a prompt")
    while ((i <= ${#line[@]})) && [[ ${line[i]} != '```'* ]]; do
        text=${line[i]}
        if is_prompt "$text"; then
            k=${#cmd[@]} typed=$text
            cmd+=("$i") more+=(0) scene+=("$scene_now") block+=("$((${#needs[@]} - 1))") last+=("$i")
            while goes_on "$typed" && [[ ${line[i + 1]-} == '> '* ]]; do
                i=$((i + 1)) typed+=$'\n'${line[i]#> }
                more[k]=$((more[k] + 1)) last[k]=$i
            done
        elif ((k < ${#cmd[@]})); then last[k]=$i
        fi
        i=$((i + 1))
    done
}
goes_on() {
    local quotes=${1//[!\']/}
    [[ $1 == *\\ || $1 == *'|' || $1 == *'&&' ]] || ((${#quotes} % 2))
}

# ---- comparing: a line of the text against a line of the terminal. What varies is unified: real[KIND:N] is
# what the number N of the text stands for in this scene, and shown[KIND:REAL] the other way round.

declare -A real shown known held stale
bound=() # what has been bound since the command began, to be able to take it back

new_scene() { real=() shown=() stale=(); }
undo() { # N: back to N bindings
    local entry
    while ((${#bound[@]} > $1)); do
        entry=(${bound[-1]})
        unset "real[${entry[0]}:${entry[1]}]" "shown[${entry[0]}:${entry[2]}]" 'bound[-1]'
        [ -z "${entry[3]-}" ] || shown[${entry[0]}:${entry[2]}]=${entry[3]}
    done
}
bind() { # KIND TEXT REAL AFTER
    local r=${real[$1:$2]-} t=${shown[$1:$3]-}
    if [ -n "$r" ]; then
        if [ "$r" != "$3" ]; then
            why="$2 stands for $r in this scene, and here it would be $3"
            return 1
        fi
        [[ $1 == inode && $4 == ']*'* ]] && ! is_still "$1" "$3" "$1:$2" || return 0
        why="$2 was another namespace, which is dead: what is made anew has a number of its own"
        return 1
    fi
    if [ -n "$t" ] && [ "$1" != start ] && is_still "$1" "$3" "$1:$t"; then
        why="$t and $2 are the same here: $3"
        return 1
    fi
    bound+=("$1 $2 $3 $t")
    real[$1:$2]=$3 shown[$1:$3]=$2 known[$2]=$3
}
# Is it the one that had that number before? The number of a dead namespace is used again.
is_still() { # KIND REAL KIND:TEXT
    [ "$1" = inode ] || return 0
    if [[ "${bound[*]}" == *"inode ${3#*:} $2 "* ]]; then # named by this same command
        [ -n "${held[$2]-}" ]
    else
        [ -z "${stale[$2]-}" ]
    fi
}
# After each command, before its output is compared: what has not been there all the time is not the same.
find_stale() {
    local key
    for key in "${!shown[@]}"; do
        [[ $key != inode:* || ${held[${key#inode:}]-} == always ]] || stale[${key#inode:}]=yes
    done
}
# After the output has been compared: what it named may be gone by now.
keep_bound() {
    local entry
    for entry in "${bound[@]}"; do
        entry=($entry)
        [ "${entry[0]}" = inode ] || continue
        unset "stale[${entry[2]}]"
        [ -n "${held[${entry[2]}]-}" ] || stale[${entry[2]}]=yes
    done
}

# Sets kind of the number W, which stands after BEFORE in its line: inode, pid, start or nothing.
find_kind() { # BEFORE W AFTER
    local before=$1 fields
    kind=
    [[ $2 =~ ^[1-9][0-9][0-9]+$ ]] || return
    if [[ $before =~ ([a-z_]+):\[$ && $3 == ']'* ]]; then
        kind=inode
        [ "${BASH_REMATCH[1]}" != start ] || kind=start
    elif [[ $2 =~ ^402[67][0-9]{6}$ ]]; then kind=inode
    elif [[ $before =~ ^0[1-8]-[a-zA-Z_-]+[[:blank:]]+$ ]]; then kind=pid
    elif [[ $before =~ (/proc/|([Pp][Ii][Dd]|[Tt]gid|[Pp]rocess)[]:=0-9[:blank:][]*)$ ]]; then kind=pid
    elif [[ $before =~ ^\[[0-9]+\][+-]?[[:blank:]]+$ ]]; then kind=pid
    elif [ -n "$pid_columns" ]; then
        fields=($before)
        [[ $before != *[[:blank:]] && -n $before ]] || [[ $pid_columns != *" ${#fields[@]} "* ]] || kind=pid
    fi
    [ -n "$kind" ] || [[ ! $before$3 =~ ^[0-9[:blank:]]*$ ]] || kind=$only_numbers
}
# Which columns have pids? Called for each line of the text.
find_columns() { # LINE
    local i fields=($1)
    [[ $1 =~ (^|[[:blank:]])(PID|PPID|PGID|SID|TGID|NSPID|LEADER)([[:blank:]]|$) ]] || return
    pid_columns=' '
    for ((i = 0; i < ${#fields[@]}; i++)); do
        [[ ! ${fields[i]} =~ ^(PID|PPID|PGID|SID|TGID|NSPID|LEADER)$ ]] || pid_columns+="$i "
    done
}
find_only_numbers() { # COMMAND
    only_numbers='' pid_columns=''
    [[ ! $1 =~ \$\$|\$!|\$PPID|pgrep|pidof|cgroup\.procs|children ]] || only_numbers=pid
    [[ ! $1 =~ /stat( |$) ]] || only_numbers=start
}

date_form='^(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +[0-9]+ +([0-9]{2}:[0-9]{2}|[0-9]{4})'
match() { # TEXT TERMINAL BEFORE
    local e=$1 a=$2 before=$3 w v mark kind
    while [ -n "$e" ]; do
        if [[ $e == ...* ]]; then
            e=${e#...}
            [ -n "$e" ] || return 0
            mark=${#bound[@]}
            while :; do
                match "$e" "$a" "$before..." && return
                undo "$mark"
                [ -n "$a" ] || return 1
                if [[ $a =~ ^[0-9]+ ]]; then a=${a#"${BASH_REMATCH[0]}"}; else a=${a:1}; fi
            done
        elif [[ $e =~ ^[[:blank:]]+ ]]; then
            w=${BASH_REMATCH[0]}
            [[ $a =~ ^[[:blank:]]+ ]] || return 1
            v=${BASH_REMATCH[0]}
        elif [[ $e =~ $date_form ]]; then
            w=${BASH_REMATCH[0]}
            [[ $a =~ $date_form ]] || return 1
            v=${BASH_REMATCH[0]}
        elif [[ $e =~ ^[A-Za-z0-9_]+ ]]; then
            w=${BASH_REMATCH[0]}
            if [ "$w" = student ] && [[ $a == "$name"* ]]; then v=$name
            elif [ "$w" = laptop ] && [[ $a == "$host"* ]]; then v=$host
            else
                [[ $a =~ ^[A-Za-z0-9_]+ ]] || return 1
                v=${BASH_REMATCH[0]}
                find_kind "$before" "$w" "${e#"$w"}"
                if [ -n "$kind" ]; then
                    [[ $v =~ ^[1-9][0-9][0-9]+$ ]] && bind "$kind" "$w" "$v" "${e#"$w"}" || return 1
                elif [ "$w" != "$v" ]; then
                    [ "$w" = 1000 ] && { [ "$v" = "$uid" ] || [ "$v" = "$gid" ]; } || return 1
                fi
            fi
        else
            w=${e:0:1} v=$w
            [[ $a == "$w"* ]] || return 1
        fi
        e=${e#"$w"} a=${a#"$v"} before+=$w
    done
    [ -z "$a" ]
}
trim() { # LINE: sets trimmed, without blanks at the end
    trimmed=${1%"${1##*[![:blank:]]}"}
}
match_line() { # TEXT TERMINAL
    local mark=${#bound[@]} e
    trim "$1"
    e=$trimmed
    trim "$2"
    if [ -n "$pid_columns" ]; then # numbers stand to the right in a column: are there blanks before the first?
        e=${e#"${e%%[![:blank:]]*}"} trimmed=${trimmed#"${trimmed%%[![:blank:]]*}"}
    fi
    why=
    match "$e" "$trimmed" '' && return
    undo "$mark"
    return 1
}
is_dots() { [[ $1 =~ ^[[:blank:]]*\.\.\.[[:blank:]]*$ ]]; }

# A report begins "NN-name pid N" and the call, which gets lines of its own where that would be longer than 80
# columns, and a note is folded. That depends on how long the pid and the paths are, so all is compared as one line.
is_head() { [[ $1 =~ ^0[1-8]-[a-z_-]+' '+pid' '[0-9]+$ ]]; }
is_folded() { is_head "$1" || [[ $1 == '  note: '* ]]; }
is_call() { [[ $1 == '  '* && $1 != '  note: '* && ! $1 =~ ^'  '[a-z]+:\[ ]]; }
add_call() { # LINE: to expected, which is_folded
    trim "$1"
    case $expected in
    '  note: '*) expected+=" ${trimmed#  }" ;;
    *[\|,]) expected+=${trimmed#  } ;; # such a line is broken after | and , or at a blank
    *)
        ! is_head "$expected" || expected+='  ' # as where both fit into one line
        expected+=" ${trimmed#  }"
        ;;
    esac
    trim "$expected" && expected=$trimmed
}
join_heads() { # got[]
    local all=("${got[@]}") i expected
    got=()
    for ((i = 0; i < ${#all[@]}; i++)); do
        expected=${all[i]}
        if is_folded "$expected"; then
            while is_call "${all[i + 1]-}"; do
                i=$((i + 1))
                add_call "${all[i]}"
            done
        fi
        got+=("$expected")
    done
}
read_expected() { # I LAST: sets expected, and used, how many lines of the text that is
    expected=${line[$1]} used=1
    is_folded "$expected" || return 0
    while (($1 + used <= $2)) && is_call "${line[$1 + used]}"; do
        add_call "${line[$1 + used]}"
        used=$((used + 1))
    done
}
first_of_folded() { # I FIRST: prints the line, not before FIRST, with which line I is compared as one
    local i=$1
    while ((i > $2)) && is_call "${line[i]}"; do i=$((i - 1)); done
    if is_folded "${line[i]}"; then echo "$i"; else echo "$1"; fi
}

# Compares the output of command K with got[]. On a difference: complains, and for refresh sets new[] to what
# should stand there.
compare() { # K
    local k=$1 i j=0 h first expected used mark
    first=$((cmd[k] + more[k] + 1))
    new=() bound=() why=
    find_stale
    find_only_numbers "${line[cmd[k]]}"
    join_heads
    for ((i = first; i <= last[k]; i += used)); do
        find_columns "${line[i]}"
        why=
        if is_dots "${line[i]}"; then
            if ((i == last[k])); then j=${#got[@]}
            else
                read_expected $((i + 1)) "${last[k]}"
                mark=${#bound[@]}
                for ((h = j; h < ${#got[@]}; h++)); do
                    match_line "$expected" "${got[h]}" && undo "$mark" && break
                done
                ((h == ${#got[@]})) || j=$h
            fi
            used=1
        else
            read_expected "$i" "${last[k]}"
            if ((j == ${#got[@]})) || ! match_line "$expected" "${got[j]}"; then break; fi
            j=$((j + 1))
        fi
        new+=("${line[@]:i:used}")
    done
    if ((i > last[k] && j == ${#got[@]})); then
        keep_bound
        return 0
    fi
    complain "$i" "${line[cmd[k]]}" "$( ((i <= last[k])) && echo "${line[i]}" || echo '(nothing more)')" \
        "$( ((j < ${#got[@]})) && echo "${got[j]}" || echo '(nothing more)')" "$why"
    for (( ; j < ${#got[@]} && refreshing; j++)); do
        for ((h = i; h <= last[k]; h += used)); do # what still fits stays as it is
            read_expected "$h" "${last[k]}"
            is_dots "$expected" || ! match_line "$expected" "${got[j]}" || break
        done
        if ((h <= last[k])); then
            new+=("${line[@]:h:used}")
            i=$((h + used))
            continue
        fi
        to_text "${got[j]}"
        if [[ ${#translated} -gt 80 && $translated =~ ^(0[1-8]-[a-z_-]+' '+pid' '[0-9]+)' '+(.*)$ ]]; then
            new+=("${BASH_REMATCH[1]}")
            # the steps break such a line after | and at a blank
            mapfile -t -O ${#new[@]} new < <(fold -s -w 77 <<<"${BASH_REMATCH[2]//|/| }" |
                sed 's/| /|/g; s/^/  /; s/ $//')
        else new+=("$translated")
        fi
    done
    keep_bound
    return 1
}
complain() { # LINE COMMAND EXPECTED GOT WHY
    failures=$((failures + 1))
    failed_lines+=("$1")
    [ -z "$quiet" ] || return 0
    printf '%s:%s: %s\n' "$chapter" "$1" "$2"
    printf '  expected: %s\n  got:      %s\n' "$3" "$4"
    [ -z "$5" ] || printf '  (%s)\n' "$5"
}

# to_text LINE: what the terminal has shown, in the numbers and names of the text; sets translated.
to_text() {
    local a=$1 w t kind
    trim "$a" && a=$trimmed
    find_columns "$a"
    translated=
    while [ -n "$a" ]; do
        if [[ $a == "$name"* && ! $translated =~ [A-Za-z0-9_]$ && ! ${a#"$name"} =~ ^[A-Za-z0-9_] ]]; then w=$name t=student
        elif [[ $a == "$host"* && ! $translated =~ [A-Za-z0-9_]$ && ! ${a#"$host"} =~ ^[A-Za-z0-9_] ]]; then w=$host t=laptop
        elif [[ $a =~ ^[A-Za-z0-9_]+ ]]; then
            w=${BASH_REMATCH[0]} t=$w
            find_kind "$translated" "$w" "${a#"$w"}"
            if [ -n "$kind" ]; then
                t=${shown[$kind:$w]-}
                if [ -z "$t" ] || { [[ ${a#"$w"} == ']*'* ]] && ! is_still "$kind" "$w" "$kind:$t"; }; then
                    for ((t = w; ; t++)); do [ -n "${real[$kind:$t]-}" ] || break; done
                    bind "$kind" "$t" "$w" ''
                fi
            elif [ "$w" = "$uid" ]; then t=1000
            fi
        else w=${a:0:1} t=$w
        fi
        a=${a#"$w"} translated+=$t
    done
}

# from_text COMMAND: what must be typed here; sets translated. Fails on a pid that nobody has seen, for
# `kill 4711` would end a process that has nothing to do with us.
from_text() {
    local e=$1 w t
    translated=
    e=${e//\/home\/student/"$home"}
    [ -z "$cgroup2" ] || e=${e//\/sys\/fs\/cgroup/"$cgroup2"}
    while [ -n "$e" ]; do
        if [[ $e =~ ^[A-Za-z0-9_]+ ]]; then
            w=${BASH_REMATCH[0]} t=$w
            case $w in
            student) t=$name ;;
            laptop) t=$host ;;
            [1-9][0-9][0-9]*)
                if [ -n "${known[$w]-}" ]; then t=${known[$w]}
                elif [ "$w" = 1000 ]; then t=$uid
                elif [[ $w != *[!0-9]* && ($1 == *cgroup.procs* ||
                    $translated =~ (kill[^\;\&\|]*|/proc/|--target[= ]|--pid[= ]|' '-[tp])' '*$) ]]; then return 1
                fi
                ;;
            esac
        else w=${e:0:1} t=$w
        fi
        e=${e#"$w"} translated+=$t
    done
}

# ---- what needs no terminal

wrong() { # LINE TEXT
    failures=$((failures + 1))
    failed_lines+=("$1")
    [ -n "$quiet" ] || printf '%s:%s: %s\n' "$chapter" "$1" "$2"
}
check_chapter() { # a chapter that has been read
    local entry i text number
    failures=0 failed_lines=()
    for entry in "${form[@]}"; do wrong "${entry%%: *}" "${entry#*: }"; done
    for entry in "${excerpt[@]}"; do check_excerpt ${entry%% *} ${entry#* }; done
    for ((i = 0, number = 0; i < ${#unrun[@]}; i++)); do
        [ -z "${unrun[i]}" ] || number=$((number + 1))
        for text in ${needs[i]}; do
            [[ $text =~ ^(root|vm|v2:[a-z]+|tool:[a-z0-9_.-]+|kernel:[0-9]+\.[0-9]+)$ ]] || wrong 1 "needs: $text is not known"
            [[ $text != kernel:* ]] || [ "$(printf '%s\n6.12\n' "${text#kernel:}" | sort -V | tail -n 1)" = 6.12 ] ||
                wrong 1 "needs: $text: no machine of make test-vm has it"
        done
    done
    ((number <= 2)) || wrong 1 "$number blocks are not run by the tests: at most two"
    count_dots
    ((dots * 5 <= outputs)) || wrong 1 "$dots of $outputs output lines have ...: at most one in five"
    for ((i = 1; i <= ${#line[@]}; i++)); do
        [[ ! ${line[i]} =~ [^[:print:][:blank:]] ]] || wrong "$i" 'a character that is not ASCII'
    done
    check_links
    text=$(grep -c '<details>' "$chapter") number=$(grep -c '</details>' "$chapter")
    [ "$text" = "$number" ] || wrong 1 "$text <details>, $number </details>"
}
check_excerpt() { # LINE LAST FILE
    local text='' i whole
    [ -f "${3-}" ] || { wrong "$1" "there is no file ${3-}"; return; }
    for ((i = $1 + 1; i <= $2; i++)); do text+=${line[i]}$'\n'; done
    whole=$'\n'$(<"$3")$'\n'
    if [ -z "$text" ] || [[ $whole != *$'\n'"$text"* ]]; then wrong "$1" "this is not in $3"; fi
}
check_links() {
    local i text target dir=${chapter%/*} fence=
    [ "$dir" != "$chapter" ] || dir=.
    for ((i = 1; i <= ${#line[@]}; i++)); do
        text=${line[i]}
        [[ $text != '```'* ]] || { [ -z "$fence" ] && fence=yes || fence=; }
        [ -z "$fence" ] || continue
        while [[ $text =~ (\]\(|src=\")([^\)\" ]+) ]]; do
            target=${BASH_REMATCH[2]} text=${text#*"${BASH_REMATCH[0]}"}
            [[ $target == http*://* ]] || is_there "$dir" "$target" || wrong "$i" "the link $target leads nowhere"
        done
        text=${line[i]}
        while [[ $text =~ \`(((steps|lib|tests|tutorial)/|README|Makefile)[A-Za-z0-9_./-]*)\` ]]; do
            target=${BASH_REMATCH[1]} text=${text#*"${BASH_REMATCH[0]}"}
            is_there . "$target" || wrong "$i" "there is no file $target"
        done
    done
}
is_there() { # DIR LINK
    local file=${2%%#*} stem heading
    file=${file:+$1/$file}
    stem=${file##*/}
    if [ ! -e "${file:-$chapter}" ]; then
        [[ $stem == *.md && $'\n'${planned// /$'\n'}$'\n' == *$'\n'"${stem%.md}"$'\n'* ]]
        return
    fi
    [[ $2 == *'#'* ]] || return 0
    while read -r heading; do # as GitHub makes it: lower case, no punctuation, - for a blank
        heading=${heading##+(#)}
        heading=$(tr 'A-Z ' 'a-z-' <<<"$heading" | tr -cd 'a-z0-9_\n-')
        [ "$heading" != "${2#*#}" ] || return 0
    done < <(sed -n 's/^##* //p' "${file:-$chapter}")
    return 1
}
