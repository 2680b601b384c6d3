//! What commands print: tests, logs, warnings, listings, differences.

use std::fmt::Write as _;

use super::json;
use super::random::wide;
use super::scene::Scene;
use super::spread::Spread;

const TOOK_MS: Spread = Spread {
    median: 20.0,
    sigma: 1.5,
    min: 1,
    max: 90_000,
};
const TEST_PASSES: f64 = 0.97;

/// A manner of printing.
#[derive(Debug, Clone, Copy)]
enum Manner {
    Tests,
    Commits,
    Warnings,
    Listing,
    Difference,
    Log,
}

const MANNERS: [Manner; 6] = [
    Manner::Tests,
    Manner::Commits,
    Manner::Warnings,
    Manner::Listing,
    Manner::Difference,
    Manner::Log,
];

impl Scene<'_> {
    /// Prints about `bytes` bytes in one manner, never more.
    pub(crate) fn print(&mut self, bytes: usize) -> String {
        let manner = *self.random.pick(&MANNERS);
        let mut text = String::with_capacity(bytes + 512);
        while text.len() < bytes {
            self.print_some(manner, &mut text);
        }
        text.truncate(text.floor_char_boundary(bytes));
        text
    }

    fn print_some(&mut self, manner: Manner, text: &mut String) {
        let written = match manner {
            Manner::Tests => self.print_test(text),
            Manner::Commits => self.print_commit(text),
            Manner::Warnings => self.print_warning(text),
            Manner::Listing => self.print_listing(text),
            Manner::Difference => self.print_difference(text),
            Manner::Log => self.print_log(text),
        };
        written.expect("writing to a string cannot fail");
    }

    fn print_test(&mut self, text: &mut String) -> std::fmt::Result {
        let module = self.source.identifier(&mut self.random);
        let name = self.source.rare_identifier(&mut self.random);
        let outcome = if self.random.chance(TEST_PASSES) {
            "ok"
        } else {
            "FAILED"
        };
        writeln!(text, "test {module}::{name} ... {outcome}")
    }

    fn print_commit(&mut self, text: &mut String) -> std::fmt::Result {
        let subject = self.source.sentence(5, 12, &mut self.random);
        writeln!(text, "{} {subject}", self.random.hex(7))
    }

    fn print_warning(&mut self, text: &mut String) -> std::fmt::Result {
        let what = self.source.sentence(6, 14, &mut self.random);
        let file = self.project.pick_file(&mut self.random);
        let (number, line) = file.pick_line(&mut self.random);
        let column = self.random.below(80);
        writeln!(
            text,
            "warning: {what}\n  --> {}:{number}:{column}\n   |",
            file.path
        )?;
        writeln!(text, "{number:4} | {line}\n   |\n")
    }

    fn print_listing(&mut self, text: &mut String) -> std::fmt::Result {
        let file = self.project.pick_file(&mut self.random);
        let (bytes, day) = (self.random.below(90_000), self.random.between(1, 29));
        let (hour, minute) = (self.random.below(24), self.random.below(60));
        writeln!(
            text,
            "-rw-r--r-- 1 dev dev {bytes:8} Sep {day:2} {hour:02}:{minute:02} {}",
            file.path
        )
    }

    fn print_difference(&mut self, text: &mut String) -> std::fmt::Result {
        let file = self.project.pick_file(&mut self.random);
        let start = self.random.below(file.lines.len());
        writeln!(text, "@@ -{start},12 +{start},12 @@ {}", file.path)?;
        for line in file.lines.iter().skip(start).take(12) {
            let mark = *self.random.pick(&[" ", " ", " ", "+", "-"]);
            writeln!(text, "{mark}{line}")?;
        }
        Ok(())
    }

    fn print_log(&mut self, text: &mut String) -> std::fmt::Result {
        let message = self.source.sentence(4, 16, &mut self.random);
        let (id, took) = (self.random.hex(12), TOOK_MS.draw(&mut self.random));
        let part = *self.random.pick(&["http", "db", "worker", "cache", "auth"]);
        let time = json::timestamp(self.now + wide(text.len()));
        writeln!(text, "{time} INFO [{part}] {message} id={id} took={took}ms")
    }
}
