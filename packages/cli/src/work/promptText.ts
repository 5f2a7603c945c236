// What a terminal shows of a text that was read.
import { shortened } from '@induction-lab/core/internal/printable';
import { headsSentence, NOTHING_TWICE, type ReadText, withoutSentence, writersOf } from '../report/readText.ts';
import { PROMPT_TOKENS, PROMPT_WRITERS } from '../terminal/headings.ts';
import { explainedTable, percent, plainNumber, signedNumber, wrapped } from '../terminal/textTable.ts';

/** Expected tokens of a row, and writers of the table. */
const LIKELY = 3;
/** Characters of a token's label. */
const LONGEST = 16;
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

/** A row a token; as many of the expected ones as there is room for. */
function tokensText(read: ReadText, columns: number): string[] {
  const { positions, labels, without } = read;
  const rows = (likely: number): string[][] =>
    positions.map(({ position, token, loss, lossWithout, next }) => [
      String(position),
      shortened(labels.get(token)!, LONGEST),
      plainNumber(loss),
      ...(without ? [plainNumber(lossWithout)] : []),
      next
        .slice(0, likely)
        .map((one) => `${shortened(labels.get(one.token)!, LONGEST)} ${percent(one.probability)}`)
        .join('  '),
    ]);
  const table = (likely: number): string[] =>
    explainedTable(PROMPT_TOKENS(without !== null), rows(likely), { columns, left: [1, without ? 4 : 3] });
  // A table that is too wide goes on below; one expected token always fits.
  const single = positions.length + 1;
  const fitting = [LIKELY, 2].find((likely) => table(likely).indexOf('') === single);
  return table(fitting ?? 1);
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
