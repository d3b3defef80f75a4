//! Moments, written for people. There is no clock here and no time zone: [`LocalSeconds`] are local already.

use super::document::LocalSeconds;

const DAY: f64 = 86_400.0;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
pub const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// A calendar day and a time on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Civil {
    year: i64,
    month: usize,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

/// `None` beyond PostgreSQL's own years.
fn civil(at: LocalSeconds) -> Option<Civil> {
    if !at.is_finite() || at.abs() > 1e13 {
        return None;
    }
    let days = (at / DAY).floor();
    let second_of_day = (at - days * DAY).floor().clamp(0.0, DAY - 1.0) as i64;
    // Days to the civil calendar: Hinnant, "chrono-Compatible Low-Level Date Algorithms", 2013.
    let shifted = days as i64 + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    Some(Civil {
        year: year_of_era + era * 400 + i64::from(month <= 2),
        month: usize::try_from(month).unwrap_or(1),
        day,
        hour: second_of_day / 3_600,
        minute: second_of_day / 60 % 60,
        second: second_of_day % 60,
    })
}

/// 28 Nov 2026
pub fn date(at: LocalSeconds) -> String {
    civil(at).map_or_else(String::new, |c| format!("{} {} {}", c.day, month(c), c.year))
}

/// 28 Nov 2026, 14:05
pub fn date_and_minute(at: LocalSeconds) -> String {
    civil(at).map_or_else(String::new, |c| format!("{}, {:02}:{:02}", date(at), c.hour, c.minute))
}

/// 2026-11-28T14:05:09, for machines.
pub fn iso(at: LocalSeconds) -> String {
    civil(at).map_or_else(String::new, |c| {
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            c.year, c.month, c.day, c.hour, c.minute, c.second
        )
    })
}

/// As fine as ticks that lie `step` seconds apart need it.
pub fn tick_label(at: LocalSeconds, step: f64) -> String {
    let Some(c) = civil(at) else { return String::new() };
    if step >= DAY {
        format!("{} {}", c.day, month(c))
    } else if step >= 60.0 {
        if c.hour == 0 && c.minute == 0 {
            format!("{} {}", c.day, month(c))
        } else {
            format!("{:02}:{:02}", c.hour, c.minute)
        }
    } else {
        format!("{:02}:{:02}:{:02}", c.hour, c.minute, c.second)
    }
}

fn month(c: Civil) -> &'static str {
    MONTHS.get(c.month.wrapping_sub(1)).copied().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        assert_eq!(iso(0.0), "1970-01-01T00:00:00");
        assert_eq!(iso(951_782_400.0), "2000-02-29T00:00:00");
        assert_eq!(iso(-1.0), "1969-12-31T23:59:59");
        assert_eq!(date_and_minute(1_795_871_100.0), "28 Nov 2026, 13:05");
    }

    #[test]
    fn a_moment_that_is_none_is_nothing() {
        for at in [f64::NAN, f64::INFINITY, -1e300] {
            assert_eq!(date(at), "");
            assert_eq!(tick_label(at, 60.0), "");
        }
    }

    #[test]
    fn labels_are_as_fine_as_their_ticks() {
        assert_eq!(tick_label(1_795_871_100.0, 86_400.0), "28 Nov");
        assert_eq!(tick_label(1_795_871_100.0, 3_600.0), "13:05");
        assert_eq!(tick_label(1_795_824_000.0, 21_600.0), "28 Nov");
        assert_eq!(tick_label(1_795_871_101.0, 15.0), "13:05:01");
    }
}
