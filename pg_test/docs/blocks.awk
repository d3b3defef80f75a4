# Takes the SQL blocks of one Markdown page apart, for pg_test/scenarios/docs.sh.
#   awk -v dir=DIR -v page=NAME -f blocks.awk PAGE
# Each block goes to DIR/LINE.sql or DIR/LINE.psql (LINE: of its fence), and one line about it to DIR/blocks:
#   LINE kind expected_sqlstate needed_extensions mask database reason-why-not-run         ("-" where there is none)
# A transcript's statements go to DIR/LINE.input, each after an \echo of "@@" and its number, its prompts to DIR/LINE.prompt.NUMBER.
# Promises: what it does not understand ends it with status 1 and PAGE:LINE. Nothing is left out without a word: a fence that is never
# closed, an unknown word behind ```sql, SQL in a block without a language, a reason that stands before no block.
# Trap: a fence may be indented (in a list). What is in it loses that indentation.

function fail(line, text) { printf "%s:%d: %s\n", page, line, text; failed = 1; exit 1 }

function opens(    word, n, words, i) {
    opened = FNR
    indent = match($0, /[^ ]/) - 1
    n = split(substr($0, indent + 4), words, /[ \t]+/)
    kind = words[1]
    if ($0 ~ /````|~~~/) fail(FNR, "fences of three backticks only")
    if (tolower(kind) ~ /^(postgres|postgresql|pgsql|plpgsql)$/ || (kind != tolower(kind) && tolower(kind) ~ /^(sql|psql)$/))
        fail(FNR, "SQL is ```sql, a session ```psql")
    sqlstate = needs = mask = database = "-"
    if (kind == "sql" || kind == "psql")
        for (i = 2; i <= n; i++) {
            word = words[i]
            if (word == "") continue
            else if (kind == "sql" && word ~ /^expect-error=[0-9A-Z]+$/ && length(word) == 18) sqlstate = substr(word, 14)
            else if (word ~ /^needs=[a-z_,]+$/) needs = substr(word, 7)
            else if (word == "new-database") database = "new"
            else if (kind == "psql" && word == "mask=numbers") mask = "numbers"
            else fail(FNR, "unknown: " word)
        }
    else if (reason != "") fail(FNR, "\"not run\" stands before a block that is no SQL")
    statement = 0
    first = 1
    within = 1
}

function closes(    why) {
    within = 0
    if (kind != "sql" && kind != "psql") return
    why = reason == "" ? "-" : reason
    reason = ""
    if (kind == "psql" && statement == 0) fail(opened, "a session without a prompt (name=# )")
    print opened, kind, sqlstate, needs, mask, database, why > (dir "/blocks")
}

function text(line,    width) {
    width = indent
    while (width-- > 0 && substr(line, 1, 1) == " ") line = substr(line, 2)
    if (kind == "sql") print line > (dir "/" opened ".sql")
    else if (kind == "psql") session(line)
    else if (kind == "" && first && line ~ /^(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|GRANT|REVOKE|WITH|SET|CALL) .*/)
        fail(FNR, "SQL in a block without a language")
    first = 0
}

function session(line) {
    print line > (dir "/" opened ".psql")
    if (line ~ /^[a-z_]+=[#>] /) {
        statement++
        print "\\echo @@" statement > (dir "/" opened ".input")
    } else if (line !~ /^[a-z_]+[-('"][#>] / ) {
        if (statement == 0) fail(FNR, "a session begins with a prompt (name=# )")
        return
    }
    print line > (dir "/" opened ".prompt." statement)
    sub(/^[a-z_]+[=('"-][#>] /, "", line)
    print line > (dir "/" opened ".input")
}

!within && /^ *(```|~~~)/ { opens(); next }
within && /^ *```[ \t]*$/ { closes(); next }
within && /^ *```/ { fail(FNR, "a fence within the fence of line " opened) }
within { text($0); next }
/^ *<!-- not run: .*-->[ \t]*$/ {
    if (reason != "") fail(FNR, "two reasons for one block")
    reason = $0
    sub(/^ *<!-- not run: */, "", reason)
    sub(/ *-->[ \t]*$/, "", reason)
    if (length(reason) < 10) fail(FNR, "\"not run\" needs a reason")
    next
}
reason != "" { fail(FNR, "\"not run\" stands right before its block") }
END {
    if (failed) exit 1
    if (within) fail(opened, "this fence is never closed")
    if (reason != "") fail(FNR, "\"not run\" stands right before its block")
}
