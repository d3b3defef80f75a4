//! Reads statements with the server's own parser: a text of pg_stat_statements becomes a [`Shape`].
//!
//! Promises: nothing is written, and every text ends in a [`Reading`] or a [`Reason`]; only a cancel of the session goes on.
//! Trap: reading a literal runs the input function of its type, and that may ask a domain's CHECK, which anybody wrote: only in the sandbox, under the guard.
//! Trap: a text is parsed as it is first. Repairs and assumed types come in only where that fails, so a text that is valid means what it meant.

pub mod analysis;
mod completeness;
mod conditions;
pub mod forms;
pub mod grouping;
mod levels;
pub mod names;
pub mod pass;
mod terms;
pub mod tree;

use std::collections::BTreeSet;
use std::ffi::{CStr, CString};
use std::time::Duration;

use optimizer_core::statement::opening::{is_utility, without_prepare};
use optimizer_core::statement::reason::Unread;
use optimizer_core::statement::repair::repair;
use optimizer_core::statement::shape::{Shape, StatementKind};
use pgrx::pg_sys;

#[cfg(feature = "pg_test")]
pub use crate::reader::grouping::restore_targets;

use crate::guard::{self, Refused};
use crate::reader::analysis::{Analysed, analyse, raw_statements};
use crate::reader::forms::{Form, Forms};
use crate::reader::levels::Levels;
use crate::sandbox::{Limits, RaisedInside, Refusal, run_as};

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
    let Some(mut forms) = Forms::of(text, LIMITS.time) else {
        return Err(Reason::new(Unread::InvalidText, "a parameter that no client can send"));
    };
    loop {
        let Some(left) = forms.left() else { return Err(Reason::new(Unread::TimedOut, "")) };
        let raised = match try_to_read(forms.form(), role, search_path, left)? {
            Ok(reading) => return Ok(reading),
            Err(raised) => raised,
        };
        if !forms.next(&raised) {
            let (sqlstate, message) = forms
                .failure()
                .map_or_else(Default::default, |failure| (&*failure.sqlstate, &*failure.message));
            return Err(refused(sqlstate, message));
        }
    }
}

/// A reading, an error that another form may get past, or the reason why none can.
type Attempted = Result<Result<Reading, RaisedInside>, Reason>;

fn try_to_read(form: &Form, role: pg_sys::Oid, search_path: &CStr, time: Duration) -> Attempted {
    let Ok(text) = CString::new(form.text.as_str()) else {
        return Err(Reason::new(Unread::InvalidText, "a zero byte"));
    };
    guard::forget();
    let outcome = run_as(role, search_path, &Limits { time, ..LIMITS }, || {
        let _guard = guard::enter();
        read_in_sandbox(&text, form)
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
        Err(Refusal::Raised(raised)) if Unread::is_final(&raised.sqlstate()) => {
            Err(refused(&raised.sqlstate(), &raised.message))
        }
        Err(Refusal::Raised(raised)) => Ok(Err(raised)),
    }
}

/// The reason that an error of the server stands for.
fn refused(sqlstate: &str, message: &str) -> Reason {
    Reason::new(Unread::of_sqlstate(sqlstate), format!("{sqlstate}: {message}"))
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

#[expect(unsafe_code, reason = "the trees are C")]
fn read_in_sandbox(text: &CStr, form: &Form) -> Result<Reading, Reason> {
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
        if form.unifies_parameters {
            grouping::unify_parameters(raw);
        }
        let analysed = analyse(text, raw, &form.parameter_types(declared));
        let mut reading = Reading { unqualified, ..shape(&analysed)? };
        reading.assumptions = form.assumptions();
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
