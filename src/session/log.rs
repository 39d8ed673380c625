//! An event as a line to read. What is not worth a line has none.

use serde::{Deserialize, Serialize};

use super::State;
use crate::evolve::Edit;
use crate::journal::{Event, How, Mode, PauseWhy, SteerKind, Who};
use crate::size;
use crate::space::number::yaml;
use crate::trial::{self, End, Origin};

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Milliseconds since 1970-01-01 UTC.
    pub time: i64,
    pub seq: u64,
    pub text: String,
}

/// The line for an event, seen from the state before it was applied.
pub(super) fn line(state: &State, event: &Event) -> Option<String> {
    Some(match event {
        Event::Created(_) | Event::Epoch { .. } => return None,
        Event::Opened(o) => format!("opened on {} by evotop {} (pid {})", o.host.name, o.evotop, o.pid),
        Event::Closed { why } => format!("closed: {why}"),
        Event::Proposed(p) => match p.origin {
            Origin::Bred if p.round.is_some() && p.parents.is_empty() => {
                format!("gen {} of the first population, without parents", p.generation)
            }
            Origin::Bred => format!("gen {} bred, child of {}", p.generation, parents(&p.parents)),
            Origin::Start => format!("gen {} is the start candidate", p.generation),
            Origin::Hand => format!("gen {} made by hand{}", p.generation, by(p.who.as_ref())),
            Origin::Repeat => {
                let first = p.candidate.unwrap_or(p.generation);
                format!("gen {} repeats {first} with seed {}{}", p.generation, p.seed, by(p.who.as_ref()))
            }
            Origin::Import => format!("gen {} imported", p.generation),
        },
        Event::Imported(i) => format!("imported {} from {}", trial::count(i.rows.len()), i.source),
        Event::Program(p) if state.program.as_ref().is_some_and(|known| known.build == p.build) => {
            format!("trainer {} reports {}", p.program, p.metrics.join(", "))
        }
        Event::Program(p) => format!("trainer {} (build {})", p.program, p.build),
        Event::Started(a) => {
            format!("gen {} started on {} (attempt {}, pid {})", a.generation, a.slot, a.attempt, a.pid)
        }
        Event::Requeued { generation, who: Some(who), .. } => {
            format!("gen {generation} goes back to the queue{}", by(Some(who)))
        }
        Event::Requeued { generation, class, detail, .. } => {
            let class = class.map(|c| format!("{c}: ")).unwrap_or_default();
            format!("gen {generation} goes back to the queue: {class}{detail}")
        }
        Event::Ended { generation, end, metrics, who } => {
            format!("{}{}", ended(state, *generation, end, metrics), by(who.as_ref()))
        }
        Event::Steered(s) => {
            let word = match s.kind {
                SteerKind::Edit => "",
                SteerKind::Undo => "undo: ",
                SteerKind::Redo => "redo: ",
            };
            let changes = changes(state, &s.edits, &s.inverse);
            format!("{word}{changes}{}, applies from gen {}", by(Some(&s.who)), s.from)
        }
        Event::Mode { mode, who } => format!("{}{}", mode_text(mode), by(who.as_ref())),
        Event::Frozen { generation, frozen, who } => {
            format!("gen {generation} {}{}", if *frozen { "frozen" } else { "thawed" }, by(who.as_ref()))
        }
        Event::Excluded { first, last, excluded, who } => {
            let which =
                if first == last { format!("gen {first}") } else { format!("gens {first} to {last}") };
            let what = if *excluded { "left out as" } else { "taken back in as" };
            let what = format!("{what} {}", if first == last { "a parent" } else { "parents" });
            format!("{which} {what}{}", by(who.as_ref()))
        }
        Event::SlotAdded { slot, who } => format!("slot {} added{}", slot.name, by(who.as_ref())),
        Event::SlotRemoved { slot, who } => format!("slot {slot} taken away{}", by(who.as_ref())),
        Event::SlotQuarantined { slot, reason, .. } => format!("slot {slot} quarantined: {reason}"),
        Event::SlotHealed { slot } => format!("slot {slot} is tried again"),
        Event::Era(era) => format!("era {}: {}", era.era, era.reason),
        Event::Note { text } => text.clone(),
    })
}

/// Why nothing new starts, in words.
pub fn mode_text(mode: &Mode) -> String {
    match mode {
        Mode::Running => "going on".into(),
        Mode::Paused(why) => match why {
            PauseWhy::Person => "paused".into(),
            PauseWhy::WasFrozen => "paused: it was frozen when its session ended".into(),
            PauseWhy::NothingFree => "paused: every parameter is held still; unpin one to go on".into(),
            PauseWhy::NoSlot => "paused: no slot is left".into(),
            PauseWhy::NoSpace { what, until } => {
                let room =
                    until.map_or_else(|| "there is room".into(), |n| format!("{} are free", size::free(n)));
                format!("paused: disk full ({what}); goes on by itself when {room}")
            }
            PauseWhy::Failures { count, last } => {
                format!("paused: {count} different candidates failed in a row, last with {last}")
            }
            PauseWhy::NoMetric { name, reported } => {
                format!(
                    "paused: no metric {name} for the fitness; make it of what is reported (--fitness, or f on the screen): {}",
                    reported.join(", ")
                )
            }
            PauseWhy::Rule { what } => format!("paused: {what}"),
        },
    }
}

fn ended(state: &State, generation: u64, end: &End, metrics: &crate::trial::Metrics) -> String {
    match end {
        End::Finished | End::Imported => {
            let names: Vec<String> = metrics.0.keys().cloned().collect();
            let values: Vec<f64> = metrics.0.values().copied().collect();
            match state.settings.fitness.fitness(&names, &values) {
                Some(fitness) => format!("gen {generation} finished, fitness {fitness:.4}"),
                None => format!("gen {generation} finished without a fitness"),
            }
        }
        End::Diverged { epoch: 0, what } => format!("gen {generation} diverged: {what}"),
        End::Diverged { epoch, what } => format!("gen {generation} diverged in epoch {epoch}: {what}"),
        End::Failed { class, detail } => format!("gen {generation} failed: {class}: {detail}"),
        End::Aborted => format!("gen {generation} aborted"),
        End::Pruned { epoch } => format!("gen {generation} pruned after epoch {epoch}"),
    }
}

fn parents(parents: &[u64]) -> String {
    match parents {
        [] => "the start candidate".into(),
        [one] => one.to_string(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}

fn by(who: Option<&Who>) -> String {
    let Some(who) = who else { return String::new() };
    let how = match who.how {
        How::Key => "by key",
        How::CommandLine => "by command line",
        How::Shell => "by shell",
        How::File => "by file",
        How::Resume => "by resume",
        How::Rule => return String::new(),
    };
    format!(", {how} ({})", who.user)
}

/// `sigma 0.2 -> 0.15, lr0 free -> pinned at 0.01`.
pub(super) fn changes(state: &State, edits: &[Edit], inverse: &[Edit]) -> String {
    let changes = edits.iter().zip(inverse.iter().rev()).map(|(new, old)| change(state, old, new));
    changes.collect::<Vec<_>>().join(", ")
}

/// `sigma 0.2 -> 0.15`.
fn change(state: &State, old: &Edit, new: &Edit) -> String {
    let outside = outside(state, new).unwrap_or_default();
    format!("{} {} -> {}{outside}", new.subject(), value(state, old), value(state, new))
}

/// That new bounds leave out the value that children come from: it is never moved without a word.
fn outside(state: &State, new: &Edit) -> Option<String> {
    let Edit::Bounds { param, low, high } = new else { return None };
    let i = state.space.index(param)?;
    let p = &state.space.params[i];
    let best = state.history.best().and_then(|(best, _)| best.genes.get(i).copied()).filter(|x| !x.is_nan());
    let (whose, x) = best.map_or(("start", p.value), |x| ("best", x));
    let is_outside = !(*low..=*high).contains(&x);
    is_outside
        .then(|| format!(" (the {whose} value {} is outside: its children are moved inside)", p.show(x, 5)))
}

/// What an edit sets, in words.
pub(super) fn value(state: &State, edit: &Edit) -> String {
    let show = |param: &str, x: f64| state.space.get(param).map_or_else(|| x.to_string(), |p| p.show(x, 5));
    match edit {
        Edit::Strategy(kind) => kind.name().into(),
        Edit::Parent(mode) => mode.name().into(),
        Edit::Top(n) => n.to_string(),
        Edit::Sigma(x) | Edit::Probability(x) => format!("{x}"),
        Edit::Method(m) => m.to_string(),
        Edit::Fitness(weights) => {
            let terms: Vec<String> = weights.0.iter().map(|(name, w)| format!("{w} {name}")).collect();
            terms.join(" + ")
        }
        Edit::Generations(n) => n.to_string(),
        Edit::Prune(prune) => prune.name().into(),
        Edit::Rule { rule, to } => rule.show(*to),
        Edit::Pin { param, at: Some(x) } => format!("pinned at {}", show(param, *x)),
        Edit::Pin { at: None, .. } => "free".into(),
        Edit::Value { param, to } => show(param, *to),
        Edit::Next { param, at: Some(x) } => format!("{} in the next proposal", show(param, *x)),
        Edit::Next { at: None, .. } => "bred".into(),
        Edit::Gain { to, .. } => yaml(*to),
        Edit::Bounds { low, high, .. } => format!("{}..{}", yaml(*low), yaml(*high)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::sample::{created, trial};
    use crate::journal::{Entry, Program, Proposed};
    use crate::session::{Command, steer};

    #[test]
    fn what_a_known_program_reports_is_told_and_not_its_build_again() {
        let mut state = State::new(&created(), 0);
        let program = |metrics: &[&str]| {
            Event::Program(Program {
                program: "train.py".into(),
                build: "f00".into(),
                argv: Vec::new(),
                cwd: "/".into(),
                env: indexmap::IndexMap::new(),
                metrics: metrics.iter().map(ToString::to_string).collect(),
            })
        };
        assert_eq!(line(&state, &program(&[])).unwrap(), "trainer train.py (build f00)");
        state.apply(&Entry { seq: 1, time: 1, event: program(&[]) });
        assert_eq!(line(&state, &program(&["acc", "loss"])).unwrap(), "trainer train.py reports acc, loss");
    }

    #[test]
    fn a_trial_of_the_first_population_is_nobodys_child() {
        let state = State::new(&created(), 0);
        let [Event::Proposed(mut proposed), ..] = trial(1) else { panic!("no proposal") };
        proposed.parents = Box::default();
        let told = |proposed: &Proposed| line(&state, &Event::Proposed(proposed.clone())).unwrap();
        assert_eq!(told(&proposed), "gen 1 bred, child of the start candidate");
        proposed.round = Some(0);
        assert_eq!(told(&proposed), "gen 1 of the first population, without parents");
    }

    #[test]
    fn bounds_that_leave_out_what_children_come_from_say_so() {
        let mut state = State::new(&created(), 0);
        let who = Who { user: "ada".into(), tty: None, ssh: None, how: How::Shell };
        let told = |state: &State, words: &str| {
            let Ok(command @ Command::Edit { .. }) = steer::parse(words, state) else { panic!("{words}") };
            line(state, &state.decide(&command, &who).unwrap()[0]).unwrap()
        };
        let p = state.space.params[0].clone();
        let (inside, above) = (p.low.midpoint(p.value), p.value.midpoint(p.high));
        let start = told(&state, &format!("set {}.low {above}", p.name));
        assert!(start.contains(&format!("the start value {} is outside", p.show(p.value, 5))), "{start}");
        assert!(!told(&state, &format!("set {}.low {inside}", p.name)).contains("outside"));
        for event in trial(0) {
            state.apply(&Entry { seq: state.seq + 1, time: 1, event });
        }
        let best = told(&state, &format!("set {}.low {above}", p.name));
        assert!(best.contains("(the best value "), "{best}");
    }
}
