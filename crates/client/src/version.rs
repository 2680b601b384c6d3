//! Versions, as client and daemon tell them each other on every call.

use std::fmt;

/// A released version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    major: u64,
    minor: u64,
    patch: u64,
}

impl Version {
    /// Returns the version of this program.
    pub const fn own() -> Self {
        Self {
            major: number(env!("CARGO_PKG_VERSION_MAJOR")),
            minor: number(env!("CARGO_PKG_VERSION_MINOR")),
            patch: number(env!("CARGO_PKG_VERSION_PATCH")),
        }
    }

    /// Reads `1.2.3`; what follows a `-` or `+` is left out.
    pub fn parse(text: &str) -> Option<Self> {
        let release = text.split(['-', '+']).next()?;
        let mut numbers = release.split('.').map(str::parse);
        let mut next = || numbers.next()?.ok();
        let version = Self {
            major: next()?,
            minor: next()?,
            patch: next()?,
        };
        numbers.next().is_none().then_some(version)
    }
}

/// Reads digits at compile time, where `parse` cannot.
const fn number(digits: &str) -> u64 {
    let bytes = digits.as_bytes();
    let (mut value, mut at) = (0, 0);
    while at < bytes.len() {
        value = value * 10 + (bytes[at] - b'0') as u64;
        at += 1;
    }
    value
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            major,
            minor,
            patch,
        } = self;
        write!(f, "{major}.{minor}.{patch}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<&str>) {
        let version = Version::parse(text).map(|version| version.to_string());
        assert_eq!(version.as_deref(), expect, "{text}");
    }

    #[test]
    fn versions_are_three_numbers() {
        check("0.1.0", Some("0.1.0"));
        check("1.20.3-rc.1+build", Some("1.20.3"));
        check("1.2", None);
        check("1.2.3.4", None);
        check("v1.2.3", None);
    }

    #[test]
    fn own_version_is_the_package_s() {
        check(env!("CARGO_PKG_VERSION"), Some(&Version::own().to_string()));
    }

    #[test]
    fn versions_compare_by_number() {
        assert!(Version::parse("0.10.0") > Version::parse("0.9.9"));
    }
}
