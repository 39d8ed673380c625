//! What the terminal can do: asked of the terminal itself, with the environment as the second best.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::input::{Decoder, Heard};
use crate::app::Input;
use crate::view::Depth;

/// What was found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    pub depth: Depth,
    pub light: bool,
    /// Knows synchronized output (mode 2026).
    pub synchronized: bool,
    pub unicode: bool,
}

/// The part of the environment that says something about the terminal.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    pub term: String,
    pub colorterm: String,
    pub no_color: bool,
    pub locale: String,
    /// COLORFGBG, which some terminals set: `15;0`.
    pub colorfgbg: String,
    pub ssh: bool,
}

impl Environment {
    /// This process's.
    pub fn here() -> Self {
        let var = |name: &str| std::env::var(name).unwrap_or_default();
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().map(var).find(|v| !v.is_empty());
        Self {
            term: var("TERM"),
            colorterm: var("COLORTERM"),
            no_color: !var("NO_COLOR").is_empty(),
            locale: locale.unwrap_or_default(),
            colorfgbg: var("COLORFGBG"),
            ssh: !var("SSH_CONNECTION").is_empty(),
        }
    }
}

impl Environment {
    /// This process's, and whether colours are unwanted beside what it says.
    pub fn with(no_color: bool) -> Self {
        let here = Self::here();
        Self { no_color: no_color || here.no_color, ..here }
    }
}

/// Synchronized output, background, and whether a true colour comes back as it was set; each with a request for the
/// device's attributes behind it, which every terminal answers: when that comes, no other answer will.
const QUESTIONS: &[u8] =
    b"\x1b[?2026$p\x1b[c\x1b]11;?\x1b\\\x1b[c\x1b[48;2;1;2;3m\x1bP$qm\x1b\\\x1b[0m\x1b[c";
const ANSWERS: usize = 3;

/// Asks the terminal, in raw mode. What was typed meanwhile comes back as input.
pub fn probe(tty: &File, decoder: &mut Decoder, environment: &Environment) -> (Caps, Vec<Input>) {
    let wait = Duration::from_millis(if environment.ssh { 800 } else { 300 });
    let mut replies = Vec::new();
    let mut typed = Vec::new();
    if (&*tty).write_all(QUESTIONS).is_ok() {
        let until = Instant::now() + wait;
        let mut buffer = [0; 1024];
        while replies.iter().filter(|r| is_attributes(r)).count() < ANSWERS {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || !readable(tty, left) {
                break;
            }
            let Ok(count @ 1..) = (&*tty).read(&mut buffer) else { break };
            for heard in decoder.feed(&buffer[..count]) {
                match heard {
                    Heard::Reply(kind, text) => replies.push((kind, text)),
                    Heard::Input(input) => typed.push(input),
                    Heard::Mouse { .. } => {}
                }
            }
        }
    }
    (judge(&replies, environment), typed)
}

fn is_attributes((kind, text): &(char, String)) -> bool {
    *kind == '[' && text.starts_with('?') && text.ends_with('c')
}

/// Whether there is something to read within this time.
pub fn readable(tty: impl AsFd, wait: Duration) -> bool {
    let wait = Timespec { tv_sec: wait.as_secs() as i64, tv_nsec: i64::from(wait.subsec_nanos()) };
    matches!(poll(&mut [PollFd::new(&tty, PollFlags::IN)], Some(&wait)), Ok(1..))
}

/// What the answers and the environment mean.
pub fn judge(replies: &[(char, String)], environment: &Environment) -> Caps {
    let synchronized = replies.iter().any(|(kind, text)| {
        *kind == '[' && text.strip_prefix("?2026;").is_some_and(|rest| matches!(rest, "1$y" | "2$y"))
    });
    let background = replies
        .iter()
        .find_map(|(kind, text)| if *kind == ']' { luminance(text.strip_prefix("11;")?) } else { None });
    let true_colour = replies.iter().any(|(kind, text)| {
        *kind == 'P'
            && text.starts_with("1$r")
            && (text.contains("48:2") || text.contains("48;2"))
            && text.contains("1:2:3") | text.contains("1;2;3")
    });
    let from_environment = || {
        let last = environment.colorfgbg.rsplit(';').next()?.parse::<u8>().ok()?;
        Some(if matches!(last, 7 | 9..=15) { 1.0 } else { 0.0 })
    };
    let utf8 = environment.locale.to_lowercase().replace('-', "").contains("utf8");
    let term = environment.term.as_str();
    let depth = if environment.no_color || matches!(term, "dumb" | "vt100" | "vt220") {
        Depth::Mono
    } else if true_colour
        || matches!(environment.colorterm.as_str(), "truecolor" | "24bit")
        || term.ends_with("-direct")
    {
        Depth::True
    } else if term.contains("256color")
        || ["kitty", "foot", "alacritty", "ghostty", "wezterm"].iter().any(|t| term.contains(t))
    {
        Depth::Ansi256
    } else {
        Depth::Ansi16
    };
    Caps {
        depth,
        light: background.or_else(from_environment).is_some_and(|l| l > 0.5),
        synchronized,
        unicode: utf8 && !matches!(term, "linux" | "dumb" | "vt100" | "vt220"),
    }
}

/// How bright `rgb:1e1e/1e1e/1e1e` is, 0 to 1.
fn luminance(text: &str) -> Option<f64> {
    let mut parts =
        text.strip_prefix("rgb:").or_else(|| text.strip_prefix("rgba:"))?.split('/').map(|part| {
            let most = 16f64.powi(part.len() as i32) - 1.0;
            u32::from_str_radix(part, 16).ok().map(|n| f64::from(n) / most)
        });
    let mut next = || parts.next().flatten();
    Some(0.299 * next()? + 0.587 * next()? + 0.114 * next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(kind: char, text: &str) -> (char, String) {
        (kind, text.into())
    }

    #[test]
    fn what_the_terminal_answers_counts_before_the_environment() {
        let environment = Environment {
            term: "xterm-256color".into(),
            locale: "en_US.UTF-8".into(),
            colorfgbg: "15;0".into(),
            ..Environment::default()
        };
        let caps = judge(&[], &environment);
        assert_eq!(caps, Caps { depth: Depth::Ansi256, light: false, synchronized: false, unicode: true });
        let replies =
            [reply('[', "?2026;2$y"), reply(']', "11;rgb:ffff/fafa/f0f0"), reply('P', "1$r0;48:2::1:2:3m")];
        let caps = judge(&replies, &environment);
        assert_eq!(caps, Caps { depth: Depth::True, light: true, synchronized: true, unicode: true });
        assert!(!judge(&[reply('[', "?2026;0$y")], &environment).synchronized);
    }

    #[test]
    fn no_color_and_poor_terminals_are_respected() {
        let with = |term: &str, no_color| Environment {
            term: term.into(),
            no_color,
            colorterm: "truecolor".into(),
            ..Environment::default()
        };
        assert_eq!(judge(&[], &with("xterm-256color", true)).depth, Depth::Mono);
        assert_eq!(judge(&[], &with("dumb", false)).depth, Depth::Mono);
        let linux = Environment { term: "linux".into(), locale: "C.UTF-8".into(), ..Environment::default() };
        assert_eq!(
            judge(&[], &linux),
            Caps { depth: Depth::Ansi16, light: false, synchronized: false, unicode: false }
        );
    }
}
