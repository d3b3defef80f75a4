//! The page that a person mails to a colleague: one HTML document that needs nothing but itself. No script, no address outside
//! of it, light or dark as the reader's system is, on a phone and on paper.
//!
//! [`page`] makes it of a [`Document`]. Everything of somebody's own making goes through [`text`] and is escaped by maud, in
//! attributes, too; a section without anything to show says so, and what to do.

pub mod document;
pub mod moment;
pub mod number;
pub mod plot;
pub mod scale;
mod section;
pub mod text;

use document::Document;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// Rows of each section, at most. They keep the page below 2 MB whatever the database holds, and are more than a person reads of it. No
/// setting: the views have all of it, and each section says how many it left out.
pub const MOST_RECOMMENDATIONS: usize = 15;
pub const MOST_RESULTS: usize = 30;
/// Of the newest results; each has up to 100 points.
pub const MOST_CHANGES: usize = 12;
pub const MOST_KINDS: usize = 30;
pub const MOST_COSTLY: usize = 20;

const STYLE: &str = include_str!("style.css");

/// The page.
pub fn page(document: &Document) -> String {
    let head = &document.head;
    let title = format!(
        "Tuning report: {}, {}",
        text::in_one_line(&head.database, 63),
        moment::date(head.generated_at)
    );
    let page: Markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content=(format!("optimizer_workflow {}", head.extension_version));
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (plot::mark::definitions())
                main {
                    (section::head::header(document))
                    (section::summary::section(document))
                    (section::recommendations::section(document))
                    (section::results::section(document))
                    (section::changes::section(document))
                    (section::inconclusive::section(document))
                    (section::learning::section(document))
                    (section::workload::section(document))
                    (section::upkeep::section(document))
                }
                (section::head::footer(document))
            }
        }
    };
    page.into_string()
}

#[cfg(test)]
mod tests;
