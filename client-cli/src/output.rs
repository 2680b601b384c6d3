//! Where an answer goes: standard output, or a pager once it is longer than the screen.

use std::env;
use std::ffi::OsStr;
use std::io::{self, BufWriter, ErrorKind, Stdout, Write, stdout};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::terminal::Terminal;

/// The pager where the user chose none: colours as they are, no pager for one screen, text stays.
const PAGER: [&str; 4] = ["less", "-R", "-F", "-X"];

/// Takes an answer as it is made.
#[derive(Debug)]
pub(crate) struct Output {
    target: Target,
    pager: Option<String>,
    /// Lines that fit before the pager is needed.
    room: usize,
}

#[derive(Debug)]
enum Target {
    Direct(BufWriter<Stdout>),
    /// Kept until it is clear whether the pager is needed.
    Undecided(Vec<u8>),
    Pager(Child, ChildStdin),
}

impl Output {
    /// Writes to standard output as it comes.
    pub(crate) fn direct() -> Self {
        Self {
            target: Target::Direct(BufWriter::new(stdout())),
            pager: None,
            room: 0,
        }
    }

    /// Writes to `terminal`: through a pager if there is more than a screenful.
    pub(crate) fn paged(terminal: &Terminal) -> Self {
        match terminal.rows {
            Some(rows) if !terminal.plain => Self {
                target: Target::Undecided(Vec::new()),
                pager: terminal.pager.clone(),
                room: rows.saturating_sub(1),
            },
            _ => Self::direct(),
        }
    }

    /// Writes what is left, and waits until the reader leaves the pager.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        match &mut self.target {
            Target::Direct(out) => quiet(out.flush()),
            Target::Undecided(bytes) => quiet(stdout().write_all(bytes)),
            Target::Pager(..) => {
                let Target::Pager(mut child, input) = self.target else {
                    return Ok(());
                };
                drop(input);
                child.wait().map(drop)
            }
        }
    }

    fn decide(&mut self) -> io::Result<()> {
        let Target::Undecided(bytes) = &mut self.target else {
            return Ok(());
        };
        if bytes.split(|byte| *byte == b'\n').count() <= self.room + 1 {
            return Ok(());
        }
        let bytes = std::mem::take(bytes);
        self.target = match start_pager(self.pager.as_deref()) {
            Some((child, input)) => Target::Pager(child, input),
            None => Target::Direct(BufWriter::new(stdout())),
        };
        self.write_all(&bytes)
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.target {
            Target::Direct(out) => out.write(bytes),
            Target::Pager(_, input) => input.write(bytes),
            Target::Undecided(kept) => {
                kept.extend_from_slice(bytes);
                self.decide()?;
                Ok(bytes.len())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.target {
            Target::Direct(out) => out.flush(),
            Target::Pager(_, input) => input.flush(),
            Target::Undecided(_) => Ok(()),
        }
    }
}

/// A reader that has seen enough and left is no failure.
pub(crate) fn quiet(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn start_pager(chosen: Option<&str>) -> Option<(Child, ChildStdin)> {
    let path = env::var_os("PATH").unwrap_or_default();
    let chosen = chosen.filter(|command| is_there(command, &path));
    let mut command = Command::new(if chosen.is_some() { "sh" } else { PAGER[0] });
    if let Some(chosen) = chosen {
        let script = format!("export LESS=\"${{LESS:-RFX}}\"; {chosen}");
        command.args(["-c", &script]);
    } else {
        command.args(&PAGER[1..]);
    }
    let mut child = command.stdin(Stdio::piped()).spawn().ok()?;
    let input = child.stdin.take()?;
    Some((child, input))
}

/// Tells whether the program that a shell command begins with can be found on `path`; where it begins with
/// more than a name, the shell is left to find out.
fn is_there(command: &str, path: &OsStr) -> bool {
    let Some(name) = command.split_whitespace().next() else {
        return false;
    };
    if name.contains(['=', '"', '\'', '$', '(', '~']) {
        return true;
    }
    // A name with a slash joins to itself where it is absolute, and is taken from here where it is not.
    let mut places = env::split_paths(path).map(|place| place.join(name));
    Path::new(name).is_file() || places.any(|place| place.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pager_that_is_not_there_is_not_started() {
        let check = |command: &str, expect: bool| {
            assert_eq!(
                is_there(command, OsStr::new("/usr/bin:/bin")),
                expect,
                "{command:?}"
            );
        };
        check("sh -c cat", true);
        check("/bin/sh", true);
        check("LESS=R less", true);
        check("/nowhere/pager -R", false);
        check("no-such-pager", false);
        check(" ", false);
    }
}
