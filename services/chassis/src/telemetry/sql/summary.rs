//! What a statement does, in two words: `SELECT orders`. Low in cardinality, so fit for a span's name and a label.

use std::borrow::Cow;

/// Operation and table of the outermost statement; the first word of anything else.
pub(super) fn of(sql: &str) -> Cow<'_, str> {
    let mut words = outermost(sql);
    let Some(verb) = words.find_map(verb) else {
        let first = sql.split_whitespace().next().unwrap_or("UNKNOWN");
        return Cow::Owned(first.trim_end_matches(';').to_ascii_uppercase());
    };
    let table = match verb {
        "UPDATE" => words.find(|word| !word.eq_ignore_ascii_case("ONLY")),
        _ => words
            .find(|word| word.eq_ignore_ascii_case("FROM") || word.eq_ignore_ascii_case("INTO"))
            .and_then(|_| words.next()),
    };
    match table.map(name).filter(|name| !name.is_empty()) {
        Some(name) => Cow::Owned(format!("{verb} {name}")),
        None => Cow::Borrowed(verb),
    }
}

fn verb(word: &str) -> Option<&'static str> {
    ["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"]
        .into_iter()
        .find(|verb| word.eq_ignore_ascii_case(verb))
}

/// Up to where the name of a table ends.
fn name(word: &str) -> &str {
    let end = word.find([',', ';', ')']).unwrap_or(word.len());
    &word[..end]
}

/// Words outside of any parenthesis: neither subqueries nor the `FROM` inside a function call. A `(` ends a word.
fn outermost(sql: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    sql.split_inclusive(|c: char| c.is_whitespace() || c == '(' || c == ')')
        .filter_map(move |piece| {
            let outside = depth == 0;
            match piece.chars().next_back() {
                Some('(') => depth += 1,
                Some(')') => depth = depth.saturating_sub(1),
                _ => {}
            }
            let word = piece.trim_end_matches(|c: char| c.is_whitespace() || c == '(' || c == ')');
            // An opening parenthesis without a name before it stands for a subquery: a word, but no table.
            (outside && (!word.is_empty() || piece == "(")).then_some(word)
        })
}

/// On one line, within the limit.
pub(super) fn shortened(sql: &str, bytes_max: usize) -> String {
    let mut text = String::with_capacity(sql.len().min(bytes_max + 4));
    for word in sql.split_whitespace() {
        if text.len() + word.len() > bytes_max {
            text.push('…');
            break;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_named_by_what_it_does_to_which_table() {
        for (sql, expected) in [
            (
                "SELECT id, total FROM orders WHERE id = $1",
                "SELECT orders",
            ),
            ("\n\nselect count(*) from orders;\n", "SELECT orders"),
            (
                "INSERT INTO outbox(id, topic) VALUES ($1, $2)",
                "INSERT outbox",
            ),
            (
                "INSERT INTO inbox (a) VALUES ($1) ON CONFLICT DO NOTHING",
                "INSERT inbox",
            ),
            (
                "UPDATE sagas SET state = $1 WHERE id IN (SELECT id FROM x)",
                "UPDATE sagas",
            ),
            (
                "DELETE FROM sessions WHERE expires_at < now()",
                "DELETE sessions",
            ),
            (
                "WITH due AS (SELECT id FROM jobs FOR UPDATE) UPDATE runs SET a = 1",
                "UPDATE runs",
            ),
            (
                "SELECT topic, extract(epoch FROM now() - min(at))::bigint FROM outbox",
                "SELECT outbox",
            ),
            ("SELECT a FROM (SELECT 1) AS t", "SELECT"),
            ("SELECT pg_try_advisory_lock($1)", "SELECT"),
            ("SELECT a FROM orders, lines", "SELECT orders"),
            ("BEGIN", "BEGIN"),
            ("commit;", "COMMIT"),
            ("SET statement_timeout = 0", "SET"),
            ("", "UNKNOWN"),
        ] {
            assert_eq!(of(sql), expected, "{sql}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_words() {
        assert_eq!(shortened("  a\n  b ", 10), "a b");
        assert_eq!(shortened("SELECT äöü FROM t", 12), "SELECT äöü…");
    }
}
