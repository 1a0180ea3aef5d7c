/** Which dialog of the frame is open: one at a time, asked for from anywhere. */
import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';

export type Panel = 'palette' | 'keys' | 'machine';

const panels = createStore<{ open: Panel | null }>(() => ({ open: null }));

export function openPanel(panel: Panel): void {
  panels.setState({ open: panel });
}

export function closePanel(): void {
  panels.setState({ open: null });
}

export function usePanel(): Panel | null {
  return useStore(panels, (state) => state.open);
}
