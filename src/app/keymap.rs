//! Which key does what: the table's defaults, and the user's `keys.yaml` over them.

use std::collections::HashMap;
use std::fmt::Write;

use indexmap::IndexMap;
use serde::Deserialize;
use thiserror::Error;

use super::action::{Action, Context, ROWS, Row};
use super::key::Key;

/// The keys in force.
#[derive(Debug, Clone)]
pub struct Keymap {
    by_key: HashMap<(Context, Key), Action>,
    /// Row by row of the table.
    keys: Vec<Vec<Key>>,
}

/// Why a keys file is not used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeymapError {
    #[error("{0}")]
    Yaml(String),
    #[error("there is no action {0}; evotop keys lists them all")]
    NoAction(String),
    #[error("{key} is not a key (for {name}): write a character, enter, f5, ctrl-x, alt-x")]
    NoKey { name: String, key: String },
    #[error("{key} is both {first} and {second}: give one of them another key")]
    Twice { key: String, first: &'static str, second: &'static str },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl Default for Keymap {
    fn default() -> Self {
        let parse = |row: &Row| row.keys.iter().filter_map(|key| Key::parse(key)).collect();
        let keys: Vec<Vec<Key>> = ROWS.iter().map(parse).collect();
        let mut by_key = HashMap::new();
        for (row, keys) in ROWS.iter().zip(&keys) {
            by_key.extend(keys.iter().map(|key| ((row.context, *key), row.action)));
        }
        Self { by_key, keys }
    }
}

impl Keymap {
    /// The defaults with a keys file over them: `action: key` or `action: [key, key]`; an empty list takes the
    /// action's keys away.
    ///
    /// # Errors
    /// An unknown action or key, or a key that would do two things.
    pub fn with(yaml: &str) -> Result<Self, KeymapError> {
        let file: Option<IndexMap<String, OneOrMore>> =
            serde_yaml::from_str(yaml).map_err(|e| KeymapError::Yaml(e.to_string()))?;
        let mut keys = Self::default().keys;
        for (name, wanted) in file.unwrap_or_default() {
            let at = ROWS
                .iter()
                .position(|row| row.name == name)
                .ok_or_else(|| KeymapError::NoAction(name.clone()))?;
            let wanted = match wanted {
                OneOrMore::One(key) => vec![key],
                OneOrMore::More(keys) => keys,
            };
            keys[at] = wanted
                .into_iter()
                .map(|key| Key::parse(&key).ok_or(KeymapError::NoKey { name: name.clone(), key }))
                .collect::<Result<_, _>>()?;
        }
        let mut by_key: HashMap<(Context, Key), &'static Row> = HashMap::new();
        for (row, keys) in ROWS.iter().zip(&keys) {
            for key in keys {
                if let Some(first) = by_key.insert((row.context, *key), row) {
                    return Err(KeymapError::Twice {
                        key: key.to_string(),
                        first: first.name,
                        second: row.name,
                    });
                }
            }
        }
        Ok(Self { by_key: by_key.into_iter().map(|(at, row)| (at, row.action)).collect(), keys })
    }

    /// What this key does on this page.
    pub fn action(&self, context: Context, key: Key) -> Option<Action> {
        let here = self.by_key.get(&(context, key));
        here.or_else(|| self.by_key.get(&(Context::Everywhere, key))).copied()
    }

    /// The keys of a row of the table, by its index.
    pub fn keys(&self, row: usize) -> &[Key] {
        self.keys.get(row).map_or(&[], Vec::as_slice)
    }

    /// The first key of an action, for hints.
    pub fn hint(&self, action: Action) -> String {
        let rows = ROWS.iter().zip(&self.keys);
        let key = rows.filter(|(row, _)| row.action == action).find_map(|(_, keys)| keys.first());
        key.map_or_else(String::new, Key::to_string)
    }
}

/// The keys file with every default in it, as written by `evotop keys`.
pub fn default_file() -> String {
    let mut text = String::from(
        "# Keys of evotop's screen: action: key, or action: [key, key]; [] takes its keys away.\n# Only what differs from this file needs to be in yours.\n",
    );
    for row in ROWS {
        let keys: Vec<String> = row.keys.iter().map(|key| format!("\"{key}\"")).collect();
        let (doc, place, name) = (row.doc, row.context.name(), row.name);
        let _ = write!(text, "\n# {doc} ({place})\n{name}: [{}]\n", keys.join(", "));
    }
    text
}

/// The table of keys for the README, in Markdown.
pub fn markdown() -> String {
    let mut text = String::from("| keys | where | what |\n|---|---|---|\n");
    for row in ROWS {
        let keys: Vec<String> = row.keys.iter().map(|key| format!("`{key}`")).collect();
        let _ = writeln!(text, "| {} | {} | {} |", keys.join(" "), row.context.name(), row.doc);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keys_file_replaces_the_keys_it_names() {
        let map = Keymap::with("pin: ctrl-p\nsigma-up: [\"+\"]\n").unwrap();
        let key = |name| Key::parse(name).unwrap();
        assert_eq!(map.action(Context::Live, key("ctrl-p")), Some(Action::Pin));
        assert_eq!(map.action(Context::Live, key("p")), None);
        assert_eq!(map.action(Context::Live, key("=")), None);
        assert_eq!(map.action(Context::Live, key("-")), Some(Action::SigmaDown));
    }

    #[test]
    fn unknown_names_and_duplicates_are_errors_that_name_them() {
        let error = |yaml| Keymap::with(yaml).unwrap_err().to_string();
        assert_eq!(error("pinn: p"), "there is no action pinn; evotop keys lists them all");
        assert!(error("pin: hyper-p").contains("hyper-p is not a key (for pin)"));
        assert_eq!(error("pin: u"), "u is both pin and undo: give one of them another key");
        assert!(Keymap::with("[").is_err());
        assert!(Keymap::with("").is_ok());
    }

    #[test]
    fn a_page_s_own_key_comes_before_the_one_that_holds_everywhere() {
        let map = Keymap::default();
        let tab = Key::parse("tab").unwrap();
        assert_eq!(map.action(Context::Log, tab), Some(Action::Source));
        assert_eq!(map.action(Context::Live, tab), Some(Action::NextPage));
    }

    #[test]
    fn the_page_of_keys_is_the_table() {
        assert!(include_str!("../../README.md").contains(&markdown()));
    }

    #[test]
    fn the_file_of_defaults_is_the_table() {
        assert_eq!(default_file(), include_str!("../../assets/keys.yaml"));
        assert!(Keymap::with(&default_file()).is_ok());
    }
}
