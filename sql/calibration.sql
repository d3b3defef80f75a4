-- How far what was said came true: per kind of advice, and over all of it.

CREATE VIEW optimizer.calibration AS
WITH outcome AS (
    SELECT i.made_by, r.source_type, i.kind, i.stated_confidence, i.confidence_at_record,
           i.accuracy_score, (i.verdict = 'improved')::integer AS came,
           -- the forecast is about what works
           CASE WHEN i.verdict = 'improved'
                THEN i.adjusted_improvement_percent BETWEEN i.forecast_low_at_record_percent
                                                        AND i.forecast_high_at_record_percent
           END AS held,
           1.0::float8 / (SELECT count(*) FROM optimizer.optimization_implementations same_action
                          WHERE (same_action.recorded_with, same_action.made_by, same_action.kind)
                              = (i.recorded_with, i.made_by, i.kind)) AS share
    FROM optimizer.optimization_implementations i
    JOIN optimizer.optimization_recommendations r ON r.id = i.recommendation_id
    WHERE i.verdict IN ('improved', 'not_improved', 'regressed') AND i.measured_at IS NOT NULL
), kind AS (
    SELECT o.made_by, o.source_type, o.kind,
           sum(o.share * o.stated_confidence) / sum(o.share) AS mean_stated_confidence,
           avg(o.accuracy_score) AS mean_accuracy,
           sum(o.share * (o.stated_confidence - o.came) ^ 2) / sum(o.share) AS brier_stated,
           sum(o.share * (o.confidence_at_record - o.came) ^ 2) / sum(o.share) AS brier_shown,
           coalesce(sum(o.share) FILTER (WHERE o.held), 0)
               / nullif(sum(o.share) FILTER (WHERE o.held IS NOT NULL), 0) AS held
    FROM outcome o
    GROUP BY o.made_by, o.source_type, o.kind
)
SELECT k.made_by,
       k.source_type,
       k.kind,
       k.outcomes,
       k.inconclusive,
       o.mean_stated_confidence,
       learned.confidence AS learned_confidence,
       -- the spread of Beta(S + 8 m, N - S + 8 (1 - m))
       CASE WHEN spread.deviation IS NOT NULL
            THEN GREATEST(0, learned.confidence - 1.96 * spread.deviation) END AS learned_low,
       CASE WHEN spread.deviation IS NOT NULL
            THEN LEAST(1, learned.confidence + 1.96 * spread.deviation) END AS learned_high,
       k.success_weight / nullif(k.outcome_weight, 0) AS success_rate,
       k.realisation_rate,
       o.mean_accuracy,
       (1 + k.harm_weight) / (20 + k.outcome_weight) AS harm_rate,
       o.brier_stated,
       o.brier_shown,
       k.inconclusive::float8 / nullif(k.inconclusive + k.outcomes, 0) AS inconclusive_rate,
       o.held AS forecast_coverage
FROM optimizer.learned_kinds k
LEFT JOIN kind o ON o.made_by = k.made_by AND o.source_type = k.source_type AND o.kind = k.kind
CROSS JOIN LATERAL optimizer.confidence_line(k.outcome_weight, k.success_weight) AS line
CROSS JOIN LATERAL (
    -- nothing was said of what had no outcome
    SELECT CASE WHEN o.mean_stated_confidence IS NOT NULL
                THEN LEAST(GREATEST(line[1] + line[2] * o.mean_stated_confidence, line[3]), line[4])
           END AS confidence
) AS learned
CROSS JOIN LATERAL (
    SELECT sqrt(learned.confidence * (1 - learned.confidence) / (k.outcome_weight + 9)) AS deviation
) AS spread;
COMMENT ON VIEW optimizer.calibration IS
    'Each kind of advice: what was said of it, what came of it, and what is believed of it now';
COMMENT ON COLUMN optimizer.calibration.made_by IS 'Who makes this kind of advice';
COMMENT ON COLUMN optimizer.calibration.source_type IS 'Source of the advice';
COMMENT ON COLUMN optimizer.calibration.kind IS 'Kind of advice';
COMMENT ON COLUMN optimizer.calibration.outcomes IS 'Verdicts improved, not_improved and regressed';
COMMENT ON COLUMN optimizer.calibration.inconclusive IS 'Verdicts inconclusive';
COMMENT ON COLUMN optimizer.calibration.mean_stated_confidence IS
    'Mean confidence that the source stated for what was implemented, 0 to 1';
COMMENT ON COLUMN optimizer.calibration.learned_confidence IS
    'What that confidence has become by the outcomes, 0 to 1';
COMMENT ON COLUMN optimizer.calibration.learned_low IS 'Low end of its 95 % interval, 0 to 1';
COMMENT ON COLUMN optimizer.calibration.learned_high IS 'High end of its 95 % interval, 0 to 1';
COMMENT ON COLUMN optimizer.calibration.success_rate IS
    'Share of the outcomes that improved, weighted by age and shared actions, 0 to 1';
COMMENT ON COLUMN optimizer.calibration.realisation_rate IS
    'How much of the stated improvement comes true when the advice works; null while unknown';
COMMENT ON COLUMN optimizer.calibration.mean_accuracy IS
    'Mean of 1 - |actual - predicted| / predicted, 0 to 1';
COMMENT ON COLUMN optimizer.calibration.harm_rate IS
    'How often it does harm: mean of Beta(1, 19) with the regressed outcomes, 0 to 1';
COMMENT ON COLUMN optimizer.calibration.brier_stated IS
    'Mean squared error of the stated confidence; 0.25 is a coin''s, less is better';
COMMENT ON COLUMN optimizer.calibration.brier_shown IS
    'Mean squared error of the confidence that was shown at recording; less is better';
COMMENT ON COLUMN optimizer.calibration.inconclusive_rate IS
    'Share of the verdicts that were inconclusive, 0 to 1';
COMMENT ON COLUMN optimizer.calibration.forecast_coverage IS
    'Of what improved, the share that lay in the 80 % interval forecast at recording, 0 to 1; null while nothing improved';

-- Recommendations of one action are one change: together they weigh as much as one.
CREATE VIEW optimizer.reliability AS
WITH outcome AS (
    SELECT i.confidence_at_record AS said, (i.verdict = 'improved')::integer AS came,
           LEAST(floor(i.confidence_at_record * 10), 9)::integer AS bin,
           1.0::float8 / (SELECT count(*) FROM optimizer.optimization_implementations same_action
                          WHERE same_action.recorded_with = i.recorded_with) AS share
    FROM optimizer.optimization_implementations i
    WHERE i.verdict IN ('improved', 'not_improved', 'regressed') AND i.measured_at IS NOT NULL
), binned AS (
    SELECT bin, count(*) AS outcomes, sum(share) AS weight, sum(share * said) / sum(share) AS said,
           sum(share * came) / sum(share) AS rate
    FROM outcome
    GROUP BY bin
)
SELECT bin / 10.0::float8 AS confidence_from,
       (bin + 1) / 10.0::float8 AS confidence_to,
       outcomes,
       said AS mean_confidence,
       rate AS success_rate,
       -- Wilson, 1927
       GREATEST(0, (rate + 1.9208 / weight
                    - 1.96 * sqrt((rate * (1 - rate) + 0.9604 / weight) / weight))
                   / (1 + 3.8416 / weight)) AS rate_low,
       LEAST(1, (rate + 1.9208 / weight
                 + 1.96 * sqrt((rate * (1 - rate) + 0.9604 / weight) / weight))
                / (1 + 3.8416 / weight)) AS rate_high
FROM binned;
COMMENT ON VIEW optimizer.reliability IS
    'What was said beside what came: of the advice shown with such a confidence, how much worked';
COMMENT ON COLUMN optimizer.reliability.confidence_from IS 'Confidence shown at recording, from, 0 to 1';
COMMENT ON COLUMN optimizer.reliability.confidence_to IS 'To, 0 to 1';
COMMENT ON COLUMN optimizer.reliability.outcomes IS 'Verdicts improved, not_improved and regressed';
COMMENT ON COLUMN optimizer.reliability.mean_confidence IS 'Mean confidence shown, 0 to 1';
COMMENT ON COLUMN optimizer.reliability.success_rate IS 'Share that improved, 0 to 1';
COMMENT ON COLUMN optimizer.reliability.rate_low IS 'Low end of its 95 % interval, 0 to 1';
COMMENT ON COLUMN optimizer.reliability.rate_high IS 'High end of its 95 % interval, 0 to 1';
