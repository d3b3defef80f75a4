/* optimizer_workflow: an aggregation as JSON. $1 open recommendations, $2 their sources */
SELECT jsonb_build_object(
           'recommendations_aggregated', $1::integer,
           'source_types', to_jsonb($2::text[]),
           'aggregated_at', now(),
           'message', CASE $1::integer
               WHEN 0 THEN 'no suggestion makes a recommendation'
               WHEN 1 THEN '1 recommendation is open'
               ELSE format('%s recommendations are open', $1::integer) END)
