//! What a corpus holds: how many sessions of which size, and who plants what.
//!
//! Owns the draw and the writing by several threads. Each session has a seed of its own, so the order in which
//! they are written changes nothing.

use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;

use super::fork::Way;
use super::needle::{Kind, Needle, Planted};
use super::project::Project;
use super::random::{Random, float, whole, wide};
use super::scene::{Cast, Scene};
use super::source::Source;
use super::voice::Voice;
use super::{Options, write_file};

/// Bytes of an ordinary session, where their number is not given.
const SESSION_BYTES: u64 = 3_000_000;
/// Fewer sessions are no corpus.
const SESSIONS_MIN: u64 = 8;
/// How far sizes spread: the largest of a few hundred sessions is thirty times the mean.
const SIZE_SIGMA: f64 = 1.6;
/// How many sessions are forked.
const FORKS: f64 = 0.06;
/// How many ordinary sessions are a script's.
const SCRIPTED: f64 = 0.1;
/// The first session's time: 2025-09-01.
const FIRST_MS: u64 = 1_756_684_800_000;
/// The time over which sessions are spread: 400 days.
const SPAN_MS: u64 = 400 * 86_400_000;

/// One session to write, with its fork where it has one.
#[derive(Debug)]
struct Part {
    seed: u64,
    project: usize,
    start_ms: u64,
    course: Course,
    voice: Voice,
    needles: Vec<Needle>,
}

/// What becomes of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    /// It grows to so many bytes.
    Ordinary(usize),
    /// It grows to so many bytes, half of them in a fork.
    Forked(usize, Way),
    /// It has one prompt.
    OneShot,
}

/// Everything to write.
#[derive(Debug)]
pub(crate) struct Plan {
    seed: u64,
    projects: usize,
    parts: Vec<Part>,
}

/// What was written of one part.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Files.
    pub(crate) files: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// Lines of main transcripts.
    pub(crate) records: u64,
    /// Bytes of the largest main transcript.
    pub(crate) largest: u64,
    /// Phrases planted.
    pub(crate) planted: Vec<Planted>,
    /// Lines for `history.jsonl`.
    pub(crate) history: String,
}

impl Plan {
    /// Draws what to write.
    pub(crate) fn draw(options: &Options) -> Self {
        let guess = (options.bytes / SESSION_BYTES).max(SESSIONS_MIN);
        let sessions = options
            .sessions
            .unwrap_or_else(|| usize::try_from(guess).unwrap_or(1))
            .max(1);
        let projects = whole(float(wide(sessions)).sqrt() * 1.6).max(2);
        let mut random = Random::named(options.seed, "plan");
        let sizes = draw_sizes(sessions, options.bytes, &mut random);
        let mut parts: Vec<Part> = sizes
            .into_iter()
            .map(|bytes| Part::draw(draw_course(bytes, &mut random), projects, &mut random))
            .collect();
        if options.needles.is_some() {
            hand_out(options.needle_count, &mut parts, &mut random);
        }
        let one_shots =
            (0..options.one_shots).map(|_| Part::draw(Course::OneShot, projects, &mut random));
        parts.extend(one_shots);
        if options.mixed {
            for part in &mut parts {
                part.voice = Voice::draw(&mut random);
            }
        }
        Self {
            seed: options.seed,
            projects,
            parts,
        }
    }

    /// Writes every part below `out`, and says what was written, in the order of the plan.
    pub(crate) fn write_all(&self, source: &Source, out: &Path) -> Result<Vec<Outcome>> {
        let projects: Vec<OnceLock<Project>> =
            (0..self.projects).map(|_| OnceLock::new()).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            self.write_some(&next, |part| {
                let project = projects[part.project]
                    .get_or_init(|| Project::make(source, part.project, self.seed));
                part.write(source, project, out)
            })
        };
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let mut written = Vec::new();
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            for worker in workers {
                written.extend(worker.join().expect("a writer does not panic")?);
            }
            anyhow::Ok(())
        })?;
        written.sort_by_key(|(at, _)| *at);
        Ok(written.into_iter().map(|(_, outcome)| outcome).collect())
    }

    /// Writes parts until none is left, and says which and what.
    fn write_some(
        &self,
        next: &AtomicUsize,
        write: impl Fn(&Part) -> Result<Outcome>,
    ) -> Result<Vec<(usize, Outcome)>> {
        let mut written = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            match self.parts.get(at) {
                Some(part) => written.push((at, write(part)?)),
                None => return Ok(written),
            }
        }
    }
}

/// Draws sizes with a heavy tail that add up to `bytes`.
fn draw_sizes(sessions: usize, bytes: u64, random: &mut Random) -> Vec<usize> {
    let weights: Vec<f64> = (0..sessions)
        .map(|_| (SIZE_SIGMA * random.normal()).exp().min(40.0))
        .collect();
    let unit = float(bytes) / weights.iter().sum::<f64>();
    weights
        .into_iter()
        .map(|weight| whole(weight * unit))
        .collect()
}

fn draw_course(bytes: usize, random: &mut Random) -> Course {
    if !random.chance(FORKS) {
        return Course::Ordinary(bytes);
    }
    let way = if random.chance(0.5) {
        Way::Branch
    } else {
        Way::Resume
    };
    Course::Forked(bytes, way)
}

/// Gives phrases of all kinds in turn to sessions without a fork: a phrase stands in one session alone.
fn hand_out(count: usize, parts: &mut [Part], random: &mut Random) {
    let mut holders: Vec<&mut Part> = parts
        .iter_mut()
        .filter(|part| matches!(part.course, Course::Ordinary(_)))
        .collect();
    if holders.is_empty() {
        return;
    }
    for index in 0..count {
        let needle = Needle::make(Kind::ALL[index % Kind::ALL.len()], random);
        let holder = random.below(holders.len());
        holders[holder].needles.push(needle);
    }
}

impl Part {
    fn draw(course: Course, projects: usize, random: &mut Random) -> Self {
        let share = random.unit();
        let after = whole(share * float(SPAN_MS));
        Self {
            seed: random.draw(),
            project: random.rank(projects),
            start_ms: FIRST_MS + wide(after),
            course,
            voice: Voice::default(),
            needles: Vec::new(),
        }
    }

    fn write(&self, source: &Source, project: &Project, out: &Path) -> Result<Outcome> {
        let mut random = Random::new(self.seed);
        let is_scripted = self.course == Course::OneShot || random.chance(SCRIPTED);
        let entrypoint = if is_scripted { "sdk-cli" } else { "cli" };
        let cast = Cast::draw(project, entrypoint, &mut random);
        let mut scene = Scene::open(source, project, cast, random);
        scene.now = self.start_ms;
        scene.voice = self.voice;
        scene.needles.waiting.clone_from(&self.needles);
        let mut outcome = Outcome::default();
        match self.course {
            Course::OneShot => scene.play_one_shot(),
            Course::Ordinary(bytes) => scene.play(bytes),
            Course::Forked(bytes, way) => {
                scene.play(bytes / 2);
                let random = Random::new(scene.random.draw());
                let mut fork = scene.fork(way, random);
                fork.play(bytes / 2);
                outcome.take_in(fork, out)?;
            }
        }
        outcome.take_in(scene, out)?;
        Ok(outcome)
    }
}

impl Outcome {
    /// Writes a session's files and counts them.
    fn take_in(&mut self, scene: Scene<'_>, out: &Path) -> Result<()> {
        write_file(&out.join(&scene.path), &scene.text)?;
        self.files += 1;
        self.bytes += wide(scene.bytes());
        self.records += wide(scene.lines);
        self.largest = self.largest.max(wide(scene.text.len()));
        for sidecar in &scene.sidecars {
            write_file(&out.join(&sidecar.path), &sidecar.text)?;
            self.files += 1;
        }
        self.planted.extend(scene.needles.planted);
        self.history.push_str(&scene.history);
        Ok(())
    }
}
