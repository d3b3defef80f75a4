//! Claims about what is in the catalog: every object explains itself, and nothing is open to all.

#[pgrx::pg_schema]
mod tests {
    use crate::pg_test::in_database::ground::*;
    use pgrx::prelude::*;

    fn nothing(found: &str) {
        let found = Spi::get_one::<String>(found).unwrap();
        assert_eq!(found, None);
    }

    #[pg_test]
    fn every_table_view_column_and_function_has_a_comment() {
        nothing(
            "SELECT string_agg(c.relname || coalesce('.' || a.attname, ''), ', ')
             FROM pg_class c
             LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
             WHERE c.relnamespace = 'optimizer'::regnamespace AND c.relkind IN ('r', 'v')
               AND (obj_description(c.oid, 'pg_class') IS NULL
                    OR col_description(c.oid, a.attnum) IS NULL)",
        );
        nothing(
            "SELECT string_agg(p.proname, ', ') FROM pg_proc p
             WHERE p.pronamespace = 'optimizer'::regnamespace
               AND obj_description(p.oid, 'pg_proc') IS NULL",
        );
        nothing(
            "SELECT string_agg(name, ', ') FROM pg_settings
             WHERE name LIKE 'optimizer_workflow.%' AND coalesce(short_desc, '') = ''",
        );
    }

    #[pg_test]
    fn every_function_has_a_fixed_search_path() {
        nothing(
            "SELECT string_agg(p.proname, ', ') FROM pg_proc p
             WHERE p.pronamespace = 'optimizer'::regnamespace
               AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (p.proconfig), false)",
        );
    }

    #[pg_test]
    fn public_may_nothing() {
        nothing(
            "SELECT string_agg(p.proname, ', ') FROM pg_proc p
             WHERE p.pronamespace = 'optimizer'::regnamespace
               AND has_function_privilege('public', p.oid, 'EXECUTE')",
        );
        nothing(
            "SELECT string_agg(c.relname, ', ') FROM pg_class c
             WHERE c.relnamespace = 'optimizer'::regnamespace AND c.relkind IN ('r', 'v')
               AND has_table_privilege('public', c.oid, 'SELECT, INSERT, UPDATE, DELETE')",
        );
        assert!(!one::<bool>("SELECT has_schema_privilege('public', 'optimizer', 'USAGE')"));
    }

    #[pg_test]
    fn tables_with_text_are_granted_to_nobody() {
        nothing(
            "SELECT string_agg(c.relname, ', ') FROM pg_class c, aclexplode(c.relacl) a
             WHERE c.relnamespace = 'optimizer'::regnamespace AND a.grantee <> c.relowner
               AND c.relname IN ('query_texts', 'query_rewrite_suggestions',
                   'parameter_tuning_suggestions', 'workload_patterns', 'index_suggestions',
                   'optimization_recommendations', 'optimization_implementations', 'query_readings', 'index_trials',
                   'system_events', 'seen_settings', 'seen_indexes')",
        );
    }

    #[pg_test]
    fn text_is_shown_to_members_of_pg_read_all_stats_only() {
        run(
            "SELECT optimizer.ingest_query_metrics(1, now(), 10, 10, query_text => 'SELECT secret')",
        );
        recommend_index(1, 50.0, 0.5);
        run("CREATE ROLE reader; GRANT USAGE ON SCHEMA optimizer TO reader;
             GRANT SELECT ON optimizer.query_stats, optimizer.recommendations TO reader;
             GRANT EXECUTE ON FUNCTION optimizer.bucket_width_seconds(),
                 optimizer.counters_since_reset(text) TO reader;
             SET LOCAL ROLE reader");
        let hidden = "<insufficient privilege>";
        assert_eq!(one::<String>("SELECT query FROM optimizer.query_stats"), hidden);
        assert_eq!(one::<String>("SELECT action_sql FROM optimizer.recommendations"), hidden);
        run("RESET ROLE");
        let id = one::<i64>("SELECT id FROM optimizer.recommendations");
        let implementation = record(id, 0.0);
        run(&format!("SELECT optimizer.revert_implementation({implementation}, 'secret')"));
        run("GRANT SELECT ON optimizer.implementations TO reader; SET LOCAL ROLE reader");
        let row = "SELECT concat_ws(' ', notes, error_message, implementation_notes,
                                    recommendation_text) FROM optimizer.implementations";
        assert!(!one::<String>(row).contains("secret"));
        run("RESET ROLE; GRANT pg_read_all_stats TO reader; SET LOCAL ROLE reader");
        assert!(one::<String>(row).contains("secret"));
        assert_eq!(one::<String>("SELECT query FROM optimizer.query_stats"), "SELECT secret");
    }

    #[pg_test]
    fn a_role_that_may_not_read_all_statistics_takes_no_sample() {
        run("CREATE EXTENSION pg_stat_statements; CREATE ROLE sampler;
             GRANT USAGE ON SCHEMA optimizer TO sampler;
             GRANT EXECUTE ON FUNCTION optimizer.take_sample() TO sampler");
        let refused = {
            run("SET LOCAL ROLE sampler");
            let refused = raised("SELECT optimizer.take_sample()");
            run("RESET ROLE");
            refused
        };
        assert_eq!(refused.0, "42501", "{}", refused.1);
        assert!(refused.2.contains("GRANT pg_read_all_stats TO sampler"), "{}", refused.2);
    }

    #[pg_test]
    fn every_table_and_sequence_is_dumped_but_for_what_belongs_to_one_server() {
        nothing(
            "SELECT string_agg(c.relname, ', ') FROM pg_class c
             WHERE c.relnamespace = 'optimizer'::regnamespace AND c.relkind IN ('r', 'S')
               AND (c.oid = ANY ((SELECT extconfig FROM pg_extension
                                  WHERE extname = 'optimizer_workflow')::oid[]))
                   = (c.relname IN ('sampler_counters', 'sampler_state', 'looks_implemented', 'restoring_session',
                          'query_readings', 'query_relations', 'query_plans', 'index_trials',
                          'system_events_id_seq', 'index_events_noted', 'table_events_noted')
                      OR c.relname LIKE 'seen\\_%')",
        );
    }
}
