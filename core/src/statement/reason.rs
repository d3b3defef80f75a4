//! Why a statement was not read: the words that `query_readings.reason` and `status()` use.

/// A reason. Names are stable: people and dashboards group by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unread {
    /// Nothing to plan in it: BEGIN, CREATE TABLE, VACUUM.
    Utility,
    TooLong,
    /// No text was kept, or one that the sampler's role may not see.
    TextMissing,
    /// A zero byte, or not one statement.
    InvalidText,
    /// Nobody is known to have run it: the text came from another collector.
    RoleUnknown,
    RoleGone,
    /// The role may no longer do what the statement does.
    NotAllowed,
    /// A name without a schema that several schemas have, of those that the role may use.
    RelationAmbiguous,
    /// A relation, or its schema, does not exist under the role's search_path.
    RelationGone,
    /// Only temporary tables have that name.
    RelationTemporary,
    ColumnGone,
    /// No function or operator takes such arguments.
    FunctionGone,
    /// A type, a collation, a text search configuration.
    ObjectGone,
    SyntaxError,
    /// The types of parameters could not be told.
    TypesUnknown,
    /// Grouped by something that its targets do not repeat.
    GroupingUnclear,
    TooDeeplyNested,
    TimedOut,
    LockNotAvailable,
    /// A literal of it would be read by a function of somebody else: a domain's CHECK.
    UntrustedFunction,
    /// Any other error of the server.
    Refused,
}

impl Unread {
    pub const ALL: [Unread; 21] = [
        Unread::Utility,
        Unread::TooLong,
        Unread::TextMissing,
        Unread::InvalidText,
        Unread::RoleUnknown,
        Unread::RoleGone,
        Unread::NotAllowed,
        Unread::RelationAmbiguous,
        Unread::RelationGone,
        Unread::RelationTemporary,
        Unread::ColumnGone,
        Unread::FunctionGone,
        Unread::ObjectGone,
        Unread::SyntaxError,
        Unread::TypesUnknown,
        Unread::GroupingUnclear,
        Unread::TooDeeplyNested,
        Unread::TimedOut,
        Unread::LockNotAvailable,
        Unread::UntrustedFunction,
        Unread::Refused,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Unread::Utility => "utility",
            Unread::TooLong => "too_long",
            Unread::TextMissing => "text_missing",
            Unread::InvalidText => "invalid_text",
            Unread::RoleUnknown => "role_unknown",
            Unread::RoleGone => "role_gone",
            Unread::NotAllowed => "not_allowed",
            Unread::RelationAmbiguous => "relation_ambiguous",
            Unread::RelationGone => "relation_gone",
            Unread::RelationTemporary => "relation_temporary",
            Unread::ColumnGone => "column_gone",
            Unread::FunctionGone => "function_gone",
            Unread::ObjectGone => "object_gone",
            Unread::SyntaxError => "syntax_error",
            Unread::TypesUnknown => "types_unknown",
            Unread::GroupingUnclear => "grouping_unclear",
            Unread::TooDeeplyNested => "too_deeply_nested",
            Unread::TimedOut => "timed_out",
            Unread::LockNotAvailable => "lock_not_available",
            Unread::UntrustedFunction => "untrusted_function",
            Unread::Refused => "refused",
        }
    }

    /// `skipped` where nobody could read it now, `failed` where the reader could not.
    pub const fn state(self) -> &'static str {
        match self {
            Unread::Utility
            | Unread::TooLong
            | Unread::TextMissing
            | Unread::RoleUnknown
            | Unread::RoleGone
            | Unread::NotAllowed
            | Unread::RelationAmbiguous
            | Unread::RelationGone
            | Unread::RelationTemporary
            | Unread::ColumnGone
            | Unread::ObjectGone
            | Unread::UntrustedFunction
            | Unread::FunctionGone => "skipped",
            Unread::InvalidText
            | Unread::SyntaxError
            | Unread::TypesUnknown
            | Unread::GroupingUnclear
            | Unread::TooDeeplyNested
            | Unread::TimedOut
            | Unread::LockNotAvailable
            | Unread::Refused => "failed",
        }
    }

    /// What an error of the server, by its SQLSTATE, says about a text.
    pub fn of_sqlstate(sqlstate: &str) -> Unread {
        match sqlstate {
            "42601" => Unread::SyntaxError,
            "42P01" | "3F000" => Unread::RelationGone,
            "42703" => Unread::ColumnGone,
            "42883" | "42725" => Unread::FunctionGone,
            "42704" => Unread::ObjectGone,
            "42P18" | "42P08" | "42804" | "42846" => Unread::TypesUnknown,
            "42803" | "42P10" => Unread::GroupingUnclear,
            "42501" => Unread::NotAllowed,
            "54001" | "54000" => Unread::TooDeeplyNested,
            "55P03" => Unread::LockNotAvailable,
            _ => Unread::Refused,
        }
    }

    /// Whether an error ends the attempts at a text: no repair and no other type can help.
    pub fn is_final(sqlstate: &str) -> bool {
        matches!(
            Unread::of_sqlstate(sqlstate),
            Unread::NotAllowed
                | Unread::TooDeeplyNested
                | Unread::LockNotAvailable
                | Unread::RelationGone
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_reason_has_a_name_of_its_own_in_snake_case() {
        let names: BTreeSet<&str> = Unread::ALL.into_iter().map(Unread::name).collect();
        assert_eq!(names.len(), Unread::ALL.len());
        for name in names {
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{name}");
        }
    }

    #[test]
    fn an_error_that_no_repair_mends_ends_the_attempts() {
        assert!(Unread::is_final("42501"));
        assert!(!Unread::is_final("42601"), "a repair may mend a syntax error");
        assert!(!Unread::is_final("42703"), "date$1 is a column to the parser");
        assert!(!Unread::is_final("42883"), "a type may be missing");
        assert_eq!(Unread::of_sqlstate("XX000"), Unread::Refused);
    }
}
