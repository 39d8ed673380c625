//! The mouse: what is clicked is selected, and nothing is ever steered by it.

use evotop::app::{Effect, Input, Mouse, Page, Target};
use evotop::view::{Cache, Depth, Theme, draw};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::fixture::Run;

/// What the screen has in the first cell of this text, as far as the mouse is concerned.
fn under(run: &Run, text: &str) -> Option<Target> {
    let (columns, rows) = run.model.size;
    let theme = Theme::named("dusk", Depth::True, false, false).unwrap();
    let (mut buf, mut cache) = (Buffer::empty(Rect::new(0, 0, columns, rows)), Cache::default());
    draw(&run.model, &theme, &mut cache, &mut buf);
    let line = |y: u16| (0..columns).map(|x| buf[(x, y)].symbol()).collect::<String>();
    let (y, before) = (0..rows).find_map(|y| Some((y, line(y).split_once(text)?.0.chars().count()))).unwrap();
    cache.target(before as u16, y)
}

fn mouse(run: &mut Run, what: Mouse, target: Option<Target>) -> Vec<Effect> {
    run.model.input(Input::Mouse(what, target), run.now)
}

fn click(run: &mut Run, text: &str) {
    let target = under(run, text);
    assert!(target.is_some(), "nothing can be clicked at {text}");
    mouse(run, Mouse::Press, target);
}

#[test]
fn pages_parameters_slots_and_generations_are_selected_by_a_click() {
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut run = Run::mid_run(4).sized(columns, rows);
        click(&mut run, "momentum ");
        assert_eq!(run.model.param().map(|p| p.name.as_str()), Some("momentum"));
        click(&mut run, "cuda:2");
        assert_eq!(run.model.selected_slot(), Some("cuda:2"));
        click(&mut run, "2 Density");
        assert_eq!(run.model.page, Page::Density);
        click(&mut run, "lrf = ");
        assert_eq!((run.model.density.cursor, run.model.density.open), (1, false));
        click(&mut run, "lrf = ");
        assert!(run.model.density.open, "a click on what is selected opens it");
        click(&mut run, "3 History");
        click(&mut run, " 33  ");
        assert_eq!(run.model.history.selected(&run.state), Some(33));
        click(&mut run, " 33  ");
        assert_eq!(run.model.history.open.map(|(generation, _)| generation), Some(33));
        click(&mut run, "? help");
        assert!(crate::look::text(&run.model, columns, rows).contains("on every page"));
    }
}

#[test]
fn in_a_list_that_is_scrolled_the_row_that_is_seen_is_the_one_that_is_meant() {
    let mut run = Run::mid_run(8).sized(80, 24);
    run.keys("G").keys("]]]]]]]");
    click(&mut run, "cuda:6");
    assert_eq!(run.model.selected_slot(), Some("cuda:6"));
    click(&mut run, "mosaic");
    assert_eq!(run.model.param().map(|p| p.name.as_str()), Some("mosaic"));
}

#[test]
fn the_wheel_moves_and_scrolls() {
    let mut run = Run::mid_run(1).sized(80, 24);
    mouse(&mut run, Mouse::WheelDown, None);
    assert_eq!(run.model.params.cursor, 3);
    mouse(&mut run, Mouse::WheelUp, None);
    assert_eq!(run.model.params.cursor, 0);
    run.keys("?");
    let before = crate::look::text(&run.model, 80, 24);
    mouse(&mut run, Mouse::WheelDown, None);
    assert_ne!(crate::look::text(&run.model, 80, 24), before);
    assert_eq!(run.model.params.cursor, 0, "what lies under the help stays");
}

#[test]
fn no_click_answers_a_question_or_changes_the_run() {
    let mut run = Run::mid_run(4);
    let (seq, page) = (run.state.seq, run.model.page);
    run.keys("x");
    for target in [Target::Page(Page::Log), Target::Leave, Target::Slot(1), Target::Param(3)] {
        assert!(mouse(&mut run, Mouse::Press, Some(target)).is_empty());
    }
    assert!(run.model.overlay.is_some() && run.model.page == page);
    run.keys("<esc>");
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut run = Run::mid_run(4).sized(columns, rows);
        for target in [Target::Param(0), Target::Slot(0), Target::Slot(9), Target::Param(9999), Target::Help]
        {
            let asked = mouse(&mut run, Mouse::Press, Some(target));
            assert!(!asked.iter().any(|effect| matches!(effect, Effect::Send(_))), "{asked:?}");
        }
    }
    run.answer();
    assert_eq!(run.state.seq, seq);
}

#[test]
fn the_mouse_is_the_terminals_until_it_is_asked_for_and_again_after() {
    let mut run = Run::mid_run(1);
    assert!(!run.model.mouse);
    run.keys("M");
    assert_eq!(run.effects.last(), Some(&Effect::Mouse(true)));
    assert!(crate::look::text(&run.model, 80, 24).contains("M gives it back"));
    run.keys("M");
    assert_eq!(run.effects.last(), Some(&Effect::Mouse(false)));
}
