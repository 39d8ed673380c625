//! The table: what was measured beside what was promised.

/// One figure.
#[derive(Debug, Clone)]
pub struct Row {
    figure: String,
    /// What was promised; none where the figure is only told.
    goal: Option<String>,
    measured: String,
    met: Option<bool>,
}

/// How a number is written.
#[derive(Debug, Clone, Copy)]
pub enum Unit {
    Milliseconds,
    Seconds,
    Mebibytes,
    BytesPerSecond,
    PerSecond,
    /// A fraction of one core, in percent.
    Core,
}

impl Unit {
    fn show(self, x: f64) -> String {
        let digits = |x: f64| match x.abs() {
            0.0 => "0".to_owned(),
            a if a < 0.1 => format!("{x:.3}"),
            a if a < 10.0 => format!("{x:.2}"),
            a if a < 1000.0 => format!("{x:.0}"),
            _ => thousands(x),
        };
        match self {
            Self::Milliseconds => format!("{} ms", digits(x)),
            Self::Seconds => format!("{} s", digits(x)),
            Self::Mebibytes => format!("{} MiB", digits(x)),
            Self::BytesPerSecond => format!("{} B/s", digits(x)),
            Self::PerSecond => format!("{} /s", digits(x)),
            Self::Core => format!("{} %", digits(x * 100.0)),
        }
    }
}

fn thousands(x: f64) -> String {
    let text = format!("{x:.0}");
    let mut out = String::new();
    for (i, c) in text.chars().enumerate() {
        if i > 0 && (text.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

impl Row {
    /// A figure that is to be no more than this.
    pub fn at_most(figure: impl Into<String>, unit: Unit, goal: f64, measured: f64) -> Self {
        let goal_text = if goal == 0.0 { unit.show(goal) } else { format!("<= {}", unit.show(goal)) };
        Self {
            figure: figure.into(),
            goal: Some(goal_text),
            measured: unit.show(measured),
            met: Some(measured <= goal),
        }
    }

    /// A figure that nothing was promised of.
    pub fn told(figure: impl Into<String>, unit: Unit, measured: f64) -> Self {
        Self { figure: figure.into(), goal: None, measured: unit.show(measured), met: None }
    }

    /// A figure with a goal in words.
    pub fn judged(figure: impl Into<String>, goal: &str, measured: String, met: bool) -> Self {
        Self { figure: figure.into(), goal: Some(goal.into()), measured, met: Some(met) }
    }

    /// A line of text in the place of a figure.
    pub fn said(figure: impl Into<String>, what: impl Into<String>) -> Self {
        Self { figure: figure.into(), goal: None, measured: what.into(), met: None }
    }

    /// With something said behind the measured value.
    pub fn with(mut self, what: &str) -> Self {
        self.measured = format!("{} ({what})", self.measured);
        self
    }
}

/// Prints the table, as Markdown that can be pasted.
pub fn print(rows: &[Row]) {
    let cells: Vec<[String; 4]> =
        std::iter::once(["figure", "goal", "measured here", "met"].map(String::from))
            .chain(rows.iter().map(|row| {
                let goal = row.goal.clone().unwrap_or_default();
                let met = row.met.map_or("", |met| if met { "yes" } else { "NO" });
                [row.figure.clone(), goal, row.measured.clone(), met.into()]
            }))
            .collect();
    let widths: [usize; 4] =
        std::array::from_fn(|i| cells.iter().map(|row| row[i].chars().count()).max().unwrap_or(0));
    println!();
    for (at, row) in cells.iter().enumerate() {
        let padded: Vec<String> =
            row.iter().zip(widths).map(|(text, width)| format!("{text:<width$}")).collect();
        println!("| {} |", padded.join(" | "));
        if at == 0 {
            println!("|{}|", widths.map(|width| "-".repeat(width + 2)).join("|"));
        }
    }
    let missed = rows.iter().filter(|row| row.met == Some(false)).count();
    let judged = rows.iter().filter(|row| row.met.is_some()).count();
    println!("\n{} of {judged} goals met", judged - missed);
}
