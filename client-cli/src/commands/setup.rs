//! `sessions setup`.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap_complete::Shell;
use sessions_client::DAEMON;
use sessions_paths::Service;

use crate::args::Setup;
use crate::commands::{ask, completions};
use crate::context::Context;
use crate::error::{CliError, Kind};
use crate::output::Output;
use crate::render::text::visible;
use crate::setup::{Completed, Keeper, Note, Plan, SHIM, Wish, command_line};

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
    let daemon = Context::program(DAEMON).ok_or_else(|| missing(DAEMON))?;
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
        completion: completion(context),
    })?;
    let is_active = keeper.as_ref().is_ok_and(Keeper::is_active);
    let is_kept = context.paths.service().is_some() && plan.units.is_empty() && is_active;
    say(&explanation(context))?;
    say(&shown(&plan, context.paths.service(), &keeper))?;
    if plan.is_empty() && (is_kept || keeper.is_err()) {
        return say("everything is set up already\n");
    }
    if args.dry_run {
        return say("nothing was changed\n");
    }
    if !args.yes && !ask::yes("Do this?")? {
        return say("nothing was changed\n");
    }
    let mut note = make(context, args, &plan)?;
    // A daemon that a service manager starts knows no variable of this shell.
    roots.iter().try_for_each(|root| context.note_root(root))?;
    if let Ok(keeper) = keeper.as_ref()
        && !is_kept
    {
        keep(context, keeper).await?;
        offer_linger(context, args, keeper, &mut note)?;
    }
    let copies = context.paths.backup_dir();
    if copies.exists() {
        let copies = copies.to_string_lossy();
        say(&format!(
            "what was there before is in {}\n",
            visible(&copies)
        ))?;
    }
    say("done; \"sessions doctor\" checks it, \"sessions uninstall\" takes it back\n")
}

/// Makes what is planned, noting it.
fn make(context: &Context, args: &Setup, plan: &Plan) -> Result<Note, CliError> {
    let is_wanted = plan.taken.is_empty()
        || args.yes
        || ask::yes(
            "/checkpoint is another name of /rewind in Claude Code. Have it make checkpoints instead?",
        )?;
    let mut note = Note::read(&context.paths)?;
    for change in plan.all() {
        if is_wanted || !plan.taken.contains(change) {
            note.make(change, &context.paths)?;
        }
    }
    Ok(note)
}

/// Returns the file from which the user's shell completes commands, and what it is to hold: none for a trial,
/// which keeps to its own directory.
fn completion(context: &Context) -> Option<(PathBuf, Vec<u8>)> {
    if context.environment().sessions_home.is_some() {
        return None;
    }
    let shell = Completed::of(context.shell.as_deref()?)?;
    if shell.is_packaged(completions::PROGRAM) {
        return None;
    }
    let file = shell.file(&context.user_dirs()?, completions::PROGRAM);
    let script = completions::script(match shell {
        Completed::Bash => Shell::Bash,
        Completed::Fish => Shell::Fish,
    });
    Some((file, script))
}

/// Hands the daemon over to a service manager.
async fn keep(context: &Context, keeper: &Keeper) -> Result<(), CliError> {
    // Noted first: a client that finds no daemon from here on does not start one, which would stand in the way.
    let file = context.paths.service_file();
    fs::create_dir_all(&context.paths.config)
        .and_then(|()| fs::write(&file, format!("{}\n", keeper.word())))
        .map_err(|error| CliError::unwritten(&file, &error))?;
    let ended = context.end_daemon().await.map(drop);
    let taken_up = ended.and_then(|()| keeper.take_up());
    if taken_up.is_err() {
        // Clients start it again, and no half of a service is to stand in their way; what cannot be taken back
        // is said by the doctor.
        drop(keeper.give_up());
        drop(fs::remove_file(&file));
    }
    taken_up.map_err(|error| {
        error.hint("the rest is done; \"sessions setup --no-service\" leaves the service out")
    })
}

/// Offers to have the service manager run while the user is not logged in, which concerns the whole machine.
fn offer_linger(
    context: &Context,
    args: &Setup,
    keeper: &Keeper,
    note: &mut Note,
) -> Result<(), CliError> {
    if keeper.lingers() != Some(false) {
        return Ok(());
    }
    if args.yes {
        return say(
            "\"loginctl enable-linger\" lets the daemon run while you are not logged in, too\n",
        );
    }
    if !ask::yes("Let the daemon run while you are not logged in, too (loginctl enable-linger)?")? {
        return Ok(());
    }
    match keeper.linger() {
        Ok(()) => note.add_linger(&context.paths),
        // Everything else is done, and works.
        Err(error) => say(&format!("{}\n", visible(&error.message))),
    }
}

/// Returns every config root that is known and there.
async fn roots(context: &Context) -> Result<Vec<PathBuf>, CliError> {
    if let Some(missing) = context.missing_root() {
        return Err(missing);
    }
    let roots = context.known_roots().await?;
    if roots.is_empty() {
        let message = "no config root of Claude Code is there yet";
        return Err(CliError::new(Kind::Nothing, message)
            .hint("use Claude Code once, or name the root with --root or CLAUDE_CONFIG_DIR"));
    }
    roots.iter().try_for_each(|root| context.check_root(root))?;
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

fn shown(plan: &Plan, kept: Option<Service>, keeper: &Result<Keeper, &'static str>) -> String {
    let mut text = String::new();
    for change in plan.changes.iter().chain(&plan.taken).chain(&plan.units) {
        text.push('\n');
        text.push_str(&change.lines());
    }
    for change in &plan.scripts {
        text.push('\n');
        text.push_str(&change.headline());
    }
    for left in &plan.left {
        text.extend(["\nleft as it is: ", &visible(left), "\n"]);
    }
    let service = match (kept, keeper) {
        (Some(kept), Err(_)) => format!("{} keeps the daemon running already", kept.word()),
        (_, Ok(keeper)) => format!(
            "{} keeps the daemon running, from each login on",
            keeper.word()
        ),
        (None, Err(why)) => format!("none ({why}); whoever needs the daemon starts it"),
    };
    text.extend(["\nservice: ", &service, "\n"]);
    text
}

fn say(text: &str) -> Result<(), CliError> {
    let mut out = Output::direct();
    write!(out, "{text}")?;
    Ok(out.finish()?)
}
