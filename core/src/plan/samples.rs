//! Which values of a column stand for a parameter that is compared with it.
//!
//! The server's statistics of a column hold its most common values with their frequencies, and a histogram of the
//! others: bounds between which equally many rows lie. A parameter of `=` or IN gets the most common values and one
//! of the others, weighted by how often they occur; one of a range gets bounds that leave few, some and most rows.
//!
//! Trap: how often a value is in the table is not how often it is asked for. It is the best that is known without
//! looking at anybody's parameters.

/// How a parameter is compared with a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `column = $1`
    Equal,
    /// `column = ANY ($1)`
    Among,
    /// The one at that place in `column IN ($1, $2, ...)`, from 0.
    Listed(usize),
    /// `column < $1`, `column <= $1`
    Below,
    /// `column > $1`, `column >= $1`
    Above,
    /// `column LIKE $1`, `column ILIKE $1`
    Pattern,
}

/// A value in a column's statistics, by its place there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Common(usize),
    Bound(usize),
}

/// Values for one parameter and what they weigh. For `Among` all of the first `list` places after each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    pub places: Vec<Place>,
    pub weight: f64,
}

/// Most common values that are tried: three and one of the others are four plans. More hardly move the mean.
const MOST_COMMON: usize = 3;

/// Values of a list: as many as the planner assumes of an array that it does not know.
const LIST_LENGTH: usize = 10;

/// Shares of the rows that a range leaves: few, some, most.
const RANGES: [f64; 3] = [0.1, 0.5, 0.9];
/// The same of one that is bounded on both sides: a month of years, a price class. Of TPC-H's windows the widest leaves 30 %.
const WINDOWS: [f64; 3] = [0.02, 0.1, 0.5];

/// What can be tried for one parameter; empty where the statistics hold nothing fitting. `paired` says that the same
/// column is bounded on its other side as well: both then move together around the middle.
pub fn candidates(
    comparison: Comparison,
    paired: bool,
    common_frequencies: &[f64],
    bounds: usize,
) -> Vec<Candidate> {
    match comparison {
        Comparison::Equal => equal(common_frequencies, bounds),
        Comparison::Among => among(common_frequencies.len(), bounds),
        Comparison::Listed(at) => {
            let mut list = among(common_frequencies.len(), bounds);
            for candidate in &mut list {
                candidate.places = vec![candidate.places[at % candidate.places.len()]];
            }
            list
        }
        Comparison::Below | Comparison::Above => range(comparison, paired, bounds),
        Comparison::Pattern => pattern(common_frequencies.len(), bounds),
    }
}

/// Two values whose words are looked for, from a third and two thirds of what is known.
fn pattern(common: usize, bounds: usize) -> Vec<Candidate> {
    let place = |third: usize| match bounds {
        0 => Place::Common(common * third / 3),
        bounds => Place::Bound(bounds * third / 3),
    };
    if common + bounds == 0 {
        return Vec::new();
    }
    (1..=2).map(|third| Candidate { places: vec![place(third)], weight: 1.0 }).collect()
}

/// Letters of a pattern: what people type to find something. No setting.
const PATTERN_LETTERS: usize = 8;

/// The pattern that looks for the beginning of the longest word of a value, which is about what people look for. None where it has
/// nothing to look for.
pub fn pattern_of(value: &str) -> Option<String> {
    let word = value.split_whitespace().max_by_key(|word| word.chars().count())?;
    let mut pattern = String::from("%");
    for letter in word.chars().take(PATTERN_LETTERS) {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    Some(pattern)
}

fn equal(common_frequencies: &[f64], bounds: usize) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = common_frequencies
        .iter()
        .take(MOST_COMMON)
        .enumerate()
        .map(|(place, frequency)| Candidate {
            places: vec![Place::Common(place)],
            weight: frequency.clamp(0.0, 1.0),
        })
        .collect();
    let others = 1.0 - common_frequencies.iter().sum::<f64>().clamp(0.0, 1.0);
    if bounds > 0 {
        found.push(Candidate { places: vec![Place::Bound(bounds / 2)], weight: others });
    }
    found.retain(|candidate| candidate.weight > 0.0);
    found
}

fn among(common: usize, bounds: usize) -> Vec<Candidate> {
    let mut places: Vec<Place> = (0..common.min(MOST_COMMON)).map(Place::Common).collect();
    let left = LIST_LENGTH - places.len();
    let step = (bounds / left).max(1);
    places.extend((0..bounds).step_by(step).take(left).map(Place::Bound));
    if places.is_empty() { Vec::new() } else { vec![Candidate { places, weight: 1.0 }] }
}

fn range(comparison: Comparison, paired: bool, bounds: usize) -> Vec<Candidate> {
    // Two bounds enclose one part of the histogram; fewer say nothing.
    let Some(last) = bounds.checked_sub(1).filter(|last| *last > 0) else { return Vec::new() };
    let shares = if paired { WINDOWS } else { RANGES };
    shares
        .iter()
        .map(|share| {
            let kept = if paired { 0.5 + share / 2.0 } else { *share };
            let quantile = if comparison == Comparison::Below { kept } else { 1.0 - kept };
            // At most the last bound: quantile lies in 0..1.
            let place = ((quantile * last as f64).round() as usize).min(last);
            Candidate { places: vec![Place::Bound(place)], weight: 1.0 }
        })
        .collect()
}

/// Parts into which [`spread`] divides a column that has common values only: 1 % of the rows each.
const PARTS: usize = 100;

/// Bounds between which about equally many rows lie, of a column whose every value is a common one and which therefore has no
/// histogram: places of the values, which come in their order with their frequencies.
pub fn spread(frequencies: &[f64]) -> Vec<usize> {
    let all: f64 = frequencies.iter().sum();
    if frequencies.len() < 2 || all <= 0.0 {
        return Vec::new();
    }
    let (mut place, mut below) = (0, 0.0);
    (0..=PARTS)
        .map(|part| {
            let wanted = all * part as f64 / PARTS as f64;
            while place + 1 < frequencies.len() && below + frequencies[place] < wanted {
                below += frequencies[place];
                place += 1;
            }
            place
        })
        .collect()
}

/// One assignment of candidates to the parameters, by place in each one's list.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    pub choices: Vec<usize>,
    /// Share of all samples, 0 to 1.
    pub weight: f64,
}

/// As many samples as the longest list of candidates has; shorter lists begin anew. Not every combination: five
/// parameters of four values would be a thousand plans.
pub fn combine(weights: &[Vec<f64>]) -> Vec<Sample> {
    let count = weights.iter().map(Vec::len).max().unwrap_or(0);
    if weights.iter().any(Vec::is_empty) {
        return Vec::new();
    }
    let mut samples: Vec<Sample> = (0..count)
        .map(|sample| {
            let choices: Vec<usize> = weights.iter().map(|list| sample % list.len()).collect();
            let weight = weights.iter().zip(&choices).map(|(list, choice)| list[*choice]).product();
            Sample { choices, weight }
        })
        .collect();
    let all: f64 = samples.iter().map(|sample| sample.weight).sum();
    for sample in &mut samples {
        sample.weight = if all > 0.0 { sample.weight / all } else { 1.0 / count as f64 };
    }
    samples
}
