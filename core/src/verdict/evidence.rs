//! What a verdict is reached from: plain values, in the shape in which the tables hold them.
//!
//! The trap: `cells` hold only buckets in which a query ran. Whether a bucket without a cell was quiet
//! or unseen is a fact of the database and stands in `buckets`; a cell in a bucket that is not listed
//! there, or has another width, does not count.

use crate::Micros;
use crate::measurement::Look;

/// One bucket of one query: what it did in it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cell {
    pub start: Micros,
    pub calls: i64,
    pub total_exec_time_ms: f64,
    pub rows: i64,
    /// Shared blocks hit and read.
    pub shared_blks: i64,
    /// Some of the query's work in this bucket may be missing.
    pub lossy: bool,
}

/// One bucket of the time axis, for all queries of the database (`sampling_coverage`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    pub start: Micros,
    pub width: Micros,
    /// Part of it that was observed, 0 to 1.
    pub observed_share: f64,
    /// 0 to 23, in the server's time zone; read only for buckets of one hour.
    pub hour_of_day: u8,
    /// Saturday or Sunday in the server's time zone; read only for buckets of one hour.
    pub is_weekend: bool,
}

/// A query and its cells. The order of cells does not matter, sorted ones are read faster; of two
/// cells of one bucket the later one stands.
#[derive(Debug, Clone, Copy, Default)]
pub struct QueryHistory<'a> {
    pub query_hash: i64,
    pub cells: &'a [Cell],
}

/// What kind of statement a candidate for a control is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementKind {
    Select,
    Insert,
    Update,
    Delete,
    /// BEGIN, SET, VACUUM, CREATE, ...: never a control.
    Other,
}

/// A query that may serve as a control. One that was changed itself in these days, or one of whose relations was, is
/// not offered.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    pub history: QueryHistory<'a>,
    pub kind: StatementKind,
    /// Oids of the user relations that it touches, written ones included; known from its parse tree.
    pub relations: &'a [u32],
    /// Whether it reads at least one of them: INSERT ... VALUES does not.
    pub reads_relation: bool,
}

/// How far a change reaches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scope {
    /// One query, or the relations that it uses.
    #[default]
    Query,
    Role,
    Database,
    Server,
}

/// Something that makes days before it another matter than those after it, in words that follow "before".
#[derive(Debug, Clone, PartialEq)]
pub struct Earlier {
    pub at: Micros,
    pub words: String,
}

/// What else is known about the window, each in words that a person can read. `None`: nothing of
/// the kind.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Circumstances {
    /// What was recorded and is not there: no valid index of that definition, the setting not in
    /// effect.
    pub not_applied: Option<String>,
    /// The server's major version changed, so that query hashes do not compare.
    pub epoch_change: Option<String>,
    /// Another action on the same relations in the window. Not one with the same action key.
    pub confounded_by: Option<String>,
    /// A restart, upgrade or settings change in the window other than the implementation itself and
    /// the restart that it requires.
    pub known_event: Option<String>,
    /// The last event of that kind before the window: without controls, days before it are not compared with.
    pub earlier_event: Option<Earlier>,
    /// The last change of the target or its relations before the window, whoever made it: days before it
    /// are not compared with.
    pub earlier_change: Option<Earlier>,
    /// The look raised an error.
    pub error: Option<String>,
}

impl Circumstances {
    /// The earlier event, when it came after the moment from which days are compared with.
    pub fn event_after(&self, since: Option<Micros>) -> Option<&Earlier> {
        self.earlier_event.as_ref().filter(|event| since.is_none_or(|since| since < event.at))
    }
}

/// Everything about one change and one query.
#[derive(Debug, Clone)]
pub struct ChangeEvidence<'a> {
    /// Setting `optimizer_workflow.bucket_width`, microseconds.
    pub bucket_width: Micros,
    pub buckets: &'a [Bucket],
    pub changed_at: Micros,
    /// When the recommendation appeared; `None` when the change came from elsewhere.
    pub appeared_at: Option<Micros>,
    /// Until when calls count, see [`super::looks::window_end`].
    pub window_end: Micros,
    /// When an index was being built, or something else that would blur the comparison.
    pub left_out: Option<(Micros, Micros)>,
    pub target: QueryHistory<'a>,
    /// A rewrite: the statements that came in the target's place, none when none has been seen.
    pub rewritten_as: Option<&'a [QueryHistory<'a>]>,
    pub target_relations: &'a [u32],
    /// Relations that the change itself touches (an index on another table of a join).
    pub change_relations: &'a [u32],
    pub candidates: &'a [Candidate<'a>],
    /// Other queries on the same relations, writes included.
    pub neighbours: &'a [QueryHistory<'a>],
    /// The costliest queries of the server before the change; read for [`Scope::Server`] only.
    pub costliest: &'a [QueryHistory<'a>],
    /// What the source stated.
    pub predicted_improvement_percent: f64,
    pub scope: Scope,
    pub circumstances: Circumstances,
    pub look: Look,
    /// The look at `measure_after` was taken before this one.
    pub first_look_taken: bool,
}
