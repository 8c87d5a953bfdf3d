#!/usr/bin/env bash
# @atlaskit/editor-wikimarkup-transformer 12.2.2 (Atlassian's editor reading Jira's wiki markup), on Node 20.
#
# Guess: a backslash before a bar makes it a character like any other. The package's own list of characters that a
# backslash escapes has the bar, and of all places a table's cell is where one would need it.
# Seen: in a paragraph `a\|b` reads as `a|b`. In a cell the bar still ends the cell, and the backslash stays: `|a\|b|`
# is a row of two cells, `a\` and `b`. There is no error.
# What follows from it: words with a bar can't be put into a table in wiki markup by escaping them, if this package
# reads it; whoever writes tables must expect a row with a cell more than was written.
#
# Output seen:
#   paragraph: ["a|b"]
#   row: ["a\\","b"]
#   heading row: ["h\\","i"]
set -euo pipefail

FOLDER=$(mktemp -d)
readonly FOLDER
trap 'rm -rf "$FOLDER"' EXIT
cd "$FOLDER"

npm init --yes >/dev/null
npm install --ignore-scripts --no-audit --no-fund --silent @atlaskit/editor-wikimarkup-transformer@12.2.2

cat >try.cjs <<'NODE'
const { WikiMarkupTransformer } = require('@atlaskit/editor-wikimarkup-transformer');
const words = (node) => node.text ?? (node.content ?? []).map(words).join('');
const block = (markup) => new WikiMarkupTransformer().parse(markup).toJSON().content[0];
const cells = (markup) => block(markup).content[0].content.map(words);
console.log('paragraph:', JSON.stringify([words(block('a\\|b'))]));
console.log('row:', JSON.stringify(cells('|a\\|b|')));
console.log('heading row:', JSON.stringify(cells('||h\\|i||')));
NODE

seen=$(node try.cjs 2>/dev/null)
expected='paragraph: ["a|b"]
row: ["a\\","b"]
heading row: ["h\\","i"]'
echo "$seen"
[ "$seen" = "$expected" ] || { echo 'this has changed' >&2; exit 1; }
