//! Which images a data set consists of, and where the label file of each is. Nothing is opened here but folders and lists.

use std::path::{Path, PathBuf};

use super::{DataError, DataYaml, Split};

const EXTENSIONS: [&str; 10] = ["bmp", "dng", "jpeg", "jpg", "mpo", "png", "tif", "tiff", "webp", "pfm"];

/// All images of one split, sorted.
pub fn images(yaml: &DataYaml, split: Split) -> Result<Vec<PathBuf>, DataError> {
    let mut found = Vec::new();
    for entry in yaml.entries(split) {
        if entry.is_dir() {
            walk(entry, &mut found)?;
        } else if entry.is_file() {
            list(entry, &mut found)?;
        } else {
            return Err(DataError::Missing {
                yaml: yaml.file.clone(),
                role: split.word(),
                missing: entry.clone(),
                hint: hint(yaml),
            });
        }
    }
    found.retain(|path| is_image(path));
    // By their bytes, as the original sorts its strings: paths compare part by part, and `a/x` would come before `a-b/x`.
    found.sort_by(|a, b| a.as_os_str().cmp(b.as_os_str()));
    if found.is_empty() {
        let path = yaml.entries(split).first().cloned().unwrap_or_else(|| yaml.file.clone());
        return Err(DataError::NoImages { path });
    }
    Ok(found)
}

fn hint(yaml: &DataYaml) -> String {
    match yaml.download.as_deref().map(|text| text.lines().next().unwrap_or_default()) {
        Some(first) => format!("; the file says how to download them (not done for you): {first}"),
        None => "; correct the path in the file or put the images there".to_owned(),
    }
}

fn is_image(path: &Path) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| EXTENSIONS.contains(&extension.to_ascii_lowercase().as_str()))
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), DataError> {
    for entry in std::fs::read_dir(folder).map_err(|error| DataError::io(folder, error))? {
        let entry = entry.map_err(|error| DataError::io(folder, error))?;
        // What other programs keep for themselves beside the pictures, as `._a.jpg` or `.thumbnails`; the original sees none of it.
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = entry.path();
        // Links to folders are followed, as data sets are often put together from links; a loop ends at the path length limit.
        if path.is_dir() {
            walk(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

/// A text file with one image per line; lines starting with `./` are relative to the file's own folder.
fn list(file: &Path, found: &mut Vec<PathBuf>) -> Result<(), DataError> {
    let text = std::fs::read_to_string(file).map_err(|error| DataError::io(file, error))?;
    let folder = file.parent().unwrap_or(Path::new(""));
    found.extend(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| {
        match line.strip_prefix("./") {
            Some(inside) => folder.join(inside),
            None => PathBuf::from(line),
        }
    }));
    Ok(())
}

/// The label file of an image: the last `images` folder becomes `labels`, the extension `txt`.
pub fn label_path(image: &Path) -> PathBuf {
    let parts: Vec<_> = image.iter().collect();
    let place = parts[..parts.len().saturating_sub(1)].iter().rposition(|part| *part == "images");
    let mut path: PathBuf = parts
        .iter()
        .enumerate()
        .map(|(i, part)| if Some(i) == place { std::ffi::OsStr::new("labels") } else { part })
        .collect();
    path.set_extension("txt");
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_images_folder_becomes_labels() {
        assert_eq!(
            label_path(Path::new("/d/images/x/images/train/a.b.JPG")),
            Path::new("/d/images/x/labels/train/a.b.txt")
        );
        assert_eq!(label_path(Path::new("/d/pictures/a.png")), Path::new("/d/pictures/a.txt"));
        assert_eq!(label_path(Path::new("images/images.png")), Path::new("labels/images.txt"));
    }

    #[test]
    fn folders_are_searched_through_and_lists_are_relative_to_themselves() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("images/deep/er")).unwrap();
        std::fs::create_dir(root.path().join("images/.thumbnails")).unwrap();
        std::fs::create_dir(root.path().join("images/deep-er")).unwrap();
        let hidden = ["images/._c.jpeg", "images/.thumbnails/c.jpeg"];
        let seen = [
            "images/b.PNG",
            "images/deep/er/a.webp",
            "images/deep-er/z.bmp",
            "images/notes.md",
            "images/c.jpeg",
        ];
        for name in seen.iter().chain(&hidden) {
            std::fs::write(root.path().join(name), "").unwrap();
        }
        std::fs::write(root.path().join("list.txt"), "./images/b.PNG\n\n/elsewhere/z.bmp\n").unwrap();
        let mut yaml =
            DataYaml::parse(&root.path().join("x.yaml"), "train: images\nval: list.txt\nnames: [a]\n")
                .unwrap();
        let train = images(&yaml, Split::Train).unwrap();
        let inside = |name: &str| root.path().join(name);
        let sorted = ["images/b.PNG", "images/c.jpeg", "images/deep-er/z.bmp", "images/deep/er/a.webp"];
        assert_eq!(train, sorted.map(inside));
        let val = images(&yaml, Split::Val).unwrap();
        assert_eq!(val.len(), 2);
        assert!(val.contains(&inside("images/b.PNG")) && val.contains(&PathBuf::from("/elsewhere/z.bmp")));

        yaml.val = vec![inside("nowhere")];
        yaml.download = Some("bash get.sh\nmore".to_owned());
        let error = images(&yaml, Split::Val).unwrap_err().to_string();
        assert!(error.contains("nowhere") && error.contains("not done for you): bash get.sh"), "{error}");
    }
}
