//! What ties Claude Code and this machine to us, and how that is taken back.
//!
//! A setup is a list of changes of files, each noted with what was there before; an uninstallation follows the
//! notes. Knows Claude Code's settings and command files and the service managers; must not know the daemon.

mod change;
mod command;
mod completion;
mod file;
mod hooks;
mod note;
mod plan;
mod service;
mod settings;
mod unit;

pub(crate) use change::Change;
pub(crate) use command::{commands_in, missing_commands};
pub(crate) use completion::{Completed, UserDirs};
pub(crate) use file::place;
pub(crate) use hooks::{SHIM, command_line};
pub(crate) use note::{Note, Undo};
pub(crate) use plan::{Plan, Wish};
pub(crate) use service::Keeper;
#[cfg(test)]
pub(crate) use settings::with_hooks;
pub(crate) use settings::{has_all_hooks, has_any_hook, unfit, unread, uses_plugin};
