//! Evidence for tests: a change at 10:20 of a day, and cells counted in hours from 10:00.

use crate::Micros;
use crate::measurement::Look;
use crate::verdict::evidence::{
    Bucket, Candidate, Cell, ChangeEvidence, Circumstances, QueryHistory, Scope, StatementKind,
};
use crate::verdict::timeline::{HOUR, Timeline};

/// Hours from 2000-01-01 00:00 UTC to the bucket of the change: day 100, 10 o'clock.
pub const CHANGE_HOUR: i64 = 2410;
pub const CHANGED_AT: Micros = CHANGE_HOUR * HOUR + HOUR / 3;
/// 15 days before the change, and two after it.
pub const ALL: std::ops::Range<i64> = -15 * 24..48;

/// Tests may keep what they make.
pub fn kept<T>(values: Vec<T>) -> &'static [T] {
    values.leak()
}

pub fn at(hour: i64) -> Micros {
    (CHANGE_HOUR + hour) * HOUR
}

pub fn bucket(hour: i64) -> Bucket {
    let since = CHANGE_HOUR + hour;
    Bucket {
        start: at(hour),
        width: HOUR,
        observed_share: 1.0,
        hour_of_day: since.rem_euclid(24) as u8,
        is_weekend: since.div_euclid(24).rem_euclid(7) >= 5,
    }
}

pub fn buckets(hours: std::ops::Range<i64>) -> Vec<Bucket> {
    hours.map(bucket).collect()
}

pub fn cell(hour: i64, calls: i64, mean_ms: f64) -> Cell {
    Cell {
        start: at(hour),
        calls,
        total_exec_time_ms: calls as f64 * mean_ms,
        rows: calls,
        shared_blks: 10 * calls,
        lossy: false,
    }
}

/// 60 calls an hour, about `before` ms each, `after` from the change on; a few percent up and down by day
/// and by hour, another pattern for each seed.
pub fn wobbling(seed: i64, before: f64, after: f64) -> Vec<Cell> {
    let noise = |number: i64| {
        let bits = (number + 7919 * seed).wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64);
        ((bits as u64) >> 40) as f64 / f64::from(1_u32 << 24) - 0.5
    };
    ALL.map(|hour| {
        let mean = if hour >= 0 { after } else { before };
        let wobble = 0.10 * noise(hour.div_euclid(24)) + 0.2 * noise(hour + 100_000);
        cell(hour, 60, mean * wobble.exp())
    })
    .collect()
}

/// This many candidates on tables of their own, whose time changes by `factor` at the change.
pub fn candidates(count: i64, factor: f64) -> Vec<Candidate<'static>> {
    (1..=count)
        .map(|number| Candidate {
            history: QueryHistory {
                query_hash: number,
                cells: kept(wobbling(number, 5.0, 5.0 * factor)),
            },
            kind: StatementKind::Select,
            relations: kept(vec![100 + number as u32]),
            reads_relation: true,
        })
        .collect()
}

/// A change of a query of 10 ms on relation 1 that takes `after` ms afterwards, at its last look;
/// ten controls that did not change.
pub fn evidence(after: f64) -> ChangeEvidence<'static> {
    ChangeEvidence {
        bucket_width: HOUR,
        buckets: kept(buckets(ALL)),
        changed_at: CHANGED_AT,
        appeared_at: None,
        window_end: CHANGED_AT + 48 * HOUR,
        left_out: None,
        target: QueryHistory { query_hash: -1, cells: kept(wobbling(0, 10.0, after)) },
        rewritten_as: None,
        target_relations: &[1],
        change_relations: &[1],
        candidates: kept(candidates(10, 1.0)),
        neighbours: &[],
        costliest: &[],
        predicted_improvement_percent: 50.0,
        scope: Scope::Query,
        circumstances: Circumstances::default(),
        look: Look::Last,
        first_look_taken: true,
    }
}

pub fn timeline(evidence: &ChangeEvidence) -> Timeline {
    Timeline::new(evidence).unwrap()
}
