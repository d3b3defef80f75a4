//! Plans of one statement with some indexes that are not there, one after the other as a search asks for them.
//!
//! Promises: a statement is read once and checked as for any other plan; each planning sees those of the indexes that the question names, and none that
//! anybody else made up. What is planned with parameters is planned with values that their columns have, as many as weigh most.
#![expect(unsafe_code, reason = "the planner has no safe interface in pgrx")]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CStr, CString, c_int};

use optimizer_core::advisors::index::search::{Answer, Question};
use optimizer_core::plan::skipped::Skipped;
use optimizer_core::plan::{MadeUp, Planned, Sampled};
use pgrx::pg_sys;

use crate::guard;
use crate::planner::hypothetical::{Hypothetical, explaining};
use crate::planner::parameters::Values;
use crate::planner::{Statement, in_forms, planned, ready, walk};
use crate::reader::forms::Form;

/// Values that one planning is made with: the two that weigh most, of a range few and some rows; with most rows as well, too few indexes seem to pay (tried
/// on TPC-H). Each index takes that many plannings. No setting.
const MOST_SAMPLES: usize = 2;

/// Lets `search` ask for plans of the statement; `made_up` says what the indexes are, by place. Where the server reads it in its second form only, the search begins anew.
///
/// # Errors
/// Why it was skipped.
pub fn explore<T>(
    statement: &Statement,
    indexes: &Hypothetical,
    made_up: &[MadeUp],
    search: &mut dyn FnMut(&mut dyn FnMut(&Question) -> Answer) -> T,
) -> Result<T, Skipped> {
    let made: BTreeMap<u32, usize> =
        indexes.made().map(|(place, oid)| (oid.to_u32(), place)).collect();
    in_forms(statement, &mut |text, form| {
        // SAFETY: called in the sandbox; the guard stands inside of EXPLAIN, which is a statement.
        let outcome = unsafe {
            explaining(|| {
                let _guard = guard::enter();
                explore_inside(text, form, &mut |ask| {
                    search(&mut |question| {
                        indexes.show(question.there);
                        answer(ask(question.random_page_cost), &made, made_up)
                    })
                })
            })
        };
        // Without it EXPLAIN did not come to its query: nothing was planned, and nothing is known.
        outcome.unwrap_or_else(|| {
            Err(Skipped::new(
                optimizer_core::plan::skipped::Reason::Failed,
                "EXPLAIN was taken by another extension",
            ))
        })
    })
}

/// A function that plans, with random_page_cost as it is or another.
type Plan<'a> = &'a mut dyn FnMut(Option<f64>) -> Planned;

unsafe fn explore_inside<T>(
    text: &CStr,
    form: &Form,
    search: &mut dyn FnMut(Plan) -> T,
) -> Result<T, Skipped> {
    // SAFETY: trees live until the sandbox ends; planning scribbles on its input, so each gets a copy.
    unsafe {
        let (main, parameters) = ready(text, form)?;
        let values = (parameters > 0).then(|| Values::of(&walk::walk(main).comparisons));
        let mut samples: Vec<_> = values.iter().flat_map(|values| &values.samples).collect();
        samples.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        samples.truncate(MOST_SAMPLES);
        let weight: f64 = samples.iter().map(|sample| sample.weight).sum();
        Ok(search(&mut |page_cost| {
            let plans = || {
                let sampled: Vec<Sampled> = values
                    .iter()
                    .flat_map(|values| samples.iter().map(move |sample| (values, sample)))
                    .map(|(values, sample)| {
                        let bound = values.bind(sample, parameters);
                        // Values that no row has weigh nothing.
                        let share = if weight > 0.0 {
                            sample.weight / weight
                        } else {
                            1.0 / samples.len() as f64
                        };
                        Sampled { weight: share, plan: planned(main, text, bound) }
                    })
                    .collect();
                let generic = match sampled.first() {
                    Some(first) => first.plan.clone(),
                    None => planned(main, text, std::ptr::null_mut()),
                };
                Planned { generic, sampled }
            };
            match page_cost {
                Some(cost) => with_page_cost(cost, plans),
                None => plans(),
            }
        }))
    }
}

/// Runs `work` with that random_page_cost; an error leaves it to the end of the sandbox.
fn with_page_cost<T>(cost: f64, work: impl FnOnce() -> T) -> T {
    const NAME: &CStr = c"random_page_cost";
    // SAFETY: the setting's text is copied before anything changes it.
    let before = unsafe {
        let now = pg_sys::GetConfigOption(NAME.as_ptr(), true, false);
        if now.is_null() { CString::default() } else { CStr::from_ptr(now).to_owned() }
    };
    let set = |value: &CStr| {
        // SAFETY: both strings are copied; GUC_ACTION_LOCAL ends with the sandbox.
        unsafe {
            pg_sys::set_config_option(
                NAME.as_ptr(),
                value.as_ptr(),
                pg_sys::GucContext::PGC_USERSET,
                pg_sys::GucSource::PGC_S_SESSION,
                pg_sys::GucAction::GUC_ACTION_LOCAL,
                true,
                pg_sys::DEBUG1 as c_int,
                false,
            );
        }
    };
    set(&CString::new(cost.to_string()).unwrap_or_default());
    let done = work();
    set(&before);
    done
}

/// With the indexes that are not there under their names, and which of them are used.
fn answer(mut planned: Planned, made: &BTreeMap<u32, usize>, made_up: &[MadeUp]) -> Answer {
    let mut used = BTreeSet::new();
    let plans = planned.sampled.iter_mut().map(|sampled| &mut sampled.plan);
    for plan in plans.chain(std::iter::once(&mut planned.generic)) {
        plan.name_indexes(&mut |index| {
            let place = *made.get(&index)?;
            used.insert(place);
            Some(made_up.get(place)?.clone())
        });
    }
    Answer { planned, used }
}
