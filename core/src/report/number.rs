//! Numbers with their units, as a person reads them: three digits that matter, thousands grouped, a real minus, and no line
//! break between a number and its unit.

/// No number.
pub const NONE: &str = "–";

/// Above that a number is beyond anything that is measured here, and would not fit.
const HUGE: f64 = 1e15;

/// Whole, with thousands grouped.
pub fn grouped(value: f64) -> String {
    if !value.is_finite() {
        return NONE.to_owned();
    }
    if value.abs() >= HUGE {
        return signed(value, |size| format!("{size:.1e}"));
    }
    signed(value.round(), |size| {
        let digits = format!("{size:.0}");
        let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        grouped
    })
}

/// Three digits that matter: 0.0123, 1.23, 12.3, 123, 1,234.
pub fn three_digits(value: f64) -> String {
    if !value.is_finite() {
        return NONE.to_owned();
    }
    let size = value.abs();
    let places = match size {
        _ if size >= 99.95 || size == 0.0 => return grouped(value),
        _ if size >= 9.995 => 1,
        _ if size >= 0.9995 => 2,
        _ if size >= 0.001 => (2.0 - size.log10().floor()).clamp(2.0, 5.0) as usize,
        _ => return signed(value, |size| format!("{size:.1e}")),
    };
    signed(value, |size| format!("{size:.places$}"))
}

/// A number with at most one decimal place that is no zero.
fn one_place(value: f64) -> String {
    let written = signed(value, |size| format!("{size:.1}"));
    written.strip_suffix(".0").map_or(written.clone(), str::to_owned)
}

/// Percent: whole, with one place below 10 and next to 100.
pub fn percent(value: Option<f64>) -> String {
    match value.filter(|value| value.is_finite()) {
        None => NONE.to_owned(),
        Some(value) if value.abs() < 9.95 || (99.0..100.0).contains(&value) => {
            // what is below 100 is not rounded up to it: 99.97 % faster is not "takes no time"
            let cut = if (99.9..100.0).contains(&value) { 99.9 } else { value };
            format!("{}\u{a0}%", one_place(cut))
        }
        Some(value) => format!("{}\u{a0}%", grouped(value)),
    }
}

/// A share of one as percent.
pub fn share(value: Option<f64>) -> String {
    percent(value.map(|value| value * 100.0))
}

/// A confidence, 0 to 1, with two places.
pub fn confidence(value: Option<f64>) -> String {
    value
        .filter(|value| value.is_finite())
        .map_or(NONE.to_owned(), |value| signed(value, |size| format!("{size:.2}")))
}

/// The time of a call, ms below a second and s above.
pub fn milliseconds(value: Option<f64>) -> String {
    match value.filter(|value| value.is_finite()) {
        None => NONE.to_owned(),
        Some(value) if value.abs() >= 10_000.0 => {
            format!("{}\u{a0}s", three_digits(value / 1000.0))
        }
        Some(value) => format!("{}\u{a0}ms", three_digits(value)),
    }
}

/// The same at a tick of an axis, where a zero after the point says nothing.
pub fn milliseconds_at_tick(value: f64) -> String {
    let (value, unit) = if value.abs() >= 10_000.0 { (value / 1000.0, "s") } else { (value, "ms") };
    let written = three_digits(value);
    let short = if written.contains('.') && !written.contains('e') {
        written.trim_end_matches('0').trim_end_matches('.')
    } else {
        &written
    };
    format!("{short}\u{a0}{unit}")
}

/// A length of time in the largest unit that leaves 1 or more: s, min, h, d.
pub fn seconds(value: Option<f64>) -> String {
    let Some(value) = value.filter(|value| value.is_finite()) else {
        return NONE.to_owned();
    };
    let (size, unit) = match value.abs() {
        size if size < 1.0 && size > 0.0 => (value * 1000.0, "ms"),
        size if size < 120.0 => (value, "s"),
        size if size < 7_200.0 => (value / 60.0, "min"),
        size if size < 172_800.0 => (value / 3_600.0, "h"),
        _ => (value / 86_400.0, "days"),
    };
    format!("{}\u{a0}{unit}", if size.abs() >= 100.0 { grouped(size) } else { one_place(size) })
}

/// A length of time that was set, in words and whole: "24 hours", "90 seconds". The largest unit that divides it, days from three on.
pub fn span(seconds: f64) -> String {
    const UNITS: [(f64, f64, &str); 3] =
        [(86_400.0, 3.0, "day"), (3_600.0, 1.0, "hour"), (60.0, 1.0, "minute")];
    let divides = |(length, least, _): &&(f64, f64, &str)| {
        seconds % length == 0.0 && seconds >= length * least
    };
    let (length, _, unit) = UNITS.iter().find(divides).unwrap_or(&(1.0, 0.0, "second"));
    let count = grouped(seconds / length);
    let plural = if count == "1" { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

/// The same behind "the last" or "every", where one of a unit is not counted.
pub fn span_alone(seconds: f64) -> String {
    let span = span(seconds);
    span.strip_prefix("1 ").map_or(span.clone(), str::to_owned)
}

/// Millions and more as 1.2 million.
pub fn many(value: Option<f64>) -> String {
    match value.filter(|value| value.is_finite()) {
        None => NONE.to_owned(),
        Some(value) if value.abs() >= 1e9 => format!("{}\u{a0}billion", three_digits(value / 1e9)),
        Some(value) if value.abs() >= 1e6 => format!("{}\u{a0}million", three_digits(value / 1e6)),
        Some(value) => grouped(value),
    }
}

/// ROI is small: in millionths, as the list of recommendations is easiest to compare.
pub fn millionths(value: Option<f64>) -> String {
    value.filter(|value| value.is_finite()).map_or(NONE.to_owned(), |v| three_digits(v * 1e6))
}

fn signed(value: f64, write: impl Fn(f64) -> String) -> String {
    let written = write(value.abs());
    let is_zero = !written.contains(|digit: char| ('1'..='9').contains(&digit));
    if value < 0.0 && !is_zero { format!("−{written}") } else { written }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_matter() {
        let written: Vec<String> =
            [0.0, 0.01234, 1.234, 12.34, 123.4, 1234.0, -217.3, 99.97, 9.996, 1e-7]
                .into_iter()
                .map(three_digits)
                .collect();
        assert_eq!(
            written,
            ["0", "0.0123", "1.23", "12.3", "123", "1,234", "−217", "100", "10.0", "1.0e-7"]
        );
    }

    #[test]
    fn percent_never_rounds_up_to_all_of_it() {
        assert_eq!(percent(Some(99.97)), "99.9\u{a0}%");
        assert_eq!(percent(Some(99.4)), "99.4\u{a0}%");
        assert_eq!(percent(Some(100.0)), "100\u{a0}%");
        assert_eq!(percent(Some(-3000.4)), "−3,000\u{a0}%");
        assert_eq!(percent(Some(-0.04)), "0\u{a0}%");
        assert_eq!(percent(Some(f64::NAN)), NONE);
        assert_eq!(percent(None), NONE);
    }

    #[test]
    fn times_have_their_unit() {
        assert_eq!(seconds(Some(0.0)), "0\u{a0}s");
        assert_eq!(seconds(Some(0.25)), "250\u{a0}ms");
        assert_eq!(seconds(Some(5128.0)), "85.5\u{a0}min");
        assert_eq!(seconds(Some(-9000.0)), "−2.5\u{a0}h");
        assert_eq!(seconds(Some(f64::INFINITY)), NONE);
        assert_eq!(milliseconds(Some(32.6)), "32.6\u{a0}ms");
        assert_eq!(milliseconds_at_tick(20.0), "20\u{a0}ms");
        assert_eq!(milliseconds_at_tick(0.5), "0.5\u{a0}ms");
        assert_eq!(milliseconds_at_tick(0.0), "0\u{a0}ms");
        assert_eq!(milliseconds_at_tick(1e-9), "1.0e-9\u{a0}ms");
        assert_eq!(milliseconds(Some(65_000.0)), "65.0\u{a0}s");
    }

    #[test]
    fn a_span_is_told_in_the_largest_unit_that_divides_it() {
        let told = |seconds: [f64; 6]| seconds.map(span);
        assert_eq!(
            told([86_400.0, 3_600.0, 7_200.0, 1_440.0, 60.0, 90.0]),
            ["24 hours", "1 hour", "2 hours", "24 minutes", "1 minute", "90 seconds"]
        );
        assert_eq!(
            told([172_800.0, 259_200.0, 5_400.0, 24.0, 1.0, 0.0]),
            ["48 hours", "3 days", "90 minutes", "24 seconds", "1 second", "0 seconds"]
        );
        assert_eq!(span_alone(3_600.0), "hour");
        assert_eq!(span_alone(36_000.0), "10 hours");
        assert_eq!(span(f64::NAN), "– seconds");
    }

    #[test]
    fn what_is_huge_still_fits() {
        for value in [f64::MAX, f64::MIN, 1e300, -1e15] {
            for written in [
                grouped(value),
                three_digits(value),
                percent(Some(value)),
                seconds(Some(value)),
                milliseconds(Some(value)),
                many(Some(value)),
            ] {
                assert!(written.chars().count() < 24, "{written}");
            }
        }
    }
}
