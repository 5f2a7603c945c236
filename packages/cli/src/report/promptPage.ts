// A text as a page: its tokens in a row, arcs to where each head looks, losses below. One file that a browser opens; heads are
// switched by check boxes, without a script.

import { percent, plainNumber } from '../terminal/textTable.ts';
import { VERSION } from '../version.ts';
import { arcStyle, arcs, HEAD_COLOURS } from './arcs.ts';
import { escapeHtml, paragraph, section, signed, table } from './html.ts';
import { headsSentence, NOTHING_TWICE, type ReadText, withoutSentence, writersOf } from './readText.ts';
import { style } from './style.ts';

/** Writers of the table. */
const WRITERS = 15;

/** The page of a text, read with the model of that name. */
export function promptPage(read: ReadText, model: string): string {
  const without = withoutSentence(read);
  const body = [
    paragraph(escapeHtml(headsSentence(read))),
    read.copies.length === 0 ? paragraph(escapeHtml(NOTHING_TWICE)) : switches(read),
    arcs(read),
    paragraph(legend(read)),
    ...(without === null ? [] : [`<div class="verdict"><p>${escapeHtml(without)}</p></div>`]),
    writersTable(read),
    tokensTable(read),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(`${read.text.slice(0, 60)}, read by ${model}`)}</title><style>${style}${arcStyle}</style></head>
<body><main class="read"><h1>${escapeHtml(read.text)}</h1><p class="quiet">read by ${escapeHtml(model)}</p>
${body.join('\n')}</main>
<footer>induction-lab ${VERSION}. All numbers were measured in one run of <code>induction-lab prompt</code>; its <code>--json</code> has them in full.</footer>
</body></html>
`;
}

/** A check box a head. */
const switches = ({ heads }: ReadText): string =>
  `<p class="switches" role="group" aria-label="heads that are shown">${heads
    .map(
      ({ label }, i) =>
        `<label class="h${i % HEAD_COLOURS}"><input type="checkbox" id="show${i}" checked> ${escapeHtml(label)}</label>`,
    )
    .join(' ')}</p>`;

function legend({ without, copies }: ReadText): string {
  const arcsSaid =
    copies.length === 0
      ? ''
      : 'An arc goes from a token that came before to the earlier token that the head looks at most, the wider the more attention it pays. ';
  const bars = without
    ? `The bars below are what each token cost, in nats; outlined, with ${escapeHtml(without.heads.join(', '))} off.`
    : 'The bars below are what each token cost, in nats.';
  return `<span class="quiet">${arcsSaid}${bars}</span>`;
}

function writersTable(read: ReadText): string {
  const { what, rows } = writersOf(read, WRITERS);
  const cells = rows.map(({ part, logit }) => [escapeHtml(part), signed(logit)]);
  const caption = 'Logits above the mean over the vocabulary, written directly into the residual stream.';
  return section(
    'writers',
    'Who writes it',
    paragraph(`${escapeHtml(what)}.`),
    table(['writer', 'logit'], cells, caption),
  );
}

function tokensTable({ positions, labels, without }: ReadText): string {
  const rows = positions.map(({ position, token, loss, lossWithout, next }) => [
    String(position),
    `<code>${escapeHtml(labels.get(token)!)}</code>`,
    plainNumber(loss),
    ...(without ? [plainNumber(lossWithout)] : []),
    next.map((one) => `<code>${escapeHtml(labels.get(one.token)!)}</code> ${percent(one.probability)}`).join(', '),
  ]);
  const header = ['position', 'token', 'loss', ...(without ? ['heads off'] : []), 'expected next'];
  const caption = '␣ is a space, ␊ the end of a line, ⟨E2⟩ a byte that is no whole character. Losses in nats.';
  return section('tokens', 'Token by token', table(header, rows, caption));
}
