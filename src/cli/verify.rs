//! `evotop verify` and `evotop repair`: whether a journal can be trusted, and what to do where it cannot be read.

use std::path::PathBuf;

use clap::Args;

use super::exit::{Exit, Told};
use super::find;
use crate::dir::SessionDir;
use crate::journal::{self, Entry, FileDisk, JournalError};
use crate::session::Verifier;

/// Derive every bred proposal again from the journal, to the last digit
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The session's name or directory
    pub name: String,
}

/// Write a mended copy of a damaged journal, and list what it lacks
#[derive(Debug, Args)]
pub struct RepairArgs {
    /// The session's name or directory
    pub name: String,
    /// Where the mended copy goes [default: journal.mended.jsonl beside it]
    #[arg(long)]
    pub to: Option<PathBuf>,
}

/// Checks that a journal follows from its own start.
pub fn verify(args: &VerifyArgs) -> anyhow::Result<Exit> {
    let path = SessionDir::new(find::dir(&args.name)?).journal();
    let mut verifier = Verifier::default();
    let mut wrong = None;
    journal::read(&path, |entry: Entry| {
        if wrong.is_none() {
            wrong = verifier.check(&entry).err();
        }
    })
    .map_err(|error| match error {
        JournalError::BadLine { .. } | JournalError::NoStart { .. } => {
            Told::with(Exit::Unverified, error.to_string())
        }
        other => other.into(),
    })?;
    if let Some(wrong) = wrong {
        return Err(Told::with(Exit::Unverified, format!("{}: {wrong}", path.display())));
    }
    let verified = verifier.verified();
    tell!(
        "verified: {} proposals derived again, {} trials taken as input, {} changes of settings done again",
        verified.derived,
        verified.taken,
        verified.steered
    );
    Ok(Exit::Done)
}

/// Mends a journal, beside it.
pub fn repair(args: &RepairArgs) -> anyhow::Result<Exit> {
    let session = SessionDir::new(find::dir(&args.name)?);
    let from = session.journal();
    let to = args.to.clone().unwrap_or_else(|| from.with_file_name("journal.mended.jsonl"));
    let report = journal::repair(&FileDisk { access: session.access() }, &from, &to)?;
    tell!("{report}");
    Ok(Exit::Done)
}
