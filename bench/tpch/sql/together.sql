-- Each suggestion of ours with all that has to be built for it: itself, and those of its set whose definition stands in its
-- reasoning ("This takes CREATE INDEX ... as well"). It is timed with them, and so judged with what it said.
CREATE TABLE bench.together (
    query_hash bigint NOT NULL,
    definition text NOT NULL,
    definitions text[] NOT NULL,
    wording text NOT NULL
);

DO $$
BEGIN
    IF to_regclass('optimizer.index_suggestions') IS NOT NULL THEN
        INSERT INTO bench.together
        SELECT s.query_hash, own.definition,
               array_agg(needed.definition ORDER BY needed.definition <> own.definition, needed.definition),
               string_agg(needed.wording, '; ' ORDER BY needed.definition <> own.definition, needed.definition)
        FROM optimizer.index_suggestions s
        JOIN bench.advised own ON own.arm = 'ours' AND own.definition = regexp_replace(s.definition, '\s+', ' ', 'g')
        JOIN bench.advised needed ON needed.arm = 'ours'
             AND (needed.definition = own.definition OR strpos(s.reasoning, needed.definition) > 0)
        WHERE s.made_by = 'builtin'
        GROUP BY s.query_hash, own.definition;
    END IF;
END
$$;
