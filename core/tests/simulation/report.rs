//! The full run: shared between the machine's cores, and written into docs/measurement.md.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::faults::{self, Story};
use crate::learning::{self, Lessons, Stated};
use crate::scenarios::{self, Scenario, Tally};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/measurement.md");
const BEGIN: &str = "<!-- simulation: written by `make simulate` -->\n";
const END: &str = "<!-- end of simulation -->";

/// Runs `work` on parts of `all` at the same time, results in the order of the parts.
fn shared<T: Send>(all: u64, work: impl Fn(Range<u64>) -> T + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64).min(all);
    let part = |thread: u64| all * thread / threads..all * (thread + 1) / threads;
    let work = &work;
    std::thread::scope(|scope| {
        let running: Vec<_> =
            (0..threads).map(|thread| scope.spawn(move || work(part(thread)))).collect();
        running.into_iter().map(|thread| thread.join().expect("a run failed")).collect()
    })
}

pub fn verdicts(runs: u64) -> Vec<(Scenario, Tally)> {
    scenarios::all()
        .into_iter()
        .map(|scenario| {
            let parts = shared(runs, |seeds| scenarios::run(&scenario, seeds));
            (scenario, parts.into_iter().fold(Tally::default(), Tally::plus))
        })
        .collect()
}

pub fn fault_stories(runs: u64) -> BTreeMap<(usize, usize), Vec<Story>> {
    let mut all = BTreeMap::<_, Vec<Story>>::new();
    for part in shared(runs, faults::stories) {
        for (key, stories) in part {
            all.entry(key).or_default().extend(stories);
        }
    }
    all
}

pub fn lessons(runs: u64) -> Vec<(Stated, Lessons)> {
    learning::ALL
        .into_iter()
        .map(|stated| {
            let parts = shared(runs, |seeds| {
                seeds
                    .map(|seed| learning::run(stated, seed))
                    .fold(Lessons::default(), Lessons::join)
            });
            (stated, parts.into_iter().fold(Lessons::default(), Lessons::join))
        })
        .collect()
}

/// Puts the tables between the marks.
pub fn write(tables: &str) {
    let text = std::fs::read_to_string(DOCUMENT).expect("docs/measurement.md is there");
    let (before, rest) = text.split_once(BEGIN).expect("the mark of the beginning is there");
    let (_, after) = rest.split_once(END).expect("the mark of the end is there");
    let whole = format!("{before}{BEGIN}\n{tables}\n{END}{after}");
    std::fs::write(DOCUMENT, whole).expect("docs/measurement.md can be written");
}
