//! Whether the extension itself works, and how it is set.

use maud::{Markup, html};

use super::titled;
use crate::report::document::{Document, StatusItem};
use crate::report::text::{SENTENCE_CHARACTERS, in_one_line, shown};

pub fn section(document: &Document) -> Markup {
    let problems: Vec<&StatusItem> = document.status.iter().filter(|item| !item.ok).collect();
    let content = html! {
        @if problems.is_empty() {
            p { "status() finds nothing wrong: " (document.status.len()) " points checked." }
        } @else {
            ul.problems {
                @for problem in problems {
                    li { strong { (in_one_line(&problem.item, 60)) } ": " bdi { (in_one_line(&problem.detail, SENTENCE_CHARACTERS)) }
                        @if let Some(hint) = &problem.hint { p.hint { bdi { (shown(hint, SENTENCE_CHARACTERS)) } } } }
                }
            }
        }
        @if !document.settings.is_empty() {
            h3 { "Settings" }
            table.stacked.settings {
                caption.unseen-caption { "Settings of the extension" }
                thead { tr { th scope="col" { "Setting" } th scope="col" { "Value" } th scope="col" { "Meaning" } } }
                tbody {
                    @for setting in &document.settings {
                        tr {
                            th scope="row" { code { (in_one_line(&setting.name, 60)) } }
                            td.changed[!setting.is_default] data-label="Value" { @if setting.value.is_empty() { "–" } @else { bdi { (in_one_line(&setting.value, 120)) } } @if !setting.is_default { small { "changed" } } }
                            td data-label="Meaning" { (in_one_line(&setting.description, SENTENCE_CHARACTERS)) }
                        }
                    }
                }
            }
        }
    };
    titled("upkeep", "State and settings", &content)
}
