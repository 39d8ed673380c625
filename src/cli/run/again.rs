//! What a command line says of the session's process, apart from what is trained. No journal has it in force: it has to
//! be said again for another process to behave the same.

use std::path::Path;

use super::args::{OnFailureArg, RunArgs};
use super::config;
use super::time;
use crate::dir::SessionDir;
use crate::journal::{self, Event};
use crate::shell;
use crate::trial::RunSpec;

/// An option with its values.
type Said = (&'static str, Vec<String>);

/// Those options of the words with which the session was started last. None where they cannot be read any more.
///
/// # Errors
/// Where there is no journal that can be read.
pub fn process_options(dir: &Path) -> anyhow::Result<Vec<String>> {
    let args = last(dir)?;
    let said = args.as_ref().map(options).unwrap_or_default();
    Ok(said
        .into_iter()
        .flat_map(|(option, values)| std::iter::once(option.to_owned()).chain(values))
        .collect())
}

/// What the last start said and these words leave out, so that it is not in force any more.
///
/// # Errors
/// As [`process_options`].
pub fn left_out(dir: &Path, now: &RunArgs, run: &RunSpec) -> anyhow::Result<Vec<String>> {
    let Some(before) = last(dir)? else { return Ok(Vec::new()) };
    let now = options(now);
    let is_said = |option: &str| now.iter().any(|(said, _)| *said == option);
    let mut left = options(&before);
    left.retain(|(option, values)| !is_said(option) && !goes_on(option, values, run));
    Ok(left.iter().map(told).collect())
}

/// What these words say otherwise than those with which the session runs.
///
/// # Errors
/// As [`process_options`].
pub fn said_otherwise(dir: &Path, now: &RunArgs) -> anyhow::Result<Vec<String>> {
    let Some(before) = last(dir)? else { return Ok(Vec::new()) };
    let before = options(&before);
    Ok(options(now).iter().filter(|said| !before.contains(said)).map(told).collect())
}

/// Whether the run began with this limit: then it holds, said or not.
fn goes_on(option: &str, values: &[String], run: &RunSpec) -> bool {
    let seconds = values.first().and_then(|text| time::seconds(option, text).ok());
    match option {
        "--trial-timeout" => seconds == run.trial_timeout,
        "--silence" => seconds == run.silence,
        "--grace" => seconds == Some(run.grace),
        _ => false,
    }
}

fn told((option, values): &Said) -> String {
    let values = values.iter().map(|value| shell::word(value));
    std::iter::once((*option).into()).chain(values).collect::<Vec<_>>().join(" ")
}

/// The words with which the session was started last.
fn last(dir: &Path) -> anyhow::Result<Option<RunArgs>> {
    let mut words = Vec::new();
    journal::look(&SessionDir::new(dir).journal(), |entry| {
        if let Event::Opened(opened) = &entry.event {
            words.clone_from(&opened.argv);
        }
    })?;
    Ok(read(&words))
}

pub fn read(argv: &[String]) -> Option<RunArgs> {
    let words: Vec<&String> = argv.iter().skip_while(|word| *word != "run").skip(1).collect();
    config::parsed(words).ok().and_then(|args| config::merged_with(args, argv).ok())
}

fn options(args: &RunArgs) -> Vec<Said> {
    let usual = config::parsed([""; 0]).map(|args| args.min_free).unwrap_or_default();
    let on_failure = |how| if how == OnFailureArg::Pause { "pause" } else { "exit" }.to_owned();
    let one = [
        ("--on-failure", args.on_failure.map(on_failure)),
        ("--trial-timeout", args.trial_timeout.clone()),
        ("--silence", args.silence.clone()),
        ("--grace", args.grace.clone()),
        ("--threads", args.threads.map(|n| n.to_string())),
        ("--keep", args.keep.as_ref().map(ToString::to_string)),
        ("--min-free", Some(args.min_free).filter(|bytes| *bytes != usual).map(|bytes| bytes.to_string())),
    ];
    let one = one.into_iter().filter_map(|(option, value)| Some((option, vec![value?])));
    one.chain(args.on.chunks(2).map(|hook| ("--on", hook.to_vec()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told_of(line: &str) -> String {
        let words: Vec<String> = line.split(' ').map(Into::into).collect();
        let said = read(&words).as_ref().map(options).unwrap_or_default();
        said.iter().map(told).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_the_process_does_is_said_again_and_what_is_trained_is_not() {
        assert_eq!(
            told_of(
                "evotop run --sigma 0.3 --keep best:3,failed --on best,failed notify --grace 20s --min-free 2G --detach"
            ),
            "--grace 20s --keep best:3,failed --min-free 2000000000 --on best,failed notify"
        );
        assert_eq!(told_of("evotop run --no-such-option"), "");
    }
}
