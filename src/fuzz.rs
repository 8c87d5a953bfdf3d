//! Doors for the fuzzers in `fuzz/`: everything that parses foreign bytes, and nothing else. Not part of the program; only
//! there in builds with `--cfg fuzzing`, as cargo-fuzz makes them.
