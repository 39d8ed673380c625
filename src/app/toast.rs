//! Short messages that go away by themselves.

/// How long one stays, in milliseconds.
const SHORT: i64 = 5_000;
const LONG: i64 = 12_000;
/// How many are kept.
const KEPT: usize = 4;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    pub text: String,
    pub error: bool,
    until: i64,
}

/// The messages that are still shown, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Toasts(Vec<Toast>);

impl Toasts {
    /// Says something.
    pub fn say(&mut self, text: String, now: i64) {
        // The last success says it all; what went wrong stays beside it.
        self.0.retain(|t| t.error);
        self.add(Toast { text, error: false, until: now + SHORT });
    }

    /// Says what went wrong; stays longer.
    pub fn error(&mut self, text: String, now: i64) {
        self.add(Toast { text, error: true, until: now + LONG });
    }

    fn add(&mut self, toast: Toast) {
        self.0.retain(|t| t.text != toast.text);
        self.0.push(toast);
        if self.0.len() > KEPT {
            self.0.remove(0);
        }
    }

    /// Takes away what is over; whether anything was.
    pub fn expire(&mut self, now: i64) -> bool {
        let before = self.0.len();
        self.0.retain(|t| t.until > now);
        self.0.len() != before
    }

    /// When the next one goes.
    pub fn next(&self) -> Option<i64> {
        self.0.iter().map(|t| t.until).min()
    }

    pub fn shown(&self) -> &[Toast] {
        &self.0
    }
}
