//! Whether advice on a setting can be followed where it says, by what the server knows of the setting.

/// Why a setting cannot be set to a value at a scope (query, role, database or server); `None` where it can. `context` is
/// that of pg_settings, `None` for a setting that the server does not know. Whether the server takes the value is
/// asked last, and only of a setting that it knows.
pub fn obstacle(
    setting_name: &str,
    context: Option<&str>,
    scope: &str,
    is_taken: impl FnOnce() -> bool,
) -> Option<&'static str> {
    match (context, scope) {
        // An extension that is not loaded may bring it: the server keeps a placeholder.
        (None, _) if setting_name.contains('.') => None,
        (None, _) => Some("this server has no such setting"),
        (Some("internal"), _) => Some("it is fixed"),
        (Some("postmaster" | "sighup"), "query" | "role" | "database") => {
            Some("it is set for the whole server only")
        }
        (Some("backend" | "superuser-backend"), "query") => {
            Some("it is set when a session begins only")
        }
        (Some(_), _) => (!is_taken()).then_some("the server takes no such value"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(context: Option<&str>, scope: &str, is_taken: bool) -> Option<&'static str> {
        obstacle("x", context, scope, || is_taken)
    }

    #[test]
    fn what_a_session_may_set_can_be_set_everywhere() {
        for scope in ["query", "role", "database", "server"] {
            for context in ["user", "superuser"] {
                assert_eq!(of(Some(context), scope, true), None);
                assert_eq!(of(Some(context), scope, false), Some("the server takes no such value"));
            }
        }
    }

    #[test]
    fn what_the_server_reads_from_its_file_is_for_the_whole_server() {
        for context in ["postmaster", "sighup"] {
            assert_eq!(of(Some(context), "server", true), None);
            for scope in ["query", "role", "database"] {
                assert_eq!(
                    of(Some(context), scope, true),
                    Some("it is set for the whole server only")
                );
            }
        }
    }

    #[test]
    fn what_holds_from_a_sessions_beginning_is_no_querys() {
        assert_eq!(
            of(Some("backend"), "query", true),
            Some("it is set when a session begins only")
        );
        assert_eq!(of(Some("superuser-backend"), "role", true), None);
    }

    #[test]
    fn an_unknown_name_is_refused_unless_an_extension_may_bring_it_and_its_value_is_never_asked_for()
     {
        let never = || unreachable!("a placeholder would be made");
        assert_eq!(
            obstacle("work_memory", None, "query", never),
            Some("this server has no such setting")
        );
        assert_eq!(obstacle("some.setting", None, "server", never), None);
        assert_eq!(of(Some("internal"), "server", true), Some("it is fixed"));
    }
}
