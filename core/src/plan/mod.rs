//! What the planner makes of a statement, as plain structs.
//!
//! Costs are the planner's own units, rows its estimates for the whole statement. A plan is compared by its
//! shape ([`Plan::shape`]): node types, relations and indexes, no numbers, so that it stays the same while
//! estimates drift and changes when the planner decides otherwise.
//!
//! Trap: partitions come and go by the day. Children of an append that do the same are one in the shape, under the
//! name of the partitioned table.

mod describe;
pub mod samples;
pub mod skipped;

/// One plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub root: Node,
    /// Plans of subqueries that are run on their own: init plans, CTEs, subplans.
    pub subplans: Vec<Node>,
    /// Whether it is expensive enough to be compiled.
    pub jit: bool,
}

/// One node, with those below it.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub operation: Operation,
    pub startup_cost: f64,
    pub total_cost: f64,
    pub rows: f64,
    pub children: Vec<Node>,
}

/// What a node does.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    Scan(Scan),
    Join(JoinMethod),
    Sort,
    /// Brings together what this many workers did.
    Gather {
        workers: u32,
    },
    /// Partitions, or the branches of a UNION ALL.
    Append,
    /// Anything else, by the name EXPLAIN has for it, in lower case.
    Other(&'static str),
}

/// How a relation is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Scan {
    pub method: ScanMethod,
    /// None for what is no relation: a function, VALUES, a CTE.
    pub relation: Option<Named>,
    pub index: Option<Named>,
    /// Rows the relation is thought to hold; None where there is none or it was never counted.
    pub relation_rows: Option<f64>,
    /// Something is filtered after the rows were found.
    pub filtered: bool,
    /// An index on most of a table is read from end to end: none of its columns is asked for.
    pub is_whole_index: bool,
}

/// What an index that is not there goes by.
#[derive(Debug, Clone, PartialEq)]
pub struct MadeUp {
    pub name: String,
    /// Of its table's rows, those that it holds: 1 where it has no condition.
    pub share_of_rows: f64,
}

/// A relation or an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub oid: u32,
    /// With its schema, quoted where needed.
    pub name: String,
    /// The topmost partitioned table or index it is a partition of, else its own name.
    pub family: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanMethod {
    Seq,
    Index,
    IndexOnly,
    BitmapIndex,
    BitmapHeap,
    Tid,
    Sample,
    /// A scan of something else: the name EXPLAIN has for it.
    Other(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinMethod {
    NestedLoop,
    Hash,
    Merge,
}

/// Share of a table's rows from which on reading an index from end to end is reading most of the table: with some ten rows a page, a tenth of
/// them is on most pages. What holds less has its condition instead of a comparison. No setting.
const LEAST_WHOLE: f64 = 0.1;

/// Below this share of a relation's rows, a filter removes most of them.
/// 0.1: a row in ten is about where an index begins to pay on cached data (random_page_cost 1.1 to 4). No setting.
const MOST_REMOVED: f64 = 0.1;

impl Plan {
    pub fn total_cost(&self) -> f64 {
        self.root.total_cost
    }

    pub fn startup_cost(&self) -> f64 {
        self.root.startup_cost
    }

    pub fn estimated_rows(&self) -> f64 {
        self.root.rows
    }

    /// All nodes, each before those below it.
    pub fn nodes(&self) -> Vec<&Node> {
        let mut found = Vec::new();
        let mut left: Vec<&Node> = std::iter::once(&self.root).chain(&self.subplans).collect();
        left.reverse();
        while let Some(node) = left.pop() {
            found.push(node);
            left.extend(node.children.iter().rev());
        }
        found
    }

    pub fn scans(&self) -> impl Iterator<Item = (&Node, &Scan)> {
        self.nodes().into_iter().filter_map(|node| match &node.operation {
            Operation::Scan(scan) => Some((node, scan)),
            _ => None,
        })
    }

    pub fn joins(&self) -> impl Iterator<Item = JoinMethod> {
        self.nodes().into_iter().filter_map(|node| match node.operation {
            Operation::Join(method) => Some(method),
            _ => None,
        })
    }

    pub fn sorts(&self) -> usize {
        self.nodes().iter().filter(|node| node.operation == Operation::Sort).count()
    }

    /// Says of indexes that the catalog does not know, by oid, what they are.
    pub fn name_indexes(&mut self, made_up: &mut dyn FnMut(u32) -> Option<MadeUp>) {
        fn within(node: &mut Node, made_up: &mut dyn FnMut(u32) -> Option<MadeUp>) {
            if let Operation::Scan(Scan { index: Some(index), is_whole_index, .. }) =
                &mut node.operation
                && let Some(MadeUp { name, share_of_rows }) = made_up(index.oid)
            {
                *index = Named { oid: index.oid, name: name.clone(), family: name };
                *is_whole_index &= share_of_rows >= LEAST_WHOLE;
            }
            for child in &mut node.children {
                within(child, made_up);
            }
        }
        for node in std::iter::once(&mut self.root).chain(&mut self.subplans) {
            within(node, made_up);
        }
    }

    /// Workers it asks for; 0 where it is not parallel.
    pub fn workers(&self) -> u32 {
        self.nodes()
            .iter()
            .filter_map(|node| match node.operation {
                Operation::Gather { workers } => Some(workers),
                _ => None,
            })
            .sum()
    }
}

impl Scan {
    /// Whether the whole relation is read to keep few of its rows.
    pub fn removes_most(&self, rows: f64) -> bool {
        self.method == ScanMethod::Seq
            && self.filtered
            && self.relation_rows.is_some_and(|all| rows < all * MOST_REMOVED)
    }
}

/// What a statement's plans say together.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// With no value known for any parameter.
    pub generic: Plan,
    /// With parameters bound to values of the columns they are compared with; empty where none could be.
    pub sampled: Vec<Sampled>,
}

/// One plan with values.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampled {
    /// Share of the samples' weight, 0 to 1; all together 1.
    pub weight: f64,
    pub plan: Plan,
}

impl Planned {
    /// The plan to show: the one of most weight, the generic one without samples.
    pub fn usual(&self) -> &Plan {
        self.sampled
            .iter()
            .max_by(|a, b| a.weight.total_cmp(&b.weight))
            .map_or(&self.generic, |sampled| &sampled.plan)
    }

    /// Those of the samples, the generic one without any.
    pub fn plans(&self) -> impl Iterator<Item = &Plan> {
        let generic = self.sampled.is_empty().then_some(&self.generic);
        self.sampled.iter().map(|sampled| &sampled.plan).chain(generic)
    }

    /// Cost that one execution is expected to have: the samples' weighted mean, else the generic one.
    pub fn total_cost(&self) -> f64 {
        self.mean(Plan::total_cost)
    }

    /// Rows, the same way.
    pub fn estimated_rows(&self) -> f64 {
        self.mean(Plan::estimated_rows)
    }

    /// What the figures rest on.
    pub fn basis(&self) -> String {
        match self.sampled.len() {
            0 => "generic".to_owned(),
            1 => "parameters: 1 sample".to_owned(),
            n => format!("parameters: {n} samples"),
        }
    }

    fn mean(&self, figure: fn(&Plan) -> f64) -> f64 {
        if self.sampled.is_empty() {
            return figure(&self.generic);
        }
        self.sampled.iter().map(|sampled| sampled.weight * figure(&sampled.plan)).sum()
    }
}

#[cfg(test)]
mod tests;
