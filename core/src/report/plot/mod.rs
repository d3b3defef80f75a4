//! Plots as inline SVG. Horizontally everything is percent of the width, vertically pixels, so that one plot fits a
//! phone, a screen and a page. Each plot says in `data-*` what it draws, by the figures that it was given; where a value
//! lies follows from the scale, whose ends it says, too (`data-scale-low`, `data-scale-high`).

pub mod before_after;
pub mod heat_map;
pub mod improvement;
pub mod mark;
pub mod reliability;

/// A place in percent of the width.
fn across(place: f64) -> String {
    format!("{place}%")
}
