//! Moments as the client writes them: RFC 3339, `2026-02-19T20:06:02.469Z`.

use sessions_model::Timestamp;

const DAY_MS: i64 = 86_400_000;

/// Returns the moment that `text` names, or none where it is no RFC 3339 date and time.
pub(crate) fn parse_time(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if separators
        .iter()
        .any(|(at, byte)| bytes.get(*at) != Some(byte))
    {
        return None;
    }
    let part = |from, to| number(bytes.get(from..to)?);
    let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    let (hour, minute, second) = (part(11, 13)?, part(14, 16)?, part(17, 19)?);
    let in_range = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24;
    if !in_range || minute > 59 || second > 60 {
        return None;
    }
    let (millis, zone) = fraction(bytes.get(19..)?);
    let seconds = hour * 3600 + minute * 60 + second;
    let local = days_since_epoch(year, month, day) * DAY_MS + seconds * 1000 + millis;
    Some(Timestamp(local - zone_ms(zone)?))
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit()
            .then(|| number * 10 + i64::from(byte - b'0'))
    })
}

/// Splits the milliseconds of `.469…` from what follows.
fn fraction(rest: &[u8]) -> (i64, &[u8]) {
    let Some(digits) = rest.strip_prefix(b".") else {
        return (0, rest);
    };
    let count = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (digits, zone) = digits.split_at(count);
    let padded = digits.iter().copied().chain([b'0'; 3]).take(3);
    (
        padded.fold(0, |millis, byte| millis * 10 + i64::from(byte - b'0')),
        zone,
    )
}

fn zone_ms(zone: &[u8]) -> Option<i64> {
    match zone {
        b"Z" | b"z" => Some(0),
        [sign @ (b'+' | b'-'), hours @ .., b':', m1, m2] => {
            let minutes = number(hours).filter(|hours| *hours < 24)? * 60 + number(&[*m1, *m2])?;
            Some(if *sign == b'+' { minutes } else { -minutes } * 60_000)
        }
        _ => None,
    }
}

/// Counts days in the proleptic Gregorian calendar, with years that start in March so that the leap
/// day is the last of its year.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<i64>) {
        assert_eq!(parse_time(text), expect.map(Timestamp), "{text}");
    }

    #[test]
    fn moments_are_read_to_the_millisecond() {
        check("1970-01-01T00:00:00Z", Some(0));
        check("2026-02-19T20:06:02.469Z", Some(1_771_531_562_469));
        check("2024-02-29T23:59:59.9Z", Some(1_709_251_199_900));
        check("2024-03-01T01:00:00.123456+01:00", Some(1_709_251_200_123));
        check("2024-02-29T18:30:00-05:30", Some(1_709_251_200_000));
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for text in [
            "",
            "now",
            "2026-13-01T00:00:00Z",
            "2026-02-19 20:06:02Z",
            "2026-02-19T20:06:02",
        ] {
            check(text, None);
        }
    }
}
