//! Styles and glyphs: what each role looks like with the colours and characters at hand.
//!
//! Which colours a terminal has is not found out here: see `term/caps.rs`.

use indexmap::IndexMap;
use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use thiserror::Error;

use super::colour;
use super::glyphs::Glyphs;

/// How many colours there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    Mono,
    Ansi16,
    Ansi256,
    True,
}

macro_rules! roles {
    ($($field:ident $name:literal,)*) => {
        /// One style a role, as the terminal can show it.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Theme {
            pub depth: Depth,
            /// On a light background.
            pub light: bool,
            pub glyphs: Glyphs,
            $(pub $field: Style,)*
        }

        const ROLES: &[&str] = &[$($name),*];

        impl Theme {
            fn build(styles: &IndexMap<&'static str, Style>, depth: Depth, light: bool, glyphs: Glyphs) -> Self {
                let style = |name: &str| styles.get(name).copied().unwrap_or_default();
                Self { depth, light, glyphs, $($field: style($name),)* }
            }
        }
    };
}

roles! {
    text "text",
    dim "dim",
    border "border",
    title "title",
    accent "accent",
    cursor "cursor",
    best "best",
    now "now",
    good "good",
    bad "bad",
    warn "warn",
    pinned "pinned",
    pending "pending",
    key "key",
    label "label",
    scatter "scatter",
    line "line",
    gauge "gauge",
    gauge_rest "gauge-rest",
    elite "elite",
    header "header",
    error "error",
}

/// A theme file: roles and their styles, for dark and for light backgrounds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "name")]
    _name: String,
    dark: IndexMap<String, String>,
    light: Option<IndexMap<String, String>>,
}

/// Why a theme file is not used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ThemeError {
    #[error("{0}")]
    Yaml(String),
    #[error("there is no role {role}; the roles are {known}")]
    NoRole { role: String, known: String },
    #[error(
        "{word} is not a style ({role}): write a colour name, #rrggbb or 0-255, on COLOUR, bold, dim, italic, underline, reverse"
    )]
    NoStyle { role: String, word: String },
    #[error("there is no theme {name}; the themes are {known}, or a file")]
    NoTheme { name: String, known: String },
}

/// The themes that come with evotop.
const THEMES: [(&str, &str); 2] = [
    ("terminal", include_str!("../../assets/themes/terminal.yaml")),
    ("dusk", include_str!("../../assets/themes/dusk.yaml")),
];

impl Theme {
    /// A theme that comes with evotop; `auto` is the one that suits the colours.
    ///
    /// # Errors
    /// Names the themes there are.
    pub fn named(name: &str, depth: Depth, light: bool, ascii: bool) -> Result<Self, ThemeError> {
        let name = match name {
            "auto" if depth == Depth::True => "dusk",
            "auto" => "terminal",
            name => name,
        };
        Self::parse(Self::file(name)?, depth, light, ascii)
    }

    /// The file of a theme that comes with evotop, to begin one's own with.
    ///
    /// # Errors
    /// Names the themes there are.
    pub fn file(name: &str) -> Result<&'static str, ThemeError> {
        let known = THEMES.iter().find(|(n, _)| *n == name).map(|(_, text)| *text);
        let unknown = || ThemeError::NoTheme { name: name.into(), known: THEMES.map(|(n, _)| n).join(", ") };
        known.ok_or_else(unknown)
    }

    /// A theme from a file's text. Roles that it leaves out are the terminal theme's.
    ///
    /// # Errors
    /// Names the role and the word that is none.
    pub fn parse(yaml: &str, depth: Depth, light: bool, ascii: bool) -> Result<Self, ThemeError> {
        let mut styles = roles_of(THEMES[0].1, light)?;
        styles.extend(roles_of(yaml, light)?);
        for style in styles.values_mut() {
            *style = reduce(*style, depth);
        }
        if depth == Depth::Mono {
            let set = |styles: &mut IndexMap<&'static str, Style>, role, modifier| {
                styles.insert(role, Style::new().add_modifier(modifier));
            };
            for role in ["best", "now", "bad", "title", "key", "error", "warn", "pinned"] {
                set(&mut styles, role, Modifier::BOLD);
            }
            for role in ["dim", "border", "gauge-rest"] {
                set(&mut styles, role, Modifier::DIM);
            }
            set(&mut styles, "cursor", Modifier::REVERSED);
            set(&mut styles, "header", Modifier::REVERSED);
        }
        let glyphs = if ascii { Glyphs::ascii() } else { Glyphs::unicode() };
        Ok(Self::build(&styles, depth, light, glyphs))
    }

    /// No colours and no glyphs beyond ASCII, for the last resort and for tests.
    pub fn plain(ascii: bool) -> Self {
        Self::parse(THEMES[0].1, Depth::Mono, false, ascii).unwrap_or_else(|_| {
            let glyphs = if ascii { Glyphs::ascii() } else { Glyphs::unicode() };
            Self::build(&IndexMap::new(), Depth::Mono, false, glyphs)
        })
    }

    /// The colour of a concentration, 0 to 1: viridis, yellow the densest.
    pub fn concentration(&self, x: f64) -> Style {
        match self.depth {
            Depth::Mono => {
                if x > 0.6 {
                    Style::new().add_modifier(Modifier::BOLD)
                } else {
                    Style::new()
                }
            }
            Depth::Ansi16 => {
                let colours = [Color::Blue, Color::Cyan, Color::Green, Color::Yellow];
                Style::new().fg(colours[((x * 4.0) as usize).min(3)])
            }
            depth => reduce(Style::new().fg(colour::viridis(x, self.light)), depth),
        }
    }
}

fn roles_of(yaml: &str, light: bool) -> Result<IndexMap<&'static str, Style>, ThemeError> {
    let mut value: serde_yaml::Value =
        serde_yaml::from_str(yaml).map_err(|e| ThemeError::Yaml(e.to_string()))?;
    value.apply_merge().map_err(|e| ThemeError::Yaml(e.to_string()))?;
    let file: File = serde_yaml::from_value(value).map_err(|e| ThemeError::Yaml(e.to_string()))?;
    let wanted = if light { file.light.unwrap_or(file.dark) } else { file.dark };
    let mut styles = IndexMap::new();
    for (role, text) in wanted {
        let known = ROLES
            .iter()
            .find(|r| **r == role)
            .ok_or_else(|| ThemeError::NoRole { role: role.clone(), known: ROLES.join(", ") })?;
        styles.insert(*known, style(&role, &text)?);
    }
    Ok(styles)
}

fn style(role: &str, text: &str) -> Result<Style, ThemeError> {
    let (mut style, mut background) = (Style::new(), false);
    for word in text.split_whitespace() {
        let modifier = match word {
            "bold" => Some(Modifier::BOLD),
            "dim" => Some(Modifier::DIM),
            "italic" => Some(Modifier::ITALIC),
            "underline" => Some(Modifier::UNDERLINED),
            "reverse" => Some(Modifier::REVERSED),
            _ => None,
        };
        if let Some(modifier) = modifier {
            style = style.add_modifier(modifier);
        } else if word == "on" {
            background = true;
        } else {
            let colour = colour::parse(word)
                .ok_or_else(|| ThemeError::NoStyle { role: role.into(), word: word.into() })?;
            style = if background { style.bg(colour) } else { style.fg(colour) };
        }
    }
    Ok(style)
}

fn reduce(style: Style, depth: Depth) -> Style {
    let reduced = |c: Option<Color>| c.and_then(|c| colour::reduce(c, depth));
    Style { fg: reduced(style.fg), bg: reduced(style.bg), ..style }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_theme_has_every_role_on_dark_and_on_light() {
        for (name, text) in THEMES {
            for light in [false, true] {
                let roles = roles_of(text, light).unwrap();
                let missing: Vec<_> = ROLES.iter().filter(|r| !roles.contains_key(**r)).collect();
                assert!(missing.is_empty(), "{name}: {missing:?}");
                assert_eq!(Theme::file(name).unwrap(), text, "what is printed to begin with is the theme");
            }
        }
    }

    #[test]
    fn a_bad_theme_file_is_refused_by_role_and_word() {
        let error = |yaml| Theme::parse(yaml, Depth::True, false, false).unwrap_err().to_string();
        assert!(
            error("name: x\ndark: {colour: red}").starts_with("there is no role colour; the roles are text,")
        );
        assert!(error("name: x\ndark: {text: reddish}").starts_with("reddish is not a style (text)"));
        assert!(
            Theme::named("night", Depth::True, false, false)
                .unwrap_err()
                .to_string()
                .contains("terminal, dusk")
        );
        let theme =
            Theme::parse("name: x\ndark: {best: '#ff0000 on 17 bold'}", Depth::True, false, false).unwrap();
        assert_eq!((theme.best.fg, theme.best.bg), (Some(Color::Rgb(255, 0, 0)), Some(Color::Indexed(17))));
    }

    #[test]
    fn without_colour_nothing_is_coloured_and_roles_still_differ() {
        let theme = Theme::named("dusk", Depth::Mono, false, true).unwrap();
        for style in [theme.best, theme.bad, theme.cursor, theme.header, theme.concentration(1.0)] {
            assert_eq!((style.fg, style.bg), (None, None));
        }
        assert_ne!(theme.cursor, theme.text);
        assert_ne!(theme.concentration(1.0), theme.concentration(0.0));
    }
}
