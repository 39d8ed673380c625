//! The model between input and frames: what it asks for is done here, what it shows is drawn in one write.

use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use tokio::sync::mpsc::Sender;

use super::caps::readable;
use super::clipboard::osc52;
use super::files;
use super::frame::Frame;
use super::guard::Guard;
use super::input::{Decoder, Heard};
use super::run::Exit;
use crate::app::{Effect, Input, Model, News, Request};
use crate::clock::now;
use crate::view::{self, Cache, Theme};

/// The model, and how it gets to the terminal.
pub(super) struct Screen {
    pub guard: Guard,
    pub frame: Frame,
    pub model: Model,
    pub cache: Cache,
    pub theme: Theme,
    pub requests: Sender<Request>,
    /// `changes` of the model as drawn last.
    pub drawn: Option<u64>,
    pub exit: Option<Exit>,
    pub drop_typed: bool,
}

impl Screen {
    /// A screen that has shown nothing yet.
    pub fn new(guard: Guard, frame: Frame, theme: Theme, model: Model, requests: Sender<Request>) -> Self {
        let (cache, drawn, exit, drop_typed) = (Cache::default(), None, None, false);
        Self { guard, frame, model, cache, theme, requests, drawn, exit, drop_typed }
    }

    /// The process was stopped, and goes on.
    pub fn continued(&mut self) -> io::Result<()> {
        self.guard.again()?;
        self.all_again();
        Ok(())
    }

    /// What the terminal shows is not known any more.
    fn all_again(&mut self) {
        self.frame.forget();
        self.drawn = None;
        self.resized();
    }

    /// Input that was typed before a question stands on the screen is not its answer.
    pub fn drop_typed(&mut self, decoder: &mut Decoder) -> io::Result<()> {
        let mut buffer = [0; 4096];
        while self.drop_typed && readable(self.guard.tty(), Duration::ZERO) {
            let count = self.guard.tty().read(&mut buffer)?;
            if count == 0 {
                break;
            }
            let heard = decoder.feed(&buffer[..count]);
            self.hear(heard);
        }
        self.drop_typed = false;
        Ok(())
    }

    pub fn hear(&mut self, heard: Vec<Heard>) {
        for heard in heard {
            let input = match heard {
                Heard::Input(input) => input,
                Heard::Mouse { what, column, row } => Input::Mouse(what, self.cache.target(column, row)),
                // A late answer of the terminal is nobody's key.
                Heard::Reply(..) => continue,
            };
            // But for Ctrl-C, which no question takes for a yes: the second one leaves, however fast it comes.
            let interrupts = matches!(&input, Input::Key(key) if key.interrupts());
            if interrupts || !self.drop_typed {
                self.input(input);
            }
        }
    }

    pub fn input(&mut self, input: Input) {
        let effects = self.model.input(input, now());
        self.perform(effects);
    }

    pub fn news(&mut self, news: News) {
        let effects = self.model.news(news, now());
        self.perform(effects);
    }

    /// What the passing of time makes worth doing; whether anything to be seen changed by it.
    pub fn effects_of_time(&mut self) -> bool {
        let before = self.model.changes;
        let effects = self.model.wants();
        self.perform(effects);
        self.model.changes != before
    }

    pub fn resized(&mut self) {
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
                Effect::Mouse(ours) => {
                    let _ = self.guard.mouse(ours);
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

    /// Back to the shell until it says fg.
    pub fn suspend(&mut self) {
        match self.guard.suspend() {
            Ok(true) => {}
            Ok(false) => {
                let text = "no shell with jobs waits behind this terminal: q leaves, the run goes on";
                self.model.toasts.error(text.into(), now());
                self.model.changes += 1;
            }
            Err(_) => self.exit = Some(Exit::Terminated),
        }
        self.all_again();
    }

    /// Draws where something changed, in one write.
    pub fn draw(&mut self) -> io::Result<()> {
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
