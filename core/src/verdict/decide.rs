//! The rules: of what is known, the first that holds is the verdict.
//!
//! The trap is their order. Whatever makes a comparison worthless comes before any number is looked at, so
//! that a number, however good, cannot argue its way past it.

use crate::verdict::baseline;
use crate::verdict::cells::Measure;
use crate::verdict::estimate::Shortfall;
use crate::verdict::evidence::Circumstances;
use crate::verdict::finding::{Reason, SHOWN_ALPHA};
use crate::verdict::interval::{Effect, improvement_percent};

/// Margin of a change that is called one, log units: ln 1.05, 5 %. Smaller ones are nobody's afternoon.
pub fn margin() -> f64 {
    1.05_f64.ln()
}

/// What blocks per call must show to stand in for time: alpha, and the least improvement.
const BLOCKS_ALPHA: f64 = 0.005;
const BLOCKS_LEAST_PERCENT: f64 = 10.0;

/// A promise that was kept to less than this part was not kept.
const KEPT_PART: f64 = 0.5;
/// No promise asks for less than this, percent.
const LEAST_PROMISE_PERCENT: f64 = 5.0;

/// Least part of the window that must have been observed, most of it that may have lost calls.
const MIN_OBSERVED: f64 = 0.8;
const MOST_LOSSY: f64 = 0.1;

/// The call rate changed by more than this, and is below so many an hour: other calls, not faster ones.
pub const RATE_CHANGE: f64 = 3.0;
const RARE_CALLS_PER_HOUR: f64 = 10.0;

/// Part of the server's costliest queries that must have become faster for a change of the whole
/// server to be called an improvement.
const MIN_AGREEMENT: f64 = 0.6;

/// Everything the rules look at.
pub struct Grounds<'a> {
    pub circumstances: &'a Circumstances,
    pub alpha: f64,
    pub predicted_improvement_percent: f64,
    /// No statement with the new text has been seen.
    pub awaits_new_query: bool,
    /// Calls before and after the change, in the days that count.
    pub calls: (f64, f64),
    /// Calls per observed hour, before and after.
    pub calls_per_hour: Option<(f64, f64)>,
    /// `None` before one whole day has passed.
    pub observed_share: Option<f64>,
    pub lossy_share: f64,
    /// Days before the change that were observed, whether the query ran in them or not.
    pub observed_days_before: usize,
    /// The earlier change or event that those days lie behind.
    pub baseline_since: Option<&'a str>,
    /// The effect that is judged.
    pub time: &'a Result<Effect, Shortfall>,
    /// Of a rewrite that returns another number of rows: the effect by the other count.
    pub contrary: Option<&'a Effect>,
    pub blocks: Option<&'a Effect>,
    pub is_controlled: bool,
    /// Part of the server's costliest queries that became faster, and of how many; asked for changes
    /// of server scope only.
    pub agreement: Option<(f64, usize)>,
    /// What stands before "took" in sentences: `a call` or `a row`.
    pub unit: &'static str,
}

/// A verdict by its reason, with a sentence for a person.
pub type Ruling = (Reason, String);

/// What was promised, at its least, as log units above 0.
pub fn promise(predicted_percent: f64) -> f64 {
    let predicted = if predicted_percent.is_finite() { predicted_percent } else { 0.0 };
    let percent = (predicted * KEPT_PART).clamp(LEAST_PROMISE_PERCENT, 99.0);
    -(-percent / 100.0).ln_1p()
}

/// The first rule that holds.
pub fn decide(grounds: &Grounds) -> Ruling {
    if let Some(ruling) = worthless(grounds) {
        return ruling;
    }
    let effect = match grounds.time {
        Ok(effect) => effect,
        Err(shortfall) => return short_of(grounds, *shortfall),
    };
    if let Some(ruling) = distorted(grounds, effect) {
        return ruling;
    }
    let (low, high) = effect.interval(grounds.alpha);
    let (unit, shown) = (grounds.unit, percent_with_interval(effect));
    if low > 0.0 && effect.theta >= margin() {
        return (Reason::Slower, format!("{unit} takes {}", shown));
    }
    if high < 0.0 && effect.theta <= -margin() {
        return agreed(grounds, (Reason::Faster, format!("{unit} takes {}", shown)));
    }
    if let Some(blocks) = grounds.blocks
        && blocks.interval(BLOCKS_ALPHA).1 < 0.0
        && improvement_percent(blocks.theta) >= BLOCKS_LEAST_PERCENT
        && effect.theta < 0.0
    {
        let sentence = format!(
            "a call touches {:.1} % fewer blocks; its time points the same way without being proven: {shown}",
            improvement_percent(blocks.theta)
        );
        return agreed(grounds, (Reason::FewerBlocks, sentence));
    }
    let promised = promise(grounds.predicted_improvement_percent);
    if -low < promised {
        let sentence = format!(
            "{unit} takes {shown}: less than {:.1} %, half of what was predicted and at least {LEAST_PROMISE_PERCENT} %",
            improvement_percent(-promised)
        );
        return (Reason::BelowPromise, sentence);
    }
    (Reason::Power, format!("{unit} takes {shown}: neither proven nor ruled out"))
}

/// Reasons for which no comparison is worth anything.
fn worthless(grounds: &Grounds) -> Option<Ruling> {
    let known = grounds.circumstances;
    let told = |reason, text: &Option<String>| text.clone().map(|text| (reason, text));
    told(Reason::NotApplied, &known.not_applied)
        .or_else(|| told(Reason::Error, &known.error))
        .or_else(|| told(Reason::EpochChange, &known.epoch_change))
        .or_else(|| vanished(grounds))
        .or_else(|| not_seen(grounds))
}

fn vanished(grounds: &Grounds) -> Option<Ruling> {
    let sentence = if grounds.awaits_new_query {
        "no statement with the new text has been linked".to_owned()
    } else if grounds.calls.0 > 0.0 && grounds.calls.1 <= 0.0 && grounds.observed_share? > 0.0 {
        format!("not called since the change, {:.0} times before it", grounds.calls.0)
    } else {
        return None;
    };
    Some((Reason::QueryVanished, sentence))
}

fn not_seen(grounds: &Grounds) -> Option<Ruling> {
    let sentence = match grounds.observed_share {
        None => "less than one whole day of 24 buckets has passed since the change".to_owned(),
        Some(share) if share < MIN_OBSERVED - 1e-9 => format!(
            "{:.0} % of the time since the change was observed, at least {:.0} % are needed",
            share * 100.0,
            MIN_OBSERVED * 100.0
        ),
        Some(_) if grounds.lossy_share > MOST_LOSSY => format!(
            "in {:.0} % of the time since the change calls were lost, at most {:.0} % are allowed",
            grounds.lossy_share * 100.0,
            MOST_LOSSY * 100.0
        ),
        Some(_) => return None,
    };
    Some((Reason::Coverage, sentence))
}

/// Why there is no effect.
fn short_of(grounds: &Grounds, shortfall: Shortfall) -> Ruling {
    let needed = Measure::TimePerCall.min_calls_of_a_day();
    match shortfall {
        Shortfall::Before(days) if grounds.observed_days_before < baseline::MIN_DAYS => (
            Reason::ShortBaseline,
            format!(
                "{} days before the change can be compared with, at least {} are needed{}",
                days.min(grounds.observed_days_before),
                baseline::MIN_DAYS,
                grounds
                    .baseline_since
                    .map_or(String::new(), |words| format!("; not those before that: {words}"))
            ),
        ),
        Shortfall::Before(days) => (
            Reason::TooFewCalls,
            format!(
                "{days} of {} observed days before the change have {needed:.0} calls that took measurable time, at least {} are needed",
                grounds.observed_days_before,
                baseline::MIN_DAYS
            ),
        ),
        Shortfall::After => (
            Reason::TooFewCalls,
            format!(
                "{:.0} calls since the change; a day needs {needed:.0} that took measurable time",
                grounds.calls.1
            ),
        ),
        Shortfall::NotFinite => {
            (Reason::Error, "the recorded figures are too large to be compared".to_owned())
        }
    }
}

/// Reasons for which the effect may be somebody else's.
fn distorted(grounds: &Grounds, effect: &Effect) -> Option<Ruling> {
    if let Some(other) = &grounds.circumstances.confounded_by {
        return Some((Reason::Confounded, other.clone()));
    }
    if let Some(event) = &grounds.circumstances.known_event
        && !grounds.is_controlled
    {
        return Some((
            Reason::Uncontrolled,
            format!("{event}, and no other queries to compare with"),
        ));
    }
    if let Some((before, after)) = grounds.calls_per_hour
        && rate_changed(before, after)
        && after < RARE_CALLS_PER_HOUR
    {
        let sentence = format!("calls per hour went from {before:.1} to {after:.1}");
        return Some((Reason::WorkloadShift, sentence));
    }
    if let Some(contrary) = grounds.contrary
        && points_both_ways(effect, contrary, grounds.alpha)
    {
        let sentence = "by call and by row it points in opposite directions, and the number of rows \
                        a call returns changed more than twofold";
        return Some((Reason::WorkloadShift, sentence.to_owned()));
    }
    None
}

/// Whether the two are proven, one to be better and the other to be worse.
fn points_both_ways(one: &Effect, other: &Effect, alpha: f64) -> bool {
    let (one, other) = (one.interval(alpha), other.interval(alpha));
    (one.0 > 0.0 && other.1 < 0.0) || (one.1 < 0.0 && other.0 > 0.0)
}

pub fn rate_changed(before: f64, after: f64) -> bool {
    before.max(after) > RATE_CHANGE * before.min(after)
}

/// An improvement by a change of the whole server must show in most of what runs there.
fn agreed(grounds: &Grounds, ruling: Ruling) -> Ruling {
    match grounds.agreement {
        Some((share, queries)) if queries == 0 || share < MIN_AGREEMENT => {
            let sentence = format!(
                "{:.0} % of the {queries} costliest queries became faster, at least {:.0} % must for a change of the whole server",
                share * 100.0,
                MIN_AGREEMENT * 100.0
            );
            (Reason::Uncontrolled, sentence)
        }
        _ => ruling,
    }
}

/// "12.3 % less time (95 % interval 3.1 % to 20.2 %)".
fn percent_with_interval(effect: &Effect) -> String {
    let (low, high) = effect.interval(SHOWN_ALPHA);
    let improvement = tenths(improvement_percent(effect.theta));
    let word = if improvement >= 0.0 { "less" } else { "more" };
    format!(
        "{:.1} % {word} time (improvement {improvement:.1} %, 95 % interval {:.1} % to {:.1} %)",
        improvement.abs(),
        tenths(improvement_percent(high)),
        tenths(improvement_percent(low))
    )
}

/// As it is printed, without the minus of a zero.
fn tenths(percent: f64) -> f64 {
    (percent * 10.0).round() / 10.0 + 0.0
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
