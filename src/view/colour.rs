//! Colours by name, fewer colours for poorer terminals, and viridis.

use ratatui::style::Color;

use super::theme::Depth;

const NAMES: [(&str, Color); 17] = [
    ("default", Color::Reset),
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("white", Color::Gray),
    ("bright-black", Color::DarkGray),
    ("bright-red", Color::LightRed),
    ("bright-green", Color::LightGreen),
    ("bright-yellow", Color::LightYellow),
    ("bright-blue", Color::LightBlue),
    ("bright-magenta", Color::LightMagenta),
    ("bright-cyan", Color::LightCyan),
    ("bright-white", Color::White),
];

/// The sixteen as most terminals show them.
const SIXTEEN: [(Color, (u8, u8, u8)); 16] = [
    (Color::Black, (0, 0, 0)),
    (Color::Red, (205, 49, 49)),
    (Color::Green, (13, 188, 121)),
    (Color::Yellow, (229, 229, 16)),
    (Color::Blue, (36, 114, 200)),
    (Color::Magenta, (188, 63, 188)),
    (Color::Cyan, (17, 168, 205)),
    (Color::Gray, (229, 229, 229)),
    (Color::DarkGray, (102, 102, 102)),
    (Color::LightRed, (241, 76, 76)),
    (Color::LightGreen, (35, 209, 139)),
    (Color::LightYellow, (245, 245, 67)),
    (Color::LightBlue, (59, 142, 234)),
    (Color::LightMagenta, (214, 112, 214)),
    (Color::LightCyan, (41, 184, 219)),
    (Color::White, (255, 255, 255)),
];

/// Matplotlib's viridis at every eighth.
const VIRIDIS: [(u8, u8, u8); 9] = [
    (68, 1, 84),
    (71, 45, 123),
    (59, 82, 139),
    (44, 114, 142),
    (33, 145, 140),
    (40, 174, 128),
    (94, 201, 98),
    (173, 220, 48),
    (253, 231, 37),
];

/// A colour by name, `#rrggbb` or its number of the 256.
pub fn parse(word: &str) -> Option<Color> {
    if let Some((_, colour)) = NAMES.iter().find(|(name, _)| *name == word) {
        return Some(*colour);
    }
    if let Some(hex) = word.strip_prefix('#') {
        let n = u32::from_str_radix(hex, 16).ok().filter(|_| hex.len() == 6)?;
        return Some(Color::Rgb((n >> 16) as u8, (n >> 8) as u8, n as u8));
    }
    word.parse().ok().map(Color::Indexed)
}

/// The nearest colour there is; none without colours.
pub fn reduce(colour: Color, depth: Depth) -> Option<Color> {
    match (depth, colour) {
        (Depth::Mono, _) => None,
        (Depth::Ansi256, Color::Rgb(r, g, b)) => Some(Color::Indexed(nearest_256((r, g, b)))),
        (Depth::Ansi16, Color::Rgb(r, g, b)) => Some(nearest_16((r, g, b))),
        (Depth::Ansi16, Color::Indexed(i)) => Some(nearest_16(rgb_of(i))),
        (_, colour) => Some(colour),
    }
}

/// Viridis; the darkest end is lifted on dark backgrounds and the brightest lowered on light ones.
pub fn viridis(x: f64, light: bool) -> Color {
    let x = if light { x.clamp(0.0, 1.0) * 0.94 } else { 0.22 + x.clamp(0.0, 1.0) * 0.78 };
    let at = x * (VIRIDIS.len() - 1) as f64;
    let i = (at as usize).min(VIRIDIS.len() - 2);
    let (a, b, f) = (VIRIDIS[i], VIRIDIS[i + 1], at - i as f64);
    let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * f).round() as u8;
    Color::Rgb(mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
}

fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> u32 {
    let d = |x: u8, y: u8| u32::from(x.abs_diff(y)).pow(2);
    2 * d(a.0, b.0) + 4 * d(a.1, b.1) + 3 * d(a.2, b.2)
}

fn nearest_16(c: (u8, u8, u8)) -> Color {
    SIXTEEN.iter().min_by_key(|(_, rgb)| distance(c, *rgb)).map_or(Color::Reset, |(colour, _)| *colour)
}

fn nearest_256(c: (u8, u8, u8)) -> u8 {
    (16..=255).min_by_key(|i| distance(c, rgb_of(*i))).unwrap_or(15)
}

fn rgb_of(index: u8) -> (u8, u8, u8) {
    match index {
        0..16 => SIXTEEN[usize::from(index)].1,
        16..232 => {
            let i = index - 16;
            let level = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
            (level(i / 36), level(i / 6 % 6), level(i % 6))
        }
        grey => {
            let level = 8 + 10 * (grey - 232);
            (level, level, level)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_reduced_to_the_nearest_there_is() {
        assert_eq!(reduce(Color::Rgb(255, 0, 0), Depth::Ansi256), Some(Color::Indexed(196)));
        assert_eq!(reduce(Color::Rgb(200, 40, 40), Depth::Ansi16), Some(Color::Red));
        assert_eq!(reduce(Color::Indexed(196), Depth::Ansi16), Some(Color::Red));
        assert_eq!(reduce(Color::Rgb(1, 2, 3), Depth::True), Some(Color::Rgb(1, 2, 3)));
        assert_eq!(reduce(Color::Red, Depth::Mono), None);
    }

    #[test]
    fn the_densest_is_yellow() {
        assert_eq!(viridis(1.0, false), Color::Rgb(253, 231, 37));
    }
}
