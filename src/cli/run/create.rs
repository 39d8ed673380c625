//! A new run: the command line becomes the journal's first event.

use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::cli::exit::Told;
use crate::cli::warn;
use crate::clock;
use crate::dir::{Lock, SessionDir};
use crate::engine::Limits;
use crate::evolve::{Edit, NextValues, RULES_VERSION, Rule, Settings, StrategyKind, Weights};
use crate::journal::{Access, Created, FileDisk, VERSION, Writer};
use crate::runner::command::{self, Preset};
use crate::session::steer;
use crate::space::{self, Defaults, Source, Space};
use crate::trial::{MetricRule, RunSpec, Trainer};

use super::args::RunArgs;
use super::files;
use super::past;
use super::time;

/// Makes the session's directory and the first line of its journal. Returns what will train; none where somebody else has
/// made it meanwhile.
pub fn create(args: &RunArgs, name: &str, session: &SessionDir) -> anyhow::Result<Option<Trainer>> {
    let mut created = created(args, name)?;
    let trainer = created.spec.trainer.clone();
    if trainer == Trainer::Yolo {
        files::check(&args.trainer_options)?;
    }
    let past = past::events(args, &mut created)?;
    let access = if args.share_read { Access::ShareRead } else { Access::Private };
    access.set_umask();
    session.create(access)?;
    // Nobody else makes one here meanwhile.
    let _lock = Lock::of_new(session, access)?;
    if session.journal().exists() {
        return Ok(None);
    }
    let disk = Arc::new(FileDisk { access });
    let (mut writer, _) = Writer::create(disk, &session.journal(), clock::now(), created)?;
    writer.commit(clock::now(), past)?;
    Ok(Some(trainer))
}

/// The first event of the run that the command line asks for.
pub fn created(args: &RunArgs, name: &str) -> anyhow::Result<Created> {
    let trainer = trainer(args)?;
    let hyp = hyp(args)?;
    let strategy = strategy(args, &trainer, hyp.as_ref())?;
    let (space, notices) = space(args, hyp, &trainer, strategy)?;
    for notice in notices {
        warn(&notice);
    }
    if let Trainer::Command { argv, .. } = &trainer {
        let start = space.hyp(&space.start());
        command::check_words(argv, &start).map_err(|error| Told::usage(error.to_string()))?;
    }
    let mut settings = Settings::for_strategy(strategy, default_weights(&trainer, strategy));
    for edit in explicit(args)? {
        edit.apply(&mut space.clone(), &mut settings, &mut NextValues::new())
            .map_err(|error| Told::usage(error.to_string()))?;
    }
    Ok(Created {
        version: VERSION,
        name: name.into(),
        evotop: env!("CARGO_PKG_VERSION").into(),
        rules: RULES_VERSION,
        seed: args.seed.unwrap_or(0),
        trial_seed: args.trial_seed.unwrap_or(0),
        space,
        settings,
        spec: spec(args, trainer)?,
    })
}

/// The trainer that the command line asks for.
pub fn trainer(args: &RunArgs) -> anyhow::Result<Trainer> {
    let metrics = metrics(args)?;
    if !args.command.is_empty() {
        if let Some(trainer) = &args.trainer {
            return Err(Told::usage(format!(
                "--trainer {trainer} and a command after -- exclude each other"
            )));
        }
        if let Some(name) = &args.preset {
            Preset::parse(name).map_err(|error| Told::usage(error.to_string()))?;
        }
        return Ok(Trainer::Command { argv: args.command.clone(), metrics, preset: args.preset.clone() });
    }
    if !metrics.is_empty() || args.preset.is_some() {
        return Err(Told::usage("--metric and --preset are for a command after --"));
    }
    Ok(match args.trainer.as_deref() {
        None | Some("yolo") => Trainer::Yolo,
        Some("sim") => Trainer::Sim,
        Some(program) => Trainer::Worker { argv: program.split_whitespace().map(Into::into).collect() },
    })
}

/// The expressions that the command line gives.
pub fn metrics(args: &RunArgs) -> anyhow::Result<Vec<MetricRule>> {
    args.metrics.iter().map(|text| MetricRule::parse(text).map_err(Told::usage)).collect()
}

fn strategy(args: &RunArgs, trainer: &Trainer, hyp: Option<&Source>) -> anyhow::Result<StrategyKind> {
    match &args.strategy {
        Some(name) => steer::strategy(name).map_err(|error| Told::usage(format!("--strategy: {error}"))),
        None if !trainer.is_yolo() => Ok(StrategyKind::Normal),
        None => Ok(match hyp.map(kin) {
            Some(Some("yolov3")) => StrategyKind::Yolov3,
            Some(Some(_)) => StrategyKind::Normal,
            _ => StrategyKind::Yolov5,
        }),
    }
}

/// The built-in space of a hyp file that is not YOLOv5's, by a hyperparameter that no other program has.
fn kin(hyp: &Source) -> Option<&'static str> {
    let keys: IndexMap<String, serde_yaml::Value> = serde_yaml::from_str(&hyp.text).ok()?;
    [("giou", "yolov3"), ("dfl", "ultralytics")]
        .into_iter()
        .find(|(key, _)| keys.contains_key(*key))
        .map(|(_, space)| space)
}

fn default_weights(trainer: &Trainer, strategy: StrategyKind) -> Weights {
    match (trainer, strategy) {
        (Trainer::Command { metrics, .. }, _) if !metrics.is_empty() => {
            let weight = |rule: &MetricRule| (rule.name.clone(), if rule.minimise { -1.0 } else { 1.0 });
            metrics.iter().take(1).map(weight).collect()
        }
        (Trainer::Command { preset: Some(name), .. }, _) => {
            Preset::parse(name).map_or_else(|_| Weights::yolov5(), |preset| Weights(preset.fitness()))
        }
        (_, StrategyKind::Population) => Weights::population(),
        _ => Weights::yolov5(),
    }
}

/// The built-in hyp and space file where none is named.
fn usual(args: &RunArgs, trainer: &Trainer, strategy: StrategyKind) -> Option<(&'static str, &'static str)> {
    match trainer {
        Trainer::Command { preset: Some(name), .. } if name == "ultralytics" => {
            Some(("ultralytics", "ultralytics"))
        }
        trainer if !trainer.is_yolo() => None,
        _ if strategy == StrategyKind::Yolov3 => Some(("yolov3-2020-01", "yolov3")),
        Trainer::Command { .. } => Some(("scratch-low", "yolov5")),
        // The digits' own values fit no other pictures: a mirrored digit is none, most other objects are.
        _ if args.trainer_options.data.as_deref().is_some_and(|data| data != "digits") => {
            Some(("scratch-low", "yolov5"))
        }
        _ => Some(("digits", "yolov5")),
    }
}

/// The hyp file that the command line names.
pub fn hyp(args: &RunArgs) -> anyhow::Result<Option<Source>> {
    args.hyp.as_deref().map(|name| source(name, space::builtin::hyp)).transpose()
}

/// Start values, gains and bounds, and what is to be said of them.
pub fn space(
    args: &RunArgs,
    hyp: Option<Source>,
    trainer: &Trainer,
    strategy: StrategyKind,
) -> anyhow::Result<(Space, Vec<String>)> {
    let outside = args.out_of_bounds.into();
    if !args.params.is_empty() {
        if args.hyp.is_some() || args.space.is_some() {
            return Err(Told::usage("--param and --hyp or --space exclude each other"));
        }
        return Ok((from_params(&args.params)?, Vec::new()));
    }
    let usual = usual(args, trainer, strategy);
    let hyp = match (hyp, usual) {
        (Some(hyp), _) => hyp,
        (None, Some((name, _))) => source(name, space::builtin::hyp)?,
        (None, None) => {
            return Err(Told::usage(
                "what is to be evolved? --hyp FILE, or --param NAME=START[LOW..HIGH] for each",
            ));
        }
    };
    let kin = kin(&hyp);
    let builtin = match (kin, usual) {
        (_, None) => None,
        (None, _) if trainer.is_yolo() && strategy == StrategyKind::Population => Some("yolov5-population"),
        (None, _) if hyp.name == "hyp/digits.yaml" => Some("digits"),
        (Some(name), _) | (None, Some((_, name))) => Some(name),
    };
    let (ranges, proposed) = ranges(args, &hyp, builtin)?;
    let defaults = match (trainer.is_yolo() && kin.is_none(), strategy) {
        (true, StrategyKind::Yolov5March2021) => Defaults::Yolov5March2021,
        (true, StrategyKind::Yolov3) | (false, _) => Defaults::None,
        (true, _) => Defaults::Yolov5,
    };
    let (space, notices) =
        space::load(&hyp, &ranges, defaults, outside).map_err(|error| Told::usage(error.to_string()))?;
    Ok((space, proposed.into_iter().chain(notices).collect()))
}

/// Gains and bounds: a file that is named, the built-in one, or else proposed ones, which is to be said.
fn ranges(
    args: &RunArgs,
    hyp: &Source,
    builtin: Option<&'static str>,
) -> anyhow::Result<(Source, Option<String>)> {
    if let Some(name) = args.space.as_deref().or(builtin) {
        return Ok((source(name, space::builtin::space)?, None));
    }
    let said =
        format!("bounds are proposed from the values of {}; evotop hyp init writes them to a file", hyp.name);
    let text = space::propose(hyp)?;
    Ok((Source { name: format!("the proposed space for {}", hyp.name), text }, Some(said)))
}

fn from_params(texts: &[String]) -> anyhow::Result<Space> {
    let mut space = Space::default();
    for text in texts {
        let param = space::parse_param(text).map_err(|error| Told::usage(error.to_string()))?;
        if space.get(&param.name).is_some() {
            return Err(Told::usage(format!("--param {}: it is there twice", param.name)));
        }
        space.params.push(param);
    }
    Ok(space)
}

/// A file, or a built-in one by its name.
fn source(name: &str, builtin: impl Fn(&str) -> Option<Source>) -> anyhow::Result<Source> {
    let path = Path::new(name);
    // A clone of YOLOv5 is often a directory of that name.
    if path.is_file() {
        return Source::read(path).map_err(|error| Told::usage(error.to_string()));
    }
    builtin(name).ok_or_else(|| {
        Told::usage(format!("{name}: no such file, and no built-in one of that name (evotop hyp list)"))
    })
}

/// Settings that the command line says, as edits.
pub fn explicit(args: &RunArgs) -> anyhow::Result<Vec<Edit>> {
    let usage =
        |option: &'static str| move |error: steer::GrammarError| Told::usage(format!("{option}: {error}"));
    let mut edits = Vec::new();
    if let Some(name) = &args.strategy {
        edits.push(Edit::Strategy(steer::strategy(name).map_err(usage("--strategy"))?));
    }
    if let Some(name) = &args.parent {
        edits.push(Edit::Parent(steer::parent(name).map_err(usage("--parent"))?));
    }
    if let Some(name) = &args.prune {
        edits.push(Edit::Prune(steer::prune(name).map_err(usage("--prune"))?));
    }
    if let Some(text) = &args.fitness {
        edits.push(Edit::Fitness(steer::weights(text).map_err(usage("--fitness"))?));
    }
    edits.extend(args.method.map(Edit::Method));
    edits.extend(args.sigma.map(Edit::Sigma));
    edits.extend(args.mutation_prob.map(Edit::Probability));
    edits.extend(args.top.map(Edit::Top));
    edits.extend(args.generations.map(Edit::Generations));
    for rule in Rule::ALL {
        if let Some(text) = args.rule(rule) {
            let to = rule.read(text);
            let to =
                to.map_err(|wanted| Told::usage(format!("--{} {text}: {wanted} is wanted", rule.name())))?;
            edits.push(Edit::Rule { rule, to });
        }
    }
    Ok(edits)
}

/// Limits of a trial that the command line says.
pub fn limits(args: &RunArgs) -> anyhow::Result<Limits> {
    let span = |option: &str, text: &Option<String>| {
        text.as_deref().map(|text| time::seconds(option, text)).transpose()
    };
    Ok(Limits {
        trial_timeout: span("--trial-timeout", &args.trial_timeout)?,
        silence: span("--silence", &args.silence)?,
        grace: span("--grace", &args.grace)?,
    })
}

fn spec(args: &RunArgs, trainer: Trainer) -> anyhow::Result<RunSpec> {
    let Limits { trial_timeout, silence, grace } = limits(args)?;
    Ok(RunSpec {
        trainer,
        options: args.trainer_options.options(),
        cwd: std::env::current_dir()?,
        devices: args.devices.clone().unwrap_or_else(|| "auto".into()),
        hyp: args.hyp.clone().unwrap_or_default(),
        space: args.space.clone(),
        trial_timeout,
        silence,
        grace: grace.unwrap_or(10),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::run::again;

    fn started(line: &str) -> Created {
        let words: Vec<String> = line.split(' ').map(Into::into).collect();
        created(&again::read(&words).unwrap(), "x").unwrap()
    }

    #[test]
    fn the_values_that_suit_digits_are_where_others_start_only_where_digits_are_trained_on() {
        for (line, cls, fliplr) in [
            ("evotop run", 2.0, 0.0),
            ("evotop run --data digits", 2.0, 0.0),
            ("evotop run --data coco128.yaml", 0.5, 0.5),
            ("evotop run --data coco128.yaml --hyp digits", 2.0, 0.0),
        ] {
            let created = started(line);
            let value = |name: &str| created.space.get(name).map(|param| param.value);
            assert_eq!((value("cls"), value("fliplr")), (Some(cls), Some(fliplr)), "{line}");
        }
    }

    #[test]
    fn what_the_trainer_is_to_do_is_handed_on_by_the_originals_names() {
        let options = started(
            "evotop run --cos-lr --label-smoothing 0.1 --noautoanchor --rect --single-cls --val last --freeze 10",
        )
        .spec
        .options;
        let told: Vec<String> = options.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let expected =
            "freeze=10 single-cls=true val=last cos-lr=true label-smoothing=0.1 noautoanchor=true rect=true";
        assert_eq!(told.join(" "), expected);
    }
}
