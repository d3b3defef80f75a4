//! What planning may execute: functions with their owner's rights, and no statements.
//!
//! Planning executes functions: constants are folded, selectivities estimated, expressions of indexes loaded, domains checked, types read. While the guard
//! stands, a function is entered only when its owner is the role that it runs as, or a superuser; SECURITY DEFINER functions run as their owner anyhow. Of a
//! role's own, only those in SQL and C: a procedural one may catch a cancel and never come back. No volatile one is entered, it would leave something behind. And
//! nothing that is entered may run a statement that is more than one expression, so that no trusted function does what its arguments say. The server asks at the moment of the call
//! (fmgr_hook), so nothing can change in between, whatever called what and by which name it was found.
//! Trap: a function that is refused is not inlined either, and the plan would not be the server's. Whoever plans asks [`refused`] afterwards.
//! Trap: a hook of ours is also passed by everybody else's errors, with jumps over its frame: no pgrx guard, no destructors, no calls through pgrx while the
//! guard is down.
#![expect(unsafe_code, reason = "hooks have no safe interface in pgrx")]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

/// The server's own symbols, without pgrx's error guard: see the trap above.
mod server {
    use pgrx::pg_sys::*;
    use std::ffi::{c_char, c_int};

    unsafe extern "C-unwind" {
        pub unsafe fn standard_ExecutorStart(query: *mut QueryDesc, flags: c_int);
        pub unsafe fn standard_ProcessUtility(
            statement: *mut PlannedStmt,
            text: *const c_char,
            read_only_tree: bool,
            context: ProcessUtilityContext::Type,
            parameters: ParamListInfo,
            environment: *mut QueryEnvironment,
            destination: *mut DestReceiver,
            completion: *mut QueryCompletion,
        );
    }
}

/// Whether the guard stands.
static STANDS: AtomicBool = AtomicBool::new(false);
/// Last function that was refused; 0 for none.
static FUNCTION: AtomicU32 = AtomicU32::new(0);
/// A statement was refused.
static STATEMENT: AtomicBool = AtomicBool::new(false);

/// What was refused while the guard stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A function: its oid.
    Function(pg_sys::Oid),
    Statement,
}

/// The guard stands until this is dropped.
pub struct Guard(());

impl Drop for Guard {
    fn drop(&mut self) {
        STANDS.store(false, Ordering::Relaxed);
    }
}

/// Puts the guard up. Beforehand [`forget`].
pub fn enter() -> Guard {
    install();
    // PL/pgSQL keeps expressions ready for a whole transaction, with their functions looked up before the guard stood: the caller's own calls would be
    // what a trusted function then makes. All of them are made ready anew.
    // SAFETY: marks plans and expressions of this session for replanning, as a change of a setting does.
    unsafe { pg_sys::ResetPlanCache() };
    STANDS.store(true, Ordering::Relaxed);
    Guard(())
}

/// Forgets what was refused before.
pub fn forget() {
    FUNCTION.store(0, Ordering::Relaxed);
    STATEMENT.store(false, Ordering::Relaxed);
}

/// What was refused since, if anything.
pub fn refused() -> Option<Refused> {
    match FUNCTION.load(Ordering::Relaxed) {
        0 => STATEMENT.load(Ordering::Relaxed).then_some(Refused::Statement),
        oid => Some(Refused::Function(pg_sys::Oid::from(oid))),
    }
}

/// Signature and owner of a function, for people.
pub fn describe(function: pg_sys::Oid) -> String {
    // SAFETY: reads the catalog; a function that is gone is shown by its number, and so is a role.
    unsafe {
        let signature = CStr::from_ptr(pg_sys::format_procedure_qualified(function));
        let owner = facts(function).map_or(pg_sys::InvalidOid, |facts| facts.owner);
        let name = pg_sys::GetUserNameFromId(owner, true);
        let signature = signature.to_string_lossy();
        if name.is_null() {
            return signature.into_owned();
        }
        format!("{signature} of role {}", CStr::from_ptr(name).to_string_lossy())
    }
}

/// Hooks that were there before ours.
struct Before {
    needs: pg_sys::needs_fmgr_hook_type,
    function: pg_sys::fmgr_hook_type,
    object: pg_sys::object_access_hook_type,
    executor: pg_sys::ExecutorStart_hook_type,
    utility: pg_sys::ProcessUtility_hook_type,
}

static BEFORE: OnceLock<Before> = OnceLock::new();

/// Once per process, at the first use: sessions that plan nothing keep their hooks.
fn install() {
    BEFORE.get_or_init(|| {
        // SAFETY: hooks are plain variables of this single-threaded process, to be set at any time and chained.
        unsafe {
            let before = Before {
                needs: pg_sys::needs_fmgr_hook,
                function: pg_sys::fmgr_hook,
                object: pg_sys::object_access_hook,
                executor: pg_sys::ExecutorStart_hook,
                utility: pg_sys::ProcessUtility_hook,
            };
            pg_sys::needs_fmgr_hook = Some(needs_hook);
            pg_sys::fmgr_hook = Some(function_hook);
            pg_sys::object_access_hook = Some(object_hook);
            pg_sys::ExecutorStart_hook = Some(executor_hook);
            pg_sys::ProcessUtility_hook = Some(utility_hook);
            before
        }
    });
}

fn stands() -> bool {
    STANDS.load(Ordering::Relaxed)
}

/// Asked whenever a function is about to be called for the first time, or inlined.
unsafe extern "C-unwind" fn needs_hook(function: pg_sys::Oid) -> bool {
    // SAFETY: the hook that was there, with the argument it expects; the rule raises no ERROR that it does not hand to the server itself.
    unsafe {
        BEFORE.get().and_then(|before| before.needs).is_some_and(|needs| needs(function))
            || (stands() && !is_trusted(function))
    }
}

/// Called when a function that needs it, one that is SECURITY DEFINER and one with a SET clause is entered or left.
unsafe extern "C-unwind" fn function_hook(
    event: pg_sys::FmgrHookEventType::Type,
    function: *mut pg_sys::FmgrInfo,
    argument: *mut pg_sys::Datum,
) {
    // SAFETY: the hook that was there, with the arguments it expects; `function` is the server's own and valid.
    unsafe {
        if event == pg_sys::FmgrHookEventType::FHET_START && stands() {
            require_trusted((*function).fn_oid);
        }
        if let Some(hook) = BEFORE.get().and_then(|before| before.function) {
            hook(event, function, argument);
        }
    }
}

/// Called when an expression with a function is made ready: earlier than `function_hook`, before the function's SET clause is put in place.
unsafe extern "C-unwind" fn object_hook(
    access: pg_sys::ObjectAccessType::Type,
    class: pg_sys::Oid,
    object: pg_sys::Oid,
    part: c_int,
    argument: *mut c_void,
) {
    // SAFETY: the hook that was there, with the arguments it expects.
    unsafe {
        if access == pg_sys::ObjectAccessType::OAT_FUNCTION_EXECUTE && stands() {
            require_trusted(object);
        }
        if let Some(hook) = BEFORE.get().and_then(|before| before.object) {
            hook(access, class, object, part, argument);
        }
    }
}

unsafe extern "C-unwind" fn executor_hook(query: *mut pg_sys::QueryDesc, flags: c_int) {
    // SAFETY: the hook that was there, or what the server does without one.
    unsafe {
        if stands() && !only_computes((*query).plannedstmt) {
            refuse_statement();
        }
        match BEFORE.get().and_then(|before| before.executor) {
            Some(hook) => hook(query, flags),
            None => server::standard_ExecutorStart(query, flags),
        }
    }
}

unsafe extern "C-unwind" fn utility_hook(
    statement: *mut pg_sys::PlannedStmt,
    text: *const c_char,
    read_only_tree: bool,
    context: pg_sys::ProcessUtilityContext::Type,
    parameters: pg_sys::ParamListInfo,
    environment: *mut pg_sys::QueryEnvironment,
    destination: *mut pg_sys::DestReceiver,
    completion: *mut pg_sys::QueryCompletion,
) {
    // SAFETY: the hook that was there, or what the server does without one.
    unsafe {
        if stands() {
            refuse_statement();
        }
        let run = BEFORE
            .get()
            .and_then(|before| before.utility)
            .unwrap_or(server::standard_ProcessUtility);
        run(
            statement,
            text,
            read_only_tree,
            context,
            parameters,
            environment,
            destination,
            completion,
        );
    }
}

/// Whether a statement is one expression: no relation, no subquery, nothing volatile. SQL functions are such statements to the executor; what they call is
/// guarded like everything else.
#[pg_guard]
unsafe extern "C-unwind" fn only_computes(statement: *mut pg_sys::PlannedStmt) -> bool {
    // SAFETY: a finished plan; its root's tag says what it is, and the lists are expressions.
    unsafe {
        let root = (*statement).planTree;
        if (*statement).commandType != pg_sys::CmdType::CMD_SELECT
            || !(*statement).relationOids.is_null()
            || !(*statement).subplans.is_null()
            || (*root).type_ != pg_sys::NodeTag::T_Result
            || !(*root).lefttree.is_null()
        {
            return false;
        }
        let result: *mut pg_sys::Result = root.cast();
        !pg_sys::contain_volatile_functions((*root).targetlist.cast())
            && !pg_sys::contain_volatile_functions((*result).resconstantqual)
    }
}

/// The rule for being entered or inlined. What is refused is remembered, also where a function's own EXCEPTION block swallows the error.
#[pg_guard]
unsafe extern "C-unwind" fn is_trusted(function: pg_sys::Oid) -> bool {
    // SAFETY: reads the catalog and the current user.
    let trusted = unsafe {
        facts(function).is_some_and(|facts| {
            pg_sys::superuser_arg(facts.owner)
                || (facts.can_be_stopped
                    && (facts.runs_as_owner || facts.owner == pg_sys::GetUserId()))
        })
    };
    if !trusted {
        FUNCTION.store(function.to_u32(), Ordering::Relaxed);
    }
    trusted
}

/// What the rule asks of a function.
struct Facts {
    owner: pg_sys::Oid,
    /// SECURITY DEFINER.
    runs_as_owner: bool,
    /// Its language is SQL, C or internal: no EXCEPTION block that swallows a cancel.
    can_be_stopped: bool,
    is_volatile: bool,
}

/// internal, c and sql: oids that pg_language.dat fixes, the same in 15 to 18.
const STOPPABLE_LANGUAGES: [u32; 3] = [12, 13, 14];

/// None when it is gone.
unsafe fn facts(function: pg_sys::Oid) -> Option<Facts> {
    // SAFETY: a row of the cache is valid until released, and of that catalog's form.
    unsafe {
        let row = pg_sys::SearchSysCache1(
            pg_sys::SysCacheIdentifier::PROCOID as c_int,
            pg_sys::Datum::from(function),
        );
        if row.is_null() {
            return None;
        }
        let form: pg_sys::Form_pg_proc = pg_sys::GETSTRUCT(row).cast();
        let language = (*form).prolang.to_u32();
        let facts = Facts {
            owner: (*form).proowner,
            runs_as_owner: (*form).prosecdef,
            can_be_stopped: STOPPABLE_LANGUAGES.contains(&language),
            is_volatile: (*form).provolatile as u8 == pg_sys::PROVOLATILE_VOLATILE,
        };
        pg_sys::ReleaseSysCache(row);
        Some(facts)
    }
}

/// The rule for being executed: trusted, and not volatile. Planning never executes a volatile function; only another function would.
#[pg_guard]
unsafe extern "C-unwind" fn require_trusted(function: pg_sys::Oid) {
    // SAFETY: raises an ordinary ERROR, which pg_guard hands to the server.
    unsafe {
        if !is_trusted(function) {
            raise(
                "planning would execute a function that is neither the role's own, in SQL or C, nor a superuser's",
            );
        }
        if facts(function).is_some_and(|facts| facts.is_volatile) {
            FUNCTION.store(function.to_u32(), Ordering::Relaxed);
            raise("planning would execute a volatile function");
        }
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn refuse_statement() {
    STATEMENT.store(true, Ordering::Relaxed);
    raise("planning would run a statement");
}

fn raise(message: &'static str) {
    ErrorReport::new(PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE, message, function_name!())
        .report(PgLogLevel::ERROR);
}
