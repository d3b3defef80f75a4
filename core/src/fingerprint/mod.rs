//! When two texts count as one statement, or as one index: the parser's tree of each, evened out and
//! written down. Two of them are the same when this text is.
//!
//! Trap: no catalogs are read. What can only be told from the types of columns stays as it is written.

pub mod index;
pub mod statement;
pub mod tree;

#[cfg(test)]
mod tests;

use tree::{Node, Tree};

/// Version of the rules. Raise it with every change of what is evened out: fingerprints that are kept
/// were made by the rules of their time, and are made anew when this differs.
pub const RULES: u32 = 1;

/// Deepest parse tree that is read, in nodes. A chain such as `a || b || c` is one deeper for each
/// link; the longest in the texts of common ORMs have a few dozen. Each level takes about 1 kB of
/// stack in an unoptimised build, and `max_stack_depth` is 2 MB unless somebody set it.
pub const MAX_DEPTH: usize = 500;

/// Leaves `pg_catalog` out of the names of functions, types, operators and collations: the parser
/// writes it for `integer`, `extract(..)` and the like, and not for their other spellings.
fn drop_pg_catalog(node: &mut Node) {
    for field in
        ["funcname", "names", "name", "collname", "collation", "opclass", "useOp", "operName"]
    {
        let Some(Tree::List(names)) = node.get_mut(field) else { continue };
        if names.len() > 1 && names[0] == Tree::Text("pg_catalog".to_owned()) {
            names.remove(0);
        }
    }
}
