//! A picture of a program in a terminal: `cargo run --example picture -- OUT.svg COLUMNS ROWS SECONDS KEYS PROGRAM ...`
//!
//! Runs the program in a pty, waits, presses KEYS (`3<enter>`), waits again, and draws what the terminal shows. With
//! `OUT.png` and `EVOTOP_FONT` (a monospaced TrueType file) the same as pixels.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, anyhow};
use evotop::app::Key;
use evotop::app::key::Code;
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};

/// Pixels of a cell, and of the letters in it.
const CELL: (u32, u32) = (9, 18);
const SIZE: u32 = 15;
const BACKGROUND: (u8, u8, u8) = (13, 17, 23);
const TEXT: (u8, u8, u8) = (201, 209, 217);

/// Where the eight dots of a braille character lie in its cell.
const PLACES: [(u32, u32); 8] = [(2, 2), (2, 7), (2, 11), (6, 2), (6, 7), (6, 11), (2, 16), (6, 16)];

/// Cells next to each other that look the same.
struct Run {
    x: u32,
    y: u32,
    text: String,
    colour: (u8, u8, u8),
    background: Option<(u8, u8, u8)>,
    bold: bool,
}

fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [out, columns, rows, seconds, keys, program, rest @ ..] = &words[..] else {
        return Err(anyhow!("OUT COLUMNS ROWS SECONDS KEYS PROGRAM [WORD ...]"));
    };
    let (columns, rows, seconds): (u16, u16, f64) = (columns.parse()?, rows.parse()?, seconds.parse()?);
    let runs = look(columns, rows, seconds, keys, program, rest)?;
    if Path::new(out).extension().is_some_and(|e| e == "png") {
        return pixels(out, columns, rows, &runs);
    }
    std::fs::write(out, svg(columns, rows, &runs)).with_context(|| out.clone())
}

/// What the terminal shows of the program.
fn look(
    columns: u16,
    rows: u16,
    seconds: f64,
    keys: &str,
    program: &str,
    words: &[String],
) -> anyhow::Result<Vec<Run>> {
    let pair = native_pty_system().openpty(PtySize { rows, cols: columns, ..PtySize::default() })?;
    let mut command = CommandBuilder::new(program);
    command.args(words);
    command.cwd(std::env::current_dir()?);
    for (name, value) in [("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("LANG", "C.UTF-8")] {
        command.env(name, value);
    }
    let mut child = pair.slave.spawn_command(command)?;
    let of = |n: u16| n.try_into().context("a size of 0");
    let screen = Arc::new(Mutex::new(vt100::Parser::new(of(rows)?, of(columns)?, 0)));
    let (mut output, seen) = (pair.master.try_clone_reader()?, screen.clone());
    std::thread::spawn(move || {
        let mut bytes = [0; 8192];
        while let Ok(count @ 1..) = output.read(&mut bytes) {
            if let Ok(mut parser) = seen.lock() {
                parser.process(&bytes[..count]);
            }
        }
    });
    let mut keyboard = pair.master.take_writer()?;
    std::thread::sleep(Duration::from_secs_f64(seconds));
    for key in Key::sequence(keys) {
        let bytes = match key.code {
            Code::Enter => "\r".to_owned(),
            Code::Tab => "\t".to_owned(),
            Code::Up => "\x1b[A".to_owned(),
            Code::Down => "\x1b[B".to_owned(),
            Code::Char(c) => c.to_string(),
            other => return Err(anyhow!("{other:?} cannot be pressed here")),
        };
        keyboard.write_all(bytes.as_bytes())?;
        std::thread::sleep(Duration::from_millis(300));
    }
    std::thread::sleep(Duration::from_secs(1));
    let runs = screen.lock().map_err(|_| anyhow!("the reader failed"))?.screen().clone();
    let runs = runs_of(&runs, columns, rows);
    child.kill()?;
    Ok(runs)
}

fn runs_of(screen: &vt100::Screen, columns: u16, rows: u16) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for y in 0..rows {
        for x in 0..columns {
            let Some(cell) = screen.cell(y, x) else { continue };
            let (mut colour, mut background) = (rgb(cell.fgcolor()).unwrap_or(TEXT), rgb(cell.bgcolor()));
            if cell.inverse() {
                (colour, background) = (background.unwrap_or(BACKGROUND), Some(colour));
            }
            let text = if cell.has_contents() { cell.contents() } else { " " };
            let joins = runs.last().is_some_and(|run| {
                (run.y, run.colour, run.background, run.bold)
                    == (u32::from(y), colour, background, cell.bold())
            });
            match runs.last_mut().filter(|_| joins) {
                Some(run) => run.text.push_str(text),
                None => runs.push(Run {
                    x: u32::from(x),
                    y: u32::from(y),
                    text: text.to_owned(),
                    colour,
                    background,
                    bold: cell.bold(),
                }),
            }
        }
    }
    runs
}

fn rgb(colour: vt100::Color) -> Option<(u8, u8, u8)> {
    match colour {
        vt100::Color::Rgb(r, g, b) => Some((r, g, b)),
        vt100::Color::Default | vt100::Color::Idx(_) => None,
    }
}

/// The dots of a braille character: many fonts have none.
fn braille(c: char) -> Option<Vec<(u32, u32)>> {
    let bits = (c as u32).checked_sub(0x2800).filter(|bits| *bits < 256)?;
    Some(PLACES.iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1).map(|(_, at)| *at).collect())
}

fn svg(columns: u16, rows: u16, runs: &[Run]) -> String {
    let (width, height) = (u32::from(columns) * CELL.0 + 16, u32::from(rows) * CELL.1 + 16);
    let hex = |(r, g, b): (u8, u8, u8)| format!("#{r:02x}{g:02x}{b:02x}");
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"{SIZE}\">\n<rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{}\"/>\n",
        hex(BACKGROUND)
    );
    for run in runs {
        let cells = run.text.chars().count() as u32;
        let (x, y) = (8 + run.x * CELL.0, 8 + run.y * CELL.1);
        if let Some(background) = run.background {
            let _ = writeln!(
                svg,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>",
                cells * CELL.0,
                CELL.1,
                hex(background)
            );
        }
        for (i, dots) in run.text.chars().enumerate().filter_map(|(i, c)| Some((i as u32, braille(c)?))) {
            for (dx, dy) in dots {
                let (cx, cy) = (x + i * CELL.0 + dx, y + dy);
                let _ =
                    writeln!(svg, "<circle cx=\"{cx}\" cy=\"{cy}\" r=\"1.3\" fill=\"{}\"/>", hex(run.colour));
            }
        }
        let letters: String = run.text.chars().map(|c| if braille(c).is_some() { ' ' } else { c }).collect();
        let text = letters.trim_end();
        if text.trim().is_empty() {
            continue;
        }
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let bold = if run.bold { " font-weight=\"bold\"" } else { "" };
        // The length is said, so that cells stay in their columns whatever font is there.
        let _ = writeln!(
            svg,
            "<text x=\"{x}\" y=\"{}\" textLength=\"{}\" xml:space=\"preserve\" fill=\"{}\"{bold}>{escaped}</text>",
            y + 14,
            text.chars().count() as u32 * CELL.0,
            hex(run.colour)
        );
    }
    svg + "</svg>\n"
}

fn pixels(out: &str, columns: u16, rows: u16, runs: &[Run]) -> anyhow::Result<()> {
    let font = std::env::var("EVOTOP_FONT").context("EVOTOP_FONT: a monospaced TrueType file")?;
    let font: &'static [u8] =
        Box::leak(std::fs::read(&font).with_context(|| font.clone())?.into_boxed_slice());
    register_font("picture", FontStyle::Normal, font).map_err(|_| anyhow!("the font cannot be read"))?;
    let size = (u32::from(columns) * CELL.0 + 16, u32::from(rows) * CELL.1 + 16);
    let mut rgb = vec![0; (size.0 * size.1 * 3) as usize];
    let area = BitMapBackend::with_buffer(&mut rgb, size).into_drawing_area();
    let colour = |(r, g, b): (u8, u8, u8)| RGBColor(r, g, b);
    area.fill(&colour(BACKGROUND))?;
    for run in runs {
        let (x, y) = ((8 + run.x * CELL.0) as i32, (8 + run.y * CELL.1) as i32);
        for (i, c) in run.text.chars().enumerate() {
            let left = x + i as i32 * CELL.0 as i32;
            if let Some(background) = run.background {
                let cell = [(left, y), (left + CELL.0 as i32, y + CELL.1 as i32)];
                area.draw(&Rectangle::new(cell, colour(background).filled()))?;
            }
            if let Some(dots) = braille(c) {
                for (dx, dy) in dots {
                    let at = (left + dx as i32, y + dy as i32);
                    area.draw(&Circle::new(at, 1, colour(run.colour).filled()))?;
                }
            } else if c != ' ' {
                let style = ("picture", f64::from(SIZE)).into_font().color(&colour(run.colour));
                area.draw(&Text::new(c.to_string(), (left, y + 1), style))?;
            }
        }
    }
    area.present()?;
    drop(area);
    let file = std::fs::File::create(out).with_context(|| out.to_owned())?;
    let mut encoder = png::Encoder::new(std::io::BufWriter::new(file), size.0, size.1);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&rgb)?;
    Ok(writer.finish()?)
}
