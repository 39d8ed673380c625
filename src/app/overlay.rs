//! What lies over a page: dialogues, the knob, the command line, help.

use super::command_line::CommandLine;
use super::edit_form::EditForm;
use super::line::Line;
use super::model::Page;
use crate::session::State;

/// What lies over the page. One at a time.
#[derive(Debug, Clone, PartialEq)]
pub enum Overlay {
    Help {
        scroll: usize,
    },
    Leave,
    /// About one attempt: it closes itself when that ends.
    Abort {
        generation: u64,
        attempt: u32,
        slot: String,
    },
    /// The last change was another's.
    Another {
        redo: bool,
        why: String,
        /// Of the settings, when it was asked: of other ones the last change is another.
        revision: u32,
    },
    Knob {
        knob: Knob,
        value: f64,
    },
    Edit(Box<EditForm>),
    Strategy {
        cursor: usize,
    },
    Fitness {
        line: Line,
        error: Option<String>,
    },
    Command(CommandLine),
    /// A filter or search while it is typed, and what it was before.
    Filter {
        page: Page,
        line: Line,
        before: String,
    },
}

/// A setting turned by arrows and set once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knob {
    Sigma,
    Top,
}

impl Overlay {
    /// Whether what it is about has ended.
    pub fn is_over(&self, state: &State) -> bool {
        match self {
            Self::Abort { generation, attempt, .. } => {
                state.running.get(generation).is_none_or(|r| r.attempt != *attempt)
            }
            Self::Another { revision, .. } => state.revision != *revision,
            _ => false,
        }
    }

    /// Whether it is text that is being typed.
    pub fn is_typed(&self) -> bool {
        matches!(self, Self::Edit(_) | Self::Fitness { .. } | Self::Command(_) | Self::Filter { .. })
    }

    /// Whether it asks: what was typed before it appeared is not meant for it.
    pub fn asks(&self) -> bool {
        matches!(self, Self::Leave | Self::Abort { .. } | Self::Another { .. })
    }
}
