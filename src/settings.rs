//! Every setting, `optimizer_workflow.*`. The statics are private: the rest of the extension asks
//! typed readers, core gets plain structs.
//!
//! Trap: without `shared_preload_libraries` the settings exist only once a session has called one
//! of our functions (or LOAD 'optimizer_workflow'), so no SQL of ours may use `current_setting`.

use std::ffi::{CStr, CString};

use optimizer_core::measurement::Schedule;
use optimizer_core::score::UrgencyReference;
use pgrx::guc::{GucContext, GucFlags, GucRegistry, GucSetting};

const SECONDS_PER_HOUR: i32 = 3600;
const SECONDS_PER_DAY: i32 = 86_400;
/// A year: longer than any of these times makes sense.
const MAX_SECONDS: i32 = 366 * SECONDS_PER_DAY;

static ENABLED: GucSetting<bool> = GucSetting::<bool>::new(true);
static DATABASES: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c""));
static SAMPLE_INTERVAL: GucSetting<i32> = GucSetting::<i32>::new(300);
static BUCKET_WIDTH: GucSetting<i32> = GucSetting::<i32>::new(SECONDS_PER_HOUR);
static RETENTION: GucSetting<i32> = GucSetting::<i32>::new(35 * SECONDS_PER_DAY);
static ADVISE_INTERVAL: GucSetting<i32> = GucSetting::<i32>::new(SECONDS_PER_HOUR);
static MEASURE_AFTER: GucSetting<i32> = GucSetting::<i32>::new(SECONDS_PER_DAY);
static MEASURE_DEADLINE: GucSetting<i32> = GucSetting::<i32>::new(2 * SECONDS_PER_DAY);
static FREQUENCY_REFERENCE: GucSetting<f64> = GucSetting::<f64>::new(100_000.0);
static IMPACT_REFERENCE: GucSetting<i32> = GucSetting::<i32>::new(10_000);
static WORKER_MAX_RUNTIME: GucSetting<i32> = GucSetting::<i32>::new(60);
static LOCK_TIMEOUT: GucSetting<i32> = GucSetting::<i32>::new(2_000);
static ROLE: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c""));

/// Defines all settings and reserves the prefix: a misspelt one is refused from then on.
pub fn define() {
    use GucContext::{Sighup, Suset};
    GucRegistry::define_bool_guc(
        c"optimizer_workflow.enabled",
        c"Runs the background worker.",
        c"Off: nothing is sampled or measured unless run_maintenance() is called by hand.",
        &ENABLED,
        Sighup,
        GucFlags::default(),
    );
    text(
        c"optimizer_workflow.databases",
        c"Databases that the background worker serves, separated by commas.",
        c"Empty: each database that has the extension.",
        &DATABASES,
    );
    seconds(
        c"optimizer_workflow.sample_interval",
        c"How often pg_stat_statements is sampled.",
        c"One sample reads all counters once; buckets are written only for statements that ran.",
        &SAMPLE_INTERVAL,
        (1, SECONDS_PER_DAY),
        Sighup,
    );
    seconds(
        c"optimizer_workflow.bucket_width",
        c"Width of a bucket of metrics.",
        c"A day in measurements is 24 buckets. Whoever shortens it shortens the other times too.",
        &BUCKET_WIDTH,
        (1, SECONDS_PER_HOUR),
        Sighup,
    );
    seconds(
        c"optimizer_workflow.retention",
        c"How long buckets are kept.",
        c"Measurements look back up to 28 days of 24 buckets.",
        &RETENTION,
        (60, MAX_SECONDS),
        Suset,
    );
    seconds(
        c"optimizer_workflow.advise_interval",
        c"How often advisors run and suggestions are aggregated.",
        c"",
        &ADVISE_INTERVAL,
        (1, SECONDS_PER_DAY),
        Suset,
    );
    seconds(
        c"optimizer_workflow.measure_after",
        c"When an implementation is first looked at, counted from the change.",
        c"The first look is final when it says improved or regressed.",
        &MEASURE_AFTER,
        (1, MAX_SECONDS),
        Suset,
    );
    seconds(
        c"optimizer_workflow.measure_deadline",
        c"When an implementation is last looked at, counted from the change.",
        c"No measurement looks past it, however late it is taken.",
        &MEASURE_DEADLINE,
        (1, MAX_SECONDS),
        Suset,
    );
    GucRegistry::define_float_guc(
        c"optimizer_workflow.frequency_reference",
        c"Calls per hour at which a query's frequency counts as 1.",
        c"",
        &FREQUENCY_REFERENCE,
        1.0,
        1e12,
        Suset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"optimizer_workflow.impact_reference",
        c"Mean time at which a query's impact counts as 1.",
        c"",
        &IMPACT_REFERENCE,
        1,
        i32::MAX,
        Suset,
        GucFlags::UNIT_MS,
    );
    seconds(
        c"optimizer_workflow.worker_max_runtime",
        c"Longest time that one transaction of the background worker may take.",
        c"",
        &WORKER_MAX_RUNTIME,
        (1, SECONDS_PER_DAY),
        Sighup,
    );
    GucRegistry::define_int_guc(
        c"optimizer_workflow.lock_timeout",
        c"Longest time that the background worker waits for a lock.",
        c"",
        &LOCK_TIMEOUT,
        1,
        i32::MAX,
        Sighup,
        GucFlags::UNIT_MS,
    );
    text(
        c"optimizer_workflow.role",
        c"Role that the background worker runs as.",
        c"Empty: the bootstrap superuser. Another role needs LOGIN, membership in pg_read_all_stats, USAGE on schema optimizer and EXECUTE on run_maintenance(text).",
        &ROLE,
    );
    // SAFETY: called from _PG_init, where core allows defining and reserving settings.
    #[expect(unsafe_code, reason = "pgrx has no wrapper for reserving a prefix")]
    unsafe {
        pgrx::pg_sys::MarkGUCPrefixReserved(c"optimizer_workflow".as_ptr());
    }
}

fn seconds(
    name: &'static CStr,
    short: &'static CStr,
    long: &'static CStr,
    setting: &'static GucSetting<i32>,
    range: (i32, i32),
    context: GucContext,
) {
    let (low, high) = range;
    GucRegistry::define_int_guc(name, short, long, setting, low, high, context, GucFlags::UNIT_S);
}

fn text(
    name: &'static CStr,
    short: &'static CStr,
    long: &'static CStr,
    setting: &'static GucSetting<Option<CString>>,
) {
    let context = GucContext::Sighup;
    GucRegistry::define_string_guc(name, short, long, setting, context, GucFlags::default());
}

/// The text of a setting, `None` when it is empty.
fn non_empty(setting: &GucSetting<Option<CString>>) -> Option<String> {
    let text = setting.get()?.to_string_lossy().trim().to_owned();
    (!text.is_empty()).then_some(text)
}

pub fn enabled() -> bool {
    ENABLED.get()
}

pub fn databases() -> Option<String> {
    non_empty(&DATABASES)
}

pub fn sample_interval_seconds() -> i32 {
    SAMPLE_INTERVAL.get()
}

pub fn bucket_width_seconds() -> i32 {
    BUCKET_WIDTH.get()
}

pub fn retention_seconds() -> i32 {
    RETENTION.get()
}

pub fn advise_interval_seconds() -> i32 {
    ADVISE_INTERVAL.get()
}

pub fn measurement_schedule() -> Schedule {
    Schedule {
        measure_after_seconds: MEASURE_AFTER.get(),
        measure_deadline_seconds: MEASURE_DEADLINE.get(),
    }
}

pub fn urgency_reference() -> UrgencyReference {
    UrgencyReference {
        calls_per_hour: FREQUENCY_REFERENCE.get(),
        mean_exec_time_ms: f64::from(IMPACT_REFERENCE.get()),
    }
}

pub fn worker_max_runtime_seconds() -> i32 {
    WORKER_MAX_RUNTIME.get()
}

pub fn lock_timeout_ms() -> i32 {
    LOCK_TIMEOUT.get()
}

pub fn worker_role() -> Option<String> {
    non_empty(&ROLE)
}
