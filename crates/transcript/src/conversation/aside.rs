//! Subagents of old versions, whose rows stand in the main transcript and name no subagent: which rows are
//! of one, told by their chain. It knows nothing of transcripts of their own.

use rustc_hash::FxHashMap;
use sessions_model::AgentId;

use super::gather::Row;

/// Bytes of a row's id that name the subagent it begins.
const NAME_BYTES: usize = 8;

/// Names the subagent of every row aside that has none: after the row that its chain begins with.
pub(super) fn name_agents(rows: &mut [Row]) {
    let mut agent_of: FxHashMap<String, AgentId> = FxHashMap::default();
    for row in rows.iter_mut().filter(|row| row.is_aside) {
        let inherited = row.parent.as_ref().and_then(|parent| agent_of.get(parent));
        let Some(uuid) = &row.uuid else { continue };
        // As long as the names that later versions give.
        let name = uuid.get(..NAME_BYTES).unwrap_or(uuid);
        let Some(agent) = inherited.cloned().or_else(|| AgentId::parse(name).ok()) else {
            continue;
        };
        agent_of.insert(uuid.clone(), agent.clone());
        for draft in &mut row.drafts {
            draft.entry.agent.get_or_insert_with(|| agent.clone());
        }
    }
}
