//! A picture as a list of shapes, in points from the upper left.

/// Red, green, blue.
pub type Rgb = (u8, u8, u8);

pub const WHITE: Rgb = (255, 255, 255);
/// Text.
pub const INK: Rgb = (38, 38, 38);
/// Text of less weight.
pub const FAINT: Rgb = (120, 120, 120);
/// Lines around a panel.
pub const SPINE: Rgb = (150, 150, 150);
/// Lines behind the data.
pub const GRID: Rgb = (233, 233, 233);
/// What is to be found at once: the best.
pub const ACCENT: Rgb = (211, 67, 47);

/// Sizes of letters.
pub const TITLE: f64 = 17.0;
pub const LABEL: f64 = 13.0;
pub const SMALL: f64 = 11.5;

/// Which part of a text stands at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    Left,
    Middle,
    Right,
}

/// Something to draw.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    Rect {
        at: (f64, f64),
        size: (f64, f64),
        fill: Rgb,
    },
    Line {
        points: Vec<(f64, f64)>,
        width: f64,
        colour: Rgb,
    },
    Dot {
        at: (f64, f64),
        radius: f64,
        fill: Rgb,
    },
    /// The place is the middle of the letters' height.
    Text {
        at: (f64, f64),
        text: String,
        size: f64,
        anchor: Anchor,
        colour: Rgb,
    },
}

/// A picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Canvas {
    pub width: f64,
    pub height: f64,
    pub shapes: Vec<Shape>,
}

impl Canvas {
    pub fn new(width: f64, height: f64) -> Self {
        Self { width, height, shapes: Vec::new() }
    }

    pub fn rect(&mut self, at: (f64, f64), size: (f64, f64), fill: Rgb) {
        self.shapes.push(Shape::Rect { at, size, fill });
    }

    pub fn line(&mut self, points: Vec<(f64, f64)>, width: f64, colour: Rgb) {
        self.shapes.push(Shape::Line { points, width, colour });
    }

    /// A line of short strokes from one place to another.
    pub fn dashes(&mut self, from: (f64, f64), to: (f64, f64), width: f64, colour: Rgb) {
        const STROKE: f64 = 5.0;
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let at = |d: f64| {
            let part = (d / length).min(1.0);
            (from.0 + (to.0 - from.0) * part, from.1 + (to.1 - from.1) * part)
        };
        let count = (length / (2.0 * STROKE)).ceil() as usize;
        for i in 0..count {
            let start = i as f64 * 2.0 * STROKE;
            self.line(vec![at(start), at(start + STROKE)], width, colour);
        }
    }

    pub fn dot(&mut self, at: (f64, f64), radius: f64, fill: Rgb) {
        self.shapes.push(Shape::Dot { at, radius, fill });
    }

    /// A cross as on the best, readable on any colour.
    pub fn cross(&mut self, at: (f64, f64), reach: f64) {
        for (width, colour) in [(4.5, WHITE), (2.0, INK)] {
            self.line(vec![(at.0 - reach, at.1), (at.0 + reach, at.1)], width, colour);
            self.line(vec![(at.0, at.1 - reach), (at.0, at.1 + reach)], width, colour);
        }
    }

    pub fn text(&mut self, at: (f64, f64), text: impl Into<String>, size: f64, anchor: Anchor, colour: Rgb) {
        self.shapes.push(Shape::Text { at, text: text.into(), size, anchor, colour });
    }

    /// A heading at the left, and what is to be known of the picture below it.
    pub fn heading(&mut self, title: &str, below: &str) {
        self.text((MARGIN, 24.0), title, TITLE, Anchor::Left, INK);
        self.text((MARGIN, 46.0), below, LABEL, Anchor::Left, FAINT);
    }
}

/// Around the picture.
pub const MARGIN: f64 = 18.0;
/// Height of the heading.
pub const HEAD: f64 = 68.0;

/// About how wide a text is.
pub fn width_of(text: &str, size: f64) -> f64 {
    let cell = |c| match c {
        'm' | 'w' | 'M' | 'W' | '%' => 1.0,
        'i' | 'l' | 'j' | 't' | 'f' | 'r' | '.' | ',' | ' ' => 0.38,
        _ => 0.64,
    };
    text.chars().map(cell).sum::<f64>() * size * 1.06
}
