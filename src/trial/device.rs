//! Names of devices and of slots on them.

/// What a device is called, for messages.
pub const DEVICES: &str = "cpu, cuda:0, mps or a GPU's UUID";

/// Whether this is the name of a device; whether there is such a one is another question.
pub fn is_device(name: &str) -> bool {
    matches!(name, "cpu" | "mps")
        || name.strip_prefix("cuda:").is_some_and(|n| n.parse::<u32>().is_ok())
        || is_uuid(name)
}

/// Whether it is the UUID of a GPU, or of a share of one.
pub fn is_uuid(name: &str) -> bool {
    name.starts_with("GPU-") || name.starts_with("MIG-")
}

/// The device of a slot of this name (`cuda:0`, `cuda:0#2` for the second share of it); none where it names none.
pub fn device_of(slot: &str) -> Option<&str> {
    let (device, share) = slot.split_once('#').unwrap_or((slot, "2"));
    (is_device(device) && share.parse::<u32>().is_ok_and(|n| n > 1)).then_some(device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_names_its_device() {
        for (slot, device) in
            [("cpu", "cpu"), ("cpu#2", "cpu"), ("cuda:1#12", "cuda:1"), ("MIG-1/2", "MIG-1/2")]
        {
            assert_eq!(device_of(slot), Some(device));
        }
        for wrong in ["gpu7", "cuda", "cuda:x", "cpu#", "cpu#1", "cpu#x", ""] {
            assert_eq!(device_of(wrong), None, "{wrong}");
        }
    }
}
