//! The server's notation of its trees (`{FUNCCALL :funcname ("f") :args ({A_CONST ...}) :location 7}`), for
//! telling whether two expressions are the same but for constants.

/// Constants and parameters become `?`, places in the text go, and so does the way a call was written: a repaired
/// `extract` is a plain one.
pub fn without_constants(written: &str) -> String {
    without(&["{A_CONST ", "{PARAMREF "], written)
}

/// Only places in the text and the way a call was written go.
pub fn without_places(written: &str) -> String {
    without(&[], written)
}

fn without(leaves: &[&str], written: &str) -> String {
    const IGNORED: [&str; 2] = [":location ", ":funcformat "];
    let mut out = String::with_capacity(written.len());
    let mut rest = written;
    while let Some(at) = rest.find(['{', ':', '\\']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with('\\') {
            let escaped = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
            out.push_str(&rest[..escaped]);
            rest = &rest[escaped..];
        } else if leaves.iter().any(|leaf| rest.starts_with(leaf)) {
            out.push('?');
            rest = &rest[end_of_node(rest)..];
        } else if let Some(value) = IGNORED.iter().find_map(|field| rest.strip_prefix(field)) {
            let number = value.find(|c: char| c != '-' && !c.is_ascii_digit());
            rest = &value[number.unwrap_or(value.len())..];
        } else {
            out.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

/// The length of the node that opens at the start.
fn end_of_node(written: &str) -> usize {
    let (mut depth, mut is_escaped) = (0_usize, false);
    for (at, byte) in written.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'{' => depth += 1,
            b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    written.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn constants_and_parameters_are_the_same_and_places_do_not_count() {
        let constant = "{FUNCCALL :funcname (\"date_trunc\") :args ({A_CONST :val \"d\\}y\" :location 18} \
                        {COLUMNREF :fields (\"t\") :location 25}) :location 7}";
        let parameter = "{FUNCCALL :funcname (\"date_trunc\") :args ({PARAMREF :number 1 :location 90} \
                         {COLUMNREF :fields (\"t\") :location -1}) :location 70}";
        assert_eq!(without_constants(constant), without_constants(parameter));
        assert_ne!(
            without_constants(constant),
            without_constants(&parameter.replace("\"t\"", "\"u\""))
        );
        assert!(without_constants(constant).contains("(? {COLUMNREF"));
        assert_ne!(without_places(constant), without_places(parameter));
        assert_eq!(without_places(constant), without_places(&constant.replace("18", "19")));
    }

    proptest! {
        #[test]
        fn anything_does_no_harm(written in "[{}\\\\:A_CONST location0-9é ]{0,60}") {
            without_constants(&written);
        }
    }
}
