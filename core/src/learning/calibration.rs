//! Whether confidences were worth their numbers: what was said against what came.
//!
//! Said is a confidence as it was shown when an implementation was recorded, came is whether it worked.
//! The trap: a confidence that has since learned from an outcome may not be scored on that outcome.

/// 97.5 % quantile of the normal distribution, for 95 % intervals.
const Z: f64 = 1.959_963_984_540_054;

/// One outcome: the confidence that was shown for it, 0 to 1, and whether it worked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Said {
    pub confidence: f64,
    pub worked: bool,
}

impl Said {
    fn came(&self) -> f64 {
        f64::from(u8::from(self.worked))
    }
}

/// Mean squared difference of confidence and outcome (Brier 1950): 0 is clairvoyance, 0.25 a coin;
/// `None` without outcomes.
pub fn brier_score(said: &[Said]) -> Option<f64> {
    let sum: f64 = said.iter().map(|said| (said.confidence - said.came()).powi(2)).sum();
    (!said.is_empty()).then(|| sum / said.len() as f64)
}

/// One line of the reliability table: of the times when about this was said, how often it came.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReliabilityBin {
    /// Confidences from `low` to below `high`; the last bin holds 1, too.
    pub low: f64,
    pub high: f64,
    pub outcomes: usize,
    pub mean_said: f64,
    pub rate: f64,
    /// The rate's 95 % interval.
    pub rate_low: f64,
    pub rate_high: f64,
}

/// The reliability table in `bins` equal steps, empty ones left out. Confidences outside 0 to 1 belong
/// to the nearest bin; those that are no number are left out.
pub fn reliability(said: &[Said], bins: usize) -> Vec<ReliabilityBin> {
    let bins = bins.max(1);
    let mut sums = vec![(0_usize, 0.0, 0_usize); bins];
    for said in said.iter().filter(|said| said.confidence.is_finite()) {
        let bin = ((said.confidence.clamp(0.0, 1.0) * bins as f64) as usize).min(bins - 1);
        sums[bin].0 += 1;
        sums[bin].1 += said.confidence;
        sums[bin].2 += usize::from(said.worked);
    }
    let filled = sums.into_iter().enumerate().filter(|(_, (outcomes, _, _))| *outcomes > 0);
    filled
        .map(|(bin, (outcomes, sum, worked))| {
            let (rate_low, rate_high) = rate_interval(worked, outcomes);
            ReliabilityBin {
                low: bin as f64 / bins as f64,
                high: (bin + 1) as f64 / bins as f64,
                outcomes,
                mean_said: sum / outcomes as f64,
                rate: worked as f64 / outcomes as f64,
                rate_low,
                rate_high,
            }
        })
        .collect()
}

/// Expected calibration error: how far said and came are apart, averaged over the bins by their
/// outcomes (Naeini, Cooper and Hauskrecht 2015); `None` without outcomes.
pub fn calibration_error(table: &[ReliabilityBin]) -> Option<f64> {
    let all: usize = table.iter().map(|bin| bin.outcomes).sum();
    let apart: f64 =
        table.iter().map(|bin| bin.outcomes as f64 * (bin.mean_said - bin.rate).abs()).sum();
    (all > 0).then(|| apart / all as f64)
}

/// The 95 % interval of a rate of `hits` in `all` (Wilson 1927); 0 to 1 without any.
pub fn rate_interval(hits: usize, all: usize) -> (f64, f64) {
    if all == 0 {
        return (0.0, 1.0);
    }
    interval_of_rate(hits.min(all) as f64 / all as f64, all as f64)
}

/// The same of a rate that was found in observations of which only `n` are independent.
pub fn interval_of_rate(rate: f64, n: f64) -> (f64, f64) {
    let n = n.max(1.0);
    let middle = rate + Z * Z / (2.0 * n);
    let half = Z * (rate * (1.0 - rate) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    // Rounding must not put the rate itself outside.
    (((middle - half) / scale).clamp(0.0, rate), ((middle + half) / scale).clamp(rate, 1.0))
}

/// Share of improvements that their forecast's interval held: (actual, low, high); `None` without any.
pub fn realised_coverage(forecasts: &[(f64, f64, f64)]) -> Option<f64> {
    let held = forecasts.iter().filter(|(actual, low, high)| (low..=high).contains(&actual));
    (!forecasts.is_empty()).then(|| held.count() as f64 / forecasts.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said(confidence: f64, worked: bool) -> Said {
        Said { confidence, worked }
    }

    #[test]
    fn the_score_of_a_coin_is_a_quarter_and_of_a_prophet_nothing() {
        assert_eq!(brier_score(&[]), None);
        assert_eq!(brier_score(&[said(0.5, true), said(0.5, false)]), Some(0.25));
        assert_eq!(brier_score(&[said(1.0, true), said(0.0, false)]), Some(0.0));
        assert_eq!(brier_score(&[said(1.0, false)]), Some(1.0));
    }

    #[test]
    fn what_was_said_is_sorted_into_bins() {
        let all = [said(0.92, true), said(0.98, false), said(1.0, true), said(0.1, false)];
        let table = reliability(&all, 10);
        assert_eq!(table.len(), 2);
        assert_eq!((table[0].low, table[0].high, table[0].outcomes), (0.1, 0.2, 1));
        assert_eq!((table[1].low, table[1].high, table[1].outcomes), (0.9, 1.0, 3));
        assert!((table[1].rate - 2.0 / 3.0).abs() < 1e-12);
        assert!((table[1].mean_said - 2.9 / 3.0).abs() < 1e-12);
        // (1 x 0.1 + 3 x 0.3) / 4.
        assert!((calibration_error(&table).unwrap() - 0.25).abs() < 1e-12);
        assert_eq!(calibration_error(&[]), None);
        assert_eq!(reliability(&[said(f64::NAN, true)], 10), []);
    }

    #[test]
    fn the_interval_of_a_rate_is_wilsons() {
        // Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662; 0 of 20 gives 0 to 0.1611.
        let (low, high) = rate_interval(81, 263);
        assert!((low - 0.2553).abs() < 5e-5 && (high - 0.3662).abs() < 5e-5, "{low} {high}");
        let (low, high) = rate_interval(0, 20);
        assert!(low.abs() < 1e-12 && (high - 0.1611).abs() < 5e-5, "{low} {high}");
        assert_eq!(rate_interval(0, 0), (0.0, 1.0));
    }

    #[test]
    fn coverage_counts_both_ends_in() {
        assert_eq!(realised_coverage(&[]), None);
        let forecasts = [(50.0, 50.0, 60.0), (60.0, 50.0, 60.0), (61.0, 50.0, 60.0)];
        assert!((realised_coverage(&forecasts).unwrap() - 2.0 / 3.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn figures_stay_between_0_and_1(
            all in prop::collection::vec((0.0f64..=1.0, any::<bool>()), 1..50),
            bins in 0usize..20,
        ) {
            let all: Vec<Said> = all.into_iter().map(|(c, w)| said(c, w)).collect();
            let table = reliability(&all, bins);
            prop_assert_eq!(table.iter().map(|bin| bin.outcomes).sum::<usize>(), all.len());
            prop_assert!((0.0..=1.0).contains(&brier_score(&all).unwrap()));
            prop_assert!((0.0..=1.0).contains(&calibration_error(&table).unwrap()));
            for bin in table {
                prop_assert!(bin.rate_low <= bin.rate && bin.rate <= bin.rate_high);
            }
        }
    }
}
