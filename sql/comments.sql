-- What \df+ says about each function. Times are ms unless the name says otherwise.

COMMENT ON FUNCTION optimizer.roi_score(float8, float8, float8) IS
    'ROI, 0 to 1: confidence x min(improvement_percent / 100, 1) x urgency';
COMMENT ON FUNCTION optimizer.urgency_score(float8, float8) IS
    'Urgency, 0 to 1: min(calls per hour / frequency_reference, 1) x min(mean time in ms / impact_reference, 1)';
COMMENT ON FUNCTION optimizer.confidence_line(float8, float8) IS
    'What outcomes of these weights make of a stated confidence: {at_zero, slope, least, most} of the line that gives the learned one';
COMMENT ON FUNCTION optimizer.unknown_forecast_half_width() IS
    'Half width of a forecast''s 80 % interval while nothing is known, percentage points';
COMMENT ON FUNCTION optimizer.query_summary(text) IS
    'A query as one line of at most 60 characters: without comments, white space folded';
COMMENT ON FUNCTION optimizer.normalise_sql(text) IS
    'SQL text with layout, letter case and comments evened out; action_key is its digest';
COMMENT ON FUNCTION optimizer.drop_index_statement(text, text) IS
    'DROP INDEX CONCURRENTLY for what a CREATE INDEX on a relation makes; null when it names no index';
COMMENT ON FUNCTION optimizer.list_literal(text) IS
    'Value of a setting as it stands in SET: quoted, and each element of a list by itself';
COMMENT ON FUNCTION optimizer.query_hash_list(jsonb) IS
    'Query hashes that a workload pattern lists under query_hashes; null when there is no list';
COMMENT ON FUNCTION optimizer.setting_context(text) IS
    'How a setting can be set, as pg_settings has it (postmaster: with a restart); null for one that the server does not know';
COMMENT ON FUNCTION optimizer.setting_obstacle(text, text, text) IS
    'Why a setting cannot be set to a value at a scope (query, role, database, server); null where it can. Nothing is set';
COMMENT ON FUNCTION optimizer.setting_with_unit(text, text) IS
    'A value of pg_settings, in its unit, as SHOW writes it';
COMMENT ON FUNCTION optimizer.is_same_setting_value(text, text, text) IS
    'Whether two spellings are one value of a setting: 64MB is 65536kB; unit is that of pg_settings';
COMMENT ON FUNCTION optimizer.bucket_width_seconds() IS
    'optimizer_workflow.bucket_width, seconds; works before the setting is loaded, too';
COMMENT ON FUNCTION optimizer.index_fingerprint(text) IS
    'Digest of a CREATE INDEX without the names of index and table, the same for pg_get_indexdef and for a person''s spelling; null for anything else';
COMMENT ON FUNCTION optimizer.statement_fingerprint(text) IS
    'Digest of a statement in which all constants and parameters are equal; null for what does not parse';
COMMENT ON FUNCTION optimizer.counters_since_reset(text) IS
    'Cumulative counters of the last sample and the hours since their reset, when the basis is since_reset; nothing on a standby';
COMMENT ON FUNCTION optimizer.last_sample_at() IS
    'When the last sample was taken; null on a standby';
COMMENT ON FUNCTION optimizer.take_sample() IS
    'Takes one sample of this database''s statements, now';
COMMENT ON FUNCTION optimizer.ingest_query_metrics(
    bigint, timestamptz, bigint, float8, float8, bigint, bigint, bigint, text) IS
    'Adds the work of one interval that ended at collected_at, from another collector; differences, never totals. An interval without calls (0, 0) says that its bucket was observed';
COMMENT ON FUNCTION optimizer.announce_database() IS
    'Lets the background worker look at this database at once; CREATE EXTENSION calls it';
COMMENT ON FUNCTION optimizer.generate_suggestions(bigint) IS
    'Runs the built-in advisors for at most 2 s, the most expensive queries first; how many suggestions of theirs stand, by source';
COMMENT ON FUNCTION optimizer.aggregate_recommendations_for_query(bigint, float8) IS
    'Brings the recommendations of one query in line with its suggestions; returns how many are open, and their sources';
COMMENT ON FUNCTION optimizer.aggregate_recommendations(float8) IS
    'Brings all recommendations in line with the suggestions; returns how many are open, and their sources';
COMMENT ON FUNCTION optimizer.get_top_recommendations(integer, float8, text, text, bigint) IS
    'Open recommendations, best first: by ROI, or by expected saving (order_by => ''saving'')';
COMMENT ON FUNCTION optimizer.dismiss_recommendation(bigint, text) IS
    'Takes an open recommendation off the list, with a reason; returns its new status';
COMMENT ON FUNCTION optimizer.reopen_recommendation(bigint) IS
    'Puts a dismissed recommendation back on the list; returns its new status';
COMMENT ON FUNCTION optimizer.record_recommendation_implementation(
    bigint, bigint, text, timestamptz, bigint, text) IS
    'Records that a recommendation was applied, with the metrics from before; it is measured later';
COMMENT ON FUNCTION optimizer.set_implementation_query(bigint, bigint) IS
    'Adds a query that took the place of a rewritten one';
COMMENT ON FUNCTION optimizer.revert_implementation(bigint, text) IS
    'Records that a change was taken back; returns the new status';
COMMENT ON FUNCTION optimizer.measure_implementation_results(bigint, boolean) IS
    'Measures one implementation: provisional before measure_after, final at measure_deadline or when forced';
COMMENT ON FUNCTION optimizer.measure_pending_implementations() IS
    'Takes every look that is due; one row for each';
COMMENT ON FUNCTION optimizer.take_look(bigint) IS
    'One look without learning from it; for take_look_or_note_error()';
COMMENT ON FUNCTION optimizer.take_look_at_revert(bigint) IS
    'The last look at a change that is being taken back; whether there was one; for take_look_at_revert_or_note_error()';
COMMENT ON FUNCTION optimizer.take_look_at_revert_or_note_error(bigint) IS
    'The same in a subtransaction: an error is noted, and the change is taken back all the same';
COMMENT ON FUNCTION optimizer.note_failed_look(bigint, text) IS
    'Notes that a look raised an error; for take_look_or_note_error()';
COMMENT ON FUNCTION optimizer.take_look_or_note_error(bigint) IS
    'One look in a subtransaction of its own; for measure_pending_implementations()';
COMMENT ON FUNCTION optimizer.plan_query(bigint) IS
    'What the planner makes of a query today, as the role that runs it most; nothing is executed. Where it is not planned: why';
COMMENT ON FUNCTION optimizer.train_performance_model() IS
    'Trains a performance model on what worked, now; forecasts come from it when it predicts better than the kinds'' own rates';
COMMENT ON FUNCTION optimizer.predict_improvement(bigint) IS
    'Improvement to expect of a recommendation that works, percent, with its 80 % interval and what it rests on: model, kind or stated';
COMMENT ON FUNCTION optimizer.get_optimization_results(text, bigint, integer) IS
    'Implementations with predicted beside actual and both snapshots, the newest first';
COMMENT ON FUNCTION optimizer.optimization_summary() IS
    'One row over everything: what is open, what was done, what it brought';
COMMENT ON FUNCTION optimizer.check_maintenance(text) IS
    'Refuses what no step of maintenance could do anything about; for run_maintenance()';
COMMENT ON FUNCTION optimizer.run_maintenance_step(text) IS
    'One step of maintenance; for run_maintenance()';
COMMENT ON FUNCTION optimizer.run_maintenance(text) IS
    'Purge, sample, events, advise, aggregate, measure: each step whose interval is over; what the background worker calls';
COMMENT ON FUNCTION optimizer.self_check(integer) IS
    'Judges changes that nobody made, at random moments of the past of queries that nobody changed: how often the verdict is wrong here, with its 95 % interval';
COMMENT ON FUNCTION optimizer.status() IS
    'What works, what is missing, and what to type to mend it';
