//! Which call started which subagent.

use rustc_hash::{FxHashMap, FxHashSet};
use sessions_model::EntryKind;

use super::{call_of, first_time};
use crate::conversation::gather::Draft;
use crate::conversation::reading::Reading;

/// Returns the readings that each call started, earliest first.
pub(super) fn children(readings: &[Reading]) -> FxHashMap<String, Vec<usize>> {
    let mut starters = Starters::new(readings);
    let mut order: Vec<usize> = (0..readings.len()).collect();
    order.sort_by_key(|at| readings.get(*at).and_then(first_time));
    let mut children: FxHashMap<String, Vec<usize>> = FxHashMap::default();
    for at in order {
        if let Some(call) = readings
            .get(at)
            .and_then(|reading| starters.call(at, reading))
        {
            children.entry(call).or_default().push(at);
        }
    }
    children
}

/// What is known of which call started which subagent.
struct Starters<'r> {
    /// The call whose result names the subagent.
    named: FxHashMap<&'r str, &'r str>,
    /// Where each call stands.
    home: FxHashMap<&'r str, usize>,
    /// Calls that start subagents, with what they asked, not yet matched.
    open: Vec<(&'r str, &'r str)>,
}

impl<'r> Starters<'r> {
    fn new(readings: &'r [Reading]) -> Self {
        let drafts = || {
            let with_place = readings.iter().enumerate();
            with_place.flat_map(|(at, reading)| reading.drafts.iter().map(move |draft| (at, draft)))
        };
        let mut named: FxHashMap<&str, &str> = FxHashMap::default();
        for (agent, call) in drafts().filter_map(|(_, draft)| named_agent(draft)) {
            named.entry(agent).or_insert(call);
        }
        let home = drafts()
            .filter_map(|(at, draft)| Some((call_of(draft)?, at)))
            .collect();
        let matched: FxHashSet<&str> = named.values().copied().collect();
        let open = drafts().filter_map(|(_, draft)| starter(draft));
        let open = open.filter(|(call, _)| !matched.contains(call)).collect();
        Self { named, home, open }
    }

    /// Returns the call that started the subagent whose transcript is `reading`, the one at `at`.
    fn call(&mut self, at: usize, reading: &'r Reading) -> Option<String> {
        let agent = reading.agent.as_ref()?;
        let named = self.named.get(agent.as_str()).copied();
        let known = named.or(reading.started_by.as_deref());
        if let Some(call) = known.filter(|call| self.home.get(call).is_some_and(|home| *home != at))
        {
            self.open.retain(|(open, _)| *open != call);
            return Some(call.to_owned());
        }
        let prompt = first_prompt(reading)?;
        let is_match = |(call, asked): &(&str, &str)| {
            asked.contains(prompt) && self.home.get(call).is_some_and(|home| *home != at)
        };
        let found = self.open.iter().position(is_match)?;
        Some(self.open.remove(found).0.to_owned())
    }
}

fn named_agent(draft: &Draft) -> Option<(&str, &str)> {
    let tool = draft.entry.tool.as_ref()?;
    Some((draft.started.as_ref()?.as_str(), tool.call.as_str()))
}

fn starter(draft: &Draft) -> Option<(&str, &str)> {
    let tool = draft.entry.tool.as_ref()?;
    let starts = matches!(tool.name.as_str(), "Agent" | "Task");
    starts
        .then(|| Some((call_of(draft)?, draft.entry.text.as_str())))
        .flatten()
}

fn first_prompt(reading: &Reading) -> Option<&str> {
    let mut entries = reading.drafts.iter().map(|draft| &draft.entry);
    let prompt = entries.find(|entry| entry.kind == EntryKind::Prompt)?;
    Some(prompt.text.trim()).filter(|text| !text.is_empty())
}
