//! What input can be wrong with. The extension's border turns each into an SQLSTATE and a hint;
//! nothing here knows about either.

/// Input that a function of this crate refuses.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InvalidInput {
    /// A number that must be at least 0 and finite is not.
    #[error("{name} must be a finite number of at least 0, not {value}")]
    Negative { name: &'static str, value: f64 },
    /// A number lies outside the closed range it must lie in.
    #[error("{name} must be between {low} and {high}, not {value}")]
    OutOfRange { name: &'static str, value: f64, low: f64, high: f64 },
    /// A list of query hashes holds something else.
    #[error("query_hashes must be a list of query hashes, and {found} is none")]
    NotAQueryHash { found: String },
}

/// `value` when it is finite and at least 0.
pub fn at_least_zero(name: &'static str, value: f64) -> Result<f64, InvalidInput> {
    if value.is_finite() && value >= 0.0 {
        Ok(value)
    } else {
        Err(InvalidInput::Negative { name, value })
    }
}

/// `value` when it lies in `low..=high` (NaN never does).
pub fn in_range(name: &'static str, value: f64, low: f64, high: f64) -> Result<f64, InvalidInput> {
    if (low..=high).contains(&value) {
        Ok(value)
    } else {
        Err(InvalidInput::OutOfRange { name, value, low, high })
    }
}
