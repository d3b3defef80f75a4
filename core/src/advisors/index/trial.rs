//! What the planner said of one statement: without any new index, and with each set of them that makes another plan.
//!
//! This is kept as JSON and read by later versions: a field that comes new has a default. Trap: JSON has no infinity, which a role's
//! own planner costs can bring about ([`Trial::is_finite`]).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::definition::Candidate;
use crate::plan::{JoinMethod, Node, Operation, Plan, Planned, ScanMethod};

/// What one plan of the statement says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    pub cost: f64,
    pub rows: f64,
    pub workers: u32,
    /// No value stood for any parameter.
    pub is_generic: bool,
    pub is_compiled: bool,
    /// All of an index or most of a table is read in the order of an index, row by row.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reads_most_by_index: bool,
    /// All of an index is read in its order, row by row, until enough rows have passed a condition.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub filters_to_a_limit: bool,
    /// Joins that look up one row after the other.
    #[serde(default)]
    pub nested_loops: usize,
    pub shape: String,
}

impl Figures {
    pub fn of(planned: &Planned) -> Figures {
        let usual = planned.usual();
        Figures {
            cost: planned.total_cost(),
            rows: planned.estimated_rows(),
            workers: usual.workers(),
            is_generic: planned.sampled.is_empty(),
            is_compiled: usual.jit,
            reads_most_by_index: reads_most_by_index(usual),
            // The value that people ask for may be a rare one.
            filters_to_a_limit: planned.plans().any(filters_to_a_limit),
            nested_loops: nested_loops(usual),
            shape: usual.shape(),
        }
    }
}

/// Nested loops that make a chain. On TPC-H plans with one gained what was promised (Q17, Q19), those with two and more did not (Q7, Q9,
/// Q21). No setting.
const CHAIN: usize = 2;

impl Figures {
    /// Whether a plan has fewer workers than before and looks rows up one by one through several joins: there one estimate
    /// that is too low multiplies, and it is the cheap sign of a gain that turns into a loss.
    pub fn gives_up_workers_for_lookups(&self, after: &Figures) -> bool {
        after.workers < self.workers && after.nested_loops >= CHAIN
    }

    /// Whether the planner's cost hides a risk of that plan: lookups for workers, or an index's order until a limit is reached.
    pub fn may_get_slower(&self, after: &Figures) -> bool {
        self.gives_up_workers_for_lookups(after)
            || after.filters_to_a_limit && !self.filters_to_a_limit
    }
}

fn nested_loops(plan: &Plan) -> usize {
    let is_one = |node: &&Node| node.operation == Operation::Join(JoinMethod::NestedLoop);
    plan.nodes().into_iter().filter(is_one).count()
}

/// Share of a table's rows from which on an index is no shortcut to them. No setting.
const MOST_ROWS: f64 = 0.5;

fn reads_most_by_index(plan: &Plan) -> bool {
    let nodes = plan.nodes();
    // A limit ends the scan early, whatever its estimate says.
    let is_limited = nodes.iter().any(|node| node.operation == Operation::Other("limit"));
    !is_limited
        && plan.scans().any(|(node, scan)| {
            scan.method == ScanMethod::Index
                && (scan.is_whole_index
                    || scan.relation_rows.is_some_and(|all| node.rows > all * MOST_ROWS))
        })
}

/// Whether a limit is reached by an index's order alone: the planner takes what it looks for to be spread evenly over it.
fn filters_to_a_limit(plan: &Plan) -> bool {
    fn ends_early(node: &Node) -> bool {
        match &node.operation {
            Operation::Scan(scan) => {
                matches!(scan.method, ScanMethod::Index | ScanMethod::IndexOnly)
                    && scan.is_whole_index
                    && scan.filtered
                    && scan.relation_rows.is_some_and(|all| node.rows < all * MOST_ROWS)
            }
            // Its outer side is read as far as the limit asks.
            Operation::Join(JoinMethod::NestedLoop) => {
                node.children.first().is_some_and(ends_early)
            }
            Operation::Append => node.children.iter().any(ends_early),
            Operation::Gather { .. }
            | Operation::Other("result" | "project set" | "subquery" | "lock rows" | "unique") => {
                node.children.iter().any(ends_early)
            }
            _ => false,
        }
    }
    plan.nodes().into_iter().any(|node| {
        node.operation == Operation::Other("limit") && node.children.iter().any(ends_early)
    })
}

/// A set of candidates and the plan with them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Together {
    /// Places in [`Trial::candidates`], in the order in which they add to the saving.
    pub members: Vec<usize>,
    pub after: Figures,
    /// The cost of the same plan with random_page_cost as on flash storage; none where that makes another plan of it, or where the time was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_cost: Option<f64>,
    /// No plan shows it: what a foreign key's check is thought to take.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_foreign_key: bool,
}

impl Together {
    pub const fn of(members: Vec<usize>, after: Figures) -> Together {
        Together { members, after, cached_cost: None, is_foreign_key: false }
    }
}

/// What the planner said of one statement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    pub before: Figures,
    pub candidates: Vec<Candidate>,
    /// Sets that save something, in the order they were found.
    pub sets: Vec<Together>,
    /// Sets that it would use without saving much, at a risk ([`Figures::may_get_slower`]).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub risks: Vec<Together>,
    /// As [`Together::cached_cost`], of the plan without any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_cost: Option<f64>,
    /// Cost with random_page_cost alone as on flash storage, and with the best set as well; only where there is a set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_flash: Option<(f64, f64)>,
    /// The time was over before all was tried.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_cut_short: bool,
}

impl Trial {
    /// Share of the cost that a set saves, at least 0.
    pub fn saving(&self, after: &Figures) -> f64 {
        saving(self.before.cost, after.cost)
    }

    /// The same where no page has to be fetched from a disk; none where the plans are others then.
    pub fn saving_cached(&self, set: &Together) -> Option<f64> {
        Some(saving(self.cached_cost?, set.cached_cost?))
    }

    /// How much of it the best set still saves where random_page_cost is that of flash storage already.
    pub fn saving_on_flash(&self) -> Option<f64> {
        self.on_flash.map(|(before, after)| saving(before, after))
    }

    /// Whether every cost is a number: what is kept is JSON, which has none for infinity.
    pub fn is_finite(&self) -> bool {
        let flash = self.on_flash.iter().flat_map(|(before, after)| [*before, *after]);
        let sets = || self.sets.iter().chain(&self.risks);
        let cached = sets().map(|set| set.cached_cost).chain([self.cached_cost]).flatten();
        let flash = flash.chain(cached);
        let figures = sets().map(|set| &set.after).chain([&self.before]);
        let figures = figures.flat_map(|figures| [figures.cost, figures.rows]);
        flash.chain(figures).all(f64::is_finite)
    }

    /// Without the candidates that no set has: what is worth keeping.
    #[must_use]
    pub fn trimmed(mut self) -> Trial {
        let sets = self.sets.iter().chain(&self.risks);
        let used: BTreeSet<usize> = sets.flat_map(|set| set.members.iter().copied()).collect();
        let places: Vec<usize> = used.into_iter().collect();
        for set in self.sets.iter_mut().chain(&mut self.risks) {
            for member in &mut set.members {
                *member = places.binary_search(member).unwrap_or(0);
            }
        }
        self.candidates =
            places.iter().filter_map(|place| self.candidates.get(*place).cloned()).collect();
        self
    }
}

fn saving(before: f64, after: f64) -> f64 {
    if before > 0.0 { (1.0 - after / before).max(0.0) } else { 0.0 }
}

#[cfg(test)]
mod figures_tests;
#[cfg(test)]
mod tests;
