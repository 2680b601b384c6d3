//! Numbers as people read them.

/// Returns a size in decimal units, three digits: `1.23 GB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let (mut scale, mut unit) = (1000, 0);
    // What rounds to a thousand of one unit is one of the next.
    while unit + 1 < UNITS.len() && bytes >= scale * 1000 - scale / 2 {
        scale *= 1000;
        unit += 1;
    }
    let name = UNITS[unit];
    // Whole numbers: a float would round large sizes once more.
    let rounded = |parts: u64| bytes.saturating_add(scale / parts / 2) / (scale / parts);
    if rounded(100) < 1000 {
        format!("{}.{:02} {name}", rounded(100) / 100, rounded(100) % 100)
    } else if rounded(10) < 1000 {
        format!("{}.{} {name}", rounded(10) / 10, rounded(10) % 10)
    } else {
        format!("{} {name}", rounded(1))
    }
}

/// Returns a number with its thousands apart: `1,234,567`.
pub(crate) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Returns the number and the noun, which takes an `s` unless there is one: `3 sessions`.
pub(crate) fn count(value: u64, noun: &str) -> String {
    let plural = if value == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", number(value))
}

/// Returns how much of `total` is done, in whole percent, never 100 before it is.
pub(crate) fn percent(done: u64, total: u64) -> u64 {
    if done >= total {
        100
    } else {
        // From 2^57 bytes on the order of the steps costs a hundredth of a percent.
        match done.checked_mul(100) {
            Some(hundredfold) => hundredfold / total,
            None => done / (total / 100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_size(bytes: u64, expect: &str) {
        assert_eq!(size(bytes), expect, "{bytes}");
    }

    #[test]
    fn sizes_have_three_digits() {
        check_size(0, "0 B");
        check_size(999, "999 B");
        check_size(1_000, "1.00 kB");
        check_size(12_345, "12.3 kB");
        check_size(99_949, "99.9 kB");
        check_size(99_950, "100 kB");
        check_size(999_499, "999 kB");
        check_size(999_500, "1.00 MB");
        check_size(1_234_567_890, "1.23 GB");
        check_size(u64::MAX, "18.4 EB");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(number(0), "0");
        assert_eq!(number(1_234), "1,234");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(count(1, "hit"), "1 hit");
        assert_eq!(count(2_000, "hit"), "2,000 hits");
    }

    #[test]
    fn percent_is_whole_only_at_the_end() {
        assert_eq!(percent(0, 0), 100);
        assert_eq!(percent(999, 1_000), 99);
        assert_eq!(percent(1_000, 1_000), 100);
    }
}
