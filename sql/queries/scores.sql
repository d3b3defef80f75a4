-- A part of other statements: the scores of the rows of x (made_by, source_type, kind, stated_confidence,
-- estimated_improvement_percent, plan_cost_ratio, urgency, time_ms_per_hour, model_activity_percent, and the ranks it
-- has: roi_rank, saving_rank) after what their kind has learned. The line of a kind comes from core; the
-- rest is the README's "How it scores". model_activity_percent is null unless a performance model is in
-- use: its features are those of core/src/performance_model/features.rs. A rank stays while its score is within {rank_slack} of it.
LEFT JOIN (
    SELECT k.made_by, k.source_type, k.kind, k.realisation_rate, k.forecast_half_width_percent,
           line[1] AS at_zero, line[2] AS slope, line[3] AS least, line[4] AS most
    FROM optimizer.learned_kinds k
    CROSS JOIN LATERAL optimizer.confidence_line(k.outcome_weight, k.success_weight) AS line
    OFFSET 0  -- once per kind
) AS learned
    ON learned.made_by = x.made_by
    AND learned.source_type = x.source_type
    AND learned.kind = x.kind
CROSS JOIN LATERAL (
    SELECT CASE WHEN learned.slope IS NULL THEN x.stated_confidence
                ELSE LEAST(GREATEST(learned.at_zero + learned.slope * x.stated_confidence,
                                    learned.least), learned.most) END AS confidence,
           CASE WHEN x.model_activity_percent IS NOT NULL THEN
                    LEAST(GREATEST(
                        -- one value each, found once
                        (SELECT m.intercept FROM optimizer.performance_model_in_use m)
                        + (SELECT m.stated_weight FROM optimizer.performance_model_in_use m)
                          * x.estimated_improvement_percent
                        + x.model_activity_percent
                        + coalesce((SELECT m.cost_ratio_weight
                                    FROM optimizer.performance_model_in_use m)
                                   * ln(x.plan_cost_ratio),
                                   (SELECT m.cost_ratio_unknown_weight
                                    FROM optimizer.performance_model_in_use m))
                        + coalesce(((SELECT m.coefficients
                                     FROM optimizer.performance_model_in_use m)
                                    ->> ('source:' || x.source_type))::float8, 0)
                        + coalesce(((SELECT m.coefficients
                                     FROM optimizer.performance_model_in_use m)
                                    ->> ('kind:' || x.made_by || '/' || x.source_type || '/'
                                         || x.kind))::float8, 0),
                        0), 100)
                WHEN learned.realisation_rate IS NULL THEN x.estimated_improvement_percent
                ELSE LEAST(GREATEST(learned.realisation_rate * x.estimated_improvement_percent,
                                    0), 100) END AS forecast,
           coalesce(CASE WHEN x.model_activity_percent IS NOT NULL
                         THEN (SELECT m.forecast_half_width_percent
                               FROM optimizer.performance_model_in_use m) END,
                    learned.forecast_half_width_percent,
                    (SELECT o.forecast_half_width_percent FROM optimizer.learned_overall o),
                    (SELECT optimizer.unknown_forecast_half_width())) AS half_width
    OFFSET 0  -- once per row: else each mention below is found anew
) AS expected
CROSS JOIN LATERAL (
    SELECT expected.confidence, expected.forecast,
           expected.forecast - expected.half_width AS low,
           LEAST(100, expected.forecast + expected.half_width) AS high,
           x.urgency,
           expected.confidence * (expected.forecast / 100 * x.urgency) AS roi,
           expected.confidence * expected.forecast / 100 * x.time_ms_per_hour AS saving
) AS moved
CROSS JOIN LATERAL (
    SELECT moved.*,
           CASE WHEN abs(moved.roi - x.roi_rank) <= {rank_slack} * moved.roi THEN x.roi_rank
                ELSE moved.roi END AS roi_rank,
           CASE WHEN abs(moved.saving - x.saving_rank) <= {rank_slack} * moved.saving
                THEN x.saving_rank ELSE moved.saving END AS saving_rank
) AS score
