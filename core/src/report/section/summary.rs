//! What a manager reads: one sentence, and the numbers it rests on.

use maud::{Markup, html};

use super::titled;
use crate::report::document::{Document, Summary};
use crate::report::number::{grouped, millionths, percent, seconds, share, span_alone};
use crate::report::plot::mark::{Mark, labelled};
use crate::report::text::counted;

pub fn section(document: &Document) -> Markup {
    let summary = &document.summary;
    let content = html! {
        p.lede { (sentence(summary, document.head.recent_seconds())) }
        dl.numbers {
            (number("Open recommendations", &grouped(summary.open_recommendations as f64), "waiting for a decision"))
            (number("Expected saving", &per_hour(summary.total_expected_saving_ms_per_hour), "of database time an hour, if all of them are followed"))
            (number("Open ROI potential", &millionths(summary.total_roi_potential), "millionths; confidence × improvement × urgency, added up"))
            (number("Saved per day", &seconds(summary.seconds_saved_per_day), "of database time, by changes in effect"))
        }
        @if summary.judged() + summary.pending > 0 {
            ul.verdicts aria-label="Verdicts so far" {
                @for (mark, count) in [
                    (Mark::Improved, summary.improved),
                    (Mark::NotImproved, summary.not_improved),
                    (Mark::Regressed, summary.regressed),
                    (Mark::Inconclusive, summary.inconclusive),
                    (Mark::Pending, summary.pending),
                ] {
                    li.none[count == 0] { strong { (grouped(count as f64)) } " " (labelled(mark)) }
                }
                @if let Some(accuracy) = summary.mean_accuracy {
                    li { strong { (share(Some(accuracy))) } " mean accuracy of predictions" }
                }
            }
        }
    };
    titled("summary", "Summary", &content)
}

fn number(name: &str, value: &str, explained: &str) -> Markup {
    html! { div { dt { (name) } dd { strong { (value) } span { (explained) } } } }
}

fn per_hour(ms: Option<f64>) -> String {
    seconds(ms.map(|ms| ms / 1000.0))
}

/// What there is to gain, then what was gained; recent is what ran in so many seconds.
pub fn sentence(summary: &Summary, recent_seconds: f64) -> String {
    format!("{} {}", to_gain(summary, recent_seconds), gained(summary))
}

fn to_gain(summary: &Summary, recent_seconds: f64) -> String {
    if summary.open_recommendations == 0 {
        return "There is no open recommendation.".to_owned();
    }
    let (verb, them) =
        if summary.open_recommendations == 1 { ("waits", "it") } else { ("wait", "all of them") };
    let changes = counted(summary.open_recommendations, "recommendation");
    match summary.total_expected_saving_ms_per_hour {
        Some(saving) if saving > 0.0 => {
            let of_load = summary
                .load_ms_per_hour
                .filter(|load| *load > 0.0 && saving <= *load)
                .map_or(String::new(), |load| {
                    format!(", {} of the present load", percent(Some(saving / load * 100.0)))
                });
            format!(
                "{changes} {verb}; following {them} is expected to save {} of database time an hour{of_load}.",
                per_hour(Some(saving))
            )
        }
        _ => format!(
            "{changes} {verb}; none concerns a query that ran in the last {}.",
            span_alone(recent_seconds)
        ),
    }
}

fn gained(summary: &Summary) -> String {
    let judged = summary.judged();
    if judged == 0 {
        return match summary.pending {
            0 => "No change has been recorded yet, so nothing is proven so far.".to_owned(),
            pending => format!("{} being measured; nothing is proven so far.", is_or_are(pending)),
        };
    }
    let told = [
        (summary.improved, "helped"),
        (summary.not_improved, "did not do what was promised"),
        (summary.regressed, "made things worse"),
        (summary.inconclusive, "could not be judged"),
    ];
    let told: Vec<String> = told
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", grouped(count as f64)))
        .collect();
    let (last, first) = match told.split_last() {
        Some((last, first)) if !first.is_empty() => {
            (last.clone(), format!("{} and ", first.join(", ")))
        }
        Some((last, _)) => (last.clone(), String::new()),
        None => (String::new(), String::new()),
    };
    let saved = match summary.seconds_saved_per_day {
        Some(saved) if saved > 0.0 => {
            format!("; what is in effect saves {} of database time a day", seconds(Some(saved)))
        }
        Some(saved) if saved < 0.0 => format!(
            "; what is in effect costs {} of database time a day more",
            seconds(Some(-saved))
        ),
        _ => String::new(),
    };
    format!("Of {}, {first}{last}{saved}.", counted(judged, "measured change"))
}

fn is_or_are(count: i64) -> String {
    format!("{} {}", counted(count, "change"), if count == 1 { "is" } else { "are" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(summary: &Summary) -> String {
        super::sentence(summary, 86_400.0)
    }

    #[test]
    fn what_did_not_run_lately_says_since_when() {
        let summary = Summary { open_recommendations: 2, ..Summary::default() };
        let said = |width: f64| super::sentence(&summary, 24.0 * width);
        let none = "2 recommendations wait; none concerns a query that ran in the last";
        assert!(said(3600.0).starts_with(&format!("{none} 24 hours. ")), "{}", said(3600.0));
        assert!(said(300.0).starts_with(&format!("{none} 2 hours. ")), "{}", said(300.0));
        assert!(said(150.0).starts_with(&format!("{none} hour. ")), "{}", said(150.0));
        assert!(said(1.0).starts_with(&format!("{none} 24 seconds. ")), "{}", said(1.0));
    }

    #[test]
    fn an_empty_database_promises_nothing_and_claims_nothing() {
        assert_eq!(
            sentence(&Summary::default()),
            "There is no open recommendation. No change has been recorded yet, so nothing is proven so far."
        );
    }

    #[test]
    fn what_was_gained_is_told_with_what_went_wrong() {
        let summary = Summary {
            open_recommendations: 4,
            total_expected_saving_ms_per_hour: Some(52_000.0),
            load_ms_per_hour: Some(520_000.0),
            improved: 1,
            not_improved: 1,
            regressed: 1,
            seconds_saved_per_day: Some(5128.0),
            ..Summary::default()
        };
        assert_eq!(
            sentence(&summary),
            "4 recommendations wait; following all of them is expected to save 52\u{a0}s of database time an hour, 10\u{a0}% of the present load. \
             Of 3 measured changes, 1 helped, 1 did not do what was promised and 1 made things worse; what is in effect saves 85.5\u{a0}min of database time a day."
        );
    }

    #[test]
    fn a_loss_is_called_one() {
        let summary =
            Summary { regressed: 1, seconds_saved_per_day: Some(-90.0), ..Summary::default() };
        assert!(sentence(&summary).ends_with("Of 1 measured change, 1 made things worse; what is in effect costs 90\u{a0}s of database time a day more."));
    }

    #[test]
    fn more_than_the_load_is_no_share_of_it() {
        let summary = Summary {
            open_recommendations: 1,
            total_expected_saving_ms_per_hour: Some(2.0),
            load_ms_per_hour: Some(1.0),
            ..Summary::default()
        };
        assert!(!sentence(&summary).contains("present load"));
    }
}
