//! The picker's loop.

use std::io;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;

use super::caps::{Environment, probe};
use super::frame::Frame;
use super::guard::Guard;
use super::input::{Decoder, Heard};
use super::keeper::Keeper;
use super::run::{Exit, TermOptions, read, reader, theme};
use super::signals::{Watch, Watched};
use crate::app::Input;
use crate::app::picker::{Choice, Picked, Picker};
use crate::view::draw_picker;

/// An escape is held this long for what follows.
const ESCAPE: Duration = Duration::from_millis(100);

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
    let mut signals = Watched::new()?;
    let environment = Environment::with(options.no_color);
    let _keeper = Keeper::start();
    let mut guard = Guard::take()?;
    let mut decoder = Decoder::default();
    let (caps, typed) = probe(guard.tty(), &mut decoder, &environment);
    let theme = theme(&options.theme, caps, options.ascii, options.light, &mut Vec::new());
    let reader = reader()?;
    let (columns, rows) = guard.size();
    let mut frame = Frame::new(columns, rows);
    frame.synchronized = caps.synchronized;
    let mut inputs: Vec<Input> = typed;
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
        draw_picker(&picker, &theme, frame.blank());
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
            heard = read(&reader, &mut decoder) => heard?,
            Some((choices, reading)) = sessions.recv() => {
                picker.renew(choices, reading);
                Vec::new()
            }
        };
        let mut heard = heard;
        while decoder.is_open() {
            match timeout(ESCAPE, read(&reader, &mut decoder)).await {
                Ok(more) => heard.extend(more?),
                Err(_) => heard.extend(decoder.time_out()),
            }
        }
        inputs.extend(
            heard.into_iter().filter_map(|h| if let Heard::Input(input) = h { Some(input) } else { None }),
        );
    }
}
