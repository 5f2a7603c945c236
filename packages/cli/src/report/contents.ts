const SECTIONS: readonly (readonly [id: string, title: string])[] = [
  ['data', 'Data'],
  ['model', 'Model'],
  ['training', 'Training'],
  ['loss-curves', 'Loss curves'],
  ['finding-heads', 'Finding heads'],
  ['attention-patterns', 'Attention patterns'],
  ['twist', 'The twist'],
  ['proof', 'The proof'],
  ['dynamics', 'How it came about'],
  ['discussion', 'Discussion'],
  ['set-up', 'Set-up'],
  ['hyper-parameters', 'Hyper-parameters'],
];

/** What the report holds, as links to its sections. */
export const contents = (): string =>
  `<nav aria-label="contents"><ol>${SECTIONS.map(([id, title]) => `<li><a href="#${id}">${title}</a></li>`).join('')}</ol></nav>`;
