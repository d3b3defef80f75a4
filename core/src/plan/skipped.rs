//! Why a statement was not planned.

/// The reasons, each with a word that does not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    RoleGone,
    RoleUnknown,
    AmbiguousRelation,
    RelationGone,
    TemporaryRelation,
    NoPrivilege,
    ForeignTable,
    TooManyPartitions,
    TextTooLong,
    NestedTooDeep,
    TimedOut,
    LockNotAvailable,
    Utility,
    UntrustedFunction,
    RunsStatement,
    NotReadable,
    ObjectGone,
    Failed,
}

impl Reason {
    /// Its word: what is counted and shown.
    pub const fn word(self) -> &'static str {
        match self {
            Reason::RoleGone => "role_gone",
            Reason::RoleUnknown => "role_unknown",
            Reason::AmbiguousRelation => "ambiguous_relation",
            Reason::RelationGone => "relation_gone",
            Reason::TemporaryRelation => "temporary_relation",
            Reason::NoPrivilege => "no_privilege",
            Reason::ForeignTable => "foreign_table",
            Reason::TooManyPartitions => "too_many_partitions",
            Reason::TextTooLong => "text_too_long",
            Reason::NestedTooDeep => "nested_too_deep",
            Reason::TimedOut => "timed_out",
            Reason::LockNotAvailable => "lock_not_available",
            Reason::Utility => "utility",
            Reason::UntrustedFunction => "untrusted_function",
            Reason::RunsStatement => "runs_statement",
            Reason::NotReadable => "not_readable",
            Reason::ObjectGone => "object_gone",
            Reason::Failed => "failed",
        }
    }

    /// What an ERROR of the server means for a statement that once ran.
    pub fn of_sqlstate(sqlstate: &str) -> Reason {
        match sqlstate {
            "42P01" => Reason::RelationGone,
            "42501" => Reason::NoPrivilege,
            "55P03" | "40P01" => Reason::LockNotAvailable,
            "54001" => Reason::NestedTooDeep,
            // column, function, type or schema, database object
            "42703" | "42883" | "42704" | "3F000" => Reason::ObjectGone,
            // syntax, datatypes that nothing tells, types that do not fit what was assumed
            "42601" | "42P18" | "42P02" | "42804" | "42846" | "42725" => Reason::NotReadable,
            _ => Reason::Failed,
        }
    }
}

/// Not planned: why, and what exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    pub reason: Reason,
    /// A sentence.
    pub detail: String,
}

impl Skipped {
    pub fn new(reason: Reason, detail: impl Into<String>) -> Skipped {
        Skipped { reason, detail: detail.into() }
    }
}

/// How deep a text nests its parentheses, quotes not looked at: enough to tell "nested too deep" from other errors.
pub fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}
