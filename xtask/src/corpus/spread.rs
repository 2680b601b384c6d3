//! How large things are: log-normal sizes with a heavy tail, within bounds.

use super::random::{Random, whole};

/// A distribution of sizes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    /// Half of the sizes are smaller.
    pub(crate) median: f64,
    /// The deviation of the size's logarithm: 1 spreads over a decade or so.
    pub(crate) sigma: f64,
    /// No size is smaller.
    pub(crate) min: usize,
    /// No size is larger.
    pub(crate) max: usize,
}

impl Spread {
    /// Draws a size.
    pub(crate) fn draw(&self, random: &mut Random) -> usize {
        let size = self.median * (self.sigma * random.normal()).exp();
        whole(size).clamp(self.min, self.max)
    }
}

/// Words of a prompt.
pub(crate) const PROMPT_WORDS: Spread = Spread {
    median: 28.0,
    sigma: 0.9,
    min: 3,
    max: 700,
};
/// Words of an answer that ends a turn.
pub(crate) const ANSWER_WORDS: Spread = Spread {
    median: 110.0,
    sigma: 0.8,
    min: 10,
    max: 1500,
};
/// Words of a thought.
pub(crate) const THOUGHT_WORDS: Spread = Spread {
    median: 60.0,
    sigma: 0.9,
    min: 8,
    max: 1200,
};
/// Tool calls of a turn.
pub(crate) const TURN_CALLS: Spread = Spread {
    median: 9.0,
    sigma: 0.9,
    min: 1,
    max: 120,
};
/// Tool calls of a subagent.
pub(crate) const AGENT_CALLS: Spread = Spread {
    median: 10.0,
    sigma: 0.8,
    min: 2,
    max: 80,
};
/// Bytes of a command's output that stays in the transcript.
pub(crate) const OUTPUT_BYTES: Spread = Spread {
    median: 700.0,
    sigma: 1.6,
    min: 10,
    max: 29_000,
};
/// Bytes of a command's output that is spilled to a file.
pub(crate) const SPILLED_BYTES: Spread = Spread {
    median: 70_000.0,
    sigma: 0.8,
    min: 40_000,
    max: 900_000,
};
/// Lines of a file that a call reads.
pub(crate) const READ_LINES: Spread = Spread {
    median: 140.0,
    sigma: 0.8,
    min: 10,
    max: 2000,
};
/// Lines of a source file of a project.
pub(crate) const FILE_LINES: Spread = Spread {
    median: 180.0,
    sigma: 0.9,
    min: 20,
    max: 2000,
};
/// Lines that a search through files finds.
pub(crate) const FOUND_LINES: Spread = Spread {
    median: 12.0,
    sigma: 1.2,
    min: 1,
    max: 300,
};
/// Characters of an image in base64.
pub(crate) const IMAGE_CHARACTERS: Spread = Spread {
    median: 90_000.0,
    sigma: 0.7,
    min: 8_000,
    max: 900_000,
};
/// Milliseconds between two turns.
pub(crate) const PAUSE_MS: Spread = Spread {
    median: 45_000.0,
    sigma: 1.4,
    min: 2_000,
    max: 80_000_000,
};
