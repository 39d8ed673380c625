//! The screen without a terminal: key strings into the real model, cells out of the real view.

#[cfg(test)]
mod connection;
#[cfg(test)]
mod dialogues;
mod fixture;
#[cfg(test)]
mod holds;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod lines;
#[cfg(test)]
mod log;
#[cfg(test)]
mod look;
#[cfg(test)]
mod mouse;
mod pages;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod sizes;
#[cfg(test)]
mod slots;
#[cfg(test)]
mod snapshots;
#[cfg(test)]
mod table;
#[cfg(test)]
mod walk;
