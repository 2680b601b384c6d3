//! The table of figures: a row for each, a column for each tool, with ratios and targets.

use std::collections::BTreeMap;

/// Who reached a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tool {
    /// This product.
    Ours,
    /// `rg -l` over the files.
    Ripgrep,
    /// agentsview.
    Agentsview,
    /// aichat-search.
    Aichat,
}

impl Tool {
    const ALL: [Self; 4] = [Self::Ours, Self::Ripgrep, Self::Agentsview, Self::Aichat];

    fn name(self) -> &'static str {
        match self {
            Self::Ours => "sessions",
            Self::Ripgrep => "ripgrep",
            Self::Agentsview => "agentsview",
            Self::Aichat => "aichat",
        }
    }
}

/// What a figure must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Target {
    /// No more than this.
    AtMost(f64),
    /// No less than this.
    AtLeast(f64),
    /// At least so many times another tool's figure.
    Times(f64, Tool),
    /// Less than another tool's figure.
    Under(Tool),
}

/// A figure of every tool that was measured.
#[derive(Debug, Default)]
struct Row {
    figures: BTreeMap<Tool, f64>,
    targets: Vec<Target>,
}

/// Figures by name, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<(String, Row)>,
}

impl Table {
    /// Notes a figure; its name ends in its unit.
    pub(crate) fn note(&mut self, name: &str, tool: Tool, figure: f64) {
        println!("  {name}: {} {figure:.2}", tool.name());
        self.row(name).figures.insert(tool, figure);
    }

    /// Notes what our figure must be.
    pub(crate) fn require(&mut self, name: &str, target: Target) {
        self.row(name).targets.push(target);
    }

    fn row(&mut self, name: &str) -> &mut Row {
        let found = self.rows.iter().position(|(row, _)| row == name);
        let at = found.unwrap_or_else(|| {
            self.rows.push((name.to_owned(), Row::default()));
            self.rows.len() - 1
        });
        &mut self.rows[at].1
    }

    /// Returns the table as text.
    pub(crate) fn render(&self) -> String {
        let names = Tool::ALL.map(|tool| tool.name().to_owned());
        let mut text = line("median", &names, "target");
        for (name, row) in &self.rows {
            let targets: Vec<String> = row
                .targets
                .iter()
                .map(|target| row.judge(*target))
                .collect();
            let cells = Tool::ALL.map(|tool| row.cell(tool));
            text.push_str(&line(name, &cells, &targets.join(", ")));
        }
        text
    }

    /// Returns the figures that missed a target.
    pub(crate) fn missed(&self) -> Vec<String> {
        let missed = self
            .rows
            .iter()
            .filter(|(_, row)| row.targets.iter().any(|target| row.is_missed(*target)));
        missed.map(|(name, _)| name.clone()).collect()
    }
}

impl Row {
    fn cell(&self, tool: Tool) -> String {
        let Some(figure) = self.figures.get(&tool) else {
            return "-".to_owned();
        };
        match self.figures.get(&Tool::Ours) {
            Some(ours) if tool != Tool::Ours && *ours > 0.0 => {
                format!("{figure:.2} (x{:.2})", figure / ours)
            }
            _ => format!("{figure:.2}"),
        }
    }

    fn judge(&self, target: Target) -> String {
        let words = match target {
            Target::AtMost(limit) => format!("<= {limit}"),
            Target::AtLeast(limit) => format!(">= {limit}"),
            Target::Times(times, tool) => format!(">= {times} x {}", tool.name()),
            Target::Under(tool) => format!("< {}", tool.name()),
        };
        if self.is_missed(target) {
            format!("{words} MISSED")
        } else {
            words
        }
    }

    /// Whether our figure misses a target; one that compares with a tool that was not measured is not.
    fn is_missed(&self, target: Target) -> bool {
        let Some(ours) = self.figures.get(&Tool::Ours) else {
            return false;
        };
        match target {
            Target::AtMost(limit) => *ours > limit,
            Target::AtLeast(limit) => *ours < limit,
            Target::Times(times, tool) => self
                .figures
                .get(&tool)
                .is_some_and(|theirs| *ours < theirs * times),
            Target::Under(tool) => self.figures.get(&tool).is_some_and(|theirs| ours >= theirs),
        }
    }
}

fn line(name: &str, cells: &[String], targets: &str) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| format!("{cell:>19}")).collect();
    format!("{name:<38}{}  {targets}\n", cells.concat())
}

/// The middle one of some figures; 0 of none.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(target: Target, ours: f64, theirs: Option<f64>, expect: bool) {
        let mut table = Table::default();
        table.note("search ms", Tool::Ours, ours);
        if let Some(theirs) = theirs {
            table.note("search ms", Tool::Ripgrep, theirs);
        }
        table.require("search ms", target);
        assert_eq!(
            !table.missed().is_empty(),
            expect,
            "{target:?} {ours} {theirs:?}"
        );
    }

    #[test]
    fn a_missed_target_is_named() {
        check(Target::AtMost(15.0), 15.0, None, false);
        check(Target::AtMost(15.0), 15.1, None, true);
        check(Target::AtLeast(200.0), 200.0, None, false);
        check(Target::AtLeast(200.0), 199.9, None, true);
        check(Target::Under(Tool::Ripgrep), 40.0, Some(49.0), false);
        check(Target::Under(Tool::Ripgrep), 50.0, Some(49.0), true);
        check(Target::Times(8.0, Tool::Ripgrep), 80.0, Some(10.0), false);
        check(Target::Times(8.0, Tool::Ripgrep), 79.0, Some(10.0), true);
        check(Target::Times(8.0, Tool::Ripgrep), 1.0, None, false);
    }

    #[test]
    fn the_median_is_the_middle_one() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!(median(Vec::new()).abs() < f64::EPSILON);
    }
}
