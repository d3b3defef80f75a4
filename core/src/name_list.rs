//! Lists of names as settings have them (`optimizer_workflow.databases`, `search_path`): separated by commas, in double quotes when a name holds a
//! comma or outer blanks.
//!
//! Trap: names are taken as they stand in pg_database, upper case kept: nobody folds `-d Sales` on a command line either.

/// The names in `list`, in order; empty when the list names none, which means every database.
///
/// An unclosed quote runs to the end of the list: a name that then matches nothing is reported as unknown, so nothing is lost silently.
pub fn listed_names(list: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut name = String::new();
    let mut quoted = false;
    let mut was_quoted = false;
    let mut characters = list.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                name.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if name.trim().is_empty() && !was_quoted => {
                name.clear();
                quoted = true;
                was_quoted = true;
            }
            ',' if !quoted => {
                keep(&mut names, &mut name, &mut was_quoted);
            }
            blank if blank.is_whitespace() && was_quoted && !quoted => {}
            other => name.push(other),
        }
    }
    keep(&mut names, &mut name, &mut was_quoted);
    names
}

fn keep(names: &mut Vec<String>, name: &mut String, was_quoted: &mut bool) {
    let kept = if *was_quoted { name.as_str() } else { name.trim() };
    if !kept.is_empty() {
        names.push(kept.to_owned());
    }
    name.clear();
    *was_quoted = false;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_names_nobody() {
        assert!(listed_names("").is_empty());
        assert!(listed_names(" , ,").is_empty());
    }

    #[test]
    fn blanks_around_a_name_do_not_count_and_upper_case_does() {
        assert_eq!(listed_names(" shop ,Sales"), ["shop", "Sales"]);
    }

    #[test]
    fn quotes_keep_commas_blanks_and_doubled_quotes() {
        assert_eq!(listed_names(r#" "a,b" , " c ","say ""hi""" "#), ["a,b", " c ", r#"say "hi""#]);
    }

    #[test]
    fn an_unclosed_quote_runs_to_the_end() {
        assert_eq!(listed_names(r#"shop,"a,b"#), ["shop", "a,b"]);
    }
}
