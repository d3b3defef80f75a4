//! What has to be done from time to time, in which order, and whether it is time.

use crate::Micros;

/// A step is due this share of its interval after its last run: whoever calls it at the interval
/// may be a little early, and must not be sent away until the next time.
const DUE_SHARE: f64 = 0.9;

/// The steps of maintenance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Throws out what is older than the retention.
    Purge,
    /// Samples the counters.
    Sample,
    /// Reads new texts and lets the advisors make suggestions.
    Advise,
    /// Brings recommendations in line with suggestions and traffic.
    Aggregate,
    /// Takes the looks that are due.
    Measure,
}

impl Step {
    /// All steps, in the order in which they run.
    pub const ALL: [Step; 5] =
        [Step::Purge, Step::Sample, Step::Advise, Step::Aggregate, Step::Measure];

    pub fn name(self) -> &'static str {
        match self {
            Step::Purge => "purge",
            Step::Sample => "sample",
            Step::Advise => "advise",
            Step::Aggregate => "aggregate",
            Step::Measure => "measure",
        }
    }

    pub fn from_name(name: &str) -> Option<Step> {
        Step::ALL.into_iter().find(|step| step.name() == name)
    }
}

/// Whether a step that last ran at `last_run` is due; one that never ran, or ran in what is now the
/// future (a clock that went back), is.
pub fn is_due(last_run: Option<Micros>, now: Micros, interval_seconds: i32) -> bool {
    last_run.is_none_or(|last| {
        let waited = (now - last) as f64 / crate::MICROS_PER_SECOND as f64;
        waited < 0.0 || waited >= f64::from(interval_seconds) * DUE_SHARE
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_due_when_its_interval_is_nearly_over() {
        let second = crate::MICROS_PER_SECOND;
        assert!(is_due(None, 0, 300));
        assert!(!is_due(Some(0), 269 * second, 300));
        assert!(is_due(Some(0), 270 * second, 300));
    }

    #[test]
    fn a_clock_that_went_back_stops_no_step() {
        assert!(is_due(Some(10), 9, 300));
    }

    #[test]
    fn names_and_steps_match() {
        for step in Step::ALL {
            assert_eq!(Step::from_name(step.name()), Some(step));
        }
        assert_eq!(Step::from_name("vacuum"), None);
    }
}
