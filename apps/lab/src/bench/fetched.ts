// Panels that the first view does without, fetched by FetchedPanels.tsx as a script of their own.
import '../style/fetched.css';

export { GalleryPanel } from './gallery/GalleryPanel.tsx';
export { KeptRuns } from './KeptRuns.tsx';
export { WallPanel } from './wall/WallPanel.tsx';
