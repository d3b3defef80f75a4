/* optimizer_workflow: marks a bucket as fed by another collector, once */
INSERT INTO optimizer.sampling_coverage AS c (bucket_start, bucket_width_seconds, ingested)
VALUES ($1, $2, true)
ON CONFLICT (bucket_start) DO UPDATE SET ingested = true WHERE NOT c.ingested
