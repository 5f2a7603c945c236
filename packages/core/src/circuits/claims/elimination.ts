// Which members of a set are needed: all that can be spared together is taken out.

/** Sets are eliminated in passes until one changes nothing. */
const PASSES = 5;

/**
 * What is left of a set when everything that can be spared together is taken out: members go one by one, the least
 * harmful first, as long as the loss without all of those gone stays at most `limit`. Redundant members, each harmless
 * alone, are so kept in part. `lossWithout(gone)` is the mean loss without some members.
 */
export function eliminate<T>(members: readonly T[], limit: number, lossWithout: (gone: readonly T[]) => number): T[] {
  const cost = new Map(members.map((member) => [member, lossWithout([member])]));
  let left = [...members].sort((a, b) => cost.get(a)! - cost.get(b)!);
  const gone: T[] = [];
  for (let pass = 0; pass < PASSES; pass++) {
    const before = left.length;
    for (const member of [...left])
      if (lossWithout([...gone, member]) <= limit) {
        gone.push(member);
        left = left.filter((m) => m !== member);
      }
    if (left.length === before) break;
  }
  return members.filter((member) => left.includes(member));
}
