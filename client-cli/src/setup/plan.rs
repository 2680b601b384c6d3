//! What a setup is to change, worked out before anything is changed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::command::{COMMANDS, SlashCommand, TAKEN};
use super::settings::{uses_plugin, with_hooks, without_hooks};
use super::{Change, Keeper, file};
use crate::error::{CliError, Kind};

/// What to do where settings cannot be changed.
const MEND: &str = "mend it, or name the other config roots one by one with --root";

/// What is to be set up.
#[derive(Debug)]
pub(crate) struct Wish<'a> {
    /// The config roots.
    pub(crate) roots: &'a [PathBuf],
    /// The line of shell that hooks run.
    pub(crate) command: &'a str,
    /// The service manager and the daemon's program, if it is to keep that.
    pub(crate) keeper: Option<(&'a Keeper, &'a Path)>,
    /// The file from which the user's shell completes commands, and what it is to hold.
    pub(crate) completion: Option<(PathBuf, Vec<u8>)>,
}

/// What is to be changed.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Files of Claude Code.
    pub(crate) changes: Vec<Change>,
    /// Files of the service manager.
    pub(crate) units: Vec<Change>,
    /// Files of the shell, whose content says nothing to a person.
    pub(crate) scripts: Vec<Change>,
    /// The file of the command whose name is taken already, in each root: asked for by itself.
    pub(crate) taken: Vec<Change>,
    /// What is left as it is, and why.
    pub(crate) left: Vec<String>,
}

impl Plan {
    /// Works it out.
    pub(crate) fn make(wish: &Wish<'_>) -> Result<Self, CliError> {
        let mut plan = Self::default();
        for root in wish.roots {
            plan.add_root(root, wish.command)?;
        }
        if let Some((path, script)) = &wish.completion {
            let change = Change::to(path.clone(), Some(script.clone()))?;
            plan.scripts.push(change);
        }
        if let Some((keeper, daemon)) = wish.keeper {
            plan.units = keeper.files(daemon)?;
        }
        for changes in [&mut plan.changes, &mut plan.units, &mut plan.scripts] {
            changes.retain(Change::is_any);
        }
        for changes in [&mut plan.changes, &mut plan.taken] {
            // Roots may share a file by way of links.
            let mut places = BTreeSet::new();
            changes.retain(|change| places.insert(file::place(&change.path)));
        }
        Ok(plan)
    }

    /// Tells whether nothing is to be changed.
    pub(crate) fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    /// Returns every change.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Change> {
        let changes = self.changes.iter().chain(&self.taken);
        changes.chain(&self.scripts).chain(&self.units)
    }

    fn add_root(&mut self, root: &Path, command: &str) -> Result<(), CliError> {
        let path = root.join("settings.json");
        let change = Change::to(path.clone(), None).map_err(|error| error.hint(MEND))?;
        let text = change.before.as_deref().map(str::from_utf8).transpose();
        let text = text.map_err(|_| unfit(&path, "it is not UTF-8"))?;
        let text = text.unwrap_or_default();
        let with_plugin = uses_plugin(text);
        let after = if with_plugin {
            // Each event would be told twice.
            let root = root.display();
            let why = "the plugin is switched on there, and brings hooks of its own";
            self.left.push(format!("{root}: {why}"));
            without_hooks(text)
        } else {
            with_hooks(text, command)
        };
        let after = after.map_err(|fault| unfit(&path, &fault.to_string()))?;
        let after = Some(after.into_bytes());
        self.changes.push(Change { after, ..change });
        // The plugin's go by longer names.
        for slash in &COMMANDS {
            self.add_command(root, slash)?;
        }
        Ok(())
    }

    fn add_command(&mut self, root: &Path, slash: &SlashCommand) -> Result<(), CliError> {
        let path = root.join("commands").join(slash.file);
        let change = Change::to(path, Some(slash.text.into()))?;
        match (&change.before, slash.file == TAKEN) {
            _ if !change.is_any() => {}
            (Some(_), _) => {
                let path = change.path.display();
                let left = format!("{path}: it is there already, and says something else");
                self.left.push(left);
            }
            (None, true) => self.taken.push(change),
            (None, false) => self.changes.push(change),
        }
        Ok(())
    }
}

fn unfit(path: &Path, why: &str) -> CliError {
    let message = format!("{} is left alone: {why}", path.display());
    CliError::new(Kind::Daemon, message).hint(MEND)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn plan(root: &Path) -> Result<Plan, CliError> {
        Plan::make(&Wish {
            roots: &[root.to_owned()],
            command: "exec sessions-hook",
            keeper: None,
            completion: None,
        })
    }

    #[test]
    fn hooks_and_commands_are_planned_and_nothing_is_changed() {
        let root = tempfile::tempdir().unwrap();
        let plan = plan(root.path()).unwrap();
        let path = |change: &Change| {
            let path = change.path.strip_prefix(root.path()).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let planned: Vec<String> = plan.changes.iter().map(path).collect();
        assert_eq!(planned, ["settings.json", "commands/recall.md"]);
        assert_eq!(path(&plan.taken[0]), "commands/checkpoint.md");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
        assert!(plan.left.is_empty() && !plan.is_empty());
    }

    #[test]
    fn settings_that_two_roots_share_are_changed_once() {
        let dir = tempfile::tempdir().unwrap();
        let roots = ["one", "two"].map(|name| dir.path().join(name));
        for root in &roots {
            fs::create_dir(root).unwrap();
        }
        fs::write(roots[0].join("settings.json"), "{}").unwrap();
        symlink("../one/settings.json", roots[1].join("settings.json")).unwrap();
        let plan = Plan::make(&Wish {
            roots: &roots,
            command: "exec sessions-hook",
            keeper: None,
            completion: None,
        });
        let plan = plan.unwrap();
        let settings = plan
            .changes
            .iter()
            .filter(|change| change.path.ends_with("settings.json"));
        assert_eq!(settings.count(), 1);
        assert_eq!(plan.taken.len(), 2);
    }

    #[test]
    fn what_the_user_or_the_plugin_has_is_left() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("commands")).unwrap();
        fs::write(root.path().join("commands/recall.md"), "mine").unwrap();
        let found = plan(root.path()).unwrap();
        assert!(found.left[0].contains("recall.md"));
        let settings = root.path().join("settings.json");
        fs::write(&settings, r#"{"enabledPlugins": {"sessions@here": true}}"#).unwrap();
        let found = plan(root.path()).unwrap();
        assert!(found.changes.is_empty() && found.left[0].contains("the plugin"));
        assert!(found.left[1].contains("recall.md"));
        assert_eq!(found.taken.len(), 1, "/checkpoint alone is another's");
        let doubled = with_hooks(&fs::read_to_string(&settings).unwrap(), "sessions-hook").unwrap();
        fs::write(&settings, doubled).unwrap();
        let single = plan(root.path()).unwrap().changes.remove(0).after.unwrap();
        assert!(!String::from_utf8(single).unwrap().contains("sessions-hook"));
        fs::write(&settings, "{").unwrap();
        assert!(plan(root.path()).unwrap_err().message.contains("no JSON"));
    }
}
