//! An error and what caused it, for one line of a status or a log.

/// Returns an error and its causes in one line; what only repeats the one before is left out.
pub fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let mut said: Vec<String> = Vec::new();
    for cause in causes.map(one_line) {
        let repeats = |last: &String| cause.ends_with(last.as_str()) || last.ends_with(&cause);
        if !said.last().is_some_and(repeats) {
            said.push(cause);
        }
    }
    said.join(": ")
}

fn one_line(error: &dyn std::error::Error) -> String {
    let said = error.to_string();
    let lines: Vec<&str> = said.lines().map(str::trim).collect();
    lines.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Layer(&'static str, #[source] Option<Box<Self>>);

    #[test]
    fn a_cause_that_says_the_same_is_said_once() {
        let inner = Layer("Error code 13: disk is full", None);
        let middle = Layer("disk is full", Some(Box::new(inner)));
        let outer = Layer("could not commit", Some(Box::new(middle)));
        assert_eq!(chain(&outer), "could not commit: disk is full");
    }

    #[test]
    fn what_is_said_in_lines_is_one_line() {
        let outer = Layer("could not start:\n  it ended", None);
        assert_eq!(chain(&outer), "could not start: it ended");
    }
}
