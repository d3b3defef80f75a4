//! Claims about whole examinations. One file, though a long one: each is a variation of the same change.

use super::*;
use proptest::prelude::*;

use crate::measurement::Look;
use crate::verdict::Verdict;
use crate::verdict::evidence::{Bucket, Candidate, Cell, Circumstances, Earlier, QueryHistory};
use crate::verdict::fixture::{
    ALL, CHANGED_AT, at, bucket, buckets, candidates, cell, evidence, kept, wobbling,
};
use crate::verdict::timeline::HOUR;

fn found(change: impl FnOnce(&mut ChangeEvidence<'static>)) -> Finding {
    found_after(10.0, change)
}

fn found_after(after: f64, change: impl FnOnce(&mut ChangeEvidence<'static>)) -> Finding {
    let mut evidence = evidence(after);
    change(&mut evidence);
    let finding = examine(&evidence);
    assert_sound(&finding);
    finding
}

/// Every number is finite, and the verdict is the one that goes with its reason.
fn assert_sound(finding: &Finding) {
    let effects = [
        finding.effect,
        finding.blocks_effect,
        finding.per_call_effect,
        finding.per_row_effect,
        finding.side_effect.map(|side| side.effect),
    ];
    let mut numbers: Vec<f64> = effects
        .iter()
        .flatten()
        .flat_map(|effect| {
            assert!(effect.low_percent <= effect.improvement_percent, "{effect:?}");
            assert!(effect.improvement_percent <= effect.high_percent, "{effect:?}");
            [effect.theta, effect.standard_error, effect.low_percent, effect.high_percent]
        })
        .collect();
    numbers.extend(finding.probability_improved);
    numbers.extend(finding.smallest_visible_effect_percent);
    numbers.extend(finding.old_text_percent);
    assert!(numbers.iter().all(|number| number.is_finite()), "{finding:?}");
    assert!(finding.more_calls_needed.is_none_or(|calls| calls >= 0));
    assert_eq!(finding.verdict, finding.reason.verdict());
    assert!(!finding.sentence.contains("NaN") && !finding.sentence.contains("inf "));
}

fn history(query_hash: i64, cells: impl IntoIterator<Item = Cell>) -> QueryHistory<'static> {
    QueryHistory { query_hash, cells: kept(cells.into_iter().collect()) }
}

#[test]
fn a_query_that_takes_half_the_time_improved() {
    let finding = found_after(5.0, |_| ());
    assert_eq!((finding.verdict, finding.reason), (Verdict::Improved, Reason::Faster));
    let effect = finding.effect.unwrap();
    assert!((effect.improvement_percent - 50.0).abs() < 8.0, "{effect:?}");
    assert!(effect.low_percent < 50.0 && effect.high_percent > 50.0, "{effect:?}");
    assert_eq!((effect.days_before, effect.days_after), (14, 2));
    assert_eq!((finding.mode, finding.controls), (Mode::Controlled, 10));
    assert_eq!(finding.basis, Basis::Time);
    assert!(finding.probability_improved.unwrap() > 0.999);
    assert!(finding.verdict_reason().starts_with("faster: a call takes "));
    assert_eq!(finding.more_calls_needed, None);
    assert!(finding.notes.is_empty(), "{:?}", finding.notes);
}

#[test]
fn a_query_that_takes_twice_the_time_regressed_and_one_that_did_not_move_is_not_improved() {
    assert_eq!(found_after(20.0, |_| ()).reason, Reason::Slower);
    let nothing = found_after(10.0, |_| ());
    assert_eq!(nothing.reason, Reason::BelowPromise);
    assert!(nothing.probability_improved.unwrap() < 0.5);
}

#[test]
fn what_moved_all_queries_was_not_the_change() {
    let upgrade = |controls: i64, factor: f64| {
        found_after(10.0 * factor, |e| e.candidates = kept(candidates(controls, factor)))
    };
    assert_eq!(upgrade(4, 0.6).reason, Reason::Faster);
    assert_eq!(upgrade(4, 0.6).mode, Mode::Uncontrolled);
    for factor in [0.6, 1.6] {
        let finding = upgrade(10, factor);
        assert_ne!(finding.verdict, Verdict::Improved, "{}", finding.sentence);
        assert_ne!(finding.verdict, Verdict::Regressed, "{}", finding.sentence);
        let uncontrolled = upgrade(0, factor).effect.unwrap().theta.abs();
        assert!(finding.effect.unwrap().theta.abs() < 0.4 * uncontrolled);
    }
}

/// 2.5 times slower up to an event that lies `days` before the change, and by nothing since.
fn after_event(days: i64, change: impl FnOnce(&mut ChangeEvidence<'static>)) -> Finding {
    found(|e| {
        let cells = wobbling(0, 10.0, 10.0).into_iter().map(|cell| {
            let factor = if cell.start < at(-24 * days) { 2.5 } else { 1.0 };
            Cell { total_exec_time_ms: factor * cell.total_exec_time_ms, ..cell }
        });
        e.target = history(-1, cells);
        change(e);
    })
}

fn earlier(days: i64) -> Option<Earlier> {
    Some(Earlier { at: at(-24 * days), words: "work_mem went from 4MB to 64MB".to_owned() })
}

#[test]
fn without_controls_days_before_an_event_are_not_compared_with() {
    let alone = |days, event: Option<Earlier>| {
        after_event(days, |e| {
            e.candidates = &[];
            e.circumstances.earlier_event = event;
        })
    };
    let blind = alone(5, None);
    assert!(blind.effect.unwrap().improvement_percent > 20.0, "{}", blind.sentence);
    let finding = alone(5, earlier(5));
    assert!(finding.effect.unwrap().improvement_percent.abs() < 6.0, "{}", finding.sentence);
    assert_eq!(finding.effect.unwrap().days_before, 3);
    assert!(finding.notes[0].ends_with("work_mem went from 4MB to 64MB"), "{:?}", finding.notes);
    let finding = alone(3, earlier(3));
    assert_eq!(finding.reason, Reason::ShortBaseline);
    assert_eq!(
        finding.sentence,
        "1 days before the change can be compared with, at least 2 are needed; \
         not those before that: work_mem went from 4MB to 64MB"
    );
    // What controls lived through, too, is taken out by them: their days stay.
    let controlled = found_after(10.0, |e| e.circumstances.earlier_event = earlier(5));
    assert_eq!(controlled.effect.unwrap().days_before, 14);
    assert!(controlled.notes.is_empty());
}

#[test]
fn controls_that_are_too_few_on_the_days_after_hold_no_event_back() {
    // Everything became faster at an event two days before the change, which does nothing. One of five controls rests
    // from the change on.
    let with = |resting: bool| {
        found(|e| {
            let faster = |cell: Cell| {
                let factor = if cell.start < at(-48) { 1.35 } else { 1.0 };
                Cell { total_exec_time_ms: factor * cell.total_exec_time_ms, ..cell }
            };
            e.target = history(-1, wobbling(0, 10.0, 10.0).into_iter().map(faster));
            let mut five = candidates(5, 1.0);
            for (number, candidate) in (1..).zip(&mut five) {
                let cells = wobbling(number, 5.0, 5.0).into_iter().map(faster);
                let until = if resting && number == 1 { at(0) } else { at(1000) };
                candidate.history = history(number, cells.filter(|cell| cell.start < until));
            }
            e.candidates = kept(five);
            e.window_end = at(24);
            e.look = Look::First;
            e.first_look_taken = false;
            e.circumstances.earlier_event = earlier(2);
        })
    };
    assert_eq!(with(false).verdict, Verdict::NotImproved);
    assert_eq!(with(true).reason, Reason::ShortBaseline);
}

#[test]
fn days_before_an_earlier_change_of_the_same_query_are_not_compared_with() {
    let blind = after_event(6, |_| ());
    assert!(blind.effect.unwrap().improvement_percent > 15.0, "{}", blind.sentence);
    let finding = after_event(6, |e| e.circumstances.earlier_change = earlier(6));
    assert!(finding.effect.unwrap().improvement_percent.abs() < 6.0, "{}", finding.sentence);
    assert_eq!(finding.effect.unwrap().days_before, 4);
    assert!(finding.controls >= 5);
    // The later of the two counts.
    let both = after_event(6, |e| {
        e.candidates = &[];
        e.circumstances.earlier_change = earlier(6);
        e.circumstances.earlier_event = earlier(9);
    });
    assert_eq!(both.effect.unwrap().days_before, 4);
}

#[test]
fn what_reaches_further_than_its_query_has_no_controls() {
    for scope in [Scope::Role, Scope::Database] {
        let finding = found_after(5.0, |e| e.scope = scope);
        assert_eq!((finding.verdict, finding.mode), (Verdict::Improved, Mode::Uncontrolled));
        assert_eq!(finding.controls, 0);
        assert!(finding.notes[0].starts_with("the change reaches other queries"));
    }
}

#[test]
fn a_change_of_the_server_improved_only_what_most_queries_show() {
    let with = |faster: i64| {
        found_after(5.0, |e| {
            e.scope = Scope::Server;
            let costliest = (0..20).map(|number| {
                let after = if number < faster { 4.0 } else { 6.0 };
                history(number, wobbling(number, 5.0, after))
            });
            e.costliest = kept(costliest.collect());
        })
    };
    assert_eq!(with(12).reason, Reason::Faster);
    let finding = with(11);
    assert_eq!(finding.reason, Reason::Uncontrolled);
    assert!(finding.sentence.starts_with("55 % of the 20 costliest"), "{}", finding.sentence);
    assert_eq!(found_after(5.0, |e| e.scope = Scope::Server).reason, Reason::Uncontrolled);
}

#[test]
fn the_first_look_sees_one_day_and_is_stricter() {
    let first = found_after(5.0, |e| {
        e.look = Look::First;
        e.first_look_taken = false;
        e.window_end = CHANGED_AT + 24 * HOUR;
    });
    assert_eq!((first.verdict, first.effect.unwrap().days_after), (Verdict::Improved, 1));
    let early = found_after(5.0, |e| e.window_end = CHANGED_AT + 23 * HOUR);
    assert_eq!(early.reason, Reason::Coverage);
    assert!(early.sentence.starts_with("less than one whole day"), "{}", early.sentence);
    let before_it = found_after(5.0, |e| e.window_end = CHANGED_AT - 100 * HOUR);
    assert_eq!(before_it.reason, Reason::Coverage);
}

#[test]
fn a_query_that_is_not_called_any_more_has_vanished() {
    let before = |hash, until| {
        history(hash, wobbling(0, 10.0, 10.0).into_iter().filter(move |c| c.start < at(until)))
    };
    let finding = found(|e| e.target = before(-1, 1));
    assert_eq!(finding.reason, Reason::QueryVanished);
    assert_eq!(finding.effect, None);
    // 19 of the day's calls are not enough, and no sign of an end either.
    let few = found(|e| {
        let some = (2..21).map(|hour| cell(hour, 1, 5.0));
        e.target = history(-1, before(-1, 1).cells.iter().copied().chain(some));
    });
    assert_eq!(few.reason, Reason::TooFewCalls);
    let no_new = found(|e| e.rewritten_as = Some(&[]));
    assert_eq!(no_new.reason, Reason::QueryVanished);
}

#[test]
fn too_little_before_the_change_is_said_by_its_cause() {
    let short = found(|e| e.buckets = kept(buckets(-72..48)));
    assert_eq!(short.effect.map(|effect| effect.days_before), Some(2));
    let shorter = found(|e| e.buckets = kept(buckets(-71..48)));
    assert_eq!(
        shorter.effect.map(|effect| effect.days_before),
        Some(2),
        "23 of 24 buckets are enough"
    );
    let none = found(|e| e.buckets = kept(buckets(-60..48)));
    assert_eq!(none.reason, Reason::ShortBaseline);
    assert!(none.sentence.starts_with("1 days before"), "{}", none.sentence);
    let rare =
        found(|e| e.target = history(-1, ALL.filter(|h| h % 24 == 0).map(|h| cell(h, 5, 3.0))));
    assert_eq!(rare.reason, Reason::TooFewCalls);
}

#[test]
fn fewer_blocks_are_an_improvement_where_time_is_open() {
    let finding = found(|e| {
        e.predicted_improvement_percent = 90.0;
        let noisy = wobbling(0, 10.0, 6.0).into_iter().map(|cell| {
            let day = (cell.start / HOUR / 24) % 3;
            let shared_blks = if cell.start >= at(0) { cell.calls } else { 10 * cell.calls };
            let total_exec_time_ms = cell.total_exec_time_ms * [0.3, 1.0, 3.0][day as usize];
            Cell { shared_blks, total_exec_time_ms, ..cell }
        });
        e.target = history(-1, noisy);
    });
    let blocks = finding.blocks_effect.unwrap();
    assert!((blocks.improvement_percent - 100.0 * (1.0 - 2.0 / 11.0)).abs() < 3.0, "{blocks:?}");
    assert!(finding.effect.unwrap().theta < 0.0, "{}", finding.sentence);
    assert_eq!((finding.reason, finding.basis), (Reason::FewerBlocks, Basis::Blocks));
}

#[test]
fn what_is_open_says_what_could_have_been_seen() {
    let finding = found(|e| {
        let noisy = wobbling(0, 10.0, 9.0).into_iter().map(|cell| {
            let day = (cell.start / HOUR / 24) % 2;
            Cell { total_exec_time_ms: cell.total_exec_time_ms * [0.6, 1.6][day as usize], ..cell }
        });
        e.target = history(-1, noisy);
    });
    assert_eq!(finding.reason, Reason::Power, "{}", finding.sentence);
    let smallest = finding.smallest_visible_effect_percent.unwrap();
    assert!(smallest > 20.0 && smallest < 50.0, "{smallest}");
    assert!(finding.sentence.contains("smallest improvement likely to be seen"));
}

#[test]
fn a_rewrite_is_compared_with_what_came_in_its_place() {
    let with = |after: f64, rows: i64| {
        found_after(10.0, move |e| {
            let new = wobbling(3, 99.0, after).into_iter().map(|cell| Cell {
                rows: cell.rows * rows,
                calls: cell.calls / 2,
                total_exec_time_ms: cell.total_exec_time_ms / 2.0,
                ..cell
            });
            e.rewritten_as = Some(kept(vec![history(-5, new)]));
        })
    };
    let finding = with(5.0, 1);
    assert_eq!(finding.verdict, Verdict::Improved);
    assert!((finding.effect.unwrap().improvement_percent - 50.0).abs() < 8.0);
    assert!(!finding.is_per_row);
    assert_eq!(finding.effect, finding.per_call_effect);
    // The old text still has 60 of 90 calls.
    assert!((finding.old_text_percent.unwrap() - 66.7).abs() < 0.1);
    assert!(finding.notes.iter().any(|note| note.contains("still use the old text")));
    // A row is 2 rows per call here: exactly twofold is not more than twofold.
    assert!(finding.per_row_effect.unwrap().theta < finding.effect.unwrap().theta - 0.5);
    // Eight rows a call instead of one, in the same time.
    let merged = with(10.0, 4);
    assert!(merged.is_per_row);
    assert_eq!(merged.verdict, Verdict::Improved);
    assert_eq!(merged.effect, merged.per_row_effect);
    assert!(merged.sentence.starts_with("a row takes"), "{}", merged.sentence);
    // Calls that are proven to be slower: no verdict.
    assert_eq!(with(40.0, 10).reason, Reason::WorkloadShift);
}

#[test]
fn the_worst_of_the_neighbours_is_a_side_effect() {
    let with = |factors: &[f64]| {
        let neighbours = (50..)
            .zip(factors)
            .map(|(hash, factor)| history(hash, wobbling(hash, 3.0, 3.0 * factor)));
        let neighbours = kept(neighbours.collect());
        found_after(5.0, move |e| e.neighbours = neighbours)
    };
    assert_eq!(with(&[1.0, 0.5, 1.0]).side_effect, None);
    let finding = with(&[1.0, 1.5, 2.0, 0.3]);
    let side = finding.side_effect.unwrap();
    assert_eq!(side.query_hash, 52);
    assert!((side.effect.improvement_percent + 100.0).abs() < 20.0, "{side:?}");
    assert_eq!(finding.verdict, Verdict::Improved);
    // The target itself is not its own neighbour.
    let own = found_after(20.0, |e| e.neighbours = kept(vec![e.target]));
    assert_eq!(own.side_effect, None);
}

#[test]
fn what_is_just_proven_alone_is_not_when_it_was_picked_from_twenty() {
    let side_effect = |factor: f64, quiet: i64| {
        let slower = history(50, wobbling(50, 3.0, 3.0 * factor));
        let others = (51..51 + quiet).map(|hash| history(hash, wobbling(hash, 3.0, 3.0)));
        let neighbours = kept(std::iter::once(slower).chain(others).collect());
        found_after(5.0, move |e| e.neighbours = neighbours).side_effect
    };
    let factors = || (0..100).map(|step| 1.0 + 0.01 * f64::from(step));
    let alone = factors().find(|factor| side_effect(*factor, 0).is_some()).unwrap();
    let picked = factors().find(|factor| side_effect(*factor, 19).is_some()).unwrap();
    assert!(picked > alone + 0.03, "{alone} {picked}");
}

#[test]
fn what_was_not_there_has_no_effect() {
    let finding = found_after(5.0, |e| {
        e.circumstances =
            Circumstances { not_applied: Some("no valid index".to_owned()), ..Default::default() };
    });
    assert_eq!((finding.reason, finding.effect), (Reason::NotApplied, None));
    assert_eq!(finding.verdict_reason(), "not_applied: no valid index");
    let confounded = found_after(5.0, |e| {
        e.circumstances =
            Circumstances { confounded_by: Some("another index".to_owned()), ..Default::default() };
    });
    assert_eq!(confounded.reason, Reason::Confounded);
    assert!(confounded.effect.is_some());
}

#[test]
fn the_day_before_the_change_does_not_count() {
    // Ten times slower on day -1 alone: with it in the baseline, this would look like a success.
    let slow_yesterday = |from: i64, to: i64| {
        let cells = wobbling(0, 10.0, 10.0).into_iter().map(move |cell| {
            let factor = if (at(from)..at(to)).contains(&cell.start) { 10.0 } else { 1.0 };
            Cell { total_exec_time_ms: cell.total_exec_time_ms * factor, ..cell }
        });
        history(-1, cells)
    };
    let usual = found(|_| ());
    let finding = found(|e| e.target = slow_yesterday(-24, 0));
    assert_eq!(finding.effect, usual.effect);
    let earlier = found(|e| e.target = slow_yesterday(-72, -48));
    assert!(earlier.effect.unwrap().standard_error > 3.0 * usual.effect.unwrap().standard_error);
    let known = found(|e| {
        e.target = slow_yesterday(-72, -48);
        e.appeared_at = Some(at(-48));
    });
    assert!(known.effect.unwrap().standard_error < 1.5 * usual.effect.unwrap().standard_error);
}

#[test]
fn odd_histories_give_a_reason_and_no_number_that_is_none() {
    let all = |of: fn(i64) -> Cell| history(-1, ALL.map(of));
    let decades: Vec<Bucket> = (-40 * 365 * 24 - 5000..48).step_by(24).map(bucket).collect();
    let cases: [(&str, Finding, Option<Reason>); 9] = [
        ("no cells", found(|e| e.target = history(-1, [])), Some(Reason::TooFewCalls)),
        ("no buckets", found(|e| e.buckets = &[]), Some(Reason::Coverage)),
        (
            "all zero times",
            found(|e| e.target = all(|h| cell(h, 60, 0.0))),
            Some(Reason::TooFewCalls),
        ),
        (
            "identical values",
            found(|e| e.target = all(|h| cell(h, 60, 1.0))),
            Some(Reason::BelowPromise),
        ),
        (
            "one call a day",
            found(|e| e.target = history(-1, ALL.step_by(24).map(|h| cell(h, 1, 1.0)))),
            Some(Reason::TooFewCalls),
        ),
        ("no width", found(|e| e.bucket_width = 0), Some(Reason::Error)),
        ("decades", found(|e| e.buckets = kept(decades.clone())), Some(Reason::Coverage)),
        (
            "NaN",
            found(|e| {
                e.target = all(|h| Cell { total_exec_time_ms: f64::NAN, ..cell(h, 60, 1.0) })
            }),
            Some(Reason::TooFewCalls),
        ),
        (
            "huge",
            found(|e| {
                e.target = all(|h| Cell {
                    total_exec_time_ms: f64::MAX,
                    calls: i64::MAX,
                    ..cell(h, 60, 1.0)
                })
            }),
            None,
        ),
    ];
    for (name, finding, reason) in cases {
        if let Some(reason) = reason {
            assert_eq!(finding.reason, reason, "{name}: {}", finding.sentence);
        }
    }
}

#[test]
fn forty_years_of_cells_are_as_good_as_two_weeks() {
    let hours = || -40 * 365 * 24..48;
    let short = found_after(5.0, |_| ());
    let long = found_after(5.0, |e| {
        let recent = e.target.cells;
        let old = hours().filter(|h| *h < -15 * 24).map(|h| cell(h, 60, 1000.0));
        e.target = history(-1, old.chain(recent.iter().copied()));
    });
    assert_eq!(long.effect, short.effect);
}

fn any_cell() -> impl Strategy<Value = Cell> {
    let time = prop_oneof![
        4 => 0.0..1e5,
        1 => Just(0.0),
        1 => prop::num::f64::ANY,
    ];
    let count = prop_oneof![6 => 0i64..200, 1 => Just(0i64), 1 => any::<i64>()];
    (-400i64..60, count.clone(), time, count.clone(), count, any::<bool>()).prop_map(
        |(hour, calls, total_exec_time_ms, rows, shared_blks, lossy)| Cell {
            start: at(hour),
            calls,
            total_exec_time_ms,
            rows,
            shared_blks,
            lossy,
        },
    )
}

fn any_history() -> impl Strategy<Value = QueryHistory<'static>> {
    let dense = (1i64..300, 0.0f64..100.0, prop::num::f64::ANY, any::<bool>()).prop_map(
        |(calls, before, after, rare)| {
            let step = if rare { 7 } else { 1 };
            let hours = (-400..60).step_by(step);
            hours.map(|h| cell(h, calls, if h < 0 { before } else { after })).collect()
        },
    );
    let cells = prop_oneof![prop::collection::vec(any_cell(), 0..400), dense];
    (any::<i64>(), cells).prop_map(|(query_hash, cells)| history(query_hash, cells))
}

fn any_bucket() -> impl Strategy<Value = Bucket> {
    let share = prop_oneof![5 => Just(1.0), 1 => 0.0..1.0, 1 => prop::num::f64::ANY];
    (-400i64..60, share, any::<u8>(), any::<bool>(), prop::bool::weighted(0.05)).prop_map(
        |(hour, observed_share, hour_of_day, is_weekend, is_odd)| Bucket {
            observed_share,
            hour_of_day,
            is_weekend,
            width: if is_odd { 1 } else { HOUR },
            ..bucket(hour)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    #[test]
    fn no_history_leads_to_a_panic_or_to_a_number_that_is_none(
        target in any_history(),
        others in prop::collection::vec(any_history(), 0..8),
        odd_buckets in prop::collection::vec(any_bucket(), 0..600),
        are_buckets_whole in any::<bool>(),
        appeared in prop::option::of(any::<i64>()),
        changed_in_hour in 0i64..HOUR,
        window in prop_oneof![Just(48 * HOUR), any::<i64>()],
        predicted in prop_oneof![0.0f64..100.0, prop::num::f64::ANY],
        (scope, is_rewrite, is_extreme) in (0u8..4, any::<bool>(), prop::bool::weighted(0.1)),
    ) {
        let mut evidence = evidence(10.0);
        evidence.target = target;
        let offered = (1u32..).zip(&others).map(|(number, history)| Candidate {
            history: *history,
            relations: kept(vec![number]),
            ..candidates(1, 1.0)[0]
        });
        if !are_buckets_whole {
            evidence.buckets = &odd_buckets;
        }
        let offered: Vec<Candidate> = offered.chain(evidence.candidates.iter().copied()).collect();
        evidence.candidates = &offered;
        evidence.neighbours = &others;
        evidence.costliest = &others;
        evidence.appeared_at = appeared;
        evidence.changed_at = if is_extreme { window } else { at(0) + changed_in_hour };
        evidence.window_end = evidence.changed_at.saturating_add(window);
        evidence.predicted_improvement_percent = predicted;
        evidence.scope = [Scope::Query, Scope::Role, Scope::Database, Scope::Server][usize::from(scope)];
        evidence.rewritten_as = is_rewrite.then_some(&others[..]);
        assert_sound(&examine(&evidence));
    }
}
