-- What is worth doing: one row per query and suggestion, scored, and where it stands.

CREATE TABLE optimizer.optimization_recommendations (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    query_hash bigint NOT NULL CHECK (query_hash <> 0),
    source_type text NOT NULL
        CHECK (source_type IN ('rewrite', 'parameter', 'workload_pattern', 'index')),
    source_id bigint NOT NULL,
    kind text NOT NULL,
    recommendation_text text NOT NULL,
    detailed_explanation text,
    action_sql text,
    undo_sql text,
    estimated_improvement_percent float8 NOT NULL,
    stated_confidence float8 NOT NULL,
    confidence_score float8 NOT NULL,
    made_by text NOT NULL,
    action_key text,
    forecast_improvement_percent float8 NOT NULL,
    forecast_low_percent float8 NOT NULL,
    forecast_high_percent float8 NOT NULL,
    urgency_score float8 NOT NULL,
    roi_score float8 NOT NULL,
    expected_saving_ms_per_hour float8 NOT NULL,
    implementation_complexity text NOT NULL
        CHECK (implementation_complexity IN ('low', 'medium', 'high')),
    status text NOT NULL DEFAULT 'open'
        CHECK (status IN ('open', 'implemented', 'dismissed', 'expired')),
    is_dismissed boolean NOT NULL
        GENERATED ALWAYS AS (status IN ('implemented', 'dismissed')) STORED,
    dismissal_reason text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    suggestion_updated_at timestamptz NOT NULL,
    roi_rank float8 NOT NULL,
    saving_rank float8 NOT NULL,
    plan_cost_ratio float8,
    UNIQUE (query_hash, source_type, source_id)
) WITH (fillfactor = 50);
-- The ranked list is read source by source and merged: one index per order serves the whole list and
-- the list of one source. The source's first letter tells the four apart and compares faster than
-- its name. The estimated improvement is checked in the index, so that a min_impact does not visit the
-- table for every row it leaves out; where few rows reach it, the third index finds them.
-- Every hour all scores move a little. The indexes hold ranks, which follow a score only when it has
-- moved by more than 5 %, and half of each page is left free: then the new version of a row lies beside
-- the old one and no index is written (HOT).
CREATE INDEX optimization_recommendations_open_roi_idx
    ON optimizer.optimization_recommendations
    ((source_type::"char"), roi_rank DESC, confidence_score DESC, id, estimated_improvement_percent)
    WHERE status = 'open';
CREATE INDEX optimization_recommendations_open_saving_idx
    ON optimizer.optimization_recommendations
    ((source_type::"char"), saving_rank DESC, confidence_score DESC, id,
     estimated_improvement_percent)
    WHERE status = 'open';
CREATE INDEX optimization_recommendations_open_impact_idx
    ON optimizer.optimization_recommendations
    ((source_type::"char"), estimated_improvement_percent)
    WHERE status = 'open';
CREATE INDEX optimization_recommendations_open_action_idx
    ON optimizer.optimization_recommendations (action_key)
    WHERE status = 'open' AND action_key IS NOT NULL;
SELECT pg_catalog.pg_extension_config_dump('optimizer.optimization_recommendations', '');
SELECT pg_catalog.pg_extension_config_dump('optimizer.optimization_recommendations_id_seq', '');

COMMENT ON TABLE optimizer.optimization_recommendations IS
    'Every recommendation with its scores and where it stands; read it as optimizer.recommendations';
COMMENT ON COLUMN optimizer.optimization_recommendations.id IS 'Number of the recommendation';
COMMENT ON COLUMN optimizer.optimization_recommendations.query_hash IS
    'queryid of the query it is about';
COMMENT ON COLUMN optimizer.optimization_recommendations.source_type IS
    'rewrite, parameter, workload_pattern or index';
COMMENT ON COLUMN optimizer.optimization_recommendations.source_id IS
    'id of the suggestion in that source''s table';
COMMENT ON COLUMN optimizer.optimization_recommendations.kind IS
    'suggestion_type, parameter_name, pattern_type, or the access method of the index';
COMMENT ON COLUMN optimizer.optimization_recommendations.recommendation_text IS
    'What to do, in one sentence';
COMMENT ON COLUMN optimizer.optimization_recommendations.detailed_explanation IS 'Why';
COMMENT ON COLUMN optimizer.optimization_recommendations.action_sql IS
    'What to type; never executed by the extension';
COMMENT ON COLUMN optimizer.optimization_recommendations.undo_sql IS 'What takes it back';
COMMENT ON COLUMN optimizer.optimization_recommendations.estimated_improvement_percent IS
    'Reduction of mean time as the source stated it, percent';
COMMENT ON COLUMN optimizer.optimization_recommendations.stated_confidence IS
    'Confidence as the source stated it, 0 to 1';
COMMENT ON COLUMN optimizer.optimization_recommendations.confidence_score IS
    'Confidence after what was learned about this kind of advice, 0 to 1';
COMMENT ON COLUMN optimizer.optimization_recommendations.made_by IS 'Who made the suggestion';
COMMENT ON COLUMN optimizer.optimization_recommendations.action_key IS
    'Digest of the normalised action_sql, of an index without its name and how it is made: recommendations that share it are one action';
COMMENT ON COLUMN optimizer.optimization_recommendations.forecast_improvement_percent IS
    'Expected improvement given that it works, percent, after what was learned';
COMMENT ON COLUMN optimizer.optimization_recommendations.forecast_low_percent IS
    'Low end of the forecast''s 80 % interval, percent';
COMMENT ON COLUMN optimizer.optimization_recommendations.forecast_high_percent IS
    'High end of the forecast''s 80 % interval, percent';
COMMENT ON COLUMN optimizer.optimization_recommendations.urgency_score IS
    'Frequency x impact of the query, 0 to 1';
COMMENT ON COLUMN optimizer.optimization_recommendations.roi_score IS
    'Confidence x forecast improvement x urgency, 0 to 1';
COMMENT ON COLUMN optimizer.optimization_recommendations.expected_saving_ms_per_hour IS
    'Confidence x forecast improvement x calls per hour x mean time, ms per hour';
COMMENT ON COLUMN optimizer.optimization_recommendations.implementation_complexity IS
    'low, medium or high';
COMMENT ON COLUMN optimizer.optimization_recommendations.status IS
    'open, implemented, dismissed or expired (its suggestion is gone)';
COMMENT ON COLUMN optimizer.optimization_recommendations.is_dismissed IS
    'No longer offered: implemented or dismissed';
COMMENT ON COLUMN optimizer.optimization_recommendations.dismissal_reason IS 'Why it was dismissed';
COMMENT ON COLUMN optimizer.optimization_recommendations.created_at IS 'When it was first offered';
COMMENT ON COLUMN optimizer.optimization_recommendations.updated_at IS 'When it last changed';
COMMENT ON COLUMN optimizer.optimization_recommendations.suggestion_updated_at IS
    'updated_at of the suggestion as it was when the recommendation was last written from it';
COMMENT ON COLUMN optimizer.optimization_recommendations.plan_cost_ratio IS
    'Planner''s cost of the query after / before, as its source stated it; null where not known';
COMMENT ON COLUMN optimizer.optimization_recommendations.roi_rank IS
    'roi_score as it was when it last moved by more than 5 %: what its index has in order';
COMMENT ON COLUMN optimizer.optimization_recommendations.saving_rank IS
    'expected_saving_ms_per_hour as it was when it last moved by more than 5 %';

CREATE TABLE optimizer.learned_kinds (
    made_by text NOT NULL,
    source_type text NOT NULL,
    kind text NOT NULL,
    outcomes integer NOT NULL,
    inconclusive integer NOT NULL,
    outcome_weight float8 NOT NULL,
    success_weight float8 NOT NULL,
    harm_weight float8 NOT NULL,
    realisation_rate float8,
    forecast_half_width_percent float8,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (made_by, source_type, kind)
);
SELECT pg_catalog.pg_extension_config_dump('optimizer.learned_kinds', '');

COMMENT ON TABLE optimizer.learned_kinds IS
    'What the outcomes of each kind of advice add up to; recomputed from them at each outcome';
COMMENT ON COLUMN optimizer.learned_kinds.made_by IS 'Who makes this kind of advice';
COMMENT ON COLUMN optimizer.learned_kinds.source_type IS 'Source of the advice';
COMMENT ON COLUMN optimizer.learned_kinds.kind IS 'Kind of advice';
COMMENT ON COLUMN optimizer.learned_kinds.outcomes IS
    'Verdicts improved, not_improved and regressed';
COMMENT ON COLUMN optimizer.learned_kinds.inconclusive IS
    'Verdicts inconclusive: counted, never learned from';
COMMENT ON COLUMN optimizer.learned_kinds.outcome_weight IS
    'Weights of the outcomes added up; a weight halves in 180 days';
COMMENT ON COLUMN optimizer.learned_kinds.success_weight IS 'Weights of those that improved';
COMMENT ON COLUMN optimizer.learned_kinds.harm_weight IS 'Weights of those that regressed';
COMMENT ON COLUMN optimizer.learned_kinds.realisation_rate IS
    'How much of the stated improvement comes true when the advice works; null while unknown';
COMMENT ON COLUMN optimizer.learned_kinds.forecast_half_width_percent IS
    'Half width of the forecast''s 80 % interval from the kind''s own outcomes, percentage points';
COMMENT ON COLUMN optimizer.learned_kinds.updated_at IS 'When the last outcome came in';

CREATE TABLE optimizer.learned_overall (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    outcomes integer NOT NULL,
    forecast_half_width_percent float8 NOT NULL
);
SELECT pg_catalog.pg_extension_config_dump('optimizer.learned_overall', '');

COMMENT ON TABLE optimizer.learned_overall IS
    'What is pooled over all kinds while a kind has too few outcomes of its own; one row';
COMMENT ON COLUMN optimizer.learned_overall.only_row IS 'Keeps the table at one row';
COMMENT ON COLUMN optimizer.learned_overall.outcomes IS 'Improved outcomes of all kinds';
COMMENT ON COLUMN optimizer.learned_overall.forecast_half_width_percent IS
    'Half width of the forecast''s 80 % interval, percentage points';
