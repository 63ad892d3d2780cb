#!/bin/sh
# map.sh - draws the map of a chain, like that of an underground railway: each step is a station, each
# type of namespace a line, and a line branches where its inode changes.
#
#   lib/map.sh FILE.svg <RECORDS         lib/map.sh --try FILE.svg: could it be written?
#
# RECORDS are what the steps of one run have said, in order: their reports (stderr), or their records,
# one a line. A report that says what "was" there before puts the host in front as a station of its
# own. `make demo MAP=FILE.svg` draws the run that it has just made.
#
# FILE is written beside itself and renamed at the end: it is there as a whole, or as it was before.
set -u
export LC_ALL=C

fail() { echo "map: $1" >&2; exit 1; }
try=
[ "${1-}" != --try ] || { try=yes; shift; }
[ $# = 1 ] || fail 'usage: lib/map.sh [--try] FILE.svg <RECORDS'
case $1 in
/*) file=$1 ;;
*) file=./$1 ;;
esac
dir=${file%/*}/
[ ! -d "$file" ] || fail "cannot write $1: it is a directory"
[ -d "$dir" ] || fail "cannot write $1: its directory is not there"
# A rename would put a file in the place of /dev/null.
[ ! -e "$file" ] || [ -f "$file" ] || fail "cannot write $1: it is not an ordinary file"
[ ! -e "$file" ] || [ -w "$file" ] || fail "cannot write $1: it is write-protected"
[ -w "$dir" ] || fail "cannot write $1: its directory cannot be written"
[ -z "$try" ] || exit 0

# The style of the pictures in tutorial/, and after it what only the map has.
style='<style>
text { font: 14px sans-serif; fill: #1f2328 }
.m { font-family: monospace }
.b { font-weight: bold }
.s { font-size: 12px }
.mid { text-anchor: middle }
.end { text-anchor: end }
.paper { fill: #fff; stroke: #d1d9e0 }
.dim { fill: #59636e }
.box { fill: #f6f8fa; stroke: #818b98 }
.host { fill: #ddf4ff; stroke: #0969da }
.new { fill: #fff1e5; stroke: #bc4c00 }
path, path.host, path.new { fill: none; stroke-width: 2 }
path { stroke: #59636e }
.gone { stroke-dasharray: 2 4 }
.out { stroke: #cf222e; stroke-dasharray: 7 4 }
.solid { stroke-dasharray: none }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc }
.paper { fill: #0d1117; stroke: #3d444d }
.dim { fill: #9198a1 }
.box { fill: #21262d; stroke: #767e88 }
.host { fill: #0c2d5c; stroke: #4493f8 }
.new { fill: #4a2209; stroke: #f0883e }
path { stroke: #9198a1 }
.out { stroke: #f85149 }
}
</style>'

drawing=$(STYLE=$style awk '
    # ---- reading: a line that begins with a step begins a station
    function is_step(word) { return word ~ /^0[1-8]-[a-z_-]+$/ }
    function station(name, pid) {
        last++
        step[last] = name
        who[last] = pid
        in_was = 0
    }
    is_step($1) && $2 == "pid" && $3 ~ /^[0-9]+$/ { station($1, $3) }
    is_step($1) && $2 ~ /^[0-9]+$/ && $3 ~ /^start:\[[0-9]+\]$/ { station($1, $2) }
    last == 0 { next } # what stands before the first one is nothing of ours
    $1 == "was" && $2 ~ /:\[/ { in_was = 1 }
    /^  [a-z]+:\[/ { in_was = 0 }
    {
        for (i = 1; i <= NF; i++)
            if ($i ~ /^[a-z]+:\[[0-9]+\]\*?$/) {
                split($i, part, /[]:[]+/)
                if (!in_was) holds[last, part[1]] = part[2]
                else if (last == 1) { was[part[1]] = part[2]; host = 1 }
            }
        if (!/:\[[0-9]+\]/) in_was = 0
    }

    # ---- drawing
    function text(x, y, class, words) {
        printf "<text x=\"%d\" y=\"%d\" class=\"%s\">%s</text>\n", x, y, class, words
    }
    function line(class, path) { printf "<path class=\"%s\" d=\"%s\"/>\n", class, path }
    function center(s) { return left + (s - first) * column }
    # The lines of one type: which lane each station is on. A lane is one inode.
    function lanes_of(t,   s, i, n) {
        n = 0
        for (s = first; s <= last; s++) {
            if (!((s, t) in holds)) continue # a record without it: this kernel has no such type
            for (i = 0; i < n && number[t, i] != holds[s, t]; i++);
            if (i == n) { number[t, n] = holds[s, t]; begins[t, n] = s; n++ }
            lane[s, t] = i
        }
        return n
    }
    function draw_type(t, top, n,   s, i, x, y, before, came, way) {
        text(14, top + 5, "m b", t)
        for (i = 0; i < n; i++) { # each lane goes on to the end, with or without the chain
            x = center(begins[t, i])
            y = top + i * height
            line(i ? "new" : "host", sprintf("M%d %dH%d", x, y, right))
            text(x + 9, y - 6, "m s", number[t, i])
        }
        before = -1
        for (s = first; s <= last; s++) {
            if (!((s, t) in holds)) continue
            x = center(s)
            y = top + lane[s, t] * height
            if (before == lane[s, t]) way = sprintf("M%d %dH%d", came, y, x)
            else way = sprintf("M%d %dh25C%d %d %d %d %d %d", came, top + before * height, \
                came + 60, top + before * height, x - 35, y, x, y)
            if (before >= 0) line((lane[s, t] ? "new" : "host") " went", way)
            before = lane[s, t]
            came = x
        }
        for (s = first; s <= last; s++) {
            if (!((s, t) in holds)) continue
            printf "<circle class=\"%s\" cx=\"%d\" cy=\"%d\" r=\"5\"><title>%s %s:[%s]</title></circle>\n", \
                (!lane[s, t] ? "host" : s == begins[t, lane[s, t]] ? "new stop" : "new"), \
                center(s), top + lane[s, t] * height, step[s], t, holds[s, t]
        }
    }
    END {
        if (last == 0) exit
        types = split("cgroup ipc mnt net pid time user uts", type, " ")
        first = 1
        if (host) {
            first = 0
            step[0] = "the host"
            for (i = 1; i <= types; i++)
                if (type[i] in was) holds[0, type[i]] = was[type[i]]
                else if ((1, type[i]) in holds) holds[0, type[i]] = holds[1, type[i]]
        }
        split("own /proc,/ of one,/ of the,a limit,joined,who is 0,fewer", extra, ",")
        split(",process,mount ns,,,outside,capabilities", extra2, ",")
        left = 110; column = 92; height = 28
        bottom = 118
        for (i = 1; i <= types; i++) {
            lanes[i] = lanes_of(type[i])
            place[i] = bottom
            if (lanes[i] > 0) bottom += (lanes[i] - 1) * height + 40
        }
        right = center(last) + 88
        width = right + 14
        if (width < 620) width = 620
        printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\">\n", width, bottom + 62
        print "<title>The map of a chain of steps</title>"
        printf "<desc>Stations:"
        for (s = first; s <= last; s++) printf "%s %s", (s > first ? "," : ""), step[s]
        print ". A line for each type of namespace branches where the inode changes:"
        for (i = 1; i <= types; i++)
            for (k = 1; k < lanes[i]; k++) {
                s = begins[type[i], k]
                printf "%s:[%s] is new with %s\n", type[i], number[type[i], k], step[s]
            }
        print "</desc>"
        print ENVIRON["STYLE"]
        print "<style>"
        print "path.went { stroke-width: 5 }"
        print "path.rail { stroke-width: 1; stroke-dasharray: 1 3 }"
        print "circle { stroke-width: 2 }"
        print ".stop { fill: #bc4c00 }"
        print "@media (prefers-color-scheme: dark) { .stop { fill: #f0883e } }"
        print "</style>"
        printf "<rect class=\"paper\" x=\"1\" y=\"1\" width=\"%d\" height=\"%d\" rx=\"8\"/>\n", width - 2, bottom + 60
        text(14, 26, "b", "Which namespaces each step holds")
        for (s = first; s <= last; s++) {
            x = center(s)
            line("rail", sprintf("M%d 92V%d", x, bottom - 12))
            if (s == 0) { text(x, 73, "b mid", step[s]); continue }
            text(x, 58, "m b mid", substr(step[s], 1, 2))
            text(x, 73, "m s mid", substr(step[s], 4))
            text(x, 88, "s dim mid", "pid " who[s])
            k = substr(step[s], 1, 2) - 1
            if (k >= 1) {
                text(x, bottom + 4, "s dim mid", extra[k])
                if (extra2[k] != "") text(x, bottom + 18, "s dim mid", extra2[k])
            }
        }
        for (i = 1; i <= types; i++) if (lanes[i] > 0) draw_type(type[i], place[i], lanes[i])
        text(14, bottom + 46, "s dim", "Thick: the way of the chain. Thin: the namespace goes on without it. Full dot: new here.")
        print "</svg>"
    }') || exit 1
[ -n "$drawing" ] || fail 'no step has said anything on stdin, neither a report nor a record'

# Under a name that nobody else has: with -C the shell opens it only if it makes it.
beside=$file.$$
trap 'rm -f "$beside"' EXIT
trap 'exit 143' TERM INT HUP
{ (set -C; printf '%s\n' "$drawing" >"$beside") && mv -f "$beside" "$file"; } 2>/dev/null ||
    fail "cannot write $1: writing beside it has failed"
