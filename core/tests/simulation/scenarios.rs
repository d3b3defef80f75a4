//! The cells of the table: what is simulated, and what must hold.

use std::fmt::Write;

use optimizer_core::measurement::Look;
use optimizer_core::verdict::looks::window_end;
use optimizer_core::verdict::{
    ChangeEvidence, Circumstances, Finding, QueryHistory, Scope, Verdict, examine,
};

use crate::generator::{HOUR, Setup, TARGET_HASH, TARGET_RELATION, World, generate};
use crate::random::Random;

pub const PREDICTED_PERCENT: f64 = 50.0;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// improved or regressed, at most.
    FalseVerdicts,
    /// improved, at most.
    FalseImproved,
    /// improved, at least.
    Power,
    /// regressed, at least.
    PowerToRegress,
    /// The 95 % interval at the last look holds the truth, at least.
    Coverage,
}

impl Count {
    pub fn is_at_most(self) -> bool {
        matches!(self, Count::FalseVerdicts | Count::FalseImproved)
    }

    pub fn name(self) -> &'static str {
        match self {
            Count::FalseVerdicts => "false verdicts",
            Count::FalseImproved => "false `improved`",
            Count::Power => "called `improved`",
            Count::PowerToRegress => "called `regressed`",
            Count::Coverage => "interval holds the truth",
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    pub name: &'static str,
    pub setup: Setup,
    pub count: Count,
    /// `None` for a row that is shown and promises nothing.
    pub limit: Option<f64>,
}

/// What the trials of a scenario gave.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    pub trials: usize,
    pub improved: usize,
    pub not_improved: usize,
    pub regressed: usize,
    pub inconclusive: usize,
    pub controlled: usize,
    pub intervals: usize,
    pub covered: usize,
}

impl Tally {
    pub fn plus(self, other: Tally) -> Tally {
        Tally {
            trials: self.trials + other.trials,
            improved: self.improved + other.improved,
            not_improved: self.not_improved + other.not_improved,
            regressed: self.regressed + other.regressed,
            inconclusive: self.inconclusive + other.inconclusive,
            controlled: self.controlled + other.controlled,
            intervals: self.intervals + other.intervals,
            covered: self.covered + other.covered,
        }
    }

    pub fn rate(&self, count: Count) -> f64 {
        let of = |hits: usize, all: usize| hits as f64 / all.max(1) as f64;
        match count {
            Count::FalseVerdicts => of(self.improved + self.regressed, self.trials),
            Count::FalseImproved | Count::Power => of(self.improved, self.trials),
            Count::PowerToRegress => of(self.regressed, self.trials),
            Count::Coverage => of(self.covered, self.intervals),
        }
    }
}

/// The evidence of a world at a look.
pub fn evidence<'a>(
    world: &'a World,
    candidates: &'a [optimizer_core::verdict::Candidate<'a>],
    look: Look,
    upgrade: bool,
) -> ChangeEvidence<'a> {
    let hours = if look == Look::First { 24 } else { 48 };
    let until = world.changed_at + hours * HOUR;
    ChangeEvidence {
        bucket_width: HOUR,
        buckets: &world.buckets,
        changed_at: world.changed_at,
        appeared_at: world.appeared_at,
        window_end: window_end(until, world.changed_at + 48 * HOUR, None),
        left_out: None,
        target: QueryHistory { query_hash: TARGET_HASH, cells: &world.target },
        rewritten_as: None,
        target_relations: &[TARGET_RELATION],
        change_relations: &[TARGET_RELATION],
        candidates,
        neighbours: &[],
        costliest: &[],
        predicted_improvement_percent: PREDICTED_PERCENT,
        scope: Scope::Query,
        circumstances: Circumstances {
            known_event: upgrade.then(|| "the server was upgraded".to_owned()),
            ..Circumstances::default()
        },
        look,
        first_look_taken: look != Look::First,
    }
}

/// Both looks: the final finding, and that of the look at the deadline.
pub fn both_looks(world: &World, upgrade: bool) -> (Finding, Finding) {
    let candidates = world.candidates();
    let first = examine(&evidence(world, &candidates, Look::First, upgrade));
    let last = examine(&evidence(world, &candidates, Look::Last, upgrade));
    if first.verdict.is_decided() { (first, last) } else { (last.clone(), last) }
}

pub fn trial(seed: u64, setup: &Setup) -> Tally {
    let world = generate(&mut Random::new(seed), setup);
    let (finding, last) = both_looks(&world, setup.upgrade != 0.0);
    let is = |verdict| usize::from(finding.verdict == verdict);
    let mut tally = Tally {
        trials: 1,
        improved: is(Verdict::Improved),
        not_improved: is(Verdict::NotImproved),
        regressed: is(Verdict::Regressed),
        inconclusive: is(Verdict::Inconclusive),
        controlled: usize::from(finding.controls > 0),
        ..Tally::default()
    };
    if let Some(effect) = last.effect {
        let truth = -setup.effect.exp_m1() * 100.0;
        tally.intervals = 1;
        tally.covered = usize::from((effect.low_percent..=effect.high_percent).contains(&truth));
    }
    tally
}

/// Trials `seeds` of a scenario. Scenarios that differ in what they count share their seeds.
pub fn run(scenario: &Scenario, seeds: std::ops::Range<u64>) -> Tally {
    seeds.map(|seed| trial(seed, &scenario.setup)).fold(Tally::default(), Tally::plus)
}

fn row(name: &'static str, setup: Setup, count: Count, limit: f64) -> Scenario {
    Scenario { name, setup, count, limit: Some(limit) }
}

/// All rows, in the order of the table.
pub fn all() -> Vec<Scenario> {
    let nothing = Setup::default();
    let faster = |percent: f64| (1.0_f64 - percent / 100.0).ln();
    let rare = Setup { target_calls_per_hour: 3.0, ..nothing };
    let upgrade = faster(25.0);
    let shown = |name, setup, count| Scenario { name, setup, count, limit: None };
    vec![
        row("nothing changed, random moment", nothing, Count::FalseVerdicts, 0.05),
        row("Friday deploy", Setup { on_friday: true, ..nothing }, Count::FalseVerdicts, 0.05),
        row("own trend 1 % a day", Setup { trend: 0.01, ..nothing }, Count::FalseVerdicts, 0.05),
        row(
            "heavy tail (sigma 2)",
            Setup { heavy_tail: true, ..nothing },
            Count::FalseVerdicts,
            0.05,
        ),
        row("3 calls an hour", rare, Count::FalseVerdicts, 0.05),
        row(
            "server upgrade, all 25 % faster",
            Setup { upgrade, ..nothing },
            Count::FalseVerdicts,
            0.05,
        ),
        row(
            "ten idle statements on offer as controls",
            Setup { idle_statements: 10, controls: 10, ..nothing },
            Count::FalseVerdicts,
            0.05,
        ),
        row(
            "ten idle statements on offer, and the upgrade",
            Setup { idle_statements: 10, controls: 10, upgrade, ..nothing },
            Count::FalseVerdicts,
            0.05,
        ),
        row(
            "day noise 12 %, AR .5",
            Setup { day_sd: 0.12, day_correlation: 0.5, ..nothing },
            Count::FalseVerdicts,
            0.08,
        ),
        row(
            "3 calls an hour, call rate x 0.4",
            Setup { call_rate_factor: 0.4, ..rare },
            Count::FalseVerdicts,
            0.10,
        ),
        row(
            "3 calls an hour, call rate x 2.5",
            Setup { call_rate_factor: 2.5, ..rare },
            Count::FalseVerdicts,
            0.10,
        ),
        row(
            "acted because yesterday was slow",
            Setup { acted_on_slow_day: true, ..nothing },
            Count::FalseImproved,
            0.02,
        ),
        row(
            "-30 %, 14 days of baseline",
            Setup { effect: faster(30.0), ..nothing },
            Count::Power,
            0.90,
        ),
        row(
            "-30 %, 3 days of baseline",
            Setup { effect: faster(30.0), baseline_days: 3, ..nothing },
            Count::Power,
            0.80,
        ),
        row("-50 %", Setup { effect: faster(50.0), ..nothing }, Count::Power, 0.99),
        row("95 % interval, nothing changed", nothing, Count::Coverage, 0.93),
        row(
            "95 % interval, -30 %",
            Setup { effect: faster(30.0), ..nothing },
            Count::Coverage,
            0.93,
        ),
        row(
            "95 % interval, -30 % and the upgrade",
            Setup { effect: faster(30.0), upgrade, ..nothing },
            Count::Coverage,
            0.93,
        ),
        shown(
            "no controls, nothing changed",
            Setup { controls: 0, ..nothing },
            Count::FalseVerdicts,
        ),
        shown(
            "3 days of baseline, nothing changed",
            Setup { baseline_days: 3, ..nothing },
            Count::FalseVerdicts,
        ),
        shown(
            "2 days of baseline, nothing changed",
            Setup { baseline_days: 2, ..nothing },
            Count::FalseVerdicts,
        ),
        shown(
            "-30 %, 2 days of baseline",
            Setup { effect: faster(30.0), baseline_days: 2, ..nothing },
            Count::Power,
        ),
        shown(
            "-30 %, no controls",
            Setup { effect: faster(30.0), controls: 0, ..nothing },
            Count::Power,
        ),
        shown("-30 %, 3 calls an hour", Setup { effect: faster(30.0), ..rare }, Count::Power),
        shown("-15 %", Setup { effect: faster(15.0), ..nothing }, Count::Power),
        shown("+30 %", Setup { effect: 1.3_f64.ln(), ..nothing }, Count::PowerToRegress),
        shown(
            "-30 % and the upgrade",
            Setup { effect: faster(30.0), upgrade, ..nothing },
            Count::Power,
        ),
        shown(
            "day noise 12 %, AR .5, -30 %",
            Setup { effect: faster(30.0), day_sd: 0.12, day_correlation: 0.5, ..nothing },
            Count::Power,
        ),
        shown(
            "heavy tail, -30 %",
            Setup { effect: faster(30.0), heavy_tail: true, ..nothing },
            Count::Power,
        ),
    ]
}

/// The limit, moved by three standard errors of a rate from that many trials.
pub fn widened(count: Count, limit: f64, trials: usize) -> f64 {
    let slack = 3.0 * (limit * (1.0 - limit) / trials as f64).sqrt();
    if count.is_at_most() { limit + slack } else { limit - slack }
}

/// The table as Markdown.
pub fn table(rows: &[(Scenario, Tally)]) -> String {
    let mut text = String::from(
        "| simulated | counted | promised | came out | improved | not improved | regressed | inconclusive |\n|---|---|---|---|---|---|---|---|\n",
    );
    for (scenario, tally) in rows {
        let percent = |hits: usize| 100.0 * hits as f64 / tally.trials as f64;
        let limit = scenario.limit.map_or("-".to_owned(), |limit| {
            let sign = if scenario.count.is_at_most() { "at most" } else { "at least" };
            format!("{sign} {:.0} %", limit * 100.0)
        });
        let _ = writeln!(
            text,
            "| {} | {} | {limit} | {:.1} % | {:.1} % | {:.1} % | {:.1} % | {:.1} % |",
            scenario.name,
            scenario.count.name(),
            100.0 * tally.rate(scenario.count),
            percent(tally.improved),
            percent(tally.not_improved),
            percent(tally.regressed),
            percent(tally.inconclusive),
        );
    }
    text
}
