// Trained models that lesson and gallery share: a file each, made by build/lessonStates.mjs.

/** Where each lies, by preset and step; all are of seed 1. */
export const STATES = {
  'hub 600': new URL('./lesson/states/hub-600.safetensors', import.meta.url),
  'literal 400': new URL('./lesson/states/literal-400.safetensors', import.meta.url),
  'literal-1-layer 400': new URL('./lesson/states/literal-1-layer-400.safetensors', import.meta.url),
  'picture 600': new URL('./lesson/states/picture-600.safetensors', import.meta.url),
  'two-heads 300': new URL('./lesson/states/two-heads-300.safetensors', import.meta.url),
  'varied 1000': new URL('./lesson/states/varied-1000.safetensors', import.meta.url),
  'varied 600': new URL('./lesson/states/varied-600.safetensors', import.meta.url),
} satisfies Readonly<Record<string, URL>>;

/** Where a state lies. */
export const stateUrl = (name: keyof typeof STATES): string => STATES[name].href;
