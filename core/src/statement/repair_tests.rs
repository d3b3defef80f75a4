use super::*;
use proptest::prelude::*;

fn becomes(written: &str, expected: &str) {
    assert_eq!(repair(written), expected, "{written}");
    assert_eq!(repair(expected), expected, "a second time: {expected}");
}

#[test]
fn a_type_before_a_parameter_becomes_a_cast() {
    for (written, expected) in [
        ("SELECT date $1", "SELECT $1::date"),
        ("a > timestamp $1 AND b", "a > $1::timestamp AND b"),
        ("timestamp(3) with time zone $12)", "$12::timestamp(3) with time zone)"),
        ("time without time zone $1", "$1::time without time zone"),
        ("TIME (3) $1", "$1::TIME (3)"),
        ("double precision $1", "$1::double precision"),
        ("character varying(10) $1", "$1::character varying(10)"),
        ("national character varying $1", "$1::national character varying"),
        ("bit varying $1", "$1::bit varying"),
        ("numeric(10,2) $1 + numeric $2", "$1::numeric(10,2) + $2::numeric"),
        ("pg_catalog.int4 $1", "$1::pg_catalog.int4"),
        ("\"My\".\"T\"\"x\" $1", "$1::\"My\".\"T\"\"x\""),
        ("geometry(Point, 4326) $1", "$1::geometry(Point, 4326)"),
        ("x @> json $1", "x @> $1::json"),
        ("IN (date $1, date $2)", "IN ($1::date, $2::date)"),
        ("point $1 <-> inet /* x */ $2", "$1::point <-> $2::inet /* x */"),
    ] {
        let expected = expected.replace("inet /* x */", "inet");
        becomes(written, &expected);
    }
}

#[test]
fn the_fields_of_an_interval_go_with_its_type() {
    for (written, expected) in [
        ("interval $1", "$1::interval"),
        ("now() - INTERVAL $1 day AND", "now() - $1::INTERVAL day AND"),
        ("interval(3) $1", "$1::interval(3)"),
        ("interval $1 year to month", "$1::interval year to month"),
        ("interval $1 day to second(3), x", "$1::interval day to second(3), x"),
        ("interval $1 second (2)", "$1::interval second (2)"),
        ("interval $1 AT TIME ZONE $2", "$1::interval AT TIME ZONE $2"),
        ("interval $1 days", "$1::interval days"),
    ] {
        becomes(written, expected);
    }
}

#[test]
fn a_literal_of_any_length_stays_one() {
    becomes("char $1", "$1::bpchar");
    becomes("national character $1", "$1::bpchar");
    becomes("N$1", "$1::bpchar");
    becomes("char(3) $1", "$1::char(3)");
    becomes("bit $1", "$1::pg_catalog.\"bit\"");
    becomes("varchar $1", "$1::varchar");
}

#[test]
fn constants_that_the_grammar_wants_as_words() {
    becomes("EXTRACT($1 FROM o.at) = $2", "pg_catalog.extract($1 , o.at) = $2");
    becomes(
        "extract( $1 from date $2 ) + extract($3 from (SELECT a FROM b))",
        "pg_catalog.extract($1 , $2::date ) + pg_catalog.extract($3 , (SELECT a FROM b))",
    );
    becomes("normalize(f(a, $1), $2)", "pg_catalog.normalize(f(a, $1), $2)");
    becomes(
        "a IS NOT $1 NORMALIZED AND b IS $2 normalized",
        "a IS NOT NORMALIZED AND b IS normalized",
    );
    becomes("SELECT $1 UESCAPE '!' , $2", "SELECT $1 , $2");
}

#[test]
fn words_and_parameters_without_a_blank_between_them() {
    becomes("SELECT$1", "SELECT $1");
    becomes("a LIKE$1AND b=$2OR c", "a LIKE $1 AND b=$2 OR c");
    becomes("date$1", "$1::date");
    becomes("SELECT a$1, amount$2 FROM t", "SELECT a$1, amount$2 FROM t");
}

/// What parses comes back as it is.
#[test]
fn what_can_be_read_is_left_alone() {
    for text in [
        "SELECT $1",
        "SELECT a FROM t WHERE b = $1 LIMIT $2 OFFSET $3;",
        "FETCH FIRST $1 ROWS ONLY",
        "x AT TIME ZONE $1",
        "a BETWEEN SYMMETRIC $1 AND $2",
        "a NOT LIKE $1 ESCAPE $2",
        "a SIMILAR TO $1",
        "IN ($1 /*, ... */)",
        "SELECT DISTINCT ON (a, b) $1",
        "SELECT a OPERATOR(pg_catalog.+) $1",
        "trim(BOTH $1 FROM a), overlay(a PLACING $1 FROM $2 FOR $3), position($1 IN a)",
        "substring(a FROM $1 FOR $2), substring(a SIMILAR $1 ESCAPE $2)",
        "CASE $1 WHEN $2 THEN $3 ELSE $4 END",
        "ROWS BETWEEN $1 PRECEDING AND $2 FOLLOWING",
        "RANGE $1 PRECEDING",
        "EXTRACT(year FROM $1), pg_catalog.extract($1, a)",
        "'date $1' \"date $1\" $$date $1$$ E'\\'date $1' -- date $1\n/* date $1 /* date $2 */ */",
        "$1::date, CAST($2 AS interval day)",
        "JOIN u ON $1 WHERE $2 GROUP BY $3 HAVING $4 ORDER BY $5 USING $6",
        "xmlparse(DOCUMENT $1), xmlparse(CONTENT $1), xmlexists($1 PASSING $2)",
        "f(VARIADIC $1), f(a => $1), ARRAY[$1, $2], a[$1:$2], ROW($1)",
        "normalize($1), normalize(a, nfc), a IS NORMALIZED, a IS NOT NORMALIZED",
        "SELECT U&\"d!0061\" UESCAPE '!', $1",
        "SET a = $1, b = DEFAULT",
        "VALUES ($1, $2), ($3, $4)",
        "",
    ] {
        assert!(
            matches!(repair(text), Cow::Borrowed(same) if same == text),
            "{text}: {}",
            repair(text)
        );
    }
}

proptest! {
    #[test]
    fn any_text_comes_through_and_a_second_time_changes_nothing(text in "\\PC{0,80}") {
        let once = repair(&text).into_owned();
        prop_assert_eq!(repair(&once).into_owned(), once.clone());
    }

    /// The pieces that repairs look at, in any order.
    #[test]
    fn pieces_in_any_order_come_to_rest(
        pieces in proptest::collection::vec(
            proptest::sample::select(vec![
                "$1", "$2", "date", "interval", "day", "to", "second", "(3)", "(", ")", ",", ".",
                "extract", "from", "normalize", "is", "not", "normalized", "uescape", "'!'", "with",
                "time", "zone", "double", "precision", "bit", "varying", "national", "char", "n",
                "\"T\"", "select", "LIKE", "--x\n", "/*", "*/", "'", "$a$", "é",
            ]),
            0..24,
        ),
        glue in proptest::collection::vec(any::<bool>(), 24),
    ) {
        let mut text = String::new();
        for (piece, glued) in pieces.iter().zip(glue) {
            if !glued { text.push(' '); }
            text.push_str(piece);
        }
        let once = repair(&text).into_owned();
        prop_assert_eq!(repair(&once).into_owned(), once.clone());
    }

    /// Without a parameter there is nothing to repair.
    #[test]
    fn a_text_without_parameters_is_left_alone(text in "[a-z(),.' \"-]{0,80}") {
        prop_assert_eq!(repair(&text).into_owned(), text);
    }
}
