/* optimizer_workflow: pending implementations whose next look is due. $1 now, $2 seconds to the
   first look, $3 to the last, $4 most of them. Rows that
   somebody else is looking at are left to them. */
SELECT i.id
FROM optimizer.optimization_implementations i
WHERE i.status = 'pending'
  AND (i.implementation_timestamp <= $1 - make_interval(secs => $3)
       OR i.implementation_timestamp <= $1 - make_interval(secs => $2)
          AND NOT EXISTS (SELECT FROM optimizer.implementation_measurements m
                          WHERE m.implementation_id = i.id AND m.look = 'first'))
ORDER BY i.failed_looks, i.implementation_timestamp, i.id
LIMIT $4
FOR UPDATE OF i SKIP LOCKED
