\set product random(1, 4000)
SELECT id, name, price_cents, in_stock FROM products WHERE id = :product;
