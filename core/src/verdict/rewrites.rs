//! A rewrite: the old statement before the change against the new ones after it.
//!
//! Judged per call, as every change, unless a call of the new text returns more than twice as many rows
//! as one of the old, or less than half: then a call is not the same piece of work any more (several calls
//! merged into one, a page instead of all of it), and time per row is. Neither is beyond doubt in that
//! case, so where the two are proven to point in opposite directions there is no verdict.

use crate::verdict::cells::{Amounts, Series};
use crate::verdict::evidence::QueryHistory;
use crate::verdict::timeline::Timeline;

/// A change of rows per call beyond which calls are not compared with calls.
const ROWS_CHANGE: f64 = 2.0;

/// The two texts as one query.
pub struct Rewritten {
    /// Old before, new after.
    pub series: Series,
    /// Part of the calls after the change that used the old text, percent.
    pub old_text_percent: Option<f64>,
}

impl Rewritten {
    pub fn new(timeline: &Timeline, old: &Series, new: &[QueryHistory]) -> Rewritten {
        let series = old.followed_by(timeline, new);
        let after = |series: &Series| series.sum(timeline, 0..timeline.days_after).calls;
        let (still, now) = (after(old), after(&series));
        let all = still + now;
        Rewritten { series, old_text_percent: (all > 0.0).then(|| still / all * 100.0) }
    }
}

/// Rows per call before and after, where both returned any.
pub fn rows_per_call(before: &Amounts, after: &Amounts) -> Option<(f64, f64)> {
    let rate = |amounts: &Amounts| {
        (amounts.calls > 0.0 && amounts.rows > 0.0).then(|| amounts.rows / amounts.calls)
    };
    rate(before).zip(rate(after))
}

/// Whether a call returns so many more or fewer rows that rows are what to compare.
pub fn is_judged_per_row(rows_per_call: Option<(f64, f64)>) -> bool {
    rows_per_call.is_some_and(|(before, after)| before.max(after) > ROWS_CHANGE * before.min(after))
}
