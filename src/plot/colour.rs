//! Colours for numbers.

use super::canvas::{Anchor, Canvas, FAINT, Rgb, SMALL, width_of};

/// Matplotlib's viridis at every sixteenth.
const VIRIDIS: [Rgb; 17] = [
    (68, 1, 84),
    (72, 26, 108),
    (71, 47, 125),
    (65, 68, 135),
    (57, 86, 140),
    (49, 104, 142),
    (42, 120, 142),
    (35, 136, 142),
    (31, 152, 139),
    (34, 168, 132),
    (53, 183, 121),
    (84, 197, 104),
    (122, 209, 81),
    (165, 219, 54),
    (210, 226, 27),
    (240, 229, 29),
    (253, 231, 37),
];

/// The colour of a number between 0 and 1.
pub fn viridis(u: f64) -> Rgb {
    let at = u.clamp(0.0, 1.0) * (VIRIDIS.len() - 1) as f64;
    let low = (at as usize).min(VIRIDIS.len() - 2);
    let part = at - low as f64;
    let (a, b) = (VIRIDIS[low], VIRIDIS[low + 1]);
    let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * part).round() as u8;
    (mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
}

/// A bar of the colours that ends at `right`, with words at its ends.
pub fn bar(canvas: &mut Canvas, right: f64, y: f64, low: &str, high: &str) {
    const STEPS: usize = 64;
    const WIDTH: f64 = 150.0;
    let end = right - width_of(high, SMALL) - 8.0;
    let start = end - WIDTH;
    for i in 0..STEPS {
        let x = start + WIDTH * i as f64 / STEPS as f64;
        let size = (WIDTH / STEPS as f64 + 0.7, 10.0);
        canvas.rect((x, y - 5.0), size, viridis((i as f64 + 0.5) / STEPS as f64));
    }
    canvas.text((start - 8.0, y), low, SMALL, Anchor::Right, FAINT);
    canvas.text((end + 8.0, y), high, SMALL, Anchor::Left, FAINT);
}
