//! Fitting a picture into a rectangle with grey around it.

use super::pixels::Pixels;
use super::resize::{Interpolation, resize};

/// Where a picture lands in a rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// Scaled width and height in pixels.
    pub width: usize,
    pub height: usize,
    /// What it was multiplied with.
    pub ratio: f64,
    /// Left and top border as a fraction of pixels (half pixels occur), for boxes.
    pub pad: (f64, f64),
    /// Left and top border in whole pixels, for the picture.
    pub left: usize,
    pub top: usize,
}

/// Fits `width` x `height` into `to_width` x `to_height`, enlarging only where `enlarge` says so.
pub fn fit(width: usize, height: usize, to_width: usize, to_height: usize, enlarge: bool) -> Fit {
    let mut ratio = (to_height as f64 / height as f64).min(to_width as f64 / width as f64);
    if !enlarge {
        ratio = ratio.min(1.0);
    }
    let scaled = |side: usize| (side as f64 * ratio).round_ties_even() as usize;
    let (new_width, new_height) = (scaled(width), scaled(height));
    let pad = ((to_width - new_width) as f64 / 2.0, (to_height - new_height) as f64 / 2.0);
    Fit {
        width: new_width,
        height: new_height,
        ratio,
        pad,
        left: (pad.0 - 0.1).round_ties_even() as usize,
        top: (pad.1 - 0.1).round_ties_even() as usize,
    }
}

/// Draws `from` as `fit` says into `into`, which becomes `width` x `height`.
pub fn draw(from: &Pixels, fit: &Fit, width: usize, height: usize, into: &mut Pixels) {
    into.reset(width, height);
    if (from.width, from.height) == (fit.width, fit.height) {
        into.paste(from, (0, 0), (fit.left, fit.top), (fit.width, fit.height));
    } else {
        let scaled = resize(from, fit.width, fit.height, Interpolation::Bilinear);
        into.paste(&scaled, (0, 0), (fit.left, fit.top), (fit.width, fit.height));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixture_6_shapes_letterbox() {
        let wide = fit(640, 427, 640, 640, true);
        assert_eq!((wide.pad.1, wide.top, 640 - wide.top - wide.height), (106.5, 106, 107));
        let small = fit(500, 333, 640, 640, false);
        assert_eq!((small.pad, small.top, small.ratio), ((70.0, 153.5), 153, 1.0));
        let tall = fit(427, 641, 640, 640, true);
        assert_eq!((tall.width, tall.height), (426, 640));
    }

    #[test]
    fn the_picture_lies_inside_and_grey_around_it() {
        let white = Pixels { width: 10, height: 4, rgb: vec![255; 120] };
        let mut out = Pixels::default();
        draw(&white, &fit(10, 4, 20, 20, true), 20, 20, &mut out);
        let column: Vec<u8> = (0..20).map(|y| out.row(y)[30]).collect();
        assert_eq!(column, [[114; 6].as_slice(), &[255; 8], &[114; 6]].concat());
    }
}
