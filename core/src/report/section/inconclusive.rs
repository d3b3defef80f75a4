//! What could not be judged, why, and what would settle it.

use maud::{Markup, html};

use super::{nothing, titled};
use crate::report::document::{Document, Outcome};
use crate::report::number::{grouped, percent, span};
use crate::report::section::results::sentence_of;
use crate::report::text::{SENTENCE_CHARACTERS, in_one_line};

pub fn section(document: &Document) -> Markup {
    let undecided: Vec<&Outcome> =
        document.results.rows.iter().filter(|o| is_undecided(o)).collect();
    let content = html! {
        @if undecided.is_empty() {
            (nothing("No verdict of this period is inconclusive.", "", ""))
        } @else {
            table.stacked {
                caption.unseen-caption { "Inconclusive verdicts, why, and what would settle them" }
                thead { tr { th scope="col" { "Change" } th scope="col" { "Why it is open" } th scope="col" { "What would settle it" } } }
                tbody {
                    @for outcome in undecided {
                        tr {
                            th scope="row" { bdi { (in_one_line(&outcome.text, 110)) } small { "no. " (outcome.id) } }
                            td data-label="Why" { bdi { (in_one_line(sentence_of(outcome.reason.as_deref().unwrap_or("no reason is known")), SENTENCE_CHARACTERS)) } }
                            td data-label="What would settle it" { (remedy(outcome, document.head.measure_deadline_seconds)) }
                        }
                    }
                }
            }
        }
    };
    titled("inconclusive", "What could not be judged", &content)
}

fn is_undecided(outcome: &Outcome) -> bool {
    outcome.verdict.as_deref() == Some("inconclusive") || outcome.status == "failed"
}

/// What would make it conclusive, by the name of the reason (`optimizer_core::verdict::finding::Reason`), where the last look comes so many
/// seconds after a change.
pub fn remedy(outcome: &Outcome, deadline_seconds: f64) -> String {
    let reason = outcome.reason.as_deref().unwrap_or("");
    let name = reason.split(':').next().unwrap_or("");
    match name {
        "not_applied" => "Make the change as recommended and record it again: what was recorded was not there at the look.".to_owned(),
        "coverage" => "Keep the worker, or run_maintenance(), running: at least 80 % of the time after a change has to be observed.".to_owned(),
        "too_few_calls" => "A query that is called more often: a day counts with 20 calls or more. Record it again when it is busier.".to_owned(),
        "short_baseline" => "Two whole observed days before the change, besides the day right before it. Let it be observed longer before the next change.".to_owned(),
        "query_vanished" => "Name the new query: SELECT optimizer.set_implementation_query(implementation, new_query_hash), before the deadline.".to_owned(),
        "epoch_change" => "Measure it again: the server is another one than before the change, its figures cannot be compared.".to_owned(),
        "confounded" => format!("One change at a time on a table: leave {} between two of them.", span(deadline_seconds)),
        "uncontrolled" => "At least five busy queries on other tables to compare with, or no restart and no other setting in the same days.".to_owned(),
        "workload_shift" => "A time in which the query is called about as often as before the change.".to_owned(),
        "error" => "The look failed: SELECT id, error_message FROM optimizer.implementations WHERE status = 'failed'.".to_owned(),
        "power" => more_calls(outcome),
        _ if outcome.status == "failed" => "The look failed: SELECT id, error_message FROM optimizer.implementations WHERE status = 'failed'.".to_owned(),
        _ => "See docs/measurement.md for the reason.".to_owned(),
    }
}

fn more_calls(outcome: &Outcome) -> String {
    let visible = outcome.smallest_visible_percent.filter(|smallest| smallest.is_finite()).map_or(
        String::new(),
        |smallest| {
            format!(" An improvement below {} could not have been seen.", percent(Some(smallest)))
        },
    );
    match outcome.more_calls_needed {
        Some(calls) if calls > 0 => {
            format!("About {} more calls at the same effect.{visible}", grouped(calls as f64))
        }
        _ => format!(
            "More calls alone would not: the query's days differ too much from each other.{visible}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::finding::Reason;

    fn remedy(outcome: &Outcome) -> String {
        super::remedy(outcome, 172_800.0)
    }

    #[test]
    fn every_reason_without_a_verdict_has_a_remedy_of_its_own() {
        let reasons = [
            Reason::NotApplied,
            Reason::Coverage,
            Reason::TooFewCalls,
            Reason::ShortBaseline,
            Reason::QueryVanished,
            Reason::EpochChange,
            Reason::Confounded,
            Reason::Uncontrolled,
            Reason::WorkloadShift,
            Reason::Power,
            Reason::Error,
        ];
        let unknown = remedy(&Outcome::default());
        for reason in reasons {
            let outcome = Outcome {
                reason: Some(format!("{}: so it is", reason.name())),
                ..Outcome::default()
            };
            assert_ne!(remedy(&outcome), unknown, "{}", reason.name());
        }
    }

    #[test]
    fn calls_are_named_where_calls_would_settle_it() {
        let outcome = Outcome {
            reason: Some("power: neither".to_owned()),
            more_calls_needed: Some(12_000),
            smallest_visible_percent: Some(31.0),
            ..Outcome::default()
        };
        assert_eq!(
            remedy(&outcome),
            "About 12,000 more calls at the same effect. An improvement below 31\u{a0}% could not have been seen."
        );
        assert!(
            remedy(&Outcome { more_calls_needed: None, ..outcome })
                .starts_with("More calls alone would not")
        );
    }
}
