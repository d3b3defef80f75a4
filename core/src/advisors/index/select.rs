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
//! other's keys only the wider one is left. The order of queries and candidates does not matter beyond ties. `pause` is called
//! often: many candidates for many queries take longer than a person waits, and a caller ends that from there, by unwinding.

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
/// What is expected of a query whose plan gives up its workers for looking up row after row, as a share of its time: on TPC-H three such
/// were slower by 43 %, 45 % and nothing. The same of one that reads in an index's order until a limit is reached. No setting.
pub const HARM: f64 = -0.3;
/// Room: an index of 1 GB is taken to cost 5 s of an hour, by what it takes from the cache and adds to backups. With
/// 10 GB it has to save a minute of every hour. No setting.
const MS_PER_HOUR_AND_BYTE: f64 = 5_000.0 / 1e9;

/// The cost of an index from what its writes take and its size.
pub fn cost_ms_per_hour(write_ms_per_hour: f64, bytes: f64) -> f64 {
    write_ms_per_hour + bytes * MS_PER_HOUR_AND_BYTE
}

/// The choice: places of the candidates, and what each query has of it; `tables_bytes` are those of all tables that candidates are on. `pause` is
/// called again and again while it works.
pub fn choose(
    pool: &[Priced],
    demands: &[Demand],
    tables_bytes: f64,
    least_gain_ms_per_hour: f64,
    pause: &dyn Fn(),
) -> Chosen {
    let field = Field::of(pool, demands, tables_bytes.max(1.0), pause);
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
    pause: &'a dyn Fn(),
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
    fn of(
        pool: &'a [Priced],
        demands: &'a [Demand],
        tables_bytes: f64,
        pause: &'a dyn Fn(),
    ) -> Field<'a> {
        let mut by_relation: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (place, priced) in pool.iter().enumerate() {
            by_relation.entry(priced.candidate.relation).or_default().push(place);
        }
        let servers: Vec<Vec<usize>> = pool
            .iter()
            .map(|narrow| {
                pause();
                by_relation[&narrow.candidate.relation]
                    .iter()
                    .copied()
                    .filter(|wide| serves_as(&pool[*wide].candidate, &narrow.candidate))
                    .collect()
            })
            .collect();
        let mut helped = vec![BTreeSet::new(); pool.len()];
        for (place, demand) in demands.iter().enumerate() {
            pause();
            for member in demand.offers.iter().flat_map(|offer| &offer.members) {
                for server in &servers[*member] {
                    helped[*server].insert(place);
                }
            }
        }
        Field { pool, demands, tables_bytes, servers, helped, pause }
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
        // All that takes time asks this, for one query after the other.
        (self.pause)();
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
            .map(|members| {
                (self.pause)();
                let helped = members.iter().flat_map(|place| &self.helped[*place]);
                Step { touched: helped.copied().collect(), members, worth: None }
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
            + OF_CARRIED * priced.carried_bytes / self.tables_bytes;
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
mod tests;
