//! Claims about advice on settings: what it says can be typed, and what cannot be followed says why.

#[pgrx::pg_schema]
mod tests {
    use crate::pg_test::in_database::ground::*;
    use pgrx::prelude::*;

    fn suggest(hash: i64, name: &str, value: &str, scope: &str) {
        run(&format!(
            "INSERT INTO optimizer.parameter_tuning_suggestions (query_hash, parameter_name, recommended_value, scope,
                 estimated_improvement_percent, confidence_score) VALUES ({hash}, '{name}', '{value}', '{scope}', 20, 0.6);
             SELECT optimizer.aggregate_recommendations_for_query({hash})"
        ));
    }

    /// Text, action and what takes it back, of the query's only recommendation.
    fn advice(hash: i64) -> (String, Option<String>, Option<String>) {
        let row = Spi::get_three::<String, String, String>(&format!(
            "SELECT recommendation_text, action_sql, undo_sql FROM optimizer.recommendations WHERE query_hash = {hash}"
        ))
        .unwrap();
        (row.0.unwrap(), row.1, row.2)
    }

    fn obstacle(hash: i64, name: &str, value: &str, scope: &str) -> String {
        suggest(hash, name, value, scope);
        let (text, action, undo) = advice(hash);
        assert_eq!((action, undo), (None, None), "what cannot be followed has no action: {text}");
        let (_, reason) = text.split_once(": not possible, ").unwrap_or_else(|| panic!("{text}"));
        reason.to_owned()
    }

    #[pg_test]
    fn a_setting_that_needs_a_restart_says_so() {
        suggest(1, "shared_buffers", "8GB", "server");
        let (text, action, undo) = advice(1);
        assert_eq!(text, "Set shared_buffers to 8GB (scope: server), then restart the server");
        assert_eq!(
            action.unwrap(),
            "ALTER SYSTEM SET shared_buffers = '8GB'; -- in effect after a restart of the server"
        );
        assert!(undo.unwrap().contains("restart"));
        suggest(2, "work_mem", "64MB", "server");
        let (text, action, _) = advice(2);
        assert_eq!(text, "Set work_mem to 64MB (scope: server)");
        assert_eq!(action.unwrap(), "ALTER SYSTEM SET work_mem = '64MB'; SELECT pg_reload_conf()");
    }

    #[pg_test]
    fn advice_for_a_role_names_the_role_that_runs_the_query() {
        run("CREATE ROLE \"shop app\"");
        touches(5, "select", "sold");
        run(
            "UPDATE optimizer.query_readings SET user_oid = '\"shop app\"'::regrole WHERE query_hash = 5",
        );
        suggest(5, "work_mem", "64MB", "role");
        let (_, action, undo) = advice(5);
        assert_eq!(action.unwrap(), "ALTER ROLE \"shop app\" SET work_mem = '64MB'");
        assert_eq!(undo.unwrap(), "ALTER ROLE \"shop app\" RESET work_mem");
    }

    #[pg_test]
    fn advice_for_a_role_waits_until_the_role_is_known() {
        assert_eq!(
            obstacle(5, "work_mem", "64MB", "role"),
            "which role runs the query is not known yet"
        );
        run("CREATE ROLE app");
        touches(5, "select", "sold");
        run("UPDATE optimizer.query_readings SET user_oid = 'app'::regrole WHERE query_hash = 5;
             SELECT optimizer.aggregate_recommendations()");
        let (text, action, _) = advice(5);
        assert_eq!(text, "Set work_mem to 64MB (scope: role)");
        assert_eq!(action.unwrap(), "ALTER ROLE app SET work_mem = '64MB'");
        let written = "SELECT xmin::text || ctid::text FROM optimizer.optimization_recommendations";
        let before = one::<String>(written);
        run("SELECT optimizer.aggregate_recommendations()");
        assert_eq!(one::<String>(written), before, "and is written no second time");
    }

    #[pg_test]
    fn what_the_server_does_not_take_is_kept_and_says_why() {
        assert_eq!(obstacle(1, "work_memory", "64MB", "query"), "this server has no such setting");
        assert_eq!(obstacle(2, "work_mem", "plenty", "query"), "the server takes no such value");
        assert_eq!(obstacle(3, "work_mem", "1kB", "server"), "the server takes no such value");
        assert_eq!(obstacle(4, "jit", "perhaps", "database"), "the server takes no such value");
        assert_eq!(
            obstacle(5, "shared_buffers", "8GB", "query"),
            "it is set for the whole server only"
        );
        assert_eq!(
            obstacle(6, "max_wal_size", "8GB", "role"),
            "it is set for the whole server only"
        );
        assert_eq!(obstacle(7, "block_size", "8192", "server"), "it is fixed");
        assert_eq!(
            obstacle(8, "ignore_system_indexes", "on", "query"),
            "it is set when a session begins only"
        );
        assert_eq!(
            obstacle(9, "default_tablespace", "nowhere", "database"),
            "the server takes no such value"
        );
        assert_eq!(
            obstacle(10, "default_text_search_config", "no_language", "query"),
            "the server takes no such value"
        );
        let before = one::<String>("SELECT current_setting('work_mem')");
        assert_eq!(
            before,
            one::<String>("SELECT boot_val || 'kB' FROM pg_settings WHERE name = 'work_mem'")
                .replace("4096kB", "4MB"),
            "nothing was set by asking"
        );
        let written = "SELECT string_agg(xmin::text || ctid::text, ' ' ORDER BY id) FROM optimizer.optimization_recommendations";
        let rows = one::<String>(written);
        run("SELECT optimizer.aggregate_recommendations()");
        assert_eq!(one::<String>(written), rows, "what stays impossible is written once");
    }

    #[pg_test]
    fn what_the_server_takes_is_no_obstacle_however_it_is_spelt() {
        for (hash, (name, value)) in [
            ("Work_Mem", "65536"),
            ("work_mem", "0.5GB"),
            ("jit", "off"),
            ("search_path", "shop, public"),
            ("DateStyle", "ISO, DMY"),
            ("random_page_cost", "1.1"),
            ("default_tablespace", "pg_default"),
            ("default_text_search_config", "english"),
            ("some_extension.setting", "anything"),
        ]
        .iter()
        .enumerate()
        {
            suggest(hash as i64 + 1, name, value, "database");
            let (text, action, _) = advice(hash as i64 + 1);
            assert!(action.is_some(), "{text}");
            // What it says can be typed.
            run(&action.unwrap());
        }
        assert!(
            one::<bool>(
                "SELECT count(*) = 0 FROM pg_settings WHERE name = 'some_extension.setting'"
            ),
            "asking makes no placeholder"
        );
    }

    #[pg_test]
    fn an_index_to_drop_is_titled_as_one_however_it_is_spelt() {
        for (hash, definition) in [
            (1, "DROP INDEX CONCURRENTLY shop.idle_idx"),
            (2, "drop index if exists shop.idle_idx;"),
            (3, "  /* no scan for weeks */ DROP INDEX shop.idle_idx"),
            (4, "-- no scan for weeks\nDROP INDEX shop.idle_idx"),
        ] {
            run(&format!(
                "INSERT INTO optimizer.index_suggestions (query_hash, relation, definition, estimated_improvement_percent,
                     confidence_score) VALUES ({hash}, 'shop.sold', '{definition}', 5, 0.6);
                 SELECT optimizer.aggregate_recommendations_for_query({hash})"
            ));
            assert_eq!(advice(hash).0, "Drop an index on shop.sold: shop.idle_idx", "{definition}");
        }
    }
}
