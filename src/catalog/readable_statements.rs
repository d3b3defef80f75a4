//! Which statements are to be read, as whom, and under which search_path.

use std::collections::BTreeSet;

use pgrx::pg_sys::Oid;
use pgrx::spi::SpiClient;

use crate::error::Result;
use crate::row::{column, nullable};

const STATEMENTS: &str = include_str!("../../sql/queries/statements_to_read.sql");
const SEVERAL: &str = include_str!("../../sql/queries/names_in_several_schemas.sql");
const TEMPORARY: &str = include_str!("../../sql/queries/temporary_names.sql");

/// One statement to read.
#[derive(Debug, Clone)]
pub struct Statement {
    pub query_hash: i64,
    /// None where it is too long.
    pub text: Option<String>,
    pub user_oid: Option<Oid>,
    pub user_is_there: bool,
    pub search_path: Option<String>,
    /// Digest of the set of all relations.
    pub relations_now: i64,
}

/// At most `most` of them, the most expensive first.
pub fn statements(
    client: &mut SpiClient,
    most: i64,
    longest_text: usize,
) -> Result<Vec<Statement>> {
    let longest = i64::try_from(longest_text).unwrap_or(i64::MAX);
    client
        .update(STATEMENTS, None, &[most.into(), longest.into()])?
        .map(|row| {
            Ok(Statement {
                query_hash: column(&row, 1)?,
                text: nullable(&row, 2)?,
                user_oid: nullable(&row, 3)?,
                user_is_there: column(&row, 4)?,
                search_path: nullable(&row, 5)?,
                relations_now: column(&row, 6)?,
            })
        })
        .collect()
}

/// Names that stand for several relations, of those in schemas that a role may use.
pub fn names_in_several_schemas(
    client: &mut SpiClient,
    roles: Vec<Oid>,
) -> Result<BTreeSet<(u32, String)>> {
    client
        .update(SEVERAL, None, &[roles.into()])?
        .map(|row| Ok((column::<Oid>(&row, 1)?.to_u32(), column(&row, 2)?)))
        .collect()
}

/// Those of the names that only temporary tables have.
pub fn temporary_names(client: &mut SpiClient, names: Vec<String>) -> Result<BTreeSet<String>> {
    client.update(TEMPORARY, None, &[names.into()])?.map(|row| column(&row, 1)).collect()
}
