// What a run gives back besides the activations that it keeps. What nobody asks for is neither kept nor, where nothing else
// needs it, computed: of a large vocabulary the logits are most of what a run gives, and a fifth of its work.

/** `nothing` ends a pass with the last activation that is kept; `losses` are without the logits that they come from. */
export const RETURNS = ['logits', 'losses', 'nothing'] as const;

/** `logits` stands for logits and losses. */
export type Returns = (typeof RETURNS)[number];

/** How many numbers of each a run gives back. */
export const sizesOf = (
  returns: Returns,
  { sequences, length, dVocab }: { sequences: number; length: number; dVocab: number },
): { logits: number; losses: number } => ({
  logits: returns === 'logits' ? sequences * length * dVocab : 0,
  losses: returns === 'nothing' ? 0 : sequences * (length - 1),
});
