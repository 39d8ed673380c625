use super::*;

fn source(name: &str, text: &str) -> Source {
    Source { name: name.into(), text: text.into() }
}

fn error(hyp: &str, space: &str) -> String {
    let loaded =
        load(&source("my.yaml", hyp), &source("space.yaml", space), Defaults::None, OutOfBounds::Abort);
    loaded.unwrap_err().to_string()
}

#[test]
fn every_shipped_hyp_file_runs_without_a_space_of_its_own() {
    for (name, _) in builtin::list().filter(|(name, _)| !name.starts_with("space/")) {
        let (space, defaults, count) = match name.as_str() {
            "yolov3-2020-01" => ("yolov3", Defaults::None, 18),
            "ultralytics" => ("ultralytics", Defaults::None, 22),
            _ => ("yolov5", Defaults::Yolov5, 29),
        };
        let (hyp, ranges) = (builtin::hyp(&name).unwrap(), builtin::space(space).unwrap());
        let (space, _) = load(&hyp, &ranges, defaults, OutOfBounds::Abort).unwrap();
        assert!(space.fixed.is_empty(), "{name} has keys that are not searched");
        assert_eq!(space.params.len(), count, "{name}");
    }
}

#[test]
fn a_built_in_space_goes_by_its_name_with_and_without_its_folder_and_is_no_hyp_file() {
    for name in ["space/yolov5-population", "yolov5-population"] {
        let space = builtin::space(name).unwrap();
        assert_eq!(space.name, "hyp/space/yolov5-population.yaml");
        assert_eq!(builtin::get(name), Some(space));
        assert_eq!(builtin::hyp(name), None);
    }
    assert_eq!(builtin::get("digits"), builtin::hyp("digits"));
    assert_eq!(builtin::get("space/digits"), builtin::space("digits"));
    for (name, _) in builtin::list() {
        assert!(builtin::get(&name).is_some(), "{name}");
    }
}

#[test]
fn the_seeds_own_file_gets_anchors_last_or_does_without() {
    let (hyp, ranges) = (builtin::hyp("scratch-2021-03").unwrap(), builtin::space("yolov5").unwrap());
    let (space, notices) = load(&hyp, &ranges, Defaults::Yolov5, OutOfBounds::Abort).unwrap();
    let last: Vec<&str> = space.params.iter().rev().take(2).map(|p| p.name.as_str()).collect();
    assert_eq!((last, space.get("anchors").unwrap().value), (vec!["copy_paste", "anchors"], 3.0));
    assert_eq!(notices.len(), 2);
    let (space, _) = load(&hyp, &ranges, Defaults::Yolov5March2021, OutOfBounds::Abort).unwrap();
    assert!(space.get("anchors").is_none() && space.get("copy_paste").is_some());
}

#[test]
fn a_hyp_key_without_a_range_is_fixed_said_and_passed_on() {
    let (hyp, ranges) =
        (source("my.yaml", "lr: 0.1\nmodel: resnet\n"), source("s.yaml", "lr: [1, 0.01, 1]\n"));
    let (space, notices) = load(&hyp, &ranges, Defaults::None, OutOfBounds::Abort).unwrap();
    assert_eq!(space.fixed["model"], Scalar::Text("resnet".into()));
    assert!(notices[0].contains("model"));
    assert_eq!(space.hyp(&[0.2]).keys().collect::<Vec<_>>(), ["lr", "model"]);
}

#[test]
fn an_error_names_file_line_value_and_remedy() {
    let space = "lr: [1, 0.01, 1]\n";
    for (hyp, space, parts) in [
        (
            "a: 1\nlr: 5.0\n",
            space,
            ["my.yaml:2", "lr = 5 is outside its bounds 0.01 to 1", "--out-of-bounds widen"],
        ),
        ("lr: [1, 2]\n", space, ["my.yaml:1", "lr is not a plain value", "a number"]),
        ("lr: .nan\n", space, ["my.yaml:1", "NaN", "finite"]),
        ("lr: fast\n", space, ["my.yaml:1", "fast", "a number is wanted"]),
        ("x: 1\n", space, ["space.yaml:1", "my.yaml has no value", "add a line `lr: VALUE`"]),
        ("lr: 1\nlr: 2\n", space, ["my.yaml", "duplicate", "lr"]),
        ("lr: 0.1\n", "\n\nlr: [1, 2]\n", ["space.yaml:3", "three numbers", "[gain, low, high]"]),
        ("lr: 0.1\n", "lr: [1, 2, 1]\n", ["space.yaml:1", "wrong way round", "2 to 1"]),
        (
            "lr: 0.1\n",
            "lr: {kind: lag, low: 0, high: 1}\n",
            ["space.yaml:1", "no kind lag", "float, int, log, choice"],
        ),
        ("lr: 0.1\n", "lr: {kind: log, low: 0, high: 1}\n", ["space.yaml:1", "starts above 0", "not at 0"]),
        ("o: LBFGS\n", "o: {kind: choice, options: [SGD, Adam]}\n", ["my.yaml:1", "o = LBFGS", "SGD, Adam"]),
        ("n: 1.5\n", "n: {kind: int, low: 1, high: 8}\n", ["my.yaml:1", "n = 1.5", "whole"]),
        ("lr: {\n", space, ["my.yaml", "not YAML", ""]),
    ] {
        let message = error(hyp, space);
        for part in parts {
            assert!(message.contains(part), "{message:?} lacks {part:?}");
        }
    }
}

#[test]
fn out_of_bounds_is_clipped_or_widened_only_where_that_was_asked_for() {
    let (hyp, ranges) = (source("h.yaml", "lr: 5.0\n"), source("s.yaml", "lr: [1, 0.01, 1]\n"));
    let (clipped, said) = load(&hyp, &ranges, Defaults::None, OutOfBounds::Clip).unwrap();
    assert_eq!((clipped.params[0].value, said.len()), (1.0, 1));
    let (widened, said) = load(&hyp, &ranges, Defaults::None, OutOfBounds::Widen).unwrap();
    assert_eq!((widened.params[0].value, widened.params[0].high, said.len()), (5.0, 5.0, 1));
}

#[test]
fn a_parameter_needs_no_file() {
    let lr = parse_param("lr=3e-4[1e-6..1e-2,log]").unwrap();
    assert_eq!((lr.value, lr.low, lr.high, lr.kind), (3e-4, 1e-6, 1e-2, Kind::Log));
    assert_eq!(parse_param("n=3[1..8,int]").unwrap().kind, Kind::Int);
    let opt = parse_param("opt=Adam[SGD|Adam]").unwrap();
    assert_eq!((opt.value, opt.scalar(opt.value)), (1.0, Scalar::Text("Adam".into())));
    for bad in [
        "lr",
        "lr=3",
        "lr=3[1..2]",
        "lr=x[0..1]",
        "l r=0[0..1]",
        "lr=1[0..1,log]",
        "o=C[A|B]",
        "o=A[A]",
        "=1[0..2]",
    ] {
        assert!(parse_param(bad).unwrap_err().to_string().contains("--param"), "{bad}");
    }
}

#[test]
fn the_last_of_some_choices_is_no_bound_that_a_search_rests_on() {
    let rests = |text: &str| {
        let p = parse_param(text).unwrap();
        p.on_bound(p.value)
    };
    assert!(rests("n=8[1..8,int]") && rests("x=0[0..2]"));
    assert!(!rests("opt=Adam[SGD|Adam]") && !rests("n=3[1..8,int]"));
}

#[test]
fn a_proposed_space_can_be_used_as_it_is() {
    let hyp = source("my.yaml", "lr: 0.003\nlayers: 4\ndropout: 0.0\nlr0: 0.01\nmodel: resnet\nflip: true\n");
    let ranges = source("space.yaml", &propose(&hyp).unwrap());
    let (space, _) = load(&hyp, &ranges, Defaults::None, OutOfBounds::Abort).unwrap();
    assert_eq!(space.params.len(), 5);
    assert_eq!(space.get("lr").unwrap().kind, Kind::Log);
    assert_eq!(space.get("lr0").unwrap().high, 0.1);
}

#[test]
fn a_text_of_several_lines_is_read_back_as_it_was_written() {
    let text = "a \"b\"\n c\\d\t\u{85}\u{2028}'e'\u{feff}";
    let hyp: Hyp = [("note".to_owned(), Scalar::Text(text.into()))].into_iter().collect();
    assert_eq!(hyp::read(&source("again.yaml", &hyp::write(&hyp))).unwrap(), hyp);
}

#[test]
fn a_hyp_file_is_read_back_as_it_was_written() {
    let text = "a: 1.0e-06\nb: 3\nc: 0.5\nd: 'yes'\ne: true\nf: adam\ng: '1e5'\nh: 'it''s'\n";
    let hyp = hyp::read(&source("h.yaml", text)).unwrap();
    assert_eq!(hyp::write(&hyp), text);
    assert_eq!(hyp::read(&source("h.yaml", &hyp::write(&hyp))).unwrap(), hyp);
}

#[test]
fn an_option_is_read_from_what_a_table_of_numbers_keeps_of_it() {
    let text = |text: &str| Scalar::Text(text.into());
    let options = vec![text("16"), Scalar::Bool(true), text("SGD"), Scalar::Int(1)];
    let param = Param { kind: Kind::Choice(options), ..parse_param("b=A[A|B]").unwrap() };
    let read = |value: Scalar| param.read(&value);
    assert_eq!([read(Scalar::Float(16.0)), read(text("true")), read(text("SGD"))], [0.0, 1.0, 2.0].map(Some));
    // What is written alike comes first.
    assert_eq!(
        (read(Scalar::Int(1)), read(Scalar::Float(1.0)), read(Scalar::Float(2.0))),
        (Some(3.0), Some(1.0), None)
    );
}
