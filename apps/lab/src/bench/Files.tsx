// What can be taken along: the link, the checkpoint, the metrics, figures. And what can be brought: a checkpoint.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Lab } from '../lab/createLab.ts';
import { useLab } from '../lab/LabContext.ts';
import type { BenchRun } from '../protocol.ts';
import { titleOf } from '../viewText.ts';
import type { FigureName } from './figureFiles.ts';
import { figures } from './figures.ts';

function save(name: string, content: BlobPart, type: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** A file name for what is of a run: varied-seed-1, or what a loaded file was called. */
const baseName = (of: BenchRun): string =>
  titleOf(of)
    .replace(/\.safetensors$/, '')
    .replace(', seed ', '-seed-')
    .replace(/[^\w.-]+/g, '-');

async function saveCheckpoint({ ask }: Lab): Promise<void> {
  const { bytes, step: at, run: of } = await ask('checkpoint', {});
  const name = of.file ? baseName(of) : `${baseName(of)}-step-${String(at).padStart(6, '0')}`;
  save(`${name}.safetensors`, bytes, 'application/octet-stream');
}

async function saveMetrics({ ask }: Lab): Promise<void> {
  const { lines, run: of } = await ask('metrics', {});
  save(`${baseName(of)}-metrics.jsonl`, lines, 'application/jsonl');
}

async function saveFigure(lab: Lab, name: FigureName, format: 'svg' | 'png'): Promise<void> {
  const { figure, toPng } = await figures();
  const { svg, run: of } = figure(lab, name);
  if (format === 'svg') save(`${baseName(of)}-${name}.svg`, svg, 'image/svg+xml');
  else save(`${baseName(of)}-${name}.png`, await toPng(svg), 'image/png');
}

export function Files(): JSX.Element {
  const lab = useLab();
  const { address, isLoaded, loadFile, noLink, notify, report, run, step } = lab;
  const attempt = (work: (lab: Lab) => Promise<void>) => (): void => {
    work(lab).catch(report);
  };
  const [name, choose] = useState<FigureName>('patterns');
  const copy = async (): Promise<void> => {
    const link = address();
    try {
      await navigator.clipboard.writeText(link);
      notify({
        tone: 'plain',
        text: 'The link is on the clipboard. It opens this very picture: preset, knobs, seed, step and what is broken.',
      });
    } catch {
      // Without a secure connection, or where the reader forbids it, a page may not write to the clipboard.
      notify({ tone: 'plain', text: `This browser lets the page copy nothing; take the link from here: ${link}` });
    }
  };
  const none = run.value === null;
  return (
    <section class="panel files" aria-labelledby="files-title">
      <h3 id="files-title">Take it along</h3>
      <p class="row">
        <button
          type="button"
          onClick={attempt(copy)}
          disabled={none || noLink.value !== null}
          title={noLink.value === null ? '' : `No link leads here: ${noLink.value}`}
          data-testid="copy-link"
        >
          Copy link
        </button>
        <button type="button" onClick={attempt(saveCheckpoint)} disabled={none} data-testid="save-checkpoint">
          Checkpoint <span class="quiet">.safetensors</span>
        </button>
        <button
          type="button"
          onClick={attempt(saveMetrics)}
          disabled={none || isLoaded.value || step.value === 0}
          data-testid="save-metrics"
        >
          Metrics <span class="quiet">.jsonl</span>
        </button>
      </p>
      <p class="row">
        <label>
          <span>figure</span>
          <select value={name} onChange={(e) => choose(e.currentTarget.value as FigureName)} data-testid="figure">
            <option value="patterns">attention patterns</option>
            <option value="scores">scores</option>
            <option value="loss">loss curves</option>
            <option value="map">map of the audit</option>
          </select>
        </label>
        <button
          type="button"
          disabled={none}
          onClick={attempt(() => saveFigure(lab, name, 'svg'))}
          data-testid="save-svg"
        >
          SVG
        </button>
        <button
          type="button"
          disabled={none}
          onClick={attempt(() => saveFigure(lab, name, 'png'))}
          data-testid="save-png"
        >
          PNG
        </button>
        <label class="file">
          <span>
            look at a model: .safetensors, with its config.json and tokenizer.json where it has them, or .gguf (or drop
            them anywhere)
          </span>
          <input
            type="file"
            accept=".safetensors,.gguf,.json"
            multiple
            data-testid="file"
            onChange={(e) => {
              const files = [...(e.currentTarget.files ?? [])];
              if (files.length > 0) void loadFile(files);
              e.currentTarget.value = '';
            }}
          />
        </label>
      </p>
    </section>
  );
}
