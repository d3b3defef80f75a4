//! Columns of a row that our own SQL returned, by position.

use pgrx::datum::{FromDatum, IntoDatum};
use pgrx::spi::SpiHeapTupleData;

use crate::error::{Error, Result};

/// The column, which our SQL promises not to be null.
pub fn column<T: FromDatum + IntoDatum>(row: &SpiHeapTupleData, ordinal: usize) -> Result<T> {
    row.get::<T>(ordinal)?.ok_or(Error::MissingColumn(ordinal))
}

/// The column, or `None` where it is null.
pub fn nullable<T: FromDatum + IntoDatum>(
    row: &SpiHeapTupleData,
    ordinal: usize,
) -> Result<Option<T>> {
    Ok(row.get::<T>(ordinal)?)
}
