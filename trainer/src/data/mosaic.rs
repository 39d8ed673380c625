//! Four pictures around one corner, and two pictures over each other.

use super::boxes::PixelBox;
use super::labels::{Label, Polygon};
use super::perspective::Outline;
use super::pixels::Pixels;

/// A picture at load size with its labels.
#[derive(Clone, Copy)]
pub struct Tile<'a> {
    pub pixels: &'a Pixels,
    pub labels: &'a [Label],
    /// One per label, or none at all.
    pub polygons: &'a [Polygon],
}

/// Objects on a canvas; as many outlines as boxes (empty ones where there is none), or no outlines at all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    pub boxes: Vec<PixelBox>,
    pub outlines: Vec<Outline>,
}

/// Where a tile lies: its first pixel drawn, where that goes, and how many pixels are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    source: (usize, usize),
    canvas: (usize, usize),
    size: (usize, usize),
}

/// One axis of a place: tiles before the centre show their end, tiles after it their beginning.
fn along(length: usize, centre: usize, canvas: usize, before: bool) -> (usize, usize, usize) {
    if before {
        let shown = length.min(centre);
        (length - shown, centre - shown, shown)
    } else {
        (0, centre, length.min(canvas - centre))
    }
}

fn place(pixels: &Pixels, quarter: usize, (xc, yc): (usize, usize), canvas: usize) -> Place {
    let (source_x, x, width) = along(pixels.width, xc, canvas, quarter.is_multiple_of(2));
    let (source_y, y, height) = along(pixels.height, yc, canvas, quarter < 2);
    Place { source: (source_x, source_y), canvas: (x, y), size: (width, height) }
}

/// Draws four tiles (top left, top right, bottom left, bottom right) around (`xc`, `yc`) on a canvas of twice `side`.
pub fn four(tiles: &[Tile<'_>; 4], side: usize, centre: (usize, usize), canvas: &mut Pixels) -> Scene {
    let whole = 2 * side;
    canvas.reset(whole, whole);
    let mut scene = Scene::default();
    for (quarter, tile) in tiles.iter().enumerate() {
        let place = place(tile.pixels, quarter, centre, whole);
        canvas.paste(tile.pixels, place.source, place.canvas, place.size);
        let left = place.canvas.0 as f32 - place.source.0 as f32;
        let top = place.canvas.1 as f32 - place.source.1 as f32;
        let (width, height, limit) = (tile.pixels.width as f32, tile.pixels.height as f32, whole as f32);
        scene.boxes.extend(
            tile.labels
                .iter()
                .map(|label| PixelBox::place(label, width, height, left, top).clipped(limit, limit)),
        );
        if tile.polygons.is_empty() {
            scene.outlines.resize(scene.boxes.len(), Outline::new());
        } else {
            let drawn =
                |axis: f32, length: f32, shift: f32| f64::from((axis * length + shift).clamp(0.0, limit));
            scene.outlines.extend(tile.polygons.iter().map(|polygon| {
                polygon
                    .iter()
                    .map(|[x, y]| [drawn(*x, width, left), drawn(*y, height, top)])
                    .collect::<Outline>()
            }));
        }
    }
    if scene.outlines.iter().all(Vec::is_empty) {
        scene.outlines.clear();
    }
    scene
}

/// Lays `second` over `first`, which counts for `share`.
pub fn mix(first: &mut Pixels, second: &Pixels, share: f64) {
    let share = share as f32;
    for (a, b) in first.rgb.iter_mut().zip(&second.rgb) {
        *a = (f32::from(*a) * share + f32::from(*b) * (1.0 - share)) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixture_8_mosaic() {
        let sizes = [(64, 48), (40, 64), (64, 64), (64, 32)];
        let pictures: Vec<Pixels> = sizes
            .iter()
            .enumerate()
            .map(|(i, &(width, height))| Pixels { width, height, rgb: vec![i as u8; width * height * 3] })
            .collect();
        let label = [Label { class: 1, x: 0.5, y: 0.5, w: 0.5, h: 0.5 }];
        let tiles = std::array::from_fn(|i| Tile { pixels: &pictures[i], labels: &label, polygons: &[] });
        let mut canvas = Pixels::default();
        let scene = four(&tiles, 64, (80, 50), &mut canvas);
        let expected = [[32, 14, 64, 38], [90, 2, 110, 34], [32, 66, 64, 98], [96, 58, 128, 74]];
        let got: Vec<[i32; 4]> =
            scene.boxes.iter().map(|b| [b.x1, b.y1, b.x2, b.y2].map(|v| v as i32)).collect();
        assert_eq!(got, expected);
        assert!(scene.outlines.is_empty());
        let areas = [(2..50, 16..80), (0..50, 80..120), (50..114, 16..80), (50..82, 80..128)];
        for y in 0..128 {
            for x in 0..128 {
                let inside =
                    areas.iter().position(|(rows, columns)| rows.contains(&y) && columns.contains(&x));
                assert_eq!(canvas.row(y)[x * 3], inside.map_or(114, |i| i as u8), "at {x}, {y}");
            }
        }
    }

    #[test]
    fn boxes_and_outlines_end_where_the_canvas_does() {
        let picture = Pixels { width: 64, height: 64, rgb: vec![9; 64 * 64 * 3] };
        let label = [Label { class: 1, x: 0.5, y: 0.5, w: 1.0, h: 1.0 }];
        let polygons = [vec![[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]];
        let tile = Tile { pixels: &picture, labels: &label, polygons: &polygons };
        let scene = four(&[tile; 4], 64, (80, 50), &mut Pixels::default());
        let corners = |b: &PixelBox| [b.x1, b.y1, b.x2, b.y2];
        assert_eq!(corners(&scene.boxes[0]), [16.0, 0.0, 80.0, 50.0]);
        assert_eq!(corners(&scene.boxes[3]), [80.0, 50.0, 128.0, 114.0]);
        assert_eq!(scene.outlines[3], [[80.0, 50.0], [128.0, 50.0], [128.0, 114.0]]);
    }

    #[test]
    fn fixture_8_mixup() {
        let mut first = Pixels { width: 1, height: 1, rgb: vec![100, 255, 0] };
        mix(&mut first, &Pixels { width: 1, height: 1, rgb: vec![50, 0, 0] }, 0.4);
        assert_eq!(first.rgb, [70, 102, 0]);
    }

    #[test]
    fn outlines_move_with_their_tile_and_missing_ones_stay_empty() {
        let picture = Pixels { width: 64, height: 64, rgb: vec![9; 64 * 64 * 3] };
        let label = [Label { class: 1, x: 0.5, y: 0.5, w: 0.5, h: 0.5 }];
        let polygons = [vec![[0.25, 0.25], [0.75, 0.25], [0.5, 0.75]]];
        let with = Tile { pixels: &picture, labels: &label, polygons: &polygons };
        let without = Tile { polygons: &[], ..with };
        let scene = four(&[without, without, with, without], 64, (70, 60), &mut Pixels::default());
        assert_eq!(scene.outlines.len(), 4);
        assert_eq!(scene.outlines[2], [[22.0, 76.0], [54.0, 76.0], [38.0, 108.0]]);
        assert!(scene.outlines[3].is_empty());
    }
}
