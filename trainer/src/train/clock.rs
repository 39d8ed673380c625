//! Where the wall time of the compute thread goes while it trains.

use std::fmt;
use std::time::{Duration, Instant};

use super::{BatchReport, EpochReport, Flow, Watch};

/// What the compute thread is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Pictures through the network, and the loss.
    Forward,
    Backward,
    /// Optimiser and EMA.
    Step,
    /// For the loader.
    Waiting,
}

/// Seconds by phase. Where a device works by itself, these are the seconds until it was told what to do.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Shares {
    pub forward: f64,
    pub backward: f64,
    pub step: f64,
    pub waiting: f64,
    /// With everything else: words for whoever watches, mostly.
    pub total: f64,
}

impl Shares {
    /// The part of the time that trains: forward, backward and step.
    pub fn training(&self) -> f64 {
        if self.total > 0.0 { (self.forward + self.backward + self.step) / self.total } else { 0.0 }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.forward += other.forward;
        self.backward += other.backward;
        self.step += other.step;
        self.waiting += other.waiting;
        self.total += other.total;
    }
}

impl fmt::Display for Shares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |seconds: f64| if self.total > 0.0 { 100.0 * seconds / self.total } else { 0.0 };
        write!(
            f,
            "{:.1} % of the training time went into forward {:.1} %, backward {:.1} % and step {:.1} %; {:.1} % into waiting for pictures",
            100.0 * self.training(),
            percent(self.forward),
            percent(self.backward),
            percent(self.step),
            percent(self.waiting),
        )
    }
}

/// Hands everything on to whoever watches, and counts how long it held the training: a pause of a night is no epoch of eight hours.
pub(super) struct Holding<'a> {
    watch: &'a mut dyn Watch,
    held: Duration,
}

impl<'a> Holding<'a> {
    pub fn new(watch: &'a mut dyn Watch) -> Self {
        Self { watch, held: Duration::ZERO }
    }

    /// How long it held since this was asked last.
    pub fn held(&mut self) -> Duration {
        std::mem::take(&mut self.held)
    }
}

impl Watch for Holding<'_> {
    fn flow(&mut self) -> Flow {
        let asked = Instant::now();
        let flow = self.watch.flow();
        self.held += asked.elapsed();
        flow
    }

    fn batch(&mut self, report: &BatchReport) {
        self.watch.batch(report);
    }

    fn epoch(&mut self, report: &EpochReport) {
        self.watch.epoch(report);
    }

    fn say(&mut self, text: String) {
        self.watch.say(text);
    }
}

/// Takes the time of one epoch.
#[derive(Debug)]
pub(super) struct Clock {
    began: Instant,
    last: Instant,
    shares: Shares,
}

impl Clock {
    pub fn start() -> Self {
        let now = Instant::now();
        Self { began: now, last: now, shares: Shares::default() }
    }

    /// So long the training was held: that is no part of it.
    pub fn held(&mut self, held: Duration) {
        self.began += held;
        self.last = Instant::now();
    }

    /// What went on since the last word was this.
    pub fn was(&mut self, phase: Phase) {
        let now = Instant::now();
        let seconds = (now - self.last).as_secs_f64();
        self.last = now;
        *match phase {
            Phase::Forward => &mut self.shares.forward,
            Phase::Backward => &mut self.shares.backward,
            Phase::Step => &mut self.shares.step,
            Phase::Waiting => &mut self.shares.waiting,
        } += seconds;
    }

    pub fn shares(&self) -> Shares {
        Shares { total: self.began.elapsed().as_secs_f64(), ..self.shares }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_are_told_and_all_time_is_in_the_total() {
        let mut clock = Clock::start();
        for phase in [Phase::Waiting, Phase::Forward, Phase::Backward, Phase::Step] {
            clock.was(phase);
        }
        let shares = clock.shares();
        assert!(shares.forward + shares.backward + shares.step + shares.waiting <= shares.total);
        let mut sum = Shares { forward: 30.0, backward: 55.0, step: 10.0, waiting: 4.0, total: 100.0 };
        sum.add(&sum.clone());
        assert_eq!(sum.training(), 0.95);
        let told = sum.to_string();
        assert!(told.starts_with("95.0 % of the training time"), "{told}");
        assert!(
            told.contains("backward 55.0 %") && told.ends_with("4.0 % into waiting for pictures"),
            "{told}"
        );
        assert!(Shares::default().to_string().starts_with("0.0 %"));
    }

    #[test]
    fn a_pause_is_no_part_of_the_training() {
        let pause = Duration::from_secs(10);
        let mut clock = Clock::start();
        clock.began -= pause;
        clock.held(pause);
        assert!(clock.shares().total < pause.as_secs_f64());
    }
}
