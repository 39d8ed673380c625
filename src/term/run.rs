//! The loop between a link and the terminal: signals first, then input, then news.

use std::io;
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, Sender};
use tokio::time::{Instant, sleep_until};

use super::screen::Screen;
use super::signals::Watch;
use super::taken::Taken;
use crate::app::{Input, Model, News, Options, Request};
use crate::clock::now;

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

/// Shows the screen until it is left.
///
/// # Errors
/// Where there is no terminal, or it fails.
pub async fn run(mut link: Link, options: TermOptions) -> io::Result<Exit> {
    let mut warnings = Vec::new();
    let taken = Taken::by(&options, &mut warnings)?;
    let Taken { mut signals, mut guard, frame, theme, mut keyboard, typed, escape, ssh, keeper: _keeper } =
        taken;
    let mut app = options.app;
    app.warnings.extend(warnings);
    if app.mouse {
        guard.mouse(true)?;
    }
    let (columns, rows) = guard.size();
    let mut screen = Screen::new(guard, frame, theme, Model::new(app, now()), link.requests);
    screen.input(Input::Resize(columns, rows));
    for input in typed {
        screen.input(input);
    }
    let gather = if ssh { GATHER_SSH } else { GATHER };
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
            heard = keyboard.read() => match heard {
                Ok(heard) => {
                    screen.hear(heard);
                    escape_at = keyboard.decoder.is_open().then(|| Instant::now() + escape);
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
            let heard = keyboard.decoder.time_out();
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
            screen.drop_typed(&mut keyboard.decoder)?;
            screen.draw()?;
        }
    }
    let exit = screen.exit.unwrap_or(Exit::Terminated);
    match screen.guard.give_back() {
        Err(e) if exit != Exit::Terminated => Err(e),
        _ => Ok(exit),
    }
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
