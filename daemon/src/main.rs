//! `sessionsd`: archives, indexes and serves Claude Code sessions.

use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};

use listenfd::ListenFd;
use sessions_daemon::{
    AppError, Ended, IN_A_ROW, Origin, SERVICE, START_AGAIN, SUCCEED, called, chain, check_sandbox,
    in_a_row, run, stand_by,
};
use sessions_paths::{Environment, Paths};

/// Threads hand documents to one another, which the system's allocator answers with an arena for each,
/// and gives little of them back.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        None => start(Origin::Process { in_a_row: 0 }),
        Some("--check-sandbox") => check(),
        Some(SUCCEED) => succeed(),
        Some(IN_A_ROW) => start(Origin::Process {
            in_a_row: arguments
                .next()
                .as_deref()
                .and_then(in_a_row)
                .unwrap_or_default(),
        }),
        // Anything but the one socket of the unit is a defect of the unit: the daemon then binds its own.
        Some(SERVICE) => start(Origin::Service {
            socket: ListenFd::from_env().take_unix_listener(0).ok().flatten(),
        }),
        Some("--version" | "-V") => say(&format!("sessionsd {}", env!("CARGO_PKG_VERSION"))),
        Some("--help" | "-h") => say("sessionsd: run it with \"sessions daemon start\""),
        Some(other) => {
            complain(
                &format!("unknown argument {other}"),
                "it takes --check-sandbox, or nothing",
            );
            ExitCode::from(2)
        }
    }
}

fn check() -> ExitCode {
    let checked = Environment::read().map_err(AppError::from);
    match checked.and_then(|environment| check_sandbox(&environment)) {
        Ok((lines, true)) => say(&lines.join("\n")),
        Ok((lines, false)) => {
            complain(&lines.join("\n"), "this system denies less than it should");
            ExitCode::FAILURE
        }
        Err(error) => {
            complain(&chain(&error), error.hint());
            ExitCode::from(3)
        }
    }
}

/// Waits for the daemon that started this process, and takes its place if it is called to.
fn succeed() -> ExitCode {
    // Asked before the wait: afterwards the program may have been replaced by a newer one, which is to run.
    let program = std::env::current_exe();
    // Held until this process is the daemon, or ends.
    let place = Environment::read()
        .and_then(|environment| Paths::choose(&environment))
        .ok()
        .and_then(|paths| stand_by(&paths.successor_file()).ok());
    match called(std::io::stdin()) {
        Ok(Some(in_a_row)) => {
            if let Ok(program) = program {
                let mut command = Command::new(program);
                command.args([IN_A_ROW, &in_a_row.to_string()]);
                // Returns only if it fails; then this program does as well.
                let place = place.map_or_else(Stdio::null, Stdio::from);
                let _failed = command.stdin(place).exec();
            }
            start(Origin::Process { in_a_row })
        }
        Ok(None) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&chain(&error), "\"sessions daemon start\" starts a daemon");
            ExitCode::from(3)
        }
    }
}

fn start(origin: Origin) -> ExitCode {
    let environment = match Environment::read() {
        Ok(environment) => environment,
        Err(error) => {
            complain(&chain(&error), "set HOME, or SESSIONS_HOME");
            return ExitCode::from(3);
        }
    };
    let failure_file = Paths::choose(&environment)
        .ok()
        .map(|paths| paths.failure_file());
    let ended = run(&environment, origin);
    if let (Err(error), Some(file)) = (&ended, &failure_file)
        && !matches!(error, AppError::Locked { .. })
    {
        tracing::error!(error = chain(error), hint = error.hint(), "could not go on");
        // For the client that started us; it has our exit code in any case.
        let words = format!("{}\n{}\n", chain(error), error.hint());
        // Not through a link that a daemon in its sandbox may have left there.
        drop(fs::remove_file(file));
        let _unwritable = fs::write(file, words);
    }
    match ended {
        Ok(Ended::ForNow) => ExitCode::SUCCESS,
        Ok(Ended::ToStartAgain) => ExitCode::from(START_AGAIN),
        Err(error) => {
            complain(&chain(&error), error.hint());
            ExitCode::from(3)
        }
    }
}

fn say(line: &str) -> ExitCode {
    match writeln!(std::io::stdout(), "{line}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn complain(what: &str, hint: &str) {
    // Nobody may be listening, and there is nobody else to tell.
    let _closed = writeln!(std::io::stderr(), "error: {what}\nhint: {hint}");
}
