SELECT date_trunc('day', ordered_at) AS day, count(*), sum(total_cents) FROM orders WHERE ordered_at > now() - interval '14 days' GROUP BY 1 ORDER BY 1;
