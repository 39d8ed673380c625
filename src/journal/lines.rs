//! The lines of a journal, read as entries: one after the other, or on every core where there are many.
//!
//! Nothing is judged here: a line that is no entry is handed on as such, with its place in the order. Lines are lent, not
//! given: what a thread made it takes apart again itself, since memory that wanders between threads costs more than
//! reading it did.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use super::line::{self, LineError};
use super::{Entry, VERSION};

/// Bytes that one thread reads as entries at a time.
const PIECE: usize = 1 << 18;

/// A journal's lines, lent one after the other.
pub(super) trait Lines {
    /// Goes on to the next one. Whether there is one.
    fn advance(&mut self) -> io::Result<bool>;

    /// The one that was gone to.
    fn line(&mut self) -> Option<&mut Line>;
}

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

/// The lines of `from`, one after the other.
pub(super) struct Serial<R> {
    from: R,
    text: Vec<u8>,
    line: Option<Line>,
    first: bool,
}

impl<R: BufRead> Serial<R> {
    /// `first` where `from` begins with the journal's first line.
    pub fn new(from: R, first: bool) -> Self {
        Self { from, text: Vec::new(), line: None, first }
    }

    /// The text of the line that came last.
    pub fn text(&self) -> &[u8] {
        &self.text
    }
}

impl<R: BufRead> Lines for Serial<R> {
    fn advance(&mut self) -> io::Result<bool> {
        self.text.clear();
        self.line = None;
        if self.from.read_until(b'\n', &mut self.text)? > 0 {
            self.line = Some(Line::read(&self.text, std::mem::take(&mut self.first)));
        }
        Ok(self.line.is_some())
    }

    fn line(&mut self) -> Option<&mut Line> {
        self.line.as_mut()
    }
}

/// What a thread is to do.
enum Order {
    /// Read these whole lines, and send what they say.
    Read(Vec<u8>, SyncSender<Vec<Line>>),
    /// Take these apart: they were made there.
    Drop(Vec<Line>),
}

/// The lines of a whole journal, read on several threads and lent in their order.
pub(super) struct Parallel<R> {
    from: R,
    /// What was read behind the last newline.
    rest: Vec<u8>,
    ended: bool,
    threads: Vec<Sender<Order>>,
    /// Pieces ordered so far: each thread has every so manieth.
    ordered: usize,
    /// Pieces under way, the oldest first, and whose they are.
    under_way: VecDeque<(usize, Receiver<Vec<Line>>)>,
    /// The piece that is lent, how much of it was, and which thread made it; none where it was made here.
    piece: Vec<Line>,
    at: usize,
    made_by: Option<usize>,
}

impl<R: Read> Parallel<R> {
    /// `from` begins with the journal's first line. Threads end when this is dropped.
    pub fn new(from: R, threads: usize) -> Self {
        let thread = |_| {
            let (orders, taken) = channel();
            std::thread::spawn(move || work(&taken));
            orders
        };
        Self {
            from,
            rest: Vec::new(),
            ended: false,
            threads: (0..threads).map(thread).collect(),
            ordered: 0,
            under_way: VecDeque::new(),
            piece: Vec::new(),
            at: 0,
            made_by: None,
        }
    }

    /// Reads on, up to a newline or the end of the file: some whole lines.
    fn read_on(&mut self) -> io::Result<Vec<u8>> {
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
        Ok(text)
    }

    /// Has the next lines read as entries.
    fn order(&mut self) -> io::Result<()> {
        let text = self.read_on()?;
        let whose = self.ordered % self.threads.len();
        let (told, lines) = sync_channel(1);
        if !text.is_empty() && self.threads[whose].send(Order::Read(text, told)).is_ok() {
            self.under_way.push_back((whose, lines));
            self.ordered += 1;
        }
        Ok(())
    }

    /// Another piece in the place of the one that was lent. Whether there is one.
    fn turn(&mut self) -> io::Result<bool> {
        // The first lines are read here: only they can say that all else is of a newer version.
        if self.ordered == 0 && self.piece.is_empty() {
            let text = self.read_on()?;
            self.piece = lines(&text, true);
            return Ok(!self.piece.is_empty());
        }
        while !self.ended && self.under_way.len() <= self.threads.len() {
            self.order()?;
        }
        let Some((whose, lines)) = self.under_way.pop_front() else { return Ok(false) };
        // A thread that is gone without a word took lines with it.
        let next = lines.recv().map_err(|_| io::ErrorKind::BrokenPipe)?;
        let last = std::mem::replace(&mut self.piece, next);
        if let Some(thread) = self.made_by.replace(whose) {
            let _ = self.threads[thread].send(Order::Drop(last));
        }
        self.at = 0;
        Ok(true)
    }
}

impl<R: Read> Lines for Parallel<R> {
    fn advance(&mut self) -> io::Result<bool> {
        if self.at == self.piece.len() && !self.turn()? {
            return Ok(false);
        }
        self.at += 1;
        Ok(true)
    }

    fn line(&mut self) -> Option<&mut Line> {
        self.piece.get_mut(self.at.checked_sub(1)?)
    }
}

fn work(orders: &Receiver<Order>) {
    while let Ok(order) = orders.recv() {
        match order {
            Order::Read(text, told) => {
                if told.send(lines(&text, false)).is_err() {
                    return;
                }
            }
            Order::Drop(lines) => drop(lines),
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

    fn seen(mut lines: impl Lines) -> Vec<(u64, bool, Option<u64>)> {
        let mut seen = Vec::new();
        while lines.advance().unwrap() {
            let line = lines.line().unwrap();
            seen.push((line.length, line.ended, line.entry.as_ref().ok().map(|e| e.seq)));
        }
        seen
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
