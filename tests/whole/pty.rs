//! The real program in a real terminal.

use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::{Arc, Mutex};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::common::World;

/// A terminal of 120x40 with a program in it.
pub struct Terminal {
    pub screen: Arc<Mutex<vt100::Parser>>,
    keyboard: Box<dyn Write + Send>,
    pub child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    pub fn run(world: &World, words: &[&str]) -> Self {
        Self::open(world, env!("CARGO_BIN_EXE_evotop"), words)
    }

    pub fn open(world: &World, program: &str, words: &[&str]) -> Self {
        let pair =
            native_pty_system().openpty(PtySize { rows: 40, cols: 120, ..PtySize::default() }).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(words);
        command.cwd(world.home.path());
        command.env("HOME", world.home.path());
        command.env("XDG_STATE_HOME", world.path("state"));
        command.env("TERM", "xterm-256color");
        command.env_remove("SSH_CONNECTION");
        let child = pair.slave.spawn_command(command).unwrap();
        let (mut output, keyboard) =
            (pair.master.try_clone_reader().unwrap(), pair.master.take_writer().unwrap());
        let screen = Arc::new(Mutex::new(vt100::Parser::new(size(40), size(120), 0)));
        let seen = screen.clone();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = output.read(&mut bytes) {
                seen.lock().unwrap().process(&bytes[..n]);
            }
        });
        Self { screen, keyboard, child, master: pair.master }
    }

    pub fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    pub fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    pub fn shows(&self, what: &str) {
        let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while !self.text().contains(what) {
            assert!(std::time::Instant::now() < end, "the screen does not show {what:?}:\n{}", self.text());
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// Whether the alternate screen and the mouse are left, the cursor is back, and lines are taken and shown as a shell
    /// wants it.
    pub fn is_given_back(&self) -> bool {
        let modes = self.master.get_termios().map(|t| format!("{:?}", t.local_flags)).unwrap_or_default();
        let has_mouse = self.has_mouse();
        let parser = self.screen.lock().unwrap();
        !has_mouse
            && !parser.screen().alternate_screen()
            && !parser.screen().hide_cursor()
            && modes.contains("ICANON")
            && modes.contains("ECHO")
    }

    /// Whether the mouse is taken from the terminal.
    pub fn has_mouse(&self) -> bool {
        let parser = self.screen.lock().unwrap();
        parser.screen().mouse_protocol_mode() != vt100::MouseProtocolMode::None
    }

    pub fn resize(&self, cols: u16, rows: u16) {
        self.master.resize(PtySize { rows, cols, ..PtySize::default() }).unwrap();
        self.screen.lock().unwrap().screen_mut().set_size(size(rows), size(cols));
    }
}

fn size(n: u16) -> NonZero<u16> {
    NonZero::new(n).unwrap()
}
