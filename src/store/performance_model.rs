//! The performance model as it is kept: trained on the outcomes, one row a version.
//!
//! Trap: the latest row counts, used or not. A model that no longer beats the kinds' rates must not leave an older one in use.

use optimizer_core::learning::Lesson;
use optimizer_core::performance_model::{Example, Model, NotTrained, is_due, train};
use pgrx::JsonB;
use pgrx::spi::SpiClient;
use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::row::{column, nullable};
use crate::store::learning::with_scores;

const LATEST: &str = include_str!("../../sql/queries/latest_performance_model.sql");
const KEEP: &str = include_str!("../../sql/queries/keep_performance_model.sql");
const PREDICT: &str = include_str!("../../sql/queries/predict_improvement.sql");

/// A training that led to a model.
pub struct Trained {
    pub version: i64,
    /// Not the latest one over again.
    pub is_new: bool,
    pub model: Model,
}

/// What is expected of a recommendation.
pub struct Prediction {
    pub forecast_percent: f64,
    pub low_percent: f64,
    pub high_percent: f64,
    pub model_version: Option<i64>,
    /// model, kind (its realisation rate) or stated.
    pub basis: String,
}

/// Trains when enough has come in since the last time; whether forecasts come from another model now.
pub fn train_when_due(client: &mut SpiClient, examples: &[Example]) -> Result<bool> {
    let latest = latest(client)?;
    let seen = latest.map_or(0, |(outcomes, _)| outcomes);
    if !is_due(seen, conclusive(examples)) {
        return Ok(false);
    }
    let was_used = latest.is_some_and(|(_, is_used)| is_used);
    Ok(match train_now(client, examples)? {
        Ok(trained) => was_used || trained.model.beats_rule,
        Err(_) => false,
    })
}

/// Trains and keeps a model, or says why there is none.
pub fn train_now(
    client: &mut SpiClient,
    examples: &[Example],
) -> Result<std::result::Result<Trained, NotTrained>> {
    let outcomes = conclusive(examples);
    let model = match train(outcomes, examples) {
        Ok(model) => model,
        Err(reason) => return Ok(Err(reason)),
    };
    let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    let (quality, rule) = (model.quality, model.rule_quality);
    let row = client
        .update(
            KEEP,
            Some(1),
            &[
                count(outcomes).into(),
                count(model.examples).into(),
                JsonB(coefficients(&model)).into(),
                model.penalty.into(),
                quality.r2.into(),
                quality.mae.into(),
                quality.rmse.into(),
                rule.mae.into(),
                rule.rmse.into(),
                model.half_width_percent.into(),
                model.beats_rule.into(),
            ],
        )?
        .first()
        .get_two::<i64, bool>()?;
    let (Some(version), Some(is_new)) = row else { return Err(Error::MissingColumn(1)) };
    Ok(Ok(Trained { version, is_new, model }))
}

/// What is expected of a recommendation now.
pub fn predict(client: &SpiClient, recommendation_id: i64) -> Result<Option<Prediction>> {
    let table =
        client.select(with_scores(PREDICT).as_str(), Some(1), &[recommendation_id.into()])?;
    table
        .into_iter()
        .next()
        .map(|row| {
            Ok(Prediction {
                forecast_percent: column(&row, 1)?,
                low_percent: column(&row, 2)?,
                high_percent: column(&row, 3)?,
                model_version: nullable(&row, 4)?,
                basis: column(&row, 5)?,
            })
        })
        .transpose()
}

/// Outcomes that say something.
fn conclusive(examples: &[Example]) -> usize {
    examples.iter().filter(|example| example.outcome.lesson != Lesson::Inconclusive).count()
}

fn coefficients(model: &Model) -> Value {
    let mut named = Map::new();
    named.insert("intercept".to_owned(), json!(model.intercept));
    for (name, coefficient) in model.layout.names().zip(&model.coefficients) {
        named.insert(name.to_owned(), json!(coefficient));
    }
    Value::Object(named)
}

/// How many outcomes the latest model was trained on, and whether it is in use.
fn latest(client: &mut SpiClient) -> Result<Option<(usize, bool)>> {
    let Some(row) = client.update(LATEST, Some(1), &[])?.next() else {
        return Ok(None);
    };
    let outcomes = usize::try_from(column::<i32>(&row, 1)?).unwrap_or(0);
    Ok(Some((outcomes, column(&row, 2)?)))
}
