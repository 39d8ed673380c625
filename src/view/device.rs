//! What a device does, in a line: as much of it as fits whole.

use ratatui::layout::Rect;

use super::ink::{Ink, width};
use crate::app::Model;
use crate::runner::DeviceUse;
use crate::size;

/// The figures of the device of this name, where there are any.
pub fn of<'a>(model: &'a Model, name: &str) -> Option<&'a DeviceUse> {
    model.figures.devices.iter().find(|device| device.device == name)
}

/// Draws the line; `label` stands in front.
pub fn draw(ink: &mut Ink, area: Rect, label: &str, device: &DeviceUse) {
    let theme = ink.theme;
    let style = |piece: &Piece| if piece.warns { theme.warn } else { theme.label };
    let mut x = ink.put(area, 0, 0, label, theme.dim);
    for piece in fitting(pieces(device), area.width.saturating_sub(width(label))) {
        x = ink.put(area, x, 0, &piece.text, style(&piece)) + 2;
    }
}

/// Something known of a device.
#[derive(Clone)]
struct Piece {
    text: String,
    /// 1 is the most important.
    rank: u8,
    warns: bool,
}

/// As many pieces as fit in so many cells, in their order; the least important fall away first.
fn fitting(mut pieces: Vec<Piece>, cells: u16) -> Vec<Piece> {
    let needed = |pieces: &[Piece]| pieces.iter().map(|p| width(&p.text) + 2).sum::<u16>();
    while needed(&pieces) > cells + 2 {
        let least = pieces.iter().map(|p| p.rank).max();
        pieces.retain(|p| Some(p.rank) != least);
    }
    pieces
}

fn pieces(device: &DeviceUse) -> Vec<Piece> {
    let gigabytes = |n: u64| size::short(n).replace(" GB", "");
    let piece = |text: Option<String>, rank| text.map(|text| Piece { text, rank, warns: false });
    let name = device.name.as_ref().map(|name| name.trim_start_matches("NVIDIA ").to_owned());
    [
        piece(name, 6),
        piece(device.utilisation.map(|u| format!("{:.0}% busy", u * 100.0)), 1),
        piece(device.memory.map(|(used, all)| format!("{} of {}", gigabytes(used), size::short(all))), 2),
        piece(device.temperature.map(|t| format!("{t:.0} C")), 4),
        piece(device.watts.map(|w| format!("{w:.0} W")), 5),
        others(device).map(|text| Piece { text, rank: 3, warns: true }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Who else computes there: `pid 77 holds 41.0 GB`.
fn others(device: &DeviceUse) -> Option<String> {
    let most = device.others.iter().max_by_key(|holder| holder.bytes)?;
    let bytes: u64 = device.others.iter().map(|holder| holder.bytes).sum();
    let who = match device.others.len() {
        1 => format!("pid {}", most.pid),
        n => format!("pid {} +{}", most.pid, n - 1),
    };
    Some(if bytes > 0 { format!("{who}: {}", size::short(bytes)) } else { format!("{who} too") })
}
