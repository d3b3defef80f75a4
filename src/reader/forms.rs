//! The forms in which a text may be read: as it is, repaired, with what its grouping repeats made one, with types for its parameters.
//!
//! One search for both who read a text and who plan it: [`Forms::form`] is tried, and where the server refuses it [`Forms::next`] has another, until one
//! is read or none is left. A text that is valid is never touched.
//! Trap: the limit on time is one for all forms together.

use std::time::{Duration, Instant};

use optimizer_core::statement::guess::{Assumed, Assumptions, Failure, Search};
use optimizer_core::statement::lexer::highest_parameter;
use optimizer_core::statement::repair::repair;
use pgrx::pg_sys;

use crate::sandbox::RaisedInside;

/// The highest number a parameter may have: what a client can send (the protocol counts them in 16 bits). The server makes an array as long as
/// the highest one, however few there are.
const HIGHEST_PARAMETER: u32 = u16::MAX as u32;

/// SQLSTATEs of what is grouped or sorted by without being among the targets.
const GROUPING_FAILS: [&str; 2] = ["42803", "42P10"];

/// One way of reading a text.
#[derive(Debug, Clone, Default)]
pub struct Form {
    pub text: String,
    is_repaired: bool,
    /// Expressions that only differ in the number of a parameter are one.
    pub unifies_parameters: bool,
    types: Assumptions,
}

impl Form {
    /// Types of the first parameters, as far as any is declared or assumed; the others are inferred (InvalidOid).
    pub fn parameter_types(&self, mut declared: Vec<pg_sys::Oid>) -> Vec<pg_sys::Oid> {
        let highest = self.types.keys().max().copied().unwrap_or(0).min(HIGHEST_PARAMETER);
        let places = declared.len().max(usize::try_from(highest).unwrap_or(0));
        declared.resize(places, pg_sys::InvalidOid);
        for (number, place) in (1..).zip(&mut declared) {
            if let Some(assumed) = self.types.get(&number) {
                *place = oid(*assumed);
            }
        }
        declared
    }

    /// What made it readable, for people.
    pub fn assumptions(&self) -> Vec<String> {
        let mut said = Vec::new();
        if self.is_repaired {
            said.push("repaired".to_owned());
        }
        if self.unifies_parameters {
            said.push("grouped".to_owned());
        }
        said.extend(
            self.types.iter().map(|(number, kind)| format!("${number} as {}", kind.name())),
        );
        said
    }
}

/// The search for a form.
pub struct Forms<'a> {
    text: &'a str,
    form: Form,
    search: Search,
    first: Option<Failure>,
    latest: Option<Failure>,
    started: Instant,
    time: Duration,
}

impl<'a> Forms<'a> {
    /// Begins with the text as it is; `None` where it has a parameter that no client can send.
    pub fn of(text: &'a str, time: Duration) -> Option<Forms<'a>> {
        (highest_parameter(text) <= HIGHEST_PARAMETER).then(|| Forms {
            text,
            form: Form { text: text.to_owned(), ..Form::default() },
            search: Search::default(),
            first: None,
            latest: None,
            started: Instant::now(),
            time,
        })
    }

    /// The form to try now.
    pub fn form(&self) -> &Form {
        &self.form
    }

    /// What is left of the time; `None` when it is over.
    pub fn left(&self) -> Option<Duration> {
        self.time.checked_sub(self.started.elapsed()).filter(|left| !left.is_zero())
    }

    /// Moves on after an error of the server; false when no form is left.
    pub fn next(&mut self, raised: &RaisedInside) -> bool {
        let failure = Failure {
            sqlstate: raised.sqlstate(),
            message: raised.message.clone(),
            position: raised.offset_in(&self.form.text),
        };
        self.first.get_or_insert_with(|| failure.clone());
        self.latest = Some(failure.clone());
        if !self.form.is_repaired && self.form.types.is_empty() {
            let repaired = repair(self.text);
            if repaired != self.text {
                self.form.text = repaired.into_owned();
                self.form.is_repaired = true;
                return true;
            }
        }
        if !self.form.unifies_parameters && GROUPING_FAILS.contains(&failure.sqlstate.as_str()) {
            self.form.unifies_parameters = true;
            return true;
        }
        match self.search.next(&self.form.text, failure) {
            Some(types) => {
                self.form.types = types;
                true
            }
            None => false,
        }
    }

    /// What to say when no form is left: the first failure, which is about the text as it was; after a repair that is no news.
    pub fn failure(&self) -> Option<&Failure> {
        if self.form.is_repaired && self.search.is_fresh() {
            self.latest.as_ref()
        } else {
            self.first.as_ref()
        }
    }
}

fn oid(assumed: Assumed) -> pg_sys::Oid {
    match assumed {
        Assumed::Int4 => pg_sys::INT4OID,
        Assumed::Interval => pg_sys::INTERVALOID,
        Assumed::Text => pg_sys::TEXTOID,
        Assumed::Numeric => pg_sys::NUMERICOID,
        Assumed::Timestamptz => pg_sys::TIMESTAMPTZOID,
        Assumed::Float8 => pg_sys::FLOAT8OID,
        Assumed::Bool => pg_sys::BOOLOID,
        Assumed::Int8 => pg_sys::INT8OID,
        Assumed::Date => pg_sys::DATEOID,
        Assumed::TextArray => pg_sys::TEXTARRAYOID,
        Assumed::Jsonb => pg_sys::JSONBOID,
    }
}
