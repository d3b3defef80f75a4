//! What the ledger of events is compared with.

use optimizer_core::events::setting;
use pgrx::prelude::*;

/// Whether two spellings are one value of a setting; `unit` is that of pg_settings.
#[pg_extern(immutable, parallel_safe)]
#[search_path(pg_catalog, pg_temp)]
fn is_same_setting_value(one: &str, other: &str, unit: Option<&str>) -> bool {
    setting::is_same_value(one, other, unit)
}

/// A value of pg_settings as SHOW writes it; `unit` is that of pg_settings.
#[pg_extern(immutable, parallel_safe)]
#[search_path(pg_catalog, pg_temp)]
fn setting_with_unit(value: &str, unit: Option<&str>) -> String {
    setting::with_unit(value, unit)
}
