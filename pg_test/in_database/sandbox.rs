//! What happens in the sandbox stays there.
#![expect(unsafe_code, reason = "the parser is called as the reader calls it, inside the sandbox")]

#[pgrx::pg_schema]
mod tests {
    use crate::reader::analysis::{analyse, raw_statements};
    use crate::sandbox::{Limits, Refusal, run_as};
    use pgrx::PgSqlErrorCode;
    use pgrx::prelude::*;
    use std::ffi::{CStr, CString};
    use std::time::Duration;

    const LIMITS: Limits =
        Limits { lock_timeout: Duration::from_millis(100), time: Duration::from_millis(300) };

    fn role(name: &str) -> pg_sys::Oid {
        Spi::get_one_with_args("SELECT oid FROM pg_roles WHERE rolname = $1", &[name.into()])
            .unwrap()
            .unwrap()
    }

    fn show(query: &str) -> String {
        Spi::get_one(query).unwrap().unwrap()
    }

    fn inside<T>(work: impl FnOnce() -> T) -> Result<T, Refusal> {
        Spi::run("CREATE ROLE reader_of_the_sandbox").unwrap();
        run_as(role("reader_of_the_sandbox"), c"pg_catalog, nowhere", &LIMITS, work)
    }

    /// Types of the parameters of a text, as analysis finds them.
    fn types(text: &CStr) -> Vec<pg_sys::Oid> {
        // SAFETY: called inside the sandbox only; the tree is one of this text.
        unsafe { analyse(text, raw_statements(text)[0], &[]).parameter_types }
    }

    fn read(query: &str) -> String {
        Spi::connect(|client| {
            client.select(query, None, &[]).unwrap().first().get_one::<String>().unwrap().unwrap()
        })
    }

    #[pg_test]
    fn work_runs_as_the_role_and_the_session_comes_back_as_it_was() {
        let state = "SELECT current_user || ' ' || current_setting('search_path') || ' ' || current_setting('transaction_read_only') \
                     || ' ' || current_setting('lock_timeout')";
        let before = show(state);
        let seen = inside(|| read(state));
        assert_eq!(seen.unwrap(), "reader_of_the_sandbox pg_catalog, nowhere on 100ms");
        assert_eq!(show(state), before);
    }

    #[pg_test]
    fn a_write_is_refused_and_leaves_nothing() {
        Spi::run("CREATE TABLE kept (a int)").unwrap();
        let outcome = run_as(role(&show("SELECT current_user::text")), c"public", &LIMITS, || {
            Spi::run("INSERT INTO kept VALUES (1)").unwrap();
        });
        let Err(Refusal::Raised(raised)) = outcome else { panic!("{outcome:?}") };
        assert_eq!(raised.code, PgSqlErrorCode::ERRCODE_READ_ONLY_SQL_TRANSACTION);
        assert_eq!(show("SELECT count(*)::text FROM kept"), "0");
    }

    #[pg_test]
    fn the_role_cannot_be_left_from_inside() {
        let outcome = inside(|| read("SELECT set_config('role', 'none', false)"));
        let Err(Refusal::Raised(raised)) = outcome else { panic!("{outcome:?}") };
        assert_eq!(raised.code, PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE);
    }

    #[pg_test]
    fn an_error_says_where_in_the_text_it_is() {
        let text = "SELECT 'ä', nonsense FROM pg_class";
        let c_text = CString::new(text).unwrap();
        let outcome = inside(|| types(&c_text));
        let Err(Refusal::Raised(raised)) = outcome else { panic!("{outcome:?}") };
        assert_eq!(raised.code, PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN);
        assert_eq!(raised.offset_in(text), text.find("nonsense"));
    }

    #[pg_test]
    fn types_of_parameters_are_inferred() {
        let text = c"SELECT relname FROM pg_class WHERE relpages > $1 AND relname LIKE $2";
        let types = inside(|| types(text));
        assert_eq!(types.unwrap(), [pg_sys::INT4OID, pg_sys::TEXTOID]);
    }

    #[pg_test]
    fn the_limit_on_time_ends_the_work_and_nothing_else() {
        let outcome = inside(|| {
            Spi::connect(|client| client.select("SELECT pg_sleep(30)", None, &[]).unwrap().len())
        });
        assert_eq!(outcome, Err(Refusal::TimedOut));
        assert_eq!(show("SELECT pg_sleep(0.4)::text || 'still here'"), "still here");
    }

    #[pg_test(error = "canceling statement due to user request")]
    fn a_cancel_from_outside_goes_on() {
        // A role may not cancel a superuser's session: this one works as the superuser itself.
        let _ = run_as(role(&show("SELECT current_user::text")), c"public", &LIMITS, || {
            read("SELECT pg_cancel_backend(pg_backend_pid())::text || pg_sleep(0.2)::text")
        });
    }

    #[pg_test]
    fn locks_are_given_back() {
        let text = c"SELECT * FROM pg_catalog.pg_statistic_ext";
        let locks = "SELECT count(*)::text FROM pg_locks WHERE pid = pg_backend_pid() AND relation = 'pg_statistic_ext'::regclass";
        let held = inside(|| {
            types(text);
            read(locks)
        });
        assert_eq!(held.unwrap(), "1");
        assert_eq!(show(locks), "0");
    }

    #[pg_test]
    fn a_thousand_refusals_assign_no_transaction_id() {
        let assigned = "SELECT coalesce(pg_current_xact_id_if_assigned()::text, 'none')";
        assert_eq!(read(assigned), "none");
        let superuser = pg_sys::Oid::from(10);
        for _ in 0..1000 {
            let outcome = run_as(superuser, c"public", &LIMITS, || types(c"SELEC"));
            assert!(matches!(outcome, Err(Refusal::Raised(_))));
        }
        assert_eq!(read(assigned), "none");
    }
}
