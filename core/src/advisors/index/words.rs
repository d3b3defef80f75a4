//! A suggestion in words: whom it helps, the evidence in numbers, what it costs, what speaks against it.

use super::facts::Table;
use super::predict::Prediction;
use super::trial::Figures;

/// What is known about one index and one of the queries it helps.
#[derive(Debug, Clone)]
pub struct Said<'a> {
    pub table: &'a Table,
    pub prediction: &'a Prediction,
    pub before: &'a Figures,
    pub after: &'a Figures,
    pub is_foreign_key: bool,
    /// CREATE INDEX of those that it is used together with.
    pub together_with: &'a [String],
    /// Other queries that would use it and may get slower by it.
    pub harmed: &'a [i64],
    pub queries: usize,
    /// Of all queries it helps, 0 to 1.
    pub share_of_total_time: f64,
    pub calls_per_hour: f64,
    pub mean_exec_time_ms: f64,
    pub size_bytes: f64,
    pub write_ms_per_hour: f64,
    pub loses_hot: bool,
}

/// The whole reasoning, sentence by sentence.
pub fn reasoning(said: &Said) -> String {
    let mut out = vec![helps(said), evidence(said)];
    if !said.together_with.is_empty() {
        out.push(format!("This takes {} as well.", said.together_with.join(" and ")));
    }
    out.push(costs(said));
    if !said.harmed.is_empty() {
        out.push(harms(said.harmed));
    }
    if !said.prediction.doubts.is_empty() {
        let doubts: Vec<String> =
            said.prediction.doubts.iter().map(|doubt| doubt.words()).collect();
        out.push(format!("In doubt: {}.", doubts.join("; ")));
    }
    out.join(" ")
}

/// Queries that are named; of more only the number is said.
const MOST_NAMED: usize = 8;

fn harms(queries: &[i64]) -> String {
    let mut named: Vec<String> = queries.iter().take(MOST_NAMED).map(i64::to_string).collect();
    if queries.len() > MOST_NAMED {
        named.push(format!("{} more", queries.len() - MOST_NAMED));
    }
    format!(
        "Others may get slower, since with it the planner gives up their parallel workers for looking up row after row, or reads in its order until a limit is reached: {}.",
        named.join(", ")
    )
}

fn helps(said: &Said) -> String {
    let queries = match said.queries {
        1 => "1 query that takes".to_owned(),
        n => format!("{n} queries that take"),
    };
    format!(
        "Helps {queries} {} of the time, this one with {} calls an hour of {} ms.",
        percent(said.share_of_total_time),
        short(said.calls_per_hour),
        short(said.mean_exec_time_ms)
    )
}

fn evidence(said: &Said) -> String {
    let table = said.table.qualified();
    let rows = short(said.table.rows);
    if said.is_foreign_key {
        return format!(
            "Deleting a referenced row, or changing its key, reads {table} with its {rows} rows: no index begins with the foreign key."
        );
    }
    format!(
        "The planner's cost goes from {} to {} ({}), {table} has {rows} rows: {} becomes {}.",
        short(said.before.cost),
        short(said.after.cost),
        change(said.before.cost, said.after.cost),
        cut(&said.before.shape),
        cut(&said.after.shape)
    )
}

fn costs(said: &Said) -> String {
    let mut out = format!("It takes about {}", bytes(said.size_bytes));
    if said.table.writes_per_hour() > 0.0 {
        out.push_str(&format!(
            " and about {} ms of writing an hour ({} rows inserted, {} updated)",
            short(said.write_ms_per_hour),
            short(said.table.inserts_per_hour),
            short(said.table.updates_per_hour)
        ));
    }
    if said.loses_hot {
        out.push_str("; updates set a column of it and will no longer be HOT");
    }
    out.push('.');
    out
}

/// Letters of a plan's shape that are shown.
const MOST_LETTERS: usize = 160;

fn cut(shape: &str) -> String {
    if shape.chars().count() <= MOST_LETTERS {
        return shape.to_owned();
    }
    let head: String = shape.chars().take(MOST_LETTERS).collect();
    format!("{head}...")
}

fn change(before: f64, after: f64) -> String {
    let saved = (1.0 - after / before) * 100.0;
    if saved >= 0.0 { format!("{saved:.1} % less") } else { format!("{:.1} % more", -saved) }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// Three digits that say something.
pub fn short(number: f64) -> String {
    match number.abs() {
        n if n >= 1e6 => format!("{:.1} million", number / 1e6),
        n if n >= 100.0 => format!("{number:.0}"),
        n if n >= 1.0 => format!("{number:.1}"),
        0.0 => "0".to_owned(),
        _ => format!("{number:.2}"),
    }
}

/// Bytes as people say them.
pub fn bytes(bytes: f64) -> String {
    match bytes {
        b if b >= 1e9 => format!("{:.1} GB", b / 1e9),
        b if b >= 1e6 => format!("{:.1} MB", b / 1e6),
        b => format!("{:.0} kB", (b / 1e3).max(1.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::orders;
    use super::super::predict::Doubt;
    use super::*;

    fn figures(cost: f64, shape: &str) -> Figures {
        Figures {
            cost,
            rows: 1.0,
            workers: 0,
            is_generic: false,
            is_compiled: false,
            reads_most_by_index: false,
            filters_to_a_limit: false,
            nested_loops: 0,
            shape: shape.into(),
        }
    }

    #[test]
    fn a_reasoning_has_queries_evidence_size_writes_and_doubts() {
        let table = orders();
        let prediction = Prediction {
            improvement_percent: 45.0,
            confidence: 0.4,
            doubts: vec![Doubt::LosesGather { workers: 2 }],
        };
        let (before, after) =
            (figures(21_000.0, "gather(seq shop.orders)"), figures(8.5, "index shop.orders"));
        let said = Said {
            table: &table,
            prediction: &prediction,
            before: &before,
            after: &after,
            is_foreign_key: false,
            harmed: &[],
            together_with: &["CREATE INDEX b".into()],
            queries: 2,
            share_of_total_time: 0.42,
            calls_per_hour: 1200.0,
            mean_exec_time_ms: 30.46,
            size_bytes: 22.4e6,
            write_ms_per_hour: 10.0,
            loses_hot: true,
        };
        assert_eq!(
            reasoning(&said),
            "Helps 2 queries that take 42.0 % of the time, this one with 1200 calls an hour of 30.5 ms. \
             The planner's cost goes from 21000 to 8.5 (100.0 % less), shop.orders has 1.0 million rows: \
             gather(seq shop.orders) becomes index shop.orders. This takes CREATE INDEX b as well. \
             It takes about 22.4 MB and about 10.0 ms of writing an hour (1000 rows inserted, 500 updated); \
             updates set a column of it and will no longer be HOT. \
             In doubt: the plan gives up its 2 parallel workers."
        );
    }

    #[test]
    fn queries_that_may_get_slower_are_named_up_to_eight() {
        let nine: Vec<i64> = (1..=9).map(|n| -n).collect();
        assert!(harms(&nine[..8]).ends_with("a limit is reached: -1, -2, -3, -4, -5, -6, -7, -8."));
        assert!(harms(&nine).ends_with("-7, -8, 1 more."));
        // Both ways in which an index does harm (`Figures::may_get_slower`).
        assert!(
            harms(&[7]).starts_with("Others may get slower")
                && harms(&[7]).contains("row after row, or")
        );
    }

    #[test]
    fn a_foreign_key_is_said_to_be_one() {
        let table = Table { inserts_per_hour: 0.0, updates_per_hour: 0.0, ..orders() };
        let prediction = Prediction { improvement_percent: 60.0, confidence: 0.5, doubts: vec![] };
        let figures = figures(8.0, "delete(index shop.customers)");
        let said = Said {
            table: &table,
            prediction: &prediction,
            before: &figures,
            after: &figures,
            is_foreign_key: true,
            harmed: &[],
            together_with: &[],
            queries: 1,
            share_of_total_time: 0.001,
            calls_per_hour: 0.5,
            mean_exec_time_ms: 80.0,
            size_bytes: 900.0,
            write_ms_per_hour: 0.0,
            loses_hot: false,
        };
        let words = reasoning(&said);
        assert!(words.contains("1 query that takes 0.1 % of the time"), "{words}");
        assert!(words.contains("no index begins with the foreign key"), "{words}");
        assert!(words.ends_with("It takes about 1 kB."), "{words}");
    }
}
