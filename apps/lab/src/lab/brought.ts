// What the reader brings, files of models and data of one's own, read by a script that comes with the lower panels.
export { modelAmong } from './droppedFiles.ts';
export { aboutData, readOwnData } from './ownData.ts';
