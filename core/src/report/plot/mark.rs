//! The marks of verdicts: each has a colour and a shape, since one man in twelve cannot tell the colours.

use maud::{Markup, html};

/// What a mark stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    Improved,
    NotImproved,
    Regressed,
    Inconclusive,
    /// No verdict yet.
    Pending,
    /// What was promised.
    Predicted,
}

impl Mark {
    /// The mark of a verdict; one that is unknown here is drawn as pending.
    pub fn of_verdict(verdict: Option<&str>) -> Mark {
        match verdict {
            Some("improved") => Mark::Improved,
            Some("not_improved") => Mark::NotImproved,
            Some("regressed") => Mark::Regressed,
            Some("inconclusive") => Mark::Inconclusive,
            _ => Mark::Pending,
        }
    }

    /// Its name in classes, identifiers and `data-verdict`.
    pub fn name(self) -> &'static str {
        match self {
            Mark::Improved => "improved",
            Mark::NotImproved => "not-improved",
            Mark::Regressed => "regressed",
            Mark::Inconclusive => "inconclusive",
            Mark::Pending => "pending",
            Mark::Predicted => "predicted",
        }
    }

    /// As people say it.
    pub fn word(self) -> &'static str {
        match self {
            Mark::Improved => "improved",
            Mark::NotImproved => "not improved",
            Mark::Regressed => "regressed",
            Mark::Inconclusive => "inconclusive",
            Mark::Pending => "measuring",
            Mark::Predicted => "predicted",
        }
    }

    /// Its outline around 0, 0.
    fn path(self) -> &'static str {
        match self {
            Mark::Improved | Mark::Inconclusive | Mark::Pending => {
                "M-5.5,0a5.5,5.5 0 1,0 11,0a5.5,5.5 0 1,0 -11,0z"
            }
            Mark::NotImproved => "M-5,-5h10v10h-10z",
            Mark::Regressed => "M-6,-5h12l-6,11z",
            Mark::Predicted => "M0,-6.5l6.5,6.5l-6.5,6.5l-6.5,-6.5z",
        }
    }
}

const ALL: [Mark; 6] = [
    Mark::Improved,
    Mark::NotImproved,
    Mark::Regressed,
    Mark::Inconclusive,
    Mark::Pending,
    Mark::Predicted,
];

/// The outlines, once a page; every mark refers to one.
pub fn definitions() -> Markup {
    html! {
        svg.definitions width="0" height="0" aria-hidden="true" focusable="false" {
            defs {
                @for mark in ALL {
                    path id=(format!("mark-{}", mark.name())) d=(mark.path());
                }
                path id="mark-beyond-low" d="M-1,0l10,-6v12z";
                path id="mark-beyond-high" d="M1,0l-10,-6v12z";
                path id="mark-beyond-top" d="M0,-1l5,7h-10z";
            }
        }
    }
}

/// The mark in a line of text.
pub fn inline(mark: Mark) -> Markup {
    html! {
        svg.glyph width="14" height="14" aria-hidden="true" focusable="false" {
            use.mark.(mark.name()) href=(format!("#mark-{}", mark.name())) x="7" y="7" {}
        }
    }
}

/// A verdict with its mark.
pub fn labelled(mark: Mark) -> Markup {
    html! { span.verdict.(mark.name()) { (inline(mark)) (mark.word()) } }
}
