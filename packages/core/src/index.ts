// Public interface of the library, browser-safe. Node adds file and thread support in node.ts.
export * from './engine/engine.ts';
export * from './model/activationCache.ts';
export * from './model/config.ts';
export * from './model/hookPoints.ts';
export * from './model/interventions.ts';
export * from './model/model.ts';
