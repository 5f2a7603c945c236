// The lab that a panel belongs to.
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Lab } from './createLab.ts';

const LabContext = createContext<Lab | null>(null);

/** Gives a lab to the panels in it. */
export const LabProvider = LabContext.Provider;

export function useLab(): Lab {
  const lab = useContext(LabContext);
  if (!lab) throw new Error('This panel stands outside of a lab.');
  return lab;
}
