//! The terminal taken and given back: raw mode, alternate screen, cursor, paste marks. Whatever happens.

use std::fs::File;
use std::io::{self, Write};
use std::sync::{Once, OnceLock};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

/// The modes as they were before: a panic has to find them.
static BEFORE: OnceLock<Termios> = OnceLock::new();

const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[?1l";
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[?2004l\x1b[0m\x1b[?25h\x1b[?1049l";

/// The terminal, taken. Dropping it gives it back.
pub struct Guard {
    tty: File,
    taken: bool,
}

impl Guard {
    /// Takes the terminal.
    ///
    /// # Errors
    /// Where there is no terminal.
    pub fn take() -> io::Result<Self> {
        let tty = File::options().read(true).write(true).open("/dev/tty")?;
        let _ = BEFORE.set(tcgetattr(&tty)?);
        let mut guard = Self { tty, taken: false };
        guard.again()?;
        give_back_on_panic();
        Ok(guard)
    }

    /// The terminal itself.
    pub fn tty(&self) -> &File {
        &self.tty
    }

    /// Takes it again after [`Guard::give_back`].
    ///
    /// # Errors
    /// Where the terminal is gone.
    pub fn again(&mut self) -> io::Result<()> {
        let mut raw = tcgetattr(&self.tty)?;
        raw.make_raw();
        tcsetattr(&self.tty, OptionalActions::Drain, &raw)?;
        self.tty.write_all(ENTER)?;
        self.taken = true;
        Ok(())
    }

    /// Gives it back as it was.
    ///
    /// # Errors
    /// Where the terminal is gone.
    pub fn give_back(&mut self) -> io::Result<()> {
        self.taken = false;
        self.tty.write_all(LEAVE)?;
        if let Some(before) = BEFORE.get() {
            tcsetattr(&self.tty, OptionalActions::Drain, before)?;
        }
        Ok(())
    }

    /// One write.
    ///
    /// # Errors
    /// Where the terminal is gone.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.tty.write_all(bytes)
    }

    /// Columns and rows.
    pub fn size(&self) -> (u16, u16) {
        rustix::termios::tcgetwinsize(&self.tty).map_or((80, 24), |size| match (size.ws_col, size.ws_row) {
            (0, _) | (_, 0) => (80, 24),
            size => size,
        })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.taken {
            let _ = self.give_back();
        }
    }
}

/// A panic gives the terminal back before it says what happened.
fn give_back_on_panic() {
    static HOOKED: Once = Once::new();
    HOOKED.call_once(|| {
        let say = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if let (Some(before), Ok(mut tty)) =
                (BEFORE.get(), File::options().read(true).write(true).open("/dev/tty"))
            {
                let _ = tty.write_all(LEAVE);
                let _ = tcsetattr(&tty, OptionalActions::Now, before);
            }
            say(info);
        }));
    });
}
