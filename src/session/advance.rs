//! What follows from the state by itself: what a free slot does next, and what the end of an attempt means.

use std::collections::BTreeSet;

use super::{SlotHealth, State};
use crate::evolve::{Ask, Refusal, propose};
use crate::journal::{Event, Mode, PauseWhy, Proposed};
use crate::trial::{End, FailureClass, Metrics, Origin, Outcome, Trial};

/// Own failures of a trial after which it is failed for good.
const FAILURES_OF_A_TRIAL: u32 = 2;
/// Different candidates that fail in a row before the run is held.
const FAILURES_IN_A_ROW: usize = 3;

/// What a free slot does.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// Start this trial, which waits.
    Start(u64),
    /// Journal these, then ask again.
    First(Vec<Event>),
    /// Nothing now.
    Wait(Waiting),
}

/// Why a free slot has nothing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// The run is paused.
    Paused,
    /// Every trial is proposed; the last ones run.
    Last,
    /// Every trial has ended.
    Complete,
    /// A generational strategy waits for its round: trials left of how many.
    Round { left: u32, of: u32 },
    /// What waits is to be tried on another slot.
    OtherSlot,
}

impl State {
    /// What a free slot does next. `taken` are trials that were given to a slot and have not started yet.
    pub fn next_for(&self, slot: &str, taken: &BTreeSet<u64>) -> Next {
        if self.mode != Mode::Running {
            return Next::Wait(Waiting::Paused);
        }
        if self.stopped().is_some() {
            return Next::Wait(if self.is_complete() { Waiting::Complete } else { Waiting::Last });
        }
        if let Some(generation) = self.queue.iter().find(|g| !taken.contains(g) && self.suits(**g, slot)) {
            return Next::Start(*generation);
        }
        if self.left_to_propose() == 0 {
            let waiting = if self.is_complete() {
                Waiting::Complete
            } else if self.queue.iter().all(|g| taken.contains(g)) {
                Waiting::Last
            } else {
                Waiting::OtherSlot
            };
            return Next::Wait(waiting);
        }
        match self.proposal() {
            Ok(proposed) => Next::First(vec![Event::Proposed(proposed)]),
            Err(Refusal::NothingFree) => {
                Next::First(vec![Event::Mode { mode: Mode::Paused(PauseWhy::NothingFree), who: None }])
            }
            Err(Refusal::Round { left, of }) => Next::Wait(Waiting::Round { left, of }),
        }
    }

    /// The next proposal: the start candidate where nothing was tried before, the best one again where its turn has come
    /// (`--repeat-best`), a bred one otherwise.
    ///
    /// # Errors
    /// Where nothing is free, or a generational strategy waits for its round.
    pub fn proposal(&self) -> Result<Proposed, Refusal> {
        let generation = self.history.next_generation();
        let plain = Proposed {
            generation,
            candidate: None,
            origin: Origin::Start,
            seed: self.trial_seed,
            revision: self.revision,
            settings: self.settings_digest(),
            genes: self.space.start(),
            parents: Box::default(),
            changes: Box::default(),
            round: None,
            who: None,
        };
        if generation == 0 {
            return Ok(plain);
        }
        if let Some(again) = self.best_again(generation) {
            let (genes, candidate, seed) = again;
            return Ok(Proposed { origin: Origin::Repeat, genes, candidate: Some(candidate), seed, ..plain });
        }
        let bred = propose(&Ask {
            space: &self.space,
            settings: &self.settings,
            history: &self.history,
            next: &self.next,
            seed: self.seed,
            generation,
        })?;
        let (genes, parents, changes, round) = (bred.genes, bred.parents, bred.changes, bred.round);
        Ok(Proposed { origin: Origin::Bred, genes, parents, changes, round, ..plain })
    }

    /// The best candidate's next trial, where this generation is one that repeats it.
    fn best_again(&self, generation: u64) -> Option<(Box<[f64]>, u64, u64)> {
        let every = self.settings.rules.repeat_best.filter(|every| *every > 0)?;
        let due = generation.is_multiple_of(every);
        self.history.best().filter(|_| due).map(|(best, _)| self.again(best))
    }

    /// Another trial of this one's candidate: what it trains, the candidate, and the next trial seed.
    pub(super) fn again(&self, trial: &Trial) -> (Box<[f64]>, u64, u64) {
        let last = self.history.trials_of(trial.candidate).map(|t| t.seed).max().unwrap_or(trial.seed);
        (self.whole_genes(trial), trial.candidate, last.saturating_add(1))
    }

    /// A trial's genes. An imported row, or one that holds a lost trial's place, may lack some: the start value stands for it.
    pub(super) fn whole_genes(&self, trial: &Trial) -> Box<[f64]> {
        let known = trial.genes.iter().zip(&self.space.params);
        known.map(|(x, p)| if x.is_nan() { p.value } else { *x }).collect()
    }

    /// A digest of everything that was set: crc32 over the JSON of space, settings and next-only values.
    ///
    /// A setting that is added later must be left out of its JSON at its default, or old journals would no longer
    /// verify.
    pub fn settings_digest(&self) -> u32 {
        let text = serde_json::to_vec(&(&self.space, &self.settings, &self.next));
        text.map_or(0, |text| crc32fast::hash(&text))
    }

    /// A trial that failed is tried again on another slot, where there is a well one.
    fn suits(&self, generation: u64, slot: &str) -> bool {
        let Some((_, Some(failed_on))) = self.failures.get(&generation) else { return true };
        let another = self.slots.iter().any(|(name, s)| name != failed_on && s.health == SlotHealth::Well);
        failed_on != slot || !another
    }

    /// What the end of an attempt means: the trial is over, or goes back to the queue; and the run may be held.
    ///
    /// An attempt that the state does not know (aborted or put back meanwhile, or never started) means nothing for its
    /// trial, which waits or is over. A full disk holds the run all the same.
    pub fn attempt_ended(&self, generation: u64, attempt: u32, outcome: &Outcome) -> Vec<Event> {
        let Some(running) = self.running.get(&generation).filter(|r| r.attempt == attempt) else {
            return match outcome {
                Outcome::Failed { class: FailureClass::NoSpace, detail } => vec![no_space(detail)],
                _ => Vec::new(),
            };
        };
        let ended =
            |end, metrics: &Metrics| Event::Ended { generation, end, metrics: metrics.clone(), who: None };
        let last_epoch = running.epochs_done.last().cloned().unwrap_or_default();
        match outcome {
            Outcome::Finished { metrics } => self.finished(generation, metrics, running.epoch),
            Outcome::Diverged { epoch, what } => {
                vec![ended(End::Diverged { epoch: *epoch, what: what.clone() }, &last_epoch)]
            }
            Outcome::Aborted => vec![ended(End::Aborted, &last_epoch)],
            Outcome::Pruned { epoch } => vec![ended(End::Pruned { epoch: *epoch }, &last_epoch)],
            Outcome::Interrupted => {
                vec![requeue(generation, attempt, None, "interrupted", false)]
            }
            Outcome::Failed { class, detail } => self.failed(generation, attempt, *class, detail),
        }
    }

    fn finished(&self, generation: u64, metrics: &Metrics, epoch: u32) -> Vec<Event> {
        if let Some((name, value)) = metrics.not_finite() {
            let end = End::Diverged { epoch, what: format!("{name} is {value}") };
            return vec![Event::Ended { generation, end, metrics: metrics.clone(), who: None }];
        }
        let mut events =
            vec![Event::Ended { generation, end: End::Finished, metrics: metrics.clone(), who: None }];
        let missing =
            self.settings.fitness.0.iter().find(|(name, w)| **w != 0.0 && metrics.get(name).is_none());
        if let Some((name, _)) = missing {
            let why =
                PauseWhy::NoMetric { name: name.clone(), reported: metrics.0.keys().cloned().collect() };
            events.push(Event::Mode { mode: Mode::Paused(why), who: None });
        }
        events
    }

    fn failed(&self, generation: u64, attempt: u32, class: FailureClass, detail: &str) -> Vec<Event> {
        match class {
            FailureClass::NoSpace => {
                vec![requeue(generation, attempt, Some(class), detail, false), no_space(detail)]
            }
            FailureClass::SlotLost => vec![requeue(generation, attempt, Some(class), detail, false)],
            _ => {
                let before = self.failures.get(&generation).map_or(0, |f| f.0);
                let mut events = vec![if before + 1 < FAILURES_OF_A_TRIAL {
                    requeue(generation, attempt, Some(class), detail, true)
                } else {
                    let end = End::Failed { class, detail: detail.to_owned() };
                    Event::Ended { generation, end, metrics: Metrics::default(), who: None }
                }];
                events.extend(
                    self.says_nothing(class, detail)
                        .or_else(|| self.too_many_failures(generation, class, detail)),
                );
                events
            }
        }
    }

    /// Holds the run when the first program that ends well reports no metric: its words are wrong, not its candidate,
    /// and no more time is to be spent on them.
    fn says_nothing(&self, class: FailureClass, detail: &str) -> Option<Event> {
        let first = self.history.parents() == 0 && self.mode == Mode::Running;
        let why = PauseWhy::Rule { what: detail.to_owned() };
        (first && class == FailureClass::Protocol && self.spec.trainer.is_command())
            .then_some(Event::Mode { mode: Mode::Paused(why), who: None })
    }

    /// Holds the run when different candidates fail one after the other, and not only on one slot of several.
    fn too_many_failures(&self, generation: u64, class: FailureClass, detail: &str) -> Option<Event> {
        let slot = &self.running.get(&generation)?.slot;
        let others: Vec<&(u64, String)> =
            self.failed_in_a_row.iter().filter(|(g, _)| *g != generation).collect();
        let one_slot_of_several = self.slots.len() > 1 && others.iter().all(|(_, s)| s == slot);
        if others.len() + 1 < FAILURES_IN_A_ROW || one_slot_of_several || self.mode != Mode::Running {
            return None;
        }
        let count = others.len() as u32 + 1;
        let why = PauseWhy::Failures { count, last: format!("{class}: {detail}") };
        Some(Event::Mode { mode: Mode::Paused(why), who: None })
    }
}

/// Holds the run until there is space.
fn no_space(detail: &str) -> Event {
    let why = PauseWhy::NoSpace { what: detail.to_owned(), until: None };
    Event::Mode { mode: Mode::Paused(why), who: None }
}

fn requeue(generation: u64, attempt: u32, class: Option<FailureClass>, detail: &str, counts: bool) -> Event {
    Event::Requeued { generation, attempt, class, detail: detail.to_owned(), counts, who: None }
}
