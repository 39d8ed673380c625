//! The grammar of commands: one line of words becomes a [`Command`]. `docs/steering.md` tells the same.
//!
//! The command line of the screen, `evotop steer` and the session's own files all speak it. [`VERBS`] is the one
//! table behind parsing, help, completion and that page. `words.rs` takes a line apart, `settings.rs` reads what is set
//! (parameters, settings and their values), `trials.rs` what is done with trials and slots.

mod settings;
mod trials;
mod words;

use super::{Command, State};
use crate::evolve::Rule;
use settings::{full_name, named, pin, set, unpin};
use trials::{abort, enqueue, exclude, include, slots, stop};
use words::Words;

pub use settings::{SETTINGS, parent, pin_value, prune, set_value, strategy, weights};
pub use words::GrammarError;

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

/// The verb that sets the number of a rule.
const fn rule(rule: Rule) -> Verb {
    verb(rule.name(), rule.takes(), rule.doc(), named)
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
    verb("sigma", "X", "standard deviation of mutations", named),
    verb("probability", "X", "mutation probability of a gene, 0.01 to 1; mutation is the same word", named),
    verb("parent", "single|weighted", "one of the best as parent, or their weighted mean", named),
    verb("top", "N", "how many of the best may be parents", named),
    verb("strategy", "NAME", "the rules of breeding; the history is kept", named),
    verb("method", "1|2|3", "yolov3's mutation method", named),
    verb("fitness", "W*METRIC [+ W*METRIC ...]", "fitness weights; history is scored again at once", named),
    verb("generations", "N", "how many trials the run is to have", named),
    verb("prune", "off|median|asha", "stop hopeless trials early", named),
    rule(Rule::PruneWarmUp),
    rule(Rule::PruneTrials),
    rule(Rule::PrunePatience),
    rule(Rule::RepeatBest),
    rule(Rule::MaxHours),
    rule(Rule::Patience),
    rule(Rule::Target),
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
    verb("exclude", "GEN | FIRST..LAST | FIRST.. | earlier", "leave trials out as parents", exclude),
    verb("include", "GEN | FIRST..LAST | FIRST.. | earlier", "take them back in", include),
    verb("slots", "+DEVICE ... -SLOT ...", "add or take away slots", slots),
    verb("undo", "[!]", "take the last change of settings back; ! also another's", |w, _| {
        Ok(Command::Undo { confirmed: w.bang() })
    }),
    verb("redo", "[!]", "make it again", |w, _| Ok(Command::Redo { confirmed: w.bang() })),
    verb("stop", "[now]", "end the session after the running trials, or now", stop),
];

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
        .find(|v| v.name == full_name(word))
        .ok_or_else(|| GrammarError::NoVerb { word: word.into(), known: names() })?;
    let usage = |what: String| GrammarError::Words { verb: verb.name, takes: verb.takes, what };
    words.verb = Some(verb);
    let command = (verb.parse)(&mut words, state)?;
    match words.next() {
        Some(extra) => Err(usage(format!("{extra} is too much"))),
        None => Ok(command),
    }
}
