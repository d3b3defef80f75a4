//! Texts as lists show them: one line each, so that a list fits a terminal; the whole text stands in a later column.

use optimizer_core::sql_text;

/// Characters of a query, and of a recommendation. After number, hash and source (6, 20 and 16 characters, psql puts 3
/// between two columns) 64 fill a line of 120. No setting.
const QUERY_WIDTH: usize = 60;
const ADVICE_WIDTH: usize = 64;

pub fn query(text: &str) -> String {
    sql_text::summary(text, QUERY_WIDTH)
}

pub fn advice(text: &str) -> String {
    sql_text::one_line(text, ADVICE_WIDTH)
}
