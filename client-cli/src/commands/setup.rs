//! `sessions setup`.

use std::io::Write;
use std::path::PathBuf;

use sessions_paths::Service;

use crate::args::Setup;
use crate::commands::ask;
use crate::context::Context;
use crate::error::{CliError, Kind};
use crate::output::Output;
use crate::render::text::visible;
use crate::setup::{Keeper, Note, Plan, SHIM, Wish, command_line};

/// What everybody is to know before it is set up.
const WHAT_IS_KEPT: &str = "\
Claude Sessions keeps what Claude Code writes of every session: prompts, answers, tool calls and what they returned, file history.
It keeps that until you delete it, also what Claude Code deletes after 30 days. Only you can read it, on this machine alone.
  leave out  \"exclude\" in {config}
  pause      sessions daemon pause
  delete     sessions uninstall, then remove {data}
";

/// Runs it.
pub(crate) async fn run(context: &Context, args: &Setup) -> Result<(), CliError> {
    let roots = roots(context).await?;
    let shim = Context::program(SHIM).ok_or_else(|| missing(SHIM))?;
    let daemon = Context::daemon_program().ok_or_else(|| missing("sessionsd"))?;
    let keeper = if args.no_service {
        Err("--no-service")
    } else {
        Keeper::find(context.environment(), &context.paths)
    };
    let sessions_home = context.environment().sessions_home.as_deref();
    let plan = Plan::make(&Wish {
        roots: &roots,
        command: &command_line(&shim, sessions_home),
        keeper: keeper.as_ref().ok().map(|keeper| (keeper, &*daemon)),
    })?;
    let is_kept = keeper.is_ok() && context.paths.service().is_some();
    say(&explanation(context))?;
    say(&shown(&plan, &keeper))?;
    if plan.is_empty() && (is_kept || keeper.is_err()) {
        return say("everything is set up already\n");
    }
    if args.dry_run {
        return say("nothing was changed\n");
    }
    if !args.yes && !ask::yes("Do this?")? {
        return say("nothing was changed\n");
    }
    let is_wanted = plan.taken.is_empty()
        || args.yes
        || ask::yes(
            "/checkpoint is another name of /rewind in Claude Code. Have it make checkpoints instead?",
        )?;
    let taken = plan.taken.iter().filter(|_| is_wanted);
    let mut note = Note::read(&context.paths)?;
    for change in plan.changes.iter().chain(taken) {
        note.make(change, &context.paths)?;
    }
    match keeper {
        Ok(keeper) if !is_kept => keep(context, &keeper).await?,
        _ => {}
    }
    say("done; \"sessions doctor\" checks it, \"sessions uninstall\" takes it back\n")
}

/// Hands the daemon over to a service manager.
async fn keep(context: &Context, keeper: &Keeper) -> Result<(), CliError> {
    // One that a client started would hold the place of the one that is to come.
    context.end_daemon().await?;
    keeper.take_up()?;
    let file = context.paths.service_file();
    std::fs::create_dir_all(&context.paths.config)
        .and_then(|()| std::fs::write(&file, format!("{}\n", keeper.word())))
        .map_err(|error| CliError::unwritten(&file, &error))?;
    match keeper.linger() {
        Some(linger) => say(&format!(
            "\"{linger}\" lets the daemon run while you are not logged in, too\n"
        )),
        None => Ok(()),
    }
}

/// Returns every config root that is known and there.
async fn roots(context: &Context) -> Result<Vec<PathBuf>, CliError> {
    let roots = context.known_roots().await?;
    if roots.is_empty() {
        let message = "no config root of Claude Code is there yet";
        return Err(CliError::new(Kind::Nothing, message)
            .hint("use Claude Code once, or name the root with --root or CLAUDE_CONFIG_DIR"));
    }
    Ok(roots)
}

fn missing(program: &str) -> CliError {
    let message = format!("could not find {program} beside this program or in PATH");
    CliError::new(Kind::Daemon, message).hint(format!("install {program} beside sessions"))
}

fn explanation(context: &Context) -> String {
    let config = context.paths.config_file();
    let data = context.paths.data.display().to_string();
    WHAT_IS_KEPT
        .replace("{config}", &visible(&config.to_string_lossy()))
        .replace("{data}", &visible(&data))
}

fn shown(plan: &Plan, keeper: &Result<Keeper, &'static str>) -> String {
    let mut text = String::new();
    for change in plan.changes.iter().chain(&plan.taken) {
        text.push('\n');
        text.push_str(&change.lines());
    }
    for left in &plan.left {
        text.extend(["\nleft as it is: ", &visible(left), "\n"]);
    }
    let service = match keeper {
        Ok(keeper) if keeper.word() == Service::Launchd.word() => {
            "launchd keeps the daemon running".to_owned()
        }
        Ok(keeper) => format!(
            "{} keeps the daemon running, from each login on",
            keeper.word()
        ),
        Err(why) => format!("none ({why}); whoever needs the daemon starts it"),
    };
    text.extend(["\nservice: ", &service, "\n"]);
    text
}

fn say(text: &str) -> Result<(), CliError> {
    let mut out = Output::direct();
    write!(out, "{text}")?;
    Ok(out.finish()?)
}
