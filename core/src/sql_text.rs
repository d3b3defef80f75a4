//! SQL text as a person writes it, made comparable: two recommendations whose actions differ only
//! in layout, letter case or comments are one action. A digest's input, never parsed or run.

/// Folds white space and comments to one blank and letters to lower case, outside of quotes; drops
/// trailing semicolons. Quoted text ('..', "..", $tag$..$tag$) stays as it is.
pub fn normalise(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    let mut blank = false;
    while let Some(first) = rest.chars().next() {
        let (token, length) = match skipped(rest) {
            Some(length) => (None, length),
            None => match quoted(rest) {
                Some(length) => (Some(rest[..length].to_owned()), length),
                None => (Some(first.to_lowercase().collect()), first.len_utf8()),
            },
        };
        match token {
            None => blank = true,
            Some(token) => {
                if blank && !out.is_empty() {
                    out.push(' ');
                }
                blank = false;
                out.push_str(&token);
            }
        }
        rest = &rest[length..];
    }
    out.truncate(out.trim_end_matches([';', ' ']).len());
    out
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

    proptest! {
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
