//! The model as cells. Pure: the same model, theme and size give the same cells.
//!
//! [`draw`] fills a buffer; `ink.rs` is how anything gets into it, `theme.rs` and `glyphs.rs` what it looks like,
//! one file a page or panel beside them. [`Cache`] keeps charts that cost something to make. Bytes are not made
//! here: see `term`.

mod colour;
mod density;
mod device;
mod fitness;
mod footer;
mod glyphs;
mod header;
mod help;
mod history;
mod ink;
mod live;
mod log;
mod overlay;
mod params;
mod picker;
mod plain;
mod raster;
mod slots;
mod summary;
pub mod text;
mod theme;
mod trial;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::{Model, Page, Target};
pub use glyphs::Glyphs;
use ink::Ink;
pub use picker::draw_picker;
pub use plain::Plain;
pub use theme::{Depth, Theme, ThemeError};

/// The smallest screen with pages; below it is a summary.
const SMALLEST: (u16, u16) = (60, 16);

/// Charts as they were made last.
#[derive(Debug, Default)]
pub struct Cache {
    fitness: fitness::FitnessCache,
    density: density::DensityCache,
    /// What the mouse can point at, as it was drawn last.
    targets: Vec<(Rect, Target)>,
}

impl Cache {
    /// What lies in this cell.
    pub fn target(&self, column: u16, row: u16) -> Option<Target> {
        let at = (column, row).into();
        self.targets.iter().find(|(area, _)| area.contains(at)).map(|(_, target)| *target)
    }
}

/// Draws the whole screen.
pub fn draw(model: &Model, theme: &Theme, cache: &mut Cache, buf: &mut Buffer) {
    let mut ink = Ink::new(buf, theme);
    let area = ink.area();
    ink.tint(area, theme.text);
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        summary::draw(&mut ink, area, model);
        cache.targets.clear();
        return;
    }
    header::draw(&mut ink, area, model);
    let body = Rect::new(area.x, area.y + 2, area.width, area.height - 4);
    if model.state.is_none() {
        header::waiting(&mut ink, body, model);
    } else {
        match model.page {
            Page::Live => live::draw(&mut ink, body, model, &mut cache.fitness),
            Page::Density => density::draw(&mut ink, body, model, &mut cache.density),
            Page::History => history::draw(&mut ink, body, model),
            Page::Log => log::draw(&mut ink, body, model),
        }
    }
    footer::draw(&mut ink, area, model);
    overlay::draw(&mut ink, area, model);
    cache.targets = ink.targets;
}
