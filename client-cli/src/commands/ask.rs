//! Questions to the person at the terminal.

use std::io::{IsTerminal, Write, stderr, stdin};

use crate::error::CliError;
use crate::render::text::visible;

/// Tells whether somebody is there who sees a question and can answer it.
pub(crate) fn is_anybody_there() -> bool {
    stdin().is_terminal() && stderr().is_terminal()
}

/// Asks a question whose answer is no unless it is yes.
pub(crate) fn yes(question: &str) -> Result<bool, CliError> {
    if !stdin().is_terminal() {
        let message = "nobody is there to be asked";
        return Err(CliError::usage(message).hint("\"--yes\" does it, \"--dry-run\" shows it"));
    }
    // To where errors go: standard output may be a file.
    write!(stderr(), "{} [y/N] ", visible(question))?;
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    Ok(is_yes(&answer))
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_yes() {
        let check = |answer: &str, expect: bool| assert_eq!(is_yes(answer), expect, "{answer:?}");
        check("y\n", true);
        check("Yes\n", true);
        check("\n", false);
        check("no\n", false);
        check("", false);
    }
}
