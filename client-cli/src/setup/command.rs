//! The slash commands that Claude Code is to offer, as files.
//!
//! The hook answers them; what the files say is for a client whose hook did not run.

use std::path::{Path, PathBuf};

use sessions_paths::read_regular;

/// The file of the command whose bare name the client has taken already, for an alias of its own.
pub(super) const TAKEN: &str = "checkpoint.md";

/// Files of more bytes are none of ours.
const BYTES_MAX: u64 = 16 << 10;

/// A slash command.
#[derive(Debug)]
pub(crate) struct SlashCommand {
    /// Its file, below the folder of commands.
    pub(crate) file: &'static str,
    /// What the file says.
    pub(crate) text: &'static str,
}

/// Returns the files of a config root that hold commands of ours, as they are here.
pub(crate) fn commands_in(root: &Path) -> Vec<PathBuf> {
    let files = COMMANDS
        .iter()
        .map(|slash| (root.join("commands").join(slash.file), slash.text));
    let ours = files.filter(|(path, text)| {
        read_regular(path, BYTES_MAX).is_ok_and(|found| found == text.as_bytes())
    });
    ours.map(|(path, _)| path).collect()
}

/// Those that there are.
pub(crate) const COMMANDS: [SlashCommand; 2] = [
    SlashCommand {
        file: TAKEN,
        text: include_str!("../../../packaging/plugin/commands/checkpoint.md"),
    },
    SlashCommand {
        file: "recall.md",
        text: include_str!("../../../packaging/plugin/commands/recall.md"),
    },
];

/// Returns the names of those that a config root does not have as they are here.
pub(crate) fn missing_commands(root: &Path) -> Vec<&'static str> {
    let there = commands_in(root);
    let is_missing = |file: &&str| !there.iter().any(|path| path.ends_with(file));
    let files = COMMANDS.iter().map(|slash| slash.file);
    files.filter(is_missing).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_command_that_is_another_counts_as_missing() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("commands");
        fs::create_dir(&dir).unwrap();
        for slash in &COMMANDS {
            fs::write(dir.join(slash.file), slash.text).unwrap();
        }
        assert_eq!(missing_commands(root.path()), Vec::<&str>::new());
        fs::write(dir.join("recall.md"), "mine").unwrap();
        assert_eq!(missing_commands(root.path()), ["recall.md"]);
    }
}
