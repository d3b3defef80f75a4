//! Arguments as people give them: checked, or refused with SQLSTATE 22023 and a hint.

use crate::error::{Error, Result};

/// The values that `source_type` may have.
pub const SOURCE_TYPES: [&str; 4] = ["rewrite", "parameter", "workload_pattern", "index"];
/// The values that an implementation's `status` may have.
pub const IMPLEMENTATION_STATUSES: [&str; 4] = ["pending", "implemented", "reverted", "failed"];

/// An argument that must not be null.
pub fn required<T>(name: &str, value: Option<T>) -> Result<T> {
    value.ok_or_else(|| {
        Error::invalid(
            format!("{name} is required"),
            format!("Give {name} a value that is not null."),
        )
    })
}

/// The number of a row: positive.
pub fn row_number(name: &str, value: Option<i64>) -> Result<i64> {
    let number = required(name, value)?;
    if number > 0 {
        return Ok(number);
    }
    Err(Error::invalid(
        format!("{name} must be positive, not {number}"),
        format!("Give the number of an existing row, for instance {name} => 1."),
    ))
}

/// A query hash: any bigint but 0.
pub fn query_hash(name: &str, value: Option<i64>) -> Result<i64> {
    let hash = required(name, value)?;
    if hash != 0 {
        return Ok(hash);
    }
    Err(Error::invalid(
        format!("{name} must not be 0"),
        "Give a queryid of pg_stat_statements: any bigint but 0, negative half the time.",
    ))
}

/// The same, where it may be left out.
pub fn optional_query_hash(name: &str, value: Option<i64>) -> Result<Option<i64>> {
    value.map(|hash| query_hash(name, Some(hash))).transpose()
}

/// A confidence: 0 to 1.
pub fn confidence(name: &'static str, value: Option<f64>) -> Result<f64> {
    let value = required(name, value)?;
    Ok(optimizer_core::error::in_range(name, value, 0.0, 1.0)?)
}

/// How many rows to return: 1 to 100.
pub fn max_rows(value: Option<i32>) -> Result<i64> {
    let rows = required("max_rows", value)?;
    if (1..=100).contains(&rows) {
        return Ok(i64::from(rows));
    }
    Err(Error::invalid(
        format!("max_rows must be between 1 and 100, not {rows}"),
        "Give a number such as max_rows => 20.",
    ))
}

/// One word of a fixed list, where given.
pub fn one_of<'a>(name: &str, value: Option<&'a str>, known: &[&str]) -> Result<Option<&'a str>> {
    match value {
        Some(word) if !known.contains(&word) => Err(Error::invalid(
            format!("{name} \"{word}\" is unknown"),
            format!("Use one of: {}.", known.join(", ")),
        )),
        known => Ok(known),
    }
}

/// A text that must say something.
pub fn text<'a>(name: &str, value: Option<&'a str>) -> Result<&'a str> {
    let text = required(name, value)?;
    if text.trim().is_empty() {
        return Err(Error::invalid(
            format!("{name} must not be empty"),
            format!("Give {name} a few words."),
        ));
    }
    Ok(text)
}
