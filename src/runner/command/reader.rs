//! What a program that is run once for each trial reports, from everything it prints and writes.
//!
//! The result is the last row of its `results.csv`, under what it said in JSON lines, under what the expressions of
//! `--metric` found: the later of these wins for a metric of the same name. An epoch is a row, a JSON line with
//! `epoch`, or the moment when every expression has found one value more.

use super::bar;
use super::json::{self, Said};
use super::rules::Rule;
use super::table::Row;
use crate::trial::protocol::Progress;
use crate::trial::{FailureClass, MetricRule, Metrics};

/// What a line or a row means.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    Progress(Progress),
    /// `epochs` is 0 where nobody said.
    Epoch {
        epoch: u32,
        epochs: u32,
        metrics: Metrics,
    },
    /// A loss is not a number: no epoch more is worth its time.
    Diverged {
        epoch: u32,
        what: String,
    },
    /// The program says itself that it failed.
    Error {
        class: FailureClass,
        message: String,
    },
}

/// The result of a program that has ended by itself.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    Metrics(Metrics),
    /// Expressions that found nothing.
    Missing(Vec<String>),
    /// No expression was given, and nothing was reported.
    Nothing,
}

/// Collects what one attempt reports.
#[derive(Debug, Clone, Default)]
pub struct Reader {
    rules: Vec<Rule>,
    said: Metrics,
    /// It said a result, not only epochs.
    said_result: bool,
    table: Metrics,
    epoch: u32,
    epochs: u32,
    /// Rows without a validation (YOLOv5 `--noval`) have zeros in place of metrics.
    zero_is_none: bool,
}

impl Reader {
    /// A reader for one attempt. `epochs` is how many there will be, 0 where nobody knows.
    ///
    /// # Errors
    /// Says which expression is wrong.
    pub fn new(rules: &[MetricRule], epochs: u32, zero_is_none: bool) -> Result<Self, String> {
        let rules = rules.iter().map(Rule::new).collect::<Result<_, _>>()?;
        Ok(Self { rules, epochs, zero_is_none, ..Self::default() })
    }

    /// The last epoch that was reported.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Names of the expressions' metrics.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(Rule::name)
    }

    /// A line that was printed.
    pub fn line(&mut self, text: &str) -> Option<Reading> {
        if let Some(said) = json::line(text) {
            return self.said(said);
        }
        let before = self.rules.iter().map(Rule::count).min().unwrap_or_default();
        for rule in &mut self.rules {
            if let Some(x) = rule.line(text)
                && !x.is_finite()
                && rule.minimise()
            {
                let (epoch, what) = (self.epoch + 1, format!("{} is {x}", rule.name()));
                return Some(Reading::Diverged { epoch, what });
            }
        }
        let rounds = self.rules.iter().map(Rule::count).min().unwrap_or_default();
        if rounds > before {
            let metrics = self.rules.iter().filter_map(|rule| Some((rule.name(), rule.last()?))).collect();
            return Some(self.epoch_is(u32::try_from(rounds).unwrap_or(u32::MAX), metrics));
        }
        bar::line(text).map(|progress| {
            let epoch = if progress.epoch == 0 { self.epoch + 1 } else { progress.epoch };
            let epochs = if progress.epochs == 0 { self.epochs } else { progress.epochs };
            self.epochs = self.epochs.max(epochs);
            Reading::Progress(Progress { epoch, epochs, ..progress })
        })
    }

    /// A row of its table.
    pub fn row(&mut self, row: Row) -> Reading {
        self.epochs = row.epochs.unwrap_or(self.epochs);
        if let Some((name, x)) = row.losses.not_finite() {
            return Reading::Diverged { epoch: row.epoch, what: format!("{name} is {x}") };
        }
        let validated = !(self.zero_is_none && row.metrics.0.values().all(|x| *x == 0.0));
        self.table = row.metrics.clone();
        let metrics = if validated || row.epoch == self.epochs { row.metrics } else { Metrics::default() };
        self.epoch_is(row.epoch, metrics)
    }

    /// The result, now that the program has ended. Where it `failed`, what it reported counts if it was a result and
    /// not one of the epochs before.
    pub fn result(&self, failed: bool) -> Found {
        let whole = self.said_result || (self.epochs > 0 && self.epoch >= self.epochs);
        if failed && !whole {
            return Found::Nothing;
        }
        let missing: Vec<String> =
            self.rules.iter().filter(|rule| rule.count() == 0).map(|rule| rule.name().to_owned()).collect();
        if !missing.is_empty() {
            return Found::Missing(missing);
        }
        let mut metrics: Metrics =
            self.rules.iter().filter_map(|rule| Some((rule.name(), rule.result()?))).collect();
        for (name, x) in self.said.0.iter().chain(&self.table.0) {
            metrics.0.entry(name.clone()).or_insert(*x);
        }
        if metrics.0.is_empty() { Found::Nothing } else { Found::Metrics(metrics) }
    }

    /// Whether anything was reported that is not finite: it may explain why a program gave up.
    pub fn not_finite(&self) -> Option<String> {
        let rules = self.rules.iter().filter_map(|rule| Some((rule.name(), rule.last()?)));
        let said = self.said.0.iter().chain(&self.table.0).map(|(name, x)| (name.as_str(), *x));
        rules.chain(said).find(|(_, x)| !x.is_finite()).map(|(name, x)| format!("{name} is {x}"))
    }

    fn said(&mut self, said: Said) -> Option<Reading> {
        match said {
            Said::Epoch { epoch, epochs, metrics } => {
                self.epochs = epochs.unwrap_or(self.epochs);
                self.said.0.extend(metrics.0.clone());
                Some(self.epoch_is(epoch.unwrap_or(self.epoch + 1), metrics))
            }
            Said::Result(metrics) => {
                self.said_result = true;
                self.said.0.extend(metrics.0);
                None
            }
            Said::Diverged { epoch, what } => {
                Some(Reading::Diverged { epoch: epoch.unwrap_or(self.epoch), what })
            }
            Said::Error { class, message } => Some(Reading::Error { class, message }),
        }
    }

    fn epoch_is(&mut self, epoch: u32, metrics: Metrics) -> Reading {
        self.epoch = epoch;
        if self.epochs > 0 {
            self.epochs = self.epochs.max(epoch);
        }
        Reading::Epoch { epoch, epochs: self.epochs, metrics }
    }
}

/// How many epochs a command line asks for: `--epochs 10`, `--epochs=10`, `epochs=10`; 0 where it does not say.
pub fn epochs_of(words: &[String]) -> u32 {
    let after = |word: &String| {
        let name = word.trim_start_matches('-');
        let (name, value) = name.split_once('=').unwrap_or((name, ""));
        (name == "epochs" || name == "num_epochs" || name == "num-epochs").then(|| value.to_owned())
    };
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        if let Some(value) = after(word) {
            let value = if value.is_empty() { words.peek().map_or("", |w| w.as_str()) } else { &value };
            if let Ok(n) = value.parse() {
                return n;
            }
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::super::Table;
    use super::*;

    fn reader(rules: &[&str]) -> Reader {
        let rules: Vec<MetricRule> = rules.iter().map(|text| MetricRule::parse(text).unwrap()).collect();
        Reader::new(&rules, 0, false).unwrap()
    }

    fn epochs(reader: &mut Reader, text: &str) -> Vec<(u32, Metrics)> {
        text.lines()
            .filter_map(|line| match reader.line(line) {
                Some(Reading::Epoch { epoch, metrics, .. }) => Some((epoch, metrics)),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn an_epoch_is_over_when_every_expression_has_one_value_more() {
        let mut reader = reader(&["acc=val acc ([0-9.]+):best", "loss=loss ([0-9.]+):min"]);
        let text = "loss 0.9\nval acc 0.5\nloss 0.7\nval acc 0.4\nbye";
        let seen = epochs(&mut reader, text);
        assert_eq!(seen.len(), 2);
        assert_eq!((seen[1].0, seen[1].1.get("acc"), seen[1].1.get("loss")), (2, Some(0.4), Some(0.7)));
        let Found::Metrics(result) = reader.result(false) else { panic!("no result") };
        assert_eq!((result.get("acc"), result.get("loss")), (Some(0.5), Some(0.7)));
    }

    #[test]
    fn an_expression_that_found_nothing_is_named() {
        let mut reader = reader(&["acc=val acc ([0-9.]+)", "f1=f1 ([0-9.]+)"]);
        reader.line("val acc 0.5");
        assert_eq!(reader.result(false), Found::Missing(vec!["f1".into()]));
        assert_eq!(super::Reader::default().result(false), Found::Nothing);
    }

    #[test]
    fn a_loss_that_is_not_a_number_ends_it_and_another_metric_does_not() {
        let mut reader = reader(&["auc=auc ([0-9.]+)", "loss=loss ([0-9.]+):min"]);
        assert_eq!(reader.line("auc nan"), None);
        assert_eq!(reader.line("loss nan"), Some(Reading::Diverged { epoch: 1, what: "loss is NaN".into() }));
        assert_eq!(reader.not_finite().as_deref(), Some("auc is NaN"));
    }

    #[test]
    fn json_lines_are_epochs_and_the_last_is_the_result() {
        let mut reader = reader(&[]);
        let seen = epochs(&mut reader, "{\"epoch\":1,\"acc\":0.4}\n{\"epoch\":2,\"acc\":0.6}");
        assert_eq!(seen.len(), 2);
        let Found::Metrics(result) = reader.result(false) else { panic!("no result") };
        assert_eq!(result.get("acc"), Some(0.6));
    }

    #[test]
    fn rows_without_a_validation_are_epochs_without_metrics() {
        let mut reader = Reader::new(&[], 3, true).unwrap();
        let mut table = Table::default();
        let text = "epoch,train/box_loss,metrics/mAP_0.5,val/box_loss\n0,.1,0,0\n1,.1,0,0\n2,.1,0.3,0.1\n";
        let readings: Vec<Reading> =
            table.feed(text.as_bytes()).into_iter().map(|row| reader.row(row)).collect();
        let counts: Vec<usize> = readings
            .iter()
            .map(|r| if let Reading::Epoch { metrics, .. } = r { metrics.0.len() } else { 9 })
            .collect();
        assert_eq!(counts, [0, 0, 2]);
        let nan = table.feed(b"3,nan,0.3,0.1\n").remove(0);
        assert!(matches!(reader.row(nan), Reading::Diverged { epoch: 4, .. }));
    }

    #[test]
    fn nothing_detected_in_the_last_epoch_is_a_result_of_zeros() {
        let mut reader = Reader::new(&[], 1, true).unwrap();
        let row = Table::default().feed(b"epoch,metrics/mAP_0.5\n0,0\n").remove(0);
        reader.row(row);
        assert_eq!(reader.result(false), Found::Metrics([("metrics/mAP_0.5", 0.0)].into_iter().collect()));
    }

    #[test]
    fn after_an_error_only_a_whole_result_counts() {
        let mut some = reader(&["acc=acc ([0-9.]+)"]);
        some.line("acc 0.5");
        assert_eq!(some.result(true), Found::Nothing, "an epoch of who knows how many");
        let rules = [MetricRule::parse("acc=acc ([0-9.]+)").unwrap()];
        let mut all = Reader::new(&rules, 2, false).unwrap();
        all.line("acc 0.5");
        assert_eq!(all.result(true), Found::Nothing);
        all.line("acc 0.6");
        assert!(matches!(all.result(true), Found::Metrics(_)));
        let mut said = reader(&[]);
        said.line(r#"{"acc":0.5}"#);
        assert!(matches!(said.result(true), Found::Metrics(_)));
    }

    #[test]
    fn epochs_are_known_from_the_command_line() {
        let of = |text: &str| epochs_of(&text.split(' ').map(Into::into).collect::<Vec<_>>());
        assert_eq!(of("t.py --epochs 10"), 10);
        assert_eq!(of("t.py --epochs=10"), 10);
        assert_eq!(of("yolo train epochs=3 data=x"), 3);
        assert_eq!(of("t.py --epochs"), 0);
        assert_eq!(of("t.py 10"), 0);
    }
}
