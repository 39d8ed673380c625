//! A journal made from another one: some of its events, numbered anew.

use std::path::Path;

use super::writer::{encode, place};
use super::{Disk, Entry, Event, JournalError, read};

const AT_ONCE: usize = 1 << 20;

/// Writes the journal `to`, which must not be there yet, from what `chosen` makes of the entries of `from`, and
/// from `more` behind them. Returns how many entries it has. It is there whole, or not at all.
///
/// # Errors
/// Where a file cannot be read or written.
pub fn copy(
    disk: &dyn Disk,
    from: &Path,
    to: &Path,
    mut chosen: impl FnMut(Entry) -> Option<Event>,
    more: Vec<(i64, Event)>,
) -> Result<u64, JournalError> {
    if to.exists() {
        return Err(JournalError::Exists { path: to.to_owned() });
    }
    let mut seq = 0;
    place(disk, to, |file| {
        let (mut out, mut failure) = (Vec::new(), None);
        let mut add = |time: i64, event: Event| {
            let entry = Entry { seq, time, event };
            seq += 1;
            encode(to, &entry, &mut out)?;
            if out.len() >= AT_ONCE {
                file.append(&out).map_err(JournalError::io("write to", to))?;
                out.clear();
            }
            Ok(())
        };
        read(from, |entry| {
            let time = entry.time;
            if failure.is_none()
                && let Some(event) = chosen(entry)
            {
                failure = add(time, event).err();
            }
        })?;
        failure.map_or(Ok(()), Err)?;
        more.into_iter().try_for_each(|(time, event)| add(time, event))?;
        if out.is_empty() { Ok(()) } else { file.append(&out).map_err(JournalError::io("write to", to)) }
    })?;
    Ok(seq)
}
