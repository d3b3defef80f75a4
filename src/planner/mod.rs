//! What the server's planner makes of a statement: for advice, never to run it.
//!
//! A statement is parsed, analysed and planned as the role it belongs to, in the sandbox and under the guard: as that role, read-only, under its
//! search_path and settings, with limits on time and locks, and without entering a function that is neither the role's own nor a superuser's. What cannot
//! be planned is skipped with a reason; nothing ends the caller's pass but a cancel that somebody asked for.
//! Trap: planning executes functions. Everything that has been tried on it is in pg_test/scenarios/planning.sh.
#![expect(unsafe_code, reason = "the planner has no safe interface in pgrx")]

pub mod guard;
mod parameters;
mod relations;
mod tree;
mod walk;

use std::ffi::{CString, c_int};
use std::time::Duration;

use optimizer_core::plan::skipped::{Reason, Skipped, nesting};
use optimizer_core::plan::{Plan, Planned, Sampled};
use pgrx::pg_sys;

use crate::planner::guard::Refused;
use crate::planner::parameters::Values;
use crate::reader::analysis::{Analysed, analyse, raw_statements};
use crate::sandbox::{self, Limits, Refusal};

/// Longest text that is planned, bytes. 1 MB: parsing takes about 50 ms then; longer ones are bulk inserts and lists, nothing to advise on. No setting.
pub const LONGEST_TEXT: usize = 1 << 20;

/// Parentheses within each other from which a text that does not parse counts as nested too deep: the grammar's own stack ends at 10,000 entries, a few
/// for each of them.
const DEEP_NESTING: usize = 1_000;

/// Waiting for one lock: short against what holds one for long (ALTER TABLE), long against what comes and goes.
const LOCK_TIMEOUT: Duration = Duration::from_millis(200);

/// One statement, all its plans together. Ordinary ones take 1 ms; 25 joins about a second.
const TIME: Duration = Duration::from_secs(3);

/// One statement, and whose.
#[derive(Debug)]
pub struct Statement<'a> {
    /// In a form that the server can read (repaired).
    pub text: &'a str,
    /// Types of its first parameters; InvalidOid leaves one to be inferred.
    pub parameter_types: &'a [pg_sys::Oid],
    pub role: pg_sys::Oid,
    /// As a session of that role would have it.
    pub search_path: &'a str,
    /// Planner settings of that role, names and values: what `planner_settings.sql` returns.
    pub settings: &'a [(CString, CString)],
}

/// Which plans are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// One, with no parameter known: what a batch can afford.
    Generic,
    /// And some with values in the parameters.
    Sampled,
}

/// Plans one statement.
///
/// # Errors
/// Why it was skipped.
pub fn plan(statement: &Statement, depth: Depth) -> Result<Planned, Skipped> {
    if statement.text.len() > LONGEST_TEXT {
        let detail = format!("{} bytes, more than {LONGEST_TEXT}", statement.text.len());
        return Err(Skipped::new(Reason::TextTooLong, detail));
    }
    let zero = |_| Skipped::new(Reason::NotReadable, "a zero byte in the text");
    let text = CString::new(statement.text).map_err(zero)?;
    let search_path = CString::new(statement.search_path).map_err(zero)?;
    // SAFETY: with noerr a role that is gone gives a null pointer.
    if unsafe { pg_sys::GetUserNameFromId(statement.role, true).is_null() } {
        let detail = format!("role {} was dropped", statement.role.to_u32());
        return Err(Skipped::new(Reason::RoleGone, detail));
    }
    guard::forget();
    let limits = Limits { lock_timeout: LOCK_TIMEOUT, time: TIME };
    let outcome = sandbox::run_as(statement.role, &search_path, &limits, || {
        apply(statement.settings);
        let _guard = guard::enter();
        // SAFETY: in the sandbox.
        unsafe { plan_inside(statement, &text, depth) }
    });
    // An untrusted function was met: even where the plan was made without it, it is not the server's.
    match guard::refused() {
        Some(Refused::Function(function)) => {
            let detail = format!(
                "planning it would execute {}, which is neither the role's own nor a superuser's",
                guard::describe(function)
            );
            return Err(Skipped::new(Reason::UntrustedFunction, detail));
        }
        Some(Refused::Statement) => {
            let detail = "planning it would execute a function that runs statements";
            return Err(Skipped::new(Reason::RunsStatement, detail));
        }
        None => {}
    }
    outcome.unwrap_or_else(|refusal| Err(skipped(refusal, statement.text)))
}

fn skipped(refusal: Refusal, text: &str) -> Skipped {
    match refusal {
        Refusal::TimedOut => {
            let detail = format!("planning it takes more than {} s", TIME.as_secs());
            Skipped::new(Reason::TimedOut, detail)
        }
        Refusal::Raised(raised) => {
            let sqlstate = sqlstate(raised.code as i32);
            let reason = match Reason::of_sqlstate(&sqlstate) {
                Reason::NotReadable if nesting(text) > DEEP_NESTING => Reason::NestedTooDeep,
                reason => reason,
            };
            Skipped::new(reason, format!("{} ({sqlstate})", raised.message))
        }
    }
}

/// The five characters of an error code: six bits each (MAKE_SQLSTATE).
fn sqlstate(code: i32) -> String {
    (0..5)
        .filter_map(|place| char::from_u32(((code >> (6 * place)) & 0x3f) as u32 + 0x30))
        .collect()
}

/// Settings of the role that are not the session's own. They end with the sandbox.
fn apply(settings: &[(CString, CString)]) {
    for (name, value) in settings {
        // SAFETY: both strings are copied; what the role may not set or what is no longer valid is left with a warning at most (elevel).
        unsafe {
            pg_sys::set_config_option(
                name.as_ptr(),
                value.as_ptr(),
                pg_sys::GucContext::PGC_USERSET,
                pg_sys::GucSource::PGC_S_SESSION,
                pg_sys::GucAction::GUC_ACTION_LOCAL,
                true,
                pg_sys::DEBUG1 as c_int,
                false,
            );
        }
    }
}

unsafe fn plan_inside(
    statement: &Statement,
    text: &CString,
    depth: Depth,
) -> Result<Planned, Skipped> {
    // SAFETY: trees live until the sandbox ends; planning scribbles on its input, so each gets a copy.
    unsafe {
        let raw = match raw_statements(text)[..] {
            [raw] => raw,
            ref several => {
                let detail = format!("{} statements in one text", several.len());
                return Err(Skipped::new(Reason::NotReadable, detail));
            }
        };
        let analysed = analyse(text, raw, statement.parameter_types);
        let main = main_query(&analysed)?;
        relations::check_names(statement.text, &walk::walk(analysed.query).queries)?;
        for query in &analysed.rewritten {
            relations::check(&walk::walk(*query).queries)?;
        }
        let generic = planned(main, text, std::ptr::null_mut());
        let mut sampled = Vec::new();
        if depth == Depth::Sampled && !analysed.parameter_types.is_empty() {
            let values = Values::of(&walk::walk(main).comparisons);
            for sample in &values.samples {
                let bound = values.bind(sample, analysed.parameter_types.len());
                sampled.push(Sampled { weight: sample.weight, plan: planned(main, text, bound) });
            }
        }
        Ok(Planned { generic, sampled })
    }
}

/// The query that does what the statement says: rules may have put others before and after it, or nothing in its place.
fn main_query(analysed: &Analysed) -> Result<*mut pg_sys::Query, Skipped> {
    // SAFETY: valid queries.
    unsafe {
        if (*analysed.query).commandType == pg_sys::CmdType::CMD_UTILITY {
            return Err(Skipped::new(Reason::Utility, "there is nothing in it to plan"));
        }
        let queries = &analysed.rewritten;
        queries
            .iter()
            .copied()
            .find(|query| (**query).canSetTag)
            .or_else(|| queries.first().copied())
            .filter(|query| (**query).commandType != pg_sys::CmdType::CMD_UTILITY)
            .ok_or_else(|| Skipped::new(Reason::Utility, "a rule leaves nothing in it to plan"))
    }
}

unsafe fn planned(query: *mut pg_sys::Query, text: &CString, bound: pg_sys::ParamListInfo) -> Plan {
    // SAFETY: a copy of a rewritten query, its text, and parameters as the planner takes them (null: none is known).
    unsafe {
        let copy = pg_sys::copyObjectImpl(query.cast()).cast();
        let options = pg_sys::CURSOR_OPT_PARALLEL_OK as c_int;
        tree::plan(pg_sys::pg_plan_query(copy, text.as_ptr(), options, bound))
    }
}
