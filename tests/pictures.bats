#!/usr/bin/env bats
# The pictures of the tutorial: one for each chapter, in one style, with room for each text.
load helper
load svg

chapters() {
    echo tutorial/00-before-you-start.svg
    for file in steps/*.c; do basename "$file" .c; done | sed 's|.*|tutorial/&.svg|'
    echo tutorial/09-the-whole-container.svg
}
style() { sed -n '/^<style>$/,/^<\/style>$/{p;/^<\/style>$/q}' "$1"; } # the first one

@test "each chapter has a picture, and there are no others" {
    [ "$(chapters | wc -l)" = 10 ]
    [ "$(ls tutorial/*.svg)" = "$(chapters)" ]
}
@test "each chapter that is written shows its picture, with words for who cannot see it" {
    for chapter in tutorial/[0-9]*.md; do
        name=$(basename "$chapter" .md)
        grep -qE "^!\[[^]]{60,}\]\($name\.svg\)$" "$chapter"
    done
}
@test "each picture is well-formed, small, and says in words what it shows" {
    for picture in $(chapters); do
        well_formed "$picture"
        [ "$(wc -c <"$picture")" -lt 6144 ]
        [ "$(grep -c '^<title>..*</title>$' "$picture")" = 1 ]
        [ "$(grep -c '^<desc>' "$picture")" = 1 ]
    done
}
@test "no text runs out of a picture, out of its box or into another text" {
    for picture in $(chapters); do
        faults=$(crowded "$picture")
        [ -z "$faults" ]
    done
}
@test "all have one style, the map too, and colours for a dark page" {
    [ "$(style tutorial/00-before-you-start.svg | grep -c 'prefers-color-scheme: dark')" = 1 ]
    for picture in $(chapters); do
        [ "$(style "$picture")" = "$(style tutorial/00-before-you-start.svg)" ]
        # The paper is drawn, too: so where a page is dark and the reader's system is not, it can be read.
        grep -q '^<rect class="paper"' "$picture"
    done
    echo '01-unshare 500 start:[1] mnt:[4026531832]' | lib/map.sh "$BATS_TEST_TMPDIR/map.svg"
    [ "$(style "$BATS_TEST_TMPDIR/map.svg")" = "$(style tutorial/00-before-you-start.svg)" ]
}
@test "inodes in a picture are those of its chapter" {
    for chapter in tutorial/[0-9]*.md; do
        for inode in $(grep -o '402653[0-9]*' "${chapter%.md}.svg"); do
            grep -qF "$inode" "$chapter"
        done
    done
    [ "$(grep -c '402653[0-9]*' tutorial/00-before-you-start.svg)" -ge 14 ]
}

# ---- controls: what is wrong is seen

altered() { # SED-SCRIPT: of the picture of 01
    sed "$1" tutorial/01-unshare.svg >"$BATS_TEST_TMPDIR/altered.svg"
    refute cmp -s tutorial/01-unshare.svg "$BATS_TEST_TMPDIR/altered.svg"
}
@test "control: a picture that is not well-formed is seen" {
    altered 's|</title>||'
    well_formed tutorial/01-unshare.svg
    run well_formed "$BATS_TEST_TMPDIR/altered.svg"
    [ "$status" != 0 ]
}
@test "control: a text that is too long is seen, at the edge, in a box, beside another" {
    altered 's|The new one begins as a copy\.|& Here are some more words, and these are too many.|'
    [[ $(crowded "$BATS_TEST_TMPDIR/altered.svg") == 'runs out of the picture: The new one'* ]]
    altered 's|>your shell<|>your very own shell<|'
    [ "$(crowded "$BATS_TEST_TMPDIR/altered.svg" | grep -c '^runs out of its box: your very own shell$')" = 2 ]
    altered 's|>Before<|>Before anything at all has been done about it<|'
    [[ $(crowded "$BATS_TEST_TMPDIR/altered.svg") == 'runs into "Before anything '* ]]
    altered 's|<text x="20" y="30"|<text x="20" y="8"|'
    [ "$(crowded "$BATS_TEST_TMPDIR/altered.svg")" = 'runs out of the picture: Before' ]
}
@test "control: a text that cannot be measured is seen, and a picture without any" {
    altered 's|<text x="20" y="30"|& transform="rotate(9)"|'
    [[ $(crowded "$BATS_TEST_TMPDIR/altered.svg") == *'cannot be measured: '* ]]
    altered 's|<text|<words|; s|</text>|</words>|'
    [ "$(crowded "$BATS_TEST_TMPDIR/altered.svg")" = 'no text, or no viewBox' ]
}
@test "all pictures can be drawn" {
    needs_tool rsvg-convert librsvg2-bin
    for picture in $(chapters); do
        rsvg-convert -o "$BATS_TEST_TMPDIR/picture.png" "$picture"
        [ -s "$BATS_TEST_TMPDIR/picture.png" ]
    done
}
