// A module hook for tfjs.mjs: tfjs-core's gradients ship only as modules whose imports lack ".js", which bundlers add.
export async function resolve(specifier, context, next) {
  const lacksExtension = specifier.startsWith('.') && !specifier.endsWith('.js');
  if (lacksExtension && context.parentURL?.includes('@tensorflow')) return next(`${specifier}.js`, context);
  return next(specifier, context);
}
