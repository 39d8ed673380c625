//! Metrics by regular expressions: `--metric acc='val acc ([0-9.]+)'`.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::trial::{MetricRule, Take};

/// Values that a mean is taken of.
const MEAN_OF: usize = 5;

/// One metric's expression and what it has found so far.
#[derive(Debug, Clone)]
pub struct Rule {
    asked: MetricRule,
    regex: Regex,
    /// How many values it found.
    count: u64,
    /// The last five.
    recent: VecDeque<f64>,
    best: Option<f64>,
}

impl Rule {
    /// A rule that has seen nothing.
    ///
    /// # Errors
    /// Says what is wrong with the expression.
    pub fn new(rule: &MetricRule) -> Result<Self, String> {
        let regex = Regex::new(&rule.pattern).map_err(|error| format!("--metric {}: {error}", rule.name))?;
        Ok(Self { asked: rule.clone(), regex, count: 0, recent: VecDeque::new(), best: None })
    }

    pub fn name(&self) -> &str {
        &self.asked.name
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether smaller is better: a loss.
    pub fn minimise(&self) -> bool {
        self.asked.minimise
    }

    /// The value in this line, if it has one. `nan` and `inf` are values, also where the expression asks for digits.
    pub fn line(&mut self, text: &str) -> Option<f64> {
        let x = self.find(text)?;
        self.count += 1;
        if self.recent.len() == MEAN_OF {
            self.recent.pop_front();
        }
        self.recent.push_back(x);
        let better = |best: f64| if self.asked.minimise { x < best } else { x > best };
        if self.best.is_none_or(|best| best.is_nan() || better(best)) {
            self.best = Some(x);
        }
        Some(x)
    }

    /// The last value.
    pub fn last(&self) -> Option<f64> {
        self.recent.back().copied()
    }

    /// The value that is the result.
    pub fn result(&self) -> Option<f64> {
        match self.asked.take {
            Take::Last => self.last(),
            Take::Best => self.best,
            Take::Mean5 => {
                let n = self.recent.len();
                (n > 0).then(|| self.recent.iter().sum::<f64>() / n as f64)
            }
        }
    }

    fn find(&self, text: &str) -> Option<f64> {
        if let Some(found) = self.regex.captures(text).and_then(|c| c.get(1)) {
            return number(found.as_str());
        }
        let (digits, words) = without_words(text)?;
        let found = self.regex.captures(&digits)?.get(1)?.range();
        let word = words.into_iter().find(|word| word.start < found.end && found.start < word.end)?;
        number(&text[word])
    }
}

/// A number as programs print it: `0.93`, `1e-3`, `93%`, `1,234.5`, `nan`.
fn number(text: &str) -> Option<f64> {
    let text = text.trim().trim_end_matches(['%', ',', '.', ';']);
    text.parse().or_else(|_| text.replace(',', "").parse()).ok()
}

/// The text with zeros in place of every word that is not a finite number, and where those were.
fn without_words(text: &str) -> Option<(String, Vec<Range<usize>>)> {
    static WORDS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?i)-?\b(?:nan|inf|infinity)\b").ok());
    let words: Vec<Range<usize>> = WORDS.as_ref()?.find_iter(text).map(|m| m.range()).collect();
    if words.is_empty() {
        return None;
    }
    let mut digits = text.to_owned();
    for word in &words {
        digits.replace_range(word.clone(), &"0".repeat(word.len()));
    }
    Some((digits, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> Rule {
        Rule::new(&MetricRule::parse(text).unwrap()).unwrap()
    }

    fn result(text: &str, lines: &[&str]) -> Option<f64> {
        let mut rule = rule(text);
        for line in lines {
            rule.line(line);
        }
        rule.result()
    }

    #[test]
    fn last_best_and_mean_are_taken_as_asked() {
        let lines = ["acc 0.1", "nothing", "acc 0.9", "acc 0.5", "acc 0.5", "acc 0.5", "acc 0.6"];
        assert_eq!(result("a=acc ([0-9.]+)", &lines), Some(0.6));
        assert_eq!(result("a=acc ([0-9.]+):best", &lines), Some(0.9));
        assert_eq!(result("a=acc ([0-9.]+):best:min", &lines), Some(0.1));
        assert!((result("a=acc ([0-9.]+):mean5", &lines).unwrap() - 0.6).abs() < 1e-12);
        assert_eq!(result("a=acc ([0-9.]+)", &["loss 1"]), None);
    }

    #[test]
    fn nan_is_found_where_the_expression_asks_for_digits() {
        let mut digits = rule("loss=loss: ([0-9.]+)");
        assert_eq!(digits.line("epoch 3 loss: 0.5"), Some(0.5));
        assert!(digits.line("epoch 4 loss: nan").unwrap().is_nan());
        assert_eq!(digits.line("epoch 5 loss: inf"), Some(f64::INFINITY));
        assert_eq!(digits.line("nan is what we fear"), None);
        assert!(rule("loss=loss (\\S+)").line("loss -inf").unwrap().is_infinite());
    }

    #[test]
    fn numbers_are_read_as_programs_print_them() {
        let mut any = rule(r"a=acc (\S+)");
        for (line, x) in [("acc 93.5%", 93.5), ("acc 1,234.5,", 1234.5), ("acc 1e-3", 1e-3), ("acc .5", 0.5)]
        {
            assert_eq!(any.line(line), Some(x), "{line}");
        }
        assert_eq!(any.line("acc ok"), None);
    }
}
