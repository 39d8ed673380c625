//! The loop between a link and the terminal: signals first, then input, then news.

use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::process::{Signal, kill_current_process_group};
use tokio::net::unix::pipe;
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::time::{Instant, sleep_until};

use super::caps::{Caps, Environment, probe, readable};
use super::files;
use super::frame::Frame;
use super::guard::Guard;
use super::input::{Decoder, Heard};
use crate::app::{Effect, Input, Model, News, Options, Request};
use crate::view::{self, Cache, Theme};

/// The two ends that the screen holds.
pub struct Link {
    pub news: Receiver<News>,
    pub requests: Sender<Request>,
}

/// Which theme.
#[derive(Debug, Clone)]
pub enum ThemeChoice {
    /// `auto`, or one that comes with evotop.
    Named(String),
    /// The text of a theme file.
    File(String),
}

/// How the screen is started.
#[derive(Debug)]
pub struct TermOptions {
    pub app: Options,
    pub theme: ThemeChoice,
    pub ascii: bool,
    pub no_color: bool,
    /// A light or a dark background; none asks the terminal.
    pub light: Option<bool>,
}

/// How the screen was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// By the person; `stopped` if the run was asked to stop as well.
    Left { stopped: bool },
    /// By SIGTERM, SIGHUP or a terminal that went away.
    Terminated,
}

/// News is gathered this long before it is drawn.
const GATHER: Duration = Duration::from_millis(100);
const GATHER_SSH: Duration = Duration::from_millis(250);
/// Progress within an epoch is no event: a bar that moves twice a second is calm, and half the bytes.
const GATHER_PROGRESS: Duration = Duration::from_millis(500);
/// An escape is held this long for what follows.
const ESCAPE: Duration = Duration::from_millis(50);
const ESCAPE_SSH: Duration = Duration::from_millis(100);

struct Screen {
    guard: Guard,
    frame: Frame,
    model: Model,
    cache: Cache,
    theme: Theme,
    requests: Sender<Request>,
    /// `changes` of the model as drawn last.
    drawn: Option<u64>,
    exit: Option<Exit>,
    drop_typed: bool,
}

/// Shows the screen until it is left.
///
/// # Errors
/// Where there is no terminal, or it fails.
pub async fn run(mut link: Link, options: TermOptions) -> io::Result<Exit> {
    let mut signals = Watched::new()?;
    let environment = Environment::with(options.no_color);
    let guard = Guard::take()?;
    let mut decoder = Decoder::default();
    let (caps, typed) = probe(guard.tty(), &mut decoder, &environment);
    let (columns, rows) = guard.size();
    let mut frame = Frame::new(columns, rows);
    frame.synchronized = caps.synchronized;
    let mut app = options.app;
    let theme = theme(&options.theme, caps, options.ascii, options.light, &mut app.warnings);
    let reader = reader()?;
    let mut screen = Screen {
        model: Model::new(app, now()),
        cache: Cache::default(),
        theme,
        frame,
        requests: link.requests,
        drawn: None,
        exit: None,
        drop_typed: false,
        guard,
    };
    screen.input(Input::Resize(columns, rows));
    for input in typed {
        screen.input(input);
    }
    let (gather, escape) = if environment.ssh { (GATHER_SSH, ESCAPE_SSH) } else { (GATHER, ESCAPE) };
    let mut draw_at: Option<Instant> = Some(Instant::now());
    let mut escape_at: Option<Instant> = None;
    let mut ended = false;
    while screen.exit.is_none() {
        let wake = wakes(&screen.model, draw_at, escape_at);
        tokio::select! {
            biased;
            signal = signals.next() => match signal {
                Watch::Leave => screen.exit = Some(Exit::Terminated),
                Watch::Resized => {
                    screen.resized();
                    draw_at = Some(Instant::now());
                }
                Watch::Continued => {
                    screen.guard.again()?;
                    screen.frame.forget();
                    screen.resized();
                    screen.drawn = None;
                    draw_at = Some(Instant::now());
                }
            },
            heard = read(&reader, &mut decoder) => match heard {
                Ok(heard) => {
                    screen.hear(heard);
                    escape_at = decoder.is_open().then(|| Instant::now() + escape);
                    // Input is drawn at once, not gathered with news.
                    draw_at = Some(Instant::now());
                }
                Err(_) => screen.exit = Some(Exit::Terminated),
            },
            news = next(&mut link.news, ended) => if let Some(news) = news {
                let mut wait = patience(&news, gather);
                screen.news(news);
                while let Ok(more) = link.news.try_recv() {
                    wait = wait.min(patience(&more, gather));
                    screen.news(more);
                }
                let soon = Instant::now() + wait;
                draw_at = Some(draw_at.map_or(soon, |at| at.min(soon)));
            } else {
                screen.news(News::Lost { why: "the session's link ended".into() });
                draw_at = Some(Instant::now());
                ended = true;
            },
            () = at(wake) => {}
        }
        let moment = Instant::now();
        if escape_at.is_some_and(|at| at <= moment) {
            escape_at = None;
            let heard = decoder.time_out();
            screen.hear(heard);
            draw_at = Some(moment);
        }
        if screen.model.tick(now()) {
            screen.effects_of_time();
            draw_at = draw_at.or(Some(moment));
        }
        if draw_at.is_some_and(|at| at <= moment) {
            draw_at = None;
            screen.draw()?;
            if std::mem::take(&mut screen.drop_typed) {
                drop_typed(screen.guard.tty(), &mut decoder)?;
            }
        }
    }
    let exit = screen.exit.unwrap_or(Exit::Terminated);
    match screen.guard.give_back() {
        Err(e) if exit != Exit::Terminated => Err(e),
        _ => Ok(exit),
    }
}

pub(super) fn theme(
    choice: &ThemeChoice,
    caps: Caps,
    ascii: bool,
    light: Option<bool>,
    warnings: &mut Vec<String>,
) -> Theme {
    let (light, ascii) = (light.unwrap_or(caps.light), ascii || !caps.unicode);
    let theme = match choice {
        ThemeChoice::Named(name) => Theme::named(name, caps.depth, light, ascii),
        ThemeChoice::File(text) => Theme::parse(text, caps.depth, light, ascii),
    };
    theme.unwrap_or_else(|error| {
        warnings.push(format!("theme: {error}"));
        Theme::named("auto", caps.depth, light, ascii).unwrap_or_else(|_| Theme::plain(ascii))
    })
}

/// Milliseconds since 1970-01-01 UTC.
pub(super) fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

fn wakes(model: &Model, draw_at: Option<Instant>, escape_at: Option<Instant>) -> Option<Instant> {
    let clock = model.wakes_at().map(|at| {
        let left = u64::try_from(at - now()).unwrap_or(0);
        Instant::now() + Duration::from_millis(left + 1)
    });
    [draw_at, escape_at, clock].into_iter().flatten().min()
}

/// How long this may wait to be drawn.
fn patience(news: &News, gather: Duration) -> Duration {
    if matches!(news, News::Progress { .. } | News::Figures(_)) { GATHER_PROGRESS } else { gather }
}

async fn at(when: Option<Instant>) {
    match when {
        Some(when) => sleep_until(when).await,
        None => std::future::pending().await,
    }
}

/// The next news; after the link's end nothing more ever comes.
async fn next(news: &mut Receiver<News>, ended: bool) -> Option<News> {
    if ended { std::future::pending().await } else { news.recv().await }
}

/// The terminal opened once more for reading: it does not block, and the shell's own descriptor is left as it is.
pub(super) fn reader() -> io::Result<pipe::Receiver> {
    let flags = OFlags::NONBLOCK.bits() as i32;
    let tty = std::fs::File::options().read(true).custom_flags(flags).open("/dev/tty")?;
    pipe::Receiver::from_file_unchecked(tty)
}

/// Waits for bytes and decodes them.
pub(super) async fn read(reader: &pipe::Receiver, decoder: &mut Decoder) -> io::Result<Vec<Heard>> {
    let mut buffer = [0; 4096];
    loop {
        reader.readable().await?;
        match reader.try_read(&mut buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => return Ok(decoder.feed(&buffer[..count])),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
            Err(e) => return Err(e),
        }
    }
}

/// Throws away what was typed before a question was on the screen.
fn drop_typed(tty: &std::fs::File, decoder: &mut Decoder) -> io::Result<()> {
    let mut buffer = [0; 4096];
    while readable(tty, Duration::ZERO) {
        let count = (&*tty).read(&mut buffer)?;
        if count == 0 {
            break;
        }
        let _ = decoder.feed(&buffer[..count]);
    }
    Ok(())
}

impl Screen {
    fn hear(&mut self, heard: Vec<Heard>) {
        for heard in heard {
            // A late answer of the terminal is nobody's key.
            let Heard::Input(input) = heard else { continue };
            if self.drop_typed {
                continue;
            }
            self.input(input);
        }
    }

    fn input(&mut self, input: Input) {
        let effects = self.model.input(input, now());
        self.perform(effects);
    }

    fn news(&mut self, news: News) {
        let effects = self.model.news(news, now());
        self.perform(effects);
    }

    fn effects_of_time(&mut self) {
        let effects = self.model.wants();
        self.perform(effects);
    }

    fn resized(&mut self) {
        let (columns, rows) = self.guard.size();
        self.frame.resize(columns, rows);
        self.input(Input::Resize(columns, rows));
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send(request) => {
                    if self.requests.try_send(request).is_err() {
                        self.model.toasts.error("the session does not take requests now".into(), now());
                    }
                }
                Effect::Leave { stopped } => self.exit = Some(Exit::Left { stopped }),
                Effect::Copy(text) => {
                    let _ = self.guard.write(osc52(&text).as_bytes());
                }
                Effect::Suspend => self.suspend(),
                Effect::Redraw => {
                    self.frame.forget();
                    self.drawn = None;
                }
                Effect::DropTyped => self.drop_typed = true,
                Effect::ReadEnd { generation, path } => {
                    self.model.log_end(generation, files::read_end(&path));
                }
                Effect::ReadLog { path, from } => self.read_log(&path, from),
                Effect::Save { path, text } => {
                    let result = files::write_new(&path, &text);
                    self.model.saved(&path, result);
                }
            }
        }
    }

    fn read_log(&mut self, path: &Path, from: u64) {
        let bytes = files::read_on(path, from);
        self.model.log_read(path, from, bytes);
    }

    /// Back to the shell. Where nothing stops it (no shell with jobs), it goes on at once.
    fn suspend(&mut self) {
        if self.guard.give_back().is_ok() {
            let _ = kill_current_process_group(Signal::TSTP);
        }
        if self.guard.again().is_err() {
            self.exit = Some(Exit::Terminated);
        }
        self.frame.forget();
        self.drawn = None;
        self.resized();
    }

    /// Draws where something changed, in one write.
    fn draw(&mut self) -> io::Result<()> {
        if self.drawn == Some(self.model.changes) {
            return Ok(());
        }
        self.drawn = Some(self.model.changes);
        view::draw(&self.model, &self.theme, &mut self.cache, self.frame.blank());
        let bytes = self.frame.bytes()?;
        if !bytes.is_empty() {
            self.guard.write(&bytes)?;
        }
        Ok(())
    }
}

/// The sequence that puts text into the terminal's clipboard.
fn osc52(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut code = String::new();
    for three in text.as_bytes().chunks(3) {
        let n = three.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - three.len()));
        for i in 0..4 {
            let digit = DIGITS[(n >> (18 - 6 * i) & 63) as usize];
            code.push(if i <= three.len() { char::from(digit) } else { '=' });
        }
    }
    format!("\x1b]52;c;{code}\x07")
}

/// The signals that matter here.
pub(super) struct Watched {
    hangup: Signals,
    terminate: Signals,
    interrupt: Signals,
    window: Signals,
    go_on: Signals,
}

pub(super) enum Watch {
    Leave,
    Resized,
    Continued,
}

impl Watched {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            window: signal(SignalKind::window_change())?,
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
            _ = self.go_on.recv() => Watch::Continued,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clipboard_sequence_carries_base64() {
        assert_eq!(osc52("lr0=1"), "\x1b]52;c;bHIwPTE=\x07");
        assert_eq!(osc52("a"), "\x1b]52;c;YQ==\x07");
        assert_eq!(osc52("abc"), "\x1b]52;c;YWJj\x07");
    }
}
