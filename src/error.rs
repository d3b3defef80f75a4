//! The one place where an error becomes SQLSTATE, message and hint. Everything below the API
//! returns [`Error`]; the API's functions return [`Raised`], which `?` makes of it.

use optimizer_core::error::InvalidInput;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::{PgSqlErrorCode, function_name};

/// What can go wrong, below the API.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 22023: an argument that no state of the database could make valid.
    #[error("{message}")]
    InvalidParameter { message: String, hint: String },
    /// P0002: there is no such row.
    #[error("{message}")]
    NotFound { message: String, hint: String },
    /// 55000: the row, or the server, is not in a state that allows it.
    #[error("{message}")]
    WrongState { message: String, hint: String },
    /// 42501: the caller may not.
    #[error("{message}")]
    NotAllowed { message: String, hint: String },
    /// 42601: a text that is no SQL.
    #[error("{message}")]
    Syntax { message: String, hint: String },
    #[error(transparent)]
    Input(#[from] InvalidInput),
    #[error(transparent)]
    Spi(#[from] pgrx::spi::SpiError),
    #[error("cannot read or write JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A column that our own SQL promises was null: a bug, reported as one.
    #[error("column {0} of an internal query is null")]
    MissingColumn(usize),
}

pub type Result<T> = std::result::Result<T, Error>;

/// The error type of API functions: what PostgreSQL shows to the caller.
pub type Raised = ErrorReport;

impl Error {
    pub fn invalid(message: impl Into<String>, hint: impl Into<String>) -> Error {
        Error::InvalidParameter { message: message.into(), hint: hint.into() }
    }

    pub fn not_found(message: impl Into<String>, hint: impl Into<String>) -> Error {
        Error::NotFound { message: message.into(), hint: hint.into() }
    }

    pub fn wrong_state(message: impl Into<String>, hint: impl Into<String>) -> Error {
        Error::WrongState { message: message.into(), hint: hint.into() }
    }

    fn code(&self) -> PgSqlErrorCode {
        match self {
            Error::InvalidParameter { .. } | Error::Input(_) => {
                PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE
            }
            Error::NotFound { .. } => PgSqlErrorCode::ERRCODE_NO_DATA_FOUND,
            Error::WrongState { .. } => PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            Error::NotAllowed { .. } => PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
            Error::Syntax { .. } => PgSqlErrorCode::ERRCODE_SYNTAX_ERROR,
            Error::Spi(_) | Error::Json(_) | Error::MissingColumn(_) => {
                PgSqlErrorCode::ERRCODE_INTERNAL_ERROR
            }
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Error::InvalidParameter { hint, .. }
            | Error::NotFound { hint, .. }
            | Error::WrongState { hint, .. }
            | Error::NotAllowed { hint, .. }
            | Error::Syntax { hint, .. } => Some(hint.clone()),
            Error::Input(input) => Some(input_hint(input)),
            Error::Spi(_) | Error::Json(_) | Error::MissingColumn(_) => None,
        }
    }
}

/// A hint that shows valid input.
fn input_hint(input: &InvalidInput) -> String {
    match input {
        InvalidInput::Negative { name, .. } => {
            format!("Give {name} as a number such as 0 or 12.5.")
        }
        InvalidInput::OutOfRange { name, low, high, .. } => {
            format!("Give {name} as a number from {low} to {high}.")
        }
        InvalidInput::NotAQueryHash { .. } => {
            "List them as numbers or text, for instance {\"query_hashes\": [-42, \"7123\"]}; \
             0 is no query hash."
                .to_owned()
        }
    }
}

impl From<Error> for ErrorReport {
    fn from(error: Error) -> ErrorReport {
        let report = ErrorReport::new(error.code(), error.to_string(), function_name!());
        match error.hint() {
            Some(hint) => report.set_hint(hint),
            None => report,
        }
    }
}
