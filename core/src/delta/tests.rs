use super::*;
use proptest::prelude::*;

const HOUR: Micros = 3600 * 1_000_000;
const LONGEST: Micros = 24 * HOUR;
const FIRST: Reading = Reading { sampled_at: 100 * HOUR, stats_reset: HOUR, dealloc: 7 };

fn next(change: impl FnOnce(&mut Reading)) -> Reading {
    let mut reading = Reading { sampled_at: 101 * HOUR, ..FIRST };
    change(&mut reading);
    reading
}

fn interval(current: &Reading) -> Interval {
    Interval::between(Some(&FIRST), current, LONGEST).unwrap()
}

fn counters(calls: i64, total: f64) -> Counters {
    Counters {
        calls,
        total_exec_time_ms: total,
        min_exec_time_ms: 1.0,
        max_exec_time_ms: 9.0,
        rows: calls * 2,
        shared_blks_hit: calls * 3,
        shared_blks_read: calls,
        ..Counters::default()
    }
}

fn calls(delta: StatementDelta) -> Option<i64> {
    delta.work.map(|work| work.calls)
}

#[test]
fn without_a_previous_reading_only_a_baseline_is_set() {
    assert_eq!(Interval::between(None, &FIRST, LONGEST), Err(BaselineReason::NoPreviousReading));
}

#[test]
fn a_reset_since_the_previous_reading_makes_every_current_value_the_delta() {
    let reset = interval(&next(|r| {
        r.stats_reset = FIRST.sampled_at + HOUR / 2;
        r.dealloc = 0;
    }));
    assert_eq!((reset.start, reset.end), (FIRST.sampled_at + HOUR / 2, 101 * HOUR));
    assert!(reset.since_reset && !reset.evictions);
    let (before, after) = (counters(1000, 5000.0), counters(3, 12.0));
    assert_eq!(calls(statement_delta(&reset, Some(&before), Some(&after))), Some(3));
    assert_eq!(calls(statement_delta(&reset, None, Some(&after))), Some(3));
    let gone = statement_delta(&reset, Some(&before), None);
    assert_eq!(gone, StatementDelta { work: None, lossy: false });
    // Evictions since the reset explain nothing about a key that the reset itself removed.
    let evicting = Interval { evictions: true, ..reset };
    assert!(!statement_delta(&evicting, Some(&before), None).lossy);
    assert!(statement_delta(&evicting, None, Some(&after)).lossy);
}

#[test]
fn an_entry_that_had_only_been_planned_has_no_extremes_to_compare() {
    let planned = Counters { min_exec_time_ms: 0.0, max_exec_time_ms: 0.0, ..counters(0, 0.0) };
    let delta = statement_delta(&interval(&next(|_| ())), Some(&planned), Some(&counters(3, 9.0)));
    assert_eq!((calls(delta), delta.lossy), (Some(3), false));
}

#[test]
fn counters_reset_at_another_time_before_the_previous_reading_are_another_servers() {
    for stats_reset in [HOUR / 2, 50 * HOUR, FIRST.sampled_at] {
        let other = next(|r| r.stats_reset = stats_reset);
        assert_eq!(
            Interval::between(Some(&FIRST), &other, LONGEST),
            Err(BaselineReason::OtherCounters)
        );
    }
}

#[test]
fn a_clock_that_went_back_or_stood_still_gives_no_interval() {
    for sampled_at in [FIRST.sampled_at, FIRST.sampled_at - HOUR] {
        assert_eq!(
            Interval::between(Some(&FIRST), &next(|r| r.sampled_at = sampled_at), LONGEST),
            Err(BaselineReason::ClockWentBack)
        );
    }
    let reset_in_the_future = next(|r| r.stats_reset = 102 * HOUR);
    assert_eq!(
        Interval::between(Some(&FIRST), &reset_in_the_future, LONGEST),
        Err(BaselineReason::ClockWentBack)
    );
}

#[test]
fn a_reset_that_the_previous_reading_knew_is_none_even_when_its_stamp_lies_ahead() {
    let ahead = 200 * HOUR;
    let first = Reading { stats_reset: ahead, ..FIRST };
    for sampled_at in [101 * HOUR, ahead + 1] {
        let second = next(|r| (r.stats_reset, r.sampled_at) = (ahead, sampled_at));
        let interval = Interval::between(Some(&first), &second, 1000 * HOUR).unwrap();
        assert_eq!((interval.start, interval.since_reset), (first.sampled_at, false));
    }
}

#[test]
fn months_between_two_readings_give_no_interval() {
    let late = next(|r| r.sampled_at = FIRST.sampled_at + LONGEST + 1);
    assert_eq!(Interval::between(Some(&FIRST), &late, LONGEST), Err(BaselineReason::TooLong));
    let in_time = next(|r| r.sampled_at = FIRST.sampled_at + LONGEST);
    assert!(Interval::between(Some(&FIRST), &in_time, LONGEST).is_ok());
}

#[test]
fn a_key_seen_at_both_ends_gives_the_difference_and_lost_nothing() {
    let evicting = interval(&next(|r| r.dealloc += 1));
    let delta = statement_delta(&evicting, Some(&counters(10, 100.0)), Some(&counters(14, 180.0)));
    let work = delta.work.unwrap();
    assert_eq!((work.calls, work.total_exec_time_ms), (4, 80.0));
    assert_eq!((work.rows, work.shared_blks_hit, work.shared_blks_read), (8, 12, 4));
    assert!(!delta.lossy);
}

#[test]
fn a_new_key_counts_in_full_unless_entries_were_evicted() {
    let new = counters(5, 50.0);
    let calm = statement_delta(&interval(&next(|_| ())), None, Some(&new));
    assert_eq!((calls(calm), calm.lossy), (Some(5), false));
    let evicting = interval(&next(|r| r.dealloc += 1));
    let doubtful = statement_delta(&evicting, None, Some(&new));
    assert_eq!((calls(doubtful), doubtful.lossy), (None, true));
    let dated = Counters { stats_since: Some(evicting.start + 1), ..new };
    let known_new = statement_delta(&evicting, None, Some(&dated));
    assert_eq!((calls(known_new), known_new.lossy), (Some(5), true));
}

#[test]
fn a_key_that_is_gone_is_lossy_only_when_entries_were_evicted() {
    let old = counters(5, 50.0);
    let calm = statement_delta(&interval(&next(|_| ())), Some(&old), None);
    assert_eq!(calm, StatementDelta { work: None, lossy: false });
    let evicting = interval(&next(|r| r.dealloc += 1));
    let evicted = statement_delta(&evicting, Some(&old), None);
    assert_eq!(evicted, StatementDelta { work: None, lossy: true });
}

#[test]
fn each_sign_of_a_restart_makes_the_current_value_the_delta_and_lossy() {
    let before = counters(10, 100.0);
    let grown = counters(20, 300.0);
    let signs: [(&str, Counters); 7] = [
        ("calls fell", Counters { calls: 9, ..grown }),
        ("total fell", Counters { total_exec_time_ms: 99.0, ..grown }),
        ("rows fell", Counters { rows: 19, ..grown }),
        ("blocks hit fell", Counters { shared_blks_hit: 29, ..grown }),
        ("blocks read fell", Counters { shared_blks_read: 9, ..grown }),
        ("max fell", Counters { max_exec_time_ms: 8.9, ..grown }),
        ("min rose", Counters { min_exec_time_ms: 1.1, ..grown }),
    ];
    for (sign, after) in signs {
        let delta = statement_delta(&interval(&next(|_| ())), Some(&before), Some(&after));
        assert_eq!(calls(delta), Some(after.calls), "{sign}");
        assert!(delta.lossy, "{sign}");
    }
}

#[test]
fn where_stats_since_is_known_it_decides_and_the_extremes_may_be_reset_alone() {
    let at = |since| move |c: Counters| Counters { stats_since: Some(since), ..c };
    let before = at(5)(counters(10, 100.0));
    let minmax_reset =
        Counters { min_exec_time_ms: 3.0, max_exec_time_ms: 4.0, ..at(5)(counters(20, 300.0)) };
    let calm = interval(&next(|_| ()));
    assert_eq!(calls(statement_delta(&calm, Some(&before), Some(&minmax_reset))), Some(10));
    let moved = at(6)(counters(20, 300.0));
    let delta = statement_delta(&calm, Some(&before), Some(&moved));
    assert_eq!((calls(delta), delta.lossy), (Some(20), true));
}

/// An entry as pg_stat_statements would keep it after these executions.
fn entry(times: &[f64]) -> Counters {
    let n = times.len() as f64;
    let total: f64 = times.iter().sum();
    let mean = if times.is_empty() { 0.0 } else { total / n };
    let spread: f64 = times.iter().map(|t| (t - mean).powi(2)).sum();
    Counters {
        calls: times.len() as i64,
        total_exec_time_ms: total,
        min_exec_time_ms: times.iter().copied().fold(f64::INFINITY, f64::min),
        max_exec_time_ms: times.iter().copied().fold(0.0, f64::max),
        stddev_exec_time_ms: if times.is_empty() { 0.0 } else { (spread / n).sqrt() },
        ..Counters::default()
    }
}

proptest! {
    #[test]
    fn the_spread_of_an_interval_is_that_of_its_own_executions(
        old in prop::collection::vec(0.1f64..1000.0, 1..50),
        new in prop::collection::vec(0.1f64..1000.0, 1..50),
    ) {
        let all = [old.clone(), new.clone()].concat();
        let delta = statement_delta(
            &interval(&next(|_| ())), Some(&entry(&old)), Some(&entry(&all)));
        let work = delta.work.unwrap();
        let expected = entry(&new).stddev_exec_time_ms.powi(2) * new.len() as f64;
        prop_assert_eq!(work.calls, new.len() as i64);
        prop_assert!((work.sum_squared_deviation_ms2 - expected).abs() <= 1e-6 * expected.max(1e3));
    }

    #[test]
    fn no_pair_of_readings_yields_a_negative_delta(
        before in (0i64..1000, 0.0f64..1e6, 0.0f64..10.0, 0.0f64..100.0),
        after in (0i64..1000, 0.0f64..1e6, 0.0f64..10.0, 0.0f64..100.0),
        evictions: bool,
        since_reset: bool,
    ) {
        let of = |(calls, total, min, max): (i64, f64, f64, f64)| Counters {
            min_exec_time_ms: min, max_exec_time_ms: max, stddev_exec_time_ms: max / 2.0,
            ..counters(calls, total)
        };
        let over = Interval { start: 0, end: HOUR, since_reset, evictions };
        for before in [None, Some(of(before))] {
            if let Some(work) = statement_delta(&over, before.as_ref(), Some(&of(after))).work {
                prop_assert!(work.calls >= 0 && work.rows >= 0);
                prop_assert!(work.shared_blks_hit >= 0 && work.shared_blks_read >= 0);
                prop_assert!(work.total_exec_time_ms >= 0.0);
                prop_assert!(work.sum_squared_deviation_ms2 >= 0.0);
            }
        }
    }
}
