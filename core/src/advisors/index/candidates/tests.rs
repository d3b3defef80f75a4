use super::super::fixture::orders;
use super::*;
use crate::statement::shape::{
    Clause, Column, Join, Level, Operator, Predicate, Source, Strategy, Term, Value,
};

fn col(number: i16) -> Column {
    Column { source: 0, relation: 1, attnum: number, name: String::new(), is_behind_barrier: false }
}

fn operator(name: &str) -> Operator {
    Operator { oid: 1, name: name.into(), term_type: 25 }
}

fn compare(number: i16, strategy: Strategy) -> Predicate {
    Predicate {
        term: Term::Column(col(number)),
        strategy,
        operator: Some(operator("=")),
        value: Value::Parameter(1),
        clause: Clause::Where,
        is_negated: false,
        or_group: None,
    }
}

fn sort(number: i16, is_descending: bool, nulls_first: bool) -> SortKey {
    SortKey { term: Term::Column(col(number)), is_descending, nulls_first }
}

fn shape(level: Level) -> Shape {
    let source = Source { number: 0, relation: 1, columns: vec![0], ..Source::default() };
    Shape { levels: vec![Level { sources: vec![source], ..level }], ..Shape::default() }
}

fn tails(shape: &Shape, table: &Table) -> Vec<String> {
    let tables = BTreeMap::from([(1, table.clone())]);
    candidates(shape, &tables)
        .iter()
        .map(|candidate| {
            let tail = candidate.tail(table).unwrap();
            tail.split("USING ").nth(1).unwrap().to_owned()
        })
        .collect()
}

fn of(predicates: Vec<Predicate>) -> Vec<String> {
    tails(&shape(Level { predicates, ..Level::default() }), &orders())
}

#[test]
fn equalities_come_together_and_alone_the_most_selective_first() {
    let found = of(vec![compare(3, Strategy::Equal), compare(2, Strategy::Equal)]);
    assert_eq!(
        found,
        [
            "btree (customer_id, status)",
            "btree (status, customer_id)",
            "btree (customer_id)",
            "btree (status)"
        ]
    );
}

#[test]
fn a_range_comes_behind_the_equalities() {
    let found = of(vec![compare(4, Strategy::Range), compare(2, Strategy::Equal)]);
    assert!(found.contains(&"btree (customer_id, placed_at)".to_owned()), "{found:?}");
    assert!(!found.contains(&"btree (placed_at, customer_id)".to_owned()), "{found:?}");
}

#[test]
fn an_order_is_followed_and_a_backward_one_needs_no_desc() {
    let ordered =
        |keys: Vec<SortKey>| tails(&shape(Level { sort: keys, ..Level::default() }), &orders());
    assert_eq!(ordered(vec![sort(4, true, true)]), ["btree (placed_at)"]);
    assert_eq!(ordered(vec![sort(4, true, false)]), ["btree (placed_at NULLS FIRST)"]);
    assert_eq!(
        ordered(vec![sort(3, false, false), sort(4, true, true)]),
        ["btree (status, placed_at DESC)"]
    );
    let equal = shape(Level {
        sort: vec![sort(4, true, true)],
        predicates: vec![compare(2, Strategy::Equal)],
        ..Level::default()
    });
    assert_eq!(tails(&equal, &orders())[0], "btree (customer_id, placed_at)");
}

#[test]
fn a_join_column_comes_with_what_is_equal() {
    let other = Column { source: 1, relation: 2, ..col(1) };
    let join = Join {
        left: Term::Column(col(2)),
        right: Term::Column(other),
        operator: operator("="),
        strategy: Strategy::Equal,
        clause: Clause::On,
        crosses_levels: false,
    };
    let level = Level {
        joins: vec![join],
        predicates: vec![compare(3, Strategy::Equal)],
        ..Level::default()
    };
    let found = tails(&shape(level), &orders());
    for wanted in
        ["btree (customer_id)", "btree (customer_id, status)", "btree (status, customer_id)"]
    {
        assert!(found.contains(&wanted.to_owned()), "{wanted}: {found:?}");
    }
}

#[test]
fn what_is_negated_behind_a_barrier_or_in_having_makes_no_candidate() {
    let negated = Predicate { is_negated: true, ..compare(2, Strategy::Equal) };
    let having = Predicate { clause: Clause::Having, ..compare(2, Strategy::Equal) };
    let behind = Predicate {
        term: Term::Column(Column { is_behind_barrier: true, ..col(2) }),
        ..compare(2, Strategy::Equal)
    };
    for predicate in [negated, having, behind, compare(2, Strategy::NotEqual)] {
        assert_eq!(of(vec![predicate.clone()]), [""; 0], "{predicate:?}");
    }
    assert_eq!(of(vec![compare(2, Strategy::Equal)]), ["btree (customer_id)"]);
}

#[test]
fn each_side_of_an_or_stands_alone() {
    let either = |number| Predicate { or_group: Some(0), ..compare(number, Strategy::Equal) };
    assert_eq!(of(vec![either(2), either(4)]), ["btree (customer_id)", "btree (placed_at)"]);
}

#[test]
fn a_constant_condition_makes_a_partial_index_where_it_leaves_few_rows() {
    let constant =
        Predicate { value: Value::Constant("it's".into()), ..compare(3, Strategy::Equal) };
    let found = of(vec![constant.clone(), compare(2, Strategy::Equal)]);
    assert_eq!(found[0], "btree (customer_id) WHERE status = 'it''s'");
    // A quarter of the rows, and a bit more.
    let mut table = orders();
    table.columns[2].common = vec![("it's".into(), 0.25)];
    let level = || Level {
        predicates: vec![constant.clone(), compare(2, Strategy::Equal)],
        ..Level::default()
    };
    assert!(tails(&shape(level()), &table)[0].contains("WHERE"));
    table.columns[2].common = vec![("it's".into(), 0.251)];
    let found = tails(&shape(level()), &table);
    assert!(found.iter().all(|tail| !tail.contains("WHERE")), "{found:?}");
}

#[test]
fn null_tests_and_flags_make_partial_indexes_by_their_share() {
    let test = |number, strategy| {
        vec![
            Predicate { value: Value::Absent, ..compare(number, strategy) },
            compare(2, Strategy::Equal),
        ]
    };
    let found = of(test(9, Strategy::IsNotNull));
    assert_eq!(found[0], "btree (customer_id, shipped_at) WHERE shipped_at IS NOT NULL");
    // 95 % of the rows.
    assert!(of(test(9, Strategy::IsNull)).iter().all(|tail| !tail.contains("WHERE")));
    let mut unpaid = test(10, Strategy::Boolean);
    unpaid[0].is_negated = true;
    assert_eq!(of(unpaid)[0], "btree (customer_id) WHERE NOT is_paid");
}

#[test]
fn a_constant_of_somebody_elses_type_is_left_alone() {
    let mut table = orders();
    table.columns[2].is_plain_type = false;
    let constant = Predicate { value: Value::Constant("x".into()), ..compare(3, Strategy::Equal) };
    let found = tails(&shape(Level { predicates: vec![constant], ..Level::default() }), &table);
    assert_eq!(found, ["btree (status)"]);
}

#[test]
fn an_expression_is_indexed_when_it_is_immutable() {
    let lower = |is_immutable| Predicate {
        term: Term::Expression {
            text: "lower(status)".into(),
            columns: vec![col(3)],
            is_immutable,
        },
        ..compare(3, Strategy::Equal)
    };
    assert_eq!(of(vec![lower(true)]), ["btree ((lower(status)))"]);
    assert_eq!(of(vec![lower(false)]), [""; 0]);
}

#[test]
fn a_prefix_of_like_takes_its_own_class_unless_the_collation_is_c() {
    let like = compare(6, Strategy::LikePrefix);
    assert_eq!(of(vec![like.clone()]), ["btree (note text_pattern_ops)"]);
    let mut table = orders();
    table.columns[5].is_collated = false;
    let found = tails(&shape(Level { predicates: vec![like], ..Level::default() }), &table);
    assert_eq!(found, ["btree (note)"]);
}

#[test]
fn documents_arrays_and_patterns_are_for_gin() {
    let with = |number, strategy, name: &str| {
        of(vec![Predicate { operator: Some(operator(name)), ..compare(number, strategy) }])
    };
    assert_eq!(with(8, Strategy::JsonContains, "@>"), ["gin (payload jsonb_path_ops)"]);
    assert_eq!(with(8, Strategy::JsonContains, "<@"), [""; 0]);
    assert_eq!(with(8, Strategy::JsonKey, "?"), ["gin (payload)"]);
    assert_eq!(with(7, Strategy::Array, "&&"), ["gin (tags)"]);
    // `$1 = ANY (tags)`
    assert_eq!(with(7, Strategy::Array, "="), [""; 0]);
    assert_eq!(with(6, Strategy::Like, "~~"), [""; 0]);
    let table = Table { trigram_schema: Some("public".into()), ..orders() };
    let level = Level { predicates: vec![compare(6, Strategy::Like)], ..Level::default() };
    assert_eq!(tails(&shape(level), &table), ["gin (note public.gin_trgm_ops)"]);
}

#[test]
fn brin_is_for_large_tables_in_the_order_of_the_column() {
    let range = |number| {
        tails(
            &shape(Level {
                predicates: vec![compare(number, Strategy::Range)],
                ..Level::default()
            }),
            &orders(),
        )
    };
    assert_eq!(range(4), ["brin (placed_at)", "btree (placed_at)"]);
    assert_eq!(range(5), ["btree (amount)"]);
    let small = Table { pages: 9_999.0, ..orders() };
    let level = Level { predicates: vec![compare(4, Strategy::Range)], ..Level::default() };
    assert_eq!(tails(&shape(level), &small), ["btree (placed_at)"]);
}

#[test]
fn what_a_select_uses_besides_is_carried_along_when_it_is_little() {
    let mut shape =
        shape(Level { predicates: vec![compare(2, Strategy::Equal)], ..Level::default() });
    assert_eq!(tails(&shape, &orders()), ["btree (customer_id)"]);
    shape.levels[0].sources[0].columns = vec![2, 5];
    assert_eq!(
        tails(&shape, &orders()),
        ["btree (customer_id)", "btree (customer_id) INCLUDE (amount)"]
    );
    // 60 bytes and 8 are too many.
    shape.levels[0].sources[0].columns = vec![2, 5, 6];
    assert_eq!(tails(&shape, &orders()), ["btree (customer_id)"]);
    shape.levels[0].sources[0].columns = vec![2, 5];
    shape.kind = StatementKind::Update;
    assert_eq!(tails(&shape, &orders()), ["btree (customer_id)"]);
}

#[test]
fn a_small_table_and_what_is_there_already_make_nothing() {
    let level = || Level { predicates: vec![compare(2, Strategy::Equal)], ..Level::default() };
    assert_eq!(tails(&shape(level()), &Table { rows: 999.0, ..orders() }), [""; 0]);
    assert_eq!(tails(&shape(level()), &Table { rows: 1000.0, ..orders() }).len(), 1);
    assert_eq!(of(vec![compare(1, Strategy::Equal)]), [""; 0]);
}

#[test]
fn groups_and_ends_of_a_column_are_candidates() {
    let grouped = Level { group: vec![Term::Column(col(3))], ..Level::default() };
    assert_eq!(tails(&shape(grouped), &orders()), ["btree (status)"]);
    let ends = Level { has_aggregates: true, targets: vec![col(4)], ..Level::default() };
    assert_eq!(tails(&shape(ends), &orders()), ["btree (placed_at)"]);
}

/// `shipped_at < placed_at` or the like: columns 9 and 4.
fn against(number: i16, name: &str, other: i16) -> Predicate {
    Predicate {
        operator: Some(operator(name)),
        value: Value::Column(col(other)),
        ..compare(number, Strategy::Range)
    }
}

#[test]
fn a_condition_between_two_columns_makes_a_partial_index_of_the_other_keys() {
    let with = |condition: Predicate| of(vec![compare(2, Strategy::Equal), condition]);
    let found = with(against(4, "<", 9));
    assert_eq!(found[0], "btree (customer_id) WHERE placed_at < shipped_at");
    // The other way round it is the same.
    assert_eq!(with(against(9, ">", 4)), found);
    assert_eq!(with(against(9, "<=", 4))[0], "btree (customer_id) WHERE placed_at >= shipped_at");
    // No scan begins at a value that is another one in each row.
    assert!(found.iter().all(|tail| !tail.contains("(placed_at")), "{found:?}");
    let both = of(vec![compare(2, Strategy::Equal), against(4, "<", 9), against(4, "<", 1)]);
    assert!(
        both.contains(
            &"btree (customer_id) WHERE id > placed_at AND placed_at < shipped_at".to_owned()
        ),
        "{both:?}"
    );
}

#[test]
fn nothing_comes_of_a_negated_or_alternative_condition_between_columns() {
    let without = of(vec![compare(2, Strategy::Equal)]);
    let negated = Predicate { is_negated: true, ..against(4, "<", 9) };
    assert_eq!(of(vec![compare(2, Strategy::Equal), negated]), without);
    let either = Predicate { or_group: Some(0), ..against(4, "<", 9) };
    assert_eq!(of(vec![compare(2, Strategy::Equal), either]), without);
    assert_eq!(of(vec![compare(2, Strategy::Equal), against(4, "<<", 9)]), without);
}
