//! How far each kind of advice can be trusted, and how far the verdicts themselves.

use maud::{Markup, html};

use super::{left_out, nothing, titled};
use crate::report::document::{Document, LearnedKind, SelfCheck};
use crate::report::number::{confidence, grouped, share};
use crate::report::plot::mark::{Mark, inline};
use crate::report::plot::reliability::{plot, strip};
use crate::report::text::{counted, in_one_line, spaced};

pub fn section(document: &Document) -> Markup {
    let learning = &document.learning;
    let content = html! {
        @if learning.kinds.rows.is_empty() {
            (nothing("No outcome has come in yet: confidence and forecast are what each source states.",
                "They move with every verdict improved, not improved or regressed.", ""))
        } @else {
            p.legend { span { (inline(Mark::Predicted)) "confidence stated by the source" } span.learned { (inline(Mark::Improved)) "learned, with its 95 % interval" } }
            table.results.kinds {
                caption.unseen-caption { "Confidence of each kind of advice, stated and learned" }
                thead { tr {
                    th scope="col" { "Kind of advice" }
                    th.plot scope="col" { span.ends { span { "0" } span { "confidence" } span { "1" } } }
                    th.number scope="col" { "Stated" } th.number scope="col" { "Learned" } th.number scope="col" { "Worked" }
                    th.number scope="col" { "Of the promise came" } th.number scope="col" { "Does harm" } th.number scope="col" { "Outcomes" }
                } }
                tbody { @for kind in &learning.kinds.rows { (row(kind)) } }
            }
            (left_out(learning.kinds.left_out(), "kind", "SELECT * FROM optimizer.calibration"))
            @if let Some(plot) = plot(&learning.reliability) {
                figure.reliability {
                    figcaption { strong { "Was a confidence worth its number?" }
                        span { "Of the advice that was shown with about such a confidence, the share that worked. On the dashed line it is exactly as said." } }
                    (plot)
                }
            }
        }
        (self_check(&document.self_check))
    };
    titled("learning", "How far to trust it", &content)
}

fn row(kind: &LearnedKind) -> Markup {
    html! {
        tr {
            th scope="row" { bdi { (in_one_line(&kind.kind, 60)) } small { (spaced(&kind.source_type)) ", by " bdi { (in_one_line(&kind.made_by, 63)) } } }
            td.plot { (strip(kind)) }
            td.number data-label="Stated" { (confidence(kind.stated)) }
            td.number data-label="Learned" { (confidence(kind.learned)) }
            td.number data-label="Worked" { (share(kind.success_rate)) }
            td.number data-label="Of the promise came" { (share(kind.realisation_rate)) }
            td.number data-label="Does harm" { (share(kind.harm_rate)) }
            td.number data-label="Outcomes" { (grouped(kind.outcomes as f64)) small { (grouped(kind.inconclusive as f64)) " inconclusive" } }
        }
    }
}

fn self_check(check: &SelfCheck) -> Markup {
    html! {
        h3 { "How often is a verdict wrong here?" }
        @match check.rate {
            Some(rate) => p { "Tried on " (counted(check.trials, "change")) " that nobody made, at random moments of this database's own past: "
                strong { (share(Some(rate))) } " ended improved or regressed (95 % interval " (share(check.rate_low)) " to " (share(check.rate_high))
                "); 5 % is what is promised." }
            None => p { "Not known yet: it takes three observed days before, and the time to the deadline after, a moment at which nobody changed anything." }
        }
        p.note { "More trials: " code { "SELECT * FROM optimizer.self_check(1000);" } }
    }
}
