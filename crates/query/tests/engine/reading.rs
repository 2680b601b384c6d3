//! How a session reads, over all its sources and generations.

use sessions_model::{EntryKind, SessionId, SourceKind};

use crate::world::{World, call, prompt, result, row};

const PATH: &str = "projects/-w-s/s.jsonl";

fn read(world: &World, session: &str) -> Vec<(String, String, bool)> {
    let id = SessionId::parse(session).unwrap();
    let reading = world
        .engine()
        .read(&id)
        .unwrap()
        .expect("the session is known");
    assert_eq!(reading.losses, []);
    let shown = reading
        .entries
        .into_iter()
        .map(|entry| (entry.id.0, entry.text, entry.is_withdrawn));
    shown.collect()
}

fn ids(entries: &[(String, String, bool)]) -> Vec<&str> {
    entries.iter().map(|(id, ..)| id.as_str()).collect()
}

#[test]
fn rows_gone_from_the_newest_generation_are_withdrawn() {
    let mut world = World::new();
    let [first, second, third] = [
        prompt("s", "p1", "", "first"),
        prompt("s", "p2", "p1", "second"),
        prompt("s", "p3", "p2", "third"),
    ];
    world.append(PATH, &first);
    world.append(PATH, &format!("{second}{third}"));
    // The client takes the second row out and writes the rest anew, with one more.
    let after = format!("{third}{}", prompt("s", "p4", "p3", "fourth"));
    world.rewrite(PATH, first.len() + 10, after.get(10..).unwrap());
    let entries = read(&world, "s");
    let withdrawn: Vec<_> = entries
        .iter()
        .filter(|(.., gone)| *gone)
        .map(|(id, ..)| id.as_str())
        .collect();
    assert_eq!(withdrawn, ["p2"]);
    let mut all = ids(&entries);
    all.sort_unstable();
    assert_eq!(all, ["p1", "p2", "p3", "p4"]);
}

#[test]
fn every_entry_found_is_an_entry_read() {
    let mut world = World::new();
    world.append(PATH, &prompt("s", "p1", "", "needle one"));
    world.append(
        PATH,
        "{\"type\":\"custom-title\",\"customTitle\":\"needle two\",\"sessionId\":\"s\"}\n",
    );
    world.append(PATH, &call("s", "p2", "p1", "t1", "needle three"));
    world.append(PATH, &result("s", "p3", "p2", "t1", "needle four"));
    let entries = read(&world, "s");
    for kind in ["prompt", "title", "call", "result"] {
        let answer = world.search(&format!("needle kind:{kind}"));
        let hit = answer
            .hits
            .first()
            .unwrap_or_else(|| panic!("{kind} is found"));
        assert!(
            ids(&entries).contains(&hit.entry.0.as_str()),
            "{kind}: {:?}",
            hit.entry
        );
    }
}

#[test]
fn subagents_and_spilled_output_are_read_in_their_place() {
    let mut world = World::new();
    world.append(PATH, &prompt("s", "p1", "", "start"));
    world.append(PATH, &call("s", "p2", "p1", "toolu_9", "delegate"));
    let preview = "<persisted-output>\\nOutput too large (40KB). Full output saved to: \
         /x/s/tool-results/out.txt\\n</persisted-output>";
    world.append(PATH, &result("s", "p3", "p2", "toolu_9", preview));
    world.append("projects/-w-s/s/tool-results/out.txt", "the whole output\n");
    let agent = "projects/-w-s/s/subagents/agent-k1.jsonl";
    let line = prompt("s", "k1", "", "subagent's task").replace(
        "\"isSidechain\":false",
        "\"isSidechain\":true,\"agentId\":\"k1\"",
    );
    world.append(agent, &line);
    world.append(
        "projects/-w-s/s/subagents/agent-k1.meta.json",
        "{\"toolUseId\":\"toolu_9\"}",
    );
    let entries = read(&world, "s");
    assert_eq!(ids(&entries), ["p1", "p2", "k1", "p3"]);
    assert!(
        entries[3].1.contains("the whole output"),
        "{}",
        entries[3].1
    );
}

#[test]
fn old_subagent_files_are_found_through_their_rows() {
    let mut world = World::new();
    world.append(PATH, &prompt("s", "p1", "", "start"));
    let line = row(
        "s",
        "k1",
        "",
        "\"type\":\"user\",\"agentId\":\"old\",\"message\":{\"role\":\"user\",\"content\":\"old task\"}",
    );
    world.append(
        "projects/-w-s/agent-old.jsonl",
        &line.replace("\"isSidechain\":false", "\"isSidechain\":true"),
    );
    assert_eq!(ids(&read(&world, "s")), ["p1", "k1"]);
    let sources = world
        .engine()
        .sources(&SessionId::parse("s").unwrap())
        .unwrap();
    let kinds: Vec<_> = sources.iter().map(|source| source.kind).collect();
    assert_eq!(kinds, [SourceKind::Transcript, SourceKind::Subagent]);
    let answer = world.search("\"old task\" is:subagent");
    assert_eq!(
        answer.hits.first().map(|hit| hit.kind),
        Some(EntryKind::Prompt)
    );
}

#[test]
fn files_of_no_session_are_listed_by_themselves() {
    let mut world = World::new();
    world.append(PATH, &prompt("s", "p1", "", "first"));
    world.append("history.jsonl", "{\"display\":\"first\"}\n");
    let sources = world.engine().unowned_sources().unwrap();
    let paths: Vec<_> = sources.iter().map(|source| source.path.as_str()).collect();
    assert_eq!(paths, ["history.jsonl"]);
    assert_eq!(sources[0].generations.len(), 1);
}

#[test]
fn sources_list_their_generations() {
    let mut world = World::new();
    let first = prompt("s", "p1", "", "first");
    world.append(PATH, &first);
    world.rewrite(PATH, first.len(), &prompt("s", "p2", "p1", "second"));
    let id = SessionId::parse("s").unwrap();
    let sources = world.engine().sources(&id).unwrap();
    assert_eq!((sources.len(), sources[0].path.as_str()), (1, PATH));
    assert_eq!(sources[0].root, "/home/u/.claude");
    let current: Vec<_> = sources[0]
        .generations
        .iter()
        .map(|g| g.is_current)
        .collect();
    assert_eq!(current, [false, true]);
    assert!(sources[0].generations[1].length > sources[0].generations[0].length);
    let unknown = SessionId::parse("unknown").unwrap();
    assert!(world.engine().read(&unknown).unwrap().is_none());
}
