// Two runs side by side: the present one is set aside, another one trains.
import type { JSX } from 'preact';
import { useLab } from '../lab/LabContext.ts';
import { type PresetName, presetNames } from '../setting.ts';
import { focusOn } from './Action.tsx';
import { BesideScores } from './BesideScores.tsx';

export function Comparison(): JSX.Element {
  const { compareWith, endComparison, isLoaded, other, run, runTitle, setting, step } = useLab();
  const beside = other.value;
  const { preset, seed } = setting.value;
  const none = run.value === null || isLoaded.value;
  const otherPresets: PresetName[] = presetNames.filter((name) => name !== preset);
  return (
    <section class="panel comparison" aria-labelledby="comparison-title">
      <h3 id="comparison-title">Two runs</h3>
      <BesideScores />
      {beside ? (
        <p class="row">
          <span>
            {beside.name}, seed {beside.setting.seed}, {beside.step} steps, stays beside {runTitle.value}. The timeline
            moves both.
          </span>
          <button
            type="button"
            onClick={() => {
              focusOn('#comparison-title');
              void endComparison();
            }}
          >
            End the comparison
          </button>
        </p>
      ) : (
        <p class="row">
          <span class="quiet">Keep this run ({step.value} steps) and train beside it</span>
          <button
            type="button"
            disabled={none}
            onClick={() => void compareWith({ ...setting.value, seed: seed + 1 })}
            data-testid="compare-seed"
            aria-label={`Train seed ${seed + 1} beside this run`}
          >
            seed {seed + 1}
          </button>
          {otherPresets.map((name) => (
            <button
              type="button"
              key={name}
              disabled={none}
              aria-label={`Train ${name} beside this run`}
              onClick={() => void compareWith({ preset: name, seed, turned: {} })}
            >
              {name}
            </button>
          ))}
        </p>
      )}
    </section>
  );
}
