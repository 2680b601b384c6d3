//! The real client with our hooks.

#[cfg(test)]
mod heard;
#[cfg(test)]
mod plugin;
#[cfg(test)]
mod set_up;
#[cfg(test)]
mod unheard;

/// What is reported.
#[cfg(test)]
const EVENTS: [&str; 8] = [
    "SessionStart",
    "SessionEnd",
    "Stop",
    "SubagentStop",
    "PreCompact",
    "PostCompact",
    "UserPromptSubmit",
    "UserPromptExpansion",
];
