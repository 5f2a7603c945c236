// The library, browser-safe: every room but those that are loaded on request (text, gpu). Node and browsers add where kernels and
// threads come from, in node.ts and browser.ts.

export * from './circuits/index.ts';
export * from './engine/index.ts';
export * from './errors/index.ts';
export * from './examples/index.ts';
export * from './model/formats/index.ts';
export * from './model/index.ts';
export * from './random/index.ts';
export * from './tasks/index.ts';
export * from './training/index.ts';
