//! The page Live: which panels stand where.

use ratatui::layout::Rect;

use super::fitness::{self, FitnessCache};
use super::ink::{Ink, fit_words};
use super::{params, slots, text, trial};
use crate::app::Model;

/// Where the panels stand. A panel without room has no height.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Panels {
    params: Rect,
    chart: Rect,
    trial: Rect,
    slots: Rect,
    events: Rect,
}

/// Draws the page into the body.
pub fn draw(ink: &mut Ink, body: Rect, model: &Model, cache: &mut FitnessCache) {
    let Some(state) = &model.state else { return };
    let panels = panels(
        body,
        state.slots.len() as u16,
        state.space.params.len() as u16 + state.space.fixed.len() as u16,
        !model.figures.devices.is_empty(),
    );
    params::draw(ink, panels.params, model);
    let title = fitness::title(&ink.theme.glyphs, model);
    let inner = ink.frame(panels.chart, &title, ink.theme.border);
    fitness::draw(ink, inner, model, cache);
    if panels.trial.height > 0 {
        trial::draw(ink, panels.trial, model);
    }
    slots::draw(ink, panels.slots, model);
    if panels.events.height > 0 {
        events(ink, panels.events, model);
    }
}

/// `figures`: something is known of the slots' devices.
fn panels(body: Rect, slots: u16, params: u16, figures: bool) -> Panels {
    let left = match body.width {
        0..100 => (body.width / 2 + 4).min(46),
        100..160 => body.width * 7 / 12,
        wide => (wide / 2).min(110),
    };
    let right = body.width - left;
    // A tall screen gives the table what it needs, and the rest to the events.
    let column = |y: u16, height: u16| Rect::new(body.x + left, body.y + y, right, height);
    let h = body.height;
    let trial = if h >= 18 {
        5
    } else if h >= 14 {
        4
    } else {
        0
    };
    let most_slots = (h - trial).saturating_sub(7).max(3);
    let device_line = u16::from(figures && (h >= 26 || slots == 1 && h >= 18));
    let slots = (slots.max(1) + device_line + 2).min(most_slots).min(if h >= 40 { 18 } else { 10 });
    let rest = h - trial - slots;
    let events = if rest >= 18 { (rest * 2 / 5).min(24) } else { 0 };
    let chart = rest - events;
    // One row beyond the parameters is the hint's.
    let table = Rect::new(body.x, body.y, left, h.min(params.max(10) + 4).max(h.min(12)));
    let below = h - table.height;
    // Under a short table there is room for the events on the left.
    if below >= 6 {
        return Panels {
            params: table,
            chart: column(0, rest),
            trial: column(rest, trial),
            slots: column(rest + trial, slots),
            events: Rect::new(body.x, body.y + table.height, left, below),
        };
    }
    Panels {
        params: Rect { height: h, ..table },
        chart: column(0, chart),
        trial: column(chart, trial),
        slots: column(chart + trial, slots),
        events: column(chart + trial + slots, events),
    }
}

/// The last events, the newest at the bottom.
fn events(ink: &mut Ink, area: Rect, model: &Model) {
    let Some(state) = &model.state else { return };
    let inner = ink.frame(area, "Events", ink.theme.border);
    let (dim, text_style) = (ink.theme.dim, ink.theme.text);
    let shown = state.log.len().min(usize::from(inner.height));
    for (y, line) in state.log.iter().skip(state.log.len() - shown).enumerate() {
        let x = ink.put(inner, 1, y as u16, &text::time_of_day(line.time, &model.zone), dim);
        let room = inner.width.saturating_sub(x + 2);
        ink.put(inner, x + 1, y as u16, &fit_words(&line.text, room, ink.theme.glyphs.dots), text_style);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_every_size_the_panels_fill_the_body_and_do_not_overlap() {
        for (width, height) in (60..=250).flat_map(|w| (12..=76).map(move |h| (w, h))) {
            for (slots, figures) in [(0, false), (1, true), (4, false), (8, true), (40, true)] {
                let p = panels(Rect::new(0, 2, width, height), slots, 29, figures);
                let all = [p.params, p.chart, p.trial, p.slots, p.events];
                let area: u32 = all.iter().map(|r| r.area()).sum();
                assert_eq!(area, u32::from(width) * u32::from(height), "{width}x{height} {slots} {p:?}");
                for (i, a) in all.iter().enumerate() {
                    assert!(
                        all.iter().skip(i + 1).all(|b| a.intersection(*b).area() == 0),
                        "{width}x{height} {p:?}"
                    );
                }
                assert!(p.chart.height >= 4 && p.slots.height >= 3, "{width}x{height} {slots} {p:?}");
            }
        }
    }

    #[test]
    fn at_80_by_24_four_slots_are_all_in_view() {
        let p = panels(Rect::new(0, 2, 80, 20), 4, 29, true);
        assert!(p.slots.height >= 6, "{p:?}");
    }
}
