/* optimizer_workflow: a trained model; returns its version and whether it is a new one. The same model
   from the same outcomes as the latest is that one again. */
WITH latest AS (
    SELECT m.*
    FROM optimizer.performance_models m
    ORDER BY m.id DESC
    LIMIT 1
), kept AS (
    INSERT INTO optimizer.performance_models
        (outcomes, examples, coefficients, penalty, r2, mae_percent, rmse_percent, rule_mae_percent,
         rule_rmse_percent, forecast_half_width_percent, is_used)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11
    WHERE NOT EXISTS (
        SELECT FROM latest l
        WHERE (l.outcomes, l.examples, l.coefficients, l.penalty, l.r2, l.mae_percent, l.rmse_percent,
               l.rule_mae_percent, l.rule_rmse_percent, l.forecast_half_width_percent, l.is_used)
              = ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11))
    RETURNING id
)
SELECT id, true FROM kept
UNION ALL
SELECT id, false FROM latest WHERE NOT EXISTS (SELECT FROM kept)
