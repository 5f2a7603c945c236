// What stands in the sidebar. scripts/test/documents.test.ts asks that every page of docs/ does.
interface Page {
  readonly text: string;
  readonly link: string;
}

export interface Section {
  readonly text: string;
  readonly collapsed?: boolean;
  readonly items: readonly Page[];
}

const page = (text: string, link: string): Page => ({ text, link });

/** The sections of the sidebar; `rooms` are those of the reference. */
export const pages = (rooms: readonly Page[]): Section[] => [
  {
    text: 'Begin',
    items: [
      page('Start: five minutes', '/'),
      page('Primer', '/primer'),
      page('The lesson', '/lesson'),
      page('The notebook', '/notebook'),
      page('Coming from TransformerLens', '/transformerlens'),
      page('Gallery', '/gallery'),
    ],
  },
  {
    text: 'Guides',
    items: [
      page('A task and data of your own', '/guides/own-task'),
      page('A model of your own', '/guides/own-model'),
      page('Prompts and a measure of your own', '/guides/own-prompts'),
      page('A detector of your own', '/guides/own-detector'),
      page('Activation patching on a language model', '/guides/patching'),
      page('In the browser', '/guides/browser'),
      page('Many sequences, little memory', '/guides/memory'),
      page('Sweeps on SLURM', '/guides/slurm'),
      page('From Python and back', '/python'),
      page('The lab on your own host', '/guides/host'),
    ],
  },
  {
    text: 'In depth',
    items: [
      page('Scores and verdict', '/scores'),
      page('Causal analyses', '/causes'),
      page('Data', '/data'),
      page('Prompts', '/prompts'),
      page('Models', '/models'),
      page('Language models', '/language'),
      page('Checkpoints', '/checkpoints'),
      page('Sweeps', '/sweeps'),
      page('Training on a GPU', '/gpu'),
    ],
  },
  {
    text: 'Reference',
    items: [
      page('Hook points', '/hook-points'),
      page('Commands', '/commands/'),
      page('JSON Schemas', '/schemas/'),
      page('The library by room', '/api/'),
    ],
  },
  ...(rooms.length > 0 ? [{ text: 'The library', items: rooms, collapsed: true }] : []),
  {
    text: 'Evidence',
    items: [
      page('Results over seeds', '/results'),
      page('How we know', '/how-we-know'),
      page('Architecture', '/architecture'),
      page('Dependencies', '/dependencies'),
    ],
  },
];
