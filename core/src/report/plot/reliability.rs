//! Confidences held against what came: per kind of advice as a strip (stated, learned), and over all as a plot of said
//! against came, where what lies on the diagonal was worth its number.

use maud::{Markup, html};

use super::across;
use crate::report::document::{LearnedKind, Reliability};
use crate::report::number::{confidence, share};
use crate::report::scale::{Scale, ticks};
use crate::report::text::counted;

const STRIP_HEIGHT: f64 = 26.0;
const HEIGHT: f64 = 220.0;

/// The strip of a kind on an axis from 0 to 1.
pub fn strip(kind: &LearnedKind) -> Markup {
    let scale = Scale::new((0.0, 1.0), (0.0, 100.0));
    let at = |value: Option<f64>| value.and_then(|value| Some((value, scale.at(value)?)));
    let middle = STRIP_HEIGHT / 2.0;
    html! {
        svg.strip width="100%" height=(STRIP_HEIGHT) role="img" data-plot="confidence" data-scale-low="0" data-scale-high="1" {
            title { "Confidence: stated " (confidence(kind.stated)) ", learned " (confidence(kind.learned)) }
            @for tick in [0.0, 50.0, 100.0] {
                line.grid x1=(across(tick)) x2=(across(tick)) y1="0" y2=(STRIP_HEIGHT) {}
            }
            @if let (Some((low, from)), Some((high, to))) = (at(kind.learned_low), at(kind.learned_high)) {
                line.interval.learned data-low=(low) data-high=(high) x1=(across(from)) x2=(across(to)) y1=(middle) y2=(middle) {}
            }
            @if let Some((value, x)) = at(kind.stated) {
                use.mark.predicted data-series="stated" data-value=(value) href="#mark-predicted" x=(across(x)) y=(middle) {}
            }
            @if let Some((value, x)) = at(kind.learned) {
                use.mark.learned data-series="learned" data-value=(value) href="#mark-improved" x=(across(x)) y=(middle) {}
            }
        }
    }
}

/// Said against came; nothing without a bin that has both.
pub fn plot(bins: &[Reliability]) -> Option<Markup> {
    let scale = Scale::new((0.0, 1.0), (0.0, 100.0));
    let height = Scale::new((0.0, 1.0), (HEIGHT, 0.0));
    let bins: Vec<(f64, f64, &Reliability)> = bins
        .iter()
        .filter_map(|bin| {
            let (said, came) = (bin.said?, bin.came?);
            (said.is_finite() && came.is_finite()).then_some((said, came, bin))
        })
        .collect();
    if bins.is_empty() {
        return None;
    }
    Some(html! {
        div.chart.square {
            svg width="100%" height=(HEIGHT + 34.0) role="img" data-plot="reliability" data-scale-low="0" data-scale-high="1" data-height=(HEIGHT) {
                title { "Confidence that was shown against the share that worked" }
                desc { "On the diagonal a confidence was worth its number; below it too much was promised." }
                @for tick in ticks(0.0, 1.0, 4) {
                    @if let (Some(x), Some(y)) = (scale.at(tick), height.at(tick)) {
                        line.grid x1="0" x2="100%" y1=(y) y2=(y) {}
                        text.y-label x="-8" y=(y + 4.0) { (share(Some(tick))) }
                        text.x-label x=(across(x)) y=(HEIGHT + 15.0) { (share(Some(tick))) }
                    }
                }
                text.x-label x="50%" y=(HEIGHT + 31.0) { "confidence shown" }
                line.diagonal x1="0" y1=(HEIGHT) x2="100%" y2="0" {}
                @for (said, came, bin) in bins {
                    @if let (Some(x), Some(y)) = (scale.at(said), height.at(came)) {
                        @if let (Some(low), Some(high)) = (bin.came_low.and_then(|low| height.at(low)), bin.came_high.and_then(|high| height.at(high))) {
                            line.interval.learned x1=(across(x)) x2=(across(x)) y1=(low) y2=(high) {}
                        }
                        use.mark.learned data-said=(said) data-came=(came) href="#mark-improved" x=(across(x)) y=(y) {
                            title { "Shown " (share(Some(said))) ", worked " (share(Some(came))) ", " (counted(bin.outcomes, "outcome")) }
                        }
                    }
                }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bin_lies_at_what_was_said_and_what_came() {
        let bin = Reliability {
            outcomes: 3,
            said: Some(0.8),
            came: Some(0.25),
            came_low: Some(0.1),
            came_high: Some(0.6),
        };
        let drawn = plot(&[bin]).unwrap().into_string();
        assert!(
            drawn.contains(
                r##"data-said="0.8" data-came="0.25" href="#mark-improved" x="80%" y="165""##
            ),
            "{drawn}"
        );
    }

    #[test]
    fn what_is_no_number_is_not_drawn() {
        assert!(
            plot(&[Reliability {
                said: Some(f64::NAN),
                came: Some(0.5),
                ..Reliability::default()
            }])
            .is_none()
        );
        let strip = strip(&LearnedKind {
            stated: Some(f64::NAN),
            learned: Some(0.5),
            ..LearnedKind::default()
        });
        let strip = strip.into_string();
        assert!(
            !strip.contains(r#"data-series="stated""#)
                && strip.contains(r#"data-series="learned" data-value="0.5""#)
        );
    }
}
