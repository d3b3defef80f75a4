//! The time of a query before and after a change: one point per stretch of time, the moment of the change, and the mean on
//! either side of it.
//!
//! Traps: one call that waited for a lock would squash everything else, so the axis ends at a few times what is usual,
//! and what lies above ends in an arrow. A stretch without calls has no point, and no line leads over it.

use maud::{Markup, html};

use super::across;
use crate::report::document::Change;
use crate::report::moment::{date_and_minute, iso, tick_label};
use crate::report::number::{grouped, milliseconds, milliseconds_at_tick};
use crate::report::scale::{Scale, hundredths, round_up, ticks, time_ticks};

/// Height of the plot, px.
const HEIGHT: f64 = 150.0;

/// The axis ends at that many times the 95th percentile, unless less is there: all but single spikes stay on it. No setting;
/// a judgement of the eye.
const SPIKE: f64 = 2.5;

/// The plot; nothing where there is no point to draw.
pub fn plot(change: &Change) -> Option<Markup> {
    let points: Vec<Drawn> = change
        .points
        .iter()
        .filter_map(|point| {
            let mean = point.mean_ms.filter(|mean| mean.is_finite() && *mean >= 0.0)?;
            let middle = point.at + change.step_seconds / 2.0;
            middle.is_finite().then_some(Drawn { at: point.at, middle, mean, calls: point.calls })
        })
        .collect();
    if points.is_empty() {
        return None;
    }
    let time = Scale::new((change.from, change.until), (0.0, 100.0));
    let height = Scale::new((0.0, round_up(top(change, &points))), (HEIGHT, 0.0));
    Some(drawn(change, &points, &time, &height))
}

struct Drawn {
    at: f64,
    middle: f64,
    mean: f64,
    calls: Option<f64>,
}

/// What the axis has to reach, ms.
fn top(change: &Change, points: &[Drawn]) -> f64 {
    let mut means: Vec<f64> = points.iter().map(|point| point.mean).collect();
    means.sort_by(f64::total_cmp);
    let most = means.last().copied().unwrap_or(0.0);
    let usual = means.get((means.len() * 95 / 100).min(means.len() - 1)).copied().unwrap_or(most);
    // both means are to be seen, however few points one of them has
    let sides = [change.mean_before_ms, change.mean_after_ms];
    let means = sides.into_iter().flatten().filter(|mean| mean.is_finite()).fold(0.0, f64::max);
    most.min((usual * SPIKE).max(means * 1.2))
}

fn drawn(change: &Change, points: &[Drawn], time: &Scale, height: &Scale) -> Markup {
    let (moments, step) = time_ticks(time.low(), time.high(), 5);
    let moment = time.at(change.changed_at).unwrap_or(0.0);
    html! {
        div.chart {
            svg width="100%" height=(HEIGHT + 22.0) role="img" data-plot="before-after" data-implementation=(change.implementation_id)
                data-scale-low=(height.low()) data-scale-high=(height.high()) data-height=(HEIGHT)
                data-step-seconds=(change.step_seconds) data-time-low=(time.low()) data-time-high=(time.high()) {
                title { (told(change)) }
                desc { (grouped(points.len() as f64)) " points, each the mean time of a call in a stretch of time; the change is at " (date_and_minute(change.changed_at)) "." }
                rect.after-area x=(across(moment)) y="0" width=(across(hundredths(100.0 - moment))) height=(HEIGHT) {}
                @for tick in ticks(0.0, height.high(), 4) {
                    @if let Some(y) = height.at(tick) {
                        line.grid.zero[tick == 0.0] x1="0" x2="100%" y1=(y) y2=(y) {}
                        text.y-label x="-8" y=(y + 4.0) { (milliseconds_at_tick(tick)) }
                    }
                }
                @for tick in moments {
                    @if let Some(x) = time.at(tick).filter(|x| (3.0..=97.0).contains(x)) {
                        line.grid x1=(across(x)) x2=(across(x)) y1=(HEIGHT) y2=(HEIGHT + 4.0) {}
                        text.x-label x=(across(x)) y=(HEIGHT + 17.0) { (tick_label(tick, step)) }
                    }
                }
                (line(change, points, time, height))
                (mean_line("before", change.mean_before_ms, (0.0, moment), height))
                (mean_line("after", change.mean_after_ms, (moment, 100.0), height))
                line.moment data-at=(change.changed_at) x1=(across(moment)) x2=(across(moment)) y1="-6" y2=(HEIGHT) {}
                @for point in points {
                    (dot(point, time, height, point.at < change.changed_at))
                }
            }
        }
    }
}

/// From point to point, as long as no stretch lies between them that has none.
fn line(change: &Change, points: &[Drawn], time: &Scale, height: &Scale) -> Markup {
    let runs = points.chunk_by(|one, next| {
        next.at - one.at <= change.step_seconds * 1.5
            && (one.at < change.changed_at) == (next.at < change.changed_at)
    });
    html! {
        svg x="0" y="0" width="100%" height=(HEIGHT) viewBox=(format!("0 0 100 {HEIGHT}")) preserveAspectRatio="none" {
            @for run in runs.filter(|run| run.len() > 1) {
                @let places = run.iter().filter_map(|point| Some(format!("{},{}", time.at(point.middle)?, height.at(point.mean)?)));
                polyline.line points=(places.collect::<Vec<_>>().join(" ")) {}
            }
        }
    }
}

fn mean_line(side: &str, mean: Option<f64>, (from, to): (f64, f64), height: &Scale) -> Markup {
    html! {
        @if let Some((mean, y)) = mean.and_then(|mean| Some((mean, height.at(mean)?))) {
            line.mean.(side) data-series=(format!("mean-{side}")) data-value=(mean) x1=(across(from)) x2=(across(to)) y1=(y) y2=(y) {}
        }
    }
}

fn dot(point: &Drawn, time: &Scale, height: &Scale, is_before: bool) -> Markup {
    let side = if is_before { "before" } else { "after" };
    html! {
        @if let (Some(x), Some(y)) = (time.at(point.middle), height.place(point.mean)) {
            @let said = format!("{}: {} a call", date_and_minute(point.at), milliseconds(Some(point.mean)));
            @if y.beyond.is_some() {
                use.spike data-at=(iso(point.at)) data-value=(point.mean) href="#mark-beyond-top" x=(across(x)) y=(y.at) { title { (said) } }
            } @else {
                circle.dot.(side) data-at=(iso(point.at)) data-value=(point.mean) cx=(across(x)) cy=(y.at) r="2.2" {
                    title { (said) @if let Some(calls) = point.calls { ", " (grouped(calls)) " calls" } }
                }
            }
        }
    }
}

fn told(change: &Change) -> String {
    format!(
        "Mean time of a call around the change of {}: {} before, {} after",
        date_and_minute(change.changed_at),
        milliseconds(change.mean_before_ms),
        milliseconds(change.mean_after_ms)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::document::ChangePoint;

    fn change(means: &[f64]) -> Change {
        let points = means.iter().enumerate().map(|(place, mean)| ChangePoint {
            at: place as f64 * 3600.0,
            mean_ms: Some(*mean),
            calls: Some(10.0),
        });
        Change {
            implementation_id: 3,
            changed_at: 7200.0,
            from: 0.0,
            until: means.len() as f64 * 3600.0,
            step_seconds: 3600.0,
            mean_before_ms: Some(30.0),
            mean_after_ms: Some(1.0),
            points: points.collect(),
            ..Change::default()
        }
    }

    #[test]
    fn each_point_lies_where_the_scales_say() {
        let drawn = plot(&change(&[30.0, 32.0, 1.0, 2.0])).unwrap().into_string();
        assert!(
            drawn.contains(r#"data-scale-low="0" data-scale-high="40" data-height="150""#),
            "{drawn}"
        );
        assert!(
            drawn.contains(r#"data-at="1970-01-01T00:00:00" data-value="30" cx="12.5%" cy="37.5""#),
            "{drawn}"
        );
        assert!(
            drawn.contains(
                r#"data-series="mean-before" data-value="30" x1="0%" x2="50%" y1="37.5""#
            ),
            "{drawn}"
        );
        assert!(drawn.contains(r#"class="moment" data-at="7200" x1="50%""#), "{drawn}");
        assert!(drawn.contains(r#"class="dot before" data-at="1970-01-01T01:00:00""#), "{drawn}");
        assert!(drawn.contains(r#"class="dot after" data-at="1970-01-01T02:00:00""#), "{drawn}");
        assert_eq!(drawn.matches("<circle").count(), 4);
    }

    #[test]
    fn one_point_is_a_plot_and_none_is_not() {
        assert_eq!(plot(&change(&[5.0])).unwrap().into_string().matches("<circle").count(), 1);
        assert!(plot(&change(&[])).is_none());
        assert!(plot(&change(&[f64::NAN, f64::INFINITY])).is_none());
    }

    #[test]
    fn no_line_leads_over_a_stretch_without_calls_or_over_the_change() {
        let mut gappy = change(&[30.0, 31.0, 1.0, 2.0, 1.0, 2.0]);
        assert_eq!(plot(&gappy).unwrap().into_string().matches("<polyline").count(), 2);
        gappy.points.remove(3);
        assert_eq!(plot(&gappy).unwrap().into_string().matches("<polyline").count(), 2);
        gappy.points[2].mean_ms = Some(f64::NAN);
        let drawn = plot(&gappy).unwrap().into_string();
        assert_eq!(drawn.matches("<circle").count(), 4);
        assert!(!drawn.contains("NaN"));
    }

    #[test]
    fn a_spike_ends_in_an_arrow_and_leaves_the_rest_to_be_seen() {
        let mut means = vec![10.0; 60];
        means[5] = 1e9;
        let mut change = change(&means);
        change.mean_before_ms = Some(10.0);
        let drawn = plot(&change).unwrap().into_string();
        assert!(drawn.contains(r#"data-scale-high="30""#), "{drawn}");
        assert_eq!(drawn.matches("#mark-beyond-top").count(), 1);
    }

    #[test]
    fn no_time_at_all_is_drawn_on_the_ground() {
        let mut change = change(&[0.0, 0.0, 0.0]);
        change.mean_before_ms = Some(0.0);
        change.mean_after_ms = None;
        let drawn = plot(&change).unwrap().into_string();
        assert_eq!(drawn.matches(r#"cy="150""#).count(), 3, "{drawn}");
    }
}
