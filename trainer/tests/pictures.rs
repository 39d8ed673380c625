//! Damaged pictures: read or refused with their name, never a panic. As `fuzz.rs`, but a program of its own, since a header that lies
//! about a picture's size may take more memory than weights ever do.

#![expect(clippy::unwrap_used, reason = "a test: what fails shows itself")]

#[path = "../../tests/fuzz/mutate.rs"]
mod mutate;

use std::path::Path;

use evotop_yolo::data::{Picture, decode};
use libjpeg_turbo_rs::{PixelFormat, Subsampling, compress};

fn accepted(bytes: &[u8], name: &str) -> bool {
    match decode(Path::new(name), bytes) {
        Ok(Picture { pixels, damage }) => {
            assert_eq!(pixels.rgb.len(), pixels.width * pixels.height * 3);
            assert!(damage.iter().all(|line| line.starts_with(name) && !line.contains(char::is_control)));
            true
        }
        Err(why) => {
            let why = why.to_string();
            assert!(why.starts_with(name) && why.len() < 2_000, "{why}");
            assert!(!why.chars().any(char::is_control), "an error that steers a terminal: {why:?}");
            false
        }
    }
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
}

#[test]
fn jpegs() {
    let colours: Vec<u8> = (0..40 * 24 * 4_u32).map(|i| (i * i / 7) as u8).collect();
    let cmyk = compress(&colours, 40, 24, PixelFormat::Cmyk, 80, Subsampling::S444).unwrap();
    let examples = [read("picture.jpg"), read("cut.jpg"), cmyk];
    mutate::damage("jpeg", &examples.each_ref().map(Vec::as_slice), |bytes| accepted(bytes, "x.jpg"));
}

#[test]
fn pngs() {
    mutate::damage("png", &[&read("picture.png")], |bytes| accepted(bytes, "x.png"));
}
