//! `sessions doctor`.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use sessions_client::DAEMON;
use tokio::time::{sleep, timeout};

use crate::args::Doctor;
use crate::context::Context;
use crate::doctor::{self, Check, Kept, Level, Probe};
use crate::error::{CliError, Kind};
use crate::json::{self, DoctorJson};
use crate::output::Output;
use crate::render::quantity::count;
use crate::setup::{Keeper, SHIM, command_line};

/// Where Linux says how much a user may watch.
const INOTIFY: &str = "/proc/sys/fs/inotify";

/// How long a program of ours may take for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// Between two looks at whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Runs it.
pub(crate) async fn run(context: &Context, args: &Doctor) -> Result<(), CliError> {
    let checks = examine(context).await?;
    let mut out = Output::direct();
    if args.json {
        json::write(&mut out, &DoctorJson::new(&checks))?;
    } else {
        for check in &checks {
            write!(out, "{}", check.lines(context.terminal.paint))?;
        }
    }
    out.finish()?;
    let wrong = checks.iter().filter(|check| check.level == Level::Wrong);
    match wrong.count() as u64 {
        0 => Ok(()),
        wrong => Err(CliError::new(
            Kind::Daemon,
            format!("{} did not pass", count(wrong, "check")),
        )),
    }
}

async fn examine(context: &Context) -> Result<Vec<Check>, CliError> {
    let mut checks = Vec::new();
    let shim = Context::program(SHIM);
    let daemon = Context::program(DAEMON);
    for (name, found) in [(DAEMON, &daemon), (SHIM, &shim)] {
        checks.push(doctor::program(name, found.as_deref()));
        if let Some(program) = found {
            checks.push(doctor::version(name, &ask(program, "--version").await));
        }
    }
    checks.push(doctor::service(kept(context, daemon.as_deref())));
    let status = match context.connect().await {
        Ok(client) => Some(client.status().await?),
        Err(error) => {
            checks.push(Check::of_error("daemon", &error));
            None
        }
    };
    checks.extend(
        status
            .iter()
            .flat_map(|status| doctor::status(status, context.now.at)),
    );
    checks.extend(doctor::places(&context.paths));
    let missing = context.missing_root();
    let of_missing = |error: &CliError| Check::of_error("CLAUDE_CONFIG_DIR", error);
    checks.extend(missing.as_ref().map(of_missing));
    let roots = context.known_roots().await?;
    checks.push(doctor::durability(&context.paths.data, &roots));
    checks.extend(doctor::spool(&context.paths.spool_dir(), &context.now));
    checks.extend(doctor::managed(Path::new(doctor::MANAGED)));
    let cwd = Path::new(&context.cwd);
    if !roots.contains(&cwd.join(".claude")) {
        checks.extend(doctor::project(cwd));
    }
    let home = context.environment().sessions_home.as_deref();
    let command = shim.map(|shim| command_line(&shim, home));
    for root in &roots {
        checks.extend(doctor::root(root, command.as_deref()));
        let told = status.iter().flat_map(|status| &status.roots);
        let mut told = told.filter(|told| Path::new(&told.path) == root);
        if let Some(told) = told.next().filter(|_| doctor::has_hooks(root)) {
            checks.push(doctor::firing(told, &context.now));
        }
    }
    checks.extend(doctor::limits(Path::new(INOTIFY)));
    if let Some(daemon) = &daemon {
        checks.push(doctor::sandbox(&ask(daemon, "--check-sandbox").await));
    }
    Ok(checks)
}

fn kept(context: &Context, daemon: Option<&Path>) -> Option<Kept> {
    let service = context.paths.service()?;
    let keeper = Keeper::of(service, context.environment(), &context.paths);
    Some(Kept {
        word: keeper.word(),
        is_active: keeper.is_active(),
        is_current: daemon.is_some_and(|daemon| keeper.keeps(daemon)),
        lingers: keeper.lingers(),
    })
}

/// Asks a program of ours something that it answers in a few lines, and takes no answer for one.
async fn ask(program: &Path, argument: &str) -> Probe {
    let spawned = Command::new(program)
        .arg(argument)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => return Probe::Failed(error.to_string()),
    };
    let ended = async {
        while let Ok(None) = child.try_wait() {
            sleep(LOOK_EVERY).await;
        }
    };
    if timeout(ANSWER_MAX, ended).await.is_err() {
        drop(child.kill());
    }
    match child.wait_with_output() {
        Ok(output) => Probe::Said(
            String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr),
        ),
        Err(error) => Probe::Failed(error.to_string()),
    }
}
