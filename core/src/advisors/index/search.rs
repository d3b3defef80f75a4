//! Which candidates a statement would use, and what they save it: asked of the planner, one set of them after the other.
//!
//! First all at once: a statement that is not helped by all of them is done. Then each that was used, and its narrower
//! relatives, by itself; then the best ones together. The order is by what is learned from each planning, so the
//! planner comes in as a function.
//!
//! Promises: the number of plannings is bounded, and a caller that runs out of time gets what is known so far.

use std::collections::BTreeSet;

use super::definition::Candidate;
use super::trial::{Figures, Together, Trial};
use crate::plan::Planned;

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
mod sets_tests;
#[cfg(test)]
mod tests;
