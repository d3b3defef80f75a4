/* optimizer_workflow: adds sampled time to buckets; a bucket keeps the width it was begun with */
INSERT INTO optimizer.sampling_coverage AS c (bucket_start, bucket_width_seconds, sampled_seconds)
SELECT * FROM unnest($1::timestamptz[], $2::integer[], $3::float8[])
ON CONFLICT (bucket_start) DO UPDATE SET
    sampled_seconds = c.sampled_seconds + excluded.sampled_seconds
