// What every page does with the library, however it was bundled: sixty steps, and an audit.
export async function trainAndAudit(library, preset, { engine, threads, startPool }) {
  const experiment = library.withSteps(library.parseExperiment(preset), 60);
  const { weights } = await library.train({ engine, experiment, seed: 1, threads, startPool });
  const model = new library.Model(engine, experiment.model);
  model.setWeights(weights);
  const { logits } = model.run([[3, 1, 4, 1, 5, 9, 2, 6]]);
  return {
    verdict: library.audit(model, { sequences: 4 }).verdict,
    logits: Array.from(logits.slice(-64)),
    backend: engine.backend,
    helpers: engine.helpers?.count ?? 0,
  };
}

/** Tells the page what came of it, or what went wrong. */
export async function tell(post, compute) {
  try {
    post(await compute());
  } catch (error) {
    post({ error: String(error?.stack ?? error) });
  }
}
