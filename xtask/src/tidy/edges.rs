//! Who may know whom.
//!
//! Owns the table of ARCHITECTURE.md as code. It does not know where the graph comes from.

mod graph;

use super::Finding;
pub(crate) use graph::Graph;

/// Each crate of the workspace and the crates of the workspace it may depend on.
const MAY_KNOW: [(&str, &[&str]); 16] = [
    ("sessions-proto", &[]),
    ("sessions-model", &[]),
    ("sessions-watch", &[]),
    ("sessions-paths", &["sessions-model"]),
    ("sessions-git", &["sessions-model"]),
    ("sessions-transcript", &["sessions-model"]),
    ("sessions-archive", &["sessions-model"]),
    ("sessions-catalog", &["sessions-model"]),
    ("sessions-index", &["sessions-model"]),
    (
        "sessions-query",
        &[
            "sessions-model",
            "sessions-transcript",
            "sessions-archive",
            "sessions-catalog",
            "sessions-index",
        ],
    ),
    (
        "sessions-client",
        &["sessions-model", "sessions-paths", "sessions-proto"],
    ),
    (
        "sessions-daemon",
        &[
            "sessions-model",
            "sessions-paths",
            "sessions-proto",
            "sessions-watch",
            "sessions-transcript",
            "sessions-archive",
            "sessions-catalog",
            "sessions-index",
            "sessions-query",
        ],
    ),
    (
        "sessions-cli",
        &[
            "sessions-model",
            "sessions-paths",
            "sessions-client",
            "sessions-git",
        ],
    ),
    (
        "sessions-hook",
        &[
            "sessions-model",
            "sessions-paths",
            "sessions-client",
            "sessions-git",
        ],
    ),
    (
        "sessions-tests",
        &[
            "sessions-model",
            "sessions-paths",
            "sessions-client",
            "sessions-transcript",
        ],
    ),
    ("xtask", &[]),
];

/// What a crate must not reach, however far away, and why.
struct Ban {
    crates: &'static [&'static str],
    banned: &'static [&'static str],
    why: &'static str,
}

const BANS: [Ban; 4] = [
    Ban {
        crates: &[
            "sessions-client",
            "sessions-cli",
            "sessions-hook",
            "sessions-dashboard",
        ],
        banned: &["tantivy", "rusqlite", "libsqlite3-sys"],
        why: "a client stays thin: the daemon alone owns archive, catalog and index",
    },
    Ban {
        crates: &["sessions-hook"],
        banned: &["clap"],
        why: "the shim starts in a millisecond",
    },
    Ban {
        crates: &[
            "sessions-transcript",
            "sessions-archive",
            "sessions-catalog",
            "sessions-index",
            "sessions-query",
        ],
        banned: &["tokio"],
        why: "the core is synchronous, on threads that own it",
    },
    Ban {
        crates: &["sessions-daemon"],
        banned: &["rustls", "native-tls", "reqwest", "ureq"],
        why: "the daemon has no network code",
    },
];

/// Finds crates that know what they must not.
pub(crate) fn check(graph: &Graph) -> Vec<Finding> {
    let mut findings: Vec<Finding> = graph
        .members
        .iter()
        .flat_map(|member| check_member(graph, member))
        .collect();
    for ban in &BANS {
        findings.extend(check_ban(graph, ban));
    }
    findings
}

fn check_member(graph: &Graph, member: &str) -> Vec<Finding> {
    let Some((_, allowed)) = MAY_KNOW.iter().find(|(name, _)| name == &member) else {
        let fault = "stands in no row of who may know whom (xtask/src/tidy/edges.rs)";
        return vec![Finding::new(member, fault)];
    };
    let known = graph.edges.get(member).into_iter().flatten();
    known
        .filter(|name| graph.members.contains(*name) && !allowed.contains(&name.as_str()))
        .map(|name| Finding::new(member, format!("depends on {name}, which it must not know")))
        .collect()
}

fn check_ban(graph: &Graph, ban: &Ban) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in ban
        .crates
        .iter()
        .filter(|name| graph.members.contains(**name))
    {
        let ways = ban
            .banned
            .iter()
            .filter_map(|banned| graph.path(member, banned));
        let faults = ways.map(|way| format!("reaches {}: {}", way.join(" -> "), ban.why));
        findings.extend(faults.map(|fault| Finding::new(*member, fault)));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn graph(edges: &[(&str, &str)], members: &[&str]) -> Graph {
        let mut graph = Graph::default();
        graph
            .members
            .extend(members.iter().map(|name| (*name).to_owned()));
        for (from, to) in edges {
            graph
                .edges
                .entry((*from).to_owned())
                .or_default()
                .insert((*to).to_owned());
        }
        graph
    }

    fn check_edges(edges: &[(&str, &str)], expect: &[&str]) {
        let members: BTreeSet<&str> = edges.iter().map(|(from, _)| *from).collect();
        let found = check(&graph(edges, &members.into_iter().collect::<Vec<_>>()));
        let faults: Vec<&str> = found.iter().map(|finding| finding.fault.as_str()).collect();
        assert_eq!(faults.len(), expect.len(), "{faults:?}");
        for (fault, word) in faults.iter().zip(expect) {
            assert!(fault.contains(word), "{fault} should say {word}");
        }
    }

    #[test]
    fn a_crate_that_knows_too_much_is_found() {
        let wire = ("sessions-client", "sessions-proto");
        let proto = ("sessions-proto", "prost");
        check_edges(&[wire, proto], &[]);
        check_edges(
            &[("sessions-cli", "sessions-proto"), proto],
            &["depends on sessions-proto"],
        );
        check_edges(&[("sessions-model", "serde")], &[]);
        check_edges(&[("sessions-new", "serde")], &["stands in no row"]);
    }

    #[test]
    fn what_a_client_must_not_reach_is_found_however_far() {
        let mut graph = graph(
            &[
                ("sessions-cli", "middle"),
                ("middle", "far"),
                ("far", "tantivy"),
                ("far", "middle"),
            ],
            &["sessions-cli"],
        );
        let found = check(&graph);
        assert_eq!(found.len(), 1);
        assert!(
            found[0]
                .fault
                .contains("sessions-cli -> middle -> far -> tantivy")
        );
        graph.edges.remove("far");
        assert_eq!(check(&graph), Vec::new());
    }
}
