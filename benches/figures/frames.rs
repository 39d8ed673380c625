//! What a frame costs as a library: 120x40 with 256 colours, every page, after a trial came in: the worst page is told.

use std::time::Duration;

use criterion::Criterion;
use evotop::term::Frame;
use evotop::view::{Cache, Depth, Theme, draw};

use crate::clock::{median, ms, timed};
use crate::fixture::Run;
use crate::long_run::{self, SIZES};
use crate::table::{Row, Unit};

struct Screen {
    run: Run,
    theme: Theme,
    cache: Cache,
    frame: Frame,
}

impl Screen {
    fn new(run: Run, page: &str) -> Self {
        let mut run = run.sized(120, 40);
        run.keys(page);
        let theme = Theme::named("dusk", Depth::Ansi256, false, false).unwrap();
        Self { run, theme, cache: Cache::default(), frame: Frame::new(120, 40) }
    }

    /// Cells, and the bytes that bring the terminal to them.
    fn draw(&mut self) -> usize {
        draw(&self.run.model, &self.theme, &mut self.cache, self.frame.blank());
        self.frame.bytes().unwrap().len()
    }
}

/// Not criterion: every frame is one after another trial, and a thousand of them would be another history.
pub fn rows(_: &mut Criterion) -> Vec<Row> {
    SIZES.into_iter().flat_map(rows_at).collect()
}

fn rows_at(generations: u64) -> [Row; 2] {
    let mut run = long_run::of(generations);
    let (mut worst, mut first) = ((0.0, ""), (0.0, ""));
    for (page, key) in [("Live", "1"), ("Density", "2"), ("History", "3"), ("Log", "4")] {
        let mut screen = Screen::new(run, key);
        let opened = ms(timed(|| screen.draw()));
        let mut samples: Vec<Duration> = (0..31)
            .map(|_| {
                long_run::trial(&mut screen.run);
                timed(|| screen.draw())
            })
            .collect();
        let drawn = ms(median(&mut samples));
        eprintln!("frame {page} at {generations}: {drawn:.3} ms, the first {opened:.3} ms");
        if drawn > worst.0 {
            worst = (drawn, page);
        }
        if opened > first.0 {
            first = (opened, page);
        }
        run = screen.run;
    }
    let goal = if generations > 300 { 5.0 } else { 1.0 };
    let figure = format!("frame build after a trial at {generations} generations");
    let opened = format!("first frame of a page at {generations} generations");
    [
        Row::at_most(figure, Unit::Milliseconds, goal, worst.0).with(worst.1),
        Row::told(opened, Unit::Milliseconds, first.0).with(first.1),
    ]
}
