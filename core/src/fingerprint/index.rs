//! Indexes: what CREATE INDEX says beside names, in the spelling that pg_get_indexdef has for it.
//! Constants count.
//!
//! Trap: the server stores expressions with their types, and pg_get_indexdef shows the casts that this
//! took. Those it adds to constants and to bare columns are left out here, whoever wrote them. So two
//! indexes whose expressions differ in nothing but such a cast inside a function or an operator
//! (`length(data)` and `length(data::text)`) are taken for one; a cast that is itself the indexed
//! expression counts. What stays different although the server stores the same: constants in another
//! spelling (`'2024-1-1'` and `'2024-01-01'`), operator classes of extensions that are the default
//! of their type, functions under another name, casts the server adds to more than a column.

use super::drop_pg_catalog;
use super::tree::{Constant, Node, Tree};

/// Types that the server casts bare columns to, to find an operator or a function for them.
const IMPLICIT_CASTS: [&str; 8] =
    ["text", "varchar", "bpchar", "numeric", "float8", "int4", "int8", "timestamp"];

/// What such a cast is added to: columns, and what has the type of its arguments.
const TYPED_BY_ARGUMENTS: [&str; 4] = ["ColumnRef", "CoalesceExpr", "MinMaxExpr", "CaseExpr"];

/// Built-in operator classes of btree and hash that are no type's default, or of another order.
const OTHER_OPERATOR_CLASSES: [&str; 2] = ["pattern_ops", "cidr_ops"];

/// Built-in operator classes that are their type's default, of the other access methods.
const DEFAULT_OPERATOR_CLASSES: [(&str, &str); 5] = [
    ("gin", "array_ops"),
    ("gin", "jsonb_ops"),
    ("gin", "tsvector_ops"),
    ("gist", "tsvector_ops"),
    ("gist", "range_ops"),
];

/// Parts of CREATE INDEX that say what it is called and how it is made, not what it is.
/// pg_get_indexdef leaves the tablespace out.
const LEFT_OUT: [&str; 5] = ["idxname", "relation", "concurrent", "if_not_exists", "tableSpace"];

/// The tree of one CREATE INDEX, as text that is the same for indexes alike. None for another statement.
pub fn canonical(tree: Tree) -> Option<String> {
    let Tree::Node(mut index) = tree else { return None };
    if index.kind != "IndexStmt" {
        return None;
    }
    for field in LEFT_OUT {
        index.take(field);
    }
    let method = match index.get("accessMethod") {
        Some(Tree::Text(method)) => method.clone(),
        _ => "btree".to_owned(),
    };
    index.set("accessMethod", Tree::Text(method.clone()));
    for list in ["indexParams", "indexIncludingParams"] {
        if let Some(Tree::List(elements)) = index.get_mut(list) {
            for element in elements {
                even_out_element(element, &method);
            }
        }
    }
    if let Some(options) = index.get_mut("options") {
        even_out_options(options);
    }
    if let Some(predicate) = index.take("whereClause") {
        index.set("whereClause", even_out(predicate));
    }
    let mut out = String::new();
    Tree::Node(index).write(&mut out);
    Some(out)
}

/// One column or expression of the index.
fn even_out_element(element: &mut Tree, method: &str) {
    let Tree::Node(element) = element else { return };
    drop_pg_catalog(element);
    let expression = element.take("expr").map(|tree| match tree {
        // A cast that is the whole expression is what the index holds.
        Tree::Node(mut cast) if cast.kind == "TypeCast" => {
            if let Some(arg) = cast.take("arg") {
                cast.set("arg", even_out(arg));
            }
            even_out_type(&mut cast);
            Tree::Node(cast)
        }
        other => even_out(other),
    });
    match expression {
        Some(Tree::Node(mut collate)) if collate.kind == "CollateClause" => {
            element.set("collation", collate.take("collname").unwrap_or(Tree::Absent));
            set_expression(element, collate.take("arg").unwrap_or(Tree::Absent));
        }
        Some(expression) => set_expression(element, expression),
        None => {}
    }
    if let Some(class) = element.get("opclass").and_then(Tree::only_name)
        && is_default_class(class, method)
        && element.get("opclassopts").is_none()
    {
        element.take("opclass");
    }
    even_out_order(element);
}

/// `((a))` is the column a.
fn set_expression(element: &mut Node, expression: Tree) {
    match expression.as_kind("ColumnRef").and_then(|column| column.get("fields")) {
        Some(fields) if fields.only_name().is_some() => {
            let name = fields.items()[0].clone();
            element.set("name", name);
        }
        _ => element.set("expr", expression),
    }
}

fn is_default_class(class: &str, method: &str) -> bool {
    if method == "btree" || method == "hash" {
        return class.ends_with("_ops")
            && !OTHER_OPERATOR_CLASSES.iter().any(|other| class.ends_with(other));
    }
    DEFAULT_OPERATOR_CLASSES.contains(&(method, class))
}

/// SortByDir and SortByNulls of the parser: 0 says nothing.
const ASCENDING: i64 = 1;
const DESCENDING: i64 = 2;
const NULLS_FIRST: i64 = 1;
const NULLS_LAST: i64 = 2;

fn even_out_order(element: &mut Node) {
    let number = |tree: Option<&Tree>| match tree {
        Some(Tree::Number(number)) => *number,
        _ => 0,
    };
    let is_descending = number(element.get("ordering")) == DESCENDING;
    let default = if is_descending { NULLS_FIRST } else { NULLS_LAST };
    if number(element.get("nulls_ordering")) == default {
        element.take("nulls_ordering");
    }
    if number(element.get("ordering")) == ASCENDING {
        element.take("ordering");
    }
}

/// WITH (..): in any order, and `fillfactor = 70` like `fillfactor = '70'`, `off` like `'off'`.
fn even_out_options(options: &mut Tree) {
    let Tree::List(options) = options else { return };
    for option in options.iter_mut() {
        let Tree::Node(option) = option else { continue };
        let value = match option.take("arg") {
            Some(Tree::Number(number)) => Tree::Text(number.to_string()),
            Some(Tree::Constant(constant)) => Tree::Text(constant.text()),
            Some(Tree::Node(name)) => match name.get("names").and_then(Tree::only_name) {
                Some(word) => Tree::Text(word.to_owned()),
                None => Tree::Node(name),
            },
            Some(other) => other,
            None => Tree::Text("true".to_owned()),
        };
        option.set("arg", value);
    }
    options.sort_by_cached_key(|option| {
        let mut out = String::new();
        option.write(&mut out);
        out
    });
}

/// An expression as pg_get_indexdef would have it.
fn even_out(tree: Tree) -> Tree {
    match tree {
        Tree::List(items) => Tree::List(items.into_iter().map(even_out).collect()),
        // '-5'::integer is what the server writes for -5.
        Tree::Constant(constant) if constant != Constant::Null => {
            Tree::Constant(Constant::Text(constant.text()))
        }
        Tree::Node(node) => even_out_node(node),
        other => other,
    }
}

fn even_out_node(mut node: Node) -> Tree {
    drop_pg_catalog(&mut node);
    if node.kind == "TypeName" {
        return Tree::Node(node);
    }
    for (_, value) in &mut node.fields {
        *value = even_out(std::mem::replace(value, Tree::Absent));
    }
    match node.kind {
        "ColumnRef" => {
            // There is one relation: t.a is a.
            if let Some(Tree::List(fields)) = node.get_mut("fields")
                && matches!(fields.last(), Some(Tree::Text(_)))
            {
                fields.drain(..fields.len() - 1);
            }
        }
        "TypeCast" => return cast(node),
        "A_Expr" => return operator(node),
        "BoolExpr" => flatten(&mut node),
        // CASE without ELSE.
        "CaseExpr" if node.get("defresult") == Some(&Tree::Constant(Constant::Null)) => {
            node.take("defresult");
        }
        _ => {}
    }
    Tree::Node(node)
}

fn even_out_type(cast: &mut Node) {
    if let Some(Tree::Node(name)) = cast.get_mut("typeName") {
        drop_pg_catalog(name);
    }
}

/// Casts that the server adds by itself go.
fn cast(mut node: Node) -> Tree {
    let is_added = match node.get("arg") {
        Some(Tree::Constant(_)) => true,
        Some(Tree::Node(arg)) if arg.kind == "A_ArrayExpr" => true,
        Some(Tree::Node(arg)) if TYPED_BY_ARGUMENTS.contains(&arg.kind) => node
            .get("typeName")
            .and_then(|name| name.as_kind("TypeName"))
            .filter(|name| name.get("typmods").is_none() && name.get("arrayBounds").is_none())
            .and_then(|name| name.get("names"))
            .and_then(Tree::only_name)
            .is_some_and(|name| IMPLICIT_CASTS.contains(&name)),
        _ => false,
    };
    if is_added { node.take("arg").unwrap_or(Tree::Absent) } else { Tree::Node(node) }
}

/// A_Expr_Kind of the parser, as far as the server stores one kind as another.
const PLAIN: i64 = 0;
const ANY: i64 = 1;
const ALL: i64 = 2;
const IN: i64 = 6;
const LIKE: i64 = 7;
const ILIKE: i64 = 8;
const SIMILAR: i64 = 9;
const BETWEEN: i64 = 10;
const NOT_BETWEEN: i64 = 11;

/// IN becomes = ANY (ARRAY[..]), LIKE its operator, BETWEEN two comparisons.
fn operator(mut node: Node) -> Tree {
    let kind = match node.get("kind") {
        Some(Tree::Number(kind)) => *kind,
        _ => PLAIN,
    };
    match kind {
        IN => {
            if let Some(Tree::List(items)) = node.take("rexpr") {
                node.set("rexpr", Tree::node("A_ArrayExpr", [("elements", Tree::List(items))]));
            }
            let is_in = node.get("name").and_then(Tree::only_name) == Some("=");
            node.set("kind", Tree::Number(if is_in { ANY } else { ALL }));
            Tree::Node(node)
        }
        LIKE | ILIKE | SIMILAR => {
            node.take("kind");
            Tree::Node(node)
        }
        BETWEEN | NOT_BETWEEN => between(node, kind == BETWEEN),
        _ => Tree::Node(node),
    }
}

/// BoolExprType of the parser.
const AND: i64 = 0;
const OR: i64 = 1;

fn between(mut node: Node, inside: bool) -> Tree {
    let bounds = match node.take("rexpr") {
        Some(Tree::List(bounds)) => bounds,
        other => {
            node.set("rexpr", other.unwrap_or(Tree::Absent));
            return Tree::Node(node);
        }
    };
    let value = node.take("lexpr").unwrap_or(Tree::Absent);
    let names = if inside { [">=", "<="] } else { ["<", ">"] };
    let comparisons = bounds
        .into_iter()
        .zip(names)
        .map(|(bound, name)| {
            Tree::node(
                "A_Expr",
                [
                    ("name", Tree::List(vec![Tree::Text(name.to_owned())])),
                    ("lexpr", value.clone()),
                    ("rexpr", bound),
                ],
            )
        })
        .collect();
    let mut both = Node::new("BoolExpr", [("args", Tree::List(comparisons))]);
    if !inside {
        both.set("boolop", Tree::Number(OR));
    }
    Tree::Node(both)
}

/// (a AND b) AND c is a AND b AND c.
fn flatten(node: &mut Node) {
    let operation = |node: &Node| match node.get("boolop") {
        Some(Tree::Number(operation)) => *operation,
        _ => AND,
    };
    let own = operation(node);
    if own != AND && own != OR {
        return;
    }
    let Some(Tree::List(args)) = node.get_mut("args") else { return };
    *args = std::mem::take(args)
        .into_iter()
        .flat_map(|arg| match arg {
            Tree::Node(mut inner) if inner.kind == "BoolExpr" && operation(&inner) == own => {
                match inner.take("args") {
                    Some(Tree::List(items)) => items,
                    _ => Vec::new(),
                }
            }
            other => vec![other],
        })
        .collect();
}
