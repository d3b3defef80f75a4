\set customer random(1, 20000)
SELECT id, full_name, country FROM customers WHERE email = 'customer' || :customer || '@shop.test';
