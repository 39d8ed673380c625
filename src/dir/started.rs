//! `session.yaml`: how a session was started, for people. The journal holds the same and is what counts.

use serde::Serialize;

use super::{DirError, SessionDir, replace};
use crate::evolve::Settings;
use crate::journal::Access;
use crate::session::State;
use crate::trial::RunSpec;

#[derive(Serialize)]
struct Started<'a> {
    name: &'a str,
    evotop: &'a str,
    created: String,
    /// Of the process that has it open, or had it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<&'a [String]>,
    seed: u64,
    trial_seed: u64,
    run: &'a RunSpec,
    settings: &'a Settings,
}

/// Writes it.
///
/// # Errors
/// Where it cannot be written.
pub fn write_session_yaml(dir: &SessionDir, state: &State, access: Access) -> Result<(), DirError> {
    let started = Started {
        name: &state.name,
        evotop: &state.evotop,
        created: jiff::Timestamp::from_millisecond(state.created_at).unwrap_or_default().to_string(),
        command: state.open.as_ref().map(|opened| &opened.argv[..]),
        seed: state.seed,
        trial_seed: state.trial_seed,
        run: &state.spec,
        settings: &state.started_with,
    };
    let path = dir.session_yaml();
    let yaml = serde_yaml::to_string(&started)
        .map_err(|error| DirError::io("write", &path)(std::io::Error::other(error)))?;
    let head =
        "# How this session was started. For reading: to change how it goes on, edit live/settings.yaml.\n";
    replace(&path, (head.to_owned() + &yaml).as_bytes(), access)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::sample::created;

    #[test]
    fn how_a_session_was_started_can_be_read() {
        let home = tempfile::tempdir().unwrap();
        let dir = SessionDir::new(home.path());
        write_session_yaml(&dir, &State::new(&created(), 1_764_000_000_000), Access::Private).unwrap();
        let text = std::fs::read_to_string(dir.session_yaml()).unwrap();
        for line in
            ["name: exp", "created: 2025-11-24T16:00:00Z", "seed: 7", "  hyp: hyp.yaml", "  sigma: 0.2"]
        {
            assert!(text.contains(line), "{line}: {text}");
        }
    }
}
