//! What the ledger of events is compared with.

use optimizer_core::events::setting;
use pgrx::prelude::*;

/// Whether two spellings are one value of a setting; `unit` is that of pg_settings.
#[pg_extern(immutable, parallel_safe)]
#[search_path(pg_catalog, pg_temp)]
fn is_same_setting_value(one: &str, other: &str, unit: Option<&str>) -> bool {
    setting::is_same_value(one, other, unit)
}

/// STUB until main has it.
#[pg_extern(immutable, parallel_safe, strict)]
#[search_path(pg_catalog, pg_temp)]
fn index_fingerprint(definition: &str) -> Option<String> {
    let text = optimizer_core::sql_text::normalise(definition).replace("using btree ", "");
    let on = text.find(" on ")?;
    let unique = text.contains("unique index");
    let rest = &text[on + 4..];
    let open = rest.find('(')?;
    text.starts_with("create").then(|| format!("{unique} {}", rest[open..].trim()))
}
