// Numbers as the cells print them.

/** A loss in nats: two decimals, four where that would be 0.00 or 0.01. */
export const nats = (loss: number | null): string =>
  loss === null ? '–' : loss.toFixed(Math.abs(loss) < 0.015 ? 4 : 2);

/** A share of attention. */
export const share = (x: number): string => x.toFixed(2);

/** A difference, with its sign; never "-0.00". */
export const signed = (x: number): string => {
  const text = x.toFixed(2);
  return Number(text) === 0 ? '0.00' : x > 0 ? `+${text}` : text;
};

/** A whole number with commas. */
export const count = (n: number): string => n.toLocaleString('en');

/** An estimate with its 95 % interval. */
export const withInterval = ({ value, interval }: { value: number; interval: readonly [number, number] }): string =>
  `${signed(value)} [${signed(interval[0])}, ${signed(interval[1])}]`;
