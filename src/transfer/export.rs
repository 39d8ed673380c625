//! A session's history as other tools read it.

use std::path::Path;

use serde_json::{Value, json};

use super::{optuna, told};
use crate::dir::{self, EvolveText, RESULT};
use crate::session::State;
use crate::space::Scalar;
use crate::trial::{self, Trial};

/// How a history can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `evolve.csv`, v6 and later.
    EvolveCsv,
    /// `evolve.txt`, 2021.
    EvolveTxt,
    /// The best candidate as a hyp file.
    Hyp,
    /// Everything, trial by trial.
    Json,
    /// A CSV file for data frames: every trial, full precision.
    Frame,
    /// An Optuna journal file.
    Optuna,
}

impl Format {
    /// Its name on the command line, and what it is.
    pub const ALL: [(&'static str, Self); 6] = [
        ("evolve-csv", Self::EvolveCsv),
        ("evolve-txt", Self::EvolveTxt),
        ("hyp", Self::Hyp),
        ("json", Self::Json),
        ("frame", Self::Frame),
        ("optuna", Self::Optuna),
    ];

    /// The format of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, format)| format)
    }

    /// The format that a file's ending means: csv, txt, yaml, json, or log for an Optuna journal.
    pub fn of_path(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "csv" => Some(Self::EvolveCsv),
            "txt" => Some(Self::EvolveTxt),
            "yaml" | "yml" => Some(Self::Hyp),
            "json" => Some(Self::Json),
            "log" => Some(Self::Optuna),
            _ => None,
        }
    }
}

/// The file's text; an error says why there is none.
///
/// # Errors
/// Where this session has nothing of that form.
pub fn write(state: &State, format: Format) -> Result<String, String> {
    Ok(match format {
        Format::EvolveCsv => dir::csv_text(state),
        Format::EvolveTxt => evolve_txt(state)?,
        Format::Hyp => {
            dir::best_text(state).ok_or("nothing has finished yet, so there is no best candidate")?
        }
        Format::Json => serde_json::to_string_pretty(&all(state)).map_err(|error| error.to_string())? + "\n",
        Format::Frame => frame(state),
        Format::Optuna => optuna::journal(state),
    })
}

fn evolve_txt(state: &State) -> Result<String, String> {
    let table = EvolveText::of(state).ok_or(
        "evolve.txt has the seven results of YOLO, which this session has not got; export another format",
    )?;
    if table.is_empty() && table.unknown > 0 {
        return Err(format!(
            "evolve.txt needs a mAP in every row, and of {} with a result none has one; export another format",
            trial::count(table.unknown)
        ));
    }
    Ok(table.text())
}

/// What a file of that form holds of a session: the tables leave out trials without a result, that of 2021 others, too.
pub fn held(state: &State, format: Format, text: &str) -> String {
    let all = state.history.trials().len();
    let rows = match format {
        Format::Hyp => return "the best candidate".into(),
        Format::EvolveCsv => text.lines().count().saturating_sub(1),
        Format::EvolveTxt => text.lines().count(),
        Format::Json | Format::Frame | Format::Optuna => all,
    };
    let unknown = match format {
        Format::EvolveTxt => EvolveText::of(state).map_or(0, |table| table.unknown),
        _ => 0,
    };
    let said = if rows == all { trial::count(all) } else { format!("{rows} of {}", trial::count(all)) };
    match unknown {
        0 => said,
        n => format!("{said}; without {n} whose mAP is not known, which this table cannot say"),
    }
}

fn all(state: &State) -> Value {
    json!({
        "format": "evotop history 1",
        "session": state.name,
        "evotop": state.evotop,
        "seed": state.seed,
        "created": state.created_at,
        "settings": state.settings,
        "space": state.space,
        "metrics": state.metrics,
        "eras": state.eras,
        "best": state.history.best().map(|(trial, _)| trial.generation),
        "trials": state.history.trials().iter().map(|t| trial(state, t)).collect::<Vec<_>>(),
    })
}

fn trial(state: &State, t: &Trial) -> Value {
    let metric = |at: usize| t.metrics.get(at).copied().filter(|x| x.is_finite());
    let metrics: indexmap::IndexMap<&String, Option<f64>> =
        state.metrics.iter().enumerate().map(|(at, name)| (name, metric(at))).collect();
    let genes = state.space.params.iter().zip(&t.genes);
    let searched =
        genes.map(|(p, x)| (p.name.clone(), if x.is_finite() { json!(p.scalar(*x)) } else { Value::Null }));
    let fixed = state.space.fixed.iter().map(|(name, value)| (name.clone(), json!(value)));
    let mut all = json!({
        "generation": t.generation,
        "candidate": t.candidate,
        "origin": t.origin,
        "parents": t.parents,
        "trial_seed": t.seed,
        "era": t.era,
        "round": t.round,
        "end": t.end.as_ref().map(crate::trial::End::word),
        "excluded": t.excluded,
        "proposed": t.proposed_at,
        "started": t.started_at,
        "ended": t.ended_at,
        "fitness": t.fitness,
        "metrics": metrics,
        "hyp": searched.chain(fixed).collect::<serde_json::Map<_, _>>(),
    });
    if let Value::Object(all) = &mut all {
        let told = told::of_end(t).into_iter().chain(told::of_cost(t.cost));
        all.extend(told.filter_map(|(name, told)| Some((name.to_owned(), json!(told?)))));
        if !t.curve.is_empty() {
            all.insert("curve".into(), t.curve.iter().map(|x| json!(x.is_finite().then_some(*x))).collect());
        }
    }
    all
}

/// The columns before the metrics.
pub(super) const FRAME: [&str; 16] = [
    told::GENERATION,
    "candidate",
    "origin",
    told::END,
    told::EPOCH,
    told::CLASS,
    told::DETAIL,
    "era",
    "trial_seed",
    told::PARENTS,
    "excluded",
    told::COST[0],
    told::COST[1],
    told::COST[2],
    told::COST[3],
    "fitness",
];

fn frame(state: &State) -> String {
    let params = state.space.params.iter().map(|p| p.name.as_str());
    let hyps = params.chain(state.space.fixed.keys().map(String::as_str));
    let others: Vec<&str> = FRAME.into_iter().chain(hyps.clone()).collect();
    let metric = |name: &String| {
        if others.contains(&name.as_str()) { format!("{name}{RESULT}") } else { name.clone() }
    };
    let metrics = state.metrics.iter().map(metric);
    let mut text = line(FRAME.map(str::to_owned).into_iter().chain(metrics).chain(hyps.map(str::to_owned)));
    for t in state.history.trials() {
        text.push_str(&line(frame_row(state, t)));
    }
    text
}

fn frame_row<'a>(state: &'a State, t: &'a Trial) -> impl Iterator<Item = String> + 'a {
    let number = |x: Option<f64>| x.filter(|x| x.is_finite()).map_or(String::new(), |x| x.to_string());
    let told = |(_, told): (&str, Option<Scalar>)| told.map_or(String::new(), |told| shown(&told));
    let [epoch, class, detail] = told::of_end(t).map(told);
    let head = [
        t.generation.to_string(),
        t.candidate.to_string(),
        json!(t.origin).as_str().unwrap_or_default().to_owned(),
        t.end.as_ref().map_or("", |end| end.word()).to_owned(),
        epoch,
        class,
        detail,
        t.era.to_string(),
        t.seed.to_string(),
        told::of_parents(&t.parents),
        t.excluded.to_string(),
    ];
    let metrics = (0..state.metrics.len()).map(move |i| number(t.metrics.get(i).copied()));
    let genes = state.space.params.iter().zip(&t.genes);
    let genes = genes.map(|(p, x)| if x.is_finite() { shown(&p.scalar(*x)) } else { String::new() });
    let cost = told::of_cost(t.cost).map(told).chain([number(t.fitness)]);
    head.into_iter().chain(cost).chain(metrics).chain(genes).chain(state.space.fixed.values().map(shown))
}

fn shown(value: &Scalar) -> String {
    value.number().map_or_else(|| value.to_string(), |x| x.to_string())
}

fn line(cells: impl Iterator<Item = String>) -> String {
    cells.map(|cell| dir::quoted(&cell)).collect::<Vec<_>>().join(",") + "\n"
}
