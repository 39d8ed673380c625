//! Weights files: the reference's checkpoint, our own files, and files that mean harm.

use std::path::Path;

use proptest::prelude::*;
use tch::{Device, IndexOp, Kind, Tensor};

use super::{Purpose, Weights, parse_safetensors, write};
use crate::fixture::{close, fill, input};
use crate::model::{Config, Model};

const TINY: &[u8] = include_bytes!("../../tests/data/tiny.pt");

fn expected() -> serde_json::Value {
    serde_json::from_str(include_str!("../../tests/data/tiny.json")).unwrap()
}

fn parse_checkpoint(bytes: &[u8], origin: &str) -> Result<Weights, String> {
    super::parse_checkpoint(bytes, origin, Purpose::Train)
}

fn numbers(value: &serde_json::Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

#[test]
fn a_checkpoint_of_the_reference_is_read_entry_by_entry() {
    let weights = parse_checkpoint(TINY, "tiny.pt").unwrap();
    let expected = expected();
    assert_eq!(weights.tensors.len() as u64, expected["entries"].as_u64().unwrap());
    let names: Vec<&str> =
        expected["names"].as_object().unwrap().values().map(|n| n.as_str().unwrap()).collect();
    assert_eq!(weights.names, names);
    for (name, sum) in expected["sum_abs"].as_object().unwrap() {
        let (_, tensor) = weights.tensors.iter().find(|(n, _)| n == name).unwrap();
        close(&tensor.to_kind(Kind::Double).abs().sum(Kind::Double), &[sum.as_f64().unwrap()], 1e-6);
    }
}

#[test]
fn a_checkpoint_of_the_reference_computes_what_it_computed_there() {
    let weights = parse_checkpoint(TINY, "tiny.pt").unwrap();
    let mut model = Model::new(weights.config.as_ref().unwrap(), Device::Cpu).unwrap();
    let expected = expected();
    assert_eq!(model.parameter_count() as u64, expected["params"].as_u64().unwrap());
    let transfer = weights.transfer(&mut model, false);
    assert_eq!((transfer.moved, transfer.left.len()), (transfer.total, 0));
    let (z, _) = model.eval_forward(&input(1, 64, 96));
    assert_eq!(z.size(), [1, 378, 8]);
    close(&z.mean(Kind::Double), &[expected["z_mean"].as_f64().unwrap()], 1e-4);
    close(&z.i((0, 0)), &numbers(&expected["z_first"]), 1e-4);
}

/// An object with one parameter of that name, which is the file's storage 0.
fn module_with(name: &str) -> Vec<u8> {
    let tensor = dict_of_tensor(0, &[2, 2], &[2, 1]);
    let entry = &tensor[3..tensor.len() - 2];
    let entry = [&text(name), &entry[text("w").len()..]].concat();
    [b"ca\nb\n)\x81}".as_slice(), &text("_parameters"), b"}", &entry, b"ssb"].concat()
}

#[test]
fn an_unfinished_checkpoint_gives_its_average_to_validate_and_its_model_to_train_on() {
    let named = |pickle: &[u8], purpose| {
        let weights = super::parse_checkpoint(&zipped(pickle), "x.pt", purpose).unwrap();
        weights.tensors.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    let both = [
        b"\x80\x02}(".as_slice(),
        &text("model"),
        &module_with("raw"),
        &text("ema"),
        &module_with("average"),
        b"u.",
    ]
    .concat();
    assert_eq!(named(&both, Purpose::Train), ["raw"]);
    assert_eq!(named(&both, Purpose::Validate), ["average"]);
    let finished =
        [b"\x80\x02}(".as_slice(), &text("model"), &module_with("raw"), &text("ema"), b"Nu."].concat();
    assert_eq!(named(&finished, Purpose::Train), ["raw"]);
    assert_eq!(named(&finished, Purpose::Validate), ["raw"]);
}

#[test]
fn what_does_not_fit_is_left_out_and_said() {
    let weights = parse_checkpoint(TINY, "tiny.pt").unwrap();
    let mut config = weights.config.clone().unwrap();
    config.nc = 10;
    let mut model = Model::new(&config, Device::Cpu).unwrap();
    let transfer = weights.transfer(&mut model, false);
    assert_eq!((transfer.moved, transfer.total, transfer.left.len()), (343, 349, 6));
    assert!(
        transfer.to_string().contains("343 of 349") && transfer.to_string().contains("model.24.m.0.weight")
    );
    let with_own_anchors = weights.transfer(&mut model, true);
    assert_eq!(with_own_anchors.moved, 342);
}

#[test]
fn our_own_files_bring_back_what_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("last.safetensors");
    let mut config = Config::find("yolov5p").unwrap();
    config.nc = 2;
    let mut model = Model::new(&config, Device::Cpu).unwrap();
    fill(&mut model);
    write(&model, &["cat".to_owned(), "dog".to_owned()], &path).unwrap();
    let weights = Weights::read(&path, Purpose::Train).unwrap();
    assert_eq!(weights.names, ["cat", "dog"]);
    assert_eq!(weights.config.as_ref(), Some(&config));
    let mut again = Model::new(&config, Device::Cpu).unwrap();
    let transfer = weights.transfer(&mut again, false);
    assert_eq!((transfer.moved, transfer.left.len()), (349, 0));
    model.arena_mut().round_to_half();
    assert!(model.arena().params.equal(&again.arena().params));
    assert!(model.arena().buffers.equal(&again.arena().buffers));
}

#[test]
fn a_file_that_cannot_be_written_is_named_and_nothing_is_left_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let model = Model::new(&Config::find("yolov5p").unwrap(), Device::Cpu).unwrap();
    let path = folder.path().join("best.safetensors");
    std::fs::create_dir(&path).unwrap();
    let error = write(&model, &[], &path).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}: cannot be written: ", path.display())), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn files_that_are_no_weights_are_refused_with_a_reason() {
    let read = |bytes: &[u8]| parse_checkpoint(bytes, "x.pt").unwrap_err();
    assert!(read(b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.").contains("older than 1.6"));
    assert!(read(b"<html>").contains("no zip"));
    assert!(read(b"").contains("no zip"));
    for length in [100, 10_000, TINY.len() / 2, TINY.len() - 30] {
        assert!(read(&TINY[..length]).contains("zip"), "{length}");
    }
    let said = Weights::read(Path::new("a.onnx"), Purpose::Train).unwrap_err().to_string();
    assert!(said.contains(".safetensors"), "{said}");
    let said = Weights::read(Path::new("/nowhere/a.pt"), Purpose::Train).unwrap_err().to_string();
    assert!(said.contains("/nowhere/a.pt"), "{said}");
    let said = parse_safetensors(b"\xff\xff\xff\xff\xff\xff\xff\x7f{}", "x").unwrap_err();
    assert!(said.contains("cut off"), "{said}");
}

#[test]
fn weights_that_do_not_say_their_model_are_named_with_what_helps() {
    let weights = parse_checkpoint(&zipped(&dict_of_tensor(0, &[2, 2], &[2, 1])), "mine.pt").unwrap();
    let said = weights.described().unwrap_err().to_string();
    assert!(said.starts_with("mine.pt: ") && said.contains("--cfg"), "{said}");
}

/// A zip with this pickle and one storage of 4 single-precision numbers.
fn zipped(pickle: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in [("a/data.pkl", pickle), ("a/data/0", &[0; 16][..])] {
        zip.start_file(name, stored).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// `{"w": tensor}` with this offset, shape and strides (one byte each).
fn dict_of_tensor(offset: u8, size: &[u8], stride: &[u8]) -> Vec<u8> {
    let mut p = b"\x80\x02}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0\x30X\x03\0\0\0cpuK\x04tQ".to_vec();
    p.extend([b'K', offset]);
    for list in [size, stride] {
        p.push(b'(');
        p.extend(list.iter().flat_map(|n| [b'K', *n]));
        p.push(b't');
    }
    p.extend(b"\x89NtRs.");
    p
}

#[test]
fn a_tensor_may_not_reach_out_of_its_memory() {
    let read = |offset, size: &[u8], stride: &[u8]| {
        parse_checkpoint(&zipped(&dict_of_tensor(offset, size, stride)), "x")
    };
    let good = read(1, &[3], &[1]).unwrap();
    assert_eq!(good.tensors[0].1.size(), [3]);
    assert_eq!(read(0, &[2, 2], &[1, 2]).unwrap().tensors[0].1.size(), [2, 2]);
    for (offset, size, stride) in [
        (2, &[3][..], &[1][..]),
        (0, &[2, 2], &[2, 2]),
        (0, &[200, 200, 200], &[0, 0, 0]),
        (0, &[5], &[0]),
        (0, &[4], &[1, 1]),
        (0, &[255; 8], &[0; 8]),
    ] {
        let said = read(offset, size, stride).unwrap_err();
        assert!(said.contains("w: shape"), "{said}");
    }
}

#[test]
fn a_pickle_that_would_run_something_runs_nothing() {
    let marker = std::env::temp_dir().join(format!("evotop-pickle-{}", std::process::id()));
    let mut p = b"\x80\x02}X\x05\0\0\0modelcposix\nsystem\nX".to_vec();
    let command = format!("touch {}", marker.display());
    p.extend((command.len() as u32).to_le_bytes());
    p.extend(command.as_bytes());
    p.extend(b"\x85Rs.");
    let said = parse_checkpoint(&zipped(&p), "x").unwrap_err();
    assert!(said.contains("no model"), "{said}");
    assert!(!marker.exists());
}

#[test]
fn circles_and_floods_come_to_an_end() {
    // A dict that is its own `model`.
    let circle = b"\x80\x02}q\0X\x05\0\0\0modelh\0s.";
    assert!(parse_checkpoint(&zipped(circle), "x").is_err());
    // A memo far away.
    assert!(parse_checkpoint(&zipped(b"\x80\x02}r\xff\xff\xff\xff."), "x").unwrap_err().contains("memo"));
    // An object that holds itself as a module.
    let own = b"\x80\x02}X\x05\0\0\0modelca\nb\n)\x81q\0}X\x08\0\0\0_modules}X\x01\0\0\0ah\0ssbs.";
    assert!(parse_checkpoint(&zipped(own), "x").unwrap_err().contains("no end"));
    assert!(parse_checkpoint(&zipped(b"\x80\x02cos\nsystem\n."), "x").unwrap_err().contains("no model"));
    assert!(parse_checkpoint(&zipped(b"\x80\x02S'x'\n."), "x").unwrap_err().contains("opcode 0x53"));
}

/// `X`, a length, a text.
fn text(text: &str) -> Vec<u8> {
    [b"X".as_slice(), &(text.len() as u32).to_le_bytes(), text.as_bytes()].concat()
}

/// `{"model": an object whose attributes are these}`.
fn model_of(attributes: &[u8]) -> Vec<u8> {
    [b"\x80\x02}".as_slice(), &text("model"), b"ca\nb\n)\x81}(", attributes, b"ubs."].concat()
}

#[test]
fn a_short_file_cannot_stand_for_endless_work_or_memory() {
    let read = |pickle: &[u8]| parse_checkpoint(&zipped(pickle), "x").unwrap_err();
    let long = text(&"x".repeat(100_000));
    // The same long text as the name of thousands of globals.
    let globals = [b"\x80\x02".as_slice(), &long, b"q\0", &b"h\0h\0\x93".repeat(5_000), b"."].concat();
    assert!(read(&globals).contains("copies far too much"));
    // As the key of thousands of storages.
    let storages = [
        b"\x80\x02(".as_slice(),
        &text("storage"),
        b"ctorch\nFloatStorage\n",
        &long,
        b"K\0K\x04tq\0",
        &b"h\0Q".repeat(5_000),
        b".",
    ]
    .concat();
    assert!(read(&storages).contains("copies far too much"));
    // A list of pairs that becomes a dict again and again.
    let pairs = [b"\x80\x02](".as_slice(), &b"NN\x86".repeat(20_000), b"e\x85q\0"].concat();
    let dicts =
        [&pairs, b"ccollections\nOrderedDict\nq\x01".as_slice(), &b"h\x01h\0R".repeat(5_000), b"."].concat();
    assert!(read(&dicts).contains("copies far too much"));
    // Modules that each hold the next one twice: 2^40 ways to the last.
    let mut nested = b"ca\nb\n)\x81}bq\0".to_vec();
    for _ in 0..40 {
        let twice =
            [text("_modules"), b"}(".to_vec(), text("a"), b"h\0".to_vec(), text("b"), b"h\0us".to_vec()]
                .concat();
        nested.extend([b"ca\nb\n)\x81}".as_slice(), &twice, b"bq\0"].concat());
    }
    let modules = [&b"\x80\x02"[..], &nested, b"0}", &text("model"), b"h\0s."].concat();
    assert!(read(&modules).contains("no end"), "{}", read(&modules));
    // One long class name, a hundred thousand times.
    let weight = {
        let tensor = dict_of_tensor(0, &[2, 2], &[2, 1]);
        let entry = &tensor[3..tensor.len() - 2];
        [text("_parameters"), b"}".to_vec(), entry.to_vec(), b"s".to_vec()].concat()
    };
    let names = [
        weight.clone(),
        text("names"),
        b"](".to_vec(),
        long,
        b"q\x05".to_vec(),
        b"h\x05".repeat(100_000),
        b"e".to_vec(),
    ];
    assert!(read(&model_of(&names.concat())).contains("no end"), "{}", read(&model_of(&names.concat())));
    // A description of lists of lists of lists, each a hundred times the next: left out, the weights are still good.
    let mut laughs = b"]q\x06".to_vec();
    for _ in 0..7 {
        laughs.extend([b"0](".as_slice(), &b"h\x06".repeat(100), b"eq\x06"].concat());
    }
    let described = model_of(&[weight, text("yaml"), laughs].concat());
    let weights = parse_checkpoint(&zipped(&described), "x").unwrap();
    assert!(weights.config.is_none() && weights.tensors.len() == 1);
}

/// A value as the reference pickles a description.
fn pickled(value: &serde_json::Value) -> Vec<u8> {
    use serde_json::Value;
    match value {
        Value::Null => b"N".to_vec(),
        Value::Bool(true) => b"\x88".to_vec(),
        Value::Bool(false) => b"\x89".to_vec(),
        Value::Number(n) => match n.as_i64() {
            Some(n) => [b"\x8a\x08".as_slice(), &n.to_le_bytes()].concat(),
            None => [b"G".as_slice(), &n.as_f64().unwrap().to_be_bytes()].concat(),
        },
        Value::String(s) => text(s),
        Value::Array(items) => {
            [b"](".to_vec(), items.iter().flat_map(pickled).collect(), b"e".to_vec()].concat()
        }
        Value::Object(pairs) => {
            let pairs = pairs.iter().flat_map(|(key, value)| [text(key), pickled(value)].concat());
            [b"}(".to_vec(), pairs.collect(), b"u".to_vec()].concat()
        }
    }
}

#[test]
fn a_checkpoint_whose_description_asks_for_far_too_much_builds_no_model() {
    let said = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut yaml = serde_json::to_value(Config::find("yolov5n").unwrap()).unwrap();
        change(&mut yaml);
        let tensor = dict_of_tensor(0, &[2, 2], &[2, 1]);
        let weight = [&text("_parameters")[..], b"}", &tensor[3..tensor.len() - 2], b"s"].concat();
        let model = model_of(&[weight, text("yaml"), pickled(&yaml)].concat());
        let weights = parse_checkpoint(&zipped(&model), "x.pt").unwrap();
        Model::new(&weights.config.unwrap(), Device::Cpu).map(|model| model.parameter_count())
    };
    assert_eq!(said(&|_| ()).unwrap(), 1_872_157, "as it is, it is yolov5n");
    let refused = |change: &dyn Fn(&mut serde_json::Value)| said(change).unwrap_err().to_string();
    assert!(refused(&|yaml| yaml["depth_multiple"] = 1e18.into()).contains("depth_multiple"));
    assert!(refused(&|yaml| yaml["width_multiple"] = 1e18.into()).contains("width_multiple"));
    assert!(refused(&|yaml| yaml["nc"] = i64::MAX.into()).contains("nc"));
    assert!(refused(&|yaml| yaml["backbone"][0][3][0] = i64::MAX.into()).contains("channels"));
    assert!(refused(&|yaml| yaml["backbone"][2][1] = i64::MAX.into()).contains("repeats"));
    let wide = refused(&|yaml| yaml["width_multiple"] = 16.0.into());
    assert!(wide.contains("parameters") && wide.contains("--cfg"), "{wide}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_damaged_checkpoint_is_read_or_refused_but_never_more(
        places in prop::collection::vec((0..TINY.len(), any::<u8>()), 1..40),
    ) {
        let mut bytes = TINY.to_vec();
        for (at, byte) in places {
            bytes[at] = byte;
        }
        let _ = parse_checkpoint(&bytes, "x");
    }

    #[test]
    fn any_pickle_is_read_or_refused_but_never_more(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = super::pickle::read(&bytes);
    }

    #[test]
    fn a_damaged_pickle_is_read_or_refused_but_never_more(
        places in prop::collection::vec((0..100_usize, any::<u8>()), 1..6),
    ) {
        let mut bytes = dict_of_tensor(0, &[2, 2], &[2, 1]);
        for (at, byte) in places {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        let _ = parse_checkpoint(&zipped(&bytes), "x");
    }
}

#[test]
fn half_precision_numbers_come_exactly() {
    let weights = parse_checkpoint(TINY, "tiny.pt").unwrap();
    for (name, tensor) in &weights.tensors {
        let rounded: Tensor = tensor.to_kind(Kind::Half).to_kind(tensor.kind());
        assert!(rounded.equal(tensor), "{name}");
    }
}
