// A shard's gradients: of every weight, and behind them of the tables that stand for the first layer's products.
import type { Arena, Layout, Tensor } from '../../engine/tensor.ts';
import type { ModelConfig } from '../../model/config.ts';
import { Parameters } from '../../model/parameters.ts';

export class ShardGradients extends Parameters {
  readonly tables: readonly Tensor[];
  /** Where the tables' gradients start behind `address`, and how long they are: floats. */
  readonly tablesFrom: number;
  readonly tablesLength: number;

  constructor(config: ModelConfig, arena: Arena, tables: readonly Layout[]) {
    super(config, arena);
    const start = arena.used;
    this.tables = tables.map((layout) => arena.tensor('gradient of a table', layout));
    this.tablesFrom = (start - this.address) / arena.floatBytes;
    this.tablesLength = (arena.used - start) / arena.floatBytes;
  }
}
