//! Settings that do not go together: whoever shortens one time for a demonstration or a test has to
//! shorten the others too.

use crate::measurement::BASELINE_BUCKETS;

/// The times of the extension, seconds.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    pub sample_interval: i32,
    pub bucket_width: i32,
    pub retention: i32,
    pub measure_after: i32,
    pub measure_deadline: i32,
}

/// Buckets that a first look needs: one whole day of 24.
const FIRST_LOOK_BUCKETS: i64 = 24;

/// What does not fit, one sentence each; empty when all is well.
pub fn misfits(times: &Times) -> Vec<String> {
    let width = i64::from(times.bucket_width);
    let mut found = Vec::new();
    if times.sample_interval > times.bucket_width {
        found.push("sample_interval is longer than bucket_width".to_owned());
    }
    if times.measure_deadline < times.measure_after {
        found.push("measure_deadline comes before measure_after".to_owned());
    }
    if i64::from(times.measure_after) < FIRST_LOOK_BUCKETS * width {
        found.push(format!("measure_after is shorter than {FIRST_LOOK_BUCKETS} buckets"));
    }
    if i64::from(times.retention) < BASELINE_BUCKETS * width + i64::from(times.measure_deadline) {
        found.push(
            "retention is shorter than 7 days of 24 buckets and measure_deadline together"
                .to_owned(),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULTS: Times = Times {
        sample_interval: 300,
        bucket_width: 3600,
        retention: 35 * 86_400,
        measure_after: 86_400,
        measure_deadline: 2 * 86_400,
    };

    #[test]
    fn the_defaults_fit() {
        assert!(misfits(&DEFAULTS).is_empty());
    }

    #[test]
    fn each_misfit_is_named() {
        for (times, word) in [
            (Times { sample_interval: 3601, ..DEFAULTS }, "sample_interval"),
            (Times { measure_deadline: 86_399, ..DEFAULTS }, "measure_deadline"),
            (Times { measure_after: 24 * 3600 - 1, ..DEFAULTS }, "measure_after"),
            (Times { retention: 9 * 86_400 - 1, ..DEFAULTS }, "retention"),
        ] {
            let found = misfits(&times);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].starts_with(word), "{found:?}");
        }
        assert!(misfits(&Times { retention: 9 * 86_400, ..DEFAULTS }).is_empty());
    }
}
