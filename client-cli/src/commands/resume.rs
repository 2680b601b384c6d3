//! `sessions resume`.

use std::io::{Write, stderr};
use std::path::{Path, PathBuf};

use sessions_client::Client;
use sessions_model::Session;

use crate::args::{Resume, Run};
use crate::commands::{restore, source, worktree};
use crate::context::Context;
use crate::error::{CliError, Kind};
use crate::launch::Launch;
use crate::name;
use crate::output::{Output, quiet};

/// Runs it; on success this process becomes the client.
pub(crate) async fn run(context: &Context, args: Resume) -> Result<(), CliError> {
    let client = context.connect().await?;
    let session = name::resolve(&client, context, &args.id).await?;
    let files = client.files(&session.id).await?;
    let id = session.id.as_str();
    restore::refuse_live(
        &session,
        &files,
        &format!("\"sessions fork {id}\" goes on beside it"),
    )?;
    let directory = directory(context, &client, &session, &args.run).await?;
    let said = restore::make_whole(&client, &session, &files).await?;
    quiet(write!(stderr(), "{said}"))?;
    let root = context.client_root(Path::new(&session.root));
    start(
        &Launch::resuming(id, directory, root).with(&args.run.args),
        args.run.print,
    )
}

/// Becomes the client, or prints the command that does.
pub(crate) fn start(launch: &Launch, print: bool) -> Result<(), CliError> {
    if !print {
        return Err(launch.exec());
    }
    let mut out = Output::direct();
    writeln!(out, "{}", launch.line())?;
    Ok(out.finish()?)
}

/// Returns the directory that the session belongs in, made anew where it is a worktree and the user agrees.
pub(crate) async fn directory(
    context: &Context,
    client: &Client,
    session: &Session,
    run: &Run,
) -> Result<PathBuf, CliError> {
    if run.here {
        return Ok(PathBuf::from(&context.cwd));
    }
    let sources = client.sources(&session.id).await?;
    let transcript = source::main_transcript(&sources, session)?;
    let Some(cwd) = home_of(&transcript.path, &session.cwds) else {
        return Ok(PathBuf::from(&context.cwd));
    };
    let directory = PathBuf::from(cwd);
    if directory.is_dir() {
        return Ok(directory);
    }
    let gone = || {
        CliError::new(
            Kind::Daemon,
            format!("the session's directory is gone: {cwd}"),
        )
        .hint("make it again, or add --here to go on in this directory")
    };
    let named = worktree::of(client, session).await?;
    let worktree = match named.filter(|worktree| worktree.holds(&directory)) {
        None => worktree::of_project(client, session, &directory).await?,
        named => named,
    };
    worktree.ok_or_else(gone)?.make_again(!run.print)?;
    Some(directory)
        .filter(|made| made.is_dir())
        .ok_or_else(gone)
}

/// Characters of a folder's name that stand for a directory; what follows them is a hash.
const FOLDER_CHARS_MAX: usize = 200;

/// Returns the directory that a session began in: that which its transcript's folder is called after, among
/// those that its commands went to.
fn home_of<'a>(transcript: &str, cwds: &'a [String]) -> Option<&'a String> {
    let folder = transcript.split('/').nth(1).unwrap_or_default();
    let is_named = |cwd: &&String| {
        let stands_for = |unit: u16| match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii_alphanumeric() => char::from(byte),
            _ => '-',
        };
        let name: String = cwd.encode_utf16().map(stands_for).collect();
        match name.get(..FOLDER_CHARS_MAX) {
            Some(start) if name.len() > FOLDER_CHARS_MAX => folder.starts_with(start),
            _ => name == folder,
        }
    };
    cwds.iter().find(is_named).or_else(|| cwds.first())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_belongs_where_its_folder_says() {
        let check = |folder: &str, cwds: &[&str], expect: Option<&str>| {
            let cwds: Vec<String> = cwds.iter().map(|cwd| (*cwd).to_owned()).collect();
            let path = format!("projects/{folder}/3f.jsonl");
            assert_eq!(
                home_of(&path, &cwds).map(String::as_str),
                expect,
                "{folder}"
            );
        };
        check("-src-a-b", &["/src/a.b/sub", "/src/a.b"], Some("/src/a.b"));
        check(
            "-src---",
            &["/tmp", "/src/\u{1f600}"],
            Some("/src/\u{1f600}"),
        );
        check("-moved", &["/src/a", "/src/b"], Some("/src/a"));
        check("-src", &[], None);
        let long = format!("/{}", "x".repeat(300));
        let folder = format!("-{}-1abc", "x".repeat(199));
        check(&folder, &["/tmp", &long], Some(&long));
    }
}
