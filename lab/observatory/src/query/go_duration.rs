//! Durations as Go writes them, which Jaeger's clients send: `1.5s`, `100ms`, `1h30m`, `-2us`.

/// Nanoseconds in a unit.
fn unit_ns(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1.0,
        "us" | "µs" | "μs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 60e9,
        "h" => 3600e9,
        _ => return None,
    })
}

/// In nanoseconds. A negative one is refused: no span takes less than no time.
pub(super) fn nanoseconds(text: &str) -> Result<u64, String> {
    let refused = || format!("{text:?} is not a duration such as 1.5s, 100ms or 1h30m");
    if text == "0" {
        return Ok(0);
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut sum = 0.0;
    while !rest.is_empty() {
        let digits = |c: char| c.is_ascii_digit() || c == '.';
        let number_end = rest.find(|c| !digits(c)).ok_or_else(refused)?;
        let (number, tail) = rest.split_at(number_end);
        let unit_end = tail.find(digits).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let number: f64 = number.parse().map_err(|_| refused())?;
        sum += number * unit_ns(unit).ok_or_else(refused)?;
        rest = tail;
    }
    if text.is_empty() || sum > u64::MAX as f64 {
        return Err(refused());
    }
    Ok(sum.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::nanoseconds;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        for (text, ns) in [
            ("0", 0),
            ("1ns", 1),
            ("2us", 2_000),
            ("2µs", 2_000),
            ("1.5ms", 1_500_000),
            (".5s", 500_000_000),
            ("+1s", 1_000_000_000),
            ("1h30m0.5s", 5_400_500_000_000),
        ] {
            assert_eq!(nanoseconds(text), Ok(ns), "{text}");
        }
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for text in [
            "",
            "1",
            "s",
            "1 s",
            "1x",
            "-1s",
            "1.2.3s",
            "1e3s",
            "ms1",
            "9999999999h",
        ] {
            assert!(nanoseconds(text).is_err(), "{text:?}");
        }
    }
}
