//! The screen over a made-up run, to look at: `cargo run --example screen [SLOTS] [THEME]`.

#[path = "../tests/screen/fixture.rs"]
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
mod fixture;

use std::time::Duration;

use evotop::app::{News, Options, Request};
use evotop::journal::{Entry, Event, How};
use evotop::session::{State, steer};
use evotop::term::{Link, TermOptions, ThemeChoice, run};
use evotop::trial::protocol::Progress;
use tokio::sync::mpsc;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let slots = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(4);
    let theme = arguments.next().unwrap_or_else(|| "auto".into());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (tell, news) = mpsc::channel(1000);
    let (requests, asked) = mpsc::channel(100);
    let options = TermOptions {
        app: Options::default(),
        theme: ThemeChoice::Named(theme),
        ascii: false,
        no_color: false,
        light: None,
    };
    runtime.block_on(async {
        let session = session(slots, tell, asked);
        let screen = run(Link { news, requests }, options);
        tokio::select! {
            exit = screen => println!("{:?}", exit?),
            () = session => {}
        }
        anyhow::Ok(())
    })
}

/// A session that trains nothing, at ten times the speed.
async fn session(slots: usize, tell: mpsc::Sender<News>, mut asked: mpsc::Receiver<Request>) {
    let made_up = fixture::Run::mid_run(slots);
    let shift = jiff::Timestamp::now().as_millisecond() - made_up.now;
    let mut state = None;
    for mut entry in made_up.entries {
        entry.time += shift;
        match (&mut state, &entry.event) {
            (None, Event::Created(created)) => state = Some(State::new(created, entry.time)),
            (Some(state), _) => state.apply(&entry),
            _ => {}
        }
    }
    let Some(mut state) = state else { return };
    let _ = tell.send(News::Connected { read_only: false, dir: "/tmp".into(), demo: false }).await;
    let _ = tell.send(News::Snapshot(Box::new(state.clone()))).await;
    let mut tick = tokio::time::interval(Duration::from_millis(250));
    let mut step = 0u32;
    loop {
        tokio::select! {
            _ = tick.tick() => {
                step += 1;
                for generation in state.running.keys().copied().collect::<Vec<_>>() {
                    let at = step % 40;
                    let loss = |scale: f64| scale * (0.4 + 0.6 * (-f64::from(at) / 20.0).exp());
                    let progress = Progress {
                        epoch: at / 14 + 1, epochs: 3, batch: at % 14, batches: 14,
                        rate: Some(100.0 + f64::from(step % 17)), unit: Some("img/s".into()), memory: Some(1_100_000_000),
                        losses: [("box", loss(0.08)), ("obj", loss(0.05)), ("cls", loss(0.04))].into_iter().collect(),
                    };
                    let _ = tell.send(News::Progress { generation, progress }).await;
                }
            }
            request = asked.recv() => {
                let (id, command, how) = match request {
                    Some(Request::Do { id, command }) => (id, Ok(command), How::Key),
                    Some(Request::Say { id, line }) => (id, steer::parse(&line, &state).map_err(|e| e.to_string()), How::CommandLine),
                    Some(Request::Replay(_)) => continue,
                    None => return,
                };
                let decided = command.and_then(|c| state.decide(&c, &fixture::me(how)).map_err(|e| e.to_string()));
                let result = decided.map(|events| {
                    for event in events {
                        let time = jiff::Timestamp::now().as_millisecond();
                        let entry = Entry { seq: state.seq + 1, time, event };
                        state.apply(&entry);
                        let _ = tell.try_send(News::Entry(std::sync::Arc::new(entry)));
                    }
                    String::new()
                });
                let _ = tell.send(News::Answer { id, result }).await;
            }
        }
    }
}
