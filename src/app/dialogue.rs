//! Input while a dialogue, a form or a line lies over the page.

use super::command_line::CommandLine;
use super::edit_form::EditForm;
use super::key::{Code, Key};
use super::line::Line;
use super::link::{Effect, ReplayStep, Request};
use super::model::Model;
use super::overlay::Overlay;
use super::steering::{choices, turn};
use crate::journal::{How, Who};
use crate::session::{Command, steer};

impl Model {
    /// A key while something lies over the page. What is not put back is closed.
    pub(super) fn over(&mut self, overlay: Overlay, key: Key) -> Vec<Effect> {
        let closes = key.code == Code::Esc || key.interrupts();
        match overlay {
            Overlay::Leave => match key.code {
                _ if key.interrupts() => return vec![Effect::Leave { stopped: false }],
                Code::Enter | Code::Char('q' | 'y') => return vec![Effect::Leave { stopped: false }],
                Code::Char('s') => return self.stop(false),
                Code::Char('S') => return self.stop(true),
                Code::Esc | Code::Char('n') => {}
                _ => self.overlay = Some(Overlay::Leave),
            },
            Overlay::Abort { generation, attempt, slot } => match key.code {
                _ if closes => {}
                Code::Char('y' | 'x') | Code::Enter => {
                    let command = Command::Abort { generation, requeue: false };
                    return self.ask(command, format!("abort gen {generation}"), None);
                }
                Code::Char('r') => {
                    let command = Command::Abort { generation, requeue: true };
                    return self.ask(command, format!("put gen {generation} back"), None);
                }
                Code::Char('n' | 'q') => {}
                _ => self.overlay = Some(Overlay::Abort { generation, attempt, slot }),
            },
            Overlay::Another { redo, why, revision } => match key.code {
                _ if closes => {}
                Code::Char('y') | Code::Enter => return self.undo(redo, true),
                Code::Char('n' | 'q') => {}
                _ => self.overlay = Some(Overlay::Another { redo, why, revision }),
            },
            Overlay::Help { scroll } => self.over_help(scroll, key),
            Overlay::Knob { knob, value } => match key.code {
                _ if closes => {}
                Code::Char('q') => {}
                Code::Enter => return self.commit_knob(knob, value),
                Code::Up | Code::Right | Code::Char('k' | 'l' | '+' | '=') => {
                    self.overlay = Some(Overlay::Knob { knob, value: turn(knob, value, 1.0) });
                }
                Code::Down | Code::Left | Code::Char('j' | 'h' | '-') => {
                    self.overlay = Some(Overlay::Knob { knob, value: turn(knob, value, -1.0) });
                }
                _ => self.overlay = Some(Overlay::Knob { knob, value }),
            },
            Overlay::Strategy { cursor } => match key.code {
                _ if closes => {}
                Code::Char('q') => {}
                Code::Enter => return self.choose_strategy(cursor),
                Code::Down | Code::Char('j' | 'm') => {
                    self.overlay = Some(Overlay::Strategy { cursor: (cursor + 1) % choices().len() });
                }
                Code::Up | Code::Char('k') => {
                    let count = choices().len();
                    self.overlay = Some(Overlay::Strategy { cursor: (cursor + count - 1) % count });
                }
                _ => self.overlay = Some(Overlay::Strategy { cursor }),
            },
            _ if closes => self.close(overlay),
            Overlay::Edit(form) => return self.over_form(form, key),
            Overlay::Fitness { line, .. } => return self.over_fitness(line, key),
            Overlay::Command(line) => return self.over_command(line, key),
            Overlay::Filter { page, mut line, before } => {
                if key.code != Code::Enter {
                    line.key(key);
                    self.set_filter(page, line.text());
                    self.overlay = Some(Overlay::Filter { page, line, before });
                }
            }
        }
        Vec::new()
    }

    fn close(&mut self, overlay: Overlay) {
        if let Overlay::Filter { page, before, .. } = overlay {
            self.set_filter(page, before);
        }
    }

    fn over_form(&mut self, mut form: Box<EditForm>, key: Key) -> Vec<Effect> {
        if key.code != Code::Enter {
            form.key(key);
            self.overlay = Some(Overlay::Edit(form));
            return Vec::new();
        }
        let Some(state) = &self.state else { return Vec::new() };
        match form.edits(state) {
            Ok((edits, _)) if edits.is_empty() => Vec::new(),
            Ok((edits, revision)) => {
                let what: Vec<String> = edits.iter().map(crate::evolve::Edit::subject).collect();
                self.edits(edits, Some(revision), format!("set {}", what.join(", ")))
            }
            Err(why) => {
                form.error = Some(why);
                self.overlay = Some(Overlay::Edit(form));
                Vec::new()
            }
        }
    }

    fn over_fitness(&mut self, mut line: Line, key: Key) -> Vec<Effect> {
        if key.code != Code::Enter {
            line.key(key);
            self.overlay = Some(Overlay::Fitness { line, error: None });
            return Vec::new();
        }
        match steer::weights(&line.text()) {
            Ok(weights) => {
                let text = format!("fitness {}", line.text());
                let edit = crate::evolve::Edit::Fitness(weights);
                let revision = self.state.as_ref().map_or(0, |s| s.revision);
                if let Some(why) = self.refused(&Command::Edit { edits: vec![edit.clone()], revision }) {
                    self.overlay = Some(Overlay::Fitness { line, error: Some(why) });
                    return Vec::new();
                }
                self.edit(edit, text)
            }
            Err(why) => {
                self.overlay = Some(Overlay::Fitness { line, error: Some(why.to_string()) });
                Vec::new()
            }
        }
    }

    fn over_command(&mut self, mut c: CommandLine, key: Key) -> Vec<Effect> {
        c.error = None;
        if !matches!(key.code, Code::Tab | Code::BackTab) {
            c.completion = None;
        }
        match key.code {
            Code::Enter => return self.say(c),
            Code::Backspace if c.line.is_empty() => return Vec::new(),
            Code::Up => c.recall(&self.past, true),
            Code::Down => c.recall(&self.past, false),
            Code::Tab | Code::BackTab => {
                if let Some(state) = &self.state {
                    c.complete(state, key.code == Code::BackTab);
                }
            }
            _ => {
                c.line.key(key);
            }
        }
        self.overlay = Some(Overlay::Command(c));
        Vec::new()
    }

    /// Why the session will refuse this, as far as can be seen from here: a line that is wrong stays to be mended.
    fn refused(&self, command: &Command) -> Option<String> {
        // Whose change it was is the session's question.
        if matches!(command, Command::Undo { .. } | Command::Redo { .. }) {
            return None;
        }
        let who = Who { user: String::new(), tty: None, ssh: None, how: How::CommandLine };
        self.state.as_ref()?.decide(command, &who).err().map(|why| why.to_string())
    }

    /// A replay's own few words.
    fn say_to_replay(&mut self, mut c: CommandLine, text: &str) -> Vec<Effect> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let step = match words[..] {
            ["start"] => Some(ReplayStep::To(0.0)),
            ["end"] => Some(ReplayStep::To(1.0)),
            ["goto", generation] => generation.parse().ok().map(ReplayStep::ToGeneration),
            _ => None,
        };
        if let Some(step) = step {
            self.past.remember(text);
            return vec![Effect::Send(Request::Replay(step))];
        }
        c.error = Some(format!("{text} is not start, end or goto GENERATION: this is a replay"));
        self.overlay = Some(Overlay::Command(c));
        Vec::new()
    }

    /// Gives a line of the grammar to the session; one that is none stays, with the reason.
    fn say(&mut self, mut c: CommandLine) -> Vec<Effect> {
        let text = c.line.text().trim().to_owned();
        match text.as_str() {
            "" => return Vec::new(),
            "q" | "quit" => return self.ask_leave(),
            _ if self.replay.is_some() => return self.say_to_replay(c, &text),
            "help" => {
                self.overlay = Some(Overlay::Help { scroll: 0 });
                return Vec::new();
            }
            _ => {}
        }
        if !self.may_steer() {
            return Vec::new();
        }
        let Some(state) = &self.state else { return Vec::new() };
        let parsed = steer::parse(&text, state).map_err(|why| why.to_string());
        match parsed.and_then(|command| self.refused(&command).map_or(Ok(command), Err)) {
            Ok(command) => {
                self.past.remember(&text);
                self.ask(command, text.clone(), Some(text))
            }
            Err(why) => {
                c.error = Some(why);
                self.overlay = Some(Overlay::Command(c));
                Vec::new()
            }
        }
    }
}
