/* optimizer_workflow: what is pooled over all kinds; writes only what differs, and says whether the
   half width did (the subselect still sees the row as it was) */
INSERT INTO optimizer.learned_overall AS o (outcomes, forecast_half_width_percent)
VALUES ($1, $2)
ON CONFLICT (only_row) DO UPDATE SET
    outcomes = excluded.outcomes,
    forecast_half_width_percent = excluded.forecast_half_width_percent
WHERE (o.outcomes, o.forecast_half_width_percent)
      IS DISTINCT FROM (excluded.outcomes, excluded.forecast_half_width_percent)
RETURNING o.forecast_half_width_percent IS DISTINCT FROM coalesce(
    (SELECT was.forecast_half_width_percent FROM optimizer.learned_overall was),
    optimizer.unknown_forecast_half_width())
