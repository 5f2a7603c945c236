export const reportPage = (_: unknown): string => '<!doctype html>';
