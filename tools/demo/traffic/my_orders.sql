\set customer random(1, 20000)
SELECT id, ordered_at, status, total_cents FROM orders WHERE customer_id = :customer ORDER BY ordered_at DESC LIMIT 10;
