-- What the statements in orm.sql run against: a shop and a blog, as frameworks lay them out. In a schema that the role finds by
-- its own search_path: TPC-H has an orders of its own.
CREATE SCHEMA shop;
SET search_path = shop;
CREATE TYPE order_state AS ENUM ('open', 'paid', 'sent', 'cancelled');
CREATE TABLE users (
    id bigserial PRIMARY KEY, email varchar(255) NOT NULL UNIQUE, name varchar, admin boolean NOT NULL DEFAULT false,
    settings jsonb NOT NULL DEFAULT '{}', tags text[] NOT NULL DEFAULT '{}', last_login_at timestamptz,
    created_at timestamp(6) NOT NULL DEFAULT now(), updated_at timestamp(6) NOT NULL DEFAULT now(), lock_version int NOT NULL DEFAULT 0
);
CREATE TABLE products (
    id serial PRIMARY KEY, sku char(8) NOT NULL UNIQUE, title text NOT NULL, price numeric(10, 2) NOT NULL, stock int NOT NULL,
    attributes jsonb, search tsvector GENERATED ALWAYS AS (to_tsvector('english', title)) STORED, deleted_at timestamp
);
CREATE TABLE orders (
    id bigserial PRIMARY KEY, user_id bigint NOT NULL REFERENCES users, state order_state NOT NULL DEFAULT 'open',
    total numeric(12, 2) NOT NULL DEFAULT 0, placed_on date NOT NULL DEFAULT current_date, created_at timestamptz NOT NULL DEFAULT now(),
    notes varchar(1000)
);
CREATE TABLE order_lines (
    order_id bigint NOT NULL REFERENCES orders ON DELETE CASCADE, line int NOT NULL, product_id int NOT NULL REFERENCES products,
    quantity int NOT NULL, price numeric(10, 2) NOT NULL, PRIMARY KEY (order_id, line)
);
CREATE TABLE posts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), "authorId" bigint REFERENCES users, title text NOT NULL, body text,
    published boolean NOT NULL DEFAULT false, "createdAt" timestamptz NOT NULL DEFAULT now(), parent_id uuid REFERENCES posts
);
CREATE TABLE sessions (
    session_key varchar(40) PRIMARY KEY, session_data text NOT NULL, expire_date timestamptz NOT NULL
);
CREATE TABLE schema_migrations (version varchar PRIMARY KEY);
CREATE TABLE events (id bigserial, kind text NOT NULL, payload jsonb, happened_at timestamptz NOT NULL) PARTITION BY RANGE (happened_at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE events_rest PARTITION OF events DEFAULT;
CREATE VIEW open_orders AS SELECT o.*, u.email FROM orders o JOIN users u ON u.id = o.user_id WHERE o.state = 'open';
INSERT INTO users (email, name, tags) SELECT format('u%s@example.org', n), format('User %s', n), ARRAY['a', 'b'] FROM generate_series(1, 50) n;
INSERT INTO products (sku, title, price, stock, attributes)
    SELECT lpad(n::text, 8, '0'), format('Product %s', n), n, n, jsonb_build_object('colour', 'red', 'size', n) FROM generate_series(1, 50) n;
INSERT INTO orders (user_id, state, total, placed_on)
    SELECT 1 + n % 50, (ARRAY['open', 'paid', 'sent'])[1 + n % 3]::order_state, n, date '2025-01-01' + n FROM generate_series(1, 200) n;
INSERT INTO order_lines SELECT 1 + n % 200, 1 + n / 200, 1 + n % 50, 1, 9.99 FROM generate_series(0, 599) n;
INSERT INTO posts ("authorId", title, published) SELECT 1 + n % 50, format('Post %s', n), n % 2 = 0 FROM generate_series(1, 100) n;
INSERT INTO events (kind, payload, happened_at) SELECT 'click', '{"page": 1}', '2025-06-01'::timestamptz + n * interval '1 hour' FROM generate_series(1, 200) n;
