// Where the model that was audited finds the earlier copy: by where the first copy starts and how far back it lies.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useLab } from '../lab/LabContext.ts';
import type { MapPicture } from '../protocol.ts';
import { figures } from './figures.ts';

/** The chart as it is saved and reported, too; its words are the chart's own. */
export function AuditMap({ map, title }: { map: MapPicture; title: string }): JSX.Element | null {
  const { report } = useLab();
  const [svg, draw] = useState('');
  useEffect(() => {
    let current = true;
    figures().then(({ drawMap }) => current && draw(drawMap(map, { title, theme: 'auto', heading: false })), report);
    return () => {
      current = false;
    };
  }, [map, title]);
  if (svg === '') return null;
  return (
    <figure class="map">
      {/* Drawn by our own chart, which escapes what it is given. */}
      <div dangerouslySetInnerHTML={{ __html: svg }} />
      <figcaption class="quiet">
        where it finds the earlier copy: a shortcut is one line, induction an area, a limited circuit a patch
      </figcaption>
    </figure>
  );
}
