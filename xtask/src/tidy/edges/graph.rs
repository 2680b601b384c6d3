//! Which crate depends on which, read from `cargo metadata`. Dependencies of tests are free; what ships is
//! not. It does not know what is allowed.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::workspace::{Workspace, read_output};

/// The crates of a workspace and what each depends on, without the dependencies of tests.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    pub(super) members: BTreeSet<String>,
    pub(super) edges: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    /// Reads the graph of a workspace for this platform.
    pub(crate) fn read(workspace: &Workspace) -> Result<Self> {
        let host = workspace.host()?;
        let mut cargo = workspace.cargo();
        cargo.args([
            "metadata",
            "--format-version",
            "1",
            "--filter-platform",
            &host,
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
    pub(super) fn path(&self, from: &str, to: &str) -> Option<Vec<String>> {
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
