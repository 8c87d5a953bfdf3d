#!/usr/bin/env bash
# @atlaskit/adf-utils 20.9.78 (Atlassian's validator of documents) and @atlaskit/adf-schema 57.7.22 (their JSON schema),
# on Node 20.
#
# Guess: the two agree on a text node with an empty list of marks; and where the validator refuses a document, it throws
# an Error that says which node is wrong, as it does for an unknown node.
# Seen: the schema takes `"marks": []`, also on a paragraph. The validator refuses both, unless a feature flag of
# Atlassian's is on; and what it throws is `undefined`, so that a `catch (error)` that reads `error.message` fails itself.
# What follows from it: leave out marks that are empty, although the schema takes them; and catch without looking.
#
# Output seen:
#   unknown node: Error
#   no marks: schema true, validator true
#   empty marks on a text: schema true, validator threw undefined
#   empty marks on a paragraph: schema true, validator threw undefined
set -euo pipefail

FOLDER=$(mktemp -d)
readonly FOLDER
trap 'rm -rf "$FOLDER"' EXIT
cd "$FOLDER"

npm init --yes >/dev/null
npm install --ignore-scripts --no-audit --no-fund --silent @atlaskit/adf-utils@20.9.78 @atlaskit/adf-schema@57.7.22 \
    ajv@8.17.1 ajv-draft-04@1.0.0

cat >try.cjs <<'NODE'
const Ajv = require('ajv-draft-04');
const { validator } = require('@atlaskit/adf-utils/validator');
const schema = new Ajv({ strict: false }).compile(require('@atlaskit/adf-schema/json-schema/v1/full.json'));
const check = validator();
const of = (node) => ({ type: 'doc', version: 1, content: [node] });
const text = (more) => of({ type: 'paragraph', content: [{ type: 'text', text: 'x', ...more }] });

function judged(document) {
  try {
    return `validator ${check(document).valid}`;
  } catch (thrown) {
    return `validator threw ${thrown instanceof Error ? 'an Error' : thrown}`;
  }
}

try {
  check(of({ type: 'marquee' }));
} catch (thrown) {
  console.log('unknown node:', thrown.constructor.name);
}
for (const [name, document] of [
  ['no marks', text({})],
  ['empty marks on a text', text({ marks: [] })],
  ['empty marks on a paragraph', of({ type: 'paragraph', marks: [] })],
]) {
  console.log(`${name}: schema ${schema(document)}, ${judged(document)}`);
}
NODE

seen=$(node try.cjs 2>/dev/null)
expected='unknown node: Error
no marks: schema true, validator true
empty marks on a text: schema true, validator threw undefined
empty marks on a paragraph: schema true, validator threw undefined'
echo "$seen"
[ "$seen" = "$expected" ] || { echo 'this has changed' >&2; exit 1; }
