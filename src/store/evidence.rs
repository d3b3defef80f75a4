//! Everything a verdict looks at, gathered for one implementation, and the verdict itself.

use optimizer_core::Micros;
use optimizer_core::measurement::Look;
use optimizer_core::verdict::timeline::{DAY, OLDEST_DAY};
use optimizer_core::verdict::{
    ChangeEvidence, Circumstances, Earlier, Finding, QueryHistory, Scope, examine, side_effects,
};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::Oid;
use pgrx::spi::{SpiClient, SpiHeapTupleData};

use crate::error::Result;
use crate::kept_plan::update_kept;
use crate::row::{column, nullable};
use crate::store::changes::{self, Others, This};
use crate::store::implementations::only_row;
use crate::store::surroundings::{self, PoolQuery, Surroundings};
use crate::time::{from_micros, to_micros};

const READ_CIRCUMSTANCES: &str = include_str!("../../sql/queries/read_circumstances.sql");

const COSTLIEST_BEFORE: &str = include_str!("../../sql/queries/costliest_before.sql");
const IS_MADE: &str = "/* optimizer_workflow: is it made */ \
    SELECT CASE WHEN i.status = 'pending' THEN optimizer.unmet_ground(i.ground) IS NULL \
                ELSE coalesce(i.verdict_reason, '') NOT LIKE 'not_applied:%' END \
    FROM optimizer.optimization_implementations i WHERE i.id = $1";

/// The costliest queries that are asked about a change of the whole server.
const COSTLIEST: i64 = 20;

/// What is to be judged.
#[derive(Debug, Clone)]
pub struct Question {
    pub implementation_id: i64,
    pub query_hash: i64,
    /// Of a rewrite: the statements that came in its place.
    pub new_queries: Option<Vec<i64>>,
    pub changed_at: Micros,
    pub predicted_improvement_percent: f64,
    pub bucket_width: Micros,
    pub window_end: Micros,
    pub look: Look,
    pub first_look_taken: bool,
}

impl Question {
    /// The buckets that may count.
    pub fn stretch(&self) -> (Micros, Micros) {
        stretch(self.changed_at, self.window_end, self.bucket_width)
    }
}

/// From four weeks of buckets before a change to the end of its window.
pub fn stretch(changed_at: Micros, window_end: Micros, bucket_width: Micros) -> (Micros, Micros) {
    (changed_at.saturating_add((OLDEST_DAY * DAY - 1) * bucket_width), window_end)
}

/// What stands beside the numbers of one implementation.
struct Around {
    appeared_at: Micros,
    scope: Scope,
    target_relations: Vec<u32>,
    change_relations: Vec<u32>,
    neighbours: Vec<i64>,
    circumstances: Circumstances,
    this: This,
    /// When the index that was made was dropped again, or the setting set to something else.
    undone_at: Option<Micros>,
    /// From when to when the index was built.
    built: Option<(Micros, Micros)>,
}

/// The verdict on one implementation as things are now, and the end of the window that it rests on.
pub fn judge(client: &mut SpiClient, mut question: Question) -> Result<(Finding, Micros)> {
    let mut around = around(client, &question)?;
    if question.look == Look::Reverted
        && let Some(undone_at) = around.undone_at
    {
        // It was there until it was taken back, which may have been before anybody said so: where the ledger saw it go.
        // What happened then and later is no part of the window.
        question.window_end = question.window_end.min(undone_at.saturating_sub(1));
        around = self::around(client, &question)?;
        around.circumstances.not_applied = None;
    }
    let question = &question;
    let finding = surroundings::with(
        client,
        question.stretch(),
        question.bucket_width,
        |client, surroundings| {
            let others = changes::of_others(
                surroundings.changes(client)?,
                &around.this,
                question.stretch(),
                question.changed_at.saturating_sub(DAY * question.bucket_width),
            );
            let known = &mut around.circumstances;
            if known.confounded_by.is_none() {
                known.confounded_by = confounding(client, &others)?;
            }
            known.earlier_change = [known.earlier_change.take(), others.earlier.clone()]
                .into_iter()
                .flatten()
                .max_by_key(|e| e.at);
            let neighbours =
                surroundings.costliest(around.neighbours.iter().copied(), side_effects::MOST);
            let costliest = if around.scope == Scope::Server {
                costliest_before(client, question)?
            } else {
                Vec::new()
            };
            let own = question.new_queries.iter().flatten().copied().chain([question.query_hash]);
            let all = own.chain(neighbours.iter().copied()).chain(costliest.iter().copied());
            let offered = surroundings.offered(|query| around.may_compare(query, &others));
            let controls = offered.iter().map(|place| surroundings.pool[*place].query_hash);
            let needed: Vec<i64> = all.chain(controls).collect();
            surroundings.history.keep_small(needed.iter().copied());
            surroundings.history.fetch(client, needed.into_iter())?;
            Ok(found(question, &around, surroundings, &offered, (&neighbours, &costliest)))
        },
    )?;
    Ok((finding, question.window_end))
}

fn found(
    question: &Question,
    around: &Around,
    surroundings: &Surroundings,
    offered: &[usize],
    (neighbours, costliest): (&[i64], &[i64]),
) -> Finding {
    let history = &surroundings.history;
    let of = |hashes: &[i64]| -> Vec<QueryHistory> {
        hashes.iter().map(|hash| history.of(*hash)).collect()
    };
    let rewritten_as = question.new_queries.as_deref().map(of);
    examine(&ChangeEvidence {
        bucket_width: question.bucket_width,
        buckets: &history.buckets,
        changed_at: question.changed_at,
        appeared_at: Some(around.appeared_at),
        window_end: question.window_end,
        left_out: around.built,
        target: history.of(question.query_hash),
        rewritten_as: rewritten_as.as_deref(),
        target_relations: &around.target_relations,
        change_relations: &around.change_relations,
        candidates: &surroundings.candidates(offered),
        neighbours: &of(neighbours),
        costliest: &of(costliest),
        predicted_improvement_percent: question.predicted_improvement_percent,
        scope: around.scope,
        circumstances: around.circumstances.clone(),
        look: question.look,
        first_look_taken: question.first_look_taken,
    })
}

/// The first change of others that was really made. What was never made is known at its look only: until then it is looked for.
fn confounding(client: &mut SpiClient, others: &Others) -> Result<Option<String>> {
    for (words, implementation) in &others.confounding {
        let is_made = match implementation {
            None => true,
            Some(id) => column(&only_row(client.update(IS_MADE, Some(1), &[(*id).into()])?)?, 1)?,
        };
        if is_made {
            return Ok(Some(words.clone()));
        }
    }
    Ok(None)
}

/// The queries that took the most time in the week before a change: afterwards those that became faster would fall out.
fn costliest_before(client: &mut SpiClient, question: &Question) -> Result<Vec<i64>> {
    let since =
        question.changed_at.saturating_sub(surroundings::RANKED_BUCKETS * question.bucket_width);
    client
        .update(
            COSTLIEST_BEFORE,
            None,
            &[
                from_micros(since)?.into(),
                from_micros(question.changed_at)?.into(),
                COSTLIEST.into(),
            ],
        )?
        .map(|row| column(&row, 1))
        .collect()
}

impl Around {
    /// Whether a query is neither touched by this change nor by another one in the same days.
    fn may_compare(&self, query: &PoolQuery, others: &Others) -> bool {
        let is_touched = |relation: &u32| {
            self.this.relations.contains(relation) || others.relations.contains(relation)
        };
        !self.this.queries.contains(&query.query_hash)
            && !others.queries.contains(&query.query_hash)
            && !query.relations.iter().any(is_touched)
    }
}

fn around(client: &mut SpiClient, question: &Question) -> Result<Around> {
    let (first, last) = question.stretch();
    let confounding_from = question.changed_at.saturating_sub(DAY * question.bucket_width);
    let table = update_kept(
        client,
        READ_CIRCUMSTANCES,
        &[
            question.implementation_id.into(),
            from_micros(first)?.into(),
            from_micros(confounding_from)?.into(),
            from_micros(last)?.into(),
        ],
    )?;
    let row = only_row(table)?;
    let relations = |ordinal| -> Result<Vec<u32>> {
        Ok(column::<Vec<Oid>>(&row, ordinal)?.into_iter().map(|oid| oid.to_u32()).collect())
    };
    let moment = |row: &SpiHeapTupleData, ordinal| -> Result<Option<Micros>> {
        Ok(nullable::<TimestampWithTimeZone>(row, ordinal)?.map(to_micros))
    };
    let (target_relations, change_relations) = (relations(3)?, relations(4)?);
    Ok(Around {
        appeared_at: to_micros(column::<TimestampWithTimeZone>(&row, 1)?),
        scope: match nullable::<String>(&row, 2)?.as_deref() {
            Some("server") => Scope::Server,
            Some("database") => Scope::Database,
            Some("role") => Scope::Role,
            _ => Scope::Query,
        },
        neighbours: column(&row, 5)?,
        circumstances: Circumstances {
            not_applied: nullable(&row, 6)?,
            epoch_change: nullable(&row, 7)?,
            known_event: nullable(&row, 8)?,
            earlier_event: moment(&row, 17)?
                .zip(nullable(&row, 18)?)
                .map(|(at, words)| Earlier { at, words }),
            earlier_change: moment(&row, 22)?
                .zip(nullable(&row, 23)?)
                .map(|(at, words)| Earlier { at, words }),
            confounded_by: nullable(&row, 21)?,
            ..Circumstances::default()
        },
        undone_at: moment(&row, 9)?,
        built: moment(&row, 19)?.zip(moment(&row, 20)?),
        this: This {
            queries: column(&row, 10)?,
            recorded_with: column(&row, 11)?,
            recommendation_id: column(&row, 12)?,
            changed_at: to_micros(column::<TimestampWithTimeZone>(&row, 13)?),
            relations: target_relations.iter().chain(&change_relations).copied().collect(),
            change_relations: change_relations.clone(),
            index_fingerprint: nullable(&row, 14)?,
            dropped_index: nullable(&row, 15)?,
            is_told: column(&row, 16)?,
            bucket_width: question.bucket_width,
        },
        target_relations,
        change_relations,
    })
}
