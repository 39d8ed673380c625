//! The loop: signals first, then what slots report, clients, edited files, and the clock.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

use super::finish::{Deadline, Finish};
use super::output;
use super::start::{Engine, EngineError, Inlets, Start};
use crate::clock;
use crate::dir::{LockError, SessionDir};
use crate::journal::Event;
use crate::runner::{SlotNews, children};
use crate::session::{Command, SlotHealth, steer};
use crate::wire::{Attached, ClientRequest, Snapshot};

/// How often socket, lock and disk are looked after.
const HOUSEKEEPING: Duration = Duration::from_secs(5);

/// Runs the session in `start.dir` until it ends.
///
/// # Errors
/// Where the session cannot be opened, or its journal cannot be trusted any more.
pub async fn run(start: Start) -> Result<Finish, EngineError> {
    let mut signals = Signals::new().map_err(|error| EngineError::Io { what: "signals".into(), error })?;
    let (mut engine, mut inlets) = Engine::open(start).await?;
    let opening = engine.opening();
    engine.turn(opening)?;
    // Files first: what was saved in them meant the settings before those of the command line.
    engine.files_say()?;
    engine.resume_edits()?;
    let mut housekeeping = Instant::now() + HOUSEKEEPING;
    let finish = loop {
        if let Some(finish) = engine.finish() {
            break finish;
        }
        let wake = engine.wake(housekeeping);
        tokio::select! {
            biased;
            (word, within_grace) = signals.next() => engine.told_to_stop(word, within_grace)?,
            // What slots report is judged by the state, which lacks what waits to be written: it waits as well.
            Some(news) = inlets.slots.recv(), if engine.unwritten.is_empty() => {
                engine.slots_report(news, &mut inlets)?;
            }
            Some(request) = inlets.clients.recv() => engine.client_asks(request)?,
            () = inlets.edited.changed() => engine.files_say()?,
            Some(asked) = inlets.gpus.recv() => engine.gpus_are(asked),
            () = tokio::time::sleep_until(wake) => {
                if Instant::now() >= housekeeping {
                    housekeeping = Instant::now() + HOUSEKEEPING;
                    engine.look_after()?;
                }
                engine.end_in_time();
                engine.turn(Vec::new())?;
            }
        }
    };
    engine.close(&finish).await?;
    Ok(finish)
}

impl Engine {
    /// When the loop has something to do although nothing happens.
    fn wake(&self, housekeeping: Instant) -> Instant {
        let now = clock::now();
        let retries = self.state.slots.values().filter_map(|slot| match slot.health {
            SlotHealth::Quarantined { retry_at, .. } => Some(retry_at),
            _ => None,
        });
        let retry = retries.min().map(|at| Instant::now() + Duration::from_millis((at - now).max(0) as u64));
        let deadline = self.deadline.as_ref().map(|deadline| deadline.at);
        [Some(housekeeping), retry, deadline].into_iter().flatten().min().unwrap_or(housekeeping)
    }

    fn slots_report(&mut self, first: SlotNews, inlets: &mut Inlets) -> Result<(), EngineError> {
        let mut events = self.slot_reports(first);
        // What makes no events (progress, epochs) is taken in at once; what does is a turn of its own, since the next
        // report is judged by the state after it.
        while events.is_empty() {
            match inlets.slots.try_recv() {
                Ok(news) => events.extend(self.slot_reports(news)),
                Err(_) => break,
            }
        }
        self.turn(events)
    }

    fn client_asks(&mut self, request: ClientRequest) -> Result<(), EngineError> {
        match request {
            ClientRequest::Status { answer } => {
                let mut status = self.state.status();
                for slot in &mut status.slots {
                    slot.silent_since = slot.generation.and_then(|g| self.board.silent_since(g));
                }
                if let Some(stopping) = &self.stopping {
                    status.state = "stopping".into();
                    status.why = Some(stopping.why.clone());
                }
                if !self.unwritten.is_empty() {
                    status.state = "paused".into();
                    status.why = Some("nothing can be written (a full disk?)".into());
                }
                let _ = answer.send(Box::new(status));
            }
            ClientRequest::Attach { answer } => {
                if let Ok(snapshot) = Snapshot::of(&self.state) {
                    let _ = answer.send(Attached {
                        snapshot,
                        news: self.news.subscribe(),
                        figures: self.board.look(),
                    });
                }
            }
            ClientRequest::Do { command, who, answer } => {
                let result = self.obey(&command, &who)?;
                let _ = answer.send(result);
            }
            ClientRequest::Say { line, who, answer } => {
                let result = match steer::parse(&line, &self.state) {
                    Ok(command) => self.obey(&command, &who)?,
                    Err(error) => Err(error.to_string()),
                };
                let _ = answer.send(result);
            }
        }
        Ok(())
    }

    /// Does what a person asks for; what was done in words, or why not.
    pub(super) fn obey(
        &mut self,
        command: &Command,
        who: &crate::journal::Who,
    ) -> Result<Result<String, String>, EngineError> {
        if !self.unwritten.is_empty() {
            return Ok(Err(
                "nothing can be written now (a full disk?): nothing can be changed until that is over".into(),
            ));
        }
        let events = match self.state.decide(command, who) {
            Ok(events) => events,
            Err(refused) => return Ok(Err(refused.to_string())),
        };
        if events.is_empty() {
            return Ok(Ok("it is so already".into()));
        }
        let before = self.state.seq;
        let said = events.len();
        if let Command::Stop { now } = command {
            self.stop(&format!("stopped by {}", who.user), *now);
        }
        self.turn(events)?;
        let done = self.state.log.iter().skip_while(|line| line.seq <= before).take(said);
        let text: Vec<&str> = done.map(|line| line.text.as_str()).collect();
        Ok(Ok(text.join("; ")))
    }

    /// A signal: stop after the running trials, `within_grace` where they may take no longer; a second one stops now.
    fn told_to_stop(&mut self, signal: &str, within_grace: bool) -> Result<(), EngineError> {
        let again = self.stopping.is_some();
        let asked = format!("asked to end by {signal}");
        self.stop(&asked, false);
        let grace = Duration::from_secs(self.state.spec.grace);
        let mut how = if again { "now" } else { "after the running trials" }.to_owned();
        if within_grace && !again {
            let said = clock::duration(grace.as_secs_f64());
            how = format!("{how}, within {said}");
            let end = Deadline { at: Instant::now() + grace, why: format!("its grace of {said} is over") };
            self.deadline = self.deadline.take().into_iter().chain([end]).min_by_key(|deadline| deadline.at);
        }
        self.turn(vec![Event::Note { text: format!("{asked}: stopping {how}") }])
    }

    /// Gives up what still runs when the time is up.
    fn end_in_time(&mut self) {
        if let Some(deadline) = self.deadline.take_if(|deadline| Instant::now() >= deadline.at) {
            let before =
                self.stopping.as_ref().map_or_else(String::new, |asked| format!("{}, and ", asked.why));
            self.stop(&format!("{before}{}", deadline.why), true);
        }
    }

    /// Looks after what can go away by itself.
    fn look_after(&mut self) -> Result<(), EngineError> {
        match self.server.keep() {
            Ok(true) => self.notice("the socket had vanished and was made again"),
            Ok(false) => {}
            Err(error) => self.notice(&format!("no client can attach: {error}")),
        }
        match self.lock.beat() {
            // Another process has the session now: not a line more may be written to its journal.
            Err(lost @ LockError::Lost { .. }) => return Err(lost.into()),
            Err(error) => self.notice(&format!("the lock's heartbeat cannot be written: {error}")),
            Ok(()) => {}
        }
        if !self.unwritten.is_empty() {
            self.write_what_waits()?;
        }
        output::rotate(&SessionDir::new(&self.start.dir));
        children::bury();
        let news = self.space_says().into_iter().collect();
        self.turn(news)
    }

    /// Whether a trial that started now could not end before the time is up, from what trials took.
    pub(super) fn no_time_for_another(&self) -> bool {
        let Some(deadline) = &self.deadline else { return false };
        let ended =
            self.state.ended.iter().rev().take(20).filter_map(|g| self.state.history.get(*g)?.seconds());
        let longest = ended.fold(0.0, f64::max);
        Instant::now() + Duration::from_secs_f64(longest) > deadline.at
    }

    /// Ends the session: its last line, its hooks, its slots.
    async fn close(mut self, finish: &Finish) -> Result<(), EngineError> {
        let summary = Event::Note { text: self.state.summary() };
        self.turn(vec![summary, Event::Closed { why: finish.why() }])?;
        for error in self.files.finish(&self.state).await {
            self.notice(&error);
        }
        self.stations.close_all().await;
        self.hooks.finish().await;
        // What was said last is to reach those who listen.
        tokio::time::sleep(Duration::from_millis(50)).await;
        Ok(())
    }
}

/// The signals that end a session in good order.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    user: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        // Caught and dropped, so that a limit on the size of files arrives as an error of the write, like a full disk.
        let _ = signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?;
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            user: signal(SignalKind::user_defined1())?,
        })
    }

    /// Which one, and whether running trials have no more than the grace.
    async fn next(&mut self) -> (&'static str, bool) {
        tokio::select! {
            _ = self.interrupt.recv() => ("SIGINT", false),
            _ = self.terminate.recv() => ("SIGTERM", true),
            _ = self.user.recv() => ("SIGUSR1", true),
        }
    }
}
