// The example of docs/data.md: key–value pairs, and in the end a key whose value is to be named.
export const segments = [{ name: 'answer', title: 'answer', predictable: true }, 'prompt'];

export function sequence({ random, length, dVocab }) {
  const half = Math.floor(dVocab / 2); // keys below, values from here on
  const pairs = Math.floor((length - 2) / 2);
  const keys = Array.from({ length: pairs }, (_, i) => (i * 7 + random.below(half)) % half);
  const values = keys.map(() => half + random.below(half));
  const asked = random.below(pairs);
  const tokens = [...keys.flatMap((key, i) => [key, values[i]]), keys[asked], values[asked]];
  const last = tokens.length - 2; // the query at the key that is asked for
  return { tokens, segments: { prompt: [0, last], answer: [last, last + 1] }, predictable: [last, last + 1] };
}
