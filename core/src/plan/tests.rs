use super::samples::{Comparison, Place, candidates, combine, pattern_of, spread};
use super::skipped::Reason;
use super::*;
use proptest::prelude::*;

fn named(name: &str, family: &str) -> Option<Named> {
    Some(Named { oid: 20_000, name: name.to_owned(), family: family.to_owned() })
}

fn node(operation: Operation, rows: f64, children: Vec<Node>) -> Node {
    Node { operation, startup_cost: 0.0, total_cost: rows * 2.0, rows, children }
}

fn seq(name: &str, family: &str, rows: f64) -> Node {
    let scan = Scan {
        method: ScanMethod::Seq,
        relation: named(name, family),
        index: None,
        relation_rows: Some(1000.0),
        filtered: true,
        is_whole_index: false,
    };
    node(Operation::Scan(scan), rows, vec![])
}

fn plan(root: Node) -> Plan {
    Plan { root, subplans: vec![], jit: false }
}

#[test]
fn a_shape_has_no_numbers_and_a_digest_follows_it() {
    let join = |rows| {
        let children = vec![seq("s.a", "s.a", rows), seq("s.b", "s.b", 2.0 * rows)];
        plan(node(
            Operation::Sort,
            rows,
            vec![node(Operation::Join(JoinMethod::Hash), rows, children)],
        ))
    };
    assert_eq!(join(5.0).shape(), "sort(hash join(seq s.a, seq s.b))");
    assert_eq!(join(5.0).digest(), join(500.0).digest());
    let other = plan(node(Operation::Join(JoinMethod::Merge), 5.0, vec![]));
    assert_ne!(join(5.0).digest(), other.digest());
    assert_eq!(join(5.0).joins().collect::<Vec<_>>(), [JoinMethod::Hash]);
    assert_eq!(join(5.0).sorts(), 1);
}

#[test]
fn an_index_on_few_rows_is_not_read_as_a_whole() {
    let read = |is_whole, share_of_rows| {
        let mut scan = node(Operation::Other("result"), 10.0, vec![seq("s.a", "s.a", 10.0)]);
        if let Operation::Scan(scan) = &mut scan.children[0].operation {
            (scan.index, scan.is_whole_index) = (named("<1>", "<1>"), is_whole);
        }
        let mut plan = plan(scan);
        plan.name_indexes(&mut |_| Some(MadeUp { name: "new".to_owned(), share_of_rows }));
        let found =
            plan.scans().map(|(_, scan)| (scan.index.clone(), scan.is_whole_index)).next().unwrap();
        (found.0.unwrap().name, found.1)
    };
    assert_eq!(read(true, 0.1), ("new".to_owned(), true));
    assert_eq!(read(true, 0.099), ("new".to_owned(), false));
    assert_eq!(read(false, 1.0), ("new".to_owned(), false));
}

#[test]
fn another_partition_of_the_same_kind_changes_no_shape() {
    let append = |names: &[&str]| {
        let children = names.iter().map(|name| seq(name, "s.parted", 10.0)).collect();
        plan(node(Operation::Append, 10.0, children))
    };
    assert_eq!(append(&["s.p1"]).shape(), append(&["s.p1", "s.p2"]).shape());
    assert_eq!(
        append(&["s.p1", "s.p2"]).scan_lines(),
        ["seq s.parted: 20 of 2000 rows, 2 partitions, the filter removes most"]
    );
}

#[test]
fn two_scans_of_one_table_stay_two() {
    let children = vec![seq("s.a", "s.a", 500.0), seq("s.a", "s.a", 500.0)];
    let joined = plan(node(Operation::Join(JoinMethod::Hash), 1.0, children));
    assert_eq!(joined.scan_lines(), ["seq s.a: 500 of 1000 rows", "seq s.a: 500 of 1000 rows"]);
    assert_eq!(joined.shape(), "hash join(seq s.a, seq s.a)");
}

#[test]
fn a_filter_removes_most_below_a_tenth_and_not_at_it() {
    let line = |rows| plan(seq("s.a", "s.a", rows)).scan_lines().join("");
    assert!(line(99.0).ends_with("the filter removes most"));
    assert!(line(100.0).ends_with("rows"));
}

#[test]
fn workers_of_all_gathers_are_asked_for_and_subplans_count() {
    let gather = node(Operation::Gather { workers: 2 }, 1.0, vec![]);
    let plan = Plan { root: gather.clone(), subplans: vec![gather], jit: true };
    assert_eq!(plan.workers(), 4);
    assert_eq!(plan.shape(), "gather; gather");
}

#[test]
fn the_mean_is_weighted_and_the_heaviest_sample_is_shown() {
    let with = |rows| plan(seq("s.a", "s.a", rows));
    let planned = Planned {
        generic: with(1.0),
        sampled: vec![
            Sampled { weight: 0.25, plan: with(100.0) },
            Sampled { weight: 0.75, plan: with(10.0) },
        ],
    };
    assert_eq!(planned.estimated_rows(), 32.5);
    assert_eq!(planned.total_cost(), 65.0);
    assert_eq!(planned.usual().estimated_rows(), 10.0);
    assert_eq!(planned.basis(), "parameters: 2 samples");
    let generic = Planned { generic: with(1.0), sampled: vec![] };
    assert_eq!((generic.total_cost(), generic.basis().as_str()), (2.0, "generic"));
}

#[test]
fn an_equality_gets_common_values_by_frequency_and_one_of_the_others() {
    let found = candidates(Comparison::Equal, false, &[0.5, 0.2, 0.1, 0.05], 11);
    let places: Vec<_> = found.iter().map(|c| c.places[0]).collect();
    assert_eq!(places, [Place::Common(0), Place::Common(1), Place::Common(2), Place::Bound(5)]);
    assert_eq!(found[0].weight, 0.5);
    assert!((found[3].weight - 0.15).abs() < 1e-9);
    // All rows are common values: none of the others is left to weigh anything.
    assert_eq!(candidates(Comparison::Equal, false, &[1.0], 11).len(), 1);
    assert!(candidates(Comparison::Equal, false, &[], 0).is_empty());
}

#[test]
fn a_range_leaves_few_some_and_most_rows() {
    let places = |comparison, paired| -> Vec<_> {
        candidates(comparison, paired, &[], 101).iter().map(|c| c.places[0]).collect()
    };
    let bounds = |a, b, c| [Place::Bound(a), Place::Bound(b), Place::Bound(c)];
    assert_eq!(places(Comparison::Below, false), bounds(10, 50, 90));
    assert_eq!(places(Comparison::Above, false), bounds(90, 50, 10));
    // BETWEEN: 49..51, 45..55, 25..75
    assert_eq!(places(Comparison::Above, true), bounds(49, 45, 25));
    assert_eq!(places(Comparison::Below, true), bounds(51, 55, 75));
    assert!(candidates(Comparison::Below, false, &[0.5], 1).is_empty());
}

#[test]
fn a_list_has_ten_values_where_there_are_as_many() {
    let list = |common: &[f64], bounds| candidates(Comparison::Among, false, common, bounds);
    assert_eq!(list(&[0.1; 20], 101)[0].places.len(), 10);
    assert_eq!(list(&[0.5, 0.5], 0)[0].places.len(), 2);
    assert!(list(&[], 0).is_empty());
    let third = candidates(Comparison::Listed(2), false, &[0.1; 20], 101);
    assert_eq!(third[0].places, [list(&[0.1; 20], 101)[0].places[2]]);
    // A list longer than what is known begins anew.
    let second = candidates(Comparison::Listed(1), false, &[1.0], 0);
    assert_eq!(second[0].places, [Place::Common(0)]);
}

#[test]
fn samples_pair_the_candidates_and_share_one() {
    let samples = combine(&[vec![0.6, 0.2], vec![1.0, 1.0, 1.0]]);
    let choices: Vec<_> = samples.iter().map(|s| s.choices.clone()).collect();
    assert_eq!(choices, [vec![0, 0], vec![1, 1], vec![0, 2]]);
    assert!((samples.iter().map(|s| s.weight).sum::<f64>() - 1.0).abs() < 1e-9);
    assert!(combine(&[]).is_empty());
}

#[test]
fn an_error_of_the_server_has_its_reason() {
    for (sqlstate, reason) in [
        ("42P01", Reason::RelationGone),
        ("42501", Reason::NoPrivilege),
        ("55P03", Reason::LockNotAvailable),
        ("54001", Reason::NestedTooDeep),
        ("42601", Reason::NotReadable),
        ("42703", Reason::ObjectGone),
        ("XX000", Reason::Failed),
    ] {
        assert_eq!(Reason::of_sqlstate(sqlstate), reason);
    }
}

proptest! {
    #[test]
    fn every_place_is_one_that_the_statistics_have(
        frequencies in prop::collection::vec(0.0..1.0f64, 0..20),
        bounds in 0usize..300,
        paired: bool,
        comparison in prop::sample::select(
            vec![
                Comparison::Equal,
                Comparison::Among,
                Comparison::Listed(13),
                Comparison::Below,
                Comparison::Above,
            ]),
    ) {
        for candidate in candidates(comparison, paired, &frequencies, bounds) {
            prop_assert!(candidate.weight >= 0.0 && !candidate.places.is_empty());
            for place in candidate.places {
                match place {
                    Place::Common(at) => prop_assert!(at < frequencies.len()),
                    Place::Bound(at) => prop_assert!(at < bounds),
                }
            }
        }
    }

    #[test]
    fn a_range_that_is_bounded_on_both_sides_is_never_empty(bounds in 2usize..300) {
        let above = candidates(Comparison::Above, true, &[], bounds);
        let below = candidates(Comparison::Below, true, &[], bounds);
        for (low, high) in above.iter().zip(&below) {
            match (low.places[0], high.places[0]) {
                (Place::Bound(low), Place::Bound(high)) => prop_assert!(low <= high),
                _ => prop_assert!(false),
            }
        }
    }
}

#[test]
fn common_values_alone_spread_by_their_frequencies() {
    // Half, a quarter, a quarter of the rows.
    let places = spread(&[0.2, 0.1, 0.1]);
    assert_eq!(places.len(), 101);
    assert_eq!(
        (places[0], places[50], places[51], places[75], places[76], places[100]),
        (0, 0, 1, 1, 2, 2)
    );
    assert!(spread(&[1.0]).is_empty());
    assert!(spread(&[0.0, 0.0]).is_empty());
}

#[test]
fn a_pattern_looks_for_the_beginning_of_the_longest_word_of_a_value() {
    assert_eq!(pattern_of("PROMO BURNISHED TIN").as_deref(), Some("%BURNISHE%"));
    assert_eq!(pattern_of("a_1 50%").as_deref(), Some(r"%50\%%"));
    assert_eq!(pattern_of("x\\_y").as_deref(), Some(r"%x\\\_y%"));
    assert_eq!(pattern_of("  "), None);
    let places = |common: &[f64], bounds| -> Vec<Vec<Place>> {
        candidates(Comparison::Pattern, false, common, bounds)
            .into_iter()
            .map(|one| one.places)
            .collect()
    };
    assert_eq!(places(&[], 101), [[Place::Bound(33)], [Place::Bound(67)]]);
    assert_eq!(places(&[0.5, 0.3, 0.2], 0), [[Place::Common(1)], [Place::Common(2)]]);
    assert!(places(&[], 0).is_empty());
}
