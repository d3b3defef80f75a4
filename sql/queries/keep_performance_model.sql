/* optimizer_workflow: a trained model; returns its version */
INSERT INTO optimizer.performance_models
    (outcomes, examples, coefficients, penalty, r2, mae_percent, rmse_percent, rule_mae_percent,
     rule_rmse_percent, forecast_half_width_percent, is_used)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
RETURNING id
