//! Between a session's socket and the screen: what the session says becomes news, what the screen asks is sent. A lost
//! connection is said, and tried again, also after a session that closed in good order: the same command starts it again.
//! A session that runs and cannot be reached is followed by its journal (`tail.rs`).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, Sender};

use super::find;
use super::tail::{self, Over};
use crate::app::{News, Request};
use crate::journal::How;
use crate::wire::{Client, ClientError, FromSession, Heard, ToSession};

/// Between two tries.
const RETRY: Duration = Duration::from_secs(1);

/// Keeps the screen connected until the screen goes away.
pub async fn keep(
    dir: PathBuf,
    read_only: bool,
    demo: bool,
    news: Sender<News>,
    mut requests: Receiver<Request>,
) {
    loop {
        let why = match connect(&dir, read_only, demo, &news).await {
            Ok(client) => match serve(client, &news, &mut requests).await {
                Ok(()) => return,
                Err(error) => error.to_string(),
            },
            Err(ClientError::NoSession { .. }) if find::holder(&dir).is_some() => {
                match tail::tail(&dir, &news, &mut requests).await {
                    Over::Left => return,
                    Over::Reachable => continue,
                    Over::Lost(why) => why,
                }
            }
            Err(error) => error.to_string(),
        };
        if news.send(News::Lost { why }).await.is_err() || retry(&news, &mut requests).await {
            return;
        }
    }
}

async fn connect(
    dir: &Path,
    read_only: bool,
    demo: bool,
    news: &Sender<News>,
) -> Result<Client, ClientError> {
    let mut client = Client::connect(dir, read_only).await?;
    client.attach().await?;
    let _ = news.send(News::Connected { read_only, dir: dir.to_owned(), demo }).await;
    Ok(client)
}

/// Passes on until the connection is lost, or (`Ok`) the screen is gone.
async fn serve(
    mut client: Client,
    news: &Sender<News>,
    requests: &mut Receiver<Request>,
) -> Result<(), ClientError> {
    loop {
        tokio::select! {
            heard = client.hear() => {
                let told = match heard? {
                    Heard::State(state) => News::Snapshot(state),
                    Heard::Message(FromSession::Entry { entry }) => News::Entry(Arc::from(entry)),
                    Heard::Message(FromSession::Progress { generation, progress }) => {
                        News::Progress { generation, progress }
                    }
                    Heard::Message(FromSession::Answer { id, granted, text }) => {
                        News::Answer { id, result: if granted { Ok(text) } else { Err(text) } }
                    }
                    Heard::Message(FromSession::Figures { figures }) => News::Figures(figures),
                    Heard::Message(FromSession::Notice { text }) => News::Notice { text },
                    Heard::Message(_) => continue,
                };
                if news.send(told).await.is_err() {
                    return Ok(());
                }
            }
            request = requests.recv() => match request {
                None => return Ok(()),
                Some(Request::Do { id, command }) => {
                    client.tell(&ToSession::Do { id, command, how: How::Key }).await?;
                }
                Some(Request::Say { id, line }) => {
                    client.tell(&ToSession::Say { id, line, how: How::CommandLine }).await?;
                }
                Some(_) => {}
            },
        }
    }
}

/// Waits for the next try; what is asked meanwhile is refused. Says whether the screen is gone.
async fn retry(news: &Sender<News>, requests: &mut Receiver<Request>) -> bool {
    let end = tokio::time::Instant::now() + RETRY;
    loop {
        tokio::select! {
            () = tokio::time::sleep_until(end) => return news.is_closed(),
            request = requests.recv() => {
                let (Request::Do { id, .. } | Request::Say { id, .. }) = (match request {
                    None => return true,
                    Some(request) => request,
                }) else { continue };
                let _ = news.send(News::Answer { id, result: Err("not connected: nothing was changed".into()) }).await;
            }
        }
    }
}
