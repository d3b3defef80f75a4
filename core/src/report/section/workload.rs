//! When the database works, and on what.

use maud::{Markup, html};

use super::{left_out, nothing, titled};
use crate::report::document::{Costly, Document};
use crate::report::number::{many, milliseconds, percent, seconds, three_digits};
use crate::report::plot::heat_map::{plot, told};
use crate::report::text::{GLIMPSE_CHARACTERS, in_one_line};

pub fn section(document: &Document) -> Markup {
    let workload = &document.workload;
    let content = html! {
        @if workload.hours.is_empty() && workload.costliest.rows.is_empty() {
            (nothing("No work was observed in this period.", "The worker samples every few minutes; by hand, twice with work in between:", "SELECT * FROM optimizer.take_sample();"))
        } @else {
            p.note { (many(workload.calls)) " calls took " (seconds(workload.total_exec_time_ms.map(|ms| ms / 1000.0))) " of database time. "
                @if let Some(told) = told(&workload.hours) { (told) } }
            @if let Some(plot) = plot(&workload.hours) { figure { (plot) } }
            h3 { "Costliest queries" }
            @if workload.costliest.rows.is_empty() { p.note { "None ran." } } @else { (table(&workload.costliest.rows, workload.total_exec_time_ms)) }
            (left_out(workload.costliest.left_out(), "query", &all_queries(document.head.days)))
        }
    };
    titled("workload", "Workload", &content)
}

/// What lists them over the same days, which `query_stats` with its 24 buckets does not.
fn all_queries(days: i64) -> String {
    format!(
        "SELECT query_hash, query_summary, sum(total_exec_time_ms) AS ms FROM optimizer.chart_query_buckets \
         WHERE time >= now() - interval '{days} days' GROUP BY 1, 2 ORDER BY 3 DESC"
    )
}

fn table(rows: &[Costly], total_ms: Option<f64>) -> Markup {
    html! {
        table.stacked.costly {
            caption.unseen-caption { "Queries with the most time in the period" }
            thead { tr {
                th scope="col" { "Query" } th.number scope="col" { "Share of time" } th.number scope="col" { "Time" }
                th.number scope="col" { "Calls" } th.number scope="col" { "A call" } th.number scope="col" { "Blocks a call" } th.number scope="col" { "Advice" }
            } }
            tbody {
                @for row in rows {
                    tr data-query=(row.query_hash) {
                        th scope="row" { code dir="ltr" { (in_one_line(row.query.as_deref().unwrap_or("text not read yet"), GLIMPSE_CHARACTERS)) } small { (row.query_hash) } }
                        td.number data-label="Share of time" { (percent(share_of(row.total_ms, total_ms))) (bar(share_of(row.total_ms, total_ms))) }
                        td.number data-label="Time" { (seconds(row.total_ms.map(|ms| ms / 1000.0))) }
                        td.number data-label="Calls" { (many(row.calls)) }
                        td.number data-label="A call" { (milliseconds(row.mean_ms)) }
                        td.number data-label="Blocks a call" { (row.blocks_per_call.map_or(percent(None), three_digits)) }
                        td.number data-label="Advice" { @if row.open_recommendations > 0 { (row.open_recommendations) " open" } @else { "–" } }
                    }
                }
            }
        }
    }
}

fn share_of(part: Option<f64>, whole: Option<f64>) -> Option<f64> {
    let share = part? / whole.filter(|whole| *whole > 0.0)? * 100.0;
    share.is_finite().then_some(share.clamp(0.0, 100.0))
}

fn bar(share: Option<f64>) -> Markup {
    html! {
        @if let Some(share) = share {
            svg.bar width="100%" height="4" aria-hidden="true" focusable="false" {
                rect.track width="100%" height="4" rx="2" {}
                rect width=(format!("{share:.1}%")) height="4" rx="2" {}
            }
        }
    }
}
