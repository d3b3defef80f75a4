//! The time axis of one change: buckets counted from the one that holds it, in days of 24.
//!
//! Bucket 0 holds the change, day 0 is buckets 0 to 23, day -1 the 24 before. Everything later works on
//! these whole numbers. The trap: buckets of another width, and those that were left out around the
//! change, are there and must not count.

use crate::Micros;
use crate::verdict::evidence::{Bucket, ChangeEvidence};

/// Buckets in a day block.
pub const DAY: i64 = 24;

/// How far back days are looked at. Four weeks: older days say less about the present than they blur.
pub const OLDEST_DAY: i64 = -28;

/// The most days after the change that are used, for a `measure_deadline` of more than four weeks.
const MOST_DAYS_AFTER: i64 = 28;

/// Buckets left out on either side of the one that holds the change: it does not happen in an instant,
/// plans are cached, and what it emptied must fill again.
pub const LEFT_OUT_BESIDE: i64 = 1;

/// A day counts when at least this share of its buckets was observed.
const MIN_OBSERVED_SHARE: f64 = 0.8;

/// A day of which more than half was left out (an index that took long to build) is no day.
const MIN_BUCKETS_OF_A_DAY: i64 = DAY / 2;

/// Microseconds in an hour: the one width that knows hours of the day and weekends.
pub const HOUR: Micros = 3_600_000_000;

#[derive(Debug, Clone, Copy, Default)]
pub struct Slot {
    /// 0 to 1; 0 for what is left out, too.
    pub observed: f64,
    pub hour: u8,
    pub is_weekend: bool,
    pub is_left_out: bool,
}

/// Days [`OLDEST_DAY`] to the last whole one of the window.
#[derive(Debug)]
pub struct Timeline {
    pub width: Micros,
    /// Start of the bucket that holds the change.
    origin: Micros,
    pub days_after: i64,
    pub slots: Vec<Slot>,
}

impl Timeline {
    /// `None` when the bucket width is not one.
    pub fn new(evidence: &ChangeEvidence) -> Option<Timeline> {
        let width = evidence.bucket_width;
        if width <= 0 {
            return None;
        }
        // Buckets are aligned to 2000-01-01 00:00 UTC, which is 0 (crate::buckets).
        let origin = evidence.changed_at.checked_sub(evidence.changed_at.rem_euclid(width))?;
        let whole = evidence.window_end.saturating_sub(origin).div_euclid(width);
        let days_after = whole.div_euclid(DAY).clamp(0, MOST_DAYS_AFTER);
        let length = usize::try_from((days_after - OLDEST_DAY) * DAY).ok()?;
        let mut timeline =
            Timeline { width, origin, days_after, slots: vec![Slot::default(); length] };
        timeline.enter(evidence.buckets);
        timeline.leave_out(-LEFT_OUT_BESIDE, LEFT_OUT_BESIDE);
        if let Some((start, end)) = evidence.left_out.filter(|(start, end)| start <= end) {
            timeline.leave_out(
                timeline.bucket_of(start).saturating_sub(LEFT_OUT_BESIDE),
                timeline.bucket_of(end).saturating_add(LEFT_OUT_BESIDE),
            );
        }
        Some(timeline)
    }

    fn enter(&mut self, buckets: &[Bucket]) {
        for bucket in self.within(buckets, |bucket| bucket.start) {
            if bucket.width != self.width || !bucket.observed_share.is_finite() {
                continue;
            }
            let Some(index) = self.index_of_start(bucket.start) else { continue };
            let position = (index as i64).rem_euclid(DAY) as u8;
            let slot = &mut self.slots[index];
            slot.observed = bucket.observed_share.clamp(0.0, 1.0);
            let is_hour = self.width == HOUR;
            slot.hour = if is_hour { bucket.hour_of_day.min(23) } else { position };
            slot.is_weekend = is_hour && bucket.is_weekend;
        }
    }

    fn leave_out(&mut self, first: i64, last: i64) {
        let offset = OLDEST_DAY * DAY;
        let length = self.slots.len() as i64;
        for index in (first.max(offset) - offset)..=(last.min(length + offset - 1) - offset) {
            if let Some(slot) = usize::try_from(index).ok().and_then(|i| self.slots.get_mut(i)) {
                *slot = Slot { observed: 0.0, is_left_out: true, ..*slot };
            }
        }
    }

    /// Number of the bucket that holds `moment`, counted from the change.
    fn bucket_of(&self, moment: Micros) -> i64 {
        moment.saturating_sub(self.origin).div_euclid(self.width)
    }

    /// Place of a bucket in [`Timeline::slots`]; `None` when it is outside or off the grid.
    pub fn index_of_start(&self, start: Micros) -> Option<usize> {
        let since = start.checked_sub(self.origin)?;
        if since.rem_euclid(self.width) != 0 {
            return None;
        }
        let index = since.div_euclid(self.width) - OLDEST_DAY * DAY;
        usize::try_from(index).ok().filter(|index| *index < self.slots.len())
    }

    /// The part of `items` that may lie on the axis: found by halving when they are in order, else all.
    pub fn within<'t, T>(&self, items: &'t [T], start: impl Fn(&T) -> Micros) -> &'t [T] {
        if !items.is_sorted_by_key(&start) {
            return items;
        }
        let from = self.start_of_day(OLDEST_DAY);
        let to = self.start_of_day(self.days_after);
        let first = items.partition_point(|item| start(item) < from);
        let last = items.partition_point(|item| start(item) < to);
        &items[first..last.max(first)]
    }

    pub fn start_of_day(&self, day: i64) -> Micros {
        self.origin.saturating_add(self.width.saturating_mul(day * DAY))
    }

    /// Places of the buckets of a day, empty for one outside.
    pub fn places(&self, day: i64) -> std::ops::Range<usize> {
        if !(OLDEST_DAY..self.days_after).contains(&day) {
            return 0..0;
        }
        let first = ((day - OLDEST_DAY) * DAY) as usize;
        first..first + DAY as usize
    }

    /// Buckets of a day that count, and how many of them were observed.
    fn counted(&self, day: i64) -> (i64, f64) {
        let slots = &self.slots[self.places(day)];
        let kept = slots.iter().filter(|slot| !slot.is_left_out).count();
        (kept as i64, slots.iter().map(|slot| slot.observed).sum())
    }

    /// Whether enough of a day was observed to use it.
    pub fn is_observed(&self, day: i64) -> bool {
        let (kept, observed) = self.counted(day);
        kept >= MIN_BUCKETS_OF_A_DAY && observed >= MIN_OBSERVED_SHARE * kept as f64 - 1e-9
    }

    /// Observed part of the buckets after the change that count; `None` when there are none.
    pub fn observed_share_after(&self) -> Option<f64> {
        let days = (0..self.days_after).map(|day| self.counted(day));
        let (kept, observed) = days.fold((0, 0.0), |sum, day| (sum.0 + day.0, sum.1 + day.1));
        (kept > 0).then(|| observed / kept as f64)
    }

    /// Hours of a day that were observed.
    pub fn observed_hours(&self, day: i64) -> f64 {
        self.counted(day).1 * self.width as f64 / HOUR as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::verdict::fixture::{ALL, CHANGED_AT, at, bucket, buckets, evidence, kept};

    fn left_out(timeline: &Timeline) -> Vec<i64> {
        let hours = (0_i64..).zip(&timeline.slots);
        hours.filter(|(_, s)| s.is_left_out).map(|(i, _)| i + OLDEST_DAY * DAY).collect()
    }

    #[test]
    fn the_bucket_of_the_change_and_one_on_either_side_are_left_out() {
        let timeline = Timeline::new(&evidence(10.0)).unwrap();
        assert_eq!(left_out(&timeline), [-1, 0, 1]);
        let mut building = evidence(10.0);
        building.left_out = Some((at(-4), CHANGED_AT));
        let timeline = Timeline::new(&building).unwrap();
        assert_eq!(left_out(&timeline), [-5, -4, -3, -2, -1, 0, 1]);
        // Told the wrong way round, it leaves out nothing more.
        building.left_out = Some((CHANGED_AT, at(-4)));
        assert_eq!(left_out(&Timeline::new(&building).unwrap()), [-1, 0, 1]);
    }

    #[test]
    fn a_day_of_which_more_than_half_is_left_out_is_none() {
        let mut building = evidence(10.0);
        building.left_out = Some((at(-34), at(-27)));
        // Ten of day -2 are gone, 14 stay.
        assert!(Timeline::new(&building).unwrap().is_observed(-2));
        building.left_out = Some((at(-38), at(-26)));
        let timeline = Timeline::new(&building).unwrap();
        assert!(!timeline.is_observed(-2));
        assert!(timeline.is_observed(-3));
    }

    #[test]
    fn a_day_needs_four_fifths_of_its_buckets() {
        let observed = |missing: std::ops::Range<i64>| {
            let mut evidence = evidence(10.0);
            let seen =
                buckets(ALL).into_iter().filter(|b| !missing.clone().any(|h| at(h) == b.start));
            evidence.buckets = kept(seen.collect());
            let timeline = Timeline::new(&evidence).unwrap();
            (timeline.is_observed(-3), timeline.is_observed(0))
        };
        // 24 buckets need 19.2; the 22 of day 0 that count need 17.6.
        assert_eq!(observed(-72..-68), (true, true));
        assert_eq!(observed(-72..-67), (false, true));
        assert_eq!(observed(2..6), (true, true));
        assert_eq!(observed(2..7), (true, false));
    }

    #[test]
    fn shares_of_buckets_add_up() {
        let mut evidence = evidence(10.0);
        let of = |share| {
            kept(buckets(ALL).into_iter().map(|b| Bucket { observed_share: share, ..b }).collect())
        };
        evidence.buckets = of(0.8);
        let timeline = Timeline::new(&evidence).unwrap();
        assert!(timeline.is_observed(-3) && timeline.is_observed(0));
        assert!((timeline.observed_share_after().unwrap() - 0.8).abs() < 1e-12);
        assert!((timeline.observed_hours(-3) - 19.2).abs() < 1e-9);
        for share in [0.79, f64::NAN, -3.0] {
            evidence.buckets = of(share);
            assert!(!Timeline::new(&evidence).unwrap().is_observed(-3), "{share}");
        }
        evidence.buckets = of(7.0);
        assert!((Timeline::new(&evidence).unwrap().observed_hours(-3) - 24.0).abs() < 1e-9);
    }

    #[test]
    fn buckets_of_another_width_and_off_the_grid_are_unobserved() {
        let mut evidence = evidence(10.0);
        let wide = buckets(ALL).into_iter().map(|b| Bucket { width: HOUR / 2, ..b });
        evidence.buckets = kept(wide.collect());
        assert!(!Timeline::new(&evidence).unwrap().is_observed(-3));
        let shifted = buckets(ALL).into_iter().map(|b| Bucket { start: b.start + 1, ..b });
        evidence.buckets = kept(shifted.collect());
        assert!(!Timeline::new(&evidence).unwrap().is_observed(-3));
    }

    #[test]
    fn a_day_after_is_whole_when_its_last_bucket_has_ended() {
        let days = |end| {
            let mut evidence = evidence(10.0);
            evidence.window_end = end;
            Timeline::new(&evidence).unwrap().days_after
        };
        assert_eq!(days(at(24) - 1), 0);
        assert_eq!(days(at(24)), 1);
        assert_eq!(days(CHANGED_AT + 24 * HOUR), 1);
        assert_eq!(days(CHANGED_AT + 48 * HOUR), 2);
        assert_eq!(days(at(-500)), 0);
        assert_eq!(days(Micros::MAX), MOST_DAYS_AFTER);
    }

    #[test]
    fn only_buckets_of_an_hour_know_the_hour_and_the_weekend() {
        let mut evidence = evidence(10.0);
        let timeline = Timeline::new(&evidence).unwrap();
        let slot = timeline.slots[timeline.index_of_start(at(-20)).unwrap()];
        assert_eq!((slot.hour, bucket(-20).hour_of_day), (14, 14));
        assert!(timeline.slots.iter().any(|slot| slot.is_weekend));
        let second = HOUR / 3600;
        evidence.bucket_width = second;
        evidence.window_end = CHANGED_AT + 48 * second;
        let of_seconds = (-48..48).map(|k| Bucket {
            start: CHANGED_AT + k * second,
            width: second,
            is_weekend: true,
            ..bucket(0)
        });
        evidence.buckets = kept(of_seconds.collect());
        let timeline = Timeline::new(&evidence).unwrap();
        let slot = timeline.slots[timeline.index_of_start(CHANGED_AT + 5 * second).unwrap()];
        assert_eq!((slot.hour, slot.is_weekend, slot.observed), (5, false, 1.0));
    }

    #[test]
    fn the_order_of_buckets_does_not_matter() {
        let sorted = evidence(10.0);
        let mut shuffled = sorted.clone();
        shuffled.buckets = kept(sorted.buckets.iter().rev().copied().collect());
        let observed = |e: &ChangeEvidence| {
            Timeline::new(e).unwrap().slots.iter().map(|s| s.observed).collect::<Vec<f64>>()
        };
        assert_eq!(observed(&sorted), observed(&shuffled));
    }

    #[test]
    fn widths_and_moments_beyond_all_bounds_do_no_harm() {
        for width in [0, -5] {
            assert!(
                Timeline::new(&ChangeEvidence { bucket_width: width, ..evidence(10.0) }).is_none()
            );
        }
        for changed_at in [Micros::MIN, Micros::MAX, 0] {
            for window_end in [Micros::MIN, Micros::MAX, 0] {
                for bucket_width in [1, HOUR, Micros::MAX] {
                    let left_out = Some((Micros::MIN, Micros::MAX));
                    let odd = ChangeEvidence {
                        changed_at,
                        window_end,
                        bucket_width,
                        left_out,
                        ..evidence(10.0)
                    };
                    if let Some(timeline) = Timeline::new(&odd) {
                        assert!(timeline.days_after <= MOST_DAYS_AFTER);
                        assert!(!timeline.is_observed(-2));
                    }
                }
            }
        }
    }
}
