"""Claims about the expansion: the texts are those that Grafana's own tests expect."""
import unittest
from datetime import datetime, timezone

from macros import Unknown, expanded, formatted, with_variables

BEGIN, END = datetime(2018, 4, 12, 18, 0, tzinfo=timezone.utc), datetime(2018, 4, 12, 18, 5, tzinfo=timezone.utc)


class Macros(unittest.TestCase):
    def claim(self, sql, expected):
        self.assertEqual(expanded(sql, BEGIN, END), expected)

    def test_a_time_filter_is_between_two_literals(self):
        self.claim("WHERE $__timeFilter(b.time)", "WHERE b.time BETWEEN '2018-04-12T18:00:00Z' AND '2018-04-12T18:05:00Z'")

    def test_its_ends_can_be_had_alone(self):
        self.claim("$__timeFrom() $__timeTo()", "'2018-04-12T18:00:00Z' '2018-04-12T18:05:00Z'")

    def test_a_group_is_a_number_of_seconds(self):
        self.claim("GROUP BY $__timeGroup(time,'5m')", "GROUP BY floor(extract(epoch from time)/300)*300")
        self.claim("$__timeGroupAlias(time, 1h)", 'floor(extract(epoch from time)/3600)*3600 AS "time"')

    def test_a_group_with_a_comma_behind_it_is_named(self):
        self.claim("$__timeGroup(time,'5m'), x", 'floor(extract(epoch from time)/300)*300 AS "time", x')

    def test_a_column_can_be_named_time(self):
        self.claim("$__time(at)", 'at AS "time"')

    def test_what_is_no_macro_is_an_error(self):
        with self.assertRaises(Unknown):
            expanded("$__timeFiltr(time)", BEGIN, END)

    def test_arguments_end_at_the_first_bracket(self):
        self.claim("$__timeFilter(f(x))", "f(x BETWEEN '2018-04-12T18:00:00Z' AND '2018-04-12T18:05:00Z')")


class Variables(unittest.TestCase):
    def test_sqlstring_quotes_each_value_and_doubles_quotes(self):
        self.assertEqual(formatted(["a", "it's"], "sqlstring"), "'a','it''s'")
        self.assertEqual(formatted("", "sqlstring"), "''")

    def test_the_interval_is_put_in_before_macros_are_expanded(self):
        self.assertEqual(with_variables("$__timeGroupAlias(t, $__interval)", {}, "6h"), "$__timeGroupAlias(t, 6h)")

    def test_a_variable_nobody_defined_is_an_error(self):
        with self.assertRaises(Unknown):
            with_variables("${nobody:sqlstring}", {}, "1h")


if __name__ == "__main__":
    unittest.main()
