-- The functions for HTTP gateways: what \df+ says about them, and who may call them. Reading is for pg_monitor, as
-- everywhere; a gateway's roles get what docs/http.md grants them.

COMMENT ON FUNCTION optimizer.api_aggregate_recommendations(bigint, float8) IS
    'For HTTP gateways: brings the recommendations of one query, or of all, in line with the suggestions; JSON with how many are open, and their sources';
COMMENT ON FUNCTION optimizer.api_optimization_recommendations(integer, float8, text) IS
    'For HTTP gateways: open recommendations as JSON, by ROI; total_roi_potential is that of the rows returned';
COMMENT ON FUNCTION optimizer.api_implement_recommendation(bigint, bigint, text) IS
    'For HTTP gateways: records that a recommendation was applied to the query that is named, too; JSON with the metrics from before, and in notices what record_recommendation_implementation() says as NOTICE';
COMMENT ON FUNCTION optimizer.api_optimization_results(text, bigint, integer) IS
    'For HTTP gateways: implementations with predicted beside actual as JSON, the newest first; total_actual_improvement is that of the rows that are in effect and were measured to a verdict';

-- The same statement as get_top_recommendations(), written for its indexes.
ALTER FUNCTION optimizer.api_optimization_recommendations(integer, float8, text)
    SET enable_seqscan = off;
ALTER FUNCTION optimizer.api_optimization_recommendations(integer, float8, text)
    SET enable_bitmapscan = off;
ALTER FUNCTION optimizer.api_optimization_recommendations(integer, float8, text)
    SET plan_cache_mode = force_generic_plan;

GRANT EXECUTE ON FUNCTION
    optimizer.api_optimization_recommendations(integer, float8, text),
    optimizer.api_optimization_results(text, bigint, integer)
TO pg_monitor;
