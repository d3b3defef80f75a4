\set order random(1, 500000)
SELECT p.name, i.quantity, i.unit_price_cents FROM order_items i JOIN products p ON p.id = i.product_id WHERE i.order_id = :order;
