//! Which cells and anchors have to find which target. Plain numbers on the CPU: no tensor, so nothing for a device to wait for.

use std::collections::HashMap;

/// One object of a batch; the box as fractions of the picture, centre form.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// Place of the picture in the batch.
    pub image: i64,
    pub class: i64,
    pub bounds: [f32; 4],
}

/// The targets of a tensor `[m, 6]`: image, class, x, y, w, h.
pub fn targets(rows: &[f32]) -> Vec<Target> {
    rows.chunks_exact(6)
        .map(|row| Target {
            image: row[0] as i64,
            class: row[1] as i64,
            bounds: [row[2], row[3], row[4], row[5]],
        })
        .collect()
}

/// What one level has to find, row by row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Matches {
    /// Image, anchor, row and column of the cell.
    pub cells: Vec<[i64; 4]>,
    pub classes: Vec<i64>,
    /// The target relative to its cell, in cells.
    pub boxes: Vec<[f32; 4]>,
    /// The anchor's width and height in cells.
    pub anchors: Vec<[f32; 2]>,
    /// How many rows are for the centre's own cell and for its neighbours left, up, right and down, in this order.
    pub from: [usize; 5],
}

impl Matches {
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The rows that have the last word where several rows meet in one cell.
    pub fn last_rows(&self) -> Vec<i64> {
        let last: HashMap<&[i64; 4], usize> =
            self.cells.iter().enumerate().map(|(i, cell)| (cell, i)).collect();
        let mut rows: Vec<i64> = last.into_values().map(|i| i as i64).collect();
        rows.sort_unstable();
        rows
    }
}

/// Where a row's cell lies from the centre's own, and the shift that leads there.
const OWN: [f32; 2] = [0.0, 0.0];
const LEFT: [f32; 2] = [0.5, 0.0];
const UP: [f32; 2] = [0.0, 0.5];
const RIGHT: [f32; 2] = [-0.5, 0.0];
const DOWN: [f32; 2] = [0.0, -0.5];

/// Matches of one level: `grid` is its height and width in cells, `anchors` are in cells.
pub fn assign(all: &[Target], grid: [i64; 2], anchors: &[[f32; 2]], anchor_t: f32) -> Matches {
    let (ny, nx) = (grid[0] as f32, grid[1] as f32);
    // Every target that fits an anchor, anchor by anchor.
    let kept: Vec<(usize, Target)> = anchors
        .iter()
        .enumerate()
        .flat_map(|(a, anchor)| {
            all.iter()
                .map(|t| {
                    let [x, y, w, h] = t.bounds;
                    Target { bounds: [x * nx, y * ny, w * nx, h * ny], ..*t }
                })
                .filter(move |t| fits(t, *anchor, anchor_t))
                .map(move |t| (a, t))
        })
        .collect();
    let mut matches = Matches::default();
    let neighbours = [
        (OWN, &(|_, _| true) as &dyn Fn(f32, f32) -> bool),
        (LEFT, &|x, _| near_low_edge(x)),
        (UP, &|_, y| near_low_edge(y)),
        (RIGHT, &|x, _| near_low_edge(nx - x)),
        (DOWN, &|_, y| near_low_edge(ny - y)),
    ];
    for (place, (offset, wanted)) in neighbours.into_iter().enumerate() {
        for (a, t) in &kept {
            let [x, y, w, h] = t.bounds;
            if !wanted(x, y) {
                continue;
            }
            matches.from[place] += 1;
            let column = ((x - offset[0]) as i64).clamp(0, grid[1] - 1);
            let row = ((y - offset[1]) as i64).clamp(0, grid[0] - 1);
            matches.cells.push([t.image, *a as i64, row, column]);
            matches.classes.push(t.class);
            matches.boxes.push([x - column as f32, y - row as f32, w, h]);
            matches.anchors.push(anchors[*a]);
        }
    }
    matches
}

fn fits(t: &Target, anchor: [f32; 2], anchor_t: f32) -> bool {
    // Either ratio of its own: the larger of the two would forget one that is no number (nothing by nothing).
    let near = |side: f32, of: f32| {
        let ratio = side / of;
        ratio < anchor_t && 1.0 / ratio < anchor_t
    };
    near(t.bounds[2], anchor[0]) && near(t.bounds[3], anchor[1])
}

/// In the half of its cell towards a neighbour that exists.
fn near_low_edge(x: f32) -> bool {
    x % 1.0 < 0.5 && x > 1.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::scene;

    fn levels() -> Vec<Matches> {
        let anchors = [
            [[10., 13.], [16., 30.], [33., 23.]],
            [[30., 61.], [62., 45.], [59., 119.]],
            [[116., 90.], [156., 198.], [373., 326.]],
        ];
        [8.0_f32, 16.0, 32.0]
            .iter()
            .zip(anchors)
            .map(|(stride, pixels)| {
                let anchors = pixels.map(|wh: [f32; 2]| wh.map(|x| x / stride));
                assign(&scene(), [(64.0 / stride) as i64; 2], &anchors, 4.0)
            })
            .collect()
    }

    #[test]
    fn fixture_4_rows_of_each_level() {
        let levels = levels();
        assert_eq!(levels.iter().map(Matches::len).collect::<Vec<_>>(), [31, 19, 6]);
        assert_eq!(
            levels[2].cells,
            [[1, 0, 1, 0], [1, 1, 1, 0], [1, 0, 0, 0], [1, 1, 0, 0], [1, 0, 1, 1], [1, 1, 1, 1]]
        );
        let expected = [[0.8, 0.2], [0.8, 0.2], [0.8, 1.2], [0.8, 1.2], [-0.2, 0.2], [-0.2, 0.2]];
        for (got, xy) in levels[2].boxes.iter().zip(expected) {
            for (a, b) in got.iter().zip([xy[0], xy[1], 1.8, 1.6]) {
                assert!((a - b).abs() < 1e-5, "{got:?}");
            }
        }
    }

    #[test]
    fn fixture_4_rows_by_neighbour() {
        let counts: Vec<[usize; 5]> = levels().iter().map(|matches| matches.from).collect();
        assert_eq!(counts, [[9, 8, 3, 3, 8], [5, 2, 5, 5, 2], [2, 0, 2, 2, 0]]);
    }

    #[test]
    fn a_target_on_a_grid_line_has_its_own_cell_twice() {
        let one = [Target { image: 0, class: 0, bounds: [0.5, 0.3, 0.2, 0.2] }];
        let matches = assign(&one, [8, 8], &[[1.6, 1.6]], 4.0);
        let columns: Vec<i64> = matches.cells.iter().map(|cell| cell[3]).collect();
        assert_eq!(columns, [4, 3, 4, 4]);
        assert_eq!(matches.last_rows().len(), 3);
    }

    #[test]
    fn a_box_without_extent_matches_nothing() {
        let one = [Target { image: 0, class: 0, bounds: [0.5, 0.5, 0.0, 0.1] }];
        for anchor in [[1.6, 1.6], [0.0, 0.8], [0.0, 0.0]] {
            assert!(assign(&one, [8, 8], &[anchor], 4.0).is_empty(), "{anchor:?}");
        }
    }
}
