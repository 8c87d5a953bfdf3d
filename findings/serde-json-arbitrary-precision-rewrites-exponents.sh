#!/usr/bin/env bash
# serde_json 1.0.154 (Rust) with its feature `arbitrary_precision`.
#
# Guess: with that feature a number is kept as the text that was read, so that what is parsed and written again has the
# same bytes in its numbers. Its digits are: `1.10`, `-0` and integers of forty digits come back as they were.
# Seen: an exponent does not. `1e2` is written as `1e+2`, and so is `1E2`: the letter becomes small and the sign is
# filled in. A signature or a comparison over the text of a document fails, although no number changed.
# What follows from it: compare numbers, not their text; where bytes matter, keep the raw text (`RawValue`).
#
# Output seen:
#   [1.10,-0,1234567890123456789012345678901234567890,0.10]
#   [1e+2,1e+2,1e+2,1.5e-7]
set -euo pipefail

FOLDER=$(mktemp -d)
readonly FOLDER
trap 'rm -rf "$FOLDER"' EXIT
cd "$FOLDER"

mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "try"
version = "0.1.0"
edition = "2021"

[dependencies]
serde_json = { version = "=1.0.154", features = ["arbitrary_precision"] }
TOML
cat >src/main.rs <<'RUST'
fn main() {
    for read in ["[1.10,-0,1234567890123456789012345678901234567890,0.10]", "[1e2,1E2,1e+2,1.5e-7]"] {
        println!("{}", serde_json::from_str::<serde_json::Value>(read).unwrap());
    }
}
RUST

seen=$(CARGO_TARGET_DIR="$FOLDER/target" cargo run --quiet)
expected='[1.10,-0,1234567890123456789012345678901234567890,0.10]
[1e+2,1e+2,1e+2,1.5e-7]'
echo "$seen"
[ "$seen" = "$expected" ] || { echo 'this has changed' >&2; exit 1; }
