// Counter-based random numbers: any draw can be computed from its key and counter alone, in any order, on any thread.
// Threefry-2x32 with 20 rounds (Salmon et al. 2011), which needs only 32-bit additions, rotations and exclusive-ors.
import { quoted } from '../errors/printable.ts';
import { exactCosSin, exactLog } from './exactMath.ts';

const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;

/** Two 32-bit words, unsigned. */
export type Words = readonly [number, number];

/** Encrypts the counter under the key: two independent, uniform 32-bit words. */
export function threefry(key: Words, counter: Words): Words {
  const k0 = key[0] | 0;
  const k1 = key[1] | 0;
  const k2 = k0 ^ k1 ^ 0x1bd11bda;
  let x0 = (counter[0] + k0) | 0;
  let x1 = (counter[1] + k1) | 0;
  for (let group = 0; group < 5; group++) {
    const start = (group % 2) * 4;
    for (let i = start; i < start + 4; i++) {
      const r = ROTATIONS[i] as number;
      x0 = (x0 + x1) | 0;
      x1 = (x1 << r) | (x1 >>> (32 - r));
      x1 ^= x0;
    }
    const injection = group + 1;
    x0 = (x0 + (injection % 3 === 0 ? k0 : injection % 3 === 1 ? k1 : k2)) | 0;
    x1 = (x1 + ((injection + 1) % 3 === 0 ? k0 : (injection + 1) % 3 === 1 ? k1 : k2) + injection) | 0;
  }
  return [x0 >>> 0, x1 >>> 0];
}

/** The key of a longer name. The second counter word sets it apart from draws, whose second word is 0. */
function derive(key: Words, part: number): Words {
  if (!Number.isSafeInteger(part) || part < 0)
    throw new RangeError(`RandomStream: expected whole numbers from 0 to 2^53 - 1 as a name, got ${quoted(part)}.`);
  return threefry(key, [part >>> 0, Math.floor(part / 2 ** 32) + 1]);
}

/** A stream of draws named by whole numbers, such as (seed, purpose, step, sequence). Equal names give equal streams. */
export class RandomStream {
  private key: Words = [0x696e6475, 0];
  private counter = 0;
  private spare: number | null = null;

  /**
   * @param name The stream's name, and what tells it from others of that name.
   */
  constructor(...name: readonly number[]) {
    for (const part of name) this.key = derive(this.key, part);
  }

  /**
   * The stream whose name is this one's with one more part; what this stream has drawn does not matter.
   * @param part What tells the child from its siblings.
   */
  child(part: number): RandomStream {
    const child = new RandomStream();
    child.key = derive(this.key, part);
    return child;
  }

  /**
   * A uniform 32-bit word.
   * @returns A whole number from 0 to 2³² − 1.
   */
  word(): number {
    if (this.spare !== null) {
      const word = this.spare;
      this.spare = null;
      return word;
    }
    const [first, second] = threefry(this.key, [this.counter++, 0]);
    this.spare = second;
    return first;
  }

  /**
   * A whole number from 0 to n − 1; the bias is below n / 2^32. Throws a RangeError unless n is from 1 to 2^32.
   * @param n From 1 to 2³².
   * @returns A whole number from 0 to n − 1.
   */
  below(n: number): number {
    if (!(n >= 1 && n <= 4294967296 && Number.isInteger(n)))
      throw new RangeError(`RandomStream: below expects a whole number from 1 to 2^32, got ${quoted(n)}.`);
    return Math.floor((this.word() * n) / 4294967296);
  }

  /**
   * A number in (0, 1).
   * @returns A number from 0 to below 1.
   */
  uniform(): number {
    return (this.word() + 0.5) / 4294967296;
  }

  /**
   * A standard normal number (Box and Muller's transform in exact arithmetic; see exactMath.ts).
   * @returns A number of N(0, 1).
   */
  normal(): number {
    const radius = Math.sqrt(-2 * exactLog(this.uniform()));
    return radius * exactCosSin(this.uniform()).cos;
  }
}
