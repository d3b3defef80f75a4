use super::*;
use proptest::prelude::*;

/// The confidence that a stated one becomes after these outcomes.
fn confidence(stated: f64, weight: f64, success_weight: f64) -> f64 {
    ConfidenceLine::after(weight, success_weight).at(stated)
}

const DAY: Micros = 86_400_000_000;

fn outcome(lesson: Lesson) -> Outcome {
    Outcome { lesson, measured_at: 0, predicted_percent: 80.0, share: 1.0 }
}

fn worked(percent: f64) -> Outcome {
    outcome(Lesson::Worked { improvement_percent: percent })
}

#[test]
fn without_outcomes_both_are_what_the_source_stated() {
    let learning = KindLearning::from_outcomes(&[]);
    assert_eq!(confidence(0.995, learning.weight, learning.success_weight), 0.995);
    assert_eq!(forecast_percent(95.0, learning.realisation_rate), 95.0);
}

#[test]
fn inconclusive_outcomes_are_counted_and_teach_nothing() {
    let learning = KindLearning::from_outcomes(&[outcome(Lesson::Inconclusive); 3]);
    assert_eq!((learning.outcomes, learning.inconclusive), (0, 3));
    assert_eq!(confidence(0.7, learning.weight, learning.success_weight), 0.7);
    assert_eq!(learning.realisation_rate, None);
}

#[test]
fn the_formula_by_hand() {
    // N = 2, S = 1: m = 0.9 + 0.5 * 2/10 * (0.5 - 0.9) = 0.86; (1 + 8 * 0.86) / 10 = 0.788.
    let learning = KindLearning::from_outcomes(&[worked(60.0), outcome(Lesson::Failed)]);
    assert_eq!((learning.weight, learning.success_weight), (2.0, 1.0));
    let learned = confidence(0.9, learning.weight, learning.success_weight);
    assert!((learned - 0.788).abs() < 1e-12, "{learned}");
    // One that worked, 60 instead of 80: (4800 + 5 * 6400) / (6400 + 5 * 6400) = 36800 / 38400.
    let rate = learning.realisation_rate.unwrap();
    assert!((rate - 36_800.0 / 38_400.0).abs() < 1e-12, "{rate}");
    assert!((forecast_percent(50.0, Some(rate)) - 50.0 * rate).abs() < 1e-12);
}

#[test]
fn failures_move_the_confidence_and_leave_the_forecast() {
    let learning = KindLearning::from_outcomes(&[outcome(Lesson::Failed); 4]);
    assert!(confidence(0.9, learning.weight, learning.success_weight) < 0.6);
    assert_eq!(learning.realisation_rate, None);
}

#[test]
fn confidence_stays_within_two_and_ninety_eight_percent() {
    assert_eq!(confidence(1.0, 1000.0, 1000.0), 0.98);
    assert_eq!(confidence(0.0, 1000.0, 0.0), 0.02);
}

#[test]
fn an_outcome_counts_half_after_180_days_seen_from_the_latest_one() {
    let old = Outcome { measured_at: -180 * DAY, ..outcome(Lesson::Failed) };
    let learning = KindLearning::from_outcomes(&[old, worked(80.0)]);
    assert!((learning.weight - 1.5).abs() < 1e-12);
    assert!((learning.success_weight - 1.0).abs() < 1e-12);
    // As long as nothing new is measured, time alone changes nothing.
    let alone = KindLearning::from_outcomes(&[old]);
    assert_eq!(alone.weight, 1.0);
}

#[test]
fn harm_is_one_in_twenty_until_outcomes_say_otherwise() {
    assert_eq!(KindLearning::from_outcomes(&[]).harm_rate(), 0.05);
    let harmed = outcome(Lesson::Harmed);
    let learning = KindLearning::from_outcomes(&[harmed, harmed, worked(80.0), harmed]);
    assert_eq!(learning.harm_weight, 3.0);
    assert!((learning.harm_rate() - 4.0 / 24.0).abs() < 1e-12);
    // Harm and a broken promise weigh the same on the confidence.
    let failed = outcome(Lesson::Failed);
    let failing = KindLearning::from_outcomes(&[failed, failed, worked(80.0), failed]);
    assert_eq!(
        (failing.weight, failing.success_weight),
        (learning.weight, learning.success_weight)
    );
    assert_eq!(failing.harm_weight, 0.0);
}

#[test]
fn outcomes_of_one_action_share_one_weight() {
    let third = Outcome { share: 1.0 / 3.0, ..worked(80.0) };
    assert!((KindLearning::from_outcomes(&[third; 3]).weight - 1.0).abs() < 1e-12);
}

#[test]
fn a_kind_that_never_predicted_anything_keeps_its_forecast() {
    let silent = Outcome { predicted_percent: 0.0, ..worked(30.0) };
    assert_eq!(KindLearning::from_outcomes(&[silent]).realisation_rate, None);
}

#[test]
fn the_interval_is_pooled_until_a_kind_has_nine_residuals_of_its_own() {
    let eight = KindLearning::from_outcomes(&[worked(70.0); 8]);
    assert_eq!(eight.half_width_percent, None);
    let nine = KindLearning::from_outcomes(&[worked(70.0); 9]);
    assert!(nine.half_width_percent.unwrap() > 0.0);
    assert_eq!(pooled_half_width_percent(vec![1.0, 2.0, 3.0]), UNKNOWN_HALF_WIDTH_PERCENT);
    assert_eq!(pooled_half_width_percent(vec![4.0, 1.0, 3.0, 2.0]), 4.0);
    assert_eq!(pooled_half_width_percent((1..=9).map(f64::from).collect()), 8.0);
}

#[test]
fn the_line_is_the_formula_of_the_shifted_prior() {
    // N = 12, S = 9, stated 0.6: m = 0.6 + 0.5 x 12/20 x (0.75 - 0.6) = 0.645,
    // (9 + 8 x 0.645) / 20 = 0.708.
    assert!((confidence(0.6, 12.0, 9.0) - 0.708).abs() < 1e-12);
}

proptest! {
    #[test]
    fn what_is_learned_stays_in_range(
        stated in 0.0f64..=1.0,
        predicted in 0.0f64..=100.0,
        actual in prop::collection::vec(-500.0f64..100.0, 0..30),
    ) {
        let outcomes: Vec<Outcome> = actual.iter().map(|percent| Outcome {
            predicted_percent: predicted,
            ..if *percent >= 5.0 { worked(*percent) } else { outcome(Lesson::Failed) }
        }).collect();
        let learning = KindLearning::from_outcomes(&outcomes);
        let learned = confidence(stated, learning.weight, learning.success_weight);
        prop_assert!((0.0..=1.0).contains(&learned));
        let forecast = forecast_percent(predicted, learning.realisation_rate);
        prop_assert!((0.0..=100.0).contains(&forecast));
    }
}
