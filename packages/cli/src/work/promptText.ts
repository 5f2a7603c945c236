// What a terminal shows of a text that was read.
import { headsSentence, NOTHING_TWICE, type ReadText, withoutSentence, writersOf } from '../report/readText.ts';
import { PROMPT_TOKENS, PROMPT_WRITERS } from '../terminal/headings.ts';
import { explainedTable, percent, plainNumber, signedNumber, wrapped } from '../terminal/textTable.ts';

/** Likely tokens of a row, and writers of the table. */
const LIKELY = 3;
const WRITERS = 10;

export function promptText(read: ReadText, columns: number): string[] {
  const { what, rows } = writersOf(read, WRITERS);
  const without = withoutSentence(read);
  return [
    ...tokensText(read, columns),
    '',
    ...wrapped(headsSentence(read), columns),
    '',
    ...(read.copies.length === 0 ? wrapped(NOTHING_TWICE, columns) : copiesText(read, columns)),
    '',
    ...wrapped(`${what}:`, columns),
    ...explainedTable(
      PROMPT_WRITERS,
      rows.map(({ part, logit }) => [part, signedNumber(logit)]),
      { columns },
    ),
    ...(without === null ? [] : ['', ...wrapped(without, columns)]),
  ];
}

function tokensText({ positions, labels, without }: ReadText, columns: number): string[] {
  const rows = positions.map(({ position, token, loss, lossWithout, next }) => [
    String(position),
    labels.get(token)!,
    plainNumber(loss),
    ...(without ? [plainNumber(lossWithout)] : []),
    next
      .slice(0, LIKELY)
      .map((one) => `${labels.get(one.token)} ${percent(one.probability)}`)
      .join('  '),
  ]);
  return explainedTable(PROMPT_TOKENS(without !== null), rows, { columns, left: [1, rows[0]!.length - 1] });
}

/** Which earlier token each head looks at. */
function copiesText({ copies, positions, labels, heads }: ReadText, columns: number): string[] {
  const at = (position: number): string => `${position} ${labels.get(positions[position]!.token)}`;
  const goesOn = { true: () => ', and comes again', false: (q: number) => `; now comes ${at(q + 1)}` } as const;
  return copies.flatMap(({ query, after, copied, comesAgain }, i) => {
    const then = comesAgain === null ? `: copying would say ${labels.get(copied)}` : goesOn[`${comesAgain}`](query);
    const looks = heads.map(
      ({ label, looks }) => `${label} at ${at(looks[i]!.key)} (${plainNumber(looks[i]!.weight)})`,
    );
    return [
      ...wrapped(`${at(query)} came before; after it came ${after.map(at).join(' and ')}${then}.`, columns),
      ...wrapped(`  looks: ${looks.join(', ')}`, columns),
    ];
  });
}
