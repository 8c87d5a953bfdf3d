//! The walk through one status change (docs/architecture.md) leads to functions that exist.

use std::fs;
use std::path::Path;

const PAGE: &str = "docs/architecture.md";

/// What the rows of the walk's table name: a file, and a function in it.
fn stops() -> Vec<(String, String)> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE)).unwrap();
    let section = page.split("## One status change, stop by stop\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let cells = |row: &str| row.split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect::<Vec<_>>();
    let rows = section.lines().filter(|line| line.contains("| `src/")).map(cells);
    rows.map(|row| (row[2].clone(), row[3].clone())).collect()
}

#[test]
fn each_stop_of_the_walk_is_a_function_of_its_file() {
    let stops = stops();
    assert!((8..=12).contains(&stops.len()), "{stops:?}");
    for (file, function) in stops {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(&file)).unwrap_or_default();
        assert!(
            text.contains(&format!("fn {function}(")) || text.contains(&format!("fn {function}<")),
            "{file}: {function}"
        );
    }
}
