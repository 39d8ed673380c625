//! A terminal of 120x40 that answers as real ones do, and writes down when how many bytes came.

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// What came from the program.
struct Heard {
    screen: vt100::Parser,
    bytes: usize,
    /// When the last bytes came.
    at: Instant,
}

pub struct Terminal {
    heard: Arc<(Mutex<Heard>, Condvar)>,
    keyboard: Arc<Mutex<Box<dyn Write + Send>>>,
    child: Box<dyn Child + Send + Sync>,
    pub began: Instant,
    _master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    /// `evotop WORDS` in a terminal.
    pub fn run(home: &Path, words: &[&str]) -> Self {
        let pair =
            native_pty_system().openpty(PtySize { rows: 40, cols: 120, ..PtySize::default() }).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_evotop"));
        command.args(words);
        command.cwd(home);
        command.env("HOME", home);
        command.env("XDG_STATE_HOME", home.join("state"));
        command.env("TERM", "xterm-256color");
        command.env("LC_ALL", "C.UTF-8");
        command.env_remove("SSH_CONNECTION");
        let (mut output, keyboard) = (
            pair.master.try_clone_reader().unwrap(),
            Arc::new(Mutex::new(pair.master.take_writer().unwrap())),
        );
        let began = Instant::now();
        let child = pair.slave.spawn_command(command).unwrap();
        let size = |n| NonZero::new(n).unwrap();
        let screen = vt100::Parser::new(size(40), size(120), 0);
        let heard = Arc::new((Mutex::new(Heard { screen, bytes: 0, at: began }), Condvar::new()));
        let (told, answer) = (heard.clone(), keyboard.clone());
        std::thread::spawn(move || {
            let mut bytes = [0; 8192];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                let bytes = &bytes[..count];
                for _ in bytes.windows(3).filter(|w| *w == b"\x1b[c") {
                    let _ = answer.lock().unwrap().write_all(b"\x1b[?62;22c");
                }
                let mut heard = told.0.lock().unwrap();
                heard.screen.process(bytes);
                heard.bytes += count;
                heard.at = Instant::now();
                told.1.notify_all();
            }
        });
        Self { heard, keyboard, child, began, _master: pair.master }
    }

    pub fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    pub fn bytes(&self) -> usize {
        self.heard.0.lock().unwrap().bytes
    }

    /// Waits until the screen shows this; when that came.
    pub fn shows(&self, what: &str) -> Instant {
        let (heard, more) = &*self.heard;
        let mut heard = heard.lock().unwrap();
        while !heard.screen.screen().contents().contains(what) {
            let waited = more.wait_timeout(heard, Duration::from_secs(60)).unwrap();
            assert!(!waited.1.timed_out(), "no {what:?} on:\n{}", waited.0.screen.screen().contents());
            heard = waited.0;
        }
        heard.at
    }

    /// Presses keys; how long until something came back, none if nothing did within a second.
    pub fn echo(&self, keys: &str) -> Option<Duration> {
        let (heard, more) = &*self.heard;
        let mut heard = heard.lock().unwrap();
        let (before, pressed) = (heard.bytes, Instant::now());
        self.keyboard.lock().unwrap().write_all(keys.as_bytes()).unwrap();
        while heard.bytes == before {
            let waited = more.wait_timeout(heard, Duration::from_secs(1)).unwrap();
            if waited.1.timed_out() {
                return None;
            }
            heard = waited.0;
        }
        Some(heard.at - pressed)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
