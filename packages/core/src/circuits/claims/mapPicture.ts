// The map of an audit as a picture needs it: each place with its loss, and the attention of the head that follows most.
import type { MapCell } from '../map/mapRecord.ts';
import type { AuditRecord } from './auditRecord.ts';

/** A place of the map, drawn. */
export interface PicturedPlace extends Pick<MapCell, 'start' | 'distance' | 'queries' | 'solution'> {
  /** Nats, at the map's temperature. */
  readonly loss: number;
  /** Attention that follows the repeat, in the order of the picture's heads. */
  readonly attention: readonly number[];
}

/** The map of an audit as a picture needs it. */
export interface MapPicture {
  readonly places: readonly PicturedPlace[];
  /** Tokens of the longest sequence. */
  readonly length: number;
  /** Loss of the uniform guess, nats. */
  readonly lnVocab: number;
  /** The head that follows the repeat most, by label; none where no head does. */
  readonly heads: readonly string[];
}

/** The map of an audit, with the attention of the head that follows the repeat most over the places solved by content. */
export function mapPicture({ map, scores, followers, evidence }: AuditRecord): MapPicture {
  const solved = map.cells.filter(({ solution }) => solution === 'by content');
  const following = scores.heads
    .map(({ label }, head) => ({ label, head, sum: solved.reduce((sum, cell) => sum + cell.attention[head]!, 0) }))
    .filter(({ label }) => followers.includes(label))
    .sort((a, b) => b.sum - a.sum)
    .slice(0, 1);
  return {
    places: map.cells.map(({ start, distance, queries, solution, lossAtBestTemperature, attention }) => ({
      start,
      distance,
      queries,
      solution,
      loss: lossAtBestTemperature,
      attention: following.map(({ head }) => attention[head]!),
    })),
    length: map.length,
    lnVocab: evidence.lnVocab,
    heads: following.map(({ label }) => label),
  };
}
