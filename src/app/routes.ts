/** The screens and their addresses: `#/train`. */
import { useSyncExternalStore } from 'react';

export type Route =
  | 'data'
  | 'teacher'
  | 'student'
  | 'train'
  | 'compare'
  | 'take-away'
  | 'runs'
  | 'experiments'
  | 'storage'
  | 'bench';

export interface Station {
  route: Route;
  name: string;
}

/** In the order of the work. */
export const stations: readonly Station[] = [
  { route: 'data', name: 'Data' },
  { route: 'teacher', name: 'Teacher' },
  { route: 'student', name: 'Student' },
  { route: 'train', name: 'Train' },
  { route: 'compare', name: 'Compare' },
  { route: 'take-away', name: 'Take away' },
];

const names: Record<Route, string> = {
  data: 'Data',
  teacher: 'Teacher',
  student: 'Student',
  train: 'Train',
  compare: 'Compare',
  'take-away': 'Take away',
  runs: 'Runs',
  experiments: 'Experiments',
  storage: 'Storage',
  bench: 'Benchmark',
};

/** Every screen: the stations in the order of the work, then the others. */
export const routes = Object.keys(names) as readonly Route[];

export function nameOfRoute(route: Route): string {
  return names[route];
}

/** The screen that an address asks for; Train, where the button is that starts everything, for all others. */
export function parseRoute(hash: string): Route {
  const name = hash.replace(/^#\/?/, '').split(/[/?]/)[0] ?? '';
  return Object.hasOwn(names, name) ? (name as Route) : 'train';
}

export function hashOf(route: Route): string {
  return `#/${route}`;
}

export function navigate(route: Route): void {
  location.hash = hashOf(route);
}

/** The screen that is asked for now. */
export function useRoute(): Route {
  return parseRoute(useSyncExternalStore(onHashChange, () => location.hash));
}

/** For whoever reads more of the address than the screen. */
export function onHashChange(listener: () => void): () => void {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
}
