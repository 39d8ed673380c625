//! One chart within a picture: its place, its axes, and where values lie in it.

use super::canvas::{ACCENT, Anchor, Canvas, FAINT, GRID, HEAD, INK, LABEL, MARGIN, SMALL, SPINE, width_of};
use super::data::Read;
use super::scale::Scale;

/// A chart.
#[derive(Debug, Clone, Copy)]
pub struct Panel<'a> {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
    pub x: Scale<'a>,
    pub y: Scale<'a>,
}

/// Which ticks have labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Labels {
    pub x: bool,
    pub y: bool,
}

impl Panel<'_> {
    /// Fitness over the generations: the whole of a picture of this size from `top` down, framed, its axis named.
    pub fn over_generations(canvas: &mut Canvas, data: &Read, size: (f64, f64), top: f64) -> Self {
        let panel = Self {
            left: 64.0,
            top,
            width: size.0 - 64.0 - MARGIN,
            height: size.1 - top - 52.0,
            x: Scale::generations(data.last()),
            y: Scale::around(data.scored.iter().filter_map(|t| t.fitness)),
        };
        panel.frame(canvas, Labels { x: true, y: true });
        canvas.text((panel.right(), size.1 - 14.0), "generation", LABEL, Anchor::Right, FAINT);
        panel
    }

    pub fn right(&self) -> f64 {
        self.left + self.width
    }

    pub fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// Where a pair of values lies.
    pub fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (self.left + self.width * self.x.unit(x), self.bottom() - self.height * self.y.unit(y))
    }

    /// Lines at the ticks, the frame, and labels.
    pub fn frame(&self, canvas: &mut Canvas, labels: Labels) {
        let across = ((self.width / 58.0) as usize).clamp(3, 12);
        let up = ((self.height / 40.0) as usize).clamp(3, 10);
        let mut free = f64::INFINITY;
        for (y, text) in self.y.ticks(up) {
            let (_, at) = self.at(self.x.low, y);
            canvas.line(vec![(self.left, at), (self.right(), at)], 1.0, GRID);
            // Half a line stays free between two labels.
            if labels.y && at < free {
                free = at - 1.5 * SMALL;
                canvas.text((self.left - 6.0, at), text, SMALL, Anchor::Right, FAINT);
            }
        }
        let mut free = f64::NEG_INFINITY;
        for (x, text) in self.x.ticks(across) {
            let (at, _) = self.at(x, self.y.low);
            canvas.line(vec![(at, self.top), (at, self.bottom())], 1.0, GRID);
            if labels.x {
                // A label at an edge stays within its panel.
                let half = width_of(&text, SMALL) / 2.0;
                let at = at.clamp(self.left + half - 8.0, (self.right() - half + 8.0).max(self.left));
                // Nor does it run into the one before.
                if at - half > free {
                    free = at + half + 3.0;
                    canvas.text((at, self.bottom() + 11.0), text, SMALL, Anchor::Middle, FAINT);
                }
            }
        }
        canvas.line(
            vec![(self.left, self.top), (self.left, self.bottom()), (self.right(), self.bottom())],
            1.2,
            SPINE,
        );
    }

    /// A title above it, cut where it has no room.
    pub fn title(&self, canvas: &mut Canvas, title: &str, faint: bool) {
        self.title_within(canvas, title, faint, self.width + 14.0);
    }

    /// A title above it that may be wider than the panel where nothing is beside it.
    pub fn title_within(&self, canvas: &mut Canvas, title: &str, faint: bool, room: f64) {
        let most = (room / (LABEL * 0.61)) as usize;
        let cut = title.chars().count() > most;
        let text: String = if cut {
            title.chars().take(most.saturating_sub(1)).chain(['…']).collect()
        } else {
            title.into()
        };
        let at = (self.left + self.width / 2.0, self.top - 12.0);
        canvas.text(at, text, LABEL, Anchor::Middle, if faint { FAINT } else { INK });
    }

    /// A dashed line where another era begins, of generations across; the places.
    pub fn eras(&self, canvas: &mut Canvas, data: &Read) -> Vec<f64> {
        let places: Vec<f64> =
            data.eras().iter().map(|first| self.at(*first as f64 - 0.5, self.y.low).0).collect();
        for x in &places {
            canvas.dashes((*x, self.top), (*x, self.bottom()), 1.2, SPINE);
        }
        places
    }

    /// A bound of a parameter, where it lies in the panel.
    pub fn bound(&self, canvas: &mut Canvas, x: f64, rests: bool) {
        if x >= self.x.low && x <= self.x.high {
            let (at, _) = self.at(x, self.y.low);
            let colour = if rests { ACCENT } else { SPINE };
            canvas.dashes((at, self.top), (at, self.bottom()), 1.2, colour);
        }
    }
}

/// Panels side by side and below each other.
#[derive(Debug, Clone, Copy)]
pub struct Grid {
    pub columns: usize,
    pub rows: usize,
    /// Of a panel, without its surroundings.
    pub size: (f64, f64),
    /// Room at the left of each panel, above it, and at the left of the whole.
    pub gap: (f64, f64),
    pub left: f64,
    pub top: f64,
}

impl Grid {
    /// A grid of `count` panels below the heading, at most `most` side by side.
    pub fn of(count: usize, most: usize, size: (f64, f64), gap: (f64, f64), left: f64) -> Self {
        let columns = most.min(count.max(1));
        Self { columns, rows: count.div_ceil(columns), size, gap, left, top: HEAD }
    }

    /// Width and height of a picture with this grid in it.
    pub fn extent(&self) -> (f64, f64) {
        let width = self.left + self.columns as f64 * (self.size.0 + self.gap.0) + 8.0;
        let height = self.top + self.rows as f64 * (self.size.1 + self.gap.1) + 22.0;
        (width, height)
    }

    /// The place of a panel.
    pub fn panel<'a>(&self, i: usize, x: Scale<'a>, y: Scale<'a>) -> Panel<'a> {
        let (column, row) = ((i % self.columns) as f64, (i / self.columns) as f64);
        Panel {
            left: self.left + column * (self.size.0 + self.gap.0),
            top: self.top + row * (self.size.1 + self.gap.1) + 22.0,
            width: self.size.0,
            height: self.size.1,
            x,
            y,
        }
    }
}
