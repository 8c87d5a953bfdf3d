// Wiki markup: Atlassian's own reader against the product's writer, and against the simulator's reader.
//
// Two documents are the same if they have the same blocks with the same characters, and each character looks the same.
// Spaces are left out: wiki markup keeps few of them, and Jira shows fewer.

// What Lockstep puts between a backslash and what it would escape.
const GAP = /\u200b/g;

// No backslash helps against these: they are left as they are, and read as words.
const PLAIN_FACES = { ':smiley:': ':D', ':stuck_out_tongue:': ':P' };

// A document as a list of lines, each of which says what a block is or holds.
function outline(document) {
  const lines = [];
  for (const node of document.content ?? []) block(node, '', lines);
  return lines;
}

function block(node, around, lines) {
  switch (node.type) {
    case 'paragraph':
    case 'caption':
      return words(node, around + 'p', lines);
    case 'heading':
      return words(node, `${around}h${node.attrs.level}`, lines);
    case 'codeBlock':
      return lines.push(`${around}code: ${(node.content ?? []).map((it) => it.text).join('').replace(/\s/g, '')}`);
    case 'rule':
      return lines.push(`${around}rule`);
    default:
      lines.push(`${around}${node.type}${node.attrs?.panelType ? ` ${node.attrs.panelType}` : ''}`);
      for (const child of node.content ?? []) block(child, around + '  ', lines);
  }
}

// Breaks are spaces too; a paragraph without a word is not seen.
function words(node, name, lines) {
  const said = (node.content ?? []).map(inline).join('').replace(/\s|\u00a0/g, '');
  if (!said) return;
  const last = lines[lines.length - 1];
  // Two paragraphs are seen as lines of one: Atlassian's reader parts a paragraph behind a list.
  if (name.endsWith('p') && last?.startsWith(`${name}: `)) lines[lines.length - 1] = joined(last + said);
  else lines.push(`${name}: ${joined(said)}`);
}

function inline(node) {
  switch (node.type) {
    case 'text': {
      const marks = (node.marks ?? []).map(mark).filter(Boolean).sort().join(',');
      const text = node.text.replace(GAP, '');
      return marks ? [...text].map((c) => (/\s/.test(c) ? '' : `<${marks}>${c}</${marks}>`)).join('') : text;
    }
    case 'hardBreak':
      return ' ';
    case 'emoji':
      return PLAIN_FACES[node.attrs.shortName] ?? `{emoji ${node.attrs.shortName}}`;
    case 'mention':
      return `{mention ${node.attrs.id}}`;
    default:
      return `{${node.type}}`;
  }
}

function mark(mark) {
  switch (mark.type) {
    case 'link':
      return `link=${decoded(mark.attrs.href)}`;
    case 'textColor':
      return `color=${mark.attrs.color.toLowerCase()}`;
    case 'subsup':
      return mark.attrs.type;
    default:
      return mark.type;
  }
}

function decoded(href) {
  try {
    return decodeURI(href);
  } catch {
    return href;
  }
}

function joined(said) {
  return said.replace(/<\/([^>]*)><\1>/g, '');
}

module.exports = { outline };
