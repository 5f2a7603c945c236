// Ready models to open and audit blind. Each is a file that is fetched when it is opened; what it is stands here, and is
// shown after the reader has guessed. Three are states of the lesson; build/galleryModels.mjs makes the other files.
import { stateUrl } from '../stateFiles.ts';
import circuit from './circuit.safetensors?url';
import thirdParty from './thirdParty.safetensors?url';

/** What the audit can say of a model; a test compares with its own words. */
export const ANSWERS = ['induction', 'positional shortcut', 'mixed', 'other circuit', 'not learned'] as const;

export interface GalleryModel {
  /** What it is called while it is unknown. */
  readonly name: string;
  readonly url: string;
  /** What its audit says. */
  readonly verdict: (typeof ANSWERS)[number];
  /** What it is, where it comes from, and what there is to see. */
  readonly truth: string;
}

export const GALLERY: readonly GalleryModel[] = [
  {
    name: 'Model A',
    url: stateUrl('literal 400'),
    verdict: 'positional shortcut',
    truth:
      'Preset literal, seed 1, after 400 steps: every sequence repeats after 25 tokens, so looking 24 back is enough. Move the period, and it fails.',
  },
  {
    name: 'Model B',
    url: stateUrl('picture 600'),
    verdict: 'induction',
    truth:
      'Preset picture, seed 1, after 600 steps: one previous-token head, one induction head, and six that do nothing, since heads had to compete.',
  },
  {
    name: 'Model C',
    url: stateUrl('hub 600'),
    verdict: 'other circuit',
    truth:
      'A pair hub (preset hub, seed 1): its heads gather pairs of tokens and look one place further than an induction head. It copies at every period, with no previous-token and no induction head.',
  },
  {
    name: 'Model D',
    url: thirdParty,
    verdict: 'positional shortcut',
    truth:
      'The setting of TransformerLens’s demo of telemetry during training, seed 1, 500 steps, its numbers rounded to 16 bits: two layers with MLPs, 32 positions. The demo calls the drop of its loss the formation of induction heads; its sequences always repeat after 16 tokens.',
  },
  {
    name: 'Model E',
    url: circuit,
    verdict: 'induction',
    truth:
      'Not trained at all: an induction circuit whose weights were written down by hand. Two of its four heads are zeros.',
  },
];
