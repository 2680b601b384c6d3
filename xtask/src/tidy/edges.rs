//! Who may know whom.
//!
//! Owns the table of ARCHITECTURE.md as code, and reads the real graph from `cargo metadata`. Dependencies
//! of tests are free; what ships is not.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde::Deserialize;

use super::Finding;
use crate::workspace::{Workspace, read_output};

/// Each crate of the workspace and the crates of the workspace it may depend on.
const MAY_KNOW: [(&str, &[&str]); 14] = [
    ("sessions-proto", &[]),
    ("sessions-model", &[]),
    ("sessions-watch", &[]),
    ("sessions-paths", &["sessions-model"]),
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
        &["sessions-model", "sessions-paths", "sessions-client"],
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

/// The crates of a workspace and what each depends on, without the dependencies of tests.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    members: BTreeSet<String>,
    edges: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    /// Reads the graph of a workspace for this platform.
    pub(crate) fn read(workspace: &Workspace) -> Result<Self> {
        let version = read_output(workspace.rustc().arg("-vV"))?;
        let host = version.lines().find_map(|line| line.strip_prefix("host: "));
        let host = host.context("rustc does not name its host")?;
        let mut cargo = workspace.cargo();
        cargo.args([
            "metadata",
            "--format-version",
            "1",
            "--filter-platform",
            host,
        ]);
        let metadata = serde_json::from_str(&read_output(&mut cargo)?)
            .context("could not read what cargo metadata wrote")?;
        Ok(Self::from_metadata(metadata))
    }

    fn from_metadata(metadata: Metadata) -> Self {
        let names: BTreeMap<String, String> = metadata
            .packages
            .into_iter()
            .map(|package| (package.id, package.name))
            .collect();
        let name = |id: &str| names.get(id).cloned();
        let mut graph = Self {
            members: metadata
                .workspace_members
                .iter()
                .filter_map(|id| name(id))
                .collect(),
            ..Self::default()
        };
        for node in metadata.resolve.nodes {
            let shipped = node.deps.iter().filter(|edge| edge.is_shipped());
            let known: BTreeSet<String> = shipped.filter_map(|edge| name(&edge.pkg)).collect();
            // Two versions of a crate are one name here: what either knows counts.
            graph
                .edges
                .entry(name(&node.id).unwrap_or_default())
                .or_default()
                .extend(known);
        }
        graph
    }

    /// The way from `from` to `to`, if there is one.
    fn path(&self, from: &str, to: &str) -> Option<Vec<String>> {
        let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
        let mut open = vec![from];
        while let Some(name) = open.pop() {
            if name == to {
                return Some(trace(&came_from, from, to));
            }
            for next in self.edges.get(name).into_iter().flatten() {
                if next != from && !came_from.contains_key(next.as_str()) {
                    came_from.insert(next, name);
                    open.push(next);
                }
            }
        }
        None
    }
}

fn trace(came_from: &BTreeMap<&str, &str>, from: &str, to: &str) -> Vec<String> {
    let mut path = vec![to.to_owned()];
    let mut at = to;
    while at != from {
        at = came_from.get(at).copied().unwrap_or(from);
        path.push(at.to_owned());
    }
    path.reverse();
    path
}

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

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: Vec<String>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<EdgeKind>,
}

#[derive(Deserialize)]
struct EdgeKind {
    kind: Option<String>,
}

impl Edge {
    /// Whether the crate is part of the program: neither of its tests nor of its build alone.
    fn is_shipped(&self) -> bool {
        self.dep_kinds.iter().any(|edge| edge.kind.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn only_what_ships_counts() {
        let edge = |kinds: &[Option<&str>]| Edge {
            pkg: String::new(),
            dep_kinds: kinds
                .iter()
                .map(|kind| EdgeKind {
                    kind: kind.map(str::to_owned),
                })
                .collect(),
        };
        assert!(edge(&[None]).is_shipped());
        assert!(edge(&[Some("dev"), None]).is_shipped());
        assert!(!edge(&[Some("dev"), Some("build")]).is_shipped());
    }
}
