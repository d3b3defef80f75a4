//! The page as a whole: what somebody else wrote never becomes markup, and every figure that is none stays undrawn.

use super::document::*;
use super::page;
use proptest::prelude::*;

const EMPTY_LIST: &str = r#"{"total": 0, "rows": []}"#;

fn empty() -> Document {
    Document {
        head: Head {
            database: "shop".to_owned(),
            server_version: "15.20".to_owned(),
            extension_version: "0.1.0".to_owned(),
            time_zone: "UTC".to_owned(),
            is_standby: false,
            days: 30,
            generated_at: 1_795_871_100.0,
            period_start: 1_793_279_100.0,
            observed_from: None,
            observed_until: None,
            observed_seconds: 0.0,
            bucket_width_seconds: 3600.0,
            advise_interval_seconds: 3600.0,
            measure_after_seconds: 86_400.0,
            measure_deadline_seconds: 172_800.0,
        },
        summary: Summary::default(),
        recommendations: serde_json::from_str(EMPTY_LIST).unwrap(),
        results: serde_json::from_str(EMPTY_LIST).unwrap(),
        changes: Vec::new(),
        learning: Learning {
            kinds: serde_json::from_str(EMPTY_LIST).unwrap(),
            reliability: Vec::new(),
        },
        workload: Workload {
            total_exec_time_ms: None,
            calls: None,
            hours: Vec::new(),
            costliest: serde_json::from_str(EMPTY_LIST).unwrap(),
        },
        self_check: SelfCheck::default(),
        settings: Vec::new(),
        status: Vec::new(),
    }
}

/// One row of everything, with `text` wherever somebody else's words stand, and `figure` wherever a number does.
fn full(text: &str, figure: f64) -> Document {
    let text = || text.to_owned();
    let figure = Some(figure);
    let mut document = empty();
    document.head.database = text();
    document.head.server_version = text();
    document.head.time_zone = text();
    document.head.observed_from = figure;
    document.head.observed_until = figure;
    document.summary = Summary {
        open_recommendations: 1,
        improved: 1,
        total_roi_potential: figure,
        total_expected_saving_ms_per_hour: figure,
        load_ms_per_hour: figure,
        seconds_saved_per_day: figure,
        mean_accuracy: figure,
        ..Summary::default()
    };
    document.recommendations = Listed {
        total: 3,
        rows: vec![Recommendation {
            id: 1,
            query_hash: "-42".to_owned(),
            source_type: text(),
            kind: text(),
            made_by: text(),
            text: text(),
            explanation: Some(text()),
            action_sql: Some(text()),
            undo_sql: Some(text()),
            query: Some(text()),
            complexity: "low".to_owned(),
            serves: 2,
            stated_percent: figure,
            forecast_percent: figure,
            forecast_low_percent: figure,
            forecast_high_percent: figure,
            stated_confidence: figure,
            confidence: figure,
            roi: figure,
            saving_ms_per_hour: figure,
            looks_implemented_at: figure,
        }],
    };
    let outcome = Outcome {
        id: 1,
        text: text(),
        kind: text(),
        status: "implemented".to_owned(),
        verdict: Some("inconclusive".to_owned()),
        reason: Some(text()),
        implemented_by: text(),
        measured_at: figure,
        predicted_percent: figure,
        actual_percent: figure,
        adjusted_percent: figure,
        low_percent: figure,
        high_percent: figure,
        accuracy: figure,
        mean_before_ms: figure,
        mean_after_ms: figure,
        seconds_saved_per_day: figure,
        smallest_visible_percent: figure,
        notes: Some(text()),
        ..Outcome::default()
    };
    let odd = Outcome { id: 2, verdict: Some(text()), status: text(), ..outcome.clone() };
    document.results = Listed { total: 2, rows: vec![outcome, odd] };
    document.changes = vec![Change {
        implementation_id: 1,
        text: text(),
        verdict: Some(text()),
        changed_at: 1000.0,
        until: 2000.0,
        step_seconds: 100.0,
        mean_before_ms: figure,
        mean_after_ms: figure,
        points: vec![
            ChangePoint { at: 500.0, mean_ms: figure, calls: figure },
            ChangePoint { at: 600.0, mean_ms: Some(3.0), calls: Some(1.0) },
        ],
        ..Change::default()
    }];
    document.learning.kinds = Listed {
        total: 1,
        rows: vec![LearnedKind {
            made_by: text(),
            source_type: text(),
            kind: text(),
            outcomes: 1,
            stated: figure,
            learned: figure,
            learned_low: figure,
            learned_high: figure,
            success_rate: figure,
            realisation_rate: figure,
            harm_rate: figure,
            ..LearnedKind::default()
        }],
    };
    document.learning.reliability = vec![Reliability {
        outcomes: 1,
        said: figure,
        came: figure,
        came_low: figure,
        came_high: figure,
    }];
    document.workload = Workload {
        total_exec_time_ms: figure,
        calls: figure,
        hours: vec![HourOfWeek {
            weekday: 1,
            hour: 2,
            observed_seconds: 3600.0,
            time_ms_per_hour: figure,
        }],
        costliest: Listed {
            total: 1,
            rows: vec![Costly {
                query_hash: "7".to_owned(),
                query: Some(text()),
                calls: figure,
                mean_ms: figure,
                total_ms: figure,
                blocks_per_call: figure,
                open_recommendations: 1,
            }],
        },
    };
    document.self_check =
        SelfCheck { trials: 10, rate: figure, rate_low: figure, rate_high: figure };
    document.settings =
        vec![Setting { name: text(), value: text(), is_default: false, description: text() }];
    document.status =
        vec![StatusItem { item: text(), ok: false, detail: text(), hint: Some(text()) }];
    document
}

/// The tags of a page with their attributes' names, in order: what its markup is, whatever its texts say.
fn markup_of(page: &str) -> Vec<String> {
    let mut tags = Vec::new();
    for piece in page.split('<').skip(1) {
        let mut tag = String::new();
        let mut is_quoted = false;
        for character in piece.chars() {
            match character {
                '>' if !is_quoted => break,
                '"' => is_quoted = !is_quoted,
                _ if is_quoted => {}
                _ => tag.push(character),
            }
        }
        tags.push(tag);
    }
    tags
}

#[test]
fn an_empty_database_says_so_in_every_section_and_draws_nothing() {
    let page = page(&empty());
    for said in [
        "Nothing is recommended.",
        "No change was recorded or measured in this period.",
        "There is no change to look at.",
        "No verdict of this period is inconclusive.",
        "No outcome has come in yet",
        "No work was observed in this period.",
        "Not known yet",
        "nothing in this period",
    ] {
        assert!(page.contains(said), "{said}");
    }
    assert!(!page.contains("data-plot"));
}

#[test]
fn a_page_has_no_script_and_refers_to_nothing_outside_itself() {
    let page = page(&full("plain", 50.0));
    let (_, body) = page.split_once("</style>").unwrap();
    assert!(!page.to_lowercase().contains("<script"));
    for reference in
        [" src=", "url(", "@import", "<link", "<iframe", "<object", "<img", "http:", "https:", "//"]
    {
        assert!(!body.contains(reference), "{reference}");
    }
    assert!(!super::STYLE.contains("url(") && !super::STYLE.contains("@import"));
    for piece in page.split("href=\"").skip(1) {
        assert!(piece.starts_with("#mark-"), "{}", &piece[..piece.len().min(40)]);
    }
}

#[test]
fn every_mark_that_is_referred_to_is_defined() {
    let page = page(&full("plain", 50.0));
    for piece in page.split("href=\"#").skip(1) {
        let name = piece.split('"').next().unwrap();
        assert!(page.contains(&format!("id=\"{name}\"")), "{name}");
    }
}

#[test]
fn what_is_left_out_is_counted() {
    let page = page(&full("plain", 50.0));
    assert!(page.contains("2 more recommendations not shown here"), "{page}");
}

#[test]
fn what_lists_all_queries_covers_the_days_of_the_report() {
    let mut document = full("plain", 50.0);
    document.head.days = 7;
    document.workload.costliest.total = document.workload.costliest.rows.len() as i64 + 3;
    let page = page(&document);
    let said = page.split("3 more queries not shown here: ").nth(1).unwrap();
    let said = said.split("</code>").next().unwrap();
    assert!(said.contains("chart_query_buckets") && said.contains("'7 days'"), "{said}");
}

#[test]
fn a_statement_that_was_cut_says_where_the_whole_of_it_is() {
    let said = "SELECT action_sql FROM optimizer.recommendations WHERE id = 1";
    let limit = super::text::SQL_CHARACTERS;
    assert!(!page(&full(&"x".repeat(limit), 1.0)).contains(said));
    assert!(page(&full(&"x".repeat(limit + 1), 1.0)).contains(said));
}

#[test]
fn a_figure_that_is_none_is_read_as_absent() {
    let json = r#"{"outcomes": 3, "said": "NaN", "came": 0.5, "came_low": "-Infinity", "came_high": null}"#;
    let bin: Reliability = serde_json::from_str(json).unwrap();
    assert_eq!(bin, Reliability { outcomes: 3, came: Some(0.5), ..Reliability::default() });
}

#[test]
fn a_million_rows_of_text_are_no_larger_page_than_their_limits() {
    let text = "'\"&<".repeat(25_000);
    let mut document = full(&text, 50.0);
    document.recommendations.rows =
        vec![document.recommendations.rows[0].clone(); super::MOST_RECOMMENDATIONS];
    document.results.rows = vec![document.results.rows[0].clone(); super::MOST_RESULTS];
    document.changes[0].points = vec![document.changes[0].points[1]; 96];
    document.changes = vec![document.changes[0].clone(); super::MOST_CHANGES];
    document.learning.kinds.rows = vec![document.learning.kinds.rows[0].clone(); super::MOST_KINDS];
    document.workload.costliest.rows =
        vec![document.workload.costliest.rows[0].clone(); super::MOST_COSTLY];
    let size = page(&document).len();
    assert!(size < 2_000_000, "{size} bytes");
}

/// The colours of the page by name, of light and of dark.
fn colours() -> [std::collections::HashMap<&'static str, [f64; 3]>; 2] {
    let (light, rest) = super::STYLE.split_once("@media (prefers-color-scheme: dark)").unwrap();
    let dark = rest.split_once("* { box-sizing").unwrap().0;
    [light, dark].map(|part| {
        let declared = part.split(';').filter_map(|one| {
            let (name, value) = one.rsplit_once("--")?.1.split_once(": #")?;
            let hex = if value.len() == 3 {
                value.chars().flat_map(|c| [c, c]).collect()
            } else {
                value.to_owned()
            };
            let channel =
                |at: usize| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
            Some((name, [channel(0), channel(2), channel(4)]))
        });
        declared.collect()
    })
}

/// WCAG 2.1, relative luminance and contrast ratio.
fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let luminance = |colour: [f64; 3]| {
        let [red, green, blue] =
            colour.map(|c| if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn every_letter_stands_out_from_its_ground_in_light_and_dark() {
    for theme in colours() {
        for letters in
            ["ink", "soft", "accent", "improved", "regressed", "not-improved", "inconclusive"]
        {
            for ground in ["paper", "raised"] {
                let ratio = contrast(theme[letters], theme[ground]);
                assert!(ratio >= 4.5, "{letters} on {ground}: {ratio:.2}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn words_never_become_markup(words in r#"(?s)([<>"'&/=;!\-]|script|style|svg|onload|\PC|.){0,60}"#) {
        let with = page(&full(&words, 50.0));
        let without = page(&full("plain", 50.0));
        // A text that is empty may leave an element out; words here are never only blanks.
        prop_assume!(!words.trim().is_empty() && words.trim() != "not_improved");
        prop_assert_eq!(markup_of(&with), markup_of(&without));
    }

    #[test]
    fn no_figure_whatever_is_drawn_as_no_number(figure in any::<f64>()) {
        let page = page(&full("plain", figure));
        let (_, body) = page.split_once("</style>").unwrap();
        prop_assert!(!body.contains("NaN") && !body.contains("inf%") && !body.contains("\"inf\"") && !body.contains("\"-inf\""));
    }
}

#[test]
fn nan_and_infinity_are_never_drawn() {
    for figure in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let page = page(&full("plain", figure));
        let (_, body) = page.split_once("</style>").unwrap();
        assert!(
            !body.contains("NaN") && !body.contains("inf\"") && !body.contains("inf%"),
            "{figure}"
        );
    }
}

#[test]
fn spans_of_time_are_those_that_were_set() {
    let said = |document: &Document| {
        let page = page(document);
        let all = [
            "a query that ran in the last 24 hours",
            "between 24 hours and 48 hours later",
            "run every hour;",
            "a query that ran in the last 2 hours",
            "between 2 hours and 3 days later",
            "run every 10 minutes;",
        ];
        all.map(|words| page.contains(words))
    };
    let mut document = empty();
    assert_eq!(said(&document), [false, true, true, false, false, false]);
    document.summary.open_recommendations = 1;
    assert_eq!(said(&document), [true, true, true, false, false, false]);
    document.head.bucket_width_seconds = 300.0;
    document.head.advise_interval_seconds = 600.0;
    document.head.measure_after_seconds = 7_200.0;
    document.head.measure_deadline_seconds = 259_200.0;
    assert_eq!(said(&document), [false, false, false, true, true, true]);
    document.head.measure_deadline_seconds = 7_200.0;
    assert!(page(&document).contains("says so, and 2 hours later"));
}
