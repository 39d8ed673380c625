//! What a command line says of the session's process, apart from what is trained: what has to be said again for another
//! process to behave the same.

use super::args::OnFailureArg;
use super::config;

/// Those options of the words that once started a session. None where they cannot be read any more.
pub fn process_options(argv: &[String]) -> Vec<String> {
    let words: Vec<&String> = argv.iter().skip_while(|word| *word != "run").skip(1).collect();
    let Some(args) = config::parsed(words).ok().and_then(|args| config::merged_with(args, argv).ok()) else {
        return Vec::new();
    };
    let mut options = Vec::new();
    let mut say = |option: &str, value: Option<String>| {
        if let Some(value) = value {
            options.extend([option.to_owned(), value]);
        }
    };
    say(
        "--on-failure",
        args.on_failure.map(|how| if how == OnFailureArg::Pause { "pause" } else { "exit" }.into()),
    );
    say("--trial-timeout", args.trial_timeout);
    say("--silence", args.silence);
    say("--grace", args.grace);
    say("--threads", args.threads.map(|n| n.to_string()));
    say("--keep", args.keep.map(|keep| keep.to_string()));
    say("--min-free", Some(args.min_free.to_string()));
    for hook in args.on.chunks(2) {
        options.push("--on".into());
        options.extend(hook.iter().cloned());
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(line: &str) -> String {
        let words: Vec<String> = line.split(' ').map(Into::into).collect();
        process_options(&words).join(" ")
    }

    #[test]
    fn what_the_process_does_is_said_again_and_what_is_trained_is_not() {
        assert_eq!(
            options(
                "evotop run --sigma 0.3 --keep best:3,failed --on best,failed notify --grace 20s --min-free 2G --detach"
            ),
            "--grace 20s --keep best:3,failed --min-free 2000000000 --on best,failed notify"
        );
        assert_eq!(options("evotop run --no-such-option"), "");
    }
}
