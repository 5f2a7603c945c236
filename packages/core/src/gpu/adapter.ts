// Which GPU: a hardware adapter, never a software one unless it is asked for by name.
import { printable, shortened } from '../errors/printable.ts';
import type { GpuAdapter, GpuAdapterInfo, GpuDevice } from './webgpuTypes.ts';

/** There is no GPU that can be used, or what it computes is not right; the message says why. */
export class GpuError extends Error {}

/** A GPU as records name it. */
export interface GpuInfo {
  /** The adapter, as it names itself. */
  readonly adapter: string;
  /** What is known of its driver, often nothing. */
  readonly driver: string;
}

/** A GPU that was found. */
export interface Gpu {
  readonly info: GpuInfo;
  /**
   * Opens it, also once more after it was lost. Rejects with a GpuError.
   * @returns A GPU that is ready.
   */
  open(): Promise<GpuDevice>;
}

/** Names that software adapters go by. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b|software|\bcpu\b/i;

const SOFTWARE_HINT = 'a software adapter computes on the CPU and is only used by name';

/** An adapter's own words about itself. */
const wordsOf = ({ vendor, architecture, device, description }: GpuAdapterInfo): string[] =>
  [vendor, architecture, device, description].filter((word) => word !== '');

/**
 * Whether an adapter computes on the CPU.
 * @param info What the adapter says of itself.
 */
export const isSoftware = (info: GpuAdapterInfo): boolean =>
  info.isFallbackAdapter === true || wordsOf(info).some((word) => SOFTWARE.test(word));

/** What records say of an adapter. */
export function infoOf(info: GpuAdapterInfo): GpuInfo {
  const clean = (text: string): string => shortened(printable(text), 120);
  const { device, description } = info;
  const name =
    device === ''
      ? wordsOf(info)
          .filter((word) => word !== description)
          .join(' ')
      : device;
  return { adapter: clean(name || description || 'unnamed'), driver: clean(description) };
}

/** Limits that are raised to what the adapter offers: larger ensembles fit, and larger models work in shared memory. */
const RAISED = ['maxBufferSize', 'maxStorageBufferBindingSize', 'maxComputeWorkgroupStorageSize'] as const;

/**
 * Finds a GPU: hardware, unless the adapter was `asked` for by its name. `requestAdapter` asks the platform anew each time.
 * Rejects with a GpuError that says what there is instead.
 */
export async function findGpu(
  requestAdapter: () => Promise<GpuAdapter | null>,
  { asked = false }: { asked?: boolean } = {},
): Promise<Gpu> {
  const find = async (): Promise<GpuAdapter> => {
    const adapter = await requestAdapter().catch(() => null);
    if (adapter === null) throw new GpuError('There is no GPU that WebGPU can use here.');
    if (!asked && isSoftware(adapter.info))
      throw new GpuError(`There is no GPU but ${infoOf(adapter.info).adapter}; ${SOFTWARE_HINT}.`);
    return adapter;
  };
  const info = infoOf((await find()).info);
  return {
    info,
    open: async () => {
      const adapter = await find();
      const requiredLimits = Object.fromEntries(RAISED.map((limit) => [limit, adapter.limits[limit]]));
      return adapter.requestDevice({ requiredLimits }).catch((error: Error) => {
        throw new GpuError(`The GPU ${info.adapter} cannot be opened (${shortened(printable(error.message), 200)}).`);
      });
    },
  };
}
