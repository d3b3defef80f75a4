//! SQL text as a person writes it, made comparable: two recommendations whose actions differ only
//! in layout, letter case or comments are one action. A digest's input, never parsed or run.

/// Folds white space and comments to one blank and letters to lower case, outside of quotes; drops
/// trailing semicolons. Quoted text ('..', "..", $tag$..$tag$) stays as it is.
pub fn normalise(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    let mut blank = false;
    while let Some(first) = rest.chars().next() {
        let plain = plain_run(rest);
        if plain == 0
            && let Some(length) = skipped(rest)
        {
            blank = true;
            rest = &rest[length..];
            continue;
        }
        if blank && !out.is_empty() {
            out.push(' ');
        }
        blank = false;
        let length = if plain > 0 {
            out.extend(rest[..plain].chars().map(|c| c.to_ascii_lowercase()));
            plain
        } else if let Some(length) = quoted(rest) {
            out.push_str(&rest[..length]);
            length
        } else {
            out.extend(first.to_lowercase());
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    out.truncate(out.trim_end_matches([';', ' ']).len());
    out
}

/// A statement as one line of at most `width` characters: comments left out, white space folded, also within quotes.
pub fn summary(sql: &str, width: usize) -> String {
    // Enough to know whether there is more: a statement may have a hundred kilobytes.
    let enough = width.saturating_mul(4) + 4;
    let mut out = String::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        if out.len() > enough {
            break;
        }
        let (length, words) = match (skipped(rest), quoted(rest)) {
            (Some(length), _) => (length, " "),
            (None, Some(length)) => (length, &rest[..length]),
            (None, None) => (first.len_utf8(), &rest[..first.len_utf8()]),
        };
        out.push_str(words);
        rest = &rest[length..];
    }
    one_line(&out, width)
}

/// Words as one line of at most `width` characters; what is left out shows as three dots.
pub fn one_line(words: &str, width: usize) -> String {
    let mut line = String::new();
    let mut length = 0;
    for character in words.trim().chars() {
        let is_blank = character.is_whitespace() || character.is_control();
        if is_blank && line.ends_with(' ') {
            continue;
        }
        if length == width {
            // Plain dots: not every encoding of a database has the single character.
            let kept = width.saturating_sub(3);
            line = line.chars().take(kept).collect();
            line.truncate(line.trim_end().len());
            line.push_str(&"..."[..width.min(3)]);
            return line;
        }
        line.push(if is_blank { ' ' } else { character });
        length += 1;
    }
    line
}

/// `DROP INDEX CONCURRENTLY` for the index that `definition` (CREATE INDEX) makes on `relation`; an
/// index lives in its table's schema. `None` when the definition names none: the server then chooses.
pub fn drop_index_statement(definition: &str, relation: &str) -> Option<String> {
    let mut rest = definition;
    let mut word = next_word(&mut rest)?;
    for (keyword, is_optional) in [
        ("create", false),
        ("unique", true),
        ("index", false),
        ("concurrently", true),
        ("if", true),
        ("not", true),
        ("exists", true),
    ] {
        if word.eq_ignore_ascii_case(keyword) {
            word = next_word(&mut rest)?;
        } else if !is_optional {
            return None;
        }
    }
    let is_name =
        word.starts_with('"') || word.starts_with(|c: char| c == '_' || c.is_alphabetic());
    let is_followed_by_on = next_word(&mut rest)?.eq_ignore_ascii_case("on");
    if !is_name || !is_followed_by_on || word.eq_ignore_ascii_case("on") {
        return None;
    }
    Some(format!("DROP INDEX CONCURRENTLY {}{word}", schema_prefix(relation)))
}

/// `schema.` of a qualified name as it is written, quotes and all; empty when it is not qualified.
fn schema_prefix(relation: &str) -> &str {
    let end = match quoted(relation).filter(|_| relation.starts_with('"')) {
        Some(quoted) => quoted_name(relation, quoted),
        None => relation.find('.').unwrap_or(relation.len()),
    };
    if relation[end..].starts_with('.') { &relation[..=end] } else { "" }
}

/// The next word of `sql` after white space and comments, taken off it; a quoted name is one word, and
/// so is each other character that belongs to no name.
pub fn next_word<'a>(sql: &mut &'a str) -> Option<&'a str> {
    while let Some(length) = skipped(sql) {
        *sql = &sql[length..];
    }
    let first = sql.chars().next()?;
    let length = match quoted(sql) {
        Some(length) if first == '"' => quoted_name(sql, length),
        Some(length) => length,
        None => sql
            .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))
            .unwrap_or(sql.len())
            .max(first.len_utf8()),
    };
    let (word, rest) = sql.split_at(length);
    *sql = rest;
    Some(word)
}

/// The length of a quoted name whose first part is `length` long: a doubled quote goes on.
fn quoted_name(sql: &str, mut length: usize) -> usize {
    while let Some(more) = quoted(&sql[length..]).filter(|_| sql[length..].starts_with('"')) {
        length += more;
    }
    length
}

/// How many bytes at the start of `sql` begin neither white space nor a comment nor quoted text, and are ASCII: most of it.
fn plain_run(sql: &str) -> usize {
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && !b"'\"$-/".contains(byte);
    sql.bytes().take_while(is_plain).count()
}

/// The length of the white space or comment that `sql` starts with.
fn skipped(sql: &str) -> Option<usize> {
    if sql.starts_with("--") {
        return Some(sql.find('\n').unwrap_or(sql.len()));
    }
    if sql.starts_with("/*") {
        return Some(block_comment(sql));
    }
    let blanks = sql.len() - sql.trim_start().len();
    (blanks > 0).then_some(blanks)
}

/// Block comments nest in SQL.
fn block_comment(sql: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < sql.len() {
        let rest = &sql[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    sql.len()
}

/// The length of the quoted text that `sql` starts with.
fn quoted(sql: &str) -> Option<usize> {
    let quote = sql.chars().next()?;
    if quote == '\'' || quote == '"' {
        // A doubled quote closes one quoted text and opens the next: the same in the end.
        return Some(sql[1..].find(quote).map_or(sql.len(), |end| end + 2));
    }
    let tag = dollar_tag(sql)?;
    Some(sql[tag..].find(&sql[..tag]).map_or(sql.len(), |end| end + 2 * tag))
}

/// The length of `$tag$` at the start of `sql`; `$1` is a parameter and no tag.
fn dollar_tag(sql: &str) -> Option<usize> {
    let name = sql.strip_prefix('$')?;
    let end = name.find('$')?;
    let starts_well = !name.starts_with(|c: char| c.is_ascii_digit());
    let is_name = name[..end].chars().all(|c| c.is_alphanumeric() || c == '_');
    (starts_well && is_name).then_some(end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn layout_case_comments_and_the_last_semicolon_make_no_difference() {
        let one = "create index on orders (customer_id)";
        for same in [
            "CREATE INDEX  ON orders\n\t(customer_id);",
            "create index /* for /* the */ list */ on orders -- here\n (customer_id) ; ",
        ] {
            assert_eq!(normalise(same), one);
        }
    }

    #[test]
    fn what_is_quoted_stays_apart() {
        assert_ne!(normalise("select 'A  b'"), normalise("select 'a b'"));
        assert_ne!(normalise("drop index \"I\""), normalise("drop index \"i\""));
        assert_eq!(normalise("SELECT $Q$ A;  $Q$ , $1;"), "select $Q$ A;  $Q$ , $1");
        assert_eq!(normalise("SELECT 'it''S  --' "), "select 'it''S  --'");
    }

    #[test]
    fn a_summary_is_one_line_without_comments() {
        assert_eq!(summary("SELECT 1", 60), "SELECT 1");
        assert_eq!(
            summary("/* app:web */\n  SELECT a,\n\tb -- both\n FROM t\n", 60),
            "SELECT a, b FROM t"
        );
        assert_eq!(
            summary("SELECT '-- no comment', \"a  b\"", 60),
            "SELECT '-- no comment', \"a b\""
        );
        assert_eq!(summary("", 60), "");
        assert_eq!(summary("-- nothing", 60), "");
    }

    #[test]
    fn a_summary_is_cut_at_its_width() {
        assert_eq!(summary("SELECT abcdef", 13), "SELECT abcdef");
        assert_eq!(summary("SELECT abcdef", 12), "SELECT ab...");
        assert_eq!(summary("SELECT a    , b", 11), "SELECT a...");
        let long = format!("SELECT '{}' FROM ünï", "ä\n".repeat(100_000));
        assert_eq!(summary(&long, 60).chars().count(), 60);
    }

    #[test]
    fn a_line_of_prose_keeps_its_dashes() {
        assert_eq!(one_line("Use IN -- it is\r\n one scan", 60), "Use IN -- it is one scan");
        assert_eq!(one_line("Use IN -- it is", 10), "Use IN...");
    }

    #[test]
    fn an_index_is_dropped_by_its_name_in_the_schema_of_its_table() {
        let dropped = |definition| drop_index_statement(definition, "app.orders");
        for definition in [
            "CREATE INDEX i ON app.orders (a)",
            " create unique\nindex concurrently if not exists i on only app.orders (a)",
            "/* why */ CREATE INDEX -- name\n i ON app.orders (a)",
        ] {
            assert_eq!(dropped(definition).as_deref(), Some("DROP INDEX CONCURRENTLY app.i"));
        }
        assert_eq!(
            dropped("CREATE INDEX \"on \"\"x\"\"\" ON t (a)").as_deref(),
            Some("DROP INDEX CONCURRENTLY app.\"on \"\"x\"\"\"")
        );
    }

    #[test]
    fn what_names_no_index_drops_none() {
        for definition in [
            "CREATE INDEX ON t (a)",
            "CREATE INDEX",
            "CREATE TABLE i (a int)",
            "",
            "x",
            "CREATE INDEX 1 ON t (a)",
        ] {
            assert_eq!(drop_index_statement(definition, "t"), None, "{definition}");
        }
    }

    #[test]
    fn the_schema_is_taken_as_it_is_written() {
        let dropped = |relation| drop_index_statement("CREATE INDEX i ON x (a)", relation);
        let expect = |relation, name| {
            assert_eq!(dropped(relation), Some(format!("DROP INDEX CONCURRENTLY {name}")));
        };
        expect("t", "i");
        expect("\"a.b\"", "i");
        expect("\"My \"\"app\"\"\".t", "\"My \"\"app\"\"\".i");
        expect("app.\"t.u\"", "app.i");
    }

    proptest! {
        #[test]
        fn no_definition_and_no_name_does_harm(sql in "[-/*'\"$a1.; \n]{0,40}") {
            drop_index_statement(&format!("CREATE INDEX {sql} ON t (a)"), &sql);
        }

        #[test]
        fn any_text_comes_through_and_a_second_time_changes_nothing(sql in "\\PC{0,60}") {
            let once = normalise(&sql);
            prop_assert_eq!(normalise(&once), once.clone());
        }

        #[test]
        fn odd_mixtures_of_quotes_and_comments_do_no_harm(sql in "[-/*'\"$a1; \n]{0,40}") {
            normalise(&sql);
        }
    }
}
