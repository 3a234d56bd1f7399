# SPDX-License-Identifier: Apache-2.0
# Owns which cases of the sender compliance suite a test is the counterpart of: prints
# "<case> <file> <suite>.<test>" for each case that the comment before a test names after "cases:".
# What is no case there, and a test that is switched off, gives "! <file> <what is wrong>".

function judge_test(text,   name, cases, count, i) {
    sub(/^Test\([ \t]*/, "", text)
    sub(/\).*/, "", text)
    count = split(text, name, /[ \t]*,[ \t]*/)
    if (!sub(/.*cases:/, "", comment)) {
        comment = ""
        return
    }
    if (text ~ /disabled/) {
        printf "! %s %s.%s is switched off\n", FILENAME, name[1], name[2]
    }
    sub(/\*\/.*/, "", comment)
    count = split(comment, cases, /[ \t,*]+/)
    for (i = 1; i <= count; i++) {
        if (cases[i] ~ /^(Test[A-Za-z0-9]+|1\.0)(\/[A-Za-z0-9_]+)?$/) {
            printf "%s %s %s.%s\n", cases[i], FILENAME, name[1], name[2]
        } else if (cases[i] != "") {
            printf "! %s %s.%s names %s, which is no case\n", FILENAME, name[1], name[2], cases[i]
        }
    }
    comment = ""
}

FNR == 1 { comment = declaration = ""; in_comment = 0 }
declaration != "" || /^Test\(/ {
    declaration = declaration $0
    if (declaration ~ /\)/) {
        judge_test(declaration)
        declaration = ""
    }
    next
}
/^\/\*/ { comment = ""; in_comment = 1 }
in_comment {
    comment = comment " " $0
    if (/\*\//) { in_comment = 0 }
    next
}
{ comment = "" }
