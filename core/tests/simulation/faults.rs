//! What goes wrong between the server and the cells: a world is told again as cumulative counters, read
//! three times an hour by a sampler that lives through resets, evictions, gaps and a wrong clock.
//!
//! The sampler is that of the extension, in small: its pure parts (`delta`, `buckets`) are the real ones.

use std::collections::BTreeMap;
use std::fmt::Write;

use optimizer_core::Micros;
use optimizer_core::buckets::{Grid, is_lossy_length, split};
use optimizer_core::counters::{Counters, Reading};
use optimizer_core::delta::{Interval, statement_delta};
use optimizer_core::statistics::Work;
use optimizer_core::verdict::{Bucket, Cell, Verdict};

use crate::generator::{HOUR, Other, Setup, World, generate};
use crate::random::Random;
use crate::scenarios::both_looks;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// None: the sampler alone.
    None,
    /// All counters are reset in 5 % of the hours.
    Resets,
    /// No sample is taken in 20 % of the hours: their work arrives later.
    MissedSamples,
    /// 20 % of the hours are gone.
    LostHours,
    /// The target's entry is evicted every 30 hours or so, and comes back.
    Evictions,
    /// Every tenth sample is taken twice.
    SampledTwice,
    /// The clock jumps 3 hours ahead, and back again some hours later, every two days or so.
    ClockJumps,
}

impl Fault {
    fn name(self) -> &'static str {
        match self {
            Fault::None => "none, the sampler alone",
            Fault::Resets => "resets in 5 % of the hours",
            Fault::MissedSamples => "no sample in 20 % of the hours",
            Fault::LostHours => "20 % of the hours missing",
            Fault::Evictions => "the key evicted every 30 hours",
            Fault::SampledTwice => "every tenth sample taken twice",
            Fault::ClockJumps => "clock 3 hours ahead and back",
        }
    }
}

pub const ALL: [Fault; 7] = [
    Fault::None,
    Fault::Resets,
    Fault::MissedSamples,
    Fault::LostHours,
    Fault::Evictions,
    Fault::SampledTwice,
    Fault::ClockJumps,
];

const SAMPLE_EVERY: Micros = HOUR / 3;
const JUMP: Micros = 3 * HOUR;

/// What a query has done by the end of each hour.
struct Cumulated<'w> {
    cells: &'w [Cell],
    sums: Vec<Counters>,
}

impl<'w> Cumulated<'w> {
    fn new(cells: &'w [Cell]) -> Cumulated<'w> {
        let mut sums = vec![Counters::default()];
        for cell in cells {
            sums.push(add(*sums.last().unwrap(), cell, 1.0));
        }
        Cumulated { cells, sums }
    }

    /// Since the beginning, at a true time.
    fn at(&self, moment: Micros) -> Counters {
        let since = moment - self.cells[0].start;
        let hour = (since / HOUR) as usize;
        match self.cells.get(hour) {
            Some(cell) => add(self.sums[hour], cell, (since % HOUR) as f64 / HOUR as f64),
            None => *self.sums.last().unwrap(),
        }
    }
}

fn add(sum: Counters, cell: &Cell, part: f64) -> Counters {
    let whole = |count: i64| (count as f64 * part).floor() as i64;
    let calls = whole(cell.calls);
    let per_call = |amount: f64| amount * calls as f64 / cell.calls.max(1) as f64;
    Counters {
        calls: sum.calls + calls,
        total_exec_time_ms: sum.total_exec_time_ms + per_call(cell.total_exec_time_ms),
        rows: sum.rows + whole(cell.rows),
        shared_blks_hit: sum.shared_blks_hit + whole(cell.shared_blks),
        ..sum
    }
}

/// What an entry shows that began to count when it stood at `base`; nothing before its first call.
fn shown(now: Counters, base: Counters) -> Option<Counters> {
    (now.calls > base.calls).then(|| Counters {
        calls: now.calls - base.calls,
        // Floats that count up again and again do not subtract to the last digit.
        total_exec_time_ms: (now.total_exec_time_ms - base.total_exec_time_ms).max(0.0),
        rows: now.rows - base.rows,
        shared_blks_hit: now.shared_blks_hit - base.shared_blks_hit,
        ..now
    })
}

/// The sampler and its tables.
#[derive(Default)]
struct Sampler {
    previous: Option<Reading>,
    counters: Vec<Option<Counters>>,
    observed: BTreeMap<Micros, Micros>,
    cells: Vec<BTreeMap<Micros, Cell>>,
}

impl Sampler {
    fn sample(&mut self, reading: Reading, counters: Vec<Option<Counters>>) {
        let grid = Grid::new(3600, None);
        let interval = Interval::between(self.previous.as_ref(), &reading, 24 * HOUR).ok();
        let before = std::mem::replace(&mut self.counters, counters);
        self.previous = Some(reading);
        self.cells.resize_with(self.counters.len(), BTreeMap::new);
        let Some(interval) = interval else { return };
        let parts = grid.covering(interval.start, interval.end);
        let has_room = |(bucket, inside): &(optimizer_core::buckets::Bucket, Micros)| {
            let sampled = self.observed.get(&bucket.start).copied().unwrap_or(0);
            bucket.has_room(sampled, *inside)
        };
        if !parts.iter().all(has_room) {
            return;
        }
        for (bucket, inside) in &parts {
            *self.observed.entry(bucket.start).or_default() += *inside;
        }
        let is_long = is_lossy_length(interval.end - interval.start, HOUR);
        let inside: Vec<Micros> = parts.iter().map(|(_, inside)| *inside).collect();
        for (query, after) in self.counters.iter().enumerate() {
            let was = before.get(query).copied().flatten();
            let delta = statement_delta(&interval, was.as_ref(), after.as_ref());
            let work = delta.work.unwrap_or_default();
            let lossy = delta.lossy || (is_long && work.calls > 0);
            for ((bucket, _), work) in parts.iter().zip(split(&work, &inside)) {
                if work != Work::default() || lossy {
                    count(&mut self.cells[query], bucket.start, &work, lossy);
                }
            }
        }
    }
}

fn count(cells: &mut BTreeMap<Micros, Cell>, start: Micros, work: &Work, lossy: bool) {
    let cell = cells.entry(start).or_insert(Cell { start, ..Cell::default() });
    cell.calls += work.calls;
    cell.total_exec_time_ms += work.total_exec_time_ms;
    cell.rows += work.rows;
    cell.shared_blks += work.shared_blks_hit + work.shared_blks_read;
    cell.lossy |= lossy;
}

/// The world as the extension would have recorded it under a fault.
pub fn recorded(world: &World, fault: Fault, random: &mut Random) -> World {
    let queries: Vec<Cumulated> = std::iter::once(world.target.as_slice())
        .chain(world.others.iter().map(|other| other.cells.as_slice()))
        .map(Cumulated::new)
        .collect();
    let begin = world.target[0].start;
    let hours = world.target.len();
    let mut sampler = Sampler::default();
    let mut bases = vec![Counters::default(); queries.len()];
    let mut reading = Reading { sampled_at: begin, stats_reset: begin - HOUR, dealloc: 0 };
    let (mut ahead, mut is_missed) = (0, false);
    for step in 0..=3 * hours as Micros {
        let now = begin + step * SAMPLE_EVERY;
        if step % 3 == 0 {
            is_missed = fault == Fault::MissedSamples && random.happens(0.2);
        }
        let moment = now - random.below(SAMPLE_EVERY as usize - 1) as Micros - 1;
        if fault == Fault::Resets && random.happens(0.05 / 3.0) && moment > begin {
            for (base, query) in bases.iter_mut().zip(&queries) {
                *base = query.at(moment);
            }
            reading.stats_reset = moment;
            reading.dealloc = 0;
        }
        if fault == Fault::Evictions && random.happens(1.0 / 90.0) && moment > begin {
            bases[0] = queries[0].at(moment);
            reading.dealloc += 1;
        }
        if fault == Fault::ClockJumps && random.happens(1.0 / 140.0) {
            ahead = if ahead == 0 { JUMP } else { 0 };
        }
        if is_missed {
            continue;
        }
        reading.sampled_at = now + ahead;
        let counters: Vec<Option<Counters>> =
            queries.iter().zip(&bases).map(|(query, base)| shown(query.at(now), *base)).collect();
        let twice = fault == Fault::SampledTwice && random.happens(0.1);
        sampler.sample(reading, counters.clone());
        if twice {
            reading.sampled_at += Micros::from(random.happens(0.5)) * 1_000_000;
            sampler.sample(reading, counters);
        }
    }
    let is_lost: BTreeMap<Micros, bool> = world
        .buckets
        .iter()
        .map(|bucket| (bucket.start, fault == Fault::LostHours && random.happens(0.2)))
        .collect();
    let kept = |start: &Micros| !is_lost.get(start).copied().unwrap_or(false);
    let mut cells: Vec<Vec<Cell>> = sampler
        .cells
        .into_iter()
        .map(|cells| cells.into_values().filter(|cell| kept(&cell.start)).collect())
        .collect();
    let target = cells.remove(0);
    let others = world.others.iter().zip(cells).map(|(other, cells)| Other {
        kind: other.kind,
        relations: other.relations.clone(),
        cells,
    });
    let buckets = world.buckets.iter().filter(|bucket| kept(&bucket.start)).map(|bucket| {
        let observed = sampler.observed.get(&bucket.start).copied().unwrap_or(0);
        Bucket { observed_share: observed as f64 / HOUR as f64, ..*bucket }
    });
    World { buckets: buckets.collect(), target, others: others.collect(), ..*world }
}

/// Effects that faults are tried on: half the time, none, 80 % more.
pub const EFFECTS: [f64; 3] = [-std::f64::consts::LN_2, 0.0, 0.587_786_664_902_119];

/// What was found in a world, and in the same one as it was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Story {
    pub clean: Verdict,
    pub recorded: Verdict,
}

impl Story {
    pub fn is_opposite(&self) -> bool {
        matches!(
            (self.clean, self.recorded),
            (Verdict::Improved, Verdict::Regressed) | (Verdict::Regressed, Verdict::Improved)
        )
    }

    /// Neither the clean verdict nor open, where the clean one was not open itself.
    pub fn is_other(&self) -> bool {
        self.clean != self.recorded
            && self.clean != Verdict::Inconclusive
            && self.recorded != Verdict::Inconclusive
    }
}

/// What each fault made of each effect, by their places in [`ALL`] and [`EFFECTS`].
pub fn stories(seeds: std::ops::Range<u64>) -> BTreeMap<(usize, usize), Vec<Story>> {
    let mut all = BTreeMap::<_, Vec<Story>>::new();
    for (place, effect) in EFFECTS.into_iter().enumerate() {
        for seed in seeds.clone() {
            let setup = Setup { effect, ..Setup::default() };
            let world = generate(&mut Random::new(seed), &setup);
            let clean = both_looks(&world, false).0.verdict;
            for (number, fault) in ALL.into_iter().enumerate() {
                let recorded = recorded(&world, fault, &mut Random::new(seed + 1_000_000));
                let recorded = both_looks(&recorded, false).0.verdict;
                all.entry((number, place)).or_default().push(Story { clean, recorded });
            }
        }
    }
    all
}

/// The table as Markdown.
pub fn table(stories: &BTreeMap<(usize, usize), Vec<Story>>) -> String {
    let mut text = String::from(
        "| fault in the stream | true effect | the clean verdict | inconclusive | another | the opposite |\n|---|---|---|---|---|---|\n",
    );
    for ((fault, effect), stories) in stories {
        let percent = |of: &dyn Fn(&&Story) -> bool| {
            100.0 * stories.iter().filter(of).count() as f64 / stories.len() as f64
        };
        let same = percent(&|story| story.clean == story.recorded);
        let open = percent(&|s| s.clean != s.recorded && s.recorded == Verdict::Inconclusive);
        let opposite = percent(&|story| story.is_opposite());
        let _ = writeln!(
            text,
            "| {} | {:+.0} % | {same:.0} % | {open:.0} % | {:.0} % | {opposite:.0} % |",
            ALL[*fault].name(),
            100.0 * EFFECTS[*effect].exp_m1(),
            100.0 - same - open - opposite,
        );
    }
    text
}
