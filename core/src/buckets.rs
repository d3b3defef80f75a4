//! Which buckets an interval's work belongs to.
//!
//! Buckets are aligned to 2000-01-01 00:00 UTC, as `date_bin` does it with that origin. When
//! `bucket_width` is changed, the new width takes over at its own first boundary after the start of
//! the newest bucket: a start never stands for two widths, no work is counted twice, and the bucket
//! that is cut off stays what it is, a bucket observed in part.

use crate::statistics::Work;
use crate::{MICROS_PER_SECOND, Micros};

/// The most buckets one interval may be spread over: a day of them. A sampler that was away for
/// longer starts anew instead of inventing where the work lies.
pub const MAX_INTERVAL_BUCKETS: i64 = 24;

/// An interval longer than this many buckets is spread, but marked lossy.
const LONGEST_SOUND_INTERVAL_BUCKETS: i64 = 2;

/// How exactly a full bucket is one, microseconds: the seconds of its intervals are added up as
/// floats. Far above what that rounds, far below any interval.
const FULL_TOLERANCE: Micros = 1000;

/// One bucket of the time axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    pub start: Micros,
    pub width: Micros,
}

impl Bucket {
    pub fn end(&self) -> Micros {
        self.start + self.width
    }

    /// Whether `inside` more of it can have been observed when `sampled` of it was already. No: the
    /// clock was set back, and what it says now was lived before.
    pub fn has_room(&self, sampled: Micros, inside: Micros) -> bool {
        sampled + inside <= self.width + FULL_TOLERANCE
    }
}

/// How time is cut into buckets now, and until when the earlier cut holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    width: Micros,
    earlier: Option<(Micros, Micros)>,
}

impl Grid {
    /// Buckets of `width_seconds`; `last` is the newest bucket that began by the moment in question.
    pub fn new(width_seconds: i32, last: Option<Bucket>) -> Grid {
        let width = Micros::from(width_seconds.max(1)) * MICROS_PER_SECOND;
        let earlier = last
            .filter(|last| last.width > 0 && last.width != width)
            .map(|last| (last.width, floor(last.start, width) + width));
        Grid { width, earlier }
    }

    pub fn width(&self) -> Micros {
        self.width
    }

    /// The bucket that holds `moment`.
    pub fn bucket_at(&self, moment: Micros) -> Bucket {
        let width = match self.earlier {
            Some((width, until)) if moment < until => width,
            _ => self.width,
        };
        Bucket { start: floor(moment, width), width }
    }

    /// Where the bucket that holds `moment` stops taking work.
    fn end_at(&self, moment: Micros) -> Micros {
        let end = self.bucket_at(moment).end();
        match self.earlier {
            Some((_, until)) if moment < until => end.min(until),
            _ => end,
        }
    }

    /// The buckets that `start..end` touches, each with the microseconds of it that lie inside.
    pub fn covering(&self, start: Micros, end: Micros) -> Vec<(Bucket, Micros)> {
        let mut parts = Vec::new();
        let mut from = start;
        while from < end {
            let to = end.min(self.end_at(from));
            parts.push((self.bucket_at(from), to - from));
            from = to;
        }
        parts
    }
}

fn floor(moment: Micros, width: Micros) -> Micros {
    moment - moment.rem_euclid(width)
}

/// Whether an interval this long says too little about when its work was done.
pub fn is_lossy_length(length: Micros, width: Micros) -> bool {
    length > LONGEST_SOUND_INTERVAL_BUCKETS * width
}

/// Splits the work of an interval over the parts it covers: whole calls by largest remainder, and
/// everything else as the calls go, so that each part keeps the interval's mean.
///
/// Returns one `Work` for each part; their sums are exactly the whole for the counts and, but for
/// float rounding, for the times.
pub fn split(work: &Work, parts: &[Micros]) -> Vec<Work> {
    if parts.len() == 1 {
        return vec![*work];
    }
    let calls = largest_remainder(work.calls, parts);
    let shares: &[i64] = if work.calls > 0 { &calls } else { parts };
    let rows = largest_remainder(work.rows, shares);
    let hit = largest_remainder(work.shared_blks_hit, shares);
    let read = largest_remainder(work.shared_blks_read, shares);
    let total_share: f64 = shares.iter().map(|share| *share as f64).sum();
    (0..parts.len())
        .map(|i| {
            let share = shares[i] as f64 / total_share;
            Work {
                calls: calls[i],
                total_exec_time_ms: work.total_exec_time_ms * share,
                sum_squared_deviation_ms2: work.sum_squared_deviation_ms2 * share,
                rows: rows[i],
                shared_blks_hit: hit[i],
                shared_blks_read: read[i],
            }
        })
        .collect()
}

/// Whole numbers in proportion to `weights` that add up to `total` (Hamilton's method); ties go to
/// the earlier part.
fn largest_remainder(total: i64, weights: &[i64]) -> Vec<i64> {
    let sum: i128 = weights.iter().map(|w| i128::from(*w)).sum();
    if sum == 0 {
        let mut parts = vec![0; weights.len()];
        if let Some(first) = parts.first_mut() {
            *first = total;
        }
        return parts;
    }
    let exact = |w: &i64| i128::from(total) * i128::from(*w);
    let mut parts: Vec<i64> = weights.iter().map(|w| (exact(w) / sum) as i64).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|i| std::cmp::Reverse(exact(&weights[*i]) % sum));
    let missing = total - parts.iter().sum::<i64>();
    for i in order.into_iter().take(missing as usize) {
        parts[i] += 1;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: Micros = MICROS_PER_SECOND;
    const HOUR: Micros = 3600 * SECOND;

    #[test]
    fn an_interval_across_a_boundary_is_split_by_time() {
        let parts = Grid::new(3600, None).covering(HOUR - 15 * SECOND, HOUR + 45 * SECOND);
        let starts: Vec<_> = parts.iter().map(|(b, inside)| (b.start, inside / SECOND)).collect();
        assert_eq!(starts, [(0, 15), (HOUR, 45)]);
        let work = Work { calls: 10, total_exec_time_ms: 100.0, rows: 7, ..Work::default() };
        let split = split(&work, &[15, 45]);
        // 2.5 and 7.5: the remainders tie, the earlier part gets the call.
        assert_eq!((split[0].calls, split[1].calls), (3, 7));
        assert_eq!((split[0].total_exec_time_ms, split[1].total_exec_time_ms), (30.0, 70.0));
        assert_eq!(split[0].rows + split[1].rows, 7);
        // 6.4, 2.3 and 1.3: the one call left over goes to the largest remainder.
        assert_eq!(largest_remainder(10, &[64, 23, 13]), [7, 2, 1]);
    }

    #[test]
    fn an_interval_that_ends_on_a_boundary_stays_before_it() {
        let parts = Grid::new(3600, None).covering(HOUR - SECOND, HOUR);
        assert_eq!(parts, [(Bucket { start: 0, width: HOUR }, SECOND)]);
    }

    #[test]
    fn buckets_before_2000_are_aligned_too() {
        assert_eq!(Grid::new(3600, None).bucket_at(-1).start, -HOUR);
    }

    #[test]
    fn a_wider_bucket_begins_at_its_own_boundary() {
        let last = Bucket { start: 20 * 60 * SECOND, width: 300 * SECOND };
        let grid = Grid::new(3600, Some(last));
        assert_eq!(grid.bucket_at(22 * 60 * SECOND), last);
        assert_eq!(grid.bucket_at(59 * 60 * SECOND).width, 300 * SECOND);
        assert_eq!(grid.bucket_at(HOUR), Bucket { start: HOUR, width: HOUR });
    }

    #[test]
    fn a_narrower_bucket_never_takes_the_start_of_a_wider_one() {
        let last = Bucket { start: 0, width: HOUR };
        let grid = Grid::new(300, Some(last));
        assert_eq!(grid.bucket_at(200 * SECOND), last);
        let narrow = Bucket { start: 300 * SECOND, width: 300 * SECOND };
        assert_eq!(grid.bucket_at(301 * SECOND), narrow);
        assert_eq!(
            grid.covering(200 * SECOND, 400 * SECOND),
            [(last, 100 * SECOND), (narrow, 100 * SECOND)]
        );
    }

    #[test]
    fn a_bucket_takes_no_more_time_than_its_width() {
        let bucket = Bucket { start: 0, width: HOUR };
        assert!(bucket.has_room(0, HOUR));
        assert!(bucket.has_room(HOUR - SECOND, SECOND));
        assert!(bucket.has_room(HOUR - SECOND + 1, SECOND), "floats round");
        assert!(!bucket.has_room(HOUR, SECOND));
        assert!(!bucket.has_room(HOUR - SECOND, 2 * SECOND));
    }

    #[test]
    fn only_an_interval_over_two_buckets_long_is_lossy() {
        assert!(!is_lossy_length(2 * HOUR, HOUR));
        assert!(is_lossy_length(2 * HOUR + 1, HOUR));
    }

    proptest! {
        #[test]
        fn buckets_never_overlap_and_cover_the_interval_whole(
            start in -10i64 * HOUR..10 * HOUR, length in 1i64..6 * HOUR,
            width in 1i32..3600, old_width in 1i64..3600, last in 0i64..5000,
        ) {
            let old_width = old_width * SECOND;
            let last = Bucket { start: floor(last * SECOND, old_width), width: old_width };
            let grid = Grid::new(width.max(60), Some(last));
            let parts = grid.covering(start, start + length);
            prop_assert_eq!(parts.iter().map(|(_, inside)| inside).sum::<i64>(), length);
            for pair in parts.windows(2) {
                prop_assert!(pair[0].0.start < pair[1].0.start);
            }
        }

        #[test]
        fn no_call_is_lost_or_invented_in_a_split(
            calls in 0i64..100_000, rows in 0i64..100_000,
            parts in prop::collection::vec(1i64..1_000_000_000_000, 1..24),
        ) {
            let work = Work { calls, rows, total_exec_time_ms: calls as f64 * 2.0, ..Work::default() };
            let split = split(&work, &parts);
            prop_assert_eq!(split.iter().map(|w| w.calls).sum::<i64>(), calls);
            prop_assert_eq!(split.iter().map(|w| w.rows).sum::<i64>(), rows);
            for part in split.iter().filter(|w| w.calls > 0) {
                let mean = part.total_exec_time_ms / part.calls as f64;
                prop_assert!((mean - 2.0).abs() < 1e-9);
            }
        }
    }
}
