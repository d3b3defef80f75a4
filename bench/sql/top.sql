-- Questions to get_top_recommendations(), each with a name in bench.timing that says what was asked.
CREATE PROCEDURE bench.ask_sources(rounds integer, calls integer)
LANGUAGE plpgsql AS $$
BEGIN
    CALL bench.alternate(rounds, 'SELECT 1',
        ARRAY['any source', 'source: rewrite', 'source: parameter', 'source: workload_pattern', 'source: index',
              'order_by: saving'],
        ARRAY['SELECT * FROM optimizer.get_top_recommendations(20)',
              'SELECT * FROM optimizer.get_top_recommendations(20, only_source => ''rewrite'')',
              'SELECT * FROM optimizer.get_top_recommendations(20, only_source => ''parameter'')',
              'SELECT * FROM optimizer.get_top_recommendations(20, only_source => ''workload_pattern'')',
              'SELECT * FROM optimizer.get_top_recommendations(20, only_source => ''index'')',
              'SELECT * FROM optimizer.get_top_recommendations(20, order_by => ''saving'')'],
        calls);
END
$$;

CREATE PROCEDURE bench.ask_impacts(rounds integer)
LANGUAGE plpgsql AS $$
DECLARE
    asked text[];
    statements text[];
BEGIN
    SELECT array_agg(question ORDER BY question),
           array_agg(format('SELECT * FROM optimizer.get_top_recommendations(20, %s)', question) ORDER BY question)
    INTO asked, statements
    FROM unnest('{0, 10.5, 50, 90, 94.5, 99, 99.5}'::numeric[]) AS impact
    CROSS JOIN unnest('{NULL, rewrite, parameter, workload_pattern, index}'::text[]) AS source
    CROSS JOIN unnest('{roi, saving}'::text[]) AS by
    CROSS JOIN LATERAL concat('min_impact => ', impact, ', only_source => ' || quote_literal(source),
                              CASE WHEN by <> 'roi' THEN ', order_by => ' || quote_literal(by) END) AS question
    WHERE by = 'roi' OR source IS NULL;
    CALL bench.alternate(rounds, 'SELECT 1', asked, statements);
END
$$;
