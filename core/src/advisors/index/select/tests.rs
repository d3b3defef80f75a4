use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::super::definition::Key;
use super::*;

const TABLES: f64 = 1e6;

fn priced(relation: u32, columns: &[i16], cost: f64) -> Priced {
    Priced {
        candidate: Candidate::btree(relation, columns.iter().copied().map(Key::column).collect()),
        cost_ms_per_hour: cost,
        bare_bytes: 0.0,
        carried_bytes: 0.0,
        is_current: false,
    }
}

fn demand(query_hash: i64, time: f64, offers: &[(&[usize], f64)]) -> Demand {
    Demand {
        query_hash,
        time_ms_per_hour: time,
        offers: offers
            .iter()
            .map(|(members, saving)| Offer {
                members: members.to_vec(),
                plan_cost: 1.0 - saving,
                saving: *saving,
            })
            .collect(),
    }
}

/// Uninterrupted.
fn choose(pool: &[Priced], demands: &[Demand], tables_bytes: f64, least_gain: f64) -> Chosen {
    super::choose(pool, demands, tables_bytes, least_gain, &|| ())
}

#[test]
fn one_index_serves_several_queries_before_one_for_each() {
    // (a, b) is a bit better for the first, (a) does for both.
    let pool = [priced(1, &[1], 1.0), priced(1, &[1, 2], 1.5), priced(1, &[3], 1.0)];
    let demands = [
        demand(11, 1000.0, &[(&[0], 0.8), (&[1], 0.801)]),
        demand(12, 1000.0, &[(&[0], 0.8), (&[2], 0.79)]),
    ];
    let Chosen { candidates: chosen, helps, .. } = choose(&pool, &demands, TABLES, 1.0);
    assert_eq!(chosen, [0]);
    assert_eq!(helps.iter().map(|help| help.demand).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn a_prefix_is_folded_into_the_wider_index() {
    let pool = [priced(1, &[1], 1.0), priced(1, &[1, 2], 1.0)];
    let demands =
        [demand(11, 5000.0, &[(&[0], 0.9)]), demand(12, 1000.0, &[(&[1], 0.9), (&[0], 0.2)])];
    let Chosen { candidates: chosen, helps, .. } = choose(&pool, &demands, TABLES, 1.0);
    assert_eq!(chosen, [1]);
    assert_eq!(helps[0].served_by, [1]);
    assert_eq!(helps.len(), 2);
}

#[test]
fn what_costs_more_than_it_brings_is_not_chosen() {
    let saves = [demand(11, 100.0, &[(&[0], 0.5)])];
    assert_eq!(choose(&[priced(1, &[1], 49.9)], &saves, TABLES, 1.0).candidates, [0]);
    assert_eq!(choose(&[priced(1, &[1], 50.0)], &saves, TABLES, 1.0).candidates, [0_usize; 0]);
}

#[test]
fn what_brings_less_than_the_least_is_not_chosen_though_it_is_free() {
    let saves = [demand(11, 100.0, &[(&[0], 0.5)])];
    assert_eq!(choose(&[priced(1, &[1], 0.0)], &saves, TABLES, 50.0).candidates, [0]);
    assert_eq!(choose(&[priced(1, &[1], 0.0)], &saves, TABLES, 50.1).candidates, [0_usize; 0]);
}

#[test]
fn room_is_paid_for_once_by_the_query_with_most_time() {
    // A tenth of the time.
    let pool = [Priced { bare_bytes: TABLES * 0.1 / OF_ROOM, ..priced(1, &[1], 0.0) }];
    let one = demand(11, 1000.0, &[(&[0], 0.08)]);
    let two = Demand { query_hash: 12, ..one.clone() };
    assert_eq!(choose(&pool, std::slice::from_ref(&one), TABLES, 1.0).candidates, [0_usize; 0]);
    assert_eq!(choose(&pool, &[one.clone(), two], TABLES, 1.0).candidates, [0]);
    let carrying =
        [Priced { bare_bytes: 0.0, carried_bytes: TABLES * 0.4 / OF_CARRIED, ..pool[0].clone() }];
    let much = |saving| demand(11, 1000.0, &[(&[0], saving)]);
    assert_eq!(choose(&carrying, &[much(0.39)], TABLES, 1.0).candidates, [0_usize; 0]);
    assert_eq!(choose(&carrying, &[much(0.41)], TABLES, 1.0).candidates, [0]);
}

#[test]
fn a_query_takes_what_the_planner_takes_and_not_what_we_believe_in() {
    // 0 is cheap by its cost and nothing is believed of it; another query wants it.
    let pool = [priced(1, &[1], 1.0), priced(1, &[2], 1.0)];
    let mut torn = demand(11, 100.0, &[(&[0], 0.0), (&[1], 0.6)]);
    torn.offers[0].plan_cost = 0.1;
    assert_eq!(choose(&pool, &[torn.clone()], TABLES, 1.0).candidates, [1]);
    let other = demand(12, 1000.0, &[(&[0], 0.9)]);
    let chosen = choose(&pool, &[torn, other], TABLES, 1.0);
    assert_eq!(chosen.candidates, [0]);
    assert_eq!(chosen.helps.iter().map(|help| help.demand).collect::<Vec<_>>(), [1]);
}

#[test]
fn what_only_keeps_from_harm_is_not_chosen_and_hides_no_harm() {
    let pool = [priced(1, &[1], 1.0), priced(1, &[2], 1.0)];
    let mut torn = demand(12, 1000.0, &[(&[0], HARM), (&[1], 0.0)]);
    (torn.offers[0].plan_cost, torn.offers[1].plan_cost) = (0.8, 0.5);
    let chosen = choose(&pool, &[demand(11, 1000.0, &[(&[0], 0.9)]), torn], TABLES, 1.0);
    assert_eq!((chosen.candidates, chosen.harms), (vec![0], vec![(0, 1)]));
}

#[test]
fn harm_counts_against_an_index_and_is_told_where_it_is_chosen_all_the_same() {
    let pool = [priced(1, &[1], 1.0)];
    let mut harmed = demand(12, 400.0, &[(&[0], HARM)]);
    harmed.offers[0].plan_cost = 0.8;
    let with =
        |time| choose(&pool, &[demand(11, time, &[(&[0], 0.5)]), harmed.clone()], TABLES, 1.0);
    assert_eq!(with(200.0), Chosen::default());
    let chosen = with(300.0);
    assert_eq!((chosen.candidates, chosen.harms), (vec![0], vec![(0, 1)]));
}

#[test]
fn two_that_pay_only_together_come_together() {
    let pool = [priced(1, &[1], 1.0), priced(2, &[1], 1.0)];
    let demands = [demand(11, 100.0, &[(&[0, 1], 0.9)])];
    let Chosen { candidates: chosen, helps, .. } = choose(&pool, &demands, TABLES, 1.0);
    assert_eq!(chosen, [0, 1]);
    assert_eq!(helps[0].served_by, [0, 1]);
}

#[test]
fn what_became_superfluous_goes() {
    // The first is best to begin with; then the other two, each for its own query, leave it nothing to do.
    let pool = [priced(1, &[1], 5.0), priced(1, &[2], 1.0), priced(1, &[3], 1.0)];
    let demands = [
        demand(11, 100.0, &[(&[0], 0.5), (&[1], 0.9)]),
        demand(12, 100.0, &[(&[0], 0.5), (&[2], 0.9)]),
    ];
    assert_eq!(choose(&pool, &demands, TABLES, 1.0).candidates, [1, 2]);
}

#[test]
fn what_is_left_too_little_to_do_goes() {
    let pool = [priced(1, &[1], 0.1), priced(1, &[2], 0.1), priced(1, &[3], 0.1)];
    let demands = |time| {
        [
            demand(11, 100.0, &[(&[0], 0.5), (&[1], 0.9)]),
            demand(12, 100.0, &[(&[0], 0.5), (&[2], 0.9)]),
            demand(13, time, &[(&[0], 0.5)]),
        ]
    };
    assert_eq!(choose(&pool, &demands(19.0), TABLES, 10.0).candidates, [1, 2]);
    assert_eq!(choose(&pool, &demands(21.0), TABLES, 10.0).candidates, [0, 1, 2]);
}

#[test]
fn what_pays_only_beside_another_goes_with_it() {
    // The first two are best to begin with; then the others take what the second is for, and what it leaves is not worth it, nor then the first.
    let pool =
        [priced(1, &[1], 20.0), priced(1, &[2], 5.0), priced(1, &[3], 4.0), priced(1, &[4], 4.0)];
    let demands = [
        demand(11, 100.0, &[(&[0], 0.18)]),
        demand(12, 100.0, &[(&[0, 1], 0.05)]),
        demand(13, 100.0, &[(&[1], 0.30), (&[2], 0.36)]),
        demand(14, 100.0, &[(&[1], 0.30), (&[3], 0.36)]),
    ];
    assert_eq!(choose(&pool, &demands, TABLES, 1.0).candidates, [2, 3]);
}

#[test]
fn of_two_one_of_which_is_superfluous_the_costlier_goes() {
    let pool = [
        priced(1, &[1], 5.0),
        priced(1, &[2], 1.0),
        priced(1, &[3], 1.0),
        priced(1, &[4], 1.0),
        priced(1, &[5], 1.0),
        priced(1, &[6], 1.0),
    ];
    // Each of the first two has three queries; two of them find something better.
    let demands = [
        demand(11, 100.0, &[(&[0], 0.5), (&[1], 0.5)]),
        demand(12, 100.0, &[(&[0], 0.5), (&[2], 0.9)]),
        demand(13, 100.0, &[(&[0], 0.5), (&[3], 0.9)]),
        demand(14, 100.0, &[(&[1], 0.5), (&[4], 0.9)]),
        demand(15, 100.0, &[(&[1], 0.5), (&[5], 0.9)]),
    ];
    assert_eq!(choose(&pool, &demands, TABLES, 1.0).candidates, [1, 2, 3, 4, 5]);
}

#[test]
fn a_first_index_counts_however_small_its_share_of_a_query_is() {
    let saves = [demand(11, 10_000.0, &[(&[0], 0.03)])];
    assert_eq!(choose(&[priced(1, &[1], 1.0)], &saves, TABLES, 200.0).candidates, [0]);
}

#[test]
fn room_takes_three_tenths_of_a_querys_time_at_most() {
    let pool = [Priced { bare_bytes: TABLES * 10.0, ..priced(1, &[1], 0.0) }];
    let saves = |saving| [demand(11, 1000.0, &[(&[0], saving)])];
    assert_eq!(choose(&pool, &saves(0.29), TABLES, 1.0).candidates, [0_usize; 0]);
    assert_eq!(choose(&pool, &saves(0.31), TABLES, 1.0).candidates, [0]);
}

#[test]
fn what_a_wider_index_stands_in_for_costs_the_planner_a_little_more() {
    let pool = [priced(1, &[1], 1.0), priced(1, &[1, 2], 1.0), priced(1, &[3], 1.0)];
    let demands = [
        demand(11, 100.0, &[(&[0], 0.5), (&[2], 0.495)]),
        demand(12, 1000.0, &[(&[1], 0.9)]),
        demand(13, 1000.0, &[(&[2], 0.9)]),
    ];
    let chosen = choose(&pool, &demands, TABLES, 1.0);
    assert_eq!((chosen.candidates, &chosen.helps[0].served_by[..]), (vec![1, 2], &[2][..]));
}

#[test]
fn of_two_sets_that_cost_the_planner_the_same_the_smaller_counts() {
    let pool = [priced(1, &[1], 1.0), priced(2, &[1], 1.0)];
    let demands = |offers: &[(&[usize], f64)]| {
        [
            demand(11, 100.0, offers),
            demand(12, 100.0, &[(&[0], 0.5)]),
            demand(13, 100.0, &[(&[1], 0.5)]),
        ]
    };
    for offers in [[(&[0, 1][..], 0.5), (&[0], 0.5)], [(&[0][..], 0.5), (&[0, 1], 0.5)]] {
        let chosen = choose(&pool, &demands(&offers), TABLES, 1.0);
        assert_eq!((chosen.candidates, &chosen.helps[0].served_by[..]), (vec![0, 1], &[0][..]));
    }
}

#[test]
fn what_is_suggested_already_stays_unless_another_is_clearly_better() {
    let mut pool = [priced(1, &[1], 1.0), priced(1, &[2], 1.0)];
    let demands = |other| [demand(11, 1000.0, &[(&[0], 0.80), (&[1], other)])];
    assert_eq!(choose(&pool, &demands(0.82), TABLES, 200.0).candidates, [1]);
    pool[0].is_current = true;
    assert_eq!(choose(&pool, &demands(0.82), TABLES, 200.0).candidates, [0]);
    assert_eq!(choose(&pool, &demands(0.95), TABLES, 200.0).candidates, [1]);
    // Of a pair both have to be.
    let mut pool = [priced(1, &[1], 1.0), priced(1, &[2], 1.0), priced(2, &[1], 1.0)];
    let pair = [demand(11, 1000.0, &[(&[0], 0.82), (&[1, 2], 0.80)])];
    pool[1].is_current = true;
    assert_eq!(choose(&pool, &pair, TABLES, 200.0).candidates, [0]);
    pool[2].is_current = true;
    assert_eq!(choose(&pool, &pair, TABLES, 200.0).candidates, [1, 2]);
}

#[test]
fn a_further_index_must_save_five_points_of_a_querys_time() {
    let pool = [priced(1, &[1], 0.1), priced(1, &[1, 2], 0.1), priced(1, &[3], 0.1)];
    let demands = |second| {
        [
            demand(11, 1000.0, &[(&[0], 0.80)]),
            demand(12, 1000.0, &[(&[0], 0.80), (&[2], second)]),
            demand(13, 1000.0, &[(&[0], 0.80), (&[1], 0.82)]),
        ]
    };
    assert_eq!(choose(&pool, &demands(0.849), TABLES, 1.0).candidates, [0]);
    assert_eq!(choose(&pool, &demands(0.851), TABLES, 1.0).candidates, [0, 2]);
}

#[test]
fn nothing_is_chosen_where_nothing_is_offered() {
    assert_eq!(choose(&[], &[], TABLES, 0.0), Chosen::default());
    assert_eq!(
        choose(&[priced(1, &[1], 0.0)], &[demand(1, 10.0, &[])], TABLES, 0.0).candidates,
        [0_usize; 0]
    );
}

/// So many queries that each candidate helps, each a bit more than the one before: how often the choice pauses, where the pause that has
/// this number ends it.
fn pauses(size: u8, ending: Option<usize>) -> (usize, bool) {
    let pool: Vec<Priced> = (0..size).map(|place| priced(1, &[i16::from(place)], 1.0)).collect();
    let members: Vec<[usize; 1]> = (0..pool.len()).map(|place| [place]).collect();
    let offers: Vec<(&[usize], f64)> = members
        .iter()
        .zip(0..size)
        .map(|(at, place)| (&at[..], 0.2 + f64::from(place) / 1e3))
        .collect();
    let demands: Vec<Demand> =
        (0..i64::from(size)).map(|query_hash| demand(query_hash, 1000.0, &offers)).collect();
    let pauses = Cell::new(0);
    let chosen = catch_unwind(AssertUnwindSafe(|| {
        super::choose(&pool, &demands, TABLES, 1.0, &|| {
            pauses.set(pauses.get() + 1);
            // Not a panic, which would be printed.
            if ending == Some(pauses.get()) {
                std::panic::resume_unwind(Box::new(()));
            }
        })
    }));
    (pauses.get(), chosen.is_ok())
}

#[test]
fn the_choice_pauses_as_often_as_there_is_work() {
    let (few, many) = (pauses(10, None), pauses(40, None));
    // Each step is weighed for each query.
    assert!(few.1 && few.0 >= 10 * 10, "{few:?}");
    assert!(many.1 && many.0 >= 16 * (few.0 / 2), "{few:?} {many:?}");
}

#[test]
fn the_choice_ends_with_whichever_pause_the_caller_ends() {
    for ending in 1..=pauses(10, None).0 {
        assert_eq!(pauses(10, Some(ending)), (ending, false));
    }
}
