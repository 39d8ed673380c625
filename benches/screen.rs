//! What a frame costs: built at 300 and at 100,000 generations, and the bytes it sends.

#[path = "../tests/screen/fixture.rs"]
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
mod fixture;

use std::hint::black_box;

use criterion::Criterion;
use evotop::app::{Input, Key};
use evotop::term::Frame;
use evotop::view::{Cache, Depth, Theme, draw};
use fixture::Run;

struct Screen {
    run: Run,
    theme: Theme,
    cache: Cache,
    frame: Frame,
}

impl Screen {
    fn new(generations: u64, keys: &str) -> Self {
        let mut run = Run::new(1);
        run.trials(generations);
        let generation = run.propose();
        run.start(generation, 0);
        run.progress(generation, 1, 3, 1, 20);
        let mut run = run.sized(120, 40);
        run.keys(keys);
        let theme = Theme::named("dusk", Depth::True, false, false).unwrap_or_else(|_| Theme::plain(false));
        Self { run, theme, cache: Cache::default(), frame: Frame::new(120, 40) }
    }

    fn draw(&mut self) -> usize {
        draw(&self.run.model, &self.theme, &mut self.cache, self.frame.blank());
        self.frame.bytes().map_or(0, |bytes| bytes.len())
    }

    fn next_trial(&mut self) {
        let running = self.run.state.running.keys().next().copied();
        if let Some(generation) = running {
            self.run.finish(generation);
        }
        let generation = self.run.propose();
        self.run.start(generation, 0);
        self.run.progress(generation, 1, 3, 1, 20);
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(30);
    for generations in [300, 100_000] {
        for (page, keys) in [("live", "1"), ("density", "2"), ("history", "3")] {
            let mut screen = Screen::new(generations, keys);
            let first = screen.draw();
            let again = screen.draw();
            screen.next_trial();
            let next = screen.draw();
            let _ = screen.run.model.input(Input::Key(Key::char('j')), screen.run.now);
            let moved = screen.draw();
            println!(
                "{page} at {generations}: first {first} B, unchanged {again} B, new generation {next} B, cursor {moved} B"
            );
            criterion.bench_function(&format!("frame/{page}/{generations}"), |b| {
                b.iter(|| {
                    draw(
                        &screen.run.model,
                        &screen.theme,
                        &mut screen.cache,
                        black_box(screen.frame.blank()),
                    );
                });
            });
            criterion.bench_function(&format!("frame after a trial/{page}/{generations}"), |b| {
                b.iter_batched(
                    || (),
                    |()| {
                        screen.next_trial();
                        screen.draw()
                    },
                    criterion::BatchSize::PerIteration,
                );
            });
        }
    }
    criterion.final_summary();
}
