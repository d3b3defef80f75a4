/* optimizer_workflow: one row over everything. Time saved per day is what the changes that are in
   effect and were measured to the end save at the call rates seen after them. */
SELECT r.*, i.*
FROM (SELECT count(*), coalesce(sum(roi_score), 0),
             -- what several makers say of one action saves a query's time once
             coalesce(sum(expected_saving_ms_per_hour) FILTER (WHERE place = 1), 0)
      FROM (SELECT o.roi_score, o.expected_saving_ms_per_hour,
                   row_number() OVER (PARTITION BY o.query_hash, coalesce(o.action_key, o.id::text)
                                      ORDER BY o.expected_saving_ms_per_hour DESC NULLS LAST) AS place
            FROM optimizer.recommendations o WHERE o.status = 'open') AS each) AS r,
     (SELECT count(*) FILTER (WHERE status = 'pending'),
             count(*) FILTER (WHERE status = 'implemented'),
             count(*) FILTER (WHERE status = 'reverted'),
             count(*) FILTER (WHERE status = 'failed'),
             count(*) FILTER (WHERE verdict = 'improved'),
             count(*) FILTER (WHERE verdict = 'not_improved'),
             count(*) FILTER (WHERE verdict = 'regressed'),
             count(*) FILTER (WHERE verdict = 'inconclusive'),
             coalesce(sum(actual_improvement_percent)
                 FILTER (WHERE status = 'implemented' AND verdict <> 'inconclusive' AND NOT is_repeat), 0),
             coalesce(sum(((pre_optimization_stats ->> 'mean_exec_time_ms')::float8
                           - (post_optimization_stats ->> 'mean_exec_time_ms')::float8)
                          * (post_optimization_stats ->> 'calls_per_hour')::float8 * 24 / 1000)
                 FILTER (WHERE status = 'implemented' AND verdict <> 'inconclusive' AND NOT is_repeat), 0),
             avg(accuracy_score) FILTER (WHERE verdict <> 'inconclusive')
      FROM optimizer.implementations) AS i
