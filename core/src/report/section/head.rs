//! Where and when, and at the end what the page is made of.

use maud::{Markup, html};

use crate::report::document::Document;
use crate::report::moment::{date, date_and_minute, iso};
use crate::report::number::seconds;
use crate::report::text::{
    EXPLANATION_CHARACTERS, SENTENCE_CHARACTERS, SQL_CHARACTERS, in_one_line,
};

pub fn header(document: &Document) -> Markup {
    let head = &document.head;
    html! {
        header {
            p.kicker { "Tuning report" }
            h1 dir="auto" { (in_one_line(&head.database, 63)) }
            dl.facts {
                div { dt { "Period" } dd { (date(head.period_start)) " – " (date(head.generated_at)) } }
                div { dt { "Generated" } dd { time datetime=(iso(head.generated_at)) { (date_and_minute(head.generated_at)) } " " (in_one_line(&head.time_zone, 40)) } }
                div { dt { "Server" } dd { "PostgreSQL " (in_one_line(&head.server_version, 40)) @if head.is_standby { ", standby" } } }
                div { dt { "Observed" } dd { (observed(document)) } }
            }
        }
    }
}

fn observed(document: &Document) -> Markup {
    let head = &document.head;
    html! {
        @match (head.observed_from, head.observed_until) {
            (Some(from), Some(until)) => {
                (seconds(Some(head.observed_seconds))) " between " (date_and_minute(from)) " and " (date_and_minute(until))
            }
            _ => "nothing in this period"
        }
    }
}

pub fn footer(document: &Document) -> Markup {
    html! {
        footer {
            p {
                "Made by optimizer_workflow " (document.head.extension_version) " with "
                code { "SELECT optimizer.report_html(" (document.head.days) ")" }
                ". Statements are cut after " (SQL_CHARACTERS) " characters, explanations after " (EXPLANATION_CHARACTERS)
                ", sentences after " (SENTENCE_CHARACTERS) "; invisible characters are written out. Times are those of " (in_one_line(&document.head.time_zone, 40)) "."
            }
        }
    }
}
