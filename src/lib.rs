//! `optimizer_workflow`: ranks tuning advice, records what a person applied, proves on live
//! executions whether it helped, and learns how far to trust each kind of advice.
//!
//! This file is the table of contents: the modules, the SQL files in their order, and what happens
//! when the library is loaded. Decisions live in `optimizer_core`, SQL text in `sql/`.

use pgrx::prelude::*;

mod advisors;
mod api;
mod catalog;
mod error;
mod fingerprint;
mod guard;
mod kept_plan;
mod planner;
mod progress;
mod raw_parse;
mod reader;
mod role;
mod row;
mod sandbox;
mod settings;
mod statement;
mod store;
mod time;
mod worker;

pgrx::pg_module_magic!(name = c"optimizer_workflow", version = c"0.1.0");

extension_sql_file!("../sql/metrics.sql", bootstrap);
extension_sql_file!(
    "../sql/suggestions.sql",
    requires = ["metrics", api::scoring::query_hash_list]
);
extension_sql_file!("../sql/recommendations.sql", requires = ["suggestions"]);
extension_sql_file!(
    "../sql/advice.sql",
    requires = [
        "recommendations",
        api::scoring::drop_index_statement,
        api::scoring::index_action,
        api::scoring::index_behind_columns,
        api::scoring::normalise_sql,
        api::scoring::list_literal,
        api::setting::setting_context,
        api::setting::setting_obstacle,
        "readings"
    ]
);
extension_sql_file!("../sql/readings.sql", requires = ["metrics"]);
extension_sql_file!("../sql/plans.sql", requires = ["readings"]);
extension_sql_file!("../sql/advisors.sql", requires = ["readings", "suggestions"]);
extension_sql_file!("../sql/implementations.sql", requires = ["recommendations"]);
extension_sql_file!("../sql/performance_models.sql", requires = ["recommendations"]);
extension_sql_file!(
    "../sql/events.sql",
    requires = [
        "implementations",
        api::events::is_same_setting_value,
        api::events::setting_with_unit,
        api::fingerprint::index_fingerprint
    ]
);
extension_sql_file!("../sql/ground.sql", requires = ["events"]);
extension_sql_file!(
    "../sql/calibration.sql",
    requires = ["implementations", api::scoring::confidence_line]
);
extension_sql_file!(
    "../sql/views.sql",
    requires = [
        "advice",
        "plans",
        "ground",
        "performance_models",
        "events",
        api::scoring::bucket_width_seconds,
        api::scoring::urgency_score
    ]
);
extension_sql_file!("../sql/index_findings.sql", requires = ["views", "advisors"]);
extension_sql_file!(
    "../sql/charts.sql",
    requires = ["views", "calibration", api::scoring::query_summary]
);
extension_sql_file!("../sql/chart_changes.sql", requires = ["charts"]);
extension_sql_file!(
    "../sql/report.sql",
    requires = ["comments", "chart_changes", api::report::report_html]
);
extension_sql_file!(
    "../sql/maintenance.sql",
    requires = [
        "views",
        api::measurement::take_look,
        api::measurement::take_look_at_revert,
        api::measurement::note_failed_look,
        api::maintenance::check_maintenance,
        api::maintenance::run_maintenance_step
    ]
);
extension_sql_file!(
    "../sql/comments.sql",
    requires = [
        "maintenance",
        api::events::is_same_setting_value,
        api::events::setting_with_unit,
        api::fingerprint::index_fingerprint,
        api::fingerprint::statement_fingerprint,
        "plans",
        api::implementations::record_recommendation_implementation,
        api::implementations::set_implementation_query,
        api::implementations::revert_implementation,
        api::maintenance::check_maintenance,
        api::maintenance::run_maintenance_step,
        api::measurement::measure_implementation_results,
        api::measurement::measure_pending_implementations,
        api::measurement::take_look,
        api::measurement::take_look_at_revert,
        api::measurement::note_failed_look,
        api::metrics::take_sample,
        api::metrics::ingest_query_metrics,
        api::metrics::announce_database,
        api::plans::plan_query,
        api::performance_model::train_performance_model,
        api::performance_model::predict_improvement,
        api::recommendations::aggregate_recommendations_for_query,
        api::recommendations::aggregate_recommendations,
        api::recommendations::get_top_recommendations,
        api::recommendations::dismiss_recommendation,
        api::recommendations::reopen_recommendation,
        api::results::get_optimization_results,
        api::results::optimization_summary,
        api::scoring::roi_score,
        api::scoring::urgency_score,
        api::scoring::confidence_line,
        api::scoring::unknown_forecast_half_width,
        api::scoring::normalise_sql,
        api::scoring::query_summary,
        api::scoring::drop_index_statement,
        api::scoring::index_action,
        api::scoring::index_behind_columns,
        api::scoring::list_literal,
        api::scoring::query_hash_list,
        api::scoring::bucket_width_seconds,
        api::self_check::self_check,
        api::status::status,
        api::suggestions::generate_suggestions,
        "advisors",
        "index_findings",
        "calibration"
    ]
);
extension_sql_file!(
    "../sql/http.sql",
    requires = [
        "comments",
        api::http::api_aggregate_recommendations,
        api::http::api_optimization_recommendations,
        api::http::api_implement_recommendation,
        api::http::api_optimization_results
    ]
);
extension_sql_file!("../sql/privileges.sql", finalize);

/// Called once, when the library is loaded.
#[pg_guard]
pub extern "C-unwind" fn _PG_init() {
    settings::define();
    if preloading() {
        worker::register();
    }
}

/// Whether the library is being loaded by the postmaster, from shared_preload_libraries.
fn preloading() -> bool {
    // SAFETY: a plain flag of this process, written only by the process itself.
    #[expect(unsafe_code, reason = "pgrx has no wrapper for the flag")]
    unsafe {
        pg_sys::process_shared_preload_libraries_in_progress
    }
}

#[cfg(feature = "pg_test")]
#[path = "../pg_test/mod.rs"]
pub mod pg_test;
