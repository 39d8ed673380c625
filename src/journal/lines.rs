//! The lines of a journal, read as entries: one after the other, or on every core where there are many.
//!
//! Nothing is judged here: a line that is no entry is handed on as such, with its place in the order.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use super::line::{self, LineError};
use super::{Entry, VERSION};

/// Bytes that one thread reads as entries at a time.
const PIECE: usize = 1 << 18;

/// A line as it was found.
#[derive(Debug)]
pub(super) struct Line {
    /// Bytes, with the newline.
    pub length: u64,
    /// Whether there is a newline; the last line of a file may lack it.
    pub ended: bool,
    pub entry: Result<Entry, LineError>,
    /// A version of the journal that is newer than what is known here, where it is the first line and says so.
    pub newer: Option<u32>,
}

impl Line {
    fn read(text: &[u8], first: bool) -> Self {
        let bare = text.strip_suffix(b"\n");
        let newer = if first { bare.and_then(line::version).filter(|found| *found > VERSION) } else { None };
        let entry = line::read(bare.unwrap_or(text));
        Self { length: text.len() as u64, ended: bare.is_some(), entry, newer }
    }
}

/// The lines of `from`, one after the other, in the buffer where each one's text stays until the next.
pub(super) struct Serial<R> {
    from: R,
    text: Vec<u8>,
    first: bool,
}

impl<R: BufRead> Serial<R> {
    /// `first` where `from` begins with the journal's first line.
    pub fn new(from: R, first: bool) -> Self {
        Self { from, text: Vec::new(), first }
    }

    /// The text of the line that came last.
    pub fn text(&self) -> &[u8] {
        &self.text
    }
}

impl<R: BufRead> Iterator for Serial<R> {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<io::Result<Line>> {
        self.text.clear();
        match self.from.read_until(b'\n', &mut self.text) {
            Ok(0) => None,
            Ok(_) => Some(Ok(Line::read(&self.text, std::mem::take(&mut self.first)))),
            Err(error) => Some(Err(error)),
        }
    }
}

/// Some whole lines, and where what they say is to go.
type Order = (Vec<u8>, SyncSender<Vec<Line>>);

/// The lines of a whole journal, read on several threads and handed over in their order.
pub(super) struct Parallel<R> {
    from: R,
    /// What was read behind the last newline.
    rest: Vec<u8>,
    ended: bool,
    orders: Option<SyncSender<Order>>,
    /// Pieces under way, the oldest first.
    under_way: VecDeque<Receiver<Vec<Line>>>,
    most_under_way: usize,
    piece: std::vec::IntoIter<Line>,
    first: bool,
}

impl<R: Read> Parallel<R> {
    /// `from` begins with the journal's first line. Threads end when this is dropped.
    pub fn new(from: R, threads: usize) -> Self {
        let (orders, taken) = sync_channel::<Order>(threads);
        let taken = Arc::new(Mutex::new(taken));
        for _ in 0..threads {
            let taken = taken.clone();
            std::thread::spawn(move || work(&taken));
        }
        Self {
            from,
            rest: Vec::new(),
            ended: false,
            orders: Some(orders),
            under_way: VecDeque::new(),
            most_under_way: threads + 1,
            piece: Vec::new().into_iter(),
            first: true,
        }
    }

    /// Reads on, up to a newline or the end of the file, and has it read as entries.
    fn order(&mut self) -> io::Result<()> {
        let mut text = std::mem::take(&mut self.rest);
        let cut = loop {
            let before = text.len();
            if (&mut self.from).take(PIECE as u64).read_to_end(&mut text)? == 0 {
                self.ended = true;
                break text.len();
            }
            if let Some(at) = text[before..].iter().rposition(|b| *b == b'\n') {
                break before + at + 1;
            }
        };
        self.rest = text.split_off(cut);
        if text.is_empty() {
            return Ok(());
        }
        // The first piece is read here: only it can say that all else is of a newer version.
        if std::mem::take(&mut self.first) {
            self.piece = lines(&text, true).into_iter();
            return Ok(());
        }
        let (told, lines) = sync_channel(1);
        if let Some(orders) = &self.orders
            && orders.send((text, told)).is_ok()
        {
            self.under_way.push_back(lines);
        }
        Ok(())
    }
}

impl<R: Read> Iterator for Parallel<R> {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<io::Result<Line>> {
        loop {
            if let Some(line) = self.piece.next() {
                return Some(Ok(line));
            }
            while !self.ended && self.piece.len() == 0 && self.under_way.len() < self.most_under_way {
                if let Err(error) = self.order() {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
            if self.piece.len() == 0 {
                let lines = self.under_way.pop_front()?.recv();
                // A thread that is gone without a word took lines with it.
                let Ok(lines) = lines else { return Some(Err(io::ErrorKind::BrokenPipe.into())) };
                self.piece = lines.into_iter();
            }
        }
    }
}

fn work(orders: &Mutex<Receiver<Order>>) {
    loop {
        let order = orders.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((text, told)) = order else { return };
        if told.send(lines(&text, false)).is_err() {
            return;
        }
    }
}

fn lines(text: &[u8], first: bool) -> Vec<Line> {
    let lines = text.split_inclusive(|b| *b == b'\n').enumerate();
    lines.map(|(at, text)| Line::read(text, first && at == 0)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::journal::Event;

    /// A journal of notes of these lengths, cut off at the end.
    fn journal(notes: &[usize], cut: usize) -> Vec<u8> {
        let mut out = Vec::new();
        for (seq, length) in notes.iter().enumerate() {
            let event = Event::Note { text: "n".repeat(*length) };
            line::write(&Entry { seq: seq as u64, time: 0, event }, &mut out).unwrap();
        }
        out.truncate(out.len().saturating_sub(cut));
        out
    }

    fn seen(lines: impl Iterator<Item = io::Result<Line>>) -> Vec<(u64, bool, Option<u64>)> {
        lines.map(|line| line.unwrap()).map(|l| (l.length, l.ended, l.entry.ok().map(|e| e.seq))).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn on_many_threads_the_lines_are_the_same_in_the_same_order(
            notes in prop::collection::vec(prop_oneof![4 => 0..300_usize, 1 => 200_000..400_000_usize], 0..12),
            cut in 0..400_usize,
            threads in 1..4_usize,
        ) {
            let text = journal(&notes, cut);
            let serial = seen(Serial::new(&text[..], true));
            prop_assert_eq!(seen(Parallel::new(&text[..], threads)), serial);
        }
    }
}
