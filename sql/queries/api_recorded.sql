/* optimizer_workflow: a recorded implementation as JSON. $1 implementation, $2 recommendation,
   $3 query, $4 its metrics from before, $5 what there is to say about it */
SELECT jsonb_build_object(
           'implementation_id', $1::bigint,
           'recommendation_id', $2::bigint,
           'query_hash', $3::bigint,
           'query_hash_text', $3::bigint::text,
           'status', 'pending',
           'pre_metrics', $4::jsonb,
           'timestamp', now(),
           'message', format('recommendation %s is recorded as implementation %s', $2::bigint, $1::bigint),
           'notices', to_jsonb($5::text[]))
