//! The program that shows an answer screen by screen. Knows nothing of what is shown.

use std::env;
use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

/// The pager where the user chose none: colours as they are, no pager for one screen, text stays.
const PAGER: [&str; 4] = ["less", "-R", "-F", "-X"];

/// What a pipe holds that nobody reads: whoever was given more has read some of it.
const PIPE_BYTES_MAX: usize = 64 << 10;

/// A pager that runs.
#[derive(Debug)]
pub(super) struct Pager {
    child: Child,
    input: ChildStdin,
    /// What it was given, as long as it may have read none of it.
    given: Option<Vec<u8>>,
}

impl Pager {
    /// Starts the pager that the user chose, or the usual one; none where neither can be started.
    pub(super) fn start(chosen: Option<&str>) -> Option<Self> {
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
        Some(Self {
            child,
            input,
            given: Some(Vec::new()),
        })
    }

    /// Gives it some bytes.
    ///
    /// # Errors
    /// When it reads no more.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.input.write(bytes)?;
        if let Some(given) = &mut self.given {
            given.extend_from_slice(bytes.split_at(written).0);
        }
        if self
            .given
            .as_ref()
            .is_some_and(|given| given.len() > PIPE_BYTES_MAX)
        {
            self.given = None;
        }
        Ok(written)
    }

    /// Waits until it ends; returns what it was given where it failed and took no more than a pipe holds: nobody
    /// has seen it then.
    pub(super) fn end(self) -> io::Result<Option<Vec<u8>>> {
        let Self {
            mut child,
            input,
            given,
        } = self;
        drop(input);
        let status = child.wait()?;
        // One that a signal ended was ended by whoever read.
        let has_failed = status.code().is_some_and(|code| code != 0);
        Ok(given.filter(|_| has_failed))
    }
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
    use std::io::ErrorKind;

    use super::*;

    /// Gives a pager so many bytes; tells whether it leaves what it took to be shown without it.
    fn leaves(command: &str, bytes: usize) -> bool {
        let mut pager = Pager::start(Some(command)).unwrap();
        let page = vec![b'x'; 1 << 10];
        for _ in 0..bytes.div_ceil(page.len()) {
            match pager.write(&page) {
                Err(error) if error.kind() == ErrorKind::BrokenPipe => break,
                written => assert_eq!(written.unwrap(), page.len()),
            }
        }
        pager.end().unwrap().is_some()
    }

    #[test]
    fn what_no_pager_took_is_left_to_be_shown() {
        for bytes in [1 << 10, 1 << 20] {
            assert!(leaves("false", bytes));
            assert!(!leaves("true", bytes));
            assert!(!leaves("kill $$", bytes));
            assert!(!leaves("cat > /dev/null", bytes));
        }
        assert!(!leaves("cat > /dev/null; exit 3", 1 << 20), "it has read");
    }

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
