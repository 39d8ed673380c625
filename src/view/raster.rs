//! Dots finer than cells: two by four in one, as braille, or as points and colons in ASCII.

/// Braille numbers its dots down the left, down the right, then the bottom row.
const BIT: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// A grid of cells with dots in them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Raster {
    pub width: u16,
    pub height: u16,
    bits: Vec<u8>,
}

impl Raster {
    pub fn new(width: u16, height: u16) -> Self {
        Self { width, height, bits: vec![0; usize::from(width) * usize::from(height)] }
    }

    /// Sets the dot at `x`, `y`, both 0 to 1, `y` upwards. Returns the cell it lies in.
    pub fn set(&mut self, x: f64, y: f64) -> Option<usize> {
        if self.bits.is_empty() || x.is_nan() || y.is_nan() {
            return None;
        }
        let (columns, rows) = (usize::from(self.width) * 2, usize::from(self.height) * 4);
        let column = ((x * columns as f64) as usize).min(columns - 1);
        let row = rows - 1 - ((y * rows as f64) as usize).min(rows - 1);
        let cell = row / 4 * usize::from(self.width) + column / 2;
        self.bits[cell] |= BIT[row % 4][column % 2];
        Some(cell)
    }

    /// The dots of a cell as one character; none where there are none.
    pub fn glyph(&self, cell: usize, ascii: bool) -> Option<char> {
        let bits = self.bits.get(cell).copied().filter(|b| *b != 0)?;
        if ascii {
            let (upper, lower) = (bits & 0x1b != 0, bits & 0xe4 != 0);
            return Some(if upper && lower {
                ':'
            } else if upper {
                '\''
            } else {
                '.'
            });
        }
        char::from_u32(0x2800 + u32::from(bits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_are_the_corners() {
        let mut r = Raster::new(2, 1);
        assert_eq!((r.set(0.0, 0.0), r.set(1.0, 1.0)), (Some(0), Some(1)));
        assert_eq!(r.glyph(0, false), Some('⡀'));
        assert_eq!(r.glyph(1, false), Some('⠈'));
        assert_eq!((r.glyph(0, true), r.glyph(1, true)), (Some('.'), Some('\'')));
        assert_eq!(Raster::new(0, 3).set(0.5, 0.5), None);
    }
}
