//! The real Claude Code client: installed from the npm registry, run with a home of its own against
//! the mock. Nothing it writes is ever kept in the repository.

mod install;
mod run;
mod scripted;
mod terminal;

pub use install::{VERSION, installed};
pub use run::{Answer, Client, Config, Run};
pub use scripted::Scripted;
pub use terminal::{Terminal, keys};
