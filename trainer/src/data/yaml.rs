//! The data set's YAML file: where its images are and what its classes are called. Looking into the folders is done in `files`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::DataError;

/// A data set's description, with every path joined to its root.
#[derive(Clone, Debug, PartialEq)]
pub struct DataYaml {
    pub file: PathBuf,
    pub train: Vec<PathBuf>,
    pub val: Vec<PathBuf>,
    pub names: Vec<String>,
    /// What the file would have downloaded; told to the user, never run.
    pub download: Option<String>,
}

/// One of the two parts of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Split {
    Train,
    Val,
}

impl Split {
    pub fn word(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Val => "val",
        }
    }
}

/// What is expected of each is told to people, so by the words of the file.
#[derive(Deserialize)]
#[serde(expecting = "a map with `train`, `val` and `names`")]
struct Raw {
    path: Option<PathBuf>,
    train: Option<Entries>,
    val: Option<Entries>,
    names: Option<Names>,
    download: Option<serde_yaml::Value>,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "`train` and `val` are each a folder, a text file with a list of images, or a list of these"
)]
enum Entries {
    One(PathBuf),
    Many(Vec<PathBuf>),
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "`names` is a list of class names, or a map of numbers from 0 to names")]
enum Names {
    List(Vec<Name>),
    Map(std::collections::BTreeMap<u32, Name>),
}

/// A class may be called `0` or `yes`; YAML then gives no text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Name {
    Text(String),
    Whole(i64),
    Number(f64),
    Flag(bool),
}

impl Name {
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Whole(number) => number.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
        }
    }
}

impl DataYaml {
    /// Reads a data YAML. Relative paths are looked for beside the file, then from the current folder.
    ///
    /// # Errors
    /// Where the file cannot be read, or lacks something.
    pub fn read(file: &Path) -> Result<Self, DataError> {
        let text = std::fs::read_to_string(file).map_err(|error| DataError::io(file, error))?;
        Self::parse(file, &text)
    }

    /// # Errors
    /// Where the text is no YAML, or lacks something.
    pub fn parse(file: &Path, text: &str) -> Result<Self, DataError> {
        let wrong = |message: String| DataError::Yaml { path: file.to_path_buf(), message };
        // Only where keys are merged: a value that was read by itself does not know its line any more.
        let raw = if text.contains("<<:") { merged(text) } else { serde_yaml::from_str(text) };
        let raw: Raw = raw.map_err(|error| wrong(error.to_string()))?;
        let lacks =
            |key: &str| wrong(format!("`{key}` is missing; a data set needs `train`, `val` and `names`"));
        let names = match raw.names.ok_or_else(|| lacks("names"))? {
            Names::List(list) => list.into_iter().map(Name::text).collect::<Vec<_>>(),
            Names::Map(map) => {
                if let Some((place, (key, _))) =
                    map.iter().enumerate().find(|(place, (key, _))| *place != **key as usize)
                {
                    return Err(wrong(format!(
                        "`names` has class {key} but no class {place}; number the classes from 0 without gaps"
                    )));
                }
                map.into_values().map(Name::text).collect()
            }
        };
        if names.is_empty() {
            return Err(wrong("`names` is empty; name at least one class".to_owned()));
        }
        let root = Roots::new(file, raw.path.as_deref());
        Ok(Self {
            file: file.to_path_buf(),
            train: root.join(raw.train.ok_or_else(|| lacks("train"))?),
            val: root.join(raw.val.ok_or_else(|| lacks("val"))?),
            names,
            download: raw.download.and_then(|value| match value {
                serde_yaml::Value::String(text) => Some(text),
                _ => None,
            }),
        })
    }

    pub fn classes(&self) -> usize {
        self.names.len()
    }

    pub fn entries(&self, split: Split) -> &[PathBuf] {
        match split {
            Split::Train => &self.train,
            Split::Val => &self.val,
        }
    }
}

/// A file in which one map takes over what another one says (`<<: *other`).
fn merged(text: &str) -> Result<Raw, serde_yaml::Error> {
    let mut value: serde_yaml::Value = serde_yaml::from_str(text)?;
    value.apply_merge()?;
    serde_yaml::from_value(value)
}

/// The folders that a relative entry may be relative to, first choice first.
struct Roots(Vec<PathBuf>);

impl Roots {
    fn new(file: &Path, path: Option<&Path>) -> Self {
        let beside = match file.parent() {
            Some(folder) if folder != Path::new("") => folder.to_path_buf(),
            _ => PathBuf::from("."),
        };
        let root = path.unwrap_or(Path::new(""));
        Self(if root.is_absolute() {
            // A data set that was moved as a whole is still found beside its file.
            vec![root.to_path_buf(), beside]
        } else {
            let mut roots = vec![beside.join(root), root.to_path_buf()];
            if let Ok(inside) = root.strip_prefix("..") {
                roots.extend([beside.join(inside), inside.to_path_buf()]);
            }
            // Data YAMLs shipped in a repository's data/ folder are relative to the repository.
            if let Some(above) = beside.parent() {
                roots.push(above.join(root));
            }
            roots
        })
    }

    fn join(&self, entries: Entries) -> Vec<PathBuf> {
        let entries = match entries {
            Entries::One(entry) => vec![entry],
            Entries::Many(entries) => entries,
        };
        entries.iter().map(|entry| self.join_one(entry)).collect()
    }

    /// The first place where the entry exists; the first choice where it exists nowhere.
    fn join_one(&self, entry: &Path) -> PathBuf {
        let mut first = None;
        for root in &self.0 {
            let here = root.join(entry);
            let inside = entry.strip_prefix("..").ok().map(|inside| root.join(inside));
            if let Some(found) = [Some(here.clone()), inside].into_iter().flatten().find(|path| path.exists())
            {
                return found;
            }
            first.get_or_insert(here);
        }
        first.unwrap_or_else(|| entry.to_path_buf())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Result<Vec<String>, String> {
        DataYaml::parse(Path::new("/d/x.yaml"), text).map(|yaml| yaml.names).map_err(|e| e.to_string())
    }

    #[test]
    fn names_are_a_list_or_a_map_and_overrule_nc() {
        assert_eq!(names("train: a\nval: b\nnc: 7\nnames: [cat, 1, true]\n").unwrap(), ["cat", "1", "true"]);
        assert_eq!(names("train: a\nval: b\nnames: {1: dog, 0: cat}\n").unwrap(), ["cat", "dog"]);
    }

    #[test]
    fn what_a_map_takes_over_from_another_counts() {
        assert_eq!(names("b: &b {names: [cat], train: a}\n<<: *b\nval: b\n").unwrap(), ["cat"]);
    }

    #[test]
    fn what_is_missing_is_named_with_the_file() {
        for (text, key) in [
            ("val: b\nnames: [a]\n", "train"),
            ("train: a\nnames: [a]\n", "val"),
            ("train: a\nval: b\n", "names"),
        ] {
            let error = names(text).unwrap_err();
            assert!(error.starts_with("/d/x.yaml: ") && error.contains(&format!("`{key}`")), "{error}");
        }
        assert!(names("train: a\nval: b\nnames: {0: cat, 2: dog}\n").unwrap_err().contains("no class 1"));
    }

    #[test]
    fn what_is_of_another_kind_is_told_in_the_words_of_the_file() {
        for (text, said) in [
            ("- a\n", "a map with `train`, `val` and `names`"),
            ("train: 5\nval: b\nnames: [a]\n", "`train` and `val` are each a folder"),
            ("train: {a: b}\nval: b\nnames: [a]\n", "`train` and `val` are each a folder"),
            ("train: a\nval: b\nnames: 3\n", "`names` is a list"),
            ("train: a\nval: b\nnames: {cat: 0}\n", "a map of numbers from 0 to names"),
            ("train: a\nval: b\nnames: [[a]]\n", "`names` is a list"),
        ] {
            let error = names(text).unwrap_err();
            assert!(error.contains(said) && !error.contains("enum") && !error.contains("struct"), "{error}");
        }
    }

    #[test]
    fn a_root_is_looked_for_beside_the_file_and_in_the_repository_around_it() {
        let folder = tempfile::tempdir().unwrap();
        let inside = |path: &str| folder.path().join(path);
        for made in ["repository/data", "repository/sets/x/images", "datasets/y/images"] {
            std::fs::create_dir_all(inside(made)).unwrap();
        }
        let train = |root: &str| {
            let text = format!("path: {root}\ntrain: images\nval: images\nnames: [a]\n");
            DataYaml::parse(&inside("repository/data/x.yaml"), &text).unwrap().train[0].canonicalize().ok()
        };
        let there = |path: &str| inside(path).canonicalize().ok();
        assert_eq!(train("sets/x"), there("repository/sets/x/images"));
        assert_eq!(train("../datasets/y"), there("datasets/y/images"));
        assert_eq!(train(&inside("datasets/y").display().to_string()), there("datasets/y/images"));
        // A whole data set that was moved elsewhere with its file.
        std::fs::create_dir(inside("repository/data/images")).unwrap();
        assert_eq!(train("/where/it/was"), there("repository/data/images"));
    }

    #[test]
    fn entries_join_the_root_and_a_missing_parent_entry_is_tried_without_the_dots() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("data/images/train")).unwrap();
        let file = folder.path().join("x.yaml");
        let yaml = DataYaml::parse(
            &file,
            "path: data\ntrain: ../images/train\nval: [images/val, /abs/val]\nnames: [a]\n",
        )
        .unwrap();
        assert_eq!(yaml.train, [folder.path().join("data/images/train")]);
        assert_eq!(yaml.val, [folder.path().join("data/images/val"), PathBuf::from("/abs/val")]);
    }
}
