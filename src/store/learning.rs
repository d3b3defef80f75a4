//! Outcomes into what is known about each kind of advice, and that into the open recommendations.
//!
//! Everything is recomputed from the outcomes, so an outcome can neither be lost nor count twice;
//! the lock makes two transactions that bring outcomes at once do it one after the other.

use std::collections::BTreeMap;

use once_cell::sync::Lazy;
use optimizer_core::learning::{KindLearning, Lesson, Outcome, pooled_half_width_percent};
use optimizer_core::performance_model::{Example, Features};
use optimizer_core::score::RANK_SLACK;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::spi::{SpiClient, SpiHeapTupleData};

use crate::error::Result;
use crate::row::{column, nullable};
use crate::store::bulk::in_bulk;
use crate::store::lock::Lock;
use crate::store::performance_model;
use crate::time::to_micros;

const OUTCOMES: &str = include_str!("../../sql/queries/outcomes.sql");
const KEEP_LEARNED: &str = include_str!("../../sql/queries/keep_learned.sql");
const KEEP_OVERALL: &str = include_str!("../../sql/queries/keep_learned_overall.sql");
static RESCORE: Lazy<String> =
    Lazy::new(|| with_scores(include_str!("../../sql/queries/rescore.sql")));

/// A statement with its `{scores}` filled in, the same formulas wherever recommendations are scored,
/// and with `{rank_slack}`.
pub fn with_scores(sql: &str) -> String {
    sql.replace("{scores}", include_str!("../../sql/queries/scores.sql"))
        .replace("{rank_slack}", &RANK_SLACK.to_string())
}

/// made_by, source_type, kind.
type Kind = (String, String, String);

/// Learns from all outcomes and scores the open recommendations of the kinds that changed.
pub fn learn(client: &mut SpiClient) -> Result<()> {
    Lock::Recommendations.wait(client)?;
    let examples = read_outcomes(client)?;
    let mut outcomes: BTreeMap<Kind, Vec<Outcome>> = BTreeMap::new();
    for example in &examples {
        outcomes.entry(kind_of(&example.features)).or_default().push(example.outcome);
    }
    let mut residuals = Vec::new();
    let mut learned = Vec::new();
    for (kind, outcomes) in &outcomes {
        let learning = KindLearning::from_outcomes(outcomes);
        residuals.extend(learning.residuals(outcomes));
        learned.push((kind, learning));
    }
    let improved = i32::try_from(residuals.len()).unwrap_or(i32::MAX);
    let half_width = pooled_half_width_percent(residuals);
    let overall = client.update(KEEP_OVERALL, None, &[improved.into(), half_width.into()])?;
    // What is pooled concerns every kind that has too few outcomes of its own.
    let pooled_changed = !overall.is_empty() && overall.first().get_one::<bool>()?.unwrap_or(false);
    let changed = keep(client, &learned)?;
    let model_changed = performance_model::train_when_due(client, &examples)?;
    if model_changed || pooled_changed || !changed.is_empty() {
        rescore(client, &changed, Vec::new(), pooled_changed || model_changed)?;
    }
    Ok(())
}

/// Scores every open recommendation anew.
pub fn rescore_all(client: &mut SpiClient) -> Result<()> {
    rescore(client, &[], Vec::new(), true)
}

/// Scores some open recommendations anew: they were not looked after while they were off the list.
pub fn rescore_recommendations(client: &mut SpiClient, ids: Vec<i64>) -> Result<()> {
    rescore(client, &[], ids, false)
}

fn kind_of(features: &Features) -> Kind {
    (features.made_by.clone(), features.source_type.clone(), features.kind.clone())
}

/// Every final verdict, with what the query looked like before.
pub fn read_outcomes(client: &mut SpiClient) -> Result<Vec<Example>> {
    let example = |row: SpiHeapTupleData| -> Result<Example> {
        let improvement = nullable::<f64>(&row, 5)?;
        let lesson = match (column::<String>(&row, 4)?.as_str(), improvement) {
            ("improved", Some(improvement_percent)) => Lesson::Worked { improvement_percent },
            ("not_improved", _) => Lesson::Failed,
            ("regressed", _) => Lesson::Harmed,
            _ => Lesson::Inconclusive,
        };
        let stated_percent = column(&row, 7)?;
        let number = |ordinal| nullable::<f64>(&row, ordinal).map(Option::unwrap_or_default);
        Ok(Example {
            features: Features {
                made_by: column(&row, 1)?,
                source_type: column(&row, 2)?,
                kind: column(&row, 3)?,
                stated_percent,
                calls_per_hour: number(10)?,
                mean_exec_time_ms: number(11)?,
                shared_blks_per_call: number(12)?,
                rows_per_call: number(13)?,
                cost_ratio: nullable(&row, 14)?,
            },
            improvement_percent: improvement.unwrap_or(f64::NAN),
            outcome: Outcome {
                lesson,
                measured_at: to_micros(column::<TimestampWithTimeZone>(&row, 6)?),
                predicted_percent: stated_percent,
                share: column(&row, 8)?,
            },
            action: column(&row, 9)?,
        })
    };
    client.update(OUTCOMES, None, &[])?.map(example).collect()
}

/// Writes what differs; returns the kinds that did.
fn keep(client: &mut SpiClient, learned: &[(&Kind, KindLearning)]) -> Result<Vec<Kind>> {
    let text = |of: fn(&Kind) -> &String| -> Vec<String> {
        learned.iter().map(|(kind, _)| of(kind).clone()).collect()
    };
    let each = |of: fn(&KindLearning) -> i32| -> Vec<i32> {
        learned.iter().map(|(_, learning)| of(learning)).collect()
    };
    let weight = |of: fn(&KindLearning) -> f64| -> Vec<f64> {
        learned.iter().map(|(_, learning)| of(learning)).collect()
    };
    let known = |of: fn(&KindLearning) -> Option<f64>| -> Vec<Option<f64>> {
        learned.iter().map(|(_, learning)| of(learning)).collect()
    };
    let table = client.update(
        KEEP_LEARNED,
        None,
        &[
            text(|k| &k.0).into(),
            text(|k| &k.1).into(),
            text(|k| &k.2).into(),
            each(|l| l.outcomes).into(),
            each(|l| l.inconclusive).into(),
            weight(|l| l.weight).into(),
            weight(|l| l.success_weight).into(),
            weight(|l| l.harm_weight).into(),
            known(|l| l.realisation_rate).into(),
            known(|l| l.half_width_percent).into(),
        ],
    )?;
    table.map(|row| Ok((column(&row, 1)?, column(&row, 2)?, column(&row, 3)?))).collect()
}

fn rescore(client: &mut SpiClient, kinds: &[Kind], ids: Vec<i64>, all: bool) -> Result<()> {
    let text = |of: fn(&Kind) -> &String| -> Vec<String> {
        kinds.iter().map(|kind| of(kind).clone()).collect()
    };
    let is_bulk = all || !kinds.is_empty();
    let arguments = [
        text(|k| &k.0).into(),
        text(|k| &k.1).into(),
        text(|k| &k.2).into(),
        ids.into(),
        all.into(),
    ];
    let write = |client: &mut SpiClient| {
        client.update(RESCORE.as_str(), None, &arguments)?;
        Ok(())
    };
    if is_bulk { in_bulk(client, write) } else { write(client) }
}
