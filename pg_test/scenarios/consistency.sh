#!/usr/bin/env bash
# pg_test/consistency.sql finds what it is there to find: each falsification below is one that it has to name, and all
# branches of it are falsified.
# Trap: constraints would refuse some of them, and a check that leans on constraints finds nothing where one is missing. So
# they are dropped first.
set -u
# shellcheck source=tools/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/cluster.sh"
MAIN=$SCENARIO_DIR/main
cluster_start "$MAIN" "shared_preload_libraries = 'pg_stat_statements,optimizer_workflow'" \
    "optimizer_workflow.enabled = off" || die "the server does not start"
# Queries 1 and 2 share an index that was built, 3 has its last look, 4 its first, 5 is open, 6 was taken back after a day, 7 has
# failed, 8 was never built, 9 was taken back at once.
psql_q "CREATE EXTENSION pg_stat_statements; CREATE EXTENSION optimizer_workflow; $(cat "$REPO/pg_test/lived.sql")
    SET client_min_messages = warning;
    SELECT optimizer.take_sample();
    SELECT lived(query, 200, 60, 100), lived(query, 59, 0, CASE WHEN query < 4 THEN 20 ELSE 100 END) FROM generate_series(1, 9) AS query;
    DO \$\$ BEGIN FOR n IN 2..9 LOOP EXECUTE format('CREATE TABLE t%s (c int)', n); END LOOP; END \$\$;
    DO \$\$ BEGIN FOR n IN 2..7 LOOP EXECUTE format('CREATE INDEX ON t%s (c)', n); END LOOP; END \$\$;
    INSERT INTO optimizer.index_suggestions (query_hash, relation, definition, estimated_improvement_percent, confidence_score, made_by)
    SELECT query, 't' || GREATEST(query, 2), format('CREATE INDEX ON t%s (c)', GREATEST(query, 2)), 70, 0.5, 'a tool' FROM generate_series(1, 9) AS query;
    SELECT optimizer.aggregate_recommendations();
    SELECT optimizer.record_recommendation_implementation(id, implemented_at => now() - CASE query_hash WHEN 4 THEN 30 WHEN 9 THEN 1 ELSE 60 END * interval '1 hour')
    FROM optimizer.recommendations WHERE query_hash NOT IN (1, 5);
    SELECT optimizer.revert_implementation(id) FROM optimizer.implementations WHERE query_hash IN (6, 9);
    SELECT optimizer.note_failed_look(id, 'broken') FROM optimizer.implementations, generate_series(1, 3) WHERE query_hash = 7;
    SELECT optimizer.measure_pending_implementations()" >/dev/null
claim_sql "there is something of everything" \
    "SELECT array_agg(concat_ws(' ', query_hash, status, verdict) ORDER BY query_hash)
         = '{1 implemented improved,2 implemented improved,3 implemented improved,4 pending,6 reverted not_improved,7 failed inconclusive,
             8 implemented inconclusive,9 reverted}'
     FROM optimizer.implementations"
claim_sql "what was never built is neither an outcome nor an inconclusive one" \
    "SELECT outcomes = 4 AND inconclusive = 1 FROM optimizer.learned_kinds"
claim_consistent
psql_q "DO \$\$ DECLARE c record; BEGIN
    FOR c IN SELECT conrelid::regclass AS t, conname FROM pg_constraint
             WHERE connamespace = 'optimizer'::regnamespace ORDER BY contype = 'p' LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I CASCADE', c.t, c.conname);
    END LOOP;
    FOR c IN SELECT indexrelid::regclass AS i FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
             WHERE relnamespace = 'optimizer'::regnamespace AND indisunique LOOP
        EXECUTE format('DROP INDEX %s', c.i);
    END LOOP;
END \$\$" 2>/dev/null || die "constraints are still there"
claim_consistent

FOUND=$SCENARIO_DIR/found
: >"$FOUND"
# finds CLAIM SQL: the check names the claim once the statement has run; nothing stays.
finds() {
    { printf 'BEGIN;\n%s;\n' "$2"; cat "$REPO/pg_test/consistency.sql"; printf ';\nROLLBACK;\n'; } \
        | "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 >"$SCENARIO_DIR/said" 2>&1
    cat "$SCENARIO_DIR/said" >>"$FOUND"
    claim "found: not that $1" grep -qF "$1|" "$SCENARIO_DIR/said"
}
M=optimizer.implementation_measurements I=optimizer.optimization_implementations R=optimizer.optimization_recommendations
finds "a look is taken at most once" "INSERT INTO $M SELECT * FROM $M LIMIT 1"
finds "an implementation has at most one final look" "INSERT INTO $M SELECT (jsonb_populate_record(m, '{\"look\": \"forced\"}')).* FROM $M m WHERE is_final LIMIT 1"
one="one is implemented exactly when it had its final look, and its verdict is that of the look"
finds "$one" "UPDATE $M SET is_final = false WHERE look = 'last'"
finds "$one" "UPDATE $I SET status = 'implemented', verdict = 'improved' WHERE status = 'pending'"
finds "$one" "UPDATE $I SET status = 'pending', verdict = NULL WHERE query_hash = 3"
finds "$one" "UPDATE $I SET verdict = 'regressed' WHERE query_hash = 3"
finds "$one" "UPDATE $I SET verdict = 'improved' WHERE status = 'reverted'"
finds "$one" "UPDATE $I SET verdict = NULL WHERE query_hash = 6"
newest="what was measured stands in the implementation as in its newest look"
finds "$newest" "UPDATE $I SET post_optimization_stats = pre_optimization_stats WHERE query_hash = 3"
finds "$newest" "UPDATE $I SET adjusted_improvement_percent = 79 WHERE query_hash = 3"
finds "$newest" "UPDATE $M SET improvement_low_percent = improvement_low_percent - 1 WHERE look = 'first'"
finds "$newest" "UPDATE $M SET basis = 'blocks' WHERE look = 'reverted'"
finds "$newest" "UPDATE $I SET verdict_reason = 'faster: much' WHERE query_hash = 3"
finds "$newest" "DELETE FROM $M WHERE look = 'first'"
finds "the last look at a revert belongs to one that was taken back" "UPDATE $M SET look = 'reverted' WHERE look = 'last'"
decides="a first look is final exactly when it decides, any other one always"
finds "$decides" "UPDATE $M SET is_final = true WHERE look = 'first'"
finds "$decides" "UPDATE $M SET verdict = 'regressed' WHERE look = 'first'"
finds "$decides" "UPDATE $M SET is_final = false WHERE look = 'reverted'"
word="a reason begins with the word that goes with its verdict"
finds "$word" "UPDATE $M SET verdict = 'regressed' WHERE verdict = 'improved'"
finds "$word" "UPDATE $M SET verdict_reason = 'because'"
finds "$word" "UPDATE $M SET verdict_reason = NULL"
finds "$word" "UPDATE $M SET basis = 'blocks'"
interval="an effect lies in its interval and was found in whole days"
finds "$interval" "UPDATE $M SET adjusted_improvement_percent = improvement_high_percent + 0.1"
finds "$interval" "UPDATE $M SET improvement_low_percent = adjusted_improvement_percent + 0.1"
finds "$interval" "UPDATE $M SET improvement_low_percent = NULL WHERE look = 'first'"
finds "$interval" "UPDATE $M SET probability_improved = 1.1 WHERE look = 'first'"
finds "$interval" "UPDATE $M SET days_before = 1 WHERE look = 'first'"
finds "$interval" "UPDATE $M SET days_after = 0 WHERE look = 'first'"
finds "$interval" "UPDATE $M SET controls = 4 WHERE look = 'first'"
says="a verdict is what its interval says"
finds "$says" "UPDATE $M SET improvement_low_percent = -1 WHERE verdict = 'improved'"
finds "$says" "UPDATE $M SET adjusted_improvement_percent = 4.7, improvement_low_percent = 4 WHERE verdict = 'improved'"
finds "$says" "UPDATE $M SET verdict_reason = replace(verdict_reason, 'faster', 'slower')"
finds "$says" "UPDATE $M SET verdict_reason = replace(verdict_reason, 'faster', 'fewer_blocks')"
finds "$says" "UPDATE $M SET verdict_reason = replace(verdict_reason, 'faster', 'not_applied')"
finds "every number is finite" "UPDATE $M SET smallest_visible_effect_percent = 'Infinity' WHERE look = 'first'"
finds "every number is finite" "UPDATE $M SET blocks_improvement_percent = 'NaN' WHERE look = 'first'"
finds "every number is finite" "UPDATE $I SET accuracy_score = 'NaN' WHERE query_hash = 3"
finds "every number is finite" "UPDATE $R SET forecast_low_percent = '-Infinity' WHERE query_hash = 5"
finds "every number is finite" "UPDATE optimizer.learned_kinds SET realisation_rate = 'NaN'"
finds "one has failed exactly when three looks in a row did" "UPDATE $I SET failed_looks = 2 WHERE status = 'failed'"
finds "one has failed exactly when three looks in a row did" "UPDATE $I SET failed_looks = 3 WHERE status = 'pending'"
kind="what was learned of a kind is what its outcomes say"
finds "$kind" "UPDATE optimizer.learned_kinds SET outcomes = outcomes + 1"
finds "$kind" "UPDATE optimizer.learned_kinds SET inconclusive = 0"
finds "$kind" "UPDATE optimizer.learned_kinds SET success_weight = success_weight + 0.5"
finds "$kind" "UPDATE optimizer.learned_kinds SET realisation_rate = 1"
finds "$kind" "INSERT INTO optimizer.learned_kinds SELECT (jsonb_populate_record(k, '{\"kind\": \"gin\"}')).* FROM optimizer.learned_kinds k"
finds "$kind" "DELETE FROM optimizer.learned_kinds"
finds "$kind" "UPDATE $I SET verdict_reason = 'not_applied: x' WHERE query_hash = 7"
finds "$kind" "UPDATE $I SET verdict_reason = 'power: x' WHERE query_hash = 8"
finds "what was learned overall counts every improved outcome once" "UPDATE optimizer.learned_overall SET outcomes = 2"
finds "a rank is at most 5 % off its score" "UPDATE $R SET roi_score = 1, roi_rank = 1.06"
finds "a rank is at most 5 % off its score" "UPDATE $R SET expected_saving_ms_per_hour = 1, saving_rank = 0.9"
finds "an open recommendation is scored by what was learned" "UPDATE $R SET confidence_score = stated_confidence WHERE status = 'open'"
finds "a rank is at most 5 % off its score" "UPDATE $R SET roi_score = 1, roi_rank = 1.06"
finds "a rank is at most 5 % off its score" "UPDATE $R SET expected_saving_ms_per_hour = 1, saving_rank = 0.9"
finds "an open recommendation is scored by what was learned" "UPDATE $R SET roi_score = roi_score + 0.1 WHERE status = 'open'"
effect="a recommendation is implemented exactly when one implementation of it is in effect"
finds "$effect" "UPDATE $R SET status = 'open' WHERE query_hash = 3"
finds "$effect" "UPDATE $R SET status = 'implemented' WHERE query_hash = 5"
finds "$effect" "INSERT INTO $I OVERRIDING SYSTEM VALUE SELECT (jsonb_populate_record(i, '{\"id\": 99, \"recorded_with\": 99}')).* FROM $I i WHERE status = 'pending'"
finds "a recommendation is dismissed exactly when a reason is given" "UPDATE $R SET dismissal_reason = 'x' WHERE status = 'open'"
finds "there is one recommendation for a query and suggestion" "UPDATE $R SET query_hash = 5, source_id = (SELECT source_id FROM $R WHERE query_hash = 5) WHERE query_hash = 6"
whole="a change is recorded and taken back whole"
finds "$whole" "UPDATE $I SET status = 'reverted', reverted_at = now() WHERE query_hash = 1"
finds "$whole" "UPDATE $I SET reverted_at = NULL"
finds "$whole" "UPDATE $I SET implementation_timestamp = now() WHERE query_hash = 1"
finds "$whole" "DELETE FROM $I WHERE query_hash = 2"
orphan="nothing hangs on a row that is not there"
finds "$orphan" "DELETE FROM $R WHERE query_hash = 3"
finds "$orphan" "DELETE FROM $I WHERE query_hash = 3"
finds "$orphan" "INSERT INTO optimizer.implementation_queries SELECT id, 9, 'x' FROM $I WHERE query_hash = 3"
finds "a snapshot is whole" "UPDATE $I SET pre_optimization_stats = pre_optimization_stats - 'rows'"
finds "a snapshot is whole" "UPDATE $I SET pre_optimization_stats = pre_optimization_stats || '{\"calls\": -1}'"
finds "a snapshot is whole" "UPDATE $I SET pre_optimization_stats = pre_optimization_stats || '{\"calls\": 0}'"
finds "a snapshot is whole" "UPDATE $I SET pre_optimization_stats = pre_optimization_stats || '{\"window_start\": \"infinity\"}'"
bucket="work is never negative and lies in its bucket"
finds "$bucket" "UPDATE optimizer.query_metrics SET calls = -1"
finds "$bucket" "UPDATE optimizer.query_metrics SET total_exec_time_ms = 'NaN'"
finds "$bucket" "UPDATE optimizer.query_metrics SET counted_until = bucket_start + interval '61 minutes'"
finds "$bucket" "UPDATE optimizer.query_metrics SET counted_until = bucket_start"
finds "a query is counted once in a bucket" "INSERT INTO optimizer.query_metrics SELECT * FROM optimizer.query_metrics LIMIT 1"
finds "work was done while the database was observed" "DELETE FROM optimizer.sampling_coverage WHERE bucket_start > (SELECT min(bucket_start) FROM optimizer.sampling_coverage)"
finds "no second is sampled twice" "UPDATE optimizer.sampling_coverage SET sampled_seconds = 3600.1"
finds "the sampler's baseline is whole" "DELETE FROM optimizer.sampler_state"

# Every claim that the check can make was found at least once.
claims=$(sed -n "s/^SELECT '\(.*\)'\( AS violated\)\?,.*/\1/p" "$REPO/pg_test/consistency.sql" | sed "s/''/'/g; s/', format(.*//; s/', name\$//")
missing=$(while read -r text; do grep -qF "$text|" "$FOUND" || printf '%s; ' "$text"; done <<<"$claims")
claim "each of its $(wc -l <<<"$claims") claims was falsified" test -z "$missing"
if [ -n "$missing" ]; then echo "#   not: $missing"; fi
cluster_stop "$MAIN"
