import type { Plugin } from 'rolldown';

export function licencesOf(): { readonly collect: Plugin; emit(fileName: string): Plugin; text(): string };
