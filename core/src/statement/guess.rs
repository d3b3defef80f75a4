//! Types for parameters whose type the server could not tell: a constant's type went with the constant.
//!
//! `now() - $1`, `sum($1)` or `date_column + $1` fail where `now() - '1 day'`, `sum(1)` and `date_column + 7`
//! did not. Types are then assumed, one parameter or a few at a time, until the text can be read. A reading says
//! what was assumed: relations and predicates do not depend on it, an estimate may.
//!
//! Trap: an error has one position, and it is the operator's or the function's, not the parameter's.

use std::collections::BTreeMap;

use super::lexer::{Kind, Token, significant};

/// A type to assume. The order is the one of trying: what constants mostly are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assumed {
    Int4,
    Interval,
    Text,
    Numeric,
    Timestamptz,
    Float8,
    Bool,
    Int8,
    Date,
    TextArray,
    Jsonb,
}

impl Assumed {
    pub const ALL: [Assumed; 11] = [
        Assumed::Int4,
        Assumed::Interval,
        Assumed::Text,
        Assumed::Numeric,
        Assumed::Timestamptz,
        Assumed::Float8,
        Assumed::Bool,
        Assumed::Int8,
        Assumed::Date,
        Assumed::TextArray,
        Assumed::Jsonb,
    ];

    /// Its name in SQL.
    pub const fn name(self) -> &'static str {
        match self {
            Assumed::Int4 => "int4",
            Assumed::Interval => "interval",
            Assumed::Text => "text",
            Assumed::Numeric => "numeric",
            Assumed::Timestamptz => "timestamptz",
            Assumed::Float8 => "float8",
            Assumed::Bool => "bool",
            Assumed::Int8 => "int8",
            Assumed::Date => "date",
            Assumed::TextArray => "text[]",
            Assumed::Jsonb => "jsonb",
        }
    }
}

/// Types by number of parameter.
pub type Assumptions = BTreeMap<u32, Assumed>;

/// What the server said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub sqlstate: String,
    pub message: String,
    /// Byte position in the text, from 0.
    pub position: Option<usize>,
}

/// Attempts at one text. Each is one analysis, some 0.2 ms: a text that cannot be read at all costs 30 ms
/// once. A place takes one to ten of them, at worst 55 (types times sets of parameters); nothing in
/// `make reader-report` needs more.
const MOST_ATTEMPTS: usize = 128;

/// Parameters looked at around one failure.
const MOST_PARAMETERS: usize = 4;

/// The search for types under which one text can be read.
#[derive(Debug, Default)]
pub struct Search {
    /// What is kept for certain, and how far analysis got with it.
    kept: Assumptions,
    reached: Option<Option<usize>>,
    /// Still to try in this round, the next one last.
    untried: Vec<Assumptions>,
    trying: Assumptions,
    /// The attempt of this round that got furthest, past `reached`.
    furthest: Option<(usize, Assumptions, Failure)>,
    attempts: usize,
}

impl Search {
    /// What to assume next, after `failure` under what was assumed last (nothing, at first); `None`
    /// when types are not what is wrong, or nothing is left to try.
    pub fn next(&mut self, text: &str, failure: Failure) -> Option<Assumptions> {
        self.attempts += 1;
        if self.attempts > MOST_ATTEMPTS {
            return None;
        }
        match self.reached {
            None => self.begin_round(text, &failure),
            Some(reached) => {
                let best = self.furthest.as_ref().map(|(at, ..)| *at).or(reached);
                if let Some(at) =
                    failure.position.filter(|at| is_about_types(&failure) && Some(*at) > best)
                {
                    // A wrong type fails further on too, but at an operator of its own.
                    let is_elsewhere = !parameters_near(text, at).iter().any(|near| {
                        self.trying.contains_key(near) && !self.kept.contains_key(near)
                    });
                    self.furthest = Some((at, self.trying.clone(), failure));
                    if is_elsewhere {
                        self.untried.clear();
                    }
                }
            }
        }
        if self.untried.is_empty() {
            let (_, kept, failure) = self.furthest.take()?;
            self.kept = kept;
            self.begin_round(text, &failure);
        }
        self.trying = self.untried.pop()?;
        Some(self.trying.clone())
    }

    /// Nothing was assumed so far.
    pub fn is_fresh(&self) -> bool {
        self.trying.is_empty()
    }

    fn begin_round(&mut self, text: &str, failure: &Failure) {
        self.reached = Some(failure.position);
        self.untried = if is_about_types(failure) {
            candidates(text, failure)
                .into_iter()
                .map(|tried| {
                    let mut all = self.kept.clone();
                    all.extend(tried);
                    all
                })
                .rev()
                .collect()
        } else {
            Vec::new()
        };
    }
}

/// Indeterminate or ambiguous parameter, ambiguous or undefined function or operator, mismatch, no cast.
fn is_about_types(failure: &Failure) -> bool {
    ["42P18", "42P08", "42725", "42883", "42804", "42846"].contains(&failure.sqlstate.as_str())
}

fn candidates(text: &str, failure: &Failure) -> Vec<Assumptions> {
    if let Some(named) = named_parameter(&failure.message) {
        // Nothing around it says what it is: mostly a text.
        return [Assumed::Text]
            .into_iter()
            .chain(Assumed::ALL.into_iter().filter(|kind| *kind != Assumed::Text))
            .map(|kind| Assumptions::from([(named, kind)]))
            .collect();
    }
    let Some(position) = failure.position else { return Vec::new() };
    let near = parameters_near(text, position);
    let mut sets: Vec<Vec<u32>> = near.iter().map(|parameter| vec![*parameter]).collect();
    if near.len() > 1 {
        sets.push(near);
    }
    Assumed::ALL
        .into_iter()
        .flat_map(|kind| {
            sets.iter().map(move |set| set.iter().map(|parameter| (*parameter, kind)).collect())
        })
        .collect()
}

/// `$3` in a message, whatever its language.
fn named_parameter(message: &str) -> Option<u32> {
    let number = &message[message.find('$')? + 1..];
    let digits = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
    number[..digits].parse().ok()
}

/// The parameters that what stands at `position` is about: those between the brackets of a function,
/// the nearest ones around an operator.
fn parameters_near(text: &str, position: usize) -> Vec<u32> {
    let tokens = significant(text);
    let at = tokens.partition_point(|token| token.end <= position);
    let mut found = Vec::new();
    let opening = (at..at + 4).find(|at| tokens.get(*at).is_some_and(|token| token.is(text, '(')));
    let is_call = tokens.get(at).is_some_and(|t| matches!(t.kind, Kind::Word | Kind::QuotedName));
    if let Some(opening) = opening.filter(|_| is_call) {
        let (mut depth, mut results) = (0_usize, Vec::new());
        for (place, token) in tokens.iter().enumerate().skip(opening) {
            if token.is(text, '(') {
                depth += 1;
            } else if token.is(text, ')') {
                depth -= 1;
            }
            if depth == 0 {
                break;
            }
            let before = tokens[place - 1];
            if let Some(number) = token.parameter(text) {
                found.push(number);
                let is_result = before.is_word(text, "then") || before.is_word(text, "else");
                let is_argument = depth == 1 && (before.is(text, '(') || before.is(text, ','));
                if is_result || is_argument {
                    results.push(number);
                }
            }
        }
        // What the function is given, where that is a parameter: not what a condition in it compares.
        let mut inside = if results.is_empty() { std::mem::take(&mut found) } else { results };
        inside.sort_unstable();
        inside.dedup();
        inside.truncate(MOST_PARAMETERS);
        if !inside.is_empty() {
            return inside;
        }
        found.clear();
    }
    let mut add = |token: &Token| {
        if let Some(number) = token.parameter(text).filter(|number| !found.contains(number)) {
            found.push(number);
        }
    };
    tokens[at.min(tokens.len())..]
        .iter()
        .find(|t| t.parameter(text).is_some())
        .into_iter()
        .for_each(&mut add);
    tokens[..at.min(tokens.len())]
        .iter()
        .rfind(|t| t.parameter(text).is_some())
        .into_iter()
        .for_each(&mut add);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn failure(sqlstate: &str, message: &str, position: Option<usize>) -> Failure {
        Failure { sqlstate: sqlstate.to_owned(), message: message.to_owned(), position }
    }

    fn said(assumptions: &Assumptions) -> String {
        assumptions.iter().map(|(n, kind)| format!("${n} {} ", kind.name())).collect()
    }

    #[test]
    fn a_parameter_that_the_message_names_is_a_text_first() {
        let mut search = Search::default();
        let told = failure("42P18", "konnte Datentyp von Parameter $2 nicht ermitteln", None);
        assert_eq!(
            search.next("SELECT $1, $2 IS NULL", told).map(|a| said(&a)).as_deref(),
            Some("$2 text ")
        );
    }

    #[test]
    fn around_an_operator_the_nearest_ones_are_tried_type_by_type() {
        let text = "SELECT $1 FROM t WHERE d + $2 > $3";
        let at = text.find('+');
        let mut search = Search::default();
        let tried: Vec<String> = (0..4)
            .map_while(|_| search.next(text, failure("42725", "not unique", at)).map(|a| said(&a)))
            .collect();
        assert_eq!(tried, ["$2 int4 ", "$1 int4 ", "$1 int4 $2 int4 ", "$2 interval "]);
    }

    #[test]
    fn of_a_function_those_between_its_brackets() {
        let text = "SELECT $9, f(a, (g($1)) + $2), $3";
        assert_eq!(parameters_near(text, text.find('f').unwrap()), [1, 2]);
        let text = "SELECT sum(CASE WHEN a = $1 OR a = $2 THEN $3 ELSE $4 END)";
        assert_eq!(parameters_near(text, text.find("sum").unwrap()), [3, 4]);
        let text = "SELECT f(lower($1), $2)";
        assert_eq!(parameters_near(text, text.find('f').unwrap()), [2]);
        let text = "SELECT $9 + f(a), $3";
        assert_eq!(parameters_near(text, text.find('f').unwrap()), [3, 9]);
    }

    #[test]
    fn what_is_not_about_types_is_given_up_at_once() {
        let mut search = Search::default();
        assert_eq!(
            search.next("SELECT $1 FROM t", failure("42P01", "no such relation", Some(15))),
            None
        );
    }

    #[test]
    fn what_got_furthest_is_kept_for_the_next_round() {
        let text = "SELECT sum($1) WHERE f($2)";
        let mut search = Search::default();
        let mut tried = search.next(text, failure("42725", "", text.find("sum")));
        while let Some(now) = tried.clone() {
            if now.contains_key(&2) {
                break;
            }
            // Only numeric satisfies the first.
            let at = if now.get(&1) == Some(&Assumed::Numeric) { "f(" } else { "sum" };
            tried = search.next(text, failure("42883", "", text.find(at)));
        }
        assert_eq!(tried.map(|a| said(&a)).as_deref(), Some("$1 numeric $2 int4 "));
    }

    /// `created > now() - $1`: an integer moves the error on to the minus, which is no progress.
    #[test]
    fn a_type_that_only_moves_the_error_to_its_own_operator_is_not_kept() {
        let text = "WHERE created > now() - $1";
        let mut search = Search::default();
        let first = search.next(text, failure("42883", "", text.find('>')));
        assert_eq!(first.map(|a| said(&a)).as_deref(), Some("$1 int4 "));
        let second = search.next(text, failure("42883", "", text.find('-')));
        assert_eq!(second.map(|a| said(&a)).as_deref(), Some("$1 interval "));
    }

    #[test]
    fn a_place_that_is_passed_leaves_the_attempts_to_the_next_ones() {
        let text = "SELECT sum($1), sum($2), sum($3), sum($4), sum($5), sum($6), sum($7), sum($8), sum($9)";
        let mut search = Search::default();
        let mut tried = Assumptions::new();
        let mut attempts = 0;
        while tried.len() < 9 {
            let at = text.find(&format!("sum(${})", tried.len() + 1));
            tried = search.next(text, failure("42725", "", at)).expect("not given up");
            attempts += 1;
        }
        assert_eq!(attempts, 9);
    }

    #[test]
    fn attempts_are_bounded() {
        let text: String = (1..=200).map(|n| format!("sum(${n}) ")).collect();
        let mut search = Search::default();
        let places = text.match_indices("sum").map(|(at, _)| at);
        let count = places
            .take_while(|at| search.next(&text, failure("42725", "", Some(*at))).is_some())
            .count();
        assert_eq!(count, MOST_ATTEMPTS);
    }

    proptest! {
        #[test]
        fn any_position_in_any_text_does_no_harm(text in "[$1-9a(), +é'\"]{0,40}", at in 0_usize..60) {
            parameters_near(&text, at);
        }

        #[test]
        fn any_message_does_no_harm(message in "\\PC{0,30}") {
            named_parameter(&message);
        }
    }
}
