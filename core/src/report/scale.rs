//! Where a value lies on a plot, and which values its axis names.
//!
//! Horizontally places are percent of the plot's width and vertically pixels of its height, so that a page of any width
//! draws the same plot and its letters keep their size. Trap: a value that is no finite number has no place, and what
//! lies beyond an axis is drawn at its end, marked as such; nothing is ever drawn outside.

/// A value's place on an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    pub at: f64,
    /// The value lies beyond that end of the axis.
    pub beyond: Option<End>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Low,
    High,
}

/// A straight line from values to places.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    low: f64,
    high: f64,
    start: f64,
    end: f64,
}

impl Scale {
    /// From `low..=high` to `start..=end` (`start` may be the larger one: pixels count downwards). Where `low` and `high` span
    /// nothing, or are no numbers, the axis is made one wide around what there is.
    pub fn new((low, high): (f64, f64), (start, end): (f64, f64)) -> Scale {
        let (low, high) = match (low.is_finite(), high.is_finite()) {
            (true, true) if low < high && (high - low).is_finite() => (low, high),
            (true, _) => (low, low + least_span(low)),
            (false, true) => (high - least_span(high), high),
            (false, false) => (0.0, 1.0),
        };
        Scale { low, high, start, end }
    }

    pub fn low(&self) -> f64 {
        self.low
    }

    pub fn high(&self) -> f64 {
        self.high
    }

    /// Rounded to a hundredth: a page has thousands of them.
    pub fn place(&self, value: f64) -> Option<Place> {
        if !value.is_finite() {
            return None;
        }
        let within = value.clamp(self.low, self.high);
        let share = (within - self.low) / (self.high - self.low);
        let at = self.start + share * (self.end - self.start);
        let beyond = if value < self.low {
            Some(End::Low)
        } else if value > self.high {
            Some(End::High)
        } else {
            None
        };
        at.is_finite().then(|| Place { at: hundredths(at), beyond })
    }

    /// The same without the mark.
    pub fn at(&self, value: f64) -> Option<f64> {
        self.place(value).map(|place| place.at)
    }
}

/// As wide as a number of that size can show a difference.
fn least_span(around: f64) -> f64 {
    (around.abs() * 1e-3).clamp(1.0, f64::MAX / 4.0)
}

pub fn hundredths(value: f64) -> f64 {
    let rounded = (value * 100.0).round() / 100.0;
    // no "-0"
    if rounded == 0.0 { 0.0 } else { rounded }
}

/// Round values in `low..=high`, about `wanted` of them: multiples of 1, 2 or 5 times a power of ten (Heckbert 1990).
pub fn ticks(low: f64, high: f64, wanted: usize) -> Vec<f64> {
    let span = high - low;
    if !low.is_finite() || !span.is_finite() || span <= 0.0 || wanted == 0 {
        return Vec::new();
    }
    let rough = span / wanted as f64;
    let power = 10_f64.powf(rough.log10().floor());
    let step = match rough / power {
        ratio if ratio <= 1.0 + 1e-9 => power,
        ratio if ratio <= 2.0 + 1e-9 => 2.0 * power,
        ratio if ratio <= 5.0 + 1e-9 => 5.0 * power,
        _ => 10.0 * power,
    };
    multiples(low, high, step)
}

/// The smallest round value that is not below `value` (which is above 0): where an axis from 0 ends.
pub fn round_up(value: f64) -> f64 {
    if !value.is_finite() || value <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let rounded = [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0]
        .into_iter()
        .map(|digit| digit * power)
        .find(|rounded| *rounded >= value * (1.0 - 1e-9));
    rounded.filter(|rounded| rounded.is_finite() && *rounded > 0.0).unwrap_or(value)
}

/// Steps of a time axis, seconds: what clocks and calendars count in.
const TIME_STEPS: [f64; 21] = [
    1.0,
    2.0,
    5.0,
    10.0,
    15.0,
    30.0,
    60.0,
    120.0,
    300.0,
    600.0,
    900.0,
    1_800.0,
    3_600.0,
    7_200.0,
    10_800.0,
    21_600.0,
    43_200.0,
    86_400.0,
    172_800.0,
    604_800.0,
    2_592_000.0,
];

/// Moments that clocks and calendars count in, at most `wanted` of them, and how far they lie apart.
pub fn time_ticks(from: f64, until: f64, wanted: usize) -> (Vec<f64>, f64) {
    let span = until - from;
    if !from.is_finite() || !span.is_finite() || span <= 0.0 || wanted == 0 {
        return (Vec::new(), TIME_STEPS[0]);
    }
    let largest = TIME_STEPS[TIME_STEPS.len() - 1];
    let step = TIME_STEPS
        .into_iter()
        .find(|step| span / step <= wanted as f64)
        .unwrap_or_else(|| (span / wanted as f64 / largest).ceil() * largest);
    (multiples(from, until, step), step)
}

/// Never more than a plot can hold, whatever the figures are.
const MOST_TICKS: usize = 50;

fn multiples(low: f64, high: f64, step: f64) -> Vec<f64> {
    if !step.is_finite() || step <= 0.0 {
        return Vec::new();
    }
    let first = (low / step - 1e-9).ceil();
    (0..MOST_TICKS)
        .map(|count| {
            let tick = (first + count as f64) * step;
            if tick == 0.0 { 0.0 } else { tick }
        })
        .take_while(|tick| *tick <= high + step * 1e-9)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(ticks(-100.0, 100.0, 4), [-100.0, -50.0, 0.0, 50.0, 100.0]);
        assert_eq!(ticks(0.0, 0.7, 4), [0.0, 0.2, 0.4, 0.6000000000000001]);
        assert_eq!(ticks(0.0, 1.0, 5), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        assert_eq!(ticks(3.2, 3.9, 3), [3.5]);
    }

    #[test]
    fn an_axis_of_nothing_has_no_ticks() {
        assert!(ticks(5.0, 5.0, 4).is_empty());
        assert!(ticks(f64::NAN, 5.0, 4).is_empty());
        assert!(ticks(f64::MIN, f64::MAX, 4).is_empty());
        assert!(time_ticks(10.0, 10.0, 4).0.is_empty());
    }

    #[test]
    fn time_is_told_in_hours_and_days() {
        let (ticks, step) = time_ticks(1_795_871_100.0, 1_795_871_100.0 + 86_400.0, 5);
        assert_eq!(step, 21_600.0);
        assert_eq!(ticks.len(), 4);
        assert!(ticks.iter().all(|tick| tick % 21_600.0 == 0.0));
        assert_eq!(time_ticks(0.0, 200.0, 5).1, 60.0);
        assert!(time_ticks(0.0, 1e11, 5).0.len() <= 5);
    }

    #[test]
    fn one_value_lies_on_an_axis_all_the_same() {
        let scale = Scale::new((7.0, 7.0), (0.0, 100.0));
        assert_eq!(scale.at(7.0), Some(0.0));
        assert_eq!(scale.place(9.0), Some(Place { at: 100.0, beyond: Some(End::High) }));
    }

    #[test]
    fn what_lies_beyond_is_drawn_at_the_end_and_marked() {
        let scale = Scale::new((-100.0, 100.0), (0.0, 100.0));
        assert_eq!(scale.place(-3000.0), Some(Place { at: 0.0, beyond: Some(End::Low) }));
        assert_eq!(scale.place(50.0), Some(Place { at: 75.0, beyond: None }));
        assert_eq!(scale.place(f64::NAN), None);
        assert_eq!(scale.place(f64::INFINITY), None);
    }

    #[test]
    fn pixels_count_downwards() {
        let scale = Scale::new((0.0, 10.0), (160.0, 0.0));
        assert_eq!(scale.at(10.0), Some(0.0));
        assert_eq!(scale.at(2.5), Some(120.0));
    }

    #[test]
    fn an_axis_ends_at_a_round_value() {
        assert_eq!(round_up(32.6), 40.0);
        assert_eq!(round_up(0.0), 1.0);
        assert_eq!(round_up(1.0), 1.0);
        assert_eq!(round_up(f64::MAX), f64::MAX);
        assert_eq!(round_up(f64::NAN), 1.0);
    }

    proptest! {
        #[test]
        fn whatever_is_drawn_is_drawn_inside(low in any::<f64>(), high in any::<f64>(), value in any::<f64>()) {
            let scale = Scale::new((low, high), (0.0, 100.0));
            prop_assert!(scale.low() < scale.high());
            if let Some(place) = scale.place(value) {
                prop_assert!((0.0..=100.0).contains(&place.at), "{:?} of {:?}", place, scale);
            }
            if value.is_finite() {
                prop_assert!(scale.place(value).is_some());
            }
        }

        #[test]
        fn ticks_lie_inside_rise_and_are_few(low in -1e12_f64..1e12, span in 1e-6_f64..1e12, wanted in 1_usize..12) {
            let found = ticks(low, low + span, wanted);
            prop_assert!(found.len() <= 2 * wanted + 2);
            prop_assert!(found.windows(2).all(|pair| pair[0] < pair[1]));
            let slack = span * 1e-6 + low.abs() * 1e-12;
            prop_assert!(found.iter().all(|tick| *tick >= low - slack && *tick <= low + span + slack));
        }

        #[test]
        fn an_end_is_never_below_the_value(value in 1e-300_f64..1e300) {
            prop_assert!(round_up(value) >= value * (1.0 - 1e-8));
            prop_assert!(round_up(value) <= value * 2.01);
        }
    }
}
