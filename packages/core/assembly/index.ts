export { gemm, gemmTransposed, transpose } from './gemm';
export { activate, activateBackward } from './activations';
export { add, addColumnSums, gatherRows, scale, scatterAddRows } from './elementwise';
export { layerNorm, layerNormApply, layerNormBackward } from './layerNorm';
export { attentionMix, attentionMixBackward, attentionScores, attentionScoresBackward, causalSoftmax, causalSoftmaxBackward } from './attention';
export { rotary } from './rotary';
export { crossEntropy } from './crossEntropy';
export { adamw, sumShards } from './adamw';
export { centre, centreBackward, lookUp, lookUpBackward, moments, momentsBackward } from './tables';
