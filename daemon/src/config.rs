//! Settings: `config.toml`, read whole, every fault in it reported at once.
//!
//! A fault costs its own setting alone: the default stands in, the daemon runs, and `status` names the
//! file, the line and the mend. Where a fault may hide what is to be excluded, nothing is archived until
//! it is mended: what was let in once cannot be kept out any more.

use std::fs;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::{Path, PathBuf};

use sessions_paths::{read_regular, spelt};
use sessions_watch::Method;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Space on the file system below which folding and indexing stop, in bytes, unless the settings say
/// otherwise.
const MIN_FREE_BYTES: u64 = 512 << 20;

/// The largest settings file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

const KEYS: [&str; 7] = [
    "agents",
    "roots",
    "exclude",
    "exclude_roots",
    "watch",
    "min_free_mb",
    "log",
];

/// What an agent that asks is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AgentScope {
    /// The sessions of the config root it runs from.
    Root,
    /// Everything, as its user is.
    All,
}

/// What the user set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Config roots besides those the clients name.
    pub(crate) roots: Vec<PathBuf>,
    /// Globs over the paths of sources, relative to their root or whole; what matches is never read.
    pub(crate) exclude: Vec<String>,
    /// Roots that are left alone, even where a client names them.
    pub(crate) exclude_roots: Vec<PathBuf>,
    /// How changes come to be known.
    pub(crate) watch: Method,
    /// Space that is left to others, in bytes.
    pub(crate) min_free_bytes: u64,
    /// What is logged, as a `tracing` filter.
    pub(crate) log: String,
    /// What agents are shown.
    pub(crate) agents: AgentScope,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            roots: Vec::new(),
            exclude: Vec::new(),
            exclude_roots: Vec::new(),
            watch: Method::Events,
            min_free_bytes: MIN_FREE_BYTES,
            log: "info".into(),
            agents: AgentScope::Root,
        }
    }
}

/// What is wrong with one setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SettingFault {
    /// The file and line, and what stands there.
    pub(crate) message: String,
    /// What to write instead.
    pub(crate) hint: String,
    /// Whether it may hide what the user wants excluded.
    pub(crate) hides_excludes: bool,
}

/// The beginning of every setting that excludes something, and of what may be meant for one.
const EXCLUDING: &str = "exclu";

const WAITS: &str = "nothing is archived until then, for it may keep out what you want kept out";

/// Reads the settings in `file`; a missing file means the defaults. `home` stands for `~`.
pub(crate) fn read(file: &Path, home: &Path) -> (Settings, Vec<SettingFault>) {
    match read_text(file) {
        Ok(Some(text)) => Reader {
            file,
            home,
            text: &text,
            faults: Vec::new(),
        }
        .read(),
        Ok(None) => (Settings::default(), Vec::new()),
        Err(reason) => {
            let fault = SettingFault {
                message: format!("could not read {}: {reason}", file.display()),
                hint: format!("mend the file or remove it; {WAITS}"),
                hides_excludes: true,
            };
            (Settings::default(), vec![fault])
        }
    }
}

fn read_text(file: &Path) -> Result<Option<String>, String> {
    let is_absent = fs::symlink_metadata(file)
        .is_err_and(|error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory));
    if is_absent {
        return Ok(None);
    }
    // A link to nowhere is no absent file: what it led to may be mounted later.
    let text = read_regular(file, FILE_BYTES_MAX).map_err(|error| error.to_string())?;
    let text = String::from_utf8(text).map_err(|_| "it is not UTF-8".to_owned())?;
    Ok(Some(text))
}

struct Reader<'a> {
    file: &'a Path,
    home: &'a Path,
    text: &'a str,
    /// Each with the byte it was met at.
    faults: Vec<(usize, SettingFault)>,
}

impl Reader<'_> {
    fn read(mut self) -> (Settings, Vec<SettingFault>) {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        // What follows an error of the syntax is lost, and may have been an exclude.
        for error in errors {
            let span = error.span().unwrap_or_default();
            self.fault(span, error.message(), "mend the line");
        }
        let lost = self.faults.iter_mut();
        lost.for_each(|(_, fault)| fault.hide_excludes());
        let mut settings = Settings::default();
        for (key, value) in table.get_ref() {
            let before = self.faults.len();
            self.set(&mut settings, key, value);
            if key.get_ref().starts_with(EXCLUDING) {
                self.faults
                    .iter_mut()
                    .skip(before)
                    .for_each(|(_, fault)| fault.hide_excludes());
            }
        }
        self.faults.sort_by_key(|(at, _)| *at);
        (
            settings,
            self.faults.into_iter().map(|(_, fault)| fault).collect(),
        )
    }

    fn set(
        &mut self,
        settings: &mut Settings,
        key: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
    ) {
        match key.get_ref().as_ref() {
            "roots" => settings.roots = self.paths(value),
            "exclude" => settings.exclude = self.globs(value),
            "exclude_roots" => settings.exclude_roots = self.paths(value),
            "watch" => match value.get_ref().as_str() {
                Some("events") => settings.watch = Method::Events,
                Some("polling") => settings.watch = Method::Polling,
                _ => self.fault(
                    value.span(),
                    "expected a way of watching",
                    "write \"events\" or \"polling\"",
                ),
            },
            "min_free_mb" => {
                if let Some(megabytes) = self.number(value) {
                    settings.min_free_bytes = megabytes << 20;
                }
            }
            "log" => {
                if let Some(level) = self.text(value) {
                    settings.log = level;
                }
            }
            "agents" => {
                if let Some(scope) = self.agents(value) {
                    settings.agents = scope;
                }
            }
            unknown => {
                let hint = format!("the settings are {}", KEYS.join(", "));
                self.fault(key.span(), &format!("unknown setting \"{unknown}\""), &hint);
            }
        }
    }

    /// Reads `agents.scope`, the one thing there is to say of agents.
    fn agents(&mut self, value: &Spanned<DeValue<'_>>) -> Option<AgentScope> {
        let scope = value.get_ref().as_table().and_then(|table| {
            let only = table.len() == 1;
            table.get("scope").filter(|_| only)
        });
        match scope.and_then(|scope| scope.get_ref().as_str()) {
            Some("root") => Some(AgentScope::Root),
            Some("all") => Some(AgentScope::All),
            _ => {
                let hint = "write agents.scope = \"root\" or agents.scope = \"all\"";
                self.fault(value.span(), "expected what agents are shown", hint);
                None
            }
        }
    }

    fn paths(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<PathBuf> {
        let home = self.home.to_path_buf();
        let expand = |text: String| match text.strip_prefix("~/") {
            Some(rest) => home.join(rest),
            None => PathBuf::from(text),
        };
        let expanded = self.texts(value).into_iter().map(expand);
        expanded.map(|path| spelt(&path)).collect()
    }

    fn globs(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<String> {
        let globs = self.texts(value);
        let (good, bad): (Vec<_>, Vec<_>) = globs
            .into_iter()
            .partition(|glob| globset::Glob::new(glob).is_ok());
        for glob in bad {
            self.fault(
                value.span(),
                &format!("\"{glob}\" is no glob"),
                "see \"exclude\": **/x/*",
            );
        }
        good
    }

    fn texts(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<String> {
        // One text is a list of one: left out for its form alone, an exclude would let everything in.
        if let Some(text) = value.get_ref().as_str() {
            return vec![text.to_owned()];
        }
        let Some(items) = value.get_ref().as_array() else {
            self.fault(
                value.span(),
                "expected a list of texts",
                "write [\"first\", \"second\"]",
            );
            return Vec::new();
        };
        items.iter().filter_map(|item| self.text(item)).collect()
    }

    fn text(&mut self, value: &Spanned<DeValue<'_>>) -> Option<String> {
        let text = value.get_ref().as_str().map(str::to_owned);
        if text.is_none() {
            self.fault(value.span(), "expected a text", "write it in double quotes");
        }
        text
    }

    fn number(&mut self, value: &Spanned<DeValue<'_>>) -> Option<u64> {
        let digits = value
            .get_ref()
            .as_integer()
            .map(|number| number.as_str().to_owned());
        let number = digits.and_then(|digits| digits.parse::<u64>().ok());
        let number = number.filter(|number| *number < 1 << 30);
        if number.is_none() {
            self.fault(
                value.span(),
                "expected a number of megabytes",
                "write 512, for example",
            );
        }
        number
    }

    fn fault(&mut self, span: Range<usize>, what: &str, hint: &str) {
        let before = self.text.get(..span.start).unwrap_or_default();
        let line = 1 + before.matches('\n').count();
        let message = format!("{}:{line}: {what}", self.file.display());
        self.faults.push((
            span.start,
            SettingFault {
                message,
                hint: hint.into(),
                hides_excludes: false,
            },
        ));
    }
}

impl SettingFault {
    fn hide_excludes(&mut self) {
        self.hides_excludes = true;
        self.hint = format!("{}; {WAITS}", self.hint);
    }
}

#[cfg(test)]
mod tests;
