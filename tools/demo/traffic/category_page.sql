\set category random(1, 40)
SELECT id, name, price_cents FROM products WHERE category_id = :category ORDER BY price_cents LIMIT 20;
