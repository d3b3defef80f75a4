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
const LEFT_OUT_BESIDE: i64 = 1;

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
