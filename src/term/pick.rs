//! The picker's loop.

use std::io;

use tokio::sync::mpsc;
use tokio::time::timeout;

use super::input::Heard;
use super::run::{Exit, TermOptions};
use super::signals::Watch;
use super::taken::Taken;
use crate::app::Input;
use crate::app::picker::{Choice, Picked, Picker};
use crate::view::draw_picker;

/// The sessions as they stand, and whether there are more that have not been read yet.
pub type Sessions = (Vec<Choice>, bool);

/// Shows the picker until something is picked.
///
/// # Errors
/// Where there is no terminal, or it fails.
pub async fn pick(
    mut sessions: mpsc::Receiver<Sessions>,
    options: &TermOptions,
) -> io::Result<Result<Picked, Exit>> {
    let mut picker = Picker { reading: true, ..Picker::default() };
    let mut taken = Taken::by(options, &mut Vec::new())?;
    let mut inputs = std::mem::take(&mut taken.typed);
    let Taken { signals, guard, frame, theme, keyboard, escape, .. } = &mut taken;
    loop {
        for input in inputs.drain(..) {
            if let Some(picked) = match input {
                Input::Key(key) => picker.key(key),
                _ => None,
            } {
                guard.give_back()?;
                return Ok(Ok(picked));
            }
        }
        draw_picker(&picker, theme, frame.blank());
        let bytes = frame.bytes()?;
        guard.write(&bytes)?;
        let heard = tokio::select! {
            biased;
            signal = signals.next() => {
                match signal {
                    Watch::Leave => return Ok(Err(Exit::Terminated)),
                    Watch::Continued => {
                        guard.again()?;
                        frame.forget();
                    }
                    Watch::Stop => {
                        guard.suspend()?;
                        frame.forget();
                    }
                    Watch::Resized => {}
                }
                let (columns, rows) = guard.size();
                frame.resize(columns, rows);
                Vec::new()
            }
            heard = keyboard.read() => heard?,
            Some((choices, reading)) = sessions.recv() => {
                picker.renew(choices, reading);
                Vec::new()
            }
        };
        let mut heard = heard;
        while keyboard.decoder.is_open() {
            match timeout(*escape, keyboard.read()).await {
                Ok(more) => heard.extend(more?),
                Err(_) => heard.extend(keyboard.decoder.time_out()),
            }
        }
        inputs.extend(
            heard.into_iter().filter_map(|h| if let Heard::Input(input) = h { Some(input) } else { None }),
        );
    }
}
