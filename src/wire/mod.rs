//! Client and session: what they say over the Unix socket, and how it travels.
//!
//! `message.rs` is what is said, `frame.rs` one message as bytes, `snapshot.rs` a whole state in pieces, `place.rs`
//! where the socket lives, `server.rs` and `client.rs` the two ends. What a request means is not here: see `session`.

mod client;
mod frame;
mod message;
mod place;
mod server;
mod snapshot;

pub use client::{Client, ClientError, Heard};
pub use frame::{Frame, FrameError, decode, encode};
pub use message::{FromSession, PROTOCOL, ToSession};
pub use place::{PlaceError, socket_of};
pub use server::{Attached, ClientRequest, Server};
pub use snapshot::{Assembly, Snapshot, SnapshotError};
