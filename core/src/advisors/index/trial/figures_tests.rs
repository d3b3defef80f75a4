//! What a plan's figures say of its risks.

use super::*;
use crate::plan::{Sampled, Scan};

fn node(operation: Operation, rows: f64, children: Vec<Node>) -> Node {
    Node { operation, startup_cost: 0.0, total_cost: 1.0, rows, children }
}

/// A scan of a table of 1,000 rows.
fn scan(method: ScanMethod, is_whole_index: bool, rows: f64) -> Node {
    let scan = Scan {
        method,
        relation: None,
        index: None,
        relation_rows: Some(1000.0),
        filtered: true,
        is_whole_index,
    };
    node(Operation::Scan(scan), rows, vec![])
}

fn plan(root: Node) -> Plan {
    Plan { root, subplans: vec![], jit: false }
}

fn figures(root: Node) -> Figures {
    Figures::of(&Planned { generic: plan(root), sampled: vec![] })
}

fn limit(child: Node) -> Node {
    node(Operation::Other("limit"), 10.0, vec![child])
}

#[test]
fn a_limit_that_an_order_reaches_is_seen_in_any_of_the_samples_and_in_no_plan_that_is_not_made() {
    let doubted = || plan(limit(scan(ScanMethod::Index, true, 10.0)));
    let plain = || plan(limit(scan(ScanMethod::Index, false, 10.0)));
    let is_seen = |generic, sampled: Vec<(f64, Plan)>| {
        let sampled = sampled.into_iter().map(|(weight, plan)| Sampled { weight, plan }).collect();
        Figures::of(&Planned { generic, sampled }).filters_to_a_limit
    };
    assert!(is_seen(plain(), vec![(0.9, plain()), (0.1, doubted())]));
    assert!(!is_seen(doubted(), vec![(1.0, plain())]));
    assert!(is_seen(doubted(), vec![]));
}

#[test]
fn a_limit_is_reached_by_the_order_of_an_index_that_holds_all_too_and_not_by_a_bitmap() {
    let is_seen = |method| figures(limit(scan(method, true, 10.0))).filters_to_a_limit;
    assert!(is_seen(ScanMethod::IndexOnly));
    assert!(!is_seen(ScanMethod::BitmapIndex));
}

#[test]
fn an_index_reads_most_as_a_whole_or_by_its_rows_unless_a_limit_ends_it() {
    let reads = |root| figures(root).reads_most_by_index;
    assert!(reads(scan(ScanMethod::Index, true, 10.0)));
    assert!(reads(scan(ScanMethod::Index, false, 501.0)));
    assert!(!reads(scan(ScanMethod::Index, false, 500.0)));
    assert!(!reads(scan(ScanMethod::IndexOnly, false, 501.0)));
    assert!(!reads(limit(scan(ScanMethod::Index, true, 501.0))));
}

#[test]
fn who_keeps_all_workers_gives_up_none_for_lookups() {
    let with = |workers| Figures {
        workers,
        nested_loops: CHAIN,
        ..figures(scan(ScanMethod::Seq, false, 10.0))
    };
    assert!(with(2).may_get_slower(&with(1)));
    assert!(!with(2).may_get_slower(&with(2)));
}
