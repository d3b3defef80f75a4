//! When a call that takes long says how far it is.

use crate::{MICROS_PER_SECOND, Micros};

/// How long a call may take before it says anything, and how long it is silent after that. Microseconds: two seconds are
/// what people wait without wondering, and what one step of maintenance may take; more often would flood a terminal. No
/// setting: `client_min_messages` switches it off.
const PATIENCE_MICROS: Micros = 2 * MICROS_PER_SECOND;

/// The pace of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    started_at: Micros,
    last_said_at: Micros,
}

impl Pace {
    /// Of a call that began at that moment.
    #[must_use]
    pub fn since(started_at: Micros) -> Pace {
        Pace { started_at, last_said_at: started_at }
    }

    /// Whether this is the pace of the call that began at that moment.
    #[must_use]
    pub fn is_of(&self, started_at: Micros) -> bool {
        self.started_at == started_at
    }

    /// Whether it is time to say something; from then on something was said. A clock that went back is no reason.
    pub fn is_due(&mut self, now: Micros) -> bool {
        let is_due = now.saturating_sub(self.last_said_at) >= PATIENCE_MICROS;
        if is_due {
            self.last_said_at = now;
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Micros = MICROS_PER_SECOND;

    #[test]
    fn a_call_of_less_than_two_seconds_says_nothing() {
        let mut pace = Pace::since(0);
        assert!(!pace.is_due(0));
        assert!(!pace.is_due(2 * SECOND - 1));
        assert!(pace.is_due(2 * SECOND));
    }

    #[test]
    fn a_call_of_ten_seconds_says_five_things_however_often_it_is_asked() {
        let mut pace = Pace::since(7);
        let said = (0..=10_000).filter(|ms| pace.is_due(7 + ms * SECOND / 1000)).count();
        assert_eq!(said, 5);
    }

    #[test]
    fn a_clock_that_went_back_is_silent() {
        let mut pace = Pace::since(10 * SECOND);
        assert!(!pace.is_due(0));
        assert!(!pace.is_due(Micros::MIN));
    }

    #[test]
    fn the_next_call_has_a_pace_of_its_own() {
        let pace = Pace::since(5);
        assert!(pace.is_of(5));
        assert!(!pace.is_of(6));
    }
}
