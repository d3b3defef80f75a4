//! What was done, and whether it helped: predicted against actual, and the same as numbers.

use maud::{Markup, html};

use super::{left_out, nothing, titled};
use crate::report::document::{Document, Head, Outcome};
use crate::report::moment::{date, date_and_minute};
use crate::report::number::{milliseconds, percent, seconds, span};
use crate::report::plot::improvement::{axis, axis_of, strip};
use crate::report::plot::mark::{Mark, inline, labelled};
use crate::report::scale::Scale;
use crate::report::text::{SENTENCE_CHARACTERS, in_one_line};

pub fn section(document: &Document) -> Markup {
    let listed = &document.results;
    let content = html! {
        @if listed.rows.is_empty() {
            (nothing("No change was recorded or measured in this period.",
                &format!("Whoever applies a recommendation says so, and {} later there is a verdict:", wait_of(&document.head)),
                "SELECT * FROM optimizer.record_recommendation_implementation(1, implementation_notes => 'built at noon');"))
        } @else {
            p.note { "How much less time a call takes. Found is what is left after taking out the hours of the day, the trend and what moved other queries, too, with its 95 % interval." }
            p.legend {
                span { (inline(Mark::Predicted)) "predicted" }
                @for mark in [Mark::Improved, Mark::NotImproved, Mark::Regressed, Mark::Inconclusive, Mark::Pending] { (labelled(mark)) }
                span { "◂ beyond the axis" }
            }
            (table(&listed.rows))
            (left_out(listed.left_out(), "implementation", "SELECT * FROM optimizer.implementations"))
        }
    };
    titled("results", "What came of it", &content)
}

/// From the first look to the last; one span where the settings leave no time between the two.
fn wait_of(head: &Head) -> String {
    let (first, last) = (head.measure_after_seconds, head.measure_deadline_seconds);
    if first < last { format!("between {} and {}", span(first), span(last)) } else { span(first) }
}

fn table(outcomes: &[Outcome]) -> Markup {
    let scale = axis_of(outcomes);
    html! {
        table.results {
            caption.unseen-caption { "Predicted against actual improvement of each implementation" }
            thead {
                tr {
                    th scope="col" { "Change" }
                    th.plot scope="col" { span.unseen-caption { "Predicted against found" } (axis(&scale)) }
                    th.number scope="col" { "Predicted" }
                    th.number scope="col" { "Found, 95 % interval" }
                    th.number scope="col" { "Call, before → after" }
                    th scope="col" { "Verdict" }
                }
            }
            @for outcome in outcomes { (rows(outcome, &scale)) }
        }
    }
}

/// An implementation: its figures, and below them what the verdict rests on.
fn rows(outcome: &Outcome, scale: &Scale) -> Markup {
    html! {
        tbody data-implementation=(outcome.id) {
            tr {
                th scope="row" {
                    bdi { (in_one_line(&outcome.text, 110)) }
                    small { "no. " (outcome.id) ", " (date(outcome.implemented_at)) " by " bdi { (in_one_line(&outcome.implemented_by, 63)) }
                        @if outcome.status == "reverted" { ", taken back" } }
                }
                td.plot { (strip(outcome, scale)) }
                td.number data-label="Predicted" { (percent(outcome.predicted_percent)) }
                td.number data-label="Found, 95 % interval" { (percent(outcome.adjusted_percent))
                    @if outcome.low_percent.is_some() { small { (interval(outcome)) } }
                    @else if outcome.actual_percent.is_some() { small { "plain means: " (percent(outcome.actual_percent)) } } }
                td.number data-label="Call, before → after" { (milliseconds(outcome.mean_before_ms)) " → " (milliseconds(outcome.mean_after_ms))
                    @if let Some(saved) = outcome.seconds_saved_per_day { small { (saving(saved)) } } }
                td data-label="Verdict" {
                    @if outcome.ended_without_verdict() { "none" } @else { (labelled(Mark::of_verdict(outcome.verdict.as_deref()))) }
                }
            }
            tr.why { td colspan="6" { (why(outcome)) } }
        }
    }
}

fn interval(outcome: &Outcome) -> String {
    match (outcome.low_percent, outcome.high_percent) {
        (Some(low), Some(high)) => format!("{} to {}", percent(Some(low)), percent(Some(high))),
        _ => percent(None),
    }
}

fn saving(seconds_per_day: f64) -> String {
    if seconds_per_day < 0.0 {
        format!("costs {} a day", seconds(Some(-seconds_per_day)))
    } else {
        format!("saves {} a day", seconds(Some(seconds_per_day)))
    }
}

fn why(outcome: &Outcome) -> Markup {
    html! {
        @if let Some(reason) = &outcome.reason {
            bdi { (capitalised(&in_one_line(sentence_of(reason), SENTENCE_CHARACTERS))) } "."
        } @else if let Some(first) = outcome.first_look_at.filter(|_| !outcome.ended_without_verdict()) {
            "First look from " (date_and_minute(first)) " on."
        }
        @if let Some(notes) = &outcome.notes {
            " " bdi { (capitalised(&in_one_line(notes, SENTENCE_CHARACTERS))) } "."
        }
    }
}

/// As a sentence begins, unless it begins with a name (`shop.orders`, `work_mem`).
fn capitalised(sentence: &str) -> String {
    let first_word = sentence.split(' ').next().unwrap_or("");
    if !first_word.chars().all(char::is_alphabetic) {
        return sentence.to_owned();
    }
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A reason without its name: "slower: a call takes ..." says what follows the colon.
pub fn sentence_of(reason: &str) -> &str {
    match reason.split_once(": ") {
        Some((name, sentence))
            if name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_') =>
        {
            sentence
        }
        _ => reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_back_without_a_verdict_is_not_being_measured() {
        let of = |status: &str| {
            let outcome = Outcome {
                status: status.to_owned(),
                first_look_at: Some(0.0),
                ..Outcome::default()
            };
            let outcomes = [outcome];
            rows(&outcomes[0], &axis_of(&outcomes)).into_string()
        };
        for (status, is_measured) in [("pending", true), ("reverted", false)] {
            let page = of(status);
            assert_eq!(page.contains("measuring"), is_measured, "{page}");
            assert_eq!(page.contains("First look from"), is_measured, "{page}");
        }
    }
}
