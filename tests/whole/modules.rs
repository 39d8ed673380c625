//! The order of the modules, as `src/lib.rs` lists them: data flows down, so none may use one below it. And what the pages say
//! of modules and files.

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

fn text(page: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap()
}

/// The modules in their order.
fn modules(lib: &str) -> Vec<&str> {
    let order: Vec<&str> =
        lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert!(order.len() > 10);
    order
}

#[test]
fn the_architecture_page_lists_every_module_in_its_order() {
    let (page, lib) = (text("ARCHITECTURE.md"), text("src/lib.rs"));
    let table = page.split_once("\n## The modules\n").unwrap().1.split_once("\n## ").unwrap().0;
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    assert_eq!(rows.map(|(module, _)| module).collect::<Vec<_>>(), modules(&lib));
}

#[test]
fn every_source_file_that_a_page_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut missing = Vec::new();
    for page in
        ["README.md", "ARCHITECTURE.md", "docs/reliability.md", "docs/evolution.md", "docs/histories.md"]
    {
        let text = text(page);
        let files = text.split('`').skip(1).step_by(2).filter(|name| {
            let source = [".rs", ".py", ".sh"].iter().any(|end| name.ends_with(end)) && *name != "mod.rs";
            let folder = name.ends_with('/') && (name.starts_with("tests/") || name.starts_with("trainer/"));
            (source || folder) && name.contains('/') && !name.contains(char::is_whitespace)
        });
        let gone = files.filter(|name| {
            !["", "src", "tests", "trainer/src"].iter().any(|folder| root.join(folder).join(name).exists())
        });
        missing.extend(gone.map(|name| format!("{page}: {name}")));
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn no_module_uses_one_below_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let order = text("src/lib.rs");
    let order = modules(&order);
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
