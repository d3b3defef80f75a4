-- What \df+ says about each function. Times are ms unless the name says otherwise.

COMMENT ON FUNCTION optimizer.roi_score(float8, float8, float8) IS
    'ROI, 0 to 1: confidence x min(improvement_percent / 100, 1) x urgency. Errors: 22023 for a confidence or urgency outside 0 to 1, or a number that is none';
COMMENT ON FUNCTION optimizer.urgency_score(float8, float8) IS
    'Urgency, 0 to 1: min(calls per hour / frequency_reference, 1) x min(mean time in ms / impact_reference, 1). Errors: 22023 for a negative number, or one that is none';
COMMENT ON FUNCTION optimizer.confidence_line(float8, float8) IS
    'What outcomes of these weights make of a stated confidence: {at_zero, slope, least, most} of the line that gives the learned one';
COMMENT ON FUNCTION optimizer.unknown_forecast_half_width() IS
    'Half width of a forecast''s 80 % interval while nothing is known, percentage points';
COMMENT ON FUNCTION optimizer.query_summary(text) IS
    'A query as one line of at most 60 characters: without comments, white space folded';
COMMENT ON FUNCTION optimizer.normalise_sql(text) IS
    'SQL text with layout, letter case and comments evened out; action_key is its digest';
COMMENT ON FUNCTION optimizer.index_action(text) IS
    'A CREATE INDEX without names, CONCURRENTLY, IF NOT EXISTS, ONLY and the schema public, with its access method, or a DROP INDEX: action_key is its digest; null for anything else';
COMMENT ON FUNCTION optimizer.index_behind_columns(text) IS
    'What a CREATE INDEX says behind its columns: what it carries along, options, its condition; null where that is nothing';
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
    'Takes one sample of this database''s statements, now: how many pg_stat_statements has, how many of them ran since the last sample, how many buckets that was written to, and the time it took. Errors: 42501 for a role that may not read all statistics; 55000 when pg_stat_statements is missing or not preloaded, or compute_query_id is off';
COMMENT ON FUNCTION optimizer.ingest_query_metrics(
    bigint, timestamptz, bigint, float8, float8, bigint, bigint, bigint, text) IS
    'Adds the work of one interval that ended at collected_at, from another collector; differences, never totals. An interval without calls (0, 0) says that its bucket was observed. Errors: 22023 for a query_hash of 0, a moment in the future, a negative number, or time without calls';
COMMENT ON FUNCTION optimizer.announce_database() IS
    'Lets the background worker look at this database at once; CREATE EXTENSION calls it';
COMMENT ON FUNCTION optimizer.generate_suggestions(bigint) IS
    'Runs the built-in advisors for at most 2 s, the most expensive queries first; how many suggestions of theirs stand, by source. only_query: that one alone, tried anew. Errors: 22023 for a query_hash of 0';
COMMENT ON FUNCTION optimizer.aggregate_recommendations_for_query(bigint, float8) IS
    'Brings the recommendations of one query in line with its suggestions; returns how many are open, and their sources: 0 and {} for a query without any. min_confidence keeps new ones with less stated confidence out. Errors: 22023 for a query_hash of 0 or a min_confidence outside 0 to 1';
COMMENT ON FUNCTION optimizer.aggregate_recommendations(float8) IS
    'Brings all recommendations in line with the suggestions, in one pass; returns how many are open, and their sources. min_confidence keeps new ones with less stated confidence out. Errors: 22023 for a min_confidence outside 0 to 1';
COMMENT ON FUNCTION optimizer.get_top_recommendations(integer, float8, text, text, bigint) IS
    'Open recommendations, best first: by ROI, or by expected saving (order_by => ''saving''). max_rows is 1 to 100; min_impact is the least estimated improvement, percent; only_source is rewrite, parameter, workload_pattern or index. Errors: 22023 for any other value';
COMMENT ON FUNCTION optimizer.dismiss_recommendation(bigint, text) IS
    'Takes an open recommendation off the list, with a reason; returns its new status. Errors: 22023 for an id that is not positive, P0002 where there is none, 55000 when it is not open';
COMMENT ON FUNCTION optimizer.reopen_recommendation(bigint) IS
    'Puts a dismissed recommendation back on the list; returns its new status. Errors: 22023 for an id that is not positive, P0002 where there is none, 55000 when it is not dismissed';
COMMENT ON FUNCTION optimizer.record_recommendation_implementation(
    bigint, bigint, text, timestamptz, bigint, text) IS
    'Records that a recommendation was applied, with the metrics from before; it is measured later. implemented_at: when, now unless the ledger of events saw it happen. A rewrite gets the hash or the text of the new statement. Other open recommendations with the same action are recorded with it (NOTICE). Errors: 22023 for an id that is not positive, a hash that is not the recommendation''s or a moment in the future; P0002 where there is none; 55000 when it is not open';
COMMENT ON FUNCTION optimizer.set_implementation_query(bigint, bigint) IS
    'Adds a query that took the place of a rewritten one. Errors: 22023 for an id or hash that cannot be, or an implementation of no rewrite; P0002 where there is none; 55000 when it is final';
COMMENT ON FUNCTION optimizer.revert_implementation(bigint, text) IS
    'Records that a change was taken back; returns the new status. One that was pending for a day of 24 buckets is judged a last time. Every implementation of the same change is reverted with it (NOTICE). Errors: 22023 for an id that is not positive, P0002 where there is none, 55000 when it is reverted already';
COMMENT ON FUNCTION optimizer.measure_implementation_results(bigint, boolean) IS
    'Measures one implementation: provisional before measure_after, final at measure_deadline or when forced: then with what there is, for good. Errors: 22023 for an id that is not positive, P0002 where there is none, 55000 when it is final already';
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
    'What the planner makes of a query today, as the role that runs it most; nothing is executed. Where it is not planned: why. Errors: 22023 for a query_hash of 0, P0002 for one that was never seen';
COMMENT ON FUNCTION optimizer.train_performance_model() IS
    'Trains a performance model on what worked, now; forecasts come from it when it predicts better than the kinds'' own rates';
COMMENT ON FUNCTION optimizer.predict_improvement(bigint) IS
    'Improvement to expect of a recommendation that works, percent, with its 80 % interval and what it rests on: model, kind or stated. Errors: 22023 for an id that is not positive, P0002 where there is none';
COMMENT ON FUNCTION optimizer.get_optimization_results(text, bigint, integer) IS
    'Implementations with predicted beside actual and both snapshots, the newest first. only_status is pending, implemented, reverted or failed; max_rows is 1 to 100. Errors: 22023 for any other value';
COMMENT ON FUNCTION optimizer.optimization_summary() IS
    'One row over everything: what is open and what it promises; implementations by status and by verdict; the sum of the plain improvements, the seconds a day that changes in effect save at the calls seen after them, and how accurate predictions were';
COMMENT ON FUNCTION optimizer.check_maintenance(text) IS
    'Refuses what no step of maintenance could do anything about; for run_maintenance()';
COMMENT ON FUNCTION optimizer.run_maintenance_step(text) IS
    'One step of maintenance; for run_maintenance()';
COMMENT ON FUNCTION optimizer.run_maintenance(text) IS
    'Purge, sample, events, advise, aggregate, measure: each step whose interval is over; what the background worker calls. One row for each step: what it did, and the time it took; more: call again; not due; running elsewhere: another session does it. Errors: 22023 for a step that there is not';
COMMENT ON FUNCTION optimizer.self_check(integer) IS
    'Judges changes that nobody made, at random moments of the past of queries that nobody changed: how often the verdict is wrong here, with its 95 % interval. Errors: 22023 for trials outside 1 to 10000';
COMMENT ON FUNCTION optimizer.status() IS
    'What works (ok), what was found (detail), and what to type to mend it (hint)';
