// Compares what Lockstep's product and simulator made of texts and queries with what Atlassian's packages make of them:
// node check.cjs FOLDER, where FOLDER has the packages and what the tests named "oracle" wrote. See .ci/oracles.

const fs = require('fs');
const path = require('path');
const { createRequire } = require('module');
const { outline } = require('./wiki.cjs');
const known = require('./known.cjs');

const folder = path.resolve(process.argv[2]);
const atlassian = createRequire(path.join(folder, 'package.json'));
// One of the packages tells on every start that nobody set up its feature flags.
console.error = () => {};
console.warn = () => {};

function lines(name) {
  return fs.readFileSync(path.join(folder, name), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
}

// Each gives the cases in which the two sides differ, as objects with what is needed to see why.
const comparisons = {
  'schema: simulator': () => documents().filter((it) => it.valid !== it.schema),
  'schema: product': () => written().filter((it) => !schema()(it.adf)),
  'validator: simulator': () => documents().filter((it) => it.valid !== isLiked(it.document)),
  'validator: product': () => written().filter((it) => !isLiked(it.adf)),
  'wiki markup: product writes': () => lines('written.jsonl').filter(isReadOtherwise),
  'wiki markup: simulator reads': () => lines('simulated.jsonl').filter(isReadOtherwise),
  'queries: simulator': () => lines('queries.jsonl').filter(isParsedOtherwise),
  'queries: product': () => lines('asked.jsonl').filter((it) => parsed(it.query).errors.length > 0),
};

let compiled;
function schema() {
  const Ajv = atlassian('ajv-draft-04');
  compiled ??= new Ajv({ strict: false }).compile(atlassian('@atlaskit/adf-schema/json-schema/v1/full.json'));
  return compiled;
}

function documents() {
  return lines('documents.jsonl').map((it) => ({ ...it, schema: schema()(it.document) }));
}

// Documents that the product made of wiki markup, and of its own model.
function written() {
  return [...lines('read.jsonl'), ...lines('written.jsonl')];
}

// The validator throws at what it does not like.
let check;
function isLiked(document) {
  check ??= atlassian('@atlaskit/adf-utils/validator').validator();
  try {
    return check(document).valid;
  } catch {
    return false;
  }
}

let transformer;
function isReadOtherwise({ adf, wiki }) {
  const { WikiMarkupTransformer } = atlassian('@atlaskit/editor-wikimarkup-transformer');
  transformer ??= new WikiMarkupTransformer();
  return outline(transformer.parse(wiki).toJSON()).join('\n') !== outline(adf).join('\n');
}

function parsed(query) {
  const { JastBuilder } = atlassian('@atlaskit/jql-ast');
  return new JastBuilder().build(query);
}

// The parser sees only the form of a query. What Jira says of names, and the simulator with it, is no matter here.
const OF_FORM =
  /^Error in the JQL Query|does not support the (non-)?list value|only supports the values|searching for EMPTY values/;

function isParsedOtherwise({ query, told }) {
  const tree = parsed(query);
  const refused = told !== null && OF_FORM.test(told);
  return refused !== tree.errors.length > 0 || isValueReadOtherwise(tree, query, told);
}

// Of the simplest queries, what is in quotes is in the message that there is no such value.
function isValueReadOtherwise(tree, query, told) {
  const simple = /^project = ["']/.test(query) && /^The value '([^]*)' does not exist for the field 'project'\.$/.exec(told ?? '');
  return Boolean(simple) && tree.query?.where?.operand?.value !== simple[1];
}

function main() {
  let failed = false;
  for (const [name, compare] of Object.entries(comparisons)) {
    const cases = compare();
    const reasons = known.filter((it) => it.comparison === name);
    const unknown = cases.filter((it) => !reasons.some((reason) => reason.fits(it)));
    const stale = reasons.filter((reason) => !cases.some((it) => reason.fits(it)));
    console.log(`${name}: ${cases.length} differences, ${unknown.length} of them not known`);
    for (const it of unknown.slice(0, 5)) console.log(`  ${JSON.stringify(it).slice(0, 600)}`);
    for (const it of stale) console.log(`  no longer a difference: ${it.what}`);
    failed ||= unknown.length > 0 || stale.length > 0;
  }
  process.exitCode = failed ? 1 : 0;
}

main();
