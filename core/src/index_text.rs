//! What a CREATE INDEX says, read from its words: two that differ in names and layout only are one action.
//!
//! Trap: words, no grammar. What is odd enough keeps its text as it stands and is an action of its own.

use crate::sql_text::{next_word, normalise};

/// The action of a CREATE INDEX: `create index on orders using btree (customer_id)`. Without the index's name, CONCURRENTLY, IF NOT EXISTS, ONLY and
/// the schema public, with the access method. A DROP INDEX as it stands; None for anything else.
pub fn action(definition: &str) -> Option<String> {
    let mut rest = definition;
    match next_word(&mut rest)?.to_lowercase().as_str() {
        "create" => create(rest),
        "drop" => {
            let is_index = next_word(&mut rest)?.eq_ignore_ascii_case("index");
            next_word(&mut rest)?;
            is_index.then(|| normalise(definition))
        }
        _ => None,
    }
}

/// What comes after CREATE.
fn create(mut rest: &str) -> Option<String> {
    let is_unique = take(&mut rest, "unique");
    if !take(&mut rest, "index") {
        return None;
    }
    take(&mut rest, "concurrently");
    if take(&mut rest, "if") && !(take(&mut rest, "not") && take(&mut rest, "exists")) {
        return None;
    }
    // A name, or none.
    if !take(&mut rest, "on") {
        next_word(&mut rest)?;
        if !take(&mut rest, "on") {
            return None;
        }
    }
    take(&mut rest, "only");
    let mut relation = normalise(next_word(&mut rest)?);
    while take(&mut rest, ".") {
        let name = normalise(next_word(&mut rest)?);
        relation = if relation == "public" { name } else { format!("{relation}.{name}") };
    }
    let method = if take(&mut rest, "using") {
        normalise(next_word(&mut rest)?)
    } else {
        "btree".to_owned()
    };
    let columns = normalise(rest);
    let unique = if is_unique { "unique " } else { "" };
    columns
        .starts_with('(')
        .then(|| format!("create {unique}index on {relation} using {method} {columns}"))
}

/// Takes that word off, where it is the next one.
fn take(rest: &mut &str, word: &str) -> bool {
    let mut after = *rest;
    let is_next = next_word(&mut after).is_some_and(|found| found.eq_ignore_ascii_case(word));
    if is_next {
        *rest = after;
    }
    is_next
}

/// What a CREATE INDEX says behind its columns: what it carries along, its options and its condition, as written. None where that is nothing.
pub fn behind_columns(definition: &str) -> Option<&str> {
    let (mut rest, mut depth) = (definition, 0_usize);
    loop {
        match next_word(&mut rest)? {
            "(" => depth += 1,
            ")" if depth <= 1 => break,
            ")" => depth -= 1,
            _ => {}
        }
    }
    let behind = rest.trim_matches(|c: char| c.is_whitespace() || c == ';');
    (!behind.is_empty()).then_some(behind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_and_layout_make_no_other_action() {
        let plain = action("CREATE INDEX ON orders (a, b)").unwrap();
        assert_eq!(plain, "create index on orders using btree (a, b)");
        for same in [
            "create index o_idx on public.orders using BTREE (a, b);",
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS \"an odd name\" ON ONLY public.orders(a, b)",
            "/* why */ CREATE INDEX -- so\n o ON orders (a,  b)",
        ] {
            assert_eq!(action(same).as_ref(), Some(&plain), "{same}");
        }
        for other in [
            "CREATE UNIQUE INDEX ON orders (a, b)",
            "CREATE INDEX ON shop.orders (a, b)",
            "CREATE INDEX ON \"Orders\" (a, b)",
            "CREATE INDEX ON orders USING hash (a, b)",
            "CREATE INDEX ON orders (a, b) WHERE c",
            "CREATE INDEX ON orders (b, a)",
        ] {
            let action = action(other);
            assert!(action.is_some() && action != Some(plain.clone()), "{other}: {action:?}");
        }
    }

    #[test]
    fn what_is_neither_to_create_nor_to_drop_an_index_is_no_action() {
        assert_eq!(action("DROP  INDEX a;").as_deref(), Some("drop index a"));
        for none in [
            "",
            "DROP TABLE t",
            "DROP INDEX",
            "CREAT INDEX ON t (a)",
            "CREATE INDEX ON t",
            "CREATE TABLE t (a int)",
            "CREATE INDEX a b (c)",
            "CREATE INDEX IF EXISTS a ON t (a)",
            "REINDEX INDEX a",
        ] {
            assert_eq!(action(none), None, "{none}");
        }
    }

    #[test]
    fn behind_its_columns_stands_what_is_carried_along_and_the_condition() {
        for (definition, behind) in [
            ("CREATE INDEX ON t (a)", None),
            ("CREATE INDEX ON t (a);", None),
            (
                "CREATE INDEX ON t (lower(a), (b + 1)) INCLUDE (c) WHERE d > (5)",
                Some("INCLUDE (c) WHERE d > (5)"),
            ),
            ("create index on t(a) where b = ')' ;", Some("where b = ')'")),
            (
                "CREATE INDEX ON t USING gin (a gin_trgm_ops) WITH (fastupdate = off)",
                Some("WITH (fastupdate = off)"),
            ),
            ("DROP INDEX a", None),
        ] {
            assert_eq!(behind_columns(definition), behind, "{definition}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in ".{0,60}") {
            let _ = action(&text);
            let _ = behind_columns(&text);
            let _ = action(&format!("CREATE INDEX {text}"));
            let _ = behind_columns(&format!("({text}"));
        }
    }
}
