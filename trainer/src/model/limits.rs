//! What a description asks for, counted before anything is built, and where that ends. One that comes with a file from somewhere must
//! not take the machine: a few short numbers in it stand for any amount of memory.

use super::plan::Module;

/// The side of the picture that strides are measured with.
pub const PROBE: i64 = 256;
/// Channels between two layers.
pub const MOST_CHANNELS: i64 = 65_536;
/// Copies of a module, in a row of the description and once scaled.
pub const MOST_REPEATS: i64 = 1000;
/// Rows of a description, and inputs of one.
pub const MOST_ROWS: usize = 1000;
pub const MOST_INPUTS: usize = 100;
/// Side of a kernel, padding, factor.
const MOST_PIXELS: i64 = 1000;
/// The largest known model has some 140 million, and 300 convolutions.
const MOST_PARAMETERS: u64 = 1 << 29;
const MOST_CONVOLUTIONS: u64 = 10_000;
/// Of all layers together, for one picture of [`PROBE`].
const MOST_OUTPUTS: u64 = 1 << 29;

/// Height and width of what a layer hands on, for a picture of [`PROBE`].
pub type Size = [i64; 2];

/// What the layers so far ask for.
#[derive(Debug, Default)]
pub struct Asked {
    parameters: u64,
    convolutions: u64,
    outputs: u64,
}

impl Asked {
    /// Adds a layer of so many copies, which hands on so many channels; gives the size of its output.
    ///
    /// # Errors
    /// Where it cannot be built on inputs of these sizes, or is beyond what any model needs.
    pub fn add(
        &mut self,
        module: &Module,
        repeats: i64,
        channels: i64,
        inputs: &[Size],
    ) -> Result<Size, String> {
        if repeats > MOST_REPEATS {
            return Err(format!("{repeats} repeats once scaled, {MOST_REPEATS} are the most"));
        }
        let is_head = matches!(module, Module::Detect { .. });
        if !(is_head || (1..=MOST_CHANNELS).contains(&channels)) {
            return Err(format!("{channels} channels once scaled, {MOST_CHANNELS} are the most"));
        }
        let mut size = *inputs.first().ok_or("no input")?;
        if matches!(module, Module::Concat) && inputs.iter().any(|other| *other != size) {
            return Err(format!("its inputs have different sizes: {inputs:?}"));
        }
        let again = module.chained();
        for n in 0..repeats {
            let module = if n == 0 { module } else { &again };
            size = after(module, size)?;
            let (convolutions, parameters) = parameters(module, channels);
            let cells: u64 = match module {
                Module::Detect { .. } => inputs.iter().map(|[h, w]| (h * w) as u64).sum(),
                _ => (size[0] * size[1]) as u64,
            };
            self.convolutions += convolutions;
            self.parameters = self.parameters.saturating_add(parameters);
            self.outputs = self.outputs.saturating_add(cells.saturating_mul(channels as u64));
            for (count, most, what) in [
                (self.parameters, MOST_PARAMETERS, "parameters"),
                (self.convolutions, MOST_CONVOLUTIONS, "convolutions"),
                (self.outputs, MOST_OUTPUTS, "outputs for one small picture"),
            ] {
                if count > most {
                    return Err(format!(
                        "up to here the model has {count} {what}, {most} are the most: correct its multiples, channels or \
                         repeats, or give another model with --cfg"
                    ));
                }
            }
        }
        Ok(size)
    }
}

/// The size after one copy of a module.
fn after(module: &Module, size: Size) -> Result<Size, String> {
    let within = |what: &str, n: i64, least: i64| {
        if (least..=MOST_PIXELS).contains(&n) { Ok(n) } else { Err(format!("{what} {n}")) }
    };
    let slid = |kernel: i64, stride: i64, padding: i64| {
        within("kernel", kernel, 1)?;
        within("stride", stride, 1)?;
        within("padding", padding, 0)?;
        Ok::<_, String>(size.map(|side| (side + 2 * padding - kernel).div_euclid(stride) + 1))
    };
    let size = match *module {
        Module::Conv { kernel, stride, padding, .. } => slid(kernel, stride, padding.unwrap_or(kernel / 2))?,
        Module::MaxPool { kernel, stride, padding } if padding <= kernel / 2 => {
            slid(kernel, stride, padding)?
        }
        Module::MaxPool { padding, .. } => return Err(format!("padding {padding} beyond half its kernel")),
        Module::Spp { from, ref kernels, .. } => pooled(from, kernels, size)?,
        Module::Sppf { from, kernel, .. } => pooled(from, &[kernel], size)?,
        Module::Focus { .. } if size.iter().any(|side| side % 2 != 0) => {
            return Err(format!("its input of {size:?} cannot be halved"));
        }
        Module::Focus { kernel, .. } => {
            let kernel = within("kernel", kernel, 1)?;
            size.map(|side| side / 2 + 2 * (kernel / 2) - kernel + 1)
        }
        Module::Upsample { factor } => {
            let factor = within("factor", factor, 1)?;
            size.map(|side| side.saturating_mul(factor))
        }
        Module::ZeroPad { left, right, top, bottom } => {
            for side in [left, right, top, bottom] {
                within("padding", side, -MOST_PIXELS)?;
            }
            [size[0] + top + bottom, size[1] + left + right]
        }
        Module::Bottleneck { .. } | Module::C3 { .. } | Module::Concat | Module::Detect { .. } => size,
    };
    if size.iter().all(|side| (1..=PROBE * MOST_PIXELS).contains(side)) {
        Ok(size)
    } else {
        Err(format!("{size:?} is what would be left of a picture of {PROBE} pixels"))
    }
}

/// A pyramid halves its channels, and puts side by side what it pooled.
fn pooled(from: i64, kernels: &[i64], size: Size) -> Result<Size, String> {
    if from < 2 {
        return Err(format!("{from} channels cannot be halved"));
    }
    if kernels.len() > MOST_INPUTS || kernels.iter().any(|k| !(1..=MOST_PIXELS).contains(k) || k % 2 == 0) {
        return Err(format!("kernels have to be odd, below {MOST_PIXELS}, and {MOST_INPUTS} at most"));
    }
    Ok(size)
}

/// The convolutions of one copy, and the numbers that are learned in them.
fn parameters(module: &Module, channels: i64) -> (u64, u64) {
    let conv = |from: i64, to: i64, kernel: i64| {
        (from as u64).saturating_mul(to as u64).saturating_mul((kernel * kernel) as u64)
    };
    let sum = |numbers: &[u64]| numbers.iter().fold(0_u64, |sum, n| sum.saturating_add(*n));
    let bottleneck =
        |from: i64, hidden: i64, to: i64| conv(from, hidden, 1).saturating_add(conv(hidden, to, 3));
    match *module {
        Module::Conv { from, to, kernel, groups, .. } => (1, conv(from / groups, to, kernel)),
        Module::Bottleneck { from, to, .. } => (2, bottleneck(from, to / 2, to)),
        Module::C3 { from, to, bottlenecks, .. } => {
            let h = to / 2;
            let chain = bottleneck(h, h, h).saturating_mul(bottlenecks as u64);
            (3 + 2 * bottlenecks as u64, sum(&[conv(from, 2 * h, 1), conv(2 * h, to, 1), chain]))
        }
        Module::Spp { from, to, ref kernels } => (2, pyramid(from, to, kernels.len() as i64)),
        Module::Sppf { from, to, .. } => (2, pyramid(from, to, 3)),
        Module::Focus { from, to, kernel } => (1, conv(4 * from, to, kernel)),
        Module::Detect { ref from } => {
            let heads: Vec<u64> = from.iter().map(|c| conv(*c, channels, 1)).collect();
            (heads.len() as u64, sum(&heads))
        }
        Module::Upsample { .. } | Module::Concat | Module::MaxPool { .. } | Module::ZeroPad { .. } => (0, 0),
    }
}

fn pyramid(from: i64, to: i64, kernels: i64) -> u64 {
    let h = (from / 2) as u64;
    (from as u64 * h).saturating_add((h * (kernels as u64 + 1)).saturating_mul(to as u64))
}
