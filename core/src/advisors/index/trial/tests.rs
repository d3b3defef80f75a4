use super::super::definition::Key;
use super::*;
use crate::plan::Scan;

fn candidate(columns: &[i16]) -> Candidate {
    Candidate::btree(1, columns.iter().copied().map(Key::column).collect())
}

fn node(operation: Operation, rows: f64, children: Vec<Node>) -> Node {
    Node { operation, startup_cost: 0.0, total_cost: 1.0, rows, children }
}

fn figures(root: Node) -> Figures {
    let generic = Plan { root, subplans: vec![], jit: false };
    Figures::of(&Planned { generic, sampled: vec![] })
}

/// Of the candidates the last two in sets of their own.
fn trial() -> Trial {
    let before = figures(node(Operation::Other("result"), 1.0, vec![]));
    Trial {
        candidates: vec![candidate(&[3]), candidate(&[1, 2]), candidate(&[1])],
        sets: vec![Together::of(vec![1], before.clone()), Together::of(vec![2], before.clone())],
        before,
        risks: vec![],
        cached_cost: None,
        on_flash: None,
        is_cut_short: false,
    }
}

#[test]
fn what_no_set_has_is_not_kept() {
    let trial = trial().trimmed();
    assert_eq!(trial.candidates, [candidate(&[1, 2]), candidate(&[1])]);
    let members: Vec<_> = trial.sets.iter().map(|set| set.members.clone()).collect();
    assert_eq!(members, [vec![0], vec![1]]);
}

#[test]
fn costs_that_are_no_numbers_are_seen() {
    assert!(trial().is_finite());
    let mut with_infinity = trial();
    with_infinity.before.cost = f64::INFINITY;
    assert!(!with_infinity.is_finite());
    let mut with_infinity = trial();
    with_infinity.sets[1].cached_cost = Some(f64::INFINITY);
    assert!(!with_infinity.is_finite());
}

#[test]
fn a_limit_that_is_reached_by_the_order_of_an_index_is_a_risk() {
    let index = |is_whole_index, filtered, rows| {
        let scan = Scan {
            method: ScanMethod::Index,
            relation: None,
            index: None,
            relation_rows: Some(1000.0),
            filtered,
            is_whole_index,
        };
        node(Operation::Scan(scan), rows, vec![])
    };
    let limit = |children| node(Operation::Other("limit"), 10.0, children);
    let ends_early = |root: Node| figures(root).filters_to_a_limit;
    assert!(ends_early(limit(vec![index(true, true, 499.0)])));
    assert!(!ends_early(limit(vec![index(true, true, 500.0)])));
    // It begins where the condition says, or every row counts, or all rows are sorted anyway.
    assert!(!ends_early(limit(vec![index(false, true, 10.0)])));
    assert!(!ends_early(limit(vec![index(true, false, 10.0)])));
    assert!(!ends_early(limit(vec![node(Operation::Sort, 10.0, vec![index(true, true, 10.0)])])));
    assert!(!ends_early(index(true, true, 10.0)));
    let inner = |first, second| {
        limit(vec![node(Operation::Join(JoinMethod::NestedLoop), 10.0, vec![first, second])])
    };
    assert!(ends_early(inner(index(true, true, 10.0), index(false, true, 1.0))));
    assert!(!ends_early(inner(index(false, false, 10.0), index(true, true, 1.0))));
    let before = figures(index(false, true, 10.0));
    let after = figures(limit(vec![index(true, true, 10.0)]));
    assert!(before.may_get_slower(&after) && !after.may_get_slower(&after));
}
