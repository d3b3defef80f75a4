//! Settings: which of them count, and when two values are the same one.
//!
//! Trap: a setting has many spellings. `64MB`, `65536kB` and, for work_mem, `65536` are one value;
//! `on`, `true` and `yes` are one, too.

/// Whether a change of the setting could move how fast statements run. Groups that say nothing about
/// speed (logging, authentication, locations, locale) are left out where the settings are read.
#[must_use]
pub fn counts(name: &str) -> bool {
    // Our own settings say how we look, not how the server runs.
    !name.starts_with("optimizer_workflow.")
}

/// Whether what somebody advised is what is set. `unit` is that of pg_settings: what a bare number
/// counts in.
#[must_use]
pub fn is_same_value(one: &str, other: &str, unit: Option<&str>) -> bool {
    let (one, other) = (bare(one), bare(other));
    if one.eq_ignore_ascii_case(other) {
        return true;
    }
    if let (Some(one), Some(other)) = (quantity(one, unit), quantity(other, unit)) {
        // Both are rounded to the unit by the server: half of the smallest one is no difference.
        return (one - other).abs() <= one.abs().max(other.abs()) * 1e-9;
    }
    matches!((truth(one), truth(other)), (Some(one), Some(other)) if one == other)
}

/// Without blanks around it and one pair of quotes.
fn bare(value: &str) -> &str {
    let value = value.trim();
    let inner = value.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    inner.unwrap_or(value).trim()
}

fn truth(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" | "1" | "t" | "y" => Some(true),
        "off" | "false" | "no" | "0" | "f" | "n" => Some(false),
        _ => None,
    }
}

/// A number in bytes, in milliseconds, or as it is.
fn quantity(value: &str, unit: Option<&str>) -> Option<f64> {
    let (number, written) = split_unit(value);
    let number: f64 = number.parse().ok()?;
    if !number.is_finite() {
        return None;
    }
    // -1 and 0 mean something of their own, whatever the unit.
    let factor = if written.is_empty() {
        unit.map_or(Some(1.0), factor_of_base_unit)?
    } else {
        factor_of(written)?
    };
    Some(number * factor)
}

fn split_unit(value: &str) -> (&str, &str) {
    let end = value
        .find(|c: char| c.is_ascii_alphabetic() && c != 'e' && c != 'E')
        .unwrap_or(value.len());
    (value[..end].trim(), value[end..].trim())
}

/// Units of pg_settings may carry a factor: `8kB`, `16MB`.
fn factor_of_base_unit(unit: &str) -> Option<f64> {
    let (number, name) = split_unit(unit);
    let times: f64 = if number.is_empty() { 1.0 } else { number.parse().ok()? };
    Some(times * factor_of(name)?)
}

/// Bytes for memory, milliseconds for time: guc.c knows these.
fn factor_of(unit: &str) -> Option<f64> {
    Some(match unit {
        "B" => 1.0,
        "kB" => 1024.0,
        "MB" => 1024.0 * 1024.0,
        "GB" => 1024.0 * 1024.0 * 1024.0,
        "TB" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        "us" => 0.001,
        "ms" => 1.0,
        "s" => 1000.0,
        "min" => 60_000.0,
        "h" => 3_600_000.0,
        "d" => 86_400_000.0,
        _ => return None,
    })
}

/// A value of pg_settings as SHOW writes it: in the largest unit that divides it.
#[must_use]
pub fn with_unit(value: &str, unit: Option<&str>) -> String {
    let Some((unit, number)) = unit.zip(value.parse::<i64>().ok()) else {
        return match unit {
            Some(unit) if value.parse::<f64>().is_ok() => format!("{value}{unit}"),
            _ => value.to_owned(),
        };
    };
    // -1 (and 0) are no amounts.
    if number <= 0 {
        return value.to_owned();
    }
    let (times, name) = split_unit(unit);
    let number = number.saturating_mul(times.parse().unwrap_or(1));
    let larger: &[(&str, i64)] = match name {
        "B" => &[("kB", 1024), ("MB", 1024), ("GB", 1024), ("TB", 1024)],
        "kB" => &[("MB", 1024), ("GB", 1024), ("TB", 1024)],
        "MB" => &[("GB", 1024), ("TB", 1024)],
        "us" => &[("ms", 1000), ("s", 1000), ("min", 60), ("h", 60), ("d", 24)],
        "ms" => &[("s", 1000), ("min", 60), ("h", 60), ("d", 24)],
        "s" => &[("min", 60), ("h", 60), ("d", 24)],
        "min" => &[("h", 60), ("d", 24)],
        _ => &[],
    };
    let mut shown = (number, name);
    for (unit, factor) in larger {
        if shown.0 % factor != 0 {
            break;
        }
        shown = (shown.0 / factor, unit);
    }
    format!("{}{}", shown.0, shown.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_amount_in_any_spelling_is_one_value() {
        assert!(is_same_value("64MB", "65536", Some("kB")));
        assert!(is_same_value("'64MB'", "65536kB", Some("kB")));
        assert!(is_same_value("1GB", "131072", Some("8kB")));
        assert!(is_same_value("5min", "300", Some("s")));
        assert!(is_same_value("1.5GB", "1536MB", Some("kB")));
        assert!(is_same_value("1.1", "1.10", None));
        assert!(is_same_value("-1", "-1", Some("ms")));
        assert!(!is_same_value("64MB", "65537", Some("kB")));
        assert!(!is_same_value("64", "64MB", Some("kB")));
        assert!(!is_same_value("1.1", "1.2", None));
    }

    #[test]
    fn one_switch_in_any_spelling_is_one_value() {
        assert!(is_same_value("ON", "true", None));
        assert!(is_same_value("no", "off", None));
        assert!(!is_same_value("on", "off", None));
        assert!(!is_same_value("auto", "on", None));
    }

    #[test]
    fn words_are_compared_as_words() {
        assert!(is_same_value("Force_Custom_Plan", "force_custom_plan", None));
        assert!(!is_same_value("md5", "scram-sha-256", None));
        assert!(!is_same_value("", "on", None));
        assert!(is_same_value("", "", None));
    }

    #[test]
    fn values_are_written_as_show_writes_them() {
        assert_eq!(with_unit("65536", Some("kB")), "64MB");
        assert_eq!(with_unit("16384", Some("8kB")), "128MB");
        assert_eq!(with_unit("65537", Some("kB")), "65537kB");
        assert_eq!(with_unit("300", Some("s")), "5min");
        assert_eq!(with_unit("-1", Some("kB")), "-1");
        assert_eq!(with_unit("0", Some("ms")), "0");
        assert_eq!(with_unit("0.5", Some("ms")), "0.5ms");
        assert_eq!(with_unit("1.1", None), "1.1");
        assert_eq!(with_unit("on", None), "on");
        assert_eq!(with_unit("9223372036854775807", Some("16MB")), "9223372036854775807MB");
    }

    #[test]
    fn our_own_settings_do_not_count() {
        assert!(counts("work_mem"));
        assert!(counts("pg_stat_statements.max"));
        assert!(!counts("optimizer_workflow.sample_interval"));
    }

    #[test]
    fn whatever_is_written_there_nothing_panics() {
        for value in
            ["", "'", "''", "e", "1e", "1e5", "NaN", "inf", "é", "1é", "-", "99999999999999999999"]
        {
            for unit in [None, Some("kB"), Some("8kB"), Some(""), Some("é")] {
                let _ = (is_same_value(value, "1", unit), with_unit(value, unit));
            }
        }
    }
}
