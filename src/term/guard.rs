//! The terminal taken and given back: raw mode, alternate screen, cursor, paste marks. Whatever happens.

use std::fs::File;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Once, OnceLock};

use rustix::process::{Signal, kill_current_process_group};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::process;

/// The modes as they were before: a panic has to find them.
static BEFORE: OnceLock<Termios> = OnceLock::new();
/// Whether it is taken now. Given back twice, it would put the cursor back to where it was, over what was said since.
static TAKEN: AtomicBool = AtomicBool::new(false);

const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[?1l";
pub(super) const LEAVE: &[u8] = b"\x1b[?1006l\x1b[?1000l\x1b[?2026l\x1b[?2004l\x1b[0m\x1b[?25h\x1b[?1049l";
/// Buttons and wheel, with places as numbers.
const MOUSE: [&[u8]; 2] = [b"\x1b[?1006l\x1b[?1000l", b"\x1b[?1000h\x1b[?1006h"];

/// The terminal, taken. Dropping it gives it back.
pub struct Guard {
    tty: File,
    mouse: bool,
}

impl Guard {
    /// Takes the terminal.
    ///
    /// # Errors
    /// Where there is no terminal.
    pub fn take() -> io::Result<Self> {
        let tty = File::options().read(true).write(true).open("/dev/tty")?;
        let _ = BEFORE.set(tcgetattr(&tty)?);
        let mut guard = Self { tty, mouse: false };
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
        if self.mouse {
            self.tty.write_all(MOUSE[1])?;
        }
        TAKEN.store(true, Ordering::Release);
        Ok(())
    }

    /// Gives it back as it was.
    ///
    /// # Errors
    /// Where the terminal is gone.
    pub fn give_back(&mut self) -> io::Result<()> {
        if !TAKEN.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        self.tty.write_all(LEAVE)?;
        if let Some(before) = BEFORE.get() {
            tcsetattr(&self.tty, OptionalActions::Drain, before)?;
        }
        Ok(())
    }

    /// Gives it back, stops this process's group as Ctrl-Z does, and takes it again when that goes on. False where
    /// nobody would let it go on.
    ///
    /// # Errors
    /// Where the terminal is gone.
    pub fn suspend(&mut self) -> io::Result<bool> {
        if !process::has_job_control() {
            return Ok(false);
        }
        self.give_back()?;
        // Not TSTP: that is listened to, and would come back.
        let _ = kill_current_process_group(Signal::STOP);
        self.again()?;
        Ok(true)
    }

    /// Has the terminal tell of the mouse, or leaves the mouse to it.
    ///
    /// # Errors
    /// Where the terminal is gone.
    pub fn mouse(&mut self, ours: bool) -> io::Result<()> {
        self.mouse = ours;
        self.tty.write_all(MOUSE[usize::from(ours)])
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
        let _ = self.give_back();
    }
}

/// A panic gives the terminal back before it says what happened.
fn give_back_on_panic() {
    static HOOKED: Once = Once::new();
    HOOKED.call_once(|| {
        let say = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if TAKEN.swap(false, Ordering::AcqRel)
                && let (Some(before), Ok(mut tty)) =
                    (BEFORE.get(), File::options().read(true).write(true).open("/dev/tty"))
            {
                let _ = tty.write_all(LEAVE);
                let _ = tcsetattr(&tty, OptionalActions::Now, before);
            }
            say(info);
        }));
    });
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::num::NonZero;

    use portable_pty::{CommandBuilder, PtySize, native_pty_system};

    use super::*;

    const CHILD: &str = "EVOTOP_TEST_PANICS";

    /// What the child of the next test does; nothing where it is run as a test.
    #[test]
    fn child_that_panics() {
        if std::env::var_os(CHILD).is_none() {
            return;
        }
        let mut guard = Guard::take().unwrap();
        guard.write(b"a screen full of charts").unwrap();
        panic!("something that cannot be");
    }

    #[test]
    fn a_panic_gives_the_terminal_back_and_is_read_on_it() {
        let pty = native_pty_system().openpty(PtySize { rows: 24, cols: 100, ..PtySize::default() }).unwrap();
        let before = format!("{:?}", pty.master.get_termios());
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args(["--exact", "term::guard::tests::child_that_panics", "--nocapture"]);
        command.env(CHILD, "1");
        command.env("RUST_BACKTRACE", "0");
        let mut child = pty.slave.spawn_command(command).unwrap();
        let mut output = pty.master.try_clone_reader().unwrap();
        let size = |n| NonZero::new(n).unwrap();
        let (mut screen, mut raw) = (vt100::Parser::new(size(24), size(100), 0), Vec::new());
        assert!(!child.wait().unwrap().success());
        let after = format!("{:?}", pty.master.get_termios());
        drop(pty.slave);
        // A pty whose other end is closed ends with an error.
        let _ = output.read_to_end(&mut raw);
        screen.process(&raw);
        let screen = screen.screen();
        assert!(raw.windows(ENTER.len()).any(|bytes| bytes == ENTER), "it was taken");
        assert!(!screen.alternate_screen() && !screen.hide_cursor());
        assert!(screen.contents().contains("something that cannot be"), "{}", screen.contents());
        assert!(!screen.contents().contains("full of charts"));
        assert_eq!(after, before, "the modes are as they were");
    }
}
