//! The picker as cells: a row a session.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::Theme;
use super::footer::hint_line;
use super::ink::{Ink, fit, width};
use super::params::first_row;
use super::trial::gauge;
use crate::app::picker::{Choice, Picker, Standing};

/// Cells of a session's state, of its trials, of its bar, and of its best fitness.
const STATE: u16 = 11;
const TRIALS: u16 = 11;
const BAR: u16 = 12;
const BEST: u16 = 8;

/// Draws the list.
pub fn draw_picker(picker: &Picker, theme: &Theme, buf: &mut Buffer) {
    let mut ink = Ink::new(buf, theme);
    let area = ink.area();
    ink.tint(area, theme.text);
    let body = Rect { height: area.height.saturating_sub(1), ..area };
    let running = picker.choices.iter().filter(|c| c.standing == Standing::Running).count();
    let count = picker.choices.len();
    let sessions = if count == 1 { "session" } else { "sessions" };
    let more = if picker.reading { ", reading the others" } else { "" };
    let title = format!("evotop  {count} {sessions}, {running} running{more}");
    let inner = ink.frame(body, &title, theme.border);
    let name = picker.choices.iter().map(|c| width(&c.name)).max().unwrap_or(4).clamp(4, 24);
    let columns = Columns::new(name, inner.width);
    columns.heading(&mut ink, inner);
    let rows = usize::from(inner.height.saturating_sub(1));
    let first = first_row(picker.cursor, rows, picker.choices.len());
    for (y, (i, choice)) in picker.choices.iter().enumerate().skip(first).take(rows).enumerate() {
        columns.row(&mut ink, inner, y as u16 + 1, choice, i == picker.cursor);
    }
    ink.place(body, first, rows, picker.choices.len());
    let y = area.height.saturating_sub(1);
    let chosen = picker.choices.get(picker.cursor);
    if let (true, Some(chosen)) = (picker.asks, chosen) {
        let question = format!("{} {}: resume it?  ", chosen.name, chosen.standing.word());
        let x = ink.put(area, 1, y, &question, theme.warn);
        ink.put(area, x, y, "y yes   Esc no", theme.key);
        return;
    }
    let enter = match chosen.map(|c| c.standing) {
        Some(Standing::Running) => "attach",
        Some(Standing::Interrupted) => "resume",
        _ => "look back at it",
    };
    let resume = Some(("r", "resume")).filter(|_| chosen.is_some_and(|c| c.standing != Standing::Running));
    let hints = [Some(("enter", enter)), Some(("v", "replay")), resume, Some(("q", "leave"))];
    let hints: Vec<(String, String)> =
        hints.into_iter().flatten().map(|(k, w)| (k.to_owned(), w.to_owned())).collect();
    hint_line(&mut ink, area, y, &hints);
}

/// Where the columns begin; one without room has none.
struct Columns {
    name: u16,
    state: u16,
    trials: u16,
    bar: Option<u16>,
    best: Option<u16>,
    place: Option<u16>,
}

impl Columns {
    fn new(name: u16, cells: u16) -> Self {
        let state = 2 + name + 2;
        let trials = state + STATE + 2;
        let roomy = trials + TRIALS + 2 + BAR + 2 + BEST + 3;
        let bar = (roomy <= cells).then_some(trials + TRIALS + 2);
        let best = bar.map_or(trials + TRIALS, |bar| bar + BAR) + 2;
        let place = (best + BEST + 3 + 12 <= cells).then_some(best + BEST + 3);
        // A figure that is cut is another one.
        let best = (best + BEST <= cells).then_some(best);
        Self { name, state, trials, bar, best, place }
    }

    fn heading(&self, ink: &mut Ink, area: Rect) {
        let style = ink.theme.label;
        ink.put(area, 2, 0, "name", style);
        ink.put(area, self.state, 0, "state", style);
        ink.put_right(area, self.trials + TRIALS, 0, "trials", style);
        if let Some(x) = self.best {
            ink.put_right(area, x + BEST, 0, "best", style);
        }
        if let Some(x) = self.place {
            ink.put(area, x, 0, "directory", style);
        }
    }

    fn row(&self, ink: &mut Ink, area: Rect, y: u16, choice: &Choice, selected: bool) {
        let theme = ink.theme;
        let base = if selected { theme.cursor } else { Style::new() };
        ink.tint(Rect::new(area.x, area.y + y, area.width, 1), base);
        ink.put(area, 0, y, if selected { ">" } else { " " }, base.patch(theme.accent));
        ink.put(area, 2, y, &fit(&choice.name, self.name, theme.glyphs.dots), base.patch(theme.text));
        let style = match choice.standing {
            Standing::Running => theme.good,
            Standing::Interrupted => theme.warn,
            Standing::Closed | Standing::Complete => theme.label,
        };
        ink.put(area, self.state, y, choice.standing.word(), base.patch(style));
        let (done, of) = choice.done;
        ink.put_right(area, self.trials + TRIALS, y, &format!("{done}/{of}"), base.patch(theme.text));
        if let Some(x) = self.bar {
            gauge(ink, area, x, y, BAR, if of > 0 { done as f64 / of as f64 } else { 0.0 }, false);
        }
        let best = choice.best.map_or("-".into(), |best| format!("{best:.4}"));
        if let Some(x) = self.best {
            ink.put_right(area, x + BEST, y, &best, base.patch(theme.best));
        }
        if let Some(x) = self.place {
            let room = area.width.saturating_sub(x + 1);
            ink.put(
                area,
                x,
                y,
                &end_of(&choice.dir.to_string_lossy(), room, theme.glyphs.dots),
                base.patch(theme.dim),
            );
        }
        if selected {
            ink.tint(Rect::new(area.x, area.y + y, area.width, 1), Style { fg: None, ..theme.cursor });
        }
    }
}

/// The path if it fits, else its end, which says most: whole names, where one fits.
fn end_of(text: &str, cells: u16, dots: &str) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let skip = text.chars().count().saturating_sub(usize::from(cells.saturating_sub(1)));
    let end: String = text.chars().skip(skip).collect();
    let whole = end.find('/').filter(|at| at + 1 < end.len()).unwrap_or(0);
    dots.to_owned() + &end[whole..]
}
