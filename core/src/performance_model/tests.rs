use super::*;
use crate::Micros;

/// SplitMix64 (Steele, Lea and Flood, 2014): the same numbers in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Roughly normal, mean 0, deviation 1.
    fn noise(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }
}

fn example(stated: f64, mean_ms: f64, came: f64, number: i64) -> Example {
    Example {
        features: Features {
            made_by: "builtin".to_owned(),
            source_type: "index".to_owned(),
            kind: "btree".to_owned(),
            stated_percent: stated,
            calls_per_hour: 100.0,
            mean_exec_time_ms: mean_ms,
            shared_blks_per_call: 10.0,
            rows_per_call: 1.0,
            cost_ratio: None,
        },
        improvement_percent: came,
        outcome: Outcome {
            lesson: Lesson::Worked { improvement_percent: came },
            measured_at: number,
            predicted_percent: stated,
            share: 1.0,
        },
        action: number,
    }
}

/// Slow queries gain more than was said, fast ones less: a rate per kind cannot see it.
fn depends_on_time(count: i64, noise: f64) -> Vec<Example> {
    let mut numbers = Numbers(7);
    (0..count)
        .map(|number| {
            let stated = 40.0 + 40.0 * numbers.next();
            let mean_ms = (numbers.next() * 8.0).exp();
            let came = 0.3 * stated + 6.0 * mean_ms.ln_1p() + noise * numbers.noise();
            example(stated, mean_ms, came.clamp(5.0, 100.0), number)
        })
        .collect()
}

/// What comes is what the rule says, and noise.
fn as_the_rule_says(count: i64) -> Vec<Example> {
    let mut numbers = Numbers(11);
    (0..count)
        .map(|number| {
            let stated = 30.0 + 60.0 * numbers.next();
            let mean_ms = (numbers.next() * 8.0).exp();
            example(stated, mean_ms, 0.7 * stated + 10.0 * numbers.noise(), number)
        })
        .collect()
}

#[test]
fn nothing_is_trained_before_there_are_enough_outcomes() {
    let examples = depends_on_time(60, 5.0);
    assert_eq!(train(49, &examples), Err(NotTrained::TooFewOutcomes { outcomes: 49 }));
    assert!(train(50, &examples).is_ok());
    assert_eq!(train(50, &examples[..19]), Err(NotTrained::TooFewWorked { worked: 19 }));
    assert!(train(50, &examples[..20]).is_ok());
}

#[test]
fn a_model_is_trained_anew_when_a_twentieth_has_come_in() {
    assert!(!is_due(0, 49));
    assert!(is_due(0, 50));
    assert!(!is_due(100, 100));
    assert!(!is_due(100, 104));
    assert!(is_due(100, 105));
}

#[test]
fn what_depends_on_the_query_is_learned_and_used() {
    let model = train(150, &depends_on_time(150, 5.0)).unwrap();
    assert!(model.beats_rule, "{model:?}");
    assert!(model.quality.mae < 6.0, "{model:?}");
    assert!(model.quality.mae < 0.6 * model.rule_quality.mae, "{model:?}");
    assert!(model.quality.r2 > 0.7, "{model:?}");
    let said = |mean_ms: f64| model.predict(&example(60.0, mean_ms, 0.0, 0).features);
    assert!(said(2000.0) > said(2.0) + 25.0);
}

#[test]
fn where_the_rule_is_the_truth_the_model_stays_unused() {
    for count in [50, 200] {
        let model = train(50, &as_the_rule_says(count)).unwrap();
        assert!(!model.beats_rule, "{model:?}");
    }
}

#[test]
fn noise_is_not_learned() {
    let mut numbers = Numbers(3);
    let examples: Vec<Example> = (0..100)
        .map(|number| {
            example(60.0, (numbers.next() * 8.0).exp(), 50.0 + 20.0 * numbers.noise(), number)
        })
        .collect();
    let model = train(100, &examples).unwrap();
    assert!(model.quality.r2 < 0.1, "{model:?}");
    assert!(!model.beats_rule, "{model:?}");
}

#[test]
fn examples_of_one_action_are_left_out_together() {
    let mut examples = depends_on_time(60, 5.0);
    for (place, example) in examples.iter_mut().enumerate() {
        example.action = (place / 7) as i64;
    }
    let shown: Vec<&Example> = examples.iter().collect();
    let folds = cross_validation::folds(&shown);
    for action in 0..9 {
        let parts = folds
            .iter()
            .filter(|fold| fold.iter().any(|place| (place / 7) as i64 == action))
            .count();
        assert_eq!(parts, 1);
    }
    assert_eq!(folds.iter().map(|fold| fold.len()).sum::<usize>(), 60);
}

#[test]
fn the_interval_holds_what_comes_next_four_times_in_five() {
    let examples = depends_on_time(600, 8.0);
    let model = train(300, &examples[..300]).unwrap();
    let held = examples[300..]
        .iter()
        .filter(|e| {
            (model.predict(&e.features) - e.improvement_percent).abs() <= model.half_width_percent
        })
        .count();
    assert!((225..=255).contains(&held), "{held} of 300");
}

#[test]
fn old_outcomes_count_less() {
    const YEAR: Micros = 365 * 86_400_000_000;
    let mut examples = depends_on_time(100, 1.0);
    // A year ago it was the other way round.
    for example in &mut examples[..50] {
        example.improvement_percent = 100.0 - example.improvement_percent;
    }
    let flat = train(100, &examples).unwrap();
    for example in &mut examples[50..] {
        example.outcome.measured_at += 3 * YEAR;
    }
    let aged = train(100, &examples).unwrap();
    let slope = |model: &Model| model.coefficients[2];
    assert!(slope(&aged) > slope(&flat) + 1.0, "{} {}", slope(&aged), slope(&flat));
}

#[test]
fn odd_numbers_give_a_number_between_0_and_100() {
    let mut examples = depends_on_time(60, 5.0);
    examples[0].features.calls_per_hour = f64::INFINITY;
    examples[1].features.mean_exec_time_ms = f64::NAN;
    examples[2].features.cost_ratio = Some(0.0);
    examples[3].improvement_percent = f64::NAN;
    examples[4].features.rows_per_call = -5.0;
    for example in &mut examples[5..10] {
        example.features.shared_blks_per_call = 1e300;
    }
    let model = train(60, &examples).unwrap();
    assert_eq!(model.examples, 59);
    assert!(model.quality.mae.is_finite() && model.half_width_percent.is_finite());
    for example in &examples {
        assert!((0.0..=100.0).contains(&model.predict(&example.features)));
    }
    let alike: Vec<Example> = (0..60).map(|number| example(50.0, 5.0, 50.0, number)).collect();
    let model = train(60, &alike).unwrap();
    assert!(model.quality.mae < 1e-9 && !model.beats_rule, "{model:?}");
    assert_eq!(model.quality.r2, 0.0);
    assert!((model.predict(&alike[0].features) - 50.0).abs() < 1e-9);
}
