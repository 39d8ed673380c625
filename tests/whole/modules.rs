//! The order of the modules, as `src/lib.rs` lists them: data flows down, so none may use one below it.

use std::path::Path;

fn files(dir: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_module_uses_one_below_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let order = std::fs::read_to_string(src.join("lib.rs")).unwrap();
    let order: Vec<&str> =
        order.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert!(order.len() > 10);
    let mut wrong = Vec::new();
    for (at, module) in order.iter().enumerate() {
        let mut found = Vec::new();
        if src.join(module).is_dir() {
            files(&src.join(module), &mut found);
        } else {
            found.push(src.join(module).with_extension("rs"));
        }
        for file in found {
            let text = std::fs::read_to_string(&file).unwrap();
            for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"))
            {
                for below in &order[at + 1..] {
                    let uses = line.match_indices(&format!("crate::{below}")).any(|(at, name)| {
                        !line[at + name.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
                    });
                    if uses {
                        wrong.push(format!("{}:{}: {}", file.display(), i + 1, line.trim()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
