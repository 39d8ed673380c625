//! Text and boxes into cells, never outside the area and never outside the buffer.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::theme::Theme;
use crate::app::Target;
pub use crate::app::measure::{fit, fold, width, wrap};

/// A buffer to draw into, and the theme to draw with.
pub struct Ink<'a> {
    buf: &'a mut Buffer,
    pub theme: &'a Theme,
    /// What the mouse can point at.
    pub targets: Vec<(Rect, Target)>,
}

/// The text if it fits, else as many whole words as do and the mark for more; a first word too long is cut.
pub fn fit_words(text: &str, cells: u16, dots: &str) -> String {
    let cut = fit(text, cells, dots);
    if cut == text {
        return cut;
    }
    // A word ends where the next character in the whole text is a space.
    let kept = cut.strip_suffix(dots).unwrap_or(&cut);
    let ends = text[kept.len()..].starts_with(' ');
    let whole = if ends { Some(kept.len()) } else { kept.trim_end().rfind(' ') };
    match whole {
        Some(end) if end > 0 => format!("{}{dots}", text[..end].trim_end()),
        _ => cut,
    }
}

/// A name if it fits, else cut so that it is told from the others that are cut as well: in its middle where beginnings
/// are alike.
pub fn fit_name<'n>(
    name: &str,
    all: &(impl Iterator<Item = &'n str> + Clone),
    cells: u16,
    dots: &str,
) -> String {
    let room = usize::from(cells.saturating_sub(1));
    if width(name) <= cells || room < 3 || !name.is_ascii() {
        return fit(name, cells, dots);
    }
    let parts = |name: &str, tail: usize| -> Option<(String, String)> {
        let long = name.is_ascii() && name.len() > usize::from(cells);
        long.then(|| (name[..room - tail].to_owned(), name[name.len() - tail..].to_owned()))
    };
    let alone = |tail: &usize| {
        let own = parts(name, *tail);
        all.clone().filter(|other| *other != name).all(|other| parts(other, *tail) != own)
    };
    let tail = (0..=room * 2 / 3).find(alone).unwrap_or(0);
    parts(name, tail).map_or_else(String::new, |(head, tail)| format!("{head}{dots}{tail}"))
}

/// Whether it is a part of a word or number, whatever is beside it, and not of a frame or a chart.
fn is_of_a_word(c: char) -> bool {
    c.is_alphanumeric() || "/%,()".contains(c)
}

impl<'a> Ink<'a> {
    pub fn new(buf: &'a mut Buffer, theme: &'a Theme) -> Self {
        Self { buf, theme, targets: Vec::new() }
    }

    /// The whole buffer.
    pub fn area(&self) -> Rect {
        self.buf.area
    }

    /// Draws text from `x`, `y` of the area (counted from its corner) and returns the column after it.
    pub fn put(&mut self, area: Rect, x: u16, y: u16, text: &str, style: Style) -> u16 {
        let area = area.intersection(self.buf.area);
        if y >= area.height || x >= area.width {
            return x.saturating_add(width(text));
        }
        let (end, _) = self.buf.set_stringn(area.x + x, area.y + y, text, usize::from(area.width - x), style);
        end - area.x
    }

    /// Draws text that ends before column `x`.
    pub fn put_right(&mut self, area: Rect, x: u16, y: u16, text: &str, style: Style) {
        if let Some(start) = x.checked_sub(width(text)) {
            self.put(area, start, y, text, style);
        }
    }

    /// Whether nothing stands in the cell; nothing stands outside.
    pub fn is_blank(&self, area: Rect, x: u16, y: u16) -> bool {
        let at = (area.x.saturating_add(x), area.y.saturating_add(y));
        self.buf.cell(at).is_none_or(|cell| cell.symbol() == " ")
    }

    /// Lays a style over cells without changing what they say.
    pub fn tint(&mut self, area: Rect, style: Style) {
        self.buf.set_style(area.intersection(self.buf.area), style);
    }

    /// Has the mouse find this in a row of the area.
    pub fn target(&mut self, area: Rect, x: u16, y: u16, cells: u16, target: Target) {
        let row = Rect::new(area.x + x, area.y + y, cells, 1).intersection(area);
        self.targets.push((row, target));
    }

    /// Empties cells for what is to lie over them. A word or number that their edge would cut goes as a whole: half a
    /// number is another one.
    pub fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buf.area);
        if area.is_empty() {
            return;
        }
        let (first, last) = (self.buf.area.left(), self.buf.area.right());
        for y in area.rows().map(|row| row.y) {
            let is = |x: u16, part: fn(char) -> bool| {
                self.buf.cell((x, y)).is_some_and(|cell| cell.symbol().chars().all(part))
            };
            // A sign belongs to the number behind it, a point to what it ends or parts; any other is a piece of a frame or a chart.
            let beside =
                |x: u16| is(x.saturating_sub(1), char::is_alphanumeric) || is(x + 1, char::is_alphanumeric);
            let word = |x: u16| {
                is(x, is_of_a_word)
                    || is(x, |c| "._:".contains(c)) && beside(x)
                    || is(x, |c| "+-".contains(c)) && is(x + 1, is_of_a_word)
            };
            let left = (first..area.left()).rev().take_while(|x| word(*x) && word(x + 1));
            let right = (area.right()..last).take_while(|x| word(*x) && word(x - 1));
            for x in left.chain(right).collect::<Vec<_>>() {
                self.put(self.buf.area, x - first, y - self.buf.area.y, " ", Style::new());
            }
        }
        for position in area.positions() {
            if let Some(cell) = self.buf.cell_mut(position) {
                cell.reset();
            }
        }
    }

    /// Which rows of a list are shown, in the lower edge of its box; nothing where all are.
    pub fn place(&mut self, area: Rect, first: usize, rows: usize, total: usize) {
        if total > rows {
            let text = format!(" {}-{} of {total} ", first + 1, (first + rows).min(total));
            let style = self.theme.dim;
            self.put_right(area, area.width.saturating_sub(2), area.height.saturating_sub(1), &text, style);
        }
    }

    /// A box with a title; returns its inside. Too small for a box: just the area.
    pub fn frame(&mut self, area: Rect, title: &str, style: Style) -> Rect {
        if area.width < 4 || area.height < 3 {
            return area;
        }
        let g = self.theme.glyphs;
        let (right, bottom) = (area.width - 1, area.height - 1);
        for x in 1..right {
            self.put(area, x, 0, g.horizontal, style);
            self.put(area, x, bottom, g.horizontal, style);
        }
        for y in 1..bottom {
            self.put(area, 0, y, g.vertical, style);
            self.put(area, right, y, g.vertical, style);
        }
        for (corner, (x, y)) in g.corners.into_iter().zip([(0, 0), (right, 0), (0, bottom), (right, bottom)])
        {
            self.put(area, x, y, corner, style);
        }
        if !title.is_empty() && area.width > 8 {
            let title = format!(" {} ", fit_words(&g.own(title), area.width - 6, g.dots));
            let title_style = self.theme.title;
            self.put(area, 1, 0, &title, title_style);
        }
        Rect::new(area.x + 1, area.y + 1, area.width - 2, area.height - 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_clipped_to_area_and_buffer() {
        let theme = Theme::plain(true);
        let mut buf = Buffer::empty(Rect::new(0, 0, 6, 2));
        let mut ink = Ink::new(&mut buf, &theme);
        ink.put(Rect::new(1, 0, 3, 1), 1, 0, "hello", Style::new());
        ink.put(Rect::new(4, 1, 50, 50), 0, 0, "world", Style::new());
        ink.put(Rect::new(4, 1, 50, 50), 0, 9, "gone", Style::new());
        ink.frame(Rect::new(0, 0, 200, 200), "title", Style::new());
        assert_eq!(fit("mutation", 5, "~"), "muta~");
        assert_eq!(fit_words("gen 3 started (attempt 1, pid 17)", 30, "~"), "gen 3 started (attempt 1, pid~");
        assert_eq!(fit_words("gen 3 started (attempt 1, pid 17)", 29, "~"), "gen 3 started (attempt 1,~");
        assert_eq!(fit_words("attempted once", 5, "~"), "atte~");
    }

    #[test]
    fn what_lies_over_words_takes_away_those_that_it_would_cut() {
        let theme = Theme::plain(true);
        let mut buf = Buffer::empty(Rect::new(0, 0, 30, 3));
        let mut ink = Ink::new(&mut buf, &theme);
        ink.put(ink.area(), 0, 2, "..:::..::__..::..:::..__..:..", Style::new());
        ink.put(ink.area(), 0, 0, "best 0.6123 at generation 31", Style::new());
        ink.put(ink.area(), 0, 1, "+--- 12-19 of 2900 ---------+", Style::new());
        ink.clear(Rect::new(8, 0, 10, 3));
        let row = |y| (0..30).map(|x| buf[(x, y)].symbol()).collect::<String>();
        assert_eq!(row(0).trim_end(), "best                      31");
        assert_eq!(row(1).trim_end(), format!("+---{}---------+", " ".repeat(15)));
        assert_eq!(row(2).trim_end(), format!("..:::..:{}::..__..:..", " ".repeat(10)), "a chart is no word");
    }

    #[test]
    fn names_that_begin_alike_are_cut_where_they_differ() {
        let names = ["warmup_momentum", "warmup_multiplier", "warmup_epochs", "lr0", "box"];
        let cut = |cells| names.map(|name| fit_name(name, &names.into_iter(), cells, "~"));
        assert_eq!(cut(11), ["warmup_mom~", "warmup_mul~", "warmup_epo~", "lr0", "box"]);
        assert_eq!(cut(9), ["warmup_~m", "warmup_~r", "warmup_e~", "lr0", "box"]);
        for cells in 5..20 {
            let cut = cut(cells);
            let told_apart: std::collections::HashSet<&String> = cut.iter().collect();
            assert_eq!(told_apart.len(), names.len(), "{cut:?}");
            assert!(cut.iter().all(|name| width(name) <= cells), "{cut:?}");
        }
    }
}
