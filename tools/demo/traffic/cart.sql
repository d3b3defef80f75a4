\set customer random(1, 20000)
\set product random(1, 4000)
INSERT INTO carts VALUES (:customer, :product, 1, now()) ON CONFLICT (customer_id) DO UPDATE SET product_id = excluded.product_id, quantity = carts.quantity + 1, updated_at = excluded.updated_at;
