// The audit and the proof of the model that is shown.
import type { Client } from './client.ts';
import type { Notices } from './notices.ts';
import type { LabState } from './state.ts';

export function createJudging(
  { audited, judging, languageAnswer, readsText }: LabState,
  { client, notices }: { client: Pick<Client, 'ask'>; notices: Notices },
) {
  /** Has the model that is shown audited, or the circuit of the audited one named and measured. */
  async function examine(question: 'audit' | 'prove'): Promise<void> {
    if (judging.value) return;
    judging.value = true;
    try {
      if (readsText.value) {
        languageAnswer.value = await client.ask('languageAudit', {});
        return;
      }
      const { marks, ...found } = await client.ask(question, {});
      audited.value = { ...found, marks: new Map(marks) };
    } catch (error) {
      notices.report(error);
    } finally {
      judging.value = false;
    }
  }

  return { judge: (): Promise<void> => examine('audit'), prove: (): Promise<void> => examine('prove') };
}
