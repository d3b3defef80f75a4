//! What is worth doing, best first, with what to type and how to take it back.

use maud::{Markup, html};

use super::{left_out, nothing, statement, titled};
use crate::report::document::{Document, Recommendation};
use crate::report::moment::date_and_minute;
use crate::report::number::{confidence, millionths, percent, seconds, span_alone};
use crate::report::text::{
    EXPLANATION_CHARACTERS, SENTENCE_CHARACTERS, counted, in_one_line, shown, spaced,
};

pub fn section(document: &Document) -> Markup {
    let listed = &document.recommendations;
    let content = html! {
        @if listed.rows.is_empty() {
            (nothing("Nothing is recommended.",
                &format!("Advisors run every {}; any other tool may insert suggestions, too. By hand:", span_alone(document.head.advise_interval_seconds)),
                "SELECT * FROM optimizer.generate_suggestions();\nSELECT * FROM optimizer.aggregate_recommendations();"))
        } @else {
            p.note { "By return on investment. Nothing here was executed: a person runs the statement and records it with "
                code { "optimizer.record_recommendation_implementation(number)" } "; what came of it stands in the next report." }
            ol.advice {
                @for recommendation in &listed.rows { (one(recommendation)) }
            }
            (left_out(listed.left_out(), "recommendation", "SELECT * FROM optimizer.recommendations WHERE status = 'open'"))
        }
    };
    titled("recommendations", "What is worth doing", &content)
}

fn one(advice: &Recommendation) -> Markup {
    html! {
        li.card data-recommendation=(advice.id) {
            h3 { span.id { (advice.id) } bdi { (in_one_line(&advice.text, SENTENCE_CHARACTERS)) } }
            dl.measures {
                (measure("ROI", &millionths(advice.roi), Some("millionths")))
                (measure("Expected saving", &format!("{}/h", seconds(advice.saving_ms_per_hour.map(|ms| ms / 1000.0))), served(advice).as_deref()))
                (measure("Forecast", &percent(advice.forecast_percent), interval(advice).as_deref()))
                (measure("Confidence", &confidence(advice.confidence), Some(&format!("stated {}", confidence(advice.stated_confidence)))))
                (measure("Effort", &spaced(&advice.complexity), None))
                (measure("Source", &spaced(&advice.source_type), Some(&format!("{}, by {}", in_one_line(&advice.kind, 40), in_one_line(&advice.made_by, 40)))))
            }
            @if let Some(moment) = advice.looks_implemented_at {
                p.hint { "Somebody seems to have done it at " (date_and_minute(moment)) ": record it, and it is measured." }
            }
            @if let Some(action) = &advice.action_sql {
                h4 { "To do it" }
                (statement(action, &whole("action_sql", advice)))
            }
            @if let Some(undo) = &advice.undo_sql {
                h4 { "To take it back" }
                (statement(undo, &whole("undo_sql", advice)))
            }
            @if let Some(explanation) = &advice.explanation {
                h4 { "Why" }
                p.explanation dir="auto" { (shown(explanation, EXPLANATION_CHARACTERS)) }
            }
            @if let Some(query) = &advice.query {
                details {
                    summary { "The query" span.hash { (advice.query_hash) } }
                    (statement(query, &whole("query", advice)))
                }
            }
        }
    }
}

fn whole(column: &str, advice: &Recommendation) -> String {
    format!("SELECT {column} FROM optimizer.recommendations WHERE id = {}", advice.id)
}

fn measure(name: &str, value: &str, beside: Option<&str>) -> Markup {
    html! { div { dt { (name) } dd { (value) @if let Some(beside) = beside { " " small { bdi { (beside) } } } } } }
}

fn served(advice: &Recommendation) -> Option<String> {
    (advice.serves > 1).then(|| format!("for {}", counted(advice.serves, "query")))
}

fn interval(advice: &Recommendation) -> Option<String> {
    match (advice.forecast_low_percent, advice.forecast_high_percent) {
        (Some(low), Some(high)) => {
            Some(format!("80 % interval {} to {}", percent(Some(low)), percent(Some(high))))
        }
        _ => Some(format!("stated {}", percent(advice.stated_percent))),
    }
}
