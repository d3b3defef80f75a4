//! What was read is planned, kept with its shape or its reason, and counted.

#[pgrx::pg_schema]
mod tests {
    use crate::pg_test::in_database::ground::*;
    use pgrx::prelude::*;

    fn known(query_hash: i64, text: &str) {
        run("CREATE EXTENSION IF NOT EXISTS pg_stat_statements SCHEMA public");
        run(&format!(
            "SELECT optimizer.ingest_query_metrics({query_hash}, now(), 10, 10, query_text => $text${text}$text$)"
        ));
    }

    fn advise() -> String {
        run("DELETE FROM optimizer.maintenance_runs");
        one("SELECT detail FROM optimizer.run_maintenance('advise')")
    }

    fn of(query_hash: i64, columns: &str) -> String {
        one(&format!(
            "SELECT concat_ws(' ', {columns}) FROM optimizer.plans WHERE query_hash = {query_hash}"
        ))
    }

    #[pg_test]
    fn what_was_read_is_planned_once_and_again_when_it_was_read_anew() {
        run("CREATE TABLE public.goods (a int PRIMARY KEY, b int)");
        known(1, "SELECT b FROM public.goods WHERE a = $1");
        let said = advise();
        assert!(said.contains(" planned"), "{said}");
        assert_eq!(of(1, "is_planned, is_parallel, total_cost > 0, estimated_rows"), "t f t 1");
        assert!(of(1, "shape").contains("goods_pkey"), "{}", of(1, "shape"));
        run(
            "UPDATE optimizer.query_plans SET shape_since = '2000-01-01', planned_at = '2000-01-01'",
        );
        advise();
        assert_eq!(of(1, "shape_since = '2000-01-01', planned_at > '2000-01-02'"), "t t");
        assert!(advise().starts_with("0 statements read, 0 planned"));
        // Without its key there is no index to use: another plan.
        run("ALTER TABLE public.goods DROP CONSTRAINT goods_pkey");
        advise();
        assert!(!of(1, "shape").contains("goods_pkey"));
        assert_eq!(of(1, "shape_since > '2000-01-02'"), "t");
    }

    #[pg_test]
    fn what_is_not_planned_has_its_reason_and_status_counts_it() {
        run("CREATE ROLE somebody; CREATE TABLE public.goods (a int);
             CREATE FUNCTION public.theirs(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 1; END';
             ALTER FUNCTION public.theirs(int) OWNER TO somebody");
        known(1, "SELECT a FROM public.goods WHERE a = public.theirs(5)");
        known(2, "SELECT a FROM public.goods");
        advise();
        assert_eq!(of(1, "is_planned, reason"), "f untrusted_function");
        assert_eq!(of(2, "is_planned, reason"), "t");
        let status = one::<String>(
            "SELECT detail FROM optimizer.status() WHERE item = 'statements planned'",
        );
        assert_eq!(status, "1 of 2; not: untrusted_function 1");
    }

    #[pg_test]
    fn a_delivered_text_is_read_and_planned_as_who_delivered_it() {
        run("CREATE EXTENSION pg_stat_statements SCHEMA public;
             CREATE TABLE public.secrets (a int);
             CREATE ROLE deliverer; GRANT USAGE ON SCHEMA optimizer TO deliverer;
             GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA optimizer TO deliverer;
             SET LOCAL ROLE deliverer");
        known(1, "SELECT a FROM public.secrets");
        run("RESET ROLE");
        advise();
        assert_eq!(
            one::<String>(
                "SELECT state || ' ' || reason FROM optimizer.query_readings WHERE query_hash = 1"
            ),
            "skipped not_allowed"
        );
    }
}
