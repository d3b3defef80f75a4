//! Which moment a statement of ours sees.

use pgrx::datum::DatumWithOid;
use pgrx::spi::{SpiClient, SpiTupleTable};

use crate::error::Result;

/// How to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// What is committed now: after waiting for a lock. Costs a transaction id, so not on a standby.
    Latest,
    /// What the calling query sees.
    OfTheCall,
}

impl Sight {
    /// The rows of a reading statement.
    pub fn rows<'conn>(
        self,
        client: &mut SpiClient<'conn>,
        sql: &str,
        arguments: &[DatumWithOid],
    ) -> Result<SpiTupleTable<'conn>> {
        Ok(match self {
            Sight::Latest => client.update(sql, None, arguments)?,
            Sight::OfTheCall => client.select(sql, None, arguments)?,
        })
    }
}
