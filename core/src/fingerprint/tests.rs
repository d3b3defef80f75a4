//! The rules on hand-made trees; on the parser's own they are tested in the database.

use super::tree::{Constant, Tree};
use super::{index, statement};

fn text(name: &str) -> Tree {
    Tree::Text(name.to_owned())
}

fn names(name: &str) -> Tree {
    Tree::List(vec![text(name)])
}

fn integer(value: i64) -> Tree {
    Tree::Constant(Constant::Integer(value))
}

fn column(name: &str) -> Tree {
    Tree::node("ColumnRef", [("fields", names(name))])
}

fn within(list: Vec<Tree>) -> Tree {
    Tree::node(
        "A_Expr",
        [
            ("kind", Tree::Number(6)),
            ("name", names("=")),
            ("lexpr", column("a")),
            ("rexpr", Tree::List(list)),
        ],
    )
}

#[test]
fn a_list_of_constants_has_one_length_and_a_list_with_a_column_keeps_its_own() {
    let one = statement::canonical(within(vec![Tree::Parameter]));
    assert_eq!(statement::canonical(within(vec![integer(1), integer(2)])), one);
    let with_column = statement::canonical(within(vec![integer(1), column("b")]));
    assert_ne!(with_column, one);
    let twice = statement::canonical(within(vec![column("b"), column("b")]));
    assert_ne!(twice, statement::canonical(within(vec![column("b")])));
}

#[test]
fn a_position_in_order_by_is_a_name() {
    let select = |expression: Tree| {
        let sort = Tree::node("SortBy", [("node", expression)]);
        statement::canonical(Tree::node("SelectStmt", [("sortClause", Tree::List(vec![sort]))]))
    };
    assert_ne!(select(integer(1)), select(integer(2)));
    assert_ne!(select(integer(1)), select(Tree::Parameter));
    let text = |text: &str| Tree::Constant(Constant::Text(text.to_owned()));
    assert_eq!(select(text("a")), select(Tree::Parameter));
}

#[test]
fn names_cannot_be_arranged_to_look_like_something_else() {
    let written = |tree: Tree| {
        let mut out = String::new();
        tree.write(&mut out);
        out
    };
    let two = Tree::List(vec![text("a"), text("b")]);
    assert_ne!(written(two), written(Tree::List(vec![text("at1:b")])));
    assert_ne!(written(text("1")), written(Tree::Number(1)));
    assert_ne!(written(text("?")), written(Tree::Anything));
    let fields = Tree::node("A", [("b", text("x")), ("c", text("y"))]);
    assert_ne!(written(fields), written(Tree::node("A", [("b", text("x c=t1:y"))])));
}

#[test]
fn a_field_that_says_nothing_is_no_field() {
    let with = Tree::node("A", [("b", Tree::Absent), ("c", text("x"))]);
    assert_eq!(with, Tree::node("A", [("c", text("x"))]));
}

#[test]
fn the_order_of_a_column_counts_and_its_defaults_do_not() {
    let index_of = |fields: &[(&'static str, i64)]| {
        let mut element = vec![("name", text("a"))];
        element.extend(fields.iter().map(|(name, value)| (*name, Tree::Number(*value))));
        let element = Tree::node("IndexElem", element);
        index::canonical(Tree::node("IndexStmt", [("indexParams", Tree::List(vec![element]))]))
    };
    let plain = index_of(&[]);
    assert!(plain.is_some());
    assert_eq!(index_of(&[("ordering", 1), ("nulls_ordering", 2)]), plain);
    assert_ne!(index_of(&[("nulls_ordering", 1)]), plain);
    assert_ne!(index_of(&[("ordering", 2)]), plain);
    assert_eq!(index_of(&[("ordering", 2), ("nulls_ordering", 1)]), index_of(&[("ordering", 2)]));
    assert_ne!(index_of(&[("ordering", 2), ("nulls_ordering", 2)]), index_of(&[("ordering", 2)]));
}

#[test]
fn only_create_index_is_an_index() {
    assert_eq!(index::canonical(Tree::node("SelectStmt", [])), None);
    assert_eq!(index::canonical(Tree::Absent), None);
}
