//! Boxes in pixels of a picture under construction, and their way to and from fractions.

use super::labels::Label;

/// One object: class and corners in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PixelBox {
    pub class: u32,
    pub x1: f32,
    pub y1: f32,
    pub x2: f32,
    pub y2: f32,
}

impl PixelBox {
    /// A label of a picture that was drawn `width` x `height` pixels large at (`left`, `top`).
    pub fn place(label: &Label, width: f32, height: f32, left: f32, top: f32) -> Self {
        Self {
            class: label.class,
            x1: width * (label.x - label.w / 2.0) + left,
            y1: height * (label.y - label.h / 2.0) + top,
            x2: width * (label.x + label.w / 2.0) + left,
            y2: height * (label.y + label.h / 2.0) + top,
        }
    }

    #[must_use]
    pub fn clipped(self, width: f32, height: f32) -> Self {
        Self {
            class: self.class,
            x1: self.x1.clamp(0.0, width),
            y1: self.y1.clamp(0.0, height),
            x2: self.x2.clamp(0.0, width),
            y2: self.y2.clamp(0.0, height),
        }
    }

    /// The box as fractions of a picture of `width` x `height`, after clipping it to just inside.
    pub fn normalised(self, width: f32, height: f32) -> Label {
        let inside = self.clipped(width - 1e-3, height - 1e-3);
        Label {
            class: self.class,
            x: f32::midpoint(inside.x1, inside.x2) / width,
            y: f32::midpoint(inside.y1, inside.y2) / height,
            w: (inside.x2 - inside.x1) / width,
            h: (inside.y2 - inside.y1) / height,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_that_reaches_the_edge_ends_a_thousandth_of_a_pixel_before_it() {
        let wide = PixelBox { class: 1, x1: -5.0, y1: 10.0, x2: 64.0, y2: 40.0 };
        let label = wide.normalised(64.0, 32.0);
        let close = |a: f32, b: f64| (f64::from(a) - b).abs() < 1e-7;
        assert!(close(label.w, 63.999 / 64.0) && close(label.x, 63.999 / 128.0), "{label:?}");
        assert!(close(label.h, 21.999 / 32.0) && close(label.y, 41.999 / 64.0), "{label:?}");
    }
}
