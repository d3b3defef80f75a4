use super::*;

use crate::verdict::interval::tests::given;

/// Grounds on which nothing stands against a verdict.
fn ruled(
    time: Result<Effect, Shortfall>,
    change: impl for<'a> FnOnce(&mut Grounds<'a>, &'a Circumstances),
) -> Ruling {
    ruled_with(Circumstances::default(), time, change)
}

fn ruled_with(
    circumstances: Circumstances,
    time: Result<Effect, Shortfall>,
    change: impl for<'a> FnOnce(&mut Grounds<'a>, &'a Circumstances),
) -> Ruling {
    let mut grounds = Grounds {
        circumstances: &circumstances,
        alpha: 0.05,
        predicted_improvement_percent: 50.0,
        awaits_new_query: false,
        calls: (5000.0, 700.0),
        calls_per_hour: Some((60.0, 60.0)),
        observed_share: Some(1.0),
        lossy_share: 0.0,
        observed_days_before: 14,
        baseline_since: None,
        time: &time,
        contrary: None,
        blocks: None,
        is_controlled: true,
        agreement: None,
        unit: "a call",
    };
    change(&mut grounds, &circumstances);
    decide(&grounds)
}

fn reason(theta: f64, standard_error: f64) -> Reason {
    ruled(Ok(given(theta, standard_error)), |_, _| ()).0
}

#[test]
fn better_and_worse_need_both_the_interval_and_five_percent() {
    let five = 1.05_f64.ln();
    assert_eq!(reason(-five, 0.001), Reason::Faster);
    assert_eq!(reason(-five + 1e-9, 0.001), Reason::BelowPromise);
    assert_eq!(reason(five, 0.001), Reason::Slower);
    assert_eq!(reason(five - 1e-9, 0.001), Reason::BelowPromise);
    // 2.1788 standard errors at 12 degrees of freedom.
    assert_eq!(reason(-0.5, 0.5 / 2.178), Reason::Power);
    assert_eq!(reason(-0.5, 0.5 / 2.179), Reason::Faster);
    assert_eq!(reason(0.5, 0.5 / 2.179), Reason::Slower);
    assert_eq!(reason(0.5, 0.5 / 2.178), Reason::BelowPromise);
}

#[test]
fn a_stricter_look_decides_less() {
    let look = |alpha| ruled(Ok(given(-0.5, 0.2)), |grounds, _| grounds.alpha = alpha).0;
    assert_eq!(look(0.05), Reason::Faster);
    assert_eq!(look(0.01), Reason::Power);
}

#[test]
fn a_promise_is_broken_when_not_even_the_good_end_reaches_half_of_it() {
    // The good end of the interval: 0.2179 at 0.1. Half of 50 % is 25 %, ln of it 0.2877.
    let predicted = |percent| {
        ruled(Ok(given(0.0, 0.1)), |grounds, _| grounds.predicted_improvement_percent = percent).0
    };
    assert_eq!(predicted(50.0), Reason::BelowPromise);
    assert_eq!(predicted(39.2), Reason::BelowPromise);
    assert_eq!(predicted(39.0), Reason::Power);
    assert_eq!(predicted(0.0), Reason::Power);
    // Nothing promised is a promise of 5 %.
    assert!((promise(0.0) + 0.95_f64.ln()).abs() < 1e-12);
    assert!((promise(f64::NAN) + 0.95_f64.ln()).abs() < 1e-12);
    assert!((promise(80.0) + 0.6_f64.ln()).abs() < 1e-12);
    assert!(promise(1e9).is_finite());
}

#[test]
fn blocks_stand_in_for_time_that_points_the_same_way() {
    let with = |theta, blocks: Effect| {
        ruled(Ok(given(theta, 0.3)), |grounds, _| {
            let blocks = Box::leak(Box::new(blocks));
            grounds.blocks = Some(blocks);
        })
        .0
    };
    assert_eq!(with(-0.1, given(-1.0, 0.1)), Reason::FewerBlocks);
    assert_eq!(with(0.01, given(-1.0, 0.1)), Reason::Power);
    // 10 % less is ln 0.9 = -0.10536.
    assert_eq!(with(-0.1, given(-0.1054, 0.01)), Reason::FewerBlocks);
    assert_eq!(with(-0.1, given(-0.1053, 0.01)), Reason::Power);
    // alpha 0.005: 3.4284 standard errors.
    assert_eq!(with(-0.1, given(-1.0, 1.0 / 3.43)), Reason::FewerBlocks);
    assert_eq!(with(-0.1, given(-1.0, 1.0 / 3.42)), Reason::Power);
    // Time that is decided needs no blocks.
    let slower = ruled(Ok(given(0.5, 0.01)), |grounds, _| {
        grounds.blocks = Some(Box::leak(Box::new(given(-1.0, 0.01))));
    });
    assert_eq!(slower.0, Reason::Slower);
}

#[test]
fn what_makes_a_comparison_worthless_comes_first() {
    let best = || Ok(given(-2.0, 0.01));
    let text = || Some("told so".to_owned());
    for (reason, circumstances) in [
        (Reason::NotApplied, Circumstances { not_applied: text(), ..Default::default() }),
        (Reason::Error, Circumstances { error: text(), ..Default::default() }),
        (Reason::EpochChange, Circumstances { epoch_change: text(), ..Default::default() }),
        (Reason::Confounded, Circumstances { confounded_by: text(), ..Default::default() }),
    ] {
        let ruling = ruled_with(circumstances, best(), |_, _| ());
        assert_eq!(ruling, (reason, "told so".to_owned()));
    }
    assert_eq!(ruled(best(), |g, _| g.awaits_new_query = true).0, Reason::QueryVanished);
    assert_eq!(ruled(best(), |g, _| g.calls = (9.0, 0.0)).0, Reason::QueryVanished);
}

#[test]
fn the_window_must_have_been_seen() {
    let seen = |share, lossy| {
        ruled(Ok(given(-2.0, 0.01)), |grounds, _| {
            grounds.observed_share = share;
            grounds.lossy_share = lossy;
        })
    };
    assert_eq!(seen(Some(0.8), 0.1).0, Reason::Faster);
    assert_eq!(seen(Some(0.79), 0.0).0, Reason::Coverage);
    assert_eq!(seen(Some(1.0), 0.11).0, Reason::Coverage);
    assert_eq!(seen(None, 0.0).0, Reason::Coverage);
    assert!(seen(Some(0.5), 0.0).1.starts_with("50 % of the time since"));
    // A query that was not seen has not vanished.
    let unseen = ruled(Err(Shortfall::After), |grounds, _| {
        grounds.observed_share = Some(0.0);
        grounds.calls = (9.0, 0.0);
    });
    assert_eq!(unseen.0, Reason::Coverage);
}

#[test]
fn days_without_calls_and_days_without_observation_are_told_apart() {
    let short = |observed_days_before| {
        ruled(Err(Shortfall::Before(1)), |g, _| g.observed_days_before = observed_days_before)
    };
    assert_eq!(short(1).0, Reason::ShortBaseline);
    assert_eq!(short(2).0, Reason::TooFewCalls);
    assert_eq!(ruled(Err(Shortfall::After), |_, _| ()).0, Reason::TooFewCalls);
    assert_eq!(ruled(Err(Shortfall::NotFinite), |_, _| ()).0, Reason::Error);
}

#[test]
fn a_known_event_matters_only_without_controls() {
    let event =
        || Circumstances { known_event: Some("restarted".to_owned()), ..Default::default() };
    let with = |is_controlled| {
        ruled_with(event(), Ok(given(-2.0, 0.01)), |g, _| g.is_controlled = is_controlled)
    };
    assert_eq!(with(true).0, Reason::Faster);
    assert_eq!(with(false).0, Reason::Uncontrolled);
    assert!(with(false).1.starts_with("restarted, "));
    assert_eq!(ruled(Ok(given(-2.0, 0.01)), |g, _| g.is_controlled = false).0, Reason::Faster);
}

#[test]
fn a_call_rate_that_moved_threefold_to_below_ten_is_another_workload() {
    let moved = |before, after| {
        ruled(Ok(given(-2.0, 0.01)), |g, _| g.calls_per_hour = Some((before, after))).0
    };
    assert_eq!(moved(30.1, 9.9), Reason::WorkloadShift);
    assert_eq!(moved(2.0, 9.0), Reason::WorkloadShift);
    assert_eq!(moved(29.0, 9.9), Reason::Faster);
    assert_eq!(moved(40.0, 10.1), Reason::Faster);
    assert_eq!(moved(3.0, 100.0), Reason::Faster);
}

#[test]
fn call_and_row_that_are_proven_to_disagree_give_no_verdict() {
    let with = |contrary: Effect| {
        ruled(Ok(given(-1.0, 0.1)), |g, _| g.contrary = Some(Box::leak(Box::new(contrary)))).0
    };
    assert_eq!(with(given(1.0, 0.1)), Reason::WorkloadShift);
    assert_eq!(with(given(1.0, 0.9)), Reason::Faster);
    assert_eq!(with(given(-1.0, 0.1)), Reason::Faster);
}

#[test]
fn a_server_wide_improvement_must_show_in_three_of_five_queries() {
    let with =
        |theta, agreement| ruled(Ok(given(theta, 0.01)), |g, _| g.agreement = Some(agreement)).0;
    assert_eq!(with(-1.0, (0.6, 20)), Reason::Faster);
    assert_eq!(with(-1.0, (0.55, 20)), Reason::Uncontrolled);
    assert_eq!(with(-1.0, (1.0, 0)), Reason::Uncontrolled);
    assert_eq!(with(1.0, (0.0, 20)), Reason::Slower);
    assert_eq!(with(0.0, (0.0, 20)), Reason::BelowPromise);
}

#[test]
fn sentences_name_numbers_and_units() {
    let (_, sentence) = ruled(Ok(given(0.5_f64.ln(), 0.1)), |_, _| ());
    assert_eq!(
        sentence,
        "a call takes 50.0 % less time (improvement 50.0 %, 95 % interval 37.8 % to 59.8 %)"
    );
    let (_, sentence) = ruled(Ok(given(1.5_f64.ln(), 0.1)), |_, _| ());
    assert!(
        sentence.starts_with("a call takes 50.0 % more time (improvement -50.0 %"),
        "{sentence}"
    );
    for nothing in [0.0, 0.0003, -0.0003] {
        let (_, sentence) = ruled(Ok(given(nothing, 0.1)), |_, _| ());
        assert!(
            sentence.starts_with("a call takes 0.0 % less time (improvement 0.0 %"),
            "{sentence}"
        );
    }
}
