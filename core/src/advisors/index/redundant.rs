//! What an index that is there, or another candidate, already does.
//!
//! Trap: a partial index, one over expressions, with another order or of another kind stands in for nothing.

use super::definition::{Candidate, KeyOf, Method};
use super::facts::{Index, Table};

/// Whether the table has what the candidate would bring.
pub fn is_redundant(candidate: &Candidate, table: &Table) -> bool {
    // Whether one column is before another a whole index cannot say: the rows have to be read for it.
    let is_of_compared =
        candidate.predicate.as_ref().is_some_and(|predicate| table.compares_columns(predicate));
    table.indexes.iter().any(|index| stands_in(index, candidate, is_of_compared))
}

fn stands_in(index: &Index, candidate: &Candidate, spares_rows: bool) -> bool {
    let Some(keys) = plain_keys(candidate) else { return false };
    if !index.is_valid || index.is_partial || index.has_expressions || !index.is_ordinary {
        return false;
    }
    match candidate.method {
        Method::Btree if index.method == "btree" => {
            let has_columns = candidate
                .includes
                .iter()
                .all(|number| index.keys.contains(number) || index.includes.contains(number));
            // A unique key finds one row: more columns behind it narrow nothing down.
            let is_found_by_key = index.is_unique && keys.starts_with(&index.keys);
            index.keys.starts_with(&keys) && has_columns && !spares_rows || is_found_by_key
        }
        Method::Btree => false,
        other => index.method == other.name() && index.keys.starts_with(&keys),
    }
}

/// Numbers of the keys, of an index without expressions, order or operator classes of its own. A partial one counts: all
/// the more does a whole index of its keys stand in for it.
fn plain_keys(candidate: &Candidate) -> Option<Vec<i16>> {
    candidate
        .keys
        .iter()
        .map(|key| match key.what {
            KeyOf::Column(number) => {
                let is_plain = !key.is_descending && !key.has_other_nulls;
                (is_plain && (key.operator_class.is_none() || candidate.method == Method::Gin))
                    .then_some(number)
            }
            KeyOf::Expression(_) => None,
        })
        .collect()
}

/// Whether `wide` does for a query what `narrow` does: the same keys come first, and it has its columns.
pub fn serves_as(wide: &Candidate, narrow: &Candidate) -> bool {
    wide == narrow
        || wide.relation == narrow.relation
            && wide.method == Method::Btree
            && narrow.method == Method::Btree
            && wide.predicate == narrow.predicate
            && wide.keys.starts_with(&narrow.keys)
            && narrow.includes.iter().all(|number| {
                wide.includes.contains(number)
                    || wide.keys.iter().any(|key| key.number() == Some(*number))
            })
}

#[cfg(test)]
mod tests {
    use super::super::definition::Key;
    use super::super::fixture::orders;
    use super::*;

    fn columns(numbers: &[i16]) -> Candidate {
        Candidate::btree(1, numbers.iter().copied().map(Key::column).collect())
    }

    fn with(index: Index) -> Table {
        Table { indexes: vec![index], ..orders() }
    }

    fn index(keys: &[i16]) -> Index {
        Index {
            method: "btree".into(),
            keys: keys.to_vec(),
            is_valid: true,
            is_ordinary: true,
            ..Index::default()
        }
    }

    #[test]
    fn an_index_stands_in_for_its_first_columns_and_no_others() {
        let table = with(index(&[2, 3]));
        assert!(is_redundant(&columns(&[2]), &table));
        assert!(is_redundant(&columns(&[2, 3]), &table));
        assert!(!is_redundant(&columns(&[3]), &table));
        assert!(!is_redundant(&columns(&[2, 4]), &table));
    }

    #[test]
    fn a_primary_key_stands_in_for_everything_that_begins_with_it() {
        let table = orders();
        assert!(is_redundant(&columns(&[1]), &table));
        assert!(is_redundant(&columns(&[1, 3]), &table));
        let carrying = Candidate { includes: vec![5], ..columns(&[1]) };
        assert!(is_redundant(&carrying, &table));
        assert!(!is_redundant(&columns(&[3, 1]), &table));
        // A copy of the leading column of a key of two is one as well; a column behind it is not.
        let two = with(Index { is_unique: true, ..index(&[1, 2]) });
        assert!(is_redundant(&columns(&[1]), &two));
        assert!(!is_redundant(&columns(&[1, 3]), &two));
    }

    #[test]
    fn an_index_of_rows_with_one_column_before_another_is_no_copy_unless_its_key_finds_one_row() {
        let late = |keys: &[i16]| Candidate {
            predicate: Some("placed_at < shipped_at".into()),
            ..columns(keys)
        };
        let table = with(index(&[2, 3]));
        assert!(!is_redundant(&late(&[2]), &table));
        let open = Candidate { predicate: Some("status = 'open'".into()), ..columns(&[2]) };
        assert!(is_redundant(&open, &table));
        assert!(is_redundant(&late(&[1]), &orders()));
    }

    #[test]
    fn what_is_partial_invalid_or_over_expressions_stands_in_for_nothing() {
        for other in [
            Index { is_partial: true, ..index(&[2]) },
            Index { is_valid: false, ..index(&[2]) },
            Index { has_expressions: true, ..index(&[2]) },
            Index { is_ordinary: false, ..index(&[2]) },
            Index { method: "hash".into(), ..index(&[2]) },
        ] {
            assert!(!is_redundant(&columns(&[2]), &with(other.clone())), "{other:?}");
        }
        let carrying = Candidate { includes: vec![5], ..columns(&[2]) };
        assert!(!is_redundant(&carrying, &with(index(&[2]))));
        assert!(is_redundant(&carrying, &with(Index { includes: vec![5], ..index(&[2]) })));
    }

    #[test]
    fn a_wider_candidate_serves_as_its_prefix() {
        assert!(serves_as(&columns(&[2, 3]), &columns(&[2])));
        assert!(!serves_as(&columns(&[2]), &columns(&[2, 3])));
        assert!(!serves_as(&columns(&[3, 2]), &columns(&[2])));
        let carrying = Candidate { includes: vec![3], ..columns(&[2]) };
        assert!(serves_as(&columns(&[2, 3]), &carrying));
        assert!(!serves_as(&columns(&[2, 4]), &carrying));
        let partial = Candidate { predicate: Some("status = 'open'".into()), ..columns(&[2, 3]) };
        assert!(!serves_as(&partial, &columns(&[2])));
    }
}
