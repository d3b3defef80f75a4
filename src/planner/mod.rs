//! What the server's planner makes of a statement: for advice, never to run it.
//!
//! A statement is parsed, analysed and planned as the role it belongs to, in the sandbox and under the guard: as that role, read-only, under its
//! search_path and settings, with limits on time and locks, and without entering a function that is neither the role's own nor a superuser's. What cannot
//! be planned is skipped with a reason; nothing ends the caller's pass but a cancel that somebody asked for.
//! Trap: planning executes functions. Everything that has been tried on it is in pg_test/scenarios/planning.sh.
#![expect(unsafe_code, reason = "the planner has no safe interface in pgrx")]

pub mod explore;
pub mod hypothetical;
mod parameters;
pub mod pass;
mod relations;
mod statistics;
mod tree;
mod walk;

use std::ffi::{CStr, CString, c_int};
use std::time::Duration;

use optimizer_core::plan::skipped::{Reason, Skipped, nesting};
use optimizer_core::plan::{Plan, Planned, Sampled};
use optimizer_core::statement::guess::Failure;
use optimizer_core::statement::opening::is_utility;
use pgrx::pg_sys;

use crate::guard::{self, Refused};
use crate::planner::parameters::Values;
use crate::reader::analysis::{Analysed, analyse, raw_statements};
use crate::reader::forms::{Form, Forms};
use crate::reader::{grouping, names};
use crate::sandbox::{self, Limits, Refusal};

/// Longest text that is planned, bytes. 1 MB: parsing takes about 50 ms then; longer ones are bulk inserts and lists, nothing to advise on. No setting.
pub const LONGEST_TEXT: usize = 1 << 20;

/// Parentheses within each other from which a text that does not parse counts as nested too deep: the grammar's own stack ends at 10,000 entries, a few
/// for each of them.
const DEEP_NESTING: usize = 1_000;

/// Waiting for one lock: short against what holds one for long (ALTER TABLE), long against what comes and goes.
const LOCK_TIMEOUT: Duration = Duration::from_millis(200);

/// One statement, all attempts at reading it and all its plans together. Ordinary ones take 1 ms; 25 joins about a second.
const TIME: Duration = Duration::from_secs(3);

/// One statement, and whose.
#[derive(Debug)]
pub struct Statement<'a> {
    /// As pg_stat_statements has it, or already in a form that the server can read.
    pub text: &'a str,
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

/// Plans one statement. A text that the server does not read as it is, is repaired, and types that went with its constants are searched for.
///
/// # Errors
/// Why it was skipped.
pub fn plan(statement: &Statement, depth: Depth) -> Result<Planned, Skipped> {
    // SAFETY: called in the sandbox, under the guard.
    in_forms(statement, &mut |text, form| unsafe {
        let _guard = guard::enter();
        plan_inside(text, form, depth)
    })
}

/// Does `work` in the sandbox with the first form of the text that the server reads. It puts the guard up itself.
fn in_forms<T>(
    statement: &Statement,
    work: &mut dyn FnMut(&CStr, &Form) -> Result<T, Skipped>,
) -> Result<T, Skipped> {
    if statement.text.len() > LONGEST_TEXT {
        let detail = format!("{} bytes, more than {LONGEST_TEXT}", statement.text.len());
        return Err(Skipped::new(Reason::TextTooLong, detail));
    }
    if is_utility(statement.text) {
        return Err(Skipped::new(Reason::Utility, "there is nothing in it to plan"));
    }
    // SAFETY: with noerr a role that is gone gives a null pointer.
    if unsafe { pg_sys::GetUserNameFromId(statement.role, true).is_null() } {
        let detail = format!("role {} was dropped", statement.role.to_u32());
        return Err(Skipped::new(Reason::RoleGone, detail));
    }
    let Some(mut forms) = Forms::of(statement.text, TIME) else {
        return Err(Skipped::new(Reason::NotReadable, "a parameter that no client can send"));
    };
    loop {
        let Some(left) = forms.left() else { return Err(timed_out()) };
        let raised = match attempt(statement, forms.form(), left, work) {
            Ok(planned) => return Ok(planned),
            Err(NotPlanned::Skipped(skipped)) => return Err(skipped),
            Err(NotPlanned::Refused(Refusal::TimedOut)) => return Err(timed_out()),
            Err(NotPlanned::Refused(Refusal::Raised(raised))) => raised,
        };
        if !forms.next(&raised) {
            return Err(not_readable(forms.failure(), &forms.form().text));
        }
    }
}

/// Why one attempt came to nothing.
enum NotPlanned {
    Skipped(Skipped),
    Refused(Refusal),
}

fn attempt<T>(
    statement: &Statement,
    form: &Form,
    time: Duration,
    work: &mut dyn FnMut(&CStr, &Form) -> Result<T, Skipped>,
) -> Result<T, NotPlanned> {
    let zero =
        |_| NotPlanned::Skipped(Skipped::new(Reason::NotReadable, "a zero byte in the text"));
    let text = CString::new(form.text.as_str()).map_err(zero)?;
    let search_path = CString::new(statement.search_path).map_err(zero)?;
    let limits = Limits { lock_timeout: LOCK_TIMEOUT, time };
    guard::forget();
    let outcome = sandbox::run_as(statement.role, &search_path, &limits, || {
        apply(statement.settings);
        work(&text, form)
    });
    // What was refused may have been swallowed, or only not inlined: then the plan is not the server's.
    if let Some(refused) = guard::refused() {
        return Err(NotPlanned::Skipped(not_executed(&refused)));
    }
    outcome.map_err(NotPlanned::Refused)?.map_err(NotPlanned::Skipped)
}

fn not_executed(refused: &Refused) -> Skipped {
    match refused {
        Refused::Function(function) => Skipped::new(
            Reason::UntrustedFunction,
            format!(
                "planning it would execute {}; only functions of superusers, and the role's own in SQL or C, are executed, and no volatile ones",
                guard::describe(*function)
            ),
        ),
        Refused::Statement => Skipped::new(
            Reason::RunsStatement,
            "planning it would execute a function that runs statements",
        ),
    }
}

fn timed_out() -> Skipped {
    Skipped::new(Reason::TimedOut, format!("planning it takes more than {} s", TIME.as_secs()))
}

/// What an error of the server that no form gets past stands for.
fn not_readable(failure: Option<&Failure>, text: &str) -> Skipped {
    let Some(Failure { sqlstate, message, .. }) = failure else {
        return Skipped::new(Reason::NotReadable, "it cannot be read");
    };
    let reason = match Reason::of_sqlstate(sqlstate) {
        // The grammar's own words when its stack is full; never translated.
        Reason::NotReadable
            if message.starts_with("memory exhausted") || nesting(text) > DEEP_NESTING =>
        {
            Reason::NestedTooDeep
        }
        reason => reason,
    };
    Skipped::new(reason, format!("{message} ({sqlstate})"))
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

unsafe fn plan_inside(text: &CStr, form: &Form, depth: Depth) -> Result<Planned, Skipped> {
    // SAFETY: trees live until the sandbox ends; planning scribbles on its input, so each gets a copy.
    unsafe {
        let (main, parameters) = ready(text, form)?;
        let generic = planned(main, text, std::ptr::null_mut());
        let mut sampled = Vec::new();
        if depth == Depth::Sampled && parameters > 0 {
            let values = Values::of(&walk::walk(main).comparisons);
            for sample in &values.samples {
                let bound = values.bind(sample, parameters);
                sampled.push(Sampled { weight: sample.weight, plan: planned(main, text, bound) });
            }
        }
        Ok(Planned { generic, sampled })
    }
}

/// The query to plan, after all checks, and how many parameters it has.
unsafe fn ready(text: &CStr, form: &Form) -> Result<(*mut pg_sys::Query, usize), Skipped> {
    // SAFETY: trees live until the sandbox ends.
    unsafe {
        let raw = match raw_statements(text)[..] {
            [raw] => raw,
            ref several => {
                let detail = format!("{} statements in one text", several.len());
                return Err(Skipped::new(Reason::NotReadable, detail));
            }
        };
        let unqualified = names::unqualified(raw);
        grouping::restore_targets(raw);
        if form.unifies_parameters {
            grouping::unify_parameters(raw);
        }
        let analysed = analyse(text, raw, &form.parameter_types(Vec::new()));
        let main = main_query(&analysed)?;
        relations::check_names(&unqualified, &walk::walk(analysed.query).queries)?;
        for query in &analysed.rewritten {
            relations::check(&walk::walk(*query).queries)?;
        }
        Ok((main, analysed.parameter_types.len()))
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

unsafe fn planned(query: *mut pg_sys::Query, text: &CStr, bound: pg_sys::ParamListInfo) -> Plan {
    // SAFETY: a copy of a rewritten query, its text, and parameters as the planner takes them (null: none is known).
    unsafe {
        let copy = pg_sys::copyObjectImpl(query.cast()).cast();
        let options = pg_sys::CURSOR_OPT_PARALLEL_OK as c_int;
        tree::plan(pg_sys::pg_plan_query(copy, text.as_ptr(), options, bound))
    }
}
