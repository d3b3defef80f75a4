//! Whether what is learned from verdicts can be relied on: advice is drawn, carried out in a simulated
//! database, judged by the real method, and learned from, outcome by outcome.

use std::fmt::Write;

use optimizer_core::Micros;
use optimizer_core::learning::calibration::{
    Said, brier_score, calibration_error, realised_coverage, reliability,
};
use optimizer_core::learning::{
    ConfidenceLine, KindLearning, Lesson, Outcome, forecast_percent, pooled_half_width_percent,
};
use optimizer_core::verdict::Verdict;

use crate::generator::{Setup, generate};
use crate::random::Random;
use crate::scenarios::both_looks;

/// Outcomes of one run.
const OUTCOMES: usize = 600;
/// Outcomes after which what is said is compared with what the sources said.
const WARM_UP: usize = 60;
/// How often advice of each kind works.
const KINDS: [f64; 4] = [0.3, 0.5, 0.7, 0.85];
/// Single advice of a kind works more or less often than that by up to this.
const WITHIN_KIND: f64 = 0.12;
/// Of advice that does not work, how much does harm, and how much it costs.
const HARMFUL: f64 = 0.1;

/// How sources state their confidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stated {
    Calibrated,
    BiasedByKind,
    OverConfident,
    Noise,
}

pub const ALL: [Stated; 4] =
    [Stated::Calibrated, Stated::BiasedByKind, Stated::OverConfident, Stated::Noise];

impl Stated {
    pub fn name(self) -> &'static str {
        match self {
            Stated::Calibrated => "stated confidence well calibrated",
            Stated::BiasedByKind => "biased by kind",
            Stated::OverConfident => "over-confident",
            Stated::Noise => "pure noise",
        }
    }

    fn confidence(self, random: &mut Random, kind: usize, chance: f64) -> f64 {
        let stated = match self {
            Stated::Calibrated => chance,
            Stated::BiasedByKind => chance + [0.3, -0.25, 0.2, -0.35][kind],
            Stated::OverConfident => 0.6 + 0.4 * chance,
            Stated::Noise => random.uniform(),
        };
        stated.clamp(0.01, 0.99)
    }
}

/// What came of some runs.
#[derive(Default, Clone)]
pub struct Lessons {
    learned: Vec<Said>,
    /// Learned and stated, after the warm-up.
    late: Vec<(Said, Said)>,
    forecasts: Vec<(f64, f64, f64)>,
    pub inconclusive: usize,
    pub verdicts: usize,
}

impl Lessons {
    pub fn join(mut self, other: Lessons) -> Lessons {
        self.learned.extend(other.learned);
        self.late.extend(other.late);
        self.forecasts.extend(other.forecasts);
        self.inconclusive += other.inconclusive;
        self.verdicts += other.verdicts;
        self
    }

    pub fn calibration_error(&self) -> f64 {
        calibration_error(&reliability(&self.learned, 10)).unwrap()
    }

    /// Learned and stated, after the warm-up.
    pub fn brier(&self) -> (f64, f64) {
        let (learned, stated): (Vec<Said>, Vec<Said>) = self.late.iter().copied().unzip();
        (brier_score(&learned).unwrap(), brier_score(&stated).unwrap())
    }

    pub fn coverage(&self) -> f64 {
        realised_coverage(&self.forecasts).unwrap()
    }
}

/// One run of [`OUTCOMES`] implementations, two a day.
pub fn run(stated: Stated, seed: u64) -> Lessons {
    let mut random = Random::new(seed ^ 0x1EA4);
    let mut outcomes: [Vec<Outcome>; 4] = Default::default();
    let mut lessons = Lessons::default();
    for number in 0..OUTCOMES {
        let kind = random.below(KINDS.len());
        let chance = KINDS[kind] + random.between(-WITHIN_KIND, WITHIN_KIND);
        let confidence = stated.confidence(&mut random, kind, chance);
        let predicted_percent = random.between(30.0, 80.0);
        let effect = if random.happens(chance) {
            // Kinds keep 0.6 to 1.1 of what they promise, give or take 8 points.
            let kept = predicted_percent * (0.6 + 0.15 * kind as f64) + 8.0 * random.normal();
            (-kept.clamp(15.0, 95.0) / 100.0).ln_1p()
        } else if random.happens(HARMFUL) {
            1.4_f64.ln()
        } else {
            0.0
        };
        let shown = shown(&outcomes, kind, confidence, predicted_percent);
        let world = generate(&mut random, &Setup { effect, ..Setup::default() });
        let finding = both_looks(&world, false).0;
        lessons.verdicts += 1;
        let adjusted = finding.adjusted_improvement_percent();
        let lesson = match (finding.verdict, adjusted) {
            (Verdict::Improved, Some(improvement_percent)) => {
                Lesson::Worked { improvement_percent }
            }
            (Verdict::NotImproved, _) => Lesson::Failed,
            (Verdict::Regressed, _) => Lesson::Harmed,
            _ => Lesson::Inconclusive,
        };
        if lesson == Lesson::Inconclusive {
            lessons.inconclusive += 1;
        } else {
            let worked = matches!(lesson, Lesson::Worked { .. });
            let said = Said { confidence: shown.confidence, worked };
            lessons.learned.push(said);
            if number >= WARM_UP {
                lessons.late.push((said, Said { confidence, worked }));
            }
        }
        if let Lesson::Worked { improvement_percent } = lesson {
            let (middle, half) = (shown.forecast_percent, shown.half_width_percent);
            lessons.forecasts.push((improvement_percent, middle - half, middle + half));
        }
        let measured_at = number as Micros * 43_200_000_000;
        outcomes[kind].push(Outcome { lesson, measured_at, predicted_percent, share: 1.0 });
    }
    lessons
}

struct Shown {
    confidence: f64,
    forecast_percent: f64,
    half_width_percent: f64,
}

/// What the list shows for a recommendation after these outcomes.
fn shown(outcomes: &[Vec<Outcome>; 4], kind: usize, stated: f64, predicted: f64) -> Shown {
    let learning = KindLearning::from_outcomes(&outcomes[kind]);
    let pooled = || {
        let residuals = outcomes
            .iter()
            .flat_map(|outcomes| KindLearning::from_outcomes(outcomes).residuals(outcomes));
        pooled_half_width_percent(residuals.collect())
    };
    Shown {
        confidence: ConfidenceLine::after(learning.weight, learning.success_weight).at(stated),
        forecast_percent: forecast_percent(predicted, learning.realisation_rate),
        half_width_percent: learning.half_width_percent.unwrap_or_else(pooled),
    }
}

/// The table as Markdown.
pub fn table(rows: &[(Stated, Lessons)]) -> String {
    let mut text = String::from(
        "| confidence of the sources | calibration error (at most 0.05) | Brier score learned | stated | gain promised | 80 % forecast interval held | inconclusive |\n|---|---|---|---|---|---|---|\n",
    );
    for (stated, lessons) in rows {
        let (learned, said) = lessons.brier();
        let _ = writeln!(
            text,
            "| {} | {:.3} | {learned:.3} | {said:.3} | {} | {:.1} % | {:.1} % |",
            stated.name(),
            lessons.calibration_error(),
            if *stated == Stated::Calibrated { "at most 0.02 lost" } else { "at least 0.015" },
            100.0 * lessons.coverage(),
            100.0 * lessons.inconclusive as f64 / lessons.verdicts as f64,
        );
    }
    text
}
