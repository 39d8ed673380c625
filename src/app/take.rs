//! What a person takes along: a row or a value to the clipboard, a candidate as a hyp file.

use std::path::Path;

use super::link::Effect;
use super::model::{Model, Page};

impl Model {
    /// Copies the row or the value under the cursor.
    pub(super) fn copy(&mut self) -> Vec<Effect> {
        let text = match (self.page, &self.state) {
            (_, None) => None,
            (Page::Live | Page::Density, Some(_)) => {
                let p = self.param().cloned();
                p.map(|p| {
                    format!(
                        "{}: {}",
                        p.name,
                        p.scalar(self.value_shown(&p.name).or(p.held()).unwrap_or(p.value))
                    )
                })
            }
            (Page::History, Some(state)) => self.row().and_then(|g| {
                let trial = state.history.get(g)?;
                let genes = state
                    .space
                    .params
                    .iter()
                    .zip(&trial.genes)
                    .map(|(p, x)| format!("{}={}", p.name, p.scalar(*x)));
                let fitness = trial.fitness.map_or("-".into(), |f| format!("{f}"));
                Some(format!("gen={g} fitness={fitness} {}", genes.collect::<Vec<_>>().join(" ")))
            }),
            (Page::Log, Some(state)) => {
                let at = self.log.found.or_else(|| self.log.len(state).checked_sub(self.log.back + 1));
                at.and_then(|at| self.log.line(at, state)).map(str::to_owned)
            }
        };
        let Some(text) = text else { return Vec::new() };
        self.toasts
            .say(format!("copied {}", text.split(' ').take(2).collect::<Vec<_>>().join(" ")), self.now);
        vec![Effect::Copy(text)]
    }

    /// Writes the row's candidate as a hyp file; the name says which it is.
    pub(super) fn save(&mut self) -> Vec<Effect> {
        let Some((state, generation)) = self.state.as_ref().zip(self.row()) else { return Vec::new() };
        let Some(trial) = state.history.get(generation) else { return Vec::new() };
        let fitness = trial.fitness.map_or("none".into(), |f| format!("{f}"));
        let mut text = format!("# {}, generation {generation}, fitness {fitness}\n", state.name);
        for (name, value) in state.space.hyp(&trial.genes) {
            let value = match &value {
                crate::space::Scalar::Text(t) => {
                    serde_yaml::to_string(t).unwrap_or_default().trim_end().to_owned()
                }
                other => other.to_string(),
            };
            text.extend([name.as_str(), ": ", &value, "\n"]);
        }
        vec![Effect::Save { path: self.save_to.join(format!("hyp_{}_{generation}.yaml", state.name)), text }]
    }

    /// How a save ended.
    pub fn saved(&mut self, path: &Path, result: Result<(), String>) {
        self.changes += 1;
        match result {
            Ok(()) => self.toasts.say(format!("saved {}", path.display()), self.now),
            Err(why) => self.toasts.error(format!("{}: {why}", path.display()), self.now),
        }
    }
}
