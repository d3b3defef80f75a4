//! Which candidates a statement would use, and what they save it: asked of the planner, one set of them after the other.
//!
//! First all at once: a statement that is not helped by all of them is done. Then each that was used, and its narrower
//! relatives, by itself; then the best ones together. The order is by what is learned from each planning, so the
//! planner comes in as a function.
//!
//! Promises: the number of plannings is bounded, and a caller that runs out of time gets what is known so far.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::definition::Candidate;
use crate::plan::{JoinMethod, Node, Operation, Plan, Planned, ScanMethod};

/// Saving of planner cost below which an index is none for the statement. 0.15: what is promised then, tempered, is the 10 % that a
/// verdict can see. No setting.
pub const LEAST_SAVING: f64 = 0.15;
/// What a second index must save beyond the first, of the cost without either. No setting.
const LEAST_ADDED: f64 = 0.10;
/// Indexes of one statement that work together. No setting.
const MOST_TOGETHER: usize = 3;
/// Narrower ones that are tried for each member of a set. No setting.
const MOST_NARROWER: usize = 3;
/// What one of them may cost more, of the cost without any. No setting.
const AS_GOOD: f64 = 0.02;
/// random_page_cost of storage without moving parts, for the trial of that setting alone.
pub const FLASH_PAGE_COST: f64 = 1.1;

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

/// What to plan with.
#[derive(Debug, Clone, PartialEq)]
pub struct Question<'a> {
    /// Places of the candidates that are there.
    pub there: &'a [usize],
    pub random_page_cost: Option<f64>,
}

/// What came of it.
pub struct Answer {
    pub planned: Planned,
    /// Places of the candidates that a plan uses.
    pub used: BTreeSet<usize>,
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
}

impl Trial {
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

/// Asks the planner about those of the `candidates` that could be made up for it; `is_over` says when to stop.
pub fn search(
    candidates: &[Candidate],
    made: &BTreeSet<usize>,
    mut plan: impl FnMut(&Question) -> Answer,
    mut is_over: impl FnMut() -> bool,
) -> Trial {
    let before = Figures::of(&plan(&Question { there: &[], random_page_cost: None }).planned);
    let mut trial = Trial {
        before,
        candidates: candidates.to_vec(),
        sets: Vec::new(),
        risks: Vec::new(),
        cached_cost: None,
        on_flash: None,
        is_cut_short: false,
    };
    if made.is_empty() {
        return trial;
    }
    let everything: Vec<usize> = made.iter().copied().collect();
    let with_all = plan(&Question { there: &everything, random_page_cost: None });
    let after = Figures::of(&with_all.planned);
    if trial.saving(&after) < LEAST_SAVING {
        if trial.before.may_get_slower(&after) {
            risks(&mut trial, &with_all.used, after, &mut plan, &mut is_over);
        }
        return trial;
    }
    let mut alone: Vec<(usize, Figures)> = Vec::new();
    for place in worth_trying(&trial.candidates, &with_all.used).intersection(made).copied() {
        if is_over() {
            trial.is_cut_short = true;
            break;
        }
        let answer = plan(&Question { there: &[place], random_page_cost: None });
        if answer.used.contains(&place) {
            alone.push((place, Figures::of(&answer.planned)));
        }
    }
    alone.sort_by(|a, b| a.1.cost.total_cmp(&b.1.cost));
    for (place, after) in &alone {
        let set = Together::of(vec![*place], after.clone());
        if trial.saving(after) >= LEAST_SAVING {
            trial.sets.push(set);
        } else if trial.before.may_get_slower(after) {
            trial.risks.push(set);
        }
    }
    // Two that pay only together are begun with one of them.
    let begin = alone.first().map(|(place, after)| (*place, after.clone()));
    let begin = begin.or_else(|| Some((*with_all.used.first()?, trial.before.clone())));
    if let Some(begin) = begin {
        together(&mut trial, begin, &with_all.used, &mut plan, &mut is_over);
        narrower(&mut trial, &alone, &mut plan, &mut is_over);
        bare(&mut trial, &alone, &mut plan, &mut is_over);
    }
    if let Some(best) =
        trial.sets.iter().min_by(|a, b| a.after.cost.total_cmp(&b.after.cost)).cloned()
    {
        let mut on_flash = |there: &[usize]| {
            let question = Question { there, random_page_cost: Some(FLASH_PAGE_COST) };
            Figures::of(&plan(&question).planned)
        };
        let (before, after) = (on_flash(&[]), on_flash(&best.members));
        trial.on_flash = Some((before.cost, after.cost));
        trial.cached_cost = (before.shape == trial.before.shape).then_some(before.cost);
        if trial.cached_cost.is_some() {
            for set in &mut trial.sets {
                // All or none: sets are compared with each other.
                if is_over() {
                    trial.is_cut_short = true;
                    break;
                }
                let cached = on_flash(&set.members);
                set.cached_cost = (cached.shape == set.after.shape).then_some(cached.cost);
            }
            if trial.is_cut_short {
                trial.cached_cost = None;
            }
        }
    }
    trial
}

/// Of a statement that nothing helps: what it would use to its harm, all together and each by itself.
fn risks(
    trial: &mut Trial,
    used: &BTreeSet<usize>,
    after: Figures,
    plan: &mut impl FnMut(&Question) -> Answer,
    is_over: &mut impl FnMut() -> bool,
) {
    trial.risks.push(Together::of(used.iter().copied().collect(), after));
    if used.len() < 2 {
        return;
    }
    for place in used.iter().copied() {
        // What is known is kept, and is what counts where all are chosen.
        if is_over() {
            return;
        }
        let answer = plan(&Question { there: &[place], random_page_cost: None });
        let after = Figures::of(&answer.planned);
        if answer.used.contains(&place) && trial.before.may_get_slower(&after) {
            trial.risks.push(Together::of(vec![place], after));
        }
    }
}

/// Those that were used when all were there, and those that could do much the same for less: on the same table, those that carry
/// nothing along, and the others with the same first key.
fn worth_trying(candidates: &[Candidate], used: &BTreeSet<usize>) -> BTreeSet<usize> {
    let is_akin = |place: usize| {
        used.iter().any(|one| {
            let (one, other) = (&candidates[*one], &candidates[place]);
            one.relation == other.relation
                && (other.includes.is_empty()
                    || one.keys.first().map(|key| &key.what)
                        == other.keys.first().map(|key| &key.what))
        })
    };
    (0..candidates.len()).filter(|place| used.contains(place) || is_akin(*place)).collect()
}

/// Adds, one at a time, what saves most beside what is there.
fn together(
    trial: &mut Trial,
    begin: (usize, Figures),
    used: &BTreeSet<usize>,
    plan: &mut impl FnMut(&Question) -> Answer,
    is_over: &mut impl FnMut() -> bool,
) {
    let (mut members, mut so_far) = (vec![begin.0], begin.1);
    while members.len() < MOST_TOGETHER {
        let mut best: Option<(usize, Figures)> = None;
        for place in used.iter().copied().filter(|place| !members.contains(place)) {
            if is_over() {
                trial.is_cut_short = true;
                return;
            }
            let mut there = members.clone();
            there.push(place);
            let answer = plan(&Question { there: &there, random_page_cost: None });
            let after = Figures::of(&answer.planned);
            if answer.used.contains(&place)
                && best.as_ref().is_none_or(|(_, known)| after.cost < known.cost)
            {
                best = Some((place, after));
            }
        }
        let Some((place, after)) = best else { return };
        if so_far.cost - after.cost < LEAST_ADDED * trial.before.cost {
            return;
        }
        members.push(place);
        if trial.saving(&after) >= LEAST_SAVING {
            trial.sets.push(Together::of(members.clone(), after.clone()));
        }
        so_far = after;
    }
}

/// Of the largest set, the same with one member narrower, one after the other: what is cheaper to keep may do as well.
fn narrower(
    trial: &mut Trial,
    alone: &[(usize, Figures)],
    plan: &mut impl FnMut(&Question) -> Answer,
    is_over: &mut impl FnMut() -> bool,
) {
    let Some(largest) = trial.sets.last().filter(|set| set.members.len() > 1).cloned() else {
        return;
    };
    let mut members = largest.members;
    for at in 0..members.len() {
        let own = trial.candidates[members[at]].clone();
        let others: Vec<usize> = alone
            .iter()
            .map(|(place, _)| *place)
            .filter(|place| {
                let other = &trial.candidates[*place];
                other.relation == own.relation
                    && other.columns() < own.columns()
                    && !members.contains(place)
            })
            .take(MOST_NARROWER)
            .collect();
        for place in others {
            if is_over() {
                trial.is_cut_short = true;
                return;
            }
            let mut there = members.clone();
            there[at] = place;
            let answer = plan(&Question { there: &there, random_page_cost: None });
            let after = Figures::of(&answer.planned);
            let is_as_good = after.cost <= largest.after.cost + AS_GOOD * trial.before.cost;
            if is_as_good && there.iter().all(|member| answer.used.contains(member)) {
                members.clone_from(&there);
                trial.sets.push(Together::of(there, after));
                break;
            }
        }
    }
}

/// Of the best set, the same with nothing carried along: for each member the narrowest that its table has. It saves less, and
/// may be a fraction of the size.
fn bare(
    trial: &mut Trial,
    alone: &[(usize, Figures)],
    plan: &mut impl FnMut(&Question) -> Answer,
    is_over: &mut impl FnMut() -> bool,
) {
    let sets = trial.sets.iter().filter(|set| set.members.len() > 1);
    let Some(best) = sets.min_by(|a, b| a.after.cost.total_cmp(&b.after.cost)) else { return };
    let candidates = &trial.candidates;
    let bare_one = |member: &usize| {
        let own = &candidates[*member];
        if own.includes.is_empty() {
            return Some(*member);
        }
        let akin = alone.iter().map(|(place, _)| *place).filter(|place| {
            let other = &candidates[*place];
            other.relation == own.relation && other.includes.is_empty()
        });
        // They come cheapest first; of those with as few columns the first is taken.
        akin.min_by_key(|place| candidates[*place].columns())
    };
    let Some(members) = best.members.iter().map(bare_one).collect::<Option<Vec<usize>>>() else {
        return;
    };
    let different: BTreeSet<usize> = members.iter().copied().collect();
    if different.len() < members.len()
        || trial.sets.iter().any(|set| set.members == members)
        || is_over()
    {
        return;
    }
    let answer = plan(&Question { there: &members, random_page_cost: None });
    let after = Figures::of(&answer.planned);
    if members.iter().all(|member| answer.used.contains(member))
        && trial.saving(&after) >= LEAST_SAVING
    {
        trial.sets.push(Together::of(members, after));
    }
}

#[cfg(test)]
mod figures_tests;
#[cfg(test)]
mod sets_tests;
#[cfg(test)]
mod tests;
