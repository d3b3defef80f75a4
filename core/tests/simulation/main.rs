//! Whether the verdict, and what is learned from verdicts, can be relied on: simulated, with known truth.
//!
//! Everything is seeded. The tests that always run take a part of the seeds and allow for what a smaller
//! number of runs scatters; `make simulate` takes all 1000 a row, holds them to the limits themselves, and
//! writes the tables into docs/measurement.md. The trap: a limit that is missed is the method's fault.
//! Neither the generator nor a limit is to be moved for it.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "all of it is a test")]

mod faults;
mod generator;
mod learning;
mod random;
mod report;
mod scenarios;

use std::collections::BTreeMap;

use optimizer_core::verdict::Verdict;

use crate::faults::{ALL as FAULTS, Fault, Story};
use crate::learning::{ALL as SOURCES, Lessons, Stated};
use crate::scenarios::{Count, Scenario, Tally, widened};

/// Runs of a row in the quick set and in the full one.
const QUICK_RUNS: u64 = 150;
const FULL_RUNS: u64 = 1000;

fn quick(rows: impl Fn(&Scenario) -> bool) {
    let mut held = 0;
    for scenario in scenarios::all().iter().filter(|scenario| rows(scenario)) {
        let Some(limit) = scenario.limit else { continue };
        let tally = scenarios::run(scenario, 0..QUICK_RUNS);
        assert_held(scenario, &tally, widened(scenario.count, limit, tally.trials));
        held += 1;
    }
    assert!(held >= 4, "only {held} rows were looked at");
}

fn assert_held(scenario: &Scenario, tally: &Tally, limit: f64) {
    let rate = tally.rate(scenario.count);
    let held = if scenario.count.is_at_most() { rate <= limit } else { rate >= limit };
    assert!(held, "{}: {rate:.3}, promised {limit:.3} ({tally:?})", scenario.name);
}

#[test]
fn changes_that_did_nothing_are_not_called_wins_or_losses() {
    let is_rare = |scenario: &Scenario| scenario.setup.target_calls_per_hour < 10.0;
    quick(|scenario| scenario.count == Count::FalseVerdicts && !is_rare(scenario));
}

#[test]
fn neither_rare_calls_nor_a_slow_yesterday_make_a_win() {
    let is_rare = |scenario: &Scenario| scenario.setup.target_calls_per_hour < 10.0;
    quick(|scenario| {
        scenario.count == Count::FalseImproved
            || (scenario.count == Count::FalseVerdicts && is_rare(scenario))
    });
}

#[test]
fn real_improvements_are_seen_and_the_interval_holds_the_truth() {
    quick(|scenario| matches!(scenario.count, Count::Power | Count::Coverage));
}

#[test]
fn controls_are_found_wherever_they_are_on_offer() {
    for scenario in scenarios::all() {
        let tally = scenarios::run(&scenario, 0..20);
        let expected = if scenario.setup.controls == 0 { 0..=0 } else { 19..=20 };
        assert!(expected.contains(&tally.controlled), "{}: {tally:?}", scenario.name);
    }
}

fn assert_faults_do_no_harm(stories: &BTreeMap<(usize, usize), Vec<Story>>) {
    for ((fault, effect), stories) in stories {
        let name = format!("{:?}, effect {:.2}", FAULTS[*fault], faults::EFFECTS[*effect]);
        let opposite = |story: &&Story| story.is_opposite();
        assert_eq!(stories.iter().filter(opposite).count(), 0, "{name}");
        let other = stories.iter().filter(|story| story.is_other()).count();
        // A change that did nothing may be called otherwise as rarely as without any fault.
        let most = if faults::EFFECTS[*effect] == 0.0 { stories.len() / 20 + 1 } else { 0 };
        assert!(other <= most, "{name}: {other} verdicts are neither the clean one nor open");
        let decided = stories.iter().filter(|s| s.recorded != Verdict::Inconclusive).count();
        assert!(5 * decided >= stories.len(), "{name}: only {decided} of {}", stories.len());
        if FAULTS[*fault] == Fault::None {
            assert!(stories.iter().all(|story| story.clean == story.recorded), "{name}");
        }
    }
}

#[test]
fn faults_in_the_stream_leave_the_verdict_or_leave_it_open() {
    assert_faults_do_no_harm(&faults::stories(0..16));
}

fn assert_learned(stated: Stated, lessons: &Lessons, slack: f64) {
    let name = stated.name();
    let error = lessons.calibration_error();
    assert!(error <= 0.05 + slack, "{name}: calibration error {error:.3}");
    let (learned, said) = lessons.brier();
    let gain = said - learned;
    let least = if stated == Stated::Calibrated { -0.02 } else { 0.015 };
    assert!(gain >= least - slack, "{name}: Brier score {learned:.3}, stated {said:.3}");
    let coverage = lessons.coverage();
    assert!((coverage - 0.8).abs() <= 0.04 + slack, "{name}: intervals held {coverage:.3}");
}

#[test]
fn what_is_learned_from_verdicts_is_worth_more_than_what_was_stated() {
    for stated in SOURCES {
        let lessons = (0..2).map(|seed| learning::run(stated, seed)).reduce(Lessons::join);
        // Ten bins of a hundred outcomes each scatter by themselves.
        assert_learned(stated, &lessons.unwrap(), 0.02);
    }
}

#[test]
#[ignore = "make simulate: all runs, in a release build"]
fn the_whole_table_holds() {
    let rows = report::verdicts(FULL_RUNS);
    let stories = report::fault_stories(100);
    let lessons = report::lessons(10);
    let text = format!(
        "{}\n{}\n{}",
        scenarios::table(&rows),
        faults::table(&stories),
        learning::table(&lessons)
    );
    println!("{text}");
    report::write(&text);
    for (scenario, tally) in &rows {
        if let Some(limit) = scenario.limit {
            assert_held(scenario, tally, limit);
        }
    }
    assert_faults_do_no_harm(&stories);
    for (stated, lessons) in &lessons {
        assert_learned(*stated, lessons, 0.0);
    }
}

/// The speed that one call of the measuring function needs, for a thousand changes that are due: each
/// with 14 days of hours, 60 candidates for 20 controls, and 5 neighbours.
#[test]
#[ignore = "make simulate: a figure of the release build"]
fn a_thousand_changes_are_judged_in_a_few_seconds() {
    let setup = generator::Setup { controls: 60, ..generator::Setup::default() };
    let worlds: Vec<_> =
        (0..20).map(|seed| generator::generate(&mut random::Random::new(seed), &setup)).collect();
    let begun = std::time::Instant::now();
    let mut controlled = 0;
    for number in 0..1000 {
        let world = &worlds[number % worlds.len()];
        let candidates = world.candidates();
        let neighbours: Vec<_> =
            candidates[..5].iter().map(|candidate| candidate.history).collect();
        let mut evidence =
            scenarios::evidence(world, &candidates, optimizer_core::measurement::Look::Last, false);
        evidence.neighbours = &neighbours;
        controlled += usize::from(optimizer_core::verdict::examine(&evidence).controls == 20);
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!("1000 changes judged in {seconds:.2} s");
    assert_eq!(controlled, 1000);
    assert!(seconds < 10.0, "{seconds:.2} s");
}
