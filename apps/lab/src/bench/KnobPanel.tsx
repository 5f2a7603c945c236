// The knobs of an experiment, each with a sentence on what it changes. Core's schema has the last word.
import type { JSX, TargetedEvent } from 'preact';
import { useLab } from '../lab/LabContext.ts';
import { type BenchKnobs, knobsOf, presetKnobs, turn } from '../setting.ts';
import { OwnDataPanel } from './OwnDataPanel.tsx';

interface Field {
  readonly name: keyof BenchKnobs;
  readonly label: string;
  readonly says: string;
  readonly input:
    | { readonly min: number; readonly max: number; readonly step: number }
    | readonly (readonly [string, string])[]
    | 'switch';
}

const FIELDS: readonly Field[] = [
  {
    name: 'layers',
    label: 'layers',
    input: { min: 1, max: 4, step: 1 },
    says: 'With one layer no head can read what another wrote, so the circuit of two heads cannot exist.',
  },
  {
    name: 'heads',
    label: 'heads a layer',
    input: { min: 1, max: 12, step: 1 },
    says: 'More heads share the same job; each has 16 dimensions, so the model grows with them.',
  },
  {
    name: 'positions',
    label: 'positions',
    input: [
      ['standard', 'learned, added to the embedding'],
      ['shortformer', 'learned, read by Q and K only'],
      ['rotary', 'rotary'],
      ['sinusoidal', 'sinusoidal, fixed'],
      ['alibi', 'ALiBi: attention falls with the distance'],
      ['none', 'none'],
    ],
    says: 'How heads know where a token stands; what is added to the embedding can be copied along as content.',
  },
  {
    name: 'layerNorm',
    label: 'LayerNorm',
    input: 'switch',
    says: 'Steadies what each layer reads; without it the same learning rate may be too high.',
  },
  {
    name: 'mlp',
    label: 'MLP',
    input: 'switch',
    says: 'Works on each position by itself behind the attention: more can be computed, and what heads write is mixed on the way.',
  },
  {
    name: 'shortest',
    label: 'shortest period',
    input: { min: 2, max: 48, step: 1 },
    says: 'Equal to the longest, the distance back never changes, and a fixed distance solves the task.',
  },
  {
    name: 'longest',
    label: 'longest period',
    input: { min: 2, max: 48, step: 1 },
    says: 'A period is drawn for every sequence from this range; the wider, the less a fixed distance helps.',
  },
  {
    name: 'distinct',
    label: 'distinct tokens',
    input: 'switch',
    says: 'No token comes twice within a block, so a match is never ambiguous.',
  },
  {
    name: 'bos',
    label: 'start token',
    input: 'switch',
    says: 'One more token, in front of every sequence and nowhere else: a place for heads to rest when nothing matches.',
  },
  {
    name: 'rate',
    label: 'learning rate',
    input: { min: 0.0001, max: 0.1, step: 0.0001 },
    says: 'How far AdamW goes at each step: too low is slow, too high never settles.',
  },
  {
    name: 'batch',
    label: 'batch',
    input: { min: 8, max: 256, step: 8 },
    says: 'Sequences per step: more give a steadier gradient and slower steps.',
  },
  {
    name: 'competition',
    label: 'competition',
    input: { min: 0, max: 30, step: 0.1 },
    says: 'How strongly the heads of a layer push each other to 0: a pressure that we put on the model, not part of the task.',
  },
  {
    name: 'competitionSteps',
    label: 'competition ends at step',
    input: { min: 0, max: 100_000, step: 1 },
    says: 'The last step at which heads compete; 0 for all steps.',
  },
];

function Input({ field, value, id }: { field: Field; value: BenchKnobs[keyof BenchKnobs]; id: string }): JSX.Element {
  const { setting, start } = useLab();
  const apply = (name: keyof BenchKnobs, value: BenchKnobs[keyof BenchKnobs]): void =>
    void start(turn(setting.value, { [name]: value }));
  const { name, input } = field;
  const described = { id, 'aria-describedby': `${id}-says` };
  if (input === 'switch')
    return (
      <input
        type="checkbox"
        {...described}
        checked={value as boolean}
        onChange={(e) => apply(name, e.currentTarget.checked)}
      />
    );
  if (Array.isArray(input))
    return (
      <select {...described} value={value as string} onChange={(e) => apply(name, e.currentTarget.value)}>
        {(input as readonly (readonly [string, string])[]).map(([option, text]) => (
          <option key={option} value={option}>
            {text}
          </option>
        ))}
      </select>
    );
  const range = input as { min: number; max: number; step: number };
  const change = (event: TargetedEvent<HTMLInputElement>): void => {
    const target = event.currentTarget;
    if (target.value !== '' && target.reportValidity()) apply(name, Number(target.value));
  };
  return <input type="number" required {...described} {...range} value={value as number} onChange={change} />;
}

export function KnobPanel(): JSX.Element {
  const { complaint, run, setting } = useLab();
  const knobs = knobsOf(setting.value);
  const preset = presetKnobs(setting.value.preset);
  void complaint.value; // after a refusal the inputs show again what is on the bench
  return (
    <details class="knobs">
      <summary>
        Change the experiment
        {run.value ? <span class="quiet">{run.value.parameters.toLocaleString('en')} parameters</span> : null}
      </summary>
      <p class="quiet">Turning a knob starts a new run with the same seed.</p>
      <Complaint />
      <div class="knob-grid">
        {FIELDS.map((field) => {
          const id = `knob-${field.name}`;
          return (
            <div class="knob" key={field.name} data-turned={knobs[field.name] !== preset[field.name]}>
              <label for={id}>{field.label}</label>
              <Input field={field} value={knobs[field.name]} id={id} />
              <p id={`${id}-says`}>{field.says}</p>
            </div>
          );
        })}
      </div>
      <OwnDataPanel />
    </details>
  );
}

/** What core calls the knobs. */
const FIELD_NAMES: readonly (readonly [string, string])[] = [
  ['task.periods', 'the range of periods'],
  ['task.period', 'the period'],
  ['task.distinct', 'distinct tokens'],
  ['training.learningRate', 'the learning rate'],
  ['training.batch', 'the batch'],
  ['training.competitionSteps', 'the steps of the competition'],
  ['training.competition', 'the competition'],
  ['task.bos', 'the start token'],
  ['model.dMlp', 'the MLP'],
  ['model.nLayers', 'layers'],
  ['model.nHeads', 'heads a layer'],
];

/** Why a setting was refused. */
function Complaint(): JSX.Element {
  const { complaint } = useLab();
  const said = FIELD_NAMES.reduce((text, [field, name]) => text.replaceAll(field, name), complaint.value ?? '');
  return (
    <p class="complaint" role="alert">
      {said === '' ? '' : `Not possible: ${said}`}
    </p>
  );
}
