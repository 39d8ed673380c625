//! A replay as the other end of a link.

use std::time::Duration;

use tokio::sync::mpsc::{Receiver, Sender};
use tokio::time::sleep;

use crate::app::replay::Replay;
use crate::app::{News, Request};
use crate::clock::now;

/// How often a playing replay tells what happened.
const STEP: Duration = Duration::from_millis(100);

/// Plays until the screen is left.
pub async fn play(mut replay: Replay, news: Sender<News>, mut requests: Receiver<Request>) {
    let mut told = replay.begin();
    loop {
        for piece in told.drain(..) {
            if news.send(piece).await.is_err() {
                return;
            }
        }
        told = tokio::select! {
            request = requests.recv() => match request {
                Some(Request::Replay(step)) => replay.ask(step, now()),
                Some(Request::Do { id, .. } | Request::Say { id, .. }) => {
                    vec![News::Answer { id, result: Err("this is a replay: nothing can be changed".into()) }]
                }
                None => return,
            },
            () = sleep(STEP), if replay.is_playing() => replay.tick(now()),
        };
    }
}
