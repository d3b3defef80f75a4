//! Indexes that are not there, as HypoPG makes them, for plannings of ours alone.
//!
//! HypoPG keeps such indexes per session and shows them to the planner inside EXPLAIN. Here planning runs inside an EXPLAIN of nothing, and a hook
//! of ours, called after HypoPG's, leaves those of our indexes that a planning asks for and none that a person made, with the size that we expect.
//! Promises: what was made here is gone with [`Hypothetical`], however its scope is left; a person's own stay as they are.
//! Trap: HypoPG's flag that says EXPLAIN is only taken back at the end of a statement: [`settle`] ends one.
//! Trap: an index is made in the sandbox, as the role of the statement: its expressions and conditions are somebody's text.
#![expect(unsafe_code, reason = "hooks and set-returning functions have no safe interface in pgrx")]

mod relation;

use std::cell::Cell;
use std::ffi::{CStr, CString, c_char, c_int};
use std::sync::OnceLock;

use pgrx::pg_sys::ffi::pg_guard_ffi_boundary;
use pgrx::prelude::*;
use pgrx::{PgList, pg_sys};

use crate::error::Result;
use crate::reader::analysis::{analyse, raw_statements};
use crate::row::column;
use crate::sandbox::{Limits, run_as};

const CALLERS: &str = "/* optimizer_workflow: hypopg */ \
    SELECT coalesce(current_setting('hypopg.enabled', true), 'on'), \
           coalesce(current_setting('hypopg.use_real_oids', true), 'off')";
const SET: &str = "/* optimizer_workflow: hypopg */ \
    SELECT set_config('hypopg.enabled', $1, true), set_config('hypopg.use_real_oids', $2, true)";
const FUNCTIONS: &str = include_str!("../../sql/queries/hypopg_functions.sql");

/// Runs `work` with the settings that HypoPG begins with: whatever the caller has set must not pass for a finding. The caller's are
/// put back after it; after an error the end of the transaction does so.
pub fn with_own_settings<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    let set = |enabled: String, use_real_oids: String| {
        Spi::connect_mut(|client| {
            client.update(SET, None, &[enabled.into(), use_real_oids.into()]).map(|_| ())
        })
    };
    let (enabled, use_real_oids) = Spi::connect(|client| -> Result<(String, String)> {
        let row = client.select(CALLERS, Some(1), &[])?.first();
        Ok((row.get(1)?.unwrap_or_default(), row.get(2)?.unwrap_or_default()))
    })?;
    set("on".to_owned(), "off".to_owned())?;
    let outcome = work()?;
    set(enabled, use_real_oids)?;
    Ok(outcome)
}

/// HypoPG, loaded into this session.
#[derive(Clone, Copy)]
pub struct Hypopg {
    create: pg_sys::Oid,
    drop: pg_sys::PGFunction,
}

/// One index to make.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// CREATE INDEX without a name.
    pub statement: String,
    /// HypoPG knows no GIN: what it makes is turned into one of this operator class.
    pub inverted_class: Option<String>,
    /// Of an entry, its share of the pages included; None leaves HypoPG's estimate.
    pub bytes_per_row: Option<f64>,
}

/// Indexes that were made; none of them is seen until [`Hypothetical::show`] says so.
pub struct Hypothetical {
    hypopg: Hypopg,
    /// By place of what was wanted; None where it could not be made.
    made: Vec<Option<Made>>,
}

/// One of them.
#[derive(Clone, Copy)]
struct Made {
    oid: pg_sys::Oid,
    bytes_per_row: Option<f64>,
    inverted: Option<Inverted>,
}

/// What makes an index one of GIN.
#[derive(Clone, Copy)]
struct Inverted {
    family: pg_sys::Oid,
    input_type: pg_sys::Oid,
}

thread_local! {
    /// What to do inside the EXPLAIN that is about to run.
    static WORK: Cell<Option<*mut dyn FnMut()>> = const { Cell::new(None) };
}

impl Hypopg {
    /// HypoPG in whatever schema it is; None where it is not installed in this database.
    pub fn find() -> Result<Option<Hypopg>> {
        let found = Spi::connect(|client| -> Result<_> {
            client
                .select(FUNCTIONS, Some(1), &[])?
                .map(|row| {
                    Ok((
                        column::<pg_sys::Oid>(&row, 1)?,
                        column::<pg_sys::Oid>(&row, 2)?,
                        column::<String>(&row, 3)?,
                    ))
                })
                .next()
                .transpose()
        })?;
        let Some((create, drop, schema)) = found else { return Ok(None) };
        let mut info = pg_sys::FmgrInfo::default();
        // SAFETY: a function of the catalog; looking it up loads its library. The address stays valid as long as the process: libraries are never unloaded.
        unsafe { pg_sys::fmgr_info(drop, &raw mut info) };
        relation::install();
        let hypopg = Hypopg { create, drop: info.fn_addr };
        hypopg.warm_up(&schema)?;
        Ok(Some(hypopg))
    }

    /// HypoPG looks for free numbers with a statement of its own, once per session: not in the sandbox, where none may run.
    fn warm_up(self, schema: &str) -> Result<()> {
        static IS_WARM: OnceLock<()> = OnceLock::new();
        if IS_WARM.get().is_some() {
            return Ok(());
        }
        let create = format!(
            "/* optimizer_workflow: hypopg */ SELECT indexrelid FROM {}.hypopg_create_index('CREATE INDEX ON optimizer.query_texts (query_hash)')",
            pgrx::spi::quote_identifier(schema)
        );
        let made = Spi::connect(|client| -> Result<pg_sys::Oid> {
            Ok(client.select(create.as_str(), Some(1), &[])?.first().get_one()?.unwrap_or_default())
        })?;
        self.remove(made);
        IS_WARM.get_or_init(|| ());
        Ok(())
    }

    /// Makes the indexes, each by itself: one that HypoPG does not take is left out.
    pub fn make(
        self,
        wanted: &[Wanted],
        role: pg_sys::Oid,
        search_path: &CStr,
        limits: &Limits,
    ) -> Hypothetical {
        let mut made = Hypothetical { hypopg: self, made: Vec::with_capacity(wanted.len()) };
        for one in wanted {
            let class = one.inverted_class.as_deref();
            let found = CString::new(one.statement.as_str()).ok().and_then(|statement| {
                run_as(role, search_path, limits, || {
                    let _guard = crate::guard::enter();
                    // SAFETY: inside the sandbox. Making it comes last: what is made is known to whoever takes it back.
                    unsafe {
                        let inverted = match class {
                            Some(class) => inverted(class)?,
                            None => None,
                        };
                        Some((self.create(&statement)?, inverted))
                    }
                })
                .ok()
                .flatten()
            });
            made.made.push(found.map(|(oid, inverted)| Made {
                oid,
                bytes_per_row: one.bytes_per_row,
                inverted,
            }));
        }
        made
    }

    /// Calls `hypopg_create_index()` as the executor calls a function in FROM; its first row's first column.
    ///
    /// # Safety
    /// Inside the sandbox.
    unsafe fn create(self, statement: &CStr) -> Option<pg_sys::Oid> {
        // SAFETY: everything is allocated in the sandbox's memory context and outlives the call; the function is one of a set, called with a result to
        // be filled in. The guard sees no statement of ours: HypoPG parses and keeps, it runs nothing.
        unsafe {
            let mut info = pg_sys::FmgrInfo::default();
            pg_sys::fmgr_info(self.create, &raw mut info);
            let mut result = pg_sys::ReturnSetInfo {
                type_: pg_sys::NodeTag::T_ReturnSetInfo,
                econtext: pg_sys::CreateStandaloneExprContext(),
                allowedModes: pg_sys::SetFunctionReturnMode::SFRM_Materialize as c_int,
                ..pg_sys::ReturnSetInfo::default()
            };
            let argument = pg_sys::Datum::from(pg_sys::cstring_to_text(statement.as_ptr()));
            call(&info, (&raw mut result).cast(), argument);
            if result.setResult.is_null() || result.setDesc.is_null() {
                return None;
            }
            let slot = pg_sys::MakeSingleTupleTableSlot(
                result.setDesc,
                &raw const pg_sys::TTSOpsMinimalTuple,
            );
            if !pg_sys::tuplestore_gettupleslot(result.setResult, true, false, slot) {
                return None;
            }
            pg_sys::slot_getsomeattrs_int(slot, 1);
            let is_null = *(*slot).tts_isnull;
            let value = *(*slot).tts_values;
            pg_sys::ExecDropSingleTupleTableSlot(slot);
            if is_null { None } else { pg_sys::Oid::from_datum(value, false) }
        }
    }

    /// Forgets one: memory of this process alone, so it cannot fail and may be done in any state.
    fn remove(self, index: pg_sys::Oid) {
        let info = pg_sys::FmgrInfo { fn_addr: self.drop, ..pg_sys::FmgrInfo::default() };
        // SAFETY: hypopg_drop_index(oid) takes its entry off a list.
        unsafe { call(&info, std::ptr::null_mut(), pg_sys::Datum::from(index)) };
    }
}

/// A GIN operator class by its name, with its schema where it is no built-in one.
///
/// # Safety
/// Inside a transaction.
unsafe fn inverted(class: &str) -> Option<Option<Inverted>> {
    // SAFETY: a list of strings, as the parser makes it; missing_ok gives no oid for a class that is not there.
    unsafe {
        let mut name = PgList::<pg_sys::String>::new();
        for part in class.split('.') {
            let part =
                CString::new(optimizer_core::advisors::index::definition::bare(part)).ok()?;
            name.push(pg_sys::makeString(pg_sys::pstrdup(part.as_ptr())));
        }
        let gin = pg_sys::GIN_AM_OID;
        let class = pg_sys::get_opclass_oid(gin, name.into_pg(), true);
        (class != pg_sys::InvalidOid).then(|| {
            Some(Inverted {
                family: pg_sys::get_opclass_family(class),
                input_type: pg_sys::get_opclass_input_type(class),
            })
        })
    }
}

/// Calls a function with one argument.
///
/// # Safety
/// `info` is of a function that takes such an argument and a result of that kind.
unsafe fn call(info: &pg_sys::FmgrInfo, result: pg_sys::fmNodePtr, argument: pg_sys::Datum) {
    /// The call's frame with room for one argument, which in C is at its end.
    #[repr(C)]
    struct Frame {
        base: pg_sys::FunctionCallInfoBaseData,
        argument: pg_sys::NullableDatum,
    }
    let mut frame = Frame {
        base: pg_sys::FunctionCallInfoBaseData {
            flinfo: std::ptr::from_ref(info).cast_mut(),
            resultinfo: result,
            nargs: 1,
            ..pg_sys::FunctionCallInfoBaseData::default()
        },
        argument: pg_sys::NullableDatum { value: argument, isnull: false },
    };
    let Some(function) = info.fn_addr else { return };
    let frame = (&raw mut frame).cast::<pg_sys::FunctionCallInfoBaseData>();
    // SAFETY: as promised by the caller; an ERROR becomes a panic here.
    unsafe {
        pg_guard_ffi_boundary(|| function(frame));
    }
}

impl Hypothetical {
    /// Those that were made, by place of what was wanted.
    pub fn made(&self) -> impl Iterator<Item = (usize, pg_sys::Oid)> {
        self.made.iter().enumerate().filter_map(|(place, made)| Some((place, made.as_ref()?.oid)))
    }

    /// From now on plannings see the indexes of these places.
    pub fn show(&self, places: &[usize]) {
        let seen = places.iter().filter_map(|place| *self.made.get(*place)?).collect();
        relation::see(Some(seen));
    }
}

impl Drop for Hypothetical {
    fn drop(&mut self) {
        relation::see(None);
        for (_, oid) in self.made() {
            self.hypopg.remove(oid);
        }
    }
}

/// Runs `work` inside an EXPLAIN, which is where HypoPG's indexes are seen.
///
/// # Safety
/// Inside `sandbox::run_as`.
pub unsafe fn explaining<T>(mut work: impl FnMut() -> T) -> Option<T> {
    /// The hook is ours for this one EXPLAIN; nothing is left for somebody else's.
    struct Ours(pg_sys::ExplainOneQuery_hook_type);
    impl Drop for Ours {
        fn drop(&mut self) {
            WORK.set(None);
            // SAFETY: what stood there before.
            unsafe { pg_sys::ExplainOneQuery_hook = self.0 };
        }
    }
    const TEXT: &CStr = c"EXPLAIN SELECT 1";
    let mut done = None;
    let mut run = || done = Some(work());
    let pointer: *mut (dyn FnMut() + '_) = &raw mut run;
    // SAFETY: only the lifetime is changed; the work is taken within this call, and `Ours` forgets it at the end.
    let pointer = unsafe {
        std::mem::transmute::<*mut (dyn FnMut() + '_), *mut (dyn FnMut() + 'static)>(pointer)
    };
    // SAFETY: a hook is a plain variable of this single-threaded process.
    let _ours = Ours(unsafe { pg_sys::ExplainOneQuery_hook });
    // SAFETY: the tree of an EXPLAIN as the server makes it, wrapped as it wraps utility statements (pg_plan_queries); what it would print goes nowhere.
    unsafe {
        let raw = *raw_statements(TEXT).first()?;
        let query = analyse(TEXT, raw, &[]).query;
        let statement =
            pg_sys::palloc0(size_of::<pg_sys::PlannedStmt>()).cast::<pg_sys::PlannedStmt>();
        (*statement).type_ = pg_sys::NodeTag::T_PlannedStmt;
        (*statement).commandType = pg_sys::CmdType::CMD_UTILITY;
        (*statement).canSetTag = true;
        (*statement).utilityStmt = (*query).utilityStmt;
        WORK.set(Some(pointer));
        pg_sys::ExplainOneQuery_hook = Some(explain_hook);
        pg_sys::ProcessUtility(
            statement,
            TEXT.as_ptr(),
            false,
            pg_sys::ProcessUtilityContext::PROCESS_UTILITY_QUERY,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            pg_sys::None_Receiver,
            std::ptr::null_mut(),
        );
    }
    done
}

/// Ends a statement, so that HypoPG's indexes are no longer seen in what this session runs next.
pub fn settle() -> Result<()> {
    Spi::connect(|client| {
        client.select("/* optimizer_workflow: explained */ SELECT 1", Some(1), &[])?;
        Ok(())
    })
}

/// In the place of what EXPLAIN does with its query: the work that waits.
#[pg_guard]
unsafe extern "C-unwind" fn explain_hook(
    _query: *mut pg_sys::Query,
    _options: c_int,
    _into: *mut pg_sys::IntoClause,
    _state: *mut pg_sys::ExplainState,
    _text: *const c_char,
    _parameters: pg_sys::ParamListInfo,
    _environment: *mut pg_sys::QueryEnvironment,
) {
    if let Some(work) = WORK.take() {
        // SAFETY: set by `explaining`, which waits for this call.
        unsafe { (*work)() };
    }
}
