//! The known word that somebody probably meant.

/// The word of `known` that is nearest to `given`, if one is near at all: no more than a third of it has to be typed anew.
pub(crate) fn nearest<'a>(
    given: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let measured = known.into_iter().map(|word| (distance(given, word), word));
    let (far, word) = measured.min()?;
    (far <= given.chars().count().max(3) / 3).then_some(word)
}

/// `: did you mean WORD?`, or nothing.
pub(crate) fn hint<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(given, known).map_or_else(String::new, |word| format!("; did you mean {word}?"))
}

/// Levenshtein's: how many letters to insert, to drop or to replace.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut before = line;
        row[0] = line + 1;
        for (column, same) in other.iter().map(|seen| *seen == letter).enumerate() {
            let replaced = before + usize::from(!same);
            before = row[column + 1];
            row[column + 1] = replaced.min(before + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_recognised_and_nonsense_is_not() {
        let known = ["order->payment", "order->product", "payment->stripe"];
        assert_eq!(nearest("order->paymnet", known), Some("order->payment"));
        assert_eq!(nearest("order-payment", known), Some("order->payment"));
        assert_eq!(nearest("kubernetes", known), None);
    }

    #[test]
    fn a_distance_is_the_number_of_letters_that_differ() {
        for (one, other, far) in [("", "abc", 3), ("abc", "abc", 0), ("kitten", "sitting", 3)] {
            assert_eq!((distance(one, other), distance(other, one)), (far, far));
        }
    }
}
