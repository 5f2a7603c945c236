// A head by its name and its hue: one look wherever a head is named.
import type { JSX } from 'preact';
import { useLab } from '../lab/LabContext.ts';
import { headText } from '../link.ts';
import type { HeadIndex } from '../protocol.ts';
import { headHue } from './headHue.ts';

/** A dot in the head's hue, and its name: L1H3. */
export function HeadName({ head }: { head: HeadIndex }): JSX.Element {
  const { view } = useLab();
  const index = head.layer * (view.value?.nHeads ?? 0) + head.head;
  return (
    <span class="head-name" style={{ '--hue': headHue(index) }}>
      {headText(head)}
    </span>
  );
}
