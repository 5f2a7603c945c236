// The audit and the proof of the model that is shown.
import { audited, judging } from '../state.ts';
import { client } from './hearing.ts';
import { tell } from './notices.ts';

/** Has the model that is shown audited, or the circuit of the audited one named and measured. */
async function examine(question: 'audit' | 'prove'): Promise<void> {
  if (judging.value) return;
  judging.value = true;
  try {
    const { marks, ...found } = await client.ask(question, {});
    audited.value = { ...found, marks: new Map(marks) };
  } catch (error) {
    tell(error);
  } finally {
    judging.value = false;
  }
}

export const judge = (): Promise<void> => examine('audit');
export const proveIt = (): Promise<void> => examine('prove');
