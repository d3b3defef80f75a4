-- Statements in the shapes that object-relational mappers send, each once, with constants: pg_stat_statements makes
-- the parameters of them. Run inside one transaction by the role that owns the tables.

-- Active Record (Rails)
SELECT "users".* FROM "users" WHERE "users"."id" = 1 LIMIT 1;
SELECT 1 AS one FROM "users" WHERE "users"."email" = 'u1@example.org' LIMIT 1;
SELECT "orders".* FROM "orders" WHERE "orders"."user_id" IN (1, 2, 3) ORDER BY "orders"."created_at" DESC;
SELECT COUNT(*) FROM "orders" INNER JOIN "users" ON "users"."id" = "orders"."user_id" WHERE "users"."admin" = FALSE AND "orders"."state" != 'cancelled';
SELECT DISTINCT "users".* FROM "users" INNER JOIN "orders" ON "orders"."user_id" = "users"."id" WHERE (orders.created_at > '2025-01-01 00:00:00') ORDER BY "users"."id" ASC LIMIT 25 OFFSET 50;
INSERT INTO "users" ("email", "name", "admin", "created_at", "updated_at") VALUES ('n1@example.org', 'New', FALSE, '2025-03-01 10:00:00.123456', '2025-03-01 10:00:00.123456') RETURNING "id";
UPDATE "users" SET "name" = 'Newer', "updated_at" = '2025-03-02 10:00:00', "lock_version" = 1 WHERE "users"."id" = 2 AND "users"."lock_version" = 0;
DELETE FROM "order_lines" WHERE "order_lines"."order_id" = 199;
SELECT "schema_migrations"."version" FROM "schema_migrations" ORDER BY "schema_migrations"."version" ASC;
SELECT SUM("orders"."total") AS sum_total, DATE_TRUNC('day', "orders"."created_at"::timestamptz AT TIME ZONE 'Etc/UTC') AS day FROM "orders" GROUP BY DATE_TRUNC('day', "orders"."created_at"::timestamptz AT TIME ZONE 'Etc/UTC');
INSERT INTO "users" ("email", "name") VALUES ('u1@example.org', 'x'), ('n2@example.org', 'y') ON CONFLICT ("email") DO UPDATE SET "name" = excluded."name", updated_at = CURRENT_TIMESTAMP RETURNING "id";
SELECT "users".* FROM "users" WHERE "users"."id" = 3 LIMIT 1 FOR UPDATE;
SELECT "posts".* FROM "posts" WHERE NOT EXISTS (SELECT 1 FROM "users" WHERE "users"."id" = "posts"."authorId" AND "users"."admin" = TRUE);

-- Django
SELECT "users"."id", "users"."email" FROM "users" WHERE ("users"."email" LIKE 'u%' AND UPPER("users"."name"::text) = UPPER('user 1')) ORDER BY "users"."id" ASC LIMIT 21;
SELECT "sessions"."session_key", "sessions"."session_data" FROM "sessions" WHERE ("sessions"."expire_date" > '2025-01-01T00:00:00+00:00'::timestamptz AND "sessions"."session_key" = 'abc') LIMIT 21;
SELECT (1) AS "a" FROM "users" WHERE "users"."admin" LIMIT 1;
SELECT EXTRACT('month' FROM "orders"."placed_on") AS "m", COUNT("orders"."id") AS "n" FROM "orders" WHERE "orders"."placed_on" BETWEEN '2025-01-01'::date AND '2025-12-31'::date GROUP BY 1 ORDER BY 1 ASC;
SELECT "orders"."user_id", COALESCE(SUM("orders"."total"), 0) AS "t", CASE WHEN SUM("orders"."total") > 100 THEN 'big' WHEN SUM("orders"."total") > 10 THEN 'middle' ELSE 'small' END AS "c" FROM "orders" GROUP BY "orders"."user_id" HAVING COUNT("orders"."id") > 2;
SELECT "products"."id" FROM "products" WHERE ("products"."attributes" -> 'colour') = '"red"'::jsonb;
SELECT "products"."id" FROM "products" WHERE ("products"."attributes" #>> '{a,b}') = 'x' OR "products"."attributes" @> '{"size": 3}' OR "products"."attributes" ? 'size';
SELECT "users"."id" FROM "users" WHERE "users"."tags" @> (ARRAY['a'])::text[] AND "users"."tags" && ARRAY['a', 'z']::varchar[]::text[];
INSERT INTO "sessions" ("session_key", "session_data", "expire_date") VALUES ('k1', 'd', '2025-05-01 00:00:00+00:00'::timestamptz);
UPDATE "products" SET "stock" = ("products"."stock" - 1) WHERE ("products"."id" = 5 AND "products"."stock" >= 1);
SELECT "users"."id", (SELECT U0."total" FROM "orders" U0 WHERE U0."user_id" = ("users"."id") ORDER BY U0."created_at" DESC LIMIT 1) AS "last_total" FROM "users";
DELETE FROM "sessions" WHERE "sessions"."expire_date" < '2025-01-02 00:00:00+00:00'::timestamptz;
SELECT "posts"."id" FROM "posts" WHERE "posts"."createdAt" >= NOW() - INTERVAL '7 days';
SELECT ROW_NUMBER() OVER (PARTITION BY "orders"."user_id" ORDER BY "orders"."total" DESC) AS "rn", RANK() OVER (ORDER BY "orders"."total"), LAG("orders"."total", 1) OVER (ORDER BY "orders"."id") FROM "orders";
SELECT "products"."id", ts_rank("products"."search", plainto_tsquery('english'::regconfig, 'product')) AS "rank" FROM "products" WHERE "products"."search" @@ (plainto_tsquery('english'::regconfig, 'product')) ORDER BY 2 DESC;

-- Hibernate
select u1_0.id,u1_0.email,u1_0.name from users u1_0 where u1_0.id=4;
select o1_0.id,o1_0.state,u1_0.id,u1_0.email from orders o1_0 left join users u1_0 on u1_0.id=o1_0.user_id where o1_0.total>10.5 and (o1_0.notes is null or o1_0.notes like '%x%' escape '\') order by o1_0.id offset 0 rows fetch first 10 rows only;
select nextval('orders_id_seq');
insert into orders (user_id,state,total,placed_on,id) values (1,'open',12.50,'2025-02-03',(select max(id) + 1000 from orders));
update orders set total=13.50,state='paid'::order_state where id=1 and total=1.00;
delete from order_lines where order_id=198 and line=1;
select count(o1_0.id),avg(o1_0.total),min(o1_0.placed_on),max(o1_0.placed_on) from orders o1_0 where o1_0.placed_on>=date '2025-01-01' and o1_0.placed_on<date '2025-01-01'+interval '3' month;
select distinct p1_0.title from products p1_0 join order_lines l1_0 on p1_0.id=l1_0.product_id where l1_0.quantity*l1_0.price>cast(5 as numeric(10,2)) and extract(year from current_date)>2000;
select u1_0.id from users u1_0 where (u1_0.id,u1_0.lock_version) in ((1,0),(2,1)) for no key update skip locked;
select current_date, localtimestamp, extract(epoch from timestamp '2025-01-01 00:00:00');

-- SQLAlchemy
SELECT anon_1.users_id, anon_1.n FROM (SELECT users.id AS users_id, count(orders.id) AS n FROM users LEFT OUTER JOIN orders ON users.id = orders.user_id GROUP BY users.id) AS anon_1 WHERE anon_1.n > 3 ORDER BY anon_1.n DESC NULLS LAST;
WITH RECURSIVE tree(id, parent_id, depth) AS (SELECT posts.id, posts.parent_id, 0 FROM posts WHERE posts.parent_id IS NULL UNION ALL SELECT p.id, p.parent_id, tree.depth + 1 FROM posts AS p JOIN tree ON p.parent_id = tree.id WHERE tree.depth < 10) SELECT tree.id, tree.depth FROM tree;
INSERT INTO products (sku, title, price, stock) SELECT 'N' || lpad(CAST(g AS VARCHAR), 7, '0'), 'New', 1.5, 0 FROM generate_series(1, 3) AS g RETURNING products.id, products.sku;
SELECT users.id FROM users WHERE users.email ILIKE '%EXAMPLE%' AND users.settings ->> 'theme' IS NULL AND users.id = ANY (ARRAY[1, 2, 3]) AND users.created_at >= now() - make_interval(days => 30);
SELECT orders.state, percentile_cont(0.5) WITHIN GROUP (ORDER BY orders.total) AS median, string_agg(CAST(orders.id AS TEXT), ', ' ORDER BY orders.id) FILTER (WHERE orders.total > 5) AS ids FROM orders GROUP BY GROUPING SETS ((orders.state), ());
UPDATE orders SET notes='late' FROM users WHERE orders.user_id = users.id AND users.email = 'u5@example.org' AND orders.state IN ('open', 'paid') RETURNING orders.id;
SELECT generate_series('2025-01-01'::date, '2025-01-10'::date, '1 day'::interval)::date AS day;
SELECT products.id, products.price, lateral_1.q FROM products JOIN LATERAL (SELECT sum(order_lines.quantity) AS q FROM order_lines WHERE order_lines.product_id = products.id) AS lateral_1 ON true WHERE products.deleted_at IS NULL LIMIT 5;
DELETE FROM order_lines USING orders WHERE order_lines.order_id = orders.id AND orders.state = 'cancelled' AND orders.placed_on < '2025-01-01'::date - 30;
SELECT pg_catalog.version();
SELECT CAST('test plain returns' AS VARCHAR(60)) AS anon_1;

-- Prisma
SELECT "shop"."users"."id", "shop"."users"."email" FROM "shop"."users" WHERE ("shop"."users"."id" = 5 AND 1=1) LIMIT 1 OFFSET 0;
SELECT "shop"."posts"."id", "shop"."posts"."title" FROM "shop"."posts" WHERE ("shop"."posts"."published" = true AND "shop"."posts"."title"::text ILIKE '%post%') ORDER BY "shop"."posts"."createdAt" DESC LIMIT 10 OFFSET 20;
SELECT COUNT(*) FROM (SELECT "shop"."posts"."id" FROM "shop"."posts" WHERE "shop"."posts"."authorId" = 1 OFFSET 0) AS "sub";
INSERT INTO "shop"."posts" ("id", "title", "published", "createdAt") VALUES ('7f2c1b1e-0000-4000-8000-000000000001'::uuid, 'x', false, '2025-01-01 00:00:00 UTC') RETURNING "shop"."posts"."id";
UPDATE "shop"."users" SET "settings" = '{"theme": "dark"}' WHERE ("shop"."users"."id" IN (6, 7) AND 1=1);
SELECT "aggr_selection_0_User"."_aggr_count" FROM "shop"."users" LEFT JOIN (SELECT "shop"."posts"."authorId", COUNT(*) AS "_aggr_count" FROM "shop"."posts" WHERE 1=1 GROUP BY "shop"."posts"."authorId") AS "aggr_selection_0_User" ON ("shop"."users"."id" = "aggr_selection_0_User"."authorId") WHERE 1=1;
SELECT "t0"."id", "t0_posts"."__prisma_data__" FROM "shop"."users" AS "t0" LEFT JOIN LATERAL (SELECT COALESCE(JSONB_AGG("__prisma_data__"), '[]') AS "__prisma_data__" FROM (SELECT JSONB_BUILD_OBJECT('id', "t1"."id", 'title', "t1"."title") AS "__prisma_data__" FROM "shop"."posts" AS "t1" WHERE "t0"."id" = "t1"."authorId") AS "t2") AS "t0_posts" ON TRUE WHERE "t0"."id" = 8;

-- Sequelize
SELECT "id", "email", "settings"#>>'{theme,name}' AS "theme" FROM "users" AS "User" WHERE ("User"."settings"#>>'{theme}') = 'dark' AND "User"."created_at" BETWEEN '2025-01-01 00:00:00.000 +00:00' AND '2025-02-01 00:00:00.000 +00:00';
SELECT "Order".*, "lines"."line" AS "lines.line" FROM (SELECT "Order"."id", "Order"."total" FROM "orders" AS "Order" WHERE "Order"."placed_on" > '2025-01-15' ORDER BY "Order"."id" DESC LIMIT 10) AS "Order" LEFT OUTER JOIN "order_lines" AS "lines" ON "Order"."id" = "lines"."order_id" ORDER BY "Order"."id" DESC;
INSERT INTO "order_lines" ("order_id","line","product_id","quantity","price") VALUES (1,90,1,1,1.00),(1,91,2,2,2.00) ON CONFLICT DO NOTHING;
UPDATE "products" SET "price"="price"+ -0.5, "attributes"=jsonb_set("attributes", '{size}', '4', true) WHERE "id" = 9;
SELECT count("Order"."id") AS "count" FROM "orders" AS "Order" LEFT OUTER JOIN "users" AS "user" ON "Order"."user_id" = "user"."id" AND ("user"."admin" = true) WHERE "user"."id" IS NULL;
DELETE FROM "sessions" WHERE "session_key" IN (SELECT "session_key" FROM "sessions" WHERE "expire_date" < '2025-04-01' LIMIT 1);

-- By hand, beside the mapper
SELECT date_trunc('hour', happened_at) AS hour, kind, count(*) FROM events WHERE happened_at >= timestamptz '2025-06-01 00:00:00+00' AND happened_at < timestamptz '2025-06-02 00:00:00+00' GROUP BY 1, 2 ORDER BY 1, 2;
INSERT INTO events (kind, payload, happened_at) VALUES ('view', '{"page": 2}'::jsonb, '2025-07-01 12:00:00+00');
SELECT to_char(placed_on, 'YYYY-MM'), round(avg(total), 2), count(*) FILTER (WHERE state = 'sent') * 100.0 / count(*) FROM orders GROUP BY to_char(placed_on, 'YYYY-MM') ORDER BY 1;
SELECT * FROM open_orders WHERE email = 'u3@example.org' AND placed_on > current_date - interval '10 years';
WITH gone AS (DELETE FROM order_lines WHERE quantity > 1000 RETURNING order_id), kept AS MATERIALIZED (SELECT id FROM orders WHERE total > 5) SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM kept);
SELECT id, interval '1 day' * extract(isodow FROM placed_on), age(timestamp '2025-05-01', placed_on), placed_on + time '10:00', date 'today' - placed_on FROM orders WHERE (placed_on, id) > (date '2025-02-01', 5) ORDER BY placed_on, id LIMIT 20;
SELECT jsonb_path_query_array(attributes, '$.size ? (@ > 3)'), attributes - 'size', attributes || '{"x": null}', jsonb_array_length('[1, 2]'), (attributes ->> 'size')::int + 1 FROM products WHERE attributes ->> 'colour' = 'red' AND (attributes ->> 'size')::int BETWEEN 3 AND 5;
SELECT unnest(tags), array_length(tags, 1), tags[1], array_position(tags, 'b'), tags || 'c'::text, array_remove(tags, 'a') FROM users WHERE 'a' = ANY (tags) AND NOT tags <@ ARRAY['q'] AND id NOT IN (98, 99);
SELECT id, substring(title FROM '[0-9]+'), position('o' IN title), overlay(title PLACING 'x' FROM 1 FOR 1), trim(LEADING 'P' FROM title), title COLLATE "C", nullif(title, ''), greatest(price, 1), sku ~ '^0' FROM products WHERE sku = '00000005' OR title SIMILAR TO 'Product (1|2)%';
MERGE INTO products p USING (VALUES ('00000001', 5), ('00000999', 6)) AS v (sku, stock) ON p.sku = v.sku WHEN MATCHED AND v.stock > 4 THEN UPDATE SET stock = v.stock WHEN NOT MATCHED THEN INSERT (sku, title, price, stock) VALUES (v.sku, 'merged', 1, v.stock);
