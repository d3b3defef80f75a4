//! Which sets are tried, and what becomes of them.

use super::super::definition::Key;
use super::*;
use crate::plan::{JoinMethod, Node, Operation, Plan};

fn candidate(relation: u32, columns: &[i16]) -> Candidate {
    Candidate::btree(relation, columns.iter().copied().map(Key::column).collect())
}

fn carrying(relation: u32, columns: &[i16]) -> Candidate {
    Candidate { includes: vec![9], ..candidate(relation, columns) }
}

fn answer(operation: Operation, cost: f64, children: Vec<Node>, used: &[usize]) -> Answer {
    let root = Node { operation, startup_cost: 0.0, total_cost: cost, rows: 1.0, children };
    let generic = Plan { root, subplans: vec![], jit: false };
    Answer { planned: Planned { generic, sampled: vec![] }, used: used.iter().copied().collect() }
}

/// A planner that takes the cheapest of these sets that is there, else none for 1,000.
fn cheapest(known: &[(&[usize], f64)], question: &Question) -> Answer {
    let is_there = |set: &[usize]| set.iter().all(|place| question.there.contains(place));
    let best = known
        .iter()
        .filter(|(set, _)| is_there(set))
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map_or((&[][..], 1000.0), |(set, cost)| (*set, *cost));
    answer(Operation::Other("result"), best.1, vec![], best.0)
}

fn sets(candidates: &[Candidate], known: &[(&[usize], f64)]) -> Vec<Vec<usize>> {
    let made = (0..candidates.len()).collect();
    let trial = search(candidates, &made, |question| cheapest(known, question), || false);
    trial.sets.into_iter().map(|set| set.members).collect()
}

#[test]
fn three_work_together_and_no_fourth_is_tried() {
    let all: Vec<Candidate> = (1..=4).map(|relation| candidate(relation, &[1])).collect();
    let known: [(&[usize], f64); 4] =
        [(&[0], 800.0), (&[0, 1], 600.0), (&[0, 1, 2], 400.0), (&[0, 1, 2, 3], 200.0)];
    assert_eq!(sets(&all, &known), [vec![0], vec![0, 1], vec![0, 1, 2]]);
}

#[test]
fn of_several_that_add_the_best_comes_first() {
    let all: Vec<Candidate> = (1..=3).map(|relation| candidate(relation, &[1])).collect();
    let known: [(&[usize], f64); 4] =
        [(&[0], 500.0), (&[0, 1], 300.0), (&[0, 2], 350.0), (&[0, 1, 2], 250.0)];
    assert_eq!(sets(&all, &known), [vec![0], vec![0, 1]]);
}

#[test]
fn what_takes_a_members_place_is_on_its_table_and_narrower() {
    let of_another_table = [candidate(1, &[1, 2]), candidate(2, &[1, 2]), candidate(2, &[1])];
    let known: [(&[usize], f64); 4] =
        [(&[0], 500.0), (&[2], 600.0), (&[0, 1], 10.0), (&[1, 2], 20.0)];
    assert_eq!(sets(&of_another_table, &known).last(), Some(&vec![0, 1]));
    let as_wide = [candidate(1, &[1]), candidate(2, &[1, 2]), candidate(2, &[2, 1])];
    let known: [(&[usize], f64); 4] =
        [(&[0], 500.0), (&[2], 600.0), (&[0, 1], 10.0), (&[0, 2], 20.0)];
    assert_eq!(sets(&as_wide, &known).last(), Some(&vec![0, 1]));
}

#[test]
fn what_carries_columns_is_tried_where_its_first_key_is_that_of_one_in_use() {
    let all = [candidate(1, &[1, 2]), carrying(1, &[1]), carrying(1, &[3])];
    let known: [(&[usize], f64); 3] = [(&[0], 10.0), (&[1], 12.0), (&[2], 14.0)];
    assert_eq!(sets(&all, &known), [vec![0], vec![1]]);
}

#[test]
fn a_set_without_what_it_carries_has_the_narrowest_of_each_table() {
    let all = [
        carrying(1, &[1]),
        carrying(2, &[1]),
        candidate(1, &[1, 2]),
        candidate(1, &[1]),
        candidate(2, &[1]),
    ];
    let with = |left: f64| {
        let alone: [(&[usize], f64); 5] =
            [(&[0], 860.0), (&[1], 870.0), (&[2], 950.0), (&[3], 960.0), (&[4], 970.0)];
        let pairs: [(&[usize], f64); 3] = [(&[0, 1], 10.0), (&[2, 4], left), (&[3, 4], left)];
        sets(&all, &[&alone[..], &pairs[..]].concat())
    };
    assert_eq!(with(300.0), [vec![0, 1], vec![3, 4]]);
    // It saves too little; the planner uses one of them only.
    assert_eq!(with(900.0), [vec![0, 1]]);
    assert_eq!(with(1000.0), [vec![0, 1]]);
    let one_is_used: [(&[usize], f64); 5] =
        [(&[0], 500.0), (&[1], 600.0), (&[3], 700.0), (&[4], 750.0), (&[0, 1], 10.0)];
    assert!(!sets(&all, &one_is_used).contains(&vec![3, 4]));
}

#[test]
fn two_of_one_table_are_no_two_without_what_they_carry() {
    let all = [carrying(1, &[1]), carrying(1, &[2]), candidate(1, &[1])];
    let known: [(&[usize], f64); 4] =
        [(&[0], 500.0), (&[1], 600.0), (&[2], 700.0), (&[0, 1], 10.0)];
    assert_eq!(sets(&all, &known).last(), Some(&vec![0, 1]));
}

const PARALLEL: Operation = Operation::Gather { workers: 2 };
const LOOKUPS: Operation = Operation::Join(JoinMethod::NestedLoop);

/// With two workers; with candidate 0 a chain of lookups without; with 1 alone, or with both, what is said.
fn risky(question: &Question, with_one: f64, with_both: Option<f64>) -> Answer {
    let chain = || vec![answer(LOOKUPS, 1.0, vec![], &[]).planned.generic.root];
    match (question.there, with_both) {
        ([], _) => answer(PARALLEL, 1000.0, vec![], &[]),
        ([1], _) => answer(PARALLEL, with_one, vec![], &[1]),
        ([0], _) | (_, None) => answer(LOOKUPS, 990.0, chain(), question.there),
        (_, Some(cost)) => answer(PARALLEL, cost, vec![], question.there),
    }
}

#[test]
fn what_one_of_a_helped_statement_risks_by_itself_is_kept() {
    let two = [candidate(1, &[1]), candidate(2, &[1])];
    let made = BTreeSet::from([0, 1]);
    let trial = search(&two, &made, |question| risky(question, 100.0, Some(50.0)), || false);
    assert!(trial.sets.iter().any(|set| set.members == [1]));
    assert_eq!(trial.risks.iter().map(|set| &set.members[..]).collect::<Vec<_>>(), [&[0][..]]);
}

#[test]
fn of_a_statement_that_nothing_helps_only_what_risks_something_is_a_risk_and_only_while_there_is_time()
 {
    let two = [candidate(1, &[1]), candidate(2, &[1])];
    let risks = |is_over| {
        let made = BTreeSet::from([0, 1]);
        let trial = search(&two, &made, |question| risky(question, 990.0, None), || is_over);
        trial.risks.into_iter().map(|set| set.members).collect::<Vec<_>>()
    };
    assert_eq!(risks(false), [vec![0, 1], vec![0]]);
    assert_eq!(risks(true), [vec![0, 1]]);
}

#[test]
fn another_plan_is_not_costed_as_from_memory() {
    let cached = |another: &[usize]| {
        let trial = search(
            &[candidate(1, &[1])],
            &BTreeSet::from([0]),
            |question| {
                let is_other = question.random_page_cost.is_some() && question.there == another;
                let operation = if is_other { Operation::Sort } else { Operation::Append };
                let cost = if question.there.is_empty() { 1000.0 } else { 100.0 };
                answer(operation, cost, vec![], question.there)
            },
            || false,
        );
        (trial.cached_cost, trial.sets[0].cached_cost)
    };
    assert_eq!(cached(&[9]), (Some(1000.0), Some(100.0)));
    assert_eq!(cached(&[]), (None, None));
    assert_eq!(cached(&[0]), (Some(1000.0), None));
}
