//! `sessions doctor`.

use std::io::Write;
use std::process::Command;

use crate::args::Doctor;
use crate::context::Context;
use crate::doctor::{self, Check, Level, Probe};
use crate::error::{CliError, Kind};
use crate::json::{self, DoctorJson};
use crate::output::Output;
use crate::render::quantity::count;
use crate::setup::{Keeper, SHIM, command_line};

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
    let daemon = Context::daemon_program();
    checks.push(doctor::program("sessionsd", daemon.as_deref()));
    checks.push(doctor::program(SHIM, shim.as_deref()));
    let service = context.paths.service();
    let keeper = service.map(|service| Keeper::noted(service, context.environment()));
    checks.push(doctor::service(
        keeper
            .as_ref()
            .map(|keeper| (keeper.word(), keeper.is_active())),
    ));
    match context.connect().await {
        Ok(client) => checks.extend(doctor::status(&client.status().await?, context.now.at)),
        Err(error) => checks.push(Check::of_error("daemon", &error)),
    }
    checks.extend(doctor::places(&context.paths));
    let home = context.environment().sessions_home.as_deref();
    let command = shim.map(|shim| command_line(&shim, home));
    for root in context.known_roots().await? {
        checks.extend(doctor::root(&root, command.as_deref()));
    }
    checks.extend(doctor::limits());
    if let Some(daemon) = daemon {
        let probed = Command::new(daemon).arg("--check-sandbox").output();
        checks.push(doctor::sandbox(&probed.map_or_else(
            |error| Probe::Failed(error.to_string()),
            |output| {
                Probe::Said(
                    String::from_utf8_lossy(&output.stdout).into_owned()
                        + &String::from_utf8_lossy(&output.stderr),
                )
            },
        )));
    }
    Ok(checks)
}
