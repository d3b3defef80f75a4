-- A shop: what the statements in statements.sql read and write.
CREATE SCHEMA shop;
CREATE SCHEMA "Odd Schema";
SET search_path = shop, public;
CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public;
CREATE TABLE customers (
    id bigserial PRIMARY KEY, email text NOT NULL UNIQUE, name varchar(80), country char(2), born date,
    tags text[] NOT NULL DEFAULT '{}', profile jsonb NOT NULL DEFAULT '{}', is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(), search tsvector,
    lower_name text GENERATED ALWAYS AS (lower(name)) STORED
);
CREATE TABLE products (
    id serial PRIMARY KEY, sku uuid, name text NOT NULL, price numeric(10,2) NOT NULL, price_range numrange, weight float8, data json
);
CREATE TABLE orders (
    id bigserial PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers, status text NOT NULL DEFAULT 'new',
    total numeric(12,2), ordered_at timestamptz NOT NULL DEFAULT now(), ship_on date, note text, parent_id bigint REFERENCES orders ON DELETE SET NULL
);
CREATE TABLE order_items (
    order_id bigint NOT NULL REFERENCES orders ON DELETE CASCADE, product_id int NOT NULL REFERENCES products,
    quantity int NOT NULL CHECK (quantity > 0), price numeric(10,2), PRIMARY KEY (order_id, product_id)
);
CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL, kind text, payload jsonb, customer_id bigint)
    PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY LIST (kind);
CREATE TABLE events_2025_click PARTITION OF events_2025 FOR VALUES IN ('click');
CREATE TABLE events_2025_rest PARTITION OF events_2025 DEFAULT;
CREATE TABLE audited (id int PRIMARY KEY, note text);
CREATE TABLE audit (at timestamptz, what text);
CREATE FUNCTION note_audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO shop.audit VALUES (now(), TG_OP); RETURN NEW; END';
CREATE TRIGGER audited AFTER UPDATE ON audited FOR EACH ROW EXECUTE FUNCTION note_audit();
CREATE TABLE secured (id int PRIMARY KEY, owner_id int, body text);
ALTER TABLE secured ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON secured USING (owner_id = 7);
CREATE FUNCTION order_count(bigint) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM shop.orders WHERE customer_id = $1';
CREATE VIEW active_customers AS SELECT id, email, name, country FROM customers WHERE is_active;
CREATE VIEW german_customers AS SELECT id, email FROM active_customers WHERE country = 'DE';
CREATE VIEW revenue AS SELECT o.customer_id, sum(i.quantity * i.price) AS revenue FROM orders o JOIN order_items i ON i.order_id = o.id GROUP BY o.customer_id;
CREATE MATERIALIZED VIEW daily AS SELECT ordered_at::date AS day, count(*) AS orders FROM orders GROUP BY 1;
CREATE RULE copied AS ON INSERT TO products DO ALSO INSERT INTO audit VALUES (now(), 'product');
CREATE TABLE "Odd Schema"."Odd Table" ("The Id" int PRIMARY KEY, "select" text);
CREATE TABLE tree (id int PRIMARY KEY, parent int REFERENCES tree, name text);
