\set order random(1, 500000)
UPDATE orders SET status = 'shipped' WHERE id = :order;
