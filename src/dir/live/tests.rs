use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use super::*;
use crate::dir::SessionDir;
use crate::evolve::Edit;
use crate::journal::sample::created;
use crate::journal::{Access, FileDisk, How, Who, Writer};
use crate::session::{Command, State};
use crate::space::Scalar;

struct Session {
    keep: tempfile::TempDir,
    state: State,
    writer: Writer,
    live: Live,
}

fn who(user: &str) -> Who {
    Who { user: user.into(), tty: None, ssh: None, how: How::Key }
}

impl Session {
    fn new() -> Self {
        let keep = tempfile::tempdir().unwrap();
        let dir = SessionDir::new(keep.path());
        let mut created = created();
        created.space.fixed.insert("anchors".into(), Scalar::Int(3));
        let (writer, _) =
            Writer::create(Arc::new(FileDisk::default()), &dir.journal(), 0, created.clone()).unwrap();
        let live = Live::open(&dir, Access::Private).unwrap();
        let mut session = Self { keep, state: State::new(&created, 0), writer, live };
        assert!(session.look().is_empty());
        session
    }

    /// As a new process finds it.
    fn restarted(self) -> Self {
        let dir = SessionDir::new(self.keep.path());
        Self { live: Live::open(&dir, Access::Private).unwrap(), ..self }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.keep.path().join("live").join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// A person saves what an editor made of the text.
    fn save(&self, name: &str, text: &str, changes: &[(&str, &str)]) {
        let mut text = text.to_owned();
        for (from, to) in changes {
            assert!(text.contains(from), "{from} in {text}");
            text = text.replacen(from, to, 1);
        }
        fs::write(self.path(name), text).unwrap();
    }

    fn obey(&mut self, command: &Command, who: &Who) -> Result<(), String> {
        let events = self.state.decide(command, who).map_err(|refused| refused.to_string())?;
        for entry in self.writer.commit(self.state.time + 5000, events).unwrap() {
            self.state.apply(&entry);
        }
        Ok(())
    }

    /// A key press.
    fn press(&mut self, edit: Edit) {
        let revision = self.state.revision;
        self.obey(&Command::Edit { edits: vec![edit], revision }, &who("bob")).unwrap();
        self.live.settle(&self.state).unwrap();
    }

    /// What the engine does when it hears of a change: edits that were made, and what was said.
    fn look(&mut self) -> Vec<String> {
        let mut said = Vec::new();
        for saved in self.live.saved(&self.state) {
            match saved.meaning {
                Meaning::Edit(command) => {
                    let Command::Edit { edits, .. } = &command else { panic!() };
                    said.push(match self.obey(&command, &saved.who) {
                        Ok(()) => format!("{edits:?}"),
                        Err(refused) => format!("refused: {refused}"),
                    });
                }
                Meaning::Remark(text) => said.push(format!("remark: {text}")),
                Meaning::Wrong(text) => said.push(format!("wrong: {text}")),
            }
        }
        self.live.settle(&self.state).unwrap();
        said
    }
}

#[test]
fn only_what_a_person_changed_becomes_an_edit() {
    let mut s = Session::new();
    let text = s.text("settings.yaml");
    s.save("settings.yaml", &text, &[("sigma: 0.2", "sigma: 0.35"), ("pins: {}", "pins: {lr0: 0.5}")]);
    assert_eq!(s.look(), [r#"[Sigma(0.35), Pin { param: "lr0", at: Some(0.5) }]"#]);
    assert_eq!((s.state.settings.sigma, s.state.revision), (0.35, 1));
    assert!(s.look().is_empty(), "our own writing is no save");
    let text = s.text("settings.yaml");
    assert!(text.contains("# revision: 1") && text.contains("pins: {lr0: 0.5}"), "{text}");
    assert!(s.text("hyp.yaml").contains("lr0: 0.5"), "the other files follow");
    s.obey(&Command::Undo { confirmed: true }, &who("bob")).unwrap();
    assert_eq!((s.state.settings.sigma, s.state.space.params[0].pin), (0.2, None), "one step of undo");
}

#[test]
fn a_rule_is_set_and_taken_back_by_its_line() {
    let mut s = Session::new();
    let text = s.text("settings.yaml");
    s.save("settings.yaml", &text, &[("target: 'off'", "target: 0.6"), ("'auto'", "3")]);
    let said = s.look();
    assert!(said[0].contains("Rule { rule: Target, to: Some(0.6) }"), "{said:?}");
    assert!(said[0].contains("Rule { rule: PruneWarmUp, to: Some(3.0) }"), "{said:?}");
    assert_eq!(s.state.settings.rules.target, Some(0.6));
    let text = s.text("settings.yaml");
    s.save("settings.yaml", &text, &[("target: 0.6", "target: off")]);
    assert!(s.look()[0].contains("to: None"));
    assert_eq!(s.state.settings.rules.target, None);
}

#[test]
fn a_stale_save_changes_only_what_was_edited_in_it() {
    let mut s = Session::new();
    let opened = s.text("settings.yaml");
    s.press(Edit::Sigma(0.3));
    s.press(Edit::Pin { param: "box".into(), at: Some(0.25) });
    s.save("settings.yaml", &opened, &[("top: 5", "top: 7")]);
    let said = s.look();
    assert_eq!(said[0], "[Top(7)]");
    assert!(said[1].contains("revision 0") && said[1].contains("sigma stays 0.3"), "{said:?}");
    assert_eq!((s.state.settings.sigma, s.state.settings.top), (0.3, 7));
    assert_eq!(s.state.space.params[2].pin, Some(0.25));
    let text = s.text("settings.yaml");
    assert!(text.contains("sigma: 0.3 ") && text.contains("pins: {box: 0.25}"), "{text}");
}

#[test]
fn an_edit_of_what_another_changed_meanwhile_is_refused() {
    let mut s = Session::new();
    let opened = s.text("settings.yaml");
    s.press(Edit::Sigma(0.3));
    s.save("settings.yaml", &opened, &[("sigma: 0.2", "sigma: 0.1")]);
    let said = s.look();
    assert!(said[0].starts_with("refused: sigma was changed by bob"), "{said:?}");
    assert_eq!(s.state.settings.sigma, 0.3);
    assert!(s.text("settings.yaml").contains("sigma: 0.3 "));
}

#[test]
fn an_editor_that_stays_open_does_not_make_its_old_changes_again() {
    let mut s = Session::new();
    let opened = s.text("settings.yaml");
    s.save("settings.yaml", &opened, &[("top: 5", "top: 7")]);
    s.look();
    s.press(Edit::Top(9));
    // The same buffer, with one more change.
    s.save("settings.yaml", &opened, &[("top: 5", "top: 7"), ("sigma: 0.2", "sigma: 0.3")]);
    assert_eq!(s.look()[0], "[Sigma(0.3)]");
    assert_eq!((s.state.settings.top, s.state.settings.sigma), (9, 0.3));
}

#[test]
fn the_text_as_of_an_old_revision_is_known_after_a_restart() {
    let mut s = Session::new();
    s.press(Edit::Sigma(0.3));
    let opened = s.text("settings.yaml");
    s.press(Edit::Sigma(0.4));
    s.press(Edit::Top(9));
    s.save("settings.yaml", &opened, &[("probability: 0.8", "probability: 0.5")]);
    let mut s = s.restarted();
    let said = s.look();
    assert_eq!(said[0], "[Probability(0.5)]");
    assert_eq!((s.state.settings.sigma, s.state.settings.top), (0.4, 9));
    let mut s = s.restarted();
    assert!(s.look().is_empty());
}

#[test]
fn mistakes_are_said_with_file_line_and_remedy_and_change_nothing() {
    let mut s = Session::new();
    let before = (s.state.settings.clone(), s.state.space.clone());
    let cases = [
        ("settings.yaml", "sigma: 0.2", "sigma: abc", "settings.yaml:8: sigma is abc; a number is wanted"),
        (
            "settings.yaml",
            "sigma: 0.2",
            "sigma: 70",
            "settings.yaml:8: sigma 70 is out of range: sigma goes from 0 to 10",
        ),
        (
            "settings.yaml",
            "sigma: 0.2",
            "sigmo: 0.2",
            "settings.yaml:8: there is no setting sigmo; the settings are",
        ),
        ("settings.yaml", "top: 5", "top: 1.5", "settings.yaml:7: top is 1.5; a whole number is wanted"),
        ("settings.yaml", "strategy: yolov5", "strategy: yolov9", "it is one of yolov5, yolov5-2021-03"),
        (
            "settings.yaml",
            "pins: {}",
            "pins: {lr9: 1}",
            "settings.yaml:21: there is no parameter lr9; the parameters are lr0",
        ),
        (
            "settings.yaml",
            "patience: 'off'",
            "patience: soon",
            "settings.yaml:14: patience is soon; a whole number or off is wanted",
        ),
        ("settings.yaml", "repeat-best: 'off'", "repeat-best: 1", "repeat-best 1 is out of range"),
        ("settings.yaml", "pins: {}", "pins: {lr0: 7}", "settings.yaml:21: lr0 = 7"),
        ("settings.yaml", "pins: {}", "pins: {lr0: 7", "settings.yaml:"),
        ("settings.yaml", "# revision: 0", "# revision: 40", "it says revision 40, and the session is at 0"),
        ("space.yaml", "lr0: [1.0,", "lr0: [-1.0,", "space.yaml:5: lr0: the gain -1"),
        ("space.yaml", "lr0: [1.0, 0.0, 1.0]", "lr0: [1.0, 2.0, 1.0]", "wrong way round"),
        ("hyp.yaml", "lr0: 0.01", "lr0: [1]", "hyp.yaml:6: "),
        ("hyp.yaml", "lr0: 0.01", "lr0: 9.0", "hyp.yaml:6: lr0 = 9 is outside its bounds"),
        ("hyp.yaml", "anchors: 3", "anchors: 4", "anchors is not searched"),
    ];
    for (file, from, to, expected) in cases {
        let text = s.text(file);
        s.save(file, &text, &[(from, to)]);
        let said = s.look();
        assert!(
            said.len() == 1 && said[0].starts_with("wrong: live/") && said[0].contains(expected),
            "{said:?}"
        );
        assert_eq!((s.state.settings.clone(), s.state.space.clone()), before);
        assert!(s.text(file).contains(to), "a person's text is theirs to mend");
        assert!(s.look().is_empty(), "it is said once");
        s.save(file, &text, &[]);
        assert!(s.look().is_empty());
    }
    fs::write(s.path("hyp.yaml"), b"lr0: \xff\xfe").unwrap();
    assert!(s.look()[0].contains("UTF-8"));
    assert!(s.look().is_empty(), "it is said once");
}

#[test]
fn a_mistake_that_stays_in_a_file_is_told_once_and_not_at_every_start() {
    let mut session = Session::new();
    let text = session.text("settings.yaml");
    session.save("settings.yaml", &text, &[("sigma: 0.2", "sigma: 99")]);
    assert_eq!(session.look().len(), 1);
    let mut session = session.restarted();
    assert_eq!(session.look(), [""; 0]);
    session.save("settings.yaml", &text, &[("sigma: 0.2", "sigma: 98")]);
    let mut session = session.restarted();
    assert_eq!(session.look().len(), 1, "another mistake");
    session.save("settings.yaml", &text, &[("sigma: 0.2", "sigma: 97")]);
    assert_eq!(session.look().len(), 1);
    session.save("settings.yaml", &text, &[("sigma: 0.2", "sigma: 98")]);
    assert_eq!(session.look().len(), 1, "saved again while somebody may look on");
    session.save("settings.yaml", &text, &[("sigma: 0.2", "sigma: 0.3")]);
    session.look();
    assert_eq!(session.state.settings.sigma, 0.3);
}

#[test]
fn comments_stay_where_the_file_keeps_its_shape() {
    let mut s = Session::new();
    let text = s.text("settings.yaml");
    s.save(
        "settings.yaml",
        &text,
        &[
            ("sigma: 0.2", "# calmer from here on\nsigma: 0.1"),
            ("# how many of the best may be parents", "# five was few"),
            ("pins: {}", "pins:\n  box: 0.5  # as in the paper\n  lr0: 0.25\n# the end"),
        ],
    );
    s.look();
    let text = s.text("settings.yaml");
    for comment in
        ["# calmer from here on", "# five was few", "# as in the paper", "# the end", "# revision: 1"]
    {
        assert!(text.contains(comment), "{comment}: {text}");
    }
    s.press(Edit::Top(8));
    let text = s.text("settings.yaml");
    for kept in ["top: 8", "# five was few", "# as in the paper", "# the end", "# revision: 2"] {
        assert!(text.contains(kept), "{kept}: {text}");
    }
    s.press(Edit::Pin { param: "lr0".into(), at: None });
    let text = s.text("settings.yaml");
    assert!(text.contains("pins: {box: 0.5}\n# the end") && text.contains("# five was few"), "{text}");
    assert!(s.look().is_empty());
}

#[test]
fn bounds_gains_and_values_are_edited_in_their_files() {
    let mut s = Session::new();
    let text = s.text("space.yaml");
    s.save("space.yaml", &text, &[("lr0: [1.0, 0.0, 1.0]", "lr0: [0, 1.0e-05, 1.0]")]);
    assert_eq!(
        s.look(),
        [r#"[Gain { param: "lr0", to: 0.0 }, Bounds { param: "lr0", low: 1e-5, high: 1.0 }]"#]
    );
    let text = s.text("hyp.yaml");
    s.save("hyp.yaml", &text, &[("lr0: 0.01", "lr0: 0.02"), ("momentum: 0.01", "momentum: 0.9")]);
    assert_eq!(
        s.look(),
        [r#"[Value { param: "lr0", to: 0.02 }, Next { param: "momentum", at: Some(0.9) }]"#]
    );
    let text = s.text("hyp.yaml");
    assert!(text.contains("lr0: 0.02") && text.contains("momentum: 0.01"), "the next proposal only: {text}");
}

#[test]
fn the_bound_that_was_not_edited_stays_as_it_is_now() {
    let mut s = Session::new();
    let opened = s.text("space.yaml");
    s.press(Edit::Gain { param: "lr0".into(), to: 0.5 });
    s.save("space.yaml", &opened, &[("lr0: [1.0, 0.0, 1.0]", "lr0: [1.0, 0.0, 0.5]")]);
    let said = s.look();
    assert_eq!(said[0], r#"[Bounds { param: "lr0", low: 0.0, high: 0.5 }]"#);
    assert_eq!(s.state.space.params[0].gain, 0.5);
}

#[test]
fn a_script_may_write_one_line_and_an_empty_file_means_nothing() {
    let mut s = Session::new();
    fs::write(s.path("settings.yaml"), "").unwrap();
    assert!(s.look().is_empty());
    fs::write(s.path("settings.yaml"), "sigma: 0.15\n").unwrap();
    assert_eq!(s.look(), ["[Sigma(0.15)]"]);
    let text = s.text("settings.yaml");
    assert!(text.contains("top: 5") && text.contains("sigma: 0.15"), "{text}");
    fs::remove_file(s.path("settings.yaml")).unwrap();
    assert!(s.look().is_empty());
    assert_eq!(s.text("settings.yaml").lines().count(), text.lines().count().max(21));
}

#[test]
fn a_save_between_two_looks_is_not_written_over() {
    let mut s = Session::new();
    let opened = s.text("settings.yaml");
    s.save("settings.yaml", &opened, &[("top: 5", "top: 7")]);
    s.press(Edit::Sigma(0.3));
    assert_eq!(s.look()[0], "[Top(7)]");
    assert_eq!((s.state.settings.top, s.state.settings.sigma), (7, 0.3));
}
