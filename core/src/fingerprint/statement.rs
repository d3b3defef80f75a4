//! Statements: constants and parameters are equal, everything else counts.
//!
//! A cast counts: `5::bigint` and `5` plan differently, and changing one into the other is a rewrite that
//! people do. So do aliases: they are names in the text, and whoever gives the text gives them too.

use super::drop_pg_catalog;
use super::tree::{Constant, Node, Tree};

/// The tree of one statement, as text that is the same for statements that differ only in constants.
pub fn canonical(tree: Tree) -> String {
    let mut out = String::new();
    even_out(tree).write(&mut out);
    out
}

fn even_out(tree: Tree) -> Tree {
    match tree {
        Tree::Constant(_) | Tree::Parameter => Tree::Anything,
        Tree::List(items) => Tree::List(items.into_iter().map(even_out).collect()),
        Tree::Node(node) => even_out_node(node),
        other => other,
    }
}

fn even_out_node(mut node: Node) -> Tree {
    drop_pg_catalog(&mut node);
    // varchar(20) is not varchar(10), and pg_stat_statements leaves both as they are.
    if node.kind == "TypeName" {
        return Tree::Node(node);
    }
    if node.kind == "SelectStmt" {
        keep_positions(&mut node);
    }
    for (_, value) in &mut node.fields {
        *value = even_out(std::mem::replace(value, Tree::Absent));
    }
    match node.kind {
        "A_Expr" if is_signed_value(&node) => return Tree::Anything,
        "A_Expr" => count_as_one(node.get_mut("rexpr")),
        "SelectStmt" => count_as_one(node.get_mut("valuesLists")),
        "A_ArrayExpr" => {
            count_as_one(node.get_mut("elements"));
            if matches!(node.get("elements").map(Tree::items), None | Some([Tree::Anything])) {
                return Tree::Anything;
            }
        }
        _ => {}
    }
    Tree::Node(node)
}

/// In ORDER BY 1, GROUP BY 1 and DISTINCT ON (1) the number is the name of a column.
fn keep_positions(select: &mut Node) {
    for clause in ["sortClause", "groupClause", "distinctClause"] {
        let Some(Tree::List(items)) = select.get_mut(clause) else { continue };
        for item in items {
            let item = match item {
                Tree::Node(sort) if sort.kind == "SortBy" => match sort.get_mut("node") {
                    Some(expression) => expression,
                    None => continue,
                },
                other => other,
            };
            if let Tree::Constant(Constant::Integer(position)) = *item {
                *item = Tree::Number(position);
            }
        }
    }
}

/// `- $1`: what `-5` becomes when pg_stat_statements takes the sign for an operator.
fn is_signed_value(node: &Node) -> bool {
    node.get("lexpr").is_none()
        && node.get("rexpr") == Some(&Tree::Anything)
        && matches!(node.get("name").and_then(Tree::only_name), Some("-" | "+"))
}

/// A list of nothing but constants, such as that of IN or VALUES, has one length.
fn count_as_one(list: Option<&mut Tree>) {
    if let Some(Tree::List(items)) = list {
        items.dedup_by(|next, first| next == first && is_constant(first));
    }
}

/// Nothing in it comes from a table.
fn is_constant(tree: &Tree) -> bool {
    match tree {
        Tree::Anything => true,
        Tree::List(items) => items.iter().all(is_constant),
        Tree::Node(node) => match node.kind {
            "SetToDefault" => true,
            "TypeCast" => node.get("arg").is_some_and(is_constant),
            "RowExpr" => node.get("args").is_some_and(is_constant),
            "A_ArrayExpr" => node.get("elements").is_none_or(is_constant),
            _ => false,
        },
        _ => false,
    }
}
