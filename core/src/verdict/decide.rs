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
                "{} days before the change can be compared with, at least {} are needed",
                days.min(grounds.observed_days_before),
                baseline::MIN_DAYS
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
mod tests {
    use super::*;

    use crate::verdict::interval::tests::given;

    /// Grounds on which nothing stands against a verdict.
    fn ruled(
        time: Result<Effect, Shortfall>,
        change: impl for<'a> FnOnce(&mut Grounds<'a>, &'a Circumstances),
    ) -> Ruling {
        ruled_with(Circumstances::default(), time, change)
    }

    fn ruled_with(
        circumstances: Circumstances,
        time: Result<Effect, Shortfall>,
        change: impl for<'a> FnOnce(&mut Grounds<'a>, &'a Circumstances),
    ) -> Ruling {
        let mut grounds = Grounds {
            circumstances: &circumstances,
            alpha: 0.05,
            predicted_improvement_percent: 50.0,
            awaits_new_query: false,
            calls: (5000.0, 700.0),
            calls_per_hour: Some((60.0, 60.0)),
            observed_share: Some(1.0),
            lossy_share: 0.0,
            observed_days_before: 14,
            time: &time,
            contrary: None,
            blocks: None,
            is_controlled: true,
            agreement: None,
            unit: "a call",
        };
        change(&mut grounds, &circumstances);
        decide(&grounds)
    }

    fn reason(theta: f64, standard_error: f64) -> Reason {
        ruled(Ok(given(theta, standard_error)), |_, _| ()).0
    }

    #[test]
    fn better_and_worse_need_both_the_interval_and_five_percent() {
        let five = 1.05_f64.ln();
        assert_eq!(reason(-five, 0.001), Reason::Faster);
        assert_eq!(reason(-five + 1e-9, 0.001), Reason::BelowPromise);
        assert_eq!(reason(five, 0.001), Reason::Slower);
        assert_eq!(reason(five - 1e-9, 0.001), Reason::BelowPromise);
        // 2.1788 standard errors at 12 degrees of freedom.
        assert_eq!(reason(-0.5, 0.5 / 2.178), Reason::Power);
        assert_eq!(reason(-0.5, 0.5 / 2.179), Reason::Faster);
        assert_eq!(reason(0.5, 0.5 / 2.179), Reason::Slower);
    }

    #[test]
    fn a_stricter_look_decides_less() {
        let look = |alpha| ruled(Ok(given(-0.5, 0.2)), |grounds, _| grounds.alpha = alpha).0;
        assert_eq!(look(0.05), Reason::Faster);
        assert_eq!(look(0.01), Reason::Power);
    }

    #[test]
    fn a_promise_is_broken_when_not_even_the_good_end_reaches_half_of_it() {
        // The good end of the interval: 0.2179 at 0.1. Half of 50 % is 25 %, ln of it 0.2877.
        let predicted = |percent| {
            ruled(Ok(given(0.0, 0.1)), |grounds, _| grounds.predicted_improvement_percent = percent)
                .0
        };
        assert_eq!(predicted(50.0), Reason::BelowPromise);
        assert_eq!(predicted(39.2), Reason::BelowPromise);
        assert_eq!(predicted(39.0), Reason::Power);
        assert_eq!(predicted(0.0), Reason::Power);
        // Nothing promised is a promise of 5 %.
        assert!((promise(0.0) + 0.95_f64.ln()).abs() < 1e-12);
        assert!((promise(f64::NAN) + 0.95_f64.ln()).abs() < 1e-12);
        assert!((promise(80.0) + 0.6_f64.ln()).abs() < 1e-12);
        assert!(promise(1e9).is_finite());
    }

    #[test]
    fn blocks_stand_in_for_time_that_points_the_same_way() {
        let with = |theta, blocks: Effect| {
            ruled(Ok(given(theta, 0.3)), |grounds, _| {
                let blocks = Box::leak(Box::new(blocks));
                grounds.blocks = Some(blocks);
            })
            .0
        };
        assert_eq!(with(-0.1, given(-1.0, 0.1)), Reason::FewerBlocks);
        assert_eq!(with(0.01, given(-1.0, 0.1)), Reason::Power);
        // 10 % less is ln 0.9 = -0.10536.
        assert_eq!(with(-0.1, given(-0.1054, 0.01)), Reason::FewerBlocks);
        assert_eq!(with(-0.1, given(-0.1053, 0.01)), Reason::Power);
        // alpha 0.005: 3.4284 standard errors.
        assert_eq!(with(-0.1, given(-1.0, 1.0 / 3.43)), Reason::FewerBlocks);
        assert_eq!(with(-0.1, given(-1.0, 1.0 / 3.42)), Reason::Power);
        // Time that is decided needs no blocks.
        let slower = ruled(Ok(given(0.5, 0.01)), |grounds, _| {
            grounds.blocks = Some(Box::leak(Box::new(given(-1.0, 0.01))));
        });
        assert_eq!(slower.0, Reason::Slower);
    }

    #[test]
    fn what_makes_a_comparison_worthless_comes_first() {
        let best = || Ok(given(-2.0, 0.01));
        let text = || Some("told so".to_owned());
        for (reason, circumstances) in [
            (Reason::NotApplied, Circumstances { not_applied: text(), ..Default::default() }),
            (Reason::Error, Circumstances { error: text(), ..Default::default() }),
            (Reason::EpochChange, Circumstances { epoch_change: text(), ..Default::default() }),
            (Reason::Confounded, Circumstances { confounded_by: text(), ..Default::default() }),
        ] {
            let ruling = ruled_with(circumstances, best(), |_, _| ());
            assert_eq!(ruling, (reason, "told so".to_owned()));
        }
        assert_eq!(ruled(best(), |g, _| g.awaits_new_query = true).0, Reason::QueryVanished);
        assert_eq!(ruled(best(), |g, _| g.calls = (9.0, 0.0)).0, Reason::QueryVanished);
    }

    #[test]
    fn the_window_must_have_been_seen() {
        let seen = |share, lossy| {
            ruled(Ok(given(-2.0, 0.01)), |grounds, _| {
                grounds.observed_share = share;
                grounds.lossy_share = lossy;
            })
        };
        assert_eq!(seen(Some(0.8), 0.1).0, Reason::Faster);
        assert_eq!(seen(Some(0.79), 0.0).0, Reason::Coverage);
        assert_eq!(seen(Some(1.0), 0.11).0, Reason::Coverage);
        assert_eq!(seen(None, 0.0).0, Reason::Coverage);
        assert!(seen(Some(0.5), 0.0).1.starts_with("50 % of the time since"));
        // A query that was not seen has not vanished.
        let unseen = ruled(Err(Shortfall::After), |grounds, _| {
            grounds.observed_share = Some(0.0);
            grounds.calls = (9.0, 0.0);
        });
        assert_eq!(unseen.0, Reason::Coverage);
    }

    #[test]
    fn days_without_calls_and_days_without_observation_are_told_apart() {
        let short = |observed_days_before| {
            ruled(Err(Shortfall::Before(1)), |g, _| g.observed_days_before = observed_days_before)
        };
        assert_eq!(short(1).0, Reason::ShortBaseline);
        assert_eq!(short(2).0, Reason::TooFewCalls);
        assert_eq!(ruled(Err(Shortfall::After), |_, _| ()).0, Reason::TooFewCalls);
        assert_eq!(ruled(Err(Shortfall::NotFinite), |_, _| ()).0, Reason::Error);
    }

    #[test]
    fn a_known_event_matters_only_without_controls() {
        let event =
            || Circumstances { known_event: Some("restarted".to_owned()), ..Default::default() };
        let with = |is_controlled| {
            ruled_with(event(), Ok(given(-2.0, 0.01)), |g, _| g.is_controlled = is_controlled)
        };
        assert_eq!(with(true).0, Reason::Faster);
        assert_eq!(with(false).0, Reason::Uncontrolled);
        assert!(with(false).1.starts_with("restarted, "));
        assert_eq!(ruled(Ok(given(-2.0, 0.01)), |g, _| g.is_controlled = false).0, Reason::Faster);
    }

    #[test]
    fn a_call_rate_that_moved_threefold_to_below_ten_is_another_workload() {
        let moved = |before, after| {
            ruled(Ok(given(-2.0, 0.01)), |g, _| g.calls_per_hour = Some((before, after))).0
        };
        assert_eq!(moved(30.1, 9.9), Reason::WorkloadShift);
        assert_eq!(moved(2.0, 9.0), Reason::WorkloadShift);
        assert_eq!(moved(29.0, 9.9), Reason::Faster);
        assert_eq!(moved(40.0, 10.1), Reason::Faster);
        assert_eq!(moved(3.0, 100.0), Reason::Faster);
    }

    #[test]
    fn call_and_row_that_are_proven_to_disagree_give_no_verdict() {
        let with = |contrary: Effect| {
            ruled(Ok(given(-1.0, 0.1)), |g, _| g.contrary = Some(Box::leak(Box::new(contrary)))).0
        };
        assert_eq!(with(given(1.0, 0.1)), Reason::WorkloadShift);
        assert_eq!(with(given(1.0, 0.9)), Reason::Faster);
        assert_eq!(with(given(-1.0, 0.1)), Reason::Faster);
    }

    #[test]
    fn a_server_wide_improvement_must_show_in_three_of_five_queries() {
        let with = |theta, agreement| {
            ruled(Ok(given(theta, 0.01)), |g, _| g.agreement = Some(agreement)).0
        };
        assert_eq!(with(-1.0, (0.6, 20)), Reason::Faster);
        assert_eq!(with(-1.0, (0.55, 20)), Reason::Uncontrolled);
        assert_eq!(with(-1.0, (1.0, 0)), Reason::Uncontrolled);
        assert_eq!(with(1.0, (0.0, 20)), Reason::Slower);
        assert_eq!(with(0.0, (0.0, 20)), Reason::BelowPromise);
    }

    #[test]
    fn sentences_name_numbers_and_units() {
        let (_, sentence) = ruled(Ok(given(0.5_f64.ln(), 0.1)), |_, _| ());
        assert_eq!(
            sentence,
            "a call takes 50.0 % less time (improvement 50.0 %, 95 % interval 37.8 % to 59.8 %)"
        );
        let (_, sentence) = ruled(Ok(given(1.5_f64.ln(), 0.1)), |_, _| ());
        assert!(
            sentence.starts_with("a call takes 50.0 % more time (improvement -50.0 %"),
            "{sentence}"
        );
        for nothing in [0.0, 0.0003, -0.0003] {
            let (_, sentence) = ruled(Ok(given(nothing, 0.1)), |_, _| ());
            assert!(
                sentence.starts_with("a call takes 0.0 % less time (improvement 0.0 %"),
                "{sentence}"
            );
        }
    }
}
