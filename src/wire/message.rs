//! What a client and a session say to each other. JSON, one object a frame; only snapshots travel as bytes.
//!
//! A small part is frozen: `hello`, `status`, `pause`, `stop` and `say` on the client's side, `hello`, `status` and
//! `answer` on the session's, with the fields they have now. Every build understands these for ever, whatever
//! protocol the other end speaks; everything else needs equal [`PROTOCOL`] numbers.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::journal::{Entry, How};
use crate::runner::Figures;
use crate::session::{Command, Status};
use crate::trial::protocol::Progress;

/// Raised when anything outside the frozen part changes in a way that an older build cannot read.
pub const PROTOCOL: u32 = 2;

/// What a client says. `hello` comes first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ToSession {
    /// Frozen. The user is not said: the session asks the kernel.
    Hello {
        protocol: u32,
        /// evotop's version.
        build: String,
        #[serde(default)]
        read_only: bool,
        #[serde(default)]
        tty: Option<String>,
        #[serde(default)]
        ssh: Option<String>,
    },
    /// Frozen. Answered by `status`.
    Status,
    /// Frozen. Answered by `answer`.
    Pause { id: u64 },
    /// Frozen. Answered by `answer`.
    Stop { id: u64, now: bool },
    /// Frozen. A line of the steering grammar, parsed by the session against its own state. Answered by `answer`.
    Say { id: u64, line: String, how: How },
    /// Asks for a snapshot, and for everything that happens from there on.
    Attach {
        /// Whether [`FromSession::Figures`] are wanted: a build that does not know them does not ask.
        #[serde(default)]
        figures: bool,
    },
    /// Answered by `answer`.
    Do { id: u64, command: Command, how: How },
}

/// What a session says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum FromSession {
    /// Frozen. The answer to `hello`.
    Hello {
        protocol: u32,
        /// evotop's version.
        build: String,
        /// The session's own program: a client of another protocol runs this one to attach.
        program: PathBuf,
        /// The session's directory.
        dir: PathBuf,
        name: String,
    },
    /// Frozen. How the session stands.
    Status { status: Box<Status> },
    /// Frozen. Whether a request was granted, and what was done or why not.
    Answer { id: u64, granted: bool, text: String },
    /// A snapshot begins: as many binary frames follow. Sent again where a client lagged behind.
    Snapshot { pieces: usize },
    /// Something happened, and is on disk.
    Entry { entry: Box<Entry> },
    /// How a running trial gets on. The latest wins.
    Progress { generation: u64, progress: Progress },
    /// What devices and trainers do. The latest wins; only to those who asked for it.
    Figures { figures: Figures },
    /// Something to say that is not in the journal: the disk is full, the session waits.
    Notice { text: String },
    /// Something that this build does not know.
    #[serde(other)]
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frozen_part_is_read_as_it_was_first_written() {
        for line in [
            r#"{"type":"hello","protocol":1,"build":"0.1.0"}"#,
            r#"{"type":"status"}"#,
            r#"{"type":"pause","id":1}"#,
            r#"{"type":"stop","id":2,"now":true}"#,
            r#"{"type":"say","id":3,"line":"sigma 0.1","how":"shell"}"#,
        ] {
            assert!(serde_json::from_str::<ToSession>(line).is_ok(), "{line}");
        }
        for line in [
            r#"{"type":"hello","protocol":1,"build":"0.1.0","program":"/bin/evotop","dir":"/runs/exp","name":"exp"}"#,
            r#"{"type":"answer","id":1,"granted":false,"text":"no"}"#,
        ] {
            assert!(serde_json::from_str::<FromSession>(line).is_ok(), "{line}");
        }
    }

    #[test]
    fn an_older_client_is_told_no_figures_and_an_older_session_ignores_the_wish() {
        // As it was before there were figures.
        #[derive(Deserialize)]
        #[serde(tag = "type", rename_all = "kebab-case")]
        enum Older {
            Attach,
        }
        let older = serde_json::from_str::<ToSession>(r#"{"type":"attach"}"#).unwrap();
        assert_eq!(older, ToSession::Attach { figures: false });
        let wish = serde_json::to_string(&ToSession::Attach { figures: true }).unwrap();
        assert!(matches!(serde_json::from_str(&wish), Ok(Older::Attach)));
    }

    #[test]
    fn what_a_newer_session_says_beyond_this_build_is_no_error() {
        let line = r#"{"type":"weather","sun":true}"#;
        assert_eq!(serde_json::from_str::<FromSession>(line).unwrap(), FromSession::Unknown);
    }

    #[test]
    fn fields_of_a_newer_build_are_ignored() {
        let line = r#"{"type":"hello","protocol":9,"build":"9.0.0","read_only":true,"colour":"red"}"#;
        assert!(matches!(serde_json::from_str(line), Ok(ToSession::Hello { protocol: 9, .. })));
    }
}
