//! `sessions-hook`: what Claude Code runs at each event. Says it to the daemon in one call, prints what that
//! answers, and ends well whatever happens.
//!
//! Must not know what the daemon makes of an event, and must not hold the client up: each wait has a limit.

mod answer;
mod clock;
mod context;
mod delivery;
mod detached;
mod error;
mod patience;
mod payload;
mod report;
mod silence;
mod spool;

use std::env;
use std::panic;
use std::process::ExitCode;
use std::time::Instant;

use context::Context;
use detached::Task;

fn main() -> ExitCode {
    let started = Instant::now();
    panic::set_hook(Box::new(|_| end_well()));
    if env::args_os()
        .nth(1)
        .is_some_and(|word| word == "--version")
    {
        answer::print_version();
    } else if let Some(context) = Context::read() {
        match Task::from_arguments(env::args_os().skip(1)) {
            Some(task) => task.run(&context),
            None => delivery::run(&context, started),
        }
    }
    // A hook that fails is shown to the user, and one that exits with 2 stops the client.
    ExitCode::SUCCESS
}

#[expect(
    clippy::exit,
    reason = "a defect of ours is nothing the client is to stop for"
)]
fn end_well() {
    std::process::exit(0)
}
