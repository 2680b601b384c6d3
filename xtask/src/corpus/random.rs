//! Random numbers that are the same on every run.
//!
//! Owns the generator (`SplitMix64`, Steele et al. 2014) and the conversions between counts and floats that the
//! corpus needs. Knows nothing of what is drawn.

use std::fmt::Write as _;

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// Starts the stream of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Starts a stream for one purpose: the same seed, another name, another stream.
    pub(crate) fn named(seed: u64, name: &str) -> Self {
        Self(hash(name) ^ Self(seed).draw())
    }

    /// Draws 64 bits.
    pub(crate) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// Draws a number below `count`; 0 if that is 0.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        let product = u128::from(self.draw()) * u128::from(wide(count));
        usize::try_from(product >> 64).unwrap_or(0)
    }

    /// Draws a number from `low` up to, and without, `high`.
    pub(crate) fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high.saturating_sub(low))
    }

    /// Draws a number from 0 up to, and without, 1.
    pub(crate) fn unit(&mut self) -> f64 {
        f64::from_bits(0x3FF0_0000_0000_0000 | (self.draw() >> 12)) - 1.0
    }

    /// Says yes with this probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Draws one of `items`, which are not empty.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// Draws a rank below `count` by a law like Zipf's: small ranks are much likelier.
    pub(crate) fn rank(&mut self, count: usize) -> usize {
        let ranks = float(wide(count)) + 1.0;
        whole(ranks.powf(self.unit()) - 1.0).min(count.saturating_sub(1))
    }

    /// Draws from the normal distribution (Box and Muller 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        let (radius, angle) = (self.unit().max(1e-12), self.unit());
        (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    }

    /// Draws a version 4 UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let (high, low) = (self.draw(), self.draw());
        let mut text = String::with_capacity(36);
        let written = write!(
            text,
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            0x8000 | (low >> 50),
            low & 0xffff_ffff_ffff
        );
        written.expect("writing to a string cannot fail");
        text
    }

    /// Draws an id of the API: a prefix and `length` letters and digits.
    pub(crate) fn api_id(&mut self, prefix: &str, length: usize) -> String {
        let letters = (0..length).map(|_| char::from(*self.pick(BASE62)));
        prefix.chars().chain(letters).collect()
    }

    /// Draws `length` hexadecimal digits.
    pub(crate) fn hex(&mut self, length: usize) -> String {
        let mut text = String::with_capacity(length + 16);
        while text.len() < length {
            write!(text, "{:016x}", self.draw()).expect("writing to a string cannot fail");
        }
        text.truncate(length);
        text
    }

    /// Appends `length` characters as base64 has them.
    pub(crate) fn push_base64(&mut self, length: usize, text: &mut String) {
        text.reserve(length);
        let mut bits = 0;
        for index in 0..length {
            if index % 10 == 0 {
                bits = self.draw();
            }
            let digit = usize::try_from(bits & 63).unwrap_or(0);
            text.push(char::from(BASE64[digit]));
            bits >>= 6;
        }
    }
}

/// Hashes a name (FNV-1a, 64 bits).
pub(crate) fn hash(name: &str) -> u64 {
    name.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

/// The same count, wider.
pub(crate) fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// The same count as a float, exact below 2^53.
#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^53")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}

/// The whole part; 0 for what is negative or no number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, which is what is wanted"
)]
pub(crate) fn whole(number: f64) -> usize {
    number as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_stream() {
        let draw = |seed| {
            (0..9)
                .map(move |_| Random::new(seed).draw())
                .collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        assert_ne!(Random::named(7, "a").draw(), Random::named(7, "b").draw());
    }

    #[test]
    fn numbers_stay_in_their_range() {
        let mut random = Random::new(3);
        for count in 1..500 {
            assert!(random.below(count) < count);
            assert!(random.rank(count) < count);
            assert!((0.0..1.0).contains(&random.unit()));
        }
        assert_eq!(random.below(0), 0);
        assert_eq!(random.rank(0), 0);
    }

    #[test]
    fn a_uuid_is_one_of_version_4() {
        let uuid = Random::new(1).uuid();
        let parts: Vec<usize> = uuid.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert_eq!(uuid.chars().nth(14), Some('4'));
        assert!(
            uuid.chars()
                .nth(19)
                .is_some_and(|variant| "89ab".contains(variant))
        );
    }
}
