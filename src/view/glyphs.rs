//! The marks the screen is made of, and their ASCII stand-ins.

/// One glyph a mark. None is wider than one cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glyphs {
    pub ascii: bool,
    pub horizontal: &'static str,
    pub vertical: &'static str,
    /// Corners of a box: top left, top right, bottom left, bottom right.
    pub corners: [&'static str; 4],
    /// Corners of a line that rises: from left into up, from below into right.
    pub rise: [&'static str; 2],
    pub axis: [&'static str; 4],
    /// Ends of a range.
    pub range: [&'static str; 2],
    pub elite: &'static str,
    pub pin: &'static str,
    pub best: &'static str,
    pub now: &'static str,
    pub both: &'static str,
    /// A point of an earlier era.
    pub earlier: &'static str,
    /// Where an era begins.
    pub era: &'static str,
    pub bar: &'static str,
    pub bar_half: &'static str,
    pub bar_rest: &'static str,
    pub spark: &'static [&'static str],
    pub dots: &'static str,
    /// From thin to dense.
    pub concentration: [&'static str; 5],
}

impl Glyphs {
    /// Box drawing, blocks and braille.
    pub const fn unicode() -> Self {
        Self {
            ascii: false,
            horizontal: "─",
            vertical: "│",
            corners: ["┌", "┐", "└", "┘"],
            rise: ["╯", "╭"],
            axis: ["┤", "└", "┬", "│"],
            range: ["├", "┤"],
            elite: "━",
            pin: "┃",
            best: "+",
            now: "o",
            both: "●",
            earlier: "×",
            era: "┊",
            bar: "━",
            bar_half: "╸",
            bar_rest: "─",
            spark: &["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
            dots: "…",
            concentration: [".", ":", "o", "O", "@"],
        }
    }

    /// Nothing beyond ASCII.
    pub const fn ascii() -> Self {
        Self {
            ascii: true,
            horizontal: "-",
            vertical: "|",
            corners: ["+", "+", "+", "+"],
            rise: ["/", "/"],
            axis: ["|", "+", "+", "|"],
            range: ["|", "|"],
            elite: "=",
            pin: "#",
            best: "+",
            now: "o",
            both: "*",
            earlier: "x",
            era: "!",
            bar: "#",
            bar_half: "-",
            bar_rest: ".",
            spark: &["_", ".", "-", "=", "*", "#"],
            dots: "~",
            concentration: [".", ":", "o", "O", "@"],
        }
    }

    /// The text with stand-ins for the few characters of the screen's own words that are not ASCII.
    pub fn own(&self, text: &str) -> String {
        if self.ascii {
            text.replace('·', "|").replace('→', "->").replace('…', "~").replace('±', "+-")
        } else {
            text.to_owned()
        }
    }
}
