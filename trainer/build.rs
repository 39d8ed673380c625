//! Gives every program of this package the absolute run path of libtorch, so that it starts from anywhere and without
//! `LD_LIBRARY_PATH`, and keeps `libtorch_cuda` linked where it is present (no symbol of it is named by the shim, so the linker
//! would drop it and CUDA would never be seen).

use std::env;
use std::path::{Path, PathBuf};
use std::process::exit;

fn main() {
    for name in ["LIBTORCH", "LIBTORCH_LIB"] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    let Some(root) = env::var_os("LIBTORCH_LIB").or_else(|| env::var_os("LIBTORCH")).map(PathBuf::from)
    else {
        println!("cargo::error=no libtorch is named: run `make libtorch`, or set LIBTORCH");
        exit(1);
    };
    // Written by scripts/libtorch.sh when it changes what .libtorch is.
    println!("cargo::rerun-if-changed={}", root.join("build-version").display());
    let root = absolute(&root);
    let lib = root.join("lib");
    if !lib.is_dir() {
        println!(
            "cargo::error={} is not there: run `make libtorch`, or set LIBTORCH to a libtorch 2.13.0",
            lib.display()
        );
        exit(1);
    }
    println!("cargo::rustc-link-arg=-Wl,-rpath,{}", lib.display());
    if lib.join("libtorch_cuda.so").exists() {
        println!("cargo::rustc-link-arg=-Wl,--no-as-needed,-ltorch_cuda,--as-needed");
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}
