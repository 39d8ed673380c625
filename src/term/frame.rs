//! Frames: two buffers, and what differs between them as bytes for one write.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Bytes collected for one write.
#[derive(Debug, Clone, Default)]
struct Bytes(Rc<RefCell<Vec<u8>>>);

impl Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The screen as it is, and the next one.
pub struct Frame {
    shown: Buffer,
    next: Buffer,
    bytes: Bytes,
    encoder: CrosstermBackend<Bytes>,
    /// Every cell is to be sent.
    all: bool,
    /// The terminal shows a frame at once between these marks.
    pub synchronized: bool,
}

impl Frame {
    pub fn new(columns: u16, rows: u16) -> Self {
        let area = Rect::new(0, 0, columns, rows);
        let bytes = Bytes::default();
        Self {
            shown: Buffer::empty(area),
            next: Buffer::empty(area),
            encoder: CrosstermBackend::new(bytes.clone()),
            bytes,
            all: true,
            synchronized: false,
        }
    }

    /// The terminal has another size: everything is drawn again.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        let area = Rect::new(0, 0, columns, rows);
        if self.next.area != area {
            self.shown = Buffer::empty(area);
            self.next = Buffer::empty(area);
            self.all = true;
        }
    }

    /// What the terminal shows is not known: everything is sent again.
    pub fn forget(&mut self) {
        self.all = true;
    }

    /// An empty buffer to draw the next frame into.
    pub fn blank(&mut self) -> &mut Buffer {
        self.next.reset();
        &mut self.next
    }

    /// The bytes that make the terminal show what was drawn; none where nothing differs.
    ///
    /// # Errors
    /// Never: the bytes go to memory.
    pub fn bytes(&mut self) -> io::Result<Vec<u8>> {
        self.bytes.0.borrow_mut().clear();
        if self.all {
            self.shown.reset();
            self.bytes.write_all(b"\x1b[0m\x1b[2J")?;
        }
        let differs = self.shown.diff(&self.next);
        if differs.is_empty() && !self.all {
            return Ok(Vec::new());
        }
        self.encoder.draw(differs.into_iter())?;
        self.all = false;
        std::mem::swap(&mut self.shown, &mut self.next);
        let body = self.bytes.0.borrow();
        if !self.synchronized {
            return Ok(body.clone());
        }
        Ok([b"\x1b[?2026h", body.as_slice(), b"\x1b[?2026l"].concat())
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Style;

    use super::*;

    #[test]
    fn an_unchanged_frame_is_no_bytes_and_a_change_is_only_what_differs() {
        let mut frame = Frame::new(20, 3);
        frame.blank().set_string(0, 0, "sigma 0.20", Style::new());
        assert!(frame.bytes().unwrap().len() > 10);
        frame.blank().set_string(0, 0, "sigma 0.20", Style::new());
        assert!(frame.bytes().unwrap().is_empty());
        frame.blank().set_string(0, 0, "sigma 0.21", Style::new());
        let bytes = String::from_utf8(frame.bytes().unwrap()).unwrap();
        assert!(bytes.contains('1') && !bytes.contains("sigma"), "{bytes:?}");
        frame.synchronized = true;
        frame.forget();
        frame.blank().set_string(0, 0, "sigma 0.21", Style::new());
        let bytes = String::from_utf8(frame.bytes().unwrap()).unwrap();
        assert!(
            bytes.starts_with("\x1b[?2026h") && bytes.ends_with("\x1b[?2026l") && bytes.contains("sigma")
        );
    }
}
