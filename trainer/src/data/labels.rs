//! Label files: one object per line, a class and a box or a polygon, all as fractions of the picture.

use std::cmp::Ordering;

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
    // Any of the three ends a line: \n, \r\n and, of old Macs, \r.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    for (number, line) in text.trim_end().lines().enumerate().map(|(place, line)| (place + 1, line)) {
        // One of spaces between objects is a row without columns, as in the original.
        if line.is_empty() || rows.is_empty() && line.trim().is_empty() {
            continue;
        }
        let row = line.split_whitespace().map(value).collect::<Result<_, _>>();
        rows.push((number, row.map_err(|why| format!("line {number}: {why}"))?));
    }
    let polygons = rows.iter().any(|(_, row)| row.len() > 6);
    let mut outlines = Vec::new();
    let mut table: Vec<[f32; 5]> = Vec::new();
    for (number, row) in rows {
        let at_line = |why: String| format!("line {number}: {why}");
        let object = if polygons {
            let outline = outline(&row).map_err(at_line)?;
            let object = bounding(row[0], &outline);
            outlines.push(outline);
            object
        } else {
            row.as_slice().try_into().map_err(|_| {
                at_line(format!(
                    "{} columns; a box has 5 (class x y w h), a polygon a class and at least 3 points",
                    row.len()
                ))
            })?
        };
        judge(&object, polygons).map_err(at_line)?;
        table.push(object);
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
fn value(word: &str) -> Result<f32, String> {
    let number = word.parse().ok().filter(|value: &f32| value.is_finite());
    number.ok_or_else(|| format!("`{}` is not a number", short(word)))
}

/// Whether a class and a box may be those of an object. Of a polygon only the box is judged: an outline that reaches a little out of the
/// picture is none the worse for it.
fn judge([class, coordinates @ ..]: &[f32; 5], polygon: bool) -> Result<(), String> {
    if *class < 0.0 {
        return Err(format!("class {class} is negative"));
    }
    let of = if polygon { " of the polygon's box" } else { "" };
    match coordinates.iter().find(|value| !(0.0..=1.0).contains(*value)) {
        None => Ok(()),
        Some(value) if *value < 0.0 => Err(format!("coordinate {value}{of} is negative")),
        Some(value) => Err(format!("coordinate {value}{of} is above 1; coordinates are fractions")),
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

fn outline(row: &[f32]) -> Result<Polygon, String> {
    if row.len() < 3 || row.len().is_multiple_of(2) {
        return Err(format!("{} columns; a polygon is a class and x y pairs", row.len()));
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
    let mut places: Vec<usize> = (0..table.len()).collect();
    // Rows without NaN, as these are, always compare.
    places.sort_by(|&a, &b| table[a].partial_cmp(&table[b]).unwrap_or(Ordering::Equal));
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
        let labels = parse(" \n3 0.5 0.5 0.25 0.125\n\n0 1 0 1 1 \r\n  \n").unwrap();
        assert_eq!(labels.boxes[0], Label { class: 3, x: 0.5, y: 0.5, w: 0.25, h: 0.125 });
        assert_eq!(labels.boxes[1].class, 0);
        assert!(labels.polygons.is_empty());
    }

    #[test]
    fn lines_end_as_any_system_ends_them() {
        for end in ["\n", "\r\n", "\r"] {
            let labels = parse(&format!("0 .5 .5 .1 .1{end}1 .5 .5 .1 .1{end}2 .5 .5 .1 .1{end}")).unwrap();
            assert_eq!(
                labels.boxes.iter().map(|label| label.class).collect::<Vec<_>>(),
                [0, 1, 2],
                "{end:?}"
            );
            assert!(parse(&format!("0 .5 .5 .1 .1{end}x")).unwrap_err().starts_with("line 2: "));
        }
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
        let labels = parse("2 .5 .6 .1 .1\n1 .5 .5 .1 .1\n2 .5 .6 .1 .1\n2 .5 .4 .2 .2").unwrap();
        assert_eq!(labels.duplicates, 1);
        let rows: Vec<(u32, f32)> = labels.boxes.iter().map(|label| (label.class, label.y)).collect();
        assert_eq!(rows, [(1, 0.5), (2, 0.4), (2, 0.6)]);
    }

    #[test]
    fn an_outline_may_reach_out_of_the_picture_where_its_box_may_be_one() {
        let labels = parse("1 -0.01 0.2 0.5 0.2 0.5 1.02\n").unwrap();
        let only = labels.boxes[0];
        assert!((only.x - 0.245).abs() < 1e-6 && (only.h - 0.82).abs() < 1e-6, "{only:?}");
        assert_eq!(labels.polygons[0][2], [0.5, 1.02]);
    }

    #[test]
    fn polygons_with_the_same_class_and_box_are_duplicates_and_the_first_outline_stays() {
        let [first, second] = ["1 .2 .2 .6 .2 .6 .6", "1 .2 .2 .6 .6 .2 .6"];
        let labels = parse(&format!("{first}\n{second}\n0 .1 .1 .3 .3\n")).unwrap();
        assert_eq!((labels.duplicates, labels.boxes.len()), (1, 2));
        assert_eq!(labels.boxes.iter().map(|label| label.class).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(labels.polygons[1], [[0.2, 0.2], [0.6, 0.2], [0.6, 0.6]]);
    }

    #[test]
    fn a_mistake_spoils_the_file_and_names_its_line() {
        for (text, line, word) in [
            ("0 .5 .5 .1 .1\n0 .5 .5 .1", 2, "4 columns"),
            ("0 .5 .5 .1 .1 .9", 1, "6 columns"),
            ("0 .5 x .1 .1", 1, "`x` is not a number"),
            ("0 .5 .5 .1 .1\0\u{1b}[2J", 1, "`.1\\0\\u{1b}[2J` is not"),
            ("0 .5 .5 .1 .1\n \t\n1 .5 .5 .1 .1", 2, "0 columns"),
            ("0 .1 .1 .2 .2 .3 .4\n \n0 .1 .1 .2 .2 .3 .4", 2, "0 columns"),
            ("-1 .5 .5 .1 .1", 1, "class -1"),
            ("0 .5 -.5 .1 .1", 1, "negative"),
            ("0 .5 nan .1 .1", 1, "`nan` is not a number"),
            ("0 .1 .1 .2 .2 .3 nan", 1, "`nan` is not a number"),
            ("0 .1 .1 .9 .9 .5 inf", 1, "`inf` is not a number"),
            ("0 .1 .1 .9 .9 .5 -1.2", 1, "of the polygon's box is negative"),
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
