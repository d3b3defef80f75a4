//! Texts of other people's making on the page: cut at a stated length, and with nothing invisible in them.
//!
//! Escaping is maud's work. What it does not know of: a right-to-left override reorders what follows it, in the SQL that
//! somebody is to copy, too; a control character shows as nothing. Both are written out, `⟨U+202E⟩`.

/// Most characters of a statement (an action, its undoing, a query): about 25 lines. A DDL statement that is longer is rare, and the
/// page says where the whole text is. No setting: 15 + 15 + 20 statements stay below 100 kB.
pub const SQL_CHARACTERS: usize = 1_500;
/// Most characters of a sentence (a recommendation, a reason, a note): three lines.
pub const SENTENCE_CHARACTERS: usize = 400;
/// Most characters of an explanation: what the index advisor says of one index has some 900.
pub const EXPLANATION_CHARACTERS: usize = 1_500;
/// Most characters of a query where it only has to be recognised.
pub const GLIMPSE_CHARACTERS: usize = 160;

/// The text as it is shown: at most `limit` of its characters, and a sign where some were left out.
pub fn shown(text: &str, limit: usize) -> String {
    let text = text.trim_end();
    let mut shown = String::with_capacity(text.len().min(limit * 2));
    let mut characters = text.chars();
    for character in characters.by_ref().take(limit) {
        push_visible(&mut shown, character);
    }
    if characters.next().is_some() {
        shown.push_str(" …");
    }
    shown
}

/// The same in one line: white space of any length is one space.
pub fn in_one_line(text: &str, limit: usize) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    shown(&words.join(" "), limit)
}

/// A count with its noun, in the plural where there are several.
pub fn counted(count: i64, noun: &str) -> String {
    let grouped = super::number::grouped(count as f64);
    match noun.strip_suffix('y') {
        _ if count == 1 => format!("1 {noun}"),
        Some(stem) => format!("{grouped} {stem}ies"),
        None => format!("{grouped} {noun}s"),
    }
}

/// A name with underscores, as people write it.
pub fn spaced(name: &str) -> String {
    in_one_line(&name.replace('_', " "), 40)
}

fn push_visible(shown: &mut String, character: char) {
    match character {
        '\n' | '\t' => shown.push(character),
        '\r' => {}
        _ if is_invisible(character) => {
            shown.push_str(&format!("⟨U+{:04X}⟩", u32::from(character)));
        }
        _ => shown.push(character),
    }
}

/// Controls, marks and overrides of writing direction, zero widths, what is no character at all. A joiner (U+200D) stays: emoji are made with it.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{061C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' | '\u{FDD0}'..='\u{FDEF}' | '\u{FFFE}' | '\u{FFFF}'
            | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_of_the_limit_is_whole_and_one_beyond_it_says_so() {
        assert_eq!(shown("abc", 3), "abc");
        assert_eq!(shown("abcd", 3), "abc …");
        assert_eq!(shown("äöü🙂", 4), "äöü🙂");
    }

    #[test]
    fn what_reorders_or_hides_is_written_out() {
        assert_eq!(shown("a\u{202E}b\u{1}c\u{200F}", 9), "a⟨U+202E⟩b⟨U+0001⟩c⟨U+200F⟩");
        assert_eq!(shown("line\r\n\tnext", 20), "line\n\tnext");
        assert_eq!(shown("👩\u{200D}🚒", 9), "👩\u{200D}🚒");
    }

    #[test]
    fn one_line_is_one_line() {
        assert_eq!(in_one_line("SELECT\n   1,\t2", 80), "SELECT 1, 2");
    }

    #[test]
    fn several_are_many() {
        assert_eq!(counted(1, "query"), "1 query");
        assert_eq!(counted(2, "query"), "2 queries");
        assert_eq!(counted(1, "change"), "1 change");
        assert_eq!(counted(0, "change"), "0 changes");
        assert_eq!(counted(12_000, "change"), "12,000 changes");
    }

    proptest! {
        #[test]
        fn nothing_invisible_is_left(text in any::<String>(), limit in 0_usize..80) {
            let shown = shown(&text, limit);
            prop_assert!(shown.chars().all(|c| c == '\n' || c == '\t' || !is_invisible(c)));
        }
    }
}
