/**
 * Raised whenever a training step's last bits change: runs of one version agree to the last bit, those of two differ in the
 * rounding, and so in what training makes of it. Version 2: the first layer from tables, exp and sums in another order.
 */
export const KERNELS_VERSION = 2;
