//! Label files: one object per line, a class and a box or a polygon, all as fractions of the picture.

/// One object: class and box as fractions of the picture (centre, width, height).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Label {
    pub class: u32,
    pub x: f32,
    pub y: f32,
    pub w: f32,
    pub h: f32,
}

/// An outline, points as fractions of the picture.
pub type Polygon = Vec<[f32; 2]>;

/// What a label file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Labels {
    pub boxes: Vec<Label>,
    /// As many as boxes where the file has polygons, otherwise none.
    pub polygons: Vec<Polygon>,
    /// Rows that stood there more than once and were dropped.
    pub duplicates: usize,
}

/// Reads a label file's text. A mistake anywhere spoils the whole file, as its image cannot be trusted any more; the message names the line.
pub fn parse(text: &str) -> Result<Labels, String> {
    let mut rows: Vec<(usize, Vec<f32>)> = Vec::new();
    for (number, line) in text.lines().enumerate().map(|(place, line)| (place + 1, line.trim())) {
        if line.is_empty() {
            continue;
        }
        let row = line
            .split_whitespace()
            .enumerate()
            .map(|(column, word)| value(column, word).map_err(|why| format!("line {number}: {why}")))
            .collect::<Result<Vec<_>, _>>()?;
        rows.push((number, row));
    }
    let polygons = rows.iter().any(|(_, row)| row.len() > 6);
    let mut outlines = Vec::new();
    let mut table: Vec<[f32; 5]> = Vec::new();
    for (number, row) in rows {
        if polygons {
            let outline = outline(number, &row)?;
            table.push(bounding(row[0], &outline));
            outlines.push(outline);
        } else {
            let row: [f32; 5] = row.as_slice().try_into().map_err(|_| {
                format!(
                    "line {number}: {} columns; a box has 5 (class x y w h), a polygon a class and at least 3 points",
                    row.len()
                )
            })?;
            table.push(row);
        }
    }
    let (table, outlines, duplicates) = without_duplicates(table, outlines);
    let boxes = table.iter().map(|&[class, x, y, w, h]| Label { class: class as u32, x, y, w, h }).collect();
    Ok(Labels { boxes, polygons: outlines, duplicates })
}

/// The start of a word, with what a terminal would not show, or would obey, spelled out.
fn short(word: &str) -> String {
    word.chars().take(20).flat_map(char::escape_debug).collect()
}

/// The number that a word of a row stands for.
fn value(column: usize, word: &str) -> Result<f32, String> {
    let what = if column == 0 { "class" } else { "coordinate" };
    match word.parse::<f32>() {
        Err(_) => Err(format!("`{}` is not a number", short(word))),
        Ok(value) if value.is_nan() || value < 0.0 => {
            Err(format!("{what} {} is negative or not a number", short(word)))
        }
        Ok(value) if column > 0 && value > 1.0 => {
            Err(format!("coordinate {} is above 1; coordinates are fractions", short(word)))
        }
        Ok(value) => Ok(value),
    }
}

/// The highest class of a label file's text as it is written, with its line.
pub fn highest_class(text: &str) -> Option<String> {
    let first = |(place, line): (usize, &str)| {
        let word = line.split_whitespace().next()?;
        Some((word.parse::<f32>().ok()?, format!("line {}: class {}", place + 1, short(word))))
    };
    text.lines().enumerate().filter_map(first).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, shown)| shown)
}

fn outline(number: usize, row: &[f32]) -> Result<Polygon, String> {
    if row.len() < 3 || row.len().is_multiple_of(2) {
        return Err(format!("line {number}: {} columns; a polygon is a class and x y pairs", row.len()));
    }
    Ok(row[1..].chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect())
}

/// The box around an outline.
fn bounding(class: f32, outline: &[[f32; 2]]) -> [f32; 5] {
    let (mut low, mut high) = ([f32::INFINITY; 2], [f32::NEG_INFINITY; 2]);
    for point in outline {
        for axis in 0..2 {
            low[axis] = low[axis].min(point[axis]);
            high[axis] = high[axis].max(point[axis]);
        }
    }
    [
        class,
        f32::midpoint(low[0], high[0]),
        f32::midpoint(low[1], high[1]),
        high[0] - low[0],
        high[1] - low[1],
    ]
}

/// Duplicate rows go; only then are the rows put in order, as in the original.
fn without_duplicates(table: Vec<[f32; 5]>, outlines: Vec<Polygon>) -> (Vec<[f32; 5]>, Vec<Polygon>, usize) {
    let order = |a: &[f32; 5], b: &[f32; 5]| {
        a.iter().zip(b).map(|(a, b)| a.total_cmp(b)).find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    };
    let mut places: Vec<usize> = (0..table.len()).collect();
    places.sort_by(|&a, &b| order(&table[a], &table[b]));
    places.dedup_by(|later, kept| table[*later] == table[*kept]);
    let duplicates = table.len() - places.len();
    if duplicates == 0 {
        return (table, outlines, 0);
    }
    let kept = places.iter().map(|&i| table[i]).collect();
    let outlines =
        if outlines.is_empty() { outlines } else { places.iter().map(|&i| outlines[i].clone()).collect() };
    (kept, outlines, duplicates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_are_read_in_the_order_of_the_file() {
        let labels = parse("3 0.5 0.5 0.25 0.125\n\n0 1 0 1 1\n").unwrap();
        assert_eq!(labels.boxes[0], Label { class: 3, x: 0.5, y: 0.5, w: 0.25, h: 0.125 });
        assert_eq!(labels.boxes[1].class, 0);
        assert!(labels.polygons.is_empty());
    }

    #[test]
    fn one_long_row_makes_all_rows_polygons() {
        let labels = parse("1 0.1 0.2 0.5 0.2 0.5 0.8\n2 0.25 0.25 0.75 0.5\n").unwrap();
        assert_eq!(labels.polygons.len(), 2);
        let first = labels.boxes[0];
        assert!((first.x - 0.3).abs() < 1e-6 && (first.h - 0.6).abs() < 1e-6);
        // Five columns in such a file are two points.
        assert_eq!(labels.boxes[1], Label { class: 2, x: 0.5, y: 0.375, w: 0.5, h: 0.25 });
    }

    #[test]
    fn duplicates_go_and_leave_the_rows_in_order() {
        let labels = parse("2 .5 .5 .1 .1\n1 .5 .5 .1 .1\n2 .5 .5 .1 .1\n").unwrap();
        assert_eq!(labels.duplicates, 1);
        assert_eq!(labels.boxes.iter().map(|label| label.class).collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn a_mistake_spoils_the_file_and_names_its_line() {
        for (text, line, word) in [
            ("0 .5 .5 .1 .1\n0 .5 .5 .1", 2, "4 columns"),
            ("0 .5 .5 .1 .1 .9", 1, "6 columns"),
            ("0 .5 x .1 .1", 1, "`x` is not a number"),
            ("0 .5 .5 .1 .1\0\u{1b}[2J", 1, "`.1\\0\\u{1b}[2J` is not"),
            ("-1 .5 .5 .1 .1", 1, "class -1"),
            ("0 .5 -.5 .1 .1", 1, "negative"),
            ("0 .5 nan .1 .1", 1, "not a number"),
            ("\n0 .5 1.5 .1 .1", 2, "above 1"),
            ("0 .1 .2 .3 .4 .5 .6\n0 .1 .1 .2 .2 .3", 2, "pairs"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(&format!("line {line}: ")) && error.contains(word), "{error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_a_file_says_it_is_read_or_refused(text in "[0-9. \\n-]{0,200}|[ -~\\n]{0,80}") {
            if let Ok(labels) = parse(&text) {
                assert!(labels.polygons.is_empty() || labels.polygons.len() == labels.boxes.len());
                for label in &labels.boxes {
                    for value in [label.x, label.y, label.w, label.h] {
                        assert!((0.0..=1.0).contains(&value), "{label:?}");
                    }
                }
            }
        }
    }
}
