//! What the screen looks like.

use evotop::app::Model;
use evotop::view::{Cache, Depth, Theme, draw};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::fixture::Run;

/// The cells as text, a line a row.
pub fn text(model: &Model, columns: u16, rows: u16) -> String {
    let theme = Theme::named("dusk", Depth::True, false, false).unwrap_or_else(|_| Theme::plain(false));
    let mut buf = Buffer::empty(Rect::new(0, 0, columns, rows));
    draw(model, &theme, &mut Cache::default(), &mut buf);
    let line = |y: u16| {
        let line: String = (0..columns).map(|x| buf[(x, y)].symbol()).collect();
        line.trim_end().to_owned()
    };
    (0..rows).map(line).collect::<Vec<_>>().join("\n")
}

/// `LOOK=120,34,4,2` prints the screen of that size with that many slots after those keys, to look at.
#[test]
fn look() {
    let Ok(wanted) = std::env::var("LOOK") else { return };
    let mut parts = wanted.splitn(4, ',');
    let mut number = |default| parts.next().and_then(|n| n.parse().ok()).unwrap_or(default);
    let (columns, rows, slots) = (number(120), number(34), number(1));
    let mut run = Run::mid_run(usize::from(slots)).sized(columns, rows);
    run.keys(parts.next().unwrap_or(""));
    println!("{}", text(&run.model, columns, rows));
}
