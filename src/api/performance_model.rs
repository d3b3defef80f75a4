//! The performance model: training it by hand, asking what is expected of a recommendation.

use pgrx::prelude::*;

use crate::api::argument::row_number;
use crate::error::{Error, Raised, Result};
use crate::progress;
use crate::store::learning;
use crate::store::lock::{Lock, begin_writing};
use crate::store::performance_model::{self, Prediction};

/// Trains a performance model now; forecasts come from it when it predicts better than the kinds' own rates.
#[pg_extern(security_definer, parallel_unsafe)]
#[search_path(pg_catalog, pg_temp)]
fn train_performance_model() -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(model_version, Option<i64>),
            name!(examples, Option<i32>),
            name!(r2, Option<f64>),
            name!(mae_percent, Option<f64>),
            name!(rmse_percent, Option<f64>),
            name!(rule_mae_percent, Option<f64>),
            name!(is_used, bool),
            name!(message, String),
        ),
    >,
    Raised,
> {
    begin_writing(c"train_performance_model()")?;
    let trained = Spi::connect_mut(|client| -> Result<_> {
        Lock::Recommendations.wait(client)?;
        let examples = learning::read_outcomes(client)?;
        progress::report(|| format!("step 1 of 2: training on {} outcomes", examples.len()));
        let trained = performance_model::train_now(client, &examples)?;
        if trained.as_ref().is_ok_and(|trained| trained.is_new) {
            progress::report(|| "step 2 of 2: recommendations are scored again".to_owned());
            learning::rescore_all(client)?;
        }
        Ok(trained)
    })?;
    Ok(TableIterator::once(match trained {
        Ok(trained) => {
            let model = &trained.model;
            let again = if trained.is_new { "" } else { "no outcome is new; " };
            let message = if model.beats_rule {
                "in use: it predicts better than the rates of the kinds"
            } else {
                "kept, not used: it does not predict better than the rates of the kinds"
            };
            (
                Some(trained.version),
                i32::try_from(model.examples).ok(),
                Some(model.quality.r2),
                Some(model.quality.mae),
                Some(model.quality.rmse),
                Some(model.rule_quality.mae),
                model.beats_rule,
                format!("{again}{message}"),
            )
        }
        Err(reason) => {
            (None, None, None, None, None, None, false, format!("nothing trained: {reason}"))
        }
    }))
}

/// What is expected of a recommendation, given that it works, and what that rests on.
#[pg_extern(stable, parallel_restricted, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn predict_improvement(
    recommendation_id: Option<i64>,
) -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(forecast_improvement_percent, f64),
            name!(forecast_low_percent, f64),
            name!(forecast_high_percent, f64),
            name!(model_version, Option<i64>),
            name!(basis, String),
        ),
    >,
    Raised,
> {
    let id = row_number("recommendation_id", recommendation_id)?;
    let prediction: Prediction = Spi::connect(|client| performance_model::predict(client, id))?
        .ok_or_else(|| {
            Error::not_found(
                format!("recommendation {id} does not exist"),
                "The open ones: SELECT rec_id FROM optimizer.get_top_recommendations();",
            )
        })?;
    Ok(TableIterator::once((
        prediction.forecast_percent,
        prediction.low_percent,
        prediction.high_percent,
        prediction.model_version,
        prediction.basis,
    )))
}
