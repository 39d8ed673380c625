//! Placeholders in a command line, and the same values as `EVOTOP_` variables.
//!
//! `{hyp}` is the path of the trial's hyp file, `{args}` all hyperparameters as `--lr 0.0003 --momentum 0.9`, `{lr}` one
//! of them; `{dir} {device} {seed} {generation} {attempt}` are the attempt's. `{{` and `}}` are braces.

use indexmap::IndexMap;
use thiserror::Error;

use crate::space::Scalar;
use crate::trial::Job;

/// Placeholders that are no hyperparameters.
const OWN: [&str; 7] = ["hyp", "args", "dir", "device", "seed", "generation", "attempt"];

/// Why a command line cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FillError {
    #[error("{word}: there is no {{{name}}}; there are {known} (a brace itself is written {{{{)")]
    Unknown { word: String, name: String, known: String },
    #[error(
        "{word}: {{{name}}} is the attempt's own {name}, and there is a hyperparameter of this name; one is $EVOTOP_{}, the other \
         $EVOTOP_PARAM_{}", .name.to_uppercase(), .name.to_uppercase()
    )]
    Both { word: String, name: String },
    #[error("{word}: a {{ is not closed; a brace itself is written {{{{")]
    Open { word: String },
}

/// What placeholders stand for in one attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Values {
    own: IndexMap<&'static str, String>,
    hyp: IndexMap<String, String>,
    args: Vec<String>,
}

impl Values {
    /// The values of a job.
    pub fn of(job: &Job) -> Self {
        let own = IndexMap::from([
            ("hyp", job.dir.join("hyp.yaml").to_string_lossy().into_owned()),
            ("dir", job.dir.to_string_lossy().into_owned()),
            ("device", job.device.clone()),
            ("seed", job.seed.to_string()),
            ("generation", job.trial.to_string()),
            ("attempt", job.attempt.to_string()),
        ]);
        let hyp: IndexMap<String, String> =
            job.hyp.iter().map(|(name, value)| (name.clone(), value.to_string())).collect();
        let args = hyp.iter().flat_map(|(name, value)| [format!("--{name}"), value.clone()]).collect();
        Self { own, hyp, args }
    }

    /// The hyperparameters, as text.
    pub fn hyp(&self) -> &IndexMap<String, String> {
        &self.hyp
    }

    /// What a placeholder of this word stands for.
    fn get(&self, word: &str, name: &str) -> Result<String, FillError> {
        let value = match name {
            "args" => Some(self.args.join(" ")),
            name => self.own.get(name).or_else(|| self.hyp.get(name)).cloned(),
        };
        if OWN.contains(&name) && self.hyp.contains_key(name) {
            return Err(FillError::Both { word: word.into(), name: name.into() });
        }
        value.ok_or_else(|| unknown(word, name, self))
    }

    /// The same values for a program's environment: `EVOTOP_HYP`, `EVOTOP_SEED`, ... and `EVOTOP_PARAM_LR`.
    pub fn variables(&self) -> Vec<(String, String)> {
        let own =
            self.own.iter().map(|(name, value)| (format!("EVOTOP_{}", name.to_uppercase()), value.clone()));
        let args = std::iter::once(("EVOTOP_ARGS".to_owned(), self.args.join(" ")));
        let params = self.hyp.iter().map(|(name, value)| {
            let letters =
                name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' });
            (format!("EVOTOP_PARAM_{}", letters.collect::<String>()), value.clone())
        });
        own.chain(args).chain(params).collect()
    }
}

/// The command line with its values. A word that is `{args}` alone becomes one word for each flag and value.
///
/// # Errors
/// Names the word, the placeholder that is not known, and those that are.
pub fn fill(words: &[String], values: &Values) -> Result<Vec<String>, FillError> {
    let mut filled = Vec::with_capacity(words.len());
    for word in words {
        let text = one(word, values)?;
        if word == "{args}" {
            filled.extend(values.args.iter().cloned());
        } else {
            filled.push(text);
        }
    }
    Ok(filled)
}

/// Whether a command line can be filled in for hyperparameters of these names.
///
/// # Errors
/// As [`fill`].
pub fn check_words(words: &[String], hyp: &IndexMap<String, Scalar>) -> Result<(), FillError> {
    let job = Job {
        trial: 0,
        attempt: 1,
        seed: 0,
        hyp: hyp.clone(),
        dir: "trials/000000/a1".into(),
        previous: None,
        device: "cpu".into(),
        threads: 1,
    };
    fill(words, &Values::of(&job)).map(|_| ())
}

fn one(word: &str, values: &Values) -> Result<String, FillError> {
    let mut filled = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(at) = rest.find(['{', '}']) {
        filled.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            filled.push_str(brace);
            rest = after;
        } else if brace == "}" {
            filled.push('}');
        } else {
            let (name, after) = rest.split_once('}').ok_or_else(|| FillError::Open { word: word.into() })?;
            filled.push_str(&values.get(word, name)?);
            rest = after;
        }
    }
    filled.push_str(rest);
    Ok(filled)
}

fn unknown(word: &str, name: &str, values: &Values) -> FillError {
    let names = OWN.iter().copied().chain(values.hyp.keys().map(String::as_str));
    let known = names.map(|name| format!("{{{name}}}")).collect::<Vec<_>>().join(" ");
    FillError::Unknown { word: word.into(), name: name.into(), known }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values {
        Values::of(&Job {
            trial: 37,
            attempt: 2,
            seed: 5,
            hyp: IndexMap::from([
                ("lr".to_owned(), Scalar::Float(1e-6)),
                ("weight decay".to_owned(), Scalar::Int(3)),
            ]),
            dir: "/s/trials/000037/a2".into(),
            previous: None,
            device: "cuda:0".into(),
            threads: 4,
        })
    }

    fn filled(words: &[&str]) -> Vec<String> {
        fill(&words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>(), &values()).unwrap()
    }

    #[test]
    fn every_placeholder_has_its_value() {
        assert_eq!(
            filled(&["t.py", "--hyp={hyp}", "{dir}/{device}/{seed}/{generation}/{attempt}", "{lr}"]),
            ["t.py", "--hyp=/s/trials/000037/a2/hyp.yaml", "/s/trials/000037/a2/cuda:0/5/37/2", "1.0e-06"]
        );
    }

    #[test]
    fn args_alone_are_words_and_inside_a_word_text() {
        assert_eq!(filled(&["{args}"]), ["--lr", "1.0e-06", "--weight decay", "3"]);
        assert_eq!(filled(&["sh -c 'x {args}'"]), ["sh -c 'x --lr 1.0e-06 --weight decay 3'"]);
    }

    #[test]
    fn doubled_braces_are_braces() {
        assert_eq!(filled(&[r#"{{"lr":{lr},"a":{{}}}}"#, "a}b"]), [r#"{"lr":1.0e-06,"a":{}}"#, "a}b"]);
    }

    #[test]
    fn an_unknown_placeholder_is_named_with_those_there_are() {
        let error = |word: &str| fill(&[word.to_owned()], &values()).unwrap_err().to_string();
        let text = error("--x={lr0}");
        assert!(text.contains("no {lr0}") && text.contains("{lr}") && text.contains("{hyp}"), "{text}");
        assert!(error("{lr").contains("not closed"));
        assert!(error(r#"{"a":1}"#).contains("{{"));
    }

    #[test]
    fn a_hyperparameter_of_a_placeholders_own_name_is_taken_for_neither() {
        let mut values = values();
        for (name, word) in [("seed", "--seed={seed}"), ("args", "{args}")] {
            values.hyp.insert(name.into(), "1".into());
            let error = fill(&[word.to_owned()], &values).unwrap_err().to_string();
            let variable = format!("$EVOTOP_PARAM_{}", name.to_uppercase());
            assert!(error.contains(word) && error.contains(&variable), "{error}");
        }
        assert!(fill(&["{dir}".to_owned()], &values).is_ok());
    }

    #[test]
    fn the_environment_tells_the_same() {
        let variables: IndexMap<String, String> = values().variables().into_iter().collect();
        assert_eq!(variables["EVOTOP_PARAM_WEIGHT_DECAY"], "3");
        assert_eq!(variables["EVOTOP_GENERATION"], "37");
        assert_eq!(variables["EVOTOP_HYP"], "/s/trials/000037/a2/hyp.yaml");
    }
}
