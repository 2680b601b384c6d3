//! The sessions an ambiguous name may mean: with branch, age and last prompt, to tell them apart.

use std::fmt::Write;

use sessions_model::Session;

use super::text::{columns, cut, one_line};
use super::title;
use crate::moment::Now;
use crate::terminal::{Role, Terminal};

/// The narrowest a last prompt is shown, in columns.
const PROMPT_COLUMNS_MIN: usize = 20;

/// Returns one line for each candidate, and one for its last prompt.
pub(crate) fn table(candidates: &[Session], now: &Now, terminal: &Terminal) -> String {
    let mut text = String::new();
    for session in candidates {
        let id = one_line(session.id.as_str());
        let branch = session
            .branch
            .as_deref()
            .map_or_else(|| "no branch".to_owned(), one_line);
        let age = session
            .ended_at
            .map_or_else(|| "no date".to_owned(), |then| now.age(then));
        let head = format!("  {id}  {age}  {branch}  ");
        let room = terminal.columns.saturating_sub(columns(&head));
        let title = title(session);
        let painted = terminal.paint.paint(Role::Id, &id);
        let head = head.replacen(&id, &painted, 1);
        let title = cut(&title, room.max(PROMPT_COLUMNS_MIN));
        writeln!(text, "{head}{title}").expect("a string takes everything");
        if let Some(prompt) = &session.last_prompt {
            let room = terminal.columns.saturating_sub(6).max(PROMPT_COLUMNS_MIN);
            let prompt = one_line(prompt);
            let line = terminal.paint.paint(Role::Faint, &cut(&prompt, room));
            writeln!(text, "      {line}").expect("a string takes everything");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn candidates_can_be_told_apart() {
        let sessions = samples::sessions();
        let text = table(&sessions[..2], &samples::now(), &samples::terminal(80));
        insta::assert_snapshot!(text);
    }
}
