//! Before and after: the time of each changed query around its change.

use maud::{Markup, html};

use super::{nothing, titled};
use crate::report::document::{Change, Document};
use crate::report::moment::date_and_minute;
use crate::report::number::{milliseconds, seconds};
use crate::report::plot::before_after::plot;
use crate::report::plot::mark::{Mark, labelled};
use crate::report::text::in_one_line;

pub fn section(document: &Document) -> Markup {
    let changes = &document.changes;
    let left_out = i64::try_from(changes.len()).map_or(0, |shown| document.results.total - shown);
    let content = html! {
        @if changes.is_empty() {
            (nothing("There is no change to look at.", "Each recorded implementation is drawn here, with the time of its query before and after.", ""))
        } @else {
            p.note { "Mean time of a call; the red line is the moment of the change, the level lines are the means on either side." }
            div.charts { @for change in changes { (one(change)) } }
            @if left_out > 0 { p.left-out { "The newest " (changes.len()) " of " (document.results.total) " are drawn." } }
        }
    };
    titled("changes", "Before and after", &content)
}

fn one(change: &Change) -> Markup {
    html! {
        figure {
            figcaption {
                strong { bdi { (in_one_line(&change.text, 110)) } }
                span { (labelled(Mark::of_verdict(change.verdict.as_deref()))) " no. " (change.implementation_id) ", " (date_and_minute(change.changed_at)) }
                span { (milliseconds(change.mean_before_ms)) " before, " (milliseconds(change.mean_after_ms)) " after; a point is " (seconds(Some(change.step_seconds))) }
            }
            @match plot(change) {
                Some(plot) => (plot),
                None => div.nothing { p { "Its buckets are gone or it was not called: nothing to draw." } },
            }
        }
    }
}
