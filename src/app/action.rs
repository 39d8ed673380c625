//! THE table of keys: every action with its name, default keys, where it holds, and a line of doc.
//!
//! Dispatch, the footer, `?`, the README's table and the user's `keys.yaml` all come from here.

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    Live,
    Density,
    History,
    Log,
    NextPage,
    PreviousPage,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    First,
    Last,
    Pin,
    PinHere,
    Edit,
    Filter,
    NextMatch,
    PreviousMatch,
    SigmaDown,
    SigmaUp,
    ProbabilityDown,
    ProbabilityUp,
    Parent,
    SigmaKnob,
    TopKnob,
    Strategy,
    Fitness,
    Pause,
    Freeze,
    Abort,
    Undo,
    Redo,
    PreviousSlot,
    NextSlot,
    Repeat,
    CommandLine,
    Copy,
    Help,
    Leave,
    Back,
    Interrupt,
    Suspend,
    Redraw,
    Mouse,
    Open,
    Second,
    Sort,
    Reverse,
    EditCopy,
    Exclude,
    Save,
    Source,
    Follow,
}

/// Where a key holds. The page's own keys come before those that hold everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    Everywhere,
    Live,
    Density,
    History,
    Log,
}

impl Context {
    /// Its name in help and in the README.
    pub fn name(self) -> &'static str {
        match self {
            Self::Everywhere => "everywhere",
            Self::Live => "Live",
            Self::Density => "Density",
            Self::History => "History",
            Self::Log => "Log",
        }
    }
}

/// One row of the table.
#[derive(Debug)]
pub struct Row {
    pub action: Action,
    /// Its name in `keys.yaml`.
    pub name: &'static str,
    pub keys: &'static [&'static str],
    pub context: Context,
    /// One or two words for the footer; empty where it is not worth the room.
    pub short: &'static str,
    pub doc: &'static str,
    /// Whether it changes the run, so that it is refused with `--read-only`.
    pub steers: bool,
}

macro_rules! rows {
    ($($action:ident $name:literal $keys:expr, $context:ident $short:literal $steers:literal $doc:literal;)*) => {
        &[$(Row {
            action: Action::$action, name: $name, keys: &$keys, context: Context::$context,
            short: $short, doc: $doc, steers: $steers,
        }),*]
    };
}

/// Every action, in the order in which help and footer list them.
pub const ROWS: &[Row] = rows! {
    Pin "pin" ["p"], Everywhere "pin" true "pin the parameter at the best value, or unpin it";
    PinHere "pin-here" ["P"], Everywhere "" true "pin the parameter at this trial's value";
    Edit "edit" ["e", "enter"], Live "edit" true "edit the parameter's value, gain, low and high";
    Open "open" ["enter"], History "show" false "show the generation: parameters, settings, lineage";
    Open "open-chart" ["enter"], Density "open" false "one chart at full size, or the grid again";
    Edit "edit-chart" ["e"], Density "edit" true "edit the chart's parameter: value, gain, low and high";
    Second "second-parameter" ["v"], Density "two" false "choose a second parameter: a map of mean fitness";
    Sort "sort" ["o"], History "sort" false "sort by the next column";
    Reverse "reverse" ["O"], History "" false "turn the order round";
    EditCopy "edit-copy" ["e"], History "copy" true "enqueue an edited copy of the generation";
    Exclude "exclude" ["d"], History "drop" true "leave the generation out as a parent, or take it back in";
    Save "save" ["S"], History "save" false "save the generation as a hyp file";
    Source "source" ["tab"], Log "source" false "the events, or the raw log of the next slot";
    Follow "follow" ["F"], Log "follow" false "follow the end of the log";
    SigmaDown "sigma-down" ["-"], Everywhere "" true "sigma down by 0.01";
    SigmaUp "sigma-up" ["+", "="], Everywhere "sigma" true "sigma up by 0.01";
    ProbabilityDown "mutation-down" [","], Everywhere "" true "mutation probability down by 0.05";
    ProbabilityUp "mutation-up" ["."], Everywhere "mutation" true "mutation probability up by 0.05";
    Parent "parent" ["w"], Everywhere "parent" true "parent single or weighted";
    Pause "pause" ["space"], Everywhere "pause" true "pause (running trials end, nothing new starts), or go on";
    Freeze "freeze" ["z"], Everywhere "freeze" true "freeze the selected trial now, or thaw it";
    Abort "abort" ["x"], Everywhere "abort" true "abort the selected trial; asks, and offers to put it back";
    Undo "undo" ["u"], Everywhere "undo" true "take the last change of a setting back";
    Redo "redo" ["U"], Everywhere "" true "make it again";
    SigmaKnob "sigma-knob" ["s"], Everywhere "" true "knob for sigma: arrows change by 0.05, Enter commits, Esc leaves it";
    TopKnob "top-knob" ["t"], Everywhere "top n" true "knob for top n: arrows change, Enter commits, Esc leaves it";
    Strategy "strategy" ["m"], Everywhere "strategy" true "strategy, and the method of yolov3";
    Fitness "fitness" ["f"], Everywhere "fitness" true "fitness weights; history is scored again at once";
    Repeat "repeat" ["r"], Everywhere "again" true "train the row's candidate again with another seed";
    PreviousSlot "previous-slot" ["[", "<"], Everywhere "" false "select the previous slot";
    NextSlot "next-slot" ["]", ">"], Everywhere "slot" false "select the next slot";
    Filter "filter" ["/"], Everywhere "filter" false "filter, or search the log";
    NextMatch "next-match" ["n"], Everywhere "" false "next match";
    PreviousMatch "previous-match" ["N"], Everywhere "" false "previous match";
    Copy "copy" ["y"], Everywhere "" false "copy the row or value to the terminal's clipboard";
    CommandLine "command-line" [":"], Everywhere "command" true "command line, with completion and history";
    Live "live" ["1"], Everywhere "" false "page Live";
    Density "density" ["2"], Everywhere "" false "page Density";
    History "history" ["3"], Everywhere "" false "page History";
    Log "log" ["4"], Everywhere "" false "page Log";
    NextPage "next-page" ["tab"], Everywhere "" false "next page";
    PreviousPage "previous-page" ["shift-tab"], Everywhere "" false "previous page";
    Up "up" ["up", "k"], Everywhere "" false "up";
    Down "down" ["down", "j"], Everywhere "" false "down";
    Left "left" ["left", "h"], Everywhere "" false "left; on Density back through the generations";
    Right "right" ["right", "l"], Everywhere "" false "right; on Density forth through the generations";
    PageUp "page-up" ["pgup", "ctrl-b"], Everywhere "" false "a page up";
    PageDown "page-down" ["pgdn", "ctrl-f"], Everywhere "" false "a page down";
    First "first" ["g", "home"], Everywhere "" false "to the first";
    Last "last" ["G", "end"], Everywhere "" false "to the last";
    Help "help" ["?", "f1"], Everywhere "help" false "this list";
    Leave "leave" ["q"], Everywhere "leave" false "leave: the run goes on; the dialogue offers to stop it as well";
    Back "back" ["esc"], Everywhere "" false "a level up: out of a filter, search or chart; at the top leave";
    Interrupt "interrupt" ["ctrl-c"], Everywhere "" false "leave; a second one leaves at once";
    Suspend "suspend" ["ctrl-z"], Everywhere "" false "back to the shell until fg";
    Redraw "redraw" ["ctrl-l"], Everywhere "" false "draw the whole screen again";
    Mouse "mouse" ["M"], Everywhere "" false "take the mouse (wheel and clicks), or give it back to the terminal";
};

impl Action {
    /// Whether it changes the run.
    pub fn steers(self) -> bool {
        ROWS.iter().any(|row| row.action == self && row.steers)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::app::key::Key;

    #[test]
    fn nothing_needs_a_key_that_other_layouts_have_only_behind_altgr() {
        let hard = ["[", "]", "{", "}", "@", "|", "\\", "~", "#", "^", "`"];
        for row in ROWS {
            assert!(row.keys.iter().any(|key| !hard.contains(key)), "{} has only {:?}", row.name, row.keys);
        }
    }

    #[test]
    fn every_default_key_can_be_read_and_means_one_thing_where_it_holds() {
        let mut seen = HashSet::new();
        for row in ROWS {
            for key in row.keys {
                let key = Key::parse(key).unwrap_or_else(|| panic!("{key} of {}", row.name));
                assert!(seen.insert((row.context, key)), "{key} twice in {:?}", row.context);
            }
        }
        let names: HashSet<&str> = ROWS.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), ROWS.len());
    }
}
