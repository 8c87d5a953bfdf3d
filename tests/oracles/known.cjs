// Known differences from Atlassian's packages, each with its reason. One that is not seen any more fails the check.

// Whether a node for which this holds is anywhere in a document.
function any(node, holds) {
  if (!node || typeof node !== 'object') return false;
  return holds(node) || (Array.isArray(node.content) && node.content.some((child) => any(child, holds)));
}

const has = (holds) => (it) => any(it.document, holds);
const kind = (...kinds) => (node) => kinds.includes(node.type);
const attrs = (node) => node.attrs ?? {};
const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
const isAddress = (value) => value === undefined || /^https?:\/\//.test(value);

module.exports = [
  {
    comparison: 'schema: simulator',
    what: 'a picture within a synced block',
    why: 'there the schema takes any content of a mediaSingle, of a layout any number of columns, and any mark; elsewhere it does not',
    fits: has(kind('bodiedSyncBlock')),
  },
  {
    comparison: 'schema: simulator',
    what: 'the third part of a task with blocks',
    why: 'the schema lists two parts and says nothing of further ones, so that these may be anything',
    fits: has((node) => node.type === 'blockTaskItem' && (node.content ?? []).length > 2),
  },
  {
    comparison: 'validator: simulator',
    what: 'an empty list of marks',
    why: 'the schema takes it; the validator refuses it unless a flag of Atlassian\'s is on',
    fits: has((node) => Array.isArray(node.marks) && node.marks.length === 0),
  },
  {
    comparison: 'validator: simulator',
    what: 'small words in a task with blocks',
    why: 'the schema takes the mark there; the validator does not know it yet',
    fits: has((node) => node.type === 'blockTaskItem'),
  },
  {
    comparison: 'validator: simulator',
    what: 'a picture or layout within a synced block',
    why: 'as in the schema',
    fits: has(kind('bodiedSyncBlock')),
  },
  {
    comparison: 'validator: simulator',
    what: 'parameters and data that are no objects, and addresses that lead nowhere',
    why: 'the schema takes any value; the validator is stricter than what Jira stores',
    fits: has(
      (node) =>
        ['parameters', 'data'].some((name) => name in attrs(node) && !isObject(attrs(node)[name])) ||
        !isAddress(attrs(node).url),
    ),
  },
  {
    comparison: 'validator: simulator',
    what: 'an attribute that is null',
    why: 'the schema wants it left out; the validator does not mind in some places',
    fits: has((node) => Object.values(attrs(node)).includes(null)),
  },
  {
    comparison: 'wiki markup: product writes',
    what: 'a colour right behind a brace that was escaped',
    why: "Atlassian's JavaScript does not look for a macro behind a brace, be it escaped or not; Data Center's renderer does",
    fits: (it) => it.wiki.includes('\\{{color'),
  },
  {
    comparison: 'wiki markup: simulator reads',
    what: 'a colour right behind a brace that was escaped',
    why: 'as when the product writes it',
    fits: (it) => it.wiki.includes('\\{{color'),
  },
];
