//! What the ledger of events is compared with.

use optimizer_core::events::setting;
use pgrx::prelude::*;

/// Whether two spellings are one value of a setting; `unit` is that of pg_settings.
#[pg_extern(immutable, parallel_safe)]
#[search_path(pg_catalog, pg_temp)]
fn is_same_setting_value(one: &str, other: &str, unit: Option<&str>) -> bool {
    setting::is_same_value(one, other, unit)
}
