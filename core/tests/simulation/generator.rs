//! A database's hours: queries whose times have days, weekends, noise of their own and noise in common.
//!
//! For each hour a query's log mean is its level, plus a day's curve of +-15 %, a weekend 10 % faster, day
//! noise of 6 % (AR .3), hourly noise of 10 % (AR .6) and its loading (.5 to 1.1) of a noise that all share,
//! 6 % by day (AR .3). Calls come as a Poisson number, 60 an hour, each log-normal with sigma 1.

use std::sync::LazyLock;

use optimizer_core::Micros;
use optimizer_core::verdict::{Bucket, Candidate, Cell, QueryHistory, StatementKind};

use crate::random::Random;

pub const HOUR: Micros = 3_600_000_000;
pub const CONTROLS: usize = 20;

/// Times of single calls, as multiples of the mean: drawn once, then drawn from.
struct Pool(Vec<f64>);

impl Pool {
    fn log_normal(sigma: f64) -> Pool {
        let mut random = Random::new(0x5EED);
        let mut values: Vec<f64> = (0..1 << 16).map(|_| (sigma * random.normal()).exp()).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.iter_mut().for_each(|value| *value /= mean);
        Pool(values)
    }

    /// The times of `calls` calls, added up.
    fn sum(&self, random: &mut Random, calls: i64) -> f64 {
        let mut sum = 0.0;
        let (mut bits, mut left) = (0, 0);
        for _ in 0..calls {
            if left == 0 {
                (bits, left) = (random.bits(), 4);
            }
            sum += self.0[(bits & 0xFFFF) as usize];
            bits >>= 16;
            left -= 1;
        }
        sum
    }
}

static ORDINARY: LazyLock<Pool> = LazyLock::new(|| Pool::log_normal(1.0));
static HEAVY: LazyLock<Pool> = LazyLock::new(|| Pool::log_normal(2.0));

/// What is simulated; the default is a change that does nothing, at any moment.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    /// Days of baseline that there are, the one right before the change not counted.
    pub baseline_days: usize,
    pub target_calls_per_hour: f64,
    /// Factor on the target's call rate from the change on.
    pub call_rate_factor: f64,
    pub day_sd: f64,
    pub day_correlation: f64,
    /// The target's own trend, log units a day.
    pub trend: f64,
    pub heavy_tail: bool,
    /// Log effect on the target.
    pub effect: f64,
    /// Log effect on everything at the same moment.
    pub upgrade: f64,
    /// On a Friday between 14 and 18 h.
    pub on_friday: bool,
    /// Right after the slowest 24 hours in two weeks.
    pub acted_on_slow_day: bool,
    /// Statements that touch no data, on offer beside the controls, or `only` them.
    pub idle_statements: usize,
    pub controls: usize,
}

impl Default for Setup {
    fn default() -> Setup {
        Setup {
            baseline_days: 14,
            target_calls_per_hour: 60.0,
            call_rate_factor: 1.0,
            day_sd: 0.06,
            day_correlation: 0.3,
            trend: 0.0,
            heavy_tail: false,
            effect: 0.0,
            upgrade: 0.0,
            on_friday: false,
            acted_on_slow_day: false,
            idle_statements: 0,
            controls: CONTROLS,
        }
    }
}

/// What happened, as the tables would hold it.
pub struct World {
    pub buckets: Vec<Bucket>,
    pub target: Vec<Cell>,
    pub others: Vec<Other>,
    pub changed_at: Micros,
    pub appeared_at: Option<Micros>,
}

pub struct Other {
    pub kind: StatementKind,
    pub relations: Vec<u32>,
    pub cells: Vec<Cell>,
}

pub const TARGET_HASH: i64 = -1;
pub const TARGET_RELATION: u32 = 1;

impl World {
    pub fn candidates(&self) -> Vec<Candidate<'_>> {
        (0_i64..)
            .zip(&self.others)
            .map(|(query_hash, other)| Candidate {
                history: QueryHistory { query_hash, cells: &other.cells },
                kind: other.kind,
                relations: &other.relations,
                reads_relation: !other.relations.is_empty(),
            })
            .collect()
    }
}

/// Days after the change that are generated.
const DAYS_AFTER: usize = 2;
/// More days before it, from which a slow one can be picked.
const DAYS_TO_PICK_FROM: usize = 14;

/// One query's log mean, hour by hour, without what a change does.
struct Curve {
    log_means: Vec<f64>,
}

struct Calendar {
    hours: usize,
    /// Day of the week of hour 0, 0 = Monday.
    first_weekday: usize,
}

impl Calendar {
    fn is_weekend(&self, hour: usize) -> bool {
        (self.first_weekday + hour / 24) % 7 >= 5
    }
}

fn curve(random: &mut Random, setup: &Setup, calendar: &Calendar, shared: &[f64]) -> Curve {
    let days = calendar.hours / 24 + 1;
    let by_day = random.autoregressive(days, setup.day_sd, setup.day_correlation);
    let by_hour = random.autoregressive(calendar.hours, 0.10, 0.6);
    let loading = random.between(0.5, 1.1);
    let phase = random.between(0.0, 24.0);
    let level = 2.0 + random.normal();
    let log_means = (0..calendar.hours)
        .map(|hour| {
            let curve = 0.15 * (std::f64::consts::TAU * (hour as f64 + phase) / 24.0).sin();
            let weekend = if calendar.is_weekend(hour) { 0.9_f64.ln() } else { 0.0 };
            level
                + curve
                + weekend
                + by_day[hour / 24]
                + by_hour[hour]
                + loading * shared[hour / 24]
        })
        .collect();
    Curve { log_means }
}

fn cell(random: &mut Random, pool: &Pool, hour: usize, log_mean: f64, calls_per_hour: f64) -> Cell {
    let calls = random.poisson(calls_per_hour);
    let total_exec_time_ms = pool.sum(random, calls) * log_mean.exp();
    Cell {
        start: hour as Micros * HOUR,
        calls,
        total_exec_time_ms,
        rows: calls,
        shared_blks: calls * 50,
        lossy: false,
    }
}

/// Generates one world.
pub fn generate(random: &mut Random, setup: &Setup) -> World {
    let extra = if setup.acted_on_slow_day { DAYS_TO_PICK_FROM } else { 0 };
    // The day before the change, and a part of a day on either end, come on top.
    let before = setup.baseline_days + 1 + extra;
    let hour_of_change = if setup.on_friday { 14 + random.below(4) } else { random.below(24) };
    let change = before * 24 + hour_of_change;
    let first_weekday = if setup.on_friday {
        // So that the change's day is 4, a Friday.
        (4 + 7 * 9 - before) % 7
    } else {
        random.below(7)
    };
    // History begins at the whole hour that the first block of the baseline begins with.
    let history_begins = change - (setup.baseline_days + 1 + extra) * 24;
    let calendar = Calendar { hours: change + DAYS_AFTER * 24 + 24, first_weekday };
    let shared = random.autoregressive(calendar.hours / 24 + 1, 0.06, 0.3);
    let target_curve = curve(random, setup, &calendar, &shared);
    let (change, appeared) = if setup.acted_on_slow_day {
        slow_moment(random, &target_curve, change)
    } else {
        (change, None)
    };
    let buckets = (history_begins..calendar.hours)
        .map(|hour| Bucket {
            start: hour as Micros * HOUR,
            width: HOUR,
            observed_share: 1.0,
            hour_of_day: (hour % 24) as u8,
            is_weekend: calendar.is_weekend(hour),
        })
        .collect();
    let pool = if setup.heavy_tail { &*HEAVY } else { &*ORDINARY };
    let target = (history_begins..calendar.hours)
        .map(|hour| {
            let changed = hour >= change;
            let effect = if changed { setup.effect + setup.upgrade } else { 0.0 };
            let trend = setup.trend * (hour as f64 - change as f64) / 24.0;
            let rate = if changed { setup.call_rate_factor } else { 1.0 };
            let log_mean = target_curve.log_means[hour] + effect + trend;
            cell(random, pool, hour, log_mean, setup.target_calls_per_hour * rate)
        })
        .collect();
    let mut others = Vec::new();
    for number in 0..setup.controls {
        let its_curve = curve(random, &Setup::default_noise(setup), &calendar, &shared);
        let cells = (history_begins..calendar.hours)
            .map(|hour| {
                let upgrade = if hour >= change { setup.upgrade } else { 0.0 };
                cell(random, &ORDINARY, hour, its_curve.log_means[hour] + upgrade, 60.0)
            })
            .collect();
        // Two to a relation, none on the target's.
        let relations = vec![10 + (number / 2) as u32];
        others.push(Other { kind: StatementKind::Select, relations, cells });
    }
    for number in 0..setup.idle_statements {
        others.push(idle(random, number, history_begins..calendar.hours));
    }
    World {
        buckets,
        target,
        others,
        changed_at: change as Micros * HOUR + random.below(3600) as Micros * 1_000_000,
        appeared_at: appeared.map(|hour| hour as Micros * HOUR),
    }
}

impl Setup {
    /// Controls have the same noise as the target.
    fn default_noise(setup: &Setup) -> Setup {
        Setup { day_sd: setup.day_sd, day_correlation: setup.day_correlation, ..Setup::default() }
    }
}

/// BEGIN, COMMIT, SELECT 1: very many calls, always the same short time, no data. Half of them look like
/// a SELECT, half of those even claim to read a relation.
fn idle(random: &mut Random, number: usize, hours: std::ops::Range<usize>) -> Other {
    let cells = hours
        .map(|hour| {
            let calls = random.poisson(100_000.0);
            Cell {
                start: hour as Micros * HOUR,
                calls,
                total_exec_time_ms: calls as f64 * 0.01,
                rows: calls,
                shared_blks: 0,
                lossy: false,
            }
        })
        .collect();
    let kind = if number.is_multiple_of(2) { StatementKind::Select } else { StatementKind::Other };
    let relations = if number.is_multiple_of(4) { vec![500 + number as u32] } else { Vec::new() };
    Other { kind, relations, cells }
}

/// The hour after the slowest 24 of the last two weeks, when the recommendation appears, and up to half
/// a day later, when it is followed.
fn slow_moment(random: &mut Random, target: &Curve, latest: usize) -> (usize, Option<usize>) {
    let earliest = latest - (DAYS_TO_PICK_FROM - 1) * 24;
    let mean_before =
        |hour: usize| target.log_means[hour - 24..hour].iter().map(|log| log.exp()).sum::<f64>();
    let slowest = (earliest..=latest - 12)
        .max_by(|a, b| mean_before(*a).total_cmp(&mean_before(*b)))
        .expect("there are days to pick from");
    (slowest + random.below(12), Some(slowest))
}
