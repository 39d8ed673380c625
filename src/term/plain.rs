//! The plain mode's loop: lines of news as they come.

use std::io::{self, Write};

use jiff::tz::TimeZone;

use super::run::Link;
use crate::clean::clean;
use crate::view::Plain;

/// Writes a line for each event until the link ends, the reader of the lines goes away, or a signal ends it.
///
/// # Errors
/// Where a line cannot be written; a reader that went away is none.
pub async fn run_plain(mut link: Link, zone: TimeZone, mut out: impl Write) -> io::Result<()> {
    let mut plain = Plain::new(zone);
    while !plain.is_over() {
        let Some(news) = link.news.recv().await else { break };
        for line in plain.lines(news) {
            match writeln!(out, "{}", clean(&line)).and_then(|()| out.flush()) {
                Err(e) if e.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                result => result?,
            }
        }
    }
    Ok(())
}
