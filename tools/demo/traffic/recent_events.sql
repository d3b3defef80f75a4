\set customer random(1, 20000)
SELECT kind, happened_at FROM events WHERE customer_id = :customer ORDER BY happened_at DESC LIMIT 5;
