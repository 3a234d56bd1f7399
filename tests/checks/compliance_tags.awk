# SPDX-License-Identifier: Apache-2.0
# Owns which requirements a test claims to prove: prints "<id> <file>" for each id that begins a
# comment, or a line of one, alone or in a list: SDK-01, SDK-02 | EXPH-11 EXPH-12 | CARD-01..09. Ids
# of other groups may stand between them. What is named in running text is no claim. Files are C or
# shell; -v groups="GEN|API|..."

# The last number of a range that begins at `first`: "09" or "CARD-09"; 0 if it is none.
function range_end(text, first, group,   end) {
    sub("^" group "-", "", text)
    if (match(text, /^[0-9]+/)) {
        end = substr(text, 1, RLENGTH) + 0
    }
    return end >= first && end < first + 100 ? end : 0
}

function claim(group, first, last,   number) {
    if (group !~ "^(" groups ")$") {
        return
    }
    for (number = first; number <= last; number++) {
        printf "%s-%02d %s\n", group, number, FILENAME
    }
}

# One line of a comment, without what opens it.
function comment_line(text,   id, parts, last) {
    sub(/^[ \t*!]+/, "", text)
    while (match(text, /^[A-Z][A-Z0-9]*-[0-9]+/)) {
        id = substr(text, 1, RLENGTH)
        text = substr(text, RLENGTH + 1)
        split(id, parts, "-")
        last = parts[2] + 0
        if (text ~ /^\.\./) {
            text = substr(text, 3)
            last = range_end(text, parts[2] + 0, parts[1])
            if (last == 0) {
                printf "%s..%s %s\n", id, substr(text, 1, 8), FILENAME
                return
            }
            sub("^(" parts[1] "-)?[0-9]+", "", text)
        }
        claim(parts[1], parts[2] + 0, last)
        sub(/^(,|;|\/)?[ \t]*(and[ \t]+)?/, "", text)
    }
}

# A line of C: hands the comments in it on, and keeps whether one goes on.
function c_line(text,   at, mark) {
    while (text != "") {
        if (in_comment) {
            at = index(text, "*/")
            comment_line(at > 0 ? substr(text, 1, at - 1) : text)
            if (at == 0) {
                return
            }
            in_comment = 0
            text = substr(text, at + 2)
            continue
        }
        gsub(/'\\?"'/, "' '", text)
        if (!match(text, /"|\/\*|\/\//)) {
            return
        }
        mark = substr(text, RSTART, RLENGTH)
        text = substr(text, RSTART + RLENGTH)
        if (mark == "//") {
            comment_line(text)
            return
        }
        if (mark == "/*") {
            in_comment = 1
        } else if (match(text, /^([^"\\]|\\.)*"/)) {
            text = substr(text, RLENGTH + 1)
        } else {
            return
        }
    }
}

FNR == 1 { in_comment = 0 }
FILENAME ~ /\.sh$/ { if (sub(/^[ \t]*#/, "")) { comment_line($0) } next }
{ c_line($0) }
