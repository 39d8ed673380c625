//! Damaged weights files: read or refused with a reason, never a panic, never much memory. As `tests/fuzz` of evotop, whose driver this
//! uses: a bounded number in every `make test`, for as long as it is told by `make fuzz`.

#![expect(clippy::unwrap_used, reason = "a test: what fails shows itself")]

#[path = "../../tests/fuzz/mutate.rs"]
mod mutate;

use std::io::{Cursor, Write as _};

use evotop_yolo::model::{Config, Model};
use evotop_yolo::weights::{Purpose, parse_checkpoint, parse_safetensors, write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Megabytes that the process may come to hold. Inputs have 64 kB at most, libtorch itself takes some 150 MB.
const MOST_MEMORY: u64 = 600;

fn zipped(pickle: &[u8]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in [("a/data.pkl", pickle), ("a/data/0", &[0; 64][..])] {
        zip.start_file(name, stored).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// `{"model": module with a parameter w and a buffer b, "names", "yaml"}`, as the reference pickles it.
fn pickle() -> Vec<u8> {
    let text = |s: &str| [b"X".as_slice(), &(s.len() as u32).to_le_bytes(), s.as_bytes()].concat();
    let tensor = |offset: u8| {
        let mut p = b"ctorch._utils\n_rebuild_tensor_v2\n((".to_vec();
        p.extend([text("storage"), b"ctorch\nFloatStorage\n".to_vec(), text("0"), text("cpu")].concat());
        p.extend([b"K\x10tQK".as_slice(), &[offset], b"K\x02K\x03\x86K\x03K\x01\x86\x89NtR"].concat());
        p
    };
    [
        b"\x80\x02}q\0(".to_vec(),
        text("model"),
        b"cmodels.yolo\nModel\nq\x01)\x81}(".to_vec(),
        text("_parameters"),
        b"ccollections\nOrderedDict\n)R(".to_vec(),
        [text("w"), tensor(0), b"u".to_vec()].concat(),
        text("_buffers"),
        b"}(".to_vec(),
        [text("b"), tensor(4), b"u".to_vec()].concat(),
        text("_modules"),
        b"}".to_vec(),
        [text("names"), b"}(K\0".to_vec(), text("cat"), b"K\x01".to_vec(), text("dog"), b"u".to_vec()]
            .concat(),
        b"ubu.".to_vec(),
    ]
    .concat()
}

fn accepted<T>(read: Result<T, String>) -> bool {
    match read {
        Ok(_) => true,
        Err(why) => {
            assert!(!why.trim().is_empty(), "an error without a reason");
            assert!(!why.chars().any(char::is_control), "an error that steers a terminal: {why:?}");
            assert!(why.len() < 2_000, "an error of {} bytes", why.len());
            false
        }
    }
}

fn memory_is_moderate() {
    // Only where the system tells.
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return };
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse::<u64>().ok());
    assert!(peak.is_none_or(|kilobytes| kilobytes / 1024 < MOST_MEMORY), "{peak:?} kB at the peak");
}

#[test]
fn pickles_of_checkpoints() {
    mutate::damage("pickle", &[&pickle()], |bytes| {
        accepted(parse_checkpoint(&zipped(bytes), "x.pt", Purpose::Validate))
    });
    memory_is_moderate();
}

#[test]
fn containers_of_checkpoints() {
    mutate::damage("pt", &[&zipped(&pickle())], |bytes| {
        accepted(parse_checkpoint(bytes, "x.pt", Purpose::Validate))
    });
    memory_is_moderate();
}

#[test]
fn safetensors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.safetensors");
    let text = "nc: 1\ndepth_multiple: 0.33\nwidth_multiple: 0.01\nanchors: [[10, 13]]\n\
                backbone: [[-1, 1, Conv, [8, 3, 2]]]\nhead: [[[0], 1, Detect, [nc, anchors]]]\n";
    let model = Model::new(&Config::parse(text, "x.yaml").unwrap(), tch::Device::Cpu).unwrap();
    write(&model, &["cat".to_owned()], &path).unwrap();
    let good = std::fs::read(&path).unwrap();
    mutate::damage("safetensors", &[&good], |bytes| accepted(parse_safetensors(bytes, "x.safetensors")));
    memory_is_moderate();
}
