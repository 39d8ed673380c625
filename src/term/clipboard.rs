//! The terminal's clipboard, by OSC 52: it reaches the machine the person sits at.

/// The sequence that puts text into the terminal's clipboard.
pub(super) fn osc52(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut code = String::new();
    for three in text.as_bytes().chunks(3) {
        let n = three.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - three.len()));
        for i in 0..4 {
            let digit = DIGITS[(n >> (18 - 6 * i) & 63) as usize];
            code.push(if i <= three.len() { char::from(digit) } else { '=' });
        }
    }
    format!("\x1b]52;c;{code}\x07")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clipboard_sequence_carries_base64() {
        assert_eq!(osc52("lr0=1"), "\x1b]52;c;bHIwPTE=\x07");
        assert_eq!(osc52("a"), "\x1b]52;c;YQ==\x07");
        assert_eq!(osc52("abc"), "\x1b]52;c;YWJj\x07");
    }
}
