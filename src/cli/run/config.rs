//! `--config FILE`: options from a YAML file, by their long names. The command line wins.

use std::ffi::OsString;

use anyhow::Context;
use clap::Parser;
use serde_yaml::{Mapping, Value};

use crate::cli::exit::Told;

use super::args::RunArgs;

#[derive(Parser)]
#[command(name = "evotop run", no_binary_name = true)]
struct Wrapped {
    #[command(flatten)]
    args: RunArgs,
}

/// The command line, with the options of its `--config` file where it does not say otherwise.
pub fn merged(args: RunArgs) -> anyhow::Result<RunArgs> {
    let argv: Vec<OsString> = std::env::args_os().collect();
    merged_with(args, &argv)
}

/// As [`merged`], of this command line.
pub fn merged_with<W: Clone + Into<OsString>>(args: RunArgs, argv: &[W]) -> anyhow::Result<RunArgs> {
    let Some(path) = args.config.clone() else { return Ok(args) };
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let options: Mapping =
        serde_yaml::from_str(&text).map_err(|error| Told::usage(format!("{}: {error}", path.display())))?;
    let given: Vec<OsString> =
        argv.iter().cloned().map(Into::into).skip_while(|word| word != "run").skip(1).collect();
    let mut words: Vec<OsString> = Vec::new();
    for (key, value) in options {
        let key = key.as_str().map(|key| key.replace('_', "-"));
        let key = key.ok_or_else(|| Told::usage(format!("{}: option names are text", path.display())))?;
        let option = format!("--{key}");
        let said = given.iter().filter_map(|word| word.to_str()).any(|word| {
            word == option || word.strip_prefix(&option).is_some_and(|rest| rest.starts_with('='))
        });
        if !said {
            words.extend(
                option_words(&option, &value)
                    .map_err(|why| Told::usage(format!("{}: {key}: {why}", path.display())))?,
            );
        }
    }
    words.extend(given);
    parsed(words).map_err(|error| Told::usage(format!("with the options of {}: {error}", path.display())))
}

/// The words of a command line, read.
pub fn parsed(words: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> anyhow::Result<RunArgs> {
    let wrapped = Wrapped::try_parse_from(words).map_err(|error| Told::usage(error.to_string()))?;
    Ok(wrapped.args)
}

fn option_words(option: &str, value: &Value) -> Result<Vec<OsString>, String> {
    let one = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        _ => Err("a text, a number, true or false, or a list of these is wanted".to_owned()),
    };
    Ok(match value {
        Value::Bool(true) => vec![option.into()],
        Value::Bool(false) | Value::Null => Vec::new(),
        Value::Sequence(values) => {
            let mut words = Vec::new();
            for value in values {
                words.extend([option.into(), one(value)?.into()]);
            }
            words
        }
        other => vec![option.into(), one(other)?.into()],
    })
}
