//! The loop between a link and the terminal: signals first, then input, then news.

use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;

use rustix::fs::OFlags;
use tokio::net::unix::pipe;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::time::{Instant, sleep_until};

use super::caps::{Caps, Environment, probe};
use super::frame::Frame;
use super::guard::Guard;
use super::input::{Decoder, Heard};
use super::keeper::Keeper;
use super::screen::Screen;
use super::signals::{Watch, Watched};
use crate::app::{Input, Model, News, Options, Request};
use crate::clock::now;
use crate::view::Theme;

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

/// Shows the screen until it is left.
///
/// # Errors
/// Where there is no terminal, or it fails.
pub async fn run(mut link: Link, options: TermOptions) -> io::Result<Exit> {
    let mut signals = Watched::new()?;
    let environment = Environment::with(options.no_color);
    // Dropped last, when the terminal is given back.
    let _keeper = Keeper::start();
    let mut guard = Guard::take()?;
    let mut decoder = Decoder::default();
    let (caps, typed) = probe(guard.tty(), &mut decoder, &environment);
    let (columns, rows) = guard.size();
    let mut frame = Frame::new(columns, rows);
    frame.synchronized = caps.synchronized;
    let mut app = options.app;
    let theme = theme(&options.theme, caps, options.ascii, options.light, &mut app.warnings);
    let reader = reader()?;
    if app.mouse {
        guard.mouse(true)?;
    }
    let model = Model::new(app, now());
    let mut screen = Screen::new(guard, frame, theme, model, link.requests);
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
                Watch::Stop => {
                    screen.suspend();
                    draw_at = Some(Instant::now());
                }
                Watch::Continued => {
                    screen.continued()?;
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
        let ticked = screen.model.tick(now());
        if screen.effects_of_time() || ticked {
            draw_at = draw_at.or(Some(moment));
        }
        if draw_at.is_some_and(|at| at <= moment) {
            draw_at = None;
            // Before the question is seen: who answers it as soon as it stands there is heard.
            screen.drop_typed(&mut decoder)?;
            screen.draw()?;
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

fn wakes(model: &Model, draw_at: Option<Instant>, escape_at: Option<Instant>) -> Option<Instant> {
    let clock = model.wakes_at().map(|at| {
        let left = u64::try_from(at - now()).unwrap_or(0);
        Instant::now() + Duration::from_millis(left + 1)
    });
    [draw_at, escape_at, clock].into_iter().flatten().min()
}

/// How long this may wait to be drawn. A whole state is what one waits for.
fn patience(news: &News, gather: Duration) -> Duration {
    match news {
        News::Snapshot(_) => Duration::ZERO,
        News::Progress { .. } | News::Figures(_) => GATHER_PROGRESS,
        _ => gather,
    }
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
