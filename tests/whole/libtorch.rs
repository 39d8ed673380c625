//! `make libtorch` and `make gpu-check`: what is respected, what is missing, and that nothing is fetched in vain. Python is played by a
//! script that writes down how it was called.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// What the scripts call, besides python and a compiler.
const TOOLS: [&str; 16] = [
    "bash", "sh", "env", "make", "uname", "cat", "awk", "mkdir", "mktemp", "mv", "rm", "readlink", "ln",
    "touch", "ls", "dirname",
];

/// A checkout with scripts and Makefile only, and a machine with little on it.
struct Checkout {
    folder: TempDir,
}

impl Checkout {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR"));
        for name in ["scripts", "bin", "home"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        for name in ["Makefile", "scripts/libtorch.sh", "scripts/gpu-check.sh", "scripts/libtorch-cpu.txt"] {
            fs::copy(source.join(name), folder.path().join(name)).unwrap();
        }
        let checkout = Self { folder };
        for tool in TOOLS {
            let found = std::env::split_paths(&std::env::var_os("PATH").unwrap())
                .map(|place| place.join(tool))
                .find(|path| path.is_file());
            symlink(found.unwrap_or_else(|| panic!("no {tool}")), checkout.path("bin").join(tool)).unwrap();
        }
        checkout
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts a program on the machine, or another in its place. A link to one of the real machine is never written through.
    fn install(&self, name: &str, script: &str) {
        let path = self.path("bin").join(name);
        let _ = fs::remove_file(&path);
        let mut file = fs::File::create_new(&path).unwrap();
        write!(file, "#!{}\n{script}\n", self.path("bin/bash").display()).unwrap();
        drop(file);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn make(&self, target: &str, set: &[(&str, &str)]) -> Output {
        let mut call = Command::new(self.path("bin/make"));
        call.arg(target).current_dir(self.folder.path()).env_clear();
        call.env("PATH", self.path("bin")).env("HOME", self.path("home")).env("CUDA", "0");
        call.envs(set.iter().copied()).output().unwrap()
    }

    /// What it says as it fails.
    fn refusal(&self, set: &[(&str, &str)]) -> String {
        let ended = self.make("libtorch", set);
        assert!(!ended.status.success(), "{ended:?}");
        String::from_utf8_lossy(&ended.stderr).into_owned()
    }
}

#[test]
fn what_is_missing_for_libtorch_is_named_with_a_remedy() {
    let checkout = Checkout::new();
    let said = checkout.refusal(&[]);
    assert!(said.contains("no C++ compiler") && said.contains("apt-get install g++"), "{said}");
    checkout.install("g++", "");
    let said = checkout.refusal(&[]);
    assert!(said.contains("python3 is missing") && said.contains("apt-get install python3"), "{said}");
    checkout.install("python3", "exit 1");
    let said = checkout.refusal(&[]);
    assert!(said.contains("python3 has no pip") && said.contains("python3-pip"), "{said}");
    checkout.install("python3", "exit 0");
    checkout.install("df", "echo; echo '/dev/vda 9 9 100 9% /'");
    let said = checkout.refusal(&[]);
    assert!(said.contains("MB are needed") && said.contains("100 MB are free"), "{said}");
    let said = checkout.refusal(&[("LIBTORCH", "/nowhere")]);
    assert!(said.contains("LIBTORCH=/nowhere has no lib"), "{said}");
}

#[test]
fn wheels_are_fetched_to_the_disk_whose_room_was_asked_for_and_not_where_they_are_already() {
    let checkout = Checkout::new();
    checkout.install("g++", "");
    checkout.install("df", "echo; echo '/dev/vda 9 9 100000 9% /'");
    let log = checkout.path("called");
    checkout.install("python3", &format!("echo \"$TMPDIR $*\" >>{}; [[ $* != *download* ]]", log.display()));
    let said = checkout.refusal(&[("TMPDIR", "/somewhere/small")]);
    assert!(said.contains("could not be fetched") && said.contains("LIBTORCH_WHEELS"), "{said}");
    let called = fs::read_to_string(&log).unwrap();
    let fetched = called.lines().find(|line| line.contains("download")).unwrap();
    let cache = checkout.path("home/.cache/evotop");
    assert!(
        fetched.starts_with(cache.to_str().unwrap()) && fetched.contains("--require-hashes"),
        "{fetched}"
    );
    assert_eq!(fs::read_dir(&cache).unwrap().count(), 0, "half a libtorch is left");

    fs::remove_file(&log).unwrap();
    let said = checkout.refusal(&[("LIBTORCH_WHEELS", "/nowhere")]);
    assert!(said.contains("no wheels in LIBTORCH_WHEELS=/nowhere"), "{said}");
    assert!(!fs::read_to_string(&log).unwrap().contains("download"));
}

#[test]
fn a_libtorch_that_is_there_is_taken_and_nothing_is_fetched() {
    let checkout = Checkout::new();
    checkout.install("g++", "");
    let machine = Command::new("uname").arg("-m").output().unwrap().stdout;
    let name = format!("libtorch-2.13.0-cpu-{}", String::from_utf8_lossy(&machine).trim());
    let torch = checkout.path("home/.cache/evotop").join(name).join("torch");
    fs::create_dir_all(torch.join("lib")).unwrap();
    fs::write(torch.join("build-version"), "2.13.0\n").unwrap();
    fs::write(torch.join("lib/libtorch_cpu.so"), "").unwrap();
    // Without python: another checkout's copy is enough.
    let ended = checkout.make("libtorch", &[]);
    assert!(ended.status.success(), "{ended:?}");
    assert_eq!(fs::read_link(checkout.path(".libtorch")).unwrap(), torch);

    fs::remove_file(checkout.path(".libtorch")).unwrap();
    let ended = checkout.make("libtorch", &[("LIBTORCH", torch.to_str().unwrap())]);
    assert!(ended.status.success() && !checkout.path(".libtorch").exists(), "{ended:?}");
    fs::write(torch.join("build-version"), "1.13.1+cu117\n").unwrap();
    let said = checkout.refusal(&[("LIBTORCH", torch.to_str().unwrap())]);
    assert!(said.contains("1.13.1+cu117") && said.contains("2.13.0 is needed"), "{said}");
}

#[test]
fn unasked_the_cuda_libraries_come_where_the_driver_knows_them_and_what_was_chosen_stays() {
    if cfg!(target_os = "macos") {
        return; // There is no CUDA.
    }
    let checkout = Checkout::new();
    checkout.install("g++", "");
    let cleaned = checkout.path("cleaned");
    checkout.install("cargo", &format!("echo \"$*\" >>{}", cleaned.display()));
    fs::create_dir_all(checkout.path("target/debug")).unwrap();
    let machine = Command::new("uname").arg("-m").output().unwrap().stdout;
    let torch = |flavour: &str| {
        let name = format!("libtorch-2.13.0-{flavour}-{}", String::from_utf8_lossy(&machine).trim());
        checkout.path("home/.cache/evotop").join(name).join("torch")
    };
    for flavour in ["cpu", "cuda"] {
        fs::create_dir_all(torch(flavour)).unwrap();
        fs::write(torch(flavour).join("build-version"), "2.13.0\n").unwrap();
    }
    // What it says where the driver is of this version and CUDA is this word; and it takes this flavour.
    let takes = |driver: &str, cuda: &str, flavour: &str| {
        checkout.install("nvidia-smi", &format!("echo {driver}; echo {driver}"));
        let ended = checkout.make("libtorch", &[("CUDA", cuda)]);
        assert!(ended.status.success(), "{ended:?}");
        assert_eq!(fs::read_link(checkout.path(".libtorch")).unwrap(), torch(flavour), "{ended:?}");
        String::from_utf8_lossy(&ended.stderr).into_owned()
    };
    let (known, old) = ("580.95.05", "535.183.01");
    let said = takes(old, "", "cpu");
    assert!(said.contains("driver 535.183.01 is too old") && said.contains("--devices cpu"), "{said}");
    assert!(!takes(known, "", "cpu").contains("driver"), "it is there already");
    assert!(!cleaned.exists(), "nothing was linked with another one");
    takes(known, "1", "cuda");
    assert_eq!(fs::read_to_string(&cleaned).unwrap(), "clean -q --profile dev -p torch-sys\n");
    takes(old, "", "cuda");
    takes(known, "0", "cpu");
    fs::remove_file(checkout.path(".libtorch")).unwrap();
    let said = takes(known, "", "cuda");
    assert!(said.contains("driver 580.95.05") && said.contains("CUDA=0"), "{said}");
}

#[test]
fn without_a_gpu_nothing_is_fetched_or_built_for_its_check() {
    let checkout = Checkout::new();
    checkout.install("g++", "");
    let log = checkout.path("called");
    for tool in ["python3", "cargo"] {
        checkout.install(tool, &format!("echo {tool} >>{}", log.display()));
    }
    for device in ["", "cuda:1", "mps"] {
        if device == "mps" && cfg!(target_os = "macos") {
            continue;
        }
        let ended = checkout.make("gpu-check", &[("DEVICE", device), ("CUDA", "")]);
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(!ended.status.success() && said.contains("nothing to check"), "{said}");
        assert!(!said.contains("not found") && !log.exists(), "{said}");
    }
}
