//! `evotop check [--log OLD] -- CMD`: what would be started, and what would be found in its output, before any GPU
//! hour is spent. Pure: the text of the old log is given.

use std::fmt;

use super::{Found, Preset, Reader, Reading, Table, Values, epochs_of, fill};
use crate::clean::clean;
use crate::shell;
use crate::trial::{Job, MetricRule, Metrics};

/// Matches that are shown at the beginning of a log; the last one is shown as well.
const SHOWN: usize = 5;
/// What a trial has in its environment besides the values of its job.
const OF_SLOT: [&str; 9] = [
    "EVOTOP_SESSION",
    "EVOTOP_SLOT",
    "EVOTOP_SLOTS",
    "EVOTOP_GENERATIONS",
    "EVOTOP_THREADS",
    "OMP_NUM_THREADS",
    "PYTHONUNBUFFERED",
    "CUDA_DEVICE_ORDER",
    "CUDA_VISIBLE_DEVICES",
];

/// What is to be checked.
#[derive(Debug)]
pub struct Question<'a> {
    pub words: &'a [String],
    /// The first trial: the start values.
    pub job: &'a Job,
    pub rules: &'a [MetricRule],
    pub preset: Option<&'a str>,
    /// The number of its GPU among all of the machine, `cpu` for none, where that is known.
    pub number: Option<&'a str>,
    /// The text of its script, where that can be read.
    pub script: Option<&'a str>,
    /// Text of an earlier run's output, or of its `results.csv`.
    pub log: Option<&'a str>,
}

/// What was found out.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The command line of the first trial.
    pub command: Vec<String>,
    pub variables: Vec<(String, String)>,
    /// Line of the log, from 1, and what it means.
    pub seen: Vec<(usize, String)>,
    /// The result that the log would give; none without a log.
    pub found: Option<Found>,
    pub problems: Vec<String>,
}

/// Fills the command line in and reads the log as an attempt's output would be read.
pub fn check(question: &Question) -> Answer {
    let Question { words, job, rules, preset, number, script, log } = question;
    let mut problems = Vec::new();
    let values = Values::of(job);
    let preset = preset.and_then(|name| Preset::parse(name).map_err(|e| problems.push(e.to_string())).ok());
    let with_preset = match preset {
        Some(preset) => preset.words(words, &values, job, *number, *script).map_err(|e| e.to_string()),
        None => Ok(words.to_vec()),
    };
    let command = with_preset.and_then(|words| fill(&words, &values).map_err(|e| e.to_string()));
    let command = command.unwrap_or_else(|why| {
        problems.push(why);
        words.to_vec()
    });
    let is_told = preset.is_some() || command != *words;
    if !is_told && problems.is_empty() {
        problems.push("the command has no placeholder: it sees its hyperparameters only in EVOTOP_HYP and EVOTOP_PARAM_... variables".into());
    }
    let mut answer =
        Answer { command, variables: values.variables(), seen: Vec::new(), found: None, problems };
    if let Some(log) = log {
        let epochs = epochs_of(words);
        match Reader::new(rules, epochs, preset.is_some_and(Preset::zero_is_none)) {
            Ok(reader) => read(&mut answer, reader, log),
            Err(why) => answer.problems.push(why),
        }
    }
    answer
}

fn read(answer: &mut Answer, mut reader: Reader, log: &str) {
    let mut end = None;
    if is_table(log) {
        let mut table = Table::default();
        let rows = table.feed(log.as_bytes());
        let rows = rows.into_iter().chain(table.finish()).enumerate();
        end = rows.map(|(i, row)| answer.sees(i + 2, &reader.row(row))).find_map(|end| end);
    } else {
        // As a trainer's output is read; a line of the file counts as one, whatever bars were drawn on it.
        let lines = log.split('\n').enumerate();
        for (i, text) in lines.flat_map(|(i, line)| line.split('\r').map(move |text| (i, text))) {
            if let Some(reading) = reader.line(&clean(text))
                && !matches!(reading, Reading::Progress(_))
            {
                end = answer.sees(i + 1, &reading);
            }
            if end.is_some() {
                break;
            }
        }
    }
    if let Some(end) = end {
        answer.problems.push(end);
        answer.found = Some(Found::Nothing);
        return;
    }
    let found = reader.result(false);
    match &found {
        Found::Missing(names) => {
            answer.problems.push(format!("nothing in the log matches --metric {}", names.join(" and --metric ")));
        }
        Found::Nothing => answer.problems.push(
            "the log has no result: print one as a JSON line ({\"acc\": 0.9}), write a results.csv, or give --metric NAME='REGEX with one (group)'".into(),
        ),
        Found::Metrics(metrics) => {
            if let Some((name, x)) = metrics.not_finite() {
                answer.problems.push(format!("{name} is {x}: such a trial counts as diverged"));
            }
        }
    }
    answer.found = Some(found);
}

impl Answer {
    /// Takes in what a line of the log means. Where no trial goes on behind it: how it ends.
    fn sees(&mut self, line: usize, reading: &Reading) -> Option<String> {
        self.seen.push((line, told(reading)));
        match reading {
            Reading::Diverged { .. } => Some(format!("such a trial ends at line {line} as diverged")),
            Reading::Error { class, .. } => Some(format!("such a trial fails at line {line}: {class}")),
            Reading::Progress(_) | Reading::Epoch { .. } => None,
        }
    }
}

/// Whether a text is a table: its first line is a header, and the second has as many cells.
fn is_table(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let (Some(header), Some(row)) = (lines.next(), lines.next()) else { return false };
    let cells = header.split(',').count();
    cells > 1
        && row.split(',').count() == cells
        && row.split(',').any(|cell| cell.trim().parse::<f64>().is_ok())
}

fn told(reading: &Reading) -> String {
    match reading {
        Reading::Epoch { epoch, metrics, .. } if metrics.0.is_empty() => format!("epoch {epoch}"),
        Reading::Epoch { epoch, metrics, .. } => format!("epoch {epoch}: {}", list(metrics)),
        Reading::Diverged { what, .. } => format!("diverged: {what}"),
        Reading::Error { class, message } => format!("error, {class}: {message}"),
        Reading::Progress(progress) => format!("batch {} of {}", progress.batch, progress.batches),
    }
}

fn list(metrics: &Metrics) -> String {
    metrics.0.iter().map(|(name, x)| format!("{name} {x}")).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let command: Vec<_> = self.command.iter().map(|word| shell::word(word)).collect();
        writeln!(f, "the first trial would run:\n  {}", command.join(" "))?;
        writeln!(f, "with, besides the session's own environment:")?;
        for (name, value) in &self.variables {
            writeln!(f, "  {name}={}", shell::word(value))?;
        }
        writeln!(f, "and, as session and slot make them:\n  {}", OF_SLOT.join(" "))?;
        if let Some(found) = &self.found {
            writeln!(f, "in the log:")?;
            let middle = self.seen.len().saturating_sub(SHOWN + 1);
            for (i, (line, what)) in self.seen.iter().enumerate() {
                if i < SHOWN || i + 1 == self.seen.len() {
                    writeln!(f, "  line {line}: {what}")?;
                } else if i == SHOWN {
                    writeln!(f, "  ... {middle} more")?;
                }
            }
            if let Found::Metrics(metrics) = found {
                writeln!(f, "the result would be: {}", list(metrics))?;
            }
        }
        for problem in &self.problems {
            writeln!(f, "problem: {problem}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;

    use super::*;
    use crate::space::Scalar;

    fn answer(command: &str, rules: &[&str], preset: Option<&str>, log: Option<&str>) -> Answer {
        let job = Job {
            trial: 0,
            attempt: 1,
            seed: 0,
            hyp: IndexMap::from([("lr".to_owned(), Scalar::Float(0.01))]),
            dir: "/s/trials/000000/a1".into(),
            previous: None,
            device: "cpu".into(),
            threads: 1,
        };
        let words: Vec<String> = command.split(' ').map(Into::into).collect();
        let rules: Vec<MetricRule> = rules.iter().map(|text| MetricRule::parse(text).unwrap()).collect();
        let (number, script) = (Some("cpu"), Some("parser.add_argument('--notest')"));
        check(&Question { words: &words, job: &job, rules: &rules, preset, number, script, log })
    }

    #[test]
    fn the_first_trials_command_and_what_an_old_log_gives_are_shown() {
        let log = "start\nval acc 0.5\nval acc 0.75\n";
        let answer = answer("python t.py {args}", &["acc=val acc ([0-9.]+)"], None, Some(log));
        let text = answer.to_string();
        assert!(text.contains("python t.py --lr 0.01\n"), "{text}");
        assert!(text.contains("line 2: epoch 1: acc 0.5") && text.contains("would be: acc 0.75"), "{text}");
        assert_eq!(answer.problems, Vec::<String>::new());
    }

    #[test]
    fn a_log_with_colours_bars_and_other_line_ends_is_read_as_output_is() {
        let log = "start\r\n 50%|# | 1/2\r100%|##| 2/2\r\nval acc \u{1b}[32m0.5\u{1b}[0m\r\n";
        let answer = answer("python t.py {args}", &["acc=val acc ([0-9.]+)"], None, Some(log));
        assert_eq!(answer.seen, [(3, "epoch 1: acc 0.5".to_owned())]);
        assert_eq!(answer.problems, Vec::<String>::new());
    }

    #[test]
    fn a_known_program_is_given_what_its_own_script_knows() {
        let answer = answer("python train.py", &[], Some("yolov5"), None);
        assert_eq!(answer.command, ["python", "train.py", "--notest"]);
    }

    #[test]
    fn what_is_wrong_is_said_before_anything_runs() {
        let problems =
            |command: &str, rules: &[&str], log| answer(command, rules, None, log).problems.join("\n");
        assert!(problems("t.py {lr0}", &[], None).contains("there is no {lr0}"));
        assert!(problems("t.py", &[], None).contains("no placeholder"));
        assert!(problems("t.py {lr}", &["acc=acc: ([0-9.]+)"], Some("acc 0.5")).contains("--metric acc"));
        assert!(problems("t.py {lr}", &[], Some("done")).contains("JSON line"));
        assert!(answer("t.py", &[], Some("yolo5"), None).problems[0].contains("ultralytics"));
    }

    #[test]
    fn a_log_of_a_trial_that_would_be_ended_has_no_result_behind_that() {
        for (log, line) in [
            ("{\"epoch\":1,\"loss\":0.5}\n{\"epoch\":2,\"loss\":NaN}\n{\"loss\":0.1}\n", 2),
            ("epoch,train/loss,acc\n1,0.5,0.1\n2,nan,0.3\n3,0.1,0.4\n", 3),
        ] {
            let answer = answer("t.py {lr}", &[], None, Some(log));
            assert_eq!(answer.problems, [format!("such a trial ends at line {line} as diverged")]);
            assert!(answer.seen.len() == 2 && !answer.to_string().contains("would be"), "{answer}");
        }
    }

    #[test]
    fn a_results_csv_can_be_the_log() {
        let table = "epoch,train/loss,metrics/mAP50(B)\n1,0.5,0.1\n2,0.4,0.3\n";
        let answer = answer("yolo train", &[], Some("ultralytics"), Some(table));
        assert_eq!(answer.seen.len(), 2);
        assert!(answer.to_string().contains("would be: metrics/mAP50(B) 0.3"), "{answer}");
    }
}
