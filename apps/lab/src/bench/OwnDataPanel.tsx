// Training on what the reader brings: sequences of numbers or a text, pasted or from a file.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { aboutData, readOwnData } from '../lab/brought.ts';
import { useLab } from '../lab/LabContext.ts';
import { Action } from './Action.tsx';

const PASTED = 'what you pasted';

export function OwnDataPanel(): JSX.Element {
  const { setting, start } = useLab();
  const [text, setText] = useState('');
  const [name, setName] = useState(PASTED);
  const [complaint, setComplaint] = useState<string | null>(null);
  const { data } = setting.value;
  const train = (): void => {
    try {
      const read = readOwnData(text, name);
      setComplaint(null);
      void start({ ...setting.value, data: read });
    } catch (error) {
      setComplaint((error as Error).message);
    }
  };
  return (
    <fieldset class="own-data">
      <legend>Your own data</legend>
      <p class="quiet" id="own-data-says">
        A line of whole numbers is a sequence of tokens; anything else is a text, whose words become tokens in windows
        of 50. It stays in this page, and a link cannot bring it along. It takes the place of periods, distinct tokens
        and start token above.
      </p>
      <textarea
        rows={4}
        value={text}
        aria-label="Sequences or text to train on"
        aria-describedby="own-data-says"
        placeholder={'3 1 4 1 5 9 2 6 3 1 4 1 5\nor: the cat sat on the mat, and the dog sat on the cat'}
        data-testid="own-data"
        onInput={(e) => {
          setText(e.currentTarget.value);
          setName(PASTED);
        }}
      />
      <p class="row">
        <Action idle={text.trim() === ''} onPress={train} data-testid="train-on-data">
          Start a run on it
        </Action>
        <label class="file">
          <span>or a file (.txt, .jsonl, .csv)</span>
          <input
            type="file"
            accept=".txt,.jsonl,.csv,.md"
            data-testid="own-data-file"
            onChange={(e) => {
              const file = e.currentTarget.files?.[0];
              e.currentTarget.value = '';
              void file?.text().then((read) => {
                setText(read);
                setName(file.name);
              });
            }}
          />
        </label>
        {data ? (
          <button
            type="button"
            data-testid="leave-data"
            onClick={() => {
              const { data: _, ...rest } = setting.value;
              void start(rest);
            }}
          >
            Back to the preset’s data
          </button>
        ) : null}
      </p>
      {complaint ? (
        <p class="complaint" role="alert">
          {complaint}
        </p>
      ) : null}
      {data ? <p data-testid="own-data-about">{aboutData(data)}</p> : null}
    </fieldset>
  );
}
