//! What the session's process prints: to `session.log` behind a terminal, to wherever it was started otherwise.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};

use crate::dir::SessionDir;
use crate::session::LogLine;

/// A `session.log` longer than this becomes `session.log.1`, in place of the one before.
const LONGEST: u64 = 4_000_000;

/// For tests: another length.
const LONGEST_FOR_TESTS: &str = "EVOTOP_SESSION_LOG_BYTES";

/// A line of the log, as it goes to standard output.
pub(super) fn print(line: &LogLine) {
    let time = jiff::Timestamp::from_millisecond(line.time).unwrap_or_default();
    let local = time.to_zoned_datetime(jiff::tz::TimeZone::system());
    // Nobody has to listen: a session does not end because its output was cut off.
    let _ = writeln!(io::stdout(), "{} {}", local.strftime("%H:%M:%S"), line.text);
}

/// Something that is not in the log, as it goes to standard error. That may be a pipe that nobody reads any more, or
/// `session.log` on a full disk, of which this may be the news.
pub(super) fn warn(text: &str) {
    let _ = writeln!(io::stderr(), "evotop: {text}");
}

/// Begins `session.log` anew where it has become long and this process writes to it. Where that cannot be done it just
/// grows on, and it is tried again.
pub(super) fn rotate(dir: &SessionDir) {
    let longest = std::env::var(LONGEST_FOR_TESTS).ok().and_then(|text| text.parse().ok()).unwrap_or(LONGEST);
    let log = dir.session_log();
    let ours = |meta: &fs::Metadata| {
        let out = io::stdout().as_fd().try_clone_to_owned().map(File::from).and_then(|out| out.metadata());
        out.is_ok_and(|out| (out.dev(), out.ino()) == (meta.dev(), meta.ino()))
    };
    if !fs::symlink_metadata(&log).is_ok_and(|meta| meta.len() > longest && ours(&meta)) {
        return;
    }
    let _ = fs::rename(&log, log.with_extension("log.1")).and_then(|()| {
        let mode = dir.access().file_mode();
        let file = OpenOptions::new().create(true).append(true).mode(mode).open(&log)?;
        rustix::stdio::dup2_stdout(&file)?;
        Ok(rustix::stdio::dup2_stderr(&file)?)
    });
}
