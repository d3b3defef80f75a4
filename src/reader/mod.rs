//! Reads statements with the server's own parser: a text of pg_stat_statements becomes a [`Shape`].
//!
//! Promises: nothing is executed, nothing is written, and every text ends in a [`Reading`] or a [`Reason`]; only a cancel of the session goes on.
//! Trap: a text is parsed as it is first. Repairs and assumed types come in only where that fails, so a text that is valid means what it meant.

pub mod analysis;
mod completeness;
mod conditions;
pub mod grouping;
mod levels;
pub mod names;
pub mod pass;
mod terms;
mod tree;

use std::collections::BTreeSet;
use std::ffi::{CStr, CString};
use std::time::{Duration, Instant};

use optimizer_core::statement::guess::{Assumed, Assumptions, Failure, Search};
use optimizer_core::statement::lexer::highest_parameter;
use optimizer_core::statement::opening::{is_utility, without_prepare};
use optimizer_core::statement::reason::Unread;
use optimizer_core::statement::repair::repair;
use optimizer_core::statement::shape::{Shape, StatementKind};
use pgrx::{PgSqlErrorCode, pg_sys};

#[cfg(feature = "pg_test")]
pub use crate::reader::grouping::restore_targets;

use crate::guard::{self, Refused};
use crate::reader::analysis::{Analysed, analyse, raw_statements};
use crate::reader::levels::Levels;
use crate::sandbox::{Limits, Refusal, run_as};

/// Longer texts are not read. 1 MB takes the parser 50 to 100 ms, and what it says helps nobody.
pub const LONGEST_TEXT: usize = 1024 * 1024;

/// For one text, all attempts together: 1 s is 1,000 times what they take, 100 ms of waiting for a lock no statement of a pass notices.
const LIMITS: Limits =
    Limits { lock_timeout: Duration::from_millis(100), time: Duration::from_secs(1) };

/// What a text says.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    pub shape: Shape,
    /// Every function it calls, by oid.
    pub functions: BTreeSet<u32>,
    /// The relations that it names without a schema.
    pub unqualified: BTreeSet<String>,
    /// `repaired`, `grouped`, `$1 as int4`: what was assumed to make it readable.
    pub assumptions: Vec<String>,
}

/// Why a text could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    pub why: Unread,
    /// In the server's words. May hold parts of the text.
    pub detail: String,
}

impl Reason {
    pub fn new(why: Unread, detail: impl Into<String>) -> Reason {
        Reason { why, detail: detail.into() }
    }
}

/// One way of reading a text.
#[derive(Debug, Clone, Default)]
struct Attempt {
    text: String,
    is_repaired: bool,
    unifies_parameters: bool,
    types: Assumptions,
}

/// Reads one statement as `role`, under `search_path`.
///
/// # Errors
/// The reason why it could not be read.
pub fn read(text: &str, role: pg_sys::Oid, search_path: &CStr) -> Result<Reading, Reason> {
    if text.len() > LONGEST_TEXT {
        return Err(Reason::new(Unread::TooLong, format!("{} bytes", text.len())));
    }
    let text = without_prepare(text);
    if is_utility(text) {
        return Err(Reason::new(Unread::Utility, ""));
    }
    if highest_parameter(text) > u32::from(u16::MAX) {
        // No client can send so many, and the server makes an array as long as the highest.
        return Err(Reason::new(Unread::InvalidText, format!("a parameter beyond ${}", u16::MAX)));
    }
    let started = Instant::now();
    let mut attempt = Attempt { text: text.to_owned(), ..Attempt::default() };
    let mut search = Search::default();
    let mut first: Option<Failure> = None;
    loop {
        let left = LIMITS.time.saturating_sub(started.elapsed());
        if left.is_zero() {
            return Err(Reason::new(Unread::TimedOut, ""));
        }
        let failure = match try_to_read(&attempt, role, search_path, left)? {
            Ok(reading) => return Ok(reading),
            Err(failure) => failure,
        };
        let reported = first.get_or_insert_with(|| failure.clone()).clone();
        if !attempt.is_repaired && attempt.types.is_empty() {
            let repaired = repair(text);
            if repaired != text {
                attempt.text = repaired.into_owned();
                attempt.is_repaired = true;
                continue;
            }
        }
        if !attempt.unifies_parameters && ["42803", "42P10"].contains(&failure.sqlstate.as_str()) {
            attempt.unifies_parameters = true;
            continue;
        }
        match search.next(&attempt.text, failure.clone()) {
            Some(types) => attempt.types = types,
            None => {
                // After a repair the first complaint was about the text as it was.
                return Err(refused(if attempt.is_repaired && search.is_fresh() {
                    &failure
                } else {
                    &reported
                }));
            }
        }
    }
}

/// A reading, a failure that another attempt may get past, or the reason why none can.
type Attempted = Result<Result<Reading, Failure>, Reason>;

fn try_to_read(
    attempt: &Attempt,
    role: pg_sys::Oid,
    search_path: &CStr,
    time: Duration,
) -> Attempted {
    let Ok(text) = CString::new(attempt.text.as_str()) else {
        return Err(Reason::new(Unread::InvalidText, "a zero byte"));
    };
    guard::forget();
    let outcome = run_as(role, search_path, &Limits { time, ..LIMITS }, || {
        let _guard = guard::enter();
        read_in_sandbox(&text, attempt)
    });
    // An error of what was refused may have been swallowed on its way.
    if let Some(refused) = guard::refused() {
        let detail = match refused {
            Refused::Function(function) => guard::describe(function),
            Refused::Statement => "a function that runs statements".to_owned(),
        };
        return Err(Reason::new(Unread::UntrustedFunction, detail));
    }
    match outcome {
        Ok(Ok(reading)) => Ok(Ok(reading)),
        Ok(Err(reason)) => Err(reason),
        Err(Refusal::TimedOut) => Err(Reason::new(Unread::TimedOut, "")),
        Err(Refusal::Raised(raised)) => {
            let failure = Failure {
                sqlstate: sqlstate(raised.code),
                position: raised.offset_in(&attempt.text),
                message: raised.message,
            };
            if Unread::is_final(&failure.sqlstate) {
                Err(refused(&failure))
            } else {
                Ok(Err(failure))
            }
        }
    }
}

/// The reason that an error of the server stands for.
fn refused(failure: &Failure) -> Reason {
    Reason::new(
        Unread::of_sqlstate(&failure.sqlstate),
        format!("{}: {}", failure.sqlstate, failure.message),
    )
}

/// The relations that a text names without a schema, whether it can be analysed or not; none where it does not parse.
pub fn unqualified_names(text: &str, role: pg_sys::Oid, search_path: &CStr) -> BTreeSet<String> {
    let Ok(text) = CString::new(repair(text).as_ref()) else { return BTreeSet::new() };
    run_as(role, search_path, &LIMITS, || names_in_sandbox(&text)).unwrap_or_default()
}

#[expect(unsafe_code, reason = "the trees are C")]
fn names_in_sandbox(text: &CStr) -> BTreeSet<String> {
    // SAFETY: inside the sandbox, whose memory context the trees live in.
    unsafe { raw_statements(text).into_iter().flat_map(|raw| names::unqualified(raw)).collect() }
}

/// Five letters for the number that the server packs them into, six bits each.
fn sqlstate(code: PgSqlErrorCode) -> String {
    let packed = code as i32;
    (0..5)
        .map(|place| {
            u8::try_from((packed >> (6 * place)) & 0x3f).map_or('?', |six| (six + b'0').into())
        })
        .collect()
}

#[expect(unsafe_code, reason = "the trees are C")]
fn read_in_sandbox(text: &CStr, attempt: &Attempt) -> Result<Reading, Reason> {
    // SAFETY: inside the sandbox, whose memory context the trees live in; what leaves is plain data.
    unsafe {
        let statements = raw_statements(text);
        let [raw] = statements[..] else {
            return Err(Reason::new(
                Unread::InvalidText,
                format!("{} statements", statements.len()),
            ));
        };
        let declared = prepared(raw);
        let unqualified = names::unqualified(raw);
        grouping::restore_targets(raw);
        if attempt.unifies_parameters {
            grouping::unify_parameters(raw);
        }
        let analysed = analyse(text, raw, &known_types(attempt, declared));
        let mut reading = Reading { unqualified, ..shape(&analysed)? };
        reading.assumptions = assumptions(attempt);
        Ok(reading)
    }
}

/// Puts the statement that a PREPARE holds in its place; the types that it declares.
///
/// # Safety
/// A valid raw statement, inside the sandbox.
#[expect(unsafe_code, reason = "the trees are C")]
unsafe fn prepared(raw: *mut pg_sys::RawStmt) -> Vec<pg_sys::Oid> {
    // SAFETY: as promised by the caller; the cast follows the node's tag.
    unsafe {
        let Some(prepare) =
            tree::cast::<pg_sys::PrepareStmt>((*raw).stmt, pg_sys::NodeTag::T_PrepareStmt)
        else {
            return Vec::new();
        };
        (*raw).stmt = (*prepare).query;
        tree::members::<pg_sys::TypeName>((*prepare).argtypes)
            .into_iter()
            .map(|name| pg_sys::typenameTypeId(std::ptr::null_mut(), name))
            .collect()
    }
}

/// Types of the first parameters, as far as any is declared or assumed; the others are inferred.
fn known_types(attempt: &Attempt, mut declared: Vec<pg_sys::Oid>) -> Vec<pg_sys::Oid> {
    // A number that no attempt assumes anything about needs no place.
    let highest = attempt.types.keys().max().copied().unwrap_or(0);
    let highest = highest.min(highest_parameter(&attempt.text)).min(u16::MAX.into());
    let places = declared.len().max(usize::try_from(highest).unwrap_or(0));
    declared.resize(places, pg_sys::InvalidOid);
    for (number, place) in (1..).zip(&mut declared) {
        if let Some(assumed) = attempt.types.get(&number) {
            *place = oid(*assumed);
        }
    }
    declared
}

fn oid(assumed: Assumed) -> pg_sys::Oid {
    match assumed {
        Assumed::Int4 => pg_sys::INT4OID,
        Assumed::Interval => pg_sys::INTERVALOID,
        Assumed::Text => pg_sys::TEXTOID,
        Assumed::Numeric => pg_sys::NUMERICOID,
        Assumed::Timestamptz => pg_sys::TIMESTAMPTZOID,
        Assumed::Float8 => pg_sys::FLOAT8OID,
        Assumed::Bool => pg_sys::BOOLOID,
        Assumed::Int8 => pg_sys::INT8OID,
        Assumed::Date => pg_sys::DATEOID,
        Assumed::TextArray => pg_sys::TEXTARRAYOID,
        Assumed::Jsonb => pg_sys::JSONBOID,
    }
}

fn assumptions(attempt: &Attempt) -> Vec<String> {
    let mut said = Vec::new();
    if attempt.is_repaired {
        said.push("repaired".to_owned());
    }
    if attempt.unifies_parameters {
        said.push("grouped".to_owned());
    }
    said.extend(attempt.types.iter().map(|(number, kind)| format!("${number} as {}", kind.name())));
    said
}

/// # Safety
/// Inside the sandbox; the trees are valid.
#[expect(unsafe_code, reason = "the trees are C")]
unsafe fn shape(analysed: &Analysed) -> Result<Reading, Reason> {
    // SAFETY: as promised by the caller.
    unsafe {
        let kind = match (*analysed.query).commandType {
            pg_sys::CmdType::CMD_SELECT => StatementKind::Select,
            pg_sys::CmdType::CMD_INSERT => StatementKind::Insert,
            pg_sys::CmdType::CMD_UPDATE => StatementKind::Update,
            pg_sys::CmdType::CMD_DELETE => StatementKind::Delete,
            pg_sys::CmdType::CMD_MERGE => StatementKind::Merge,
            _ => return Err(Reason::new(Unread::Utility, "")),
        };
        let mut levels = Levels::default();
        levels.note_views(analysed.query);
        for query in &analysed.rewritten {
            if (**query).commandType != pg_sys::CmdType::CMD_UTILITY {
                levels.read(*query);
            }
        }
        if levels.is_refused {
            return Err(Reason::new(Unread::NotAllowed, ""));
        }
        let mut reading = Reading {
            functions: std::mem::take(&mut levels.functions).into_iter().collect(),
            ..Reading::default()
        };
        reading.shape.kind = kind;
        reading.shape.parameter_types =
            analysed.parameter_types.iter().map(|known| known.to_u32()).collect();
        levels.finish(&mut reading.shape);
        Ok(reading)
    }
}
