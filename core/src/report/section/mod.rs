//! The sections of the page, in the order they are read.

pub mod changes;
pub mod head;
pub mod inconclusive;
pub mod learning;
pub mod recommendations;
pub mod results;
pub mod summary;
pub mod upkeep;
pub mod workload;

use maud::{Markup, html};

use super::text::{SQL_CHARACTERS, counted, shown};

/// A heading with what is below it.
fn titled(id: &str, title: &str, content: &Markup) -> Markup {
    html! {
        section id=(id) aria-labelledby=(format!("{id}-title")) {
            h2 id=(format!("{id}-title")) { (title) }
            (content)
        }
    }
}

/// There is nothing yet, and what to do about it.
fn nothing(why: &str, what_to_do: &str, type_this: &str) -> Markup {
    html! {
        div.nothing {
            p { (why) " " (what_to_do) }
            @if !type_this.is_empty() { pre { code { (type_this) } } }
        }
    }
}

/// A statement of somebody's own making. What was cut must not be run: then it says where the whole of it is.
fn statement(sql: &str, whole: &str) -> Markup {
    html! {
        pre dir="ltr" { code { (shown(sql, SQL_CHARACTERS)) } }
        @if sql.trim_end().chars().nth(SQL_CHARACTERS).is_some() {
            p.left-out { "Cut here. The whole of it: " code { (whole) } }
        }
    }
}

/// How many are not shown, and where they are.
fn left_out(count: i64, noun: &str, where_they_are: &str) -> Markup {
    html! {
        @if count > 0 {
            p.left-out { (counted(count, &format!("more {noun}"))) " not shown here: " code { (where_they_are) } }
        }
    }
}
