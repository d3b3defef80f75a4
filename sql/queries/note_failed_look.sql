/* optimizer_workflow: a look that raised an error; the third in a row ends the measurement.
   $1 implementation, $2 message, $3 looks that may fail */
UPDATE optimizer.optimization_implementations i
SET failed_looks = i.failed_looks + 1,
    error_message = $2,
    status = CASE WHEN i.failed_looks + 1 >= $3 THEN 'failed' ELSE i.status END,
    verdict = CASE WHEN i.failed_looks + 1 >= $3 THEN 'inconclusive' ELSE i.verdict END,
    verdict_reason = CASE WHEN i.failed_looks + 1 >= $3 THEN 'error: ' || $2
                          ELSE i.verdict_reason END,
    measured_at = CASE WHEN i.failed_looks + 1 >= $3 THEN now() ELSE i.measured_at END
WHERE i.id = $1 AND i.status = 'pending'
