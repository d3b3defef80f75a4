//! The verdict put to the test on this database's own past: changes that nobody made, at random moments, of queries that
//! nobody changed. Whatever is found there is an error of the method.

use std::collections::HashMap;

use optimizer_core::learning::calibration::rate_interval;
use optimizer_core::measurement::Look;
use optimizer_core::verdict::timeline::DAY;
use optimizer_core::verdict::{
    Candidate, ChangeEvidence, Circumstances, Scope, Verdict, baseline, examine,
};
use optimizer_core::{MICROS_PER_SECOND, Micros};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::Oid;
use pgrx::spi::SpiClient;

use crate::error::Result;
use crate::row::{column, nullable};
use crate::settings;
use crate::store::evidence::stretch;
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
}

impl Tally {
    pub fn trials(&self) -> i32 {
        self.improved + self.not_improved + self.regressed + self.inconclusive
    }

    /// Share of the trials that ended improved or regressed, with its 95 % interval; `None` without any.
    pub fn false_rate(&self) -> Option<(f64, f64, f64)> {
        let count = |number: i32| usize::try_from(number).unwrap_or(0);
        let (wrong, all) = (count(self.improved + self.regressed), count(self.trials()));
        let (low, high) = rate_interval(wrong, all);
        (all > 0).then(|| (wrong as f64 / all as f64, low, high))
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

/// Something that happened: to the server, or to one relation.
struct Event {
    at: Micros,
    relation: Option<u32>,
    is_epoch: bool,
}

/// Runs the trials. None can be made where there is too little history.
pub fn run(client: &mut SpiClient, trials: i32) -> Result<Tally> {
    let width = Micros::from(settings::bucket_width_seconds()) * MICROS_PER_SECOND;
    let schedule = settings::measurement_schedule();
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
    let mut surroundings = Surroundings::read(client, sight, (first, now), width)?;
    let relations = relations(client, chosen.iter().map(|(hash, _)| *hash).collect())?;
    let events = events(client, first)?;
    let mut tally = Tally::default();
    for (place, (query_hash, changed_at)) in chosen.iter().copied().enumerate() {
        pgrx::check_for_interrupts!();
        if place % CHUNK == 0 {
            let pool = surroundings.pool.iter().map(|query| query.query_hash);
            surroundings.history.keep_small(pool);
            let next = chosen[place..].iter().take(CHUNK).map(|(hash, _)| *hash);
            surroundings.history.fetch(client, next)?;
        }
        let own = relations.get(&query_hash).map_or(&[][..], Vec::as_slice);
        let look = |look, seconds, first_look_taken| {
            let trial = Trial { query_hash, changed_at, width, look, first_look_taken };
            trial.verdict(&surroundings, own, &events, changed_at + after(seconds))
        };
        let early = look(Look::First, schedule.measure_after_seconds, false);
        tally.add(if early.is_decided() {
            early
        } else {
            look(Look::Last, schedule.measure_deadline_seconds, true)
        });
    }
    Ok(tally)
}

struct Trial {
    query_hash: i64,
    changed_at: Micros,
    width: Micros,
    look: Look,
    first_look_taken: bool,
}

impl Trial {
    fn verdict(
        &self,
        surroundings: &Surroundings,
        own: &[u32],
        events: &[Event],
        window_end: Micros,
    ) -> Verdict {
        let (first, last) = stretch(self.changed_at, window_end, self.width);
        let recent = self.changed_at - DAY * self.width;
        let within = |event: &&Event, from: Micros| (from..=last).contains(&event.at);
        let happened = |is: &dyn Fn(&Event) -> bool, from: Micros| {
            events
                .iter()
                .filter(|event| within(event, from))
                .any(is)
                .then(|| "known to the ledger".to_owned())
        };
        let changed: Vec<u32> = events
            .iter()
            .filter(|event| within(event, first))
            .filter_map(|event| event.relation)
            .collect();
        let candidates: Vec<Candidate> = surroundings
            .pool
            .iter()
            .map(|query| Candidate {
                history: surroundings.history.of(query.query_hash),
                kind: query.kind,
                relations: &query.relations,
                reads_relation: query.reads_relation,
                is_changed: query.relations.iter().any(|relation| changed.contains(relation)),
            })
            .collect();
        examine(&ChangeEvidence {
            bucket_width: self.width,
            buckets: &surroundings.history.buckets,
            changed_at: self.changed_at,
            appeared_at: None,
            window_end,
            left_out: None,
            target: surroundings.history.of(self.query_hash),
            rewritten_as: None,
            target_relations: own,
            change_relations: &[],
            candidates: &candidates,
            neighbours: &[],
            costliest: &[],
            predicted_improvement_percent: PREDICTED_PERCENT,
            scope: Scope::Query,
            circumstances: Circumstances {
                epoch_change: happened(&|event| event.is_epoch, first),
                confounded_by: happened(
                    &|event| event.relation.is_some_and(|relation| own.contains(&relation)),
                    first,
                ),
                known_event: happened(&|event| event.relation.is_none(), recent),
                ..Circumstances::default()
            },
            look: self.look,
            first_look_taken: self.first_look_taken,
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

fn relations(client: &mut SpiClient, hashes: Vec<i64>) -> Result<HashMap<i64, Vec<u32>>> {
    Sight::OfTheCall
        .rows(client, RELATIONS, &[hashes.into()])?
        .map(|row| {
            let relations: Vec<Oid> = column(&row, 2)?;
            Ok((column(&row, 1)?, relations.into_iter().map(|oid| oid.to_u32()).collect()))
        })
        .collect()
}

fn events(client: &mut SpiClient, since: Micros) -> Result<Vec<Event>> {
    Sight::OfTheCall
        .rows(client, EVENTS, &[from_micros(since)?.into()])?
        .map(|row| {
            Ok(Event {
                at: to_micros(column(&row, 1)?),
                relation: nullable::<Oid>(&row, 2)?.map(|oid| oid.to_u32()),
                is_epoch: column(&row, 3)?,
            })
        })
        .collect()
}
