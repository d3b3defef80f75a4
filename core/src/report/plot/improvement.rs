//! Predicted against actual: one strip per implementation on an axis that all strips share. A diamond is what was promised; the
//! mark of the verdict what came, with its 95 % interval.
//!
//! Trap: something can get 3,000 % slower, and an axis down to there would show nothing else. The axis goes down to −100 % at the
//! most (twice the time); what lies below ends in an arrow, and its number stands beside it.

use maud::{Markup, html};

use super::across;
use super::mark::Mark;
use crate::report::document::Outcome;
use crate::report::number::percent;
use crate::report::scale::{End, Place, Scale, ticks};

/// Height of a strip, px.
const HEIGHT: f64 = 34.0;
const MIDDLE: f64 = HEIGHT / 2.0;

/// The axis that holds what these outcomes say.
pub fn axis_of(outcomes: &[Outcome]) -> Scale {
    let lowest = outcomes
        .iter()
        .flat_map(|o| [o.predicted_percent, o.adjusted_percent, o.low_percent])
        .flatten()
        .filter(|percent| percent.is_finite())
        .fold(0.0, f64::min);
    let low = [-10.0, -25.0, -50.0].into_iter().find(|low| *low <= lowest).unwrap_or(-100.0);
    Scale::new((low, 100.0), (0.0, 100.0))
}

/// The axis with its numbers, above the strips.
pub fn axis(scale: &Scale) -> Markup {
    html! {
        svg.axis width="100%" height="18" aria-hidden="true" focusable="false" {
            // fewer than the strips have lines: on a phone they would touch
            @for tick in ticks(scale.low(), scale.high(), 2) {
                @if let Some(at) = scale.at(tick) {
                    text x=(across(at)) y="13" text-anchor=(anchor(at)) { (percent(Some(tick))) }
                }
            }
        }
    }
}

/// A number at the end of an axis does not stand out of it.
fn anchor(at: f64) -> &'static str {
    match at {
        at if at < 4.0 => "start",
        at if at > 96.0 => "end",
        _ => "middle",
    }
}

/// The strip of one implementation.
pub fn strip(outcome: &Outcome, scale: &Scale) -> Markup {
    let mark = Mark::of_verdict(outcome.verdict.as_deref());
    let place = |value: Option<f64>| value.and_then(|value| Some((value, scale.place(value)?)));
    html! {
        svg.strip width="100%" height=(HEIGHT) role="img" data-plot="improvement" data-implementation=(outcome.id)
            data-verdict=(mark.name()) data-scale-low=(scale.low()) data-scale-high=(scale.high()) {
            title { (told(outcome, mark)) }
            @for tick in ticks(scale.low(), scale.high(), 4) {
                @if let Some(at) = scale.at(tick) {
                    line.grid.zero[tick == 0.0] x1=(across(at)) x2=(across(at)) y1="0" y2=(HEIGHT) {}
                }
            }
            @if let (Some((low, from)), Some((high, to))) = (place(outcome.low_percent), place(outcome.high_percent)) {
                line.interval.(mark.name()) data-low=(low) data-high=(high) x1=(across(from.at)) x2=(across(to.at)) y1=(MIDDLE) y2=(MIDDLE) {}
                (end(from, mark))
                (end(to, mark))
            }
            @if let Some((value, at)) = place(outcome.predicted_percent) {
                use.mark.predicted data-series="predicted" data-value=(value) href=(shape(at, Mark::Predicted)) x=(across(at.at)) y=(MIDDLE) {}
            }
            @if let Some((value, at)) = place(outcome.adjusted_percent) {
                use.mark.(mark.name()) data-series="actual" data-value=(value) href=(shape(at, mark)) x=(across(at.at)) y=(MIDDLE) {}
            }
        }
    }
}

fn shape(place: Place, mark: Mark) -> String {
    match place.beyond {
        Some(End::Low) => "#mark-beyond-low".to_owned(),
        Some(End::High) => "#mark-beyond-high".to_owned(),
        None => format!("#mark-{}", mark.name()),
    }
}

/// The end of an interval: a short stroke, or an arrow where it goes on.
fn end(place: Place, mark: Mark) -> Markup {
    html! {
        @if place.beyond.is_some() {
            use.mark.(mark.name()) href=(shape(place, mark)) x=(across(place.at)) y=(MIDDLE) {}
        } @else {
            line.interval.(mark.name()) x1=(across(place.at)) x2=(across(place.at)) y1=(MIDDLE - 4.0) y2=(MIDDLE + 4.0) {}
        }
    }
}

fn told(outcome: &Outcome, mark: Mark) -> String {
    let found = match (outcome.adjusted_percent, outcome.low_percent, outcome.high_percent) {
        (Some(_), Some(_), Some(_)) => format!(
            "found {}, 95 % interval {} to {}",
            percent(outcome.adjusted_percent),
            percent(outcome.low_percent),
            percent(outcome.high_percent)
        ),
        _ if outcome.ended_without_verdict() => "nothing found".to_owned(),
        _ => "nothing found yet".to_owned(),
    };
    let verdict = if outcome.ended_without_verdict() { "no verdict" } else { mark.word() };
    format!("Improvement: predicted {}, {found}; {}", percent(outcome.predicted_percent), verdict)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(low: f64, adjusted: f64, high: f64) -> Outcome {
        Outcome {
            id: 7,
            verdict: Some("regressed".to_owned()),
            predicted_percent: Some(80.0),
            low_percent: Some(low),
            adjusted_percent: Some(adjusted),
            high_percent: Some(high),
            ..Outcome::default()
        }
    }

    #[test]
    fn the_axis_reaches_as_low_as_it_must_and_no_lower_than_twice_the_time() {
        assert_eq!(axis_of(&[]).low(), -10.0);
        assert_eq!(axis_of(&[outcome(-12.0, 13.0, 32.0)]).low(), -25.0);
        assert_eq!(axis_of(&[outcome(-3000.0, -2000.0, -1000.0)]).low(), -100.0);
        assert_eq!(axis_of(&[outcome(f64::NAN, 1.0, 2.0)]).low(), -10.0);
    }

    #[test]
    fn three_thousand_percent_slower_ends_in_an_arrow_with_its_number() {
        let outcome = outcome(-4000.0, -3000.0, -50.0);
        let drawn = strip(&outcome, &axis_of(std::slice::from_ref(&outcome))).into_string();
        assert!(
            drawn.contains(
                r##"data-series="actual" data-value="-3000" href="#mark-beyond-low" x="0%""##
            ),
            "{drawn}"
        );
        assert!(drawn.contains(r#"data-low="-4000" data-high="-50" x1="0%" x2="25%""#), "{drawn}");
        assert!(drawn.contains("−3,000\u{a0}%"), "{drawn}");
    }

    #[test]
    fn what_is_no_number_is_not_drawn() {
        for nothing in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let outcome = outcome(nothing, nothing, nothing);
            let drawn = strip(&outcome, &axis_of(std::slice::from_ref(&outcome))).into_string();
            assert!(!drawn.contains("data-low=") && !drawn.contains(r#"data-series="actual""#));
            assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{drawn}");
            assert!(drawn.contains(r#"data-series="predicted" data-value="80""#));
        }
    }

    #[test]
    fn a_mark_lies_where_the_scale_says() {
        let outcome = outcome(-12.4, 12.9, 32.5);
        let drawn = strip(&outcome, &Scale::new((-100.0, 100.0), (0.0, 100.0))).into_string();
        assert!(
            drawn.contains(r##"data-value="12.9" href="#mark-regressed" x="56.45%""##),
            "{drawn}"
        );
        assert!(drawn.contains(r##"data-value="80" href="#mark-predicted" x="90%""##), "{drawn}");
    }
}
