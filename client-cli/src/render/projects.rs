//! The list of projects.

use std::fmt::Write;

use sessions_model::Project;

use super::quantity::{count, number, size};
use super::text::{columns, cut, fit, one_line};
use crate::moment::Now;
use crate::terminal::{Role, Terminal};

/// The widest a project's name is shown, in columns.
const NAME_COLUMNS_MAX: usize = 32;

/// The narrowest a key is shown, in columns.
const KEY_COLUMNS_MIN: usize = 20;

/// Returns one line for each project.
pub(crate) fn table(projects: &[Project], now: &Now, terminal: &Terminal) -> String {
    let paint = terminal.paint;
    let widest = projects
        .iter()
        .map(|project| columns(&one_line(&project.name)))
        .max();
    let width = widest.unwrap_or(0).min(NAME_COLUMNS_MAX);
    let mut text = String::new();
    for project in projects {
        let mut facts = count(project.sessions, "session");
        if project.automated > 0 {
            write!(facts, ", {} of scripts", number(project.automated))
                .expect("a string takes everything");
        }
        let age = project
            .last_at
            .map(|then| now.age(then))
            .unwrap_or_default();
        let head = format!("{age:<10}  {facts:<30}  {:>8}", size(project.bytes));
        let room = terminal.columns.saturating_sub(width + columns(&head) + 4);
        let key = one_line(place(project));
        let key = cut(&key, room.max(KEY_COLUMNS_MIN));
        let name = paint.paint(Role::Strong, &fit(&one_line(&project.name), width));
        let key = paint.paint(Role::Faint, &key);
        writeln!(text, "{name}  {head}  {key}").expect("a string takes everything");
    }
    text
}

/// Returns where a project is: its key, or, where that is a name that the user gave, a directory of it.
fn place(project: &Project) -> &str {
    let key = &*project.key.0;
    match project.cwds.first() {
        Some(cwd) if key == project.name => cwd,
        _ => key,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn project_with_a_name_of_its_own_shows_its_directory() {
        let check = |name: &str, key: &str, expect| {
            let project = Project {
                name: name.to_owned(),
                key: sessions_model::ProjectKey(key.to_owned()),
                cwds: vec!["/src/lantern".to_owned()],
                ..Project::default()
            };
            assert_eq!(place(&project), expect, "{key}");
        };
        check("LANT", "LANT", "/src/lantern");
        check("lantern", "host/o/lantern", "host/o/lantern");
    }

    #[test]
    fn projects_are_a_line_each() {
        let text = table(
            &samples::projects(),
            &samples::now(),
            &samples::terminal(100),
        );
        insta::assert_snapshot!(text);
    }
}
