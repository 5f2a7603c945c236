// A checkpoint of our own: TransformerLens's legacy names, and what a model lacks left out.
import type { ModelConfig } from '../../config.ts';
import { weightsOf } from '../../parameters.ts';
import { own, turned } from '../heldTensor.ts';
import { ownFields, toTransformerLensConfig } from '../transformerLensConfig.ts';
import type { Target } from './target.ts';

export const ourTarget = (config: ModelConfig): Target => ({
  called: 'a checkpoint',
  config: null,
  metadata: { format: 'pt', config: JSON.stringify(toTransformerLensConfig(config)), induction_lab: ownFields(config) },
  tensors: [
    ...[...weightsOf(config)].map(({ name }) => own(name)),
    ...(config.tied ? [turned('unembed.W_U', 'embed.W_E')] : []),
  ],
});
