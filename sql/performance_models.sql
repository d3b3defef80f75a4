-- The second half of learning: models that predict the improvement of advice that works from what is
-- known of its query. Each training leaves a row; the latest one is in use, or none.

CREATE TABLE optimizer.performance_models (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    trained_at timestamptz NOT NULL DEFAULT now(),
    outcomes integer NOT NULL,
    examples integer NOT NULL,
    coefficients jsonb NOT NULL,
    penalty float8 NOT NULL,
    r2 float8 NOT NULL,
    mae_percent float8 NOT NULL,
    rmse_percent float8 NOT NULL,
    rule_mae_percent float8 NOT NULL,
    rule_rmse_percent float8 NOT NULL,
    forecast_half_width_percent float8 NOT NULL,
    is_used boolean NOT NULL
);
SELECT pg_catalog.pg_extension_config_dump('optimizer.performance_models', '');
SELECT pg_catalog.pg_extension_config_dump('optimizer.performance_models_id_seq', '');

COMMENT ON TABLE optimizer.performance_models IS
    'Ridge regressions that predict the improvement of advice that works; the latest counts';
COMMENT ON COLUMN optimizer.performance_models.id IS 'Version of the model';
COMMENT ON COLUMN optimizer.performance_models.trained_at IS 'When it was trained';
COMMENT ON COLUMN optimizer.performance_models.outcomes IS
    'Verdicts improved, not_improved and regressed there were';
COMMENT ON COLUMN optimizer.performance_models.examples IS
    'Those that improved: what it was trained on';
COMMENT ON COLUMN optimizer.performance_models.coefficients IS
    'Percentage points per unit of each feature, and the intercept';
COMMENT ON COLUMN optimizer.performance_models.penalty IS 'Ridge penalty, in observations';
COMMENT ON COLUMN optimizer.performance_models.r2 IS
    'Share of the variance explained, by cross-validation; negative when the mean alone is better';
COMMENT ON COLUMN optimizer.performance_models.mae_percent IS
    'Mean absolute error by cross-validation, percentage points';
COMMENT ON COLUMN optimizer.performance_models.rmse_percent IS
    'Root of the mean squared error by cross-validation, percentage points';
COMMENT ON COLUMN optimizer.performance_models.rule_mae_percent IS
    'Mean absolute error of the kinds'' rates on the same outcomes, percentage points';
COMMENT ON COLUMN optimizer.performance_models.rule_rmse_percent IS
    'Root of the mean squared error of the kinds'' rates on the same outcomes, percentage points';
COMMENT ON COLUMN optimizer.performance_models.forecast_half_width_percent IS
    'Half width of its forecast''s 80 % interval, percentage points';
COMMENT ON COLUMN optimizer.performance_models.is_used IS
    'It predicted better than the kinds'' rates: forecasts come from it while it is the latest';

CREATE VIEW optimizer.performance_model_in_use AS
SELECT m.id,
       (m.coefficients ->> 'intercept')::float8 AS intercept,
       (m.coefficients ->> 'stated_percent')::float8 AS stated_weight,
       ARRAY[(m.coefficients ->> 'ln_calls_per_hour')::float8,
             (m.coefficients ->> 'ln_mean_exec_time_ms')::float8,
             (m.coefficients ->> 'ln_shared_blks_per_call')::float8,
             (m.coefficients ->> 'ln_rows_per_call')::float8] AS activity_weights,
       m.coefficients,
       m.forecast_half_width_percent,
       (m.coefficients ->> 'ln_cost_ratio')::float8 AS cost_ratio_weight,
       (m.coefficients ->> 'cost_ratio_unknown')::float8 AS cost_ratio_unknown_weight
FROM optimizer.performance_models m
WHERE m.is_used AND m.id = (SELECT max(latest.id) FROM optimizer.performance_models latest);
COMMENT ON VIEW optimizer.performance_model_in_use IS
    'The model that forecasts come from; no row while the kinds'' own rates predict as well';
COMMENT ON COLUMN optimizer.performance_model_in_use.id IS 'Version of the model';
COMMENT ON COLUMN optimizer.performance_model_in_use.intercept IS 'Where a forecast begins, percent';
COMMENT ON COLUMN optimizer.performance_model_in_use.stated_weight IS
    'Percentage points per percentage point of stated improvement';
COMMENT ON COLUMN optimizer.performance_model_in_use.activity_weights IS
    'Percentage points per unit of ln(1 + x): calls per hour, mean time in ms, blocks and rows per call';
COMMENT ON COLUMN optimizer.performance_model_in_use.cost_ratio_weight IS
    'Percentage points per unit of ln(planner''s cost after / before)';
COMMENT ON COLUMN optimizer.performance_model_in_use.cost_ratio_unknown_weight IS
    'Percentage points where the planner''s costs are not known';
COMMENT ON COLUMN optimizer.performance_model_in_use.coefficients IS
    'All coefficients; those of sources and kinds by name';
COMMENT ON COLUMN optimizer.performance_model_in_use.forecast_half_width_percent IS
    'Half width of its forecast''s 80 % interval, percentage points';
