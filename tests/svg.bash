# svg.bash - what the tests of pictures need: is it XML, and does each text have room?
# shellcheck shell=bash

# well_formed FILE ...
well_formed() {
    if command -v xmllint >/dev/null; then
        xmllint --noout "$@"
    elif python3 -c 'import xml.dom.minidom' 2>/dev/null; then
        python3 -c 'import sys, xml.dom.minidom as dom; [dom.parse(name) for name in sys.argv[1:]]' "$@"
    else
        skip 'needs xmllint (apt-get install libxml2-utils) or python3'
    fi
}

# crowded FILE: prints each text that runs out of the picture or of its box, or into another text. A text
# is taken to be 0.65 of the font's size wide for each character, which leaves some room for wide fonts
# (DejaVu Sans, one of the widest, has about 0.6). What cannot be measured so is a fault too.
crowded() {
    awk '
    function attribute(name) {
        if (!match($0, " " name "=\"[^\"]*\"")) return ""
        return substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4)
    }
    /<svg / { split(attribute("viewBox"), view, " ") }
    /<tspan|transform=|<text [^>]*(style|dx|dy)=/ { print "cannot be measured: " $0 }
    /<rect class="(host|new|box)"/ {
        rects++
        left[rects] = attribute("x") + 0; right[rects] = left[rects] + attribute("width")
        top[rects] = attribute("y") + 0; bottom[rects] = top[rects] + attribute("height")
    }
    /<text/ {
        if (!/^<text x="[0-9]+" y="[0-9]+"( class="[a-z ]+")?>[^<]+<\/text>$/) {
            print "cannot be measured: " $0
            next
        }
        n++
        class = " " attribute("class") " "
        size = class ~ / s / ? 12 : 14
        words[n] = $0
        gsub(/<[^>]*>/, "", words[n])
        plain = words[n]
        gsub(/&[a-z]+;/, "x", plain)
        width = length(plain) * size * 0.65
        x[n] = attribute("x") + 0
        y[n] = attribute("y") + 0
        from[n] = class ~ / mid / ? x[n] - width / 2 : class ~ / end / ? x[n] - width : x[n]
        to[n] = from[n] + width
        above[n] = y[n] - size * 0.75
        below[n] = y[n] + size * 0.2
    }
    END {
        if (n == 0 || view[4] == "") print "no text, or no viewBox"
        for (i = 1; i <= n; i++) {
            if (from[i] < view[1] || to[i] > view[1] + view[3] || above[i] < view[2] || below[i] > view[2] + view[4])
                print "runs out of the picture: " words[i]
            inside = 0 # the smallest box that it stands in
            for (k = 1; k <= rects; k++)
                if (x[i] >= left[k] && x[i] <= right[k] && y[i] >= top[k] && y[i] <= bottom[k] &&
                    (!inside || right[k] - left[k] < right[inside] - left[inside])) inside = k
            if (inside && (from[i] < left[inside] || to[i] > right[inside] || above[i] < top[inside] ||
                below[i] > bottom[inside]))
                print "runs out of its box: " words[i]
            for (k = 1; k < i; k++)
                if (from[i] < to[k] && from[k] < to[i] && above[i] < below[k] && above[k] < below[i])
                    print "runs into \"" words[k] "\": " words[i]
        }
    }' "$1"
}
