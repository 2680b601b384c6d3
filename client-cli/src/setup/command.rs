//! The slash commands that Claude Code is to offer, as files.
//!
//! The hook answers them; what the files say is for a client whose hook did not run.

/// A slash command.
#[derive(Debug)]
pub(crate) struct SlashCommand {
    /// Its file, below the folder of commands.
    pub(crate) file: &'static str,
    /// What the file says.
    pub(crate) text: &'static str,
}

/// Those that there are.
pub(crate) const COMMANDS: [SlashCommand; 2] = [
    SlashCommand {
        file: "checkpoint.md",
        text: include_str!("../../../packaging/plugin/commands/checkpoint.md"),
    },
    SlashCommand {
        file: "recall.md",
        text: include_str!("../../../packaging/plugin/commands/recall.md"),
    },
];
