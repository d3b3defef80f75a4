//! Fingerprints of texts: of a CREATE INDEX, of a statement. The rules are `optimizer_core::fingerprint`.
//!
//! Each begins with the version of the rules that made it: one that was kept is only compared with
//! others of the same rules. The server's major version is no part of it: a query_hash means nothing on
//! another one, so that after an upgrade every text is read anew.

use std::borrow::Cow;

use optimizer_core::fingerprint::{RULES, index, statement};
use optimizer_core::statement::repair::repair;
use pgrx::{IntoDatum, direct_function_call, pg_sys};

use crate::raw_parse;

/// What begins each fingerprint; kept by itself where a text has none.
pub fn prefix() -> String {
    format!("{RULES}:")
}

/// What comes after all fingerprints of these rules, in the order of bytes.
pub fn after_all() -> String {
    format!("{RULES};")
}

/// Equal for the definitions of indexes that are alike but for their names and their table; None for
/// what is not exactly one CREATE INDEX.
pub fn of_index(definition: &str) -> Option<String> {
    digest(&index::canonical(raw_parse::one_statement(definition)?)?)
}

/// Equal for statements that differ only in constants and parameters; None for what is not exactly one
/// SELECT, INSERT, UPDATE, DELETE or MERGE, or cannot be parsed, as pg_stat_statements wrote it or repaired.
pub fn of_statement(text: &str) -> Option<String> {
    let tree = raw_parse::one_statement(text).or_else(|| match repair(text) {
        Cow::Borrowed(_) => None,
        Cow::Owned(repaired) => raw_parse::one_statement(&repaired),
    })?;
    if tree.as_kind("IndexStmt").is_some() {
        return None;
    }
    digest(&statement::canonical(tree))
}

/// md5, as for `action_key`: an equality test of texts, no protection.
fn digest(canonical: &str) -> Option<String> {
    // SAFETY: md5_text is strict, immutable and takes one text.
    #[expect(unsafe_code, reason = "the server's own digest, called as SQL would call it")]
    let digest: String =
        unsafe { direct_function_call(pg_sys::md5_text, &[canonical.into_datum()])? };
    Some(prefix() + &digest)
}
