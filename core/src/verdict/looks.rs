//! When a change is looked at, and how strict each look is.
//!
//! Two looks share 5 %: 1 % at `measure_after`, 4 % at `measure_deadline` (Bonferroni's split; alpha spending
//! as in Lan and DeMets 1983, in its simplest form). A measurement that comes late takes one look at
//! 5 %, over the same window. Whatever the look, the interval that is stored and shown is the 95 % one.

use crate::Micros;
use crate::measurement::Look;
use crate::verdict::timeline::DAY;

const FIRST: f64 = 0.01;
const LAST: f64 = 0.04;
const ONLY: f64 = 0.05;

/// What the interval that decides leaves out.
pub fn alpha(look: Look, first_look_taken: bool) -> f64 {
    match (look, first_look_taken) {
        // Shown before it is due: as the next one will be.
        (Look::First, _) | (Look::Provisional, false) => FIRST,
        (_, true) => LAST,
        (_, false) => ONLY,
    }
}

/// The earliest moment of a look: one whole day block after the change.
pub fn earliest(changed_at: Micros, bucket_width: Micros) -> Micros {
    let width = bucket_width.max(1);
    changed_at
        .saturating_sub(changed_at.rem_euclid(width))
        .saturating_add(width.saturating_mul(DAY))
}

/// Until when calls count: never past the deadline, however late the look, nor past a revert.
pub fn window_end(now: Micros, deadline: Micros, reverted_at: Option<Micros>) -> Micros {
    now.min(deadline).min(reverted_at.unwrap_or(Micros::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::verdict::timeline::HOUR;

    #[test]
    fn two_looks_share_five_percent_and_a_late_one_has_it_alone() {
        assert_eq!(alpha(Look::First, false), 0.01);
        assert_eq!(alpha(Look::Last, true), 0.04);
        assert_eq!(alpha(Look::Last, false), 0.05);
        assert_eq!(alpha(Look::Forced, true), 0.04);
        assert_eq!(alpha(Look::Forced, false), 0.05);
        // What is shown meanwhile is as strict as what comes next.
        assert_eq!(alpha(Look::Provisional, false), 0.01);
        assert_eq!(alpha(Look::Provisional, true), 0.04);
        assert!((FIRST + LAST - ONLY).abs() < 1e-12);
    }

    #[test]
    fn no_look_before_one_whole_day() {
        assert_eq!(earliest(10 * HOUR + HOUR / 3, HOUR), 34 * HOUR);
        assert_eq!(earliest(10 * HOUR, HOUR), 34 * HOUR);
        assert_eq!(earliest(-HOUR / 2, HOUR), 23 * HOUR);
        assert_eq!(earliest(5, 0), 29);
        assert_eq!(earliest(Micros::MAX, HOUR), Micros::MAX);
    }

    #[test]
    fn no_window_reaches_past_the_deadline_or_a_revert() {
        assert_eq!(window_end(30, 48, None), 30);
        assert_eq!(window_end(900, 48, None), 48);
        assert_eq!(window_end(900, 48, Some(20)), 20);
        assert_eq!(window_end(10, 48, Some(20)), 10);
    }
}
