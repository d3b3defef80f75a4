# The relative links of Markdown pages, for pg_test/scenarios/docs.sh: PAGE:LINE, link, file from the root, anchor; separated by tabs.
#   awk -f links.awk PAGE...              PAGE as it is called from the root
#   awk -v headings=1 -f links.awk PAGE   instead: the anchors of its headings, as GitHub makes them, and those of <a id>
# Promises: nothing within a fence or a `code` is a link or a heading. Trap: what begins with a word and a colon is of the web.

function anchor(text) {
    text = tolower(text)
    gsub(/`/, "", text)
    gsub(/[^a-z0-9_ -]/, "", text)
    gsub(/ /, "-", text)
    return text (taken[text]++ ? "-" taken[text] - 1 : "")
}

FNR == 1 { within = 0; folder = FILENAME; if (!sub(/\/[^\/]*$/, "/", folder)) folder = "" }
/^ *```/ { within = !within; next }
within { next }
headings && match($0, /^<a id="[^"]+">/) { print substr($0, 8, RLENGTH - 9) }
headings { if (sub(/^#+ +/, "")) print anchor($0); next }
{
    line = $0
    gsub(/`[^`]*`/, "", line)
    while (match(line, /\]\([^)]*\)/)) {
        link = substr(line, RSTART + 2, RLENGTH - 3)
        line = substr(line, RSTART + RLENGTH)
        if (link ~ /^[a-z]+:/) continue
        file = link
        sub(/#.*/, "", file)
        hash = index(link, "#") ? substr(link, index(link, "#") + 1) : ""
        file = file == "" ? FILENAME : folder file
        while (sub(/[^\/]+\/\.\.\//, "", file)) { }
        print FILENAME ":" FNR "\t" link "\t" file "\t" hash
    }
}
