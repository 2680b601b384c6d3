//! The tables: a row for each class, and for each tool what it reached; and which classes missed their target.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::question::Class;
use super::score::Score;
use super::tools::Way;

/// How far above the best other tool a class has to be.
const AHEAD: f64 = 0.05;
/// Above this there is no room to be so far ahead: as good is enough.
const NEARLY_ALL: f64 = 0.95;
/// What is lost when a mean is summed up.
const ROUNDING: f64 = 1e-9;

/// What tools reached in one corpus.
#[derive(Debug, Default)]
pub(crate) struct Report {
    scores: BTreeMap<(Class, Way), Score>,
}

impl Report {
    /// Counts the answer to a question of a class.
    pub(crate) fn count(&mut self, class: Class, way: Way, place: Option<usize>) {
        self.scores.entry((class, way)).or_default().count(place);
    }

    /// Returns the table as Markdown.
    pub(crate) fn render(&self, ways: &[Way]) -> String {
        let mut text = String::from("| class |");
        for way in ways {
            write!(text, " {} |", way.name()).expect("writing to a string cannot fail");
        }
        text.push_str(" target |\n|---|");
        text.push_str(&"---|".repeat(ways.len() + 1));
        text.push('\n');
        for class in self.classes() {
            write!(text, "| {} |", class.name()).expect("writing to a string cannot fail");
            for way in ways {
                text.push_str(&self.cell(class, *way));
            }
            writeln!(text, " {} |", self.judge(class)).expect("writing to a string cannot fail");
        }
        text
    }

    /// The classes that missed their target.
    pub(crate) fn missed(&self) -> Vec<Class> {
        let classes = self.classes().into_iter();
        classes.filter(|class| self.is_missed(*class)).collect()
    }

    fn classes(&self) -> Vec<Class> {
        let is_asked = |class: &Class| self.scores.contains_key(&(*class, Way::Ours));
        Class::ALL.into_iter().filter(is_asked).collect()
    }

    fn score(&self, class: Class, way: Way) -> Option<&Score> {
        self.scores.get(&(class, way))
    }

    fn cell(&self, class: Class, way: Way) -> String {
        let Some(score) = self.score(class, way) else {
            return " |".to_owned();
        };
        format!(
            " {:.2} {:.2} **{:.3}** |",
            score.hit_at_1(),
            score.hit_at_5(),
            score.mrr()
        )
    }

    /// The mean reciprocal rank to reach in a class, where another tool was asked.
    fn target(&self, class: Class) -> Option<f64> {
        let others = Way::ALL.into_iter().filter(|way| *way != Way::Ours);
        let reached = others.filter_map(|way| self.score(class, way).map(Score::mrr));
        let best = reached.reduce(f64::max)?;
        Some(if best > NEARLY_ALL {
            best
        } else {
            best + AHEAD
        })
    }

    fn is_missed(&self, class: Class) -> bool {
        let ours = self.score(class, Way::Ours).map_or(0.0, Score::mrr);
        self.target(class)
            .is_some_and(|target| ours + ROUNDING < target)
    }

    fn judge(&self, class: Class) -> String {
        match self.target(class) {
            Some(target) if self.is_missed(class) => format!(">= {target:.3} MISSED"),
            Some(target) => format!(">= {target:.3}"),
            None => "-".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of ten answers, so many put the expected session first and the others nowhere.
    fn check(ours: usize, theirs: Option<usize>, expect: bool) {
        let mut report = Report::default();
        for number in 0..10 {
            let mut count =
                |way, right| report.count(Class::Typo, way, (number < right).then_some(1));
            count(Way::Ours, ours);
            if let Some(theirs) = theirs {
                count(Way::AgentsviewPage, theirs);
            }
        }
        assert_eq!(!report.missed().is_empty(), expect, "{ours} {theirs:?}");
    }

    #[test]
    fn the_best_of_the_others_is_to_be_beaten_where_there_is_room() {
        check(5, Some(5), true);
        check(6, Some(5), false);
        check(9, Some(10), true);
        check(10, Some(10), false);
        check(10, Some(9), false);
        check(0, None, false);
    }

    #[test]
    fn a_row_has_a_cell_for_each_tool() {
        let mut report = Report::default();
        report.count(Class::Exact, Way::Ours, Some(2));
        report.count(Class::Exact, Way::Deja, None);
        let table = report.render(&[Way::Ours, Way::Deja]);
        assert_eq!(
            table.lines().nth(2),
            Some("| exact | 0.00 1.00 **0.500** | 0.00 0.00 **0.000** | >= 0.050 |")
        );
        assert_eq!(report.missed(), []);
    }
}
