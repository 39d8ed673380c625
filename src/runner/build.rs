//! What tells one state of a trainer from another: its words, its script, its list of data. Another one may give the same
//! candidate another fitness, and begins an era.

use std::path::{Path, PathBuf};

use serde_yaml::{Mapping, Value};

/// No larger file is taken for a script or a list.
const LARGEST: u64 = 1 << 20;
const SCRIPTS: [&str; 5] = ["py", "sh", "jl", "R", "pl"];
const DATA: [&str; 2] = ["yaml", "yml"];

/// The script that a command line runs: the first word that is a text file below a megabyte.
pub(super) fn script(argv: &[String], cwd: &Path) -> Option<PathBuf> {
    argv.iter().find_map(|word| file(word, cwd, &SCRIPTS))
}

/// The text of that script, where it can be read: which options it knows.
pub fn script_text(argv: &[String], cwd: &Path) -> Option<String> {
    std::fs::read_to_string(script(argv, cwd)?).ok()
}

/// What a command is by its words, its script's text, and the YAML files that its words name.
pub(super) fn build(argv: &[String], script: Option<&Path>, cwd: &Path) -> String {
    let text = script.and_then(|path| std::fs::read(path).ok()).unwrap_or_default();
    let build = format!("{:08x}-{:08x}", crc32fast::hash(argv.join("\0").as_bytes()), crc32fast::hash(&text));
    with_data(build, argv.iter().map(String::as_str), cwd)
}

/// A build that is another one where a file of data is: `data=coco128.yaml` or `coco128.yaml`.
pub(super) fn with_data<'a>(build: String, words: impl Iterator<Item = &'a str>, cwd: &Path) -> String {
    let value = |word: &'a str| word.rsplit_once('=').map_or(word, |(_, value)| value);
    let lists: Vec<u8> =
        words.filter_map(|word| file(value(word), cwd, &DATA)).flat_map(|path| data(&path)).collect();
    if lists.is_empty() { build } else { format!("{build}-{:08x}", crc32fast::hash(&lists)) }
}

/// The text of a data file, and of the lists of images that it names.
fn data(path: &Path) -> Vec<u8> {
    let mut text = std::fs::read(path).unwrap_or_default();
    let keys: Mapping = serde_yaml::from_slice(&text).unwrap_or_default();
    let dir = path.parent().unwrap_or(Path::new("."));
    let root = keys.get("path").and_then(Value::as_str).map_or(dir.to_owned(), |path| dir.join(path));
    for value in ["train", "val", "test"].iter().filter_map(|key| keys.get(*key)) {
        let several = value.as_sequence().map_or(std::slice::from_ref(value), Vec::as_slice);
        for list in several.iter().filter_map(Value::as_str).filter_map(|list| file(list, &root, &["txt"])) {
            text.extend(std::fs::read(list).unwrap_or_default());
        }
    }
    text
}

fn file(word: &str, dir: &Path, endings: &[&str]) -> Option<PathBuf> {
    let path = dir.join(word);
    let ends = path.extension().is_some_and(|ending| endings.iter().any(|e| ending == *e));
    (ends && path.metadata().is_ok_and(|meta| meta.is_file() && meta.len() <= LARGEST)).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_list_of_data_is_another_build_and_another_result_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        let argv = ["train.py", "data=coco.yaml", "--hyp", "{hyp}", "--out", "results.csv"];
        let argv = argv.map(str::to_owned);
        let now = || build(&argv, script(&argv, dir.path()).as_deref(), dir.path());
        let mut builds = vec![now()];
        for (name, text) in [
            ("train.py", "pass"),
            ("coco.yaml", "train: images\nval: [val.txt, images]\n"),
            ("val.txt", "1.jpg\n"),
            ("val.txt", "1.jpg\n2.jpg\n"),
            ("coco.yaml", "path: sub\ntrain: images\nval: val.txt\n"),
        ] {
            write(name, text);
            assert!(!builds.contains(&now()), "{name}: {builds:?}");
            builds.push(now());
        }
        for (name, text) in [("results.csv", "acc\n1\n"), ("other.yaml", "x: 1\n"), ("hyp.yaml", "lr0: 1\n")]
        {
            write(name, text);
            assert_eq!(builds.last(), Some(&now()), "{name}");
        }
    }
}
