//! A session of another build, whose messages this program does not understand: its own program does.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::attach::ScreenArgs;
use super::{find, warn};
use crate::process;
use crate::wire::ClientError;

/// Becomes the session's own program, to attach to it. Returns only where that cannot be done: the error then.
pub fn attach(why: &ClientError, dir: &Path, read_only: bool, screen: &ScreenArgs) -> anyhow::Error {
    let ClientError::OtherProtocol { build, program, .. } = why else { return find::told(why) };
    let Some(program) = program_of(dir, program) else { return find::told(why) };
    warn(&format!(
        "this session was started by evotop {build}, whose program shows it: {}",
        program.display()
    ));
    let error = Command::new(&program).arg0("evotop").args(words(dir, read_only, screen)).exec();
    anyhow::Error::new(error).context(format!("{} cannot be run; {why}", program.display()))
}

/// The session's program: as its process runs it, or else where it says it was. None where that is this program: its
/// file was replaced, and its process cannot be looked at.
fn program_of(dir: &Path, said: &Path) -> Option<PathBuf> {
    let running = find::holder(dir).and_then(|holder| process::program_of(holder.pid));
    running.into_iter().chain([said.to_owned()]).find(|path| path.exists() && !process::is_this_program(path))
}

fn words(dir: &Path, read_only: bool, screen: &ScreenArgs) -> Vec<OsString> {
    let mut words = vec!["attach".into(), dir.into()];
    let flags = [
        ("--read-only", read_only),
        ("--plain", screen.plain),
        ("--ascii", screen.ascii),
        ("--light", screen.light),
        ("--dark", screen.dark),
    ];
    words.extend(flags.into_iter().filter(|(_, said)| *said).map(|(word, _)| word.into()));
    if let Some(theme) = &screen.theme {
        words.extend(["--theme".into(), theme.into()]);
    }
    words
}
