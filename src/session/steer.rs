//! The grammar of commands: one line of words becomes a [`Command`]. `docs/steering.md` tells the same.
//!
//! The command line of the screen, `evotop steer` and the session's own files all speak it. [`VERBS`] is the one
//! table behind parsing, help, completion and that page.

use indexmap::IndexMap;
use thiserror::Error;

use super::{Command, State};
use crate::evolve::{Edit, ParentMode, Prune, StrategyKind, Weights};
use crate::journal::SlotSpec;
use crate::space::Param;

/// One verb of the grammar.
pub struct Verb {
    pub name: &'static str,
    /// What follows it, in the notation of the docs.
    pub takes: &'static str,
    pub doc: &'static str,
    parse: Parse,
}

/// Reads what follows a verb.
type Parse = fn(&mut Words, &State) -> Result<Command, GrammarError>;

const fn verb(name: &'static str, takes: &'static str, doc: &'static str, parse: Parse) -> Verb {
    Verb { name, takes, doc, parse }
}

/// Every verb, in the order in which help lists them.
pub const VERBS: &[Verb] = &[
    verb("pin", "PARAM [at VALUE]", "hold a parameter still, at the best value or at VALUE", pin),
    verb("unpin", "PARAM", "let a pinned parameter go", unpin),
    verb(
        "set",
        "PARAM VALUE | PARAM.gain|low|high VALUE | SETTING VALUE",
        "change a value, gain or bound, or any setting below by its name",
        set,
    ),
    verb("sigma", "X", "standard deviation of mutations", |w, s| setting("sigma", w, s)),
    verb("probability", "X", "mutation probability of a gene, 0.01 to 1", |w, s| {
        setting("probability", w, s)
    }),
    verb("parent", "single|weighted", "one of the best as parent, or their weighted mean", |w, s| {
        setting("parent", w, s)
    }),
    verb("top", "N", "how many of the best may be parents", |w, s| setting("top", w, s)),
    verb("strategy", "NAME", "the rules of breeding; the history is kept", |w, s| setting("strategy", w, s)),
    verb("method", "1|2|3", "yolov3's mutation method", |w, s| setting("method", w, s)),
    verb(
        "fitness",
        "W*METRIC [+ W*METRIC ...]",
        "fitness weights; history is scored again at once",
        |w, s| setting("fitness", w, s),
    ),
    verb("generations", "N", "how many trials the run is to have", |w, s| setting("generations", w, s)),
    verb("prune", "off|median|asha", "stop hopeless trials early", |w, s| setting("prune", w, s)),
    verb("pause", "", "let running trials end, start nothing new", |_, _| Ok(Command::Pause)),
    verb("resume", "", "go on, whatever the run was paused for", |_, _| Ok(Command::Resume)),
    verb("freeze", "[GEN]", "hold one running trial now, or all of them and the run", |w, s| {
        Ok(Command::Freeze { generation: w.optional_generation(s)? })
    }),
    verb("thaw", "[GEN]", "let frozen trials go on", |w, s| {
        Ok(Command::Thaw { generation: w.optional_generation(s)? })
    }),
    verb("abort", "GEN [requeue]", "end a running trial, or put it back in the queue", abort),
    verb(
        "enqueue",
        "PARAM=VALUE ... [from GEN]",
        "train a hand-made candidate next; the rest as in GEN or the start candidate",
        enqueue,
    ),
    verb("repeat", "GEN|best", "train a candidate again with the next seed", |w, s| {
        Ok(Command::Repeat { generation: w.generation(s)? })
    }),
    verb("exclude", "GEN | FIRST..LAST | FIRST..", "leave trials out as parents", exclude),
    verb("include", "GEN | FIRST..LAST | FIRST..", "take them back in", include),
    verb("slots", "+DEVICE ... -SLOT ...", "add or take away slots", slots),
    verb("undo", "[!]", "take the last change of settings back; ! also another's", |w, _| {
        Ok(Command::Undo { confirmed: w.bang() })
    }),
    verb("redo", "[!]", "make it again", |w, _| Ok(Command::Redo { confirmed: w.bang() })),
    verb("stop", "[now]", "end the session after the running trials, or now", stop),
];

/// Why a line is not a command.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GrammarError {
    #[error("an empty command; one of: {0}")]
    Empty(String),
    #[error("there is no command {word}; one of: {known}")]
    NoVerb { word: String, known: String },
    #[error("{verb} takes {takes}: {what}")]
    Words { verb: &'static str, takes: &'static str, what: String },
    #[error("there is no parameter or setting {word}; parameters: {params}; settings: {settings}")]
    NoSubject { word: String, params: String, settings: String },
    #[error("{word} is not {wanted}")]
    Value { word: String, wanted: String },
    #[error("nothing has finished yet, so there is no best trial")]
    NoBest,
}

/// Names of the settings, as `set` takes them.
pub const SETTINGS: [&str; 9] =
    ["sigma", "probability", "parent", "top", "strategy", "method", "fitness", "generations", "prune"];

/// The command that a line means in this state.
///
/// # Errors
/// Where the line is not in the grammar; the text says what would be.
pub fn parse(line: &str, state: &State) -> Result<Command, GrammarError> {
    let mut words = Words::new(line);
    let names = || VERBS.iter().map(|v| v.name).collect::<Vec<_>>().join(", ");
    let word = words.next().ok_or_else(|| GrammarError::Empty(names()))?;
    let verb = VERBS
        .iter()
        .find(|v| v.name == word)
        .ok_or_else(|| GrammarError::NoVerb { word: word.into(), known: names() })?;
    let usage = |what: String| GrammarError::Words { verb: verb.name, takes: verb.takes, what };
    words.verb = Some(verb);
    let command = (verb.parse)(&mut words, state)?;
    match words.next() {
        Some(extra) => Err(usage(format!("{extra} is too much"))),
        None => Ok(command),
    }
}

/// The words of a line, taken one after the other.
struct Words<'a> {
    words: std::collections::VecDeque<&'a str>,
    verb: Option<&'static Verb>,
}

impl<'a> Words<'a> {
    fn new(line: &'a str) -> Self {
        Self { words: line.split_whitespace().collect(), verb: None }
    }

    fn next(&mut self) -> Option<&'a str> {
        self.words.pop_front()
    }

    fn peek(&self) -> Option<&'a str> {
        self.words.front().copied()
    }

    fn rest(&mut self) -> Vec<&'a str> {
        self.words.drain(..).collect()
    }

    fn wrong(&self, what: impl Into<String>) -> GrammarError {
        let (verb, takes) = self.verb.map_or(("", ""), |v| (v.name, v.takes));
        GrammarError::Words { verb, takes, what: what.into() }
    }

    fn want(&mut self, what: &str) -> Result<&'a str, GrammarError> {
        self.next().ok_or_else(|| self.wrong(format!("{what} is missing")))
    }

    /// A trial's number, or `best`.
    fn generation(&mut self, state: &State) -> Result<u64, GrammarError> {
        let word = self.want("a generation")?;
        if word == "best" {
            return state.history.best().map(|(t, _)| t.generation).ok_or(GrammarError::NoBest);
        }
        number(word, "a generation (0, 1, 2 ... or best)")
    }

    fn optional_generation(&mut self, state: &State) -> Result<Option<u64>, GrammarError> {
        if self.peek().is_none() { Ok(None) } else { self.generation(state).map(Some) }
    }

    fn bang(&mut self) -> bool {
        self.peek() == Some("!") && self.next().is_some()
    }
}

fn number<T: std::str::FromStr>(word: &str, wanted: &str) -> Result<T, GrammarError> {
    word.parse().map_err(|_| GrammarError::Value { word: word.into(), wanted: wanted.into() })
}

fn finite(word: &str) -> Result<f64, GrammarError> {
    number(word, "a number").and_then(|x: f64| {
        if x.is_finite() {
            Ok(x)
        } else {
            Err(GrammarError::Value { word: word.into(), wanted: "a number".into() })
        }
    })
}

fn param<'s>(word: &str, state: &'s State) -> Result<&'s Param, GrammarError> {
    state.space.get(word).ok_or_else(|| no_subject(word, state))
}

fn no_subject(word: &str, state: &State) -> GrammarError {
    let params: Vec<&str> = state.space.params.iter().map(|p| p.name.as_str()).collect();
    GrammarError::NoSubject { word: word.into(), params: params.join(", "), settings: SETTINGS.join(", ") }
}

fn gene(p: &Param, word: &str) -> Result<f64, GrammarError> {
    let wanted = || match &p.kind {
        crate::space::Kind::Choice(options) => {
            let labels: Vec<String> = options.iter().map(ToString::to_string).collect();
            format!("one of {}", labels.join(", "))
        }
        crate::space::Kind::Int => "a whole number".into(),
        _ => "a number".into(),
    };
    p.parse(word).ok_or_else(|| GrammarError::Value { word: word.into(), wanted: wanted() })
}

fn edit(edit: Edit, state: &State) -> Command {
    Command::Edit { edits: vec![edit], revision: state.revision }
}

/// The value a parameter is pinned at when none is said: the best trial's, or the start value.
pub fn pin_value(p: &Param, state: &State) -> f64 {
    let best = state.history.best().and_then(|(t, _)| Some(*t.genes.get(state.space.index(&p.name)?)?));
    best.filter(|x| x.is_finite()).unwrap_or(p.value)
}

fn pin(words: &mut Words, state: &State) -> Result<Command, GrammarError> {
    let p = param(words.want("a parameter")?, state)?;
    let at = match words.next() {
        None => pin_value(p, state),
        Some("at") => gene(p, words.want("the value")?)?,
        Some(other) => return Err(words.wrong(format!("{other} is not at"))),
    };
    Ok(edit(Edit::Pin { param: p.name.clone(), at: Some(at) }, state))
}

fn unpin(words: &mut Words, state: &State) -> Result<Command, GrammarError> {
    let p = param(words.want("a parameter")?, state)?;
    Ok(edit(Edit::Pin { param: p.name.clone(), at: None }, state))
}

fn set(words: &mut Words, state: &State) -> Result<Command, GrammarError> {
    let subject = words.want("a parameter or setting")?;
    if let Some(p) = state.space.get(subject) {
        let value = gene(p, words.want("the value")?)?;
        return Ok(edit(set_value(p, value), state));
    }
    if let Some(name) = SETTINGS.into_iter().find(|name| *name == subject) {
        return setting(name, words, state);
    }
    let Some((p, field)) =
        subject.rsplit_once('.').and_then(|(name, field)| Some((state.space.get(name)?, field)))
    else {
        return Err(no_subject(subject, state));
    };
    let value = finite(words.want("the value")?)?;
    let param = p.name.clone();
    Ok(edit(
        match field {
            "gain" => Edit::Gain { param, to: value },
            "low" => Edit::Bounds { param, low: value, high: p.high },
            "high" => Edit::Bounds { param, low: p.low, high: value },
            _ => return Err(words.wrong(format!("{field} is not gain, low or high"))),
        },
        state,
    ))
}

/// What "set the value" means: it moves a pin, changes what a gain of 0 holds, and is the value of a free
/// parameter in the next proposal only, since children come from parents (SEMANTICS 7).
pub fn set_value(p: &Param, value: f64) -> Edit {
    let param = p.name.clone();
    match (p.pin, p.is_free()) {
        (Some(_), _) => Edit::Pin { param, at: Some(value) },
        (None, true) => Edit::Next { param, at: Some(value) },
        (None, false) => Edit::Value { param, to: value },
    }
}

fn setting(name: &'static str, words: &mut Words, state: &State) -> Result<Command, GrammarError> {
    let new = match name {
        "sigma" => Edit::Sigma(finite(words.want("the value")?)?),
        "probability" => Edit::Probability(finite(words.want("the value")?)?),
        "top" => Edit::Top(number(words.want("the number")?, "a whole number")?),
        "method" => Edit::Method(number(words.want("the method")?, "1, 2 or 3")?),
        "generations" => Edit::Generations(number(words.want("the number")?, "a whole number")?),
        "parent" => Edit::Parent(parent(words.want("the mode")?)?),
        "prune" => Edit::Prune(prune(words.want("the rule")?)?),
        "strategy" => Edit::Strategy(strategy(words.want("the name")?)?),
        _ => Edit::Fitness(weights(&words.rest().join(" "))?),
    };
    Ok(edit(new, state))
}

/// The way of making parents of this name.
///
/// # Errors
/// Names the ones there are.
pub fn parent(name: &str) -> Result<ParentMode, GrammarError> {
    let wanted = || "single or weighted".into();
    ParentMode::parse(name).ok_or_else(|| GrammarError::Value { word: name.into(), wanted: wanted() })
}

/// The pruning rule of this name.
///
/// # Errors
/// Names the ones there are.
pub fn prune(name: &str) -> Result<Prune, GrammarError> {
    let wanted = || "off, median or asha".into();
    Prune::parse(name).ok_or_else(|| GrammarError::Value { word: name.into(), wanted: wanted() })
}

/// The strategy of this name.
///
/// # Errors
/// Names the ones there are.
pub fn strategy(name: &str) -> Result<StrategyKind, GrammarError> {
    let known = || StrategyKind::ALL.map(StrategyKind::name).join(", ");
    StrategyKind::parse(name)
        .ok_or_else(|| GrammarError::Value { word: name.into(), wanted: format!("one of {}", known()) })
}

/// Fitness weights: `0.1*metrics/mAP_0.5 + 0.9*metrics/mAP_0.5:0.95`; a metric alone has weight 1, `-loss` is -1.
///
/// # Errors
/// Where a term is neither a metric nor a number times a metric.
pub fn weights(text: &str) -> Result<Weights, GrammarError> {
    let mut weights = IndexMap::new();
    for term in text.split(" + ").map(str::trim) {
        let (weight, metric) = match term.split_once('*') {
            Some((weight, metric)) => (finite(weight.trim())?, metric.trim()),
            None => term.strip_prefix('-').map_or((1.0, term), |metric| (-1.0, metric)),
        };
        if metric.is_empty() || metric.contains(char::is_whitespace) {
            return Err(GrammarError::Value {
                word: term.into(),
                wanted: "WEIGHT*METRIC [+ WEIGHT*METRIC ...]".into(),
            });
        }
        weights.insert(metric.to_owned(), weight);
    }
    Ok(Weights(weights))
}

fn abort(words: &mut Words, state: &State) -> Result<Command, GrammarError> {
    let generation = words.generation(state)?;
    let requeue = match words.next() {
        None => false,
        Some("requeue") => true,
        Some(other) => return Err(words.wrong(format!("{other} is not requeue"))),
    };
    Ok(Command::Abort { generation, requeue })
}

fn enqueue(words: &mut Words, state: &State) -> Result<Command, GrammarError> {
    let (mut values, mut base) = (IndexMap::new(), None);
    while let Some(word) = words.next() {
        if word == "from" {
            base = Some(words.generation(state)?);
            continue;
        }
        let (name, value) = word
            .split_once('=')
            .ok_or_else(|| words.wrong(format!("{word} is not PARAM=VALUE or from GEN")))?;
        let p = param(name, state)?;
        values.insert(name.to_owned(), gene(p, value)?);
    }
    if values.is_empty() && base.is_none() {
        return Err(words.wrong("at least one PARAM=VALUE or from GEN is missing"));
    }
    Ok(Command::Enqueue { values, base })
}

/// `120`, `120..130` (both included) or `120..` (to the last).
fn span(words: &mut Words, state: &State) -> Result<(u64, Option<u64>), GrammarError> {
    let Some((first, last)) = words.peek().and_then(|word| word.split_once("..")) else {
        let generation = words.generation(state)?;
        return Ok((generation, Some(generation)));
    };
    words.next();
    let first = number(first, "a generation")?;
    let last = if last.is_empty() { None } else { Some(number(last, "a generation")?) };
    if last.is_some_and(|last| last < first) {
        return Err(words.wrong("the range is the wrong way round"));
    }
    Ok((first, last))
}

fn exclude(words: &mut Words, state: &State) -> Result<Command, GrammarError> {
    span(words, state).map(|(first, last)| Command::Exclude { first, last })
}

fn include(words: &mut Words, state: &State) -> Result<Command, GrammarError> {
    span(words, state).map(|(first, last)| Command::Include { first, last })
}

fn slots(words: &mut Words, _: &State) -> Result<Command, GrammarError> {
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    for word in words.rest() {
        match (word.strip_prefix('+'), word.strip_prefix('-')) {
            (Some(name), _) if !name.is_empty() => added.push(SlotSpec {
                name: name.into(),
                device: name.split_once('#').map_or(name, |(device, _)| device).into(),
            }),
            (_, Some(name)) if !name.is_empty() => removed.push(name.to_owned()),
            _ => return Err(words.wrong(format!("{word} is not +DEVICE or -SLOT"))),
        }
    }
    if added.is_empty() && removed.is_empty() {
        return Err(words.wrong("at least one +DEVICE or -SLOT is missing"));
    }
    Ok(Command::ChangeSlots { added, removed })
}

fn stop(words: &mut Words, _: &State) -> Result<Command, GrammarError> {
    match words.next() {
        None => Ok(Command::Stop { now: false }),
        Some("now") => Ok(Command::Stop { now: true }),
        Some(other) => Err(words.wrong(format!("{other} is not now"))),
    }
}
