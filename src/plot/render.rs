//! Shapes as bytes, by plotters. PNG is drawn larger and averaged down, so that edges are smooth; SVG is drawn on a finer
//! grid, since plotters takes whole numbers.

use std::sync::OnceLock;

use plotters::coord::Shift;
use plotters::prelude::{
    BitMapBackend, Circle, DrawingArea, DrawingBackend, IntoDrawingArea, IntoFont, PathElement, RGBColor,
    Rectangle, SVGBackend, Text,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle, register_font};

use super::PlotError;
use super::canvas::{Anchor, Canvas, Rgb, Shape, WHITE};

/// The name under which the font is known, and what an SVG file asks for.
const FONT: &str = "DejaVu Sans, sans-serif";
/// Pixels of a point in a PNG file, and how many times larger it is drawn.
const PIXELS: f64 = 1.5;
const OVER: usize = 2;
/// Units of a point in an SVG file.
const UNITS: f64 = 10.0;
/// Plotters' sizes are heights of lines.
const LINE: f64 = 1.24;

/// As a PNG file.
pub fn png(canvas: &Canvas) -> Result<Vec<u8>, PlotError> {
    let (width, height) = (pixels(canvas.width, PIXELS), pixels(canvas.height, PIXELS));
    let large = (width * OVER, height * OVER);
    let mut buffer = vec![255; large.0 * large.1 * 3];
    let backend = BitMapBackend::with_buffer(&mut buffer, (large.0 as u32, large.1 as u32));
    draw(&backend.into_drawing_area(), canvas, PIXELS * OVER as f64, 0.2)?;
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let written = encoder.write_header().and_then(|mut writer| {
        writer.write_image_data(&averaged(&buffer, width, height))?;
        writer.finish()
    });
    written.map_err(|error| PlotError::Draw(error.to_string()))?;
    Ok(bytes)
}

/// As an SVG file.
pub fn svg(canvas: &Canvas) -> Result<Vec<u8>, PlotError> {
    let size = (pixels(canvas.width, UNITS), pixels(canvas.height, UNITS));
    let mut text = String::new();
    {
        let backend = SVGBackend::with_string(&mut text, (size.0 as u32, size.1 as u32));
        draw(&backend.into_drawing_area(), canvas, UNITS, 0.09)?;
    }
    // Its size is in points, its coordinates are finer.
    let finer = format!("width=\"{}\" height=\"{}\"", size.0, size.1);
    let points = format!("width=\"{:.0}\" height=\"{:.0}\"", canvas.width, canvas.height);
    Ok(text.replacen(&finer, &points, 1).into_bytes())
}

fn pixels(points: f64, scale: f64) -> usize {
    (points * scale).round().max(1.0) as usize
}

/// Every pixel as the mean of those it was drawn with.
fn averaged(large: &[u8], width: usize, height: usize) -> Vec<u8> {
    let mut small = Vec::with_capacity(width * height * 3);
    let stride = width * OVER * 3;
    for rows in large.chunks_exact(stride * OVER).take(height) {
        let (upper, lower) = rows.split_at(stride);
        for (a, b) in upper.chunks_exact(3 * OVER).zip(lower.chunks_exact(3 * OVER)) {
            for c in 0..3 {
                let sum = u16::from(a[c]) + u16::from(a[c + 3]) + u16::from(b[c]) + u16::from(b[c + 3]);
                small.push((sum / 4) as u8);
            }
        }
    }
    small
}

fn font() -> bool {
    static KNOWN: OnceLock<bool> = OnceLock::new();
    *KNOWN.get_or_init(|| register_font(FONT, FontStyle::Normal, dejavu::sans::regular()).is_ok())
}

/// `drop`: how far letters have to go down, in parts of their size, to have their middle where they should.
fn draw<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    canvas: &Canvas,
    scale: f64,
    drop: f64,
) -> Result<(), PlotError> {
    if !font() {
        return Err(PlotError::Draw("its font cannot be read".into()));
    }
    let drawn = area.fill(&colour(WHITE)).and_then(|()| {
        canvas.shapes.iter().try_for_each(|s| shape(area, s, scale, drop))?;
        area.present()
    });
    drawn.map_err(|error| PlotError::Draw(error.to_string()))
}

type Failed<B> = plotters::drawing::DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>;

fn shape<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    shape: &Shape,
    scale: f64,
    drop: f64,
) -> Result<(), Failed<B>> {
    let whole = |x: f64| (x * scale).round() as i32;
    let place = |at: (f64, f64)| (whole(at.0), whole(at.1));
    match shape {
        Shape::Rect { at, size, fill } => {
            let corners = [place(*at), place((at.0 + size.0, at.1 + size.1))];
            area.draw(&Rectangle::new(corners, colour(*fill).filled()))
        }
        Shape::Line { points, width, colour: c } => {
            let points: Vec<(i32, i32)> = points.iter().map(|at| place(*at)).collect();
            let width = (width * scale).round().max(1.0) as u32;
            area.draw(&PathElement::new(points, colour(*c).stroke_width(width)))
        }
        Shape::Dot { at, radius, fill } => {
            area.draw(&Circle::new(place(*at), whole(*radius).max(1), colour(*fill).filled()))
        }
        Shape::Text { at, text, size, anchor, colour: c } => {
            let across = match anchor {
                Anchor::Left => HPos::Left,
                Anchor::Middle => HPos::Center,
                Anchor::Right => HPos::Right,
            };
            let style = (FONT, size * scale * LINE).into_font().color(&colour(*c));
            let style = style.pos(Pos::new(across, VPos::Center));
            area.draw(&Text::new(text.clone(), place((at.0, at.1 + drop * size)), style))
        }
    }
}

fn colour((r, g, b): Rgb) -> RGBColor {
    RGBColor(r, g, b)
}
