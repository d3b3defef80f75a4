//! Statements that are planned once per session: those whose planning takes longer than they do.

use std::cell::RefCell;
use std::collections::HashMap;
use std::mem::ManuallyDrop;
use std::rc::Rc;

use pgrx::datum::DatumWithOid;
use pgrx::pg_sys::PgOid;
use pgrx::spi::{OwnedPreparedStatement, SpiClient, SpiTupleTable};

use crate::error::Result;

// Never dropped: at the end of a process its plans have no owner any more.
type Plan = ManuallyDrop<Rc<OwnedPreparedStatement>>;

thread_local! {
    static PLANS: RefCell<HashMap<&'static str, Plan>> = RefCell::default();
}

/// Runs a reading statement by the plan that this session keeps of it; the server plans anew when
/// something it depends on has changed. `types` are those of `arguments`.
pub fn select_kept<'conn>(
    client: &SpiClient<'conn>,
    sql: &'static str,
    types: &[PgOid],
    arguments: &[DatumWithOid],
) -> Result<SpiTupleTable<'conn>> {
    let plan = kept(client, sql, types)?;
    Ok(client.select(&*plan, None, arguments)?)
}

/// The same of a statement that writes, or reads what this transaction has written.
pub fn update_kept<'conn>(
    client: &mut SpiClient<'conn>,
    sql: &'static str,
    arguments: &[DatumWithOid],
) -> Result<SpiTupleTable<'conn>> {
    let types: Vec<PgOid> = arguments.iter().map(|argument| argument.oid().into()).collect();
    let plan = kept(client, sql, &types)?;
    Ok(client.update(&*plan, None, arguments)?)
}

fn kept(
    client: &SpiClient,
    sql: &'static str,
    types: &[PgOid],
) -> Result<Rc<OwnedPreparedStatement>> {
    if let Some(plan) = PLANS.with_borrow(|plans| plans.get(sql).map(|plan| Rc::clone(plan))) {
        return Ok(plan);
    }
    let plan = Rc::new(client.prepare(sql, types)?.keep());
    PLANS.with_borrow_mut(|plans| plans.insert(sql, ManuallyDrop::new(Rc::clone(&plan))));
    Ok(plan)
}
