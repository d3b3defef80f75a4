//! Which of all candidates to suggest, for the whole workload.
//!
//! Greedy: again and again the set of candidates that brings most, in ms of all queries' time in an hour less what keeping
//! it takes; then what turned out to be superfluous goes. One index serves all queries whose own candidate it begins
//! with.
//!
//! Promises: nothing is chosen that brings less than it costs, or less than `least_gain`; of two where one begins with the
//! other's keys only the wider one is left. The order of queries and candidates does not matter beyond ties.

use std::collections::{BTreeMap, BTreeSet};

use super::definition::Candidate;
use super::redundant::serves_as;

/// A candidate and what it costs.
#[derive(Debug, Clone, PartialEq)]
pub struct Priced {
    pub candidate: Candidate,
    /// Keeping it: writes, and the room it takes, as ms of an hour.
    pub cost_ms_per_hour: f64,
    /// It is suggested already: what is about as good does not take its place.
    pub is_current: bool,
}

/// One query and what would help it.
#[derive(Debug, Clone, PartialEq)]
pub struct Demand {
    pub query_hash: i64,
    pub time_ms_per_hour: f64,
    pub offers: Vec<Offer>,
}

/// Candidates that together save a share of the query's time.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// Places among the candidates.
    pub members: Vec<usize>,
    /// 0 to 1, as far as it is believed.
    pub saving: f64,
}

/// What a query has of the choice.
#[derive(Debug, Clone, PartialEq)]
pub struct Help {
    /// Place of the demand.
    pub demand: usize,
    /// The offer that it takes.
    pub offer: usize,
    /// The chosen candidate that stands for each member.
    pub served_by: Vec<usize>,
}

/// What is left of a saving where a wider index stands in: it is larger and a little slower.
const OF_WIDER: f64 = 0.98;
/// What a further index must save of a query's time to count for a query that has one: less no verdict could see. No setting.
const LEAST_MORE: f64 = 0.05;
/// How much better another choice must be than what is suggested already.
const CURRENT_BONUS: f64 = 1.1;
/// Room: an index of 1 GB is taken to cost 5 s of an hour, by what it takes from the cache and adds to backups. With
/// 10 GB it has to save a minute of every hour. No setting.
const MS_PER_HOUR_AND_BYTE: f64 = 5_000.0 / 1e9;

/// The cost of an index from what its writes take and its size.
pub fn cost_ms_per_hour(write_ms_per_hour: f64, bytes: f64) -> f64 {
    write_ms_per_hour + bytes * MS_PER_HOUR_AND_BYTE
}

/// The choice: places of the candidates, and what each query has of it.
pub fn choose(
    pool: &[Priced],
    demands: &[Demand],
    least_gain_ms_per_hour: f64,
) -> (Vec<usize>, Vec<Help>) {
    let field = Field::of(pool, demands);
    let mut chosen = BTreeSet::new();
    let mut best: Vec<f64> = vec![0.0; demands.len()];
    let mut steps = field.steps();
    for step in &mut steps {
        step.worth = field.worth(step, &chosen, &best, least_gain_ms_per_hour);
    }
    while let Some(step) = best_step(&steps) {
        chosen.extend(step.members.iter().copied());
        let changed = step.touched.clone();
        for demand in &changed {
            best[*demand] = field.saving(*demand, &chosen);
        }
        // Only what could help the same queries is worth something else now.
        for step in steps.iter_mut().filter(|step| !step.touched.is_disjoint(&changed)) {
            step.worth = field.worth(step, &chosen, &best, least_gain_ms_per_hour);
        }
    }
    field.fold(&mut chosen);
    field.prune(&mut chosen);
    let helps = field.helps(&chosen);
    (chosen.into_iter().collect(), helps)
}

struct Field<'a> {
    pool: &'a [Priced],
    demands: &'a [Demand],
    /// By candidate: those that serve as it, itself among them.
    servers: Vec<Vec<usize>>,
    /// By candidate: the demands that it could help.
    helped: Vec<BTreeSet<usize>>,
}

/// Candidates to add at once, the demands that they could help, and what adding them brings.
struct Step {
    members: BTreeSet<usize>,
    touched: BTreeSet<usize>,
    worth: Option<f64>,
}

/// The step that brings most.
fn best_step(steps: &[Step]) -> Option<&Step> {
    steps
        .iter()
        .filter_map(|step| Some((step.worth?, step)))
        .reduce(|best, next| if next.0 > best.0 { next } else { best })
        .map(|(_, step)| step)
}

impl<'a> Field<'a> {
    fn of(pool: &'a [Priced], demands: &'a [Demand]) -> Field<'a> {
        let mut by_relation: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (place, priced) in pool.iter().enumerate() {
            by_relation.entry(priced.candidate.relation).or_default().push(place);
        }
        let servers: Vec<Vec<usize>> = pool
            .iter()
            .map(|narrow| {
                by_relation[&narrow.candidate.relation]
                    .iter()
                    .copied()
                    .filter(|wide| serves_as(&pool[*wide].candidate, &narrow.candidate))
                    .collect()
            })
            .collect();
        let mut helped = vec![BTreeSet::new(); pool.len()];
        for (place, demand) in demands.iter().enumerate() {
            for member in demand.offers.iter().flat_map(|offer| &offer.members) {
                for server in &servers[*member] {
                    helped[*server].insert(place);
                }
            }
        }
        Field { pool, demands, servers, helped }
    }

    /// The chosen one that stands for a candidate: itself before others, of those the cheapest.
    fn server(&self, member: usize, chosen: &BTreeSet<usize>) -> Option<usize> {
        if chosen.contains(&member) {
            return Some(member);
        }
        self.servers[member].iter().copied().filter(|server| chosen.contains(server)).min_by(
            |a, b| self.pool[*a].cost_ms_per_hour.total_cmp(&self.pool[*b].cost_ms_per_hour),
        )
    }

    /// What an offer saves with the choice; nothing where a member is missing.
    fn offer_saving(&self, offer: &Offer, chosen: &BTreeSet<usize>) -> Option<f64> {
        let mut saving = offer.saving;
        for member in &offer.members {
            if self.server(*member, chosen)? != *member {
                saving *= OF_WIDER;
            }
        }
        Some(saving)
    }

    fn saving(&self, demand: usize, chosen: &BTreeSet<usize>) -> f64 {
        self.demands[demand]
            .offers
            .iter()
            .filter_map(|offer| self.offer_saving(offer, chosen))
            .fold(0.0, f64::max)
    }

    /// Every set of candidates that some query has an offer of.
    fn steps(&self) -> Vec<Step> {
        let sets: BTreeSet<BTreeSet<usize>> = self
            .demands
            .iter()
            .flat_map(|demand| &demand.offers)
            .map(|offer| offer.members.iter().copied().collect())
            .collect();
        sets.into_iter()
            .map(|members| Step {
                touched: members
                    .iter()
                    .flat_map(|place| self.helped[*place].iter().copied())
                    .collect(),
                members,
                worth: None,
            })
            .collect()
    }

    /// What adding the members that are missing brings; nothing when that is not enough.
    fn worth(
        &self,
        step: &Step,
        chosen: &BTreeSet<usize>,
        best: &[f64],
        least_gain: f64,
    ) -> Option<f64> {
        let missing: Vec<usize> =
            step.members.iter().copied().filter(|place| !chosen.contains(place)).collect();
        if missing.is_empty() {
            return None;
        }
        let mut with = chosen.clone();
        with.extend(&missing);
        let gain: f64 = step
            .touched
            .iter()
            .map(|demand| {
                let more = self.saving(*demand, &with) - best[*demand];
                let counts = more >= LEAST_MORE || more > 0.0 && best[*demand] == 0.0;
                if counts { more * self.demands[*demand].time_ms_per_hour } else { 0.0 }
            })
            .sum();
        let cost: f64 = missing.iter().map(|place| self.pool[*place].cost_ms_per_hour).sum();
        let net = gain - cost;
        let is_current = missing.iter().all(|place| self.pool[*place].is_current);
        (net >= least_gain.max(f64::MIN_POSITIVE)).then_some(if is_current {
            net * CURRENT_BONUS
        } else {
            net
        })
    }

    /// Of two, one of which serves as the other, the wider stays.
    fn fold(&self, chosen: &mut BTreeSet<usize>) {
        let all: Vec<usize> = chosen.iter().copied().collect();
        for narrow in all {
            if self.servers[narrow].iter().any(|wide| *wide != narrow && chosen.contains(wide)) {
                chosen.remove(&narrow);
            }
        }
    }

    /// What no longer brings what it costs.
    fn prune(&self, chosen: &mut BTreeSet<usize>) {
        let mut order: Vec<usize> = chosen.iter().copied().collect();
        order.sort_by(|a, b| {
            self.pool[*b].cost_ms_per_hour.total_cmp(&self.pool[*a].cost_ms_per_hour)
        });
        for place in order {
            let mut without = chosen.clone();
            without.remove(&place);
            let loss: f64 = self.helped[place]
                .iter()
                .map(|demand| {
                    (self.saving(*demand, chosen) - self.saving(*demand, &without))
                        * self.demands[*demand].time_ms_per_hour
                })
                .sum();
            if loss <= self.pool[place].cost_ms_per_hour {
                *chosen = without;
            }
        }
    }

    fn helps(&self, chosen: &BTreeSet<usize>) -> Vec<Help> {
        let mut found = Vec::new();
        for (place, demand) in self.demands.iter().enumerate() {
            let best = demand
                .offers
                .iter()
                .enumerate()
                .filter_map(|(at, offer)| Some((at, self.offer_saving(offer, chosen)?)))
                .filter(|(_, saving)| *saving > 0.0)
                // The smaller set where two save the same.
                .max_by(|a, b| {
                    a.1.total_cmp(&b.1).then_with(|| {
                        let size = |at: usize| demand.offers[at].members.len();
                        size(b.0).cmp(&size(a.0))
                    })
                });
            if let Some((offer, _)) = best {
                let served_by: Option<Vec<usize>> = demand.offers[offer]
                    .members
                    .iter()
                    .map(|member| self.server(*member, chosen))
                    .collect();
                if let Some(served_by) = served_by {
                    found.push(Help { demand: place, offer, served_by });
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::definition::Key;
    use super::*;

    fn priced(relation: u32, columns: &[i16], cost: f64) -> Priced {
        Priced {
            candidate: Candidate::btree(
                relation,
                columns.iter().copied().map(Key::column).collect(),
            ),
            cost_ms_per_hour: cost,
            is_current: false,
        }
    }

    fn demand(query_hash: i64, time: f64, offers: &[(&[usize], f64)]) -> Demand {
        Demand {
            query_hash,
            time_ms_per_hour: time,
            offers: offers
                .iter()
                .map(|(members, saving)| Offer { members: members.to_vec(), saving: *saving })
                .collect(),
        }
    }

    #[test]
    fn one_index_serves_several_queries_before_one_for_each() {
        // (a, b) is a bit better for the first, (a) does for both.
        let pool = [priced(1, &[1], 1.0), priced(1, &[1, 2], 1.5), priced(1, &[3], 1.0)];
        let demands = [
            demand(11, 1000.0, &[(&[0], 0.8), (&[1], 0.801)]),
            demand(12, 1000.0, &[(&[0], 0.8), (&[2], 0.79)]),
        ];
        let (chosen, helps) = choose(&pool, &demands, 1.0);
        assert_eq!(chosen, [0]);
        assert_eq!(helps.iter().map(|help| help.demand).collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn a_prefix_is_folded_into_the_wider_index() {
        let pool = [priced(1, &[1], 1.0), priced(1, &[1, 2], 1.0)];
        let demands =
            [demand(11, 5000.0, &[(&[0], 0.9)]), demand(12, 1000.0, &[(&[1], 0.9), (&[0], 0.2)])];
        let (chosen, helps) = choose(&pool, &demands, 1.0);
        assert_eq!(chosen, [1]);
        assert_eq!(helps[0].served_by, [1]);
        assert_eq!(helps.len(), 2);
    }

    #[test]
    fn what_costs_more_than_it_brings_is_not_chosen() {
        let saves = [demand(11, 100.0, &[(&[0], 0.5)])];
        assert_eq!(choose(&[priced(1, &[1], 49.0)], &saves, 1.0).0, [0]);
        assert_eq!(choose(&[priced(1, &[1], 49.5)], &saves, 1.0).0, [0_usize; 0]);
        assert_eq!(choose(&[priced(1, &[1], 50.0)], &saves, 0.0).0, [0_usize; 0]);
    }

    #[test]
    fn two_that_pay_only_together_come_together() {
        let pool = [priced(1, &[1], 1.0), priced(2, &[1], 1.0)];
        let demands = [demand(11, 100.0, &[(&[0, 1], 0.9)])];
        let (chosen, helps) = choose(&pool, &demands, 1.0);
        assert_eq!(chosen, [0, 1]);
        assert_eq!(helps[0].served_by, [0, 1]);
    }

    #[test]
    fn what_became_superfluous_goes() {
        // The first is best to begin with; then the other two, each for its own query, leave it nothing to do.
        let pool = [priced(1, &[1], 5.0), priced(1, &[2], 1.0), priced(1, &[3], 1.0)];
        let demands = [
            demand(11, 100.0, &[(&[0], 0.5), (&[1], 0.9)]),
            demand(12, 100.0, &[(&[0], 0.5), (&[2], 0.9)]),
        ];
        assert_eq!(choose(&pool, &demands, 1.0).0, [1, 2]);
    }

    #[test]
    fn what_is_suggested_already_stays_unless_another_is_clearly_better() {
        let mut pool = [priced(1, &[1], 1.0), priced(1, &[2], 1.0)];
        let demands = |other| [demand(11, 1000.0, &[(&[0], 0.80), (&[1], other)])];
        assert_eq!(choose(&pool, &demands(0.82), 200.0).0, [1]);
        pool[0].is_current = true;
        assert_eq!(choose(&pool, &demands(0.82), 200.0).0, [0]);
        assert_eq!(choose(&pool, &demands(0.95), 200.0).0, [1]);
    }

    #[test]
    fn a_further_index_must_save_five_points_of_a_querys_time() {
        let pool = [priced(1, &[1], 0.1), priced(1, &[1, 2], 0.1), priced(1, &[3], 0.1)];
        let demands = |second| {
            [
                demand(11, 1000.0, &[(&[0], 0.80)]),
                demand(12, 1000.0, &[(&[0], 0.80), (&[2], second)]),
                demand(13, 1000.0, &[(&[0], 0.80), (&[1], 0.82)]),
            ]
        };
        assert_eq!(choose(&pool, &demands(0.849), 1.0).0, [0]);
        assert_eq!(choose(&pool, &demands(0.851), 1.0).0, [0, 2]);
    }

    #[test]
    fn nothing_is_chosen_where_nothing_is_offered() {
        assert_eq!(choose(&[], &[], 0.0), (vec![], vec![]));
        assert_eq!(choose(&[priced(1, &[1], 0.0)], &[demand(1, 10.0, &[])], 0.0).0, [0_usize; 0]);
    }
}
