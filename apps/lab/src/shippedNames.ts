/** Models that come with this page, by the names that links have for them. */
export const SHIPPED_NAMES = ['stories260K'] as const;
export type ShippedName = (typeof SHIPPED_NAMES)[number];
