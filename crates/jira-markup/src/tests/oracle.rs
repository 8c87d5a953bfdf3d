//! Texts for Atlassian's own reader of wiki markup, which `.ci/oracles` holds against ours.

use std::fs;
use std::path::PathBuf;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;

use super::super::loss::Losses;
use super::super::model::{Block, Inline, Marks, tidy};
use super::generators::{markup, solid, words};
use super::*;

const TEXTS: usize = 3000;

/// The folder that the oracles read, when they run this; else nothing is to be written.
fn folder() -> Option<PathBuf> {
    std::env::var_os("LOCKSTEP_ORACLES").map(PathBuf::from)
}

/// The same texts every time.
fn texts<T>(strategy: &impl Strategy<Value = T>) -> impl Iterator<Item = T> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config { failure_persistence: None, ..Config::default() }, rng);
    (0..TEXTS).map(move |_| strategy.new_tree(&mut runner).expect("these generators reject little").current())
}

fn write(name: &str, lines: impl Iterator<Item = Value>) {
    let Some(folder) = folder() else { return };
    let lines = lines.map(|line| line.to_string() + "\n").collect::<String>();
    fs::write(folder.join(name), lines).expect("the oracles made this folder");
}

/// Words with anything in them between runs of every look. Atlassian's reader takes the backslashes within marks away
/// once for every mark, so what looks special is made of letters here.
fn line() -> impl Strategy<Value = Vec<Inline>> {
    let special = || {
        let marks = prop_oneof![
            Just(Marks { strong: true, ..Marks::default() }),
            Just(Marks { em: true, strike: true, ..Marks::default() }),
            Just(Marks { code: true, ..Marks::default() }),
            Just(Marks { colour: Some("#ff0000".to_owned()), ..Marks::default() }),
            Just(Marks { link: Some("https://a.example/x_y".to_owned()), ..Marks::default() }),
        ];
        (marks, any::<bool>()).prop_map(|(marks, apart)| {
            let space = || Inline::plain(if apart { " " } else { "" });
            vec![space(), Inline::Text("looks so".to_owned(), marks), space()]
        })
    };
    let plain = || words().prop_map(|words| vec![Inline::plain(words)]);
    let parts = vec(prop_oneof![3 => plain(), 1 => special(), 1 => Just(vec![Inline::Break])], 1..5);
    (plain(), parts, plain()).prop_map(|(first, parts, last)| {
        tidy(first.into_iter().chain(parts.into_iter().flatten()).chain(last).collect())
    })
}

fn simple() -> impl Strategy<Value = Vec<Block>> {
    let heading =
        (1_u8..=6, solid()).prop_map(|(level, words)| Block::Heading { level, text: vec![Inline::plain(words)] });
    let item = || solid().prop_map(|words| vec![Block::Paragraph(vec![Inline::plain(words)])]);
    let list = (any::<bool>(), vec(item(), 1..4)).prop_map(|(ordered, items)| Block::List { ordered, items });
    let quote = line().prop_map(|line| Block::Quote(vec![Block::Paragraph(line)]));
    vec(prop_oneof![4 => line().prop_map(Block::Paragraph), 1 => heading, 1 => list, 1 => quote], 1..3)
}

#[test]
fn wiki_markup_that_is_written_is_handed_to_the_oracles() {
    let Some(_) = folder() else { return };
    write(
        "written.jsonl",
        texts(&simple()).map(|blocks| {
            let adf = written(&blocks, Format::Adf, &mut Losses::default());
            let wiki = written(&blocks, Format::Wiki, &mut Losses::default());
            json!({"adf": to_json(&adf), "wiki": to_json(&wiki)})
        }),
    );
}

#[test]
fn wiki_markup_that_is_read_is_handed_to_the_oracles() {
    let Some(_) = folder() else { return };
    write(
        "read.jsonl",
        texts(&markup()).map(|text| {
            let adf = cross(&wiki(&text), Format::Adf, &Context::default()).body;
            json!({"adf": to_json(&adf), "wiki": text})
        }),
    );
}
