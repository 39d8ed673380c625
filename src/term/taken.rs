//! The terminal taken, asked what it can do, and listened to: what the screen and the picker begin with.

use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;

use rustix::fs::OFlags;
use tokio::net::unix::pipe;

use super::caps::{Caps, Environment, probe};
use super::frame::Frame;
use super::guard::Guard;
use super::input::{Decoder, Heard};
use super::keeper::Keeper;
use super::run::{TermOptions, ThemeChoice};
use super::signals::Watched;
use crate::app::Input;
use crate::view::Theme;

/// An escape is held this long for what follows.
const ESCAPE: Duration = Duration::from_millis(50);
const ESCAPE_SSH: Duration = Duration::from_millis(100);

/// The terminal, and both ways to it.
pub(super) struct Taken {
    pub signals: Watched,
    pub guard: Guard,
    pub frame: Frame,
    pub theme: Theme,
    pub keyboard: Keyboard,
    /// What was typed while the terminal was asked.
    pub typed: Vec<Input>,
    /// How long an escape is held.
    pub escape: Duration,
    /// The terminal is on another machine.
    pub ssh: bool,
    /// Dropped last, when the terminal is given back.
    pub keeper: Option<Keeper>,
}

impl Taken {
    /// Takes the terminal. A theme that cannot be used is a warning.
    ///
    /// # Errors
    /// Where there is no terminal, or it fails.
    pub fn by(options: &TermOptions, warnings: &mut Vec<String>) -> io::Result<Self> {
        let signals = Watched::new()?;
        let environment = Environment::with(options.no_color);
        let keeper = Keeper::start();
        let guard = Guard::take()?;
        let mut decoder = Decoder::default();
        let (caps, typed) = probe(guard.tty(), &mut decoder, &environment);
        let (columns, rows) = guard.size();
        let mut frame = Frame::new(columns, rows);
        frame.synchronized = caps.synchronized;
        let theme = theme(options, caps, warnings);
        let keyboard = Keyboard { tty: opened()?, decoder };
        let escape = if environment.ssh { ESCAPE_SSH } else { ESCAPE };
        Ok(Self { signals, guard, frame, theme, keyboard, typed, escape, ssh: environment.ssh, keeper })
    }
}

fn theme(options: &TermOptions, caps: Caps, warnings: &mut Vec<String>) -> Theme {
    let (light, ascii) = (options.light.unwrap_or(caps.light), options.ascii || !caps.unicode);
    let theme = match &options.theme {
        ThemeChoice::Named(name) => Theme::named(name, caps.depth, light, ascii),
        ThemeChoice::File(text) => Theme::parse(text, caps.depth, light, ascii),
    };
    theme.unwrap_or_else(|error| {
        warnings.push(format!("theme: {error}"));
        Theme::named("auto", caps.depth, light, ascii).unwrap_or_else(|_| Theme::plain(ascii))
    })
}

/// The terminal opened once more for reading: it does not block, and the shell's own descriptor is left as it is.
fn opened() -> io::Result<pipe::Receiver> {
    let flags = OFlags::NONBLOCK.bits() as i32;
    let tty = std::fs::File::options().read(true).custom_flags(flags).open("/dev/tty")?;
    pipe::Receiver::from_file_unchecked(tty)
}

/// Bytes from the terminal, as they become input.
pub(super) struct Keyboard {
    tty: pipe::Receiver,
    pub decoder: Decoder,
}

impl Keyboard {
    /// Waits for bytes and decodes them.
    pub async fn read(&mut self) -> io::Result<Vec<Heard>> {
        let mut buffer = [0; 4096];
        loop {
            self.tty.readable().await?;
            match self.tty.try_read(&mut buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => return Ok(self.decoder.feed(&buffer[..count])),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(e) => return Err(e),
            }
        }
    }
}
