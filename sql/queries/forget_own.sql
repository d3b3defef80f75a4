/* optimizer_workflow: what was counted of our own statements before their texts were read */
WITH counters AS (
    DELETE FROM optimizer.sampler_counters WHERE query_hash = ANY ($1)
)
DELETE FROM optimizer.query_metrics WHERE query_hash = ANY ($1)
