/* optimizer_workflow: how far some buckets have been observed. $1 their starts */
SELECT bucket_start, bucket_width_seconds, sampled_seconds
FROM optimizer.sampling_coverage
WHERE bucket_start = ANY ($1)
