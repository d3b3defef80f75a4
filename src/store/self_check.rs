//! The verdict put to the test on this database's own past: changes that nobody made, at random moments, of queries that
//! nobody changed. Whatever is found there is an error of the method.

use std::collections::{HashMap, HashSet};

use optimizer_core::learning::calibration::interval_of_rate;
use optimizer_core::measurement::Look;
use optimizer_core::verdict::timeline::DAY;
use optimizer_core::verdict::{
    ChangeEvidence, Circumstances, Earlier, Scope, Verdict, baseline, examine,
};
use optimizer_core::{MICROS_PER_SECOND, Micros};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::Oid;
use pgrx::spi::SpiClient;

use crate::error::Result;
use crate::progress;
use crate::row::{column, nullable};
use crate::settings;
use crate::store::changes::{self, Change};
use crate::store::evidence::stretch;
use crate::store::looks;
use crate::store::sight::Sight;
use crate::store::surroundings::Surroundings;
use crate::time::{from_micros, now, to_micros};

const TRIALS: &str = include_str!("../../sql/queries/self_check_trials.sql");
const RELATIONS: &str = include_str!("../../sql/queries/self_check_relations.sql");
const EVENTS: &str = include_str!("../../sql/queries/self_check_events.sql");
const FIRST_BUCKET: &str = "/* optimizer_workflow: first bucket */ \
    SELECT min(bucket_start) FROM optimizer.sampling_coverage WHERE bucket_width_seconds = $1";

/// What was promised of a change that nobody made, percent: the usual promise of an index. It decides between `not_improved` and
/// `inconclusive` only.
const PREDICTED_PERCENT: f64 = 50.0;

/// Trials whose queries are read together: 500 of 35 days of hours are some 20 MB.
const CHUNK: usize = 500;

/// Days before a moment that a trial needs: the least baseline, and the day that is left out.
const DAYS_BEFORE: i64 = baseline::MIN_DAYS as i64 + 1;

/// What came of the trials.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tally {
    pub improved: i32,
    pub not_improved: i32,
    pub regressed: i32,
    pub inconclusive: i32,
    /// So many trials at the most do not overlap: one for each query and time to `measure_deadline`.
    pub apart: i64,
}

impl Tally {
    pub fn trials(&self) -> i32 {
        self.improved + self.not_improved + self.regressed + self.inconclusive
    }

    /// Share of the trials that ended improved or regressed, with its 95 % interval; `None` without any.
    pub fn false_rate(&self) -> Option<(f64, f64, f64)> {
        let (wrong, all) = (f64::from(self.improved + self.regressed), f64::from(self.trials()));
        if all <= 0.0 {
            return None;
        }
        let rate = wrong / all;
        // Trials that share days of one query are hardly more than one: they make no interval narrower.
        let (low, high) = interval_of_rate(rate, all.min(self.apart as f64));
        Some((rate, low, high))
    }

    fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Improved => self.improved += 1,
            Verdict::NotImproved => self.not_improved += 1,
            Verdict::Regressed => self.regressed += 1,
            Verdict::Inconclusive => self.inconclusive += 1,
        }
    }
}

/// Something that happened to the server between two moments, or to what one role begins with.
struct Event {
    since: Micros,
    at: Micros,
    is_epoch: bool,
    role: Option<String>,
}

/// What a query touches, and who runs it.
#[derive(Default)]
struct Own {
    relations: Vec<u32>,
    roles: Vec<String>,
}

/// Runs the trials. None can be made where there is too little history.
pub fn run(client: &mut SpiClient, trials: i32) -> Result<Tally> {
    let width = Micros::from(settings::bucket_width_seconds()) * MICROS_PER_SECOND;
    let schedule = looks::schedule();
    let after = |seconds: i32| Micros::from(seconds) * MICROS_PER_SECOND;
    let deadline = after(schedule.measure_deadline_seconds);
    let sight = Sight::OfTheCall;
    let first: Option<TimestampWithTimeZone> = sight
        .rows(client, FIRST_BUCKET, &[settings::bucket_width_seconds().into()])?
        .first()
        .get_one()?;
    let now = now();
    let Some(first) = first.map(to_micros) else { return Ok(Tally::default()) };
    let (earliest, latest) = (first.saturating_add(DAYS_BEFORE * DAY * width), now - deadline);
    if latest <= earliest {
        return Ok(Tally::default());
    }
    let chosen = choose(client, trials, (earliest, latest))?;
    let surroundings = &mut Surroundings::read(client, sight, (first, now), width)?;
    let own = own(client, chosen.iter().map(|(hash, _)| *hash).collect())?;
    let events = events(client, first)?;
    let changes = changes::read(client, sight, (first, now))?;
    let queries: HashSet<i64> = chosen.iter().map(|(hash, _)| *hash).collect();
    let windows = 1 + (latest - earliest) / deadline.max(1);
    let mut tally = Tally { apart: queries.len() as i64 * windows, ..Tally::default() };
    let nothing = Own::default();
    for chunk in chosen.chunks(CHUNK) {
        let trials: Vec<Trial> = chunk
            .iter()
            .map(|(query_hash, changed_at)| Trial {
                query_hash: *query_hash,
                changed_at: *changed_at,
                width,
                own: own.get(query_hash).unwrap_or(&nothing),
                events: &events,
                changes: &changes,
            })
            .collect();
        let mut needed = HashSet::new();
        for trial in &trials {
            pgrx::check_for_interrupts!();
            needed.insert(trial.query_hash);
            let controls = trial.controls(surroundings, trial.changed_at + deadline);
            needed.extend(controls.iter().map(|place| surroundings.pool[*place].query_hash));
        }
        surroundings.history.keep_small(needed.iter().copied());
        surroundings.history.fetch(client, needed.into_iter())?;
        for trial in &trials {
            pgrx::check_for_interrupts!();
            let judged = usize::try_from(tally.trials()).unwrap_or(0);
            progress::report_count(judged, chosen.len(), "trials judged");
            let end = |seconds| trial.changed_at + after(seconds);
            let early =
                trial.verdict(surroundings, Look::First, end(schedule.measure_after_seconds));
            tally.add(if early.is_decided() {
                early
            } else {
                trial.verdict(surroundings, Look::Last, trial.changed_at + deadline)
            });
        }
    }
    Ok(tally)
}

/// A change that nobody made.
struct Trial<'a> {
    query_hash: i64,
    changed_at: Micros,
    width: Micros,
    own: &'a Own,
    events: &'a [Event],
    changes: &'a [Change],
}

impl Trial<'_> {
    /// What happened to the server in between, as far as the query can have met it.
    fn events(&self, first: Micros, last: Micros) -> impl DoubleEndedIterator<Item = &Event> {
        let is_met =
            |event: &&Event| event.role.as_ref().is_none_or(|role| self.own.roles.contains(role));
        self.events
            .iter()
            .filter(move |event| event.at >= first && event.since <= last)
            .filter(is_met)
    }

    /// The changes that were made in between.
    fn changes(&self, first: Micros, last: Micros) -> impl DoubleEndedIterator<Item = &Change> {
        self.changes.iter().filter(move |change| change.is_within(first, last))
    }

    fn controls(&self, surroundings: &Surroundings, window_end: Micros) -> Vec<usize> {
        let (first, last) = stretch(self.changed_at, window_end, self.width);
        let changed: HashSet<u32> =
            self.changes(first, last).flat_map(|change| change.relations()).copied().collect();
        let is_touched =
            |relation: &u32| self.own.relations.contains(relation) || changed.contains(relation);
        surroundings.offered(|query| {
            query.query_hash != self.query_hash && !query.relations.iter().any(is_touched)
        })
    }

    fn verdict(&self, surroundings: &Surroundings, look: Look, window_end: Micros) -> Verdict {
        let (first, last) = stretch(self.changed_at, window_end, self.width);
        let recent = self.changed_at - DAY * self.width;
        let known = |is: bool| is.then(|| "known to the ledger".to_owned());
        // A setting of the role moves no control that runs as another one.
        let is_own_event = |event: &&Event| event.role.is_some() || event.is_epoch;
        let is_own_change = |change: &&Change| change.touches(&self.own.relations);
        let of_server = |event: &&Event| event.role.is_none();
        let before = |at: Micros| Earlier { at, words: String::new() };
        let own_before = self
            .changes(first, recent)
            .filter(is_own_change)
            .map(Change::at)
            .chain(self.events(first, recent).filter(is_own_event).map(|event| event.at));
        let controls = self.controls(surroundings, window_end);
        examine(&ChangeEvidence {
            bucket_width: self.width,
            buckets: &surroundings.history.buckets,
            changed_at: self.changed_at,
            appeared_at: None,
            window_end,
            left_out: None,
            target: surroundings.history.of(self.query_hash),
            rewritten_as: None,
            target_relations: &self.own.relations,
            change_relations: &[],
            candidates: &surroundings.candidates(&controls),
            neighbours: &[],
            costliest: &[],
            predicted_improvement_percent: PREDICTED_PERCENT,
            scope: Scope::Query,
            circumstances: Circumstances {
                epoch_change: known(self.events(recent, last).any(|event| event.is_epoch)),
                confounded_by: known(
                    self.changes(recent, last).any(|change| is_own_change(&change))
                        || self.events(recent, last).any(|event| event.role.is_some()),
                ),
                known_event: known(self.events(recent, last).any(|event| of_server(&event))),
                earlier_change: own_before.filter(|at| *at < recent).max().map(before),
                earlier_event: self
                    .events(first, recent)
                    .filter(of_server)
                    .map(|event| event.at)
                    .filter(|at| *at < recent)
                    .max()
                    .map(before),
                ..Circumstances::default()
            },
            look,
            first_look_taken: look == Look::Last,
        })
        .verdict
    }
}

fn choose(
    client: &mut SpiClient,
    trials: i32,
    (earliest, latest): (Micros, Micros),
) -> Result<Vec<(i64, Micros)>> {
    let least_buckets = i32::try_from((DAYS_BEFORE + 1) * DAY).unwrap_or(i32::MAX);
    let arguments = [
        trials.into(),
        from_micros(earliest)?.into(),
        from_micros(latest)?.into(),
        least_buckets.into(),
    ];
    Sight::OfTheCall
        .rows(client, TRIALS, &arguments)?
        .map(|row| Ok((column(&row, 1)?, to_micros(column(&row, 2)?))))
        .collect()
}

fn own(client: &mut SpiClient, hashes: Vec<i64>) -> Result<HashMap<i64, Own>> {
    Sight::OfTheCall
        .rows(client, RELATIONS, &[hashes.into()])?
        .map(|row| {
            let relations: Vec<Oid> = column(&row, 2)?;
            let relations = relations.into_iter().map(|oid| oid.to_u32()).collect();
            Ok((column(&row, 1)?, Own { relations, roles: column(&row, 3)? }))
        })
        .collect()
}

fn events(client: &mut SpiClient, since: Micros) -> Result<Vec<Event>> {
    Sight::OfTheCall
        .rows(client, EVENTS, &[from_micros(since)?.into()])?
        .map(|row| {
            Ok(Event {
                since: to_micros(column(&row, 1)?),
                at: to_micros(column(&row, 2)?),
                is_epoch: column(&row, 3)?,
                role: nullable(&row, 4)?,
            })
        })
        .collect()
}
