\set customer random(1, 20000)
INSERT INTO events (customer_id, kind) VALUES (:customer, 'view');
