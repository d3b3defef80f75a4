\set customer random(1, 20000)
\set product random(1, 4000)
\set total random(1000, 50000)
BEGIN;
INSERT INTO orders (customer_id, total_cents, shipping_address) VALUES (:customer, :total, 'Street 1, 10000') RETURNING id AS placed \gset
INSERT INTO order_items (order_id, product_id, quantity, unit_price_cents) VALUES (:placed, :product, 1, :total);
UPDATE products SET in_stock = in_stock - 1 WHERE id = :product;
COMMIT;
