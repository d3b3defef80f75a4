/* What always holds, whoever was interrupted and in whatever order things were done: one row for each violation, none
   when all is well. One statement, so it sees one moment, also beside sessions that write.
   Constraints are checked too, as if they were not there. */
WITH looks AS (
    SELECT m.implementation_id,
           count(*) FILTER (WHERE m.is_final) AS final_looks,
           min(m.verdict) FILTER (WHERE m.is_final) AS final_verdict,
           count(*) FILTER (WHERE m.look <> 'first') AS late_looks,
           bool_or(m.look = 'reverted') AS reverted_look
    FROM optimizer.implementation_measurements m
    GROUP BY m.implementation_id
), newest_look AS (
    SELECT DISTINCT ON (m.implementation_id) m.*
    FROM optimizer.implementation_measurements m
    ORDER BY m.implementation_id, m.is_final DESC, m.measured_at DESC
), outcome AS (
    -- What the learner reads, with the weight it gives: halved in 180 days, shared by the rows of one action.
    SELECT i.made_by, r.source_type, i.kind, i.verdict, i.predicted_improvement_percent AS predicted,
           coalesce(i.adjusted_improvement_percent, i.actual_improvement_percent) AS improvement,
           0.5 ^ (extract(epoch FROM max(i.measured_at) OVER (PARTITION BY i.made_by, r.source_type, i.kind)
                          - i.measured_at)::float8 / 86400 / 180)
           / (SELECT count(*) FROM optimizer.optimization_implementations s WHERE s.recorded_with = i.recorded_with) AS weight
    FROM optimizer.optimization_implementations i
    JOIN optimizer.optimization_recommendations r ON r.id = i.recommendation_id
    -- what was never made teaches nothing, not even that it was inconclusive
    WHERE i.verdict IS NOT NULL AND split_part(coalesce(i.verdict_reason, ''), ':', 1) <> 'not_applied'
), recomputed AS (
    SELECT made_by, source_type, kind,
           count(*) FILTER (WHERE verdict <> 'inconclusive') AS outcomes,
           count(*) FILTER (WHERE verdict = 'inconclusive') AS inconclusive,
           coalesce(sum(weight) FILTER (WHERE verdict <> 'inconclusive'), 0) AS outcome_weight,
           coalesce(sum(weight) FILTER (WHERE verdict = 'improved'), 0) AS success_weight,
           -- (sum w i p + 5 m^2) / (sum w p^2 + 5 m^2), m the weighted mean prediction
           CASE WHEN sum(weight * predicted) FILTER (WHERE verdict = 'improved') > 0 THEN
               (sum(weight * improvement * predicted) FILTER (WHERE verdict = 'improved')
                + 5 * (sum(weight * predicted) FILTER (WHERE verdict = 'improved')
                       / sum(weight) FILTER (WHERE verdict = 'improved')) ^ 2)
               / (sum(weight * predicted ^ 2) FILTER (WHERE verdict = 'improved')
                  + 5 * (sum(weight * predicted) FILTER (WHERE verdict = 'improved')
                         / sum(weight) FILTER (WHERE verdict = 'improved')) ^ 2) END AS realisation_rate
    FROM outcome
    GROUP BY made_by, source_type, kind
)
SELECT 'a look is taken at most once' AS violated,
       format('implementation %s, %s look, %s times', implementation_id, look, count(*)) AS found
FROM optimizer.implementation_measurements GROUP BY implementation_id, look HAVING count(*) > 1
UNION ALL
SELECT 'an implementation has at most one final look', format('implementation %s: %s', implementation_id, final_looks)
FROM looks WHERE final_looks > 1
UNION ALL
SELECT 'one is implemented exactly when it had its final look, and its verdict is that of the look',
       format('implementation %s: %s, %s; its final look: %s', i.id, i.status, i.verdict, l.final_verdict)
FROM optimizer.optimization_implementations i LEFT JOIN looks l ON l.implementation_id = i.id
WHERE CASE i.status
    WHEN 'implemented' THEN l.final_verdict IS NULL OR l.final_verdict IS DISTINCT FROM i.verdict
    WHEN 'pending' THEN i.verdict IS NOT NULL OR l.final_verdict IS NOT NULL OR l.late_looks > 0
    WHEN 'failed' THEN i.verdict IS DISTINCT FROM 'inconclusive' OR l.final_verdict IS NOT NULL
    -- taken back: pending, implemented or failed before
    ELSE i.verdict IS DISTINCT FROM l.final_verdict AND NOT (i.verdict = 'inconclusive' AND i.error_message IS NOT NULL) END
UNION ALL
SELECT 'what was measured stands in the implementation as in its newest look', format('implementation %s', i.id)
FROM optimizer.optimization_implementations i LEFT JOIN newest_look l ON l.implementation_id = i.id
WHERE (i.post_optimization_stats, i.actual_improvement_percent, i.adjusted_improvement_percent, i.improvement_low_percent,
       i.improvement_high_percent, i.basis, i.controls, i.side_effect)
      IS DISTINCT FROM
      (l.post_optimization_stats, l.actual_improvement_percent, l.adjusted_improvement_percent, l.improvement_low_percent,
       l.improvement_high_percent, l.basis, l.controls, l.side_effect)
   -- a look that raised an error puts its message in the reason's place
   OR i.error_message IS NULL AND i.verdict_reason IS DISTINCT FROM l.verdict_reason
   OR (i.measured_at IS NULL AND (i.verdict IS NOT NULL OR l.implementation_id IS NOT NULL))
UNION ALL
SELECT 'the last look at a revert belongs to one that was taken back', format('implementation %s: %s', i.id, i.status)
FROM optimizer.optimization_implementations i JOIN looks l ON l.implementation_id = i.id
WHERE l.reverted_look AND i.status <> 'reverted'
UNION ALL
SELECT 'a first look is final exactly when it decides, any other one always',
       format('implementation %s, %s look: %s', m.implementation_id, m.look, m.verdict)
FROM optimizer.implementation_measurements m
WHERE m.is_final <> (m.look <> 'first' OR m.verdict IN ('improved', 'regressed'))
UNION ALL
SELECT 'a reason begins with the word that goes with its verdict',
       format('implementation %s, %s look: %s, %s', m.implementation_id, m.look, m.verdict, m.verdict_reason)
FROM optimizer.implementation_measurements m
WHERE m.verdict IS DISTINCT FROM CASE split_part(m.verdict_reason, ': ', 1)
          WHEN 'faster' THEN 'improved' WHEN 'fewer_blocks' THEN 'improved'
          WHEN 'slower' THEN 'regressed' WHEN 'below_promise' THEN 'not_improved'
          WHEN 'not_applied' THEN 'inconclusive' WHEN 'coverage' THEN 'inconclusive'
          WHEN 'too_few_calls' THEN 'inconclusive' WHEN 'short_baseline' THEN 'inconclusive'
          WHEN 'query_vanished' THEN 'inconclusive' WHEN 'epoch_change' THEN 'inconclusive'
          WHEN 'confounded' THEN 'inconclusive' WHEN 'uncontrolled' THEN 'inconclusive'
          WHEN 'workload_shift' THEN 'inconclusive' WHEN 'power' THEN 'inconclusive'
          WHEN 'error' THEN 'inconclusive' END
   OR (m.basis = 'blocks') <> (m.verdict_reason LIKE 'fewer\_blocks: %')
UNION ALL
SELECT 'an effect lies in its interval and was found in whole days',
       format('implementation %s, %s look: %s %% (%s to %s), %s days before and %s after', m.implementation_id, m.look,
              m.adjusted_improvement_percent, m.improvement_low_percent, m.improvement_high_percent, m.days_before, m.days_after)
FROM optimizer.implementation_measurements m
WHERE num_nulls(m.adjusted_improvement_percent, m.improvement_low_percent, m.improvement_high_percent, m.days_before,
                m.days_after, m.probability_improved, m.smallest_visible_effect_percent) NOT IN (0, 7)
   OR NOT m.adjusted_improvement_percent BETWEEN m.improvement_low_percent AND m.improvement_high_percent
   OR m.improvement_high_percent > 100
   OR NOT m.probability_improved BETWEEN 0 AND 1
   OR m.days_before < 2 OR m.days_after < 1
   -- the median of fewer than five moves with each of them
   OR m.controls < 5
UNION ALL
SELECT 'a verdict is what its interval says',
       format('implementation %s, %s look: %s, %s %% (%s to %s)', m.implementation_id, m.look, m.verdict_reason,
              m.adjusted_improvement_percent, m.improvement_low_percent, m.improvement_high_percent)
FROM optimizer.implementation_measurements m
WHERE CASE split_part(m.verdict_reason, ': ', 1)
          -- 5 % and the whole interval, in log units: 1 - 1 / 1.05 faster or 1.05 - 1 slower
          WHEN 'faster' THEN m.improvement_low_percent > 0 AND m.adjusted_improvement_percent > 100 - 100 / 1.05 - 1e-6
          WHEN 'slower' THEN m.improvement_high_percent < 0 AND m.adjusted_improvement_percent < -5 + 1e-6
          WHEN 'fewer_blocks' THEN m.adjusted_improvement_percent > 0 AND m.blocks_improvement_percent >= 10 - 1e-6
          WHEN 'below_promise' THEN m.improvement_high_percent < 100
          WHEN 'power' THEN m.adjusted_improvement_percent IS NOT NULL
          WHEN 'not_applied' THEN m.adjusted_improvement_percent IS NULL
          WHEN 'epoch_change' THEN m.adjusted_improvement_percent IS NULL
          WHEN 'query_vanished' THEN m.adjusted_improvement_percent IS NULL
          ELSE true END IS NOT TRUE
UNION ALL
SELECT 'every number is finite', name
FROM (SELECT format('%s look at %s', m.look, m.implementation_id),
             ARRAY[m.actual_improvement_percent, m.adjusted_improvement_percent, m.improvement_low_percent,
                   m.improvement_high_percent, m.probability_improved, m.smallest_visible_effect_percent,
                   m.blocks_improvement_percent, (m.side_effect ->> 'slower_percent')::float8]
      FROM optimizer.implementation_measurements m
      UNION ALL
      SELECT 'implementation ' || i.id,
             ARRAY[i.predicted_improvement_percent, i.confidence_at_record, i.forecast_at_record_percent, i.stated_confidence,
                   i.actual_improvement_percent, i.actual_improvement_seconds, i.accuracy_score]
      FROM optimizer.optimization_implementations i
      UNION ALL
      SELECT 'recommendation ' || r.id,
             ARRAY[r.confidence_score, r.forecast_improvement_percent, r.forecast_low_percent, r.forecast_high_percent,
                   r.urgency_score, r.roi_score, r.expected_saving_ms_per_hour]
      FROM optimizer.optimization_recommendations r
      UNION ALL
      SELECT 'learned of ' || k.kind,
             ARRAY[k.outcome_weight, k.success_weight, k.realisation_rate, k.forecast_half_width_percent]
      FROM optimizer.learned_kinds k
      UNION ALL
      SELECT 'model ' || p.id, ARRAY[p.r2, p.mae_percent, p.rmse_percent, p.forecast_half_width_percent]
      FROM optimizer.performance_models p) AS numbers (name, value)
WHERE value && '{NaN,Infinity,-Infinity}'
UNION ALL
SELECT 'one has failed exactly when three looks in a row did', format('implementation %s: %s, %s', i.id, i.status, i.failed_looks)
FROM optimizer.optimization_implementations i
WHERE i.failed_looks < 0 OR i.status = 'pending' AND i.failed_looks >= 3
   OR i.status = 'failed' AND (i.failed_looks < 3 OR i.error_message IS NULL)
UNION ALL
SELECT 'what was learned of a kind is what its outcomes say',
       format('%s, %s, %s: learned %s and %s inconclusive, weights %s and %s, rate %s; outcomes say %s and %s, %s and %s, %s',
              made_by, source_type, kind, k.outcomes, k.inconclusive, k.outcome_weight, k.success_weight, k.realisation_rate,
              o.outcomes, o.inconclusive, o.outcome_weight, o.success_weight, o.realisation_rate)
FROM optimizer.learned_kinds k FULL JOIN recomputed o USING (made_by, source_type, kind)
-- The order of adding up moves the last digits.
WHERE (k.outcomes, k.inconclusive, round(k.outcome_weight::numeric, 6), round(k.success_weight::numeric, 6),
       round(k.realisation_rate::numeric, 6))
      IS DISTINCT FROM
      (o.outcomes::integer, o.inconclusive::integer, round(o.outcome_weight::numeric, 6), round(o.success_weight::numeric, 6),
       round(o.realisation_rate::numeric, 6))
UNION ALL
SELECT 'what was learned overall counts every improved outcome once',
       format('%s learned, %s there', (SELECT o.outcomes FROM optimizer.learned_overall o), count(*))
FROM outcome WHERE verdict = 'improved'
HAVING count(*) <> coalesce((SELECT o.outcomes FROM optimizer.learned_overall o), 0)
UNION ALL
SELECT 'an open recommendation is scored by what was learned', format('recommendation %s', r.id)
FROM optimizer.optimization_recommendations r
LEFT JOIN optimizer.learned_kinds k ON (k.made_by, k.source_type, k.kind) = (r.made_by, r.source_type, r.kind)
-- the formulas as they stand in the README, apart from rounding
CROSS JOIN LATERAL (SELECT coalesce(k.outcome_weight, 0), coalesce(k.success_weight, 0)) AS w (n, s)
CROSS JOIN LATERAL (
    SELECT CASE WHEN w.n > 0 THEN r.stated_confidence + 0.5 * w.n / (w.n + 8) * (w.s / w.n - r.stated_confidence) END
) AS prior (m)
WHERE r.status = 'open'
  AND (abs(r.confidence_score - CASE WHEN w.n > 0 THEN LEAST(GREATEST((w.s + 8 * prior.m) / (w.n + 8), 0.02), 0.98)
                                     ELSE r.stated_confidence END) > 1e-12
       -- a performance model, where one is in use, says otherwise
       OR NOT EXISTS (SELECT FROM optimizer.performance_model_in_use)
          AND abs(r.forecast_improvement_percent
              - LEAST(GREATEST(coalesce(k.realisation_rate, 1) * r.estimated_improvement_percent, 0), 100)) > 1e-9
       OR r.roi_score <> optimizer.roi_score(r.confidence_score, r.forecast_improvement_percent, r.urgency_score))
UNION ALL
SELECT 'a rank is at most 5 % off its score', format('recommendation %s', id)
FROM optimizer.optimization_recommendations
WHERE abs(roi_score - roi_rank) > 0.05 * roi_score
   OR abs(expected_saving_ms_per_hour - saving_rank) > 0.05 * expected_saving_ms_per_hour
UNION ALL
SELECT 'a recommendation is implemented exactly when one implementation of it is in effect',
       format('recommendation %s: %s, %s in effect', r.id, r.status, count(i.id))
FROM optimizer.optimization_recommendations r
LEFT JOIN optimizer.optimization_implementations i ON i.recommendation_id = r.id AND i.status <> 'reverted'
GROUP BY r.id, r.status HAVING count(i.id) <> CASE r.status WHEN 'implemented' THEN 1 ELSE 0 END
UNION ALL
SELECT 'a recommendation is dismissed exactly when a reason is given', format('recommendation %s: %s', r.id, r.status)
FROM optimizer.optimization_recommendations r WHERE (r.status = 'dismissed') <> (r.dismissal_reason IS NOT NULL)
UNION ALL
SELECT 'there is one recommendation for a query and suggestion', format('%s, %s %s', query_hash, source_type, source_id)
FROM optimizer.optimization_recommendations GROUP BY query_hash, source_type, source_id HAVING count(*) > 1
UNION ALL
SELECT 'a change is recorded and taken back whole', format('recorded with %s', i.recorded_with)
FROM optimizer.optimization_implementations i
GROUP BY i.recorded_with
HAVING bool_or(i.status = 'reverted') <> bool_and(i.status = 'reverted')
    OR bool_or((i.status = 'reverted') <> (i.reverted_at IS NOT NULL))
    OR count(DISTINCT i.implementation_timestamp) > 1
    OR NOT bool_or(i.id = i.recorded_with)
UNION ALL
SELECT 'nothing hangs on a row that is not there', name
FROM (SELECT 'implementation ' || i.id FROM optimizer.optimization_implementations i
      WHERE NOT EXISTS (SELECT FROM optimizer.optimization_recommendations r
                        WHERE r.id = i.recommendation_id AND r.query_hash = i.query_hash)
      UNION ALL
      SELECT 'look at ' || m.implementation_id FROM optimizer.implementation_measurements m
      WHERE NOT EXISTS (SELECT FROM optimizer.optimization_implementations i WHERE i.id = m.implementation_id)
      UNION ALL
      SELECT 'new query of ' || q.implementation_id FROM optimizer.implementation_queries q
      WHERE NOT EXISTS (SELECT FROM optimizer.optimization_implementations i
                        JOIN optimizer.optimization_recommendations r ON r.id = i.recommendation_id
                        WHERE i.id = q.implementation_id AND r.source_type = 'rewrite')) AS orphan (name)
UNION ALL
SELECT 'a snapshot is whole', format('implementation %s: %s', i.id, s.stats)
FROM optimizer.optimization_implementations i
CROSS JOIN LATERAL (VALUES (i.pre_optimization_stats), (i.post_optimization_stats)) AS s (stats)
WHERE NOT s.stats ?& '{mean_exec_time_ms,calls,calls_per_hour,total_exec_time_ms,rows,shared_blks_per_call,window_start,window_end}'
   OR (s.stats ->> 'calls')::bigint < 0 OR (s.stats ->> 'total_exec_time_ms')::float8 < 0
   OR ((s.stats ->> 'calls')::bigint = 0) <> (s.stats ->> 'mean_exec_time_ms' IS NULL)
   OR (s.stats ->> 'window_start')::timestamptz > (s.stats ->> 'window_end')::timestamptz
UNION ALL
SELECT 'work is never negative and lies in its bucket', format('%s at %s', m.query_hash, m.bucket_start)
FROM optimizer.query_metrics m
LEFT JOIN optimizer.sampling_coverage c ON c.bucket_start = m.bucket_start
WHERE LEAST(m.calls, m.total_exec_time_ms, m.sum_squared_deviation_ms2, m.rows, m.shared_blks_hit, m.shared_blks_read) < 0
   OR 'NaN' IN (m.total_exec_time_ms, m.sum_squared_deviation_ms2)
   OR m.counted_until <= m.bucket_start
   OR m.counted_until > m.bucket_start + make_interval(secs => c.bucket_width_seconds)
UNION ALL
SELECT 'a query is counted once in a bucket', format('%s at %s', query_hash, bucket_start)
FROM optimizer.query_metrics GROUP BY query_hash, bucket_start HAVING count(*) > 1
UNION ALL
SELECT 'work was done while the database was observed', format('%s at %s', m.query_hash, m.bucket_start)
FROM optimizer.query_metrics m
-- Purge may take the coverage first, where both are older than retention.
WHERE m.bucket_start >= (SELECT min(c.bucket_start) FROM optimizer.sampling_coverage c)
  AND NOT EXISTS (SELECT FROM optimizer.sampling_coverage c WHERE c.bucket_start = m.bucket_start AND c.observed_share > 0)
UNION ALL
SELECT 'no second is sampled twice', format('%s s of %s s at %s', c.sampled_seconds, c.bucket_width_seconds, c.bucket_start)
FROM optimizer.sampling_coverage c
WHERE c.sampled_seconds > c.bucket_width_seconds + 0.001 OR c.sampled_seconds < 0
UNION ALL
SELECT 'the sampler''s baseline is whole', format('%s rows of state, %s counters', states, counters)
FROM (SELECT (SELECT count(*) FROM optimizer.sampler_state), (SELECT count(*) FROM optimizer.sampler_counters)) AS s (states, counters)
WHERE states > 1 OR states = 0 AND counters > 0
ORDER BY 1, 2
