//! From evidence to finding: the one entry point.
//!
//! The trap is odd input: gaps, no calls, identical or zero times, decades of buckets. Every step answers
//! with "nothing" where there is nothing, so that the rules end in `inconclusive` with a reason, never in
//! a number that is none.

use std::collections::BTreeSet;

use crate::Micros;
use crate::verdict::baseline;
use crate::verdict::cells::{Amounts, Measure, Series};
use crate::verdict::controls::{Common, Controls, MIN_CONTROLS};
use crate::verdict::decide::{Grounds, decide, margin, promise, rate_changed};
use crate::verdict::estimate::{Estimate, Shortfall, estimate};
use crate::verdict::evidence::{ChangeEvidence, Earlier, Scope};
use crate::verdict::finding::{Basis, Finding, Mode, Reason, ShownEffect};
use crate::verdict::interval::{Effect, improvement_percent};
use crate::verdict::looks::alpha;
use crate::verdict::power::{more_calls_needed, smallest_visible_effect};
use crate::verdict::rewrites::{Rewritten, is_judged_per_row, rows_per_call};
use crate::verdict::timeline::Timeline;
use crate::verdict::{server_wide, side_effects};

/// Less than this of the calls on the old text, in percent, is not worth a note: it would read 0 %.
const OLD_TEXT_NOTED_PERCENT: f64 = 0.05;

/// What a look at one change of one query finds.
pub fn examine(evidence: &ChangeEvidence) -> Finding {
    match Timeline::new(evidence) {
        Some(timeline) => Examination::new(&timeline, evidence).finding(),
        None => empty(Reason::Error, "the width of a bucket must be above 0".to_owned()),
    }
}

fn empty(reason: Reason, sentence: String) -> Finding {
    Finding {
        verdict: reason.verdict(),
        reason,
        sentence,
        effect: None,
        basis: Basis::Time,
        mode: Mode::Uncontrolled,
        controls: 0,
        probability_improved: None,
        smallest_visible_effect_percent: None,
        more_calls_needed: None,
        blocks_effect: None,
        per_call_effect: None,
        per_row_effect: None,
        is_per_row: false,
        old_text_percent: None,
        side_effect: None,
        notes: Vec::new(),
    }
}

struct Examination<'a> {
    timeline: &'a Timeline,
    evidence: &'a ChangeEvidence<'a>,
    series: Series,
    old_text_percent: Option<f64>,
    /// The earlier change or event that the baseline lies behind.
    earlier: Option<&'a Earlier>,
    baseline: Vec<i64>,
    controls: Controls,
    /// What they did in time per call.
    common_time: Option<Common>,
    before: Amounts,
    after: Amounts,
}

impl<'a> Examination<'a> {
    fn new(timeline: &'a Timeline, evidence: &'a ChangeEvidence<'a>) -> Examination<'a> {
        let old = Series::new(timeline, &evidence.target);
        let (series, old_text_percent) = match evidence.rewritten_as {
            None => (old, None),
            Some(new) => {
                let rewritten = Rewritten::new(timeline, &old, new);
                (rewritten.series, rewritten.old_text_percent)
            }
        };
        let known = &evidence.circumstances;
        let mut earlier = known.earlier_change.as_ref();
        let mut since = earlier.map(|earlier| earlier.at);
        let mut baseline = baseline::days(timeline, evidence, &series, Measure::TimePerCall, since);
        let by_blocks = baseline::days(timeline, evidence, &series, Measure::BlocksPerCall, since);
        let days: BTreeSet<i64> =
            baseline.iter().chain(&by_blocks).copied().chain(0..timeline.days_after).collect();
        // What reaches further than its query moves the controls, too.
        let mut controls = if evidence.scope == Scope::Query {
            Controls::choose(timeline, evidence, &days.into_iter().collect::<Vec<i64>>())
        } else {
            Controls::default()
        };
        let mut common_time = controls.common(timeline, Measure::TimePerCall, &baseline);
        // Controls would have taken out what an event did; without them it is as if the query had been changed. They may
        // be too few on the days that count, too.
        if let Some(event) = known.event_after(since)
            && !is_controlled(timeline, &series, &baseline, common_time.as_ref())
        {
            (earlier, since) = (Some(event), Some(event.at));
            (controls, common_time) = (Controls::default(), None);
            baseline = baseline::days(timeline, evidence, &series, Measure::TimePerCall, since);
        }
        let before = series.sum(timeline, baseline.iter().copied());
        let after = series.sum(timeline, 0..timeline.days_after);
        Examination {
            timeline,
            evidence,
            series,
            old_text_percent,
            earlier,
            baseline,
            controls,
            common_time,
            before,
            after,
        }
    }

    fn since(&self) -> Option<Micros> {
        self.earlier.map(|earlier| earlier.at)
    }

    /// The effect in one measure, and how many controls it was compared with.
    fn estimate(&self, measure: Measure) -> Result<(Estimate, usize), Shortfall> {
        let (own_days, own_common);
        let (days, common) = if measure == Measure::BlocksPerCall {
            own_days =
                baseline::days(self.timeline, self.evidence, &self.series, measure, self.since());
            own_common = self.controls.common(self.timeline, measure, &own_days);
            (&own_days, own_common.as_ref())
        } else {
            (&self.baseline, self.common_time.as_ref())
        };
        let mut found = estimate(self.timeline, &self.series, measure, days, common)?;
        if let Some(event) = self.evidence.circumstances.event_after(self.since())
            && !found.is_controlled
        {
            let since = Some(event.at);
            let days = baseline::days(self.timeline, self.evidence, &self.series, measure, since);
            found = estimate(self.timeline, &self.series, measure, &days, None)?;
        }
        let controls = if found.is_controlled { common.map_or(0, |c| c.controls) } else { 0 };
        Ok((found, controls))
    }

    fn finding(&self) -> Finding {
        let evidence = self.evidence;
        let per_call = self.estimate(Measure::TimePerCall);
        let per_row = evidence.rewritten_as.map(|_| self.estimate(Measure::TimePerRow));
        let rows = rows_per_call(&self.before, &self.after);
        let is_per_row = is_judged_per_row(rows) && matches!(per_row, Some(Ok(_)));
        let blocks = self.estimate(Measure::BlocksPerCall).ok().map(|(found, _)| found.effect);
        let row = per_row.and_then(Result::ok).map(|(found, _)| found.effect);
        let call = per_call.as_ref().ok().map(|(found, _)| found.effect.clone());
        let controls = per_call.as_ref().map_or(0, |(_, controls)| *controls);
        let (judged, contrary) = match (&row, is_per_row) {
            (Some(row), true) => (Ok(row.clone()), call.as_ref()),
            _ => (per_call.map(|(found, _)| found.effect), None),
        };
        let alpha = alpha(evidence.look, evidence.first_look_taken);
        let grounds = Grounds {
            circumstances: &evidence.circumstances,
            alpha,
            predicted_improvement_percent: evidence.predicted_improvement_percent,
            awaits_new_query: evidence.rewritten_as.is_some_and(<[_]>::is_empty),
            calls: (self.before.calls, self.after.calls),
            calls_per_hour: self.calls_per_hour(),
            observed_share: self.timeline.observed_share_after(),
            lossy_share: self.series.lossy_share_after(self.timeline),
            observed_days_before: baseline::observed_days(self.timeline, evidence, self.since()),
            baseline_since: self.earlier.map(|earlier| earlier.words.as_str()),
            time: &judged,
            contrary,
            blocks: blocks.as_ref(),
            is_controlled: controls > 0,
            agreement: (evidence.scope == Scope::Server)
                .then(|| server_wide::agreement(self.timeline, evidence, self.since())),
            unit: if is_per_row { "a row" } else { "a call" },
        };
        let (reason, sentence) = decide(&grounds);
        let mut finding = empty(reason, sentence);
        finding.old_text_percent = self.old_text_percent;
        finding.notes = self.notes(&grounds, rows, is_per_row);
        // What was not there, or cannot be compared, has no effect, whatever the arithmetic says.
        if matches!(
            reason,
            Reason::NotApplied | Reason::EpochChange | Reason::QueryVanished | Reason::Error
        ) {
            return finding;
        }
        finding.controls = controls;
        finding.mode = if controls > 0 { Mode::Controlled } else { Mode::Uncontrolled };
        finding.is_per_row = is_per_row;
        let shown = |effect: &Option<Effect>| effect.as_ref().map(ShownEffect::from);
        finding.blocks_effect = shown(&blocks);
        if evidence.rewritten_as.is_some() {
            finding.per_call_effect = shown(&call);
            finding.per_row_effect = shown(&row);
        }
        if reason == Reason::FewerBlocks {
            finding.basis = Basis::Blocks;
        }
        finding.side_effect = side_effects::worst(
            self.timeline,
            evidence,
            self.common_time.as_ref(),
            self.since(),
            alpha,
        );
        if let Ok(effect) = &judged {
            self.describe(&mut finding, effect, alpha);
        }
        finding
    }

    fn describe(&self, finding: &mut Finding, effect: &Effect, alpha: f64) {
        finding.effect = Some(ShownEffect::from(effect));
        finding.probability_improved = Some(effect.probability_below(-margin()));
        let smallest = improvement_percent(-smallest_visible_effect(effect, alpha, margin()));
        finding.smallest_visible_effect_percent = Some(smallest);
        if finding.reason != Reason::Power {
            return;
        }
        let promised = promise(self.evidence.predicted_improvement_percent);
        let calls_of_a_day = self.after.calls / effect.days_after.max(1) as f64;
        finding.more_calls_needed =
            more_calls_needed(effect, alpha, margin(), promised, calls_of_a_day);
        let wait = match finding.more_calls_needed {
            Some(calls) => format!("about {calls} more calls would settle it"),
            None => "more calls would not settle it, a longer baseline may".to_owned(),
        };
        finding.sentence = format!(
            "{}; the smallest improvement likely to be seen by now is {smallest:.1} %, {wait}",
            finding.sentence
        );
    }

    /// Calls per observed hour before and after; `None` where nothing was observed.
    fn calls_per_hour(&self) -> Option<(f64, f64)> {
        let hours = |days: &mut dyn Iterator<Item = i64>| {
            days.map(|day| self.timeline.observed_hours(day)).sum::<f64>()
        };
        let before = hours(&mut self.baseline.iter().copied());
        let after = hours(&mut (0..self.timeline.days_after));
        (before > 0.0 && after > 0.0)
            .then(|| (self.before.calls / before, self.after.calls / after))
    }

    fn notes(
        &self,
        grounds: &Grounds,
        rows_per_call: Option<(f64, f64)>,
        is_per_row: bool,
    ) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some((before, after)) = grounds.calls_per_hour
            && rate_changed(before, after)
        {
            notes.push(format!("calls per hour went from {before:.1} to {after:.1}"));
        }
        if let Some(percent) = self.old_text_percent.filter(|p| *p >= OLD_TEXT_NOTED_PERCENT) {
            notes.push(format!("{percent:.1} % of the calls still use the old text"));
        }
        if let (Some((before, after)), true) = (rows_per_call, is_per_row) {
            notes.push(format!(
                "rows per call went from {before:.1} to {after:.1}, so time per row is judged"
            ));
        }
        if let Some(earlier) = self.earlier {
            notes.push(format!("days before that are not compared with: {}", earlier.words));
        }
        if self.evidence.scope != Scope::Query {
            notes
                .push("the change reaches other queries, too, so none is compared with".to_owned());
        } else if !grounds.is_controlled {
            notes.push(format!(
                "fewer than {MIN_CONTROLS} other queries are suitable to compare with"
            ));
        }
        notes
    }
}

/// Whether controls have a value on enough of the days for a comparison with them.
fn is_controlled(
    timeline: &Timeline,
    series: &Series,
    baseline: &[i64],
    common: Option<&Common>,
) -> bool {
    let found = estimate(timeline, series, Measure::TimePerCall, baseline, common);
    common.is_some() && found.map_or(true, |found| found.is_controlled)
}

#[cfg(test)]
#[path = "examine_tests.rs"]
mod tests;
