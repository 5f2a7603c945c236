// Panels that the first view does without, fetched by FetchedPanels.tsx as a script of their own.
import '../style/wall.css';

export { GalleryPanel } from './gallery/GalleryPanel.tsx';
export { WallPanel } from './wall/WallPanel.tsx';
