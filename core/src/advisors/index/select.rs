//! Which of all candidates to suggest, for the whole workload.
//!
//! Greedy: again and again the set of candidates that brings most, in ms of all queries' time in an hour less what keeping
//! it takes; then what turned out to be superfluous goes. One index serves all queries whose own candidate it begins
//! with, and its room is paid for once.
//!
//! Trap: which index a query uses is the planner's choice, and the planner goes by its cost alone: of what is there a query
//! takes the offer with the least cost, also where we believe less of it than of another, or expect harm.
//!
//! Promises: nothing is chosen that saves less than it costs, or less than `least_gain`; of two where one begins with the
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
    /// Its size without what it only carries along, and what that adds.
    pub bare_bytes: f64,
    pub carried_bytes: f64,
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

/// Candidates with which the planner makes another plan of the query.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// Places among the candidates.
    pub members: Vec<usize>,
    /// The planner's, with them.
    pub plan_cost: f64,
    /// Share of the query's time that we believe it saves, up to 1; below 0 where it is expected to get slower.
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

/// What was chosen.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Chosen {
    /// Places of the candidates.
    pub candidates: Vec<usize>,
    pub helps: Vec<Help>,
    /// Chosen candidates and demands that may get slower by them.
    pub harms: Vec<(usize, usize)>,
}

/// What is left of a saving where a wider index stands in: it is larger and a little slower.
const OF_WIDER: f64 = 0.98;
/// What a further index must save of a query's time to count for a query that has one: less no verdict could see. No setting.
const LEAST_MORE: f64 = 0.05;
/// How much better another choice must be than what is suggested already.
const CURRENT_BONUS: f64 = 1.1;
/// Room: what an index as large as all tables together takes from what it saves a query: it is read, cached, vacuumed and dumped beside them.
/// Paid once, by the query with most time. On TPC-H: an index on one column of the largest table takes 4 %. No setting.
const OF_ROOM: f64 = 1.2;
/// Most that counts of it: where all tables are narrow, every index is nearly as large as they are. No setting.
const MOST_ROOM: f64 = 0.3;
/// The same of what columns that are only carried along add to the size. On TPC-H eleven indexes were 26 MB with them where 23 of others were 6 MB,
/// and hardly faster; they pay where a narrow index spares a wide table. No setting.
const OF_CARRIED: f64 = 4.0;
/// Most that counts of it: where one narrow table is all there is, any column is a large part of it. No setting.
const MOST_CARRIED: f64 = 0.5;
/// What is expected of a query whose plan gives up its workers for looking up row after row, as a share of its time: on TPC-H three such
/// were slower by 43 %, 45 % and nothing. No setting.
pub const HARM: f64 = -0.3;
/// Room: an index of 1 GB is taken to cost 5 s of an hour, by what it takes from the cache and adds to backups. With
/// 10 GB it has to save a minute of every hour. No setting.
const MS_PER_HOUR_AND_BYTE: f64 = 5_000.0 / 1e9;

/// The cost of an index from what its writes take and its size.
pub fn cost_ms_per_hour(write_ms_per_hour: f64, bytes: f64) -> f64 {
    write_ms_per_hour + bytes * MS_PER_HOUR_AND_BYTE
}

/// The choice: places of the candidates, and what each query has of it; `tables_bytes` are those of all tables that candidates are on.
pub fn choose(
    pool: &[Priced],
    demands: &[Demand],
    tables_bytes: f64,
    least_gain_ms_per_hour: f64,
) -> Chosen {
    let field = Field::of(pool, demands, tables_bytes.max(1.0));
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
    while field.prune(&mut chosen, least_gain_ms_per_hour) || field.leave_what_helps(&mut chosen) {}
    let helps = field.helps(&chosen);
    let harms = field.harms(&chosen);
    Chosen { candidates: chosen.into_iter().collect(), helps, harms }
}

struct Field<'a> {
    pool: &'a [Priced],
    demands: &'a [Demand],
    tables_bytes: f64,
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
    fn of(pool: &'a [Priced], demands: &'a [Demand], tables_bytes: f64) -> Field<'a> {
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
        Field { pool, demands, tables_bytes, servers, helped }
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

    /// The candidates that stand for the members of an offer; nothing where one is missing.
    fn served_by(&self, offer: &Offer, chosen: &BTreeSet<usize>) -> Option<Vec<usize>> {
        offer.members.iter().map(|member| self.server(*member, chosen)).collect()
    }

    /// What the planner takes of what is there: the place of the offer, who serves it, and what it saves.
    fn taken(&self, demand: usize, chosen: &BTreeSet<usize>) -> Option<(usize, Vec<usize>, f64)> {
        let offers = self.demands[demand].offers.iter().enumerate();
        let served = offers.filter_map(|(place, offer)| {
            let served_by = self.served_by(offer, chosen)?;
            let wider = offer.members.iter().zip(&served_by).filter(|(a, b)| a != b).count();
            let left = OF_WIDER.powi(i32::try_from(wider).unwrap_or(0));
            Some((place, served_by, offer.plan_cost / left, offer.saving * left))
        });
        // The smaller set where two cost the same.
        served
            .min_by(|a, b| a.2.total_cmp(&b.2).then_with(|| a.1.len().cmp(&b.1.len())))
            .map(|(place, served_by, _, saving)| (place, served_by, saving))
    }

    fn saving(&self, demand: usize, chosen: &BTreeSet<usize>) -> f64 {
        self.taken(demand, chosen).map_or(0.0, |(_, _, saving)| saving)
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
        let (gain, gaining) = self.gain(&step.touched, |demand| best[demand], &with);
        let cost: f64 = missing.iter().map(|place| self.cost(*place, &gaining)).sum();
        let net = gain - cost;
        let is_current = missing.iter().all(|place| self.pool[*place].is_current);
        (gain >= least_gain && net > 0.0).then_some(if is_current {
            net * CURRENT_BONUS
        } else {
            net
        })
    }

    /// What these demands gain, ms of an hour, and which of them; below 0 where they lose.
    fn gain(
        &self,
        touched: &BTreeSet<usize>,
        before: impl Fn(usize) -> f64,
        with: &BTreeSet<usize>,
    ) -> (f64, Vec<usize>) {
        let mut gain = 0.0;
        let mut gaining = Vec::new();
        for demand in touched {
            let so_far = before(*demand);
            let more = self.saving(*demand, with) - so_far;
            let time = self.demands[*demand].time_ms_per_hour;
            if more >= LEAST_MORE || more > 0.0 && so_far == 0.0 {
                gain += more * time;
                gaining.push(*demand);
            } else if more < 0.0 {
                gain += more * time;
            }
        }
        (gain, gaining)
    }

    /// What keeping a candidate takes, where these demands gain by it, ms of an hour.
    fn cost(&self, place: usize, gaining: &[usize]) -> f64 {
        let priced = &self.pool[place];
        let share = (OF_ROOM * priced.bare_bytes / self.tables_bytes).min(MOST_ROOM)
            + (OF_CARRIED * priced.carried_bytes / self.tables_bytes).min(MOST_CARRIED);
        let room = |demand: &usize| share * self.demands[*demand].time_ms_per_hour;
        priced.cost_ms_per_hour + gaining.iter().map(room).fold(0.0, f64::max)
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

    /// Takes out what no longer brings what it costs, or too little, the costliest first; whether there was any.
    fn prune(&self, chosen: &mut BTreeSet<usize>, least_gain: f64) -> bool {
        let size = chosen.len();
        let mut order: Vec<usize> = chosen.iter().copied().collect();
        order.sort_by(|a, b| {
            self.pool[*b].cost_ms_per_hour.total_cmp(&self.pool[*a].cost_ms_per_hour)
        });
        for place in order {
            let mut without = chosen.clone();
            without.remove(&place);
            let before = |demand| self.saving(demand, &without);
            let (gain, gaining) = self.gain(&self.helped[place], before, chosen);
            if gain < least_gain || gain <= self.cost(place, &gaining) {
                *chosen = without;
            }
        }
        chosen.len() < size
    }

    /// Takes out what helps nobody by itself, however well it keeps others from harm: the choice must hold without it. Whether there was any.
    fn leave_what_helps(&self, chosen: &mut BTreeSet<usize>) -> bool {
        let used: BTreeSet<usize> =
            self.helps(chosen).into_iter().flat_map(|help| help.served_by).collect();
        let is_less = used.len() < chosen.len();
        *chosen = used;
        is_less
    }

    fn helps(&self, chosen: &BTreeSet<usize>) -> Vec<Help> {
        (0..self.demands.len())
            .filter_map(|demand| {
                let (offer, served_by, saving) = self.taken(demand, chosen)?;
                (saving > 0.0).then_some(Help { demand, offer, served_by })
            })
            .collect()
    }

    /// Who would use what to its harm.
    fn harms(&self, chosen: &BTreeSet<usize>) -> Vec<(usize, usize)> {
        let mut found = BTreeSet::new();
        for demand in 0..self.demands.len() {
            if let Some((_, served_by, saving)) = self.taken(demand, chosen)
                && saving < 0.0
            {
                found.extend(served_by.into_iter().map(|server| (server, demand)));
            }
        }
        found.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::definition::Key;
    use super::*;

    const TABLES: f64 = 1e6;

    fn priced(relation: u32, columns: &[i16], cost: f64) -> Priced {
        Priced {
            candidate: Candidate::btree(
                relation,
                columns.iter().copied().map(Key::column).collect(),
            ),
            cost_ms_per_hour: cost,
            bare_bytes: 0.0,
            carried_bytes: 0.0,
            is_current: false,
        }
    }

    fn demand(query_hash: i64, time: f64, offers: &[(&[usize], f64)]) -> Demand {
        Demand {
            query_hash,
            time_ms_per_hour: time,
            offers: offers
                .iter()
                .map(|(members, saving)| Offer {
                    members: members.to_vec(),
                    plan_cost: 1.0 - saving,
                    saving: *saving,
                })
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
        let Chosen { candidates: chosen, helps, .. } = choose(&pool, &demands, TABLES, 1.0);
        assert_eq!(chosen, [0]);
        assert_eq!(helps.iter().map(|help| help.demand).collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn a_prefix_is_folded_into_the_wider_index() {
        let pool = [priced(1, &[1], 1.0), priced(1, &[1, 2], 1.0)];
        let demands =
            [demand(11, 5000.0, &[(&[0], 0.9)]), demand(12, 1000.0, &[(&[1], 0.9), (&[0], 0.2)])];
        let Chosen { candidates: chosen, helps, .. } = choose(&pool, &demands, TABLES, 1.0);
        assert_eq!(chosen, [1]);
        assert_eq!(helps[0].served_by, [1]);
        assert_eq!(helps.len(), 2);
    }

    #[test]
    fn what_costs_more_than_it_brings_is_not_chosen() {
        let saves = [demand(11, 100.0, &[(&[0], 0.5)])];
        assert_eq!(choose(&[priced(1, &[1], 49.9)], &saves, TABLES, 1.0).candidates, [0]);
        assert_eq!(choose(&[priced(1, &[1], 50.0)], &saves, TABLES, 1.0).candidates, [0_usize; 0]);
    }

    #[test]
    fn what_brings_less_than_the_least_is_not_chosen_though_it_is_free() {
        let saves = [demand(11, 100.0, &[(&[0], 0.5)])];
        assert_eq!(choose(&[priced(1, &[1], 0.0)], &saves, TABLES, 50.0).candidates, [0]);
        assert_eq!(choose(&[priced(1, &[1], 0.0)], &saves, TABLES, 50.1).candidates, [0_usize; 0]);
    }

    #[test]
    fn room_is_paid_for_once_by_the_query_with_most_time() {
        // A tenth of the time.
        let pool = [Priced { bare_bytes: TABLES * 0.1 / OF_ROOM, ..priced(1, &[1], 0.0) }];
        let one = demand(11, 1000.0, &[(&[0], 0.08)]);
        let two = Demand { query_hash: 12, ..one.clone() };
        assert_eq!(choose(&pool, std::slice::from_ref(&one), TABLES, 1.0).candidates, [0_usize; 0]);
        assert_eq!(choose(&pool, &[one.clone(), two], TABLES, 1.0).candidates, [0]);
        let carrying = [Priced {
            bare_bytes: 0.0,
            carried_bytes: TABLES * 0.4 / OF_CARRIED,
            ..pool[0].clone()
        }];
        let much = |saving| demand(11, 1000.0, &[(&[0], saving)]);
        assert_eq!(choose(&carrying, &[much(0.39)], TABLES, 1.0).candidates, [0_usize; 0]);
        assert_eq!(choose(&carrying, &[much(0.41)], TABLES, 1.0).candidates, [0]);
        let all = [Priced { carried_bytes: TABLES, ..carrying[0].clone() }];
        assert_eq!(choose(&all, &[much(0.49)], TABLES, 1.0).candidates, [0_usize; 0]);
        assert_eq!(choose(&all, &[much(0.51)], TABLES, 1.0).candidates, [0]);
    }

    #[test]
    fn a_query_takes_what_the_planner_takes_and_not_what_we_believe_in() {
        // 0 is cheap by its cost and nothing is believed of it; another query wants it.
        let pool = [priced(1, &[1], 1.0), priced(1, &[2], 1.0)];
        let mut torn = demand(11, 100.0, &[(&[0], 0.0), (&[1], 0.6)]);
        torn.offers[0].plan_cost = 0.1;
        assert_eq!(choose(&pool, &[torn.clone()], TABLES, 1.0).candidates, [1]);
        let other = demand(12, 1000.0, &[(&[0], 0.9)]);
        let chosen = choose(&pool, &[torn, other], TABLES, 1.0);
        assert_eq!(chosen.candidates, [0]);
        assert_eq!(chosen.helps.iter().map(|help| help.demand).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn what_only_keeps_from_harm_is_not_chosen_and_hides_no_harm() {
        let pool = [priced(1, &[1], 1.0), priced(1, &[2], 1.0)];
        let mut torn = demand(12, 1000.0, &[(&[0], HARM), (&[1], 0.0)]);
        (torn.offers[0].plan_cost, torn.offers[1].plan_cost) = (0.8, 0.5);
        let chosen = choose(&pool, &[demand(11, 1000.0, &[(&[0], 0.9)]), torn], TABLES, 1.0);
        assert_eq!((chosen.candidates, chosen.harms), (vec![0], vec![(0, 1)]));
    }

    #[test]
    fn harm_counts_against_an_index_and_is_told_where_it_is_chosen_all_the_same() {
        let pool = [priced(1, &[1], 1.0)];
        let mut harmed = demand(12, 400.0, &[(&[0], HARM)]);
        harmed.offers[0].plan_cost = 0.8;
        let with =
            |time| choose(&pool, &[demand(11, time, &[(&[0], 0.5)]), harmed.clone()], TABLES, 1.0);
        assert_eq!(with(200.0), Chosen::default());
        let chosen = with(300.0);
        assert_eq!((chosen.candidates, chosen.harms), (vec![0], vec![(0, 1)]));
    }

    #[test]
    fn two_that_pay_only_together_come_together() {
        let pool = [priced(1, &[1], 1.0), priced(2, &[1], 1.0)];
        let demands = [demand(11, 100.0, &[(&[0, 1], 0.9)])];
        let Chosen { candidates: chosen, helps, .. } = choose(&pool, &demands, TABLES, 1.0);
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
        assert_eq!(choose(&pool, &demands, TABLES, 1.0).candidates, [1, 2]);
    }

    #[test]
    fn what_is_left_too_little_to_do_goes() {
        let pool = [priced(1, &[1], 0.1), priced(1, &[2], 0.1), priced(1, &[3], 0.1)];
        let demands = |time| {
            [
                demand(11, 100.0, &[(&[0], 0.5), (&[1], 0.9)]),
                demand(12, 100.0, &[(&[0], 0.5), (&[2], 0.9)]),
                demand(13, time, &[(&[0], 0.5)]),
            ]
        };
        assert_eq!(choose(&pool, &demands(19.0), TABLES, 10.0).candidates, [1, 2]);
        assert_eq!(choose(&pool, &demands(21.0), TABLES, 10.0).candidates, [0, 1, 2]);
    }

    #[test]
    fn what_is_suggested_already_stays_unless_another_is_clearly_better() {
        let mut pool = [priced(1, &[1], 1.0), priced(1, &[2], 1.0)];
        let demands = |other| [demand(11, 1000.0, &[(&[0], 0.80), (&[1], other)])];
        assert_eq!(choose(&pool, &demands(0.82), TABLES, 200.0).candidates, [1]);
        pool[0].is_current = true;
        assert_eq!(choose(&pool, &demands(0.82), TABLES, 200.0).candidates, [0]);
        assert_eq!(choose(&pool, &demands(0.95), TABLES, 200.0).candidates, [1]);
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
        assert_eq!(choose(&pool, &demands(0.849), TABLES, 1.0).candidates, [0]);
        assert_eq!(choose(&pool, &demands(0.851), TABLES, 1.0).candidates, [0, 2]);
    }

    #[test]
    fn nothing_is_chosen_where_nothing_is_offered() {
        assert_eq!(choose(&[], &[], TABLES, 0.0), Chosen::default());
        assert_eq!(
            choose(&[priced(1, &[1], 0.0)], &[demand(1, 10.0, &[])], TABLES, 0.0).candidates,
            [0_usize; 0]
        );
    }
}
