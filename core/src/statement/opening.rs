//! The first word of a statement, which says whether there is anything in it to plan.

use super::lexer::{Kind, significant};

/// Whether the text is one that is neither read nor planned: its first word is none of those that
/// SELECT, INSERT, UPDATE, DELETE, MERGE, VALUES and TABLE can begin with. PREPARE is no such text: pg_stat_statements
/// has it where a statement that it prepared was executed.
pub fn is_utility(text: &str) -> bool {
    const PLANNABLE: [&str; 9] =
        ["select", "insert", "update", "delete", "merge", "with", "values", "table", "prepare"];
    significant(text)
        .into_iter()
        .find(|token| !token.is(text, '(') && !token.is(text, ';'))
        .is_none_or(|first| {
            // `select$1` is one word to the scanner: a constant stood right behind it.
            let word = first.of(text).split('$').next().unwrap_or_default();
            first.kind != Kind::Word || !PLANNABLE.iter().any(|p| word.eq_ignore_ascii_case(p))
        })
}

/// What `PREPARE name (types) AS` prepares; any other text as it is. pg_stat_statements keeps what EXECUTE
/// runs under the text of the PREPARE.
pub fn without_prepare(text: &str) -> &str {
    let tokens = significant(text);
    if !tokens.first().is_some_and(|first| first.is_word(text, "prepare")) {
        return text;
    }
    // The name and the types hold no AS that is not quoted.
    let rest =
        tokens.iter().find(|token| token.is_word(text, "as")).map(|found| &text[found.end..]);
    rest.filter(|rest| !is_utility(rest)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_prepared_is_read_like_what_is_not() {
        for (text, prepared) in [
            ("PREPARE p AS SELECT 1", " SELECT 1"),
            (
                "/* x */ prepare \"as\" (numeric(9, 2), s.\"as\") AS\nDELETE FROM t AS u",
                "\nDELETE FROM t AS u",
            ),
            ("PREPARE TRANSACTION 'as select'", "PREPARE TRANSACTION 'as select'"),
            ("PREPARE p AS VACUUM", "PREPARE p AS VACUUM"),
            ("SELECT 1 AS a", "SELECT 1 AS a"),
            ("PREPARE", "PREPARE"),
            ("", ""),
        ] {
            assert_eq!(without_prepare(text), prepared);
        }
    }

    #[test]
    fn what_can_be_planned_is_no_utility_whatever_stands_before_it() {
        for text in [
            "select 1",
            " /* x */ WITH a AS (SELECT 1) TABLE a",
            "((values (1)))",
            "-- why\nMERGE INTO t",
            "SELECT$1",
            "PREPARE p (int) AS SELECT $1",
        ] {
            assert!(!is_utility(text), "{text}");
        }
    }

    #[test]
    fn everything_else_is_utility() {
        for text in [
            "",
            "BEGIN",
            "create table t as select 1",
            "EXPLAIN SELECT 1",
            "COPY (",
            "$1",
            "'select'",
        ] {
            assert!(is_utility(text), "{text}");
        }
    }
}
