-- What a person did, what was measured before and after, and every look that was taken at it.

CREATE TABLE optimizer.optimization_implementations (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    recommendation_id bigint NOT NULL REFERENCES optimizer.optimization_recommendations (id),
    query_hash bigint NOT NULL CHECK (query_hash <> 0),
    new_query_hash bigint CHECK (new_query_hash <> 0),
    implementation_timestamp timestamptz NOT NULL,
    implementation_notes text,
    implemented_by text NOT NULL,
    pre_optimization_stats jsonb NOT NULL,
    post_optimization_stats jsonb,
    predicted_improvement_percent float8 NOT NULL,
    confidence_at_record float8 NOT NULL,
    forecast_at_record_percent float8 NOT NULL,
    actual_improvement_percent float8,
    actual_improvement_seconds float8,
    accuracy_score float8,
    adjusted_improvement_percent float8,
    improvement_low_percent float8,
    improvement_high_percent float8,
    basis text CHECK (basis IN ('time', 'blocks')),
    controls integer,
    verdict text CHECK (verdict IN ('improved', 'not_improved', 'regressed', 'inconclusive')),
    verdict_reason text,
    side_effect jsonb,
    notes text[] NOT NULL DEFAULT '{}',
    status text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'implemented', 'reverted', 'failed')),
    measured_at timestamptz,
    error_message text,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    recorded_with bigint NOT NULL,
    reverted_at timestamptz,
    failed_looks integer NOT NULL DEFAULT 0,
    new_query_text text,
    change_bucket_start timestamptz NOT NULL,
    work_before_change jsonb,
    made_by text NOT NULL,
    kind text NOT NULL,
    stated_confidence float8 NOT NULL,
    ground jsonb,
    plan_cost_ratio float8,
    forecast_low_at_record_percent float8,
    forecast_high_at_record_percent float8,
    CHECK (status <> 'implemented' OR verdict IS NOT NULL)
);
CREATE UNIQUE INDEX optimization_implementations_one_pending_idx
    ON optimizer.optimization_implementations (recommendation_id) WHERE status = 'pending';
CREATE INDEX optimization_implementations_pending_idx
    ON optimizer.optimization_implementations (implementation_timestamp) WHERE status = 'pending';
CREATE INDEX optimization_implementations_recommendation_idx
    ON optimizer.optimization_implementations (recommendation_id);
CREATE INDEX optimization_implementations_recorded_with_idx
    ON optimizer.optimization_implementations (recorded_with);
SELECT pg_catalog.pg_extension_config_dump('optimizer.optimization_implementations', '');
SELECT pg_catalog.pg_extension_config_dump('optimizer.optimization_implementations_id_seq', '');

COMMENT ON TABLE optimizer.optimization_implementations IS
    'Recommendations that a person applied, with what was measured; read it as optimizer.implementations';
COMMENT ON COLUMN optimizer.optimization_implementations.id IS 'Number of the implementation';
COMMENT ON COLUMN optimizer.optimization_implementations.recommendation_id IS 'What was applied';
COMMENT ON COLUMN optimizer.optimization_implementations.query_hash IS 'queryid before the change';
COMMENT ON COLUMN optimizer.optimization_implementations.new_query_hash IS
    'queryid after a rewrite, as given at recording';
COMMENT ON COLUMN optimizer.optimization_implementations.implementation_timestamp IS
    'When the change was made';
COMMENT ON COLUMN optimizer.optimization_implementations.implementation_notes IS
    'What the person noted';
COMMENT ON COLUMN optimizer.optimization_implementations.implemented_by IS
    'Role that recorded it';
COMMENT ON COLUMN optimizer.optimization_implementations.pre_optimization_stats IS
    'Snapshot of up to 7 days of 24 buckets before the change; times in ms';
COMMENT ON COLUMN optimizer.optimization_implementations.post_optimization_stats IS
    'Snapshot from the change to the last look; times in ms';
COMMENT ON COLUMN optimizer.optimization_implementations.predicted_improvement_percent IS
    'Improvement that the source stated, percent';
COMMENT ON COLUMN optimizer.optimization_implementations.confidence_at_record IS
    'Confidence that was shown when it was recorded, 0 to 1';
COMMENT ON COLUMN optimizer.optimization_implementations.forecast_at_record_percent IS
    'Forecast that was shown when it was recorded, percent';
COMMENT ON COLUMN optimizer.optimization_implementations.actual_improvement_percent IS
    '(pre - post) / pre x 100 of the two mean times; negative when it got slower';
COMMENT ON COLUMN optimizer.optimization_implementations.actual_improvement_seconds IS
    'Time saved in the calls after the change, seconds; negative when it got slower';
COMMENT ON COLUMN optimizer.optimization_implementations.accuracy_score IS
    '1 - |actual - predicted| / predicted, floored at 0; null where nothing was predicted or concluded';
COMMENT ON COLUMN optimizer.optimization_implementations.adjusted_improvement_percent IS
    'Improvement after taking out what moved everything else, percent; null where not computed';
COMMENT ON COLUMN optimizer.optimization_implementations.improvement_low_percent IS
    'Low end of its 95 % interval, percent; null where not computed';
COMMENT ON COLUMN optimizer.optimization_implementations.improvement_high_percent IS
    'High end of its 95 % interval, percent; null where not computed';
COMMENT ON COLUMN optimizer.optimization_implementations.basis IS
    'What the verdict rests on: time or blocks';
COMMENT ON COLUMN optimizer.optimization_implementations.controls IS
    'Queries it was compared with; null where none are used';
COMMENT ON COLUMN optimizer.optimization_implementations.verdict IS
    'improved, not_improved, regressed or inconclusive; null until a final look or a revert';
COMMENT ON COLUMN optimizer.optimization_implementations.verdict_reason IS 'What it rests on';
COMMENT ON COLUMN optimizer.optimization_implementations.side_effect IS
    'Worst regression among other queries on the same relations; null where none was looked for';
COMMENT ON COLUMN optimizer.optimization_implementations.notes IS 'What else there is to say';
COMMENT ON COLUMN optimizer.optimization_implementations.status IS
    'pending, implemented (measured to the end), reverted or failed (three looks raised an error)';
COMMENT ON COLUMN optimizer.optimization_implementations.measured_at IS 'When the last look was taken';
COMMENT ON COLUMN optimizer.optimization_implementations.error_message IS
    'What the last failed look said';
COMMENT ON COLUMN optimizer.optimization_implementations.recorded_at IS 'When it was recorded';
COMMENT ON COLUMN optimizer.optimization_implementations.recorded_with IS
    'Implementation that was asked for; the same for all rows of one action';
COMMENT ON COLUMN optimizer.optimization_implementations.reverted_at IS
    'When the change was taken back: the measurement''s window ends there';
COMMENT ON COLUMN optimizer.optimization_implementations.failed_looks IS
    'Looks that raised an error, in a row';
COMMENT ON COLUMN optimizer.optimization_implementations.new_query_text IS
    'Text of a rewrite as given at recording; parsed, never planned or run';
COMMENT ON COLUMN optimizer.optimization_implementations.change_bucket_start IS
    'Start of the bucket that holds the change';
COMMENT ON COLUMN optimizer.optimization_implementations.work_before_change IS
    'What that bucket held before the change; null where it cannot be told apart, and then the bucket counts on neither side';
COMMENT ON COLUMN optimizer.optimization_implementations.made_by IS
    'Who had made the suggestion when it was recorded: the outcome is theirs, whatever becomes of the suggestion';
COMMENT ON COLUMN optimizer.optimization_implementations.kind IS
    'Kind of advice when it was recorded';
COMMENT ON COLUMN optimizer.optimization_implementations.stated_confidence IS
    'Confidence that the source stated when it was recorded, 0 to 1';
COMMENT ON COLUMN optimizer.optimization_implementations.plan_cost_ratio IS
    'Planner''s cost of the query after / before, as the source stated it when it was recorded; null where not known';
COMMENT ON COLUMN optimizer.optimization_implementations.forecast_low_at_record_percent IS
    'Low end of the forecast''s 80 % interval when it was recorded, percent';
COMMENT ON COLUMN optimizer.optimization_implementations.forecast_high_at_record_percent IS
    'High end of the forecast''s 80 % interval when it was recorded, percent';
COMMENT ON COLUMN optimizer.optimization_implementations.ground IS
    'What must be there for it to count as made: an index by its fingerprint, one that is gone, a setting; null where nothing can be checked';

CREATE TABLE optimizer.implementation_queries (
    implementation_id bigint NOT NULL
        REFERENCES optimizer.optimization_implementations (id) ON DELETE CASCADE,
    query_hash bigint NOT NULL CHECK (query_hash <> 0),
    linked_by text NOT NULL,
    linked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (implementation_id, query_hash)
);
SELECT pg_catalog.pg_extension_config_dump('optimizer.implementation_queries', '');

COMMENT ON TABLE optimizer.implementation_queries IS
    'Statements that took the place of a rewritten query';
COMMENT ON COLUMN optimizer.implementation_queries.implementation_id IS 'The rewrite';
COMMENT ON COLUMN optimizer.implementation_queries.query_hash IS 'queryid of the new statement';
COMMENT ON COLUMN optimizer.implementation_queries.linked_by IS 'Role that linked it';
COMMENT ON COLUMN optimizer.implementation_queries.linked_at IS 'When it was linked';

CREATE TABLE optimizer.implementation_measurements (
    implementation_id bigint NOT NULL
        REFERENCES optimizer.optimization_implementations (id) ON DELETE CASCADE,
    look text NOT NULL CHECK (look IN ('first', 'last', 'forced', 'reverted')),
    measured_at timestamptz NOT NULL DEFAULT now(),
    is_final boolean NOT NULL,
    verdict text NOT NULL
        CHECK (verdict IN ('improved', 'not_improved', 'regressed', 'inconclusive')),
    verdict_reason text,
    actual_improvement_percent float8,
    post_optimization_stats jsonb NOT NULL,
    adjusted_improvement_percent float8,
    improvement_low_percent float8,
    improvement_high_percent float8,
    basis text NOT NULL CHECK (basis IN ('time', 'blocks')),
    controls integer,
    is_per_row boolean NOT NULL,
    days_before integer,
    days_after integer,
    probability_improved float8,
    smallest_visible_effect_percent float8,
    more_calls_needed bigint,
    blocks_improvement_percent float8,
    side_effect jsonb,
    notes text[] NOT NULL,
    PRIMARY KEY (implementation_id, look)
);
CREATE UNIQUE INDEX implementation_measurements_one_final_idx
    ON optimizer.implementation_measurements (implementation_id) WHERE is_final;
SELECT pg_catalog.pg_extension_config_dump('optimizer.implementation_measurements', '');

COMMENT ON TABLE optimizer.implementation_measurements IS
    'Every look at every implementation; each look is taken at most once';
COMMENT ON COLUMN optimizer.implementation_measurements.implementation_id IS 'What was looked at';
COMMENT ON COLUMN optimizer.implementation_measurements.look IS
    'first (measure_after), last (measure_deadline), forced (a person asked) or reverted (it was taken back)';
COMMENT ON COLUMN optimizer.implementation_measurements.measured_at IS 'When';
COMMENT ON COLUMN optimizer.implementation_measurements.is_final IS 'It ended the measurement';
COMMENT ON COLUMN optimizer.implementation_measurements.verdict IS 'What it said';
COMMENT ON COLUMN optimizer.implementation_measurements.verdict_reason IS 'What that rests on';
COMMENT ON COLUMN optimizer.implementation_measurements.actual_improvement_percent IS
    '(pre - post) / pre x 100 of the two mean times';
COMMENT ON COLUMN optimizer.implementation_measurements.post_optimization_stats IS
    'Snapshot from the change to this look; times in ms';
COMMENT ON COLUMN optimizer.implementation_measurements.adjusted_improvement_percent IS
    'Improvement after taking out hours of the day, trend and what moved other queries too, percent';
COMMENT ON COLUMN optimizer.implementation_measurements.improvement_low_percent IS
    'Low end of its 95 % interval, percent';
COMMENT ON COLUMN optimizer.implementation_measurements.improvement_high_percent IS
    'High end of its 95 % interval, percent';
COMMENT ON COLUMN optimizer.implementation_measurements.basis IS
    'What the verdict rests on: time or blocks';
COMMENT ON COLUMN optimizer.implementation_measurements.controls IS
    'Queries it was compared with; null where none are used';
COMMENT ON COLUMN optimizer.implementation_measurements.is_per_row IS
    'A rewrite that returns another number of rows: time per row was compared, not per call';
COMMENT ON COLUMN optimizer.implementation_measurements.days_before IS
    'Days (blocks of 24 buckets) before the change that it was compared with';
COMMENT ON COLUMN optimizer.implementation_measurements.days_after IS
    'Days (blocks of 24 buckets) after the change';
COMMENT ON COLUMN optimizer.implementation_measurements.probability_improved IS
    'Probability that it takes at least 5 % less time, 0 to 1';
COMMENT ON COLUMN optimizer.implementation_measurements.smallest_visible_effect_percent IS
    'Smallest improvement that would have been seen in four of five cases, percent';
COMMENT ON COLUMN optimizer.implementation_measurements.more_calls_needed IS
    'About how many more calls would settle it; null where it is settled, or calls would not';
COMMENT ON COLUMN optimizer.implementation_measurements.blocks_improvement_percent IS
    'How many fewer shared blocks a call touches, percent';
COMMENT ON COLUMN optimizer.implementation_measurements.side_effect IS
    'Worst proven regression among other queries on the same relations, percent with its 95 % interval';
COMMENT ON COLUMN optimizer.implementation_measurements.notes IS 'What else there is to say';
