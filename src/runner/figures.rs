//! What is known of devices and trainers for a moment only, and stands in no journal. Who asks is not here: see `gpus.rs`
//! and `silence.rs`.

use serde::{Deserialize, Serialize};

use super::devices;
use super::gpus::Gpu;

/// Everything of that kind. The latest wins.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Those that slots are on, as far as a driver tells of them.
    #[serde(default)]
    pub devices: Vec<DeviceUse>,
    /// Running trials whose trainer says nothing for unusually long.
    #[serde(default)]
    pub silent: Vec<Silence>,
}

/// What a device does, whoever uses it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DeviceUse {
    /// As slots name it: `cuda:0`.
    pub device: String,
    /// `NVIDIA A100-SXM4-80GB`.
    #[serde(default)]
    pub name: Option<String>,
    /// 0 to 1.
    #[serde(default)]
    pub utilisation: Option<f64>,
    /// Bytes in use and in all.
    #[serde(default)]
    pub memory: Option<(u64, u64)>,
    /// Degrees Celsius.
    #[serde(default)]
    pub temperature: Option<f64>,
    #[serde(default)]
    pub watts: Option<f64>,
    /// Processes that compute on it and are none of this session's.
    #[serde(default)]
    pub others: Vec<Holder>,
}

/// Who holds memory of a device.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub pid: u32,
    /// 0 where the driver does not say.
    pub bytes: u64,
}

/// A trainer that says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    pub generation: u64,
    /// Milliseconds since 1970-01-01 UTC.
    pub since: i64,
}

impl DeviceUse {
    /// What this GPU does, under the name that slots have for it.
    pub fn of(device: &str, gpu: &Gpu, is_ours: impl Fn(u32) -> bool) -> Self {
        let held = gpu.processes.iter().filter(|(pid, _)| !is_ours(*pid));
        Self {
            device: device.into(),
            name: Some(gpu.name.clone()),
            utilisation: gpu.utilisation.map(|percent| f64::from(percent) / 100.0),
            memory: gpu.memory,
            temperature: gpu.temperature.map(f64::from),
            watts: gpu.milliwatts.map(|mw| (f64::from(mw) / 1000.0).round()),
            others: held.map(|(pid, bytes)| Holder { pid: *pid, bytes: *bytes }).collect(),
        }
    }
}

/// The GPU that a slot's device is.
pub fn gpu<'a>(device: &str, gpus: &'a [Gpu]) -> Option<&'a Gpu> {
    let mask = devices::mask(device)?;
    gpus.iter().find(|gpu| gpu.is(&mask))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_an_older_and_of_a_newer_build_are_read() {
        let older: Figures = serde_json::from_str(r#"{"devices":[{"device":"cuda:0"}]}"#).unwrap();
        assert_eq!((older.devices.len(), older.silent.len()), (1, 0));
        let newer = r#"{"devices":[],"silent":[{"generation":3,"since":9,"why":"?"}],"fans":[1]}"#;
        let newer: Figures = serde_json::from_str(newer).unwrap();
        assert_eq!(newer.silent, [Silence { generation: 3, since: 9 }]);
    }
}
