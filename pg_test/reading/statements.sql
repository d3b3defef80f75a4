-- One statement each, as applications and their libraries write them. `--` begins a name.
-- point lookup
SELECT * FROM customers WHERE id = 42;
-- rails find
SELECT "customers".* FROM "customers" WHERE "customers"."email" = 'a@example.org' LIMIT 1;
-- rails ordered page
SELECT "orders".* FROM "orders" WHERE "orders"."customer_id" = 7 AND "orders"."status" IN ('new', 'paid') ORDER BY "orders"."ordered_at" DESC, "orders"."id" ASC LIMIT 20 OFFSET 40;
-- rails includes
SELECT "order_items".* FROM "order_items" WHERE "order_items"."order_id" IN (1, 2, 3, 4, 5);
-- rails exists
SELECT 1 AS one FROM "orders" WHERE "orders"."customer_id" = 3 LIMIT 1;
-- rails count
SELECT COUNT(*) FROM "orders" INNER JOIN "customers" ON "customers"."id" = "orders"."customer_id" WHERE "customers"."country" = 'DE';
-- rails insert
INSERT INTO "orders" ("customer_id", "status", "total") SELECT id, 'new', 9.99 FROM customers WHERE id = 1 RETURNING "id";
-- django filter
SELECT "orders"."id", "orders"."total" FROM "orders" WHERE ("orders"."ordered_at" >= '2025-01-01T00:00:00+00:00'::timestamptz AND "orders"."ordered_at" < '2025-02-01T00:00:00+00:00'::timestamptz AND NOT ("orders"."note" IS NULL)) ORDER BY "orders"."id" ASC;
-- django icontains
SELECT "customers"."id" FROM "customers" WHERE UPPER("customers"."name"::text) LIKE UPPER('%smith%');
-- django annotate
SELECT "customers"."id", COUNT("orders"."id") AS "n" FROM "customers" LEFT OUTER JOIN "orders" ON ("customers"."id" = "orders"."customer_id") GROUP BY "customers"."id" HAVING COUNT("orders"."id") > 2 ORDER BY "n" DESC;
-- django trunc
SELECT (DATE_TRUNC('month', "orders"."ordered_at" AT TIME ZONE 'UTC')) AS "m", SUM("orders"."total") AS "s" FROM "orders" GROUP BY (DATE_TRUNC('month', "orders"."ordered_at" AT TIME ZONE 'UTC')) ORDER BY 1;
-- hibernate
select o1_0.id, o1_0.status, c1_0.email from orders o1_0 join customers c1_0 on c1_0.id = o1_0.customer_id where c1_0.country = 'FR' and o1_0.total > 100.00 order by o1_0.ordered_at desc fetch first 10 rows only;
-- hibernate batch
select i1_0.order_id, i1_0.product_id, i1_0.quantity from order_items i1_0 where i1_0.order_id = any (array[1, 2, 3]::bigint[]);
-- sqlalchemy
SELECT orders.id AS orders_id, anon_1.n FROM orders JOIN (SELECT order_items.order_id AS order_id, count(*) AS n FROM order_items GROUP BY order_items.order_id) AS anon_1 ON orders.id = anon_1.order_id WHERE orders.status = 'paid' AND anon_1.n > 3;
-- sqlalchemy selectin
SELECT orders_1.id AS orders_1_id FROM orders AS orders_1 WHERE orders_1.customer_id IN (1, 2) ORDER BY orders_1.customer_id;
-- prisma
SELECT "shop"."orders"."id", "shop"."orders"."status" FROM "shop"."orders" WHERE ("shop"."orders"."customer_id" = 5 AND 1=1) ORDER BY "shop"."orders"."id" ASC LIMIT 3 OFFSET 0;
-- prisma relation
SELECT "t1"."id" FROM "shop"."customers" AS "t1" WHERE ("t1"."id") IN (SELECT "t2"."customer_id" FROM "shop"."orders" AS "t2" WHERE ("t2"."status" = 'x' AND "t2"."customer_id" IS NOT NULL));
-- cte
WITH big AS (SELECT customer_id, sum(total) AS s FROM orders WHERE ordered_at > now() - interval '30 days' GROUP BY customer_id) SELECT c.email, big.s FROM big JOIN customers c ON c.id = big.customer_id WHERE big.s > 1000;
-- recursive cte
WITH RECURSIVE t AS (SELECT id, parent, 1 AS depth FROM tree WHERE parent IS NULL UNION ALL SELECT c.id, c.parent, t.depth + 1 FROM tree c JOIN t ON c.parent = t.id WHERE t.depth < 10) SELECT * FROM t ORDER BY depth;
-- writing cte
WITH gone AS (DELETE FROM order_items WHERE order_id = 1 RETURNING product_id) UPDATE products SET weight = weight + 1 FROM gone WHERE products.id = gone.product_id;
-- lateral
SELECT c.id, last.id FROM customers c CROSS JOIN LATERAL (SELECT o.id FROM orders o WHERE o.customer_id = c.id ORDER BY o.ordered_at DESC LIMIT 1) last WHERE c.country = 'DE';
-- window
SELECT id, row_number() OVER (PARTITION BY customer_id ORDER BY ordered_at DESC) AS n, sum(total) OVER w FROM orders WHERE status <> 'gone' WINDOW w AS (PARTITION BY status ORDER BY id ROWS BETWEEN 3 PRECEDING AND CURRENT ROW);
-- window of a repeated expression
SELECT date_trunc('day', ordered_at) AS d, rank() OVER (PARTITION BY date_trunc('day', ordered_at) ORDER BY total) FROM orders;
-- union all
SELECT id FROM customers WHERE country = 'DE' UNION ALL SELECT customer_id FROM orders WHERE status = 'x' ORDER BY 1 LIMIT 5;
-- intersect and except
(SELECT id FROM customers INTERSECT SELECT customer_id FROM orders) EXCEPT SELECT customer_id FROM events WHERE kind = 'click';
-- values
VALUES (1, 'a'), (2, 'b');
-- values join
SELECT c.id FROM customers c JOIN (VALUES ('DE', 1), ('FR', 2)) AS v (country, rank) ON v.country = c.country ORDER BY v.rank;
-- insert select on conflict
INSERT INTO order_items (order_id, product_id, quantity) SELECT o.id, 1, 1 FROM orders o WHERE o.id < 0 ON CONFLICT (order_id, product_id) DO UPDATE SET quantity = order_items.quantity + excluded.quantity WHERE order_items.quantity < 100;
-- insert values
INSERT INTO customers (email, name, tags) VALUES ('x@example.org', 'X', ARRAY['a', 'b']) ON CONFLICT DO NOTHING;
-- update from
UPDATE orders o SET status = 'vip', total = o.total * 0.9 FROM customers c WHERE c.id = o.customer_id AND c.profile @> '{"vip": true}';
-- delete using
DELETE FROM order_items i USING orders o WHERE o.id = i.order_id AND o.ordered_at < date '2001-01-01';
-- delete cascades
DELETE FROM orders WHERE id = -1;
-- merge
MERGE INTO order_items i USING products p ON p.id = i.product_id AND p.weight > 3 WHEN MATCHED AND i.quantity > 5 THEN UPDATE SET price = p.price WHEN MATCHED THEN DELETE;
-- grouping sets
SELECT country, is_active, count(*), grouping(country) FROM customers GROUP BY GROUPING SETS ((country, is_active), (country), ()) ORDER BY country;
-- rollup of expressions
SELECT extract(year FROM ordered_at), extract(month FROM ordered_at), sum(total) FROM orders GROUP BY ROLLUP (extract(year FROM ordered_at), extract(month FROM ordered_at));
-- grouped expression inside a target
SELECT extract(year FROM ordered_at) + 1, count(*) FROM orders GROUP BY extract(year FROM ordered_at) HAVING extract(year FROM ordered_at) > 2000;
-- group by ordinal
SELECT date_trunc('week', ordered_at), status, count(*) FROM orders GROUP BY 1, 2 ORDER BY 3 DESC;
-- group by expression
SELECT coalesce(status, 'none'), count(*) FROM orders GROUP BY coalesce(status, 'none') ORDER BY coalesce(status, 'none');
-- distinct on
SELECT DISTINCT ON (customer_id) customer_id, id FROM orders ORDER BY customer_id, ordered_at DESC;
-- distinct on an expression
SELECT DISTINCT ON (left(status, 2)) left(status, 2), id FROM orders ORDER BY left(status, 2), id DESC;
-- distinct
SELECT DISTINCT country FROM customers WHERE born BETWEEN '1980-01-01' AND '1990-01-01';
-- for update
SELECT id FROM orders WHERE status = 'new' ORDER BY id LIMIT 10 FOR UPDATE SKIP LOCKED;
-- partitioned
SELECT count(*) FROM events WHERE at >= '2025-03-01' AND kind = 'click';
-- one partition
SELECT count(*) FROM events_2025_click WHERE payload ->> 'page' = '/' AND at > now() - interval '7' day;
-- partitioned insert
INSERT INTO events (at, kind, payload) VALUES ('2025-05-05', 'click', '{"a": 1}');
-- view
SELECT email FROM active_customers WHERE id = 9;
-- view over view
SELECT g.email FROM german_customers g JOIN orders o ON o.customer_id = g.id WHERE o.total > 5;
-- aggregating view
SELECT revenue FROM revenue WHERE customer_id = 12;
-- update through a view
UPDATE active_customers SET name = 'Y' WHERE id = -1;
-- materialized view
SELECT * FROM daily WHERE day > current_date - 30;
-- row security
SELECT body FROM secured WHERE id = 1;
-- trigger
UPDATE audited SET note = 'x' WHERE id = 1;
-- trigger of another event
INSERT INTO audited VALUES (1, 'x') ON CONFLICT DO NOTHING;
-- rule
INSERT INTO products (name, price) VALUES ('p', 1.5);
-- function
SELECT order_count(id) FROM customers WHERE id < 10;
-- generated column
SELECT id FROM customers WHERE lower_name = 'miller';
-- expression predicate
SELECT id FROM customers WHERE lower(email) = 'a@example.org';
-- arrays
SELECT id FROM customers WHERE tags @> ARRAY['a'] OR 'b' = ANY (tags);
-- jsonb
SELECT id FROM customers WHERE profile ->> 'plan' = 'pro' AND profile ? 'since' AND profile @? '$.a[*] ? (@ > 1)';
-- full text
SELECT id FROM customers WHERE search @@ to_tsquery('simple', 'a & b') ORDER BY ts_rank(search, to_tsquery('simple', 'a & b')) DESC LIMIT 5;
-- like and trigram
SELECT id FROM customers WHERE email LIKE 'a%' AND name ILIKE '%b%' AND name % 'abc' AND email ~ '^a';
-- keyset page
SELECT id FROM orders WHERE (ordered_at, id) < ('2025-01-01', 100) ORDER BY ordered_at DESC, id DESC LIMIT 10;
-- literals
SELECT date '2025-01-01' + 7, timestamp with time zone '2025-01-01 00:00+00', interval '1' day, interval(0) '1 s', time '10:00', numeric(4,1) '1.5', N'n', char 'abc', bit '101', point '(1,2)', double precision '1.5', E'a\n', U&'d!0061t' UESCAPE '!';
-- literals without blanks
SELECT'x'AS a FROM orders WHERE status IN('a','b')AND note LIKE'x%'AND ship_on>date'2025-01-01';
-- unknown types
SELECT ship_on + 7, now() - '1 day'::interval, sum(1) FROM orders WHERE ship_on + 3 > current_date GROUP BY ship_on;
-- null tests of constants
SELECT 5 IS NULL, coalesce(NULL, 3), concat('a', 1, NULL), generate_series(1, 3), greatest(1, 2);
-- normalise
SELECT normalize(name, NFC), name IS NFC NORMALIZED FROM customers WHERE id = 1;
-- long forms of functions
SELECT substring(name FROM 1 FOR 3), trim(BOTH 'x' FROM name), overlay(name PLACING 'ab' FROM 1 FOR 2), position('a' IN name), name SIMILAR TO 'a%' ESCAPE '#' FROM customers WHERE id = 2;
-- subquery in the select list
SELECT c.id, (SELECT max(o.total) FROM orders o WHERE o.customer_id = c.id), ARRAY(SELECT i.product_id FROM order_items i WHERE i.order_id = c.id) FROM customers c WHERE c.id = 3;
-- exists and not exists
SELECT c.id FROM customers c WHERE EXISTS (SELECT FROM orders o WHERE o.customer_id = c.id AND o.status = 'new') AND NOT EXISTS (SELECT FROM events e WHERE e.customer_id = c.id);
-- self join
SELECT a.id, b.id FROM orders a JOIN orders b ON b.parent_id = a.id WHERE a.status = 'x' AND b.total IS NULL;
-- using and natural
SELECT o.id, i.quantity FROM (SELECT id AS order_id, id FROM orders) o JOIN order_items i USING (order_id) WHERE order_id = 5;
-- full join
SELECT coalesce(a.id, b.id) FROM customers a FULL JOIN products b ON a.id = b.id WHERE a.id IS NULL;
-- case
SELECT sum(CASE WHEN status = 'new' THEN 1 ELSE 0 END), count(*) FILTER (WHERE total > 5) FROM orders WHERE CASE WHEN note IS NULL THEN true ELSE total > 3 END;
-- ranges
SELECT id FROM products WHERE price_range @> 5.0 AND price_range && numrange(1, 2);
-- odd names
SELECT "select" FROM "Odd Schema"."Odd Table" WHERE "The Id" = 3;
-- table function
SELECT n.value FROM customers c, jsonb_array_elements_text(c.profile -> 'list') AS n (value) WHERE c.id = 5;
-- tablesample
SELECT count(*) FROM orders TABLESAMPLE system (10) REPEATABLE (1);
-- ordinality and unnest
SELECT o.id FROM unnest(ARRAY[3, 1, 2]) WITH ORDINALITY AS wanted (id, place) JOIN orders o ON o.id = wanted.id ORDER BY wanted.place;
-- null limit
SELECT id FROM orders LIMIT NULL;
-- nothing read
SELECT 1;
-- catalog: psql \d
SELECT c.oid, n.nspname, c.relname FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relname OPERATOR(pg_catalog.~) '^(orders)$' COLLATE pg_catalog.default AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY 2, 3;
-- catalog: information_schema
SELECT column_name FROM information_schema.columns WHERE table_schema = 'shop' AND table_name = 'orders';
