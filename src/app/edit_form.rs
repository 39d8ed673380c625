//! The form for one parameter: value, gain, low, high.

use super::key::{Code, Key};
use super::line::Line;
use crate::evolve::Edit;
use crate::session::{State, steer};
use crate::space::{Param, number};

/// The fields, in order.
pub const FIELDS: [&str; 4] = ["value", "gain", "low", "high"];

/// The form.
#[derive(Debug, Clone, PartialEq)]
pub struct EditForm {
    pub param: String,
    pub fields: [Line; 4],
    /// What stood there when it was opened.
    before: [String; 4],
    pub cursor: usize,
    /// A free parameter's value: pinned there, not only in the next proposal.
    pub pin: bool,
    pub error: Option<String>,
    revision: u32,
}

impl EditForm {
    /// The form for a parameter as it is, its value that of the trial that is shown.
    pub fn new(p: &Param, shown: Option<f64>, revision: u32) -> Self {
        let value = p.held().or(shown).unwrap_or(p.value);
        let before = [
            if matches!(p.kind, crate::space::Kind::Choice(_)) {
                p.scalar(value).to_string()
            } else {
                number_text(value)
            },
            number_text(p.gain),
            number_text(p.low),
            number_text(p.high),
        ];
        Self {
            param: p.name.clone(),
            fields: before.clone().map(|t| Line::new(&t)),
            before,
            cursor: 0,
            pin: false,
            error: None,
            revision,
        }
    }

    /// Moves between the fields, edits the one under the cursor; false if the key is none of its own.
    pub fn key(&mut self, key: Key) -> bool {
        self.error = None;
        match (key.code, key.ctrl) {
            (Code::Up | Code::BackTab, _) => self.cursor = (self.cursor + FIELDS.len() - 1) % FIELDS.len(),
            (Code::Down | Code::Tab, _) => self.cursor = (self.cursor + 1) % FIELDS.len(),
            (Code::Char('p'), true) => self.pin = !self.pin,
            (Code::Char(' '), false) => {}
            _ => return self.fields[self.cursor].key(key),
        }
        true
    }

    /// Whether its text differs from what stood there.
    fn changed(&self, field: usize) -> bool {
        self.fields[field].text().trim() != self.before[field]
    }

    /// What was changed, as edits and the revision they were seen at; none if nothing was.
    ///
    /// # Errors
    /// Where a field cannot be read.
    pub fn edits(&self, state: &State) -> Result<(Vec<Edit>, u32), String> {
        let p =
            state.space.get(&self.param).ok_or_else(|| format!("there is no parameter {}", self.param))?;
        let read = |field: usize| {
            let text = self.fields[field].text();
            let number = text.trim().parse::<f64>().ok().filter(|x| x.is_finite());
            number.ok_or_else(|| format!("{} is not a number: {} of {}", text.trim(), FIELDS[field], p.name))
        };
        let mut edits = Vec::new();
        let (mut low, mut high) = (p.low, p.high);
        if self.changed(2) || self.changed(3) {
            (low, high) = (read(2)?, read(3)?);
        }
        if self.changed(1) {
            edits.push(Edit::Gain { param: p.name.clone(), to: read(1)? });
        }
        let bounds =
            ((low, high) != (p.low, p.high)).then(|| Edit::Bounds { param: p.name.clone(), low, high });
        let mut value = None;
        if self.changed(0) || self.pin {
            let text = self.fields[0].text();
            let x = p
                .parse(text.trim())
                .ok_or_else(|| format!("{} is not a value of {}", text.trim(), p.name))?;
            value = Some(if self.pin && p.pin.is_none() {
                (x, Edit::Pin { param: p.name.clone(), at: Some(x) })
            } else {
                (x, steer::set_value(p, x))
            });
        }
        // A value that fits the old bounds is set before they narrow, any other after they have widened.
        match value {
            Some((x, edit)) if p.admits(x) => edits.extend([Some(edit), bounds].into_iter().flatten()),
            Some((_, edit)) => edits.extend([bounds, Some(edit)].into_iter().flatten()),
            None => edits.extend(bounds),
        }
        Ok((edits, self.revision))
    }
}

/// Every digit, whole numbers without a point.
fn number_text(x: f64) -> String {
    if x.fract() == 0.0 && x.abs() < 1e15 { format!("{x}") } else { number::yaml(x) }
}
