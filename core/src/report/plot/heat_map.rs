//! Hour x weekday: when the database works. A cell's shade is one of five steps of the busiest hour's time; an hour that was
//! never observed is an outline, which is not the same as a quiet one.

use maud::{Markup, html};

use super::across;
use crate::report::document::HourOfWeek;
use crate::report::moment::WEEKDAYS;
use crate::report::number::{percent, seconds};
use crate::report::scale::hundredths;

/// Height of a cell, px.
const CELL: f64 = 22.0;
/// Shades: more than five nobody tells apart.
pub const SHADES: usize = 5;

/// The hours that can be drawn: on the calendar, and with a number.
fn drawable(hours: &[HourOfWeek]) -> impl Iterator<Item = (&HourOfWeek, f64)> {
    hours.iter().filter_map(|hour| {
        let time = hour.time_ms_per_hour.filter(|time| time.is_finite() && *time >= 0.0)?;
        let is_on_it = (1..=7).contains(&hour.weekday) && (0..24).contains(&hour.hour);
        is_on_it.then_some((hour, time))
    })
}

/// The busiest hour.
pub fn busiest(hours: &[HourOfWeek]) -> Option<(&HourOfWeek, f64)> {
    drawable(hours).max_by(|(_, one), (_, other)| one.total_cmp(other))
}

/// 1 to [`SHADES`]; 0 for no work at all.
pub fn shade(time: f64, most: f64) -> usize {
    if time <= 0.0 || most <= 0.0 {
        return 0;
    }
    ((time / most * SHADES as f64).ceil() as usize).clamp(1, SHADES)
}

/// The map; nothing where no hour was observed.
pub fn plot(hours: &[HourOfWeek]) -> Option<Markup> {
    let (peak, most) = busiest(hours)?;
    let height = CELL * 7.0;
    let width = 100.0 / 24.0;
    let left = |hour: i64| across(hundredths(hour as f64 * width));
    let drawn: Vec<_> = drawable(hours).collect();
    let unseen = (1..=7).flat_map(|weekday| (0..24).map(move |hour| (weekday, hour)));
    let unseen = unseen.filter(|(weekday, hour)| {
        !drawn.iter().any(|(seen, _)| seen.weekday == *weekday && seen.hour == *hour)
    });
    Some(html! {
        div.chart.heat {
            svg width="100%" height=(height + 20.0) role="img" data-plot="heat-map" data-most=(most) {
                title { "Time of all queries by hour and weekday" }
                desc { "The busiest hour is " (hour_name(peak)) " with " (seconds(Some(most / 1000.0))) " of database time an hour." }
                @for (row, weekday) in WEEKDAYS.iter().enumerate() {
                    text.y-label x="-8" y=(row as f64 * CELL + 15.0) { (*weekday) }
                }
                @for (weekday, hour) in unseen {
                    rect.unseen x=(left(hour)) y=((weekday - 1) as f64 * CELL + 1.0) width=(across(hundredths(width - 0.3))) height=(CELL - 2.0) rx="2" {}
                }
                @for (hour, time) in &drawn {
                    rect.(format!("heat-{}", shade(*time, most))) data-weekday=(hour.weekday) data-hour=(hour.hour) data-value=(*time)
                        x=(left(hour.hour)) y=((hour.weekday - 1) as f64 * CELL + 1.0) width=(across(hundredths(width - 0.3))) height=(CELL - 2.0) rx="2" {
                        title { (hour_name(hour)) ": " (seconds(Some(*time / 1000.0))) " of database time an hour" }
                    }
                }
                @for hour in (0..24).step_by(6) {
                    text.x-label.first[hour == 0] x=(left(hour)) y=(height + 15.0) { (format!("{hour:02}:00")) }
                }
            }
        }
        p.legend {
            span { "Database time an hour:" }
            @for step in 1..=SHADES {
                span { svg.glyph width="14" height="14" aria-hidden="true" focusable="false" { rect.(format!("heat-{step}")) x="1" y="1" width="12" height="12" rx="2" {} }
                    "up to " (seconds(Some(most / 1000.0 * step as f64 / SHADES as f64))) }
            }
            @if drawn.len() < 168 {
                span { svg.glyph width="14" height="14" aria-hidden="true" focusable="false" { rect.unseen x="1" y="1" width="12" height="12" rx="2" {} }
                    "not observed" }
            }
        }
    })
}

/// Mon 14:00
pub fn hour_name(hour: &HourOfWeek) -> String {
    let weekday = usize::try_from(hour.weekday - 1).ok().and_then(|day| WEEKDAYS.get(day));
    format!("{} {:02}:00", weekday.unwrap_or(&""), hour.hour)
}

/// How the load is spread, in a sentence.
pub fn told(hours: &[HourOfWeek]) -> Option<String> {
    let (peak, most) = busiest(hours)?;
    let drawn: Vec<f64> = drawable(hours).map(|(_, time)| time).collect();
    let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
    if most <= 0.0 {
        return Some("No work was seen in the observed hours.".to_owned());
    }
    let observed = if drawn.len() == 168 {
        String::new()
    } else {
        format!(" of the {} that were observed", drawn.len())
    };
    let over = if drawn.len() > 1 && mean > 0.0 && mean.is_finite() {
        format!(", {} of an average hour", percent(Some(most / mean * 100.0)))
    } else {
        String::new()
    };
    Some(format!(
        "The busiest hour{observed} is {} with {} of database time{over}.",
        hour_name(peak),
        seconds(Some(most / 1000.0))
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(weekday: i64, hour: i64, time: f64) -> HourOfWeek {
        HourOfWeek { weekday, hour, observed_seconds: 3600.0, time_ms_per_hour: Some(time) }
    }

    #[test]
    fn shades_begin_above_nothing_and_end_at_the_busiest() {
        assert_eq!(shade(0.0, 10.0), 0);
        assert_eq!(shade(0.1, 10.0), 1);
        assert_eq!(shade(2.0, 10.0), 1);
        assert_eq!(shade(2.1, 10.0), 2);
        assert_eq!(shade(10.0, 10.0), SHADES);
    }

    #[test]
    fn a_cell_lies_at_its_hour_and_day_and_says_its_value() {
        let drawn = plot(&[hour(3, 6, 5000.0), hour(1, 0, 1000.0)]).unwrap().into_string();
        assert!(
            drawn.contains(
                r#"class="heat-5" data-weekday="3" data-hour="6" data-value="5000" x="25%" y="45""#
            ),
            "{drawn}"
        );
        assert_eq!(drawn.matches(r#"class="unseen""#).count(), 167, "166 cells and the legend");
    }

    #[test]
    fn hours_of_no_calendar_and_no_number_are_left_out() {
        assert!(
            plot(&[hour(0, 3, 1.0), hour(8, 3, 1.0), hour(1, 24, 1.0), hour(1, 1, f64::NAN)])
                .is_none()
        );
        assert!(plot(&[]).is_none());
        assert!(told(&[]).is_none());
    }

    #[test]
    fn a_week_of_rest_has_no_busiest_hour() {
        assert_eq!(told(&[hour(1, 1, 0.0)]).unwrap(), "No work was seen in the observed hours.");
        assert!(plot(&[hour(1, 1, 0.0)]).unwrap().into_string().contains("heat-0"));
    }
}
