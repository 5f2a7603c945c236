declare module 'virtual:figures.css';
declare const __VERSION__: string;
