//! Query hashes in JSON: other tools write them as numbers or, where numbers lose digits past
//! 2^53, as text.

use crate::error::InvalidInput;

/// One element of such a list, as its JSON scalar's text.
pub fn parse(element: &str) -> Result<i64, InvalidInput> {
    match element.parse::<i64>() {
        Ok(hash) if hash != 0 => Ok(hash),
        _ => Err(InvalidInput::NotAQueryHash { found: element.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bigint_but_zero_is_a_query_hash() {
        for hash in [1, -1, i64::MIN, i64::MAX] {
            assert_eq!(parse(&hash.to_string()), Ok(hash));
        }
        for text in ["0", "", "1.5", "1e3", "9223372036854775808", "x", " 1"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
