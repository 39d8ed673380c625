//! The signals that a screen has to hear.

use std::io;

use rustix::process::Signal;
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};

/// The signals that matter here.
pub(super) struct Watched {
    hangup: Signals,
    terminate: Signals,
    interrupt: Signals,
    window: Signals,
    stop: Signals,
    go_on: Signals,
}

pub(super) enum Watch {
    Leave,
    Resized,
    /// Somebody sent SIGTSTP: Ctrl-Z itself arrives as a key.
    Stop,
    Continued,
}

impl Watched {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            window: signal(SignalKind::window_change())?,
            stop: signal(SignalKind::from_raw(Signal::TSTP.as_raw()))?,
            go_on: signal(SignalKind::from_raw(Signal::CONT.as_raw()))?,
        })
    }

    pub(super) async fn next(&mut self) -> Watch {
        tokio::select! {
            biased;
            _ = self.hangup.recv() => Watch::Leave,
            _ = self.terminate.recv() => Watch::Leave,
            _ = self.interrupt.recv() => Watch::Leave,
            _ = self.window.recv() => Watch::Resized,
            _ = self.stop.recv() => Watch::Stop,
            _ = self.go_on.recv() => Watch::Continued,
        }
    }
}
