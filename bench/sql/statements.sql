-- Statements that differ in shape, for pg_stat_statements to know: number k asks for other columns than number k + 1, so
-- each has a query hash and a text (270 bytes) of its own. 160,000 of them differ. Each run asks for another customer, so
-- rows, blocks and times differ from run to run, as they do in life.
CREATE TABLE bench.orders (
    id bigint, customer_id bigint, ordered_at timestamptz, status text, total_cents integer, currency text,
    shipping_address text, billing_address text, carrier text, tracking_number text, discount_cents integer,
    tax_cents integer, voucher_code text, sales_channel text, warehouse_id integer, picked_at timestamptz,
    packed_at timestamptz, shipped_at timestamptz, delivered_at timestamptz, returned_at timestamptz
);
INSERT INTO bench.orders
SELECT i, 1 + i % 7 + i % 5, now() - i * interval '1 hour', (ARRAY['placed', 'packed', 'shipped', 'returned'])[1 + i % 4], 700 * i, 'EUR',
       'Street ' || i, NULL, 'post', md5(i::text), 0, i, NULL, 'web', i % 20, now(), now(), now(), now(), NULL
FROM generate_series(1, 150) AS i;
VACUUM ANALYZE bench.orders;

CREATE FUNCTION bench.statement(k integer) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    c text[] := '{id, customer_id, ordered_at, status, total_cents, currency, shipping_address, billing_address,
                  carrier, tracking_number, discount_cents, tax_cents, voucher_code, sales_channel, warehouse_id,
                  picked_at, packed_at, shipped_at, delivered_at, returned_at}';
BEGIN
    RETURN format('SELECT o.%s, o.%s, o.%s, o.%s FROM bench.orders AS o '
                  'WHERE o.customer_id >= %s AND o.status IN (''placed'', ''packed'', ''shipped'') '
                  'AND o.ordered_at >= timestamptz ''2020-05-06 07:08:09+00'' AND o.total_cents BETWEEN 1000 AND 50000 '
                  'AND o.warehouse_id <> 13 ORDER BY o.ordered_at DESC, o.id LIMIT 50',
                  c[1 + k % 20], c[1 + k / 20 % 20], c[1 + k / 400 % 20], c[1 + k / 8000 % 20],
                  (random() * 12)::integer);
END
$$;

-- Runs statements first .. last once. They count as not top-level: another key in pg_stat_statements, not another cost.
CREATE FUNCTION bench.run_statements(first integer, last integer) RETURNS void
LANGUAGE plpgsql SET pg_stat_statements.track = 'all' AS $$
BEGIN
    FOR k IN first .. last LOOP
        EXECUTE bench.statement(k);
    END LOOP;
END
$$;

-- pg_stat_statements knows statements 1 .. n and nothing else; the sampler has its baseline and all texts.
CREATE FUNCTION bench.know_statements(n integer) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_stat_statements_reset();
    PERFORM bench.run_statements(1, n);
    PERFORM optimizer.take_sample();
    UPDATE optimizer.sampler_state SET texts_read_at = NULL;
    PERFORM optimizer.take_sample();
    IF (SELECT count(*) FROM optimizer.query_texts WHERE NOT is_own) < n THEN
        RAISE 'expected % texts', n;
    END IF;
END
$$;

-- Between two samples of n statements: a tenth runs, 1 % of n for the first time ever. What was new in the round before
-- is forgotten first, so that pg_stat_statements knows n in every round; bench.lasting holds the rest, 99 %.
-- The sampler reads texts only so often that they cost it 0.5 % of a core: with texts_read_at null it reads them within
-- the sample that is timed.
CREATE UNLOGGED TABLE bench.lasting (queryid bigint PRIMARY KEY);

CREATE FUNCTION bench.run_a_tenth_and_new_ones(n integer, round integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    new integer := n / 100;
    first_new integer := 100000 + (round + 1) * new;
BEGIN
    PERFORM pg_stat_statements_reset(s.userid, s.dbid, s.queryid)
    FROM pg_stat_statements(false) s
    WHERE NOT EXISTS (SELECT FROM bench.lasting l WHERE l.queryid = s.queryid);
    PERFORM optimizer.take_sample();
    UPDATE optimizer.sampler_state SET texts_read_at = NULL;
    PERFORM bench.run_statements(1, n / 10 - new);
    PERFORM bench.run_statements(first_new, first_new + new - 1);
END
$$;
