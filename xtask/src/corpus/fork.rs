//! A fork: a new session that begins with a copy of another's rows.
//!
//! The client copies rows with their `uuid` and `message.id`; `/branch` adds where each came from. Whoever counts
//! rows must count these once.

use super::needle::Needles;
use super::random::Random;
use super::scene::Scene;

/// How a fork was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// `--fork-session`: the rows do not say where they came from.
    Resume,
    /// `/branch`: each row does.
    Branch,
}

impl Scene<'_> {
    /// Opens a session that begins with the rows of this one, up to a row in its second half.
    pub(crate) fn fork(&self, way: Way, random: Random) -> Self {
        let mut cast = self.cast.clone();
        let mut random = random;
        cast.session = random.uuid();
        let mut fork = Scene::open(self.source, self.project, cast, random);
        let kept = fork.random.between(self.lines / 2, self.lines.max(1));
        for line in self.text.lines().take(kept) {
            fork.copy_row(line, &self.cast.session, way);
        }
        fork.voice = self.voice;
        fork.now = self.now;
        fork.prompt.clone_from(&self.prompt);
        fork.last_prompt.clone_from(&self.last_prompt);
        fork.needles = Needles::default();
        fork.state_written_at = fork.text.len();
        fork
    }

    fn copy_row(&mut self, line: &str, from: &str, way: Way) {
        let own = line.replace(from, &self.cast.session);
        let uuid = field(line, "uuid");
        match (uuid, own.strip_suffix('}')) {
            (Some(uuid), Some(open)) if way == Way::Branch => self.push(format_args!(
                "{open},\"forkedFrom\":{{\"sessionId\":\"{from}\",\"messageUuid\":\"{uuid}\"}}}}\n"
            )),
            _ => self.push(format_args!("{own}\n")),
        }
        if let Some(uuid) = uuid {
            self.parent = Some(uuid.to_owned());
        }
        self.lines += 1;
    }
}

/// The value of a row's last text field of this name.
fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = line.rsplit_once(&format!("\"{name}\":\""))?;
    rest.split_once('"').map(|(value, _)| value)
}
